"""J.operator: J v and Jᵀ w without the matrix, exactly adjoint."""

import numpy as np
import pytest
import scipy.sparse.linalg

import wrt

W = np.arange(6.0).reshape(2, 3) - 2.5
CASES = {
    "vector": (lambda x: W @ np.sin(x), np.array([0.3, 0.7, 1.1])),
    "scalar": (lambda x: np.sum(x**3), np.array([0.3, 0.7, 1.1])),
    "matrix": (lambda X: np.linalg.inv(X) @ X.T, np.array([[2.0, 0.3], [-0.4, 1.5]])),
    "of a scalar": (lambda t: W * np.exp(t), 0.5),
    "fill": (lambda x: np.array([x[0] * x[1], np.sin(x[2]), 1.0]), np.array([0.3, 0.7, 1.1])),
    "zero": (lambda x: np.ones(2), np.array([0.3, 0.7, 1.1])),
    "elementwise": (lambda X: np.exp(X) * X, np.array([[2.0, 0.3], [-0.4, 1.5]])),
    "elementwise, raveled": (lambda X: np.exp(X).ravel(), np.array([[2.0, 0.3], [-0.4, 1.5]])),
    "the first entries": (lambda x: x[:2] ** 2, np.array([0.3, 0.7, 1.1])),
}


@pytest.mark.parametrize("name", CASES)
def test_products_are_those_of_the_matrix(name, rng):
    f, x = CASES[name]
    dense = wrt.jacobian(f, view="matrix")(x)
    O = wrt.jacobian(f).operator(x)
    assert isinstance(O, scipy.sparse.linalg.LinearOperator)
    assert O.shape == dense.shape
    assert O.dtype == np.float64
    v, w = rng.standard_normal(dense.shape[1]), rng.standard_normal(dense.shape[0])
    np.testing.assert_allclose(O @ v, dense @ v, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(O.T @ w, dense.T @ w, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(O.H @ w, dense.T @ w, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(O.matmat(np.eye(len(v))), dense, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", CASES)
def test_adjoint(name, rng):
    """w·(J v) = (Jᵀ w)·v to the last digits."""
    f, x = CASES[name]
    O = wrt.jacobian(f).operator(x)
    for _ in range(5):
        v, w = rng.standard_normal(O.shape[1]), rng.standard_normal(O.shape[0])
        assert w @ (O @ v) == pytest.approx((O.T @ w) @ v, rel=1e-12, abs=1e-13)


def test_it_stays_where_it_was_made():
    """x += step in a solver's loop must not move the operator, nor turn it over to another branch."""
    x = np.array([1.0, 2.0])
    O = wrt.jacobian(lambda x: x**2 if x[0] > 0 else x).operator(x)
    before = O @ np.ones(2)
    x -= 10.0
    np.testing.assert_array_equal(O @ np.ones(2), before)
    np.testing.assert_array_equal(O.T @ np.ones(2), before)


def test_it_is_for_one_input():
    with pytest.raises(wrt.ArgumentError, match="one input"):
        wrt.jacobian(lambda a, b: a + b, ("a", "b")).operator(1.0, 2.0)


def test_nothing_of_the_size_of_the_matrix_is_made():
    n = 200_000  # the matrix would have 320 GB
    x = np.linspace(0.0, 1.0, n)
    O = wrt.jacobian(lambda x: x * np.sum(x)).operator(x)
    np.testing.assert_allclose(O @ np.ones(n), np.sum(x) + x * n)


def test_least_squares_by_lsmr(rng):
    f, x = CASES["vector"]
    O, b = wrt.jacobian(f).operator(x), np.array([1.0, 2.0])
    found = scipy.sparse.linalg.lsmr(O, b, atol=1e-14, btol=1e-14)[0]
    np.testing.assert_allclose(found, np.linalg.lstsq(wrt.jacobian(f)(x), b)[0], rtol=1e-8)
