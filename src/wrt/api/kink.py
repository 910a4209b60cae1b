"""Whether f has a kink or a jump just at a point: what its operations declare, and one-sided differences of f to confirm it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from wrt.api.jacobian import Jacobian
from wrt.graph.walk import topological
from wrt.lower.evaluate import evaluate
from wrt.ops.catalog import OPERATIONS

NEAR, FAR = 1e-8, 1e-6  # steps, in units of the point: what is left of a smooth f falls a hundredfold from one to the other
FALLS = 0.7  # less than this of the slope's error must be left at the shorter step
SEEN = 1e-5  # of the slopes: less is rounding
AXES = 12  # of so many coordinates each axis is looked along; random directions beside them see the others, too

Seen = Callable[..., Any]


def _any(seen: Any) -> bool:
    return bool(np.any(seen))


def _ties(values: Any) -> bool:
    return len(np.unique(values)) < np.size(values)


_HERE: dict[str, tuple[str, Seen]] = {
    "absolute":        ("abs at 0",                         lambda a: _any(a == 0)),
    "sign":            ("sign at 0",                        lambda a: _any(a == 0)),
    "norm":            ("norm at 0",                        lambda a, *_: _any(a == 0)),
    "sqrt":            ("sqrt at 0",                        lambda a: _any(a == 0)),
    "power":           ("a power of 0",                     lambda a, b: _any((a == 0) & ((b <= 0) | (b != np.floor(b))))),
    "hypot":           ("hypot at 0",                       lambda a, b: _any((a == 0) & (b == 0))),
    "copysign":        ("copysign at 0",                    lambda a, b: _any((a == 0) | (b == 0))),
    "arctan2":         ("arctan2 at its cut",               lambda a, b: _any((a == 0) & (b <= 0))),
    "maximum":         ("a maximum of equal numbers",       lambda a, b: _any(a == b)),
    "minimum":         ("a minimum of equal numbers",       lambda a, b: _any(a == b)),
    "max":             ("a maximum of equal entries",       _ties),
    "min":             ("a minimum of equal entries",       _ties),
    "argsort":         ("an order of equal entries",        _ties),
    "argmax":          ("a maximum of equal entries",       _ties),
    "argmin":          ("a minimum of equal entries",       _ties),
    "searchsorted":    ("a place among equal entries",      lambda a, v: _any(np.isin(v, a))),
    "floor":           ("floor at a whole number",          lambda a: _any(a == np.floor(a))),
    "ceil":            ("ceil at a whole number",           lambda a: _any(a == np.floor(a))),
    "trunc":           ("trunc at a whole number",          lambda a: _any(a == np.floor(a))),
    "rint":            ("rint halfway",                     lambda a: _any(2 * a == np.floor(2 * a))),
    "remainder":       ("a remainder at a whole quotient",  lambda a, b: _any(a / b == np.floor(a / b))),
    "fmod":            ("a remainder at a whole quotient",  lambda a, b: _any(a / b == np.floor(a / b))),
    **dict.fromkeys(("less", "greater", "less_equal", "greater_equal", "equal", "not_equal"),
                       ("a condition that changes here",    lambda a, b: _any(a == b))),
}  # fmt: skip
"""Operation -> what stands in the message, and whether these inputs are at one of its kinks."""
_SMOOTH = {"prod", "inv", "solve", "cholesky", "isfinite", "isinf", "isnan"}  # their sentences are of formulas, not of kinks


def kink(J: Jacobian, function: Callable[[Any], Any], point: np.ndarray, value: np.ndarray, matrix: np.ndarray) -> str:
    """A sentence on the kink, jump or edge that f has at the point; "" where nothing speaks against the linear map.

    `J` has just been evaluated at the point, where f is `value` (any shape) and J is `matrix` (m, n). f is called only where one of its
    operations has a kink there. Operations that say in words alone where that is are left to the differences.
    """
    with np.errstate(all="ignore"):
        suspects = tuple(dict.fromkeys(_suspects(J, point)))
        word = _bent(function, point, np.ravel(value), matrix) if suspects else ""
    said = ", ".join(suspects[:3])
    if word == "edge":
        return f"{J.name} is not defined on all sides of this point ({said}): the linear map holds only where it is"
    return f"{J.name} {word} here ({said}): no linear map is close to it" if word else ""


def _suspects(J: Jacobian, point: np.ndarray) -> Iterator[str]:
    variant = J._last  # noqa: SLF001  # the program that has just run at the point
    if variant is None or len(variant.variables) != 1 or len(variant.inputs) != 1:
        return
    (x,) = variant.variables
    roots = [variant.node, *(node for guard in variant.guards for node in guard.nodes)]
    between = [node for node in topological(roots) if node is not x and x in node.variables]
    known = [node for node in between if node.op in _HERE]
    wanted = list(dict.fromkeys(child for node in known for child in node.inputs))
    arrays = dict(zip(wanted, evaluate(wanted, {x: point}), strict=True)) if wanted else {}
    for node in between:
        operation = OPERATIONS.get(node.op)
        if node.op in _HERE:
            said, seen = _HERE[node.op]
            if seen(*(np.asarray(arrays[child]) for child in node.inputs)):
                yield said
        elif operation is not None and operation.kinks and node.op not in _SMOOTH:
            yield node.op


def _bent(function: Callable[[Any], Any], point: np.ndarray, value: np.ndarray, matrix: np.ndarray) -> str:
    """What to say ("has a kink", "jumps", "edge" or ""): what is left of f(x + δ) − f(x) − J δ as δ shrinks along several directions."""
    units = np.abs(point.ravel())
    units = np.where(units > 0, units, units.max(initial=0.0) or 1.0)
    n, edge = point.size, False
    random = np.random.default_rng(0).choice([-1.0, 1.0], (4, n)) * np.random.default_rng(1).uniform(0.5, 1, (4, n))
    rays = np.concatenate([np.eye(n)[:AXES], random] if n > 1 else [np.eye(1)])
    for ray in (*rays, *-rays):
        left = []
        for h in (FAR, NEAR):
            there = point + (h * ray * units).reshape(point.shape)
            step = (there - point).ravel()  # as it was rounded
            left.append((np.asarray(function(there), float).ravel() - value - matrix @ step) / h)
        far, near = np.abs(left)
        if not np.isfinite(near).all():
            edge = True
            continue
        slopes = np.abs(matrix) @ (np.abs(ray) * units)
        clear = near > SEEN * np.maximum(slopes, np.abs(value)) + 1e-300
        if (clear & (near > 50 * far)).any():
            return "jumps"
        if (clear & (near > FALLS * far)).any():
            return "has a kink"
    return "edge" if edge else ""
