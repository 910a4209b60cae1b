"""Which rule belongs to a function object that the user has: NumPy's by identity, SciPy's by the name it is declared under.

The catalogue names SciPy's functions as text, so that nothing imports SciPy; here the text meets the modules that the user
has imported.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.ops.catalog import CONSTANT, FUNCTIONS, NO_RULE, Refused

_scipy: dict[int, tuple[Any, str]] = {}  # id of a function -> (the function, so that the id stays its own; its declared name)
_LATER = {"scipy", "numpy.fft"}  # modules that are declared by name, so that nothing loads them
_names: dict[int, tuple[Any, str]] = {}

# The math module's names where they differ from NumPy's or take other arguments.
MATH: dict[str, Any] = {
    name: getattr(np, name)
    for name in (
        *("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "expm1", "log2", "log10", "log1p", "sqrt", "fabs", "copysign"),
        *("fmod", "isnan", "isinf", "isfinite", "exp2", "cbrt", "nextafter", "ldexp"),
    )
} | {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "degrees": np.rad2deg, "radians": np.deg2rad, "pow": np.power,
    "erf": "scipy.special.erf", "erfc": "scipy.special.erfc", "gamma": "scipy.special.gamma", "lgamma": "scipy.special.gammaln",
}  # fmt: skip
_MATH_BY_ID = {id(getattr(math, name)): function for name, function in MATH.items() if hasattr(math, name)}


def declared(function: Any) -> Any:
    """The key under which the catalogue knows a function, or None."""
    function = _MATH_BY_ID.get(id(function), function)
    try:
        if function in FUNCTIONS or function in CONSTANT or function in NO_RULE:
            return function
    except TypeError:  # not hashable
        return None
    held = _scipy.get(id(function))
    if held is None and not _LATER.isdisjoint(sys.modules) and not isinstance(function, str):
        _meet_scipy()
        held = _scipy.get(id(function))
    return None if held is None else held[1]


def _meet_scipy() -> None:
    """Find the declared SciPy functions in the modules that are loaded by now."""
    for key in (*FUNCTIONS, *CONSTANT, *NO_RULE):
        if isinstance(key, str) and "." in key:
            module, _, name = key.rpartition(".")
            found = getattr(sys.modules.get(module), name, None)
            if found is not None:
                _scipy[id(found)] = (found, key)


def builder_of(function: Any) -> Callable[..., Any] | None:
    key = declared(function)
    return None if key is None else FUNCTIONS.get(key)


def is_constant(function: Any) -> bool:
    key = declared(function)
    return key is not None and key in CONSTANT


def refused(function: Any) -> Refused | None:
    key = declared(function)
    return None if key is None else NO_RULE.get(key)


def public_name(function: Any) -> str:
    """`np.linalg.eigvals`, `scipy.special.jv`, `math.gamma`: the function as users write it."""
    held = _names.get(id(function))
    if held is None:
        held = _names[id(function)] = (function, _public_name(function))
    return held[1]


def _public_name(function: Any) -> str:
    if isinstance(function, str):
        return function.replace("numpy.", "np.", 1)
    name = getattr(function, "__name__", None) or type(function).__name__
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"{public_name(owner)}.{name}"
    module = getattr(function, "__module__", None) or ""
    for candidate in ("numpy", "numpy.linalg", "numpy.fft", "scipy.special", "scipy.linalg"):
        if getattr(sys.modules.get(candidate), name, None) is function:
            module = candidate
            break
    public = ".".join(part for part in module.split(".") if not part.startswith("_"))
    if public == "numpy" or public.startswith("numpy."):
        public = "np" + public[len("numpy") :]
    return f"{public}.{name}" if public and public not in ("builtins", "__main__") else name
