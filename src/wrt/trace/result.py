"""The entry point: run a function once on stand-ins, and give the node of what it returned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from wrt.errors import ArgumentError, Unsupported, WrtError
from wrt.graph.node import Node
from wrt.trace.dependency import Dependencies
from wrt.trace.extent import Extent
from wrt.trace.guards import Guard, Trace
from wrt.trace.operand import as_node
from wrt.trace.rebind import rebound
from wrt.trace.refusal import RAISED
from wrt.trace.traced import Traced

Kind = Literal["number", "array", "list"]  # what the function returned: a scalar, an ndarray, a list or tuple taken as one array


@dataclass(frozen=True, slots=True)
class Result:
    """A traced function: the node of its value, and when it is that."""

    node: Node
    kind: Kind
    guards: tuple[Guard, ...]
    dependencies: Dependencies


def trace_function(function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any], tracer: Trace) -> Result:
    """Run `function` on arguments of which some are `tracer.variable(…)`; nothing of the user's is modified.

    Raises Unsupported where a derivative would be lost, ArgumentError for a result that is not an array, and whatever the
    function itself raises.
    """
    run, binder = rebound(function, tracer)
    given = [binder.stand_in(value) for value in args]
    named = {name: binder.stand_in(value) for name, value in kwargs.items()}
    outer, RAISED.errors = RAISED.errors, []
    try:
        node, kind = returned(tracer, run(*given, **named))
        if RAISED.errors:
            raise RAISED.errors[0]  # the function caught it and went on
    except (WrtError, RecursionError):
        raise
    except Exception:
        if RAISED.errors:  # a library has made something else of the refusal
            raise RAISED.errors[0] from None
        raise
    finally:
        RAISED.errors = outer
    return Result(node, kind, tuple(tracer.guards), tracer.dependencies)


def returned(tracer: Trace, value: Any) -> tuple[Node, Kind]:
    """The node of what a function returned."""
    if type(value) is Traced:
        return value.node, "number" if value.is_scalar else "array"
    if isinstance(value, complex | np.complexfloating) or (isinstance(value, np.ndarray) and value.dtype.kind == "c"):
        advice = "wrt differentiates real functions: return real and imaginary parts apart."
        raise Unsupported(f"{tracer.name} returns complex numbers.", advice=advice)
    if isinstance(value, int | float | np.generic | Extent):
        return as_node(tracer, value), "number"
    if isinstance(value, np.ndarray):
        return as_node(tracer, value), "array"
    if isinstance(value, list | tuple) and value:
        try:
            return as_node(tracer, list(value)), "list"
        except ArgumentError as error:
            raise ArgumentError(
                f"{tracer.name} returns a {type(value).__name__} that is not one array: {error.fact}",
                advice="Return one array: np.concatenate([np.ravel(a), np.ravel(b)]), or differentiate one part at a time.",
            ) from None
    kind = type(value).__name__
    what = "None" if value is None else f"an empty {kind}" if isinstance(value, list | tuple) else f"a {kind}"
    raise ArgumentError(f"{tracer.name} returns {what}; wrt differentiates functions that return numbers or arrays.")
