"""Sparse Jacobians: the pattern holds every nonzero, depends on no value, and is computed once."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import wrt

FUNCTIONS = {
    "stencil": lambda x: np.roll(x, 1) - 2 * x + np.roll(x, -1),
    "burgers": lambda x: x[1:-1] * (x[2:] - x[:-2]),
    "gather": lambda x: x[np.array([0, 0, 3, 1])] ** 2,
    "scatter": lambda x: np.bincount(np.array([0, 1, 1, 0, 2, 2]), weights=x**2, minlength=4),
    "dense": lambda x: np.outer(x, x) @ x,
    "repeated": lambda x: np.concatenate([x, x * 2]) + np.concatenate([x**2, x]),
    "sorted": lambda x: np.sort(x)[:3],
    "zero": np.sign,
    "scalar": lambda x: np.sum(x[:2] ** 2),
    "filled": lambda x: np.array([x[0] * x[5], x[2], 0.0]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_equals_the_dense_one(name, rng):
    J = wrt.jacobian(FUNCTIONS[name])
    for _ in range(3):
        x = rng.standard_normal(6)
        dense = J(x)
        sparse = J.sparse(x)
        assert isinstance(sparse, csr_array)
        np.testing.assert_allclose(sparse.toarray(), dense.reshape(sparse.shape), atol=1e-14)
        assert sparse.has_canonical_format


def test_explicit_zeros_stay_so_that_the_pattern_depends_on_no_value():
    J = wrt.jacobian(lambda x: x**2)
    assert J.sparse(np.zeros(4)).nnz == 4


def test_the_indices_are_shared_between_calls(rng):
    J = wrt.jacobian(FUNCTIONS["stencil"])
    first, second = J.sparse(rng.standard_normal(6)), J.sparse(rng.standard_normal(6))
    assert np.shares_memory(first.indices, second.indices)
    assert not np.shares_memory(first.data, second.data)


def test_the_pattern_is_exact_for_a_stencil():
    assert wrt.jacobian(FUNCTIONS["burgers"]).sparse(np.arange(1.0, 101.0)).nnz == 3 * 98


def test_large_and_sparse_takes_no_dense_detour():
    x = np.linspace(0, 1, 200_000)
    J = wrt.jacobian(FUNCTIONS["burgers"]).sparse(x)
    assert J.shape == (199_998, 200_000)
    np.testing.assert_allclose(J @ np.ones(200_000), x[2:] - x[:-2], atol=1e-12)
