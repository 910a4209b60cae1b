"""Layouts, views and orders for all nine kinds of derivative, against definitions by loops."""

import itertools

import numpy as np
import pytest

import wrt

SHAPES = {"scalar": (), "vector": (4,), "matrix": (2, 3)}
INPUTS = {"scalar": (), "vector": (5,), "matrix": (3, 2)}
KINDS = list(itertools.product(SHAPES, INPUTS))


def problem(kind, rng):
    """A function of the kind, a point, and its collated Jacobian in closed form."""
    f, x = SHAPES[kind[0]], INPUTS[kind[1]]
    W = rng.standard_normal(f + x)
    at = rng.standard_normal(x)
    axes = tuple(range(len(f), len(f + x)))
    return (lambda x: np.sum(W * np.sin(x), axis=axes)), at, W * np.cos(at), len(f)


def position(index, shape, order):
    """Where an entry stands in the flattened array, by the definition."""
    place, step = 0, 1
    for i, n in zip(*((index, shape) if order == "F" else (index[::-1], shape[::-1])), strict=True):
        place += i * step
        step *= n
    return place


def flattened(collated, ndim, order):
    """The matrix view, entry by entry."""
    f, x = collated.shape[:ndim], collated.shape[ndim:]
    matrix = np.empty((int(np.prod(f)), int(np.prod(x))))
    for i, k in itertools.product(np.ndindex(f), np.ndindex(x)):
        matrix[position(i, f, order), position(k, x, order)] = collated[i + k]
    return matrix


def inputs_first(kind, layout):
    return layout == "denominator" or (layout == "mixed" and kind[0] == "scalar" and kind[1] != "scalar")


@pytest.mark.parametrize("layout", ["numerator", "denominator", "mixed"])
@pytest.mark.parametrize("kind", KINDS, ids="-by-".join)
def test_tensor_view(kind, layout, rng):
    f, x, collated, ndim = problem(kind, rng)
    turned = inputs_first(kind, layout)
    expected = collated
    if turned:
        expected = np.empty(collated.shape[ndim:] + collated.shape[:ndim])
        for i, k in itertools.product(np.ndindex(collated.shape[:ndim]), np.ndindex(collated.shape[ndim:])):
            expected[k + i] = collated[i + k]
    J = wrt.jacobian(f, layout=layout)
    np.testing.assert_allclose(J(x), expected, rtol=1e-13, strict=True)
    np.testing.assert_allclose(J.value_and(x)[1], expected, rtol=1e-13, strict=True)
    assert f"{layout} layout" in repr(J)


@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("layout", ["numerator", "denominator", "mixed"])
@pytest.mark.parametrize("kind", KINDS, ids="-by-".join)
def test_matrix_view(kind, layout, order, rng):
    f, x, collated, ndim = problem(kind, rng)
    expected = flattened(collated, ndim, order)
    found = wrt.jacobian(f, layout=layout, view="matrix", order=order)(x)
    np.testing.assert_allclose(found, expected.T if inputs_first(kind, layout) else expected, rtol=1e-13, strict=True)


@pytest.mark.parametrize("kind", KINDS, ids="-by-".join)
def test_sparse_and_operator_are_the_matrix_in_c_order_whatever_the_layout(kind, rng):
    f, x, collated, ndim = problem(kind, rng)
    expected = flattened(collated, ndim, "C")
    J = wrt.jacobian(f, layout="denominator", view="matrix", order="F")
    np.testing.assert_allclose(J.sparse(x).toarray(), expected, rtol=1e-13)
    np.testing.assert_allclose(J.operator(x) @ np.eye(x.size), expected, rtol=1e-13)


def test_the_kronecker_forms_of_the_textbooks(rng):
    """vec(A X B) = (Bᵀ ⊗ A) vec X in F order; A ⊗ Bᵀ in C order."""
    A, X, B = rng.standard_normal((2, 3)), rng.standard_normal((3, 4)), rng.standard_normal((4, 5))
    def f(X): return A @ X @ B
    np.testing.assert_allclose(wrt.jacobian(f, view="matrix", order="F")(X), np.kron(B.T, A), rtol=1e-12)
    np.testing.assert_allclose(wrt.jacobian(f, view="matrix")(X), np.kron(A, B.T), rtol=1e-12)


def test_several_inputs_each_in_the_layout(rng):
    def f(x, X): return X @ x
    x, X = rng.standard_normal(3), rng.standard_normal((2, 3))
    by_x, by_X = wrt.jacobian(f, ("x", "X"), layout="denominator")(x, X)
    np.testing.assert_allclose(by_x, X.T)
    np.testing.assert_allclose(by_X, np.einsum("ki,l->kli", np.eye(2), x))


def test_hessians_as_matrices(rng):
    X = rng.standard_normal((2, 3))
    H = wrt.hessian(lambda X: np.sum(X**3) + X[0, 0] * X[1, 2])
    C, F = (wrt.hessian(H.function, view="matrix", order=order)(X) for order in "CF")
    np.testing.assert_allclose(C, flattened(H(X), 2, "C"))
    np.testing.assert_allclose(F, flattened(H(X), 2, "F"))


def test_derive_has_the_same_options(rng):
    A, X = rng.standard_normal((2, 3)), rng.standard_normal((3, 4))
    for layout, view, order in itertools.product(("numerator", "denominator", "mixed"), ("tensor", "matrix"), "CF"):
        options = dict(layout=layout, view=view, order=order)
        d = wrt.derive("A @ sin(X)", wrt="X", **options)
        np.testing.assert_allclose(d(A=A, X=X), wrt.jacobian(lambda X: A @ np.sin(X), **options)(X), rtol=1e-13, strict=True)
        np.testing.assert_allclose(d.collated(A=A, X=X), wrt.jacobian(lambda X: A @ np.sin(X))(X), rtol=1e-13, strict=True)
