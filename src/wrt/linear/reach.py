"""How far a map reaches: bounds on column − row of the entries that can be nonzero, from indices and coefficients alone.

Each index of a term is an expression in labels 0 ≤ l < size. A factor such as tri[i, j], zero where j > i, adds j − i ≤ 0. All
these are difference constraints; their closure by shortest paths bounds every difference of two labels.

    np.tril(A) @ np.tril(B) @ x     tri[i, j] tri[j, k]: j ≤ i and k ≤ j, so column k − row i ≤ 0: lower triangular

Nothing is read off values: they may be others at the next call. Source: Cormen et al., Introduction to Algorithms, section 22.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

import numpy as np

from wrt.graph.index import Affine, Index, is_static, labels_in, substitute, values
from wrt.graph.nest import is_zero, terms_of
from wrt.graph.node import Node, Shape
from wrt.graph.size import Size
from wrt.graph.term import Factor, Term
from wrt.linear.linear_map import LinearMap

Bounds = tuple[float, float]  # least and greatest; the least is larger where there is nothing
EVERYWHERE, NOWHERE = (-inf, inf), (inf, -inf)
DEEP = 40  # an array made in more steps may be nonzero everywhere, for all that is looked into
LONG = 50_000_000  # an index table of more entries is not looked through
Parts = dict[int, Size]


def reach(m: LinearMap) -> tuple[int, int] | None:
    """(lower, upper) half bandwidths of the flattened matrix; None where an index or a size is known at run time only."""
    if not all(isinstance(n, int) for n in m.shape):
        return None
    low, high = NOWHERE
    for term in m.terms:
        found = bounds(m, term)
        if found is None:
            return None
        low, high = min(low, found[0]), max(high, found[1])
    if low > high:
        return 0, 0
    rows, columns = (prod(n for n in shape if isinstance(n, int)) for shape in (m.shape_out, m.shape_in))
    return int(max(0, min(-low, rows - 1))), int(max(0, min(high, columns - 1)))


def bounds(m: LinearMap, term: Term) -> Bounds | None:
    """The least and the greatest column − row of the term's entries; None where they are not known beforehand."""
    term = _upward(term)
    row, col = flat(m.row(term), m.shape_out), flat(m.col(term), m.shape_in)
    if row is not None and col is not None:
        parts, offset = difference(col, row)
        return _span(parts, offset, _closed(term, {}, 0)) if isinstance(offset, int) and all(isinstance(c, int) for c in parts.values()) else None
    found = places(m, term)
    if found is None:
        return None
    steps = found[1] - found[0]
    return (int(steps.min()), int(steps.max())) if steps.size else NOWHERE


def places(m: LinearMap, term: Term) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows and columns of the flattened matrix, one for each turn of the term's loop; None where they are not known beforehand."""
    sizes = [n for n in term.sizes if isinstance(n, int)]
    if len(sizes) < len(term.sizes) or prod(sizes) > LONG or not all(is_static(i) for i in term.out):
        return None
    grid = {label: np.arange(n).reshape([-1 if k == label else 1 for k in range(len(sizes))]) for label, n in enumerate(sizes)}
    found = []
    for index, shape in ((m.row(term), m.shape_out), (m.col(term), m.shape_in)):
        total = np.zeros((), np.int64)
        for i, n in zip(index, shape, strict=True):
            if not isinstance(n, int):
                return None
            total = total * n + values(i, grid)
        found.append(np.broadcast_to(total, sizes).ravel())
    return found[0], found[1]


def flat(index: Sequence[Index], shape: Sequence[Size]) -> tuple[Parts, Size] | None:
    """The row-major position as coefficients by label and an offset; None if it is not affine."""
    weight: Size = 1
    offset: Size = 0
    parts: Parts = {}
    for i, n in zip(reversed(index), reversed(shape), strict=True):
        if not isinstance(i, Affine) or i.modulus is not None:
            return None
        for label, coefficient in i.parts:
            parts[label] = parts.get(label, 0) + coefficient * weight
        offset = offset + i.offset * weight
        weight = weight * n
    return {label: c for label, c in parts.items() if c != 0}, offset


def difference(a: tuple[Parts, Size], b: tuple[Parts, Size]) -> tuple[Parts, Size]:
    """a − b, of two positions."""
    parts = dict(a[0])
    for label, coefficient in b[0].items():
        parts[label] = parts.get(label, 0) - coefficient
    return {label: c for label, c in parts.items() if c != 0}, a[1] - b[1]


# ----- difference constraints -----------------------------------------------------------------------------------------
Memo = dict[tuple[Node, int, int], Bounds]


def _closed(term: Term, memo: Memo, depth: int) -> list[list[float]]:
    """D[a][b], the greatest a − b of two labels; the last row and column stand for 0. D[a][a] < 0 where nothing is left."""
    n = len(term.sizes)
    greatest = [[0.0 if a == b else inf for b in range(n + 1)] for a in range(n + 1)]
    for label, size in enumerate(term.sizes):
        greatest[label][n] = size - 1 if isinstance(size, int) else inf
        greatest[n][label] = 0
    for node, index in term.factors:
        simple = [_shifted(i, n) for i in index]
        for q in range(len(index)):
            for p in range(q):
                one, other = simple[p], simple[q]
                if one is None or other is None or one[0] == other[0] or one[1] * other[1] < 0:
                    continue
                low, high = within(node, p, q, memo, depth + 1)
                moved = other[2] - one[2]
                a, b = (other[0], one[0]) if one[1] + other[1] > 0 else (one[0], other[0])  # low ≤ a − b + moved ≤ high
                greatest[a][b] = min(greatest[a][b], high - moved)
                greatest[b][a] = min(greatest[b][a], moved - low)
    for k in range(n + 1):
        for row in greatest:
            if row[k] < inf:
                row[:] = [min(old, row[k] + through) for old, through in zip(row, greatest[k], strict=True)]
    return greatest


