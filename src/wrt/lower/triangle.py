"""Loops over a triangle of a matrix as loops over the matrix with the other triangle cut off.

`np.tril(A) @ x` is traced as a loop over the n(n+1)/2 entries of the triangle, by two tables of their rows and columns: that is
what shows the pattern. To NumPy `np.tril(A)` says the same, and the product is again one of matrices.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from wrt.graph.index import Index, Table, at, labels_in, plain
from wrt.graph.node import Node, array_of, make
from wrt.graph.term import Factor, Term

SMALL = 8  # triangles of smaller matrices stay as they are

_known: WeakKeyDictionary[Node, dict[tuple[Node, tuple[int, int]], tuple[int, bool] | None]] = WeakKeyDictionary()


def over_matrix(term: Term) -> Term:
    """The same term without triangles that are looped over by tables, where a factor is the matrix itself or its transpose."""
    for position, (node, index) in enumerate(term.factors):
        for rows, cols in (index, index[::-1]) if node.ndim == 2 and node.shape[0] == node.shape[1] else ():
            if not (_is_table(rows) and _is_table(cols) and labels_in(rows) == labels_in(cols)):
                continue
            others = [*term.out, *(k for place, f in enumerate(term.factors) if place != position for k in f.index)]
            cut = _cut(node, rows, cols, index[0] is not rows)
            if cut is None or any(k not in (rows, cols) and set(labels_in(rows)) & set(labels_in(k)) for k in others):
                continue
            by = {rows: at(len(term.sizes)), cols: at(len(term.sizes) + 1)}
            factors = [Factor(f.node, tuple(by.get(k, k) for k in f.index)) for f in term.factors]
            factors[position] = Factor(cut, (by[rows], by[cols]))
            sizes = (*(1 if label in labels_in(rows) else size for label, size in enumerate(term.sizes)), *node.shape)
            return Term(sizes, tuple(by.get(k, k) for k in term.out), tuple(factors), term.scale)
    return term


def _cut(node: Node, rows: Index, cols: Index, turned: bool) -> Node | None:
    """The matrix (its transpose if `turned`) without the other triangle; None where the tables are not those of a triangle."""
    n = node.shape[0]
    if not (isinstance(rows, Table) and isinstance(cols, Table) and isinstance(n, int) and n >= SMALL):
        return None
    found = _triangle(rows.node, cols.node, (n, n))
    if found is None:
        return None
    diagonal, lower = found
    ones = make("tri", (), diagonal if lower else -diagonal, (n, n), node.dtype)
    straight, swapped = (at(0), at(1)), (at(1), at(0))
    factors = Factor(ones, straight if lower else swapped), Factor(node, swapped if turned else straight)
    return make("nest", (ones, node), (Term((n, n), straight, factors),), (n, n), node.dtype)


def triangle_of(node: Node, rows: Index, cols: Index) -> tuple[int, bool] | None:
    """(k, lower) if the matrix is read in its triangle np.tril(node, k), or np.triu(node, k), in the order of its rows or of its columns."""
    n, m = node.shape
    if not (isinstance(rows, Table) and isinstance(cols, Table) and _is_table(rows) and _is_table(cols) and isinstance(n, int) and isinstance(m, int)):
        return None
    if labels_in(rows) != labels_in(cols):
        return None
    turned = _triangle(cols.node, rows.node, (m, n))
    return _triangle(rows.node, cols.node, (n, m)) or (None if turned is None else (-turned[0], not turned[1]))


def _is_table(index: Index) -> bool:
    """Whether the index is a static table over one label."""
    return isinstance(index, Table) and index.node.op == "frozen" and len(index.index) == 1 and plain(index.index[0]) is not None


def _triangle(rows: Node, cols: Node, shape: tuple[int, int]) -> tuple[int, bool] | None:
    """(k, lower) if the tables are those of np.tril_indices(n, k, m), or of np.triu_indices(n, k, m)."""
    made = _known.setdefault(rows, {})
    if (cols, shape) not in made:
        made[cols, shape] = _found(array_of(rows), array_of(cols), shape)
    return made[cols, shape]


def _found(rows: np.ndarray, cols: np.ndarray, shape: tuple[int, int]) -> tuple[int, bool] | None:
    n, m = shape
    if not rows.size or min(rows.min(), cols.min()) < 0 or rows.max() >= n or cols.max() >= m:
        return None
    places = rows * m + cols
    if not (places[1:] > places[:-1]).all():
        return None
    steps = cols - rows
    for lower, k in ((True, int(steps.max())), (False, int(steps.min()))):
        ends = np.clip(np.arange(n) + (k + 1 if lower else k), 0, m)
        if rows.size == int(ends.sum() if lower else (m - ends).sum()):  # as many different entries as the triangle that they lie in
            return k, lower
    return None
