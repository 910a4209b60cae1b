"""How far a map reaches, beside the nonzeros of its dense matrix: never less, and exactly where the terms show it."""

import numpy as np
import pytest

import wrt
from wrt.linear.reach import reach

A = np.arange(1.0, 26.0).reshape(5, 5)
x = np.array([0.3, -0.7, 1.1, 0.4, -0.2])
X = np.arange(1.0, 13.0).reshape(3, 4) / 7


def widths(J):
    rows, columns = np.nonzero(J)
    return (max(0, *(rows - columns)), max(0, *(columns - rows))) if rows.size else (0, 0)


def map_of(function, at):
    J = wrt.jacobian(function, view="matrix")
    return J(at), J._last.maps[0]


@pytest.mark.parametrize(
    "function, at",
    [
        (np.tanh, x),
        (np.round, x),
        (lambda x: x[1:] * x[:-1], x),
        (lambda x: x[2:] - 2 * x[1:-1] + x[:-2], x),
        (lambda x: np.roll(x, 2), x),
        (lambda x: x[[0, 0, 1, 2, 4]], x),
        (np.cumsum, x),
        (lambda x: np.cumsum(x[::-1])[::-1], x),
        (lambda x: np.cumprod(np.exp(x)), x),
        (lambda x: np.tril(A, -2) @ x, x),
        (lambda x: np.tril(A, 1) @ np.tril(A, 1) @ x, x),
        (lambda x: np.triu(A) @ np.tanh(np.triu(A, 1) @ x), x),
        (lambda x: np.linalg.inv(np.tril(A)) @ np.sin(x), x),
        (lambda x: A @ x, x),
        (lambda X: np.cumsum(X, axis=0), X),
        (lambda X: np.cumsum(np.exp(X), axis=1), X),
        (lambda X: X[1:] - X[:-1], X),
        (lambda X: X[:, 1:] * X[:, :-1], X),
        (lambda X: np.exp(X).ravel()[2:], X),
        (lambda X: X.T, X),
        (lambda X: np.tanh(X @ A[:4, :4] / 50), X),
    ],
)
def test_the_reach_is_that_of_the_nonzeros(function, at):
    J, m = map_of(function, at)
    assert reach(m) == widths(J)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: np.tril(A) @ x * np.sum(x),  # one entry more in each row
        lambda x: np.tril(A) @ x + np.triu(A) @ x,
        lambda x: np.where(np.tri(5) > 0, A, 0.0) @ x,
        lambda x: np.tril(A).T @ np.tril(A) @ x,
        lambda x: np.tril(np.outer(x, x)) @ x,
        lambda x: np.cumsum(x) - np.cumsum(x)[::-1],
        lambda x: np.linalg.inv(np.tril(A) + 0 * A) @ x,
    ],
)
def test_the_reach_is_never_too_short(function):
    J, m = map_of(function, x)
    assert all(np.greater_equal(reach(m), widths(J)))


def test_an_index_that_is_known_at_run_time_only():
    _, m = map_of(np.sort, x)
    assert reach(m) is None
