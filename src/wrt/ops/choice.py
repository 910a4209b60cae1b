"""Choice: where, select, choose, piecewise, clip, heaviside, nan_to_num. Each entry is one of several, or of bounded size.

The chosen entry has slope 1 and the others an absolute 0, whatever stands there: where(x > 0, log(x), 0) has no NaN in its
Jacobian. The condition itself is piecewise constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.graph import arithmetic
from wrt.graph.arithmetic import as_node, elementwise
from wrt.graph.index import ats
from wrt.graph.node import BOOL, Node, Operand
from wrt.graph.shape import broadcast
from wrt.ops.catalog import Case, Nodes, implements
from wrt.ops.joining import stack
from wrt.ops.rearrangement import broadcast_to, gather
from wrt.ops.selection import position_index, within

_MASK = np.array([True, False, True])


def condition_of(node: Node) -> Node:
    """Truth: the node itself, or where it is not zero."""
    return node if node.dtype.kind == "b" else elementwise("not_equal", node, 0, dtype=BOOL)


def compare(name: str, a: Operand, b: Operand) -> Node:
    return elementwise(name, a, b, dtype=BOOL)


@implements(np.where, cases=[Case((_MASK, (3,), (3,))), Case((_MASK, (2, 1), ())), Case((np.array([[1], [0]]), (3,), (2, 3)))])
def where(condition: Node, x: Node, y: Node) -> Node:
    return arithmetic.where(condition_of(condition), x, y)


@implements(np.select, cases=[Case(([_MASK, ~_MASK], [(3,), (3,)])), Case(([_MASK], [(2, 3)]), {"default": 1.5})])
def select(condlist: Nodes, choicelist: Nodes, default: Node | None = None) -> Node:
    """The first choice whose condition holds."""
    if len(condlist) != len(choicelist):
        raise ArgumentError(f"np.select needs as many choices as conditions: {len(choicelist)} are not {len(condlist)}.")
    result = as_node(0) if default is None else default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    shape = broadcast(*(node.shape for node in (*condlist, *choicelist)))
    return broadcast_to(result, shape)


@implements(np.choose, cases=[Case((), {"a": [0, 1, 1], "choices": [np.ones(3), np.zeros(3)]})])
def choose(a: Any, choices: Nodes, mode: str = "raise") -> Node:
    a = a if isinstance(a, Node) else np.asarray(a)
    shape = broadcast(np.shape(a), *(choice.shape for choice in choices))
    table = stack([broadcast_to(choice, shape) for choice in choices])
    which = position_index(within(a, len(choices), mode), len(choices), tuple(range(len(shape))), shape)
    return gather(table, shape, (which, *ats(range(len(shape)))))


@implements(np.piecewise)
def piecewise(x: Node, condlist: Nodes, funclist: Sequence[Any]) -> Node:
    """The last piece whose condition holds; a piece is a value, or a function of all of x."""
    functions = list(funclist)
    if len(functions) not in (len(condlist), len(condlist) + 1):
        raise ArgumentError(f"np.piecewise with {len(condlist)} conditions needs as many functions, or one more.")

    def piece(function: Any) -> Node:
        return as_node(function(x) if callable(function) else function)

    result = piece(functions[-1]) if len(functions) > len(condlist) else as_node(0.0)
    for condition, function in zip(condlist, functions, strict=False):
        result = where(condition, piece(function), result)
    return broadcast_to(result, x.shape)


_BOUNDS = [Case(((2, 3),), {"a_min": -0.5, "a_max": 0.5}), Case(((5,),), {"min": 0.1}), Case(((5,),), {"a_min": None, "a_max": 0.1})]


@implements(np.clip, cases=_BOUNDS)
def clip(a: Node, a_min: Node | None = None, a_max: Node | None = None, *, min: Node | None = None, max: Node | None = None) -> Node:
    """minimum(maximum(a, low), high): at a bound, a and the bound get half each."""
    low, high = a_min if min is None else min, a_max if max is None else max
    if low is not None:
        a = elementwise("maximum", a, low)
    return a if high is None else elementwise("minimum", a, high)


@implements(np.heaviside, cases=[Case(((4,), ()))])
def heaviside(x1: Node, x2: Node) -> Node:
    """0 for negative x1, 1 for positive, x2 at 0: constant in x1, and in x2 linear where x1 is 0."""
    step = elementwise("where", compare("less", x1, 0), 0.0, 1.0, dtype=x1.dtype)
    return arithmetic.where(compare("equal", x1, 0), x2, arithmetic.where(elementwise("isnan", x1, dtype=BOOL), x1, step))


@implements(np.nan_to_num, cases=[Case(((2, 3),)), Case((np.array([1.0, np.nan, np.inf, -np.inf]),), {"nan": 2.0, "posinf": 3.0})])
def nan_to_num(x: Node, copy: bool = True, nan: Operand = 0.0, posinf: Operand | None = None, neginf: Operand | None = None) -> Node:
    """x where it is finite; elsewhere numbers, whose derivative is zero."""
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    infinite = elementwise("isinf", x, dtype=BOOL)
    high, low = (float(limit) if given is None else given for given, limit in ((posinf, limits.max), (neginf, limits.min)))
    end = elementwise("where", compare("greater", x, 0), high, low, dtype=x.dtype)
    return arithmetic.where(elementwise("isnan", x, dtype=BOOL), nan, arithmetic.where(infinite, end, x))
