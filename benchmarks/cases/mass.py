"""A million small Jacobians, and log|det J| of large maps."""

from __future__ import annotations

from math import cos, log, sin, tanh
from typing import Any

import numpy as np
from numba import njit

from cases.case import Case, Problem, rng
from cases.small import spherical
from cases.trig import sincos

BLOCK = 256  # points whose sines stay in the nearest cache


# ----- 10⁶ points of a 3 -> 3 map -------------------------------------------------------------------------------------
def batch_numpy(X: Any) -> Any:
    r, st, ct, sp, cp = X[:, 0], np.sin(X[:, 1]), np.cos(X[:, 1]), np.sin(X[:, 2]), np.cos(X[:, 2])
    rst, rct = r * st, r * ct
    J = np.empty((len(X), 3, 3))
    J[:, 0, 0] = st * cp
    J[:, 0, 1] = rct * cp
    J[:, 0, 2] = -rst * sp
    J[:, 1, 0] = st * sp
    J[:, 1, 1] = rct * sp
    J[:, 1, 2] = rst * cp
    J[:, 2, 0] = ct
    J[:, 2, 1] = -rst
    J[:, 2, 2] = 0.0
    return J


@njit(cache=True)
def batch_scalar(X):
    J = np.empty((len(X), 3, 3))
    for k in range(len(X)):
        r, st, ct, sp, cp = X[k, 0], sin(X[k, 1]), cos(X[k, 1]), sin(X[k, 2]), cos(X[k, 2])
        rst, rct = r * st, r * ct
        J[k, 0, 0] = st * cp
        J[k, 0, 1] = rct * cp
        J[k, 0, 2] = -rst * sp
        J[k, 1, 0] = st * sp
        J[k, 1, 1] = rct * sp
        J[k, 1, 2] = rst * cp
        J[k, 2, 0] = ct
        J[k, 2, 1] = -rst
        J[k, 2, 2] = 0.0
    return J


@njit(cache=True)
def batch_fill(J, X):
    """A block of points at a time: sines into buffers, vectorized, then the entries."""
    a, b, st, ct, sp, cp = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    for start in range(0, len(X), BLOCK):
        many = min(BLOCK, len(X) - start)
        for k in range(many):
            a[k] = X[start + k, 1]
            b[k] = X[start + k, 2]
        for k in range(many):
            st[k], ct[k] = sincos(a[k])
        for k in range(many):
            sp[k], cp[k] = sincos(b[k])
        for k in range(many):
            r, o = X[start + k, 0], start + k
            rst, rct = r * st[k], r * ct[k]
            J[o, 0, 0] = st[k] * cp[k]
            J[o, 0, 1] = rct * cp[k]
            J[o, 0, 2] = -rst * sp[k]
            J[o, 1, 0] = st[k] * sp[k]
            J[o, 1, 1] = rct * sp[k]
            J[o, 1, 2] = rst * cp[k]
            J[o, 2, 0] = ct[k]
            J[o, 2, 1] = -rst
            J[o, 2, 2] = 0.0


def batch_vectorized(X: Any) -> Any:
    """NumPy makes the array: it asks the system for large pages, Numba does not."""
    J = np.empty((len(X), 3, 3))
    batch_fill(J, X)
    return J


def batch_problem() -> Problem:
    r = rng(11)
    points = [r.uniform(0.1, 1.4, (1_000_000, 3)) for _ in range(2)]
    return Problem(spherical, points, {"NumPy": batch_numpy, "Numba": batch_scalar, "Numba, vectorized sines": batch_vectorized})


# ----- log|det|: elementwise, triangular, dense -----------------------------------------------------------------------
def elementwise(x: Any) -> Any:
    return x + 0.5 * np.tanh(x)


def elementwise_numpy(x: Any) -> Any:
    t = np.tanh(x)
    t *= t
    t *= -0.5
    t += 1.5
    return np.log(t, out=t).sum()


_part = np.empty(4096)


def elementwise_blocked(x: Any) -> Any:
    """Blocks that stay in the nearest cache."""
    total = 0.0
    for k in range(0, len(x), 4096):
        t = _part[: len(x) - k]
        np.tanh(x[k : k + 4096], out=t)
        np.multiply(t, t, out=t)
        np.multiply(t, -0.5, out=t)
        np.add(t, 1.5, out=t)
        total += np.log(t, out=t).sum()
    return total


