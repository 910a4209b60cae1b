"""Loops over a list of entries that lie in a triangle, a band or a rectangle, as two loops without the list.

`np.tril(A) @ x` comes as one loop over tables of the rows and columns of its entries: that is what shows the pattern. Where one table
counts through rows and another through the columns of each, the program counts itself: no table is read, sums stay in a register,
and the inner loop is vectorized.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.lower.kernel.program import Cut, Equal, Lookup, Loop, Place, Program, Store

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHORTEST = 64  # lists of fewer entries stay as they are


def counted(program: Program) -> None:
    """Rewrite the program's loops where that can be done, and leave out the tables that are then read no more."""
    program.steps[:] = [_counted(program, step) if isinstance(step, Loop) else step for step in program.steps]
    used = {lookup.table for step in program.steps if isinstance(step, Loop) for lookup in _lookups(step)}
    used |= {op.args[0] for step in program.steps if isinstance(step, Loop) for op in step.ops if op.name == "load"}
    used |= {step.table for step in program.steps if isinstance(step, Equal)}
    for name in [name for name in program.tables if name not in used]:
        del program.tables[name], program.arrays[name]


def _places(loop: Loop) -> Iterator[Place]:
    for op in loop.ops:
        if op.name in ("load", "place"):
            yield op.args[-1]
    for store in loop.stores:
        yield store.place


def _lookups(loop: Loop) -> Iterator[Lookup]:
    for place in _places(loop):
        for atom, _ in place.parts:
            if isinstance(atom, Lookup):
                yield atom


def _counted(program: Program, loop: Loop) -> Loop:
    """The loop over rows and columns, or the loop itself."""
    lookups = set(_lookups(loop))
    if len(loop.box) != 1 or loop.volume < SHORTEST or not lookups or any(lookup.parts != ((0, 1),) for lookup in lookups):
        return loop
    if any(isinstance(atom, int) for place in _places(loop) for atom, _ in place.parts):
        return loop  # the position in the list is used itself
    low, high = loop.box[0]
    lists = {lookup: program.tables[lookup.table][low + lookup.offset : high + lookup.offset].astype(np.int64) for lookup in lookups}
    for rows in lists.values():
        steps = np.diff(rows)
        if steps.min() != 0 or steps.max() != 1:
            continue
        starts = np.flatnonzero(np.concatenate([[1], steps]))
        ends = np.concatenate([starts[1:], [len(rows)]])
        for columns in lists.values():
            if not (np.diff(columns)[steps == 0] == 1).all():
                continue
            found = _ends(rows[starts], columns[starts], columns[ends - 1] + 1)
            places = {lookup: _affine(each, rows, columns) for lookup, each in lists.items()}
            if found is not None and all(place is not None for place in places.values()):
                box = (int(rows[0]), int(rows[-1]) + 1), (int(columns.min()), int(columns.max()) + 1)
                return _moved(replace(loop, box=box, cut=found), places)
    return loop


def _ends(rows: NDArray[Any], first: NDArray[Any], last: NDArray[Any]) -> Cut | None:
    """How the first and the last column of each row follow from the row; None where they do in no such way."""
    low = high = None
    if first.min() != first.max():
        low = int((first - rows).max())
        if not np.array_equal(first, np.maximum(rows + low, first.min())):
            return None
    if last.min() != last.max():
        high = int((last - rows).min())
        if not np.array_equal(last, np.minimum(rows + high, last.max())):
            return None
    return Cut(low, high)


def _affine(each: NDArray[Any], rows: NDArray[Any], columns: NDArray[Any]) -> Place | None:
    """A list of positions as a·row + b·column + c, if it is that."""
    same = np.flatnonzero(np.diff(rows) == 0)
    b = int(each[same[0] + 1] - each[same[0]]) if len(same) else 0
    rest = each - b * columns
    turn = np.flatnonzero(np.diff(rows))
    a = int(rest[turn[0] + 1] - rest[turn[0]]) if len(turn) else 0
    c = int(rest[0] - a * rows[0])
    return Place(tuple((label, by) for label, by in ((0, a), (1, b)) if by), c) if np.array_equal(rest, a * rows + c) else None


def _moved(loop: Loop, places: dict[Lookup, Place | None]) -> Loop:
    """The loop with these places in place of its lookups."""

    def moved(place: Place) -> Place:
        total = Place((), place.offset)
        for atom, c in place.parts:
            found = places[atom] if isinstance(atom, Lookup) else None
            assert found is not None
            total = total.plus(found, c)
        return total

    loop.ops = [op._replace(args=(*op.args[:-1], moved(op.args[-1]))) if op.name in ("load", "place") else op for op in loop.ops]
    loop.stores = [Store(store.array, moved(store.place), store.value, store.add) for store in loop.stores]
    return loop
