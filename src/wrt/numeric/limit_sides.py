"""What the quotients of one side tend to as h falls, read from the quotients themselves: a number, ±∞, or nothing that is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from wrt.numeric.blackbox import Array

RUN = 4  # changes from step to step that must follow one power of h
EVEN = 0.02  # how much that power may vary


@dataclass(frozen=True, slots=True)
class Tendency:
    """The limit: finite with an error, ±inf where the quotients grow like h^-power (power 0: like log 1/h), nan where nothing is seen."""

    limit: float = np.nan
    error: float = np.inf
    power: float = 0.0


def tendency(steps: Array, quotients: Array, round_off: Array, at: float) -> Tendency:
    """The limit of quotients whose changes from one h to the next follow a power of h: c·h^p + L falls to L, c·h^-p grows without bound."""
    sound = np.isfinite(quotients) & (steps > 1e4 * np.spacing(abs(at)))  # x + h is rounded, and shorter steps are not quite h
    h, q, noise = steps[sound], quotients[sound], round_off[sound]
    with np.errstate(all="ignore"):
        changes = np.diff(q)
        clear = np.flatnonzero(np.abs(changes) > 1e3 * (noise[1:] + noise[:-1]))
        if not clear.size:
            return Tendency()
        last = int(clear[-1]) + 1
        first = last - RUN
        if first < 0 or not np.isin(np.arange(first, last), clear).all():
            return Tendency()
        d, ratio = changes[first:last], np.log(h[first : last + 1])
        if not (np.sign(d) == np.sign(d[0])).all():
            return Tendency()
        lengths = (ratio[1:] + ratio[:-1]) / 2
        powers = np.diff(np.log(np.abs(d))) / np.diff(lengths)
    power = float(powers.mean())
    if np.ptp(powers) > EVEN or not _goes_on(h[last - 1 :], q[last - 1 :], noise[last - 1 :], power):
        return Tendency()
    if abs(power) < EVEN / 2 or power <= -0.05:
        return Tendency(float(np.copysign(np.inf, d[-1])), np.inf, max(0.0, -power) if power <= -0.05 else 0.0)
    if power < 0.05:
        return Tendency()
    ends = [float(q[k + 1] + changes[k] / ((h[k] / h[k + 1]) ** power - 1)) for k in (last - 2, last - 1)]
    return Tendency(ends[1], 10 * abs(ends[1] - ends[0]) + 10 * float(noise[last]))


def _goes_on(h: Array, q: Array, noise: Array, power: float) -> bool:
    """Whether all quotients after the first two change as a power of h that goes through these does, as far as round-off lets it be seen."""
    with np.errstate(all="ignore"):
        path = np.log(h) if abs(power) < EVEN / 2 else h**power
        expected = (q[1] - q[0]) * (path - path[1]) / (path[1] - path[0])
        wrong = np.abs(q - q[1] - expected) > 0.1 * np.abs(expected) + 10 * (noise + noise[1])
    return not wrong[2:].any()


def settled(quotients: Array, round_off: Array, limit: float, error: float) -> int | None:
    """Where the quotients of shorter h settle elsewhere: three in a row (or the last two) that agree, and are not near the limit."""
    known = np.isfinite(quotients) & np.isfinite(round_off)
    if not known.any():
        return None
    q, away, allowed = quotients[known], np.abs(quotients[known] - limit), 20 * round_off[known] + 3 * error
    for k in range(int(np.argmin(away)) + 1, q.size - 1):
        few = slice(k, k + 3)
        if (away[few] > allowed[few]).all() and np.ptp(q[few]) < 0.3 * away[few].min():
            return int(np.flatnonzero(known)[k])
    return None


def apart(steps: Array, ahead: Array, behind: Array, round_off: Array, gap: float, at: float) -> bool | None:
    """Whether the sides stay apart by the gap for the shortest h that show it: True, False where they come together, None where that is unseen."""
    difference = ahead - behind
    sound = np.isfinite(difference) & (steps > 1e4 * np.spacing(abs(at)))
    clear = np.flatnonzero(sound & (2 * round_off < 0.01 * abs(gap)))[-2:]
    if clear.size < 2:
        return None
    (d, e), (h, k) = difference[clear], steps[clear]
    end = (h * e - k * d) / (h - k)  # without the part of the difference that falls with h
    if abs(end - gap) < 0.3 * abs(gap):
        return True
    return False if abs(e) < 0.5 * abs(gap) else None
