"""Stand-ins for the user's containers and objects: copies whose arrays are traced and whose methods are rebound.

The user's lists, dicts and instances are never written to. An instance gets a mirror: an object of a subclass whose methods
run under the trace, with attributes fetched from the original on first use.
"""

from __future__ import annotations

import abc
import copy
import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from wrt.trace.dependency import MISSING
from wrt.trace.guards import Trace

StandIn = Callable[[Any], Any]
# Libraries whose functions and classes run as they are: they have their own ideas of arrays.
FOREIGN = {"jax", "jaxlib", "torch", "tensorflow", "sympy", "pandas", "numba", "matplotlib", "autograd", "casadi", "wrt"}


class Mirrors:
    """The mirrors of one trace."""

    def __init__(self, tracer: Trace, stand_in: StandIn) -> None:
        self._tracer, self._stand_in = tracer, stand_in
        self._waiting: dict[int, tuple[Any, set[str]]] = {}  # id of a mirror -> the mirror, attributes not yet looked at

    def mirror(self, value: Any, held: dict[int, tuple[Any, Any]]) -> Any:
        """A copy for the trace; `held` receives it before its items are made, so that rings end."""
        watch = self._tracer.dependencies
        if isinstance(value, list | dict):
            made: Any = copy.copy(value)
            held[id(value)] = (value, made)
            watch.watch_contents(value)
            for key in range(len(value)) if isinstance(value, list) else list(value):
                made[key] = self._stand_in(value[key])
            return made
        if isinstance(value, tuple):
            items = [self._stand_in(item) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            make = getattr(type(value), "_make", tuple)  # a namedtuple stays one
            return make(items)
        if isinstance(value, set):
            watch.watch_contents(value)
            return value.copy()
        if isinstance(value, type):
            return self._class(value)
        return self._instance(value, held)

    # ----- classes ----------------------------------------------------------------------------------------------------
    def _class(self, cls: type) -> type:
        """A subclass whose methods are rebound; the class itself where that cannot be made."""
        if not _is_users(cls):
            return cls
        names: dict[str, Any] = {"__module__": cls.__module__, "__qualname__": cls.__qualname__, "__slots__": ()}
        for base in reversed(cls.__mro__[:-1]):
            self._tracer.dependencies.watch_contents(vars(base))  # a subclass may come to shadow what its base has
            if _is_users(base):
                members = [(name, member) for name, member in vars(base).items() if _is_code(member) or _is_data(name, member)]
                names |= {name: self._member(base, name, member) for name, member in members}
        names["__getattribute__"] = self._reader(cls)
        meta: Callable[..., type] = type(cls)
        try:
            return meta(cls.__name__, (cls,), names)
        except TypeError:
            return cls

    def _member(self, base: type, name: str, member: Any) -> Any:
        self._tracer.dependencies.watch(vars(base), name, member)
        if isinstance(member, staticmethod | classmethod):
            inner = member.__func__
            return type(member)(self._stand_in(inner)) if isinstance(inner, FunctionType) else member
        if isinstance(member, property):
            return property(*(self._stand_in(part) if part else None for part in (member.fget, member.fset, member.fdel)))
        if isinstance(member, functools.cached_property):
            made = functools.cached_property(self._stand_in(member.func))
            made.attrname = member.attrname
            return made
        return self._stand_in(member)

    def _reader(self, cls: type) -> Callable[[Any, str], Any]:
        fetch: Any = cls.__getattribute__

        def read(instance: Any, name: str) -> Any:
            waiting = self._waiting.get(id(instance))
            if waiting is None or name.startswith("__"):
                return fetch(instance, name)
            original, names = waiting
            values, own = object.__getattribute__(instance, "__dict__"), object.__getattribute__(original, "__dict__")
            if name not in values and name not in own:  # the class has it, or nobody: until the instance is given its own
                self._tracer.dependencies.watch(own, name, MISSING)
            found = fetch(instance, name)
            if name in names:
                names.discard(name)
                if values.get(name) is found and own.get(name) is found:
                    self._tracer.dependencies.watch(own, name, found)
                    values[name] = found = self._stand_in(found)
            return found

        return read

    # ----- instances --------------------------------------------------------------------------------------------------
    def _instance(self, value: Any, held: dict[int, tuple[Any, Any]]) -> Any:
        cls = self._stand_in(type(value))
        if cls is type(value) or not _is_users(type(value)):
            if not callable(value) or _is_users(type(value)):
                self._tracer.dependencies.unwatchable(f"an object of type {type(value).__name__}")
            return value
        try:
            made = object.__new__(cls)
        except TypeError:
            self._tracer.dependencies.unwatchable(f"an object of type {type(value).__name__}")
            return value
        held[id(value)] = (value, made)
        if hasattr(value, "__dict__"):
            object.__getattribute__(made, "__dict__").update(vars(value))
            self._waiting[id(made)] = (value, set(vars(value)))
        for base in type(value).__mro__:
            for name, slot in vars(base).items():
                if type(slot).__name__ == "member_descriptor" and hasattr(value, name):
                    self._tracer.dependencies.unwatchable(f"{type(value).__name__}.{name}, a slot")
                    slot.__set__(made, self._stand_in(getattr(value, name)))
        return made


def _is_users(cls: type) -> bool:
    """A class written in Python, by the user or a library of the user's."""
    if type(cls) not in (type, abc.ABCMeta) or not cls.__flags__ & (1 << 9) or issubclass(cls, BaseException | tuple):
        return False
    top = (cls.__module__ or "").partition(".")[0]
    if top == "wrt" and cls.__module__.startswith("wrt.examples"):
        return True
    own = top not in sys.stdlib_module_names and top not in FOREIGN | {"numpy", "scipy"}
    return (own or top == "__main__") and all("__init_subclass__" not in vars(base) for base in cls.__mro__[:-1])


def _is_data(name: str, member: Any) -> bool:
    """An attribute that all instances share."""
    return not name.startswith("__") and not hasattr(type(member), "__get__")


def _is_code(member: Any) -> bool:
    return isinstance(member, FunctionType | staticmethod | classmethod | property | functools.cached_property)
