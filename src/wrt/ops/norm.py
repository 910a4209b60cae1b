"""Norms of vectors and matrices.

    u[i] = √Σ_j a[i, j]²        du[i]/da[i, j] = a[i, j] / u[i], and 0 where u[i] = 0

The 2-norm has no derivative at 0: there its direction a/u is taken as 0, in every order, so that no NaN arises.
Example: ‖x‖ of a 3-vector by x is xᵀ/‖x‖, 1×3. Source: Petersen & Pedersen, The Matrix Cookbook, section 2.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph import arithmetic
from wrt.graph.arithmetic import as_node, power, where
from wrt.graph.nest import transpose
from wrt.graph.node import BOOL, Node, Operand
from wrt.ops import reduction
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import axis_of, case, said, total
from wrt.ops.decomposition import svdvals
from wrt.ops.elementwise import BUILD, local_elementwise, real
from wrt.ops.reduction import Axes, axes_of, axes_text, local_reduction, over, reduce, spread


# ----- the direction a/‖a‖ --------------------------------------------------------------------------------------------
def direction(a: Operand, u: Node) -> Node:
    """a/u, and 0 where u = 0."""
    a = as_node(a)
    return arithmetic.elementwise("direction", a, u, dtype=real(a, u))


def _direction_value(node: Node, a: Any, u: Any) -> Any:
    return np.where(np.equal(u, 0), 0, a / np.where(np.equal(u, 0), 1, u))


def _direction_code(node: Node, texts: Sequence[str]) -> str:
    a, u = texts
    return f"np.where({u} == 0, 0, {a} / ({u} + ({u} == 0)))"


_KINK = "where the divisor is 0; the quotient and all its derivatives are taken as 0 there"
_SLOPES = local_elementwise(lambda a, u, w: direction(1.0, u), lambda a, u, w: -direction(w, u))
operation(Operation("direction", _direction_value, _SLOPES, _direction_code, "{0} / {1}", r"\frac{{{0}}}{{{1}}}", _KINK))


# ----- the 2-norm -----------------------------------------------------------------------------------------------------
def _norm_value(node: Node, a: Any) -> Any:
    return np.sqrt(np.sum(np.square(a), axis=over(node)))


def _norm_code(node: Node, texts: Sequence[str]) -> str:
    return f"np.linalg.{'norm' if len(over(node)) < 3 else 'vector_norm'}({texts[0]}{axes_text(node)})"


def _slope(u: Node, axes: Axes) -> Node:
    return direction(u.inputs[0], spread(u, u.inputs[0].ndim, axes))


_AT_ZERO = "at 0, where the derivative is taken as 0"
operation(Operation("norm", _norm_value, local_reduction(_slope), _norm_code, "‖{0}‖", r"\left\|{0}\right\|", _AT_ZERO))


def _square(u: Node) -> Node:
    """‖a‖² is the sum of a², which has a derivative everywhere."""
    (a,) = u.inputs
    squared = total(power(a, 2), over(u))
    return squared if a.dtype.kind == "f" else arithmetic.multiply(1.0, squared)


arithmetic.SQUARED["norm"] = _square


def two_norm(a: Node, axes: Axes, *, keepdims: bool = False) -> Node:
    return reduce("norm", a, axes, keepdims=keepdims)


# ----- all orders -----------------------------------------------------------------------------------------------------
_ORDERS = tuple(case((4,), ord=order, low=0.2) for order in (None, 2, 1, np.inf, -np.inf, 3, 1.5, 0))
_VECTORS = (case((2, 3)), case((2, 3), axis=1), case((2, 3), axis=0, keepdims=True), case((2, 3, 2), keepdims=True), case(()))
_A = np.array([[1.5, -0.25, 0.75], [0.5, 2.0, -1.0]])
_MATRICES = tuple(case(_A, ord=o) for o in ("fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf))
_KEPT = (case((2, 3, 2), axis=(-1, 0), ord=1, keepdims=True), case((2, 2, 2), axis=(1, 2), ord=2, keepdims=True))
_STACKED = (case((2, 3, 2), axis=(0, 2), ord="fro"), *_KEPT)


@implements(np.linalg.norm, "scipy.linalg.norm", cases=(*_ORDERS, *_VECTORS, *_MATRICES, *_STACKED))
def norm(x: Node, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Node:
    """One axis or one dimension: a vector norm; two: a matrix norm; without `ord` always the 2-norm of the entries."""
    if axis is None and ord is not None and x.ndim not in (1, 2):
        raise ShapeError(f"{said(x, 0, 1)}; a norm of order {ord!r} is of a vector or a matrix.", advice="Name the axis or the two axes.")
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple | list) else (axis,)
    axes = tuple(axis_of(one, x) for one in given)
    if ord is None:
        return two_norm(x, axes_of(axis, x), keepdims=keepdims)
    if len(axes) == 1:
        return _vector(x, ord, axes, keepdims)
    if len(axes) == 2:
        return _matrix(x, ord, axes, keepdims)
    raise ShapeError(f"{said(x, 0, 1)}; a norm is over one axis or two, not {len(axes)}.")


_WIDE = (case((2, 3), ord=3, keepdims=True), case((2, 2, 2), axis=(0, 2), ord=1), case((2, 2, 2)))


@implements(np.linalg.vector_norm, cases=(case((3,)), case((2, 3), axis=0), *_WIDE))
def vector_norm(x: Node, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Node:
    return _vector(x, ord, axes_of(axis, x), keepdims)


@implements(np.linalg.matrix_norm, cases=(case((2, 3)), case((2, 2, 3), keepdims=True), case(_A, ord=2), case(_A, ord=np.inf)))
def matrix_norm(x: Node, keepdims: bool = False, ord: Any = "fro") -> Node:
    if x.ndim < 2:
        raise ShapeError(f"{said(x, 0, 1)}; a matrix norm needs a matrix.")
    return _matrix(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


def _vector(x: Node, ord: Any, axes: Axes, keepdims: bool) -> Node:
    if ord is None or ord == 2:
        return two_norm(x, axes, keepdims=keepdims)
    size = BUILD["absolute"](x)
    if ord in (np.inf, -np.inf):
        return (reduction.max if ord > 0 else reduction.min)(size, axes, keepdims)
    if ord == 0:
        return arithmetic.multiply(1.0, total(arithmetic.elementwise("not_equal", x, as_node(0), dtype=BOOL), axes, keepdims=keepdims))
    if isinstance(ord, str):
        raise ArgumentError(f"The order {ord!r} is for matrices.")
    if ord == 1:
        return total(size, axes, keepdims=keepdims)
    powers = total(power(size, ord), axes, keepdims=keepdims)
    zero = arithmetic.elementwise("equal", powers, as_node(0), dtype=BOOL)  # the root has no slope there: 0, not NaN
    return where(zero, 0.0, power(where(zero, 1.0, powers), 1 / ord))


def _matrix(x: Node, ord: Any, axes: Axes, keepdims: bool) -> Node:
    first, second = axes
    if ord in ("fro", "f", None):
        return two_norm(x, tuple(sorted(axes)), keepdims=keepdims)
    if ord in (1, -1, np.inf, -np.inf):
        summed, chosen = (first, second) if abs(ord) == 1 else (second, first)
        sums = total(BUILD["absolute"](x), (summed,), keepdims=True)
        made = (reduction.max if ord > 0 else reduction.min)(sums, (chosen,), True)
        return made if keepdims else total(made, axes)
    if ord not in (2, -2, "nuc"):
        raise ArgumentError(f"The order {ord!r} is not one of a matrix norm: fro, nuc, 1, 2, inf or their negatives.")
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    values = svdvals(transpose(x, [*kept, first, second]))
    last = (values.ndim - 1,)
    made = total(values, last) if ord == "nuc" else (reduction.max if ord > 0 else reduction.min)(values, last)
    return spread(made, x.ndim, axes) if keepdims else made
