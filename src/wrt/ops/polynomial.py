"""Polynomials by their coefficients, the highest power first.

polyval is Horner's rule, a chain of products and sums, so nothing is declared here. Example: polyval((2, 0, 1), x) is
2 x² + 1; by x it is 4 x, by the coefficients (x², x, 1). Source: NumPy's reference pages.
"""

from __future__ import annotations

from operator import index as whole

import numpy as np

from wrt.errors import ShapeError
from wrt.graph.arithmetic import add, divide, multiply, power, subtract
from wrt.graph.index import Affine, at, fixed
from wrt.graph.nest import broadcast_to, nest, view, zeros
from wrt.graph.node import Node, frozen, promote
from wrt.graph.size import as_int
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import implements
from wrt.ops.contraction import case, said


def _coefficients(p: Node, what: str) -> int:
    if p.ndim != 1:
        raise ShapeError(f"{said(p, 0, 1)}; {what} needs a vector of coefficients.")
    return as_int(p.shape[0], what)


@implements(np.polyval, cases=(case((3,), (2, 2)), case((4,), ()), case((1,), (3,)), case((0,), (2,)), case((3,), (0,))))
def polyval(p: Node, x: Node) -> Node:
    n = _coefficients(p, "A polynomial")
    if not n:
        return zeros(x.shape, promote(p, x))
    value = broadcast_to(view(p, (), [fixed(0)]), x.shape)
    for k in range(1, n):
        value = add(multiply(value, x), view(p, (), [fixed(k)]))
    return value


@implements(np.polyadd, cases=(case((3,), (2,)), case((2,), (2,))))
def polyadd(a1: Node, a2: Node) -> Node:
    return add(*_aligned(a1, a2))


@implements(np.polysub, cases=(case((3,), (2,)), case((2,), (2,))))
def polysub(a1: Node, a2: Node) -> Node:
    return subtract(*_aligned(a1, a2))


def _aligned(*polynomials: Node) -> list[Node]:
    size = max(_coefficients(p, "A sum of polynomials") for p in polynomials)
    return [_behind(p, size - as_int(p.shape[0], "A polynomial"), size) for p in polynomials]


def _behind(p: Node, start: int, size: int) -> Node:
    """The vector at its place in a longer one of zeros."""
    return nest((size,), [Term(p.shape, (Affine(((0, 1),), start),), (Factor(p, (at(0),)),))], p.dtype)


@implements(np.polyder, cases=(case((4,)), case((4,), m=2), case((1,))))
def polyder(p: Node, m: int = 1) -> Node:
    for _ in range(whole(m)):
        n = _coefficients(p, "The derivative of a polynomial")
        p = multiply(view(p, (max(n - 1, 0),), [at(0)]), frozen(np.arange(n - 1, 0, -1)))
    return p


@implements(np.polyint, cases=(case((3,)), case((3,), m=2)))
def polyint(p: Node, m: int = 1) -> Node:
    for _ in range(whole(m)):
        n = _coefficients(p, "The integral of a polynomial")
        p = _behind(divide(p, frozen(np.arange(n, 0, -1.0).astype(p.dtype))), 0, n + 1)
    return p


@implements(np.vander, cases=(case((3,)), case((2,), N=3), case((3,), N=3, increasing=True)))
def vander(x: Node, N: int | None = None, increasing: bool = False) -> Node:
    n = _coefficients(x, "A Vandermonde matrix")
    count = n if N is None else whole(N)
    powers = np.arange(count) if increasing else np.arange(count - 1, -1, -1)
    return power(view(x, (n, count), [at(0)]), frozen(powers.astype(x.dtype)))
