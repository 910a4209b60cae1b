"""J.sparse: the flattened Jacobian as CSR, with one pattern for all calls, explicit zeros kept."""

import numpy as np
import pytest
import scipy.sparse
import scipy.sparse.linalg

import wrt

X = np.array([0.3, 0.7, 1.1, 0.2])
A = np.arange(12.0).reshape(3, 4) - 4


def stencil(u):
    return np.roll(u, 1) - 2 * u + np.roll(u, -1) + u**3


CASES = {
    "stencil": stencil,
    "tridiagonal": lambda u: u[2:] - 2 * u[1:-1] * u[:-2],
    "dense": lambda u: A @ np.sin(u),
    "gather": lambda u: u[[3, 0, 0, 2]] * u[0],
    "scatter": lambda u: np.bincount([0, 2, 2, 1], weights=u, minlength=5),
    "matrix": lambda u: np.outer(u, u),
    "scalar": lambda u: u @ u,
    "sort": lambda u: np.sort(u)[::-1],
    "norm": lambda u: u / np.linalg.norm(u),
    "cumsum": lambda u: np.cumsum(u)[1:],
    "fill": lambda u: np.stack([u * u, np.zeros(4)]),
}


@pytest.mark.parametrize("name", CASES)
def test_equals_the_dense_one_flattened(name, rng):
    J = wrt.jacobian(CASES[name])
    for x in (X, rng.standard_normal(4), X[::-1]):
        dense = J(x)
        S = J.sparse(x)
        assert isinstance(S, scipy.sparse.csr_array)
        assert S.has_canonical_format
        np.testing.assert_allclose(S.toarray(), dense.reshape(-1, 4), rtol=1e-13, atol=1e-15)


def test_indices_are_computed_once_and_shared():
    J = wrt.jacobian(stencil)
    first, second = J.sparse(X), J.sparse(X + 1)
    assert np.shares_memory(first.indices, second.indices)
    assert np.shares_memory(first.indptr, second.indptr)
    assert not np.shares_memory(first.data, second.data)
    assert first.indices.dtype == np.int32


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_no_call_can_spoil_the_pattern_of_the_next():
    """eliminate_zeros() moves indices in place: on shared arrays it would make every later matrix wrong."""
    J = wrt.jacobian(lambda x: x**2)
    S = J.sparse(np.array([0.0, 1.0, 2.0]))
    with pytest.raises(ValueError, match="read-only"):
        S.eliminate_zeros()
    with pytest.raises(ValueError, match="read-only"):
        S.indices[0] = 2
    own = S.copy()
    own.eliminate_zeros()
    assert own.nnz == 2
    S[0, 1] = 5.0  # a new entry: SciPy makes new arrays
    S.data *= 2
    np.testing.assert_array_equal(J.sparse(np.array([3.0, 1.0, 2.0])).toarray(), np.diag([6.0, 2.0, 4.0]))


def test_the_pattern_does_not_depend_on_values():
    J = wrt.jacobian(lambda x: x[1:] * x[:-1])
    assert J.sparse(X).nnz == J.sparse(0 * X).nnz == 6  # explicit zeros


@pytest.mark.parametrize("name", CASES)
def test_the_pattern_holds_every_nonzero(name, rng):
    J = wrt.jacobian(CASES[name])
    for _ in range(5):
        x = rng.standard_normal(4)
        S = J.sparse(x)
        pattern = scipy.sparse.csr_array((np.ones(S.nnz), S.indices, S.indptr), shape=S.shape).toarray()
        assert np.all(pattern[wrt.jacobian(CASES[name])(x).reshape(S.shape) != 0] == 1)


def test_the_pattern_is_exact_where_it_can_be():
    for name, nnz in (("stencil", 12), ("tridiagonal", 6), ("gather", 6), ("scatter", 4), ("fill", 4)):
        assert wrt.jacobian(CASES[name]).sparse(X).nnz == nnz, name


def test_several_inputs_and_zero():
    by_x, by_W = wrt.jacobian(lambda x, W: W @ x, ("x", "W")).sparse(X, A)
    np.testing.assert_array_equal(by_x.toarray(), A)
    np.testing.assert_array_equal(by_W.toarray(), np.kron(np.eye(3), X))
    assert by_W.nnz == 12
    zero = wrt.jacobian(lambda x: np.ones(3)).sparse(X)
    assert (zero.shape, zero.nnz, zero.dtype) == ((3, 4), 0, np.float64)


def test_scalars():
    np.testing.assert_array_equal(wrt.jacobian(lambda t: t * t).sparse(2.0).toarray(), [[4.0]])
    np.testing.assert_array_equal(wrt.jacobian(lambda t: np.array([t, t * t])).sparse(2.0).toarray(), [[1.0], [4.0]])


def test_scipy_takes_it():
    S, b = wrt.jacobian(stencil).sparse(X), np.ones(4)
    dense = S.toarray()
    np.testing.assert_allclose(scipy.sparse.linalg.spsolve(S, b), np.linalg.solve(dense, b))
    np.testing.assert_allclose(scipy.sparse.linalg.splu(S.tocsc()).solve(b), np.linalg.solve(dense, b))
    np.testing.assert_allclose(scipy.sparse.linalg.lsmr(S, b, atol=1e-14, btol=1e-14)[0], np.linalg.solve(dense, b), rtol=1e-8)
    np.testing.assert_allclose((S.T @ S + S).toarray(), dense.T @ dense + dense)
    assert scipy.sparse.vstack([S, S]).nnz == 2 * S.nnz


def test_a_large_stencil_stays_sparse():
    n = 20_000
    S = wrt.jacobian(stencil).sparse(np.linspace(0.0, 1.0, n))
    assert S.nnz == 3 * n


def test_user_data_are_not_shared():
    W = np.arange(12.0).reshape(3, 4)
    S = wrt.jacobian(lambda x: W @ x).sparse(X)
    S.data[:] = 0.0
    np.testing.assert_array_equal(W, np.arange(12.0).reshape(3, 4))
