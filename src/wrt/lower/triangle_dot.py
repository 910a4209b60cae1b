"""Products of a large triangle with a vector, reading the triangle and little more: `np.tril(W, -1) @ x` copies all of W first.

The program calls `tri_dot(np.tril, W, x, -1)`, which multiplies small triangles on the diagonal, then the squares beside it, each time
twice as wide and all of a width in one call. Only the small triangles are copied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wrt.graph.arithmetic import multiply
from wrt.graph.index import Index, at, labels_in
from wrt.graph.nest import terms_of, transpose
from wrt.graph.node import FLOAT, Node, make
from wrt.graph.term import Factor, Term, nodes_in
from wrt.lower.text import Code, call, number
from wrt.lower.triangle import triangle_of

OP = "tri_dot"  # a node that only programs have: its inputs are the matrix and the vector, its attributes (k, lower)
HELPER = '''\
def tri_dot(side, A, x, k):
    """side(A, k) @ x, where side is np.tril or np.triu, by square blocks: little of the other side is read."""
    out = np.zeros(len(A), np.result_type(A, x))
    lower, top, left = side is np.tril, max(0, -k), max(0, k)
    if lower and left:
        out += A[:, :left] @ x[:left]
    elif top and not lower:
        out[:top] = A[:top] @ x
    A, x, y = A[top:, left:], x[left:], out[top:]  # the main diagonal from here on
    size = min(A.shape)
    if lower and len(A) > size:
        y[size:] += A[size:] @ x
    elif not lower and len(x) > size:
        y += A[:, size:] @ x[size:]

    def blocks(width):
        """The blocks on the diagonal, and the parts of x and y beside them."""
        count = size // width
        end = count * width
        square = A[:end, :end].reshape(count, width, count, width)
        return end, np.einsum("iaib->iab", square), x[:end].reshape(count, width, 1), y[:end].reshape(count, width, 1)

    width = 16
    end, Ab, xb, yb = blocks(width)
    yb += side(Ab) @ xb
    y[end:size] += side(A[end:size, end:size]) @ x[end:size]
    while width < size:  # of each block of twice the width the quarter beside the diagonal
        end, Ab, xb, yb = blocks(2 * width)
        rows, cols = (slice(width, None), slice(width)) if lower else (slice(width), slice(width, None))
        yb[:, rows] += Ab[:, rows, cols] @ xb[:, cols]
        if end + width < size:  # a last block that is cut short
            rows, cols = slice(end + width, size), slice(end, end + width)
            rows, cols = (rows, cols) if lower else (cols, rows)
            y[rows] += A[rows, cols] @ x[cols]
        width *= 2
    return out
'''
_CALLED = re.compile(rf"\b{OP}\(")
LEAST = 256  # rows and columns from which on it pays


def is_called(text: str) -> bool:
    """Whether a program needs the helper."""
    return _CALLED.search(text) is not None


def written(node: Node, matrix: Code, vector: Code) -> Code:
    """The call."""
    k, lower = _side(node)
    return call(OP, "np.tril" if lower else "np.triu", matrix.text, vector.text, number(k).text)


def _side(node: Node) -> tuple[int, bool]:
    return node.attrs  # type: ignore[return-value]


def multiplied(node: Node) -> Node:
    """The nest with its products of a large triangle and a vector as calls."""
    if node.op != "nest" or node.dtype != FLOAT:
        return node
    terms = tuple(_product(term) or term for term in terms_of(node))
    return node if terms == terms_of(node) else make("nest", nodes_in(terms), terms, node.shape, node.dtype)


def _product(term: Term) -> Term | None:
    """The term with Σ A[rows, cols] v[cols] as one factor, if it loops over a triangle of A by tables."""
    for position, (node, index) in enumerate(term.factors):
        if node.ndim != 2 or node.dtype != FLOAT or not all(isinstance(n, int) and n >= LEAST for n in node.shape):
            continue
        found = triangle_of(node, *index)
        if found is None:
            continue
        k, lower = found
        others = [*term.factors[:position], *term.factors[position + 1 :]]
        made = _summed(term, others, node, index, (k, lower)) or _summed(term, others, transpose(node), index[::-1], (-k, not lower))
        if made is not None:
            return made
    return None


def _summed(term: Term, others: Sequence[Factor], matrix: Node, index: Sequence[Index], side: tuple[int, bool]) -> Term | None:
    """The term where everything that is read at the second index is a vector, so that it can be summed over."""
    row, column = index
    (label,) = labels_in(row)
    vectors = [f for f in others if f.index == (column,) and f.node.dtype == FLOAT and f.node.shape == matrix.shape[1:]]
    rest = [f for f in others if f not in vectors]
    places = [*term.out, *(i for f in rest for i in f.index)]
    if not vectors or any(i != row and label in labels_in(i) for i in places):
        return None
    vector = vectors[0].node
    for f in vectors[1:]:
        vector = multiply(vector, f.node)
    to = {row: at(label)}
    product = Factor(make(OP, (matrix, vector), side, matrix.shape[:1], FLOAT), (at(label),))
    factors = (*(Factor(f.node, tuple(to.get(i, i) for i in f.index)) for f in rest), product)
    sizes = (*term.sizes[:label], matrix.shape[0], *term.sizes[label + 1 :])
    return Term(sizes, tuple(to.get(i, i) for i in term.out), factors, term.scale)
