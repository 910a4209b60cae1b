"""Reductions over axes: sum, mean, variance, products and extremes.

Sums are nests. The others are one operation each, over the axes in `attrs`; with i for a kept and j for a reduced position:

    u[i] = Π_j a[i, j]          du[i]/da[i, j] = Π_{k≠j} a[i, k]         zeros in `a` do no harm where sizes are numbers
    u[i] = max_j a[i, j]        du[i]/da[i, j] = [a[i, j] = u[i]] / (number of such j)

Example: max of (1, 3, 3) has the Jacobian (0, ½, ½). Source: the product rule; the ties of max as in JAX.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph import arithmetic
from wrt.graph.arithmetic import divide, power, subtract, where
from wrt.graph.index import ats
from wrt.graph.nest import broadcast_to, view
from wrt.graph.node import BOOL, Node, make
from wrt.graph.size import Size, product
from wrt.graph.term import Factor, Term, size_node
from wrt.linear.linear_map import LinearMap
from wrt.ops.accumulation import others
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import axis_of, case, contract, count_dtype, said, total
from wrt.ops.elementwise import real

Axes = tuple[int, ...]


def axes_of(axis: Any, a: Node) -> Axes:
    """NumPy's axis argument: None for all, a number, or several; counted from the front and sorted."""
    if axis is None:
        return tuple(range(a.ndim))
    found = [axis_of(one, a) for one in (axis if isinstance(axis, tuple | list) else (axis,))]
    if len(set(found)) != len(found):
        raise ArgumentError(f"The axes {axis} name one axis twice.")
    return tuple(sorted(found))


def reduce(name: str, a: Node, axes: Axes, *more: Node, keepdims: bool = False) -> Node:
    """A named operation over some axes."""
    shape = tuple(size for axis, size in enumerate(a.shape) if axis not in axes)
    dtype = {"prod": count_dtype(a), "max": a.dtype, "min": a.dtype}.get(name, real(a, *more))
    made = make(name, (a, *more), axes, shape, dtype)
    return spread(made, a.ndim, axes) if keepdims else made


def spread(u: Node, ndim: int, axes: Collection[int], sizes: Sequence[Size] | None = None) -> Node:
    """A reduced array with its lost axes back, of size 1 or, given the sizes of all axes, repeated."""
    kept = [axis for axis in range(ndim) if axis not in axes]
    shape: list[Size] = [1] * ndim if sizes is None else list(sizes)
    for axis, size in zip(kept, u.shape, strict=True):
        shape[axis] = size
    return view(u, tuple(shape), ats(kept))


def over(node: Node) -> Axes:
    """The axes of a reduction."""
    return node.attrs  # type: ignore[return-value]


def local_reduction(*coefficients: Callable[[Node, Axes], Node]) -> Callable[[Node], list[LinearMap | None]]:
    """Row: the kept labels; column: all labels; the coefficient has the shape of the input."""

    def local(node: Node) -> list[LinearMap | None]:
        axes = over(node)
        labels = ats(range(node.inputs[0].ndim))
        row = tuple(label for axis, label in enumerate(labels) if axis not in axes)
        shape = node.inputs[0].shape
        terms = [Term(shape, row + labels, (Factor(coefficient(node, axes), labels),)) for coefficient in coefficients]
        return [LinearMap(node.shape, shape, (term,)) for term in terms]

    return local


def _over(function: Any) -> Callable[..., Any]:
    return lambda node, *arrays: function(*arrays, axis=node.attrs)


def axes_text(node: Node) -> str:
    """`, axis=1`; nothing where all axes are meant."""
    axes = over(node)
    return "" if len(axes) == node.inputs[0].ndim else f", axis={axes[0] if len(axes) == 1 else axes}"


def _code(function: str) -> Callable[[Node, Sequence[str]], str]:
    return lambda node, texts: f"{function}({texts[0]}{axes_text(node)})"


# ----- sums and means -------------------------------------------------------------------------------------------------
_SHAPES = (case((2, 3)), case((3,)), case(()), case((2, 0)), case((1,)))
_AXES = (case((2, 3), axis=0), case((2, 3), axis=-1, keepdims=True), case((2, 3, 2), axis=(0, -1)), case((2, 3), axis=None, keepdims=True))
_SOME = (case((2, 3)), case((3,)), case((1,)), *_AXES)


