"""Selection: x[key] with NumPy's whole meaning, take, take_along_axis, diagonals and triangles.

U[ℓ] = x[index(ℓ)]: the local Jacobian has row ℓ and column index(ℓ), affine for integers and slices, read from a table for
integer arrays and masks, known only at run time for integer nodes. Source: the NumPy reference, "Indexing on ndarrays".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import index as integer
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.graph import arithmetic
from wrt.graph.index import Affine, Index, Table, at, ats, fixed, from_values
from wrt.graph.nest import view
from wrt.graph.node import BOOL, Node, Shape, array_of, make, number
from wrt.graph.shape import broadcast, same, show
from wrt.graph.size import NeedsSizes, Polynomial, Size, as_int, at_most
from wrt.graph.term import Factor, Term, broadcast_index, size_node
from wrt.ops.catalog import Case, implements
from wrt.ops.rearrangement import along, axis_of, gather, moved, ravel, replaced, size_of


class OutOfBounds(ShapeError, IndexError):
    """A position that the array does not have. Also an IndexError, so that iteration by index ends."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What a key picks: the entry at labels (0, 1, …) of `shape` is at `index` in the array.

    `fancy` are the axes that integer arrays read, `block` the labels of those arrays' common shape, and `places` the arrays:
    positions counted from the front, or nodes where they are known only at run time.
    """

    shape: Shape
    index: tuple[Index, ...]
    fancy: tuple[int, ...] = ()
    block: tuple[int, ...] = ()
    places: tuple[Any, ...] = ()

    @property
    def at_run_time(self) -> bool:
        return any(isinstance(place, Node) for place in self.places)


def getitem(node: Node, key: Any) -> Node:
    """The array node[key]."""
    found = select_by(node.shape, key)
    return gather(node, found.shape, found.index)


# ----- keys -------------------------------------------------------------------------------------------------------------
def select_by(shape: Shape, key: Any) -> Selected:
    """What `key` picks from an array of this shape."""
    items = [piece for item in (key if isinstance(key, tuple) else (key,)) for piece in _pieces(item)]
    items = _without_ellipsis(items, len(shape))
    axes = _axes(items, shape)
    fancy = [(axis, item) for item, axis in zip(items, axes, strict=True) if isinstance(item, np.ndarray | Node)]
    if any(np.shape(item) for _, item in fancy):  # then single positions are arrays too
        return _mixed(shape, items, axes)
    sizes: list[Size] = []
    index: list[Index] = [fixed(0)] * len(shape)
    for item, axis in zip(items, axes, strict=True):
        if item is None:
            sizes.append(1)
        elif isinstance(item, slice):
            start, step, size = _stretch(item, shape[axis])
            index[axis] = Affine(((len(sizes), step),), start)
            sizes.append(size)
        elif item is not _NOTHING:
            index[axis] = _at_place(_place(item, shape[axis], axis), (), ())
    single = tuple(axis for axis, item in fancy if isinstance(item, Node))
    return Selected(tuple(sizes), tuple(index), single, (), tuple(place.node for axis in single if isinstance(place := index[axis], Table)))


def _mixed(shape: Shape, items: Sequence[Any], axes: Sequence[int]) -> Selected:
    """Integer arrays are read together; their common axes stand where they stand, or first if something is between them."""
    fancy = [k for k, item in enumerate(items) if item is not None and item is not _NOTHING and not isinstance(item, slice)]
    common = broadcast(*(np.shape(items[k]) for k in fancy))
    first = fancy[0] if fancy[-1] - fancy[0] == len(fancy) - 1 else 0
    sizes: list[Size] = []
    index: list[Index] = [fixed(0)] * len(shape)
    block: tuple[int, ...] = ()
    for k, (item, axis) in enumerate(zip(items, axes, strict=True)):
        if k == first:
            block = tuple(range(len(sizes), len(sizes) + len(common)))
            sizes += common
        if item is None:
            sizes.append(1)
        elif isinstance(item, slice):
            start, step, size = _stretch(item, shape[axis])
            index[axis] = Affine(((len(sizes), step),), start)
            sizes.append(size)
    places = {axes[k]: _place(items[k], shape[axes[k]], axes[k]) for k in fancy if axes[k] >= 0}
    for axis, place in places.items():
        index[axis] = _at_place(place, block, common)
    return Selected(tuple(sizes), tuple(index), tuple(places), block, tuple(places.values()))


def _pieces(item: Any) -> list[Any]:
    """One item of a key as slices, None, Ellipsis, sizes, and integer arrays: a mask is the places where it holds."""
    if isinstance(item, Node):
        if item.op in ("constant", "frozen"):
            return _pieces(number(item) if item.op == "constant" else array_of(item))
        if item.dtype.kind in "iu":
            return [item]
        what = "A mask" if item.dtype.kind == "b" else f"An index of dtype {item.dtype}"
        raise Unsupported(f"{what} that is known only at run time cannot select entries.", advice="Use np.where, or integer indices.")
    if item is None or item is Ellipsis or isinstance(item, slice | Polynomial):
        return [item]
    array = np.asarray(item)
    if array.size == 0 and not isinstance(item, np.ndarray | np.generic):
        array = array.astype(int)  # x[[]]
    if array.dtype.kind == "b":
        if array.ndim == 0:
            return [_places(np.zeros(int(array), dtype=int), ())]
        return [_places(place, array.shape[k : k + 1]) for k, place in enumerate(np.nonzero(array))]
    if array.dtype.kind not in "iu":
        raise ArgumentError(f"An array is indexed by integers, slices, ..., None and arrays of integers or truth values, not by {item!r}.")
    return [int(array) if array.ndim == 0 else array.astype(np.int64)]


class _Mask(np.ndarray[Any, Any]):
    """The places of a mask along one axis, of the size `along` that the mask was made for; a 0-d mask is along no axis."""

    along: tuple[int, ...]


def _places(places: np.ndarray[Any, Any], along: tuple[int, ...]) -> _Mask:
    made = places.astype(np.int64).view(_Mask)
    made.along = along
    return made


def _without_ellipsis(items: list[Any], ndim: int) -> list[Any]:
    """The key with as many whole slices in the place of its ellipsis as are missing."""
    used = sum(_takes_axis(item) for item in items)
    if used > ndim:
        raise OutOfBounds(f"An array of {ndim} dimension{'s' * (ndim != 1)} cannot be indexed with {used} indices.")
    dots = [k for k, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise ArgumentError("An index can only have one ellipsis (...).")
    place = dots[0] if dots else len(items)
    whole = [slice(None)] * (ndim - used)
    if dots and not whole and 0 < place < len(items) - 1:
        whole = [_NOTHING]  # an ellipsis of no axes still stands between two arrays
    return [*items[:place], *whole, *items[place + 1 :]]


_NOTHING: Any = object()


def _takes_axis(item: Any) -> bool:
    return item is not None and item is not Ellipsis and item is not _NOTHING and not (isinstance(item, _Mask) and not item.along)


def _axes(items: list[Any], shape: Shape) -> list[int]:
    """The axis that each item reads, -1 for none."""
    axes, axis = [], 0
    for item in items:
        axes.append(axis if _takes_axis(item) else -1)
        axis += axes[-1] >= 0
        if isinstance(item, _Mask) and item.along and axes[-1] >= 0 and item.along != (shape[axes[-1]],):
            raise OutOfBounds(f"A mask of size {item.along[0]} does not fit axis {axes[-1]} of size {shape[axes[-1]]}.")
    return axes


def _stretch(item: slice, size: Size) -> tuple[Size, int, Size]:
    """Where a slice starts, its step, and how many entries it takes."""
    step = 1 if item.step is None else integer(item.step)
    if step == 0:
        raise ArgumentError("The step of a slice cannot be zero.")
    if isinstance(size, int) and not isinstance(item.start, Polynomial) and not isinstance(item.stop, Polynomial):
        start, stop = (None if bound is None else integer(bound) for bound in (item.start, item.stop))
        places = range(size)[start:stop:step]
        return places.start, step, len(places)
    ends = (0, size) if step > 0 else (size - 1, -1)
    first, last = (end if bound is None else _counted(bound, size) for bound, end in zip((item.start, item.stop), ends, strict=True))
    return first, step, _steps(last - first if step > 0 else first - last, abs(step))


def _counted(place: Any, size: Size) -> Size:
    """A place counted from the front; symbols are large enough for what is written."""
    counted: Size = size_of(place)
    return size + counted if at_most(counted, -1) else counted


def _steps(length: Size, step: int) -> Size:
    """How many steps there are in a length, rounded up; none in a negative one."""
    if isinstance(length, int):
        return max(0, -(-length // step))
    counts = [count for monomial, count in length.terms if monomial]
    if all(count < 0 for count in counts):
        return 0
    if any(count < 0 for count in counts) or any(count % step for count in counts):
        raise NeedsSizes(f"How many entries a slice of length {length} with step {step} has needs sizes as numbers.")
    rest = sum(count for monomial, count in length.terms if not monomial)
    total: Size = -(-rest // step)
    return total + Polynomial(tuple((m, c // step) for m, c in length.terms if m))


def _place(item: Any, size: Size, axis: int) -> Any:
    """Positions counted from the front: a size, an array, or a node."""
    if isinstance(item, Node):
        return _from_front(item, size)
    if isinstance(item, Polynomial):
        return _counted(item, size)
    if isinstance(item, int) and isinstance(size, int):
        if not -size <= item < size:
            raise OutOfBounds(f"Index {item} is out of bounds for axis {axis} with size {size}.")
        return item % size
    if isinstance(size, int):
        wrong = item[(item < -size) | (item >= size)]
        if wrong.size:
            raise OutOfBounds(f"Index {wrong.flat[0]} is out of bounds for axis {axis} with size {size}.")
        return np.where(item < 0, item + size, item)
    if isinstance(item, int):
        return _counted(item, size)
    if np.any(item < 0):
        raise NeedsSizes(f"Positions counted from the end of axis {axis} need its size {size} as a number.")
    return np.asarray(item)


def _from_front(node: Node, size: Size) -> Node:
    if _never_negative(node):
        return node
    return arithmetic.where(arithmetic.elementwise("less", node, arithmetic.as_node(0), dtype=BOOL), node + size_node(size), node)


def _never_negative(node: Node) -> bool:
    """Whether these are places that wrt computed itself, or entries of such."""
    if node.op == "nest":
        terms: Any = node.attrs
        return all(t.scale == 1 and len(t.factors) == 1 and _never_negative(t.factors[0].node) for t in terms)
    return node.op in ("argsort", "searchsorted", "argmax", "argmin")


def _at_place(place: Any, block: Sequence[int], common: Shape) -> Index:
    """The index that takes the positions `place`, broadcast over the labels `block`."""
    if isinstance(place, Node):
        return Table(place, broadcast_index(place.shape, ats(block), common))
    if not isinstance(place, np.ndarray):
        return fixed(place)
    offset = len(common) - place.ndim
    running = [k for k in range(place.ndim) if place.shape[k] != 1]
    return from_values(np.asarray(place).reshape([place.shape[k] for k in running]), tuple(block[offset + k] for k in running))


def position_index(item: Any, size: Size, block: Sequence[int], common: Shape) -> Index:
    """The index that takes the entries `item` (positions or a node) of an axis, broadcast over labels."""
    return _at_place(_place(item if isinstance(item, Node) else np.asarray(item, dtype=np.int64), size, 0), block, common)


# ----- functions --------------------------------------------------------------------------------------------------------
_TAKE = [
    Case(((5,),), {"indices": [0, -1, 2, 2]}),
    Case(((2, 3),), {"indices": np.array([[2, 0], [1, 1]]), "axis": 1}),
    Case(((2, 3),), {"indices": 4}),
    Case(((4,),), {"indices": [-1, 5], "mode": "wrap"}),
    Case(((4,),), {"indices": [-1, 5], "mode": "clip"}),
]
_TAKE_ALONG = [
    Case(((2, 3), np.array([[0, 2], [1, 1]])), {"axis": 1}),
    Case(((2, 3),), {"indices": np.array([[0, 1, -1]]), "axis": 0}),
]


@implements(np.take, cases=_TAKE)
def take(a: Node, indices: Any, axis: Any = None, mode: str = "raise") -> Node:
    if axis is None:
        a, axis = ravel(a), 0
    axis = axis_of(axis, a.ndim)
    place = indices if isinstance(indices, Node) else np.asarray(indices, dtype=None if np.size(indices) else int)
    return getitem(a, (slice(None),) * axis + (within(place, a.shape[axis], mode),))


def within(place: Any, size: Size, mode: str) -> Any:
    """Positions as `mode` of np.take and np.choose means them: refused, taken modulo the size, or moved to the ends."""
    if mode == "raise":
        return place
    if mode not in ("wrap", "clip"):
        raise ArgumentError(f'mode={mode!r} must be "raise", "wrap" or "clip".')
    if not isinstance(place, Node):
        size = as_int(size, f"mode={mode!r}")
        return place % size if mode == "wrap" else np.clip(place, 0, size - 1)
    if mode == "wrap":
        return arithmetic.elementwise("remainder", place, size_node(size))
    return arithmetic.elementwise("minimum", arithmetic.elementwise("maximum", place, 0), size_node(size - 1))


@implements(np.take_along_axis, cases=_TAKE_ALONG)
def take_along_axis(arr: Node, indices: Any, axis: Any = -1) -> Node:
    if axis is None:
        arr, axis = ravel(arr), 0
    key, shape = along_axis(arr.shape, indices, axis)
    return gather(arr, shape, key)


def along_axis(shape: Shape, indices: Any, axis: Any) -> tuple[tuple[Index, ...], Shape]:
    """The index of np.take_along_axis, and the shape over which it runs."""
    axis = axis_of(axis, len(shape))
    indices = indices if isinstance(indices, Node) else np.asarray(indices)
    if len(np.shape(indices)) != len(shape):
        raise ShapeError(f"Indices of shape {show(np.shape(indices))} do not have as many dimensions as an array of shape {show(shape)}.")
    full = broadcast(replaced(np.shape(indices), axis, 1), replaced(shape, axis, 1))
    full = replaced(full, axis, np.shape(indices)[axis])
    labels = ats(range(len(full)))
    index = list(broadcast_index(replaced(shape, axis, full[axis]), labels, full))
    index[axis] = _at_place(_place(indices, shape[axis], axis), range(len(full)), full)
    return tuple(index), full


@implements(np.compress, cases=[Case((), {"condition": [True, False, True], "a": np.ones(3)})])
def compress(condition: Any, a: Node, axis: Any = None) -> Node:
    return take(a, np.flatnonzero(_concrete(condition)), axis)


@implements(np.extract, cases=[Case((np.array([True, False, True]), (3,)))])
def extract(condition: Any, arr: Node) -> Node:
    return take(ravel(arr), np.flatnonzero(_concrete(condition)))


def _concrete(condition: Any) -> Any:
    if isinstance(condition, Node) and condition.op != "frozen":
        raise Unsupported("A mask that is known only at run time cannot select entries.", advice="Use np.where.")
    return array_of(condition) if isinstance(condition, Node) else np.asarray(condition)


# ----- diagonals and triangles ------------------------------------------------------------------------------------------
@implements(np.diag, cases=[Case(((3,),)), Case(((3, 3),)), Case(((2,),), {"k": -1}), Case(((3, 4),), {"k": 1})])
def diag(v: Node, k: int = 0) -> Node:
    if v.ndim == 2:
        return diagonal(v, k)
    if v.ndim != 1:
        raise ShapeError(f"np.diag takes a vector or a matrix, not an array of shape {show(v.shape)}.")
    size = v.shape[0] + abs(k)
    row, col = (Affine(((0, 1),), max(0, shift)) for shift in (-k, k))
    return moved(v, (size, size), [Term(v.shape, (row, col), (Factor(v, (at(0),)),))])


@implements(np.diagflat, cases=[Case(((2, 2),)), Case(((3,),), {"k": 1})])
def diagflat(v: Node, k: int = 0) -> Node:
    return diag(ravel(v), k)


@implements(np.diagonal, cases=[Case(((3, 3),)), Case(((2, 3, 3),), {"offset": 1, "axis1": 1, "axis2": 2})])
def diagonal(a: Node, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    one, other = axis_of(axis1, a.ndim), axis_of(axis2, a.ndim)
    if one == other:
        raise ArgumentError(f"A diagonal needs two different axes, not {axis1} twice.")
    rest = [axis for axis in range(a.ndim) if axis not in (one, other)]
    rows, cols = (a.shape[axis] + min(0, shift) for axis, shift in ((one, offset), (other, -offset)))
    size = rows if same(rows, cols) or at_most(rows, cols) else cols if at_most(cols, rows) else as_int(rows - cols, "The length of a diagonal")
    size = max(size, 0) if isinstance(size, int) else size
    index: list[Index] = [at(0)] * a.ndim
    for label, axis in enumerate(rest):
        index[axis] = at(label)
    index[one] = Affine(((len(rest), 1),), max(0, -offset))
    index[other] = Affine(((len(rest), 1),), max(0, offset))
    return gather(a, (*(a.shape[axis] for axis in rest), size), index)


@implements(np.linalg.diagonal, cases=[Case(((2, 3, 3),), {"offset": -1})])
def last_diagonal(x: Node, offset: int = 0) -> Node:
    return diagonal(x, offset, -2, -1)


@implements(np.tril, cases=[Case(((3, 3),)), Case(((2, 3, 4),), {"k": 1}), Case(((3,),))])
def tril(m: Node, k: int = 0) -> Node:
    return _kept(m, lambda rows, cols: np.tri(rows, cols, k, dtype=bool), lambda n: make("tri", (), k, (n, n), BOOL))


@implements(np.triu, cases=[Case(((3, 3),)), Case(((2, 3, 4),), {"k": 1}), Case(((3,),))])
def triu(m: Node, k: int = 0) -> Node:
    turned = (at(1), at(0))
    return _kept(m, lambda rows, cols: ~np.tri(rows, cols, k - 1, dtype=bool), lambda n: view(make("tri", (), -k, (n, n), BOOL), (n, n), turned))


def _kept(m: Node, mask: Callable[[int, int], Any], symbolic: Callable[[Size], Node]) -> Node:
    """The matrices with the other entries zero, structurally: whatever stood there, even inf."""
    if m.ndim == 1:
        m = along(gather(m, (1, *m.shape), (at(1),)), 0, fixed(0), m.shape[0])
    if m.ndim == 0:
        raise ShapeError("A scalar has no triangles.")
    if same(*m.shape[-2:]) and isinstance(m.shape[-1], Polynomial):
        return arithmetic.where(symbolic(m.shape[-1]), m, 0)
    rows, cols = (as_int(size, "A triangle") for size in m.shape[-2:])
    places = np.nonzero(mask(rows, cols))
    size = places[0].size
    index = (*ats(range(m.ndim - 2)), *(from_values(place, (m.ndim - 2,)) for place in places))
    return moved(m, m.shape, [Term((*m.shape[:-2], size), index, (Factor(m, index),))] if size else [])
