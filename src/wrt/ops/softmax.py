"""logsumexp and softmax over axes.

    u[i] = log Σ_j b[i, j] e^a[i, j]      du[i]/da[i, j] = b[i, j] e^(a[i, j] − u[i]),   du[i]/db[i, j] = e^(a[i, j] − u[i])
    s[j] = e^a[j] / Σ_k e^a[k]            ds[j]/da[k] = s[j] δ[j, k] − s[j] s[k]

Example: softmax of a 3-vector has the 3×3 Jacobian diag(s) − s sᵀ, a diagonal and a product of rank one.
Source: SciPy's reference pages; Boyd & Vandenberghe, Convex Optimization, section 3.1.5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrt.errors import Unsupported
from wrt.graph.arithmetic import multiply, subtract
from wrt.graph.index import at, ats
from wrt.graph.nest import broadcast_to
from wrt.graph.node import Node, make
from wrt.graph.shape import broadcast
from wrt.graph.term import Factor, Term
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import case
from wrt.ops.elementwise import exp, real
from wrt.ops.reduction import Axes, axes_of, axes_text, local_reduction, over, reduce, spread


def _softmax_value(node: Node, a: Any) -> Any:
    powers = np.exp(a - np.max(a, axis=over(node), keepdims=True, initial=-np.inf))
    return powers / np.sum(powers, axis=over(node), keepdims=True)


def _softmax_code(node: Node, texts: Sequence[str]) -> str:
    axes = f", axis={over(node) if len(over(node)) > 1 else over(node)[0]}" if len(over(node)) else ", axis=()"
    return f"np.exp({texts[0]} - np.logaddexp.reduce({texts[0]}{axes}, keepdims=True))"


def _softmax_local(s: Node) -> list[LinearMap | None]:
    """diag(s) − s sᵀ: along the axes, the columns have labels of their own."""
    row = ats(range(s.ndim))
    partner = {axis: s.ndim + i for i, axis in enumerate(over(s))}
    column = tuple(at(partner.get(axis, axis)) for axis in range(s.ndim))
    sizes = (*s.shape, *(s.shape[axis] for axis in over(s)))
    diagonal = Term(s.shape, row + row, (Factor(s, row),))
    outer = Term(sizes, row + column, (Factor(s, row), Factor(s, column)), -1)
    return [LinearMap(s.shape, s.shape, (diagonal, outer))]


operation(Operation("softmax", _softmax_value, _softmax_local, _softmax_code, "softmax({0})", r"\operatorname{{softmax}}({0})"))

_CASES = (case((3,)), case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=-1), case((2, 2, 2), axis=(0, 2)), case((1,)))
_KEPT = (case((2, 3), axis=1, keepdims=True), case(()))


@implements("scipy.special.softmax", cases=_CASES)
def softmax(x: Node, axis: Any = None) -> Node:
    return make("softmax", (x,), axes_of(axis, x), x.shape, real(x))


@implements("scipy.special.log_softmax", cases=_CASES)
def log_softmax(x: Node, axis: Any = None) -> Node:
    return subtract(x, logsumexp(x, axis, keepdims=True))


# ----- logsumexp ------------------------------------------------------------------------------------------------------
def _logsumexp_value(node: Node, a: Any, b: Any = 1.0) -> Any:
    with np.errstate(all="ignore"):
        top = np.max(a, axis=over(node), keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0)
        return np.log(np.sum(b * np.exp(a - top), axis=over(node))) + np.squeeze(top, over(node))


def _logsumexp_code(node: Node, texts: Sequence[str]) -> str:
    axes = axes_text(node)
    if len(texts) == 1:
        return f"np.logaddexp.reduce({texts[0]}{axes or ', axis=None'})"
    top = f"np.max({texts[0]}{axes}, keepdims=True)"
    inner = f"np.log(np.sum({texts[1]} * np.exp({texts[0]} - {top}){axes}))"
    return f"{inner} + np.max({texts[0]}{axes})"


def _by_exponent(u: Node, axes: Axes) -> Node:
    a = u.inputs[0]
    return softmax(a, axes) if len(u.inputs) == 1 else multiply(u.inputs[1], _by_weight(u, axes))


def _by_weight(u: Node, axes: Axes) -> Node:
    return exp(subtract(u.inputs[0], spread(u, u.inputs[0].ndim, axes)))


def _logsumexp_local(u: Node) -> list[LinearMap | None]:
    return local_reduction(*(_by_exponent, _by_weight)[: len(u.inputs)])(u)


operation(Operation("logsumexp", _logsumexp_value, _logsumexp_local, _logsumexp_code, "logsumexp({0})", r"\operatorname{{logsumexp}}({0})"))

_WEIGHTED = (case((2, 3), axis=1, b=np.array([0.5, 0.0, 2.0])), case((3,), b=np.array([0.5, 1.5, 2.0])))


@implements("scipy.special.logsumexp", cases=(*_CASES, *_KEPT, *_WEIGHTED))
def logsumexp(a: Node, axis: Any = None, b: Node | None = None, keepdims: bool = False, return_sign: bool = False) -> Node:
    if return_sign:
        raise Unsupported("logsumexp with return_sign=True has no derivative rule in wrt.", advice="Take the logarithm of a positive sum.")
    if b is None:
        return reduce("logsumexp", a, axes_of(axis, a), keepdims=keepdims)
    shape = broadcast(a.shape, b.shape)
    a, b = broadcast_to(a, shape), broadcast_to(b, shape)
    return reduce("logsumexp", a, axes_of(axis, a), b, keepdims=keepdims)
