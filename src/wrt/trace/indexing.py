"""Reading and writing parts of a traced array: which index is a view, which a copy, and where integers must be known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.errors import WrtError
from wrt.graph.node import Node, Shape
from wrt.graph.size import Polynomial
from wrt.ops import selection
from wrt.ops.assignment import assign
from wrt.trace.extent import sizes
from wrt.trace.guards import Trace
from wrt.trace.operand import as_node, stacked, traced_in, written
from wrt.trace.place import Axes, Position, Root, Step, View, unsure
from wrt.trace.refusal import at_user, refuse
from wrt.trace.traced import Traced

Key = tuple[Any, ...]


def getitem(array: Traced, key: Any) -> Any:
    """array[key]: a number, a view for slices, a copy for index arrays and masks."""
    try:
        return _read(array, key)
    except WrtError as error:
        raise at_user(error) from None


def setitem(array: Traced, key: Any, value: Any) -> None:
    """array[key] = value."""
    try:
        _write(array, key, value)
    except WrtError as error:
        raise at_user(error) from None


def _read(array: Traced, key: Any) -> Any:
    if array.is_scalar and not (key is None or key is Ellipsis or (isinstance(key, tuple) and not key)):
        raise IndexError("invalid index to scalar variable.")
    if type(key) is int and array.ndim == 1 and isinstance(size := array.sizes[0], int) and 0 <= key < size:  # the commonest, quickly
        return number(array.tracer, array.place.read((0,), (key,)))
    plain = concrete_key(array.tracer, key)
    found = section(plain, array.sizes)
    if found is not None and len(found[0]) == array.ndim and Ellipsis not in plain:
        return number(array.tracer, array.place.read(*found))
    if isinstance(array.place, View) and array.place.step.flat:
        return Traced(array.tracer, Root(selection.getitem(array.node, plain)))
    if found is not None:
        return Traced(array.tracer, View(array.place, _section_step(found, plain)))
    if is_basic(plain):
        return Traced(array.tracer, View(array.place, _slice_step(plain)))
    copied = selection.getitem(array.node, plain)
    if not copied.shape:
        return number(array.tracer, copied)
    made = Root(copied)
    if len(copied.shape) > 1:
        place = array.place
        made.layout = lambda: None if place.memory is None or place.root.unsure else _picked(place.memory, plain)
    return Traced(array.tracer, made)


def _picked(memory: Any, key: Key) -> Any:
    """Memory that lies like memory[key], a copy."""
    if len(key) == 1 and isinstance(key[0], np.ndarray) and key[0].ndim == 1 and key[0].dtype.kind in "iu" and memory.flags.c_contiguous:
        return np.empty((key[0].size, *memory.shape[1:]), np.int8)  # rows of rows
    return memory[key]


def _write(array: Traced, key: Any, value: Any) -> None:
    tracer = array.tracer
    writable(array)
    plain = concrete_key(tracer, key)
    source = value.place if type(value) is Traced else None
    if isinstance(source, View) and source.parent is array.place and _alike(source.step.key, plain):
        return  # y[1:] += v is t = y[1:]; t += v; y[1:] = t, and the second step has written already
    node = as_node(tracer, value)
    found = section(plain, array.sizes)
    if found is not None:
        axes, position = found
        shape = tuple(size for axis, size in enumerate(array.sizes) if axis not in axes)
        array.place.write(axes, position, written(tracer, node, shape, array.dtype))
        return
    memory = array.place.memory
    shape = selection.select_by(array.sizes, plain).shape if memory is None else memory[plain].shape
    array.place.write_at(plain, written(tracer, node, shape, array.dtype))


def _alike(a: Key | None, b: Key) -> bool:
    return a is not None and len(a) == len(b) and all(type(x) is type(y) and (x is y or x == y) for x, y in zip(a, b, strict=True))


def overwrite(array: Traced, node: Node) -> None:
    """array[...] = node, as in-place operators and out= do."""
    writable(array)
    array.place.node = written(array.tracer, node, array.sizes, array.dtype)


def writable(array: Traced) -> None:
    if array.is_scalar:
        raise TypeError(f"'{array.__class__.__name__}' object does not support item assignment")
    if array.place.root.captured:
        advice = "wrt never writes to your arrays; copy it first: np.array(a) or a.copy()."
        raise refuse("This writes into an array that the function did not make.", advice=advice)
    if array.place.locked:
        raise ValueError("assignment destination is read-only")
    if array.place.doubtful:
        raise unsure()


def number(tracer: Trace, node: Node) -> Traced:
    return Traced.of(tracer, node, scalar=True)


def concrete_key(tracer: Trace, key: Any) -> Key:
    """The index as a tuple whose integers, index arrays and masks are plain; what they were is guarded."""
    return tuple(_concrete(tracer, item) for item in (key if isinstance(key, tuple) else (key,)))


def _concrete(tracer: Trace, item: Any) -> Any:
    if item is None or item is Ellipsis or type(item) in (int, bool):
        return item
    if isinstance(item, slice):
        return slice(*(_bound(tracer, bound) for bound in (item.start, item.stop, item.step)))
    if type(item) is Traced:
        array = tracer.concrete(item.node)
        return int(array) if item.dtype.kind in "iu" and not item.ndim else np.asarray(array)
    if isinstance(item, list) and any(True for _ in traced_in(item)):
        return np.asarray(tracer.concrete(stacked(tracer, item)))
    if isinstance(item, np.ndarray):
        node = as_node(tracer, item)  # the user's own index array: watched as its contents may change
        return np.asarray(tracer.concrete(node))
    if isinstance(item, list):
        return np.asarray(item, dtype=None if item else np.intp)
    if isinstance(item, np.integer):
        return int(item)
    return sizes(item)


def _bound(tracer: Trace, bound: Any) -> Any:
    if type(bound) is Traced:
        return bound.__index__()
    return int(bound) if isinstance(bound, np.integer) else sizes(bound)


def is_basic(key: Key) -> bool:
    """Whether the index makes a view: only integers (symbolic ones, too), slices, None and Ellipsis."""
    return all(item is None or item is Ellipsis or type(item) in (int, slice, Polynomial) for item in key)


def expanded(key: Key, ndim: int) -> Key:
    """The index with one item an axis: Ellipsis and missing axes as whole slices (no None in the key)."""
    before = key.index(Ellipsis) if Ellipsis in key else len(key)
    given = len(key) - (Ellipsis in key)
    return (*key[:before], *[slice(None)] * (ndim - given), *key[before + 1 :])


def section(key: Key, shape: Shape) -> tuple[Axes, Position] | None:
    """The axes that the index fixes and where, if it does nothing else."""
    if not all(item is Ellipsis or type(item) is int or (type(item) is slice and item == slice(None)) for item in key):
        return None
    given = sum(item is not Ellipsis for item in key)
    if len(key) - given > 1:
        return None
    if given > len(shape):
        raise IndexError(f"too many indices for array: array is {len(shape)}-dimensional, but {given} were indexed")
    at: dict[int, int] = {}
    for axis, (item, size) in enumerate(zip(expanded(key, len(shape)), shape, strict=True)):
        if isinstance(item, int):
            if isinstance(size, int):
                if not -size <= item < size:
                    raise IndexError(f"index {item} is out of bounds for axis {axis} with size {size}")
                item = item % size
            elif item < 0:
                return None
            at[axis] = item
    return tuple(at), tuple(at.values())


def _section_step(found: tuple[Axes, Position], key: Key) -> Step:
    return Step(lambda node: node, lambda node, new: new, _remembering(key), found, key)


def _slice_step(key: Key) -> Step:
    return Step(lambda node: selection.getitem(node, key), lambda node, new: assign(node, key, new), _remembering(key), key=key)


def _remembering(key: Key) -> Callable[[Any], Any]:
    with_ellipsis = key if Ellipsis in key else (*key, Ellipsis)  # so that NumPy gives an array even of one entry
    return lambda memory: memory[with_ellipsis]
