"""A call's arguments as leaves: arrays and real numbers vary from call to call, everything else fixes the program.

The Jacobian of a call is prepared once per *signature*: the shapes and dtypes of the leaves and the values of the rest.
Containers (lists, tuples, dicts) are looked into, so that parameters may be nested.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, Promotion
from wrt.trace.refusal import refuse
from wrt.trace.source import user_frame
from wrt.trace.traced import Traced


@dataclass(slots=True)
class Leaves:
    """The varying arrays of one call, with a name for each, and the key of everything that fixes the program.

    `volatile` is set where the call depends on an object that may change without notice.
    """

    names: list[str]
    arrays: list[Any]
    key: list[Hashable]
    volatile: bool = False


def collect(arguments: dict[str, Any], differentiated: tuple[str, ...]) -> Leaves:
    """The leaves of bound arguments (parameter name to value)."""
    leaves = Leaves([], [], [])
    for name, value in arguments.items():
        if name in differentiated:
            array = real_array(value, name)
            _leaf(leaves, name, array)
        else:
            _visit(leaves, name, value)
    return leaves


def rebuild(value: Any, name: str, wanted: bool, stand_in: Callable[[str], Any]) -> Any:
    """The argument with its leaves replaced by stand-ins, in the order of `collect`."""
    if wanted or _is_array(value) or type(value) is float:
        return stand_in(name)
    if _is_container(value):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        made = {key: rebuild(item, f"{name}[{key!r}]", False, stand_in) for key, item in items}
        return made if isinstance(value, dict) else type(value)(made.values())
    return value


def real_array(value: Any, name: str) -> Any:
    """The point at which to differentiate, as floating numbers."""
    _plain(value, name)
    if value is None or isinstance(value, dict):
        given = "None" if value is None else "a dict"
        raise ArgumentError(f"{name} is {given}, and wrt= asks for the derivative by it. Expected an array of floating-point numbers.")
    try:
        array = np.asarray(value)
    except ValueError as why:
        raise ArgumentError(f"{name} is not a rectangular array: {why}") from None
    if array.dtype.kind in "iu":
        _warn(Promotion(f"{name} has integers; they are taken as float64, since derivatives live on the reals."))
        return array.astype(np.float64)
    if array.dtype.kind == "c":
        raise ArgumentError(f"{name} is complex; wrt differentiates by real inputs. Pass the real and imaginary parts as two arguments.")
    if array.dtype.kind != "f":
        raise ArgumentError(f"{name} is of dtype {array.dtype}, which has no derivatives. Expected an array of floating-point numbers.")
    return array


def _visit(leaves: Leaves, name: str, value: Any) -> None:
    kind = type(value)
    if _is_array(value) or kind is float:
        _plain(value, name)
        if kind is not float and value.dtype.kind not in "fiub":
            raise ArgumentError(f"{name} is of dtype {value.dtype}; wrt knows real numbers only.")
        _leaf(leaves, name, value)
    elif _is_container(value):
        leaves.key.append((name, kind, tuple(value) if isinstance(value, dict) else len(value)))
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            _visit(leaves, f"{name}[{key!r}]", item)
    elif kind in (int, bool, str, bytes, complex, type(None)):
        leaves.key.append((name, kind, value))
    else:
        leaves.key.append((name, kind, id(value)))
        leaves.volatile = leaves.volatile or not callable(value)


def _warn(warning: Warning) -> None:
    """The warning at the user's line, however many frames of wrt or SciPy lie between."""
    frame = user_frame()
    if frame is None:
        warnings.warn(warning, stacklevel=2)
    else:
        names = frame.f_globals
        where = (frame.f_code.co_filename, frame.f_lineno, names.get("__name__"), names.setdefault("__warningregistry__", {}))
        warnings.warn_explicit(warning, None, *where)


def _plain(value: Any, name: str) -> None:
    """Refuse np.matrix, masked arrays and the like: `*` and `+` mean something else there, and the traced program would not know."""
    if type(value) is Traced:
        advice = "For second derivatives write wrt.hessian(f); for products of Jacobians, multiply them outside."
        raise refuse("A wrt verb is called inside of a function that wrt differentiates.", advice=advice)
    if isinstance(value, np.ndarray) and type(value) not in (np.ndarray, np.memmap):
        kind = type(value).__name__
        advice = f"Pass np.asarray({name}) if its plain numbers are meant."
        raise ArgumentError(f"{name} is a {kind}, whose arithmetic may differ from a plain array's.", advice=advice)


def _leaf(leaves: Leaves, name: str, value: Any) -> None:
    leaves.names.append(name)
    leaves.arrays.append(value)
    leaves.key.append((value.shape, value.dtype) if type(value) is not float else "float")


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind != "O"


def _is_container(value: Any) -> bool:
    """A list, tuple or dict that holds an array or a real number somewhere."""
    if type(value) not in (list, tuple, dict):
        return False
    items = value.values() if isinstance(value, dict) else value
    return any(_is_array(item) or type(item) is float or _is_container(item) for item in items)
