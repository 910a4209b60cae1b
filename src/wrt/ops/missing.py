"""Reductions and running sums that pass over NaN: the entries that are NaN are replaced, and their derivative is zero.

nansum(a) = sum(where(isnan(a), 0, a)), and so on with what changes nothing: 1 for products, ±inf for extremes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.graph.arithmetic import divide, elementwise, mask, power, subtract, where
from wrt.graph.node import BOOL, Node, Operand
from wrt.ops.accumulation import cumprod, cumsum
from wrt.ops.catalog import implements
from wrt.ops.contraction import case, total
from wrt.ops.elementwise import root
from wrt.ops.norm import two_norm
from wrt.ops.reduction import axes_of, max, min, prod, sum

_HOLES = np.array([[0.5, np.nan, 2.0], [-1.25, 0.75, np.nan]])
_CASES = (case((2, 3)), case(_HOLES), case(_HOLES, axis=0), case(_HOLES, axis=1, keepdims=True))


def _filled(a: Node, value: Operand) -> Node:
    return where(elementwise("isnan", a, dtype=BOOL), value, a)


def _count(a: Node, axis: Any, keepdims: bool) -> Node:
    present = elementwise("logical_not", elementwise("isnan", a, dtype=BOOL), dtype=BOOL)
    return total(mask(present, a.dtype), axes_of(axis, a), keepdims=keepdims)


@implements(np.nansum, cases=_CASES)
def nansum(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return sum(_filled(a, 0.0), axis, keepdims)


@implements(np.nanprod, cases=_CASES)
def nanprod(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return prod(_filled(a, 1.0), axis, keepdims)


@implements(np.nanmax, cases=_CASES)
def nanmax(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return max(_filled(a, -np.inf), axis, keepdims)


@implements(np.nanmin, cases=_CASES)
def nanmin(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return min(_filled(a, np.inf), axis, keepdims)


@implements(np.nanmean, cases=_CASES)
def nanmean(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return divide(nansum(a, axis, keepdims), _count(a, axis, keepdims))


@implements(np.nanvar, cases=(*_CASES, case(_HOLES, ddof=1)))
def nanvar(a: Node, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Node:
    return divide(sum(power(_deviation(a, axis), 2), axis, keepdims), subtract(_count(a, axis, keepdims), ddof))


@implements(np.nanstd, cases=(case((2, 3)), case(_HOLES), case(_HOLES, axis=1, keepdims=True), case(_HOLES, ddof=1)))
def nanstd(a: Node, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Node:
    size = two_norm(_deviation(a, axis), axes_of(axis, a), keepdims=keepdims)
    return divide(size, root(subtract(_count(a, axis, keepdims), ddof)))


def _deviation(a: Node, axis: Any) -> Node:
    """a − mean(a), and 0 at NaN; no NaN is computed on the way."""
    missing = elementwise("isnan", a, dtype=BOOL)
    return where(missing, 0.0, subtract(_filled(a, 0.0), nanmean(a, axis, keepdims=True)))


@implements(np.nancumsum, cases=(case((3,)), case(_HOLES), case(_HOLES, axis=1)))
def nancumsum(a: Node, axis: int | None = None) -> Node:
    return cumsum(_filled(a, 0.0), axis)


@implements(np.nancumprod, cases=(case((3,)), case(_HOLES), case(_HOLES, axis=1)))
def nancumprod(a: Node, axis: int | None = None) -> Node:
    return cumprod(_filled(a, 1.0), axis)
