"""Where two index expressions meet: all solutions of left(labels) = right(labels), as a substitution.

This is how maps compose: the columns of the outer map meet the rows of the inner one. Labels that are bound become
expressions in the labels that stay; an equation without solutions gives None (the product is zero).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from wrt.graph.index import (
    Affine,
    Index,
    RuntimeIndex,
    Table,
    at,
    fixed,
    from_values,
    inside,
    is_static,
    labels_in,
    plain,
    substitute,
    tabulated,
    unrolled,
    values,
)
from wrt.graph.size import NeedsSizes, Size, as_int, at_most, divide

Equation = tuple[Index, Index, Size]  # left, right, size of the axis on which they meet
UNKNOWN = -1  # an axis of which nothing is known


def unify(equations: Iterable[Equation], sizes: list[Size]) -> dict[int, Index] | None:
    """Solve the equations in turn; `sizes` grows by the labels that are made on the way."""
    bound: dict[int, Index] = {}
    waiting = list(equations)[::-1]
    while waiting:
        left, right, axis = waiting.pop()
        if bound:
            left, right = substitute(left, bound, sizes), substitute(right, bound, sizes)
        if left == right or (left := _reduced(left, sizes)) == (right := _reduced(right, sizes)):
            continue
        found = _solve(left, right, axis, sizes)
        if found is None:
            return None
        if isinstance(found, list):  # simpler equations instead of this one
            waiting += found
            continue
        bound = {label: substitute(index, found, sizes) for label, index in bound.items()} | found
    return bound


def _solve(left: Index, right: Index, axis: Size, sizes: list[Size]) -> dict[int, Index] | list[Equation] | None:
    for a, b in ((right, left), (left, right)):
        label = plain(a)
        if label is not None and label not in labels_in(b) and (sizes[label] == axis or inside(b, sizes[label], sizes)):
            return {label: b}
    if isinstance(left, Affine) and isinstance(right, Affine):
        straight = left.modulus is None and right.modulus is None
        if straight and not left.parts and not right.parts:
            return _constants(left.offset, right.offset)
        for a, b in ((left, right), (right, left)):
            if straight and not b.parts and len(a.parts) == 1 and (isinstance(b.offset - a.offset, int) or a.parts[0][1] in (1, -1)):
                return _position(a, b.offset - a.offset, sizes)
        if len(left.parts) == 1 == len(right.parts) and left.parts[0][0] != right.parts[0][0]:
            if straight and left.parts[0][1] in (1, -1) and right.parts[0][1] in (1, -1):
                return _overlap(left, right, sizes)
            if _both_rolled(left, right, sizes):
                (l, _), (m, _) = left.parts[0], right.parts[0]
                return {l: Affine(((m, 1),), _modulo(right.offset - left.offset, sizes[m]), sizes[m])}
        for a, b in ((left, right), (right, left)):
            digits = _digits(a, b, sizes) if straight and len(a.parts) > 1 else None
            if digits is not None:
                return digits
    if not (is_static(left) and is_static(right)):
        raise RuntimeIndex
    return _enumerate(left, right, sizes)


def _reduced(index: Index, sizes: list[Size]) -> Index:
    """A position without its modulus, and a static table that is read at one place as the position it holds."""
    if labels_in(index) or not is_static(index):
        return index
    return tabulated(index, sizes) if isinstance(index, Table) else unrolled(index, sizes)


def _constants(left: Size, right: Size) -> dict[int, Index] | None:
    difference = left - right
    if difference == 0:
        return {}
    if isinstance(difference, int) or at_most(1, difference) or at_most(1, -difference):
        return None
    raise NeedsSizes(f"Whether the positions {left} and {right} are the same needs sizes as numbers.")


def _position(index: Affine, target: Size, sizes: list[Size]) -> dict[int, Index] | None:
    """coefficient·label = target."""
    ((label, coefficient),) = index.parts
    step = as_int(coefficient, "A position along a strided axis")
    if isinstance(target, int) and target % step:
        return None
    position = target // step if isinstance(target, int) else target * step  # a symbolic target comes with a step of ±1 only
    if (at_most(0, position) and at_most(position + 1, sizes[label])) or (position == sizes[label] - 1 and position != -1):
        return {label: fixed(position)}  # an axis of symbolic size has at least a last entry
    if at_most(position, -1) or at_most(sizes[label], position):
        return None
    raise NeedsSizes(f"Whether position {position} lies inside an axis of {sizes[label]} needs sizes as numbers.")


def _both_rolled(left: Affine, right: Affine, sizes: list[Size]) -> bool:
    """(l + a) mod N = (m + b) mod N, both over a whole axis of N."""
    (l, c), (m, d) = left.parts[0], right.parts[0]
    return left.modulus is not None and left.modulus == right.modulus == sizes[l] == sizes[m] and c == d == 1


def _overlap(left: Affine, right: Affine, sizes: list[Size]) -> dict[int, Index] | None:
    """±l + a = ±m + b: one new label runs over the overlap."""
    (l, c), (m, d) = left.parts[0], right.parts[0]
    sign = c * d  # l = sign·m + shift
    shift = c * (right.offset - left.offset)
    if sign == 1:
        low, high = _larger(0, -shift), _smaller(sizes[m], sizes[l] - shift)
    else:
        low, high = _larger(0, shift - sizes[l] + 1), _smaller(sizes[m], shift + 1)
    if at_most(high, low):
        return None
    sizes.append(high - low)
    new = len(sizes) - 1
    return {m: Affine(((new, 1),), low), l: Affine(((new, sign),), sign * low + shift)}


def _modulo(offset: Size, modulus: Size) -> Size:
    return offset % modulus if isinstance(offset, int) and isinstance(modulus, int) else offset


def _larger(a: Size, b: Size) -> Size:
    return b if at_most(a, b) else a if at_most(b, a) else _undecided(a, b)


def _smaller(a: Size, b: Size) -> Size:
    return a if at_most(a, b) else b if at_most(b, a) else _undecided(a, b)


def _undecided(a: Size, b: Size) -> Size:
    raise NeedsSizes(f"Which of {a} and {b} is larger needs sizes as numbers.")


def _digits(left: Affine, right: Affine, sizes: list[Size]) -> list[Equation] | None:
    """A number in mixed radix is equal digit by digit: i·M + j = k·M + l with j and l below M means i = k and j = l."""
    weight: Size = 1
    weights = []
    for label, coefficient in reversed(left.parts):
        if coefficient != weight:
            return None
        weights.append(weight)
        weight = weight * sizes[label]
    found: list[Equation] = []
    rest = Affine(right.parts, right.offset - left.offset)
    for (label, _), weight in zip(left.parts, reversed(weights), strict=True):
        digit, rest = _divided(rest, weight)
        if not inside(rest, weight, sizes):
            return None
        found.append((at(label), digit, UNKNOWN))
    return found


def _divided(index: Affine, weight: Size) -> tuple[Affine, Affine]:
    """Quotient and rest, taken part by part."""
    whole = [(label, quotient) for label, c in index.parts if (quotient := divide(c, weight)) is not None]
    rest = tuple((label, c) for label, c in index.parts if divide(c, weight) is None)
    if isinstance(index.offset, int) and isinstance(weight, int):
        return Affine(tuple(whole), index.offset // weight), Affine(rest, index.offset % weight)
    quotient = divide(index.offset, weight)
    return (Affine(tuple(whole)), Affine(rest, index.offset)) if quotient is None else (Affine(tuple(whole), quotient), Affine(rest))


def _enumerate(left: Index, right: Index, sizes: list[Size]) -> dict[int, Index] | None:
    """All solutions, by sorting: one new label counts them, and each old label is a table over it."""
    mine, theirs = sorted(set(labels_in(left))), sorted(set(labels_in(right)))
    if set(mine) & set(theirs):
        labels = sorted({*mine, *theirs})
        grid = _grid(labels, sizes)
        hits = np.flatnonzero(values(left, grid) == values(right, grid))
        solutions = {label: np.broadcast_to(grid[label], hits.shape if not labels else grid[label].shape)[hits] for label in labels}
    else:
        here, there = _grid(mine, sizes), _grid(theirs, sizes)
        a, b = np.atleast_1d(values(left, here)), np.atleast_1d(values(right, there))
        rows, columns = _pairs(a, b)
        solutions = {label: here[label][rows] for label in mine} | {label: there[label][columns] for label in theirs}
    assert solutions, "two positions are compared, not enumerated"
    count = next(iter(solutions.values())).size
    if count == 0:
        return None
    if count == 1:
        return {label: fixed(int(table[0])) for label, table in solutions.items()}
    sizes.append(count)
    return {label: from_values(table, (len(sizes) - 1,)) for label, table in solutions.items()}


def _pairs(a: Any, b: Any) -> tuple[Any, Any]:
    """All (i, j) with a[i] = b[j], in this order."""
    room = int(max(a.max(initial=0), b.max(initial=0))) + 1
    if room <= 8 * (a.size + b.size) and min(a.min(initial=0), b.min(initial=0)) >= 0:
        where = np.full(room, -1)
        where[b] = np.arange(b.size)
        if np.array_equal(where[b], np.arange(b.size)):  # no value comes twice: no sorting
            found = where[a]
            rows = np.flatnonzero(found >= 0)
            return rows, found[rows]
    order = np.argsort(b, kind="stable")
    first, last = np.searchsorted(b[order], a, "left"), np.searchsorted(b[order], a, "right")
    counts = last - first
    rows = np.repeat(np.arange(a.size), counts)
    return rows, order[np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())]


def _grid(labels: list[int], sizes: list[Size]) -> dict[int, Any]:
    counts = [as_int(sizes[label], "Matching two irregular indices") for label in labels]
    return {label: grid.ravel() for label, grid in zip(labels, np.indices(counts), strict=True)} if labels else {}
