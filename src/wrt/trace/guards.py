"""A trace: one run of the user's function on stand-ins, the values behind them, and the choices that the values made.

Where Python needs a value (`if`, an index, a mask, the order of a sort) the trace computes it and records a guard. The traced
program holds for every input at which all guards read the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.graph.node import Node, Shape, array_of, captured, number, variable
from wrt.graph.size import NeedsSizes
from wrt.trace.dependency import Dependencies
from wrt.trace.refusal import at_user, refuse
from wrt.trace.source import here
from wrt.trace.traced import Traced

_NO_VALUES = "This needs the value of an array, and a formula is derived from shapes alone."
_WITHOUT_VALUES = "Write it without `if` or indices that depend on values (np.where, np.maximum), or ask for numbers: wrt.jacobian."
Evaluate = Callable[[Sequence[Node], Mapping[Node, Any]], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Guard:
    """The program is right where `read` of these nodes' arrays (or the one array itself) is `value`; `where` made the choice."""

    nodes: tuple[Node, ...]
    value: Any
    where: str
    read: Callable[..., Any] | None = None

    def holds(self, arrays: Sequence[Any]) -> bool:
        try:
            found = arrays[0] if self.read is None else self.read(*arrays)
        except (ValueError, TypeError, IndexError, OverflowError, ArithmeticError):
            return False  # what could be read then cannot be now: nan as an integer, another shape
        return same(found, self.value)


def same(a: Any, b: Any) -> bool:
    """Equal in kind, shape and contents; NaN equals NaN."""
    if isinstance(a, tuple | list) or isinstance(b, tuple | list):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    left, right = np.asarray(a), np.asarray(b)
    if left.shape != right.shape or left.dtype.kind != right.dtype.kind:
        return False
    return bool(np.array_equal(left, right, equal_nan=left.dtype.kind == "f"))


