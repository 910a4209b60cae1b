"""What a map is — zero, identity, diagonal, permutation, banded, Kronecker, low rank, block-diagonal, triangular, dense — and why.

Structure is derived from the terms, never asserted by the user: each claim comes with its reason in words. Rows and columns
are those of the flattened matrix (C order).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wrt.graph.index import Table, labels_in, plain
from wrt.graph.node import array_of
from wrt.graph.size import product
from wrt.graph.term import Term
from wrt.linear.core import shared_axes
from wrt.linear.linear_map import LinearMap
from wrt.linear.reach import difference, flat, labels_of_term, numbers, places, reach


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
    return _positions(m) or _products(m) or _blocks(m) or _triangular(m) or _rest(m)


def _positions(m: LinearMap) -> Structure | None:
    """Kinds that show in where the entries are."""
    offsets = [_diagonal_offset(m, term) for term in m.terms]
    known = [offset for offset in offsets if offset is not None]
    if len(known) == len(offsets) and not _is_wide(m, known):
        apart = _blocks(m) if set(known) != {0} and len(m.shape_in) > 1 else None
        return apart or _banded(m, known)
    if all(_selects(m, term) for term in m.terms):
        if _permutes(m):
            scaled = any(term.factors or term.scale != 1 for term in m.terms)
            return Structure("scaled permutation" if scaled else "permutation", "each output entry reads one input entry, and no other reads it")
        moved = "each output entry reads one input entry" if len(m.terms) == 1 else f"each output entry reads at most {len(m.terms)} input entries"
        return Structure("gather" if len(m.terms) > 1 else "selection", moved)
    return None


def _products(m: LinearMap) -> Structure | None:
    """Kinds that show in how the coefficients are made."""
    factors = _kronecker(m)
    if factors is not None:
        return factors
    low = [term for term in m.terms if _outer(m, term)]
    if len(low) == len(m.terms):
        return Structure("low rank", f"a sum of {len(m.terms)} outer product{'s' * (len(m.terms) != 1)}, rank at most {len(m.terms)}")
    rest = [_diagonal_offset(m, term) for term in m.terms if term not in low]
    if low and set(rest) <= {0}:
        return Structure("diagonal + low rank", f"a diagonal and {len(low)} outer product{'s' * (len(low) != 1)}")
    return None


def _blocks(m: LinearMap) -> Structure | None:
    """One matrix for each place on the axes that output and input share."""
    if numbers(m.shape) is None:
        return None
    pairs, _, shape = shared_axes(m)
    if not pairs:
        return None
    shared = [a for a, _ in pairs]
    out = [n for axis, n in enumerate(m.shape_out) if axis not in shared]
    size = "×".join(str(product(part)) for part in (tuple(out), shape[len(m.shape_out) :]))
    count = product(tuple(m.shape_out[a] for a in shared))
    same = ", ".join(f"output axis {a} with input axis {b}" for a, b in pairs)
    return Structure("block-diagonal", f"{count} blocks of {size}: output and input share an axis, {same}")


def _triangular(m: LinearMap) -> Structure | None:
    """Square maps that reach to one side only, in C order."""
    square = numbers(m.shape) is not None and product(m.shape_out) == product(m.shape_in)
    width = reach(m) if square else None
    if width is None or 0 not in width:
        return None
    side, which = ("lower", "x[..i]") if width[1] == 0 else ("upper", "x[i..]")
    return Structure(f"{side} triangular", f"row i depends on {which} only", *width)


def _rest(m: LinearMap) -> Structure:
    offsets = [_diagonal_offset(m, term) for term in m.terms]
    if None not in offsets:
        return _banded(m, [offset for offset in offsets if offset is not None])
    if any(_shared(m, term) for term in m.terms):
        return Structure("block", "output and input share an axis: " + _axes(m))
    return Structure("dense", "every output entry may depend on every input entry")


def _is_wide(m: LinearMap, offsets: list[int]) -> bool:
    """Whether a band would be most of the matrix; what is known besides then says more."""
    columns = product(m.shape_in)
    if not isinstance(columns, int) or set(offsets) == {0}:
        return False
    return 2 * (max(0, -min(offsets)) + max(0, *offsets) + 1) > columns + 1


def _permutes(m: LinearMap) -> bool:
    """Whether each row and each column has one entry."""
    n = product(m.shape_in)
    if not isinstance(n, int) or product(m.shape_out) != n:
        return False
    found = [places(m, term) for term in m.terms]
    where = [each for each in found if each is not None and each[0].size <= n]
    if len(where) < len(found) or sum(rows.size for rows, _ in where) != n:
        return False
    return all(np.unique(np.concatenate(side)).size == n for side in zip(*where, strict=True))


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
    row, col = flat(m.row(term), m.shape_out), flat(m.col(term), m.shape_in)
    if row is None or col is None:
        return None
    parts, offset = difference(col, row)
    return offset if isinstance(offset, int) and not parts else None


def _selects(m: LinearMap, term: Term) -> bool:
    """Whether the row's labels determine the column and occur as they are: each row reads one column."""
    rows = {label for index in m.row(term) for label in labels_in(index)}
    tables = [array_of(index.node) for index in m.row(term) if isinstance(index, Table) and index.node.op == "frozen"]
    if any(len(np.unique(table)) < table.size for table in tables):
        return False  # a scatter that adds: a row may come several times
    return bool(rows) and {label for index in m.col(term) for label in labels_in(index)} <= rows and len(rows) == len(term.sizes)


def _outer(m: LinearMap, term: Term) -> bool:
    """Whether rows and columns share neither labels nor factors."""
    rows, cols = labels_of_term(m, term)
    if rows & cols or not rows or not cols:
        return False
    return all(not (rows & mine and cols & mine) for mine in ({label for index in f.index for label in labels_in(index)} for f in term.factors))


def _shared(m: LinearMap, term: Term) -> set[int]:
    rows, cols = labels_of_term(m, term)
    return rows & cols


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


