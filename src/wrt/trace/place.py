"""Memory that records: what an array holds, what has been written into it, and which other arrays are views of it.

A `Root` owns a value. A `View` owns nothing: it is a way to read part of its parent, and to write that part back. So aliasing
is NumPy's: a write through any handle is seen through every other. Writes wait until somebody reads; a loop that fills an
array makes one node and not one per write. Entries and rows (a *section*: some axes at fixed positions, all others whole) can
be read back without settling the rest, so that a recurrence y[i] = f(y[i - 1]) is no exception.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import Unsupported
from wrt.graph.index import Index, ats, fixed, from_values
from wrt.graph.nest import is_zero, nest
from wrt.graph.node import DType, Node, Shape
from wrt.graph.size import as_int, product
from wrt.graph.term import Factor, Term, broadcast_index
from wrt.ops.assignment import assign, assign_many
from wrt.trace.refusal import refuse
from wrt.trace.stacking import scattered

Axes = tuple[int, ...]
Position = tuple[int, ...]
Key = tuple[Any, ...]
Layout = Callable[[], Any]  # an array laid out as NumPy would have it; None where that is not known
_ROOM = 1 << 40  # an array larger than this is not laid out just to see how its views would alias


class Root:
    """Memory of its own; `captured` if it is the user's, who alone writes there."""

    __slots__ = ("_axes", "_memory", "_node", "_pending", "_queue", "captured", "layout", "version")
    locked = doubtful = False

    def __init__(self, node: Node, memory: Any = None, *, captured: bool = False) -> None:
        self._node, self._memory, self.captured = node, memory, captured
        self.layout: Layout | None = None  # asked for only if somebody reshapes it; without it, the memory is in C order
        self._axes: Axes = ()
        self._pending: dict[Position, Node] = {}  # writes to sections of the same axes
        self._queue: list[tuple[Key, Node]] = []  # writes of any kind before them
        self.version = 0

    @property
    def shape(self) -> Shape:
        return self._node.shape

    @property
    def dtype(self) -> DType:
        return self._node.dtype

    @property
    def node(self) -> Node:
        if self._queue:
            self._enqueue()
            self._node, self._queue = assign_many(self.shape, self.dtype, self._node, self._queue), []
        elif self._pending:
            self._node, self._pending = filled(self._node, self._axes, self._pending), {}
        return self._node

    @node.setter
    def node(self, value: Node) -> None:
        if value is not self.node:
            self._node = value
            self.version += 1

    @property
    def memory(self) -> Any:
        """An array laid out like this one, to ask NumPy what is a view of what; None where sizes are symbols."""
        if self.layout is not None and self._memory is None:
            self._memory = self.layout()
            if self._memory is not None:
                self.layout = None
        entries = product(self.shape)
        if self._memory is None and isinstance(entries, int) and entries < _ROOM:
            self._memory = np.empty([as_int(size, "Memory") for size in self.shape], np.int8)
        return self._memory

    @property
    def settled(self) -> bool:
        """Whether the memory is known already: an input's, or one that was asked for."""
        return self._memory is not None

    @property
    def unsure(self) -> bool:
        """Whether it is not known how NumPy would have laid this array out."""
        _ = self.memory  # ask: a layout that is found is forgotten
        return self.layout is not None

    def read(self, axes: Axes, position: Position) -> Node:
        """A section, without settling writes to other sections."""
        if self._queue:
            return part(self.node, axes, position)
        if self._pending:
            if not set(self._axes) <= set(axes):
                return part(self.node, axes, position)
            at = dict(zip(axes, position, strict=True))
            held = self._pending.get(tuple(at[axis] for axis in self._axes))
            if held is not None:
                left = [axis for axis in axes if axis not in self._axes]
                moved = tuple(axis - sum(a < axis for a in self._axes) for axis in left)
                return part(held, moved, tuple(at[axis] for axis in left))
        return part(self._node, axes, position)

    def write(self, axes: Axes, position: Position, value: Node) -> None:
        """A section becomes `value`, which has its shape and dtype."""
        if not axes:
            self._queue, self._pending, self._node = [], {}, value
        elif not all(isinstance(size, int) for size in self.shape):
            self._node = assign(self.node, key_of(axes, position, len(self.shape)), value)
        else:
            if self._pending and self._axes != axes:
                self._enqueue()
            self._axes = axes
            self._pending[position] = value
        self.version += 1

    def write_at(self, key: Key, value: Node) -> None:
        """What any index selects becomes `value`."""
        if not all(isinstance(size, int) for size in self.shape):
            self._node = assign(self.node, key, value)
        else:
            self._enqueue()
            self._queue.append((key, value))
        self.version += 1

    def _enqueue(self) -> None:
        self._queue += [(key_of(self._axes, position, len(self.shape)), value) for position, value in self._pending.items()]
        self._pending = {}

    @property
    def root(self) -> Root:
        return self


@dataclass(frozen=True, slots=True)
class Step:
    """From a parent to its view: how to read it, how to write it back (None: read-only), and the same for its memory."""

    get: Callable[[Node], Node]
    put: Callable[[Node, Node], Node] | None
    remember: Callable[[Any], Any]
    section: tuple[Axes, Position] | None = None
    key: Key | None = None
    doubtful: bool = False  # NumPy may have made a copy here
    flat: bool = False  # a.flat: it writes through, and what is cut from it is a copy


