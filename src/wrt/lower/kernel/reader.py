"""One entry of a node as scalar operations: `Reader.value(node, index)` writes what computes node[index] into a loop's body.

Elementwise operations are read through, and so are slices, transposes, gathers, broadcasts and small sums: nothing is stored
in between. What cannot be read entry by entry is said by an exception, and the schedule makes an array of it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product as every
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.index import Affine, Index, Table, values
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, array_of, number
from wrt.graph.term import Factor, Term, labels_of
from wrt.lower.kernel.program import Box, Lookup, Loop, Place, Program, code, ints, strides, whole
from wrt.lower.kernel.scalar import SCALAR
from wrt.lower.kernel.sums import Product, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNROLLED = 16  # sums of up to so many addends are written out
LISTED = 4096  # nests of up to so many turns are known entry by entry

By = Mapping[int, Place]


class MakeFirst(Exception):
    """Asks for something, no error: a node must be an array before the loop runs; `compiled`: loops of the same program can make it."""

    def __init__(self, node: Node, *, compiled: bool) -> None:
        super().__init__(node)
        self.node, self.compiled = node, compiled


class Ragged(Exception):
    """Inside of the box it depends on the labels which entry is read: the box is to be made smaller."""


class Reader:
    """Writes entries of nodes into one loop.

    Parameters
    ----------
    loop
        Where the operations go. Its box gives the ranges of the labels.
    program
        Where tables are kept.
    arrays
        The nodes that are arrays already, by name.
    strict
        Whether an index that is not affine inside of the box raises `Ragged`, rather than becoming a table.
    elsewhere
        Nodes that NumPy computes before: they are asked for as arrays, and never computed anew.
    reassociates
        Whether sums of products may be rearranged.
    """

    def __init__(
        self, loop: Loop, program: Program, arrays: Mapping[Node, str], *, strict: bool, elsewhere: frozenset[Node] = frozenset(), reassociates: bool = False
    ) -> None:
        self.loop, self.program, self.arrays = loop, program, arrays
        self.strict, self.elsewhere, self.reassociates = strict, elsewhere, reassociates
        self.read: dict[Node, dict[tuple[Place, ...], None]] = {}
        self._known: dict[tuple[Node, tuple[Place, ...]], int] = {}
        self._entries: dict[Node, dict[int, list[tuple[Term, dict[int, int]]]]] = {}

    # ----- entries ----------------------------------------------------------------------------------------------------
    def value(self, node: Node, index: tuple[Place, ...]) -> int:
        """The number of the operation that gives node[index]."""
        key = (node, index)
        found = self._known.get(key)
        if found is None:
            self.read.setdefault(node, {})[index] = None
            found = self._known[key] = self._value(node, index)
        return found

    def _value(self, node: Node, index: tuple[Place, ...]) -> int:
        value = number(node)
        if value is not None:
            return self.constant(value, code(node.dtype))
        name = self.arrays.get(node)
        if name is not None:
            return self.loop.op("load", self.program.arrays[name].dtype, name, self.flat(node.shape, index))
        if node.op == "frozen":
            if not any(place.parts for place in index):
                return self.constant(array_of(node)[tuple(place.offset for place in index)].item(), code(node.dtype))
            return self.loop.op("load", code(node.dtype), self.program.table(array_of(node)), self.flat(node.shape, index))
        if node.op == "nest":
            return self._nest(node, index)
        if node in self.elsewhere:
            raise MakeFirst(node, compiled=False)
        rule = SCALAR.get(node.op)
        if rule is None:
            raise MakeFirst(node, compiled=False)
        inputs = [self.value(child, _broadcast(child.shape, index, node.shape)) for child in node.inputs]
        return rule(self, node, inputs)

    def constant(self, value: float, dtype: str) -> int:
        kind = bool if dtype == "b1" else int if dtype[0] == "i" else float
        return self.loop.op("const", dtype, repr(kind(value)))

    def cast(self, value: int, dtype: str) -> int:
        """The value as another dtype."""
        op = self.loop.ops[value]
        if op.dtype == dtype:
            return value
        if op.name == "const":
            held = {"True": 1, "False": 0}.get(op.args[0])
            return self.constant(float(op.args[0]) if held is None else held, dtype)
        return self.loop.op("cast", dtype, value)

    def flat(self, shape: Sequence[Any], index: Sequence[Place]) -> Place:
        """The row-major position."""
        total = Place()
        for place, weight in zip(index, strides(shape), strict=True):
            total = total.plus(place, weight)
        return total

    # ----- nests ------------------------------------------------------------------------------------------------------
    def _nest(self, node: Node, index: tuple[Place, ...]) -> int:
        dtype = code(node.dtype)
        products: list[Product] = []
        for term, by, mask in self._meeting(node, index):
            for factors in self._products(node, term, by):
                scale, values = self.product(term, factors, dtype)
                if mask is not None:
                    part = self.total([(scale, values)], dtype)
                    scale, values = 1, (self.loop.op("select", dtype, mask, part, self.constant(0, dtype)),)
                products.append((scale, values))
        return self.total(products, dtype)

    def product(self, term: Term, factors: Sequence[tuple[Node, tuple[Place, ...]]], dtype: str) -> Product:
        """The term's scale, and the factors' values in this dtype."""
        return term.scale, tuple(self.cast(self.value(node, index), dtype) for node, index in factors)

    def total(self, products: Sequence[Product], dtype: str) -> int:
        """The sum of products."""
        if dtype[0] == "f" and self.reassociates:
            return total(self.loop, products, dtype) if products else self.constant(0, dtype)
        found: int | None = None
        for scale, factors in products:
            part: int | None = None
            for value in factors:
                part = value if part is None else self.loop.op("mul", dtype, part, value)
            if part is None:
                part = self.constant(scale, dtype)
            elif scale == -1:
                part = self.loop.op("neg", dtype, part)
            elif scale != 1:
                part = self.loop.op("mul", dtype, self.constant(scale, dtype), part)
            found = part if found is None else self.loop.op("add", dtype, found, part)
        return self.constant(0, dtype) if found is None else found

    def places(self, factors: Sequence[Factor], by: By, sizes: Sequence[Any]) -> list[tuple[Node, tuple[Place, ...]]]:
        """The factors with the places that they are read at."""
        return [(f.node, tuple(self.place(i, by, sizes) for i in f.index)) for f in factors]

    def _products(self, node: Node, term: Term, by: dict[int, Place]) -> list[list[tuple[Node, tuple[Place, ...]]]]:
        left = [label for label in range(len(term.sizes)) if label not in by]
        if prod(whole(term.sizes[label]) for label in left) > UNROLLED and (self.loop.box or prod(ints(term.sizes)) > UNROLLED**2):
            raise MakeFirst(node, compiled=False)
        counts = [range(whole(term.sizes[label])) for label in left]
        return [
            self.places(term.factors, {**by, **{label: Place((), k) for label, k in zip(left, chosen, strict=True)}}, term.sizes) for chosen in every(*counts)
        ]

    def _meeting(self, node: Node, index: tuple[Place, ...]) -> list[tuple[Term, dict[int, Place], int | None]]:
        """The terms that write this entry, with the labels at which they do."""
        if not any(place.parts for place in index) and sum(prod(whole(t.sizes[label]) for label in labels_of(t.out)) for t in terms_of(node)) <= LISTED:
            return self._meeting_at(node, tuple(place.offset for place in index))
        found = []
        for term in terms_of(node):
            solved = self._solve(node, term, index)
            if solved is not None:
                found.append((term, *solved))
        return found

    def _meeting_at(self, node: Node, position: tuple[int, ...]) -> list[tuple[Term, dict[int, Place], int | None]]:
        if node not in self._entries:
            self._entries[node] = _entries(node)
        flat = sum(p * s for p, s in zip(position, strides(node.shape), strict=True))
        return [(term, {label: Place((), k) for label, k in by.items()}, None) for term, by in self._entries[node].get(flat, ())]

    def _solve(self, node: Node, term: Term, index: tuple[Place, ...]) -> tuple[dict[int, Place], int | None] | None:
        """The labels at which a term writes the entry, and whether it does (None: surely)."""
        by: dict[int, Place] = {}
        inside: list[NDArray[Any]] = []
        for out, place in zip(term.out, index, strict=True):
            if isinstance(out, Table) or out.modulus is not None:
                raise MakeFirst(node, compiled=True)
            if not _distinct(out.parts, by, term.sizes):  # several turns write there: i + j of a convolution, the nodes of an element
                raise MakeFirst(node, compiled=True)
            rest = place.shift(-whole(out.offset))
            parts = sorted(out.parts, key=lambda part: -abs(whole(part[1])))
            if len(parts) == 1 and parts[0][1] in (1, -1) and parts[0][0] not in by:
                by[parts[0][0]] = rest.times(whole(parts[0][1]))
                low, high = self.range(by[parts[0][0]])
                if high < 0 or low >= whole(term.sizes[parts[0][0]]):
                    return None
                if low < 0 or high >= whole(term.sizes[parts[0][0]]):
                    at = self.numbers(by[parts[0][0]])
                    inside.append((at >= 0) & (at < whole(term.sizes[parts[0][0]])))
                    by[parts[0][0]] = self.fitted(np.clip(at, 0, whole(term.sizes[parts[0][0]]) - 1))
                continue
            if not parts and not rest.parts:
                if rest.offset:
                    return None
                continue
            digits = self._digits(parts, term.sizes, rest) if parts and not any(label in by for label, _ in parts) else None
            if digits is not None:
                by.update(digits)
                continue
            at = self.numbers(rest)
            good = np.ones(at.shape, bool)
            for label, c in parts:
                c, size = whole(c), whole(term.sizes[label])
                if label in by:
                    at = at - c * self.numbers(by[label])
                    continue
                if c < 0:
                    raise MakeFirst(node, compiled=True)
                digit = at // c
                good = good & (digit >= 0) & (digit < size)
                digit = np.clip(digit, 0, size - 1)
                by[label] = self.fitted(digit)
                at = at - c * digit
            good = good & (at == 0)
            if not good.any():
                return None
            if not good.all():
                inside.append(good)
        if not inside:
            return by, None
        mask = np.asarray(True)
        for each in inside:
            mask = mask & each
        if not mask.any():
            return None
        if self.strict:
            raise Ragged
        return by, self._mask(mask)

    def _digits(self, parts: Sequence[tuple[int, Any]], sizes: Sequence[Any], place: Place) -> dict[int, Place] | None:
        """Labels as the digits of an affine position, where no digit overflows inside of the box."""
        found: dict[int, Place] = {}
        left, offset = dict(place.parts), place.offset
        for k, (label, c) in enumerate(parts):
            c, last = whole(c), k == len(parts) - 1
            if c <= 0:
                return None
            mine = {atom: each // c for atom, each in left.items() if each % c == 0}
            if last and len(mine) < len(left):
                return None
            carried = offset if last and c == 1 else offset // c
            if last and offset % c:
                return None
            digit = Place(tuple(mine.items()), 0)
            low, high = self.range(digit)
            rest = Place(tuple((atom, each) for atom, each in left.items() if atom not in mine), offset)
            if not last:  # what the smaller digits and the offset carry into this one
                below, above = self.range(rest)
                if below // c != above // c:
                    return None
                carried = below // c
            digit = digit.shift(carried)
            if low + carried < 0 or high + carried >= whole(sizes[label]):
                return None
            found[label] = digit
            left = dict(rest.parts)
            offset -= carried * c
        return found

    # ----- places -----------------------------------------------------------------------------------------------------
    def place(self, index: Index, by: By, sizes: Sequence[Any]) -> Place:
        """An index as a place, its labels replaced."""
        if isinstance(index, Affine):
            total = Place((), whole(index.offset))
            for label, c in index.parts:
                total = total.plus(by[label], whole(c))
            return total if index.modulus is None else self._turned(total, whole(index.modulus))
        if index.node.op != "frozen":
            raise MakeFirst(index.node, compiled=False)
        places = [self.place(i, by, sizes) for i in index.index]
        if not any(p.parts for p in places):
            return Place((), int(array_of(index.node)[tuple(p.offset for p in places)]))
        return self.fitted(array_of(index.node)[tuple(self.numbers(p) for p in places)])

    def _turned(self, place: Place, modulus: int) -> Place:
        low, high = self.range(place)
        if low // modulus == high // modulus:
            return place.shift(-(low // modulus) * modulus)
        return self.fitted(self.numbers(place) % modulus)

    def range(self, place: Place) -> tuple[int, int]:
        """The lowest and the highest value inside of the box."""
        if any(isinstance(atom, Lookup) for atom, _ in place.parts):
            at = self.numbers(place)
            return int(at.min()), int(at.max())
        low = high = place.offset
        for label, c in place.parts:
            assert isinstance(label, int)
            first, last = self.loop.box[label][0], self.loop.box[label][1] - 1
            low += min(c * first, c * last)
            high += max(c * first, c * last)
        return low, high

    def numbers(self, place: Place) -> NDArray[Any]:
        """The values over the box, one axis for each label (of length 1 for labels that do not matter)."""
        box = self.loop.box
        total: Any = np.full((1,) * len(box), place.offset, np.int64)
        for atom, c in place.parts:
            if isinstance(atom, Lookup):
                at = sum((k * _axis(box, label) for label, k in atom.parts), np.full((1,) * len(box), atom.offset))
                total = total + c * self.program.tables[atom.table][at].astype(np.int64)
            else:
                total = total + c * _axis(box, atom)
        return np.asarray(total)

    def fitted(self, at: NDArray[Any]) -> Place:
        """The place that takes these values over the box: affine if it can be, else an entry of a table."""
        box = self.loop.box
        first = int(at.flat[0])
        steps = [int(np.take(at, 1, axis).flat[0]) - first if n > 1 else 0 for axis, n in enumerate(at.shape)]
        straight: Any = np.full((1,) * len(box), first, np.int64)
        for axis, step in enumerate(steps):
            if step:
                straight = straight + step * np.arange(at.shape[axis]).reshape([-1 if a == axis else 1 for a in range(at.ndim)])
        if np.array_equal(np.broadcast_to(straight, at.shape), at):
            return Place(tuple((k, s) for k, s in enumerate(steps) if s), first - sum(s * box[k][0] for k, s in enumerate(steps)))
        if self.strict:
            raise Ragged
        low = int(at.min()) if abs(int(at.flat[0]) - int(at.min())) > 1 << 30 else first
        table = self.program.table((at - low).astype(np.int32 if int(np.abs(at - low).max()) < 1 << 31 else np.int64))
        weights = [s if n > 1 else 0 for s, n in zip(strides(at.shape), at.shape, strict=True)]
        return Place(((Lookup(table, tuple((k, w) for k, w in enumerate(weights) if w), -sum(w * box[k][0] for k, w in enumerate(weights))), 1),), low)

    def _mask(self, mask: NDArray[Any]) -> int:
        place = self.fitted(np.broadcast_to(mask, mask.shape).astype(np.int64))
        if not place.parts:
            return self.constant(place.offset, "b1")
        return self.loop.op("ne", "b1", self.loop.op("place", "i8", place), self.constant(0, "i8"))


def _distinct(parts: Sequence[tuple[int, Any]], by: By, sizes: Sequence[Any]) -> bool:
    """Whether different values of the labels that are not known yet give different positions."""
    reach = 0
    for label, c in sorted(parts, key=lambda part: abs(whole(part[1]))):
        if label not in by:
            if abs(whole(c)) <= reach:
                return False
            reach += abs(whole(c)) * (whole(sizes[label]) - 1)
    return True


def _axis(box: Box, label: int) -> NDArray[Any]:
    return np.arange(*box[label]).reshape([-1 if k == label else 1 for k in range(len(box))])


def _broadcast(shape: Sequence[Any], index: tuple[Place, ...], at_shape: Sequence[Any]) -> tuple[Place, ...]:
    skipped = len(at_shape) - len(shape)
    return tuple(Place() if n == 1 and at_shape[skipped + axis] != 1 else index[skipped + axis] for axis, n in enumerate(shape))


def _entries(node: Node) -> dict[int, list[tuple[Term, dict[int, int]]]]:
    """For each position of a small nest the terms that write it, with the labels at which they do."""
    found: dict[int, list[tuple[Term, dict[int, int]]]] = {}
    for term in terms_of(node):
        labels = labels_of(term.out)
        counts = [whole(term.sizes[label]) for label in labels]
        grid = {label: _axis(tuple((0, n) for n in counts), axis) for axis, label in enumerate(labels)}
        flat: Any = np.zeros((), np.int64)
        for index, weight in zip(term.out, strides(node.shape), strict=True):
            if any(isinstance(i, Table) and i.node.op != "frozen" for i in _inside(index)):
                raise MakeFirst(node, compiled=False)
            flat = flat + weight * values(index, grid)
        for chosen, position in zip(every(*map(range, counts)), np.broadcast_to(flat, counts).ravel().tolist(), strict=True):
            found.setdefault(position, []).append((term, dict(zip(labels, chosen, strict=True))))
    return found


def _inside(index: Index) -> list[Index]:
    return [index] if isinstance(index, Affine) else [index, *(inner for i in index.index for inner in _inside(i))]