class Trace:
    """The state of one run.

    Parameters
    ----------
    evaluate
        Computes nodes: (nodes, arrays known by node) -> arrays in the order of the nodes.
    name
        What messages call the function.
    numbers
        Whether the inputs have values. Without values (formulas from shapes), any need for one is refused.
    """

    def __init__(self, evaluate: Evaluate, *, name: str = "f", numbers: bool = True) -> None:
        self.name = name
        self.numbers = numbers
        self.guards: list[Guard] = []
        self.dependencies = Dependencies()
        self.differentiated: frozenset[Node] = frozenset()
        self.through: Callable[[Any], Callable[..., Any] | None] = lambda _: None  # a library function in Python, rebound like a helper
        self.narrow = False  # whether some array is narrower than float64: then NumPy's own scalars widen what they meet
        self._evaluate = evaluate
        self._arrays: dict[Node, Any] = {}
        self._guarded: set[Node] = set()
        self._fixed: dict[Node, bool] = {}
        self._captured: dict[int, Traced] = {}

    # ----- inputs -----------------------------------------------------------------------------------------------------
    def variable(self, name: str, value: Any, *, differentiated: bool = False) -> Traced:
        """An input with its value. Python numbers take on the dtype of what they meet, as in NumPy."""
        weak = type(value) in (bool, int, float)
        array = np.asarray(value)
        self._check(array, name)
        node = variable(name, array.shape, array.dtype, weak=weak)
        self._arrays[node] = _readonly(array)
        if differentiated:
            self.differentiated |= {node}
        return Traced.of(self, node, scalar=weak or isinstance(value, np.generic), memory=array)

    def symbol(self, name: str, shape: Shape, dtype: Any = np.float64, *, differentiated: bool = False) -> Traced:
        """An input that has only a shape."""
        node = variable(name, shape, np.dtype(dtype))
        if differentiated:
            self.differentiated |= {node}
        return Traced.of(self, node, scalar=not shape)

    def constant_array(self, array: Any) -> Traced:
        """The user's array, read again at every run and never written."""
        held = self._captured.get(id(array))
        if held is None:
            held = Traced.of(self, self.captured_node(array), memory=array, captured=True)
            self._captured[id(array)] = held  # by identity: two names of one array are one array
        return held

    def captured_node(self, array: Any) -> Node:
        self._check(array, "A captured array")
        self.dependencies.watch_array(array)
        return captured(array)

    def _check(self, array: Any, name: str) -> None:
        if array.dtype.kind == "c":
            raise refuse(f"{name} is complex.", advice="wrt differentiates by real inputs: pass real and imaginary parts apart.")
        if array.dtype.kind not in "fiub":
            raise ArgumentError(f"{name} has dtype {array.dtype}; wrt works on arrays of real numbers.")
        if array.dtype.kind == "f" and array.dtype.itemsize < 8:
            self.narrow = True

    # ----- values -----------------------------------------------------------------------------------------------------
    def dependent(self, node: Node) -> bool:
        """Whether the node depends on what we differentiate by."""
        return not node.variables.isdisjoint(self.differentiated)

    def fixed(self, node: Node) -> bool:
        """Whether the node has the same value in every run."""
        if node.variables:
            return False
        waiting = [node]
        while waiting:
            top = waiting[-1]
            if top in self._fixed:
                waiting.pop()
                continue
            missing = [child for child in top.inputs if child not in self._fixed]
            if missing:
                waiting += missing
                continue
            waiting.pop()
            self._fixed[top] = top.op not in ("captured", "size") and all(self._fixed[child] for child in top.inputs)
        return self._fixed[node]

    def concrete(self, node: Node, read: Callable[[Any], Any] | None = None) -> Any:
        """The node's value now (or what `read` makes of it), read-only; later runs must agree with it."""
        array = self.value(node)
        if self.fixed(node):
            return array if read is None else read(array)
        if read is not None:
            found = read(array)
            self.guards.append(Guard((node,), found, here(), read))
            return found
        if node not in self._guarded:
            self._guarded.add(node)
            self.guards.append(Guard((node,), np.array(array), here()))  # a copy: the user's arrays change
        return array

    def depend_on(self, nodes: Sequence[Node], read: Callable[..., Any]) -> Any:
        """`read` of the nodes' values; later runs must read the same."""
        found = read(*map(self.value, nodes))
        if not all(map(self.fixed, nodes)):
            self.guards.append(Guard(tuple(nodes), copy.deepcopy(found), here(), read))
        return found

    def value(self, node: Node) -> Any:
        """The node's value in this run, without a guard."""
        if node not in self._arrays:
            missing = self._missing(node)
            for found, array in zip(missing, self._evaluate(missing, self._arrays), strict=True):
                self._arrays[found] = _readonly(array)
        return self._arrays[node]

    def _missing(self, node: Node) -> list[Node]:
        """The nodes below that have no value yet, inputs first: a walk that stops where values are known."""
        order: dict[Node, None] = {}
        waiting = [(node, False)]
        while waiting:
            top, ready = waiting.pop()
            if ready:
                order[top] = None
            elif top not in order and top not in self._arrays:
                if top.op == "size" and not node.variables:
                    raise at_user(NeedsSizes(f"This needs the size {top.attrs} as a number."))
                if top.op in ("variable", "size"):
                    raise refuse(_NO_VALUES, advice=_WITHOUT_VALUES)
                known = _at_once(top)
                if known is not None:
                    self._arrays[top] = known
                    continue
                waiting.append((top, True))
                waiting += [(child, False) for child in top.inputs]
        return list(order)


def _at_once(node: Node) -> Any:
    if node.op in ("frozen", "captured"):
        return _readonly(array_of(node))
    value = number(node)
    return None if value is None else np.asarray(value)


def _readonly(array: Any) -> Any:
    array = np.asarray(array)
    if array.flags.writeable:
        array = array.view()
        array.setflags(write=False)
    return array
