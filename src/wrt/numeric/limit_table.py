"""A derivative watched as it becomes one: difference quotients for shrinking h, and the limit that they tend to.

The limit itself is the one of `jacobian`: it is extrapolated from a few steps of its own, and judged by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.numeric.blackbox import Array, BlackBox, as_point, entry
from wrt.numeric.estimate import Kink
from wrt.numeric.limits import Answer, scales_of
from wrt.numeric.quotients import LimitTable


def limit_table(
    f: Callable[..., Any],
    x: object,
    i: int | tuple[int, ...] | None = None,
    *,
    args: tuple[Any, ...] = (),
    exact: object = None,
    steps: Sequence[float] | None = None,
    scale: object = None,
) -> LimitTable:
    """The difference quotients of ∂f/∂x_i for shrinking h, with their limit, its error, and the best h.

    Parameters
    ----------
    f, x, args, scale
        As for `wrt.numeric.jacobian`.
    i
        Which entry of x moves: a number for a vector, an index for an array; left out where x is a scalar or has one entry.
    exact
        The derivative, to be set beside: of the shape of f(x), or the whole Jacobian, or a function of x (and `args`) that gives it,
        such as ``wrt.jacobian(f)``. This module never looks inside f.
    steps
        The h; by default powers of ten, from below |x_i| (or 1) down to where round-off is all that is left.

    Raises
    ------
    ArgumentError, ShapeError
        There is no such entry, a step is not positive, `exact` does not fit, or f is not finite at x.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.numeric import limit_table
    >>> table = limit_table(np.sin, 1.0, exact=np.cos)
    >>> table.best
    {'forward': 1e-08, 'backward': 1e-08, 'central': 1e-05}
    >>> bool(abs(table.limit - np.cos(1.0)) <= table.error)
    True
    >>> str(limit_table(abs, 0.0)).splitlines()[-1]
    'kink    forward limit 1, backward limit -1: they differ, so there is no derivative (seen down to h = 9e-10)'
    """
    point, notes = as_point(x)
    index = _index(i, point)
    scales = scales_of(scale, point)
    box = BlackBox(f, point, args, scalar=point.ndim == 0 and not isinstance(x, np.ndarray))
    known = None if exact is None else _column(exact(x, *args) if callable(exact) else exact, box.shape, point.shape, index)
    at = float(point[index])
    lengths = _steps(steps, float(scales[index]))
    ahead, behind, central = (np.full((lengths.size, box.center.size), np.nan) for _ in range(3))
    sizes = np.zeros_like(ahead)
    for row, h in enumerate(lengths):
        (above, up), (below, down) = (_moved(box, index, at, sign * float(h)) for sign in (1, -1))
        sizes[row] = np.max(np.abs([above, box.center, below]), axis=0)
        with np.errstate(over="ignore"):
            if up:
                ahead[row] = (above - box.center) / up
            if down:
                behind[row] = (below - box.center) / down
            if up and down:
                central[row] = (above - below) / (up - down)
    answer = Answer(box, point)
    if box.center.size:
        answer.add(index, -np.inf, np.inf, float(scales[index]), 40)
    found = answer.estimate(notes)
    place = int(np.ravel_multi_index(index, point.shape)) if index else 0
    rounding = box.precision / 2
    column: Any = (..., *index)
    limit, error, size = np.array(found.value[column]), np.array(found.error[column]), answer.size[:, place]  # the size is 0 at kinks
    longest = np.nan_to_num(np.abs(np.concatenate([ahead, behind]))[[0, lengths.size]]).max(axis=0)
    tiny = error.ravel() <= 1e-6 * np.maximum(size / scales[index], longest)
    steady = (error <= 0.1 * np.abs(limit)) | (tiny | (size == 0)).reshape(box.shape)
    rough = (answer.noise[:, place] > 1.5 * rounding * size) & (size > 0) & steady.ravel()  # f is less exact than its last digit
    noise = np.where(rough, np.maximum(answer.noise[:, place], rounding * sizes), rounding * sizes)
    kinks = tuple(_sharpened(kink, box, point, at, float(scales[index])) for kink in found.kinks)
    told = {str(kink) for kink in found.kinks} | set(answer.unsteady)  # the table says these itself
    return LimitTable(
        input=entry("x", index),
        at=at,
        value=box.center.reshape(box.shape),
        steps=lengths,
        forward=ahead.reshape(-1, *box.shape),
        backward=behind.reshape(-1, *box.shape),
        central=central.reshape(-1, *box.shape),
        noise=noise.reshape(-1, *box.shape),
        limit=limit,
        error=error,
        steady=steady,
        exact=known,
        kinks=kinks,
        notes=tuple(note for note in found.notes if note not in told),
        evaluations=box.calls,
    )


def _sharpened(kink: Kink, box: BlackBox, point: Array, at: float, scale: float) -> Kink:
    """The same kink with its limits extrapolated from each side alone, where that agrees with what was seen from both."""
    sides = []
    for low, high, seen in ((at, np.inf, kink.forward), (-np.inf, at, kink.backward)):
        side = Answer(box, point)
        side.add(kink.input, low, high, scale, 40)
        found = side.estimate(())
        value, error = (float(each[(*kink.output, *kink.input)]) for each in (found.value, found.error))
        close = np.isfinite(seen) and abs(value - seen) <= 1e-3 * abs(kink.forward - kink.backward) and error < 1e-6 * abs(kink.forward - kink.backward)
        sides.append(value if close else seen)
    return replace(kink, forward=sides[0], backward=sides[1])


def _index(i: int | tuple[int, ...] | None, point: Array) -> tuple[int, ...]:
    """The entry of x that moves, as a full index without negative numbers."""
    if i is None:
        if point.size != 1:
            raise ArgumentError(
                f"x has {point.size} entries; which of them moves?",
                advice="Write limit_table(f, x, i) with i its number, or its index such as (0, 1).",
            )
        return (0,) * point.ndim
    given = i if isinstance(i, tuple) else (i,)
    if point.ndim == 0 and given in {(), (0,)}:
        return ()
    if not all(isinstance(k, (int, np.integer)) for k in given):
        raise ArgumentError(f"i must be an integer or a tuple of integers, but it is {i!r}.")
    fits = len(given) == point.ndim and all(-n <= k < n for k, n in zip(given, point.shape, strict=True))
    if not fits:
        raise ArgumentError(f"x has shape {point.shape}; it has no entry {i!r}.", advice="Give one integer for each axis of x.")
    return tuple(int(k) % n for k, n in zip(given, point.shape, strict=True))


def _column(exact: object, f: tuple[int, ...], x: tuple[int, ...], index: tuple[int, ...]) -> Array:
    """The given derivative in the shape of f(x)."""
    try:
        known = np.array(exact, dtype=np.float64)
    except (TypeError, ValueError) as why:
        raise ArgumentError(f"exact= must be numbers, or a function that returns them: {why}.") from why
    if known.shape == f + x:
        column: Any = (..., *index)
        return np.array(known[column])
    if known.shape == f:
        return known
    raise ShapeError(
        f"exact has shape {known.shape}, which is neither that of f(x), {f}, nor that of its Jacobian, {f + x}.",
        advice="Pass ∂f/∂x_i, the whole Jacobian, or wrt.jacobian(f).",
    )


def _steps(steps: Sequence[float] | None, scale: float) -> Array:
    if steps is None:
        first = int(np.floor(np.log10(scale / 2)))
        return np.array([float(f"1e{first - k}") for k in range(16)])
    given = np.asarray(steps, dtype=np.float64).reshape(-1)
    if not (given.size and np.isfinite(given).all() and (given > 0).all()):
        raise ArgumentError("steps must be positive finite numbers, at least one.")
    return np.sort(given)[::-1]


def _moved(box: BlackBox, index: tuple[int, ...], at: float, step: float) -> tuple[Array, float]:
    """f a step away, and the step that was really taken: 0 where f has no value or x + h is x."""
    moved = at + step
    value = box.along(index, moved) if moved != at else None
    return (box.center, 0.0) if value is None else (value, moved - at)
