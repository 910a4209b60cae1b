"""A compiled program as data: loops over boxes, whose bodies are straight lines of scalar operations.

    for every label in its range:   v0 = load x[2·i + 1];  v1 = sin(v0);  …;  store data[6·i] = v1

Positions are flat and affine in *atoms*: labels, or entries of an integer table that was made beforehand (fancy indexing).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from wrt.graph.size import Size, as_int

if TYPE_CHECKING:
    from numpy.typing import NDArray

Box = tuple[tuple[int, int], ...]


class Lookup(NamedTuple):
    """An entry of an integer table, at a position that is affine in labels."""

    table: str
    parts: tuple[tuple[int, int], ...]
    offset: int


Atom = int | Lookup


class Place(NamedTuple):
    """Σ coefficient·atom + offset."""

    parts: tuple[tuple[Atom, int], ...] = ()
    offset: int = 0

    def plus(self, other: Place, times: int = 1) -> Place:
        """self + times·other."""
        parts = dict(self.parts)
        for atom, c in other.parts:
            parts[atom] = parts.get(atom, 0) + times * c
        return Place(tuple(sorted(((a, c) for a, c in parts.items() if c), key=_order)), self.offset + times * other.offset)

    def times(self, factor: int) -> Place:
        return Place(tuple((a, c * factor) for a, c in self.parts) if factor else (), self.offset * factor)

    def shift(self, offset: int) -> Place:
        return Place(self.parts, self.offset + offset)

    @property
    def labels(self) -> list[int]:
        """The labels that it depends on, in order."""
        found = {a for a, _ in self.parts if isinstance(a, int)}
        found |= {label for a, _ in self.parts if isinstance(a, Lookup) for label, _ in a.parts}
        return sorted(found)


def _order(part: tuple[Atom, int]) -> tuple[bool, str]:
    atom = part[0]
    return isinstance(atom, Lookup), f"{atom:04d}" if isinstance(atom, int) else repr(atom)


class Op(NamedTuple):
    """One scalar operation: `args` are numbers of earlier operations, a constant's value, or the array and place of a load."""

    name: str
    dtype: str
    args: tuple[Any, ...]


class Store(NamedTuple):
    """array[place] = value, or += value."""

    array: str
    place: Place
    value: int
    add: bool


class Cut(NamedTuple):
    """Of two labels i and j: j starts no lower than i + low, and ends before i + high. None: the box alone says it."""

    low: int | None
    high: int | None


_FOLDED: dict[str, Callable[..., float]] = {"add": operator.add, "sub": operator.sub, "mul": operator.mul, "neg": operator.neg}
_WITHOUT_OPERANDS = ("const", "load", "place")


@dataclass(slots=True)
class Loop:
    """A body, run for every label in its range; where there is a `cut`, for that part of it, which has something in each row."""

    box: Box
    ops: list[Op] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    cut: Cut | None = None
    _known: dict[Op, int] = field(default_factory=dict)

    def op(self, name: str, dtype: str, *args: Any) -> int:
        """The number of this operation; equal operations are one."""
        if name in _FOLDED and dtype == "f8" and all(self.ops[a].name == "const" for a in args):
            name, args = "const", (repr(_FOLDED[name](*(float(self.ops[a].args[0]) for a in args))),)
        op = Op(name, dtype, args)
        found = self._known.get(op)
        if found is None:
            found = self._known[op] = len(self.ops)
            self.ops.append(op)
        return found

    def prune(self, *also: int) -> None:
        """Leave out what no store (and none of the operations `also`) needs; the numbers of the others change with that."""
        live = {store.value for store in self.stores} | set(also)
        for k in reversed(range(len(self.ops))):
            if k in live and self.ops[k].name not in _WITHOUT_OPERANDS:
                live.update(self.ops[k].args)
        number = {old: new for new, old in enumerate(sorted(live))}
        self.ops = [op if op.name in _WITHOUT_OPERANDS else op._replace(args=tuple(number[a] for a in op.args)) for op in (self.ops[k] for k in sorted(live))]
        self.stores = [store._replace(value=number[store.value]) for store in self.stores]
        self._known = {}

    @property
    def volume(self) -> int:
        if self.cut is not None:
            (first, last), (low, high) = self.box
            rows = np.arange(first, last)
            starts = low if self.cut.low is None else np.maximum(low, rows + self.cut.low)
            ends = high if self.cut.high is None else np.minimum(high, rows + self.cut.high)
            return int(np.sum(ends - starts + 0 * rows))
        total = 1
        for low, high in self.box:
            total *= max(0, high - low)
        return total


class Fill(NamedTuple):
    """The first `size` entries of an array set to zero."""

    array: str
    size: int


class Check(NamedTuple):
    """The program stops, and says so, unless the value of the loop's last operation is `value` (a choice made by the traced function)."""

    loop: Loop
    condition: int
    value: bool


class Equal(NamedTuple):
    """The program stops, and says so, unless an array has the very bytes of a table."""

    array: str
    table: str


Step = Loop | Fill | Check | Equal


class Array(NamedTuple):
    """A flat array of the program: what it is of, and how many entries it has. `role` is input, table, work or output."""

    dtype: str
    size: int
    role: str


@dataclass(slots=True)
class Program:
    """Steps in order, and the arrays that they read and write, in the order in which the compiled function takes them."""

    arrays: dict[str, Array] = field(default_factory=dict)
    tables: dict[str, NDArray[Any]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    _tables: dict[Any, str] = field(default_factory=dict)

    def table(self, array: NDArray[Any]) -> str:
        """The name of a constant array, flattened; equal ones are one."""
        flat = np.ascontiguousarray(array).ravel()
        key = (flat.dtype.str, flat.size, hash(flat.tobytes()))
        name = self._tables.get(key)
        if name is None or not np.array_equal(self.tables[name], flat):
            name = self._tables[key] = f"table{len(self.tables)}"
            self.tables[name] = flat
            self.arrays[name] = Array(code(flat.dtype), flat.size, "table")
        return name

    @property
    def operations(self) -> int:
        """How many operations its text has."""
        return sum(len(step.ops) for step in self.steps if isinstance(step, Loop))


CODES = {"f8": "f8", "f4": "f4", "i8": "i8", "i4": "i4", "b1": "b1"}


def code(dtype: np.dtype[Any]) -> str:
    """f8, f4, i8, i4 or b1: the dtypes that compiled programs know."""
    return CODES[dtype.str[1:]]


def knows(dtype: np.dtype[Any]) -> bool:
    return dtype.str[1:] in CODES and dtype.isnative


def whole(size: Size) -> int:
    """A size or coefficient as an integer."""
    return as_int(size, "A compiled program")


def ints(sizes: Iterable[Size]) -> tuple[int, ...]:
    return tuple(map(whole, sizes))


def strides(shape: Sequence[Size]) -> list[int]:
    """Row-major strides, in entries."""
    found: list[int] = []
    weight = 1
    for n in reversed(ints(shape)):
        found.insert(0, weight)
        weight *= n
    return found
