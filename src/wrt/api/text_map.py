"""Maps between points: functions of one array made of text, or of a NumPy function that takes its coordinates one by one.

"r*cos(t), r*sin(t)" is a map of the point (r, t): each name is a coordinate. A single name ("x / (1 + x @ x)") is the point itself,
whatever its shape. `lambda r, t: (r * np.cos(t), r * np.sin(t))` becomes a function of one array too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from wrt.api.formula_source import as_result
from wrt.errors import ArgumentError, ParseError, ShapeError, WrtError
from wrt.graph.node import Node
from wrt.graph.shape import show
from wrt.lower.evaluate import evaluate
from wrt.lower.numpy_source import source
from wrt.trace import Trace
from wrt.trace.read import read
from wrt.trace.signature import name_of, parameters
from wrt.trace.text import Parsed, parse
from wrt.trace.traced import Traced

_CONSTANTS = ("pi", "eye")  # names of an expression that are no variables


def point_map(f: str | Callable[..., Any], variables: str | Sequence[str] | None = None) -> TextMap | Callable[[Any], Any]:
    """f as a function of one array: the point.

    Parameters
    ----------
    f
        A NumPy function of one array, or of as many numbers as the point has coordinates, or text: one expression for each
        component of the map.
    variables
        For text the order of the coordinates; by default the order in which the names appear.

    Examples
    --------
    >>> point_map("r*cos(t), r*sin(t)")([2.0, 0.0])
    array([2., 0.])
    >>> point_map(lambda r, t: np.array([r * t, r + t]))([2.0, 3.0])
    array([6., 5.])
    """
    if isinstance(f, str):
        return TextMap(f, variables)
    if not callable(f):
        raise ArgumentError(f"Expected a function or text like 'r*cos(t), r*sin(t)', got {f!r}.")
    if variables is not None:
        raise ArgumentError(f"variables= names the coordinates of a map in text; {name_of(f)} is a function and has its own.")
    needed = _needed(f)
    if not needed and _starred(f):
        fact = f"{name_of(f)} takes *arguments: whether that is one array or the coordinates one by one cannot be known."
        raise ArgumentError(fact, advice="Name them: lambda x, y: f(x, y), or lambda x: f(x) for the point as one array.")
    return f if len(needed) <= 1 else _spread(f, needed)


class TextMap:
    """A map in text as a NumPy function of the point: one program for each shape of the point, made at the first call."""

    def __init__(self, text: str, variables: str | Sequence[str] | None = None) -> None:
        self.parsed = _parsed(text)
        self.text = text.strip()
        found = [name for name in self.parsed.names if name not in _CONSTANTS]
        given = None if variables is None else variables.replace(",", " ").split() if isinstance(variables, str) else list(variables)
        if given is not None and (missing := [name for name in found if name not in given]):
            fact = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} in the map and not among its variables {', '.join(given) or '(none)'}."
            raise ArgumentError(fact, advice="Each name must be a coordinate of the point; write constants as numbers.")
        self.variables = tuple(found if given is None else given)
        if not self.variables:
            raise ArgumentError(f"{self.text!r} has no variable: it is a constant and no map.", advice="Name the coordinates: variables='x y'.")
        self.__name__ = "f"
        self._programs: dict[tuple[int, ...], Callable[[Any], Any]] = {}

    def __call__(self, x: Any) -> Any:
        if isinstance(x, Traced):
            return Traced.of(x.tracer, self._read(x, x.tracer))
        shape = np.shape(x)
        if shape not in self._programs:
            self._programs[shape] = self._program(shape)
        return self._programs[shape](np.asarray(x, float) if isinstance(x, list | tuple | int | float) else x)

    def _program(self, shape: tuple[int, ...]) -> Callable[[Any], Any]:
        trace = Trace(evaluate, name="f", numbers=False)
        x = trace.symbol("x", shape, differentiated=True)
        program: Callable[[Any], Any] = source("f", {x.node: "x"}, [self._read(x, trace)]).compile()
        return program

    def _read(self, x: Traced, trace: Trace) -> Node:
        count = len(self.variables)
        if count > 1 and x.sizes != (count,):
            raise ShapeError(f"{self.text} is a map of {count} numbers ({', '.join(self.variables)}); got a point of shape {show(x.sizes)}.")
        names = {self.variables[0]: x} if count == 1 else {name: x[k] for k, name in enumerate(self.variables)}  # type: ignore[index]
        try:
            return as_result(read(self.parsed, names, trace), trace)
        except WrtError as why:
            if count > 1 or not x.sizes or "unlike shapes" not in why.fact:
                raise
            (name,) = self.variables
            fact = f"The map {self.text} has one name, {name}, which is the whole point, of shape {show(x.sizes)}: its components have unlike shapes."
            raise ShapeError(fact, advice=f"Give a number for {name}, or name all coordinates in order: variables='x {name}'.") from None

    def __repr__(self) -> str:
        return f"<map ({', '.join(self.variables)}) ↦ {self.text}>"


def coordinates(f: Callable[..., Any], count: int) -> tuple[str, ...]:
    """What the coordinates of a map's points are called: the variables of its text, the parameters of its function, or x[0], x[1] and so on."""
    names: tuple[str, ...] = tuple(getattr(f, "variables", ()))
    return names if len(names) == count else ("x",) if count == 1 else tuple(f"x[{k}]" for k in range(count))


def _parsed(text: str) -> Parsed:
    """The text, or a list of its parts where it has several without brackets around them."""
    try:
        return parse(text)
    except ParseError as why:
        if "not several" not in why.fact:
            raise
        inner = text.strip().rstrip(",")
    try:
        return parse(f"[{inner}]")
    except ParseError:  # said of the component alone: the brackets are not the user's
        for part in _components(inner):
            if not part.strip():
                raise ParseError(f"a component of the map {inner!r} is missing between two commas", advice="write one expression for each component") from None
            parse(part)
        raise


def _components(text: str) -> Iterator[str]:
    """The text between commas that stand in no bracket."""
    depth = start = 0
    for at, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign == "," and not depth:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _needed(f: Callable[..., Any]) -> list[str]:
    """The parameters that every call must give by position."""
    try:
        known = parameters(f).parameters.values()
    except WrtError:
        return []
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in known if p.kind in plain and p.default is inspect.Parameter.empty]


def _starred(f: Callable[..., Any]) -> bool:
    """Whether a function of Python's takes *arguments and no other by position."""
    if not inspect.isfunction(f):
        return False
    kinds = [p.kind for p in inspect.signature(f).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds and kinds[0] == inspect.Parameter.VAR_POSITIONAL


def _spread(f: Callable[..., Any], needed: Sequence[str]) -> Callable[[Any], Any]:
    def check(x: Any) -> None:
        shape = x.sizes if isinstance(x, Traced) else np.shape(x)
        if shape != (len(needed),):
            fact = f"{name_of(f)} takes {len(needed)} numbers ({', '.join(needed)}); got a point of shape {show(shape)}."
            raise ShapeError(fact, advice="Fix what is no coordinate: lambda x: f(x, constant).")

    def spread(x: Any) -> Any:
        check(x)
        return f(*x)

    spread.__name__ = name_of(f)
    spread.variables = tuple(needed)  # type: ignore[attr-defined]
    return as_users(spread)


def as_users(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function around one of the user's, to be traced like the user's own: wrt's functions are not looked into."""
    function.__module__ = "around"
    return function
