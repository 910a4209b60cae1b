"""Assignment: the array after x[key] = value, after many such writes, after np.add.at; put_along_axis, fill_diagonal, bincount.

Nothing is written to. U is a new array, the sum of x where the key does not reach and of value where it does:
U[index(ℓ)] = value[ℓ], a scatter, whose local Jacobian by value has row index(ℓ) and column ℓ. Of several writes to one entry
the last one counts, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from wrt.errors import ShapeError, Unsupported
from wrt.graph import arithmetic
from wrt.graph.arithmetic import as_node
from wrt.graph.index import Affine, Index, Table, at, ats, from_values, labels_in
from wrt.graph.index import values as values_of
from wrt.graph.nest import is_zero, nest, zeros
from wrt.graph.node import BOOL, FLOAT, INT, DType, Node, Operand, Shape, array_of, frozen
from wrt.graph.shape import same, show
from wrt.graph.size import Size, as_int, product
from wrt.graph.term import Factor, Term, broadcast_index
from wrt.graph.term import moved as relabelled
from wrt.ops.catalog import Case, implements
from wrt.ops.ordering import argsort, searchsorted
from wrt.ops.rearrangement import broadcast_to, gather, ravel, reshape
from wrt.ops.selection import Selected, along_axis, select_by

Write = tuple[Any, Operand]
Region = tuple[tuple[Size, ...], tuple[Index, ...]]  # sizes of labels (0, 1, …), and an index for each of some axes


def assign(node: Node, key: Any, value: Operand) -> Node:
    """The array after node[key] = value."""
    found, value = select_by(node.shape, key), _as_value(value)
    _must_hold(node.dtype, value)
    scatter = _scatter(found, value)
    if 0 in found.shape:
        return node
    if found.at_run_time:
        return _at_run_time(node, found, value)
    if found.block:
        last = _last_writes(found, node.shape)
        scatter = scatter if last is None else relabelled(scatter, *last)
    return nest(node.shape, [*_untouched(node, found), scatter], node.dtype)


def assign_many(shape: Shape, dtype: DType, base: Node | None, writes: Sequence[Write]) -> Node:
    """The array after all of the writes (key, value) in turn, on top of `base`, or of zeros."""
    base = zeros(shape, dtype) if base is None else base
    if len(writes) == 1 or not all(isinstance(size, int) for size in shape):
        for key, value in writes:
            base = assign(base, key, value)
        return base
    held: list[tuple[Selected, Node]] = []
    for position, (key, value) in enumerate(writes):
        found, value = select_by(shape, key), _as_value(value)
        _must_hold(dtype, value)
        if found.at_run_time:
            before = assign_many(shape, dtype, base, writes[:position])
            return assign_many(shape, dtype, assign(before, key, value), writes[position + 1 :])
        held.append((found, value))
    if _apart([found for found, _ in held]) and (is_zero(base) or sum(as_int(product(found.shape), "Assignments") for found, _ in held) == product(shape)):
        return nest(shape, [_scatter(found, value) for found, value in held if 0 not in found.shape], dtype)
    owner = np.full(as_int(product(shape), "Assignments"), -1)  # which write each entry has its value from
    entry = np.zeros_like(owner)  # and which entry of that write's value
    for position, (found, _) in enumerate(held):
        if 0 in found.shape:
            continue
        where = _positions(found, shape)
        owner[where] = position
        entry[where] = np.arange(where.size)
    counts = np.bincount(owner + 1, minlength=len(held) + 1)
    terms = []
    for position, (found, value) in enumerate(held):
        scatter = _scatter(found, value)
        size = as_int(product(found.shape), "Assignments")
        if counts[position + 1] == size > 0:
            terms.append(scatter)
        elif counts[position + 1]:
            where = _positions(found, shape)
            mine = (owner[where] == position) & (entry[where] == np.arange(size))
            terms.append(relabelled(scatter, *_into(found.shape, tuple(range(len(found.shape))), _cells(mine.reshape(found.shape)))))
    if counts[0] and not is_zero(base):
        sizes, index = _cells((owner < 0).reshape(shape))
        terms.append(Term(sizes, index, (Factor(base, index),)))
    return nest(shape, terms, dtype)


def add_at(node: Node, key: Any, value: Operand) -> Node:
    """The array after np.add.at(node, key, value): every write counts, also of several to one entry."""
    found, value = select_by(node.shape, key), _as_value(value)
    _must_hold(node.dtype, value)
    labels = ats(range(node.ndim))
    scatter = _scatter(found, value)
    return node if 0 in found.shape else nest(node.shape, [Term(node.shape, labels, (Factor(node, labels),)), scatter], node.dtype)


def _as_value(value: Any) -> Node:
    return frozen(value) if isinstance(value, np.ndarray) else as_node(value.item() if isinstance(value, np.generic) else value)


def _scatter(found: Selected, value: Node) -> Term:
    extra = value.ndim - len(found.shape)
    if extra > 0 and all(size == 1 for size in value.shape[:extra]):  # NumPy drops leading axes of size 1
        value = reshape(value, value.shape[extra:])
    skipped = len(found.shape) - value.ndim
    if skipped < 0 or not all(size == 1 or same(size, found.shape[skipped + axis]) for axis, size in enumerate(value.shape)):
        raise ShapeError(f"A value of shape {show(value.shape)} cannot be written to a selection of shape {show(found.shape)}.")
    labels = ats(range(len(found.shape)))
    return Term(found.shape, found.index, (Factor(value, broadcast_index(value.shape, labels, found.shape)),))


def _must_hold(dtype: DType, value: Node) -> None:
    if dtype.kind in "iub" and value.dtype.kind == "f" and not (value.op == "constant" and not value.variables):
        raise Unsupported(
            f"A float cannot be written into an array of dtype {dtype} without being cut to a whole number.",
            advice="Make the array with floats, for example np.zeros(n).",
        )


# ----- where a key does not reach ---------------------------------------------------------------------------------------
def _untouched(node: Node, found: Selected) -> list[Term]:
    """The entries that the key does not pick: a slab for each axis (or group of axes read by arrays together)."""
    if is_zero(node):
        return []
    groups: list[tuple[tuple[int, ...], Region, list[Region]]] = [
        ((axis,), *_axis(found.index[axis], found.shape, node.shape[axis])) for axis in range(node.ndim) if axis not in found.fancy
    ]
    if found.fancy:
        groups.append((found.fancy, *_together(found, node.shape)))
    terms = []
    for k, (_, _, outside) in enumerate(groups):
        for region in outside:
            sizes: list[Size] = []
            index: list[Index] = [at(0)] * node.ndim
            for j, (axes, inside, _) in enumerate(groups):
                whole = (tuple(node.shape[axis] for axis in axes), ats(range(len(axes))))
                here, places = inside if j < k else region if j == k else whole
                shifted = {label: at(len(sizes) + label) for label in range(len(here))}
                for axis, place in zip(axes, places, strict=True):
                    index[axis] = _renamed(place, shifted)
                sizes += here
            if 0 not in sizes:
                terms.append(Term(tuple(sizes), tuple(index), (Factor(node, tuple(index)),)))
    return terms


def _renamed(index: Index, by: dict[int, Affine]) -> Index:
    """The index with other labels; unlike substitution, it never evaluates a table."""
    if isinstance(index, Table):
        return Table(index.node, tuple(_renamed(inner, by) for inner in index.index))
    return Affine(tuple((by[label].parts[0][0], c) for label, c in index.parts), index.offset, index.modulus)


def _axis(index: Index, shape: Shape, size: Size) -> tuple[Region, list[Region]]:
    """What a slice or a position takes of an axis, and the stretches that it leaves."""
    assert isinstance(index, Affine)
    if not index.parts:
        start, step, count = index.offset, 1, 1
        inside: Region = ((), (index,))
    else:
        ((label, stride),) = index.parts
        start, step, count = index.offset, as_int(stride, "A step"), shape[label]  # type: ignore[assignment]
        inside = ((count,), (Affine(((0, stride),), index.offset),))
    if step < 0:
        start, step = start + step * (count - 1), -step
    behind = start + step * (count - 1) + 1
    outside: list[Region] = [((start,), (at(0),)), ((size - behind,), (Affine(((0, 1),), behind),))]
    if step == 2:
        outside.append(((count - 1,), (Affine(((0, 2),), start + 1),)))
    elif step > 2:
        outside.append(((count - 1, step - 1), (Affine(((0, step), (1, 1)), start + 1),)))
    return inside, outside


def _together(found: Selected, shape: Shape) -> tuple[Region, list[Region]]:
    """What integer arrays take of the axes that they read together, each entry once, and what they leave."""
    counts = [as_int(shape[axis], "An assignment by integer arrays") for axis in found.fancy]
    taken = np.zeros(counts, dtype=bool)
    taken[found.places] = True
    return _cells(taken), [_cells(~taken)]


def _cells(mask: Any) -> Region:
    """The true entries of a mask, each once: axis by axis where they form a grid, else one after the other."""
    lines = [np.flatnonzero(mask.any(axis=tuple(k for k in range(mask.ndim) if k != axis))) for axis in range(mask.ndim)]
    if np.count_nonzero(mask) == np.prod([line.size for line in lines]):
        running = [axis for axis, line in enumerate(lines) if line.size != 1]
        index = tuple(from_values(line, (running.index(k),)) if k in running else Affine((), int(line[0])) for k, line in enumerate(lines))
        return tuple(lines[axis].size for axis in running), index
    places = np.nonzero(mask)
    return (places[0].size,), tuple(from_values(place, (0,)) for place in places)


_FEW = 32  # so many writes are compared two by two


def _apart(written: Sequence[Selected]) -> bool:
    """Whether these are few positions and slices of which no two surely have an entry in common."""
    boxes = [_box(found) for found in written if 0 not in found.shape]
    if len(boxes) > _FEW or None in boxes:
        return False
    return all(any(high < start or stop < low for (low, high), (start, stop) in zip(a, b, strict=True)) for a, b in combinations(boxes, 2))  # type: ignore[arg-type]


def _box(found: Selected) -> list[tuple[int, int]] | None:
    """The first and the last position along each axis."""
    sides: list[tuple[int, int]] = []
    for index in found.index:
        if found.fancy or not isinstance(index, Affine) or len(index.parts) > 1 or index.modulus is not None:
            return None
        start = as_int(index.offset, "Assignments")
        stop = start + sum(as_int(step, "A step") * (as_int(found.shape[label], "Assignments") - 1) for label, step in index.parts)
        sides.append((min(start, stop), max(start, stop)))
    return sides


# ----- which write counts -----------------------------------------------------------------------------------------------
def _positions(found: Selected, shape: Shape) -> Any:
    """The places that a key picks, counted through the whole array, in the order in which they are written."""
    grid = dict(enumerate(np.ogrid[tuple(slice(0, as_int(size, "Assignments")) for size in found.shape)])) if found.shape else {}
    flat = np.asarray(0)
    for index, size in zip(found.index, shape, strict=True):
        flat = flat * as_int(size, "Assignments") + values_of(index, grid)
    return np.broadcast_to(flat, [as_int(size, "Assignments") for size in found.shape]).ravel()


def _into(shape: Shape, labels: tuple[int, ...], cells: Region) -> tuple[dict[int, Index], tuple[Size, ...]]:
    """Labels of `shape` replaced by what runs over the cells only."""
    sizes, index = cells
    shifted = {label: at(len(shape) + label) for label in range(len(sizes))}
    return {label: _renamed(place, shifted) for label, place in zip(labels, index, strict=True)}, (*shape, *sizes)


def _last_writes(found: Selected, shape: Shape) -> tuple[dict[int, Index], tuple[Size, ...]] | None:
    """The substitution that leaves only the last write to each entry; None where no entry is written twice."""
    block = [as_int(found.shape[label], "An assignment by integer arrays") for label in found.block]
    counts = [as_int(shape[axis], "An assignment by integer arrays") for axis in found.fancy]
    flat = np.broadcast_to(np.ravel_multi_index(found.places, counts), block).ravel() if found.fancy else np.zeros(block, int).ravel()
    places, reversed_first = np.unique(flat[::-1], return_index=True)
    if places.size == flat.size:
        return None
    last = np.zeros(flat.size, dtype=bool)
    last[flat.size - 1 - reversed_first] = True
    return _into(found.shape, found.block, _cells(last.reshape(block)))


def _at_run_time(node: Node, found: Selected, value: Node) -> Node:
    """Where integer nodes say what is written: each entry looks up the last write to it, if there is one."""
    counts = tuple(as_int(node.shape[axis], "An assignment at run time") for axis in found.fancy)
    weights = [int(np.prod(counts[k + 1 :])) for k in range(len(counts))]
    flat: Node = as_node(0)
    for place, weight in zip(found.places, weights, strict=True):
        place = place if isinstance(place, Node) else frozen(np.asarray(place))
        flat = flat + weight * place
    block = tuple(found.shape[label] for label in found.block)
    every = frozen(np.arange(int(np.prod(counts))))
    if not found.block:
        write, written = every, arithmetic.elementwise("equal", every, flat, dtype=BOOL)
    else:
        write, written = _last_at_run_time(ravel(broadcast_to(flat, block)), every)

    # one label an axis of the array; the entry at those labels reads the value of the write that it had last
    labels = list(range(node.ndim))
    sizes = [counts[found.fancy.index(axis)] if axis in found.fancy else size for axis, size in enumerate(node.shape)]
    number = Affine(tuple((axis, weight) for axis, weight in zip(found.fancy, weights, strict=True)))
    by: dict[int, Index] = {}
    if found.block:
        lengths = [as_int(size, "An assignment at run time") for size in block]
        digits = np.unravel_index(np.arange(np.prod(lengths)), lengths)
        for label, digit in zip(found.block, digits, strict=True):
            by[label] = Table(frozen(digit), (Table(write, (number,)),))
    out: list[Index] = list(ats(labels))
    for axis, index in enumerate(found.index):
        if axis in found.fancy:
            continue
        assert isinstance(index, Affine)
        sizes[axis] = 1 if not index.parts else found.shape[index.parts[0][0]]
        out[axis] = Affine(tuple((axis, c) for _, c in index.parts), index.offset)
        by |= {label: at(axis) for label, _ in index.parts}
    scatter = _scatter(found, value)
    source = tuple(Factor(f.node, tuple(_read(i, by) for i in f.index)) for f in scatter.factors)
    values = nest(node.shape, [Term(tuple(sizes), tuple(out), source)], node.dtype)
    reached = nest(node.shape, [Term(tuple(sizes), tuple(out), (Factor(written, (number,)),))], INT)
    return arithmetic.where(arithmetic.elementwise("not_equal", reached, as_node(0), dtype=BOOL), values, node)


def _last_at_run_time(flat: Node, every: Node) -> tuple[Node, Node]:
    """For every entry the number of the last write to it, and whether there is one."""
    order = argsort(flat)
    ordered = gather(flat, order.shape, (Table(order, (at(0),)),))
    rank = arithmetic.elementwise("maximum", searchsorted(ordered, every, side="right") - 1, as_node(0))
    written = arithmetic.elementwise("equal", gather(ordered, every.shape, (Table(rank, (at(0),)),)), every, dtype=BOOL)
    return gather(order, every.shape, (Table(rank, (at(0),)),)), written


def _read(index: Index, by: dict[int, Index]) -> Index:
    """A label of the value, read at what stands for it; the axes of size 1 are read at 0."""
    labels = labels_in(index)
    return by.get(labels[0], Affine(())) if labels else index


# ----- functions --------------------------------------------------------------------------------------------------------
def put_along_axis(arr: Node, indices: Any, values: Operand, axis: Any) -> Node:
    """The array after np.put_along_axis."""
    if axis is None:
        return reshape(put_along_axis(ravel(arr), indices, values, 0), arr.shape)
    index, shape = along_axis(arr.shape, indices, axis)
    grid = [as_int(size, "np.put_along_axis") for size in shape]
    places = np.ogrid[tuple(slice(0, n) for n in grid)]
    key = tuple(_key(i, places, shape) for i in index)
    return assign(arr, key, values)


def _key(index: Index, places: Sequence[Any], shape: Shape) -> Any:
    if isinstance(index, Table) and index.node.op != "frozen":
        return gather(index.node, shape, index.index) if index.node.ndim else index.node
    return values_of(index, dict(enumerate(places)))


def fill_diagonal(a: Node, val: Node, wrap: bool = False) -> Node:
    """The array after np.fill_diagonal."""
    if a.ndim < 2:
        raise ShapeError("The array must be at least 2-D.")
    counts = [as_int(size, "np.fill_diagonal") for size in a.shape]
    if a.ndim > 2 and len(set(counts)) > 1:
        raise ShapeError("All axes of the array must be of the same size.")
    step = counts[1] + 1 if a.ndim == 2 else 1 + int(np.cumprod(counts[:-1]).sum())
    end = counts[1] * counts[1] if a.ndim == 2 and not wrap else int(np.prod(counts))
    places = np.unravel_index(np.arange(0, min(end, int(np.prod(counts))), step), counts)
    val = ravel(val)
    entries = gather(val, places[0].shape, (from_values(np.arange(places[0].size) % as_int(val.shape[0], "A diagonal"), (0,)),))
    return assign(a, places, entries)


@implements(np.bincount, cases=[Case((np.array([0, 2, 2]), (3,))), Case((np.array([1, 0, 1]), (3,)), {"minlength": 4})])
def bincount(x: Any, weights: Node | None = None, minlength: int = 0) -> Node:
    """By the weights; x are integers that are known."""
    if isinstance(x, Node) and x.op != "frozen":
        fact = "The length of np.bincount(x) is not known where x is known only at run time."
        raise Unsupported(fact, advice="Use np.add.at on np.zeros(n).")
    places = array_of(x) if isinstance(x, Node) else np.asarray(x)
    if weights is None:
        return frozen(np.bincount(places, minlength=minlength))
    size = max(int(places.max(initial=-1)) + 1, minlength)
    return add_at(zeros((size,), FLOAT), places.astype(int), weights)

