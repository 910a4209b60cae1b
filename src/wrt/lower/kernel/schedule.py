"""The schedule: which loops fill an array, in which order, and what must be an array before.

An array is filled by *streams*: the turns of one term's loop, small labels written out. Streams over the same range share one
loop, so that each value is computed once and stores lie side by side: a stencil becomes one pass over the grid. Inside of the
grid all places are affine; at its rim, where they are not, the same body runs once more over a list of points.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product as every
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.index import Affine, Index, is_static, values
from wrt.graph.nest import terms_of
from wrt.graph.node import Node
from wrt.graph.term import Term
from wrt.lower.kernel.program import Array, Box, Fill, Lookup, Loop, Place, Program, Store, code, ints, knows, strides, whole
from wrt.lower.kernel.reader import MakeFirst, Ragged, Reader
from wrt.lower.kernel.scalar import CALLS
from wrt.lower.kernel.sums import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

SMALL = 16  # labels of up to so many values are written out
COPIES = 64  # so many streams at most are made of one term
RIMS = (0, 1, 2, 4, 8)  # how far from the rim the inside may begin
PER_CALL = 50  # operations for each call of a function of the C library, up to which the calls get loops of their own
APART = 8  # loops whose ranges differ by no more than this share their inside
COSTLY = frozenset(
    "exp exp2 expm1 log log2 log10 log1p sin cos tan sinh cosh tanh arcsin arccos arctan arctan2 power sqrt hypot logaddexp expit erf erfc cbrt".split()  # noqa: SIM905
)


NAMES = frozenset(CALLS.values())


@dataclass(eq=False, slots=True)
class Stream:
    """One value for each turn of a loop over `sizes`, written to `where` (a place, or an array of positions)."""

    sizes: tuple[int, ...]
    term: Term
    by: dict[int, Place]
    where: Place | NDArray[Any]
    row: Place | None = None


@dataclass(eq=False, slots=True)
class _Entry:
    """Streams that write to the same places, as one: their values add up before they are stored."""

    shift: tuple[int, ...]
    sizes: tuple[int, ...]
    where: Place | NDArray[Any]
    streams: list[Stream]

    @property
    def box(self) -> Box:
        return tuple((s, s + n) for s, n in zip(self.shift, self.sizes, strict=True))

    def at(self, labels: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """The positions at these points of the loop."""
        own = [label - s for label, s in zip(labels, self.shift, strict=True)]
        if isinstance(self.where, Place):
            total: Any = np.full(np.broadcast_shapes(*(o.shape for o in own)), self.where.offset)
            for label, c in self.where.parts:
                assert isinstance(label, int)
                total = total + c * own[label]
            return np.asarray(total)
        return self.where[tuple(own)] if own else self.where


@dataclass(slots=True)
class Output:
    """A flat array to be filled. `disjoint`: the streams are known to write every entry, and none twice."""

    name: str
    size: int
    dtype: np.dtype[Any]
    streams: list[Stream]
    disjoint: bool = False
    node: Node | None = None  # what a stream without factors is an entry of


# ----- streams --------------------------------------------------------------------------------------------------------
def streams_of(node: Node, *, unrolled: bool = False) -> list[Stream]:
    """The streams that fill an array with a node."""
    if node.op != "nest":
        labels = tuple(Affine(((k, 1),)) for k in range(node.ndim))
        return _split(Term(node.shape, labels), _flat_place(node.shape), unrolled, None)
    found: list[Stream] = []
    for term in terms_of(node):
        if not all(is_static(index) for index in term.out):
            raise MakeFirst(node, compiled=False)
        found += _split(term, _where(term, node.shape), unrolled, None)
    return found


def streams_at(term: Term, positions: NDArray[Any], row: Place | None, *, unrolled: bool = False) -> list[Stream]:
    """The streams of a term whose turns write to these positions (an array of the shape of the term's sizes)."""
    return _split(term, positions, unrolled, row)


def _flat_place(shape: Sequence[Any]) -> Place:
    return Place(tuple((k, w) for k, w in enumerate(strides(shape))))


def flat_place(indices: Sequence[Index], shape: Sequence[Any]) -> Place | None:
    """The row-major position of an index as a place in its labels; None if it is not affine."""
    total = Place()
    for index, weight in zip(indices, strides(shape), strict=True):
        if not isinstance(index, Affine) or index.modulus is not None:
            return None
        for label, c in index.parts:
            total = total.plus(Place(((label, whole(c)),)), weight)
        total = total.shift(whole(index.offset) * weight)
    return total


def _where(term: Term, shape: Sequence[Any]) -> Place | NDArray[Any]:
    """The row-major positions of a term's turns."""
    place = flat_place(term.out, shape)
    if place is not None:
        return place
    grid = {label: np.arange(n).reshape([-1 if k == label else 1 for k in range(len(term.sizes))]) for label, n in enumerate(ints(term.sizes))}
    flat: Any = np.zeros((), np.int64)
    for index, weight in zip(term.out, strides(shape), strict=True):
        flat = flat + weight * values(index, grid)
    return np.broadcast_to(flat, ints(term.sizes))


def _split(term: Term, where: Place | NDArray[Any], unrolled: bool, row: Place | None) -> list[Stream]:
    """One stream for each value of the small labels."""
    sizes = ints(term.sizes)
    written, copies = set(), 1
    for label in sorted(range(len(sizes)), key=lambda k: (sizes[k], k)):
        if unrolled or (sizes[label] <= SMALL and copies * sizes[label] <= COPIES):
            written.add(label)
            copies *= sizes[label]
    if not unrolled and len(written) == len(sizes) and copies > SMALL:
        written.remove(max(written, key=lambda k: (sizes[k], -k)))
    big = [label for label in range(len(sizes)) if label not in written]
    small = sorted(written)
    made = []
    for chosen in every(*(range(sizes[label]) for label in small)):
        by = {label: Place((), k) for label, k in zip(small, chosen, strict=True)} | {label: Place(((k, 1),)) for k, label in enumerate(big)}
        cut = tuple(by[label].offset if label in written else slice(None) for label in range(len(sizes)))
        here = _fixed(where, by) if isinstance(where, Place) else where[cut]
        made.append(Stream(tuple(sizes[label] for label in big), term, by, here, None if row is None else _fixed(row, by)))
    return made


def _fixed(place: Place, by: Mapping[int, Place]) -> Place:
    total = Place((), place.offset)
    for label, c in place.parts:
        assert isinstance(label, int)
        total = total.plus(by[label], c)
    return total


# ----- loops ----------------------------------------------------------------------------------------------------------
class Scheduler:
    """Adds to a program the loops that fill arrays.

    `arrays` are the nodes that are arrays by then, `elsewhere` those that NumPy computes before: what is compared must not be
    computed twice, by two libraries that differ in the last place.
    """

    def __init__(self, program: Program, arrays: dict[Node, str], elsewhere: frozenset[Node], *, reassociates: bool) -> None:
        self.program, self.arrays, self.elsewhere, self.reassociates = program, arrays, elsewhere, reassociates

    def reader(self, loop: Loop, *, strict: bool) -> Reader:
        return Reader(loop, self.program, self.arrays, strict=strict, elsewhere=self.elsewhere, reassociates=self.reassociates)

    def array(self, node: Node, name: str) -> None:
        """The loops that make a node an array of this name."""
        if not knows(node.dtype):
            raise MakeFirst(node, compiled=False)
        size = prod(ints(node.shape))
        self.program.arrays[name] = Array(code(node.dtype), size, "work")
        self.fill(Output(name, size, node.dtype, streams_of(node), node=node))
        self.arrays[node] = name

    def fill(self, output: Output) -> None:
        """The loops that write an output."""
        first = len(self.program.steps)
        for group in _grouped(output.streams):
            self._loops(output, _entries(group))
        loops = [step for step in self.program.steps[first:] if isinstance(step, Loop)]
        if not (output.disjoint and sum(loop.volume * len(loop.stores) for loop in loops) == output.size) and not _covers(loops, output.size):
            self._add_up(output, loops, first)

    def _add_up(self, output: Output, loops: Sequence[Loop], first: int) -> None:
        """Zeros come first where not all entries are written; stores at places that are written several times add."""
        count = np.zeros(output.size, np.int32)
        written = [(loop, k, self.reader(loop, strict=False).numbers(store.place)) for loop in loops for k, store in enumerate(loop.stores)]
        at = [np.broadcast_to(places, [high - low for low, high in loop.box]).ravel() for loop, _, places in written]
        for each in at:
            count += np.bincount(each, minlength=output.size).astype(np.int32)
        if np.all(count == 1):
            return
        if np.any(count > 1) or not _zeros(loops, np.flatnonzero(count == 0), output):
            self.program.steps.insert(first, Fill(output.name, output.size))
        for (loop, k, _), each in zip(written, at, strict=True):
            loop.stores[k] = loop.stores[k]._replace(add=bool(np.any(count[each] > 1)))

    def _loops(self, output: Output, entries: list[_Entry]) -> None:
        union = tuple((min(e.box[k][0] for e in entries), max(e.box[k][1] for e in entries)) for k in range(len(entries[0].sizes)))
        if any(high <= low for low, high in union):
            return
        for rim in RIMS if union else (0,):
            inner = tuple((max(e.box[k][0] for e in entries) + rim, min(e.box[k][1] for e in entries) - rim) for k in range(len(union)))
            if any(high - low < 1 for low, high in inner):
                break
            fitted = [_affine(entry, inner) for entry in entries]
            if any(place is None for place in fitted):
                continue
            loop = Loop(inner)
            try:
                reader = self.reader(loop, strict=True)
                self._body(reader, output, entries, fitted, [entry.shift for entry in entries])  # type: ignore[arg-type]
            except Ragged:
                continue
            self._worth(reader)
            self.program.steps.append(loop)
            self._rim(output, entries, union, inner)
            return
        shapes = {entry.box for entry in entries}
        for box in shapes:  # nothing is regular here: every place is read from a table
            mine = [entry for entry in entries if entry.box == box]
            loop = Loop(box)
            reader = self.reader(loop, strict=False)
            places = [reader.fitted(np.asarray(entry.at(_grid(entry)))) for entry in mine]
            self._body(reader, output, mine, places, [entry.shift for entry in mine])
            self._worth(reader)
            self.program.steps.append(loop)

    def _rim(self, output: Output, entries: Sequence[_Entry], union: Box, inner: Box) -> None:
        """The points outside of the inner box, as lists: one for each set of entries that exist there."""
        if union == inner:
            return
        outside = np.ones([high - low for low, high in union], bool)
        outside[tuple(slice(low - first, high - first) for (low, high), (first, _) in zip(inner, union, strict=True))] = False
        points = [axis + low for axis, (low, _) in zip(np.nonzero(outside), union, strict=True)]
        exists = np.array([np.all([(p >= low) & (p < high) for p, (low, high) in zip(points, entry.box, strict=True)], axis=0) for entry in entries])
        for signature in np.unique(exists, axis=1).T:
            mine = [entry for entry, there in zip(entries, signature, strict=True) if there]
            if not mine:
                continue
            chosen = [p[np.all(exists == signature[:, None], axis=0)] for p in points]
            loop = Loop(((0, len(chosen[0])),))
            reader = self.reader(loop, strict=False)
            places = [reader.fitted(entry.at(chosen)) for entry in mine]
            labels = [{k: reader.fitted(p - s) for k, (p, s) in enumerate(zip(chosen, entry.shift, strict=True))} for entry in mine]
            self._body(reader, output, mine, places, labels)
            self.program.steps.append(loop)

    def _body(
        self,
        reader: Reader,
        output: Output,
        entries: Sequence[_Entry],
        places: Sequence[Place],
        labels: Sequence[tuple[int, ...] | dict[int, Place]],
    ) -> None:
        """One value and one store for each place, in their order."""
        loop, dtype = reader.loop, code(output.dtype)
        products: dict[Place, list[Product]] = {}
        for k in sorted(range(len(entries)), key=lambda k: places[k].offset):
            own = labels[k]
            by = own if isinstance(own, dict) else {axis: Place(((axis, 1),), -s) for axis, s in enumerate(own)}
            for stream in entries[k].streams:
                inside = {label: _fixed(place, by) for label, place in stream.by.items()}
                products.setdefault(places[k], []).append(self._value(reader, stream, inside, output.node, dtype))
        loop.stores += [Store(output.name, place, reader.total(parts, dtype), add=False) for place, parts in products.items()]

    def _value(self, reader: Reader, stream: Stream, by: dict[int, Place], node: Node | None, dtype: str) -> Product:
        if node is not None and node.op != "nest":
            return 1, (reader.cast(reader.value(node, tuple(by[k] for k in range(node.ndim))), dtype),)
        return reader.product(stream.term, reader.places(stream.term.factors, by, stream.term.sizes), dtype)

    def _worth(self, reader: Reader) -> None:
        """Ask for an array where a costly value would be computed many times over: at neighbours, or once for each use of a gathered entry.

        And where the loop stores far apart, which keeps it from being vectorized well: functions of the C library get a loop of their own.
        """
        turns = reader.loop.volume
        calls = sum(op.name in NAMES for op in reader.loop.ops)
        last = len(reader.loop.box) - 1 if len(reader.loop.ops) <= calls * PER_CALL else None  # a long body is vectorized all the same
        scattered = any(isinstance(atom, Lookup) or (atom == last and c > 1) for store in reader.loop.stores for atom, c in store.place.parts)
        for node, indices in reader.read.items():  # what is read by others comes after them
            if node in reader.arrays or node.op in ("variable", "captured", "frozen", "constant") or not _costs(node) or not knows(node.dtype):
                continue
            size = prod(ints(node.shape))
            groups: dict[object, set[object]] = {}
            for index in indices:
                if any(place.parts for place in index):
                    groups.setdefault(tuple(p.offset for p in index if not p.parts), set()).add(tuple(p for p in index if p.parts))
            again = max((len(found) for found in groups.values()), default=0)
            if turns > 64 and (again * turns > 1.5 * size or (scattered and node.op in CALLS and size == turns)):
                raise MakeFirst(node, compiled=True)


def _costs(node: Node, seen: dict[Node, bool] | None = None) -> bool:
    """Whether a root, an exponential or the like is in it."""
    seen = {} if seen is None else seen
    if node not in seen:
        seen[node] = False
        seen[node] = (node.op in COSTLY and not (node.op == "power" and node.inputs[1].op == "constant")) or any(_costs(child, seen) for child in node.inputs)
    return seen[node]


def _covers(loops: Sequence[Loop], size: int) -> bool:
    """Whether one store counts through the whole array, each entry once: the labels are the digits of the position."""
    if len(loops) != 1 or len(loops[0].stores) != 1:
        return False
    (store,), box = loops[0].stores, loops[0].box
    weight = 1
    for label, c in sorted(store.place.parts, key=lambda part: part[1]):
        if c != weight or not isinstance(label, int) or box[label][0] != 0:
            return False
        weight *= box[label][1]
    return store.place.offset == 0 and weight == size == loops[0].volume


def _zeros(loops: Sequence[Loop], missing: NDArray[Any], output: Output) -> bool:
    """Whether the entries that nothing writes have been given stores of zero: in one loop over all rows, a few in each row."""
    if len(loops) != 1 or len(loops[0].box) != 1 or loops[0].box[0][0] != 0:
        return False
    (loop,), turns = loops, loops[0].volume
    width = output.size // turns
    rest = missing[missing < width]
    if turns * width != output.size or len(rest) > SMALL or not np.array_equal(missing, (np.arange(turns)[:, None] * width + rest).ravel()):
        return False
    zero = loop.op("const", code(output.dtype), "0.0" if output.dtype.kind == "f" else "0")
    loop.stores += [Store(output.name, Place(((0, width),), int(k)), zero, add=False) for k in rest]
    return True


def _grid(entry: _Entry) -> list[NDArray[Any]]:
    """The labels of all turns."""
    return [np.arange(*entry.box[k]).reshape([-1 if axis == k else 1 for axis in range(len(entry.sizes))]) for k in range(len(entry.sizes))]


def _grouped(streams: Sequence[Stream]) -> list[list[tuple[Stream, tuple[int, ...]]]]:
    """Streams that may share a loop, each with the shift of its labels: rows that are the same have the same labels."""
    groups: list[list[tuple[Stream, tuple[int, ...]]]] = []
    for stream in sorted(streams, key=lambda s: (-prod(s.sizes), -len(s.sizes))):
        for group in groups:
            alike = _aligned(stream, group[0][0])
            if alike is not None:
                group.append(alike)
                break
        else:
            groups.append([(stream, (0,) * len(stream.sizes))])
    return groups


def _aligned(stream: Stream, first: Stream) -> tuple[Stream, tuple[int, ...]] | None:
    """The stream over the labels of another, and how far its own are shifted against them."""
    if len(stream.sizes) == 1 < len(first.sizes) and stream.sizes[0] == prod(first.sizes):
        stream = _in_digits(stream, first.sizes)
    if len(stream.sizes) != len(first.sizes):
        return None
    if any(abs(a - b) > APART or min(a, b) <= APART < max(a, b) for a, b in zip(stream.sizes, first.sizes, strict=True)):
        return None
    shift = (0,) * len(stream.sizes)
    if stream.row is not None and first.row is not None and stream.row.parts == first.row.parts:
        left = stream.row.offset - first.row.offset
        found = [0] * len(shift)
        for label, c in sorted(first.row.parts, key=lambda part: -abs(part[1])):
            assert isinstance(label, int)
            steps = round(left / c)
            if abs(steps) <= APART:
                found[label] = steps
                left -= steps * c
        shift = tuple(found) if left == 0 else shift
    elif stream.sizes != first.sizes:
        return None
    return stream, shift


def _in_digits(stream: Stream, sizes: tuple[int, ...]) -> Stream:
    """A stream over one label, as one over several that count through it."""
    label = Place(tuple((k, w) for k, w in enumerate(strides(sizes))))
    by = {own: _fixed(place, {0: label}) for own, place in stream.by.items()}
    where = _fixed(stream.where, {0: label}) if isinstance(stream.where, Place) else stream.where.reshape(sizes)
    return Stream(sizes, stream.term, by, where, None if stream.row is None else _fixed(stream.row, {0: label}))


def _entries(group: Sequence[tuple[Stream, tuple[int, ...]]]) -> list[_Entry]:
    """The group's streams, those that write to the same places as one."""
    found: dict[object, list[_Entry]] = {}
    for stream, shift in group:
        where = stream.where
        key = (shift, stream.sizes, where if isinstance(where, Place) else (int(where.flat[0]) if where.size else 0, int(where.sum())))
        for entry in found.setdefault(key, []):
            if isinstance(where, Place) or (not isinstance(entry.where, Place) and np.array_equal(entry.where, where)):
                entry.streams.append(stream)
                break
        else:
            found[key].append(_Entry(shift, stream.sizes, where, [stream]))
    return [entry for entries in found.values() for entry in entries]


def _affine(entry: _Entry, inner: Box) -> Place | None:
    """The entry's place over the inner box as an affine one, if it is."""
    if isinstance(entry.where, Place):
        return _fixed(entry.where, {k: Place(((k, 1),), -s) for k, s in enumerate(entry.shift)})
    at = entry.where[tuple(slice(low - s, high - s) for (low, high), s in zip(inner, entry.shift, strict=True))]
    first = int(at.flat[0])
    steps = [int(at[tuple(int(a == axis) for a in range(at.ndim))]) - first if n > 1 else 0 for axis, n in enumerate(at.shape)]
    straight: Any = np.asarray(first, at.dtype)
    for axis, (step, n) in enumerate(zip(steps, at.shape, strict=True)):
        straight = straight + (step * np.arange(n, dtype=at.dtype)).reshape([-1 if a == axis else 1 for a in range(at.ndim)])
    if not np.array_equal(np.broadcast_to(straight, at.shape), at):
        return None
    return Place(tuple((k, s) for k, s in enumerate(steps) if s), first - sum(s * inner[k][0] for k, s in enumerate(steps)))
