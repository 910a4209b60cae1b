"""Small arrays written out: every entry as a scalar, [x₂, x₃ − x₁], where matrix notation has no word for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as every
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.index import fixed, is_static, values
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, Shape
from wrt.graph.size import NeedsSizes
from wrt.graph.term import Term, broadcast_index
from wrt.notation.build import product
from wrt.notation.expression import Array, Entry, Expr, Number, weight
from wrt.notation.operation import applied, is_elementwise
from wrt.notation.total import total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wrt.notation.matrix import Matrices

SMALL, LOOPS = 16, 64  # an array of so many entries may be written out, each with so many summands
LONG = 160


def written(array: NDArray[Any]) -> Expr | None:
    """A small array of numbers, as it is."""
    if array.ndim not in (1, 2) or not 0 < array.size <= SMALL or array.dtype.kind not in "fi":
        return None
    rows = tuple(tuple(Number(one) for one in row) for row in array.reshape(len(array), -1).tolist())
    return Array(rows, "matrix" if array.ndim == 2 else "column")


class Entries:
    """The entries of nodes whose wholes are known to `matrices`."""

    def __init__(self, matrices: Matrices) -> None:
        self.matrices = matrices
        self.known: dict[tuple[Node, tuple[int, ...]], Expr | None] = {}

    def written_out(self, shape: Shape, terms: Sequence[Term]) -> Expr | None:
        """[x₂, x₃ − x₁]: every entry as a scalar."""
        try:
            return self._rows(shape, terms)
        except NeedsSizes:
            return None

    def _rows(self, shape: Shape, terms: Sequence[Term]) -> Expr | None:
        if not all(isinstance(size, int) for size in shape) or not 0 < prod(map(int, shape)) <= SMALL:  # type: ignore[arg-type]
            return None
        rows: list[tuple[Expr, ...]] = []
        columns = range(shape[1]) if len(shape) == 2 else ()  # type: ignore[arg-type]
        for i in range(shape[0]) if shape else ():  # type: ignore[arg-type]
            row = [self._entry_of(terms, (i, j)) for j in columns] if columns else [self._entry_of(terms, (i,))]
            rows.append(tuple(e for e in row if e is not None))
            if len(rows[-1]) < len(row):
                return None
        return Array(tuple(rows), "matrix" if columns else "column") if shape else self._entry_of(terms, ())

    def of(self, node: Node, position: tuple[int, ...]) -> Expr | None:
        """One entry of a node as a scalar."""
        if node.ndim == 0:
            return self.matrices.of(node)
        key = (node, position)
        if key not in self.known:
            try:
                e = self._entry(node, position)
            except NeedsSizes:
                e = None
            self.known[key] = None if e is None or weight(e) > LONG else e
        return self.known[key]

    def _entry(self, node: Node, position: tuple[int, ...]) -> Expr | None:
        named = self.matrices.symbol(node)
        if named is not None:
            return Entry(named, position)
        if node.op == "nest":
            return self._entry_of(terms_of(node), position)
        if not is_elementwise(node):
            e = self.matrices.of(node)
            return None if e is None else Entry(e, position)
        parts: list[Expr] = []
        for child in node.inputs:
            spots = broadcast_index(child.shape, [fixed(p) for p in position], node.shape)
            e = self.of(child, tuple(i.offset for i in spots))  # type: ignore[union-attr, misc]  # broadcasting keeps positions fixed
            if e is None:
                return None
            parts.append(e)
        if node.op in ("multiply", "negative"):
            return product(parts, -1 if node.op == "negative" else 1)
        return applied(node, parts, factor=self.matrices.factor, scalar=True)

    def _entry_of(self, terms: Sequence[Term], position: tuple[int, ...]) -> Expr | None:
        """Entry by entry of Σ terms: loops of known, small sizes are run."""
        found: list[Expr] = []
        for term in terms:
            if not all(isinstance(size, int) for size in term.sizes) or prod(map(int, term.sizes)) > LOOPS:  # type: ignore[arg-type]
                return None
            for labels in every(*(range(size) for size in term.sizes)):  # type: ignore[arg-type]
                at = {label: np.asarray(spot) for label, spot in enumerate(labels)}
                if not all(map(is_static, term.out)):
                    return None
                if tuple(int(values(i, at)) for i in term.out) != position:
                    continue
                parts = []
                for node, index in term.factors:
                    if not all(map(is_static, index)):
                        return None
                    parts.append(self.of(node, tuple(int(values(i, at)) for i in index)))
                if any(part is None for part in parts):
                    return None
                found.append(product((part for part in parts if part is not None), term.scale))
        return total(found, factor=self.matrices.factor) if found else Number(0)
