"""The value of nodes at once, step by step: what a tracer needs when the user's function branches on a number."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from wrt.graph.node import Node, array_of, number
from wrt.graph.walk import topological
from wrt.lower.numpy_source import source
from wrt.ops.catalog import OPERATIONS

_steps: WeakKeyDictionary[Node, Callable[..., Any]] = WeakKeyDictionary()


def evaluate(outputs: Sequence[Node], known: Mapping[Node, Any]) -> list[Any]:
    """The outputs' arrays, given those of some nodes below them (of the variables at least)."""
    made: dict[Node, Any] = {}
    arrays = ChainMap(made, known)  # type: ignore[arg-type]  # only `made` is written to
    for node in topological(outputs, known):
        made[node] = _value(node, arrays)
    return [arrays[node] for node in outputs]


def _value(node: Node, known: Mapping[Node, Any]) -> Any:
    value = number(node)
    if value is not None:
        return value
    if node.op in ("frozen", "captured"):
        return array_of(node)
    arrays = [known[child] for child in node.inputs]
    if node.op != "nest":
        return OPERATIONS[node.op].value(node, *arrays)
    step = _steps.get(node)
    if step is None:
        step = source("step", {child: f"a{k}" for k, child in enumerate(node.inputs)}, [node]).compile()
        _steps[node] = step
    return step(*arrays)
