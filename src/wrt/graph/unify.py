"""Where two index expressions meet: all solutions of left(labels) = right(labels), as a substitution.

This is how maps compose: the columns of the outer map meet the rows of the inner one. Labels that are bound become
expressions in the labels that stay; an equation without solutions gives None (the product is zero).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wrt.graph.index import Affine, Index, RuntimeIndex, at, fixed, from_values, is_static, labels_in, plain, substitute, values
from wrt.graph.size import NeedsSizes, Size, as_int, at_most

Equation = tuple[Index, Index, Size]  # left, right, size of the axis on which they meet


def unify(equations: Iterable[Equation], sizes: list[Size]) -> dict[int, Index] | None:
    """Solve the equations in turn; `sizes` grows by the labels that are made on the way."""
    bound: dict[int, Index] = {}
    waiting = list(equations)[::-1]
    while waiting:
        left, right, axis = waiting.pop()
        left, right = substitute(left, bound, sizes), substitute(right, bound, sizes)
        if left == right:
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
        if label is not None and label not in labels_in(b) and (sizes[label] == axis or _inside(b, sizes[label], sizes)):
            return {label: b}
    if isinstance(left, Affine) and isinstance(right, Affine):
        if not left.parts and not right.parts:
            return _constants(left.offset, right.offset)
        for a, b in ((left, right), (right, left)):
            if not b.parts and len(a.parts) == 1 and a.modulus is None and isinstance(b.offset - a.offset, int):
                return _position(a, b.offset - a.offset, sizes)
        if len(left.parts) == 1 == len(right.parts):
            straight = _straight(left, right, sizes)
            if straight is not NotImplemented:
                return straight
        digits = _same_digits(left, right, sizes)
        if digits is not None:
            return digits
    if not (is_static(left) and is_static(right)):
        raise RuntimeIndex
    return _enumerate(left, right, sizes)


def _inside(index: Index, size: Size, sizes: list[Size]) -> bool:
    """Whether the index surely stays in range(size)."""
    if not isinstance(index, Affine):
        return False
    if index.modulus is not None:
        return at_most(index.modulus, size)
    low: Size = index.offset
    high: Size = index.offset
    for label, coefficient in index.parts:
        reach = coefficient * (sizes[label] - 1)
        if at_most(0, coefficient):
            high = high + reach
        else:
            low = low + reach
    return at_most(0, low) and at_most(high + 1, size)


def _constants(left: Size, right: Size) -> dict[int, Index] | None:
    difference = left - right
    if difference == 0:
        return {}
    if isinstance(difference, int) or at_most(1, difference) or at_most(1, -difference):
        return None
    raise NeedsSizes(f"Whether the positions {left} and {right} are the same needs sizes as numbers.")


def _position(index: Affine, target: int, sizes: list[Size]) -> dict[int, Index] | None:
    """coefficient·label = target."""
    ((label, coefficient),) = index.parts
    step = as_int(coefficient, "A position along a strided axis")
    if target % step or not at_most(0, target // step):
        return None
    position = target // step
    if at_most(position + 1, sizes[label]):
        return {label: fixed(position)}
    if at_most(sizes[label], position):
        return None
    raise NeedsSizes(f"Whether position {position} lies inside an axis of {sizes[label]} needs sizes as numbers.")


def _straight(left: Affine, right: Affine, sizes: list[Size]) -> dict[int, Index] | None:
    """±l + a = ±m + b: one new label runs over the overlap. NotImplemented where this is not of that form."""
    (l, c), (m, d) = left.parts[0], right.parts[0]
    if left.modulus is not None or right.modulus is not None:
        whole = left.modulus == right.modulus == sizes[l] == sizes[m]
        if whole and c == d == 1 and l != m:
            return {l: Affine(((m, 1),), _modulo(right.offset - left.offset, sizes[m]), sizes[m])}
        return NotImplemented
    if l == m or c not in (1, -1) or d not in (1, -1):
        return NotImplemented
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


def _same_digits(left: Affine, right: Affine, sizes: list[Size]) -> list[Equation] | None:
    """Two numbers written in the same mixed radix are equal digit by digit: i·N + j = k·N + l means i = k and j = l."""
    if left.modulus is not None or right.modulus is not None or len(left.parts) != len(right.parts) or left.offset != right.offset:
        return None
    if [c for _, c in left.parts] != [c for _, c in right.parts] or any(sizes[l] != sizes[m] for (l, _), (m, _) in zip(left.parts, right.parts, strict=True)):
        return None
    weight: Size = 1
    for label, coefficient in reversed(left.parts):
        if coefficient != weight:
            return None
        weight = weight * sizes[label]
    return [(at(l), at(m), sizes[l]) for (l, _), (m, _) in zip(left.parts, right.parts, strict=True)]


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
        order = np.argsort(b, kind="stable")
        first, last = np.searchsorted(b[order], a, "left"), np.searchsorted(b[order], a, "right")
        counts = last - first
        rows = np.repeat(np.arange(a.size), counts)
        columns = order[np.repeat(first - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())]
        solutions = {label: here[label][rows] for label in mine} | {label: there[label][columns] for label in theirs}
    count = next(iter(solutions.values())).size
    if count == 0:
        return None
    if count == 1:
        return {label: fixed(int(table[0])) for label, table in solutions.items()}
    sizes.append(count)
    return {label: from_values(table, (len(sizes) - 1,)) for label, table in solutions.items()}


def _grid(labels: list[int], sizes: list[Size]) -> dict[int, np.ndarray]:  # type: ignore[type-arg]
    counts = [as_int(sizes[label], "Matching two irregular indices") for label in labels]
    return {label: grid.ravel() for label, grid in zip(labels, np.indices(counts), strict=True)} if labels else {}