@implements(np.sum, cases=(*_SHAPES, *_AXES))
def sum(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return total(a, axes_of(axis, a), keepdims=keepdims)


def count_of(a: Node, axes: Axes) -> Node:
    """How many entries are taken together."""
    return size_node(product(tuple(a.shape[axis] for axis in axes)))


@implements(np.mean, cases=_SOME)
def mean(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    axes = axes_of(axis, a)
    return divide(total(a, axes, keepdims=keepdims), count_of(a, axes))


_DOF = (case((4,), ddof=1), case((3, 2), axis=0, ddof=1, keepdims=True), case((4,), correction=1))


@implements(np.var, cases=(*_SOME, *_DOF))
def var(a: Node, axis: Any = None, ddof: float = 0, keepdims: bool = False, correction: float | None = None) -> Node:
    axes = axes_of(axis, a)
    squares = total(power(centered(a, axes), 2), axes, keepdims=keepdims)
    return divide(squares, subtract(count_of(a, axes), ddof if correction is None else correction))


def centered(a: Node, axes: Axes) -> Node:
    return subtract(a, divide(total(a, axes, keepdims=True), count_of(a, axes)))


_WEIGHED = (case((2, 3), axis=1, weights=np.array([0.5, 1.25, 2.0])), case((3,), weights=np.array([1.0, 0.5, 0.25])))


@implements(np.average, cases=(case((2, 3)), case((2, 3), axis=0, keepdims=True), *_WEIGHED))
def average(a: Node, axis: Any = None, weights: Node | None = None, returned: bool = False, keepdims: bool = False) -> Any:
    axes = axes_of(axis, a)
    if weights is None:
        result = mean(a, axis, keepdims)
        return (result, broadcast_to(count_of(a, axes), result.shape)) if returned else result
    labels = range(a.ndim) if weights.shape == a.shape else axes
    if len(labels) != weights.ndim:
        raise ShapeError(f"{said(a, 0)} and {said(weights, 1)}; weights have the shape of the array or of the axes averaged over.")
    kept = [label for label in range(a.ndim) if label not in axes]
    weight = total(weights, axes if weights.shape == a.shape else range(weights.ndim))
    result = divide(contract(kept, (a, range(a.ndim)), (weights, labels), strict=range(a.ndim)), weight)
    both = [spread(node, a.ndim, axes) if keepdims else node for node in (result, broadcast_to(weight, result.shape))]
    return tuple(both) if returned else both[0]


# ----- products -------------------------------------------------------------------------------------------------------
def _others(node: Node, axes: Axes) -> Node:
    """The product of all entries but one: by prefixes and suffixes where sizes are numbers, u/a in symbols."""
    a = node.inputs[0]
    if all(isinstance(a.shape[axis], int) for axis in axes):
        return others(a, axes)
    return divide(spread(node, a.ndim, axes, a.shape), a)


_QUOTIENT = "in symbolic sizes the derivative is written u/a, which needs entries other than 0"
operation(Operation("prod", _over(np.prod), local_reduction(_others), _code("np.prod"), "prod({0})", r"\prod {0}", _QUOTIENT))

_ZEROS = (case(np.array([[0.5, 0.0, 2.0], [0.0, 0.0, 3.0]])), case(np.array([[0.5, 0.0, 2.0], [0.0, 0.0, 3.0]]), axis=1))


@implements(np.prod, cases=(*_SHAPES, *_AXES, *_ZEROS))
def prod(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return reduce("prod", a, axes_of(axis, a), keepdims=keepdims)


# ----- extremes -------------------------------------------------------------------------------------------------------
def _share(node: Node, axes: Axes) -> Node:
    """1/n where the entry is one of the n extreme ones, else an absolute 0."""
    a = node.inputs[0]
    hit = arithmetic.elementwise("equal", a, spread(node, a.ndim, axes), dtype=BOOL)
    return where(hit, divide(1, total(hit, axes, keepdims=True)), 0.0)


_TIES = "at ties, where the extreme entries share the derivative equally"
operation(Operation("max", _over(np.max), local_reduction(_share), _code("np.max"), "max({0})", r"\max({0})", _TIES))
operation(Operation("min", _over(np.min), local_reduction(_share), _code("np.min"), "min({0})", r"\min({0})", _TIES))


def _filled(a: Node, axes: Axes) -> Axes:
    if any(a.shape[axis] == 0 for axis in axes):
        raise ShapeError(f"{said(a, 0, 1)}; there is no largest or smallest of no entries.")
    return axes


@implements(np.max, np.amax, cases=_SOME)
def max(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return reduce("max", a, _filled(a, axes_of(axis, a)), keepdims=keepdims)


@implements(np.min, np.amin, cases=_SOME)
def min(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return reduce("min", a, _filled(a, axes_of(axis, a)), keepdims=keepdims)


@implements(np.ptp, cases=(case((2, 3)), case((2, 3), axis=0), case((2, 3), axis=1, keepdims=True)))
def ptp(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return subtract(max(a, axis, keepdims), min(a, axis, keepdims))
