"""Joining and splitting: concatenate, stack, block, append, insert; split, unstack, delete.

A joined array is a nest with one term a part, each written further along the axis; a part of an array is a slice of it.
Example: np.concatenate([a, b]) writes a[i] at i and b[i] at i + len(a).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from operator import index as integer
from typing import Any

import numpy as np

from wrt.errors import ShapeError
from wrt.graph.arithmetic import as_node
from wrt.graph.index import Affine, ats, fixed, from_values
from wrt.graph.nest import nest
from wrt.graph.node import DType, Node, promote
from wrt.graph.shape import same, show
from wrt.graph.size import Size, as_int, divide
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import Case, Nodes, implements
from wrt.ops.rearrangement import along, atleast_3d, axis_of, broadcast_to, gather, moveaxis, padded, part, ravel, replaced, size_of

_PAIR = [Case(([(2, 3), (2, 3)],)), Case(([(1, 3), (0, 3), (2, 3)],)), Case(([(3,)],))]


@implements(np.concatenate, cases=[*_PAIR, Case(([(2, 1), (2, 3)],), {"axis": -1}), Case(([(2, 1), (3,)],), {"axis": None})])
def concatenate(arrays: Nodes, axis: Any = 0, dtype: Any = None) -> Node:
    parts = [ravel(a) for a in arrays] if axis is None else list(arrays)
    if not parts:
        raise ShapeError("There are no arrays to concatenate.")
    ndim = parts[0].ndim
    if ndim == 0:
        raise ShapeError("Scalars cannot be concatenated.", advice="Use np.stack or np.array.")
    axis = axis_of(axis or 0, ndim)
    total: Size = 0
    terms = []
    for a in parts:
        if a.ndim != ndim or not all(k == axis or same(m, n) for k, (m, n) in enumerate(zip(a.shape, parts[0].shape, strict=True))):
            raise ShapeError(f"Arrays of shape {show(parts[0].shape)} and {show(a.shape)} cannot be concatenated along axis {axis}.")
        labels = ats(range(ndim))
        if 0 not in a.shape:
            terms.append(Term(a.shape, (*labels[:axis], Affine(((axis, 1),), total), *labels[axis + 1 :]), (Factor(a, labels),)))
        total = total + a.shape[axis]
    return nest(replaced(parts[0].shape, axis, total), terms, _dtype(parts, dtype))


def _dtype(parts: Nodes, dtype: Any = None) -> DType:
    return promote(*parts) if dtype is None else np.dtype(dtype)


@implements(np.stack, cases=[*_PAIR[::2], Case(([(2,), (2,), (2,)],), {"axis": -1}), Case(([(), ()],))])
def stack(arrays: Nodes, axis: int = 0, dtype: Any = None) -> Node:
    parts = list(arrays)
    if not parts:
        raise ShapeError("There are no arrays to stack.")
    shape = parts[0].shape
    axis = axis_of(axis, len(shape) + 1)
    for a in parts:
        if a.ndim != len(shape) or not all(map(same, a.shape, shape)):
            raise ShapeError(f"Arrays of shape {show(shape)} and {show(a.shape)} cannot be stacked: the shapes must be the same.")
    labels = ats(range(len(shape)))
    terms = [Term(shape, (*labels[:axis], fixed(k), *labels[axis:]), (Factor(a, labels),)) for k, a in enumerate(parts) if 0 not in shape]
    return nest((*shape[:axis], len(parts), *shape[axis:]), terms, _dtype(parts, dtype))


@implements(np.vstack, cases=[*_PAIR, Case(([(3,), (2, 3)],))])
def vstack(tup: Nodes, dtype: Any = None) -> Node:
    return concatenate([padded(a, max(0, 2 - a.ndim)) for a in tup], 0, dtype)


@implements(np.hstack, cases=[Case(([(2, 3), (2, 1)],)), Case(([(3,), (2,)],)), Case(([(), (2,)],))])
def hstack(tup: Nodes, dtype: Any = None) -> Node:
    parts = [padded(a, max(0, 1 - a.ndim)) for a in tup]
    return concatenate(parts, 0 if parts and parts[0].ndim == 1 else 1, dtype)


@implements(np.dstack, cases=[Case(([(2, 3), (2, 3)],)), Case(([(3,), (3,)],))])
def dstack(tup: Nodes) -> Node:
    return concatenate([atleast_3d(a) for a in tup], 2)  # type: ignore[misc]


@implements(np.column_stack, cases=[Case(([(3,), (3, 2), (3,)],))])
def column_stack(tup: Nodes) -> Node:
    return concatenate([padded(a, max(0, 1 - a.ndim), 1) if a.ndim < 2 else a for a in tup], 1)


@implements(np.block)
def block(arrays: Any) -> Node:
    """Nested lists: the innermost are joined along the last axis, the next along the one before it, and so on."""
    depth, ndim = _nesting(arrays)
    return _joined(arrays, depth, max(depth, ndim))


def _nesting(arrays: Any) -> tuple[int, int]:
    if not isinstance(arrays, list):
        return 0, as_node(arrays).ndim
    inner = [_nesting(each) for each in arrays]
    if not inner or len({depth for depth, _ in inner}) > 1:
        raise ShapeError("The lists given to np.block must be nested to the same depth and hold something.")
    return inner[0][0] + 1, max(ndim for _, ndim in inner)


def _joined(arrays: Any, depth: int, ndim: int) -> Node:
    if depth == 0:
        a = as_node(arrays)
        return padded(a, ndim - a.ndim)
    return concatenate([_joined(each, depth - 1, ndim) for each in arrays], -depth)


@implements(np.append, cases=[Case(((2, 3), (2,))), Case(((2, 3), (1, 3)), {"axis": 0})])
def append(arr: Node, values: Node, axis: Any = None) -> Node:
    return concatenate([arr, values], axis)


_SPLITS = [Case(((7, 2),), {"indices_or_sections": 3}), Case(((2, 5),), {"indices_or_sections": [1, 3], "axis": 1})]


@implements(np.array_split, cases=_SPLITS)
def array_split(ary: Node, indices_or_sections: Any, axis: int = 0) -> list[Node]:
    axis = axis_of(axis, ary.ndim)
    size = ary.shape[axis]
    if isinstance(indices_or_sections, Iterable):
        bounds: list[Size] = [0, *(_clipped(bound, size) for bound in indices_or_sections), size]
    else:
        count = integer(indices_or_sections)
        if count <= 0:
            raise ShapeError("The number of sections must be larger than 0.")
        each = divide(size, count)
        if each is None:
            each, more = divmod(as_int(size, "Splitting into sections that are not equal"), count)
            bounds = [each * k + min(k, more) for k in range(count + 1)]
        else:
            bounds = [each * k for k in range(count + 1)]
    return [part(ary, axis, low, _positive(high - low)) for low, high in pairwise(bounds)]


def _clipped(bound: Any, size: Size) -> Size:
    bound = size_of(bound)
    if not isinstance(size, int) or not isinstance(bound, int):
        return size + bound if isinstance(bound, int) and bound < 0 else bound
    return min(max(bound + size if bound < 0 else bound, 0), size)


def _positive(size: Size) -> Size:
    return max(size, 0) if isinstance(size, int) else size


@implements(np.split, cases=[Case(((6, 2),), {"indices_or_sections": 3}), Case(((5,),), {"indices_or_sections": [2, 2, 4]})])
def split(ary: Node, indices_or_sections: Any, axis: int = 0) -> list[Node]:
    if not isinstance(indices_or_sections, Iterable) and divide(ary.shape[axis], integer(indices_or_sections)) is None:
        fact = f"An axis of {ary.shape[axis]} does not split into {indices_or_sections} equal parts."
        raise ShapeError(fact, advice="np.array_split allows unequal ones.")
    return array_split(ary, indices_or_sections, axis)


@implements(np.hsplit, cases=[Case(((2, 6),), {"indices_or_sections": 3}), Case(((6,),), {"indices_or_sections": 2})])
def hsplit(ary: Node, indices_or_sections: Any) -> list[Node]:
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@implements(np.vsplit, cases=[Case(((4, 3),), {"indices_or_sections": 2})])
def vsplit(ary: Node, indices_or_sections: Any) -> list[Node]:
    return split(ary, indices_or_sections, 0)


@implements(np.dsplit, cases=[Case(((1, 2, 4),), {"indices_or_sections": 2})])
def dsplit(ary: Node, indices_or_sections: Any) -> list[Node]:
    return split(ary, indices_or_sections, 2)


def unstack(x: Node, axis: int = 0) -> tuple[Node, ...]:
    axis = axis_of(axis, x.ndim)
    rest = replaced(x.shape, axis)
    count = as_int(x.shape[axis], "Taking an axis apart")
    return tuple(gather(x, rest, (*ats(range(axis)), fixed(k), *ats(range(axis, x.ndim - 1)))) for k in range(count))


if hasattr(np, "unstack"):  # since NumPy 2.1
    implements(np.unstack, cases=[Case(((2, 3),)), Case(((2, 3),), {"axis": 1})])(unstack)


_GONE = [Case(((5,),), {"obj": [1, 3]}), Case(((2, 3),), {"obj": -1, "axis": 1}), Case(((2, 3),), {"obj": slice(0, 2)})]
_COME = [
    Case(((5,),), {"obj": 2, "values": 1.5}),
    Case(((2, 3),), {"obj": 1, "values": np.ones(2), "axis": 1}),
    Case(((5,),), {"obj": [0, 5], "values": np.ones(2)}),
]


@implements(np.delete, cases=_GONE)
def delete(arr: Node, obj: Any, axis: Any = None) -> Node:
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = axis_of(axis, arr.ndim)
    kept = np.delete(np.arange(as_int(arr.shape[axis], "np.delete")), obj)
    return along(arr, axis, from_values(kept, (axis,)), kept.size)


@implements(np.insert, cases=_COME)
def insert(arr: Node, obj: Any, values: Node, axis: Any = None) -> Node:
    """With positions that are known: integers, a slice or a mask."""
    if axis is None:
        arr, axis = ravel(arr), 0
    axis = axis_of(axis, arr.ndim)
    size = as_int(arr.shape[axis], "np.insert")
    values = padded(values, max(0, arr.ndim - values.ndim))
    single = not isinstance(obj, slice) and np.ndim(obj) == 0
    if single:  # one place takes all that `values` has along its first axis
        values = moveaxis(values, 0, axis)
        count = as_int(values.shape[axis], "np.insert")
        obj = [integer(obj)] * count
    marks = np.insert(np.arange(size), obj, -1)
    old, new = np.flatnonzero(marks >= 0), np.flatnonzero(marks < 0)
    order = new if single or isinstance(obj, slice) else new[np.argsort(np.argsort(_places(obj, size), kind="stable"), kind="stable")]
    values = broadcast_to(values, replaced(arr.shape, axis, new.size))
    labels = ats(range(arr.ndim))
    terms = [
        Term(a.shape, (*labels[:axis], from_values(places, (axis,)), *labels[axis + 1 :]), (Factor(a, labels),))
        for a, places in ((arr, old), (values, order))
        if 0 not in a.shape
    ]
    return nest(replaced(arr.shape, axis, marks.size), terms, arr.dtype)


def _places(obj: Any, size: int) -> Any:
    places = np.asarray(obj)
    places = np.flatnonzero(places) if places.dtype == bool else places.astype(int)
    return np.where(places < 0, places + size, places)
