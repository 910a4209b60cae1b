"""The density of f(X) that one monotone piece gives: at a y inside by p(x)/|f'(x)|, at the ends of its range by the limit from within.

What floating-point numbers cannot tell is told: where rounding of x or of f leaves the density unknown, it is marked as unsure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.probability.branches import Piece, invert
from wrt.probability.derived import Derived, Traced, roots
from wrt.probability.law import LEAST, Base
from wrt.probability.slope import log_slope
from wrt.probability.stage import Stage

RESOLVED = 1e-5  # so well a density must be known, relative to it; of a logarithm that is enormous, its ninth digit
SETTLED = 1e-9
SEEN = 1e-7


def log_density(
    stage: Stage,
    base: Base,
    piece: Piece,
    solve: Callable[[Any], Any] | None,
    Y: Any,
    closed: Derived | None = None,
    graph: Traced | None = None,
    tolerance: float = RESOLVED,
) -> tuple[Any, Any, Any]:
    """(log density, whether it is unsure, the side) at each y, with −inf where the piece does not reach.

    The side is 1 where y is the least value of the piece, so that the density is the limit from above, −1 at the greatest, and 0 between.
    `solve` is the inverse on the piece, where one was given: its x are taken as they are; `closed` is one that was
    derived, and `graph` is what says how well f is known. A log density must be known to `tolerance`. What is unsure is an upper bound,
    +inf if there is none.
    """
    found, unsure, side = np.full(len(Y), -np.inf), np.zeros(len(Y), bool), np.zeros(len(Y), int)
    least, most = piece.reach
    low, high = piece.range
    left = np.isfinite(Y) & (least <= Y) & (most >= Y)
    for end, value in ((0, least if piece.rising else most), (-1, most if piece.rising else least)):
        at = np.flatnonzero(left & (value == Y))
        if len(at):
            limit = at_end(stage, base, piece, end)
            found[at], unsure[at] = (np.inf, True) if np.isnan(limit) else (limit, False)
            left[at], side[at] = False, 1 if value == least else -1
        beyond = left & ((low > Y) if (end == 0) == piece.rising else (high < Y))
        if solve is None and beyond.any():  # the x that f takes there is closer to the end than the next number
            found[beyond], unsure[beyond] = _beyond(stage, base, piece, end)
            left &= ~beyond
    at = np.flatnonzero(left)
    if not len(at):
        return found, unsure, side
    if solve is not None:
        X = solve(Y[at])
        found[at] = _logs(stage, base, X)
        unsure[at] = np.isnan(found[at])
    else:
        X, found[at], unsure[at] = _solved(stage, base, piece, closed, graph, Y[at], tolerance)
    dead = at[found[at] == -np.inf]
    if len(dead):
        x = X[found[at] == -np.inf]
        lost = base.underflows(x)
        found[dead[lost]], unsure[dead[lost]] = LEAST - log_slope(stage, x[lost]), True
    return found, unsure, side


def located(stage: Stage, piece: Piece, closed: Derived | None, graph: Traced | None, Y: Any) -> tuple[Any, Any]:
    """(x with f(x) = y, a bound of what rounding has done to it) at each y within the range of a piece."""
    X, error, sure = roots(closed, stage, piece, Y)
    left = np.flatnonzero(~sure)
    if len(left):
        x = invert(stage, piece, Y[left])
        with np.errstate(all="ignore"):
            f, steep = stage.values(x), log_slope(stage, x)
            off = np.exp(np.log(_noise(graph, x, f) + np.abs(f - Y[left])) - steep)
        X[left], error[left] = x, np.where(np.isnan(off), np.inf, np.fmax(off, np.spacing(np.abs(x))))
    return X, error


def _noise(graph: Traced | None, X: Any, f: Any) -> Any:
    """How well f is known at X: as its graph tells, or to its last place."""
    found = np.spacing(np.abs(f))
    return np.fmax(found, graph.errors(X)) if graph is not None and len(X) and graph.dependencies.still_valid() else found


def _solved(stage: Stage, base: Base, piece: Piece, closed: Derived | None, graph: Traced | None, Y: Any, tolerance: float) -> tuple[Any, Any, Any]:
    """x, and the log densities at the x of a closed form, if there is one and the error that x may have does not tell; else at solutions of f(x) = y."""
    X, error, sure = roots(closed, stage, piece, Y)
    found, off = np.full(len(Y), -np.inf), np.full(len(Y), np.inf)
    if sure.any():
        x, logs = X[sure], _logs(stage, base, X[sure])
        with np.errstate(all="ignore"):
            near = [_logs(stage, base, np.clip(x + side * error[sure], piece.low, piece.high)) for side in (1, -1)]
            moved = np.fmax(*(np.where(other == logs, 0.0, np.abs(other - logs)) for other in near))
        found[sure], off[sure] = logs, np.where(np.isnan(logs), np.inf, moved)
    size = np.where(np.isfinite(found), np.abs(found), 0.0)
    unsure = np.zeros(len(Y), bool)
    left = np.flatnonzero(~(off <= SETTLED * np.maximum(1.0, size)))
    if len(left):
        x = X[left]
        again = ~sure[left]
        x[again] = invert(stage, piece, Y[left[again]])
        logs, doubt = _resolved(stage, base, piece, graph, x, Y[left], tolerance)
        X[left] = x
        known = doubt & (off[left] <= np.maximum(tolerance, SETTLED * size[left]))
        found[left], unsure[left] = np.where(known, found[left], logs), doubt & ~known
    return X, found, unsure


def _logs(stage: Stage, base: Base, X: Any) -> Any:
    """log p − log |f'|, −inf wherever p is 0."""
    with np.errstate(all="ignore"):
        density = base.logpdf(X)
        return np.where(density == -np.inf, -np.inf, density - log_slope(stage, X))


