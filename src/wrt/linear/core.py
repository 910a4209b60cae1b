"""What a square map is made of: the smallest arrays that give its determinant and its inverse.

    diagonal            d                                   log|det| = Σ log|d|                 x = b / d
    permutation         one entry in each row and column    Σ log|entry|                        x[col] = b[row] / entry
    Kronecker           A ⊗ B (A or B may be I)             n log|det A| + m log|det B|         A⁻¹ Y B⁻ᵀ
    diagonal + low rank D + U Wᵀ                            log|det D| + log|det(I + WᵀD⁻¹U)|   Woodbury
    blocks              one matrix for each place on the    Σ log|det|                          one system each
                        axes that f and x share
    triangular          its matrix                          Σ log|diagonal|                     substitution
    banded              LAPACK band storage                 band LU
    sparse              its entries                         sparse LU
    dense               R M C, R and C diagonal             log|R| + log|det M| + log|C|        C⁻¹ M⁻¹ R⁻¹ b

Arrays are nodes, to be lowered like any other; `nodes` are those that a program must compute. Rows and columns are those of the
flattened matrix (C order). Source: Golub & Van Loan, Matrix Computations, sections 2.1.4, 4.3 and 12.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from wrt.graph.arithmetic import add, multiply
from wrt.graph.index import Affine, Index, at, ats, labels_in, plain, substitute
from wrt.graph.nest import full, nest
from wrt.graph.node import FLOAT, Node, Shape
from wrt.graph.size import Size, product
from wrt.graph.term import Factor, Term, labels_of
from wrt.linear.band import storage
from wrt.linear.linear_map import LinearMap, coefficient
from wrt.linear.pattern import coefficients
from wrt.linear.reach import flat, numbers, places, reach
from wrt.linear.row_wise import tied

SMALL = 64  # smaller systems are solved densely: nothing is gained by a sparse factorization
FILLED = 8  # a band is used up to so many times the entries that can be nonzero, sparse LU up to one entry in so many


@dataclass(frozen=True, slots=True)
class Zero:
    """A map that is singular whatever its coefficients: a row has no entries, or the rank is too low."""

    nodes: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return "of too low a rank"


@dataclass(frozen=True, slots=True)
class Diagonal:
    """One array of the input's shape."""

    diagonal: Node

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.diagonal,)

    def __str__(self) -> str:
        return "diagonal"


@dataclass(frozen=True, slots=True)
class Permutation:
    """Coefficients, term by term, and where each of them stands."""

    nodes: tuple[Node, ...]
    sizes: tuple[tuple[int, ...], ...]
    rows: Any
    columns: Any

    def __str__(self) -> str:
        return "permutation"


@dataclass(frozen=True, slots=True)
class Kronecker:
    """scale · left ⊗ right; None for the identity."""

    left: Node | None
    right: Node | None
    scale: float = 1

    @property
    def nodes(self) -> tuple[Node, ...]:
        return tuple(side for side in (self.left, self.right) if side is not None)

    def __str__(self) -> str:
        sides = ["I" if side is None else f"a {side.shape[0]}×{side.shape[1]} core" for side in (self.left, self.right)]
        return f"{sides[0]} ⊗ {sides[1]}"


@dataclass(frozen=True, slots=True)
class Woodbury:
    """A diagonal and pairs of vectors u, w: D + Σ u wᵀ."""

    diagonal: Node
    pairs: tuple[tuple[Node, Node], ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.diagonal, *(u for u, _ in self.pairs), *(w for _, w in self.pairs))

    def __str__(self) -> str:
        return "woodbury"


@dataclass(frozen=True, slots=True)
class Blocks:
    """A matrix for each place on the axes that output and input share; one for all places if `alike`.

    `axes` are pairs (output axis, input axis); the blocks' rows and columns are the other axes, flattened.
    """

    blocks: Node
    axes: tuple[tuple[int, int], ...]
    count: int
    alike: bool

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.blocks,)

    def __str__(self) -> str:
        return f"{self.count} blocks{', all alike' if self.alike else ''}"


@dataclass(frozen=True, slots=True)
class Triangular:
    """A matrix with zeros above (lower) or below its diagonal."""

    matrix: Node
    lower: bool

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.matrix,)

    def __str__(self) -> str:
        return f"{'lower' if self.lower else 'upper'} triangular"


@dataclass(frozen=True, slots=True)
class Banded:
    """LAPACK band storage: ab[upper + i − j, j] = J[i, j]."""

    storage: Node
    lower: int
    upper: int

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.storage,)

    def __str__(self) -> str:
        return f"banded ({self.lower}, {self.upper})"


