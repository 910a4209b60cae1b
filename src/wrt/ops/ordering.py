"""Order: argsort, searchsorted, and what they make differentiable: sort, partition, np.interp.

Where the entries go is found at run time by an integer operation, which has no derivative; the entries themselves are gathered.
U[i] = x[p[i]] with p = argsort(x): the local Jacobian is the permutation matrix of p. At ties the stable order decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.arithmetic import as_node, elementwise, where
from wrt.graph.index import Table, ats, fixed
from wrt.graph.node import BOOL, INT, Node, make
from wrt.graph.shape import show
from wrt.graph.size import Size
from wrt.graph.term import size_node
from wrt.ops.catalog import Case, Operation, implements, operation
from wrt.ops.joining import concatenate
from wrt.ops.rearrangement import axis_of, gather, part, ravel
from wrt.ops.selection import take_along_axis


def _code(function: str) -> Any:
    def code(node: Node, texts: Sequence[str]) -> str:
        options: Any = node.attrs
        return f"{function}({', '.join((*texts, *(f'{name}={value!r}' for name, value in options)))})"

    return code


def _value(function: Any) -> Any:
    return lambda node, *arrays: function(*arrays, **dict(node.attrs))


def _places(name: str, function: Any, inputs: str, kinks: str) -> None:
    """An operation that finds integers: it has no derivative."""
    text, latex = f"{name}({inputs})", rf"\operatorname{{{{{name}}}}}({inputs})"
    operation(Operation(name, _value(function), lambda node: [None] * len(node.inputs), _code(f"np.{name}"), text, latex, kinks))


_places("argsort", np.argsort, "{0}", "at ties, where the stable order decides")
_places("searchsorted", np.searchsorted, "{0}, {1}", "where v is one of the entries")


@implements(np.argsort, cases=[Case(((5,),)), Case(((3, 2),), {"axis": 0})])
def argsort(a: Node, axis: Any = -1, kind: Any = None, stable: Any = None) -> Node:
    """The places of the entries in ascending order, equal ones as they stand."""
    if axis is None:
        a, axis = ravel(a), 0
    return make("argsort", (a,), (("axis", axis_of(axis, a.ndim)), ("kind", "stable")), a.shape, INT)


@implements(np.searchsorted, cases=[Case((np.array([0.0, 0.5, 1.0]), (4,)))])
def searchsorted(a: Node, v: Node, side: str = "left", sorter: Node | None = None) -> Node:
    """Where v would be inserted into the ascending vector a."""
    if a.ndim != 1:
        raise ShapeError(f"np.searchsorted looks in a vector, not in an array of shape {show(a.shape)}.")
    if side not in ("left", "right"):
        raise ArgumentError(f'side={side!r} must be "left" or "right".')
    if sorter is not None:
        a = gather(a, sorter.shape, (Table(sorter, ats([0])),))
    return make("searchsorted", (a, v), (("side", side),), v.shape, INT)


@implements(np.sort, cases=[Case(((5,),)), Case(((2, 3),)), Case(((3, 2),), {"axis": 0}), Case(((2, 2),), {"axis": None}), Case(((0,),))])
def sort(a: Node, axis: Any = -1, kind: Any = None, stable: Any = None) -> Node:
    if axis is None:
        a, axis = ravel(a), 0
    return take_along_axis(a, argsort(a, axis), axis)


@implements(np.partition)
def partition(a: Node, kth: Any, axis: Any = -1, kind: str = "introselect") -> Node:
    """Sorted altogether, which is one of the partitions: only the kth entry and the sets on its sides are promised by NumPy."""
    return sort(a, axis)


_KNOTS = np.array([0.0, 0.7, 1.1, 2.0])
_INTERP = [
    Case((np.array([0.3, 0.9, 1.5, 2.5, -1.0]), _KNOTS, (4,))),
    Case(((), _KNOTS, (4,))),
    Case((np.array([2.2, -1.0]), _KNOTS, (4,)), {"left": -1.0, "right": 5.0}),
    Case((np.array([0.3, 3.9, -1.5]), _KNOTS, (4,)), {"period": 2.5}),
]


@implements(np.interp, cases=_INTERP)
def interp(x: Node, xp: Node, fp: Node, left: Node | None = None, right: Node | None = None, period: Any = None) -> Node:
    """Piecewise linear in x, in fp, and through the places of the knots in xp. At a knot the slope to its right is taken."""
    if xp.ndim != 1 or fp.shape != xp.shape:
        raise ShapeError(f"np.interp takes knots and values of the same length, not of shapes {show(xp.shape)} and {show(fp.shape)}.")
    if period is not None:
        period = abs(period)
        x, xp = (elementwise("remainder", a, period) for a in (x, xp))
        order = argsort(xp)
        xp, fp = (take_along_axis(a, order) for a in (xp, fp))
        last = xp.shape[0] - 1
        xp = concatenate([part(xp, 0, last, 1) - period, xp, part(xp, 0, 0, 1) + period])
        fp = concatenate([part(fp, 0, last, 1), fp, part(fp, 0, 0, 1)])
        left = right = None
    count = xp.shape[0]
    if count == 0:
        raise ShapeError("np.interp needs at least one knot.")
    lowest, highest = (_entry(fp, place) for place in (0, count - 1))
    inside = lowest
    if count != 1:
        knot = elementwise("minimum", elementwise("maximum", searchsorted(xp, x, side="right") - 1, as_node(0)), size_node(count - 2))
        x0, x1, f0, f1 = (_entries(a, place) for a in (xp, fp) for place in (knot, knot + 1))
        inside = f0 + (f1 - f0) / (x1 - x0) * (x - x0)
    below = elementwise("less", x, _entry(xp, 0), dtype=BOOL)
    above = elementwise("greater", x, _entry(xp, count - 1), dtype=BOOL)
    return where(below, lowest if left is None else left, where(above, highest if right is None else right, inside))


def _entry(a: Node, place: Size) -> Node:
    return gather(a, (), (fixed(place),))


def _entries(a: Node, places: Node) -> Node:
    return gather(a, places.shape, (Table(places, ats(range(places.ndim))),))
