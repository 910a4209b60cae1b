"""Python's own functions on traced numbers: float, int, sum, max, min, len, and the math module.

`float(x)` must not lose the derivative, and `max(a, b)` becomes np.maximum instead of a branch. What is not listed works by
itself, by way of the array's operators: abs, round, divmod, sorted, zip, enumerate, any, all.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np

from wrt.graph.nest import nest
from wrt.graph.term import Factor, Term
from wrt.trace import domain
from wrt.trace.call import call
from wrt.trace.extent import Extent
from wrt.trace.lookup import MATH
from wrt.trace.operand import as_node, cast, traced_in
from wrt.trace.refusal import refuse
from wrt.trace.traced import Digits, Traced

_MANY = 16  # a sum of more numbers than this is one node and not a chain of additions


# ----- types ----------------------------------------------------------------------------------------------------------
class Kind(type):
    """The type of a stand-in for a scalar type: it is called, compared and asked `isinstance` like the real one."""

    real: type

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Extent):
            if cls.real is int:
                return args[0]
            args = (Traced.of(args[0].tracer, args[0].node, scalar=True),)
        if args and type(args[0]) is Traced:
            return _as_kind(args[0], cls.real)
        if args and type(args[0]) is Digits and cls.real not in (int, bool, type):
            fact = "A number that is differentiated is read back from its text, and that would lose the derivative."
            raise refuse(fact, advice="Use the number itself; to round it write np.round.")
        if cls.real is type and len(args) == 1:
            return KINDS.get(type(args[0]), type(args[0]))
        return cls.real(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.real)

    def __subclasscheck__(cls, subclass: Any) -> bool:
        return issubclass(getattr(subclass, "real", subclass) if isinstance(subclass, Kind) else subclass, cls.real)

    def __eq__(cls, other: object) -> bool:
        return cls.real is (other.real if type(other) is Kind else other)

    def __hash__(cls) -> int:
        return hash(cls.real)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls.real, name)

    def __repr__(cls) -> str:
        return repr(cls.real)


def _kind(real: type) -> Any:
    return Kind(real.__name__, (), {"real": real, "__slots__": ()} | ({"dtype": np.dtype(real)} if real is not type else {}))


_REAL = (float, int, bool, complex, np.float64, np.float32, np.int64, np.int32, np.bool_, type)
KINDS: dict[Any, Any] = {real: _kind(real) for real in _REAL}


def _as_kind(value: Traced, real: type) -> Any:
    if real is type:
        return KINDS.get(value.__class__, value.__class__)
    if real is complex:
        return complex(value)
    if real in (int, bool):
        return real(value)
    if real is float:
        if value.size != 1:
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        value = call(value.tracer, np.reshape, (value, ()), {}) if value.ndim else value
    if real in (float, np.float64, np.float32):
        dtype = np.dtype(real)
        node = value.node if value.dtype == dtype else cast(value.tracer, value.node, dtype)
        made = Traced.of(value.tracer, node, scalar=not node.shape)
        return as_python(made) if real is float else made
    return value.astype(real)


def as_python(value: Any) -> Any:
    """The number as one of Python's own floats, which raise where NumPy's give inf."""
    if type(value) is Traced and value.is_scalar:
        value.python = True
    return value


# ----- functions ------------------------------------------------------------------------------------------------------
def total(iterable: Any, /, start: Any = 0) -> Any:
    """sum(): of an array along its first axis, of many numbers as one node."""
    if type(iterable) is Traced and iterable.ndim:
        found = call(iterable.tracer, np.sum, (iterable,), {"axis": 0})
        return found if isinstance(start, int) and start == 0 else start + found
    items = list(iterable)
    numbers = [item for item in items if type(item) is Traced and not item.ndim]
    if len(items) > _MANY and numbers and len(numbers) == len(items) and all(item.dtype == items[0].dtype for item in items):
        tracer = items[0].tracer
        node = nest((), [Term((), (), (Factor(as_node(tracer, item), ()),)) for item in items], items[0].dtype)
        found = Traced.of(tracer, node, scalar=True)
        return found if isinstance(start, int) and start == 0 else start + found
    return builtins.sum(items, start)


def _extreme(function: Any, own: Callable[..., Any], pair: Any) -> Callable[..., Any]:
    def choose(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and type(args[0]) is Traced and args[0].ndim == 1 and not kwargs:
            return call(args[0].tracer, function, args, {})
        values = list(args[0]) if len(args) == 1 and isinstance(args[0], Iterable) else list(args)
        if kwargs or not values or not all(_is_number(value) for value in values):
            return own(*args, **kwargs) if len(args) != 1 else own(values, **kwargs)
        traced = [value for value in values if type(value) is Traced and value.tracer.dependent(value.node)]
        if not traced:
            return own(values)
        return reduce(lambda a, b: call(traced[0].tracer, pair, (a, b), {}), values)

    return choose


def _is_number(value: Any) -> bool:
    return not value.ndim if type(value) is Traced else isinstance(value, int | float | np.generic)


def length(value: Any, /) -> Any:
    """len(): may be a symbolic size."""
    return value.shape[0] if type(value) is Traced and value.ndim else builtins.len(value)


FUNCTIONS: dict[str, Any] = {
    "sum": total,
    "max": _extreme(np.max, builtins.max, np.maximum),
    "min": _extreme(np.min, builtins.min, np.minimum),
    "len": length,
} | {kind.__name__: KINDS[kind] for kind in (float, int, bool, complex, type)}


# ----- math -----------------------------------------------------------------------------------------------------------
def _log(x: Any, *base: Any) -> Any:
    top = call(_tracer(x, *base), np.log, (x,), {})
    return top / call(_tracer(x, *base), np.log, (base[0],), {}) if base else top


def _hypot(*coordinates: Any) -> Any:
    tracer = _tracer(*coordinates)
    if len(coordinates) == 2:
        return call(tracer, np.hypot, coordinates, {})
    return call(tracer, np.sqrt, (total([c * c for c in coordinates]),), {})


def _dist(p: Any, q: Any) -> Any:
    return _hypot(*(a - b for a, b in zip(p, q, strict=True)))


def _prod(iterable: Iterable[Any], *, start: Any = 1) -> Any:
    return reduce(lambda a, b: a * b, iterable, start)


def _isclose(a: Any, b: Any, *, rel_tol: float = 1e-9, abs_tol: float = 0.0) -> bool:
    return bool(abs(a - b) <= builtins.max(rel_tol * builtins.max(abs(a), abs(b)), abs_tol))


def _sumprod(p: Iterable[Any], q: Iterable[Any], /) -> Any:
    return total([a * b for a, b in zip(p, q, strict=True)])


def _modf(x: Any) -> tuple[Any, Any]:
    whole = call(_tracer(x), np.trunc, (x,), {})
    return x - whole, whole


_MATH: dict[str, Callable[..., Any]] = {
    "log": _log, "hypot": _hypot, "dist": _dist, "prod": _prod, "isclose": _isclose, "fsum": total, "sumprod": _sumprod, "modf": _modf,
}  # fmt: skip


_OF_MANY = {"hypot", "dist", "prod", "isclose", "fsum", "sumprod", "modf"}  # they have no domain


def _seen(value: Any) -> Any:
    """A symbolic size as a number, a generator as a list, so that traced numbers in it are found."""
    if isinstance(value, Extent):
        return Traced.of(value.tracer, value.node, scalar=True)
    return list(value) if hasattr(value, "__next__") else value


def _tracer(*values: Any) -> Any:
    return next(traced_in(list(values))).tracer


def mathematical(name: str) -> Callable[..., Any]:
    """A function of the math module that also takes traced numbers."""
    own = getattr(math, name)
    function = MATH.get(name)
    special = _MATH.get(name)
    if function is None and special is None:
        return own  # type: ignore[no-any-return]  # floor, ceil, gcd, comb: by way of __floor__, __index__

    def compute(*args: Any, **kwargs: Any) -> Any:
        args = tuple(map(_seen, args))
        traced = next(traced_in(list(args)), None)
        if traced is None:
            return own(*args, **kwargs)
        if not kwargs and name not in _OF_MANY:
            domain.mathematical(traced.tracer, name, own, args)
        if special is not None:
            found = special(*args, **kwargs)
        else:
            found = call(traced.tracer, function, [_as_kind(a, float) if type(a) is Traced else a for a in args], kwargs)
        return as_python(found)

    return compute
