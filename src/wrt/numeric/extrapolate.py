"""The limit of difference quotients: a few rungs extrapolated to step zero, with the error that is left.

Every run of neighbouring rungs gives a slope. It is wrong by what curvature leaves (seen in how it changes when a rung is left
out) and by the noise in f (seen in what is not polynomial in the values). The run with the least sum of both is taken.
Source: the tableau of C. Ridders, Accurate computation of F'(x), Advances in Engineering Software 4 (1982), with the noise added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from wrt.numeric.blackbox import Array
from wrt.numeric.ladder import Mask, Rung
from wrt.numeric.noise import EPS, apparent_noise
from wrt.numeric.stencil import slope_weights


@dataclass(frozen=True)
class Limit:
    """What a ladder of rungs says about m slopes; every field has shape (m,).

    `error` = `truncation` + `rounding` bounds |value − derivative| in all but rare cases; `noise` is the error of f itself;
    `top` and `bottom` are the levels of the window that was chosen; `steady` is the noise that does
    not fall with the steps, and so is no curvature.
    """

    value: Array
    truncation: Array
    rounding: Array
    noise: Array
    top: Array
    bottom: Array
    steady: Array

    @property
    def error(self) -> Array:
        return self.truncation + self.rounding


def best_limit(rungs: Sequence[Rung], floor: Array, widest: int, known: Cache | None = None) -> Limit:
    """The window of neighbouring rungs whose extrapolation has the smallest error, chosen for each output separately.

    Parameters
    ----------
    rungs
        From long to short steps.
    floor
        The least noise that f can have, shape (m,): its rounding.
    widest
        The largest number of rungs in a window.
    known
        Windows met before, by their levels; those of other rungs are added.
    """
    cache: Cache = {} if known is None else known
    windows: dict[tuple[int, int], _Window] = {}
    for last in range(len(rungs)):
        for first in range(max(0, last + 1 - widest), last + 1):
            window = rungs[first : last + 1]
            levels = tuple(rung.level for rung in window)
            if levels not in cache:
                cache[levels] = _window(window)
            windows[first, last] = cache[levels]
    noises = _noises(windows, floor)
    rigid = _rigid(rungs, floor)
    steepest = np.max([np.abs(rung.quotient) for rung in rungs], axis=0)
    # A rung on one side holds half as many values, so a window needs more of them to show its noise.
    shortest = min(3 if all(rung.offsets.size > 1 for rung in rungs) else 5, len(rungs))
    value, noise, top, bottom = (np.zeros(floor.size) for _ in range(4))
    truncation, rounding = np.full(floor.size, np.inf), np.full(floor.size, np.inf)
    for (first, last), (slope, spread, _) in windows.items():
        if last - first + 1 < shortest:
            continue
        # The slope is as uncertain as it changes when the longest or the shortest step is left out.
        others = [windows[pair].slope for pair in ((first + 1, last), (first, last - 1)) if pair in windows]
        change = np.max([np.abs(slope - other) for other in others], axis=0) if others else np.full(floor.size, np.inf)
        change = np.where(rigid[first : last + 1].any(axis=0), np.maximum(change, steepest), change)
        seen = noises.get((first, last), floor)
        reach = 2 * seen * spread + 2 * EPS * np.abs(slope)
        better = (change + reach < truncation + rounding) | ~np.isfinite(truncation)
        levels_here = np.full(floor.size, rungs[first].level), np.full(floor.size, rungs[last].level)
        kept = (value, truncation, rounding, noise, top, bottom)
        for column, content in zip(kept, (slope, change, reach, seen, *levels_here), strict=True):
            np.copyto(column, content, where=better)
    return Limit(value, truncation, rounding, noise, top, bottom, _steady_noise(windows, rigid, floor))


class _Window(NamedTuple):
    slope: Array
    spread: float  # noise of size 1 in f is noise of this size in the slope
    apparent: Array


Cache = dict[tuple[int, ...], _Window]


def _window(rungs: Sequence[Rung]) -> _Window:
    offsets = np.concatenate([rung.offsets for rung in rungs])
    rises = np.concatenate([rung.rises for rung in rungs])
    weights = slope_weights(offsets)
    apparent = apparent_noise(offsets, rises) if len(rungs) >= 3 else np.zeros(rises.shape[1])
    return _Window(weights @ rises, float(np.sqrt(np.sum(weights**2) + np.sum(weights) ** 2)), apparent)


def _noises(windows: dict[tuple[int, int], _Window], floor: Array) -> dict[tuple[int, int], Array]:
    """The noise of f as each window of three rungs or more has reason to believe it."""
    noises: dict[tuple[int, int], Array] = {}
    for (first, last), window in windows.items():
        if last - first < 2:
            continue
        # One sample may be small by luck, so the window without its longest step gives a second one. What falls and falls
        # with every further step is not noise but curvature, though, and only its last remainder counts.
        own = np.maximum(window.apparent, floor)
        second, third = (windows[min(first + k, last), last].apparent for k in (1, 2))
        curved = (second > 30 * own) | ((second > 4 * own) & (third > 4 * second))
        noises[first, last] = np.where(curved, own, np.maximum(own, second))
    return noises


def _steady_noise(windows: dict[tuple[int, int], _Window], rigid: Mask, floor: Array) -> Array:
    """The least noise on which two neighbouring windows of three rungs agree; curvature falls 32-fold from one to the next."""
    starts = range(len(rigid) - 3)
    pairs = [(windows[k, k + 2].apparent, windows[k + 1, k + 3].apparent) for k in starts]
    noise = floor
    for k, (longer, shorter) in zip(starts, pairs, strict=True):
        agree = (shorter > longer / 8) & ~rigid[k : k + 4].any(axis=0)
        fresh = np.maximum(np.maximum(longer, shorter), floor)
        falling = ~agree & (shorter > 0)
        noise = np.where(falling, floor, np.where(agree & ((noise <= floor) | (fresh < noise)), fresh, noise))
    return noise


def _rigid(rungs: Sequence[Rung], floor: Array) -> Mask:
    """Steps too short to move an output that rounds its value: no rise at all, below a rung with a rise and a fall."""
    still = np.array([~rung.rises.any(axis=0) for rung in rungs])
    slopes = np.array([rung.quotient for rung in rungs])
    bends = np.abs([rung.bend for rung in rungs])
    # One side only (max(0, x − 1) at 0.9, a bound) is no rounding unless two rungs agree on a slope.
    crossing = np.array([rung.rises[0] * rung.rises[-1] < -((8 * floor) ** 2) for rung in rungs])
    close = np.abs(np.diff(slopes, axis=0)) < 0.3 * np.abs(slopes[:-1])
    crossing[1:] |= close & (bends[1:] < 0.5 * np.abs(slopes[1:]))
    rigid: Mask = still & np.logical_or.accumulate(crossing, axis=0)
    return rigid