@dataclass(frozen=True, slots=True)
class Sparse:
    """Coefficients, term by term, and where each of them stands; those at one place add up."""

    nodes: tuple[Node, ...]
    sizes: tuple[tuple[int, ...], ...]
    rows: Any
    columns: Any

    def __str__(self) -> str:
        return "sparse"


@dataclass(frozen=True, slots=True)
class Dense:
    """by_row[:, None] * matrix * by_column; None for ones."""

    matrix: Node
    by_row: Node | None = None
    by_column: Node | None = None

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.matrix, *(scale for scale in (self.by_row, self.by_column) if scale is not None))

    def __str__(self) -> str:
        return "dense"


Core = Zero | Diagonal | Permutation | Kronecker | Woodbury | Blocks | Triangular | Banded | Sparse | Dense


def core(m: LinearMap) -> Core:
    """The smallest arrays that a square map is made of (equal shapes, unless all sizes are numbers)."""
    if not m.terms:
        return Zero()
    found = diagonal_core(m) or _permutation(m) or _kronecker(m) or _woodbury(m) or _blocks(m) or _narrow(m)
    return found or _scaled(m) or Dense(matrix(m))


def matrix(m: LinearMap) -> Node:
    """The dense matrix, rows and columns flattened in C order."""
    dense = m.to_dense(FLOAT)
    return dense if len(m.shape_out) == len(m.shape_in) == 1 else flattened(dense, len(m.shape_out))


def flattened(node: Node, first: int) -> Node:
    """The array with its first axes as one, and the others as one (if there are any)."""
    groups = [labels for labels in (range(first), range(first, node.ndim)) if len(labels)]
    return grouped(node, groups)


def grouped(node: Node, groups: Sequence[range]) -> Node:
    """The array with each of the groups of axes as one axis."""
    shape = tuple(product(tuple(node.shape[label] for label in labels)) for labels in groups)
    return nest(shape, [Term(node.shape, tuple(position(labels, node.shape) for labels in groups), (Factor(node, ats(range(node.ndim))),))])


def position(labels: range, sizes: Shape) -> Index:
    """The row-major position of labels."""
    weight: Size = 1
    parts: list[tuple[int, Size]] = []
    for label in reversed(labels):
        parts.insert(0, (label, weight))
        weight = weight * sizes[label]
    return Affine(tuple(parts))


# ----- one entry in each row ------------------------------------------------------------------------------------------
def diagonal_core(m: LinearMap) -> Diagonal | None:
    """The diagonal, if there is nothing else."""
    if not m.terms or not all(on_diagonal(m, term) for term in m.terms):
        return None
    if m.shape_out == m.shape_in and all(m.row(term) == ats(range(len(m.shape_in))) and term.sizes == m.shape_in for term in m.terms):
        return Diagonal(_whole_diagonal(m, m.terms))
    return Diagonal(nest(m.shape_in, [term._replace(out=m.col(term)) for term in m.terms]))


def on_diagonal(m: LinearMap, term: Term) -> bool:
    """Whether all the term's entries are on the diagonal of the flattened matrix."""
    if m.shape_out == m.shape_in and m.row(term) == m.col(term):
        return True
    row, col = flat(m.row(term), m.shape_out), flat(m.col(term), m.shape_in)
    return row is not None and row == col


def _whole_diagonal(m: LinearMap, terms: Sequence[Term]) -> Node:
    total: Node | None = None
    for term in terms:
        part = multiply(term.scale, coefficient(term)) if term.factors else full(m.shape_in, float(term.scale))
        total = part if total is None else add(total, part)
    assert total is not None
    return total


def _permutation(m: LinearMap) -> Permutation | Zero | None:
    """Terms that together write at most one entry in each row and each column."""
    found = _entries(m, 1)
    if found is None:
        return None
    sizes, rows, columns = found
    n = rows.size
    if np.unique(rows).size < n or np.unique(columns).size < n:
        return None
    return Permutation(tuple(coefficients(m)), sizes, rows, columns) if n == prod(numbers(m.shape_in) or ()) else Zero()


def _entries(m: LinearMap, share: float) -> tuple[tuple[tuple[int, ...], ...], Any, Any] | None:
    """Loop sizes, rows and columns of all terms, if they are known beforehand and at most `share` for each column."""
    inputs, sizes = numbers(m.shape_in), [numbers(term.sizes) for term in m.terms]
    known = [s for s in sizes if s is not None]
    if inputs is None or len(known) < len(sizes) or sum(map(prod, known)) > share * prod(inputs):
        return None
    found = [places(m, term) for term in m.terms]
    where = [each for each in found if each is not None]
    if len(where) < len(found):
        return None
    return tuple(known), np.concatenate([rows for rows, _ in where]), np.concatenate([columns for _, columns in where])


