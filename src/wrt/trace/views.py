"""NumPy's functions that give views: reshape, transpose, flip, split … What is written through a view reaches its base.

Whether NumPy would give a view or a copy depends on how the array lies in memory; NumPy itself is asked, on an array that lies
the same way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.graph.nest import transpose
from wrt.graph.node import Node, Shape
from wrt.ops.assignment import assign
from wrt.trace.call import by_rule, plain_argument, special
from wrt.trace.guards import Trace
from wrt.trace.lookup import builder_of
from wrt.trace.place import Root, Step, View
from wrt.trace.traced import Traced

Put = Callable[[Node, Node], Node]


def view(tracer: Trace, function: Any, put: Callable[..., Put | None], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """function(array, …), as a view where NumPy gives one."""
    array, rest, options = _split(tracer, args, kwargs)
    builder = builder_of(function)
    if builder is None or type(array) is not Traced or array.is_scalar:
        return by_rule(tracer, function, args, kwargs)

    def get(node: Node) -> Node:
        found = builder(node, *rest, **options)
        assert isinstance(found, Node)
        return found

    def remember(memory: Any) -> Any:
        return function(memory, *rest, **options)

    memory = array.place.memory
    doubtful = put is _reshaped and array.ndim > 1 and array.place.root.unsure and not _keeps(array.sizes, get(array.node).shape)
    if memory is None or doubtful or np.may_share_memory(remember(memory), memory):
        return Traced(tracer, View(array.place, Step(get, put(function, rest, options), remember, doubtful=doubtful)))
    return Traced(tracer, Root(get(array.node)))


def _keeps(old: Shape, new: Shape) -> bool:
    """Whether a reshape only adds or drops axes of one: that is a view however the array lies."""
    return [size for size in old if size != 1] == [size for size in new if size != 1]


def flat(array: Traced) -> Traced:
    """array.flat: entries in C order, however the array lies; what is written there is always written to the array."""
    reshape = builder_of(np.reshape)
    assert reshape is not None
    step = Step(
        lambda node: reshape(node, (-1,)), lambda parent, new: reshape(new, parent.shape), lambda m: m.reshape(-1), flat=True
    )
    return Traced(array.tracer, View(array.place, step))


def _split(tracer: Trace, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The array, however it is called, and the rest as plain values."""
    named = dict(kwargs)
    if args:
        array, *rest = args
    else:
        array, rest = next((named.pop(name) for name in ("a", "m", "x", "ary", "array") if name in named), None), []
    options = {name: plain_argument(tracer, value) for name, value in named.items() if not (name == "copy" and value is None)}
    return array, tuple(plain_argument(tracer, value) for value in rest), options


# ----- how a view is written back -------------------------------------------------------------------------------------
def _reshaped(function: Any, rest: tuple[Any, ...], options: dict[str, Any]) -> Put:
    if options.get("order", "C") != "C" or "F" in rest:
        return _scattered(function, rest, options)
    reshape = builder_of(np.reshape)
    assert reshape is not None
    return lambda parent, new: reshape(new, parent.shape)


def _turned(function: Any, rest: tuple[Any, ...], options: dict[str, Any]) -> Put:
    def put(parent: Node, new: Node) -> Node:
        strides = function(np.empty((2,) * parent.ndim, np.int8), *rest, **options).strides  # 1, 2, 4 …: which axis went where
        order = [parent.ndim - 1 - (stride.bit_length() - 1) for stride in strides]
        return transpose(new, [order.index(axis) for axis in range(parent.ndim)])

    return put


def _scattered(function: Any, rest: tuple[Any, ...], options: dict[str, Any]) -> Put:
    def put(parent: Node, new: Node) -> Node:
        shape: Any = parent.shape
        places = function(np.arange(np.prod(shape, dtype=int)).reshape(shape), *rest, **options)
        return assign(parent, np.unravel_index(places, shape), new)

    return put


def _locked(function: Any, rest: tuple[Any, ...], options: dict[str, Any]) -> None:
    return None


def _declare(put: Callable[..., Put | None], *functions: Any) -> None:
    for function in functions:

        def handler(tracer: Trace, *args: Any, _function: Any = function, **kwargs: Any) -> Any:
            return view(tracer, _function, put, args, kwargs)

        special(function)(handler)


_declare(_reshaped, np.reshape, np.ravel, np.squeeze, np.expand_dims)
_declare(_turned, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.matrix_transpose)
_declare(_scattered, np.flip, np.fliplr, np.flipud, np.rot90)
_declare(_locked, np.diagonal, np.broadcast_to)


def _declare_atleast(function: Any) -> None:
    @special(function)
    def handler(tracer: Trace, *arrays: Any) -> Any:
        found = [_at_least(tracer, function, array) for array in arrays]
        return found[0] if len(found) == 1 else tuple(found)


def _at_least(tracer: Trace, function: Any, array: Any) -> Any:
    wanted = {np.atleast_1d: 1, np.atleast_2d: 2, np.atleast_3d: 3}[function]
    if type(array) is Traced and not array.is_scalar and array.ndim >= wanted:
        return array
    return view(tracer, function, _reshaped, (array,), {})


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    _declare_atleast(_function)


def _declare_split(function: Any) -> None:
    @special(function)
    def handler(tracer: Trace, ary: Any, indices_or_sections: Any, **kwargs: Any) -> Any:
        array, rest, options = _split(tracer, (ary, indices_or_sections), kwargs)
        if type(array) is not Traced or array.place.memory is None:
            return by_rule(tracer, function, (ary, indices_or_sections), kwargs)
        places = np.arange(array.place.memory.size).reshape(array.place.memory.shape)
        parts = function(places, *rest, **options)
        return [_piece(array, part) for part in parts]


def _piece(array: Traced, places: Any) -> Any:
    """The rectangular part of an array at these flat positions, as a view."""
    shape: Any = array.sizes
    corners = np.unravel_index([places.flat[0], places.flat[-1]], shape) if places.size else [np.zeros(2, int)] * len(shape)
    return array[tuple(slice(int(low), int(low) + size) for (low, _), size in zip(corners, places.shape, strict=True))]  # type: ignore[index]


for _splits in (np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit):
    _declare_split(_splits)


@special(np.einsum)
def _einsum(tracer: Trace, *args: Any, **kwargs: Any) -> Any:
    """Of one array, NumPy may give a view (a diagonal, a transpose): it can be read, and is not written."""
    result = by_rule(tracer, np.einsum, args, kwargs)
    if kwargs or len(args) != 2 or type(args[0]) is not str or type(args[1]) is not Traced or not result.ndim:
        return result
    (subscripts, array), memory = args, args[1].place.memory
    if memory is None or not np.may_share_memory(np.einsum(subscripts, memory), memory):
        return result
    again = builder_of(np.einsum)
    assert again is not None
    step = Step(lambda node: again(subscripts, node), lambda _, new: new, lambda laid: np.einsum(subscripts, laid), doubtful=True)
    return Traced(tracer, View(array.place, step))


@special(np.real)
def _real(tracer: Trace, val: Any) -> Any:
    return val if type(val) is Traced else np.real(val)
