"""Where a formula comes from: text or a NumPy function, with shapes that are declared, inferred from use, or assumed by habit.

Unknown sizes start as free symbols. Reading the expression meets the constraints; each clash of a free size with another
fixes it and the expression is read again (`graph.shape.Unify`), until nothing clashes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
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
_VECTOR_FUNCTIONS = {"solve", "outer", "cross", "convolve", "dot", "kron", "softmax", "logsumexp", "cumsum", "diff", "sort", "diag"}
_NEW_SIZES = "NMDKPQRSTUVWABCEFGH"
_SIZED = {"eye": 2, "identity": 1, "zeros": 1, "ones": 1, "empty": 1, "full": 1, "arange": 3}  # functions whose first arguments are sizes
_SHAPED = {"broadcast_to", "reshape", "tile", "repeat", "linspace"}  # functions whose later arguments are
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
        self.sizes = _used_as_sizes(self.parsed.tree)

    def parameters(self, shapes: Mapping[str, Shape]) -> list[str]:
        """Variables: the names of the expression that are not sizes, and all that are declared."""
        sizes = {name for shape in shapes.values() for size in shape for name in symbols_in(size)} | self.sizes
        used = [name for name in self.parsed.names if name in shapes or (name not in sizes and name not in ("pi", "eye"))]
        return list(dict.fromkeys([*used, *shapes]))

    def rank(self, name: str) -> int:
        """The number of axes that the expression's use of a name shows, else that of the field's habit."""
        return max(_shown_rank(self.parsed.tree, name), _habit(name))

    def run(self, stand_ins: Mapping[str, Traced], sizes: Mapping[str, Size], trace: Trace) -> Any:
        return read(self.parsed, {name: extent(size, trace) for name, size in sizes.items()} | dict(stand_ins), trace)

    def remarks(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        """What the text shows and the graph does not: a transpose that does nothing."""
        turned = [
            part.value.name
            for part in syntax.walk(self.parsed.tree)
            if isinstance(part, syntax.Attribute) and part.name == "T" and isinstance(part.value, syntax.Name) and len(shapes.get(part.value.name, ())) == 1
        ]
        return tuple(f"{name} is 1-D: .T does nothing to it in NumPy. For a row write {name}[None, :]." for name in dict.fromkeys(turned))


class FunctionSource:
    """A NumPy function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.name = name_of(function)
        self.sizes: set[str] = set()

    def parameters(self, shapes: Mapping[str, Shape]) -> list[str]:
        return list(parameters(self.function).parameters)

    def rank(self, name: str) -> int:
        return _habit(name)

    def remarks(self, shapes: Mapping[str, Shape]) -> tuple[str, ...]:
        return ()

    def run(self, stand_ins: Mapping[str, Traced], sizes: Mapping[str, Size], trace: Trace) -> Any:
        return trace_function(self.function, (), dict(stand_ins), trace).node


FormulaSource = TextSource | FunctionSource


def build(source: FormulaSource, declared: Mapping[str, Shape], wrt: Sequence[str], sizes: Mapping[str, int] | None = None) -> Built:
    """The graph of the expression with these shapes; undeclared ones are inferred. `sizes` gives symbols their numbers."""
    names = source.parameters(declared)
    for name in wrt:
        if name not in names:
            near = get_close_matches(name, names, n=2, cutoff=0.5)
            advice = f"Did you mean {' or '.join(near)}?" if near else ""
            raise ArgumentError(f"{name} is not a variable of the expression; it has {', '.join(names) or 'none'}.", advice=advice)
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
        except ShapeError as why:
            raise _readable(why, {s for shape in shapes.values() for size in shape for s in symbols_in(size)} | set(names)) from None
        except Unify as discovery:
            by = {discovery.name: discovery.size}
            shapes = {name: tuple(bind(size, by) for size in shape) for name, shape in shapes.items()}
            found = {name: bind(size, by) for name, size in found.items()} | by
            continue
        known = {s for shape in shapes.values() for size in shape for s in symbols_in(size)} | set(sizes or {}) | set(names)
        if unknown := sorted(source.sizes - known):
            fact = f"{unknown[0]} is used as a size, but no variable has a size {unknown[0]}."
            raise ArgumentError(fact, advice=f"Write it as a number, or give the shape that it is part of: shapes={{…: {unknown[0]!r}}}.")
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
    sizes |= {s: symbol(s) for s in source.sizes if s not in shapes}
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
    """shapes={"Phi": "N D", "y": "N", "t": ""} as sizes; a size that bears a variable's name gets another one."""
    found = {plain(name): parse_shape(shape) for name, shape in (shapes or {}).items()}
    used = {s for shape in found.values() for size in shape for s in symbols_in(size)}
    free = iter(letter for letter in _NEW_SIZES if letter not in used and letter not in found)
    by = {name: symbol(next(free)) for name in found if name in used}
    return {name: tuple(bind(size, by) for size in shape) for name, shape in found.items()}


def _readable(why: ShapeError, taken: set[str]) -> ShapeError:
    """The error with letters in place of sizes that are not known yet."""
    letters = iter(letter for letter in _NEW_SIZES if letter not in taken)
    by: dict[str, str] = {}

    def letter(match: re.Match[str]) -> str:
        if match[0] not in by:
            by[match[0]] = next(letters, "n")
        return by[match[0]]

    why.fact, why.known = (re.sub(r"\?(?:made)?\d+", letter, text) for text in (why.fact, why.known))
    why.args = (why.fact,)
    return why


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


def _used_as_sizes(tree: syntax.Node) -> set[str]:
    """The names that say how large something is: N in np.eye(N), np.ones((N, D)) and x.reshape(N, -1)."""
    found: set[str] = set()
    for node in syntax.walk(tree):
        if isinstance(node, syntax.Call):
            name = node.function.name
            method = isinstance(node.function, syntax.Attribute) and not _is(node.function.value, "np")
            later = node.args if method else node.args[2 if name == "linspace" else 1 :]
            for arg in later if name in _SHAPED else node.args[: _SIZED.get(name, 0)]:
                parts = tuple(syntax.walk(arg))
                if not any(isinstance(part, syntax.Call | syntax.Attribute | syntax.Subscript) for part in parts):
                    found |= {part.name for part in parts if isinstance(part, syntax.Name)}
    return found


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
            case syntax.Call(function=function, args=(syntax.Text(value=subscripts), *operands)) if function.name == "einsum":
                letters = subscripts.partition("->")[0].replace(" ", "").split(",")
                rank = max([rank, *(len(one) for one, operand in zip(letters, operands, strict=False) if _is(operand, name) and "." not in one)])
            case syntax.Call(function=function, args=args) if any(_is(arg, name) for arg in args):
                called, first = function.name, _is(args[0], name)
                rank = max(rank, 2 if first and called in _MATRIX_FUNCTIONS else 1 if called in _VECTOR_FUNCTIONS else 0)
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
