"""The sparsity pattern of a map: which entries its terms write, as CSR indices that are computed once.

The pattern follows from the indices alone, never from values: it holds every entry that can be nonzero. Each turn of a term's
loop has a fixed place in the CSR data, so that refilling a matrix is to evaluate the coefficients and to store them.

Where every term reaches a row at most once (stencils, gathers, elementwise functions), the columns of a row are kept side by
side and an entry's place is its row's start plus the number of smaller columns: a few passes over the entries, no sorting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product as every
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wrt.graph.arithmetic import multiply
from wrt.graph.index import Affine, Index, is_static, labels_in, values
from wrt.graph.node import Node
from wrt.graph.size import Size, as_int
from wrt.graph.term import Term
from wrt.linear.linear_map import LinearMap, coefficient, from_dense

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE_BY_SIDE = 48  # so many columns of a row are compared with each other; beyond, entries are sorted
PAIRS = 1 << 31  # and so many comparisons at most


@dataclass(frozen=True, slots=True)
class Pattern:
    """CSR indices of a matrix (prod of shape_out rows, prod of shape_in columns), and where each term's turns are stored.

    `places` holds for each term an array of the shape of its sizes: positions in the CSR data. `apart` says of each term whether
    no other turn, of its own or another's, is stored at the same place.
    """

    shape: tuple[int, int]
    indptr: NDArray[Any]
    indices: NDArray[Any]
    places: tuple[NDArray[Any], ...]
    apart: tuple[bool, ...] = field(repr=False)

    @property
    def nnz(self) -> int:
        return int(self.indices.size)

    @property
    def density(self) -> float:
        """The part of the entries that may be nonzero."""
        return self.nnz / max(1, self.shape[0] * self.shape[1])

    @property
    def rows(self) -> NDArray[Any]:
        """The row of each entry."""
        return np.repeat(np.arange(self.shape[0], dtype=self.indices.dtype), np.diff(self.indptr))

    def data(self, coefficients: Sequence[Any], dtype: Any = float) -> NDArray[Any]:
        """The CSR data from the terms' coefficients, each broadcast to its term's sizes."""
        fresh = np.empty(self.nnz, dtype)
        store(fresh, coefficients, self.places, self.apart)
        return fresh

    def __str__(self) -> str:
        rows, columns = self.shape
        most = int(np.diff(self.indptr).max(initial=0))
        return f"{rows}×{columns}, {self.nnz} entries ({100 * self.density:.3g} %), at most {most} in a row"


def store(data: NDArray[Any], values: Sequence[Any], places: Sequence[NDArray[Any]], apart: Sequence[bool], *, padded: bool = False) -> None:
    """The terms' coefficients at their places; `padded`: there are entries that no term writes."""
    if padded or not all(apart):
        data[...] = 0
    for value, place, alone in zip(values, places, apart, strict=True):
        if alone:
            data[place] = value
        else:
            np.add.at(data, place, np.broadcast_to(value, place.shape))


def static(m: LinearMap) -> LinearMap:
    """The same map with a pattern that is known beforehand: one with run-time indices becomes a full matrix."""
    return m if all(is_static(index) for term in m.terms for index in term.out) else from_dense(m.to_dense(), len(m.shape_out))


def coefficients(m: LinearMap) -> list[Node]:
    """One array for each term, over the term's labels."""
    return [multiply(term.scale, coefficient(term)) if term.scale != 1 or not term.factors else coefficient(term) for term in m.terms]


def sizes(m: LinearMap) -> list[tuple[int, ...]]:
    return [_ints(term.sizes) for term in m.terms]


def _ints(shape: Iterable[Size]) -> tuple[int, ...]:
    return tuple(as_int(size, "A sparse matrix") for size in shape)


def pattern(m: LinearMap) -> Pattern:
    """Where the terms write: computed once for a map, in NumPy."""
    shape_out, shape_in = _ints(m.shape_out), _ints(m.shape_in)
    shape = prod(shape_out), prod(shape_in)
    turns = [prod(counts) for counts in sizes(m)]
    small = np.int32 if max(*shape, sum(turns)) < 2**31 else np.int64
    once = [_once(m, term) for term in m.terms]
    copies = [prod(counts[label] for label in labels or ()) for counts, labels in zip(sizes(m), once, strict=True)]
    if None not in once and sum(copies) <= 4 * SIDE_BY_SIDE:
        slots = [slot for k, term in enumerate(m.terms) for slot in _slots(m, term, k, once[k] or ())]
        found = _by_comparison(shape, slots, sizes(m), small)
        if found is not None:
            return found
    return _by_sorting(shape, [(_flat(term, m.row(term), shape_out), _flat(term, m.col(term), shape_in)) for term in m.terms], small)


class _Slot(NamedTuple):
    """A part of a term's loop in which each row is reached at most once: the rows (a slice, where they are one) and the columns."""

    term: int
    where: tuple[Any, ...]
    rows: Any
    columns: NDArray[Any]


def _slots(m: LinearMap, term: Term, number: int, once: Sequence[int]) -> Iterator[_Slot]:
    row, column = _flat(term, m.row(term), _ints(m.shape_out)), _flat(term, m.col(term), _ints(m.shape_in))
    for chosen in every(*(range(row.shape[label]) for label in once)):
        where: list[Any] = [slice(None)] * row.ndim
        for label, k in zip(once, chosen, strict=True):
            where[label] = k
        yield _Slot(number, tuple(where), _span(row[tuple(where)].ravel()), column[tuple(where)].ravel())


