"""Running the user's function with its names rebound: `np` is a stand-in, helpers are rebound in turn, nothing is modified.

A rebound function has the user's own code object, so lines and columns are the user's. Its globals are a dict that fetches,
on first use, what the name stands for in the user's module, notes that the trace relies on it, and gives the stand-in.
"""

from __future__ import annotations

import _random
import builtins
import dis
import functools
import math
import sys
from collections.abc import Callable, Mapping
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from wrt.errors import Unsupported
from wrt.trace import methods  # noqa: F401  # gives traced arrays their operators
from wrt.trace.builtin import FUNCTIONS, KINDS, mathematical
from wrt.trace.dependency import MISSING
from wrt.trace.extent import Extent
from wrt.trace.guards import Trace
from wrt.trace.mirror import FOREIGN, Mirrors
from wrt.trace.source import location
from wrt.trace.standin import Function, Joiner, Library, Mathematics, Module, Randomness, Vectorized, library_object
from wrt.trace.traced import Traced

_IMMUTABLE = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis), frozenset)
_AS_IS = {*_IMMUTABLE, Traced, Extent, Function, Library, Mathematics, Module, Randomness, Joiner, Vectorized}
_CLOCKS = {"time", "datetime", "os", "secrets", "uuid"}  # their answers change from call to call
_CODE = type | BuiltinFunctionType | type(np.sum)
_CACHED = type(functools.lru_cache(abs))
_MATH = {id(value): name for name, value in vars(math).items() if callable(value)}
_STORES = {dis.opmap["STORE_GLOBAL"], dis.opmap["DELETE_GLOBAL"]}
_CELL_STORES = {dis.opmap["STORE_DEREF"], dis.opmap["DELETE_DEREF"]}


class Globals(dict[str, Any]):
    """The names of a module, each with its stand-in from the first use on."""

    def __init__(self, real: Mapping[str, Any], binder: Binder) -> None:
        super().__init__({"__builtins__": binder.builtins, "__name__": real.get("__name__", "__main__"), "__file__": real.get("__file__")})
        self.real, self.binder = real, binder

    def __missing__(self, name: str) -> Any:
        value = self.real.get(name, MISSING)
        if name in self.binder.builtins or value is not MISSING:
            self.binder.tracer.dependencies.watch(self.real, name, value)
        if value is MISSING:
            raise KeyError(name)
        self[name] = made = self.binder.stand_in(value)
        return made


class Binder:
    """Stand-ins of one trace: everything has one, and the same thing always the same."""

    def __init__(self, tracer: Trace) -> None:
        self.tracer = tracer
        self.builtins = {**vars(builtins), **FUNCTIONS, "__import__": self._import, "open": self._open}
        self._held: dict[int, tuple[Any, Any]] = {}  # the originals are held, so that their ids stay theirs
        self._opened: dict[int, Callable[..., Any]] = {}
        self._globals: dict[int, Globals] = {}
        self._cells: dict[int, tuple[CellType, CellType]] = {}
        self._mirrors = Mirrors(tracer, self.stand_in)
        tracer.through = self._through

    def stand_in(self, value: Any) -> Any:
        """What the user's code gets to see for `value`."""
        if type(value) in _AS_IS:
            return value
        held = self._held.get(id(value))
        if held is None:
            made = self._made(value)
            held = self._held.setdefault(id(value), (value, made))
        return held[1]

    def _made(self, value: Any) -> Any:
        if isinstance(value, np.generic):
            return value
        if type(value) is np.ndarray:
            return self.tracer.constant_array(value) if value.dtype.kind in "fiub" else value
        if isinstance(value, ModuleType):
            return self._module(value)
        if isinstance(value, FunctionType):
            return self._function(value)
        if isinstance(value, MethodType):
            owner = self.stand_in(value.__self__)
            return MethodType(self.stand_in(value.__func__), owner) if isinstance(value.__func__, FunctionType) else value
        if isinstance(value, functools.partial):
            named = {name: self.stand_in(item) for name, item in value.keywords.items()}
            return functools.partial(self.stand_in(value.func), *map(self.stand_in, value.args), **named)
        if id(value) in _MATH and not isinstance(value, type):
            return mathematical(_MATH[id(value)])
        if _draws(value):
            return Randomness(f"A {type(value).__name__}")
        if isinstance(value, np.vectorize):
            return Vectorized(self.tracer, self.stand_in(value.pyfunc), {})
        if isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, np.ndarray):
            return getattr(self.stand_in(value.__self__), value.__name__)  # dot = A.dot
        if isinstance(value, type) and value in KINDS:
            return KINDS[value]
        if isinstance(value, np.ufunc) or (isinstance(value, _CODE) and _owner(value) in ("numpy", "scipy")):
            return library_object(self.tracer, value)
        python = _asked(value, "__wrapped__" if isinstance(value, _CACHED) else "py_func")
        if isinstance(python, FunctionType):  # functools.lru_cache, numba's dispatchers
            return self.stand_in(python)
        return self._mirrors.mirror(value, self._held)

    # ----- modules ----------------------------------------------------------------------------------------------------
    def _module(self, module: ModuleType) -> Any:
        top = module.__name__.partition(".")[0]
        if module is math:
            return Mathematics()
        if module.__name__ in ("random", "numpy.random"):
            return Randomness("random" if module.__name__ == "random" else "np.random")
        if top in _CLOCKS:
            self.tracer.dependencies.unwatchable(f"the module {top}")
        if top in ("numpy", "scipy"):
            return Library(module, self.stand_in, self.tracer)
        if top in sys.stdlib_module_names or top in FOREIGN:
            return module
        return Module(module, self.stand_in, self.tracer)

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        real = globals.real if isinstance(globals, Globals) else globals
        return self.stand_in(builtins.__import__(name, real, locals, fromlist, level))

    def _open(self, *args: Any, **kwargs: Any) -> Any:
        self.tracer.dependencies.unwatchable("a file")
        return builtins.open(*args, **kwargs)

    # ----- functions --------------------------------------------------------------------------------------------------
    def _function(self, function: FunctionType) -> Any:
        owner = _owner(function)
        if owner in ("numpy", "scipy"):
            return library_object(self.tracer, function)
        if owner in sys.stdlib_module_names or owner in FOREIGN - {"wrt"} or _is_internal(function):
            return function
        return self._rebound(function, keep=True)

    def _through(self, function: Any) -> Callable[..., Any] | None:
        """A function of SciPy or NumPy that is written in Python and has no rule of its own: traced like a helper of the user's."""
        if not isinstance(function, FunctionType) or _owner(function) not in ("numpy", "scipy"):
            return None
        held = self._opened.get(id(function))
        if held is None:
            held = self._opened[id(function)] = self._rebound(function, keep=False)
        return held

    def _rebound(self, function: FunctionType, *, keep: bool) -> Any:
        _refuse_side_effects(function.__code__)
        names = self._globals.get(id(function.__globals__))
        if names is None:
            names = self._globals[id(function.__globals__)] = Globals(function.__globals__, self)
        cells = tuple(map(self._cell, function.__closure__ or ()))
        made = FunctionType(function.__code__, names, function.__name__, None, cells)
        if keep:
            self.tracer.dependencies.watch_code(function)
            self._held[id(function)] = (function, made)  # before its cells are filled: one of them may hold the function itself
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            self._fill(name, cell)
        made.__defaults__ = tuple(map(self.stand_in, function.__defaults__)) if function.__defaults__ else None
        made.__kwdefaults__ = {name: self.stand_in(value) for name, value in (function.__kwdefaults__ or {}).items()}
        made.__dict__.update({name: self.stand_in(value) for name, value in vars(function).items() if name != "__wrapped__"})
        made.__qualname__, made.__module__ = function.__qualname__, function.__module__
        for name in _names_of_classes(function.__code__):  # class bodies look names up past __missing__
            if name in function.__globals__:
                names[name]
        return made

    def _cell(self, cell: CellType) -> CellType:
        held = self._cells.get(id(cell))
        if held is None:
            held = self._cells[id(cell)] = (cell, CellType())
        return held[1]

    def _fill(self, name: str, cell: CellType) -> None:
        made = self._cell(cell)
        try:
            value = cell.cell_contents
        except ValueError:  # still empty in the user's function, too
            return
        if name != "__class__":  # super() compares classes: they stay the user's own
            self.tracer.dependencies.watch(cell, name, value)
            value = self.stand_in(value)
        made.cell_contents = value


