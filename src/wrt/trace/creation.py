"""New arrays: zeros, empty, full, array, asarray, eye … All of them are traced, so that the user's function can fill them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from wrt.graph import nest
from wrt.graph.arithmetic import add, multiply, subtract
from wrt.graph.index import Affine, at
from wrt.graph.node import DType, Node, Shape, constant, frozen
from wrt.graph.size import Size
from wrt.graph.term import Term
from wrt.trace.call import by_rule, special
from wrt.trace.extent import Extent
from wrt.trace.guards import Trace
from wrt.trace.lookup import builder_of
from wrt.trace.operand import as_node, cast, converted, written
from wrt.trace.place import Root, Step, View
from wrt.trace.refusal import refuse
from wrt.trace.traced import Traced

_FLOAT = np.dtype(np.float64)


def as_shape(shape: Any) -> Shape:
    """A shape as users give it: a number, a tuple, a traced integer among them."""
    if isinstance(shape, Iterable) and not (type(shape) is Traced and not shape.ndim):
        return tuple(map(_size, shape))
    return (_size(shape),)


def _size(value: Any) -> Size:
    if isinstance(value, Extent):
        return value.symbolic
    size = value.__index__()
    if size < 0:
        raise ValueError("negative dimensions are not allowed")
    return int(size)


def as_dtype(dtype: Any, default: DType) -> DType:
    """The dtype asked for; what wrt cannot compute with is refused."""
    found = default if dtype is None else np.dtype(dtype)
    if found.kind not in "fiub":
        raise refuse(f"An array of dtype {found} is not supported by wrt.", advice="wrt works on arrays of real numbers: drop dtype=.")
    return found


def new(tracer: Trace, node: Node) -> Traced:
    return Traced(tracer, Root(node))


def _filled(tracer: Trace, shape: Shape, value: Node, dtype: DType) -> Traced:
    if not shape:
        return new(tracer, cast(tracer, value, dtype))
    if value.op == "constant" and not value.attrs[2]:  # type: ignore[index]
        return new(tracer, nest.zeros(shape, dtype))
    return new(tracer, written(tracer, value, shape, dtype))


@special(np.zeros, np.empty)
def _zeros(tracer: Trace, shape: Any, dtype: Any = None, order: str = "C", **_: Any) -> Traced:
    return _filled(tracer, as_shape(shape), constant(0), as_dtype(dtype, _FLOAT))


@special(np.ones)
def _ones(tracer: Trace, shape: Any, dtype: Any = None, order: str = "C", **_: Any) -> Traced:
    return _filled(tracer, as_shape(shape), constant(1), as_dtype(dtype, _FLOAT))


@special(np.full)
def _full(tracer: Trace, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", **_: Any) -> Traced:
    value = as_node(tracer, fill_value)
    return _filled(tracer, as_shape(shape), value, as_dtype(dtype, value.dtype))


def _like(tracer: Trace, prototype: Any, value: Node, dtype: Any, shape: Any) -> Traced:
    node = as_node(tracer, prototype)
    return _filled(tracer, node.shape if shape is None else as_shape(shape), value, as_dtype(dtype, node.dtype))


@special(np.zeros_like, np.empty_like)
def _zeros_like(tracer: Trace, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any) -> Traced:
    return _like(tracer, a, constant(0), dtype, shape)


@special(np.ones_like)
def _ones_like(tracer: Trace, a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **_: Any) -> Traced:
    return _like(tracer, a, constant(1), dtype, shape)


@special(np.full_like)
def _full_like(tracer: Trace, a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None) -> Any:
    return _like(tracer, a, as_node(tracer, fill_value), dtype, shape)


@special(np.eye)
def _eye(tracer: Trace, N: Any, M: Any = None, k: Any = 0, dtype: Any = None, order: str = "C", **_: Any) -> Traced:
    rows, columns, k = _size(N), _size(N if M is None else M), int(k)
    wanted = as_dtype(dtype, _FLOAT)
    if rows == columns and not k:
        count: Size = rows
    elif isinstance(rows, int) and isinstance(columns, int):
        count = max(min(rows - max(-k, 0), columns - max(k, 0)), 0)
    else:
        raise refuse("np.eye with a diagonal other than the main one needs sizes as numbers.")
    term = Term((count,), (Affine(((0, 1),), max(-k, 0)), Affine(((0, 1),), max(k, 0))))
    return new(tracer, nest.nest((rows, columns), [term] if count else [], wanted))


@special(np.identity)
def _identity(tracer: Trace, n: Any, dtype: Any = None, **_: Any) -> Any:
    return _eye(tracer, n, dtype=dtype)


@special(np.array)
def _array(tracer: Trace, object: Any, dtype: Any = None, *, copy: Any = True, ndmin: int = 0, **_: Any) -> Any:
    node = as_node(tracer, object)
    node = cast(tracer, node, as_dtype(dtype, node.dtype))
    while node.ndim < ndmin:
        labels = tuple(at(axis + 1) for axis in range(node.ndim))
        node = nest.view(node, (1, *node.shape), labels)
    if copy in (False, None) and type(object) is Traced and not object.is_scalar and node is object.node:
        return object
    return new(tracer, node)


@special(np.copy)
def _copy(tracer: Trace, a: Any, order: str = "K", subok: bool = False) -> Any:
    return _array(tracer, a)


@special(np.asarray, np.asanyarray, np.asarray_chkfinite)
def _asarray(tracer: Trace, a: Any, dtype: Any = None, order: Any = None, **_: Any) -> Any:
    if type(a) is Traced and not a.is_scalar and (dtype is None or np.dtype(dtype) == a.dtype):
        return _in_order(a, order)
    if type(a) is np.ndarray and dtype is None:
        return tracer.constant_array(a)
    return _array(tracer, a, dtype)


@special(np.ascontiguousarray)
def _ascontiguousarray(tracer: Trace, a: Any, dtype: Any = None, **_: Any) -> Any:
    return _asarray(tracer, a, dtype, "C")


@special(np.asfortranarray)
def _asfortranarray(tracer: Trace, a: Any, dtype: Any = None, **_: Any) -> Any:
    return _asarray(tracer, a, dtype, "F")


def _in_order(array: Traced, order: Any) -> Traced:
    """The array itself if its memory is in this order, a copy otherwise."""
    memory = array.place.memory
    if order not in ("C", "F") or memory is None:
        return array
    if array.place.root.unsure:
        step = Step(lambda node: node, lambda node, new: new, lambda laid: laid, doubtful=True)
        return Traced(array.tracer, View(array.place, step))
    return array if memory.flags[f"{order}_CONTIGUOUS"] else new(array.tracer, array.node)


@special(np.linspace)
def _linspace(tracer: Trace, start: Any, stop: Any, num: Any = 50, endpoint: bool = True, retstep: bool = False, **options: Any) -> Any:
    if retstep or any(options.values()):
        return by_rule(tracer, np.linspace, (start, stop, num, endpoint, retstep), options)
    if type(start) is not Traced and type(stop) is not Traced:
        return new(tracer, frozen(np.linspace(start, stop, int(num), endpoint)))
    low, high = as_node(tracer, start), as_node(tracer, stop)
    if low.shape or high.shape:
        advice = "Write start + (stop - start) * np.linspace(0, 1, n)[:, None]."
        raise refuse("np.linspace between traced arrays is not supported by wrt.", advice=advice)
    return new(tracer, add(low, multiply(subtract(high, low), frozen(np.linspace(0, 1, int(num), endpoint)))))


@special(np.arange)
def _arange(tracer: Trace, *args: Any, **kwargs: Any) -> Any:
    """Counts that are traced integers become known; they have no derivative."""
    return by_rule(tracer, np.arange, [_count(a) for a in args], {name: _count(a) for name, a in kwargs.items()})


def _count(value: Any) -> Any:
    return value.__index__() if type(value) is Traced and not value.ndim and value.dtype.kind in "iu" else value


@special(np.block)
def _block(tracer: Trace, arrays: Any) -> Any:
    builder = builder_of(np.block)
    if builder is None:
        return by_rule(tracer, np.block, (arrays,), {})

    def nodes(value: Any) -> Any:
        return [nodes(item) for item in value] if isinstance(value, list) else as_node(tracer, value)

    return new(tracer, builder(nodes(arrays)))


if hasattr(np, "astype"):  # since NumPy 2.1

    @special(np.astype)
    def _astype(tracer: Trace, x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
        return x.astype(dtype, copy=copy)


def astype(tracer: Trace, node: Node, dtype: Any) -> Node:
    """array.astype: to floats by the graph; to integers and booleans by value, as these are choices."""
    wanted = as_dtype(dtype, _FLOAT)
    if wanted == node.dtype:
        return node
    if wanted.kind == "f" or (node.dtype.kind != "f" and wanted.kind in "iu"):
        return converted(node, wanted)
    return frozen(np.asarray(tracer.concrete(node, lambda array: array.astype(wanted))))
