"""Blocks of points as compiled programs: the lifted program for a fixed number of points is a program like any other.

Compiling takes a tenth of a second, once and for all; it is done when as much has been computed as outweighs that, and kept
where it turns out to be faster than NumPy.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from math import prod
from typing import Any, NamedTuple

import numpy as np

from wrt.api.batch_program import BatchProgram, Dense, at_point, dense, dtypes_of, program
from wrt.api.prepared import Prepared
from wrt.errors import Unsupported

WORTH = 2**28  # bytes that NumPy's arrays have taken together before compiling pays
FEWEST, MOST = 16, 2048  # points of a compiled block
ROOM = 2**18  # bytes that its inputs and results may take
TRIALS = 3


class BlockKernel(NamedTuple):
    """A compiled block of exactly `rows` points: the inputs' arrays and those of the results to True, or None where it does not apply."""

    rows: int
    call: Callable[..., Any]

    def fill(self, given: Sequence[Any], results: Sequence[Any]) -> bool:
        """Whether the results have been written."""
        return self.call(given, *results) is not None


def kernel(name: str, backend: str, prepared: Prepared, kind: Dense, names: Collection[str], lifted: BatchProgram, arrays: Sequence[Any]) -> BlockKernel | None:
    """The compiled block, if there is one already or now is the time; `backend` is the verb's."""
    if backend == "numpy" or prepared.volatile:
        return None
    key = ("batch kernel", kind, tuple(sorted(names)))
    state = prepared.extra.setdefault(key, [0, None])  # bytes so far, and then the kernel, or why there is none
    if state[1] is None:
        total = max(len(a) for a, along in zip(arrays, lifted.along, strict=True) if along)
        state[0] += total * lifted.bytes_per_point
        if state[0] < WORTH and backend == "auto":
            return None
        state[1] = _compiled(prepared, kind, names, lifted, arrays, total, measured=backend == "auto")
    if isinstance(state[1], str):
        if backend == "llvm" and state[1]:
            raise Unsupported(f"The batch of {name} cannot be compiled: {state[1]}.", advice="Write backend='auto', which leaves it to NumPy.")
        return None
    return state[1]  # type: ignore[no-any-return]


def _compiled(
    prepared: Prepared, kind: Dense, names: Collection[str], lifted: BatchProgram, arrays: Sequence[Any], total: int, *, measured: bool
) -> BlockKernel | str:
    """The compiled block, or why there is none."""
    from wrt.lower.kernel.machine import available, compiling  # the compiler is loaded when it is needed

    if available():
        return available()
    with compiling:
        return _made(prepared, kind, names, lifted, arrays, total, measured=measured)


def _made(
    prepared: Prepared, kind: Dense, names: Collection[str], lifted: BatchProgram, arrays: Sequence[Any], total: int, *, measured: bool
) -> BlockKernel | str:
    from wrt.api.backend import compiled
    from wrt.lower.kernel.build import NotCompiled

    ends = sum(prod(at_point(v)) * v.dtype.itemsize for v in (*lifted.inputs, *lifted.outputs) if v.shape[:1] == (lifted.size,))
    rows = min(max(ROOM // max(ends, 1), FEWEST), MOST)
    fixed = program(prepared.inputs, names, dense(prepared, kind), dtypes_of(prepared, kind), rows)
    if not all(fixed.varying):
        return ""  # a result that is the same at all points needs no compiler
    block = Prepared(fixed.outputs[0], fixed.inputs, tuple(fixed.inputs), (), prepared.mode, prepared.relied, volatile=False)
    block.dense, block.dtypes = fixed.outputs, fixed.dtypes
    try:
        made = BlockKernel(rows, compiled(block, "jacobian", into=True))
    except NotCompiled as why:
        return str(why)
    if measured and total >= rows and not _pays(made, lifted, arrays):
        return "NumPy is faster"
    return made


def _pays(made: BlockKernel, lifted: BatchProgram, arrays: Sequence[Any]) -> bool:
    """Whether the compiled block is the faster one on the first points."""
    given = lifted.given(arrays, slice(made.rows))
    results = [np.zeros((made.rows, *at_point(node)), dtype) for node, dtype in zip(lifted.outputs, lifted.dtypes, strict=True)]
    if not made.fill(given, results):
        return False
    runs: list[Callable[[], Any]] = [partial(made.fill, given, results), partial(lifted.block, *given, *results)]
    best = [float("inf"), float("inf")]
    for _ in range(TRIALS):
        for k, run in enumerate(runs):
            start = time.perf_counter()
            run()
            best[k] = min(best[k], time.perf_counter() - start)
    return best[0] <= best[1]
