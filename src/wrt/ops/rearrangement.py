"""Rearrangement: reshape, transpose, squeeze, broadcast, … Entries move and nothing is computed.

Each function is one nest: where an entry is written, and where it is read from. The local Jacobian is the same loop without the
array, a selection matrix that is never built. Example: np.reshape(x, (2, 3)) reads x[3i + j] at (i, j).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import index as integer
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.graph.index import Affine, Index, at, ats, fixed, from_values
from wrt.graph.nest import broadcast_to as broadcasted
from wrt.graph.nest import nest
from wrt.graph.nest import transpose as turned
from wrt.graph.node import Node, Shape
from wrt.graph.shape import broadcast, same, show
from wrt.graph.size import Size, as_int, divide, product
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import Case, implements

_MATRIX = (Case(((2, 3),)),)
_ANY = (Case(((3,),)), Case(((2, 3),)), Case(((2, 1, 3),)), Case(((0, 2),)))


# ----- what the rest is made of -----------------------------------------------------------------------------------------
def gather(node: Node, shape: Shape, index: Sequence[Index]) -> Node:
    """The array whose entry at labels (0, 1, …) is node[index], of the same dtype even if it is empty."""
    return moved(node, shape, [Term(shape, ats(range(len(shape))), (Factor(node, tuple(index)),))])


def moved(node: Node, shape: Shape, terms: Iterable[Term]) -> Node:
    """An array of the node's dtype that holds its entries at other places."""
    return nest(shape, [] if 0 in shape else terms, node.dtype)


def along(node: Node, axis: int, index: Index, size: Size) -> Node:
    """The array with one axis read at `index` (an expression in the label `axis`) instead of one by one."""
    labels = (*ats(range(axis)), index, *ats(range(axis + 1, node.ndim)))
    return gather(node, replaced(node.shape, axis, size), labels)


def part(node: Node, axis: int, start: Size, size: Size) -> Node:
    """The stretch node[…, start : start + size, …]."""
    return along(node, axis, Affine(((axis, 1),), start), size)


def replaced(shape: Shape, axis: int, *sizes: Size) -> Shape:
    return (*shape[:axis], *sizes, *shape[axis + 1 :])


def axis_of(axis: Any, ndim: int) -> int:
    """An axis counted from the front."""
    axis = integer(axis)
    if not -ndim <= axis < ndim:
        raise ShapeError(f"There is no axis {axis} in an array of {ndim} dimension{'s' * (ndim != 1)}.")
    return int(axis % ndim)


def axes_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """One or several axes, each once."""
    found = tuple(axis_of(axis, ndim) for axis in (axes if isinstance(axes, Iterable) else (axes,)))
    if len(set(found)) < len(found):
        raise ShapeError(f"An axis is named twice in {axes}.")
    return found


def as_shape(shape: Any) -> Shape:
    return tuple(size_of(size) for size in shape) if isinstance(shape, Iterable) else (size_of(shape),)


def size_of(size: Any) -> Size:
    return size if not isinstance(size, int) and isinstance(size, Size) else integer(size)


# ----- shape ------------------------------------------------------------------------------------------------------------
_RESHAPES = [
    Case(((2, 3),), {"shape": (3, 2)}),
    Case(((4, 6),), {"shape": (-1, 4), "order": "F"}),
    Case(((6,),), {"shape": (1, 2, 3)}),
]


@implements(np.reshape, cases=_RESHAPES)
def reshape(a: Node, shape: Any, order: str = "C", copy: Any = None) -> Node:
    new = list(as_shape(shape))
    if -1 in new:
        at_wildcard = new.index(-1)
        if -1 in new[at_wildcard + 1 :]:
            raise ShapeError("Only one size of the new shape can be left open with -1.")
        known = product(tuple(new[:at_wildcard] + new[at_wildcard + 1 :]))
        quotient = divide(product(a.shape), known)
        if quotient is None:
            raise ShapeError(f"An array of shape {show(a.shape)} does not fit into the shape {show(tuple(new))}.")
        new[at_wildcard] = quotient
    if not same(product(a.shape), product(tuple(new))):
        raise ShapeError(f"An array of shape {show(a.shape)} does not fit into the shape {show(tuple(new))}.")
    if _row_major(order):
        return _reshaped(a, tuple(new))
    return turned(_reshaped(turned(a), tuple(new[::-1])))