@njit(cache=True, fastmath=True)
def elementwise_numba(x):
    total = 0.0
    for k in range(len(x)):
        t = tanh(x[k])
        total += log(1.5 - 0.5 * t * t)
    return total


def elementwise_product(x: Any) -> Any:
    """The logarithm of products of sixteen factors: a sixteenth of the logarithms."""
    t = np.tanh(x)
    t *= t
    t *= -0.5
    t += 1.5
    whole = len(t) - len(t) % 16
    return np.log(np.multiply.reduce(t[:whole].reshape(16, -1), axis=0)).sum() + np.log(t[whole:]).sum()


def triangular(x: Any, W: Any) -> Any:
    return x * np.exp(np.tanh(np.tril(W, -1) @ x))


def triangular_numpy(x: Any, W: Any) -> Any:
    """By row blocks, so that little more than the triangle is read."""
    total, n, step = 0.0, len(x), 100
    for k in range(0, n, step):
        s = W[k : k + step, :k] @ x[:k]
        s += np.tril(W[k : k + step, k : k + step], -1) @ x[k : k + step]
        total += np.tanh(s).sum()
    return total


@njit(cache=True, fastmath=True)
def triangular_numba(x, W):
    """The logarithm of exp(s) is s; four rows at a time."""
    total = 0.0
    n = len(x)
    for i in range(0, n - 3, 4):
        a = b = c = d = 0.0
        for j in range(i):
            a += W[i, j] * x[j]
            b += W[i + 1, j] * x[j]
            c += W[i + 2, j] * x[j]
            d += W[i + 3, j] * x[j]
        b += W[i + 1, i] * x[i]
        c += W[i + 2, i] * x[i] + W[i + 2, i + 1] * x[i + 1]
        d += W[i + 3, i] * x[i] + W[i + 3, i + 1] * x[i + 1] + W[i + 3, i + 2] * x[i + 2]
        total += tanh(a) + tanh(b) + tanh(c) + tanh(d)
    for i in range(n - n % 4, n):
        a = 0.0
        for j in range(i):
            a += W[i, j] * x[j]
        total += tanh(a)
    return total


def transform(x: Any, W: Any, b: Any) -> Any:
    return x + np.tanh(W @ x + b)


def transform_numpy(x: Any, W: Any, b: Any) -> Any:
    t = np.tanh(W @ x + b)
    J = W * (1 - t * t)[:, None]
    J.ravel()[:: len(x) + 1] += 1
    return np.linalg.slogdet(J)[1]


def transform_lapack(x: Any, W: Any, b: Any) -> Any:
    from scipy.linalg.lapack import dgetrf

    t = np.tanh(W @ x + b)
    J = W * (1 - t * t)[:, None]
    J.ravel()[:: len(x) + 1] += 1
    lu, _, _ = dgetrf(J.T, overwrite_a=1)
    return np.log(np.abs(lu.diagonal())).sum()


def elementwise_problem(n: int = 100_000) -> Problem:
    hands = {"NumPy": elementwise_numpy, "NumPy, blocked": elementwise_blocked, "Numba": elementwise_numba, "NumPy, products": elementwise_product}
    return Problem(elementwise, list(rng(12).standard_normal((8, n))), hands, rewritten=frozenset(["NumPy, products"]))


def triangular_problem(n: int = 2000) -> Problem:
    r = rng(13)
    return Problem(triangular, list(r.standard_normal((8, n))), {"NumPy": triangular_numpy, "Numba": triangular_numba}, (r.standard_normal((n, n)) / n,))


def transform_problem(n: int = 200) -> Problem:
    r = rng(14)
    args = (r.standard_normal((n, n)) / np.sqrt(n), r.standard_normal(n))
    return Problem(transform, list(r.standard_normal((8, n))), {"NumPy": transform_numpy, "LAPACK": transform_lapack}, args)


CASES = [
    Case("1e6 points 3-3", "batch", batch_problem),
    Case("logdet elementwise 1e5", "logabsdet", elementwise_problem),
    Case("logdet triangular 2000", "logabsdet", triangular_problem),
    Case("logdet dense 200", "logabsdet", transform_problem),
]