def _upward(term: Term) -> Term:
    """The term with labels that count an axis downwards (flips) counted the other way, so that constraints are on differences."""
    down = {i.parts[0][0] for i in term.out if isinstance(i, Affine) and len(i.parts) == 1 and i.parts[0][1] == -1}
    if not down:
        return term
    by: dict[int, Index] = {label: Affine(((label, -1),), term.sizes[label] - 1) for label in down}
    factors = tuple(Factor(node, tuple(substitute(i, by, term.sizes) for i in index)) for node, index in term.factors)
    return term._replace(out=tuple(substitute(i, by, term.sizes) for i in term.out), factors=factors)


def _shifted(index: Index, zero: int) -> tuple[int, int, int] | None:
    """(label, sign, offset) of an index ±label + offset; `zero` is the label of a fixed position, with sign 0."""
    if not isinstance(index, Affine) or index.modulus is not None or not isinstance(index.offset, int):
        return None
    if not index.parts:
        return zero, 0, index.offset
    (label, sign), *others = index.parts
    return (label, 1 if sign == 1 else -1, index.offset) if not others and sign in (1, -1) else None


def _span(parts: Parts, offset: Size, greatest: list[list[float]]) -> Bounds:
    """The least and the greatest value of an affine expression."""
    if not isinstance(offset, int) or any(not isinstance(c, int) for c in parts.values()):
        return EVERYWHERE
    if any(greatest[label][label] < 0 for label in range(len(greatest))):
        return NOWHERE
    counts = {label: c for label, c in parts.items() if isinstance(c, int)}
    return offset - _most({label: -c for label, c in counts.items()}, greatest), offset + _most(counts, greatest)


def _most(parts: dict[int, int], greatest: list[list[float]]) -> float:
    """The greatest Σ coefficient·label: labels of opposite coefficients in pairs, the others by themselves."""
    zero = len(greatest) - 1
    total = 0.0
    left = dict(parts)
    for label, c in parts.items():
        partner = next((other for other, d in left.items() if d == -c), None) if c > 0 and label in left else None
        if partner is not None:
            del left[label], left[partner]
            total += c * greatest[label][partner]
    return total + sum(c * greatest[label][zero] if c > 0 else -c * greatest[zero][label] for label, c in left.items())


# ----- arrays ---------------------------------------------------------------------------------------------------------
def within(node: Node, p: int, q: int, memo: Memo, depth: int) -> Bounds:
    """Bounds on (position on axis q) − (position on axis p) of the entries that can be nonzero, p < q."""
    if depth > DEEP:
        return EVERYWHERE
    key = (node, p, q)
    if key not in memo:
        memo[key] = EVERYWHERE  # a node is never inside itself; this only bounds the work
        memo[key] = _within(node, p, q, memo, depth)
    return memo[key]


def _within(node: Node, p: int, q: int, memo: Memo, depth: int) -> Bounds:
    def of(child: Node) -> Bounds:
        skipped = node.ndim - child.ndim
        if is_zero(child):
            return NOWHERE
        if p < skipped or any(child.shape[axis - skipped] != node.shape[axis] for axis in (p, q)):
            return EVERYWHERE  # broadcast along one of the axes
        return within(child, p - skipped, q - skipped, memo, depth + 1)

    if node.op == "tri":
        below = node.attrs
        return (-inf, below) if isinstance(below, int) else EVERYWHERE
    if node.op == "nest":
        return _union(*(_in_term(term, p, q, memo, depth) for term in terms_of(node)))
    if node.op == "multiply":
        return _both(*map(of, node.inputs))
    if node.op in ("divide", "negative"):
        return of(node.inputs[0])
    if node.op in ("add", "subtract"):
        return _union(*map(of, node.inputs))
    if node.op == "where":
        condition, a, b = node.inputs
        return _both(of(condition), of(a)) if is_zero(b) else _union(of(a), of(b))
    if node.op in ("inv", "cholesky") and (p, q) == (node.ndim - 2, node.ndim - 1):
        low, high = of(node.inputs[0]) if node.op == "inv" else (-inf, 0.0)
        return (0 if low >= 0 else -inf), (0 if high <= 0 else inf)
    return EVERYWHERE


def _in_term(term: Term, p: int, q: int, memo: Memo, depth: int) -> Bounds:
    term = _upward(term)
    one, other = flat(term.out[p : p + 1], (1,)), flat(term.out[q : q + 1], (1,))
    if one is None or other is None:
        return EVERYWHERE
    return _span(*difference(other, one), _closed(term, memo, depth))


def _union(*found: Bounds) -> Bounds:
    return min((low for low, _ in found), default=inf), max((high for _, high in found), default=-inf)


def _both(*found: Bounds) -> Bounds:
    return max(low for low, _ in found), min(high for _, high in found)


def labels_of_term(m: LinearMap, term: Term) -> tuple[set[int], set[int]]:
    """The labels in the rows, and those in the columns."""
    rows, cols = ({label for index in indices for label in labels_in(index)} for indices in (m.row(term), m.col(term)))
    return rows, cols


def numbers(shape: Shape) -> tuple[int, ...] | None:
    """The shape, if all its sizes are numbers."""
    found = tuple(n for n in shape if isinstance(n, int))
    return found if len(found) == len(shape) else None
