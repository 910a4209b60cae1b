"""Which arguments of a function are meant: `wrt=` by name or position, calls bound to names, shapes given as text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.graph.node import Shape
from wrt.graph.size import Polynomial, Size, symbol

Back = Callable[[Mapping[str, Any]], tuple[tuple[Any, ...], dict[str, Any]]]  # values by name -> (args, kwargs)
Which = int | str | Sequence[int | str] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The arguments to differentiate by: their names, and whether one was asked for (then there is one answer, no tuple)."""

    names: tuple[str, ...]
    single: bool


def parameters(function: Callable[..., Any]) -> inspect.Signature:
    """The signature; ufuncs and built-in functions that have none get one with positional parameters."""
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        if not callable(function):
            raise ArgumentError(f"{function!r} is not a function.") from None
        count = function.nin if isinstance(function, np.ufunc) else 1
        names = [f"x{i + 1}" for i in range(count)] if count > 1 else ["x"]
        return inspect.Signature([inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names])


def name_of(function: Callable[..., Any]) -> str:
    """What messages call a function."""
    while hasattr(function, "func") and not hasattr(function, "__name__"):  # functools.partial
        function = function.func
    name = getattr(function, "__name__", None) or type(function).__name__
    return "f" if name == "<lambda>" else str(name)


def select(function: Callable[..., Any], wrt: Which = None) -> Selection:
    """The arguments named by `wrt`: a name, a position, several of them; by default the first.

    >>> select(lambda theta, Phi, y: 0, ("theta", 2)).names
    ('theta', 'y')

    Raises ArgumentError for a name or position that the function does not have.
    """
    if wrt is None or isinstance(wrt, int | str | np.integer):
        return Selection((_named(function, 0 if wrt is None else wrt),), single=True)
    names = tuple(_named(function, which) for which in wrt)
    if not names:
        raise ArgumentError("wrt=() names no argument to differentiate by.", advice="Leave it out for the first argument.")
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice:
        raise ArgumentError(f"wrt names {twice} twice.")
    return Selection(names, single=False)


