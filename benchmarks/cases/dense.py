"""Dense Jacobians, gradients and Hessians of middle size: BLAS, blocking and symmetry decide."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit

from cases.case import Case, Problem, rng


# ----- a network of tanh layers, 100-200-200-100 ----------------------------------------------------------------------
def mlp(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
    h = np.tanh(W1 @ x + b1)
    h = np.tanh(W2 @ h + b2)
    return W3 @ h + b3


def mlp_problem() -> Problem:
    r = rng(1)
    sizes = (100, 200, 200, 100)
    args: list[Any] = []
    for a, b in pairwise(sizes):
        args += [r.standard_normal((b, a)) / np.sqrt(a), r.standard_normal(b)]
    outer, product = np.empty((100, 200)), np.empty((100, 200))

    def by_rows(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
        """From the output backwards, always 100 rows."""
        h = np.tanh(W1 @ x + b1)
        u = np.tanh(W2 @ h + b2)
        np.multiply(W3, 1 - u * u, out=outer)
        np.matmul(outer, W2, out=product)
        np.multiply(product, 1 - h * h, out=product)
        return product @ W1

    forward, second = np.empty((200, 100)), np.empty((200, 100))

    def by_columns(x: Any, W1: Any, b1: Any, W2: Any, b2: Any, W3: Any, b3: Any) -> Any:
        """From the input forwards, always 100 columns."""
        h = np.tanh(W1 @ x + b1)
        np.multiply(W1, (1 - h * h)[:, None], out=forward)
        np.matmul(W2, forward, out=second)
        u = np.tanh(W2 @ h + b2)
        np.multiply(second, (1 - u * u)[:, None], out=second)
        return W3 @ second

    return Problem(mlp, list(r.standard_normal((16, 100))), {"NumPy, backwards": by_rows, "NumPy, forwards": by_columns}, tuple(args))


# ----- gradient of least squares, 10⁵ × 100 ---------------------------------------------------------------------------
def squares(theta: Any, A: Any, y: Any) -> Any:
    return np.sum((A @ theta - y) ** 2)


def squares_plain(theta: Any, A: Any, y: Any) -> Any:
    return 2 * ((A @ theta - y) @ A)


def squares_blocked(theta: Any, A: Any, y: Any, rows: int = 512) -> Any:
    """A is read once: a block of rows stays in the cache for the second product."""
    g = np.zeros(A.shape[1])
    for i in range(0, len(A), rows):
        block = A[i : i + rows]
        g += (block @ theta - y[i : i + rows]) @ block
    return 2 * g


@njit(cache=True, fastmath=True)
def squares_fused(theta, A, y):
    """Four rows at a time: their residuals, then what they add."""
    m, n = A.shape
    g = np.zeros(n)
    whole = m - m % 4
    for i in range(0, whole, 4):
        a, b, c, d = -y[i], -y[i + 1], -y[i + 2], -y[i + 3]
        for j in range(n):
            t = theta[j]
            a += A[i, j] * t
            b += A[i + 1, j] * t
            c += A[i + 2, j] * t
            d += A[i + 3, j] * t
        for j in range(n):
            g[j] += a * A[i, j] + b * A[i + 1, j] + c * A[i + 2, j] + d * A[i + 3, j]
    for i in range(whole, m):
        a = -y[i]
        for j in range(n):
            a += A[i, j] * theta[j]
        for j in range(n):
            g[j] += a * A[i, j]
    for j in range(n):
        g[j] *= 2
    return g


def squares_problem() -> Problem:
    r = rng(2)
    args = (r.standard_normal((100_000, 100)), r.standard_normal(100_000))
    hands = {"NumPy": squares_plain, "NumPy, blocked": squares_blocked, "Numba": squares_fused}
    return Problem(squares, list(r.standard_normal((8, 100))), hands, args)


# ----- Hessian of logistic regression, 10⁴ × 200 ----------------------------------------------------------------------
def logistic(w: Any, X: Any, y: Any) -> Any:
    return np.sum(np.logaddexp(0, -y * (X @ w)))


def logistic_problem() -> Problem:
    from scipy.linalg.blas import dsyrk

    r = rng(3)
    m, n = 10_000, 200
    args = (r.standard_normal((m, n)) / np.sqrt(n), r.choice([-1.0, 1.0], m))
    scaled = np.empty((m, n))
    part = np.empty((1000, n))

    def slope(w: Any, X: Any) -> Any:
        """√(s (1 − s)): the sign of y drops out."""
        e = np.exp(-0.5 * np.abs(X @ w))
        return e / (1 + e * e)

    def whole(w: Any, X: Any, y: Any) -> Any:
        np.multiply(X, slope(w, X)[:, None], out=scaled)
        return scaled.T @ scaled  # NumPy calls syrk

    def blocked(w: Any, X: Any, y: Any) -> Any:
        """syrk by blocks that stay in the cache after they have been scaled; mirrored at the end."""
        s = slope(w, X)
        H = np.zeros((n, n), order="F")
        for i in range(0, m, 1000):
            np.multiply(X[i : i + 1000], s[i : i + 1000, None], out=part)
            H = dsyrk(1.0, part.T, beta=1.0, c=H, lower=1, overwrite_c=1)
        mirror(H.T)
        return H.T

    return Problem(logistic, list(r.standard_normal((8, n))), {"NumPy": whole, "syrk, blocked": blocked}, args)


@njit(cache=True)
def mirror(H):
    """The upper triangle copied to the lower one."""
    n = len(H)
    for i in range(n):
        for j in range(i):
            H[i, j] = H[j, i]


# ----- Hessians of x'Ax and (x'Ax)², n = 500 --------------------------------------------------------------------------
def quadratic(x: Any, A: Any) -> Any:
    return x @ A @ x


def quartic(x: Any, A: Any) -> Any:
    return (x @ A @ x) ** 2


TALL, WIDE = 8, 32  # a tile: its transposed reads stay in the cache, and its loops have constant bounds


@njit(cache=True, fastmath=True)
def quadratic_tiled(x, A):
    """A + A', tile by tile."""
    n = len(x)
    H = np.empty((n, n))
    rows, columns = n - n % TALL, n - n % WIDE
    for p in range(0, rows, TALL):
        for q in range(0, columns, WIDE):
            for i in range(TALL):
                for j in range(WIDE):
                    H[p + i, q + j] = A[p + i, q + j] + A[q + j, p + i]
        for i in range(p, p + TALL):
            for j in range(columns, n):
                H[i, j] = A[i, j] + A[j, i]
    for i in range(rows, n):
        for j in range(n):
            H[i, j] = A[i, j] + A[j, i]
    return H