def _resolved(stage: Stage, base: Base, piece: Piece, graph: Traced | None, X: Any, Y: Any, tolerance: float) -> tuple[Any, Any]:
    """The log densities at solutions of f(x) = y, carried from the number x to where f(x) = y exactly; and whether rounding spoils them.

    f is known as far as rounding in it allows, and so x to `blur` or to its own last place. From the density at x and at that distance on both sides one
    sees how fast it changes, and how far a straight line between numbers is from it.
    """
    with np.errstate(all="ignore"):
        f, logs = stage.values(X), _logs(stage, base, X)
        steep = log_slope(stage, X)
        ulp, blur = np.spacing(np.abs(X)), np.exp(np.log(_noise(graph, X, f)) - steep)
        step = np.maximum(ulp, blur)
        rest = np.sign(Y - f) * np.exp(np.log(np.abs(Y - f)) - steep) * (1 if piece.rising else -1)
        rest = np.where(f == Y, 0.0, rest)
        up, down = np.minimum(X + step, piece.high), np.maximum(X - step, piece.low)
        above, below = _logs(stage, base, up) - logs, _logs(stage, base, down) - logs
        above, below = np.where(up == X, -below, above), np.where(down == X, -above, below)
        change = np.where(rest < 0, -below, above)  # on the way there, for a whole step
        bend = np.where((up == X) | (down == X), np.abs(change), np.abs(above + below) / 2)
        carried = logs + np.where(rest == 0, 0.0, change * (rest / step))
        error = np.fmax(np.abs(above), np.abs(below)) * (blur / step) + bend * (ulp / step) ** 2 / 4
        density = base.logpdf(X)
        known = (error <= np.maximum(tolerance, SETTLED * np.abs(logs))) & (np.abs(rest) <= 8 * step)
        gone = (density == -np.inf) & (base.logpdf(up) == -np.inf) & (base.logpdf(down) == -np.inf)
        pole = (logs == np.inf) & (rest == 0)
        pole[pole] = [_pole(stage, piece, x) for x in X[pole]]
        unsure = ~(known | gone | pole | np.isnan(density))
        at = np.flatnonzero(unsure & (rest == 0) & (blur <= 2 * ulp) & np.isfinite(logs))
        unsure[at] = ~_told_apart(stage, X[at], f[at])
        kink = at[~unsure[at]]
        kink = kink[np.abs(above + below)[kink] > np.fmax(np.abs(above), np.abs(below))[kink]]  # the density jumps
        logs[kink] += np.fmax(above, below)[kink]
        bound = logs + np.fmax(np.fmax(above, below), 0)
        found = np.where(unsure, bound, np.where(gone | pole, logs, carried))
        for k in np.flatnonzero(unsure & np.isnan(bound)):
            found[k] = _bound(stage, base, piece, 0 if X[k] < piece.xs[len(piece.xs) // 2] else -1)
    return found, unsure


def _pole(stage: Stage, piece: Piece, x: float) -> bool:
    """Whether f' = 0 at x is not underflow: a little away it is a number."""
    away = x + np.array([-1e-2, 1e-2]) * max(piece.scale, abs(x))
    return bool((log_slope(stage, np.clip(away, piece.xs[0], piece.xs[-1])) > -np.inf).all())


def _told_apart(stage: Stage, X: Any, f: Any) -> Any:
    """Whether f takes the numbers beside x as far from f(x) as its slopes there say: then x is known as well as y."""
    good = np.ones(len(X), bool)
    for near in (np.nextafter(X, np.inf), np.nextafter(X, -np.inf)):
        rise = np.exp(log_slope(stage, near)) * np.abs(near - X)
        good &= np.abs(np.abs(stage.values(near) - f) - rise) <= 0.1 * rise
    return good


def at_end(stage: Stage, base: Base, piece: Piece, end: int) -> float:
    """The limit of the log density towards the first (0) or last (−1) x of a piece; NaN where it is not seen.

    At a turning point f' goes to 0 and the density to infinity; at a kink it has the slope on this side; at an end of the support the
    density is as the law has it there.
    """
    x, side = (piece.low, 1.0) if end == 0 else (piece.high, -1.0)
    if piece.saturated[end]:
        return float("nan")
    if not np.isfinite(x):
        far = float(piece.xs[end])
        near = far * 2.0 ** -np.arange(24.0)[::-1]
        near = near[np.abs(near) > piece.scale]
        near = near[(near >= piece.xs[0]) & (near <= piece.xs[-1])]
        return _settled(_logs(stage, base, near[np.isfinite(log_slope(stage, near))]))
    steps = piece.scale * 4.0 ** -np.arange(3.0, 24.0)
    near = x + side * steps[steps > 256 * np.spacing(abs(x))]
    here = np.array([x])
    with np.errstate(all="ignore"):
        density = float(base.logpdf(here)[0])
        slope, itself = _settled(log_slope(stage, near)), float(log_slope(stage, here)[0])
    if abs(slope - itself) < 1e-7:
        slope = itself
    if (np.isinf(density) and np.isinf(slope) and density * slope > 0) or np.isnan(density):
        return _settled(_logs(stage, base, near))
    return density - slope


def _settled(values: Any) -> float:
    """The limit of numbers at distances that shrink, or grow, by a factor: what they settle at, ±inf where they go on; NaN where neither is seen."""
    values = values[~np.isnan(values)]
    if len(values) < 3:
        return float("nan")
    last = float(values[-1])
    if np.isinf(last):
        return last
    before, change = (float(each) for each in np.diff(values)[-2:])
    if max(abs(change), abs(before)) <= SEEN * (1 + abs(last)):
        return last if abs(change) <= SETTLED * (1 + abs(last)) else float(values[-3])  # where f saturates f' may lose digits
    if change * before > 0 and abs(change) >= 0.8 * abs(before):
        return float(np.copysign(np.inf, change))
    rest = change * change / (before - change) if before != change else np.inf
    return last + rest if abs(rest) < 1e-6 * (1 + abs(last)) else float("nan")


def _beyond(stage: Stage, base: Base, piece: Piece, end: int) -> tuple[float, bool]:
    """(log density, whether it is unsure) of y between the last that f takes at a number and its limit."""
    bound, limit = _bound(stage, base, piece, end), at_end(stage, base, piece, end)
    return (limit, False) if abs(limit - bound) < SETTLED else (bound, bound > -np.inf)


def _bound(stage: Stage, base: Base, piece: Piece, end: int) -> float:
    """The log density towards the last number of a piece, where it falls, as a bound on what is beyond; else +inf."""
    logs = _logs(stage, base, piece.xs[:400][::-1] if end == 0 else piece.xs[-400:])
    logs = logs[np.isfinite(logs)]
    if not len(logs) or logs[-1] > logs[max(-9, -len(logs))]:
        return np.inf
    there = float(logs[-1])
    return there if there > -1e307 else -np.inf  # soon it is no number
