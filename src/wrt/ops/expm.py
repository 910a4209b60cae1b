"""The matrix exponential.

    d exp(A) = ∫ e^(tA) dA e^((1−t)A) dt over 0 ≤ t ≤ 1

is the upper right block of exp([[A, dA], [0, A]]), so the local Jacobian is an exponential of block matrices, and its own
derivative one of larger ones. Leading axes are batches. Example: of a 1×1 matrix a it is the 1×1×1×1 array e^a.
Source: C. Van Loan, IEEE Trans. Automat. Control 23 (1978); N. Higham, Functions of Matrices, section 10.6.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.graph.index import Affine, ats
from wrt.graph.nest import nest, view
from wrt.graph.node import Node, make
from wrt.graph.term import Factor, Term
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import case
from wrt.ops.elementwise import real
from wrt.ops.factorization import STACK, by_letters, square


def _local_expm(u: Node) -> list[LinearMap | None]:
    """One block matrix for each dA with a single 1, at [k, l]."""
    a = u.inputs[0]
    b, n = a.ndim - 2, a.shape[-1]
    batch, k, l, i, j = ats(range(b)), *ats(range(b, b + 4))
    sizes = (*a.shape[:b], n, n, n, n)
    lower = tuple(Affine(((b + position, 1),), n) for position in (2, 3))
    read = (Factor(a, (*batch, i, j)),)
    blocks = [Term(sizes, (*batch, k, l, i, j), read), Term(sizes, (*batch, k, l, *lower), read)]
    blocks.append(Term(sizes[:-2], (*batch, k, l, k, Affine(((b + 1, 1),), n))))
    powers = expm(nest((*a.shape[:b], n, n, 2 * n, 2 * n), blocks, a.dtype))
    upper_right = view(powers, sizes, [*batch, k, l, i, lower[1]])
    return [by_letters(u, a, ("ij", "kl", ((upper_right, "klij"),), 1))]


def _expm_value(node: Node, a: Any) -> Any:
    from scipy.linalg import expm as compute

    return compute(a)


operation(Operation("expm", _expm_value, _local_expm, "scipy.linalg.expm", "expm({0})", r"\exp({0})"))


@implements("scipy.linalg.expm", cases=(case(STACK[0]), case(STACK[:2]), case(np.array([[0.5]]))))
def expm(A: Node) -> Node:
    return make("expm", (square(A, "a matrix exponential"),), None, A.shape, real(A))