@njit(cache=True, fastmath=True)
def rank_one(g, A, scale):
    """2 g g' + scale (A + A'), tile by tile."""
    n = len(g)
    H = np.empty((n, n))
    rows, columns = n - n % TALL, n - n % WIDE
    for p in range(0, rows, TALL):
        for q in range(0, columns, WIDE):
            for i in range(TALL):
                for j in range(WIDE):
                    H[p + i, q + j] = 2 * g[p + i] * g[q + j] + scale * (A[p + i, q + j] + A[q + j, p + i])
        for i in range(p, p + TALL):
            for j in range(columns, n):
                H[i, j] = 2 * g[i] * g[j] + scale * (A[i, j] + A[j, i])
    for i in range(rows, n):
        for j in range(n):
            H[i, j] = 2 * g[i] * g[j] + scale * (A[i, j] + A[j, i])
    return H


@njit(cache=True, fastmath=True)
def rank_one_symmetric(g, S, scale):
    n = len(g)
    H = np.empty((n, n))
    for i in range(n):
        a = 2 * g[i]
        for j in range(n):
            H[i, j] = a * g[j] + scale * S[i, j]
    return H


def quartic_tiled(x: Any, A: Any) -> Any:
    g = A @ x
    q = g @ x
    g += x @ A
    return rank_one(g, A, 2 * q)


def quartic_numpy(x: Any, A: Any) -> Any:
    g = A @ x
    q = g @ x
    g += x @ A
    H = A + A.T
    H *= 2 * q
    H += np.multiply.outer(2 * g, g)
    return H


def forms(power: int, captured: bool) -> Callable[[], Problem]:
    """A given as an argument, where its values may change from call to call, or captured and read-only, where A + A' can be kept."""

    def make() -> Problem:
        r = rng(4)
        A, n = r.standard_normal((500, 500)), 500
        points = list(r.standard_normal((8, n)))
        if not captured:
            hands = {"NumPy": lambda x, A: A + A.T, "Numba": quadratic_tiled} if power == 1 else {"NumPy": quartic_numpy, "Numba": quartic_tiled}
            return Problem(quadratic if power == 1 else quartic, points, hands, (A,))
        S = A + A.T
        A.flags.writeable = False
        if power == 1:

            def constant(x: Any) -> Any:
                return x @ A @ x

            return Problem(constant, points, {"NumPy": lambda x: S.copy()})

        def fourth(x: Any) -> Any:
            return (x @ A @ x) ** 2

        def fused(x: Any) -> Any:
            g = S @ x
            return rank_one_symmetric(g, S, g @ x)

        def by_numpy(x: Any) -> Any:
            g = S @ x
            H = S * (g @ x)
            H += np.multiply.outer(2 * g, g)
            return H

        return Problem(fourth, points, {"NumPy": by_numpy, "Numba": fused})

    return make


# ----- Hessian of a matrix factorization, U 100 × 10 ------------------------------------------------------------------
def factorization(U: Any, V: Any, T: Any) -> Any:
    return np.sum((T - U @ V.T) ** 2)


def factorization_dense(U: Any, V: Any, T: Any) -> Any:
    """2 V'V in the blocks of the diagonal; the zeros are pages that nobody has touched."""
    m, k = U.shape
    H = np.zeros((m, k, m, k))
    block = V.T @ V
    block *= 2
    np.lib.stride_tricks.as_strided(H, (m, k, k), (H.strides[0] + H.strides[2], H.strides[1], H.strides[3]))[...] = block
    return H


def factorization_problem() -> Problem:
    r = rng(5)
    args = (r.standard_normal((100, 10)), r.standard_normal((100, 100)))
    return Problem(factorization, list(r.standard_normal((8, 100, 10))), {"NumPy": factorization_dense}, args)


CASES = [
    Case("MLP 100-200-200-100", "jacobian", mlp_problem),
    Case("least squares 1e5x100", "gradient", squares_problem),
    Case("logistic 1e4x200", "hessian", logistic_problem),
    Case("x'Ax 500", "hessian", forms(1, captured=False)),
    Case("x'Ax 500 captured", "hessian", forms(1, captured=True)),
    Case("(x'Ax)^2 500", "hessian", forms(2, captured=False)),
    Case("(x'Ax)^2 500 captured", "hessian", forms(2, captured=True)),
    Case("factorization 100x10", "hessian", factorization_problem),
]
