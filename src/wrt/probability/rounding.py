"""Closed forms at many points: steps, one after the other, with running bounds of what rounding has done to their values.

Each operation adds half a place to the error, and passes on the errors of its inputs as far as its values move when they do:
first-order error analysis, measured instead of derived. Source: Higham, Accuracy and Stability of Numerical Algorithms, section 3.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.graph.node import Node
from wrt.graph.walk import topological
from wrt.lower.evaluate import evaluate
from wrt.ops.catalog import OPERATIONS

EPS = float(np.finfo(float).eps)
Measured = tuple[Any, Any]  # values at all points, and bounds of their rounding errors


@dataclass(frozen=True, slots=True)
class Solved:
    """target = node."""

    target: Node
    node: Node


@dataclass(frozen=True, slots=True)
class System:
    """matrix · targets = right."""

    targets: tuple[Node, ...]
    matrix: tuple[tuple[Node, ...], ...]
    right: tuple[Node, ...]


Step = Solved | System


def measure(outputs: Sequence[Node], known: Mapping[Node, Measured]) -> list[Measured]:
    """The values of nodes at all points at once, with running first-order bounds of what rounding has done to them."""
    found = dict(known)
    with np.errstate(all="ignore"):
        for node in topological(outputs, found):
            found[node] = _constant(node) if not node.variables else _measured(node, [found[child] for child in node.inputs])
    return [found[node] for node in outputs]


def _constant(node: Node) -> Measured:
    value = np.asarray(evaluate([node], {})[0])
    exact = value * 2.0**20
    return value, np.where(exact == np.round(exact), 0.0, EPS * np.abs(value))


def _measured(node: Node, inputs: Sequence[Measured]) -> Measured:
    arrays = [value for value, _ in inputs]
    value = np.asarray(_value(node, arrays))
    error = np.zeros(value.shape) if value.dtype.kind == "b" else EPS * np.abs(value)
    for k, (array, bound) in enumerate(inputs):
        if not np.any(bound):
            continue
        if array.dtype.kind == "b":
            error = error + np.where(bound > 0, np.inf, 0.0)  # a condition that may be the other one
            continue
        moved = [_value(node, [*arrays[:k], array + side * bound, *arrays[k + 1 :]]) for side in (1, -1)]
        if value.dtype.kind == "b":
            worst = np.where((moved[0] != value) | (moved[1] != value), np.inf, 0.0)
        else:
            worst = np.fmax(*(np.abs(other - value) for other in moved))
        error = error + np.where(np.isnan(worst), np.inf, worst)
    return value, error


def _value(node: Node, arrays: Sequence[Any]) -> Any:
    if node.op == "solve":  # points are rows
        matrix, right = arrays
        return np.linalg.solve(matrix, np.asarray(right).T).T
    return OPERATIONS[node.op].value(node, *arrays)


def follow(steps: Sequence[Step], known: Mapping[Node, Measured]) -> dict[Node, Measured]:
    """The targets of the steps, one after the other."""
    found = dict(known)
    for step in steps:
        if isinstance(step, Solved):
            found[step.target] = measure([step.node], found)[0]
        else:
            found |= zip(step.targets, _system(step, found), strict=True)
    return found


def _system(step: System, known: Mapping[Node, Measured]) -> list[Measured]:
    m = len(step.targets)
    flat = measure([*(entry for row in step.matrix for entry in row), *step.right], known)
    shape = np.broadcast_shapes(*(np.shape(value) for value, _ in flat))
    both = [np.stack([np.broadcast_to(np.asarray(each[k], float), shape) for each in flat], -1) for k in (0, 1)]
    (A, b), (dA, db) = ((one[..., : m * m].reshape(*shape, m, m), one[..., m * m :]) for one in both)
    bad = ~np.isfinite(A).all((-2, -1))
    A = np.where(bad[..., None, None], np.eye(m), A)
    try:
        back = np.linalg.inv(A)
        x = np.linalg.solve(A, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        return [(np.full(shape, np.nan), np.full(shape, np.inf))] * m
    x[bad] = np.nan
    with np.errstate(all="ignore"):
        part = db + ((dA + m * EPS * np.abs(A)) @ np.abs(x)[..., None])[..., 0]
        error = (np.abs(back) @ part[..., None])[..., 0]
    return [(x[..., k], np.where(np.isnan(error[..., k]), np.inf, error[..., k])) for k in range(m)]
