"""Index expressions: which entry of an array a loop reads or writes, as a function of the loop's labels.

A label is a small integer; the term that uses it knows its size. An index is affine in labels (plain labels, slices, flips,
rolls, reshapes) or read from an integer table (fancy indexing).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

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
        total = total + at_labels[label] * as_int(coefficient, "An index table")
    return total if index.modulus is None else total % as_int(index.modulus, "An index table")


def tabulated(index: Index, sizes: Sequence[Size]) -> Index:
    """A static index as the simplest index with the same values: a position, an affine one if it can be, else a flat table."""
    labels = tuple(sorted(set(labels_in(index))))
    counts = [as_int(sizes[label], "An index table") for label in labels]
    grids = np.meshgrid(*(np.arange(n) for n in counts), indexing="ij") if labels else []
    return from_values(values(index, dict(zip(labels, grids, strict=True))), labels)


def from_values(table: NDArray[Any], labels: tuple[int, ...]) -> Index:
    """The index that takes the value table[l, m, …] at labels (l, m, …)."""
    if table.size == 0:
        return Table(frozen(table.astype(np.int64)), ats(labels))
    start = int(table.flat[0])
    steps = [int(np.take(table, 1, axis).flat[0]) - start if n > 1 else 0 for axis, n in enumerate(table.shape)]
    straight = np.asarray(start)
    for axis, step in enumerate(steps):
        straight = straight + step * np.arange(table.shape[axis]).reshape([-1 if a == axis else 1 for a in range(table.ndim)])
    if np.array_equal(straight, table):
        return Affine(tuple((label, step) for label, step in zip(labels, steps, strict=True) if step), start)
    return Table(frozen(table.astype(np.int64)), ats(labels))


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
    new = {old: by.get(old, at(old)) for old, _ in index.parts}
    if not all(map(is_static, new.values())):
        raise RuntimeIndex
    labels = tuple(sorted({label for i in new.values() for label in labels_in(i)}))
    counts = [as_int(sizes[label], "An index table") for label in labels]
    grids = dict(zip(labels, np.meshgrid(*(np.arange(n) for n in counts), indexing="ij"), strict=True)) if labels else {}
    return from_values(values(index, {old: values(i, grids) for old, i in new.items()}), labels)


class RuntimeIndex(NeedsSizes):
    """Two indices of which one is known only at run time cannot be matched beforehand; the caller makes an array instead."""

    def __init__(self) -> None:
        super().__init__("An index that is known only at run time cannot be matched with another beforehand.")