# ----- products and low rank ------------------------------------------------------------------------------------------
def _kronecker(m: LinearMap) -> Kronecker | None:
    """One term over (i, j) -> (k, l) whose factors split into those of (i, k) and those of (j, l)."""
    if len(m.terms) != 1 or len(m.shape_in) != 2 or m.shape_in != m.shape_out:
        return None
    (term,) = m.terms
    row, col = [plain(i) for i in m.row(term)], [plain(i) for i in m.col(term)]
    if None in row or None in col or len(labels_of(term.out)) != len(term.sizes) or len({row[0], row[1]}) < 2 or len({col[0], col[1]}) < 2:
        return None
    sides: list[Node | None] = []
    taken = 0
    for axis in (0, 1):
        i, k = row[axis], col[axis]
        mine = [f for f in term.factors if _labels(f) and _labels(f) <= {i, k}]
        taken += len(mine)
        n = m.shape_in[axis]
        if any(term.sizes[label] != n for label in (i, k) if label is not None) or k == row[1 - axis]:
            return None
        if i == k and mine:
            return None
        sides.append(None if i == k else _matrix_of(mine, i, k, n))
        if i != k and not mine:
            return None
    scalars = tuple(f for f in term.factors if not _labels(f))
    if taken + len(scalars) != len(term.factors) or sides == [None, None]:
        return None
    if scalars:
        place = 0 if sides[0] is not None else 1
        held = sides[place]
        assert held is not None
        for factor in scalars:
            held = multiply(factor.node, held)
        sides[place] = held
    return Kronecker(sides[0], sides[1], term.scale)


def _labels(factor: Factor) -> set[int]:
    return {label for index in factor.index for label in labels_in(index)}


def _matrix_of(factors: list[Factor], i: int | None, k: int | None, n: Size) -> Node:
    """The product of the factors as the matrix of (i, k)."""
    by: dict[int, Index] = {label: at(place) for place, label in enumerate((i, k)) if label is not None}
    return nest((n, n), [Term((n, n), ats(range(2)), tuple(Factor(f.node, tuple(substitute(j, by, (n, n)) for j in f.index)) for f in factors))])


def _woodbury(m: LinearMap) -> Woodbury | Zero | None:
    """A diagonal and outer products; fewer outer products than rows without a diagonal are singular."""
    if len(m.shape_in) != 1 or m.shape_out != m.shape_in:
        return None
    on = [term for term in m.terms if m.row(term) == m.col(term) == (at(0),) and term.sizes == m.shape_in]
    off = [term for term in m.terms if term not in on]
    pairs = [_pair(m, term) for term in off]
    kept = tuple(pair for pair in pairs if pair is not None)
    if not on and len(kept) == len(pairs) and numbers(m.shape_in) is not None and len(kept) < prod(numbers(m.shape_in) or ()):
        return Zero()
    return Woodbury(_whole_diagonal(m, on), kept) if on and off and len(kept) == len(pairs) else None


def _pair(m: LinearMap, term: Term) -> tuple[Node, Node] | None:
    """u and w of a term u[i]·w[j], for a map between vectors."""
    row, col = [plain(i) for i in m.row(term)], [plain(i) for i in m.col(term)]
    if None in row or None in col or row == col or term.sizes != (*m.shape_out, *m.shape_in):
        return None
    parts: tuple[list[Factor], list[Factor]] = ([], [])
    for factor in term.factors:
        if _labels(factor) == set(row):
            parts[0].append(factor)
        elif _labels(factor) in (set(col), set()):
            parts[1].append(factor)
        else:
            return None
    n = m.shape_in[0]
    by: dict[int, Index] = {label: at(0) for label in (row[0], col[0]) if label is not None}
    vectors = []
    for side, scale in zip(parts, (term.scale, 1), strict=True):
        factors = tuple(Factor(f.node, tuple(substitute(j, by, (n,)) for j in f.index)) for f in side)
        vectors.append(nest((n,), [Term((n,), (at(0),), factors, scale)]) if factors else full((n,), float(scale)))
    return vectors[0], vectors[1]


