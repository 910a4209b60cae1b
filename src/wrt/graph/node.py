"""Nodes: the immutable, shared expressions that everything else computes with.

A node is an operation's name, its inputs and static attributes, with a shape and a dtype. Equal nodes are one object
(hash-consing), so identity is equality and shared work is found for free. What an operation means is not known here: the
catalogue in `wrt.ops` says it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from wrt.graph.size import Size

if TYPE_CHECKING:
    from numpy.typing import NDArray

Shape = tuple[Size, ...]
Scalar = int | float
DType = np.dtype[Any]

FLOAT, INT, BOOL = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.bool_)
_PLAIN = frozenset((FLOAT, INT, BOOL))


class Node:
    """One array-valued expression. `variables` are the inputs of the program that it depends on."""

    __slots__ = ("__weakref__", "attrs", "dtype", "inputs", "op", "shape", "variables", "weak")
    op: str
    inputs: tuple[Node, ...]
    attrs: Hashable
    shape: Shape
    dtype: DType
    weak: bool
    variables: frozenset[Node]

    def __init__(self, op: str, inputs: tuple[Node, ...], attrs: Hashable, shape: Shape, dtype: DType, weak: bool) -> None:
        give = object.__setattr__  # a loop of scalars makes many thousand nodes: not by way of the check below
        give(self, "op", op)
        give(self, "inputs", inputs)
        give(self, "attrs", attrs)
        give(self, "shape", shape)
        give(self, "dtype", dtype)
        give(self, "weak", weak)  # a Python scalar: it takes on the dtype of what it meets, as in NumPy 2
        give(self, "variables", frozenset((self,)) if op == "variable" else _union(inputs))

    def __setattr__(self, name: str, value: object) -> None:
        if hasattr(self, name):
            raise AttributeError(f"A node never changes; {name} is already set.")
        object.__setattr__(self, name, value)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    if TYPE_CHECKING:  # wrt.graph.arithmetic supplies the operators, so that rules can be written as formulas

        def __add__(self, other: Operand) -> Node: ...
        def __radd__(self, other: Operand) -> Node: ...
        def __sub__(self, other: Operand) -> Node: ...
        def __rsub__(self, other: Operand) -> Node: ...
        def __mul__(self, other: Operand) -> Node: ...
        def __rmul__(self, other: Operand) -> Node: ...
        def __truediv__(self, other: Operand) -> Node: ...
        def __rtruediv__(self, other: Operand) -> Node: ...
        def __pow__(self, other: Operand) -> Node: ...
        def __neg__(self) -> Node: ...

    def __repr__(self) -> str:
        inner = ", ".join(str(i.attrs[0]) if i.op == "variable" else i.op for i in self.inputs)  # type: ignore[index]
        return f"<{self.op}({inner}) {self.dtype}[{', '.join(map(str, self.shape))}]>"


Operand = Node | int | float


def _union(inputs: tuple[Node, ...]) -> frozenset[Node]:
    found: frozenset[Node] = frozenset()
    for node in inputs:
        if node.variables and not node.variables <= found:
            found = found | node.variables
    return found


_interned: WeakValueDictionary[Hashable, Node] = WeakValueDictionary()
_lock = threading.RLock()  # a finalizer that the collector runs meanwhile may trace something
if hasattr(os, "register_at_fork"):  # a forked process must not wait for a thread that it does not have
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def make(op: str, inputs: tuple[Node, ...], attrs: Hashable, shape: Shape, dtype: DType, *, weak: bool = False) -> Node:
    """The one node with these parts."""
    key = (op, inputs, attrs, shape, dtype, weak)
    with _lock:
        node = _interned.get(key)
        if node is None:
            node = _interned[key] = Node(op, inputs, attrs, shape, dtype, weak)
    return node


def variable(name: str, shape: Shape, dtype: DType = FLOAT, *, weak: bool = False) -> Node:
    """An input of the program."""
    return make("variable", (), (name,), shape, dtype, weak=weak)


_SAMPLE = 1024  # a long array is hashed by about so many of its entries; equality compares them all


class Contents:
    """An array (in C order, read-only) as a key: equal to another with the same dtype, shape and bits. Hashed once, never copied."""

    __slots__ = ("_hash", "array")

    def __init__(self, array: NDArray[Any]) -> None:
        self.array = array
        sample = array if array.size <= _SAMPLE else array.reshape(-1)[:: array.size // _SAMPLE]
        self._hash = hash((array.dtype.str, array.shape, sample.tobytes()))

    def __eq__(self, other: object) -> bool:
        if self is other or not isinstance(other, Contents):
            return self is other
        a, b = self.array, other.array
        if self._hash != other._hash or a.dtype != b.dtype or a.shape != b.shape:
            return False
        return a is b or np.array_equal(a.reshape(-1).view(np.uint8), b.reshape(-1).view(np.uint8))

    def __hash__(self) -> int:
        return self._hash


class Held:
    """An array that a node refers to. The user's own arrays are held by reference and read again at every run."""

    __slots__ = ("array", "key")

    def __init__(self, array: NDArray[Any], key: Hashable) -> None:
        self.array, self.key = array, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Held) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


def constant(value: Scalar) -> Node:
    """A Python number. -0.0 and 0.0 are kept apart, and so are 1 and 1.0."""
    dtype = BOOL if isinstance(value, bool) else INT if isinstance(value, int) else FLOAT
    return make("constant", (), (type(value).__name__, repr(value), value), (), dtype, weak=True)


def frozen(array: NDArray[Any], *, copy: bool = True) -> Node:
    """An array of our own that never changes (an index table, a mask): equal contents are one node.

    It is copied, as whoever made it may go on writing to theirs; without `copy` it is a new array in C order that is given away.
    """
    array = np.array(array, order="C") if copy else array
    array.setflags(write=False)
    return make("frozen", (), Held(array, Contents(array)), array.shape, array.dtype)


def captured(array: NDArray[Any]) -> Node:
    """The user's array, by reference: its contents may change between runs and are never folded into formulas."""
    return make("captured", (), Held(array, id(array)), array.shape, array.dtype)


def array_of(node: Node) -> NDArray[Any]:
    """The array that a frozen or captured node holds."""
    assert isinstance(node.attrs, Held)
    return node.attrs.array


def number(node: Node) -> Scalar | None:
    """The value of a constant node, else None."""
    return node.attrs[2] if node.op == "constant" else None  # type: ignore[index]


def promote(*nodes: Node) -> DType:
    """The dtype that NumPy gives to arithmetic between these."""
    if all([n.dtype in _PLAIN for n in nodes]):  # noqa: C419  # a list is faster here, and so is all of this
        kept = [n.dtype for n in nodes if not n.weak] or [n.dtype for n in nodes]
        if FLOAT in kept:
            return FLOAT
    strong = [n.dtype for n in nodes if not n.weak]
    weak: list[Any] = [np.dtype(n.dtype).type(0).item() for n in nodes if n.weak]
    return np.result_type(*strong, *weak) if strong else np.result_type(*(n.dtype for n in nodes))
