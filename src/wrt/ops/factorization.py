"""Inverses and linear systems: inv, solve, pinv, lstsq and what follows from them.

    U = A⁻¹      dU = −A⁻¹ dA A⁻¹                     dU[i, l] = −U[i, j] dA[j, k] U[k, l]
    x = A⁻¹ b    dx = A⁻¹ (db − dA x)
    P = A⁺       dP = −P dA P + P Pᵀ dAᵀ (I − A P) + (I − P A) dAᵀ Pᵀ P        as long as the rank stays the same

Leading axes are batches. Example: solve(A, b) of a 3×3 system: by b it is A⁻¹, by A it is −A⁻¹ ⊗ xᵀ, never built.
Source: Petersen & Pedersen, The Matrix Cookbook, (59); Golub & Pereyra, SIAM J. Numer. Anal. 10 (1973), (4.12).
"""

from __future__ import annotations

from operator import index as whole
from typing import Any

import numpy as np

from wrt.errors import ShapeError
from wrt.graph.arithmetic import multiply, subtract
from wrt.graph.index import at, ats, fixed
from wrt.graph.nest import broadcast_to, transpose, view
from wrt.graph.node import Node, Scalar, Shape, make
from wrt.graph.shape import broadcast, same
from wrt.graph.size import Size, product
from wrt.graph.term import Factor, Term
from wrt.linear.algebra import contracted
from wrt.linear.linear_map import LinearMap
from wrt.ops.accumulation import triangle
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import axis_of, case, identity_matrix, matmul, raveled, said
from wrt.ops.elementwise import real
from wrt.ops.rearrangement import reshape

Rule = tuple[str, str, tuple[tuple[Node, str], ...], Scalar]


def by_letters(node: Node, wanted: Node, *rules: Rule) -> LinearMap:
    """A local Jacobian from lines such as ("il", "jk", ((U, "ij"), (U, "kl")), -1): row, column, factors, scale.

    The letters name the last axes; the axes before them are batches, which all arrays share or lack altogether.
    """
    return LinearMap(node.shape, wanted.shape, tuple(done for rule in rules for done in contracted(_term(node, wanted, *rule))))


def _term(node: Node, wanted: Node, row: str, col: str, factors: tuple[tuple[Node, str], ...], scale: Scalar) -> Term:
    batch = node.shape[: node.ndim - len(row)]
    arrays: list[tuple[Shape, str]] = [(node.shape, row), (wanted.shape, col), *((array.shape, letters) for array, letters in factors)]
    sizes: dict[str, Size] = {}
    for shape, letters in arrays:
        sizes.update(zip(letters, shape[len(shape) - len(letters) :], strict=True))
    label = {letter: len(batch) + i for i, letter in enumerate(sizes)}
    first = ats(range(len(batch)))

    def index(letters: str, ndim: int) -> tuple[Any, ...]:
        return (*(first if ndim > len(letters) else ()), *(at(label[letter]) for letter in letters))

    read = tuple(Factor(array, index(letters, array.ndim)) for array, letters in factors)
    return Term((*batch, *sizes.values()), index(row, node.ndim) + index(col, wanted.ndim), read, scale)


def square(a: Node, what: str) -> Node:
    """The matrix, if it is square (a stack of matrices, if they are)."""
    if a.ndim < 2 or not same(a.shape[-2], a.shape[-1]):
        raise ShapeError(f"{said(a, 0, 1)}; {what} needs a square matrix.")
    return a


def turned(a: Node) -> Node:
    """The transposes of a stack of matrices."""
    return transpose(a, [*range(a.ndim - 2), a.ndim - 1, a.ndim - 2])


A2, A3 = np.array([[1.5, 0.5], [-0.25, 1.25]]), np.array([[2.0, 0.5, -0.75], [0.25, 1.5, 0.5], [-1.0, 0.75, 2.5]])
STACK = np.array([A2, [[0.5, -1.0], [2.0, 0.75]], [[-1.5, 0.25], [0.5, 1.0]]])
TALL = np.array([[1.5, 0.25], [-0.5, 1.0], [0.75, -2.0]])

# ----- inverses -------------------------------------------------------------------------------------------------------
_SINGULAR = "at singular matrices, where there is no inverse"


def _local_inv(u: Node) -> list[LinearMap | None]:
    return [by_letters(u, u.inputs[0], ("il", "jk", ((u, "ij"), (u, "kl")), -1))]


operation(Operation("inv", lambda _, a: np.linalg.inv(a), _local_inv, "np.linalg.inv", "inv({0})", "{0}^{{-1}}", _SINGULAR))

SQUARES = (case(A2), case(A3), case(STACK), case(np.array([[0.5]])), case((0, 0)))


@implements(np.linalg.inv, "scipy.linalg.inv", cases=SQUARES)
def inv(a: Node) -> Node:
    return make("inv", (square(a, "an inverse"),), None, a.shape, real(a))


@implements(np.linalg.matrix_power, cases=(*(case(A2, n=n) for n in (0, 1, 2, 5, -3)), case((2, 2, 2), n=3)))
def matrix_power(a: Node, n: int) -> Node:
    """By squaring; a negative power is that of the inverse."""
    square(a, "a matrix power")
    n = whole(n)
    if n < 0:
        return matrix_power(inv(a), -n)
    result: Node | None = None
    while n:
        if n % 2:
            result = a if result is None else matmul(result, a)
        n //= 2
        a = matmul(a, a) if n else a
    return identity_matrix(a) if result is None else result


