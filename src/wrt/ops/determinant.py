"""Determinants, exact at singular matrices too.

    u = det A          du/dA[i, j] = C[i, j], the cofactors; dC[i, j]/dA[k, l] = C₂[i, j, k, l], the second cofactors; and so on
    u = log |det A|    du/dA[i, j] = (A⁻¹)[j, i]

Cofactors are computed from A = U diag(s) V, C = det(U V) · U diag(Π_{q≠p} s[q]) V, where nothing is divided by det A.
Example: det of a 2×2 matrix by the matrix: [[a₂₂, −a₂₁], [−a₁₂, a₁₁]]. Source: Petersen & Pedersen, The Matrix Cookbook, (46)
and (57); Magnus & Neudecker, Matrix Differential Calculus, section 8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from string import ascii_lowercase
from typing import Any, NamedTuple

import numpy as np

from wrt.graph.node import Node, make
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Local, Operation, implements, operation
from wrt.ops.contraction import case
from wrt.ops.elementwise import real
from wrt.ops.factorization import A2, A3, SQUARES, by_letters, inv, square

_RANK_ONE = np.array([[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [-1.0, -2.0, -0.5]])
_SINGULAR = (case(_RANK_ONE), case(np.array([[1.0, 2.0], [2.0, 4.0]])), case(np.zeros((2, 2))))


@implements(np.linalg.det, "scipy.linalg.det", cases=(*SQUARES, *_SINGULAR))
def det(a: Node) -> Node:
    return make("det", (square(a, "a determinant"),), None, a.shape[:-2], real(a))


def cofactors(a: Node, order: int = 1) -> Node:
    """The derivative of the determinant of this order; two indices an order."""
    n = a.shape[-1]
    return make("cofactors", (a,), order, a.shape[:-2] + (n, n) * order, real(a))


def _local(node: Node) -> list[LinearMap | None]:
    order = 0 if node.op == "det" else _order(node)
    letters = ascii_lowercase[: 2 * order + 2]
    a = node.inputs[0]
    return [by_letters(node, a, (letters[:-2], letters[-2:], ((cofactors(a, order + 1), letters),), 1))]


def _order(node: Node) -> int:
    return node.attrs  # type: ignore[return-value]


def _subscripts(order: int) -> tuple[str, list[tuple[int, str]]]:
    """The einsum of products, U and V, and the signed orders in which the columns are then exchanged."""
    rows, columns, inner = ascii_lowercase[:order], ascii_lowercase[order : 2 * order], ascii_lowercase[-order:]

    def pairs(columns: Sequence[str]) -> str:
        return "..." + "".join(i + j for i, j in zip(rows, columns, strict=True))

    factors = ",".join(f"...{i}{p},...{p}{j}" for i, p, j in zip(rows, inner, columns, strict=True))
    signs = [(round(np.linalg.det(np.eye(order)[list(p)])), pairs([columns[q] for q in p])) for p in permutations(range(order))]
    return f"...{inner},{factors}->{pairs(columns)}", signs


def _value(node: Node, a: Any) -> Any:
    order, n = _order(node), a.shape[-1]
    u, s, v = np.linalg.svd(a)
    left_out = sum(np.eye(n, dtype=bool).reshape([n if axis in (i, order) else 1 for axis in range(order + 1)]) for i in range(order))
    products = np.prod(np.where(left_out, 1, s[(..., *[None] * order, slice(None))]), -1)
    subscripts, signs = _subscripts(order)
    one = np.einsum(subscripts, products, *[u, v] * order)
    plain = signs[0][1]
    alternating = sum(sign * np.einsum(f"{exchanged}->{plain}", one) for sign, exchanged in signs)
    return np.linalg.det(u @ v)[(..., *[None] * 2 * order)] * alternating


def _code(node: Node, texts: Sequence[str]) -> str:
    order = _order(node)
    eye = "np.eye(s.shape[-1], dtype=bool)"
    places = [", ".join(":" if axis in (i, order) else "None" for axis in range(order + 1)) for i in range(order)]
    left_out = eye if order == 1 else " | ".join(f"{eye}[{place}]" for place in places)
    products = f"np.prod(np.where({left_out}, 1, s[..., {'None, ' * order}:]), -1)"
    subscripts, signs = _subscripts(order)
    one = f"np.einsum('{subscripts}', {products}{', U, V' * order})"
    plain = signs[0][1]
    parts = "".join(f" {'+' if sign > 0 else '-'} np.einsum('{exchanged}->{plain}', T)" for sign, exchanged in signs[1:])
    alternating = f"(lambda T: T{parts})({one})" if parts else one
    return f"(lambda U, s, V: np.linalg.det(U @ V)[..., {', '.join(['None'] * 2 * order)}] * {alternating})(*np.linalg.svd({texts[0]}))"


operation(Operation("det", lambda _, a: np.linalg.det(a), _local, "np.linalg.det", "det({0})", r"\det({0})"))
operation(Operation("cofactors", _value, _local, _code, "cof({0})", r"\operatorname{{cof}}({0})"))


# ----- logarithm ------------------------------------------------------------------------------------------------------
class SlogdetResult(NamedTuple):
    """As NumPy returns it."""

    sign: Node
    logabsdet: Node


def _local_log(u: Node) -> list[LinearMap | None]:
    return [by_letters(u, u.inputs[0], ("", "ij", ((inv(u.inputs[0]), "ji"),), 1))]


_KINK = "at singular matrices, where log|det| is −∞ and its sign jumps"


def _half(name: str, position: int, local: Local, text: str, latex: str) -> None:
    def code(_: Node, texts: Sequence[str]) -> str:
        return f"np.linalg.slogdet({texts[0]})[{position}]"

    operation(Operation(name, lambda _, a: np.linalg.slogdet(a)[position], local, code, text, latex, _KINK))


_half("detsign", 0, lambda _: [None], "sign(det({0}))", r"\operatorname{{sign}}(\det {0})")
_half("logabsdet", 1, _local_log, "log|det({0})|", r"\log\left|\det {0}\right|")


@implements(np.linalg.slogdet, cases=(*SQUARES[:-1], case(-A3), case(A2[::-1].copy())))
def slogdet(a: Node) -> SlogdetResult:
    square(a, "a determinant")
    return SlogdetResult(*(make(name, (a,), None, a.shape[:-2], real(a)) for name in ("detsign", "logabsdet")))
