"""Where a formula comes from: text or a NumPy function, with shapes that are declared, inferred from use, or assumed by habit.

Unknown sizes start as free symbols. Reading the expression meets the constraints; each clash of a free size with another
fixes it and the expression is read again (`graph.shape.Unify`), until nothing clashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.node import Node, Shape, constant, variable
from wrt.graph.shape import Unify, times
from wrt.graph.size import Polynomial, Size, bind, symbol, symbols_in
from wrt.lower.evaluate import evaluate
from wrt.trace import Trace, parse_shape, syntax, trace_function
from wrt.trace.call import call
from wrt.trace.extent import extent
from wrt.trace.read import read
from wrt.trace.signature import name_of, parameters
from wrt.trace.text import Parsed, parse
from wrt.trace.tokens import plain
from wrt.trace.traced import Traced

_MATRIX_FUNCTIONS = {"inv", "det", "logdet", "slogdet", "trace", "tr", "cholesky", "eigvalsh", "eigh", "matrix_power", "svd", "pinv", "expm", "solve"}
_NEW_SIZES = "NMDKPQRSTUVWABCEFGH"
_SCALARS = {"alpha", "beta", "gamma", "delta", "epsilon", "eta", "lambda", "lam", "sigma", "tau", "nu", "rho"}


@dataclass(frozen=True, slots=True)
class Built:
    """The expression as a graph: its node, the variables by name, and which shapes were assumed rather than declared."""

    node: Node
    variables: dict[str, Node]
    assumed: tuple[str, ...]


class TextSource:
    """An expression typed as text."""

    def __init__(self, text: str, dialect: syntax.Dialect | None = None) -> None:
        self.parsed: Parsed = parse(text, dialect)
        self.name = "f"
        self.text = text

    def parameters(self, shapes: Mapping[str, Shape]) -> list[str]:
        """Variables: the names of the expression that are not sizes of the declared shapes, and all that are declared."""
        sizes = {name for shape in shapes.values() for size in shape for name in symbols_in(size)}
        used = [name for name in self.parsed.names if name in shapes or (name not in sizes and name not in ("pi", "eye"))]
        return list(dict.fromkeys([*used, *shapes]))

    def rank(self, name: str) -> int:
        """The number of axes that the expression's use of a name shows, else that of the field's habit."""
        return max(_shown_rank(self.parsed.tree, name), _habit(name))

    def run(self, stand_ins: Mapping[str, Traced], sizes: Mapping[str, Size], trace: Trace) -> Any:
        return read(self.parsed, {name: extent(size, trace) for name, size in sizes.items()} | dict(stand_ins), trace)


class FunctionSource:
    """A NumPy function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = name_of(function)

    def parameters(self, shapes: Mapping[str, Shape]) -> list[str]:
        return list(parameters(self.function).parameters)

    def rank(self, name: str) -> int:
        return _habit(name)

    def run(self, stand_ins: Mapping[str, Traced], sizes: Mapping[str, Size], trace: Trace) -> Any:
        return trace_function(self.function, (), dict(stand_ins), trace).node


FormulaSource = TextSource | FunctionSource


def build(source: FormulaSource, declared: Mapping[str, Shape], wrt: Sequence[str], sizes: Mapping[str, int] | None = None) -> Built:
    """The graph of the expression with these shapes; undeclared ones are inferred. `sizes` gives symbols their numbers."""
    names = source.parameters(declared)
    for name in wrt:
        if name not in names:
            raise ArgumentError(f"{name} is not a variable of the expression; it has {', '.join(names) or 'none'}.")
    count = 0
    shapes: dict[str, Shape] = {}
    for name in names:
        if name in declared:
            shapes[name] = tuple(bind(size, sizes or {}) for size in declared[name])
        else:
            rank = source.rank(name)
            shapes[name] = tuple(symbol(f"?{count + axis}") for axis in range(rank))
            count += rank
    found: dict[str, Size] = dict(sizes or {})
    assumed = tuple(name for name in names if name not in declared)
    while True:
        try:
            node, variables = _once(source, shapes, wrt, found)
        except Unify as discovery:
            by = {discovery.name: discovery.size}
            shapes = {name: tuple(bind(size, by) for size in shape) for name, shape in shapes.items()}
            found = {name: bind(size, by) for name, size in found.items()} | by
            continue
        free = list(dict.fromkeys(s for shape in shapes.values() for size in shape for s in sorted(symbols_in(size)) if s.startswith("?")))
        if not free:
            return Built(node, variables, assumed)
        taken = {s for shape in shapes.values() for size in shape for s in symbols_in(size)} | set(names)
        letters = [letter for letter in _NEW_SIZES if letter not in taken] + [f"N{k}" for k in range(len(free))]
        by = {old: symbol(new) for old, new in zip(free, letters, strict=False)}
        shapes = {name: tuple(bind(size, by) for size in shape) for name, shape in shapes.items()}
        found = {name: bind(size, by) for name, size in found.items()}


