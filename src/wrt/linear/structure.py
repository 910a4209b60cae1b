"""What a map is — zero, identity, diagonal, banded, permutation, gather, Kronecker, low rank, dense — and why.

Structure is derived from the terms, never asserted by the user: each claim comes with its reason in words. Rows and columns
are those of the flattened matrix (C order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wrt.graph.index import Affine, Index, Table, labels_in, plain
from wrt.graph.node import array_of
from wrt.graph.size import Size
from wrt.graph.term import Term
from wrt.linear.linear_map import LinearMap


@dataclass(frozen=True, slots=True)
class Structure:
    """A kind and the reason for it; `lower` and `upper` are the half bandwidths where they are known."""

    kind: str
    reason: str
    lower: int | None = None
    upper: int | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"


def structure(m: LinearMap) -> Structure:
    """The narrowest kind that the terms show."""
    if not m.terms:
        return Structure("zero", "the output does not depend on this input")
    offsets = [_diagonal_offset(m, term) for term in m.terms]
    if all(offset is not None for offset in offsets):
        return _banded(m, [offset for offset in offsets if offset is not None])
    if all(_selects(m, term) for term in m.terms):
        moved = "each output entry reads one input entry" if len(m.terms) == 1 else f"each output entry reads at most {len(m.terms)} input entries"
        return Structure("gather" if len(m.terms) > 1 else "selection", moved)
    factors = _kronecker(m)
    if factors is not None:
        return factors
    if all(_outer(m, term) for term in m.terms):
        return Structure("low rank", f"a sum of {len(m.terms)} outer product{'s' * (len(m.terms) != 1)}, rank at most {len(m.terms)}")
    low = [term for term in m.terms if _outer(m, term)]
    rest = [offset for term, offset in zip(m.terms, offsets, strict=True) if offset is not None]
    if len(low) + len(rest) == len(m.terms) and set(rest) <= {0}:
        return Structure("diagonal + low rank", f"a diagonal and {len(low)} outer product{'s' * (len(low) != 1)}")
    if any(_shared(m, term) for term in m.terms):
        return Structure("block", "output and input share an axis: " + _axes(m))
    return Structure("dense", "every output entry may depend on every input entry")


def _banded(m: LinearMap, offsets: list[int]) -> Structure:
    low, high = max(0, -min(offsets)), max(0, *offsets)
    if (low, high) == (0, 0):
        unit = all(not term.factors for term in m.terms)
        whole = m.shape_in == m.shape_out and all(term.sizes == m.shape_in for term in m.terms)
        if unit and whole and sum(term.scale for term in m.terms) == 1:
            return Structure("identity", "each output entry is the input entry at the same place", 0, 0)
        return Structure("diagonal", "each output entry depends on the input entry at the same place only", 0, 0)
    reach = f"x[i{-low:+d}..i{high:+d}]" if low and high else f"x[i..i{high:+d}]" if high else f"x[i{-low:+d}..i]"
    return Structure("banded", f"row i depends on {reach}", low, high)


def _diagonal_offset(m: LinearMap, term: Term) -> int | None:
    """column − row of the flattened matrix, if it is one number for the whole term."""
    row, col = _flat(m.row(term), m.shape_out), _flat(m.col(term), m.shape_in)
    if row is None or col is None or row[0] != col[0]:
        return None
    offset = col[1] - row[1]
    return offset if isinstance(offset, int) else None


def _flat(index: Sequence[Index], shape: Sequence[Size]) -> tuple[dict[int, Size], Size] | None:
    """The row-major position as coefficients by label and an offset; None if it is not affine."""
    weight: Size = 1
    offset: Size = 0
    parts: dict[int, Size] = {}
    for i, n in zip(reversed(index), reversed(shape), strict=True):
        if not isinstance(i, Affine) or i.modulus is not None:
            return None
        for label, coefficient in i.parts:
            parts[label] = parts.get(label, 0) + coefficient * weight
        offset = offset + i.offset * weight
        weight = weight * n
    return {label: c for label, c in parts.items() if c != 0}, offset


def _selects(m: LinearMap, term: Term) -> bool:
    """Whether the row's labels determine the column and occur as they are: each row reads one column."""
    rows = {label for index in m.row(term) for label in labels_in(index)}
    tables = [array_of(index.node) for index in m.row(term) if isinstance(index, Table) and index.node.op == "frozen"]
    if any(len(np.unique(table)) < table.size for table in tables):
        return False  # a scatter that adds: a row may come several times
    return bool(rows) and {label for index in m.col(term) for label in labels_in(index)} <= rows and len(rows) == len(term.sizes)


def _outer(m: LinearMap, term: Term) -> bool:
    """Whether rows and columns share neither labels nor factors."""
    rows = {label for index in m.row(term) for label in labels_in(index)}
    cols = {label for index in m.col(term) for label in labels_in(index)}
    if rows & cols or not rows or not cols:
        return False
    return all(not (rows & mine and cols & mine) for mine in ({label for index in f.index for label in labels_in(index)} for f in term.factors))


def _shared(m: LinearMap, term: Term) -> set[int]:
    rows = {label for index in m.row(term) for label in labels_in(index)}
    return rows & {label for index in m.col(term) for label in labels_in(index)}


def _kronecker(m: LinearMap) -> Structure | None:
    """A matrix on one axis and the identity on the others, or a product of matrices axis by axis."""
    if len(m.terms) != 1 or len(m.shape_out) != 2 or len(m.shape_in) != 2:
        return None
    (term,) = m.terms
    out, col = [plain(i) for i in m.row(term)], [plain(i) for i in m.col(term)]
    if None in out or None in col:
        return None
    reads = [{label for i in f.index for label in labels_in(i)} for f in term.factors]
    parts = []
    for axis in (0, 1):
        pair = {out[axis], col[axis]}
        if out[axis] == col[axis] and not any(pair & mine for mine in reads):
            parts.append("I")
        elif sum(1 for mine in reads if mine == pair) == 1 and not any(mine & pair and mine != pair for mine in reads):
            parts.append(f"a {m.shape_out[axis]}×{m.shape_in[axis]} core")
        else:
            return None
    return Structure("Kronecker", f"{parts[0]} ⊗ {parts[1]} (row-major): each axis is mapped by itself")


def _axes(m: LinearMap) -> str:
    pairs: set[tuple[int, int]] = set()
    for term in m.terms:
        cols = {plain(j): b for b, j in enumerate(m.col(term)) if plain(j) is not None}
        pairs |= {(a, cols[plain(i)]) for a, i in enumerate(m.row(term)) if plain(i) in cols}
    return ", ".join(f"output axis {a} with input axis {b}" for a, b in sorted(pairs)) or "through a table"


