"""gradient, hessian, jvp, vjp."""

import numpy as np
import pytest

import wrt

X = np.array([0.3, 0.7, 1.1])
A = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def f(x, W):
    return W @ np.sin(x)


J_X, J_W = A * np.cos(X), np.einsum("ik,j->ikj", np.eye(2), np.sin(X))


# ----- gradient -------------------------------------------------------------------------------------------------------
def test_a_gradient_has_the_shape_of_the_input():
    G = wrt.gradient(lambda X: np.sum(X**3) / 3)
    for x in (X, A, np.array(2.0), np.ones((2, 1, 3))):
        np.testing.assert_allclose(G(x), x**2)
    value, gradient = G.value_and(X)
    assert value == pytest.approx(np.sum(X**3) / 3)
    np.testing.assert_allclose(gradient, X**2)


@pytest.mark.parametrize("ask", ["__call__", "value_and", "sparse", "operator"])
@pytest.mark.parametrize("g, shape", [(lambda x: x, "(3,)"), (lambda x: np.sum(x, keepdims=True), "(1,)"), (lambda x: np.outer(x, x), "(3, 3)")])
def test_a_gradient_is_of_a_scalar_function(ask, g, shape):
    G = wrt.gradient(g)
    for _ in range(2):  # the second call finds nothing prepared that it could use
        with pytest.raises(wrt.ShapeError) as caught:
            getattr(G, ask)(X)
        assert f"returns shape {shape}" in str(caught.value)
        assert "Write wrt.jacobian" in str(caught.value)
    with pytest.raises(wrt.ShapeError):
        G.pair()[0](X)


def test_gradients_by_several_inputs():
    by_x, by_W = wrt.gradient(lambda x, W: np.sum(f(x, W)), ("x", "W"))(X, A)
    np.testing.assert_allclose(by_x, J_X.sum(0))
    np.testing.assert_allclose(by_W, J_W.sum(0))


# ----- hessian --------------------------------------------------------------------------------------------------------
def test_a_hessian_is_the_jacobian_of_the_jacobian():
    def g(x): return np.sum(np.exp(x)) * x[0] + x @ x
    found = wrt.hessian(g)(X)
    limit = wrt.numeric.jacobian(wrt.gradient(g), X)
    assert np.all(np.abs(found - limit.value) <= 10 * limit.error + 1e-9)
    np.testing.assert_allclose(found, found.T)


def test_a_hessian_of_a_vector_function():
    np.testing.assert_allclose(wrt.hessian(lambda x: x**3)(X), np.einsum("ij,jk,i->ijk", np.eye(3), np.eye(3), 6 * X))


def test_a_hessian_by_several_inputs_is_blocks():
    H = wrt.hessian(f, ("x", "W"))(X, A)
    assert [[block.shape for block in row] for row in H] == [[(2, 3, 3), (2, 3, 2, 3)], [(2, 2, 3, 3), (2, 2, 3, 2, 3)]]
    np.testing.assert_allclose(H[0][0], np.einsum("ij,jk,j->ijk", A, np.eye(3), -np.sin(X)))
    np.testing.assert_allclose(H[0][1], np.einsum("im,jn,j->ijmn", np.eye(2), np.eye(3), np.cos(X)))
    np.testing.assert_allclose(H[1][0], np.moveaxis(H[0][1], 1, -1))
    np.testing.assert_array_equal(H[1][1], np.zeros((2, 2, 3, 2, 3)))
    ((only,),) = wrt.hessian(f, ("x",))(X, A)
    np.testing.assert_allclose(only, H[0][0])


def test_a_hessian_of_branches():
    H = wrt.hessian(lambda x: np.sum(x**3) if x[0] > 0 else x @ x)
    np.testing.assert_allclose(H(X), np.diag(6 * X))
    np.testing.assert_allclose(H(-X), 2 * np.eye(3))
    np.testing.assert_allclose(H(X), np.diag(6 * X))


# ----- products -------------------------------------------------------------------------------------------------------
def test_products():
    v, w = np.array([1.0, -2.0, 0.5]), np.array([2.0, -1.0])
    np.testing.assert_allclose(wrt.jvp(f)(X, A, tangent=v), J_X @ v)
    np.testing.assert_allclose(wrt.vjp(f)(X, A, cotangent=w), w @ J_X)
    value, product = wrt.jvp(f).value_and(X, A, tangent=v)
    np.testing.assert_allclose(value, f(X, A))
    np.testing.assert_allclose(product, J_X @ v)
    value, product = wrt.vjp(f).value_and(X, A, cotangent=w)
    np.testing.assert_allclose(value, f(X, A))
    np.testing.assert_allclose(product, w @ J_X)


def test_products_by_several_inputs():
    v, V, w = np.array([1.0, -2.0, 0.5]), A[::-1], np.array([2.0, -1.0])
    np.testing.assert_allclose(wrt.jvp(f, ("x", "W"))(X, A, tangent=(v, V)), J_X @ v + V @ np.sin(X))
    by_x, by_W = wrt.vjp(f, ("x", "W"))(X, A, cotangent=w)
    np.testing.assert_allclose(by_x, w @ J_X)
    np.testing.assert_allclose(by_W, np.outer(w, np.sin(X)))


def test_lists_and_integers_are_tangents():
    np.testing.assert_allclose(wrt.jvp(f)(X, A, tangent=[1, 0, 0]), J_X[:, 0])
    np.testing.assert_allclose(wrt.vjp(f)(X, A, cotangent=[0, 1]), J_X[1])
    assert wrt.jvp(lambda t: t**2)(3.0, tangent=1) == 6.0
    assert wrt.vjp(lambda t: t**2)(3.0, cotangent=1) == 6.0


@pytest.mark.parametrize("verb, more, error, words", [
    (wrt.jvp, {}, wrt.ArgumentError, "jvp needs tangent=, an array of the shape of the input."),
    (wrt.vjp, {}, wrt.ArgumentError, "vjp needs cotangent=, an array of the shape of the output."),
    (wrt.jvp, {"tangent": np.ones(2)}, wrt.ShapeError, "The tangent must have shape (3,), got (2,)."),
    (wrt.jvp, {"tangent": 1.0}, wrt.ShapeError, "The tangent must have shape (3,), got ()."),
    (wrt.vjp, {"cotangent": np.ones(3)}, wrt.ShapeError, "The cotangent must have shape (2,), got (3,)."),
    (wrt.jvp, {"tangent": X + 1j}, wrt.ArgumentError, "The tangent is of dtype complex128"),
    (wrt.vjp, {"cotangent": ["a", "b"]}, wrt.ArgumentError, "The cotangent is of dtype <U1"),
])  # fmt: skip
def test_wrong_tangents(verb, more, error, words):
    with pytest.raises(error) as caught:
        verb(f)(X, A, **more)
    assert words in str(caught.value)


def test_as_many_tangents_as_inputs():
    with pytest.raises(wrt.ArgumentError, match="jvp by x, W needs 2 tangents, got 1"):
        wrt.jvp(f, ("x", "W"))(X, A, tangent=(X,))


def test_products_do_not_share_memory_with_what_was_given():
    found = wrt.vjp(lambda x: x)(X, cotangent=X)
    assert not found.flags.writeable or not np.shares_memory(found, X)


def test_products_of_branches():
    P = wrt.jvp(lambda x: x**2 if x[0] > 0 else np.sin(x))
    np.testing.assert_allclose(P(X, tangent=np.ones(3)), 2 * X)
    np.testing.assert_allclose(P(-X, tangent=np.ones(3)), np.cos(X))
    np.testing.assert_allclose(P(X, tangent=np.ones(3)), 2 * X)
