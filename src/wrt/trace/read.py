"""Reading a syntax tree as a graph: the same calls that a NumPy function would make, on the same stand-ins.

`A @ x` typed as text and `lambda A, x: A @ x` give the same node. Nothing is evaluated by Python itself: names are variables
or sizes, functions are looked up in the catalogue.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError, Unsupported, WrtError
from wrt.graph.index import ats
from wrt.graph.nest import full, nest
from wrt.graph.shape import times
from wrt.graph.size import Size, symbol
from wrt.graph.term import Term
from wrt.trace import syntax
from wrt.trace.call import call
from wrt.trace.extent import Extent, plain
from wrt.trace.guards import Trace
from wrt.trace.syntax import Span
from wrt.trace.text import Parsed
from wrt.trace.tokens import locate
from wrt.trace.traced import Traced
from wrt.trace.vocabulary import BINARY, bounded, laid_out, number, resolve

_UNARY: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.invert}
_METHODS = (
    *("sum", "mean", "prod", "max", "min", "std", "var", "dot", "trace", "diagonal", "cumsum", "cumprod"),
    *("reshape", "ravel", "flatten", "transpose", "swapaxes", "squeeze", "repeat", "copy", "clip"),
)
_ATTRIBUTES = ("T", "mT", "shape", "size", "ndim")
_NUMBERS = {"pi": np.pi, "np.pi": np.pi, "math.pi": np.pi, "np.e": np.e, "math.e": np.e, "np.inf": np.inf, "np.newaxis": None}
_FAILURES = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, MemoryError, RecursionError)


@dataclass(frozen=True, slots=True)
class Row:
    """A vector that matrixcalculus.org's grammar has transposed; NumPy's 1-D arrays know no such thing."""

    vector: Any


def read(parsed: Parsed, names: Mapping[str, Traced | Extent | int], trace: Trace) -> Any:
    """The value of the expression. `names` are the variables and the sizes that it may use."""
    reader = _Reader(parsed, names, trace)
    result = _bare(reader.visit(parsed.tree))
    if reader.undecided is not None:
        fact = f"The size of {reader.undecided[0]} does not follow from the rest of the expression."
        raise ShapeError(fact, advice="Write np.ones(N) or np.eye(N) with a size that a variable has.", location=locate(parsed.text, reader.undecided[1]))
    return Traced.of(trace, result.node, scalar=True) if isinstance(result, Extent) else result


class _Reader:
    def __init__(self, parsed: Parsed, names: Mapping[str, Traced | Extent | int], trace: Trace) -> None:
        self.parsed, self.names, self.trace = parsed, names, trace
        self.made = 0
        self.undecided: tuple[str, Span] | None = None

    def visit(self, tree: syntax.Node) -> Any:
        try:
            return self._visit(tree)
        except WrtError as why:
            operands = isinstance(why, ShapeError) and isinstance(tree, syntax.Binary)
            spans = [part.span for part in syntax.children(tree)] if operands else [tree.span]
            if why.location is None or why.location.where:  # a place in Python is where derive was called, not what was typed
                why.location = locate(self.parsed.text, *spans)
            raise why.located(None, self._sizes() if isinstance(why, ShapeError) else "") from None
        except _FAILURES as why:  # NumPy's and Python's own complaints about what the user wrote
            fact = f"This cannot be computed: {str(why).rstrip('.') or type(why).__name__}."
            raise ArgumentError(fact, location=locate(self.parsed.text, tree.span)) from None

    def _sizes(self) -> str:
        shapes = [f"{name}: {times(v.node.shape)}" for name, v in self.names.items() if isinstance(v, Traced)]
        return f"Sizes known so far: {', '.join(shapes)}." if shapes else ""

    def _visit(self, tree: syntax.Node) -> Any:
        match tree:
            case syntax.Number(value=value) | syntax.Text(value=value) | syntax.Constant(value=value):
                return value
            case syntax.Name(name=name):
                return self._name(name, tree.span)
            case syntax.Unary(op=op, operand=operand):
                return _keeping_rows(_UNARY[op], self.visit(operand))
            case syntax.Binary(op=op, left=left, right=right):
                a, b = self.visit(left), self.visit(right)
                if type(a) in (int, float) and type(b) in (int, float):
                    return number(op, a, b)
                if op in ("/", "over") and type(b) in (int, float) and not b:
                    raise ArgumentError("This divides by zero.")
                if list in (type(a), type(b)) and {type(a), type(b)} <= {list, tuple, int, float}:
                    raise ArgumentError("A list is no array: Python would repeat or join it.", advice="Write np.array([…]).")
                return self._matrix(op, a, b) if op in ("times", "over", "power") else _keeping_rows(BINARY[op], a, b)
            case syntax.Transpose(operand=operand):
                return self._turned(self.visit(operand))
            case syntax.Attribute(value=inner, name=name):
                return self._attribute(tree, inner, name)
            case syntax.Call():
                return self._call(tree)
            case syntax.Subscript(value=inner, indices=indices):
                keys = tuple(self.visit(index) for index in indices)
                return self.visit(inner)[keys if len(keys) > 1 else keys[0]]
            case syntax.Slice(start=start, stop=stop, step=step):
                return slice(*(None if part is None else self.visit(part) for part in (start, stop, step)))
            case syntax.List(items=items):
                return [self.visit(item) for item in items]
            case syntax.Tuple(items=items):
                return tuple(self.visit(item) for item in items)
        raise AssertionError(tree)

    def _name(self, name: str, span: Span) -> Any:
        if name in self.names:
            return self.names[name]
        if name in _NUMBERS:
            return _NUMBERS[name]
        if name == "eye":
            n = self._fresh(name, span)
            return Traced.of(self.trace, nest((n, n), [Term((n,), ats([0, 0]), (), 1.0)]))
        raise ArgumentError(f"{name} is neither a variable nor a size of the expression.", advice=f"Give its shape: shapes={{{name!r}: …}}.")

    def _fresh(self, what: str, span: Span) -> Size:
        """A size that the rest of the expression decides, or has decided when this was read before."""
        self.made += 1
        name = f"?made{self.made}"
        if name in self.names:
            return plain(self.names[name])
        self.undecided = self.undecided or (what, span)
        return symbol(name)

    def _attribute(self, tree: syntax.Attribute, inner: syntax.Node, name: str) -> Any:
        dotted = _dotted(tree)
        if dotted in _NUMBERS:
            return _NUMBERS[dotted]
        value = self.visit(inner)
        if name in _ATTRIBUTES and isinstance(value, Traced):
            return getattr(value, name)
        raise ArgumentError(f".{name} is not an attribute that an expression can use.", advice=f"Known are {', '.join('.' + a for a in _ATTRIBUTES)}.")

    def _call(self, tree: syntax.Call) -> Any:
        function, args = tree.function, [self.visit(arg) for arg in tree.args]
        kwargs = {keyword.name: self.visit(keyword.value) for keyword in tree.keywords}
        name = _dotted(function)
        if isinstance(function, syntax.Attribute) and name.split(".")[0] not in ("np", "scipy", "math"):
            if function.name not in _METHODS:
                raise ArgumentError(f".{function.name}() is not a method that an expression can use.", advice=f"Known are {', '.join(_METHODS)}.")
            return getattr(self.visit(function.value), function.name)(*args, **kwargs)
        bare = [_bare(a) for a in args]
        result = self._special(name, bare, tree.span)
        if result is None:
            found = resolve(name)
            bounded(found, bare, kwargs)
            result = call(self.trace, found, tuple(bare), kwargs)
            laid_out(result)
        if name == "logdet":
            result = result[1]
        row = any(isinstance(a, Row) for a in args) and isinstance(result, Traced) and result.ndim == 1
        return Row(result) if row else result

    def _special(self, name: str, args: list[Any], span: Span) -> Any:
        """matrixcalculus.org's functions that NumPy has no word for."""
        if name in ("vector", "matrix") and len(args) == 1:
            shape = tuple(self._fresh(f"{name}(…)", span) for _ in range(1 if name == "vector" else 2))
            return Traced.of(self.trace, full(shape, 1.0)) * args[0]
        if name == "norm1" and len(args) == 1:
            return call(self.trace, np.sum, (call(self.trace, np.abs, (args[0],), {}),), {})
        if name == "relu" and len(args) == 1:
            return call(self.trace, np.maximum, (args[0], 0), {})
        if name in ("max", "min") and len(args) == 2:
            advice = f"Write {name}imum(a, b) for the {'larger' if name == 'max' else 'smaller'} of two, {name}(a, axis=…) along an axis."
            raise ArgumentError(f"{name} of two arguments has two meanings.", advice=advice)
        if name == "len" and len(args) == 1 and isinstance(args[0], Traced) and args[0].ndim:
            return args[0].shape[0]
        if name == "vec" and len(args) == 1:
            return call(self.trace, np.ravel, (args[0],), {"order": "F"})
        if name == "range":
            raise Unsupported("An expression has no loops.", advice="Differentiate a Python function instead.")
        return None

    def _turned(self, value: Any) -> Any:
        if isinstance(value, Row):
            return value.vector
        if isinstance(value, Traced):
            return Row(value) if value.ndim == 1 else value.T
        return value

    def _matrix(self, op: str, left: Any, right: Any) -> Any:
        """matrixcalculus.org's `*`, `/` and `^`: the sizes decide."""
        a, b = _bare(left), _bare(right)
        rows = isinstance(left, Row), isinstance(right, Row)
        na, nb = getattr(a, "ndim", 0), getattr(b, "ndim", 0)
        if op == "power":
            if na == 0:
                return a**b
            if na == 2 and isinstance(b, int):
                return call(self.trace, np.linalg.matrix_power, (a, b), {})
            raise ShapeError("^ is the power of a scalar or of a square matrix.", advice="Write .^ for entrywise powers.")
        if op == "over":
            if nb and (na != nb or rows[0] != rows[1]):
                raise ShapeError("/ divides by a scalar.", advice="Write ./ for entrywise division, inv(A)*b for a solution.")
            return _keeping_rows(operator.truediv, left, right)
        if na == 0 or nb == 0:
            return _keeping_rows(operator.mul, left, right)
        if na == nb == 1 and rows == (False, True):
            return call(self.trace, np.outer, (a, b), {})
        if na == nb == 1 and rows != (True, False):
            kind = "row" if rows[0] else "column"
            raise ShapeError(
                f"The product of two {kind} vectors is not defined.",
                advice="Write x'*y for the inner product, x*y' for the outer product, x.*y for the entrywise product.",
            )
        if (na == 1 and not rows[0]) or (nb == 1 and rows[1]):
            raise ShapeError(
                "A column vector times a matrix, or a matrix times a row vector, is not defined.",
                advice="Transpose the vector or swap the factors.",
            )
        result = a @ b
        return Row(result) if na == 1 and nb == 2 else result


def _bare(value: Any) -> Any:
    return value.vector if isinstance(value, Row) else value


def _keeping_rows(operation: Callable[..., Any], *operands: Any) -> Any:
    result = operation(*map(_bare, operands))
    row = any(isinstance(x, Row) for x in operands)
    column = any(isinstance(x, Traced) and x.ndim == 1 for x in operands)
    if row and column:
        raise ShapeError("A row vector meets a column vector.", advice="Transpose one of them: x' is a row, x a column.")
    return Row(result) if row and isinstance(result, Traced) and result.ndim == 1 else result


def _dotted(tree: syntax.Node) -> str:
    """np.linalg.inv as text; numpy is np."""
    if isinstance(tree, syntax.Name):
        return "np" if tree.name == "numpy" else tree.name
    return f"{_dotted(tree.value)}.{tree.name}" if isinstance(tree, syntax.Attribute) else "?"
