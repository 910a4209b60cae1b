"""Index expressions: which entry of an array a loop reads or writes, as a function of the loop's labels.

A label is a small integer; the term that uses it knows its size. An index is affine in labels (plain labels, slices, flips,
rolls, reshapes) or read from an integer table (fancy indexing).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

import numpy as np

from wrt.graph.node import Node, array_of, frozen
from wrt.graph.size import NeedsSizes, Size, as_int, at_most

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Affine(NamedTuple):
    """(Σ coefficient·label + offset), taken modulo `modulus` if there is one."""

    parts: tuple[tuple[int, Size], ...]
    offset: Size = 0
    modulus: Size | None = None


class Table(NamedTuple):
    """The entry of an integer array at these indices; static when the array is frozen."""

    node: Node
    index: tuple[Index, ...]  # type: ignore[assignment]  # hides tuple.index, which nobody calls


Index = Affine | Table


def at(label: int) -> Affine:
    """The label itself."""
    return Affine(((label, 1),))


def fixed(position: Size) -> Affine:
    """One position, whatever the labels."""
    return Affine((), position)


def ats(labels: range | Sequence[int]) -> tuple[Index, ...]:
    return tuple(Affine(((label, 1),)) for label in labels)


def plain(index: Index) -> int | None:
    """The label, if the index is nothing but a label."""
    if isinstance(index, Affine) and len(index.parts) == 1 and index.offset == 0 and index.modulus is None:
        label, coefficient = index.parts[0]
        return label if coefficient == 1 else None
    return None


def labels_in(index: Index) -> tuple[int, ...]:
    if isinstance(index, Affine):
        parts = index.parts
        return (parts[0][0],) if len(parts) == 1 else tuple([label for label, _ in parts]) if parts else ()
    return tuple(label for inner in index.index for label in labels_in(inner))


def is_static(index: Index) -> bool:
    """Whether the values are known once the labels' are."""
    return isinstance(index, Affine) or (index.node.op == "frozen" and all(map(is_static, index.index)))


def values(index: Index, at_labels: Mapping[int, NDArray[Any]]) -> NDArray[Any]:
    """The index at given values of its labels (static indices only)."""
    if isinstance(index, Table):
        return np.asarray(array_of(index.node)[tuple(values(i, at_labels) for i in index.index)])
    total = np.asarray(as_int(index.offset, "An index table"))
    for label, coefficient in index.parts:
        step = as_int(coefficient, "An index table")
        part = at_labels[label] if step == 1 else at_labels[label] * step
        total = total + part if total.ndim or total else part
    return total if index.modulus is None else total % as_int(index.modulus, "An index table")


_irregular: WeakSet[Node] = WeakSet()  # tables that were found not to be affine


def tabulated(index: Index, sizes: Sequence[Size]) -> Index:
    """A static index as the simplest index with the same values: a position, an affine one if it can be, else a flat table."""
    labels = tuple(sorted(set(labels_in(index))))
    if isinstance(index, Table) and index.node in _irregular and index.index == ats(labels) and index.node.shape == tuple([sizes[label] for label in labels]):
        return index
    return _evaluated(at(0), (index,), labels, sizes)


def _evaluated(of: Affine, new: tuple[Index, ...], labels: tuple[int, ...], sizes: Sequence[Size]) -> Index:
    """`of` at labels that are themselves indices (one for each of its parts) in the labels given, in its simplest form."""
    counts = tuple([as_int(sizes[label], "An index table") for label in labels])
    numbered = tuple([_numbered(i, labels) for i in new])
    made = _made.get()
    key = (tuple([c for _, c in of.parts]), of.offset, of.modulus, numbered, counts)
    found = None if made is None else made.get(key)
    if found is None:
        grids = dict(enumerate(np.ogrid[tuple(slice(0, n) for n in counts)])) if labels else {}
        table = values(of, {old: values(i, grids) for (old, _), i in zip(of.parts, numbered, strict=True)})
        found = from_values(np.broadcast_to(table, counts), tuple(range(len(labels))))
        if made is not None:
            made[key] = found
    if isinstance(found, Table):
        return Table(found.node, ats(labels))
    return Affine(tuple([(labels[number], c) for number, c in found.parts]), found.offset, found.modulus)


def _numbered(index: Index, labels: tuple[int, ...]) -> Index:
    """The index with labels 0, 1, … in the place of these."""
    if isinstance(index, Table):
        return Table(index.node, tuple([_numbered(i, labels) for i in index.index]))
    return Affine(tuple([(labels.index(label), c) for label, c in index.parts]), index.offset, index.modulus)


