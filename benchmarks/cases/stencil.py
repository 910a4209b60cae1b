"""Sparse derivatives with neighbours: Burgers, Brusselator, Rosenbrock, and the blocks of a factorization."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from cases.case import Case, Pattern, Problem, csr, rng
from cases.dense import factorization
from cases.small import rosenbrock

NU = 0.01
ALPHA = 0.02


# ----- Burgers' equation in one dimension -----------------------------------------------------------------------------
def burgers_problem(n: int) -> Callable[[], Problem]:
    h = 1 / (n - 1)

    def burgers(u: Any) -> Any:
        left, here, right = u[:-2], u[1:-1], u[2:]
        inner = NU * (right - 2 * here + left) / h**2 - here * (right - left) / (2 * h)
        return np.concatenate([u[:1], inner, u[-1:]])  # the ends are held

    diffusion, half = NU / h**2, 1 / (2 * h)

    def by_numpy(data: Any, u: Any) -> Any:
        rows = data[1:-1].reshape(-1, 3)
        scaled = half * u
        here = scaled[1:-1]
        np.add(here, diffusion, out=rows[:, 0])
        np.subtract(scaled[:-2], scaled[2:], out=rows[:, 1])
        rows[:, 1] -= 2 * diffusion
        np.subtract(diffusion, here, out=rows[:, 2])
        data[0] = data[-1] = 1.0

    def by_numba(data: Any, u: Any) -> Any:
        burgers_fill(data, u, diffusion, half)

    def make() -> Problem:
        r = rng(6)
        columns = np.concatenate([[0], (np.arange(n - 2, dtype=np.int32)[:, None] + np.arange(3, dtype=np.int32)).ravel(), [n - 1]]).astype(np.int32)
        indptr = np.concatenate([[0], 1 + 3 * np.arange(n - 1, dtype=np.int32), [3 * n - 4]]).astype(np.int32)
        points = [np.sin(np.linspace(0, 6, n)) + 0.1 * r.standard_normal(n) for _ in range(4)]
        return Problem(burgers, points, {"NumPy": by_numpy, "Numba": by_numba}, pattern=Pattern(columns, indptr, (n, n)), data={"n": n, "h": h})

    return make


@njit(cache=True)
def burgers_fill(data, u, diffusion, half):
    n = len(u)
    data[0] = 1.0
    for i in range(1, n - 1):
        a = half * u[i]
        data[3 * i - 2] = diffusion + a
        data[3 * i - 1] = -2 * diffusion - half * (u[i + 1] - u[i - 1])
        data[3 * i] = diffusion - a
    data[3 * n - 5] = 1.0


# ----- the Brusselator on a periodic square, two fields ---------------------------------------------------------------
def laplacian(u: Any) -> Any:
    return np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4 * u


def brusselator_problem(n: int) -> Callable[[], Problem]:
    a = ALPHA * (n - 1) ** 2 / 1000

    def brusselator(y: Any) -> Any:
        u, v = y[0], y[1]
        du = 1.0 + u**2 * v - 4.4 * u + a * laplacian(u)
        dv = 3.4 * u - u**2 * v + a * laplacian(v)
        return np.stack([du, dv])

    def make() -> Problem:
        r = rng(7)
        pattern = brusselator_pattern(n)
        diagonal_u, diagonal_v = brusselator_places(n)
        places = np.concatenate([diagonal_u, diagonal_v])

        def by_numpy(data: Any, y: Any) -> Any:
            u, v = y[0].ravel(), y[1].ravel()
            data[:] = a
            uv = 2 * u * v
            square = u * u
            rows = data.reshape(2, n * n, 6)
            rows[0, :, 5] = square
            np.subtract(3.4, uv, out=rows[1, :, 0])
            uv -= 4.4 + 4 * a
            square += 4 * a
            data[places] = np.concatenate([uv, -square])

        def by_numba(data: Any, y: Any) -> Any:
            brusselator_fill(data, y, a)

        points = [1 + 0.5 * r.random((2, n, n)) for _ in range(3)]
        return Problem(brusselator, points, {"NumPy": by_numpy, "Numba": by_numba}, pattern=pattern, data={"n": n, "a": a})

    return make


def brusselator_pattern(n: int) -> Pattern:
    """Six entries a row: five of its own field, one of the other."""
    cell = np.arange(n * n, dtype=np.int32).reshape(n, n)
    near = np.stack([cell, *(np.roll(cell, s, axis) for axis in (0, 1) for s in (1, -1))], -1).reshape(-1, 5)
    near.sort(axis=1)
    columns = np.empty((2, n * n, 6), np.int32)
    columns[0, :, :5] = near
    columns[0, :, 5] = n * n + cell.ravel()
    columns[1, :, 0] = cell.ravel()
    columns[1, :, 1:] = n * n + near
    return Pattern(columns.ravel(), np.arange(0, 12 * n * n + 1, 6, dtype=np.int32), (2 * n * n, 2 * n * n))


def brusselator_places(n: int) -> tuple[Any, Any]:
    """Where the diagonal is in `data`: after as many neighbours as have smaller numbers."""
    i, j = np.divmod(np.arange(n * n, dtype=np.int64), n)
    before = (i > 0).astype(np.int64) + (j > 0) + (i == n - 1) + (j == n - 1)
    cell = np.arange(n * n, dtype=np.int64)
    return 6 * cell + before, 6 * (n * n + cell) + 1 + before


@njit(cache=True, inline="always")
def brusselator_cell(data, p, q, before, u, v, a):
    """The rows of a cell: five of the stencil, with so many neighbours before the diagonal, and the other field."""
    uv, uu = 2 * u * v, u * u
    for k in range(5):
        data[p + k] = a
        data[q + 1 + k] = a
    data[p + before] = uv - 4.4 - 4 * a
    data[p + 5] = uu
    data[q] = 3.4 - uv
    data[q + 1 + before] = -uu - 4 * a


@njit(cache=True)
def brusselator_fill(data, y, a):
    n = y.shape[1]
    half = 6 * n * n
    for i in range(n):
        p = 6 * i * n
        q = half + p
        row = (1 if i > 0 else 0) + (1 if i == n - 1 else 0)
        brusselator_cell(data, p, q, row, y[0, i, 0], y[1, i, 0], a)
        if 0 < i < n - 1:  # almost all: every place is known
            for j in range(1, n - 1):
                u, v = y[0, i, j], y[1, i, j]
                uv, uu = 2 * u * v, u * u
                s, t = p + 6 * j, q + 6 * j
                data[s] = a
                data[s + 1] = a
                data[s + 2] = uv - 4.4 - 4 * a
                data[s + 3] = a
                data[s + 4] = a
                data[s + 5] = uu
                data[t] = 3.4 - uv
                data[t + 1] = a
                data[t + 2] = a
                data[t + 3] = -uu - 4 * a
                data[t + 4] = a
                data[t + 5] = a
        else:
            for j in range(1, n - 1):
                brusselator_cell(data, p + 6 * j, q + 6 * j, row + 1, y[0, i, j], y[1, i, j], a)
        j = n - 1
        brusselator_cell(data, p + 6 * j, q + 6 * j, row + 2, y[0, i, j], y[1, i, j], a)


# ----- chained Rosenbrock: the residual and the Hessian of the sum ----------------------------------------------------
def rosenbrock_sum(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@njit(cache=True)
def rosenbrock_fill(data, x):
    m = len(x) - 1
    for i in range(m):
        data[2 * i] = -20 * x[i]
        data[2 * i + 1] = 10.0
    for i in range(2 * m, 3 * m):
        data[i] = -1.0


def rosenbrock_fill_numpy(data: Any, x: Any) -> None:
    m = len(x) - 1
    np.multiply(x[:-1], -20.0, out=data[: 2 * m : 2])
    data[1 : 2 * m : 2] = 10.0
    data[2 * m :] = -1.0


@njit(cache=True)
def rosenbrock_hessian_fill(data, x):
    n = len(x)
    data[0] = 1200 * x[0] * x[0] - 400 * x[1] + 2
    data[1] = -400 * x[0]
    for i in range(1, n - 1):
        data[3 * i - 1] = -400 * x[i - 1]
        data[3 * i] = 1200 * x[i] * x[i] - 400 * x[i + 1] + 202
        data[3 * i + 1] = -400 * x[i]
    data[3 * n - 4] = -400 * x[n - 2]
    data[3 * n - 3] = 200.0


def rosenbrock_hessian_numpy(data: Any, x: Any) -> None:
    off = -400 * x[:-1]
    data[1::3] = off
    data[2::3] = off
    diagonal = data[::3]
    np.multiply(x[:-1], x[:-1], out=diagonal[:-1])
    diagonal[:-1] *= 1200
    diagonal[:-1] -= 400 * x[1:]
    diagonal[0] += 2
    diagonal[1:-1] += 202
    diagonal[-1] = 200


def rosenbrock_problem(n: int) -> Problem:
    m = np.arange(n - 1)
    pattern, _ = csr(np.concatenate([m, m, n - 1 + m]), np.concatenate([m, m + 1, m]), (2 * (n - 1), n))
    points = list(rng(8).uniform(-1.5, 1.5, (8, n)))
    return Problem(rosenbrock, points, {"NumPy": rosenbrock_fill_numpy, "Numba": rosenbrock_fill}, pattern=pattern, data={"n": n})


def rosenbrock_hessian_problem(n: int) -> Problem:
    k, m = np.arange(n), np.arange(n - 1)
    pattern, _ = csr(np.concatenate([k, m, m + 1]), np.concatenate([k, m + 1, m]), (n, n))
    points = list(rng(8).uniform(-1.5, 1.5, (8, n)))
    return Problem(
        rosenbrock_sum, points, {"NumPy": rosenbrock_hessian_numpy, "Numba": rosenbrock_hessian_fill}, pattern=pattern, data={"n": n}
    )  # fmt: skip


# ----- Hessian of a matrix factorization: blocks on the diagonal ------------------------------------------------------
def blocks_numpy(data: Any, U: Any, V: Any, T: Any) -> None:
    k = V.shape[1]
    block = V.T @ V
    block *= 2
    data.reshape(-1, k, k)[...] = block


def blocks_problem() -> Problem:
    m, k = 100, 10
    r = rng(5)
    args = (r.standard_normal((m, k)), r.standard_normal((m, m)))
    i, a, b = (axis.ravel() for axis in np.indices((m, k, k)))
    pattern, _ = csr(k * i + a, k * i + b, (m * k, m * k))
    return Problem(factorization, list(r.standard_normal((8, m, k))), {"NumPy": blocks_numpy}, args, pattern)


def _both(name: str, make: Callable[[], Problem], kind: Any = "sparse", *, big: bool = False) -> list[Case]:
    return [Case(name, kind, make, big=big), Case(f"{name} fresh", kind, make, fresh=True, big=big)]


CASES = [
    *_both("Rosenbrock 1e4", lambda: rosenbrock_problem(10_000)),
    *_both("Rosenbrock Hessian 1e4", lambda: rosenbrock_hessian_problem(10_000), "sparse hessian"),
    *_both("factorization blocks", blocks_problem, "sparse hessian"),
    *_both("Burgers 1e4", burgers_problem(10_000)),
    *_both("Burgers 1e5", burgers_problem(100_000)),
    *_both("Burgers 1e6", burgers_problem(1_000_000), big=True),
    *_both("Brusselator 32", brusselator_problem(32)),
    *_both("Brusselator 256", brusselator_problem(256)),
    *_both("Brusselator 1024", brusselator_problem(1024), big=True),
]
