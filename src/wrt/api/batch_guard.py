"""Which of many points a traced variant fits: the guards of the trace, evaluated for blocks of points at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from wrt.api.batch_program import BatchProgram, program
from wrt.api.prepared import Prepared
from wrt.graph.node import Node
from wrt.lower.numpy_source import source
from wrt.trace.guards import Guard


def fitting(prepared: Prepared, names: Collection[str], arrays: Sequence[Any], points: Any) -> Any:
    """Whether the variant fits, for each of the points (positions along the inputs of these names).

    Raises NotLifted.
    """
    key = ("guards", tuple(sorted(names)))
    if key not in prepared.extra:
        nodes = [node for guard in prepared.guards for node in guard.nodes]
        made = program(prepared.inputs, names, nodes, [])
        prepared.extra[key] = made, source("guards", made.inputs, made.outputs).compile()
    lifted, function = prepared.extra[key]
    found = np.zeros(len(points), bool)
    done = 0
    for at, given in lifted.blocks(arrays, points):
        found[done : done + len(at)] = _block(prepared, lifted, function, given, len(at))
        done += len(at)
    return found


def _block(prepared: Prepared, lifted: BatchProgram, function: Any, given: list[Any], count: int) -> Any:
    try:
        with np.errstate(all="ignore"):  # behind a guard that does not hold anything may be computed
            values = function(*given)
    except Exception:  # noqa: BLE001  # a value that only exists where an earlier guard holds
        return _one_by_one(prepared, lifted, given, count)
    left = list(values) if len(lifted.outputs) > 1 else [values]
    varying = list(lifted.varying)
    fits = np.ones(count, bool)
    for guard in prepared.guards:
        n = len(guard.nodes)
        fits &= _holds(guard, left[:n], varying[:n], count, fits)
        del left[:n], varying[:n]
        if not fits.any():
            break
    return fits


def _one_by_one(prepared: Prepared, lifted: BatchProgram, given: list[Any], count: int) -> Any:
    """Guard after guard at one point after another, as a call at that point has it."""
    function = source("guards", prepared.inputs, [], prepared.guards).compile()
    with np.errstate(all="ignore"):
        return np.array([function(*(a[i] if along else a for a, along in zip(given, lifted.along, strict=True))) is not None for i in range(count)])


def _holds(guard: Guard, values: list[Any], varying: list[bool], count: int, among: Any) -> Any:
    """Where the guard holds; `among` says at which points it matters."""
    if not any(varying):
        return np.full(count, guard.holds([np.asarray(value) for value in values]))
    if len(values) == 1:
        array = np.asarray(values[0])
        (node,) = guard.nodes
        if guard.read is None or _is_bool(node, guard.value):
            return _equal(array, guard.value, node)
        if array.dtype.kind in "biu":  # few values, many points
            each, where = np.unique(array.reshape(count, -1), axis=0, return_inverse=True)
            return np.array([guard.holds([row.reshape(array.shape[1:])]) for row in each], bool)[where.reshape(count)]
    found = np.zeros(count, bool)
    for i in np.flatnonzero(among):
        found[i] = guard.holds([np.asarray(value[i] if mine else value) for value, mine in zip(values, varying, strict=True)])
    return found


def _is_bool(node: Node, value: Any) -> bool:
    """Whether the guard is about one truth value, which is what was read."""
    return node.dtype.kind == "b" and node.shape == () and isinstance(value, bool | np.bool_)


def _equal(array: Any, value: Any, node: Node) -> Any:
    expected = np.asarray(value)
    if expected.shape != node.shape or expected.dtype.kind != array.dtype.kind:
        return np.zeros(len(array), bool)
    alike = array == expected
    if array.dtype.kind == "f":
        alike |= np.isnan(array) & np.isnan(expected)
    return alike.reshape(len(array), -1).all(axis=1)
