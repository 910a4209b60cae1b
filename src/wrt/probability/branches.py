"""Scalar maps piece by piece: where f is monotone on the support of X, and f(x) = y solved on each piece.

The pieces are found from the signs of f' (by wrt) and of the differences of f at many points: quantiles, tails and samples of
X. Where two neighbours disagree, bisection goes down to adjacent floating-point numbers, so that turning points, poles and
jumps are located to the last place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.probability.law import LEAST, Base
from wrt.probability.order import between, number_at, place
from wrt.probability.refusal import NoDensity, NotInverted, number
from wrt.probability.slope import log_slope
from wrt.probability.stage import Stage

SAMPLES = 4096
MOST = 1000  # pieces
MARGIN = 64  # points beside a flat part at which f is seen to vary
FLAT = 1e-9  # so much probability on which f is constant is an atom; less is a tail in which f is constant to rounding
SMALL = 1e-100  # where f is so small, f' may underflow
TINY = 1e-200  # so small a change with slope 0 is underflow in a tail
JUMP = 1e-3  # rises between neighbours of more than this part of the spread of f are looked into for jumps
EPS = float(np.finfo(float).eps)


@dataclass(frozen=True)
class Piece:
    """An interval of x on which f is monotone, with the points at which that was seen."""

    xs: Any
    fs: Any
    low: float  # its ends, infinite ones among them
    high: float
    reach: tuple[float, float]  # the values that f takes on it, infinite where f grows on
    scale: float  # its width, at most the spread of X
    saturated: tuple[bool, bool] = (False, False)  # whether f goes on beyond the first, and the last, of the points, too close to a limit to tell

    unseen: float = -np.inf  # the size of the log density beyond the points, where f folds on

    @property
    def rising(self) -> bool:
        return bool(self.fs[-1] > self.fs[0])

    @property
    def range(self) -> tuple[float, float]:
        """The values that f takes at floating-point numbers of it."""
        ends = sorted((float(self.fs[0]), float(self.fs[-1])))
        return ends[0], ends[1]

    def __repr__(self) -> str:
        ends = f"{_short(self.low)}..{_short(self.high)}", f"{_short(self.reach[0])}..{_short(self.reach[1])}"
        return f"Piece(x in {ends[0]}, y {'rising' if self.rising else 'falling'} in {ends[1]}{', as far as was looked' * (self.unseen > -np.inf)})"


def _short(value: float) -> str:
    return f"{0.0 if abs(value) < 1e-100 else value:.6g}"


class _Grid:
    """Points in order, with f and the sign of f' there."""

    def __init__(self, stage: Stage, x: Any) -> None:
        self.stage = stage
        self.x = self.f = self.d = np.empty(0)
        self.closed: set[tuple[float, float]] = set()  # intervals that cannot be divided further
        self.jumps: set[float] = set()  # numbers before which f jumps the way it goes
        self.add(x)

    def add(self, x: Any) -> Any:
        """Take in new points; whether f and f' have values there."""
        f, d = self.stage.values(x), np.sign(self.stage.jacobians(x))
        lost = np.flatnonzero((d == 0) & (np.abs(f) < SMALL) & (f != 0))
        if len(lost):  # a slope that underflows, where f does not
            at = x[lost]
            steep = log_slope(self.stage, at) > -np.inf
            d[lost[steep]] = np.sign((self.stage.values(at * (1 + 2.0**-14)) - f[lost]) * at)[steep]
        ok = np.isfinite(f) & ~np.isnan(d)
        at, first = np.unique(np.concatenate([self.x, x[ok]]), return_index=True)
        self.x, self.f, self.d = at, np.concatenate([self.f, f[ok]])[first], np.concatenate([self.d, d[ok]])[first]
        return ok

    def edges(self) -> tuple[Any, Any]:
        """For each pair of neighbours its direction, 0 where it is not monotone as far as one sees; and whether f is constant on it."""
        with np.errstate(over="ignore"):
            rise = np.diff(self.f)
        left, right = self.d[:-1], self.d[1:]
        rounding = np.abs(rise) <= 8 * EPS * np.maximum(np.abs(self.f[:-1]), np.abs(self.f[1:]))
        # between a turning point hit exactly and the next number f goes as it goes on
        turning = ((left == 0) != (right == 0)) & (np.nextafter(self.x[:-1], np.inf) == self.x[1:])
        side = np.where(left == 0, right, left)
        monotone = (side != 0) & ((left == right) | turning) & ((np.sign(rise) == side) | rounding)
        if self.jumps:
            monotone &= ~np.isin(self.x[1:], list(self.jumps))
        return np.where(monotone, side, 0.0), (left == 0) & (right == 0) & (np.abs(rise) < TINY)

    def refine(self) -> None:
        """Bisect until every edge is monotone, flat, or of two adjacent numbers."""
        for _ in range(200):
            direction, flat = self.edges()
            at = np.flatnonzero((direction == 0) & ~flat)
            middle = between(self.x[at], self.x[at + 1])
            todo = (middle != self.x[at]) & (middle != self.x[at + 1])
            todo &= np.array([pair not in self.closed for pair in zip(self.x[at].tolist(), self.x[at + 1].tolist(), strict=True)], bool)
            at, middle = at[todo], middle[todo]
            if not len(at):
                return
            if len(at) > 2 * MOST:
                raise self.too_many()
            low, high = self.x[at], self.x[at + 1]
            failed = ~self.add(middle)
            if failed.any():  # a pole that was hit exactly, or overflow beside it: come closer from both sides, as far as f has values
                low, high, middle = low[failed], high[failed], middle[failed]
                left, right = _towards(low, middle), _towards(high, middle)
                stuck = ~((self.add(left) & (left != low)) | (self.add(right) & (right != high)))
                self.closed |= set(zip(low[stuck].tolist(), high[stuck].tolist(), strict=True))
        raise self.too_many()

    def part(self) -> bool:
        """Find jumps in the direction in which f goes: bisect towards the larger rise, which of a continuous f halves with the interval.

        Whether there was one that was not known.
        """
        direction, _ = self.edges()
        with np.errstate(over="ignore"):
            spread = np.subtract(*np.quantile(self.f, [0.75, 0.25]))
            at = np.flatnonzero((direction != 0) & (np.abs(np.diff(self.f)) > JUMP * spread))
        low, high, f_low, f_high = self.x[at], self.x[at + 1], self.f[at], self.f[at + 1]
        first = np.abs(f_high - f_low)
        for _ in range(1100):  # down to adjacent numbers, through all exponents at the worst
            middle = between(low, high)
            open_ = (middle != low) & (middle != high)
            if not open_.any():
                break
            f = self.stage.values(np.where(open_, middle, low))
            f = np.where(np.isfinite(f), f, f_low)
            left = np.abs(f - f_low) > np.abs(f_high - f)
            high, f_high = np.where(open_ & left, middle, high), np.where(open_ & left, f, f_high)
            low, f_low = np.where(open_ & ~left, middle, low), np.where(open_ & ~left, f, f_low)
            still = (np.abs(f_high - f_low) > first / 16) & (np.abs(f_high - f_low) > 1e4 * EPS * np.maximum(np.abs(f_low), np.abs(f_high)))
            low, high, f_low, f_high, first = low[still], high[still], f_low[still], f_high[still], first[still]
            if not len(low):
                return False
        slopes = np.maximum(np.abs(self.stage.jacobians(low)), np.abs(self.stage.jacobians(high)))
        with np.errstate(over="ignore", invalid="ignore"):
            steep = ~(np.abs(f_high - f_low) > 8 * slopes * (high - low))  # beside a pole f rises as fast as its slope says
        low, high = low[~steep], high[~steep]
        new = set(high.tolist()) - self.jumps
        self.jumps |= new
        self.add(np.concatenate([low, high]))
        return bool(new)

    def too_many(self) -> NoDensity:
        turns = np.flatnonzero((self.d[1:] != self.d[:-1]) & (self.d[1:] != 0) & (self.d[:-1] != 0))
        size = np.maximum(np.abs(self.f[turns]), np.abs(self.f[turns + 1]))
        lost = turns[np.abs(self.f[turns + 1] - self.f[turns]) <= 8 * EPS * size]
        if len(lost) > len(turns) / 2:
            at = self.x[lost[np.argmin(np.abs(self.x[lost]))]]
            return NoDensity(
                f"The slope of {self.stage.name} is lost to rounding around x = {number(at)}: it changes its sign where {self.stage.name} is constant "
                "to rounding.",
                advice="Write the function so that it keeps its digits there (1/(1 + x**2) for 1 − x**2/(1 + x**2), say), or truncate the distribution.",
            )
        return NoDensity(
            f"{self.stage.name} folds more often than can be followed: more than {MOST} monotone pieces on the support.",
            advice="Restrict the distribution to fewer folds, or compute the density of the phase instead.",
        )

    def pieces(self) -> list[tuple[Any, Any]]:
        direction, _ = self.edges()
        turns = np.flatnonzero(np.diff(direction) != 0) + 1
        runs = [(int(a), int(b)) for a, b in zip(np.r_[0, turns], np.r_[turns, len(direction)], strict=True) if b > a]
        runs = [(a, b) for a, b in runs if direction[a] != 0 and self.f[a] != self.f[b]]
        for k in range(1, len(runs)):
            (a, b), (c, d) = runs[k - 1 : k + 1]
            if c == b + 1 and direction[a] == -direction[c] and self._joined(b, c):
                # f turns at one of two adjacent numbers, which belongs to both pieces
                runs[k - 1 : k + 1] = [(a, b), (b, d)] if (self.f[b] - self.f[c]) * direction[a] > 0 else [(a, c), (c, d)]
        return [(self.x[a : b + 1], self.f[a : b + 1]) for a, b in runs]

    def _joined(self, b: int, c: int) -> bool:
        """Whether f is continuous between two neighbours: it changes as its slopes say."""
        with np.errstate(all="ignore"):
            slope = np.max(np.abs(self.stage.jacobians(self.x[[b, c]])))
            return bool(np.abs(self.f[c] - self.f[b]) <= 8 * slope * (self.x[c] - self.x[b]))


