"""Running sums and products along an axis, and integrals by trapezoids.

    u[i] = Σ_{j≤i} a[j]     du[i]/da[j] = tri[i, j], one where i ≥ j and else zero
    u[i] = Π_{j≤i} a[j]     du[i]/da[j] = tri[i, j] · (Π_{k<j} a[k]) · (Π_{j<k≤i} a[k])

The second is written with running products again, never as u/a: zeros in `a` do no harm, in no order of the derivative.
Example: cumsum of a 3-vector has the Jacobian [[1, 0, 0], [1, 1, 0], [1, 1, 1]]. Source: the product rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrt.errors import ShapeError
from wrt.graph.arithmetic import add, as_node, multiply, subtract, where
from wrt.graph.index import Affine, Index, at, ats, fixed
from wrt.graph.nest import full, nest, view
from wrt.graph.node import BOOL, FLOAT, DType, Node, make
from wrt.graph.size import Size, as_int
from wrt.graph.term import Factor, Term
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import axis_of, case, count_dtype, raveled, said, total


def triangle(n: Size, below: int = 0, dtype: DType = FLOAT) -> Node:
    """tri[i, j]: one where i − j ≥ below, else zero; np.tri."""
    return make("tri", (), -below, (n, n), dtype)


def _tri_code(node: Node, texts: Sequence[str]) -> str:
    k = f", k={_diagonal(node)}" if _diagonal(node) else ""
    dtype = "" if node.dtype == FLOAT else ", dtype=bool" if node.dtype == BOOL else f", dtype=np.{node.dtype}"
    return f"np.tri({node.shape[0]}{k}{dtype})"


def _tri_value(node: Node) -> Any:
    return np.tri(as_int(node.shape[0], "A triangle"), k=_diagonal(node), dtype=node.dtype)


def _diagonal(node: Node) -> int:
    return node.attrs  # type: ignore[return-value]


operation(Operation("tri", _tri_value, lambda node: [], _tri_code, "tri", r"\operatorname{{tri}}"))


# ----- sums -----------------------------------------------------------------------------------------------------------
def _local_sum(node: Node) -> list[LinearMap | None]:
    row, column = _running(node)
    n = node.shape[_axis(node)]
    factor = Factor(triangle(n, dtype=node.dtype), (at(node.ndim), at(_axis(node))))
    return [LinearMap(node.shape, node.shape, (Term((*node.shape, n), row + column, (factor,)),))]


def _axis(node: Node) -> int:
    return node.attrs  # type: ignore[return-value]


def _running(node: Node) -> tuple[tuple[Index, ...], tuple[Index, ...]]:
    """Row and column: they share all labels but the one along the axis, which is the last label in the row."""
    column = ats(range(node.ndim))
    return (*column[: _axis(node)], at(node.ndim), *column[_axis(node) + 1 :]), column


def _along(function: str, text: str, latex: str) -> Operation:
    def code(node: Node, texts: Sequence[str]) -> str:
        return f"np.{function}({texts[0]}{f', axis={node.attrs}' if node.ndim > 1 else ''})"

    local = _local_sum if function == "cumsum" else _local_product
    return Operation(function, lambda node, a: getattr(np, function)(a, axis=_axis(node)), local, code, text, latex)


_CASES = (case((4,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1), case((0,)), case((1,)), case(()), case((2, 0), axis=1))


def _accumulated(name: str, a: Node, axis: int | None) -> Node:
    if axis is None or not a.ndim:
        a, axis = raveled(a), 0
    return make(name, (a,), axis_of(axis, a), a.shape, count_dtype(a))


@implements(np.cumsum, cases=_CASES)
def cumsum(a: Node, axis: int | None = None) -> Node:
    return _accumulated("cumsum", a, axis)


# ----- products -------------------------------------------------------------------------------------------------------
def _local_product(node: Node) -> list[LinearMap | None]:
    a, axis, ndim = node.inputs[0], _axis(node), node.ndim
    n = a.shape[axis]
    row, column = _running(node)
    spread: list[Size] = [1] * ndim
    spread[axis] = n

    def both(array: Node, index: tuple[Index, ...]) -> Node:  # over the labels of the column, then that of the row
        return view(array, (*a.shape, n), index)

    def masked(below: int) -> Node:
        return view(triangle(n, below, BOOL), (*spread, n), (at(ndim), at(axis)))

    between = _accumulated("cumprod", where(masked(1), both(a, row), 1.0), -1)
    coefficient = where(masked(0), multiply(both(before(a, axis), column), between), 0.0)
    term = Term((*a.shape, n), row + column, (Factor(coefficient, ats(range(ndim + 1))),))
    return [LinearMap(node.shape, a.shape, (term,))]


operation(_along("cumsum", "cumsum({0})", r"\operatorname{{cumsum}}({0})"))
operation(_along("cumprod", "cumprod({0})", r"\operatorname{{cumprod}}({0})"))

_ZEROS = np.array([[0.5, 0.0, 2.0], [0.0, -1.25, 0.0]])


@implements(np.cumprod, cases=(*_CASES, case(_ZEROS), case(_ZEROS, axis=1)))
def cumprod(a: Node, axis: int | None = None) -> Node:
    return _accumulated("cumprod", a, axis)


def before(a: Node, axis: int) -> Node:
    """Π_{k<j} a[k] along an axis; 1 at the start."""
    n = a.shape[axis]
    if n == 0:
        return a
    labels = ats(range(a.ndim))
    sizes = [*a.shape[:axis], n - 1, *a.shape[axis + 1 :]]
    moved = (*labels[:axis], Affine(((axis, 1),), 1), *labels[axis + 1 :])
    first = Term((*a.shape[:axis], 1, *a.shape[axis + 1 :]), (*labels[:axis], fixed(0), *labels[axis + 1 :]))
    return nest(a.shape, [first, Term(tuple(sizes), moved, (Factor(_accumulated("cumprod", a, axis), labels),))], a.dtype)


def others(a: Node, axes: tuple[int, ...]) -> Node:
    """Π over all other entries along the axes, for each entry: prefixes times suffixes."""
    if not axes:
        return full(a.shape, 1.0)
    axis = axes[-1]
    mine = multiply(before(a, axis), flipped(before(flipped(a, axis), axis), axis))
    if len(axes) == 1 or 0 in a.shape:
        return mine
    whole_axis = view(_accumulated("cumprod", a, axis), (*a.shape[:axis], 1, *a.shape[axis + 1 :]), _fixed_at(a, axis, a.shape[axis] - 1))
    return multiply(mine, others(whole_axis, axes[:-1]))


def _fixed_at(a: Node, axis: int, position: Size) -> tuple[Index, ...]:
    return tuple(fixed(position) if i == axis else at(i) for i in range(a.ndim))


def flipped(a: Node, axis: int) -> Node:
    index = Affine(((axis, -1),), a.shape[axis] - 1)
    return view(a, a.shape, [index if i == axis else at(i) for i in range(a.ndim)])


if hasattr(np, "cumulative_sum"):  # NumPy >= 2.1
    _NEW = (case((4,)), case((2, 3), axis=0), case((3,), include_initial=True), case((2, 3), axis=1, include_initial=True))

    @implements(np.cumulative_sum, cases=_NEW)
    def cumulative_sum(x: Node, axis: int | None = None, include_initial: bool = False) -> Node:
        return _cumulative("cumsum", x, axis, 0, include_initial)

    @implements(np.cumulative_prod, cases=_NEW)
    def cumulative_prod(x: Node, axis: int | None = None, include_initial: bool = False) -> Node:
        return _cumulative("cumprod", x, axis, 1, include_initial)


def _cumulative(name: str, x: Node, axis: int | None, start: int, include_initial: bool) -> Node:
    if axis is None and x.ndim != 1:
        raise ShapeError(f"{said(x, 0, 1)}; name the axis to accumulate along.")
    made = _accumulated(name, x, 0 if axis is None else axis)
    if not include_initial:
        return made
    along = _axis(made)
    labels = list(ats(range(x.ndim)))
    shape = (*x.shape[:along], x.shape[along] + 1, *x.shape[along + 1 :])
    first = Term((*x.shape[:along], 1, *x.shape[along + 1 :]), _fixed_at(x, along, 0), (), start)
    labels[along] = Affine(((along, 1),), 1)
    return nest(shape, [first, Term(x.shape, tuple(labels), (Factor(made, ats(range(x.ndim))),))], made.dtype)


# ----- integrals ------------------------------------------------------------------------------------------------------
_INTEGRALS = (case((4,)), case((2, 3), dx=0.5), case((3, 2), axis=0), case((4,), x=np.array([0.0, 0.5, 0.75, 2.0])), case((1,)))


@implements(np.trapezoid, "scipy.integrate.trapezoid", cases=(*_INTEGRALS, case((3,), (3,)), case((2, 3), (2, 3)), case((2, 3), (3,))))
def trapezoid(y: Node, x: Node | None = None, dx: float = 1.0, axis: int = -1) -> Node:
    """Σ (x[k+1] − x[k]) (y[k+1] + y[k]) / 2."""
    along = axis_of(axis, y)
    pairs = add(_part(y, along, 1), _part(y, along, 0))
    if x is None:
        return multiply(as_node(dx / 2), total(pairs, (along,)))
    widths = subtract(_part(x, x.ndim - 1 if x.ndim == 1 else along, 1), _part(x, x.ndim - 1 if x.ndim == 1 else along, 0))
    if x.ndim == 1:
        widths = view(widths, tuple(widths.shape[0] if i == along else 1 for i in range(y.ndim)), [at(along)])
    return multiply(0.5, total(multiply(widths, pairs), (along,)))


def _part(a: Node, axis: int, start: int) -> Node:
    """a[start : start + n − 1] along the axis."""
    index = [Affine(((axis, 1),), start) if i == axis else at(i) for i in range(a.ndim)]
    return view(a, (*a.shape[:axis], a.shape[axis] - 1, *a.shape[axis + 1 :]), index)
