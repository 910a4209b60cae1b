"""Layouts: how a derivative lies on the page and in an array, and the convention in words.

Arrays are collated: shape(f) + shape(x), J[i.., k..] = ∂f_i../∂x_k... A layout says which side lies along the rows; a view says
whether axes stay as they are or are flattened to one matrix, in C order (rows one after another) or F order (columns, "vec").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from wrt.errors import LayoutError
from wrt.graph.node import Shape
from wrt.graph.size import product

if TYPE_CHECKING:
    from numpy.typing import NDArray

Layout = Literal["numerator", "denominator", "mixed"]
"""numerator: outputs along rows; denominator: inputs along rows; mixed: gradients as columns, Jacobians outputs along rows."""

View = Literal["tensor", "matrix"]
"""tensor: the axes as they are; matrix: outputs flattened to one axis, inputs to the other."""

Order = Literal["C", "F"]
"""C: row-major, NumPy's reshape; F: column-major, the vec of Magnus & Neudecker."""


def chosen(value: object, options: Any, what: str) -> Any:
    """The value, if it is one of the Literal's options; else a LayoutError that lists them."""
    valid = get_args(options)
    if value not in valid:
        raise LayoutError(f"There is no {what} {value!r}.", advice=f"Write {what}= one of {', '.join(map(repr, valid))}.")
    return value


def check(layout: object = "numerator", view: object = "tensor", order: object = "C") -> tuple[Layout, View, Order]:
    """The three options, each known to be valid."""
    return chosen(layout, Layout, "layout"), chosen(view, View, "view"), chosen(order, Order, "order")


def inputs_first(ndim_f: int, ndim_x: int, layout: Layout) -> bool:
    """Whether the inputs lie along the rows."""
    return layout == "denominator" or (layout == "mixed" and ndim_f == 0 and ndim_x > 0)


def displayed_shape(shape_f: Shape, shape_x: Shape, layout: Layout = "numerator") -> Shape:
    """The shape in which the derivative is printed.

    Vectors and matrices by scalars, and the reverse, are matrices: ∂f/∂x of a scalar by a vector is 1×D, D×1 in denominator layout.
    A scalar by an M×N matrix is N×M in numerator layout. More than two axes stay collated.

    >>> displayed_shape((), (3,), "numerator"), displayed_shape((), (3,), "denominator")
    ((1, 3), (3, 1))
    """
    chosen(layout, Layout, "layout")
    turned = inputs_first(len(shape_f), len(shape_x), layout)
    if len(shape_f) + len(shape_x) > 2:
        return shape_x + shape_f if turned else shape_f + shape_x
    if len(shape_f) == 2:
        return shape_f[::-1] if turned else shape_f
    if len(shape_x) == 2:
        return shape_x if turned else shape_x[::-1]
    rows, columns = product(shape_f), product(shape_x)
    return () if not shape_f and not shape_x else (columns, rows) if turned else (rows, columns)


def flattened_shape(shape_f: Shape, shape_x: Shape, layout: Layout = "numerator") -> Shape:
    """The shape of the matrix view: as many rows as f has entries, as many columns as x has."""
    chosen(layout, Layout, "layout")
    rows, columns = product(shape_f), product(shape_x)
    return (columns, rows) if inputs_first(len(shape_f), len(shape_x), layout) else (rows, columns)


def arrange(array: NDArray[Any], ndim_f: int, layout: Layout = "numerator", view: View = "tensor", order: Order = "C") -> NDArray[Any]:
    """A collated array of shape(f) + shape(x) in the layout and view asked for.

    Parameters
    ----------
    array
        The derivative; its first `ndim_f` axes are those of f.
    view
        "tensor" keeps the axes (the variable's first where inputs lie along rows; a gradient of shape (D,) stays so);
        "matrix" flattens both sides: (1, D) for a gradient, (D, 1) in denominator layout.

    Raises
    ------
    LayoutError
        For an unknown layout, view or order.
    """
    check(layout, view, order)
    array = np.asarray(array)
    shape_f, shape_x = array.shape[:ndim_f], array.shape[ndim_f:]
    turned = inputs_first(len(shape_f), len(shape_x), layout)
    if view == "tensor":
        return np.moveaxis(array, range(ndim_f), range(array.ndim - ndim_f, array.ndim)) if turned else array
    rows, columns = int(np.prod(shape_f)), int(np.prod(shape_x))
    if order == "F":  # reversed axes in C order
        array = array.transpose(*reversed(range(ndim_f)), *reversed(range(ndim_f, array.ndim)))
    matrix = array.reshape(rows, columns)
    return matrix.T if turned else matrix


def convention(
    layout: Layout = "numerator", view: View = "tensor", order: Order = "C", shape_f: Shape | None = None, shape_x: Shape | None = None
) -> str:
    """The convention in words, to be printed beside every answer; more is said where the shapes are known.

    >>> convention("numerator")
    'numerator layout: outputs along rows, inputs along columns'
    """
    check(layout, view, order)
    if shape_f is None or shape_x is None:
        words = {"numerator": "outputs along rows, inputs along columns", "denominator": "inputs along rows, outputs along columns"}
        said = words.get(layout, "gradients as columns, Jacobians with outputs along rows")
        return f"{layout} layout: {said}" + (f", flattened in {flattening(order)}" if view == "matrix" else "")
    turned = inputs_first(len(shape_f), len(shape_x), layout)
    largest = max(len(shape_f), len(shape_x))
    if view == "matrix":
        sides = ("inputs", "outputs") if turned else ("outputs", "inputs")
        flat = f", flattened in {flattening(order)}" if largest > 1 else ""
        return f"{layout} layout: {sides[0]} along rows, {sides[1]} along columns{flat}"
    if len(shape_f) + len(shape_x) > 2:
        return f"{layout} layout: collated, {'input axes first' if turned else 'output axes first'}"
    if largest == 2:
        shown = "×".join(map(str, displayed_shape(shape_f, shape_x, layout)))
        return f"{layout} layout: {'as the array is stored' if turned == (len(shape_x) == 2) else 'the transpose of the array'}, {shown}"
    return convention(layout)


def flattening(order: Order) -> str:
    """How vec(·) reads a matrix, in words."""
    return "C order (row-major, as NumPy's reshape)" if order == "C" else "F order (column-major, the textbooks' vec)"
