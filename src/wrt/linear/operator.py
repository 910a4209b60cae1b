"""A map through its core: products and solves with the small arrays that its terms hold, never with the dense matrix.

    diagonal            y = d ⊙ x                        solve: b / d
    Kronecker           Y = A X Bᵀ (A or B may be I)     solve: A⁻¹ Y B⁻ᵀ
    diagonal + low rank D + U Wᵀ                         solve: D⁻¹b − D⁻¹U (I + WᵀD⁻¹U)⁻¹ WᵀD⁻¹b        (Woodbury)
    dense               J                                solve: J⁻¹b

The Hessian of ‖T − UVᵀ‖² by U is 2·(I ⊗ VᵀV): its core is k×k, and a Newton step solves with that alone. Every result is a
node, to be lowered like any other: `matvec(m, x)`, `rmatvec(m, y)`, `solve(m, b)`, `logabsdet(m)`.
Source: Golub & Van Loan, Matrix Computations, sections 2.1.4 and 12.3.
"""

from __future__ import annotations

from dataclasses import dataclass

from wrt.graph.arithmetic import add, divide, elementwise, multiply, subtract
from wrt.graph.index import Affine, Index, at, ats, fixed, labels_in, plain, substitute
from wrt.graph.nest import full, nest, transpose
from wrt.graph.node import FLOAT, Node, Shape, constant, make
from wrt.graph.size import Size, product
from wrt.graph.term import Factor, Term, labels_of, size_node
from wrt.linear import algebra
from wrt.linear.linear_map import LinearMap, coefficient


@dataclass(frozen=True, slots=True)
class Core:
    """What a square map is made of.

    `kind` is "diagonal" (one array of the input's shape), "kronecker" (two matrices, None for the identity), "woodbury"
    (a diagonal and a list of pairs of vectors) or "dense" (the matrix).
    """

    kind: str
    diagonal: Node | None = None
    left: Node | None = None
    right: Node | None = None
    scale: float = 1
    pairs: tuple[tuple[Node, Node], ...] = ()

    def __str__(self) -> str:
        if self.kind != "kronecker":
            return self.kind
        sides = ["I" if side is None else f"a {side.shape[0]}×{side.shape[1]} core" for side in (self.left, self.right)]
        return f"{sides[0]} ⊗ {sides[1]}"


def matvec(m: LinearMap, vector: Node) -> Node:
    """J v, of the shape of the output."""
    return algebra.apply(m, vector)


def rmatvec(m: LinearMap, covector: Node) -> Node:
    """Jᵀ w, of the shape of the input."""
    return algebra.apply_transposed(m, covector)


def core(m: LinearMap) -> Core:
    """The smallest arrays that a square map (shape_out == shape_in) is made of."""
    assert m.shape_out == m.shape_in
    if m.terms and all(_is_diagonal(m, term) for term in m.terms):
        return Core("diagonal", _diagonal(m, m.terms))
    found = _kronecker(m)
    if found is not None:
        return found
    plain_terms = [term for term in m.terms if _is_diagonal(m, term)]
    pairs = [_pair(m, term) for term in m.terms if not _is_diagonal(m, term)]
    if len(m.shape_in) == 1 and plain_terms and pairs and None not in pairs:
        return Core("woodbury", _diagonal(m, plain_terms), pairs=tuple(pair for pair in pairs if pair is not None))
    return Core("dense", matrix(m))


def matrix(m: LinearMap) -> Node:
    """The dense matrix, rows and columns flattened in C order."""
    dense = m.to_dense(FLOAT)
    return dense if len(m.shape_out) == len(m.shape_in) == 1 else _flat(dense, len(m.shape_out))


def solve(m: LinearMap, b: Node) -> Node:
    """x with J x = b, through the core; b of the shape of the output."""
    c = core(m)
    if c.kind == "diagonal":
        assert c.diagonal is not None
        return divide(b, c.diagonal)
    if c.kind == "kronecker":
        half = b if c.left is None else _solve(c.left, b)
        whole = half if c.right is None else transpose(_solve(c.right, transpose(half)))
        return whole if c.scale == 1 else divide(whole, constant(c.scale))
    if c.kind == "woodbury":
        return _woodbury(c, b)
    assert c.diagonal is not None
    if b.ndim == 1:
        return _solve(c.diagonal, b)
    return _unflat(_solve(c.diagonal, _flat(b, b.ndim)), m.shape_in)


def logabsdet(m: LinearMap) -> Node:
    """log |det J|: a sum over the diagonal, or n·log|det A| + m·log|det B| for A (m×m) ⊗ B (n×n)."""
    c = core(m)
    if c.kind == "diagonal":
        assert c.diagonal is not None
        return _total(_log_abs(c.diagonal))
    if c.kind == "kronecker":
        rows, columns = m.shape_in
        total: Node = constant(0.0)
        for side, times in ((c.left, columns), (c.right, rows)):
            if side is not None:
                total = add(total, multiply(size_node(times), make("logabsdet", (side,), None, (), FLOAT)))
        return total if abs(c.scale) == 1 else add(total, multiply(size_node(product(m.shape_in)), _log_abs(constant(float(c.scale)))))
    if c.kind == "woodbury":
        assert c.diagonal is not None
        small, _, _ = _small(c)
        return add(_total(_log_abs(c.diagonal)), make("logabsdet", (small,), None, (), FLOAT))
    assert c.diagonal is not None
    return make("logabsdet", (c.diagonal,), None, (), FLOAT)


