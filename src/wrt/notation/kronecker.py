"""Derivatives with three or four axes as one matrix: Kronecker products of what matrix notation can say, in a stated order.

The labels of a term fall into components that are tied by its factors. F_ij by X_kl with components P over (i, k) and Q over (j, l)
is P ⊗ Q when both sides are flattened row by row (C order) and Q ⊗ P column by column (F order, vec).
Source: Magnus & Neudecker, Matrix Differential Calculus, chapters 2 and 3; the row-major column by exchanging the factors.
"""

from __future__ import annotations

from wrt.graph.size import product as size_product
from wrt.graph.term import Term
from wrt.linear.linear_map import LinearMap
from wrt.notation.algebra import kronecker, vec
from wrt.notation.build import diag, product, transpose
from wrt.notation.component import Components
from wrt.notation.expression import Commutation, Expr, Number, Zero
from wrt.notation.layout import Order
from wrt.notation.matrix import Matrices, Opened
from wrt.notation.total import total


def flattened(m: LinearMap, matrices: Matrices, order: Order = "C") -> Expr | None:
    """The map as a matrix of (entries of f) × (entries of x); None where Kronecker products cannot say it."""
    if max(len(m.shape_out), len(m.shape_in)) > 2:
        return None
    if len(m.shape) <= 2 and max(len(m.shape_out), len(m.shape_in)) < 2:
        e = matrices.map(m)
        return transpose(e) if e is not None and not m.shape_out else e
    parts: list[Expr] = []
    for term in m.terms:
        e = _term(m, term, matrices, order)
        if e is None:
            return None
        parts.append(e)
    if not parts:
        return Zero((size_product(m.shape_out), size_product(m.shape_in)))
    made = total(parts, factor=matrices.factor)
    return Zero((size_product(m.shape_out), size_product(m.shape_in))) if made == Number(0) else made


def _term(m: LinearMap, term: Term, matrices: Matrices, order: Order) -> Expr | None:
    opened = matrices.opened(term, m.shape)
    if opened == 0:
        return Zero((size_product(m.shape_out), size_product(m.shape_in)))
    if not isinstance(opened, Opened) or any(slot is None for slot in opened.out):
        return None
    parted = Components(opened, len(m.shape_out))
    rows, columns = len(m.shape_out), len(m.shape_in)
    e = _PATTERNS[rows, columns](parted, order)
    return None if e is None else product((*parted.scalars, e), opened.number)


def _swapped(left: Expr, right: Expr, order: Order) -> Expr:
    return kronecker(left, right) if order == "C" else kronecker(right, left)


def _matrix_by_matrix(c: Components, order: Order) -> Expr | None:
    sizes = [c.opened.sizes[label] for label in c.out]
    found = c.apart((0, 2), (1, 3))
    if found is not None:
        return _swapped(found[0], found[1], order)
    found = c.apart((0, 3), (1, 2))
    if found is not None:
        return product((_swapped(found[0], found[1], order), Commutation(sizes[2], sizes[3], order)))
    found = c.apart((0, 1), (2, 3))
    if found is not None:
        return product((vec(found[0], order), transpose(vec(found[1], order))))
    core = c.diagonal()
    return None if core is None else diag(vec(core, order))


def _vector_by_matrix(c: Components, order: Order) -> Expr | None:
    found = c.apart((0, 1), (2,))
    if found is not None:
        return _swapped(found[0], transpose(found[1]), order)
    found = c.apart((0, 2), (1,))
    if found is not None:
        return _swapped(transpose(found[1]), found[0], order)
    found = c.apart((0,), (1, 2))
    return None if found is None else product((found[0], transpose(vec(found[1], order))))


def _matrix_by_vector(c: Components, order: Order) -> Expr | None:
    found = c.apart((0, 2), (1,))
    if found is not None:
        return _swapped(found[0], found[1], order)
    found = c.apart((1, 2), (0,))
    if found is not None:
        return _swapped(found[1], found[0], order)
    found = c.apart((0, 1), (2,))
    return None if found is None else product((vec(found[0], order), transpose(found[1])))


def _scalar_by_matrix(c: Components, order: Order) -> Expr | None:
    found = c.apart((0, 1))
    return None if found is None else transpose(vec(found[0], order))


def _matrix_by_scalar(c: Components, order: Order) -> Expr | None:
    found = c.apart((0, 1))
    return None if found is None else vec(found[0], order)


_PATTERNS = {
    (2, 2): _matrix_by_matrix,
    (1, 2): _vector_by_matrix,
    (2, 1): _matrix_by_vector,
    (0, 2): _scalar_by_matrix,
    (2, 0): _matrix_by_scalar,
}
