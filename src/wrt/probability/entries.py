"""Single entries of array nodes: a map of vectors as one scalar formula for each entry of its value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from wrt.graph.arithmetic import add, divide, elementwise, multiply, negative, power, subtract
from wrt.graph.index import fixed, is_static, values
from wrt.graph.nest import terms_of, view
from wrt.graph.node import Node, constant
from wrt.graph.term import Term
from wrt.notation.operation import is_elementwise

LOOPS = 20_000  # entries of a nest that are written out


class Entries:
    """Single entries of array nodes as scalar nodes in the entries of a vector x."""

    def __init__(self, x: Node, entries: Sequence[Node]) -> None:
        self.x, self.entries = x, entries
        self.known: dict[tuple[Node, tuple[int, ...]], Node | None] = {}
        self.loops: dict[Node, dict[tuple[int, ...], list[tuple[Term, list[tuple[int, ...]]]]] | None] = {}

    def of(self, node: Node, at: tuple[int, ...]) -> Node | None:
        """node[at]; None where the operation has no entries that could be written."""
        key = node, at
        if key not in self.known:
            self.known[key] = self._one(node, at)
        return self.known[key]

    def _one(self, node: Node, at: tuple[int, ...]) -> Node | None:
        if not node.variables:
            return view(node, (), tuple(map(fixed, at))) if at else node
        if node is self.x:
            return self.entries[at[0]]
        if is_elementwise(node):
            inputs = [self.of(child, _broadcast(at, child)) for child in node.inputs]
            made = [each for each in inputs if each is not None]
            return again(node, made) if len(made) == len(inputs) else None
        if node.op == "nest":
            return self._sum(node, at)
        if node.op in ("cumsum", "cumprod") and node.ndim == 1:
            parts = [self.of(node.inputs[0], (k,)) for k in range(at[0] + 1)]
            return _folded(add if node.op == "cumsum" else multiply, parts)
        return None

    def _sum(self, node: Node, at: tuple[int, ...]) -> Node | None:
        if node not in self.loops:
            self.loops[node] = _written(node)
        loops = self.loops[node]
        if loops is None:
            return None
        parts: list[Node | None] = []
        for term, where in loops.get(at, ()):
            factors = [self.of(factor.node, i) for factor, i in zip(term.factors, where, strict=True)]
            parts.append(_folded(multiply, [constant(term.scale), *factors] if term.scale != 1 or not factors else factors))
        return _folded(add, parts) if parts else constant(0.0)


def _broadcast(at: tuple[int, ...], child: Node) -> tuple[int, ...]:
    return tuple(0 if size == 1 else i for i, size in zip(at[len(at) - child.ndim :], child.shape, strict=True))


def _folded(join: Callable[[Node, Node], Node], parts: Sequence[Node | None]) -> Node | None:
    made = parts[0]
    for part in parts[1:]:
        if made is None or part is None:
            return None
        made = join(made, part)
    return made


def _written(node: Node) -> dict[tuple[int, ...], list[tuple[Term, list[tuple[int, ...]]]]] | None:
    """For each entry of a nest the products that are summed there, with the places of their factors."""
    found: dict[tuple[int, ...], list[tuple[Term, list[tuple[int, ...]]]]] = {}
    for term in terms_of(node):
        sizes = [size for size in term.sizes if isinstance(size, int)]
        if len(sizes) < len(term.sizes) or prod(sizes) > LOOPS:
            return None
        if any(True for factor in term.factors for i in factor.index if not is_static(i)) or not all(map(is_static, term.out)):
            return None
        grids = {label: grid.reshape(-1) for label, grid in enumerate(np.indices(sizes))}
        count = prod(sizes)

        def places(index: Any, count: int = count, grids: Any = grids) -> list[tuple[int, ...]]:
            columns = [np.broadcast_to(values(i, grids), count) for i in index]
            return [tuple(int(column[k]) for column in columns) for k in range(count)]

        inner = [places(factor.index) for factor in term.factors]
        for k, out in enumerate(places(term.out)):
            found.setdefault(out, []).append((term, [each[k] for each in inner]))
    return found


_ARITHMETIC: dict[str, Callable[..., Node]] = {"add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "negative": negative, "power": power}


def again(node: Node, inputs: Sequence[Node]) -> Node:
    """The same operation of other, scalar inputs."""
    build = _ARITHMETIC.get(node.op)
    return elementwise(node.op, *inputs, dtype=node.dtype) if build is None else build(*inputs)