def find(stage: Stage, base: Base, breaks: Sequence[float], rng: np.random.Generator, saturates: Callable[[Any], bool]) -> list[Piece]:
    """The monotone pieces of f on the support, in order of x; refused where f has no value, folds without end, or is flat.

    `saturates` says of points at which f varies, and then does not, whether it does so by rounding alone.
    """
    sample = base.rvs(SAMPLES, rng)
    require_values(stage, sample)
    grid = _Grid(stage, np.unique(np.concatenate([_start(base, sample), np.asarray(breaks, float)])))
    grid.refine()
    while grid.part():
        if len(grid.jumps) > MOST:
            raise grid.too_many()
        grid.refine()
    count = len(grid.pieces())
    for _ in range(4):
        grid.add(base.rvs(SAMPLES, rng))
        grid.refine()
        _, flat = grid.edges()
        _require_sloped(grid, base, flat, sample, saturates)
        pieces = grid.pieces()
        if len(pieces) > MOST:
            raise grid.too_many()
        if len(pieces) == count:
            break
        count = len(pieces)
    else:
        raise grid.too_many()
    if not pieces:
        raise NoDensity(f"{stage.name} is constant on the support: Y has no density.")
    pieces[0] = _extended(stage, *pieces[0], float(base.low), -1)
    pieces[-1] = _extended(stage, *pieces[-1], float(base.high), 1)
    values = stage.values(sample)
    spread, width = _spread(values), _spread(sample)
    found = []
    for k, (xs, fs) in enumerate(pieces):
        low = float(base.low) if k == 0 else float(xs[0])
        high = float(base.high) if k == len(pieces) - 1 else float(xs[-1])
        ends = sorted((_limit(stage, xs[::-1], fs[::-1], low, spread), _limit(stage, xs, fs, high, spread)))
        scale = min(width, float(xs[-1] / 2 - xs[0] / 2) or width)
        # towards infinity the points go on where f does not; towards a finite x it is the same close to where it turns
        last = (xs[fs == fs[0]][-1] if np.isinf(low) else xs[0]), (xs[fs == fs[-1]][0] if np.isinf(high) else xs[-1])
        beyond = mass(base, sample, np.array([low, last[1]]), np.array([last[0], high])) > FLAT
        unseen = -np.inf
        for outer in (0,) * folds_on(stage, xs[::-1], fs[::-1], low) + (-1,) * folds_on(stage, xs, fs, high):
            unseen = max(unseen, float(np.maximum(base.logpdf(xs[[outer]])[0], LEAST) - np.median(log_slope(stage, xs))))
        found.append(Piece(xs, fs, low, high, (ends[0], ends[1]), scale, (bool(beyond[0]), bool(beyond[1])), unseen))
    return found


