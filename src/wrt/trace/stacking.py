"""Loops over entries: values of one form, computed one by one, as one array that is computed at once.

    for i in range(1, n - 1):  y[i] = x[i - 1] * x[i + 1]          is          y[1:-1] = x[:-2] * x[2:]

The values that a loop has written are graphs. Graphs that differ in nothing but numbers and in the positions at which arrays are
read are stacked: each of their nodes becomes one node with an axis more, and what they have in common stays as it is. No value
changes; patterns stay sparse, programs short. What does not fit (a first entry of another form, a recurrence) stays apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from wrt.graph.arithmetic import elementwise
from wrt.graph.index import Affine, Index, Table, ats, fixed, from_values, is_static, tabulated
from wrt.graph.nest import nest, terms_of, view
from wrt.graph.node import BOOL, FLOAT, Node, Shape, frozen, number
from wrt.graph.size import as_int
from wrt.graph.term import Factor, Term

FEW = 8  # fewer values of one form stay apart: a vector of three numbers reads better as it was written
_FORMS = 4  # a value is compared with so many forms that came before
_DEEP = 200  # graphs are compared down to this depth

Position = tuple[int, ...]

# Operations that do the same to every entry, and those among them in which numbers may differ from entry to entry.
_ENTRYWISE = frozenset({
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh",
    "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "sinc", "absolute", "sign", "add", "subtract", "multiply", "divide", "power",
    "negative", "maximum", "minimum", "arctan2", "hypot", "where", "less", "less_equal", "greater", "greater_equal", "equal",
    "not_equal", "logical_and", "logical_or", "logical_not",
})  # fmt: skip
_NUMBERS = frozenset({"add", "subtract", "multiply", "divide", "maximum", "minimum"})


def scattered(inner: Shape, values: Mapping[Position, Node], place: Callable[[list[Index], int], tuple[Index, ...]]) -> list[Term]:
    """Terms that write each value, an array of shape `inner`, at its position.

    `place` makes the out index of the indices on the positions' axes and the first label of the inner axes.
    """
    terms: list[Term] = []
    left = values
    if len(values) >= FEW and all(isinstance(size, int) for size in inner):
        groups, left = _groups(values)
        for group in groups:
            positions = sorted(group)
            grid, there = _grid(positions)
            stacked = Stack(grid).node([values[position] for position in positions])
            if stacked is None:
                left = {**left, **{position: values[position] for position in positions}}
                continue
            d = len(grid)
            terms.append(Term((*grid, *inner), place(there, d), (Factor(stacked, ats(range(d + len(inner)))),)))
    for position, value in left.items():
        terms.append(Term(inner, place([fixed(p) for p in position], 0), (Factor(value, ats(range(len(inner)))),)))
    return terms


def _groups(values: Mapping[Position, Node]) -> tuple[list[list[Position]], dict[Position, Node]]:
    """The positions of values of one form, and the values of which there are too few."""
    forms: list[tuple[Node, list[Position]]] = []
    known: dict[tuple[Node, Node], bool] = {}
    for position, value in values.items():
        for example, members in forms[-_FORMS:]:
            if alike(example, value, known):
                members.append(position)
                break
        else:
            forms.append((value, [position]))
    many = [members for _, members in forms if len(members) >= FEW]
    taken = {position for members in many for position in members}
    return many, {position: value for position, value in values.items() if position not in taken}


def _grid(positions: Sequence[Position]) -> tuple[tuple[int, ...], list[Index]]:
    """Sizes of labels that run over the sorted positions, and the index of each axis: by axes where they form a grid."""
    table = np.array(positions)
    lines = [np.unique(table[:, axis]) for axis in range(table.shape[1])]
    running = [axis for axis, line in enumerate(lines) if line.size > 1]
    if prod(line.size for line in lines) == len(positions):
        there: list[Index] = [from_values(line, (running.index(k),)) if k in running else fixed(int(line[0])) for k, line in enumerate(lines)]
        return tuple(lines[axis].size for axis in running), there
    return (len(positions),), [from_values(table[:, axis], (0,)) for axis in range(table.shape[1])]


# ----- of one form ------------------------------------------------------------------------------------------------------
def alike(a: Node, b: Node, known: dict[tuple[Node, Node], bool], depth: int = 0) -> bool:
    """Whether two graphs differ in numbers and positions only."""
    if a is b:
        return True
    if a.op != b.op or a.shape != b.shape or a.dtype != b.dtype or a.weak != b.weak or depth > _DEEP:
        return False
    found = known.get((a, b))
    if found is None:
        found = known[a, b] = _alike_terms(a, b, known, depth) if a.op == "nest" else _alike_inputs(a, b, known, depth)
    return found


def _alike_inputs(a: Node, b: Node, known: dict[tuple[Node, Node], bool], depth: int) -> bool:
    if a.op not in _ENTRYWISE or a.attrs != b.attrs or a.weak or a.dtype not in (FLOAT, BOOL):
        return False
    for left, right in zip(a.inputs, b.inputs, strict=True):
        if left.op == "constant" == right.op:
            if left is not right and (a.op not in _NUMBERS or a.dtype != FLOAT or BOOL in (left.dtype, right.dtype)):
                return False
        elif not alike(left, right, known, depth + 1):
            return False
    return True


def _alike_terms(a: Node, b: Node, known: dict[tuple[Node, Node], bool], depth: int) -> bool:
    if len(terms_of(a)) != len(terms_of(b)) or a.weak:
        return False
    for s, t in zip(terms_of(a), terms_of(b), strict=True):
        if s.sizes != t.sizes or s.out != t.out or len(s.factors) != len(t.factors) or (s.scale != t.scale and a.dtype != FLOAT):
            return False
        for f, g in zip(s.factors, t.factors, strict=True):
            if not all(map(_alike_indices, f.index, g.index)) or not alike(f.node, g.node, known, depth + 1):
                return False
    return True


def _alike_indices(a: Index, b: Index) -> bool:
    if isinstance(a, Affine):
        return isinstance(b, Affine) and a.parts == b.parts and a.modulus == b.modulus and isinstance(a.offset, int) and isinstance(b.offset, int)
    return isinstance(b, Table) and a.node is b.node and all(map(_alike_indices, a.index, b.index))


# ----- stacked ----------------------------------------------------------------------------------------------------------
class Stack:
    """Nodes of one form as one node whose first axes run over `grid`."""

    def __init__(self, grid: tuple[int, ...]) -> None:
        self.grid = grid
        self.made: dict[tuple[Node, ...], Node | None] = {}

    def node(self, nodes: Sequence[Node]) -> Node | None:
        """The stacked node; None where they cannot be stacked after all."""
        key = tuple(nodes)
        if key not in self.made:
            first = nodes[0]
            found = self._nest(nodes) if first.op == "nest" else self._repeated(first) if len(set(nodes)) == 1 else self._entrywise(nodes)
            fits = found is not None and found.shape == (*self.grid, *first.shape) and found.dtype == first.dtype
            self.made[key] = found if fits else None
        return self.made[key]

    def _repeated(self, node: Node) -> Node:
        shape = (*self.grid, *node.shape)
        return view(node, shape, ats(range(len(self.grid), len(shape))))

    def _entrywise(self, nodes: Sequence[Node]) -> Node | None:
        first = nodes[0]
        operands = [self._operand([node.inputs[k] for node in nodes], first.shape) for k in range(len(first.inputs))]
        if not operands or None in operands:
            return None
        return elementwise(first.op, *[operand for operand in operands if operand is not None], dtype=first.dtype)

    def _operand(self, nodes: Sequence[Node], shape: Shape) -> Node | None:
        """An input that broadcasts: one that all have in common as it is."""
        first = nodes[0]
        if all(node is first for node in nodes):
            return first
        if first.op == "constant":
            return self._spread(frozen(self._numbers([number(node) for node in nodes])), (), shape)
        made = self.node(nodes)
        return None if made is None else self._spread(made, first.shape, shape)

    def _numbers(self, numbers: Sequence[Any]) -> Any:
        return np.array(numbers, dtype=np.float64).reshape(self.grid)

    def _spread(self, node: Node, own: Shape, shape: Shape) -> Node:
        """The stacked node with axes of one between the grid and its own, so that it broadcasts to (grid, shape)."""
        missing = len(shape) - len(own)
        if not missing:
            return node
        d = len(self.grid)
        return view(node, (*self.grid, *[1] * missing, *own), (*ats(range(d)), *ats(range(d + missing, d + missing + len(own)))))

    def _nest(self, nodes: Sequence[Node]) -> Node | None:
        first, d = nodes[0], len(self.grid)
        terms: list[Term] = []
        for several in zip(*map(terms_of, nodes), strict=True):
            example: Term = several[0]
            sizes = (*self.grid, *example.sizes)
            factors: list[Factor] = []
            for k, factor in enumerate(example.factors):
                index = [self._index([term.factors[k].index[axis] for term in several], sizes) for axis in range(len(factor.index))]
                if None in index:
                    return None
                read = tuple(i for i in index if i is not None)
                if all(term.factors[k].node is factor.node for term in several):
                    factors.append(Factor(factor.node, read))
                    continue
                made = self.node([term.factors[k].node for term in several])
                if made is None:
                    return None
                factors.append(Factor(made, (*ats(range(d)), *read)))
            scale = example.scale
            if any(term.scale != scale or type(term.scale) is not type(scale) for term in several):
                factors.append(Factor(frozen(self._numbers([term.scale for term in several])), ats(range(d))))
                scale = 1
            terms.append(Term(sizes, (*ats(range(d)), *[_later(i, d) for i in example.out]), tuple(factors), scale))
        return nest((*self.grid, *first.shape), terms, first.dtype)

    def _index(self, indices: Sequence[Index], sizes: Shape) -> Index | None:
        first, d = indices[0], len(self.grid)
        if all(index == first for index in indices):
            return _later(first, d)
        if isinstance(first, Table):
            inner = [self._index([index.index[k] for index in indices if isinstance(index, Table)], sizes) for k in range(len(first.index))]
            made = None if None in inner else Table(first.node, tuple(i for i in inner if i is not None))
            return tabulated(made, sizes) if made is not None and is_static(made) else made
        offsets = np.array([index.offset for index in indices if isinstance(index, Affine)], dtype=np.int64).reshape(self.grid)
        start = from_values(offsets, tuple(range(d)))
        rest = _later(Affine(first.parts), d)
        assert isinstance(rest, Affine)
        if isinstance(start, Affine):
            parts = sorted([*start.parts, *rest.parts], key=lambda part: -abs(part[1]) if isinstance(part[1], int) else 0)
            return Affine(tuple(parts), start.offset, first.modulus)
        if first.modulus is not None or not all(isinstance(c, int) and isinstance(sizes[label], int) for label, c in rest.parts):
            return None
        total: Any = offsets.reshape(*self.grid, *[1] * len(rest.parts))
        for k, (label, c) in enumerate(rest.parts):
            line: Any = np.arange(as_int(sizes[label], "A loop"))
            total = total + as_int(c, "A loop") * line.reshape([-1 if axis == k else 1 for axis in range(len(rest.parts))])
        return from_values(total, (*range(d), *(label for label, _ in rest.parts)))


def _later(index: Index, d: int) -> Index:
    """The index with labels counted from `d`."""
    if isinstance(index, Table):
        return Table(index.node, tuple(_later(i, d) for i in index.index))
    return Affine(tuple((label + d, c) for label, c in index.parts), index.offset, index.modulus)