def _once(source: FormulaSource, shapes: Mapping[str, Shape], wrt: Sequence[str], found: Mapping[str, Size]) -> tuple[Node, dict[str, Node]]:
    trace = Trace(evaluate, name=source.name, numbers=False)
    stand_ins = {name: trace.symbol(name, shape, differentiated=name in wrt) for name, shape in shapes.items()}
    sizes = {s: symbol(s) for shape in shapes.values() for size in shape for s in symbols_in(size)}
    result = source.run(stand_ins, {**sizes, **found}, trace)
    variables = {name: variable(name, shape) for name, shape in shapes.items()}
    return as_result(result, trace), variables


def as_result(result: Any, trace: Trace) -> Node:
    """What the expression came to, as a node."""
    if isinstance(result, Node):
        return result
    if isinstance(result, (list, tuple)):
        result = call(trace, np.array, (list(result),), {})
    if isinstance(result, Traced):
        return result.node
    if isinstance(result, (int, float)):
        return constant(result)
    raise ShapeError(f"The expression is a {type(result).__name__}, not an array or a number.")


def declared_shapes(shapes: Mapping[str, Any] | None) -> dict[str, Shape]:
    """shapes={"Phi": "N D", "y": "N", "t": ""} as sizes."""
    return {plain(name): parse_shape(shape) for name, shape in (shapes or {}).items()}


def sizes_from(variables: Mapping[str, Node], arrays: Mapping[str, Any]) -> dict[str, int]:
    """What the symbols are at these arrays; refused where two arrays disagree."""
    found: dict[str, tuple[int, str]] = {}
    for name, node in variables.items():
        if name not in arrays:
            continue
        shape = np.shape(arrays[name])
        if len(shape) != node.ndim:
            raise ShapeError(f"{name} is {times(node.shape)} here; the array given has shape {shape}.")
        for size, number in zip(node.shape, shape, strict=True):
            symbols = symbols_in(size)
            if not symbols:
                if size != number:
                    raise ShapeError(f"{name} is {times(node.shape)} here; the array given has shape {shape}.")
            elif isinstance(size, Polynomial) and str(size) in symbols:
                held = found.setdefault(str(size), (number, name))
                if held[0] != number:
                    raise ShapeError(f"{size} is {held[0]} in {held[1]} and {number} in {name}.")
    return {symbol_name: number for symbol_name, (number, _) in found.items()}


def _shown_rank(tree: syntax.Node, name: str) -> int:
    """The axes that direct uses of a name need: A in inv(A) has two, x in x @ y at least one, T in T[i, j] two."""
    rank = 0
    for node in syntax.walk(tree):
        match node:
            case syntax.Binary(op="@", left=left, right=right) if _is(left, name) or _is(right, name):
                rank = max(rank, 1)
            case syntax.Subscript(value=value, indices=indices) if _is(value, name):
                rank = max(rank, sum(not isinstance(i, syntax.Constant) for i in indices))
            case syntax.Transpose(operand=operand) if _is(operand, name):
                rank = max(rank, 1)
            case syntax.Attribute(value=value, name="T") if _is(value, name):
                rank = max(rank, 1)
            case syntax.Call(function=function, args=args) if args and _is(args[0], name):
                called = function.name
                rank = max(rank, 2 if called in _MATRIX_FUNCTIONS else 0)
    return rank


def _is(tree: syntax.Node, name: str) -> bool:
    return isinstance(tree, syntax.Name) and tree.name == name


def _habit(name: str) -> int:
    """The field's habit: capitals are matrices, a to g scalars, the other letters vectors; Greek names by what they usually stand for."""
    stem = re.sub(r"[_\d].*$", "", name) or name
    if stem[0].isupper():
        return 2
    if stem in _SCALARS:
        return 0
    return 0 if len(stem) == 1 and stem in "abcdefg" else 1
