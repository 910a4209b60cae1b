"""NumPy functions that write into their argument, walk over it, or ask what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wrt.graph.arithmetic import where as choose
from wrt.trace.call import SPECIAL, by_rule, by_value, call, special, traced_result
from wrt.trace.guards import Trace
from wrt.trace.indexing import overwrite, setitem
from wrt.trace.lookup import builder_of
from wrt.trace.operand import as_node, stacked
from wrt.trace.refusal import refuse
from wrt.trace.traced import Traced
from wrt.trace.views import flat


def _own(array: Any, name: str) -> Traced:
    if type(array) is not Traced:
        raise refuse(f"{name} writes into an array of yours.", advice="wrt never writes to your arrays; copy it first: np.array(a).")
    return array


@special(np.copyto)
def _copyto(tracer: Trace, dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    target = _own(dst, "np.copyto")
    overwrite(target, as_node(tracer, src if where is True else call(tracer, np.where, (where, src, target), {})))


@special(np.fill_diagonal)
def _fill_diagonal(tracer: Trace, a: Any, val: Any, wrap: bool = False) -> None:
    target = _own(a, "np.fill_diagonal")
    if wrap or target.ndim < 2:
        raise refuse("np.fill_diagonal with wrap=True is not supported by wrt.")
    index = np.arange(min(map(int, target.shape)))
    setitem(target, (index,) * target.ndim, val)


@special(np.put)
def _put(tracer: Trace, a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    target = _own(a, "np.put")
    setitem(flat(target), ind, v)


@special(np.place, np.putmask)
def _masked(tracer: Trace, a: Any, mask: Any, values: Any) -> None:
    target = _own(a, "np.putmask")
    node = as_node(tracer, values)
    if node.shape not in ((), (1,)):
        raise refuse("np.putmask with several values is not supported by wrt.", advice="Write a[mask] = values.")
    setitem(target, mask, values)


@special(np.put_along_axis)
def _put_along_axis(tracer: Trace, arr: Any, indices: Any, values: Any, axis: Any = -1) -> None:
    target = _own(arr, "np.put_along_axis")
    index = np.asarray(tracer.concrete(as_node(tracer, indices)))
    grid: list[Any] = list(np.indices(index.shape, sparse=True))
    grid[axis] = index
    setitem(target, tuple(grid), values)


# ----- walks ----------------------------------------------------------------------------------------------------------
@special(np.apply_along_axis)
def _apply_along_axis(tracer: Trace, func1d: Callable[..., Any], axis: Any, arr: Any, *args: Any, **kwargs: Any) -> Any:
    lines = call(tracer, np.moveaxis, (call(tracer, np.asarray, (arr,), {}), axis, -1), {})
    outer = tuple(map(int, lines.shape[:-1]))
    results = [as_node(tracer, func1d(lines[index], *args, **kwargs)) for index in np.ndindex(outer)]
    flat = Traced.of(tracer, stacked(tracer, [Traced.of(tracer, node) for node in results]))
    made = call(tracer, np.reshape, (flat, outer + results[0].shape), {})
    if not results[0].shape:
        return made
    rank = len(results[0].shape)
    where = axis % len(lines.shape)
    return call(tracer, np.moveaxis, (made, tuple(range(-rank, 0)), tuple(range(where, where + rank))), {})


@special(np.piecewise)
def _piecewise(tracer: Trace, x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    array = call(tracer, np.asarray, (x,), {})
    single = type(condlist) is Traced and condlist.ndim == array.ndim
    given = [condlist] if single or isinstance(condlist, bool) else condlist
    conditions = [np.asarray(tracer.concrete(as_node(tracer, condition))) for condition in given]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    result = call(tracer, np.zeros_like, (array,), {})
    for condition, function in zip(conditions, funclist, strict=True):
        if condition.any():
            setitem(result, condition, function(array[condition], *args, **kwargs) if callable(function) else function)
    return result[()] if not array.ndim else result


def ndenumerate(array: Traced) -> Iterator[tuple[tuple[int, ...], Any]]:
    """np.ndenumerate."""
    for index in np.ndindex(tuple(map(int, array.shape))):
        yield index, array[index]  # type: ignore[index]


# ----- questions ------------------------------------------------------------------------------------------------------
@special(np.shape)
def _shape(tracer: Trace, a: Any) -> Any:
    return Traced.of(tracer, as_node(tracer, a)).shape


@special(np.ndim)
def _ndim(tracer: Trace, a: Any) -> int:
    return as_node(tracer, a).ndim


@special(np.size)
def _size(tracer: Trace, a: Any, axis: Any = None) -> Any:
    array = Traced.of(tracer, as_node(tracer, a))
    return array.size if axis is None else array.shape[axis]


@special(np.isscalar)
def _isscalar(tracer: Trace, element: Any) -> bool:
    return element.is_scalar if type(element) is Traced else bool(np.isscalar(element))


@special(np.iscomplexobj)
def _iscomplexobj(tracer: Trace, x: Any) -> bool:
    return False


@special(np.isrealobj)
def _isrealobj(tracer: Trace, x: Any) -> bool:
    return True


@special(np.iterable)
def _iterable(tracer: Trace, y: Any) -> bool:
    return bool(y.ndim) if type(y) is Traced else bool(np.iterable(y))


@special(np.result_type)
def _result_type(tracer: Trace, *arrays_and_dtypes: Any) -> Any:
    return np.result_type(*(a.dtype if type(a) is Traced else a for a in arrays_and_dtypes))


@special(np.shares_memory, np.may_share_memory)
def _shares_memory(tracer: Trace, a: Any, b: Any, max_work: Any = None) -> bool:
    if type(a) is not Traced or type(b) is not Traced or a.place.root is not b.place.root:
        return False
    return bool(np.may_share_memory(a.place.memory, b.place.memory))


@special(np.where)
def _where(tracer: Trace, condition: Any, *choices: Any) -> Any:
    if not choices:
        return by_value(tracer, np.nonzero, (condition,), {})
    if builder_of(np.where) is not None:
        return by_rule(tracer, np.where, (condition, *choices), {})
    mask, one, other = (as_node(tracer, value) for value in (condition, *choices))
    return traced_result(tracer, choose(mask, one, other))


@special(np.sort)
def _sort(tracer: Trace, a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    if builder_of(np.sort) is not None:
        return by_rule(tracer, np.sort, (a,), {"axis": axis})
    array = call(tracer, np.asarray, (a,), {})
    if axis is None:
        array, axis = call(tracer, np.ravel, (array,), {}), -1
    order = by_value(tracer, np.argsort, (array,), {"axis": axis, "kind": "stable"})
    return call(tracer, np.take_along_axis, (array, order, axis), {})


# Answers that do not change with small changes of the input: choices and indices. The catalogue may declare them too.
for _function in (np.array_equal, np.allclose, np.isclose, np.array_equiv, np.argmax, np.argmin, np.argsort, np.nonzero, np.flatnonzero,
                  np.argwhere, np.searchsorted, np.digitize, np.count_nonzero, np.lexsort, np.argpartition, np.nanargmax, np.nanargmin,
                  np.isin, np.isneginf, np.isposinf):  # fmt: skip

    def _choice(tracer: Trace, *args: Any, _function: Any = _function, **kwargs: Any) -> Any:
        return by_rule(tracer, _function, args, kwargs) if builder_of(_function) else by_value(tracer, _function, args, kwargs)

    SPECIAL[_function] = _choice
