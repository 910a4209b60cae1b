"""From what users hand to an operation to nodes: traced arrays, their own arrays, numbers, nested lists of any of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.index import ats, fixed
from wrt.graph.nest import nest
from wrt.graph.node import DType, Node, Shape, constant, frozen, number
from wrt.graph.shape import broadcast, show
from wrt.graph.term import Factor, Term
from wrt.trace.extent import Extent
from wrt.trace.guards import Trace
from wrt.trace.place import whole
from wrt.trace.refusal import blame, refuse
from wrt.trace.source import locate
from wrt.trace.stacking import scattered
from wrt.trace.traced import Traced

_LARGE = 1 << 63


def traced_in(value: Any, depth: int = 0) -> Iterator[Traced]:
    """All traced arrays in an argument, also inside lists, tuples and dicts."""
    if type(value) is Traced:
        yield value
    elif depth < 8:
        if isinstance(value, list | tuple):
            for item in value:
                yield from traced_in(item, depth + 1)
        elif isinstance(value, Mapping):
            for item in value.values():
                yield from traced_in(item, depth + 1)


def is_operand(value: Any) -> bool:
    """Whether `as_node` has an answer: binary operators leave everything else to the other operand."""
    if type(value) in (Traced, int, float, bool, np.ndarray, list, Extent) or isinstance(value, np.generic):
        return not isinstance(value, np.str_ | np.bytes_ | np.void)
    return isinstance(value, tuple | Number) or hasattr(value, "__array__")


def as_node(tracer: Trace, value: Any) -> Node:
    """The node of any operand."""
    if type(value) is Traced:
        return value.node
    if isinstance(value, np.generic):
        return numpy_scalar(tracer, value)
    if isinstance(value, bool | int | float):
        return constant(value if isinstance(value, bool | float) or abs(value) < _LARGE else float(value))
    if isinstance(value, Extent):
        return value.node
    if isinstance(value, list | tuple):
        return stacked(tracer, value)
    if isinstance(value, np.ndarray):
        return array_node(tracer, value)
    if isinstance(value, complex):
        raise refuse("A complex number meets traced arrays here.", advice="wrt differentiates real functions of real inputs.")
    if isinstance(value, Number):  # a Fraction, a Decimal
        return constant(float(value))  # type: ignore[arg-type]
    if hasattr(value, "__array__"):
        tracer.dependencies.unwatchable(f"an object of type {type(value).__name__}")
        return array_node(tracer, np.asarray(value))
    raise ArgumentError(f"{_said(value)} is not a number or an array.")


def _said(value: Any) -> str:
    return "None" if value is None else f"A value of type {type(value).__name__}"


def array_node(tracer: Trace, array: Any) -> Node:
    """An array of the user's that is not traced, by reference."""
    if type(array) is not np.ndarray:
        raise refuse(f"A {type(array).__name__} meets traced arrays here.", advice="Pass a plain array: np.asarray(a).")
    return tracer.captured_node(array)


def numpy_scalar(tracer: Trace, value: Any) -> Node:
    """NumPy's own scalars have a dtype that counts; beside float64 alone a Python number does the same and reads better."""
    if value.dtype.kind not in "fiub":
        raise refuse(f"A NumPy scalar of dtype {value.dtype} meets traced arrays here.", advice="wrt works on real numbers.")
    if value.dtype in (np.float64, np.int64, np.bool_) and not tracer.narrow:
        return constant(value.item())
    return frozen(np.asarray(value))


def stacked(tracer: Trace, value: Sequence[Any]) -> Node:
    """A nested list of operands, as np.array makes one array of it."""
    if not any(True for _ in traced_in(value)) and not _holds_arrays(value):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise ArgumentError(f"A list of {array.dtype} is not an array of real numbers.")
        return frozen(array)
    leaves: dict[tuple[int, ...], Node] = {}
    outer = _collect(tracer, value, (), leaves)
    inner = next(iter(leaves.values())).shape
    for node in leaves.values():
        if node.shape != inner:
            raise ArgumentError(f"A list of arrays of unlike shapes, {show(inner)} and {show(node.shape)}, is not one array.")
    return stack_at(outer, leaves, np.result_type(*(node.dtype for node in leaves.values())))


