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
from wrt.notation.eliminate import eliminate
from wrt.notation.expression import Commutation, Expr, Number, Zero
from wrt.notation.layout import Order
from wrt.notation.matrix import Matrices, Opened
from wrt.notation.total import total

Slots = tuple[int, ...]


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
    parted = _Components(opened, len(m.shape_out))
    rows, columns = len(m.shape_out), len(m.shape_in)
    e = _PATTERNS[rows, columns](parted, order)
    return None if e is None else product((*parted.scalars, e), opened.number)


class _Components:
    """Which out slots are tied together, and what any of them are as a vector or matrix."""

    def __init__(self, opened: Opened, rows: int) -> None:
        self.opened, self.rows = opened, rows
        self.out = [slot for slot in opened.out if slot is not None]
        self.scalars = [e for e, labels in opened.factors if not labels]
        self.home = {label: label for label in range(len(opened.sizes))}
        for _, labels in opened.factors:
            for label in labels[1:]:
                self._join(labels[0], label)
        tied = {self._root(label) for label in self.out}
        self.factors = [f for f in opened.factors if f[1] and self._root(f[1][0]) in tied]
        loose = [f for f in opened.factors if f[1] and self._root(f[1][0]) not in tied]
        if loose:
            e = eliminate(loose, (), opened.sizes)
            self.fits = e is not None
            self.scalars += [] if e is None else [e]
        else:
            self.fits = True

    def _root(self, label: int) -> int:
        while self.home[label] != label:
            label = self.home[label]
        return label

    def _join(self, a: int, b: int) -> None:
        self.home[self._root(a)] = self._root(b)

    def apart(self, *blocks: Slots) -> list[Expr] | None:
        """One expression a block of slots, if no component reaches over two blocks."""
        roots = [{self._root(self.out[slot]) for slot in block} for block in blocks]
        if not self.fits or sum(map(len, roots)) != len(set().union(*roots)):
            return None
        found: list[Expr] = []
        for block, mine in zip(blocks, roots, strict=True):
            factors = [f for f in self.factors if self._root(f[1][0]) in mine]
            e = eliminate(factors, [self.out[slot] for slot in block], self.opened.sizes)
            if e is None:
                return None
            found.append(e)
        return found

    def diagonal(self) -> Expr | None:
        """P where F_ij by X_kl is P_ij δ_ik δ_jl."""
        if not self.fits or self.out[:2] != self.out[2:] or self.out[0] == self.out[1]:
            return None
        return eliminate(self.factors, self.out[:2], self.opened.sizes)


def _swapped(left: Expr, right: Expr, order: Order) -> Expr:
    return kronecker(left, right) if order == "C" else kronecker(right, left)


def _matrix_by_matrix(c: _Components, order: Order) -> Expr | None:
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


def _vector_by_matrix(c: _Components, order: Order) -> Expr | None:
    found = c.apart((0, 1), (2,))
    if found is not None:
        return _swapped(found[0], transpose(found[1]), order)
    found = c.apart((0, 2), (1,))
    if found is not None:
        return _swapped(transpose(found[1]), found[0], order)
    found = c.apart((0,), (1, 2))
    return None if found is None else product((found[0], transpose(vec(found[1], order))))


def _matrix_by_vector(c: _Components, order: Order) -> Expr | None:
    found = c.apart((0, 2), (1,))
    if found is not None:
        return _swapped(found[0], found[1], order)
    found = c.apart((1, 2), (0,))
    if found is not None:
        return _swapped(found[1], found[0], order)
    found = c.apart((0, 1), (2,))
    return None if found is None else product((vec(found[0], order), transpose(found[1])))


def _scalar_by_matrix(c: _Components, order: Order) -> Expr | None:
    found = c.apart((0, 1))
    return None if found is None else transpose(vec(found[0], order))


def _matrix_by_scalar(c: _Components, order: Order) -> Expr | None:
    found = c.apart((0, 1))
    return None if found is None else vec(found[0], order)


_PATTERNS = {
    (2, 2): _matrix_by_matrix,
    (1, 2): _vector_by_matrix,
    (2, 1): _matrix_by_vector,
    (0, 2): _scalar_by_matrix,
    (2, 0): _matrix_by_scalar,
}