def _row_major(order: str) -> bool:
    if order in ("A", "K"):
        raise Unsupported(f"order={order!r} depends on how the array lies in memory.", advice='Write order="C" or order="F".')
    if order not in ("C", "F"):
        raise ArgumentError(f'order={order!r} must be "C" or "F".')
    return order == "C"


def _reshaped(a: Node, new: Shape) -> Node:
    """Row-major: both shapes are written in the digits of one mixed radix, label by label."""
    sizes: list[Size] = []
    out: list[Index] = [fixed(0)] * len(new)
    index: list[Index] = [fixed(0)] * a.ndim
    for old_axes, new_axes in _groups(a.shape, new):
        here, there = [a.shape[axis] for axis in old_axes], [new[axis] for axis in new_axes]
        digits = _digits(here, there)
        if digits is None:  # the radices do not refine each other: read at tables
            labels = tuple(range(len(sizes), len(sizes) + len(new_axes)))
            counts = [as_int(size, f"Reshaping {show(a.shape)} to {show(new)}") for size in there]
            places = np.unravel_index(np.arange(np.prod(counts, dtype=int)).reshape(counts), [as_int(size, "Reshaping") for size in here])
            for axis, label in zip(new_axes, labels, strict=True):
                out[axis] = at(label)
            for axis, place in zip(old_axes, places, strict=True):
                index[axis] = from_values(place, labels)
            sizes += there
        else:
            for axes, into, which in ((old_axes, index, 0), (new_axes, out, 1)):
                for position, axis in enumerate(axes):
                    into[axis] = _number([(len(sizes) + label, digit[2]) for label, digit in enumerate(digits) if digit[which] == position])
            sizes += [size for _, _, size in digits]
    for axis, size in enumerate(new):
        if size == 1:
            out[axis] = at(len(sizes))
            sizes.append(1)
    return moved(a, new, [Term(tuple(sizes), tuple(out), (Factor(a, tuple(index)),))])


def _groups(old: Shape, new: Shape) -> list[tuple[list[int], list[int]]]:
    """Axes of the old and the new shape that hold the same entries, as few at a time as can be; axes of size 1 left out."""
    if 0 in old or 0 in new:
        return []
    left, right = ([axis for axis, size in enumerate(shape) if size != 1] for shape in (old, new))
    groups = []
    while left and right:
        mine, theirs = [left.pop(0)], [right.pop(0)]
        while (a := product(tuple(old[axis] for axis in mine))) != (b := product(tuple(new[axis] for axis in theirs))):
            smaller = a < b if isinstance(a, int) and isinstance(b, int) else divide(b, a) is not None
            if smaller and left:
                mine.append(left.pop(0))
            elif right and ((isinstance(a, int) and isinstance(b, int)) or divide(a, b) is not None or not left):
                theirs.append(right.pop(0))
            elif left:
                mine.append(left.pop(0))
            else:
                break
        groups.append((mine, theirs))
    return groups


def _digits(old: Sequence[Size], new: Sequence[Size]) -> list[tuple[int, int, Size]] | None:
    """(old axis, new axis, size) of every digit, the leading one first; None where neither radix refines the other."""
    i, j = len(old) - 1, len(new) - 1
    a, b = old[i], new[j]
    found: list[tuple[int, int, Size]] = []
    while True:
        more, less = divide(a, b), divide(b, a)
        if more is None and less is None:
            return None
        found.append((i, j, a if more is None else b))
        i, j = i - (less is not None), j - (more is not None)  # a digit that ends an axis goes on to the one before it
        if i < 0 or j < 0:
            return found[::-1] if i == j == -1 else None
        a = old[i] if more is None or less is not None else more
        b = new[j] if less is None or more is not None else less


