"""A derivative watched as it becomes one: difference quotients for shrinking h, and the limit that they tend to.

The limit itself is the one of `jacobian`: it is extrapolated from a few steps of its own, and judged by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.numeric.blackbox import Array, BlackBox, as_point, entry
from wrt.numeric.estimate import Kink
from wrt.numeric.limit_run import Run
from wrt.numeric.limit_sides import apart, settled, tendency
from wrt.numeric.limits import scales_of
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
    runs = [Run(box, point, index, sign, float(scales[index])) for sign in (0, 1, -1)]
    whole, notes = runs[0], (*notes, *runs[0].notes)
    rounding, size = box.precision / 2, whole.size  # the size is 0 at kinks
    with np.errstate(over="ignore"):
        longest = np.nan_to_num(np.abs(np.concatenate([ahead, behind]))[[0, lengths.size]]).max(axis=0)
        tiny = 1e-6 * np.maximum(size / scales[index], longest)
        rough = (whole.noise > 1.5 * rounding * size) & (size > 0) & whole.steady(tiny)  # f is less exact than its last digit
        noise = np.where(rough, np.maximum(whole.noise, rounding * sizes), rounding * sizes)
        round_off = 2 * noise / lengths[:, None]
        blur = 2 * np.maximum(noise, whole.noise) / lengths[:, None]
    blur[lengths <= 1e4 * np.spacing(abs(at))] = np.inf  # x + h is rounded
    for run in runs:
        run.come_nearer(lengths, ahead, behind, blur)
    value, error, steady = whole.value, whole.error, whole.steady(tiny)
    sides = [(run.value, run.error) for run in runs[1:]]
    near = np.max([run.near for run in runs], axis=0)
    forward, backward, limit, errors = (np.full(size.size, np.nan) for _ in range(4))
    kinks = []
    for row, output in enumerate(np.ndindex(box.shape)):
        quotients, clean, kink = (ahead[:, row], behind[:, row]), round_off[:, row], whole.kinks.get(row)
        both = _Sides(quotients, clean, blur[:, row], [(values[row], doubts[row]) for values, doubts in sides], float(tiny[row]))
        (forward[row], backward[row]), doubt, differ = _one_sided_limits(both, kink, lengths, at)
        if differ:
            step = kink.step if kink is not None and np.isfinite([forward[row], backward[row]]).all() else 0.0
            kinks.append(Kink(output, index, float(forward[row]), float(backward[row]), step))
        elif not np.isinf([forward[row], backward[row]]).any():
            present = [side for side, each in enumerate(quotients) if np.isfinite(each).any()]
            ends = np.array([forward[row], backward[row]])[present]
            if steady[row] and kink is None and all(settled(quotients[side], both.blur, value[row], error[row]) is None for side in present):
                limit[row], errors[row] = value[row], error[row]
            elif np.isfinite(ends).all() and doubt + np.ptp(ends) / 2 <= max(0.1 * abs(ends.mean()), both.tiny):
                limit[row], errors[row] = ends.mean(), doubt + np.ptp(ends) / 2
            if np.isfinite(limit[row]):
                forward[row], backward[row] = (limit[row] if side in present else np.nan for side in (0, 1))
    exists, shape = np.isfinite(limit), box.shape
    bounded = exists | np.isin(np.arange(size.size), [int(np.ravel_multi_index(k.output, shape)) if shape else 0 for k in kinks])
    return LimitTable(
        input=entry("x", index),
        at=at,
        value=box.center.reshape(shape),
        steps=lengths,
        forward=ahead.reshape(-1, *shape),
        backward=behind.reshape(-1, *shape),
        central=central.reshape(-1, *shape),
        noise=noise.reshape(-1, *shape),
        limit=limit.reshape(shape),
        error=np.where(exists, errors, np.inf).reshape(shape),
        forward_limit=forward.reshape(shape),
        backward_limit=backward.reshape(shape),
        steady=bounded.reshape(shape),
        exact=known,
        kinks=tuple(kinks),
        notes=(*notes, *(_bend_note(entry("f", output), h) for output, h in zip(np.ndindex(shape), near, strict=True) if h)),
        evaluations=box.calls,
    )


@dataclass(frozen=True, slots=True)
class _Sides:
    """What was seen of one output from above and from below."""

    quotients: tuple[Array, Array]
    round_off: Array
    blur: Array
    """Round-off, or the noise of f where that is more; inf where x + h is rounded too much."""
    extrapolated: list[tuple[float, float]]
    """The limit of each side and its error."""
    tiny: float
    """An error that is small beside the quotients."""


def _one_sided_limits(sides: _Sides, kink: Kink | None, steps: Array, at: float) -> tuple[tuple[float, float], float, bool]:
    """The limits of both sides, the sum of their errors, and whether they differ; `kink` is one that was seen from both sides together."""
    (value, error), (other, another) = sides.extrapolated
    small = max(sides.tiny, 0.01 * abs(value - other) if np.isfinite(error + another) else 0.0)
    found = []
    for quotients, (limit, doubt) in zip(sides.quotients, sides.extrapolated, strict=True):
        seen = tendency(steps, quotients, sides.round_off, at)
        sound = np.isfinite(quotients).any() and not np.isinf(seen.limit) and np.isfinite(limit) and doubt <= max(0.1 * abs(limit), small)
        trusted = sound and np.isfinite(doubt) and settled(quotients, sides.blur, limit, doubt) is None
        found.append((_repeated(quotients, float(limit), float(doubt)), float(doubt)) if trusted else (seen.limit, seen.error))
    (forward, doubt), (backward, another) = found

    def stay_apart(gap: float) -> bool | None:
        return apart(steps, *sides.quotients, sides.round_off, gap, at) if np.isfinite(gap) else None

    if kink is not None and np.isnan([forward, backward]).any():
        filled = kink.forward if np.isnan(forward) else forward, kink.backward if np.isnan(backward) else backward
        if np.isfinite(filled).all() and stay_apart(filled[0] - filled[1]) is not False:
            forward, backward = filled
    gap, doubts = forward - backward, doubt + another
    if not np.isfinite(gap):
        known = [each for each in (doubt, another) if np.isfinite(each)]
        return (forward, backward), sum(known) if known else np.inf, bool(np.isinf(gap))
    stay = stay_apart(gap)
    seen_by_both = kink is not None and abs(gap) > 1e-10 * (abs(forward) + abs(backward))
    differ = stay is not False and (seen_by_both or abs(gap) > (10 if stay else 100) * doubts)
    return (forward, backward), doubts, differ


def _repeated(quotients: Array, limit: float, doubt: float) -> float:
    """The quotient that comes most often, if that is three times and within the doubt of the limit: it has no rounding of an extrapolation."""
    values, counts = np.unique(quotients[np.isfinite(quotients)], return_counts=True)
    often = float(values[np.argmax(counts)])
    return often if counts.max() >= 3 and abs(often - limit) <= doubt else limit


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
    try:
        given = np.asarray(steps)
        good = given.ndim == 1 and given.size > 0 and given.dtype.kind in "fiu" and bool((np.isfinite(given) & (given > 0)).all())
    except ValueError:  # rows of different lengths
        good = False
    if not good:
        raise ArgumentError(f"steps must be positive finite numbers, at least one, but they are {steps!r}.", advice="Write steps=[1e-1, 1e-2, 1e-3].")
    lengths = np.sort(given.astype(np.float64))[::-1]
    twice = lengths[1:][np.diff(lengths) == 0]
    if twice.size:
        raise ArgumentError(f"steps must differ, but {twice[0]:g} is given twice.", advice="Give every h once.")
    return lengths


def _bend_note(f: str, h: float) -> str:
    return f"{f} has a kink, a jump or a sharp bend within {h:.0e} of x; its limits are taken from shorter steps."


def _moved(box: BlackBox, index: tuple[int, ...], at: float, step: float) -> tuple[Array, float]:
    """f a step away, and the step that was really taken: 0 where f has no value or x + h is x."""
    moved = at + step
    value = box.along(index, moved) if moved != at else None
    return (box.center, 0.0) if value is None else (value, moved - at)