def _draws(value: Any) -> bool:
    """Whether it is a source of random numbers; asked without loading the modules that have them."""
    loaded = sys.modules.get("numpy.random")
    return isinstance(value, _random.Random) or (loaded is not None and isinstance(value, loaded.Generator | loaded.RandomState))


def _asked(value: Any, name: str) -> Any:
    """An attribute, or None; an object's own __getattr__ may raise anything."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001
        return None


def _owner(value: Any) -> str:
    """The top package in which a function or class was defined."""
    module = _asked(value, "__module__")
    return module.partition(".")[0] if isinstance(module, str) else ""


def _is_internal(function: FunctionType) -> bool:
    """wrt's own functions run as they are; its examples are written as users write."""
    module = function.__module__ or ""
    return (module == "wrt" or module.startswith("wrt.")) and not module.startswith("wrt.examples")


@functools.lru_cache(maxsize=4096)
def _names_of_classes(code: CodeType) -> tuple[str, ...]:
    """Names used by classes that the code defines."""
    names: list[str] = []
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if not inner.co_flags & 0x02:  # a class body has no fast locals
                names += inner.co_names
            names += _names_of_classes(inner)
    return tuple(names)


@functools.lru_cache(maxsize=4096)
def _side_effect(code: CodeType) -> tuple[int, str] | None:
    """Where the code writes a name that lives outside of it."""
    raw = code.co_code
    argument = 0
    for at in range(0, len(raw), 2):
        op, argument = raw[at], (argument << 8) | raw[at + 1]
        if op == dis.EXTENDED_ARG:
            continue
        if op in _STORES:
            return at, code.co_names[argument]
        if op in _CELL_STORES:
            name = code._varname_from_oparg(argument)  # type: ignore[attr-defined]  # noqa: SLF001
            if name in code.co_freevars:
                return at, name
        argument = 0
    return None


def _refuse_side_effects(code: CodeType) -> None:
    found = _side_effect(code)
    if found is None:
        return
    at, name = found
    raise Unsupported(
        f"{code.co_name} changes {name}, which lives outside of it.",
        advice=f"Return {name} as a value, or keep it in a list or an object: wrt looks on without side effects.",
        location=location(code, at, code.co_firstlineno),
    )


def rebound(function: Callable[..., Any], tracer: Trace) -> tuple[Callable[..., Any], Binder]:
    """The function as it runs under the trace, and the stand-ins that it uses."""
    binder = Binder(tracer)
    return binder.stand_in(function), binder
