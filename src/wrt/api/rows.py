"""Rows of a dense Jacobian, a block at a time, and the limit on what one result may take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.api.prepared import own
from wrt.differentiate.accumulate import accumulate
from wrt.differentiate.cost import volume
from wrt.errors import ArgumentError
from wrt.graph.index import Index, Table, at
from wrt.graph.node import INT, Node, variable
from wrt.graph.term import Term
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap, from_dense, identity
from wrt.lower.numpy_source import source

if TYPE_CHECKING:
    from wrt.api.prepared import Prepared

MAX_BYTES = 2**26  # of a block, unless the caller says otherwise


def check_bytes(max_bytes: Any) -> None:
    """Refuse what is no number of bytes."""
    if isinstance(max_bytes, bool) or not isinstance(max_bytes, int | np.integer) or max_bytes < 1:
        raise ArgumentError(f"max_bytes must be a positive number of bytes, not {max_bytes!r}.")


def block_rows(name: str, prepared: Prepared, count: int, max_bytes: int) -> int:
    """How many rows a block may have."""
    check_bytes(max_bytes)
    one = sum(prod(_numbers(v)) * dtype.itemsize for v, dtype in zip(prepared.variables, prepared.dtypes, strict=True))
    if one > max_bytes:
        raise ArgumentError(
            f"One row of the Jacobian of {name} takes {one} bytes, and max_bytes is {max_bytes}.",
            advice="Give room for a row at least, or take .operator or wrt.vjp, which hold no rows.",
        )
    return max(1, min(count, max_bytes // max(one, 1)))


def is_sparse(prepared: Prepared, max_bytes: int) -> bool:
    """Whether the whole Jacobian fits into a block as a sparse matrix: values and their columns."""
    entries = sum(volume(term.sizes) for m in prepared.maps for term in m.terms)
    return 2 * entries * prepared.dtypes[0].itemsize <= max_bytes


def rows_of(matrix: Any, step: int, by: Node) -> Iterator[tuple[slice, Any]]:
    """Rows of a sparse matrix, made dense."""
    for start in range(0, matrix.shape[0], step):
        rows = slice(start, min(start + step, matrix.shape[0]))
        yield rows, matrix[rows].toarray().reshape(-1, *_numbers(by))


def blocks(prepared: Prepared, arrays: Sequence[Any], shape: tuple[int, ...], step: int, single: bool) -> Iterator[tuple[slice, Any]]:
    """Slices of the flattened output and the rows of the Jacobian there."""
    return _blocks(prepared, [np.array(a) for a in arrays], shape, step, single)  # copies: they may change before the last block


def _blocks(prepared: Prepared, arrays: list[Any], shape: tuple[int, ...], step: int, single: bool) -> Iterator[tuple[slice, Any]]:
    """A program of a fixed number of rows, run again and again; the last time it goes back as far as it must to be full."""
    count = prod(shape)
    run, by_position, held = _rows_program(prepared, step)
    for start in range(0, count, step):
        first = min(start, count - step)
        rows = np.unravel_index(np.arange(first, first + step), shape) if shape else ()
        seeds = list(rows) if by_position else [np.zeros((step, *shape), prepared.node.dtype)]
        if not by_position:
            seeds[0][(np.arange(step), *rows)] = 1
        found = run(*arrays, *seeds)
        found = found if isinstance(found, tuple) else (found,)
        made = tuple(own(each, [*arrays, *held], dtype)[start - first :] for each, dtype in zip(found, prepared.dtypes, strict=True))
        yield slice(start, min(start + step, count)), made[0] if single else made


def _rows_program(prepared: Prepared, step: int) -> tuple[Any, bool, list[Any]]:
    """The program that gives so many rows, whether it takes their positions (else rows of weights), and the arrays it refers to."""
    if ("rows", step) not in prepared.extra:
        indices = [variable(f"rows along axis {axis}", (step,), INT) for axis in range(prepared.node.ndim)]
        col: list[Index] = [Table(node, (at(0),)) for node in indices]
        selected = LinearMap((step,), prepared.node.shape, (Term((step,), (at(0), *col)),))
        weights = variable("weights", (step, *prepared.node.shape), prepared.node.dtype)
        ways = [_rows(prepared, selected), _rows(prepared, from_dense(weights, 1))]
        # Whichever holds the smaller arrays: rows chosen by position may meet an operation whose entries they cannot be told
        # apart in beforehand, and then the whole Jacobian would be made.
        best = min(range(2), key=lambda way: (_largest(ways[way]), way))
        extra = {node: f"rows{axis}" for axis, node in enumerate(indices)} if best == 0 else {weights: "weights"}
        made = source("rows", prepared.inputs | extra, ways[best])
        prepared.extra["rows", step] = made.compile(), best == 0, [a for a in made.held.values() if isinstance(a, np.ndarray)]
    found: tuple[Any, bool, list[Any]] = prepared.extra["rows", step]
    return found


def _rows(prepared: Prepared, covector: LinearMap) -> list[Node]:
    maps, _ = accumulate(prepared.node, {v: identity(v.shape) for v in prepared.variables}, covector, "reverse")
    return [maps[v].to_dense(dtype) for v, dtype in zip(prepared.variables, prepared.dtypes, strict=True)]


def _largest(outputs: Sequence[Node]) -> float:
    return max((volume(node.shape) for node in topological(outputs) if node.op not in ("frozen", "captured")), default=0.0)


def allow(name: str, prepared: Prepared, max_bytes: int, *, second: bool = False) -> None:
    """Refuse a dense result of more than max_bytes."""
    outer = prod(_numbers(prepared.node))
    total = 0
    for v, dtype in zip(prepared.variables, prepared.dtypes, strict=True):
        inner = sum(prod(_numbers(w)) for w in prepared.variables) if second else 1
        total += outer * prod(_numbers(v)) * inner * dtype.itemsize
    if total > max_bytes:
        what = "Hessian" if second else "Jacobian"
        ways = "wrt.hvp (products)" if second else ".sparse (its nonzeros), .operator (products) or .blocks (a few rows at a time)"
        fact = f"The dense {what} of {name} would take {total} bytes, and max_bytes is {max_bytes}."
        raise ArgumentError(fact, advice=f"Take {ways} instead, or allow more.")


def _numbers(node: Node) -> tuple[int, ...]:
    """The shape of a node of a program that is run, whose sizes are numbers."""
    return tuple(int(n) for n in node.shape if isinstance(n, int))
