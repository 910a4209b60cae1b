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

_known: WeakKeyDictionary[Node, dict[tuple[Node, int], tuple[int, bool] | None]] = WeakKeyDictionary()


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
    found = _triangle(rows.node, cols.node, n)
    if found is None:
        return None
    diagonal, lower = found
    ones = make("tri", (), diagonal if lower else -diagonal, (n, n), node.dtype)
    straight, swapped = (at(0), at(1)), (at(1), at(0))
    factors = Factor(ones, straight if lower else swapped), Factor(node, swapped if turned else straight)
    return make("nest", (ones, node), (Term((n, n), straight, factors),), (n, n), node.dtype)


def _is_table(index: Index) -> bool:
    """Whether the index is a static table over one label."""
    return isinstance(index, Table) and index.node.op == "frozen" and len(index.index) == 1 and plain(index.index[0]) is not None


def _triangle(rows: Node, cols: Node, n: int) -> tuple[int, bool] | None:
    """(k, lower) if the tables are those of np.tril_indices(n, k), or of np.triu_indices(n, k)."""
    made = _known.setdefault(rows, {})
    if (cols, n) not in made:
        made[cols, n] = _found(array_of(rows), array_of(cols), n)
    return made[cols, n]


def _found(rows: np.ndarray, cols: np.ndarray, n: int) -> tuple[int, bool] | None:
    steps = cols - rows
    for lower, k in ((True, int(steps.max(initial=-n))), (False, int(steps.min(initial=n)))):
        places = np.nonzero(np.tri(n, k=k, dtype=bool) if lower else ~np.tri(n, k=k - 1, dtype=bool))
        if places[0].size == rows.size and np.array_equal(places[0], rows) and np.array_equal(places[1], cols):
            return k, lower
    return None