def _once(m: LinearMap, term: Term) -> tuple[int, ...] | None:
    """The labels outside of the row, if rows and the labels inside determine each other."""
    weights: dict[int, int] = {}
    step = 1
    for index, n in zip(reversed(m.row(term)), reversed(_ints(m.shape_out)), strict=True):
        if not isinstance(index, Affine) or index.modulus is not None:
            return None
        for label, c in index.parts:
            weights[label] = weights.get(label, 0) + as_int(c, "A sparse matrix") * step
        step *= n
    reach = 0
    for label, weight in sorted(weights.items(), key=lambda item: abs(item[1])):
        if abs(weight) <= reach:
            return None
        reach += abs(weight) * (as_int(term.sizes[label], "A sparse matrix") - 1)
    return tuple(label for label in range(len(term.sizes)) if label not in weights)


def _by_comparison(shape: tuple[int, int], slots: Sequence[_Slot], sizes: Sequence[tuple[int, ...]], small: Any) -> Pattern | None:
    """Columns side by side in a table of rows; None where the rows are too long for that."""
    rows = shape[0]
    count = np.zeros(rows, np.int16)
    for slot in slots:
        count[slot.rows] += 1
    width = int(count.max(initial=0))
    if width > SIDE_BY_SIDE or width**2 * rows > PAIRS:
        return None
    nothing = np.iinfo(small).max
    table = np.full((width, rows), nothing, small)
    count[...] = 0
    for slot in slots:
        if isinstance(slot.rows, slice) and np.all(count[slot.rows] == count[slot.rows.start]):
            table[count[slot.rows.start], slot.rows] = slot.columns
        else:
            table[count[slot.rows], np.arange(rows)[slot.rows]] = slot.columns
        count[slot.rows] += 1
    double = False
    for later in range(1, width):
        for earlier in range(later):
            same = table[later] == table[earlier]
            same &= table[later] != nothing
            if same.any():
                double = True
                table[later][same] = nothing
    indptr = np.zeros(rows + 1, small)
    for each in table:
        indptr[1:] += each != nothing
    np.cumsum(indptr, out=indptr)
    indices = np.empty(int(indptr[-1]), small)
    places = [np.empty(counts, small) for counts in sizes]
    writers = np.zeros(indices.size if double else 0, np.int8)
    for slot in slots:
        place = indptr[:-1][slot.rows].copy()
        for each in table:
            place += each[slot.rows] < slot.columns
        indices[place] = slot.columns
        if double:
            writers[place] += 1
        target = places[slot.term]
        target[slot.where] = place.reshape(target[slot.where].shape)
    apart = tuple(bool(np.all(writers[place] == 1)) for place in places) if double else (True,) * len(places)
    return Pattern(shape, indptr, indices, tuple(places), apart)


def _span(row: NDArray[Any]) -> Any:
    """The rows as a slice if they are one, which is much faster to read."""
    if row.size and int(row[-1]) - int(row[0]) == row.size - 1 and np.array_equal(row, np.arange(row[0], row[0] + row.size, dtype=row.dtype)):
        return slice(int(row[0]), int(row[0]) + row.size)
    return row


def _by_sorting(shape: tuple[int, int], turns: Sequence[tuple[NDArray[Any], NDArray[Any]]], small: Any) -> Pattern:
    """Entries in the order of row and column; those at the same place share it."""
    rows, columns = shape
    key = np.concatenate([(row.astype(np.int64) * columns + column).ravel() for row, column in turns] or [np.zeros(0, np.int64)])
    if np.all(key[1:] > key[:-1]):
        place, kept = np.arange(key.size, dtype=small), key
    else:
        order = np.argsort(key)
        kept = key[order]
        fresh = np.ones(kept.size, bool)
        fresh[1:] = kept[1:] != kept[:-1]
        place = np.empty(key.size, small)
        place[order] = np.cumsum(fresh, dtype=small) - 1
        kept = kept[fresh]
    row, column = np.divmod(kept, max(1, columns))
    indptr = np.zeros(rows + 1, small)
    np.cumsum(np.bincount(row, minlength=rows), out=indptr[1:])
    ends = np.cumsum([row.size for row, _ in turns], dtype=np.int64)
    places = [part.reshape(row.shape) for part, (row, _) in zip(np.split(place, ends[:-1]), turns, strict=True)] if turns else []
    writers = np.bincount(place, minlength=kept.size) if kept.size < key.size else None
    apart = tuple(writers is None or bool(np.all(writers[part] == 1)) for part in places)
    return Pattern(shape, indptr, column.astype(small), tuple(places), apart)


def _flat(term: Term, index: Sequence[Index], shape: Sequence[int]) -> NDArray[Any]:
    """Row-major positions, one for each turn of the loop: an array of the shape of the term's sizes (perhaps a broadcast view)."""
    counts = _ints(term.sizes)
    small = np.int32 if prod(shape) < 2**31 else np.int64
    grid = {
        label: np.arange(counts[label], dtype=np.int64).reshape([-1 if k == label else 1 for k in range(len(counts))])
        for label in {label for i in index for label in labels_in(i)}
    }
    total: Any = np.zeros((), small)
    for i, n in zip(index, shape, strict=True):
        total = (total * n if total.ndim else np.asarray(int(total) * n, small)) + values(i, grid).astype(small)
    return np.broadcast_to(total, counts)