def stack_at(outer: Shape, leaves: Mapping[tuple[int, ...], Node], dtype: DType) -> Node:
    """One array from arrays of one shape, each at its place."""
    inner = next(iter(leaves.values())).shape
    terms = scattered(inner, leaves, lambda there, first: (*there, *ats(range(first, first + len(inner)))))
    return nest(outer + inner, terms, dtype)


def _holds_arrays(value: Any) -> bool:
    return any(isinstance(item, np.ndarray | Extent) or (isinstance(item, list | tuple) and _holds_arrays(item)) for item in value)


def _collect(tracer: Trace, value: Any, at: tuple[int, ...], leaves: dict[tuple[int, ...], Node]) -> tuple[int, ...]:
    """Leaves by position; the shape of the nest of lists. Lists beside arrays of the same size count as arrays."""
    if not isinstance(value, list | tuple):
        leaves[at] = as_node(tracer, value)
        return ()
    items = list(value)
    if any(isinstance(item, list | tuple) for item in items) and not all(isinstance(item, list | tuple) for item in items):
        items = [Traced.of(tracer, as_node(tracer, item)) for item in items]
    shapes = {_collect(tracer, item, (*at, i), leaves) for i, item in enumerate(items)}
    if len(shapes) != 1:
        raise ArgumentError("A list of lists of unlike lengths is not one array." if shapes else "An empty list beside traced arrays.")
    return (len(items), *shapes.pop())


def cast(tracer: Trace, node: Node, dtype: DType) -> Node:
    """The node in another floating dtype (or integers and booleans as floats)."""
    if node.dtype == dtype and not node.weak:
        return node
    if dtype.kind not in "fiub":
        raise refuse(f"dtype {dtype} is not supported by wrt.", advice="wrt works on arrays of real numbers.")
    if dtype.kind == "f" or (node.dtype.kind in "iub" and dtype.kind in "iu" and node.dtype.kind != "f"):
        return converted(node, dtype)
    if node.dtype.kind == "f" and tracer.dependent(node) and dtype.kind != "b":
        raise refuse(
            f"A {node.dtype} value is cut to {dtype} here, and its derivative is lost.",
            known=blame(node, tracer.differentiated),
            advice="Make the array floating: np.zeros(n) instead of np.zeros(n, dtype=int).",
        )
    return frozen(np.asarray(tracer.concrete(node, lambda array: array.astype(dtype))))


def converted(node: Node, dtype: DType) -> Node:
    """The node's numbers in another dtype that holds them."""
    value = number(node)
    if value is not None and dtype == np.float64:
        return constant(float(value))
    labels = ats(range(node.ndim))
    return nest(node.shape, [Term(node.shape, labels, (Factor(node, labels),))], dtype)


def written(tracer: Trace, value: Node, shape: Shape, dtype: DType) -> Node:
    """A value as it is assigned into an array of this shape and dtype."""
    while value.ndim > len(shape) and value.shape[0] == 1:  # NumPy drops leading axes of one
        value = _without_first_axis(value)
    if value.shape != shape and not _fits(value.shape, shape):
        raise ShapeError(f"could not broadcast input array from shape {show(value.shape)} into shape {show(shape)}", location=locate())
    return whole(cast(tracer, value, dtype), shape, dtype)


def _fits(shape: Shape, into: Shape) -> bool:
    try:
        return len(shape) <= len(into) and broadcast(shape, into) == into
    except ShapeError:
        return False


def _without_first_axis(value: Node) -> Node:
    """value[0]."""
    labels = ats(range(value.ndim - 1))
    shape = value.shape[1:]
    return nest(shape, [Term(shape, labels, (Factor(value, (fixed(0), *labels)),))], value.dtype)
