"""Triangles of a matrix are written as np.tril and np.triu, with the numbers of the loop over their entries."""

import numpy as np
import pytest

import wrt

L = np.arange(144.0).reshape(12, 12) / 50 + np.eye(12)
L[0, 11] = np.inf  # outside the lower triangle: it must not come in as 0·inf
M = np.cos(np.arange(144.0)).reshape(12, 12)
x = np.linspace(-1, 1, 12)


@pytest.mark.parametrize(
    "function, written",
    [
        (lambda x: np.tril(L) @ x, "np.tril(k"),
        (lambda x: np.tril(L, -2) @ np.sin(x), "k=-2"),
        (lambda x: np.triu(L.T) @ x, ".T @ x"),
        (lambda x: np.triu(M) @ x, "np.triu(k"),
        (lambda x: np.triu(M, 1) @ x + x**2, "k=1"),
        (lambda x: x @ np.tril(L), "np.tril(k"),
        (lambda x: np.tril(M, 3) @ np.tanh(x[::-1]), "k=3"),
    ],
)
def test_it_is_written_as_a_triangle(function, written):
    J = wrt.jacobian(function)
    value, found = J.value_and(x)
    assert written in str(J._last.source("value_and"))
    np.testing.assert_allclose(value, function(x), rtol=1e-12)
    np.testing.assert_allclose(found, wrt.numeric.jacobian(function, x), rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(J.sparse(x).toarray(), found)


def test_by_the_matrix():
    def f(M):
        return np.tril(M) @ M

    M = np.cos(np.arange(144.0).reshape(12, 12))
    np.testing.assert_allclose(wrt.jacobian(f)(M), wrt.numeric.jacobian(f, M), rtol=1e-8, atol=1e-9)


def test_other_tables_stay():
    rows, columns = np.tril_indices(12)
    weights, M = np.arange(1.0, 79.0), np.cos(np.arange(144.0).reshape(12, 12))

    def f(x):
        out = np.zeros(12)
        np.add.at(out, rows, weights * M[columns, rows] * x[columns])
        return out

    np.testing.assert_allclose(wrt.jacobian(f)(x), wrt.numeric.jacobian(f, x), rtol=1e-8, atol=1e-9)
