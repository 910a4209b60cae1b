"""Where Python or LAPACK raises an exception: math.log of a negative number, 1 / 0.0, the Cholesky factor of an indefinite matrix.

The traced program would give nan there. So the present values are asked, the same exception is raised where the user's own code
would see it, and a guard says on which side we are. Overflow is only watched inside a `try`: elsewhere inf is NumPy's answer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wrt.graph.node import Node, constant
from wrt.trace.guards import Trace
from wrt.trace.lookup import builder_of
from wrt.trace.operand import as_node
from wrt.trace.source import in_try

# Functions of the math module that raise where a comparison of the argument (or its size) says so: a guard that costs little.
_OUTSIDE: dict[str, tuple[Any, float, bool]] = {
    "log": (np.less_equal, 0, False), "log2": (np.less_equal, 0, False), "log10": (np.less_equal, 0, False),
    "log1p": (np.less_equal, -1, False), "sqrt": (np.less, 0, False), "asin": (np.greater, 1, True), "acos": (np.greater, 1, True),
    "atanh": (np.greater_equal, 1, True), "acosh": (np.less, 1, False),
}  # fmt: skip
_OTHER_DOMAINS = {"pow", "gamma", "lgamma", "fmod", "log"}  # of less simple forms (log: with a base)
_DIVISIONS = {operator.truediv, operator.floordiv, operator.mod}


def mathematical(tracer: Trace, name: str, own: Callable[..., Any], args: Sequence[Any]) -> None:
    """Raise what math's function raises at the present values."""
    if not tracer.numbers or not all(_is_one(arg) for arg in args):
        return
    nodes = [as_node(tracer, arg) for arg in args]
    trying = in_try()
    outside = _OUTSIDE.get(name)
    if outside is not None and len(nodes) == 1 and not trying:
        comparison, bound, by_size = outside
        compare, size = builder_of(comparison), builder_of(np.abs)
        assert compare is not None
        assert size is not None
        if tracer.concrete(compare(size(nodes[0]) if by_size else nodes[0], constant(bound))):
            _agree(tracer, own, nodes, always=True)
        return
    _agree(tracer, own, nodes, always=trying or name in _OTHER_DOMAINS)


def arithmetic(tracer: Trace, own: Callable[[Any, Any], Any], a: Any, b: Any) -> None:
    """Raise what Python's floats raise: division by zero; overflow of a power."""
    if not tracer.numbers:
        return
    nodes = [as_node(tracer, a), as_node(tracer, b)]
    if own in _DIVISIONS:
        compare = builder_of(np.equal)
        assert compare is not None
        if tracer.concrete(compare(nodes[1], constant(0))):
            own(tracer.value(nodes[0]).item(), tracer.value(nodes[1]).item())
    elif own is operator.pow:
        _agree(tracer, own, nodes, always=in_try() or not isinstance(b, int) or b < 0)


def factorization(tracer: Trace, function: Any, nodes: Sequence[Node], compute: Callable[..., Any]) -> None:
    """Raise the LinAlgError of a factorization where the user's code may be waiting for it."""
    module = getattr(function, "__module__", None) or ""
    if tracer.numbers and nodes and module.startswith(("numpy.linalg", "scipy.linalg")) and in_try():
        _agree(tracer, compute, nodes, always=True, plain=False)


def _agree(tracer: Trace, own: Callable[..., Any], nodes: Sequence[Node], *, always: bool, plain: bool = True) -> None:
    """Call it with the present values; what it raises, it raises here, and a guard says that it does (`always`: or that it does not)."""

    def outcome(*arrays: Any) -> str:
        try:
            own(*(np.asarray(array).item() for array in arrays) if plain else arrays)
        except (ArithmeticError, ValueError) as error:
            return type(error).__name__
        return ""

    values = [np.asarray(tracer.value(node)) for node in nodes]
    if always or outcome(*values):
        tracer.depend_on(nodes, outcome)
    own(*(value.item() for value in values) if plain else values)


def _is_one(value: Any) -> bool:
    return getattr(value, "size", 1) == 1
