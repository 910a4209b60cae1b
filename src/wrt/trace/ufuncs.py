"""The methods of ufuncs: np.add.reduce is a sum, np.multiply.outer a broadcast product, np.add.at adds where it is told."""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.graph.arithmetic import negative
from wrt.graph.index import ats
from wrt.graph.nest import nest
from wrt.graph.term import Factor, Term
from wrt.ops.assignment import add_at
from wrt.trace.call import SPECIAL, by_rule, by_value, call
from wrt.trace.guards import Trace
from wrt.trace.indexing import concrete_key, writable
from wrt.trace.lookup import builder_of
from wrt.trace.operand import as_node, cast, is_operand
from wrt.trace.refusal import blame, numbers_instead, refuse
from wrt.trace.traced import Traced

_REDUCE = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min, np.logical_and: np.all, np.logical_or: np.any,
    np.logaddexp: "scipy.special.logsumexp",
}  # fmt: skip
_ACCUMULATE = {np.add: np.cumsum, np.multiply: np.cumprod}


def method(tracer: Trace, ufunc: np.ufunc, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """ufunc.name(*args, **kwargs), recorded."""
    if name == "__call__":
        return call(tracer, ufunc, args, kwargs)
    bound = getattr(ufunc, name)
    if builder_of(bound) is not None:
        result = by_rule(tracer, bound, args, kwargs)
        if name != "at":
            return result
        writable(args[0])
        args[0].place.node = result.node
        return None
    if name == "reduce" and ufunc in _REDUCE:
        return call(tracer, _REDUCE[ufunc], *_with_axis(args, kwargs))
    if name == "accumulate" and ufunc in _ACCUMULATE:
        return call(tracer, _ACCUMULATE[ufunc], *_with_axis(args, kwargs))
    if name == "outer":
        return _outer(tracer, ufunc, *args, **kwargs)
    if name == "at" and ufunc in (np.add, np.subtract):
        return _add_at(tracer, ufunc, *args, **kwargs)
    if name == "at":
        known = blame(args[0].node, tracer.differentiated) if type(args[0]) is Traced else ""
        raise refuse(f"np.{ufunc.__name__}.at has no derivative rule in wrt.", known=known, advice=numbers_instead(tracer.name))
    return by_rule(tracer, bound, args, kwargs)


def _with_axis(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The methods work along axis 0 where the functions take the whole array."""
    if len(args) > 1:
        args, kwargs = args[:1], {"axis": args[1], **dict(zip(("dtype", "out", "keepdims"), args[2:], strict=False)), **kwargs}
    return args, {"axis": 0, **kwargs}


def _outer(tracer: Trace, ufunc: np.ufunc, a: Any, b: Any, /, **kwargs: Any) -> Any:
    left, right = as_node(tracer, a), as_node(tracer, b)
    labels = ats(range(left.ndim))
    shape = (*left.shape, *[1] * right.ndim)
    spread = nest(shape, [Term(shape, ats(range(len(shape))), (Factor(left, labels),))], left.dtype)
    return call(tracer, ufunc, (Traced.of(tracer, spread), Traced.of(tracer, right)), kwargs)


def _add_at(tracer: Trace, ufunc: np.ufunc, a: Any, indices: Any, b: Any, /) -> None:
    """a[indices] += b, where an index that comes twice counts twice."""
    if type(a) is not Traced:
        raise refuse(f"np.{ufunc.__name__}.at writes into an array of yours.", advice="wrt never writes to your arrays; copy it first.")
    writable(a)
    value = cast(tracer, as_node(tracer, b), a.dtype)
    a.place.node = add_at(a.node, concrete_key(tracer, indices), negative(value) if ufunc is np.subtract else value)


# Integers have no derivative: what is asked of them alone is known at once. (On floats, // and % have rules.)
for _function in (np.floor_divide, np.remainder, np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift,
                  np.invert, np.gcd, np.lcm):  # fmt: skip

    def _integral(tracer: Trace, *args: Any, _function: Any = _function, **kwargs: Any) -> Any:
        whole = not kwargs and all(is_operand(a) and as_node(tracer, a).dtype.kind in "iub" for a in args)
        return by_value(tracer, _function, args, kwargs) if whole else by_rule(tracer, _function, args, kwargs)

    SPECIAL[_function] = _integral