# ----- shared axes ----------------------------------------------------------------------------------------------------
def shared_axes(m: LinearMap) -> tuple[tuple[tuple[int, int], ...], tuple[Term, ...], Shape]:
    """Pairs (output axis, input axis) on which positions must be equal, and the terms and the shape without those input axes."""
    terms, shape, left = list(m.terms), m.shape, list(range(len(m.shape_in)))
    pairs = []
    for a, n in enumerate(m.shape_out):
        for b in sorted(left, key=lambda b: b != a):
            place = len(m.shape_out) + left.index(b)
            found = tied(terms, shape, a, place) if n == m.shape_in[b] and n != 1 else None
            if found is not None:
                terms, shape = found, (*shape[:place], *shape[place + 1 :])
                left.remove(b)
                pairs.append((a, b))
                break
    return tuple(pairs), tuple(terms), shape


def _blocks(m: LinearMap) -> Blocks | None:
    """The blocks of a map whose output and input share axes."""
    if numbers(m.shape) is None or 0 in m.shape:
        return None
    pairs, terms, shape = shared_axes(m)
    if not pairs:
        return None
    shared = [a for a, _ in pairs]
    others = [axis for axis in range(len(shape)) if axis not in shared]
    first = len(m.shape_out) - len(shared)
    labels = {plain(term.out[a]) for term in terms for a in shared}
    alike = not any(label in labels for term in terms for f in term.factors for label in _labels(f))
    alike = alike and not any(label in labels for term in terms for axis in others for label in labels_in(term.out[axis]))
    kept = others if alike else [*shared, *others]
    made = [term._replace(out=tuple(term.out[axis] for axis in kept)) for term in terms]
    if alike:  # the loop over the shared axes runs once
        made = [term._replace(sizes=tuple(1 if label in labels else n for label, n in enumerate(term.sizes))) for term in made]
    array = nest(tuple(shape[axis] for axis in kept), made)
    start = len(kept) - len(others)
    groups = [*(range(k, k + 1) for k in range(start)), range(start, start + first), range(start + first, len(kept))]
    if len(others) == 2 * first == 2:
        blocks = array
    elif first and len(others) > first:
        blocks = grouped(array, groups)
    else:
        return None
    return Blocks(blocks, pairs, prod(numbers(tuple(m.shape_out[a] for a in shared)) or ()), alike)


# ----- narrow maps ----------------------------------------------------------------------------------------------------
def _narrow(m: LinearMap) -> Triangular | Banded | Sparse | None:
    """Banded where the band is well filled, triangular, or sparse."""
    width = reach(m)
    inputs = numbers(m.shape_in)
    if width is None or inputs is None:
        return None
    n, (lower, upper) = prod(inputs), width
    filled = sum(prod(numbers(term.sizes) or ()) for term in m.terms)
    one_sided = 0 in width
    if n > SMALL and 2 * (2 * lower + upper + 1) <= n and (2 * lower + upper + 1) * n <= FILLED * filled:
        return Banded(storage(m, lower, upper), lower, upper)
    if n > SMALL and filled * FILLED <= n * n:
        found = _entries(m, filled)
        if found is not None:
            return Sparse(tuple(coefficients(m)), *found)
    return Triangular(matrix(m), upper == 0) if one_sided else None


def _scaled(m: LinearMap) -> Dense | None:
    """One term whose factors are those of the row, those of the column, and the others: scales are kept apart from the matrix."""
    if len(m.terms) != 1:
        return None
    (term,) = m.terms
    labels = [plain(i) for i in term.out]
    if len(labels) != len(term.sizes) or len(set(labels)) < len(labels) or None in labels:
        return None
    if tuple(term.sizes[label] for label in labels if label is not None) != m.shape:
        return None
    rows, columns = set(labels[: len(m.shape_out)]), set(labels[len(m.shape_out) :])
    parts: tuple[list[Factor], list[Factor], list[Factor]] = ([], [], [])
    for factor in term.factors:
        parts[0 if _labels(factor) <= rows else 1 if _labels(factor) <= columns else 2].append(factor)
    if not parts[2] or not (parts[0] or parts[1]):
        return None
    scales = []
    for factors, out, shape in ((parts[0], m.row(term), m.shape_out), (parts[1], m.col(term), m.shape_in)):
        kept = {label for i in out for label in labels_in(i)}
        sizes = tuple(n if label in kept else 1 for label, n in enumerate(term.sizes))
        scales.append(nest(shape, [Term(sizes, out, tuple(factors))]) if factors else None)
    inner = LinearMap(m.shape_out, m.shape_in, (term._replace(factors=tuple(parts[2])),))
    return Dense(matrix(inner), scales[0], scales[1])
