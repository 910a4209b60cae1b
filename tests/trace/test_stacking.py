"""Loops over entries become arrays: the same numbers, sparse patterns, short programs."""

from __future__ import annotations

import numpy as np
import pytest

import wrt

N = 200
RNG = np.random.default_rng(5)
WEIGHTS = RNG.standard_normal(N)
LIST = WEIGHTS.tolist()
ORDER = RNG.permutation(N).tolist()


def stencil(x):
    y = np.zeros(N)
    for i in range(1, N - 1):
        y[i] = x[i - 1] * x[i + 1] - 2 * x[i] ** 2
    return y


def with_ends(x):
    y = np.zeros(N)
    for i in range(N):
        if i == 0:
            y[i] = x[0] - 1
        elif i == N - 1:
            y[i] = np.sin(x[-1])
        else:
            y[i] = x[i - 1] * x[i + 1]
    return y


def weighted(x):
    return np.array([WEIGHTS[i] * np.exp(-x[i]) + LIST[i] * x[0] + i for i in range(N)])


def by_table(x):
    y = np.zeros(N)
    for i in range(N):
        y[ORDER[i]] += x[i] * x[ORDER[i]]
    return y


def plane(x):
    u, out = x.reshape(20, 10), np.zeros((20, 10))
    for i in range(1, 19):
        for j in range(1, 9):
            out[i, j] = u[i + 1, j] + u[i - 1, j] + u[i, j + 1] + u[i, j - 1] - 4 * u[i, j] ** 2
    return out.ravel()


def rows(x):
    p, out = x.reshape(N // 4, 4), np.zeros((N // 4, 4))
    for i in range(N // 4):
        d = p[i] - p[(i + 1) % (N // 4)]
        out[i] = d / (d @ d + 1)
    return out.ravel()


def recurrence(x):
    y = np.zeros(N)
    y[0] = x[0]
    for i in range(1, N):
        y[i] = 0.5 * y[i - 1] + x[i] ** 2
    return y


def chosen(x):
    y = x.copy()
    for i in range(0, N, 3):
        y[i] = x[i] ** 2 if x[i] > 0 else -3 * x[i]
    return y


def steps_of_loops(x):
    for _ in range(3):
        y = np.zeros(N)
        for i in range(1, N - 1):
            y[i] = 0.1 * (x[i - 1] - 2 * x[i] + x[i + 1])
        x = x + y
    return x


EVERY = [stencil, with_ends, weighted, by_table, plane, rows, chosen, steps_of_loops]


def differences(f, x, h=1e-6):
    return np.stack([(f(x + h * unit) - f(x - h * unit)) / (2 * h) for unit in np.eye(x.size)], axis=-1)


@pytest.mark.parametrize("f", [*EVERY, recurrence], ids=lambda f: f.__name__)
def test_numbers(f, rng):
    x = rng.standard_normal(N)
    J = wrt.jacobian(f)
    np.testing.assert_allclose(J.value_and(x)[0], f(x), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(J(x), differences(f, x), rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(J.sparse(x).toarray(), J(x))


@pytest.mark.parametrize(("f", "nonzeros"), [(stencil, 3), (with_ends, 2), (weighted, 2), (by_table, 2), (plane, 5), (rows, 8), (chosen, 1)], ids=lambda f: getattr(f, "__name__", ""))
def test_the_pattern_stays_sparse(f, nonzeros, rng):
    """As many entries as the loop's body reads, row by row."""
    assert wrt.jacobian(f).sparse(rng.standard_normal(N)).nnz <= nonzeros * N


@pytest.mark.parametrize("f", [stencil, with_ends, weighted, by_table, plane, rows, steps_of_loops], ids=lambda f: f.__name__)
def test_the_program_does_not_grow_with_the_loop(f, rng):
    J = wrt.jacobian(f)
    J(rng.standard_normal(N))
    assert J.source.count("\n") < 60


def test_second_derivatives(rng):
    def f(x):
        return np.sum(stencil(x) ** 2)

    x = rng.standard_normal(N)
    gradient = wrt.gradient(f)
    want = differences(gradient, x)
    np.testing.assert_allclose(wrt.hessian(f)(x), want, rtol=1e-6, atol=1e-5)


def test_a_dtype_is_kept():
    """Numbers that differ are not collected where float64 would widen what they meet."""

    def f(x):
        return np.array([LIST[i] * x[i] for i in range(20)])

    x = RNG.standard_normal(20).astype(np.float32)
    value, J = wrt.jacobian(f).value_and(x)
    assert value.dtype == f(x).dtype == np.float32
    assert J.dtype == np.float32
    np.testing.assert_allclose(J, np.diag(LIST[:20]), rtol=1e-6)


def test_signed_zeros_infinities_and_large_integers_are_kept():
    numbers = [0.0, -0.0, np.inf, 1.0, -1.0, 2**60, 3, 2.5, -7.0, 2**53 + 1] * 2

    def f(x):
        return np.array([numbers[i] + x[i] / (numbers[i] + 0.5) for i in range(20)])

    x = RNG.standard_normal(20)
    value, J = wrt.jacobian(f).value_and(x)
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(J, np.diag([1 / (c + 0.5) for c in numbers]), rtol=1e-15)


def test_what_is_written_twice_counts_once(rng):
    def f(x):
        y = np.zeros(40)
        for i in range(40):
            y[i] = x[i]
        for i in range(10, 30):
            y[i] = y[i] * x[i + 1]
        return y

    x = rng.standard_normal(41)
    np.testing.assert_allclose(wrt.jacobian(f)(x), differences(f, x), rtol=1e-7, atol=1e-7)
