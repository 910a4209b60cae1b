"""The diagonal of a map, without the rest of the matrix: rows and columns made equal in each term.

    J[i, j] = tri[i, j] d[j]      diagonal: tri[i, i] d[i] = d[i]

The factors are then read along their diagonals, entrywise operations from the inside, so that no n×n array is made where its
diagonal alone is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from wrt.graph.arithmetic import add, divide, multiply, negative, subtract, where
from wrt.graph.index import Affine, Index, at, ats, labels_in, substitute
from wrt.graph.nest import broadcast_to, full, nest, terms_of, uniform, view
from wrt.graph.node import Node, Shape
from wrt.graph.size import NeedsSizes
from wrt.graph.term import Factor, Term, broadcast_index, moved, shifted
from wrt.graph.unify import UNKNOWN, Equation, unify
from wrt.linear.linear_map import LinearMap
from wrt.linear.reach import difference, flat

ENTRYWISE: dict[str, Callable[..., Node]] = {"add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "negative": negative, "where": where}
DEEP = 40  # an array made in more steps is read as a whole


def diagonal(m: LinearMap) -> Node | None:
    """J[k, k], in the shape of the input; None where only the matrix shows it. The flattened matrix must be square."""
    terms = []
    for term in m.terms:
        sizes = [*term.sizes]
        try:
            by = unify(_equations(m, term), sizes) if not _apart(m, term) else None
        except NeedsSizes:
            return None
        if by is not None:
            terms.append(_sharp(moved(term._replace(out=m.col(term)), by, sizes)))
    return nest(m.shape_in, terms)


def _apart(m: LinearMap, term: Term) -> bool:
    """Whether the term surely has no entry on the diagonal."""
    row, col = flat(m.row(term), m.shape_out), flat(m.col(term), m.shape_in)
    if row is None or col is None:
        return False
    parts, offset = difference(col, row)
    return not parts and offset != 0


def _equations(m: LinearMap, term: Term) -> list[Equation]:
    if m.shape_out == m.shape_in:
        return list(zip(m.row(term), m.col(term), m.shape_in, strict=True))
    row, col = flat(m.row(term), m.shape_out), flat(m.col(term), m.shape_in)
    if row is None or col is None:
        raise NeedsSizes("Rows and columns of different shapes meet through tables.")
    return [(Affine(tuple(row[0].items()), row[1]), Affine(tuple(col[0].items()), col[1]), UNKNOWN)]


def _sharp(term: Term) -> Term:
    """The term with every factor that is read along a diagonal replaced by that diagonal."""
    factors = []
    for node, index in term.factors:
        labels = sorted({label for i in index for label in labels_in(i)})
        if len(labels) == sum(len(labels_in(i)) for i in index):
            factors.append(Factor(node, index))
            continue
        by = {label: at(position) for position, label in enumerate(labels)}
        sizes = tuple(term.sizes[label] for label in labels)
        read = _read(node, tuple(substitute(i, by, sizes) for i in index), sizes, 0)
        factors.append(Factor(read, ats(labels)))
    return term._replace(factors=tuple(factors))


def _read(node: Node, index: Sequence[Index], sizes: Shape, depth: int) -> Node:
    """The array whose entry at labels (0, 1, …) is node[index]."""
    if node.op == "tri" and index[0] == index[1] and isinstance(node.attrs, int):
        return full(sizes, 1.0 if node.attrs >= 0 else 0.0)
    if depth < DEEP and node.op in ENTRYWISE:
        parts = [c if c.shape == () else _read(c, broadcast_index(c.shape, index, node.shape), sizes, depth + 1) for c in node.inputs]
        held = uniform(parts[0]) if node.op == "where" else None
        if held is not None:
            return broadcast_to(parts[1] if held else parts[2], sizes)
        return broadcast_to(ENTRYWISE[node.op](*parts), sizes)
    if depth < DEEP and node.op == "nest":
        try:
            return nest(sizes, [done for term in terms_of(node) for done in _through(term, index, node.shape, sizes)], node.dtype)
        except NeedsSizes:
            pass
    return view(node, sizes, index)


def _through(term: Term, index: Sequence[Index], shape: Shape, sizes: Shape) -> list[Term]:
    """What a nest's term gives at the index."""
    every = [*sizes, *term.sizes]
    term = shifted(term, len(sizes))
    by = unify(zip(index, term.out, shape, strict=True), every)
    if by is None:
        return []
    return [_sharp(moved(Term(tuple(every), ats(range(len(sizes))), term.factors, term.scale), by, every))]
