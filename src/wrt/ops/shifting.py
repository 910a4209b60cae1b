"""Shifting and repeating: flip, roll, rot90, tile, repeat, pad; differences of neighbours: diff, ediff1d, gradient.

An axis is read at another place: N − 1 − i for a flip, (i − s) mod N for a roll, i in i·r + k for a repetition. A difference of
neighbours is a nest with one term a neighbour, so that its Jacobian is banded from the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import comb
from operator import index as integer
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.graph import arithmetic
from wrt.graph.index import Affine, Index, at, ats, fixed, from_values
from wrt.graph.nest import nest
from wrt.graph.node import Node, Scalar, number
from wrt.graph.size import Size
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import Case, implements
from wrt.ops.elementwise import real
from wrt.ops.joining import concatenate
from wrt.ops.rearrangement import (
    along,
    axes_of,
    axis_of,
    broadcast_to,
    expand_dims,
    moved,
    padded,
    part,
    ravel,
    replaced,
    reshape,
    swapaxes,
)

_ANY = (Case(((4,),)), Case(((2, 3),)))


# ----- other places -----------------------------------------------------------------------------------------------------
@implements(np.flip, cases=[*_ANY, Case(((2, 3),), {"axis": 1}), Case(((2, 3, 2),), {"axis": (0, -1)})])
def flip(m: Node, axis: Any = None) -> Node:
    for k in range(m.ndim) if axis is None else axes_of(axis, m.ndim):
        m = along(m, k, Affine(((k, -1),), m.shape[k] - 1), m.shape[k])
    return m


@implements(np.fliplr, cases=[Case(((2, 3),))])
def fliplr(m: Node) -> Node:
    return flip(m, 1)


@implements(np.flipud, cases=[Case(((2, 3),))])
def flipud(m: Node) -> Node:
    return flip(m, 0)


@implements(np.rot90, cases=[Case(((2, 3),), {"k": k}) for k in range(-1, 3)])
def rot90(m: Node, k: int = 1, axes: Sequence[int] = (0, 1)) -> Node:
    first, second = axes_of(axes, m.ndim)
    match integer(k) % 4:
        case 1:
            return swapaxes(flip(m, second), first, second)
        case 2:
            return flip(m, (first, second))
        case 3:
            return flip(swapaxes(m, first, second), second)
    return m


_ROLLS = [Case(((4,),), {"shift": 1}), Case(((2, 3),), {"shift": -1}), Case(((3, 4),), {"shift": (1, -2), "axis": (0, 1)})]


@implements(np.roll, cases=_ROLLS)
def roll(a: Node, shift: Any, axis: Any = None) -> Node:
    if axis is None:
        return reshape(roll(ravel(a), shift, 0), a.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    for k, by in zip(axes.ravel().tolist(), shifts.ravel().tolist(), strict=True):
        k = axis_of(k, a.ndim)
        size = a.shape[k]
        offset = -integer(by) % size if isinstance(size, int) and size else -integer(by)
        a = along(a, k, Affine(((k, 1),), offset, size) if offset else at(k), size)
    return a


_TILES = [Case((shape,), {"reps": reps}) for shape, reps in (((3,), 2), ((2, 3), (2, 1)), ((2,), (2, 3)), ((2, 3), 2))]
_REPEATS = [Case(((3,),), {"repeats": 2}), Case(((2, 3),), {"repeats": 2, "axis": 0}), Case(((2, 3),), {"repeats": [1, 0, 2], "axis": 1})]


@implements(np.tile, cases=_TILES)
def tile(A: Node, reps: Any) -> Node:
    counts = [integer(n) for n in (reps if isinstance(reps, Iterable) else (reps,))]
    counts = [1] * (A.ndim - len(counts)) + counts
    A = padded(A, len(counts) - A.ndim)
    for axis, count in enumerate(counts):
        A = _again(A, axis, count, inner=True)
    return A


@implements(np.repeat, cases=_REPEATS)
def repeat(a: Node, repeats: Any, axis: Any = None) -> Node:
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(axis, a.ndim)
    if np.ndim(repeats) == 0 or np.size(repeats) == 1:
        return _again(a, axis, integer(np.asarray(repeats).item()), inner=False)
    size = a.shape[axis]
    if size != np.size(repeats):
        raise ShapeError(f"An axis of {size} needs as many numbers of repetitions, not {np.size(repeats)}.")
    table = np.repeat(np.arange(np.size(repeats)), repeats)
    return along(a, axis, from_values(table, (axis,)), table.size)


def _again(a: Node, axis: int, count: int, *, inner: bool) -> Node:
    """Every entry `count` times along an axis: the whole axis again (inner), or each entry beside itself."""
    if count == 1:
        return a
    size = a.shape[axis]
    if size == 1:
        return along(a, axis, fixed(0), count)
    new = a.ndim  # the label that counts the copies
    labels = ats(range(a.ndim))
    place = Affine(((new, size), (axis, 1))) if inner else Affine(((axis, count), (new, 1)))
    out = (*labels[:axis], place, *labels[axis + 1 :])
    return moved(a, replaced(a.shape, axis, size * count), [Term((*a.shape, count), out, (Factor(a, labels),))])


# ----- margins ----------------------------------------------------------------------------------------------------------
_MODES = ("constant", "edge", "wrap", "reflect", "symmetric")
_WIDE = [Case(((4,),), {"pad_width": (2, 1), "mode": mode}) for mode in _MODES]
_WIDER = [Case(((2, 3),), {"pad_width": 1}), Case(((2, 3),), {"pad_width": ((0, 1), (2, 0)), "constant_values": 3.0})]


@implements(np.pad, cases=[*_WIDE, *_WIDER])
def pad(array: Node, pad_width: Any, mode: str = "constant", constant_values: Any = 0, reflect_type: str = "even") -> Node:
    if reflect_type != "even" or mode not in _MODES:
        fact = f"np.pad with mode={mode!r} and reflect_type={reflect_type!r} has no rule."
        raise Unsupported(fact, advice="Join the margins with np.concatenate.")
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(k, pad_width.get(k - array.ndim, 0)) for k in range(array.ndim)]
        pad_width = [(w, w) if np.ndim(w) == 0 else w for w in pad_width]
    widths = np.broadcast_to(np.asarray(pad_width, dtype=int), (array.ndim, 2)).tolist()
    if any(width < 0 for pair in widths for width in pair):
        raise ShapeError(f"pad_width={pad_width} must not be negative.")
    values = np.broadcast_to(np.asarray(constant_values, dtype=object), (array.ndim, 2)).tolist()
    for axis, ((before, after), (low, high)) in enumerate(zip(widths, values, strict=True)):
        if before or after:
            constant = mode == "constant"
            array = _filled(array, axis, (before, low), (after, high)) if constant else _continued(array, axis, before, after, mode)
    return array


def _filled(a: Node, axis: int, *margins: tuple[int, Any]) -> Node:
    filled = [(width, value.item() if isinstance(value, np.generic) else value) for width, value in margins]
    below, above = (broadcast_to(arithmetic.as_node(value), replaced(a.shape, axis, width)) for width, value in filled)
    return concatenate([below, a, above], axis, a.dtype)


def _continued(a: Node, axis: int, before: int, after: int, mode: str) -> Node:
    size = a.shape[axis]
    if mode == "wrap":
        offset = -before % size if isinstance(size, int) and size else -before
        return along(a, axis, Affine(((axis, 1),), offset, size), size + (before + after))
    if isinstance(size, int):
        table = np.pad(np.arange(size), (before, after), mode)  # type: ignore[call-overload]
        return along(a, axis, from_values(table, (axis,)), table.size)
    if mode == "edge":
        first, last = (along(a, axis, fixed(place), width) for place, width in ((0, before), (size - 1, after)))
    else:
        skip = mode == "reflect"
        first, last = flip(part(a, axis, int(skip), before), axis), flip(part(a, axis, size - (after + skip), after), axis)
    return concatenate([first, a, last], axis)


# ----- differences ------------------------------------------------------------------------------------------------------
_DIFFS = [Case(((5,),)), Case(((4, 3),), {"axis": 0, "n": 2}), Case(((3,),), {"prepend": 0.5, "append": np.array([1.0, 2.0])})]


@implements(np.diff, cases=_DIFFS)
def diff(a: Node, n: int = 1, axis: int = -1, prepend: Node | None = None, append: Node | None = None) -> Node:
    axis = axis_of(axis, a.ndim)
    margins = [m if m is None or m.ndim else broadcast_to(m, replaced(a.shape, axis, 1)) for m in (prepend, append)]
    if prepend is not None or append is not None:
        a = concatenate([m for m in (margins[0], a, margins[1]) if m is not None], axis)
    if a.dtype.kind == "b":
        raise Unsupported("np.diff of truth values is a comparison.", advice="Compare neighbours with !=.")
    if integer(n) < 0:
        raise ArgumentError(f"The order of a difference must not be negative: n={n}.")
    if n > 100:
        raise Unsupported(f"A difference of order {n} is not supported by wrt: its weights would not fit into floating numbers.")
    size = a.shape[axis] - n
    size = max(size, 0) if isinstance(size, int) else size
    return _stencil(a, axis, size, [(at(axis), Affine(((axis, 1),), k), (-1) ** (n - k) * comb(n, k), size) for k in range(n, -1, -1)])


def _stencil(a: Node, axis: int, size: Size, taps: Iterable[tuple[Index, Index, Scalar, Size]]) -> Node:
    """Weighted neighbours along an axis: (written at, read at, weight, how many) for each tap, in the label `axis`."""
    labels = ats(range(a.ndim))

    def put(index: Index) -> tuple[Index, ...]:
        return (*labels[:axis], index, *labels[axis + 1 :])

    shape = replaced(a.shape, axis, size)
    terms = [Term(replaced(a.shape, axis, count), put(out), (Factor(a, put(place)),), weight) for out, place, weight, count in taps]
    return nest(shape, [] if 0 in shape else terms, a.dtype if all(isinstance(t.scale, int) for t in terms) else real(a))


@implements(np.ediff1d, cases=[Case(((2, 3),)), Case(((4,), (2,), ()))])
def ediff1d(ary: Node, to_end: Node | None = None, to_begin: Node | None = None) -> Node:
    parts = [to_begin, diff(ravel(ary)), to_end]
    return concatenate([ravel(each) for each in parts if each is not None], 0, ary.dtype)


_GRADIENTS = [
    Case(((5,),)),
    Case(((4, 3),)),
    Case(((5,), ()), low=0.5),
    Case(((5,), np.array([0.0, 1.0, 1.5, 3.0, 3.25]))),
    Case(((4, 3),), {"axis": 1, "edge_order": 2}),
]


@implements(np.gradient, cases=_GRADIENTS)
def gradient(f: Node, *varargs: Node, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences inside, one-sided ones of order `edge_order` at the ends; spacings are numbers or coordinates."""
    axes = tuple(range(f.ndim)) if axis is None else axes_of(axis, f.ndim)
    spacings = varargs * len(axes) if len(varargs) == 1 and varargs[0].ndim == 0 else varargs or (arithmetic.as_node(1.0),) * len(axes)
    if len(spacings) != len(axes):
        raise ArgumentError(f"np.gradient along {len(axes)} axes takes one spacing, or {len(axes)}, not {len(varargs)}.")
    if edge_order not in (1, 2):
        raise ArgumentError(f"edge_order={edge_order} must be 1 or 2.")
    found = tuple(_slope(f, k, h, edge_order) for k, h in zip(axes, spacings, strict=True))
    return found[0] if len(found) == 1 and (f.ndim == 1 or axis is None or not isinstance(axis, Iterable)) else found


