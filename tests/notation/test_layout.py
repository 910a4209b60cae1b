"""Layouts: shapes, arrays and words, against the tables of the field."""

import numpy as np
import pytest

from notation.graphs import D, M, N
from wrt.errors import LayoutError
from wrt.notation.layout import arrange, check, convention, displayed_shape, flattened_shape

SHAPES = [  # f, x: numerator, denominator, mixed, flattened
    ((), (), (), (), (), (1, 1)),
    ((), (D,), (1, D), (D, 1), (D, 1), (1, D)),
    ((M,), (), (M, 1), (1, M), (M, 1), (M, 1)),
    ((M,), (D,), (M, D), (D, M), (M, D), (M, D)),
    ((), (M, N), (N, M), (M, N), (M, N), (1, M * N)),
    ((M, N), (), (M, N), (N, M), (M, N), (M * N, 1)),
    ((M,), (N, D), (M, N, D), (N, D, M), (M, N, D), (M, N * D)),
    ((M, N), (D,), (M, N, D), (D, M, N), (M, N, D), (M * N, D)),
]


@pytest.mark.parametrize("f, x, numerator, denominator, mixed, flat", SHAPES)
def test_shapes(f, x, numerator, denominator, mixed, flat):
    assert displayed_shape(f, x) == numerator
    assert displayed_shape(f, x, "denominator") == denominator
    assert displayed_shape(f, x, "mixed") == mixed
    assert flattened_shape(f, x) == flat
    assert flattened_shape(f, x, "denominator") == flat[::-1]


def test_gradients():
    g = np.arange(3.0)
    assert arrange(g, 0).shape == (3,)
    assert arrange(g, 0, "denominator").shape == (3,)
    assert arrange(g, 0, view="matrix").shape == (1, 3)
    assert arrange(g, 0, "denominator", "matrix").shape == (3, 1)
    assert arrange(g, 0, "mixed", "matrix").shape == (3, 1)


def test_jacobians():
    j = np.arange(6.0).reshape(2, 3)
    assert arrange(j, 1) is j
    assert np.array_equal(arrange(j, 1, "denominator"), j.T)
    assert np.array_equal(arrange(j, 1, "mixed"), j)
    assert np.array_equal(arrange(j, 1, "denominator", "matrix"), j.T)


def test_tensors():
    t = np.arange(24.0).reshape(2, 3, 4)
    assert arrange(t, 1, "denominator").shape == (3, 4, 2)
    assert np.array_equal(arrange(t, 1, "denominator"), t.transpose(1, 2, 0))
    assert np.array_equal(arrange(t, 1, view="matrix"), t.reshape(2, 12))
    assert np.array_equal(arrange(t, 1, view="matrix", order="F"), t.transpose(0, 2, 1).reshape(2, 12))
    assert np.array_equal(arrange(t, 2, view="matrix", order="F"), t.transpose(1, 0, 2).reshape(6, 4))


def test_vec_order_is_the_textbooks():
    """vec(AXB) = (Bᵀ ⊗ A) vec(X) column by column, (A ⊗ Bᵀ) row by row."""
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((4, 5))
    collated = np.einsum("ik,lj->ijkl", a, b)
    assert np.allclose(arrange(collated, 2, view="matrix"), np.kron(a, b.T))
    assert np.allclose(arrange(collated, 2, view="matrix", order="F"), np.kron(b.T, a))


@pytest.mark.parametrize(
    "options, said",
    [
        ({}, "numerator layout: outputs along rows, inputs along columns"),
        ({"layout": "denominator"}, "denominator layout: inputs along rows, outputs along columns"),
        ({"layout": "mixed"}, "mixed layout: gradients as columns, Jacobians with outputs along rows"),
        ({"shape_f": (), "shape_x": (M, N)}, "numerator layout: the transpose of the array, N×M"),
        ({"layout": "denominator", "shape_f": (), "shape_x": (M, N)}, "denominator layout: as the array is stored, M×N"),
        ({"shape_f": (M,), "shape_x": (N, D)}, "numerator layout: collated, output axes first"),
    ],
)
def test_conventions_in_words(options, said):
    assert convention(**options) == said


def test_the_flattening_is_named():
    said = convention(view="matrix", order="F", shape_f=(M, N), shape_x=(N, D))
    assert said.endswith("flattened in F order (column-major, the textbooks' vec)")


@pytest.mark.parametrize("options, what", [({"layout": "row"}, "layout"), ({"view": "flat"}, "view"), ({"order": "K"}, "order")])
def test_unknown_names_are_refused_with_the_valid_ones(options, what):
    with pytest.raises(LayoutError, match=f"There is no {what}") as refused:
        check(**options)
    assert f"Write {what}= one of" in str(refused.value)