def _spread(values: Any) -> float:
    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low) or float(np.std(values))


def folds_on(stage: Stage, xs: Any, fs: Any, end: float) -> bool:
    """Whether f turns after the last of the points, where X hardly comes and no one looked further."""
    x, outward = float(xs[-1]), float(np.copysign(1.0, end))
    if np.isfinite(end) or abs(x) > float(np.finfo(float).max) / 4:
        return False
    beyond = np.array([x + outward * 1e-6 * (1 + abs(x))])
    slope = float(stage.jacobians(beyond)[0])
    if not (np.isfinite(slope) and np.isfinite(stage.values(beyond)).all()):  # numbers end; f goes on as it went
        return False
    return slope * outward * (1 if fs[-1] > fs[0] else -1) < 0


def _limit(stage: Stage, xs: Any, fs: Any, end: float, spread: float) -> float:
    """The limit of f towards the last x of a piece, as far as numbers show: infinite where f is, or is enormous, or has not settled."""
    x, last = float(xs[-1]), float(fs[-1])
    before = float(fs[max(-9, -len(fs))])
    if np.isfinite(end):
        outward = float(np.copysign(np.inf, x - xs[0]))
        inner, beyond = (float(each) for each in stage.values(np.nextafter(x, [-outward, outward])))
        if x == end and 0 < abs(last) <= min(abs(beyond - last), abs(inner - last)) and (beyond > last) == (inner > last):
            return 0.0  # it turns between numbers, within what the next of them change
        if np.nextafter(x, outward) == end and (beyond > last) == (last > before) and abs(beyond - last) <= 4 * abs(last - inner):
            return beyond  # f' has no value there
        grown = np.isinf(beyond) and (beyond > 0) == (last > before)
    else:
        half = float(fs[np.argmin(np.abs(xs / 2 - x / 4))])  # the points end close to each other
        stop = float(np.copysign(np.finfo(float).max, end))
        final = float(stage.values(np.array([stop]))[0])
        near = abs(final - last) <= 1e-9 * (abs(last) + spread) and (final - last) * (1 if last > fs[0] else -1) >= 0
        if abs(x) < abs(stop) / 2 and near and final in (last, 0):
            return final  # f is constant from here on, to rounding
        if folds_on(stage, xs, fs, end):
            return last
        grown = abs(last / 2 - half / 2) > 1e-9 * (abs(last) / 2 + spread)
        if not grown and (last > 0) == (half > 0) and abs(last) < 0.9 * abs(half):
            return 0.0  # it goes on shrinking by a factor
    return (np.inf if last > fs[0] else -np.inf) if grown or abs(last) > 1e12 * spread else last