def _slope(f: Node, axis: int, h: Node, edge_order: int) -> Node:
    size = f.shape[axis]
    if isinstance(size, int) and size < edge_order + 1:
        raise ShapeError(f"np.gradient needs at least {edge_order + 1} entries along an axis, not {size}.")
    if h.ndim:
        return _slope_at(f, axis, h, edge_order)
    step = number(h)
    scale = 1.0 if step is None else 1.0 / step
    last = size - 1
    inner = (Affine(((axis, 1),), 1), size - 2)
    taps: list[tuple[Index, Index, Scalar, Size]] = [
        (inner[0], Affine(((axis, 1),), 2), 0.5 * scale, inner[1]),
        (inner[0], at(axis), -0.5 * scale, inner[1]),
    ]
    ends = ([-1.0, 1.0], [-1.5, 2.0, -0.5])[edge_order - 1]
    for k, weight in enumerate(ends):
        taps.append((fixed(0), fixed(k), weight * scale, 1))
        taps.append((fixed(last), fixed(last - k), -weight * scale, 1))
    result = _stencil(f, axis, size, taps)
    return result if step is not None else arithmetic.divide(result, h)


def _slope_at(f: Node, axis: int, x: Node, edge_order: int) -> Node:
    """At coordinates: the weights of the parabola through three neighbours (Fornberg 1988)."""
    if x.shape != (f.shape[axis],):
        raise ShapeError(f"The coordinates of an axis of {f.shape[axis]} have shape {x.shape}.")
    last = f.shape[axis] - 1
    steps = expand_dims(diff(x), [k for k in range(f.ndim) if k != axis])

    def run(a: Node, start: Size, size: Size) -> Node:
        return part(a, axis, start, size)

    a, b = run(steps, 0, last - 1), run(steps, 1, last - 1)
    left, middle, right = (run(f, k, last - 1) for k in range(3))
    inside = -(b / (a * (a + b))) * left + (b - a) / (a * b) * middle + a / (b * (a + b)) * right
    if edge_order == 1:
        first = (run(f, 1, 1) - run(f, 0, 1)) / run(steps, 0, 1)
        end = (run(f, last, 1) - run(f, last - 1, 1)) / run(steps, last - 1, 1)
    else:
        a, b = run(steps, 0, 1), run(steps, 1, 1)
        left, middle, right = (run(f, k, 1) for k in range(3))
        first = -(2 * a + b) / (a * (a + b)) * left + (a + b) / (a * b) * middle - a / (b * (a + b)) * right
        a, b = run(steps, last - 2, 1), run(steps, last - 1, 1)
        left, middle, right = (run(f, last - k, 1) for k in (2, 1, 0))
        end = b / (a * (a + b)) * left - (b + a) / (a * b) * middle + (2 * b + a) / (b * (a + b)) * right
    return concatenate([first, inside, end], axis)
