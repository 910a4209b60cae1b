"""Sums over the rows of a large matrix, a block of rows at a time: a matrix that is read twice then comes from memory once.

For −2 (y − Φ θ)ᵀ Φ the products Φ θ and rᵀ Φ are each one pass over Φ, and nothing but memory traffic. In a loop over blocks
of rows the second product finds its block in the cache. What may stand in the loop is found from the indices: *row-wise*
arrays, whose row r needs only the rows r of others, and *sums over rows* of such arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from wrt.graph.index import labels_in, plain
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node, make, variable
from wrt.graph.size import Size, symbol
from wrt.graph.term import Factor, Term, nodes_in, summed, tables_in
from wrt.graph.walk import topological, uses
from wrt.lower.text import LEVEL
from wrt.ops.catalog import OPERATIONS

BYTES = 2**22  # a smaller matrix stays in the cache anyway
BLOCK = 2**20  # bytes of a block of rows
SHORTEST = 64  # rows of a block: shorter blocks are all calls and no work
LENGTH = "block_length"  # what the number of rows of a block is called where a program needs it
ROWS = symbol(LENGTH)

Place = tuple[Node, int]  # an array and the axis that runs along the rows


@dataclass(frozen=True, slots=True)
class RowBlocks:
    """A loop over blocks of rows.

    `sums` gives the sum of one block for each node that is a sum over rows, `slices` the variables in them that are blocks of
    arrays, `others` the arrays that are the same for all blocks.
    """

    count: int
    step: int
    sums: dict[Node, Node]
    slices: dict[Node, Place]
    others: tuple[Node, ...]


def row_blocks(outputs: Sequence[Node], inputs: Collection[Node]) -> RowBlocks | None:
    """The loop that the program should have, or None if it needs none."""
    order = topological(outputs)
    large = [node for node in order if _is_leaf(node) and node.ndim == 2 and node.dtype == FLOAT and _bytes(node) >= BYTES]
    for matrix in large:
        count = matrix.shape[0]
        if isinstance(count, int) and _bytes(matrix) // count * SHORTEST <= BLOCK:
            found = _Search(order, count, set(outputs)).found(matrix)
            if found is not None:
                return found
    return None


def _is_leaf(node: Node) -> bool:
    return node.op in ("variable", "captured", "frozen")


def _bytes(node: Node) -> int:
    return prod(n for n in node.shape if isinstance(n, int)) * node.dtype.itemsize if all(isinstance(n, int) for n in node.shape) else 0


class _Search:
    """What can be computed row by row of `count` rows."""

    def __init__(self, order: Sequence[Node], count: int, wanted: Collection[Node]) -> None:
        self.order, self.count, self.wanted = order, count, wanted
        self.readers = uses(order)
        self.row_wise: dict[Place, list[Place] | None] = {}  # the places that it reads along the rows; None where it is not row-wise

    def found(self, matrix: Node) -> RowBlocks | None:
        sums: dict[Node, set[Place]] = {}  # each sum over rows, and all the row-wise arrays that it is made from
        behind: set[Node] = set()  # nodes that need one of the sums
        for node in self.order:
            if any(child in sums or child in behind for child in node.inputs):
                behind.add(node)
                continue
            parts = self._summed(node)
            cone = None if parts is None else self._cone(parts)
            if cone is not None and (matrix, 0) in cone and self._is_light(node, cone):
                sums[node] = cone
        places: set[Place] = set().union(*sums.values())
        inner = {node for node, _ in places if not _is_leaf(node)}
        reading = sum(matrix in node.inputs for node in {*inner, *sums})
        if reading < 2 or len({node for node, _ in places}) < len(places):
            return None
        if any(node in self.wanted or not all(reader in inner or reader in sums for reader in self.readers[node]) for node in inner):
            return None
        return self._built(sums, places)

    def _cone(self, parts: Iterable[Place]) -> set[Place] | None:
        found: set[Place] = set()
        stack = list(parts)
        while stack:
            place = stack.pop()
            if place not in found:
                found.add(place)
                deeper = self._parts(place)
                if deeper is None:
                    return None
                stack += deeper
        return found

    def _parts(self, place: Place) -> list[Place] | None:
        """The arrays that a row-wise array reads along the rows."""
        if place not in self.row_wise:
            self.row_wise[place] = self._read(*place)
        return self.row_wise[place]

    def _read(self, node: Node, axis: int) -> list[Place] | None:
        if _is_leaf(node):
            return []
        if node.op == "nest":
            labels = [plain(term.out[axis]) for term in terms_of(node)]
            return self._along(zip(terms_of(node), labels, strict=True))
        if not _is_entrywise(node):
            return None
        found = []
        for child in node.inputs:
            at = axis - (node.ndim - child.ndim)
            if at >= 0 and child.shape[at] == self.count:
                found.append((child, at))
        return found

    def _summed(self, node: Node) -> list[Place] | None:
        """The arrays that a sum over rows reads along them."""
        if node.op != "nest" or node.dtype != FLOAT or not terms_of(node):
            return None
        labels = []
        for term in terms_of(node):
            rows = [label for label in summed(term) if term.sizes[label] == self.count]
            if len(rows) != 1:
                return None
            labels.append(rows[0])
        return self._along(zip(terms_of(node), labels, strict=True))

    def _along(self, terms: Iterable[tuple[Term, int | None]]) -> list[Place] | None:
        """Where the factors have the label that runs along the rows, if they have it alone on an axis of that length."""
        found = []
        for term, label in terms:
            if tables_in([*term.out, *(index for f in term.factors for index in f.index)]):
                return None
            if label is None or term.sizes[label] != self.count or sum(label in labels_in(index) for index in term.out) > 1:
                return None
            mine = [(f.node, axis) for f in term.factors for axis, index in enumerate(f.index) if label in labels_in(index)]
            if not mine or len({k for k, f in enumerate(term.factors) for i in f.index if label in labels_in(i)}) < len(mine):
                return None
            if any(plain(index) != label for f in term.factors for index in f.index if label in labels_in(index)):
                return None
            if any(node.shape[axis] != self.count for node, axis in mine):
                return None
            found += mine
        return found

    def _is_light(self, node: Node, cone: Collection[Place]) -> bool:
        """Whether the sum and what it is made from are no more work than reading their arrays: products with vectors only."""
        for each in {node, *(n for n, _ in cone)}:
            if each.op == "nest":
                for term in terms_of(each):
                    work = prod(n for n in term.sizes if isinstance(n, int))
                    if any(not isinstance(n, int) for n in term.sizes) or work > max((_bytes(f.node) // 8 for f in term.factors), default=work):
                        return False
        return True

    def _built(self, sums: Mapping[Node, set[Place]], places: Collection[Place]) -> RowBlocks:
        axis_of = dict(places)
        blocks: dict[Node, Node] = {}
        slices: dict[Node, Place] = {}
        others: dict[Node, None] = {}
        for node in self.order:
            if node in axis_of and _is_leaf(node):
                blocks[node] = variable(f"rows of {len(slices)}", self._shape(node.shape, axis_of[node]), node.dtype)
                slices[blocks[node]] = (node, axis_of[node])
            elif node in axis_of or node in sums:
                others.update({child: None for child in node.inputs if child not in blocks and child.op != "constant"})
                blocks[node] = self._block(node, axis_of.get(node), blocks)
        row = sum(_bytes(node) // self.count for node, _ in slices.values())
        step = max(SHORTEST, 2 ** int(np.log2(BLOCK / row)))
        return RowBlocks(self.count, step, {node: blocks[node] for node in sums}, slices, tuple(others))

    def _shape(self, shape: Sequence[Size], axis: int | None) -> tuple[Size, ...]:
        return tuple(ROWS if k == axis else n for k, n in enumerate(shape))

    def _block(self, node: Node, axis: int | None, blocks: Mapping[Node, Node]) -> Node:
        """The node for one block of rows: the same with other inputs and another length."""
        shape = self._shape(node.shape, axis)
        if node.op != "nest":
            return make(node.op, tuple(blocks.get(child, child) for child in node.inputs), node.attrs, shape, node.dtype, weak=node.weak)
        terms = []
        for term in terms_of(node):
            rows = plain(term.out[axis]) if axis is not None else next(label for label in summed(term) if term.sizes[label] == self.count)
            sizes = tuple(ROWS if label == rows else n for label, n in enumerate(term.sizes))
            terms.append(term._replace(sizes=sizes, factors=tuple(Factor(blocks.get(f.node, f.node), f.index) for f in term.factors)))
        return make("nest", nodes_in(terms), tuple(terms), shape, node.dtype)


def _is_entrywise(node: Node) -> bool:
    """Whether an entry of the node needs only the entries of its inputs there: operators, ufuncs of NumPy's and np.where."""
    code = OPERATIONS[node.op].code if node.op in OPERATIONS else None
    if not isinstance(code, str):
        return False
    function = getattr(np, code.removeprefix("np."), None)
    return (code in LEVEL and code != "@") or code == "np.where" or (isinstance(function, np.ufunc) and function.signature is None)