# ----- linear systems -------------------------------------------------------------------------------------------------
def _local_solve(x: Node) -> list[LinearMap | None]:
    a, b = x.inputs
    rest = "r" if b.ndim == a.ndim else ""
    by_matrix = by_letters(x, a, ("i" + rest, "jk", ((inv(a), "ij"), (x, "k" + rest)), -1))
    return [by_matrix, by_letters(x, b, ("i" + rest, "j" + rest, ((inv(a), "ij"),), 1))]


_TEXTS = "solve({0}, {1})", "{0}^{{-1}} {1}"
operation(Operation("solve", lambda _, a, b: np.linalg.solve(a, b), _local_solve, "np.linalg.solve", *_TEXTS, _SINGULAR))

_SYSTEMS = (case(A2, (2,)), case(A3, (3, 2)), case(A2, (2, 1)), case((0, 0), (0,)))
_MANY = (case(STACK, (2,)), case(STACK, (3, 2, 1)), case(A2, (2, 2, 3)))


@implements(np.linalg.solve, cases=(*_SYSTEMS, *_MANY))
def solve(a: Node, b: Node) -> Node:
    """NumPy 2: one axis is a vector, more are a stack of matrices."""
    square(a, "a linear system")
    if not b.ndim or not same(a.shape[-1], b.shape[-1 if b.ndim == 1 else -2]):
        raise ShapeError(f"{said(a, 0)} and {said(b, 1)}; the sizes of the system and of its right-hand side differ.")
    if b.ndim == 1 and a.ndim > 2:
        columns = view(b, (*a.shape[:-1], 1), [at(a.ndim - 2)])
        x = solve(a, columns)
        return view(x, a.shape[:-1], [*ats(range(a.ndim - 1)), fixed(0)])
    if b.ndim > 1:
        batch = broadcast(a.shape[:-2], b.shape[:-2])
        a, b = broadcast_to(a, (*batch, *a.shape[-2:])), broadcast_to(b, (*batch, *b.shape[-2:]))
    return make("solve", (a, b), None, b.shape, real(a, b))


@implements("scipy.linalg.solve", cases=_SYSTEMS[:3])
def solve_by_scipy(a: Node, b: Node) -> Node:
    return solve(a, b)


_SIDES = tuple(case(A3, (3,), lower=lower, trans=trans) for lower in (False, True) for trans in (0, "T"))


@implements("scipy.linalg.solve_triangular", cases=(*_SIDES, case(A3, (3, 2), unit_diagonal=True)))
def solve_triangular(a: Node, b: Node, trans: int | str = 0, lower: bool = False, unit_diagonal: bool = False) -> Node:
    """Only the named triangle is read, so the derivative by the other entries is zero."""
    n = square(a, "a triangular system").shape[-1]
    below = triangle(n, 1 if unit_diagonal else 0, a.dtype)
    part = multiply(below if lower else turned(below), a)
    if unit_diagonal:
        part = part + identity_matrix(a)
    return solve(part if trans in (0, "N") else turned(part), b)


@implements(np.linalg.tensorsolve, cases=(case(A2.reshape(2, 1, 2), (2, 1)), case(A2.reshape(2, 2, 1), (2,), axes=(2,))))
def tensorsolve(a: Node, b: Node, axes: Any = None) -> Node:
    if axes is not None:
        last = [axis_of(axis, a) for axis in axes]
        a = transpose(a, [*(axis for axis in range(a.ndim) if axis not in last), *last])
    shape = a.shape[b.ndim :]
    return reshape(solve(reshape(a, (-1, product(shape))), raveled(b)), shape)


@implements(np.linalg.tensorinv, cases=(case(A2.reshape(2, 1, 2), ind=2), case(A2.reshape(2, 2, 1), ind=1)))
def tensorinv(a: Node, ind: int = 2) -> Node:
    return reshape(inv(reshape(a, (product(a.shape[:ind]), -1))), a.shape[ind:] + a.shape[:ind])


# ----- any rank -------------------------------------------------------------------------------------------------------
def _local_pinv(p: Node) -> list[LinearMap | None]:
    a = p.inputs[0]
    rows, columns = matmul(a, p), matmul(p, a)
    outside, inside = subtract(identity_matrix(rows), rows), subtract(identity_matrix(columns), columns)
    first: Rule = ("il", "jk", ((p, "ij"), (p, "kl")), -1)
    second: Rule = ("il", "jk", ((matmul(p, turned(p)), "ik"), (outside, "jl")), 1)
    third: Rule = ("il", "jk", ((inside, "ik"), (matmul(turned(p), p), "jl")), 1)
    return [by_letters(p, a, first, second, third)]


_RANK = "where the rank changes"
operation(Operation("pinv", lambda _, a: np.linalg.pinv(a), _local_pinv, "np.linalg.pinv", "pinv({0})", "{0}^{{+}}", _RANK))


@implements(np.linalg.pinv, "scipy.linalg.pinv", cases=(case(A2), case(TALL), case(TALL.T.copy()), case(np.array([TALL, 2 * TALL - 1]))))
def pinv(a: Node) -> Node:
    if a.ndim < 2:
        raise ShapeError(f"{said(a, 0, 1)}; a pseudo-inverse needs a matrix.")
    return make("pinv", (a,), None, (*a.shape[:-2], a.shape[-1], a.shape[-2]), real(a))
