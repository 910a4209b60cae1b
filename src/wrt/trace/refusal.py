"""How the tracer says no: the operation, the user's expression underlined, what is known of it, what to write instead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import TypeVar

import numpy as np

from wrt.errors import Unsupported, WrtError
from wrt.graph.node import Node
from wrt.trace.source import argument_text, locate


def described(node: Node) -> str:
    """`float64[50, 50]`, or `a float64 number`."""
    return f"{node.dtype}[{', '.join(map(str, node.shape))}]" if node.shape else f"a {node.dtype} number"


def dependence(node: Node, of_interest: frozenset[Node]) -> str:
    """` and depends on theta and Phi`, or nothing."""
    names = sorted(str(v.attrs[0]) for v in node.variables & of_interest)  # type: ignore[index]
    if not names:
        return ""
    return " and depends on " + (names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1])


def blame(node: Node, of_interest: frozenset[Node], position: int = 0) -> str:
    """`K is float64[50, 50] and depends on theta.`, with K as the user wrote it."""
    name = argument_text(position, guilty=lambda value: _holds(value, node)) or "The argument"
    return f"{name} is {described(node)}{dependence(node, of_interest)}."


def _holds(value: object, node: Node) -> bool | None:
    """Whether it is the array with this node; None for what may have led to it."""
    held = getattr(value, "node", None) if type(value).__name__ == "Traced" else None
    if held is not None:
        return held is node or (None if held.variables else False)
    plain = isinstance(value, int | float | complex | str | bytes | np.ndarray | np.generic | ModuleType | FunctionType | None)
    return False if plain or type(value).__module__.startswith(("wrt.", "scipy.", "numpy.")) else None


_E = TypeVar("_E", bound=WrtError)


class Raised(threading.local):
    """The errors raised in the running trace. One that the user's code catches (`except Exception`) must not become a branch."""

    errors: list[WrtError] | None = None


RAISED = Raised()


def noted(error: _E) -> _E:
    """The error, remembered in case that somebody swallows it."""
    if RAISED.errors is not None and error not in RAISED.errors:
        RAISED.errors.append(error)
    return error


def forget(error: WrtError) -> None:
    """wrt itself has found another way."""
    if RAISED.errors is not None and error in RAISED.errors:
        RAISED.errors.remove(error)


@contextmanager
def attempt() -> Iterator[None]:
    """What goes wrong in here is forgotten, as if it had not been tried."""
    before = list(RAISED.errors or ())
    try:
        yield
    except Exception:  # noqa: BLE001  # a library's inner workings may fail on stand-ins in any way
        if RAISED.errors is not None:
            RAISED.errors[:] = before


def refuse(fact: str, *, known: str = "", advice: str = "") -> Unsupported:
    """The refusal of what the user's frame is doing at this moment."""
    return noted(Unsupported(fact, known=known, advice=advice, location=locate()))


def at_user(error: WrtError) -> WrtError:
    """An error of inner code, with the user's expression."""
    return noted(error.located(locate()) if error.location is None else error)


def numbers_instead(function: str, advice: str = "") -> str:
    """The last line of a refusal: what to write, or how to ask for numbers."""
    numeric = f"ask for numbers: wrt.numeric.jacobian({function}, …) (with error estimates)."
    advice = advice.rstrip(".")
    return f"{advice}, or {numeric}" if advice else numeric[0].upper() + numeric[1:]