def _number(digits: Sequence[tuple[int, Size]]) -> Affine:
    """The number that these digits (label, size) write, the leading one first."""
    parts: list[tuple[int, Size]] = []
    weight: Size = 1
    for label, size in reversed(digits):
        parts.insert(0, (label, weight))
        weight = weight * size
    return Affine(tuple(parts))


@implements(np.ravel, cases=[*_ANY, Case(((2, 3),), {"order": "F"})])
def ravel(a: Node, order: str = "C") -> Node:
    return reshape(a, (-1,) if 0 not in a.shape else (0,), order)


@implements(np.resize, cases=[Case(((2, 3),), {"new_shape": (2, 4)})])
def resize(a: Node, new_shape: Any) -> Node:
    new = as_shape(new_shape)
    total, flat = product(new), ravel(a)
    if flat.shape[0] == 0:
        return moved(a, new, [])
    return reshape(along(flat, 0, Affine(((0, 1),), 0, flat.shape[0]), total), new)


# ----- axes -------------------------------------------------------------------------------------------------------------
@implements(np.transpose, cases=[*_ANY, Case(((2, 3, 4),), {"axes": (1, 2, 0)})])  # and np.permute_dims, its other name
def transpose(a: Node, axes: Any = None) -> Node:
    order = tuple(range(a.ndim))[::-1] if axes is None else axes_of(axes, a.ndim)
    if len(order) != a.ndim:
        raise ShapeError(f"The axes {axes} are not an order of the {a.ndim} axes of the array.")
    return turned(a, order)


@implements(np.matrix_transpose, np.linalg.matrix_transpose, cases=[Case(((2, 3, 4),))])
def matrix_transpose(x: Node) -> Node:
    return swapaxes(x, -1, -2)


@implements(np.swapaxes, cases=[Case(((2, 3, 4),), {"axis1": 0, "axis2": -1})])
def swapaxes(a: Node, axis1: int, axis2: int) -> Node:
    order = list(range(a.ndim))
    one, other = axis_of(axis1, a.ndim), axis_of(axis2, a.ndim)
    order[one], order[other] = order[other], order[one]
    return turned(a, order)


_MOVES = [Case(((2, 3, 4),), {"source": 0, "destination": -1}), Case(((2, 3, 4),), {"source": (0, 1), "destination": (1, 2)})]


@implements(np.moveaxis, cases=_MOVES)
def moveaxis(a: Node, source: Any, destination: Any) -> Node:
    sources, places = axes_of(source, a.ndim), axes_of(destination, a.ndim)
    if len(sources) != len(places):
        raise ShapeError(f"As many axes must go to {destination} as come from {source}.")
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return turned(a, order)


@implements(np.rollaxis, cases=[Case(((2, 3, 4),), {"axis": 2}), Case(((2, 3, 4),), {"axis": 0, "start": 2})])
def rollaxis(a: Node, axis: int, start: int = 0) -> Node:
    axis = axis_of(axis, a.ndim)
    start = start + a.ndim if start < 0 else start
    order = [other for other in range(a.ndim) if other != axis]
    order.insert(start - (axis < start), axis)
    return turned(a, order)


@implements(np.squeeze, cases=[Case(((2, 1, 3, 1),)), Case(((2, 1, 3, 1),), {"axis": 1})])
def squeeze(a: Node, axis: Any = None) -> Node:
    gone = [k for k, size in enumerate(a.shape) if size == 1] if axis is None else axes_of(axis, a.ndim)
    for k in gone:
        if a.shape[k] != 1:
            raise ShapeError(f"Axis {k} of an array of shape {show(a.shape)} cannot be squeezed away: its size is not 1.")
    kept = [k for k in range(a.ndim) if k not in gone]
    return gather(a, tuple(a.shape[k] for k in kept), [at(kept.index(k)) if k in kept else fixed(0) for k in range(a.ndim)])


