"""Products with the Hessian, Gauss–Newton products, normal equations, blocks of rows, and the limit on dense results."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import wrt

A = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0], [0.5, 0.5, 2.0], [-1.5, 0.75, 1.0]])
X = np.array([0.3, -0.7, 1.1])
V = np.array([1.0, -2.0, 0.5])

SCALAR = {
    "logistic": lambda x, np=np: np.sum(np.log(1 + np.exp(-(A @ x)))),
    "quartic": lambda x, np=np: (x @ A[:3] @ x) ** 2,
    "network": lambda x, np=np: np.sum(np.tanh(A.T @ np.tanh(A @ x)) ** 2),
    "chain": lambda x, np=np: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "linear": lambda x, np=np: A[0] @ x,
    "constant": lambda x, np=np: np.sum(0 * x) + 1.0,
}
VECTOR = {
    "network": lambda x, np=np: np.tanh(A @ x) * x[0],
    "entrywise": lambda x, np=np: x**3 - np.sin(x),
    "stencil": lambda x, np=np: x[1:] * x[:-1] ** 2,
    "gather": lambda x, np=np: np.sin(x[np.array([2, 0, 0, 1])]) * x[1],
    "matrix": lambda x, np=np: np.outer(np.exp(x), x)[:, :2],
    "scalar": lambda x, np=np: x @ x,
}


def jacobian(f, x):
    return np.asarray(jax.jacobian(lambda z: f(z, jnp))(jnp.asarray(x)))


# ----- products -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SCALAR)
def test_a_hessian_product_is_the_hessian_times_the_tangent(name):
    f = SCALAR[name]
    P = wrt.hvp(f)
    want = np.asarray(jax.hessian(lambda z: f(z, jnp))(jnp.asarray(X))) @ V
    np.testing.assert_allclose(P(X, tangent=V), want, rtol=1e-12, atol=1e-12)
    value, product = P.value_and(X, tangent=V)
    assert value == pytest.approx(f(X))
    np.testing.assert_allclose(product, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", VECTOR)
def test_a_hessian_product_of_many_outputs(name):
    f = VECTOR[name]
    want = jax.jvp(jax.jacobian(lambda z: f(z, jnp)), (jnp.asarray(X),), (jnp.asarray(V),))[1]
    np.testing.assert_allclose(wrt.hvp(f)(X, tangent=V), np.asarray(want), rtol=1e-12, atol=1e-12)


def test_a_hessian_product_by_several_inputs():
    def f(U, b):
        return np.sum(np.tanh(U @ b) ** 3)

    U, b, T, t = A, X, A[::-1] / 2, V
    (UU, Ub), (bU, bb) = wrt.hessian(f, ("U", "b"))(U, b)
    by_U, by_b = wrt.hvp(f, ("U", "b"))(U, b, tangent=(T, t))
    np.testing.assert_allclose(by_U, np.einsum("ijkl,kl->ij", UU, T) + np.einsum("ijk,k->ij", Ub, t), atol=1e-13)
    np.testing.assert_allclose(by_b, np.einsum("ijk,jk->i", bU, T) + bb @ t, atol=1e-13)


def test_a_hessian_product_needs_no_hessian():
    """A Hessian of a million unknowns would not fit anywhere."""
    n = 10**6
    x = np.linspace(0.0, 1.0, n)
    found = wrt.hvp(lambda x: np.sum(x**3) / 6 + np.sum(x) ** 2 / 2)(x, tangent=np.ones(n))
    np.testing.assert_allclose(found, x + n)


@pytest.mark.parametrize("name", VECTOR)
def test_gauss_newton_products(name):
    f = VECTOR[name]
    J = jacobian(f, X).reshape(-1, 3)
    np.testing.assert_allclose(wrt.jacobian(f).gauss_newton(X, tangent=V), J.T @ (J @ V), rtol=1e-12, atol=1e-12)


def test_gauss_newton_products_by_several_inputs():
    J = wrt.jacobian(lambda U, b: np.tanh(U @ b), ("U", "b"))
    by_U, by_b = J(A, X)
    whole = np.concatenate([by_U.reshape(4, -1), by_b], axis=1)
    got_U, got_b = J.gauss_newton(A, X, tangent=(A[::-1], V))
    want = whole.T @ (whole @ np.concatenate([A[::-1].ravel(), V]))
    np.testing.assert_allclose(np.concatenate([got_U.ravel(), got_b]), want, atol=1e-12)


@pytest.mark.parametrize("options, words", [({}, "hvp needs tangent="), ({"tangent": np.ones(2)}, "The tangent must have shape (3,), got (2,).")])
def test_wrong_tangents(options, words):
    with pytest.raises(wrt.WrtError) as caught:
        wrt.hvp(SCALAR["chain"])(X, **options)
    assert words in str(caught.value)


# ----- normal equations -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", VECTOR)
def test_normal_equations(name):
    f = VECTOR[name]
    J, value = jacobian(f, X).reshape(-1, 3), np.ravel(f(X))
    matrix, right = wrt.jacobian(f).normal(X)
    np.testing.assert_allclose(matrix, J.T @ J, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(right, J.T @ value, rtol=1e-12, atol=1e-12)
    sparse, right = wrt.jacobian(f).normal(X, format="csr")
    np.testing.assert_allclose(sparse.toarray(), J.T @ J, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(right, J.T @ value, rtol=1e-12, atol=1e-12)


def test_normal_equations_by_several_inputs():
    J = wrt.jacobian(lambda U, b: np.tanh(U @ b), ("U", "b"))
    by_U, by_b = J(A, X)
    ((UU, Ub), (bU, bb)), (right_U, right_b) = J.normal(A, X)
    np.testing.assert_allclose(UU, np.einsum("aij,akl->ijkl", by_U, by_U), atol=1e-13)
    np.testing.assert_allclose(Ub, np.einsum("aij,ak->ijk", by_U, by_b), atol=1e-13)
    np.testing.assert_allclose(bU, np.einsum("ak,aij->kij", by_b, by_U), atol=1e-13)
    np.testing.assert_allclose(bb, by_b.T @ by_b, atol=1e-13)
    f = np.tanh(A @ X)
    np.testing.assert_allclose(right_U, np.einsum("aij,a->ij", by_U, f), atol=1e-13)
    np.testing.assert_allclose(right_b, by_b.T @ f, atol=1e-13)


def test_sparse_normal_equations_of_many_unknowns():
    """Three diagonals on either side and no more: nothing of size n² is made."""
    n = 20000
    u = np.sin(np.arange(n))
    matrix, right = wrt.jacobian(lambda u: u[2:] * u[:-2] - u[1:-1] ** 2).normal(u, format="csr")
    J = wrt.jacobian(lambda u: u[2:] * u[:-2] - u[1:-1] ** 2).sparse(u)
    assert matrix.shape == (n, n)
    assert matrix.nnz <= 5 * n
    assert abs(matrix - J.T @ J).max() < 1e-12
    np.testing.assert_allclose(right, J.T @ (u[2:] * u[:-2] - u[1:-1] ** 2), atol=1e-12)


def test_normal_equations_do_not_form_a_structured_jacobian():
    W = np.linspace(-1, 1, 60 * 40).reshape(60, 40)
    J = wrt.jacobian(lambda x: np.tanh(W @ x))
    x = np.linspace(0, 1, 40)
    matrix, _ = J.normal(x)
    dense = J(x)
    np.testing.assert_allclose(matrix, dense.T @ dense, rtol=1e-12)
    np.testing.assert_array_equal(matrix, matrix.T)  # the symmetric product


def test_other_formats_are_refused():
    with pytest.raises(wrt.ArgumentError, match="format must be None"):
        wrt.jacobian(VECTOR["network"]).normal(X, format="csc")
    with pytest.raises(wrt.ArgumentError, match="takes a Jacobian by one input"):
        wrt.jacobian(lambda x, y: x * y, ("x", "y")).normal(X, X, format="csr")


# ----- blocks ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("max_bytes", [24, 48, 100, 10**6])
@pytest.mark.parametrize("name", VECTOR)
def test_blocks_are_the_rows_of_the_jacobian(name, max_bytes):
    f = VECTOR[name]
    J = jacobian(f, X).reshape(-1, 3)
    seen = 0
    for rows, block in wrt.jacobian(f).blocks(X, max_bytes=max_bytes):
        assert rows.start == seen
        assert block.nbytes <= max_bytes
        np.testing.assert_allclose(block, J[rows], rtol=1e-13, atol=1e-14)
        seen = rows.stop
    assert seen == len(J)


def test_blocks_by_several_inputs_of_several_axes():
    def f(U, y):
        return np.exp(U @ A[:3].T) * y

    U, y = A[:, :3], np.array([1.0, 2.0, -1.0])
    J = wrt.jacobian(f, ("U", "y"))
    by_U, by_y = J(U, y)
    for rows, (block_U, block_y) in J.blocks(U, y, max_bytes=5 * 15 * 8):
        assert block_U.shape[1:] == (4, 3)
        np.testing.assert_allclose(block_U, by_U.reshape(12, 4, 3)[rows])
        np.testing.assert_allclose(block_y, by_y.reshape(12, 3)[rows])


def test_blocks_are_of_the_arguments_at_the_call():
    x = X.copy()
    blocks = wrt.jacobian(VECTOR["network"]).blocks(x, max_bytes=24)
    want = jacobian(VECTOR["network"], X)
    x[:] = 0
    for rows, block in blocks:
        np.testing.assert_allclose(block, want[rows])


def test_a_block_has_room_for_a_row():
    with pytest.raises(wrt.ArgumentError, match="One row of the Jacobian of f takes 24 bytes, and max_bytes is 23"):

        def f(x):
            return x**2

        wrt.jacobian(f).blocks(X, max_bytes=23)
    for wrong in (0, -1, 2.5, True, "many"):
        with pytest.raises(wrt.ArgumentError, match="max_bytes must be a positive number of bytes"):
            wrt.jacobian(VECTOR["network"]).blocks(X, max_bytes=wrong)


def test_a_jacobian_larger_than_memory_comes_in_blocks():
    """A dense Jacobian of 40,000 × 20,000 numbers: 6.4 GB."""
    n, m = 40_000, 20_000
    u, v = np.linspace(0, 1, n), np.linspace(-1, 1, m)
    blocks = wrt.jacobian(lambda x: np.sin(u * (v @ x)) + u).blocks(v / m, max_bytes=2**24)
    rows, block = next(blocks)
    s = v @ v / m
    np.testing.assert_allclose(block, (u * np.cos(u * s))[rows, None] * v)


# ----- the limit ------------------------------------------------------------------------------------------------------
def test_a_dense_result_beyond_the_limit_is_refused():
    def f(x):
        return x**2

    J = wrt.jacobian(f, max_bytes=100 * 99 * 8)
    with pytest.raises(wrt.ArgumentError) as caught:
        J(np.ones(100))
    said = str(caught.value)
    assert "The dense Jacobian of f would take 80000 bytes, and max_bytes is 79200." in said
    assert all(way in said for way in (".sparse", ".operator", ".blocks"))
    with pytest.raises(wrt.ArgumentError):
        J.value_and(np.ones(100))
    assert J.sparse(np.ones(100)).nnz == 100
    assert J(np.ones(99)).shape == (99, 99)
    with pytest.raises(wrt.ArgumentError, match=r"The dense Hessian of f would take 216 bytes, and max_bytes is 100\.\n.*wrt\.hvp"):
        wrt.hessian(f, max_bytes=100)(X)
    with pytest.raises(wrt.ArgumentError, match="max_bytes must be a positive number of bytes"):
        wrt.jacobian(f, max_bytes=0)