def _named(function: Callable[..., Any], which: Any) -> str:
    signature = parameters(function).parameters
    plain = [p.name for p in signature.values() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    varargs = next((p.name for p in signature.values() if p.kind is p.VAR_POSITIONAL), None)
    keywords = any(p.kind is p.VAR_KEYWORD for p in signature.values())
    if isinstance(which, str):
        item = re.fullmatch(r"(\w+)\[(\d+)\]", which)
        if which in plain or keywords or (item and item[1] == varargs):
            return which
        import difflib  # only now: `import wrt` need not wait for it

        close = difflib.get_close_matches(which, plain, 1)
        advice = f"Did you mean {close[0]}?" if close else ""
        raise ArgumentError(f"{name_of(function)} has no parameter '{which}'; it has {_listed(plain, varargs)}.", advice=advice)
    if isinstance(which, bool) or not isinstance(which, int | np.integer):
        raise ArgumentError(f"wrt takes names and positions, not {which!r}.")
    positional = [p.name for p in signature.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    position = int(which) + len(plain) if which < 0 and varargs is None else int(which)
    if varargs is not None and position >= len(positional):
        return f"{varargs}[{position - len(positional)}]"
    if not 0 <= position < len(plain):
        raise ArgumentError(f"{name_of(function)} has no parameter number {which}; it has {_listed(plain, varargs)}.")
    return plain[position]


def _listed(plain: Sequence[str], varargs: str | None) -> str:
    names = [*plain, *([f"*{varargs}"] if varargs else [])]
    return ", ".join(names) or "none"


class Binding:
    """Binds a function's calls to names: by position at once where all its parameters are given so, else as Python does."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        kinds = {p.kind for p in parameters(function).parameters.values()}
        plain = kinds <= {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
        self.positional = tuple(parameters(function).parameters) if plain else None

    def __call__(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], Back]:
        """The arguments by name, and how to put other values in their places."""
        names = self.positional
        if names is None or kwargs or len(args) != len(names):
            return arguments(self.function, args, kwargs)
        return dict(zip(names, args, strict=True)), self._in_order

    def _in_order(self, replaced: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        return tuple(replaced[name] for name in self.positional or ()), {}


def arguments(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], Back]:
    """The arguments of a call by name (`points[0]` for *points), defaults included; and how to put other values in their places.

    Raises ArgumentError, with Python's own words, for a call that does not fit.
    """
    signature = parameters(function)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise ArgumentError(f"{name_of(function)}: {error}.", advice=f"It has {_listed(list(signature.parameters), None)}.") from None
    if (getattr(function, "__module__", None) or "").partition(".")[0] not in ("numpy", "scipy"):
        bound.apply_defaults()  # a library function's own defaults are options, and not for us to pass on
    values: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            values |= {f"{name}[{i}]": item for i, item in enumerate(value)}
        elif kind is inspect.Parameter.VAR_KEYWORD:
            values |= value
        else:
            values[name] = value

    def back(replaced: Mapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        new = {**values, **replaced}
        for name in bound.arguments:
            kind = signature.parameters[name].kind
            if kind is inspect.Parameter.VAR_POSITIONAL:
                bound.arguments[name] = tuple(new[f"{name}[{i}]"] for i in range(len(bound.arguments[name])))
            elif kind is inspect.Parameter.VAR_KEYWORD:
                bound.arguments[name] = {key: new[key] for key in bound.arguments[name]}
            else:
                bound.arguments[name] = new[name]
        return bound.args, bound.kwargs

    return values, back


# ----- shapes as text -------------------------------------------------------------------------------------------------
_SIZE = re.compile(r"\s*([+-]?)\s*((?:\w+\s*\*\s*)*\w+)")


def parse_shape(shape: Any) -> Shape:
    """A shape as users write it: "N D", "N, D", ("N", "D"), (3,), 3, "N-1 2*D", or "" for a scalar.

    Raises ArgumentError for what is not a size.
    """
    if isinstance(shape, str):
        text = shape.strip()
        if text.startswith("(") and text.endswith(")"):
            text = text[1:-1]
        text = re.sub(r"\s*([-+*])\s*", r"\1", text)
        return tuple(parse_size(part) for part in re.split(r"[\s,×]+", text) if part)
    if isinstance(shape, int | np.integer | Polynomial):
        return (parse_size(shape),)
    if isinstance(shape, Sequence):
        return tuple(map(parse_size, shape))
    raise ArgumentError(f"{shape!r} is not a shape.", advice='Write "N D", ("N", 3) or (2, 3).')


def parse_size(size: Any) -> Size:
    """One size: a number, a name, or a sum of products of them."""
    if isinstance(size, Polynomial):
        return size
    if isinstance(size, int | np.integer) and not isinstance(size, bool):
        return _checked(int(size), size)
    if not isinstance(size, str) or not size.strip():
        raise ArgumentError(f"{size!r} is not a size.", advice='Write a number, a name such as "N", or "N-1".')
    total: Size = 0
    at = 0
    while at < len(size.rstrip()):
        found = _SIZE.match(size, at)
        if found is None or (at and not found[1]):
            raise ArgumentError(f"{size!r} is not a size.", advice='Write a number, a name such as "N", or "N-1".')
        product: Size = -1 if found[1] == "-" else 1
        for factor in found[2].split("*"):
            product = product * _factor(factor.strip(), size)
        total = total + product
        at = found.end()
    return _checked(total, size)


def _factor(text: str, whole: str) -> Size:
    if text.isdecimal():
        return int(text)
    if text.isidentifier():
        return symbol(text)
    raise ArgumentError(f"{whole!r} is not a size: {text!r} is neither a number nor a name.")


def _checked(size: Size, given: Any) -> Size:
    if isinstance(size, int) and size < 0:
        raise ArgumentError(f"{given!r} is not a size: it is negative.")
    return size