def from_values(table: NDArray[Any], labels: tuple[int, ...]) -> Index:
    """The index that takes the value table[l, m, …] at labels (l, m, …)."""
    if table.size == 0:
        return Table(frozen(table.astype(np.int64)), ats(labels))
    start = int(table.flat[0])
    steps = [int(np.take(table, 1, axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(table.shape)]
    if _is_straight(table, start, steps):
        return Affine(tuple((label, step) for label, step in zip(labels, steps, strict=True) if step), start)
    node = frozen(table.astype(np.int64, order="C"), copy=False)
    _irregular.add(node)
    return Table(node, ats(labels))


def _is_straight(table: NDArray[Any], start: int, steps: Sequence[int]) -> bool:
    """Whether the table is start + Σ step·label; most that are not show it in their last entry or in their first line."""
    if int(table.flat[-1]) != start + sum(step * (n - 1) for step, n in zip(steps, table.shape, strict=True)):
        return False
    for axis, step in enumerate(steps):
        line = table[tuple(slice(None) if a == axis else 0 for a in range(table.ndim))]
        if not np.array_equal(line, start + step * np.arange(line.size)):
            return False
    if table.ndim < 2:
        return True
    straight = np.asarray(start)
    for axis, step in enumerate(steps):
        straight = straight + step * np.arange(table.shape[axis]).reshape([-1 if a == axis else 1 for a in range(table.ndim)])
    return np.array_equal(straight, table)


# ----- tables that were made already --------------------------------------------------------------------------------------
_made: ContextVar[dict[Any, Index] | None] = ContextVar("tables made", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, no table is computed twice: composing along the paths of a graph asks for the same ones again and again."""
    token = _made.set({}) if _made.get() is None else None
    try:
        yield
    finally:
        if token is not None:
            _made.reset(token)


def substitute(index: Index, by: Mapping[int, Index], sizes: Sequence[Size]) -> Index:
    """The index with labels replaced by index expressions in other labels (whose sizes are given)."""
    if not by or not any(label in by for label in labels_in(index)):
        return index
    label = plain(index)
    if label is not None:
        return by[label]
    if isinstance(index, Table):
        moved = Table(index.node, tuple(substitute(i, by, sizes) for i in index.index))
        return tabulated(moved, sizes) if is_static(moved) else moved
    parts: dict[int, Size] = {}
    offset: Size = index.offset
    for old, coefficient in index.parts:
        new = by.get(old, at(old))
        if isinstance(new, Table) or (new.modulus is not None and new.modulus != index.modulus):
            return _through_table(index, by, sizes)
        for part, inner in new.parts:
            parts[part] = parts.get(part, 0) + coefficient * inner
        offset = offset + coefficient * new.offset
    made = Affine(tuple((p, c) for p, c in parts.items() if c != 0), offset, index.modulus)
    return unrolled(made, sizes)


def makes_table(index: Index, by: Mapping[int, Index]) -> bool:
    """Whether the substitution makes a table that is longer than those it begins with."""
    if not isinstance(index, Affine):
        return False
    new = [by[label] for label, _ in index.parts if label in by]
    return any(len(index.parts) > 1 if isinstance(i, Table) else i.modulus not in (None, index.modulus) for i in new)


def unrolled(index: Affine, sizes: Sequence[Size]) -> Affine:
    """The index without its modulus where it never leaves one turn round the axis."""
    offset, modulus = index.offset, index.modulus
    if modulus is None:
        return index
    if isinstance(offset, int) and isinstance(modulus, int):
        offset = offset % modulus
    for turns in (0, 1, -1):
        straight = Affine(index.parts, offset + turns * modulus)
        if inside(straight, modulus, sizes):
            return straight
    return Affine(index.parts, offset, modulus)


def inside(index: Index, size: Size, sizes: Sequence[Size]) -> bool:
    """Whether the index surely stays in range(size)."""
    if not isinstance(index, Affine):
        return False
    if index.modulus is not None:
        return at_most(index.modulus, size)
    low: Size = index.offset
    high: Size = index.offset
    for label, coefficient in index.parts:
        reach = coefficient * (sizes[label] - 1)
        if at_most(0, coefficient):
            high = high + reach
        else:
            low = low + reach
    return at_most(0, low) and at_most(high + 1, size)


def _through_table(index: Affine, by: Mapping[int, Index], sizes: Sequence[Size]) -> Index:
    """An affine index of something that is not affine: tabulate what is static; arithmetic on a run-time table needs a node."""
    new = tuple([by.get(old, at(old)) for old, _ in index.parts])
    if not all(map(is_static, new)):
        raise RuntimeIndex
    labels = tuple(sorted({label for i in new for label in labels_in(i)}))
    return _evaluated(index, new, labels, sizes)


class RuntimeIndex(NeedsSizes):
    """Two indices of which one is known only at run time cannot be matched beforehand; the caller makes an array instead."""

    def __init__(self) -> None:
        super().__init__("An index that is known only at run time cannot be matched with another beforehand.")
