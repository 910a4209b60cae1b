"""Creation: new arrays of the shape and dtype of another, filled with zeros, ones, a value, or its own entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.errors import Unsupported
from wrt.graph.index import ats
from wrt.graph.nest import nest
from wrt.graph.node import DType, Node, Shape, number
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import Case, implements
from wrt.ops.rearrangement import as_shape, broadcast_to

_CASES = [Case(((2, 3),)), Case(((),)), Case(((3,),), {"shape": (2, 2)})]


@implements(np.zeros_like, cases=_CASES)
def zeros_like(a: Node, dtype: Any = None, shape: Any = None) -> Node:
    return _filled(a, 0, dtype, shape)


@implements(np.empty_like, cases=_CASES)
def empty_like(prototype: Node, dtype: Any = None, shape: Any = None) -> Node:
    """Zeros: what NumPy leaves there is nobody's value."""
    return _filled(prototype, 0, dtype, shape)


@implements(np.ones_like, cases=_CASES)
def ones_like(a: Node, dtype: Any = None, shape: Any = None) -> Node:
    return _filled(a, 1, dtype, shape)


@implements(np.full_like, cases=[Case(((2, 3), ())), Case(((2,), (2,)))])
def full_like(a: Node, fill_value: Node, dtype: Any = None, shape: Any = None) -> Node:
    value = number(fill_value)
    if value is not None:
        return _filled(a, value, dtype, shape)
    wanted, kind = _like(a, dtype, shape)
    if kind.kind in "iub" and fill_value.dtype.kind == "f":
        raise Unsupported(f"A float cannot fill an array of dtype {kind} without being cut.", advice="Give dtype=float.")
    spread = broadcast_to(fill_value, wanted)
    return spread if spread.dtype == kind else as_dtype(spread, kind)


@implements(np.copy, cases=[Case(((2, 3),)), Case(((),))])
def copy(a: Node) -> Node:
    """The same node: nodes are never written to."""
    return a


def as_dtype(node: Node, dtype: DType) -> Node:
    """The array in another dtype, which must be able to hold it."""
    labels = ats(range(node.ndim))
    return nest(node.shape, [Term(node.shape, labels, (Factor(node, labels),))], dtype)


def _like(a: Node, dtype: Any, shape: Any) -> tuple[Shape, DType]:
    return a.shape if shape is None else as_shape(shape), a.dtype if dtype is None else np.dtype(dtype)


def _filled(a: Node, value: Any, dtype: Any, shape: Any) -> Node:
    wanted, kind = _like(a, dtype, shape)
    scale = kind.type(value).item()
    return nest(wanted, [Term(wanted, ats(range(len(wanted))), (), int(scale) if kind.kind in "iub" else scale)], kind)
