"""The 23 everyday ways to write a vector-valued function in plain NumPy: the traced value is the function's."""

import numpy as np
import pytest
import scipy.special as sp

A = np.arange(9.0).reshape(3, 3) + np.eye(3) * 5
X = np.array([0.3, 0.7, 1.1])


def elementwise(x): return np.sin(x) * np.exp(-x)
def matvec_op(x): return A @ x
def matvec_dot(x): return np.dot(A, x)
def npsum(x): return np.array([np.sum(x), np.sum(x**2)])
def stack(x): return np.stack([x[0] * x[1], x[2] ** 2])
def array_list(x): return np.array([x[0] * x[1], np.sin(x[2])])
def inplace(x):
    y = np.zeros(3); y[0] = x[0] * x[1]; y[1:] = x[1:] ** 2
    return y
def empty_like(x):
    y = np.empty_like(x); y[:] = x**2
    return y
def aug(x):
    y = x * 2; y += x**2
    return y
def roll(x): return np.roll(x, 1) - x
def diff(x): return np.diff(x)
def where(x): return np.where(x > 0, x, 0.1 * x)
def einsum(x): return np.einsum("ij,j->i", A, x)
def concat(x): return np.concatenate([x[:1], x[1:] * 2])
def solve(x): return np.linalg.solve(A + np.diag(x), x)
def linnorm(x): return x / np.linalg.norm(x)
def cumsum(x): return np.cumsum(x)
def erf(x): return sp.erf(x)
def branch(x):
    if x[0] > 0: return x**2
    return x
def loop(x):
    y = x
    for _ in range(3): y = y + 0.1 * np.tanh(y)
    return y
def outer(x): return np.outer(x, x)
def maxi(x): return np.maximum(x, 0)
def mgrid_out(x): return np.add(x, 1.0, out=np.empty(3))


IDIOMS = [elementwise, matvec_op, matvec_dot, npsum, stack, array_list, inplace, empty_like, aug, roll, diff, where, einsum, concat, solve,
          linnorm, cumsum, erf, branch, loop, outer, maxi, mgrid_out]  # fmt: skip


@pytest.mark.parametrize("f", IDIOMS)
def test_idiom(f, agree):
    made = agree(f, X)
    assert np is f.__globals__["np"]  # nothing was restored because nothing was changed
    other = X[::-1] + 0.25
    assert made.holds(other)
    np.testing.assert_allclose(made.at(other), f(other), rtol=1e-13)
    assert made.result.dependencies.still_valid()


def test_only_the_branch_is_guarded(run):
    assert [f.__name__ for f in IDIOMS if run(f, [X]).result.guards] == ["branch"]


def test_23_idioms():
    assert len(IDIOMS) == 23