def _start(base: Base, sample: Any) -> Any:
    """Where to look first: quantiles far into both tails, else the sample; and close to a finite end."""
    if "ppf" in base.scalar:
        tails = np.logspace(-40, -3, 200)
        with np.errstate(all="ignore"):
            x = np.concatenate([base.scalar["ppf"](tails), base.scalar["ppf"](np.linspace(0.001, 0.999, 1000)), base.scalar["isf"](tails)])
    else:
        x = sample
    low, high = float(base.low), float(base.high)
    if np.isfinite(low) and np.isfinite(high):
        x = np.concatenate([x, np.linspace(low, high, 1001)])
    x = x[np.isfinite(x)]
    first, last = np.min(sample), np.max(sample)
    halves = 0.5 ** np.arange(1, 60)
    for end, inner in ((low, first), (high, last)):
        if np.isfinite(end):
            x = np.concatenate([x, end + (inner - end) * halves, [end]])
    return x[(x >= low) & (x <= high)]


def _extended(stage: Stage, xs: Any, fs: Any, end: float, side: int) -> tuple[Any, Any]:
    """The outermost piece carried on towards the end of the support, as far as f goes on as before: to the last number, if it does."""
    last = float(xs[-1] if side > 0 else xs[0])
    stop = end if np.isfinite(end) else side * float(np.finfo(float).max)
    ways = []
    if np.isinf(end):
        with np.errstate(over="ignore"):
            ways.append(last + side * (1 + abs(last)) * 2.0 ** np.arange(-3, 1000, 0.125))
    ways.append(np.concatenate([_through(last, stop, 256), _halvings(last, stop)]))
    direction = 1 if fs[-1] > fs[0] else -1
    for far in ways:
        far = np.unique(far[np.isfinite(far) & ((far > xs[-1]) if side > 0 else (far < xs[0]))])[::side]
        for _ in range(24):  # where f stops between two of the points, look between them
            last, f_last = (float(xs[-1]), float(fs[-1])) if side > 0 else (float(xs[0]), float(fs[0]))
            n, f = _going_on(stage, far, f_last, side * direction, side)
            taken, values = far[:n], f[:n]
            if side > 0:
                xs, fs = np.concatenate([xs, taken]), np.concatenate([fs, values])
            else:
                xs, fs = np.concatenate([taken[::-1], xs]), np.concatenate([values[::-1], fs])
            if n == len(far):
                break
            far = _through(float(xs[-1] if side > 0 else xs[0]), float(far[n]), 9)[::side]
            if not len(far):
                break
    return xs, fs


