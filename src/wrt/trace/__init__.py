"""Frontends: from the user's NumPy function, or from text, to the graph.

`trace_function` runs a function once on recording stand-ins; `parse` reads an expression.
"""

from wrt.trace.dependency import Dependencies
from wrt.trace.guards import Guard, Trace
from wrt.trace.result import Result, trace_function
from wrt.trace.signature import Back, Binding, Selection, arguments, parse_shape, select
from wrt.trace.traced import Traced

__all__ = ["Back", "Binding", "Dependencies", "Guard", "Result", "Selection", "Trace", "Traced", "arguments", "parse_shape", "select", "trace_function"]
