"""A map through its core, as nodes: products, solutions and log-determinants with the small arrays that its terms hold.

    diagonal            y = d ⊙ x                        solve: b / d
    Kronecker           Y = A X Bᵀ (A or B may be I)     solve: A⁻¹ Y B⁻ᵀ
    diagonal + low rank D + U Wᵀ                         solve: D⁻¹b − D⁻¹U (I + WᵀD⁻¹U)⁻¹ WᵀD⁻¹b        (Woodbury)
    dense               J                                solve: J⁻¹b

The Hessian of ‖T − UVᵀ‖² by U is 2·(I ⊗ VᵀV): its core is k×k, and a Newton step solves with that alone. Every result is a
node, to be lowered like any other: `matvec(m, x)`, `rmatvec(m, y)`, `solve(m, b)`, `logabsdet(m)`. With numbers in hand
`wrt.linear.inverse` does the same for every core. Source: Golub & Van Loan, Matrix Computations, sections 2.1.4 and 12.3.
"""

from __future__ import annotations

from math import inf, log

from wrt.graph.arithmetic import add, divide, elementwise, multiply, subtract
from wrt.graph.index import at, ats, fixed
from wrt.graph.nest import broadcast_to, nest, transpose, uniform
from wrt.graph.node import FLOAT, Node, Shape, constant, make
from wrt.graph.size import product
from wrt.graph.term import Factor, Term, size_node
from wrt.linear import algebra
from wrt.linear.core import Blocks, Diagonal, Kronecker, Permutation, Woodbury, Zero, core, flattened, matrix, position
from wrt.linear.diagonal import diagonal
from wrt.linear.linear_map import LinearMap
from wrt.linear.reach import numbers, reach

__all__ = ["core", "logabsdet", "matvec", "rmatvec", "short_logabsdet", "solve"]


def matvec(m: LinearMap, vector: Node) -> Node:
    """J v, of the shape of the output."""
    return algebra.apply(m, vector)


def rmatvec(m: LinearMap, covector: Node) -> Node:
    """Jᵀ w, of the shape of the input."""
    return algebra.apply_transposed(m, covector)


def solve(m: LinearMap, b: Node) -> Node:
    """x with J x = b, through the core; b of the shape of the output, which is that of the input."""
    match core(m):
        case Diagonal(d):
            return divide(b, d)
        case Kronecker(left, right, scale):
            half = b if left is None else _solve(left, b)
            whole = half if right is None else transpose(_solve(right, transpose(half)))
            return whole if scale == 1 else divide(whole, constant(scale))
        case Woodbury() as c:
            return _woodbury(c, b)
    whole = matrix(m)
    if b.ndim == 1:
        return _solve(whole, b)
    return _unflat(_solve(whole, flattened(b, b.ndim)), m.shape_in)


def logabsdet(m: LinearMap) -> Node:
    """log |det J|."""
    short = short_logabsdet(m)
    if short is not None:
        return short
    c = core(m)
    if isinstance(c, Woodbury):
        small, _, _ = _small(c)
        return add(_total_log(c.diagonal), _logabsdet(small))
    return _logabsdet(matrix(m))


def short_logabsdet(m: LinearMap) -> Node | None:
    """log |det J| where it takes no factorization of a large matrix: a sum over the diagonal, the entries or the blocks."""
    if m.terms and numbers(m.shape) is not None and 0 in (reach(m) or (1, 1)):
        found = diagonal(m)
        if found is not None:
            return _total_log(found)
    match core(m):
        case Zero():
            return constant(-inf) if 0 not in m.shape else constant(0.0)
        case Diagonal(d):
            return _total_log(d)
        case Permutation(nodes, sizes):
            total: Node = constant(0.0)
            for node, counts in zip(nodes, sizes, strict=True):
                total = add(total, _total_log(node, counts))
            return total
        case Kronecker(left, right, scale):
            rows, columns = m.shape_in
            total = constant(0.0)
            for side, times in ((left, columns), (right, rows)):
                if side is not None:
                    total = add(total, multiply(size_node(times), _logabsdet(side)))
            return total if abs(scale) == 1 else add(total, multiply(size_node(product(m.shape_in)), constant(log(abs(scale)))))
        case Blocks(blocks, _, count, alike):
            each = _logabsdet(blocks)
            return multiply(constant(count), each) if alike else _total(each)
    return None


# ----- building -------------------------------------------------------------------------------------------------------
def _small(c: Woodbury) -> tuple[Node, Node, Node]:
    """I + WᵀD⁻¹U, D⁻¹U (n×r) and W (n×r)."""
    r = len(c.pairs)
    n = c.pairs[0][0].shape[0]

    def stacked(vectors: list[Node]) -> Node:
        return nest((n, r), [Term((n,), (at(0), fixed(k)), (Factor(v, (at(0),)),)) for k, v in enumerate(vectors)])

    scaled_u = stacked([divide(u, c.diagonal) for u, _ in c.pairs])
    w = stacked([v for _, v in c.pairs])
    inner = nest((r, r), [Term((r, r, n), (at(0), at(1)), (Factor(w, (at(2), at(0))), Factor(scaled_u, (at(2), at(1)))))])
    eye = nest((r, r), [Term((r,), (at(0), at(0)), (), 1.0)])
    return add(eye, inner), scaled_u, w


def _woodbury(c: Woodbury, b: Node) -> Node:
    small, scaled_u, w = _small(c)
    n, r = w.shape
    first = divide(b, c.diagonal)
    projected = nest((r,), [Term((r, n), (at(0),), (Factor(w, (at(1), at(0))), Factor(first, (at(1),))))])
    back = _solve(small, projected)
    return subtract(first, nest((n,), [Term((n, r), (at(0),), (Factor(scaled_u, (at(0), at(1))), Factor(back, (at(1),))))]))


def _solve(a: Node, b: Node) -> Node:
    return make("solve", (a, b), None, b.shape, FLOAT)


def _logabsdet(a: Node) -> Node:
    return make("logabsdet", (a,), None, a.shape[:-2], a.dtype if a.dtype.kind == "f" else FLOAT)


def _unflat(node: Node, shape: Shape) -> Node:
    """A vector as an array of this shape."""
    return nest(shape, [Term(shape, ats(range(len(shape))), (Factor(node, (position(range(len(shape)), shape),)),))])


def _total(a: Node) -> Node:
    return nest((), [Term(a.shape, (), (Factor(a, ats(range(a.ndim))),))])


def _total_log(a: Node, shape: Shape | None = None) -> Node:
    """Σ log |a|, a broadcast to the shape."""
    value, sizes = uniform(a), a.shape if shape is None else shape
    if 0 in sizes:
        return constant(0.0)
    if value is not None:
        return multiply(size_node(product(sizes)), constant(log(abs(value)) if value else -inf))
    scale, rest = algebra.split_number(a)
    if rest is not None and rest.op == "exp":  # log|c exp(u)| = log|c| + u, which does not overflow either
        return add(multiply(size_node(product(sizes)), constant(log(abs(scale)))), _total(broadcast_to(rest.inputs[0], sizes)))
    return _total(elementwise("log", elementwise("absolute", broadcast_to(a, sizes))))
