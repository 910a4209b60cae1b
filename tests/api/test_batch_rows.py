"""J.batch of functions that are written for the whole array: recognized as row-wise, or refused with the axes that mix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import wrt

W = np.array([[0.5, -1.0], [2.0, 0.25], [1.5, 0.75]])

ROW_WISE = {
    "columns": lambda m, X: m.stack([X[:, 0] * m.cos(X[:, 1]), X[:, 0] * m.sin(X[:, 1])], axis=1),
    "one number a row": lambda m, X: X[:, 0] * m.sin(X[:, 1]) + X[:, 2] ** 2,
    "softmax": lambda m, X: m.exp(X) / m.sum(m.exp(X), axis=1, keepdims=True),
    "norm": lambda m, X: X / m.linalg.norm(X, axis=1)[:, None],
    "products": lambda m, X: X[:, :, None] * m.sin(X)[:, None, :],
    "two layers": lambda m, X: m.tanh(X @ W)[:, :1] * X,
    "sum of a row": lambda m, X: m.sum(X**2, axis=1),
    "einsum": lambda m, X: m.einsum("ni,ij,nj->n", X, W @ W.T, X),
    "running": lambda m, X: m.cumsum(X, axis=1) ** 2,
    "reshaped": lambda m, X: (X * X).reshape(X.shape[0], 3, 1)[:, :, 0],
}


@pytest.mark.parametrize("name", ROW_WISE)
def test_row_wise_functions(name, rng):
    f = ROW_WISE[name]
    X = rng.normal(size=(6, 3))
    large = jax.jacfwd(lambda X: f(jnp, X))(X)
    found = wrt.jacobian(lambda X: f(np, X)).batch(X)
    np.testing.assert_allclose(found, [large[n].take(n, axis=large.ndim - 3) for n in range(6)], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["one number a row", "sum of a row", "einsum"])
def test_gradients_and_hessians(name, rng):
    f = ROW_WISE[name]
    X = rng.normal(size=(5, 3))

    def one(x):
        return f(jnp, x[None, :])[0]

    np.testing.assert_allclose(wrt.gradient(lambda X: f(np, X)).batch(X), jax.vmap(jax.grad(one))(X), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(wrt.hessian(lambda X: f(np, X)).batch(X), jax.vmap(jax.hessian(one))(X), rtol=1e-10, atol=1e-12)


def test_hessians_of_vectors_and_of_several_inputs(rng):
    def f(X, Y):
        return np.stack([X[:, 0] * Y[:, 1] ** 2, X[:, 1] * Y[:, 0]], axis=1)

    X, Y = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    found = wrt.hessian(f, wrt=("X", "Y")).batch(X, Y)
    one = wrt.hessian(lambda x, y: np.array([x[0] * y[1] ** 2, x[1] * y[0]]), wrt=("x", "y"))
    for a in (0, 1):
        for b in (0, 1):
            np.testing.assert_allclose(found[a][b], [one(x, y)[a][b] for x, y in zip(X, Y, strict=True)], rtol=1e-13)
    for mine, theirs in zip(wrt.jacobian(f, wrt=("X", "Y")).batch(X, Y), (0, 1), strict=True):
        single = wrt.jacobian(lambda x, y: np.array([x[0] * y[1] ** 2, x[1] * y[0]]), wrt=theirs)
        np.testing.assert_allclose(mine, [single(x, y) for x, y in zip(X, Y, strict=True)], rtol=1e-13)


def test_layouts_are_per_row(rng):
    X = rng.normal(size=(4, 3))
    J = wrt.jacobian(lambda X: X[:, :2] * X[:, 2:], layout="denominator")
    plain = wrt.jacobian(lambda X: X[:, :2] * X[:, 2:])
    np.testing.assert_array_equal(J.batch(X), np.swapaxes(plain.batch(X), 1, 2))


def test_many_rows_take_no_large_array(rng):
    X = rng.normal(size=(100_000, 3))  # the whole Jacobian would have 6e10 entries
    f = ROW_WISE["columns"]
    J = wrt.jacobian(lambda X: f(np, X))
    found = J.batch(X)
    wanted = np.zeros((len(X), 2, 3))
    wanted[:, 0, 0], wanted[:, 0, 1] = np.cos(X[:, 1]), -X[:, 0] * np.sin(X[:, 1])
    wanted[:, 1, 0], wanted[:, 1, 1] = np.sin(X[:, 1]), X[:, 0] * np.cos(X[:, 1])
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert J.batch(X[:0]).shape == (0, 2, 3)
    np.testing.assert_allclose(J.batch(X[:1]), wanted[:1], rtol=1e-12)


def test_a_branch_on_the_whole_array(rng):
    def f(X):
        return X[:, 0] ** 2 if np.sum(X) > 0 else X[:, 1] ** 3

    X = np.abs(rng.normal(size=(3, 2)))
    J = wrt.gradient(f)
    np.testing.assert_allclose(J.batch(X), np.stack([2 * X[:, 0], 0 * X[:, 0]], axis=1))
    np.testing.assert_allclose(J.batch(-X), np.stack([0 * X[:, 0], 3 * X[:, 1] ** 2], axis=1))


@pytest.mark.parametrize(
    "f, said",
    [
        (lambda X: X[:, 0] - np.mean(X[:, 0]), "axis 0 of the result depends on all of axis 0 of the input"),
        (lambda X: X[:, 0] @ X[:, 1], "axis 0 of the input has 4 rows, and the result has shape ()"),
        (lambda X: X[::-1, 0], "along axis 0 the result depends on other rows of the input"),
        (lambda X: X[:, :2].T, "axis 0 of the input becomes axis 1 of the result, of shape (2, 4)"),
    ],
)
def test_functions_that_mix_rows_are_refused(f, said, rng):
    with pytest.raises(wrt.ShapeError) as caught:
        wrt.jacobian(f).batch(rng.normal(size=(4, 3)))
    assert said in str(caught.value)
    assert "does not take one point" in str(caught.value)
    assert "At one point: " in str(caught.value)


def test_the_second_derivative_may_mix_where_the_first_does_not(rng):
    H = wrt.hessian(lambda X: X[:, 0] * np.mean(X[:, 1]))
    with pytest.raises(wrt.ShapeError, match="axis 0 of the result depends on all of axis 0"):
        H.batch(rng.normal(size=(4, 3)))


def test_a_gradient_needs_one_number_a_row(rng):
    with pytest.raises(wrt.ShapeError, match="a gradient is of one number at each point"):
        wrt.gradient(lambda X: X[:, :2]).batch(rng.normal(size=(4, 3)))
    with pytest.raises(wrt.ShapeError, match="The gradient is of a scalar function"):
        wrt.gradient(lambda x: x**2).batch(rng.normal(size=(4, 3)))
