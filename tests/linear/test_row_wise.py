"""Row-wise maps: which Jacobians of whole arrays are one small Jacobian a row, and those small ones."""

import numpy as np
import pytest

import wrt
from wrt.linear.row_wise import mixing, row_wise, rows
from wrt.lower.numpy_source import source

W = np.array([[0.5, -1.0], [2.0, 0.25], [1.5, 0.75]])


def map_of(f, X):
    J = wrt.jacobian(f)
    J(X)
    return J._last, J._last.maps[0]


def many_columns(X):
    return np.stack([X[:, i] * X[:, j] + np.sin(X[:, i] * k) for k, (i, j) in enumerate((i, j) for i in range(9) for j in range(9))], axis=1)


ROW_WISE = [
    lambda X: X @ W,
    np.exp,
    lambda X: np.exp(X) / np.exp(X).sum(axis=1, keepdims=True),
    lambda X: X[:, 0] * np.sin(X[:, 1]),
    lambda X: np.stack([X[:, 1], X[:, 0] ** 2], axis=1),
    lambda X: np.linalg.norm(X, axis=1),
    lambda X: X[:, :, None] * X[:, None, :],
    lambda X: X * np.max(X > 0),
    np.floor,
]


@pytest.mark.parametrize("f", ROW_WISE)
def test_the_small_jacobians_are_the_blocks_of_the_large_one(f, rng):
    X = rng.normal(size=(4, 3))
    prepared, m = map_of(f, X)
    assert row_wise(m)
    small = source("rows", prepared.inputs, [rows(m)]).compile()(X)
    large = wrt.jacobian(f)(X)
    first = len(m.shape_out)
    np.testing.assert_allclose(small, np.moveaxis(np.diagonal(large, axis1=0, axis2=first), -1, 0), rtol=1e-13)


def test_more_terms_than_a_map_keeps(rng):
    X = rng.normal(size=(5, 9))
    prepared, m = map_of(many_columns, X)
    assert row_wise(m)
    small = source("rows", prepared.inputs, [rows(m)]).compile()(X)
    large = wrt.jacobian(many_columns)(X)
    np.testing.assert_allclose(small, [large[i, :, i] for i in range(5)], rtol=1e-13)


@pytest.mark.parametrize(
    "f, said",
    [
        (lambda X: X - X.mean(axis=0), "axis 0 of the result depends on all of axis 0 of the input"),
        (lambda X: X[::-1], "along axis 0 the result depends on other rows of the input"),
        (lambda X: np.roll(X, 1, axis=0), "along axis 0 the result depends on other rows of the input"),
        (lambda X: X.T, "axis 0 of the input becomes axis 1 of the result, of shape (3, 4)"),
        (lambda X: X[1:], "axis 0 of the input has 4 rows, and the result has shape (3, 3)"),
        (lambda X: X.sum(), "axis 0 of the input has 4 rows, and the result has shape ()"),
        (lambda X: np.cumsum(X, axis=0), "axis 0 of the result depends on all of axis 0 of the input"),
    ],
)
def test_maps_that_mix_rows_say_how(f, said, rng):
    _, m = map_of(f, rng.normal(size=(4, 3)))
    assert not row_wise(m)
    assert mixing(m) == said


def test_a_square_transpose_is_not_row_wise(rng):
    _, m = map_of(lambda X: X.T * 2, rng.normal(size=(3, 3)))
    assert not row_wise(m)
    assert mixing(m) == "axis 0 of the input becomes axis 1 of the result, of shape (3, 3)"