def _going_on(stage: Stage, far: Any, f_last: float, direction: int, side: int) -> tuple[int, Any]:
    """How many of the points follow on in the same direction, and f there. A slope that underflows, or is not known, does not tell."""
    f = stage.values(far)
    with np.errstate(all="ignore"):
        rise = np.diff(np.concatenate([[f_last], f])) * direction  # nan where both are infinite
        slope = np.sign(stage.jacobians(far)) * direction * side
    good = np.isfinite(f) & (((slope == 1) & (rise >= 0)) | (~(slope == -1) & (rise > 0)))
    return (len(good) if good.all() else int(np.argmin(good))), f


def _through(a: float, b: float, count: int) -> Any:
    """Numbers between a and b, in even steps of the order of floating-point numbers."""
    low, high = (int(place(np.array([end]))[0]) for end in sorted((a, b)))
    steps = sorted({low + (high - low) * k // count for k in range(1, count)} - {low, high})
    return number_at(np.array(steps, np.int64))


def _halvings(a: float, b: float) -> Any:
    """Numbers from a to b, each halfway on in the same order: close to b they are dense."""
    low, high = np.array([a]), np.array([b])
    found = [low]
    while len(found) < 70:
        found.append(between(found[-1], high))
    return np.concatenate(found)


def require_values(stage: Stage, sample: Any) -> None:
    f = stage.values(sample)
    bad = np.isnan(f).reshape(len(f), -1).any(1)
    if bad.any():
        raise NoDensity(
            f"{stage.name} is not defined on the whole support: it is nan at x = {number(sample[bad][0])}, which the distribution takes.",
            known=f"{bad.sum()} of {len(sample)} samples are outside the domain of {stage.name}.",
            advice="Truncate the distribution, or take a map that is defined wherever it has density.",
        )


def _require_sloped(grid: _Grid, base: Base, flat: Any, sample: Any, saturates: Callable[[Any], bool]) -> None:
    """Refuse a map that is flat, but where before the first slope, or after the last, it only comes too close to a limit."""
    if not flat.any():
        return
    low, high = grid.x[:-1], grid.x[1:]
    weights = np.where(flat, mass(base, sample, low, high), 0.0)
    sloped = np.flatnonzero(~flat)
    if len(sloped):
        before, after = slice(0, sloped[0]), slice(sloped[-1] + 1, None)
        for outer, points in ((before, grid.x[: sloped[0] + MARGIN]), (after, grid.x[max(0, sloped[-1] + 1 - MARGIN) :])):
            if weights[outer].sum() > FLAT and saturates(points):
                weights[outer] = 0
    if weights.sum() > FLAT:
        at = int(np.argmax(weights))
        raise NoDensity(
            f"{grid.stage.name} is constant around x = {number((low[at] + high[at]) / 2)}, on a set of probability {weights.sum():.3g}: "
            "Y has an atom there and no density.",
            known=f"its value there is {number(grid.f[at])}, to rounding",
            advice="If f only comes so close to a limit there that floating-point numbers cannot tell, take another scale: its logarithm, perhaps.",
        )


def mass(base: Base, sample: Any, low: Any, high: Any) -> Any:
    """The probability of each of the intervals; where there is no cdf, or it is not known, as a sample has it."""
    ordered = np.sort(sample)
    found = (np.searchsorted(ordered, high, "left") - np.searchsorted(ordered, low, "right")) / len(ordered)
    if "cdf" in base.scalar:
        cdf, sf = base.scalar["cdf"], base.scalar["sf"]
        with np.errstate(all="ignore"):
            exact = np.where(cdf(low) < 0.5, cdf(high) - cdf(low), sf(low) - sf(high))
        found = np.where(np.isnan(exact), found, exact)
    return found


def _towards(a: Any, b: Any) -> Any:
    """An eighth of the way from a to b, in the same order."""
    return between(a, between(a, between(a, b)))


def invert(stage: Stage, piece: Piece, y: Any) -> Any:
    """The x of a piece with f(x) = y, for y in its range: Newton steps kept in a bracket, with bisection where they do not help."""
    sign = 1.0 if piece.rising else -1.0
    known = np.maximum.accumulate(sign * piece.fs)  # rounding may have made steps back
    at = np.clip(np.searchsorted(known, sign * y), 1, len(known) - 1)
    low, high = piece.xs[at - 1].copy(), piece.xs[at].copy()
    x = between(low, high)
    f_low, f_high = known[at - 1], known[at]
    with np.errstate(all="ignore"):
        share = (sign * y - f_low) / (f_high - f_low)
        guess = low + share * (high - low)
        x = np.where(np.isfinite(guess) & (guess > low) & (guess < high), guess, x)
        x = np.where(sign * y <= f_low, low, np.where(sign * y >= f_high, high, x))
    left = np.arange(len(y))
    for turn in range(200):
        here = x[left]
        f, slope = stage.values(here), stage.jacobians(here)
        if np.isnan(f).any():
            bad = np.isnan(f)
            raise NotInverted(
                f"{stage.name} is nan at x = {number(here[bad][0])}, between points at which it is not: f(x) = {number(y[left][bad][0])} is not solved."
            )
        miss = sign * (f - y[left])
        low[left] = np.where(miss <= 0, here, low[left])
        high[left] = np.where(miss >= 0, here, high[left])
        with np.errstate(all="ignore"):
            new = here - (f - y[left]) / slope
        middle = between(low[left], high[left])
        inside = (new > low[left]) & (new < high[left]) & (turn % 4 < 3)
        close = np.isfinite(new) & np.isfinite(slope) & (np.abs(new - here) <= 2 * EPS * np.abs(here))
        done = (miss == 0) | close | (middle == low[left]) | (middle == high[left])
        x[left] = np.where(done, np.where(close & (new >= low[left]) & (new <= high[left]), new, here), np.where(inside, new, middle))
        left = left[~done]
        if not len(left):
            return x
    raise NotInverted(
        f"The bracketed Newton iteration for {stage.name}(x) = {number(y[left][0])} did not converge in 200 steps.",
        known=f"x is between {float(low[left][0])!r} and {float(high[left][0])!r}",
    )
