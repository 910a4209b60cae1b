"""Where f is constant in floating-point numbers: whether it is so by its formula, or only comes too close to a limit.

An analytic function that is constant on an interval is constant. So where f varies, and on the interval from there to the flat part is
made of analytic operations alone, away from their singularities, the flat part is saturation. Whatever is not known to be so is not.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.graph.node import Node, number
from wrt.probability.derived import Traced
from wrt.probability.rounding import measure

# analytic on all of the line
_ENTIRE = {
    "add", "subtract", "multiply", "negative", "exp", "exp2", "expm1", "sin", "cos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "deg2rad", "rad2deg",
    "logaddexp", "sinc", "erf", "erfc", "erfcx", "dawsn", "ndtr", "log_ndtr", "expit", "log_expit", "exprel", "j0", "j1", "i0", "i1",
}  # fmt: skip
# analytic where this input keeps away from 0, after the shift
_APART = {"log": (0, 0.0), "log2": (0, 0.0), "log10": (0, 0.0), "log1p": (0, 1.0), "sqrt": (0, 0.0), "cbrt": (0, 0.0), "divide": (1, 0.0), "power": (0, 0.0)}
CLOSE = 1e-6  # relative to its usual size, an input so close to a singularity may go through it


def is_saturated(graph: Traced, X: Any) -> bool:
    """Whether f, which varies at the points of an interval, is constant at some of them by rounding alone."""
    if not graph.dependencies.still_valid():
        return False
    values: dict[Node, Any] = {}

    def value(node: Node) -> Any:
        if node not in values:
            values[node] = np.broadcast_to(measure([node], {graph.x: (X, np.zeros(len(X)))})[0][0], X.shape)
        return values[node]

    def one(condition: Any) -> bool | None:
        return None if condition.any() and not condition.all() else bool(condition.all())

    def analytic(node: Node) -> bool:
        if not node.variables or node is graph.x:
            return True
        if node.op in _ENTIRE or (node.op == "power" and _is_whole(node.inputs[1])):
            return all(map(analytic, node.inputs))
        if node.op in _APART:
            k, shift = _APART[node.op]
            return _keeps_away(value(node.inputs[k]) + shift) and all(map(analytic, node.inputs))
        if node.op == "absolute":
            return _keeps_away(value(node.inputs[0])) and analytic(node.inputs[0])
        if node.op in ("maximum", "minimum", "where"):
            a, b = node.inputs[-2:]
            with np.errstate(invalid="ignore"):
                chosen = value(node.inputs[0]).astype(bool) if node.op == "where" else (value(a) > value(b)) == (node.op == "maximum")
            first = one(chosen)
            return first is not None and analytic(a if first else b)
        return False

    return analytic(graph.node)


def _is_whole(node: Node) -> bool:
    value = number(node)
    return value is not None and value >= 0 and value == int(value)


def _keeps_away(values: Any) -> bool:
    finite = np.abs(values[np.isfinite(values)])
    one_side = bool((values > 0).all() or (values < 0).all())
    return one_side and len(finite) > 0 and bool(finite.min() > CLOSE * np.median(finite))
