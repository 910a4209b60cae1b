"""Programs for many points: the lifted graph, compiled once for any number of points, and run in blocks that stay in the cache.

A block is a range of points. Its intermediate arrays are as long as the block, its results are written straight into the
result of all points, and blocks may run side by side: NumPy lets go of the interpreter's lock while it computes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wrt.api.prepared import Prepared
from wrt.differentiate.lift import lifted
from wrt.graph.index import labels_in
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, variable
from wrt.graph.size import Size, as_int, symbol
from wrt.graph.walk import topological
from wrt.lower.numpy_source import Source, source
from wrt.lower.statement import Statement, printed

if TYPE_CHECKING:
    from wrt.api.batch_kernel import BlockKernel

Dense = Literal["jacobian", "hessian", "value", "value_and"]
WORKING, SHARED = 2**20, 2**22  # bytes that all arrays of a block may take together, in one thread and in each of several
FEWEST, MOST = 512, 2**14  # points of a block in one thread: enough to outweigh NumPy's calls, and no more than helps
PARALLEL = 4  # each thread gets so many blocks at least


@dataclass(eq=False)
class BatchProgram:
    """A program for many points.

    `inputs` are its variables by name, in the order of the prepared program's arrays; those that differ by point (`along`) have
    the leading axis `size`, a symbol unless a number was asked for. So have the outputs that differ by point (`varying`); the
    others are the same at all points. `dtypes` are the results'.
    """

    inputs: dict[Node, str]
    along: tuple[bool, ...]
    outputs: list[Node]
    varying: tuple[bool, ...]
    dtypes: list[np.dtype[Any]]
    size: Size

    @cached_property
    def bytes_per_point(self) -> int:
        """What the arrays of the program take together."""
        mine = [node for node in topological(self.outputs) if node.shape[:1] == (self.size,)]
        return max(1, sum(prod(at_point(node)) * node.dtype.itemsize for node in mine))

    def rows(self, workers: int = 1) -> int:
        """How many points a block has: more in several threads, which hand the interpreter's lock to each other at each call."""
        room, factor = (WORKING, 1) if workers == 1 else (SHARED, 4)
        return min(max(room // self.bytes_per_point, 1 if self.bytes_per_point > WORKING // 8 else FEWEST * factor), MOST * factor)

    def workers(self, total: int, threads: int | None) -> int:
        """How many threads are worth while for so many points."""
        blocks = total // self.rows(2)
        return max(1, min(cores(), blocks // PARALLEL) if threads is None else min(threads, blocks))

    @cached_property
    def by_entry(self) -> tuple[bool, ...]:
        """Which inputs are read entry by entry, as in x[0] * x[1]: they are laid out with the points last, so that entries are contiguous."""
        order = topological(self.outputs)
        spread = {child for node in order if node.op != "nest" for child in node.inputs}
        for node in order:
            for term in terms_of(node) if node.op == "nest" else ():
                spread |= {f.node for f in term.factors if any(map(labels_in, f.index[1:]))}
        return tuple(is_along and v.ndim > 1 and v not in spread for v, is_along in zip(self.inputs, self.along, strict=True))

    @cached_property
    def source(self) -> Source:
        """The function `block(inputs…, results…)` that writes into arrays of zeros."""
        made = source("block", self.inputs, self.outputs)
        names = [f"_out{k}" for k in range(len(self.outputs))]
        body = list(made.body)
        for name, result, node, varies, dtype in zip(names, made.results, self.outputs, self.varying, self.dtypes, strict=True):
            first = next((k for k, line in enumerate(body) if line.target == result), None)
            if varies and first is not None and node.dtype == dtype and body[first].text.startswith(f"{result} = np.zeros("):
                body[first] = Statement(f"{result} = {name}", result)  # an array of zeros to be written into: the result itself
            else:
                body.append(Statement(f"{name}[...] = {result}"))
        return Source("block", printed("block", [*self.inputs.values(), *names], body, (), None), made.held)

    @cached_property
    def block(self) -> Callable[..., Any]:
        """The same, compiled."""
        return self.source.compile()  # type: ignore[no-any-return]

    def run(self, arrays: Sequence[Any], results: Sequence[Any], points: Any, threads: int | None, kernel: BlockKernel | None = None) -> None:
        """Fill the results (arrays of zeros with the leading axis) at these points: an array of positions, or their number for all.

        A `kernel` does whole blocks in NumPy's place.
        """
        total = points if isinstance(points, int) else len(points)
        workers = self.workers(total, threads)
        rows = self.rows(workers) if kernel is None else kernel.rows
        count = -(-total // rows)

        def work(first: int, last: int) -> None:
            for k in range(first, last):
                where = slice(k * rows, min((k + 1) * rows, total))
                if isinstance(points, int):
                    self._one(arrays, where, [r[where] for r in results], kernel)
                    continue
                at = points[where]
                parts = [np.zeros((len(at), *r.shape[1:]), r.dtype) for r in results]
                self._one(arrays, at, parts, kernel)
                for result, part in zip(results, parts, strict=True):
                    result[at] = part

        if workers == 1:
            work(0, count)
            return
        bounds = [count * w // workers for w in range(workers + 1)]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(workers) as pool:  # each with the caller's context: np.errstate lives there
            tasks = [pool.submit(copy_context().run, work, bounds[w], bounds[w + 1]) for w in range(workers)]
            for task in tasks:
                task.result()

    def _one(self, arrays: Sequence[Any], at: Any, results: Sequence[Any], kernel: BlockKernel | None) -> None:
        """One block."""
        if kernel is not None and len(results[0]) == kernel.rows and kernel.fill(self.given(arrays, at), results):
            return
        given = [_taken(a, at, turned=turned) if along else a for a, along, turned in zip(arrays, self.along, self.by_entry, strict=True)]
        self.block(*given, *results)

    def blocks(self, arrays: Sequence[Any], points: Any) -> Iterator[tuple[Any, list[Any]]]:
        """The inputs of each block, for programs that are evaluated for themselves: guards."""
        rows = self.rows()
        for start in range(0, len(points), rows):
            at = points[start : start + rows]
            yield at, self.given(arrays, at)

    def given(self, arrays: Sequence[Any], at: Any) -> list[Any]:
        """The inputs at some points."""
        return [a[at] if along else a for a, along in zip(arrays, self.along, strict=True)]


def batch_program(prepared: Prepared, kind: Dense, names: Collection[str]) -> BatchProgram:
    """The dense derivative for many points, of which the inputs of these names differ by point; prepared once.

    Raises NotLifted where an operation has no form for many points at once.
    """
    key = ("batch", kind, tuple(sorted(names)))
    if key not in prepared.extra:
        prepared.extra[key] = program(prepared.inputs, names, dense(prepared, kind), dtypes_of(prepared, kind))
    return prepared.extra[key]  # type: ignore[no-any-return]


def program(
    inputs: dict[Node, str], names: Collection[str], outputs: Sequence[Node], dtypes: Sequence[np.dtype[Any]], size: int | None = None
) -> BatchProgram:
    """The lifted program of any outputs; for blocks of exactly `size` points, if that is given."""
    stem = "N"
    while stem in inputs.values():
        stem += "_"
    many = symbol(stem) if size is None else size
    along = {v: variable(f"all {name}", (many, *v.shape), v.dtype) for v, name in inputs.items() if name in names}
    made = lifted(outputs, along, many)
    varying = tuple(new is not old for new, old in zip(made, outputs, strict=True))
    return BatchProgram({along.get(v, v): name for v, name in inputs.items()}, tuple(v in along for v in inputs), made, varying, list(dtypes), many)


def dense(prepared: Prepared, kind: Dense) -> list[Node]:
    """What is asked for at one point: an array for each input, or for each pair of inputs; the function's value before them."""
    if kind != "hessian":
        return [*[prepared.node] * (kind != "jacobian"), *(prepared.dense if kind != "value" else ())]
    maps = [m for row in prepared.second for m in row]
    return [m.to_dense(dtype) for m, dtype in zip(maps, dtypes_of(prepared, kind), strict=True)]


def dtypes_of(prepared: Prepared, kind: Dense) -> list[np.dtype[Any]]:
    """The dtypes of the same."""
    if kind != "hessian":
        return [*[prepared.node.dtype] * (kind != "jacobian"), *(prepared.dtypes if kind != "value" else ())]
    return [np.result_type(dtype, v.dtype) for dtype in prepared.dtypes for v in prepared.variables]


def shapes_of(prepared: Prepared, kind: Dense) -> list[tuple[int, ...]]:
    """The shapes of the same."""
    f, by = prepared.node.shape, [v.shape for v in prepared.variables]
    shapes = [f + x + y for x in by for y in by] if kind == "hessian" else [*[f] * (kind != "jacobian"), *(f + x for x in by if kind != "value")]
    return [tuple(as_int(n, "A batch") for n in shape) for shape in shapes]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _taken(array: Any, at: Any, *, turned: bool) -> Any:
    """The points of a block, the points last in memory if asked for."""
    part = array[at]
    return np.ascontiguousarray(np.moveaxis(part, 0, -1)).transpose(part.ndim - 1, *range(part.ndim - 1)) if turned else part


def at_point(node: Node) -> list[int]:
    """The shape at one point."""
    return [as_int(n, "A block") for n in node.shape[1:]]