class View:
    """Part of another array's memory."""

    __slots__ = ("_memory", "_node", "_seen", "parent", "step")

    def __init__(self, parent: Root | View, step: Step) -> None:
        self.parent, self.step = parent, step
        self._memory: Any = None
        self._seen = self.root.version
        self._node = self._read()

    def _read(self) -> Node:
        return self.step.get(self.parent.node) if self.step.section is None else self.parent.read(*self.step.section)

    @property
    def root(self) -> Root:
        return self.parent.root

    @property
    def doubtful(self) -> bool:
        """Whether NumPy may have made a copy on the way from the memory to here."""
        return self.step.doubtful or self.parent.doubtful

    @property
    def locked(self) -> bool:
        """Whether this is one of NumPy's read-only views: a diagonal, a broadcast array."""
        return self.parent.locked or self.step.put is None

    @property
    def shape(self) -> Shape:
        return self._node.shape

    @property
    def dtype(self) -> DType:
        return self._node.dtype

    @property
    def memory(self) -> Any:
        if self._memory is None and self.parent.memory is not None:
            self._memory = self.step.remember(self.parent.memory)
        return self._memory

    @property
    def node(self) -> Node:
        if self._seen != self.root.version:
            if self.step.doubtful:
                raise unsure()
            self._node, self._seen = self._read(), self.root.version
        return self._node

    @node.setter
    def node(self, value: Node) -> None:
        if value is self.node:
            return
        if self.step.section is not None:
            self.parent.write(*self.step.section, value)
        else:
            assert self.step.put is not None
            self.parent.node = self.step.put(self.parent.node, value)

    def read(self, axes: Axes, position: Position) -> Node:
        if self.step.section is None:
            return part(self.node, axes, position)
        return self.parent.read(*self._joined(axes, position, self.step.section))

    def write(self, axes: Axes, position: Position, value: Node) -> None:
        if not axes:
            self.node = value
        elif self.step.section is None:
            self.node = assign(self.node, key_of(axes, position, len(self.shape)), value)
        else:
            self.parent.write(*self._joined(axes, position, self.step.section), value)

    def write_at(self, key: Key, value: Node) -> None:
        self.node = assign(self.node, key, value)

    def _joined(self, axes: Axes, position: Position, section: tuple[Axes, Position]) -> tuple[Axes, Position]:
        """A section of a section, as a section of the parent."""
        free = [axis for axis in range(len(self.parent.shape)) if axis not in section[0]]
        at = dict(zip(section[0], section[1], strict=True)) | {free[axis]: p for axis, p in zip(axes, position, strict=True)}
        ordered = tuple(sorted(at))
        return ordered, tuple(at[axis] for axis in ordered)


def unsure() -> Unsupported:
    """The refusal of a write that NumPy would have done to a view or to a copy, we do not know which."""
    fact = "This is a write to reshaped memory, and whether NumPy shares or copies it here depends on a layout that wrt does not know."
    return refuse(fact, advice="Copy first, a = a.copy(), and reshape that; or write to the array before it is reshaped.")


def key_of(axes: Axes, position: Position, ndim: int) -> tuple[Any, ...]:
    """A section as an index."""
    at = dict(zip(axes, position, strict=True))
    return tuple(at.get(axis, slice(None)) for axis in range(ndim))


def part(node: Node, axes: Axes, position: Position) -> Node:
    """node[section]."""
    if not axes:
        return node
    at = dict(zip(axes, position, strict=True))
    left = [axis for axis in range(node.ndim) if axis not in at]
    index = tuple(fixed(at[axis]) if axis in at else ats([left.index(axis)])[0] for axis in range(node.ndim))
    shape = tuple(node.shape[axis] for axis in left)
    return nest(shape, [Term(shape, ats(range(len(left))), (Factor(node, index),))], node.dtype)


def filled(base: Node, axes: Axes, writes: dict[Position, Node]) -> Node:
    """The array with many sections written at once: one sum of scattered terms, and of the base what is left of it."""
    left = [axis for axis in range(base.ndim) if axis not in axes]
    counts: tuple[Any, ...] = tuple(base.shape[axis] for axis in axes)
    keep = np.ones(counts, bool)
    keep[tuple(np.array(list(writes)).T)] = False
    terms: list[Term] = []
    if not is_zero(base) and keep.any():
        kept = [from_values(table, (0,)) for table in np.nonzero(keep)]
        index = _placed(axes, kept, left, 1, base.ndim)
        terms.append(Term((int(keep.sum()), *(base.shape[axis] for axis in left)), index, (Factor(base, index),)))
    sizes = tuple(base.shape[axis] for axis in left)
    terms += scattered(sizes, writes, lambda there, first: _placed(axes, there, left, first, base.ndim))
    return nest(base.shape, terms, base.dtype)


def _placed(axes: Axes, there: list[Index], left: list[int], first: int, ndim: int) -> tuple[Index, ...]:
    """`there` on the section's axes, labels from `first` on the others."""
    return tuple(there[axes.index(a)] if a in axes else ats([first + left.index(a)])[0] for a in range(ndim))


def whole(node: Node, shape: Shape, dtype: DType) -> Node:
    """A value, broadcast, as it is written into an array of this shape and dtype."""
    if node.shape == shape and node.dtype == dtype:
        return node
    index = broadcast_index(node.shape, ats(range(len(shape))), shape)
    return nest(shape, [Term(shape, ats(range(len(shape))), (Factor(node, index),))] if 0 not in shape else [], dtype)
