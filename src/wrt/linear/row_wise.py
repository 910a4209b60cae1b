"""Row-wise maps: output row n depends on input row n only, so that the Jacobian of N rows is N small ones.

Each term must tie the first axis of the output to the first axis of the input by one plain label, or have a factor that does.
The Jacobian (N, m, N, n) then becomes (N, m, n), without ever being made.
"""

from __future__ import annotations

from collections.abc import Sequence

from wrt.graph.index import at, plain
from wrt.graph.nest import nest, terms_of
from wrt.graph.node import Node, Shape
from wrt.graph.shape import show
from wrt.graph.term import Factor, Term, moved
from wrt.linear.linear_map import LinearMap


def row_wise(m: LinearMap) -> bool:
    """Whether row n of the output depends on row n of the input only, whatever the coefficients."""
    return rows(m) is not None


def rows(m: LinearMap) -> Node | None:
    """The Jacobian of each row, of shape (N, rest of f, rest of x); None where rows mix."""
    if not m.shape_out or not m.shape_in or m.shape_out[0] != m.shape_in[0]:
        return None
    first = len(m.shape_out)
    terms = tied(m.terms, m.shape, 0, first)
    return None if terms is None else nest((*m.shape_out, *m.shape_in[1:]), terms)


def tied(terms: Sequence[Term], shape: Shape, a: int, b: int) -> list[Term] | None:
    """The terms with axis b left out, if each is zero wherever the positions on axes a and b differ."""
    done = [_one(term, shape, a, b) for term in terms]
    return None if None in done else [term for term in done if term is not None]


def _one(term: Term, shape: Shape, a: int, b: int) -> Term | None:
    left, right = plain(term.out[a]), plain(term.out[b])
    if left is None or right is None or not term.sizes[left] == term.sizes[right] == shape[a] == shape[b]:
        return None
    without = term._replace(out=(*term.out[:b], *term.out[b + 1 :]))
    if left == right:
        return without
    for position, (node, index) in enumerate(term.factors):  # a map that was made one array: its terms still show what is tied
        places = [plain(i) for i in index]
        if node.op == "nest" and places.count(left) == places.count(right) == 1:
            p, q = places.index(left), places.index(right)
            inner = tied(terms_of(node), node.shape, p, q) if node.shape[p] == node.shape[q] == shape[a] else None
            if inner is not None:
                smaller = Factor(nest((*node.shape[:q], *node.shape[q + 1 :]), inner, node.dtype), (*index[:q], *index[q + 1 :]))
                factors = (*term.factors[:position], smaller, *term.factors[position + 1 :])
                return moved(without._replace(factors=factors), {right: at(left)}, term.sizes)
    return None


def mixing(m: LinearMap) -> str:
    """In words: which axes mix, so that the map is not row-wise."""
    first = len(m.shape_out)
    others = [axis for axis, size in enumerate(m.shape_out) if axis and size == m.shape_in[0]]
    elsewhere = [axis for axis in others if m.terms and tied(m.terms, m.shape, axis, first) is not None]
    if elsewhere:
        return f"axis 0 of the input becomes axis {elsewhere[0]} of the result, of shape {show(m.shape_out)}"
    if not m.shape_out or m.shape_out[0] != m.shape_in[0]:
        return f"axis 0 of the input has {m.shape_in[0]} rows, and the result has shape {show(m.shape_out)}"
    term = next(term for term in m.terms if _one(term, m.shape, 0, first) is None)
    row, column = plain(term.out[0]), plain(term.out[first])
    if row is not None and column is not None:
        return "axis 0 of the result depends on all of axis 0 of the input"
    return "along axis 0 the result depends on other rows of the input"