# ----- recognising ----------------------------------------------------------------------------------------------------
def _is_diagonal(m: LinearMap, term: Term) -> bool:
    return m.row(term) == m.col(term) == ats(range(len(m.shape_in))) and term.sizes == m.shape_in


def _diagonal(m: LinearMap, terms: tuple[Term, ...] | list[Term]) -> Node:
    total: Node | None = None
    for term in terms:
        part = multiply(term.scale, coefficient(term)) if term.factors else full(m.shape_in, float(term.scale))
        total = part if total is None else add(total, part)
    assert total is not None
    return total


def _kronecker(m: LinearMap) -> Core | None:
    """One term over (i, j) -> (k, l) whose factors split into those of (i, k) and those of (j, l)."""
    if len(m.terms) != 1 or len(m.shape_in) != 2:
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
    return Core("kronecker", left=sides[0], right=sides[1], scale=term.scale)


def _labels(factor: Factor) -> set[int]:
    return {label for index in factor.index for label in labels_in(index)}


def _matrix_of(factors: list[Factor], i: int | None, k: int | None, n: Size) -> Node:
    """The product of the factors as the matrix of (i, k)."""
    by: dict[int, Index] = {label: at(place) for place, label in enumerate((i, k)) if label is not None}
    return nest((n, n), [Term((n, n), ats(range(2)), tuple(Factor(f.node, tuple(substitute(j, by, (n, n)) for j in f.index)) for f in factors))])


def _pair(m: LinearMap, term: Term) -> tuple[Node, Node] | None:
    """u and w of a term u[i]·w[j], for a map between vectors."""
    row, col = [plain(i) for i in m.row(term)], [plain(i) for i in m.col(term)]
    if len(m.shape_in) != 1 or None in row or None in col or row == col or term.sizes != (*m.shape_out, *m.shape_in):
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


# ----- building -------------------------------------------------------------------------------------------------------
def _small(c: Core) -> tuple[Node, Node, Node]:
    """I + WᵀD⁻¹U, D⁻¹U (n×r) and W (n×r)."""
    r = len(c.pairs)
    n = c.pairs[0][0].shape[0]
    assert c.diagonal is not None

    def stacked(vectors: list[Node]) -> Node:
        return nest((n, r), [Term((n,), (at(0), fixed(k)), (Factor(v, (at(0),)),)) for k, v in enumerate(vectors)])

    scaled_u = stacked([divide(u, c.diagonal) for u, _ in c.pairs])
    w = stacked([v for _, v in c.pairs])
    inner = nest((r, r), [Term((r, r, n), (at(0), at(1)), (Factor(w, (at(2), at(0))), Factor(scaled_u, (at(2), at(1)))))])
    eye = nest((r, r), [Term((r,), (at(0), at(0)), (), 1.0)])
    return add(eye, inner), scaled_u, w


def _woodbury(c: Core, b: Node) -> Node:
    small, scaled_u, w = _small(c)
    assert c.diagonal is not None
    n, r = w.shape
    first = divide(b, c.diagonal)
    projected = nest((r,), [Term((r, n), (at(0),), (Factor(w, (at(1), at(0))), Factor(first, (at(1),))))])
    back = _solve(small, projected)
    return subtract(first, nest((n,), [Term((n, r), (at(0),), (Factor(scaled_u, (at(0), at(1))), Factor(back, (at(1),))))]))


def _solve(a: Node, b: Node) -> Node:
    return make("solve", (a, b), None, b.shape, FLOAT)


def _position(labels: range, sizes: Shape) -> Index:
    """The row-major position of labels."""
    weight: Size = 1
    parts: list[tuple[int, Size]] = []
    for label in reversed(labels):
        parts.insert(0, (label, weight))
        weight = weight * sizes[label]
    return Affine(tuple(parts))


def _flat(node: Node, first: int) -> Node:
    """The array with its first axes as one, and the others as one (if there are any)."""
    groups = [labels for labels in (range(first), range(first, node.ndim)) if len(labels)]
    shape = tuple(product(tuple(node.shape[label] for label in labels)) for labels in groups)
    return nest(shape, [Term(node.shape, tuple(_position(labels, node.shape) for labels in groups), (Factor(node, ats(range(node.ndim))),))])


def _unflat(node: Node, shape: Shape) -> Node:
    """A vector as an array of this shape."""
    return nest(shape, [Term(shape, ats(range(len(shape))), (Factor(node, (_position(range(len(shape)), shape),)),))])


def _total(a: Node) -> Node:
    return nest((), [Term(a.shape, (), (Factor(a, ats(range(a.ndim))),))])


def _log_abs(a: Node) -> Node:
    return elementwise("log", elementwise("absolute", a))