@implements(np.expand_dims, cases=[Case(((2, 3),), {"axis": 1}), Case(((2, 3),), {"axis": (0, -1)})])
def expand_dims(a: Node, axis: Any) -> Node:
    ndim = a.ndim + (len(tuple(axis)) if isinstance(axis, Iterable) else 1)
    kept = [k for k in range(ndim) if k not in axes_of(axis, ndim)]
    shape: list[Size] = [1] * ndim
    for k, size in zip(kept, a.shape, strict=True):
        shape[k] = size
    return gather(a, tuple(shape), ats(kept))


def padded(a: Node, before: int, after: int = 0) -> Node:
    """The array with axes of size 1 in front and behind."""
    return expand_dims(a, (*range(before), *range(before + a.ndim, before + a.ndim + after))) if before or after else a


def _each(nodes: Sequence[Node]) -> Node | tuple[Node, ...]:
    return nodes[0] if len(nodes) == 1 else tuple(nodes)


@implements(np.atleast_1d, cases=[Case(((),)), Case(((3,),)), Case(((3,), ()))])
def atleast_1d(*arys: Node) -> Node | tuple[Node, ...]:
    return _each([padded(a, max(0, 1 - a.ndim)) for a in arys])


@implements(np.atleast_2d, cases=[Case(((),)), Case(((3,),)), Case(((3,), (2, 2)))])
def atleast_2d(*arys: Node) -> Node | tuple[Node, ...]:
    return _each([padded(a, max(0, 2 - a.ndim)) for a in arys])


@implements(np.atleast_3d, cases=[Case(((),)), Case(((3,),)), Case(((3, 2),))])
def atleast_3d(*arys: Node) -> Node | tuple[Node, ...]:
    return _each([padded(a, 1 if a.ndim < 2 else 0, (2, 1, 1)[a.ndim] if a.ndim < 3 else 0) for a in arys])


@implements(np.broadcast_to, cases=[Case(((3,),), {"shape": (2, 3)}), Case(((2, 1),), {"shape": (2, 3)}), Case(((),), {"shape": (0, 2)})])
def broadcast_to(array: Node, shape: Any, subok: bool = False) -> Node:
    wanted = as_shape(shape)
    if broadcast(array.shape, wanted) != wanted or len(wanted) < array.ndim:
        raise ShapeError(f"An array of shape {show(array.shape)} cannot be broadcast to the shape {show(wanted)}.")
    return moved(array, wanted, []) if 0 in wanted else broadcasted(array, wanted)


@implements(np.broadcast_arrays, cases=[Case(((3,), (2, 1)))])
def broadcast_arrays(*args: Node, subok: bool = False) -> tuple[Node, ...]:
    shape = broadcast(*(a.shape for a in args))
    return tuple(broadcast_to(a, shape) for a in args)


@implements(np.meshgrid, cases=[Case(((2,), (3,))), Case(((2,), (3,), (2,)), {"indexing": "ij"}), Case(((2,), (3,)), {"sparse": True})])
def meshgrid(*xi: Node, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Node, ...]:
    places = [k if indexing == "ij" or k > 1 or len(xi) < 2 else 1 - k for k in range(len(xi))]
    flat = [ravel(x) for x in xi]
    grid: list[Size] = [1] * len(xi)
    for k, x in zip(places, flat, strict=True):
        grid[k] = x.shape[0]
    lines = [expand_dims(x, [j for j in range(len(xi)) if j != k]) for k, x in zip(places, flat, strict=True)]
    return tuple(lines) if sparse else tuple(broadcast_to(x, tuple(grid)) for x in lines)
