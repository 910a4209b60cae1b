"""The words of expressions: which NumPy or SciPy function a name means, and how much it may ask for.

Text is untrusted. It may call what the catalogue declares and a few makers of arrays, nothing else of NumPy (np.save, np.load …);
numbers and arrays that no formula needs are refused before they are computed.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from math import log10
from typing import Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.ops.catalog import CONSTANT, FUNCTIONS, NO_RULE
from wrt.trace.call import SPECIAL
from wrt.trace.lookup import MATH, declared, public_name
from wrt.trace.traced import Traced

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_, "<": operator.lt, "<=": operator.le,
    ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_MEANT = {"tr": "trace", "norm2": "norm", "logdet": "slogdet", "ln": "log", "sigmoid": "expit"}  # the field's words for NumPy's functions
_PLAIN = (  # functions of numbers alone that make arrays or numbers; no other function of NumPy is ever called from text
    *("arange", "tri", "indices", "logspace", "geomspace", "tril_indices", "triu_indices", "diag_indices", "ix_", "isscalar"),
    *("hamming", "hanning", "blackman", "bartlett", "kaiser", "float64", "int64", "bool_"),
)
_ENTRIES = 10_000_000  # more of them are not laid out for the sake of a formula


def resolve(name: str) -> Any:
    """The NumPy or SciPy function that a name in an expression means; SciPy's stay names."""
    parts = name.split(".")
    if parts[0] == "scipy":
        if name in FUNCTIONS or name in NO_RULE or name in CONSTANT:
            return name
    elif parts[0] == "math":
        if len(parts) == 2 and parts[1] in MATH:
            return MATH[parts[1]]
    elif parts[0] == "np":
        home: Any = np if len(parts) == 2 else getattr(np, parts[1]) if parts[1:-1] in (["linalg"], ["fft"]) else None
        if _usable(getattr(home, parts[-1], None)):
            return getattr(home, parts[-1])
    else:
        meant = _MEANT.get(name, name)
        for space in (np, np.linalg):
            found = getattr(space, meant, None)
            if _usable(found) and not isinstance(found, type):
                return found
        for key in (f"scipy.special.{meant}", f"scipy.linalg.{meant}"):
            if key in FUNCTIONS:
                return key
    raise ArgumentError(f"{name} is not a function that wrt knows.", advice=_nearest(parts[-1]))


def _usable(found: Any) -> bool:
    """Whether text may call it: what the catalogue declares, what makes arrays, and nothing else (np.save, np.load …)."""
    if not callable(found):
        return False
    return declared(found) is not None or found in SPECIAL or getattr(found, "__name__", "") in _PLAIN


def _nearest(name: str) -> str:
    known = {public_name(function).rpartition(".")[2] for function in FUNCTIONS}
    near = get_close_matches(name, sorted(known), n=2, cutoff=0.7)
    return f"Did you mean {' or '.join(near)}?" if near else ""


def number(op: str, a: float, b: float) -> Any:
    """Numbers with numbers; a result that no float can hold is refused before it is computed."""
    op = {"times": "*", "over": "/", "power": "**"}.get(op, op)
    if op == "**" and a and abs(b) * abs(log10(abs(a))) > 300:
        raise ArgumentError("This number is too large or too small.")
    return BINARY[op](a, b)


def bounded(function: Any, args: list[Any], kwargs: Mapping[str, Any]) -> None:
    """Refuse to lay out absurdly many numbers."""
    sizes = [value for value in (*args, *kwargs.values()) if type(value) is int]
    if getattr(function, "__name__", "") in (*_PLAIN, "linspace", "diff", "vander") and any(abs(size) > _ENTRIES for size in sizes):
        raise _too_large()


def laid_out(result: Any) -> None:
    if isinstance(result, Traced) and isinstance(result.size, int) and result.size > _ENTRIES and not result.node.variables:
        raise _too_large()


def _too_large() -> ArgumentError:
    return ArgumentError(f"This is an array of more than {_ENTRIES:,} numbers.", advice="Write its size as a symbol: np.ones(N).")
