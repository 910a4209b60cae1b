"""Least squares by the pseudo-inverse, and condition numbers by singular values.

    x = A⁺ b        κ = ‖A‖ ‖A⁻¹‖, in the 2-norm s[0] / s[−1]

Both are compositions: their derivatives are those of `pinv`, `svdvals` and `norm`. Leading axes are batches in `cond`.
Source: Golub & Van Loan, Matrix Computations, sections 5.5 and 2.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.graph.arithmetic import divide, multiply, power, subtract
from wrt.graph.index import at, ats, fixed
from wrt.graph.nest import view
from wrt.graph.node import INT, Node, make
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import case, matmul, total
from wrt.ops.decomposition import svdvals
from wrt.ops.factorization import A2, A3, STACK, TALL, inv, pinv
from wrt.ops.norm import matrix_norm

_RANK = "where the rank changes"
_COUNT = "np.linalg.matrix_rank", "rank({0})", r"\operatorname{{rank}}({0})"
operation(Operation("matrix_rank", lambda _, a: np.linalg.matrix_rank(a), lambda _: [None], *_COUNT, _RANK))


@implements(np.linalg.lstsq, cases=(case(TALL, (3,)), case(TALL, (3, 2)), case(A2, (2,))))
def lstsq(a: Node, b: Node, rcond: Any = None) -> tuple[Node, Node, Node, Node]:
    """The solution is A⁺ b; the residuals are those of a matrix of full column rank, as NumPy gives them then."""
    x = matmul(pinv(a), b)
    rank = make("matrix_rank", (a,), None, (), INT)
    squares = total(power(subtract(b, matmul(a, x)), 2), (0,), keepdims=b.ndim == 1)
    overdetermined = isinstance(a.shape[0], int) and isinstance(a.shape[1], int) and a.shape[0] > a.shape[1]
    return x, squares if overdetermined else view(squares, (0,), [at(0)]), rank, svdvals(a)


_ORDERS = (case(A2), case(A3, p=2), case(A3, p=-2), case(A3, p="fro"), case(A3, p=1), case(STACK))


@implements(np.linalg.cond, cases=_ORDERS)
def cond(x: Node, p: Any = None) -> Node:
    """‖A‖ ‖A⁻¹‖; in the 2-norm the quotient of the largest and the smallest singular value."""
    if p in (None, 2, -2):
        values = svdvals(x)
        ends = [view(values, values.shape[:-1], [*ats(range(values.ndim - 1)), fixed(i)]) for i in (0, values.shape[-1] - 1)]
        return divide(*(ends[::-1] if p == -2 else ends))
    return multiply(matrix_norm(x, ord=p), matrix_norm(inv(x), ord=p))
