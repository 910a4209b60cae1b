"""Stand-ins for NumPy's and SciPy's modules and functions: what the user's `np` is while wrt looks on."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from wrt.trace.builtin import KINDS, mathematical
from wrt.trace.call import SPECIAL, call, plain_result
from wrt.trace.extent import has_extent
from wrt.trace.guards import Trace
from wrt.trace.memory import ndenumerate
from wrt.trace.operand import as_node, stacked, traced_in
from wrt.trace.refusal import refuse
from wrt.trace.traced import Traced
from wrt.trace.ufuncs import method

_UFUNC_METHODS = {"reduce", "accumulate", "reduceat", "outer", "at"}
_READS_FILES = {"load", "loadtxt", "genfromtxt", "fromfile", "memmap"}


class Function:
    """A NumPy or SciPy function that records when it meets traced arrays, and makes arrays that can be recorded into."""

    __slots__ = ("_real", "_tracer")

    def __init__(self, tracer: Trace, real: Any) -> None:
        self._real, self._tracer = real, tracer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        real, tracer = self._real, self._tracer
        special = SPECIAL.get(real) if getattr(real, "__hash__", None) else None
        if special is not None or next(traced_in([args, kwargs]), None) is not None or has_extent(args):
            return call(tracer, real, args, kwargs)
        if getattr(real, "__name__", "") in _READS_FILES:
            tracer.dependencies.unwatchable("a file")
        return plain_result(tracer, real(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._real, name)
        if name in _UFUNC_METHODS and isinstance(self._real, np.ufunc):
            return lambda *args, **kwargs: method(self._tracer, self._real, name, args, kwargs)
        return found

    def __eq__(self, other: object) -> bool:
        return self._real is (other._real if type(other) is Function else other)

    def __hash__(self) -> int:
        return hash(self._real)

    def __repr__(self) -> str:
        return repr(self._real)


class Library:
    """A module of NumPy or SciPy."""

    def __init__(self, module: ModuleType, stand_in: Callable[[Any], Any], tracer: Trace) -> None:
        self.__dict__["_wrt"] = (module, stand_in, tracer)

    def __getattr__(self, name: str) -> Any:
        module, stand_in, tracer = self.__dict__["_wrt"]
        own = _OWN.get((module.__name__, name))
        found = own(tracer) if own is not None else stand_in(getattr(module, name))
        self.__dict__[name] = found
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        raise refuse(f"The function changes {self.__dict__['_wrt'][0].__name__}.{name}.", advice="wrt looks on without side effects.")

    def __dir__(self) -> list[str]:
        return dir(self.__dict__["_wrt"][0])

    def __repr__(self) -> str:
        return repr(self.__dict__["_wrt"][0])


class Mathematics:
    """The math module."""

    def __getattr__(self, name: str) -> Any:
        import math  # here `math` is what is stood in for

        found = getattr(math, name)
        self.__dict__[name] = found = mathematical(name) if callable(found) else found
        return found


class Module:
    """A module of the user's: its functions are rebound when they are reached, its names watched."""

    def __init__(self, module: ModuleType, stand_in: Callable[[Any], Any], tracer: Trace) -> None:
        self.__dict__["_wrt"] = (module, stand_in, tracer)

    def __getattr__(self, name: str) -> Any:
        module, stand_in, tracer = self.__dict__["_wrt"]
        value = getattr(module, name)
        if name in vars(module):
            tracer.dependencies.watch(vars(module), name, value)
        else:
            tracer.dependencies.unwatchable(f"{module.__name__}.{name}, which the module makes up when asked")
        found = stand_in(value)
        self.__dict__[name] = found
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        module = self.__dict__["_wrt"][0].__name__
        raise refuse(f"The function changes {module}.{name}.", advice="Return the value instead: wrt looks on without side effects.")


class Randomness:
    """np.random, a Generator, the random module: numbers that differ from call to call have no derivative."""

    def __init__(self, name: str, seeded: bool = False) -> None:
        self._name, self._seeded = name, seeded

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Randomness(f"{self._name}.{name}", name in ("default_rng", "RandomState"))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._seeded and any(isinstance(value, int | np.integer) for value in (*args, *kwargs.values())):
            return getattr(np.random, self._name.rpartition(".")[2])(*args, **kwargs)  # a fixed seed gives the same numbers every time
        raise refuse(f"{self._name} draws new random numbers at every call.", advice="Draw them outside and pass them as an argument.")


# ----- NumPy's odd names ----------------------------------------------------------------------------------------------
class Joiner:
    """np.r_ and np.c_."""

    def __init__(self, tracer: Trace, columns: bool) -> None:
        self._tracer, self._columns = tracer, columns

    def __getitem__(self, key: Any) -> Any:
        items = key if isinstance(key, tuple) else (key,)
        real: Any = np.c_ if self._columns else np.r_
        if next(traced_in(list(items)), None) is None:
            return plain_result(self._tracer, real[key])
        if any(isinstance(item, str) for item in items):
            raise refuse("np.r_ with a text directive is not supported by wrt.", advice="Write np.concatenate or np.stack.")
        parts = [np.r_[item] if isinstance(item, slice) else item for item in items]
        return call(self._tracer, np.column_stack if self._columns else np.hstack, (parts,), {})


class Vectorized:
    """np.vectorize: the function called for every entry."""

    def __init__(self, tracer: Trace, function: Callable[..., Any], options: dict[str, Any]) -> None:
        self._tracer, self._function, self._options = tracer, function, options

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if next(traced_in(list(args)), None) is None:
            return plain_result(self._tracer, np.vectorize(self._function, **self._options)(*args, **kwargs))
        if self._options.get("signature") or self._options.get("excluded"):
            raise refuse("np.vectorize with signature= or excluded= is not supported by wrt.", advice="Write the loop.")
        arrays = [Traced.of(self._tracer, as_node(self._tracer, a)) for a in args]
        shape = np.broadcast_shapes(*(tuple(map(int, a.shape)) for a in arrays))
        spread = [call(self._tracer, np.broadcast_to, (a, shape), {}) for a in arrays]
        results = [self._function(*(a[index] for a in spread), **kwargs) for index in np.ndindex(shape)]
        if not shape:
            return results[0]
        return call(self._tracer, np.reshape, (Traced.of(self._tracer, stacked(self._tracer, results)), shape), {})


def _vectorize(tracer: Trace) -> Callable[..., Any]:
    return lambda pyfunc, **options: Vectorized(tracer, pyfunc, options)


def _walk(tracer: Trace) -> Callable[..., Any]:
    return lambda array: ndenumerate(array) if type(array) is Traced else np.ndenumerate(array)


_OWN: dict[tuple[str, str], Callable[[Trace], Any]] = {
    ("numpy", "r_"): lambda tracer: Joiner(tracer, columns=False),
    ("numpy", "c_"): lambda tracer: Joiner(tracer, columns=True),
    ("numpy", "vectorize"): _vectorize,
    ("numpy", "ndenumerate"): _walk,
    ("numpy", "random"): lambda tracer: Randomness("np.random"),
}


def library_object(tracer: Trace, value: Any) -> Any:
    """The stand-in of something that a NumPy or SciPy module holds."""
    if value in _BY_VALUE:
        return _BY_VALUE[value](tracer)
    if isinstance(value, type):
        return KINDS.get(value, value)
    return Function(tracer, value) if callable(value) else value


_BY_VALUE: dict[Any, Callable[[Trace], Any]] = {np.vectorize: _vectorize, np.ndenumerate: _walk}


