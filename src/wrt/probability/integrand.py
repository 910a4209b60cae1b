"""What a marginal integrates: a pair's density on the row y[keep] = c, or that of x along the curve on which g(x) = y[keep] is c.

p(c) = ∫ p_X(x) / |∂g/∂x_i| dx_j over x_j, with x_i from g(x) = c: for that g need only be monotone in one coordinate, x_i. Nothing of
f is inverted but a function of one number, between the ends of the support, where its signs say for sure whether there is a root.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from wrt.probability.law import Base
from wrt.probability.newton import Starts, widened
from wrt.probability.order import between
from wrt.probability.stage import Stage

FAINT = -300.0  # a log-density so low may underflow when it is divided by a slope
MONOTONE = 64  # each of so many values of a coordinate is tried with each of the other one
JUMP = 1e-6  # two numbers next to each other between which g − c changes sign and is not nearer to 0 are no root
SAMPLES = 4096
BULK = 24  # points at which a coordinate of x is a sample's
STEPS = 200
LARGE = (1.7e308, 1e154, 1e75, 1e30, 1e12)  # where the sign of g − c is looked at, if the support is not bounded
ROUNDED = 1e-8  # of the size of x: so much may rounding of g move it
FLAT = 1e-12  # a slope that is smaller beside the usual one of a coordinate is no slope


class Integrand(Protocol):
    """A function of (c, v) whose integral over v is the density of y[keep] at c."""

    kept: Any
    """y[keep] of samples, in order."""
    other: Any
    """v of the same samples."""
    limits: tuple[float, float]
    """Of v."""
    splits: tuple[float, ...]
    """Values of v at which the integrand may have a kink whatever c is."""

    def density(self, c: Any, v: Any) -> Any:
        """The integrand at points in arrays of one shape; nan where it is not known."""

    def beside(self, c: Any, v: Any) -> Callable[[Any, Any, Any], Any]:
        """A function of (k, c', v'): whether the integrand is positive at points near (c[k], v[k]), where it is."""

    def bulk(self, c: Any) -> tuple[Any, Any]:
        """(More places v to look at, a row of them for each c; whether a point x is known that shows that the integrand is positive there)."""


class Exhausted(Exception):
    """The density was evaluated at as many points as are allowed."""


class Rows:
    """The density of a pair on rows, at no more than `most` points."""

    splits: tuple[float, ...] = ()

    def __init__(self, road: Any, keep: int, limits: tuple[float, float], most: float = np.inf) -> None:
        self.road, self.keep, self.limits, self.left = road, keep, limits, most
        self.kept, self.other = _sampled(road.stage, road.base, keep, lambda X, Y: Y[:, 1 - keep])

    def density(self, c: Any, v: Any) -> Any:
        """See `Integrand`."""
        self._spend(v.size)
        return self.road.known_pdf(self._points(c, v).reshape(-1, 2)).reshape(v.shape)

    def beside(self, c: Any, v: Any) -> Callable[[Any, Any, Any], Any]:
        """See `Integrand`."""
        positive = self.road.beside(self._points(c, v))

        def found(k: Any, c: Any, v: Any) -> Any:
            self._spend(v.size)
            return positive(k, self._points(c, v))

        return found

    def _spend(self, points: int) -> None:
        self.left -= points
        if self.left < 0:
            raise Exhausted

    def bulk(self, c: Any) -> tuple[Any, Any]:
        """See `Integrand`."""
        X, sure = _with_samples(self.road.stage, self.road.base, self.road.starts, self.keep, c)
        v = self.road.stage.values(X)[:, 1 - self.keep].reshape(sure.shape)
        return _placed(v, sure, self)

    def _points(self, c: Any, v: Any) -> Any:
        return np.stack((c, v) if self.keep == 0 else (v, c), -1)


class Curve:
    """The density of x along g(x) = c, over the coordinate of x that does not follow from the other one."""

    def __init__(self, stage: Stage, base: Base, starts: Starts, keep: int, over: tuple[float, float], moving: int, splits: tuple[float, ...]) -> None:
        self.splits = splits
        self.stage, self.base, self.starts, self.keep, self.moving = stage, base, starts, keep, moving
        self.spread, self.usual = float(starts.spread[moving]), float(np.median(starts.x[:, moving]))
        self.over = None if over == (-np.inf, np.inf) else over  # of the other coordinate of y
        low, high = np.broadcast_to(base.low, (2,)), np.broadcast_to(base.high, (2,))
        self.limits = float(low[1 - moving]), float(high[1 - moving])
        self.low, self.high = float(low[moving]), float(high[moving])
        self.kept, self.other = _sampled(stage, base, keep, lambda X, Y: X[:, 1 - moving])

    def density(self, c: Any, v: Any) -> Any:
        """See `Integrand`."""
        flat, row = v.ravel(), np.broadcast_to(c, v.shape).ravel()
        found = np.zeros(len(flat))
        at = np.flatnonzero((flat >= self.limits[0]) & (flat <= self.limits[1]))
        x, sign, known = self._root(row[at], flat[at])
        found[at[~known]] = np.nan
        some = known & ~np.isnan(x)
        at, sign, X = at[some], sign[some], self._points(x[some], flat[at[some]])
        with np.errstate(all="ignore"):
            log = self.base.logpdf(X)
            at, sign, X, log = (each[log != -np.inf] for each in (at, sign, X, log))
            if len(at):
                Y, J = self.stage.both(X)
                slope = J[:, self.keep, self.moving] * sign
                # where g is so flat that rounding of c moves x, nothing is known
                steep = slope * ROUNDED * (self.spread + np.abs(X[:, self.moving])) > np.finfo(float).eps * np.abs(row[at])
                found[at] = np.where(steep, np.exp(log - np.log(np.where(slope > 0, slope, np.nan))), np.nan)
                if self.over is not None:
                    w = Y[:, 1 - self.keep]
                    found[at] = np.where((w >= self.over[0]) & (w <= self.over[1]), found[at], np.where(np.isnan(w), np.nan, 0.0))
        return found.reshape(v.shape)

    def beside(self, c: Any, v: Any) -> Callable[[Any, Any, Any], Any]:
        """See `Integrand`."""
        return lambda _, c, v: self.density(c, v) > 0

    def bulk(self, c: Any) -> tuple[Any, Any]:
        """See `Integrand`."""
        X, sure = _with_samples(self.stage, self.base, self.starts, self.keep, c)
        if self.over is not None:
            w = self.stage.values(X)[:, 1 - self.keep].reshape(sure.shape)
            sure &= (w > self.over[0]) & (w < self.over[1])
        return _placed(X[:, 1 - self.moving].reshape(sure.shape), sure, self)

    def _points(self, x: Any, v: Any) -> Any:
        return np.stack((x, v) if self.moving == 0 else (v, x), -1)

    def _over(self, x: Any, v: Any, c: Any) -> tuple[Any, Any]:
        """(g − c, its slope)."""
        Y, J = self.stage.both(self._points(x, v))
        return Y[:, self.keep] - c, J[:, self.keep, self.moving]

    def _end(self, end: float, side: float, v: Any, c: Any) -> tuple[Any, Any]:
        """(x, g − c) at an end of the support, or so far out as g has a value."""
        tries = [side * large for large in LARGE] if np.isinf(end) else [end, float(np.nextafter(end, -side * np.inf))]
        x, off = np.full(len(v), tries[0]), np.full(len(v), np.nan)
        for each in tries:
            left = np.flatnonzero(np.isnan(off))
            if not len(left):
                break
            x[left] = each
            off[left] = self._over(x[left], v[left], c[left])[0]
        return x, off

    def _root(self, c: Any, v: Any) -> tuple[Any, Any, Any]:
        """(x with g = c, nan where there is none; 1 where g rises with x, −1 where it falls; whether that is known).

        By Newton steps in a bracket that is halved in the order of floating-point numbers.
        """
        a, at_a = self._end(self.low, -1.0, v, c)
        b, at_b = self._end(self.high, 1.0, v, c)
        sign = np.where(at_b > at_a, 1.0, -1.0)
        at_a, at_b = at_a * sign, at_b * sign
        x, known = np.full(len(c), np.nan), ~np.isnan(at_a) & ~np.isnan(at_b)
        # where g has no value far out, a root may be farther out than it was looked for
        for end, bound, beyond in ((a, self.low, at_a > 0), (b, self.high, at_b < 0)):
            known &= ~(beyond & (np.abs(end) < 1e150)) | np.isfinite(bound)
        x[known & (at_a == 0)] = a[known & (at_a == 0)]
        x[known & (at_b == 0)] = b[known & (at_b == 0)]
        left = np.flatnonzero(known & (at_a < 0) & (at_b > 0))
        new = np.where((a[left] < self.usual) & (b[left] > self.usual), self.usual, between(a[left], b[left]))
        width = np.full(len(c), np.inf)
        for turn in range(STEPS):
            if not len(left):
                break
            off, slope = (each * sign[left] for each in self._over(new, v[left], c[left]))
            lost = np.isnan(off)
            known[left[lost]] = False
            below = off < 0
            a[left], b[left] = np.where(below, new, a[left]), np.where(below, b[left], new)
            with np.errstate(all="ignore"):
                step = off / slope
                newton = new - step
                small = np.abs(step) <= 2e-16 * np.abs(new)
            x[left] = new
            done = (off == 0) | small | lost
            middle = between(a[left], b[left])
            tight = (middle == a[left]) | (middle == b[left])
            with np.errstate(all="ignore"):
                jump = tight & ~(np.abs(off) <= JUMP * (np.abs(c[left]) + np.abs(slope * new) + np.abs(slope) * self.spread))
            known[left[jump]] = False
            done |= tight
            good = (newton > a[left]) & (newton < b[left]) & (np.abs(step) < 0.5 * width[left]) & (turn % 8 != 7)
            width[left] = np.where(good, np.abs(step), np.inf)
            new = np.where(good, newton, middle)
            left, new = left[~done], new[~done]
        known[left] = False
        return x, sign, known


def _sampled(stage: Stage, base: Base, keep: int, other: Callable[[Any, Any], Any]) -> tuple[Any, Any]:
    """y[keep] of samples, in order, and what else is asked of them."""
    X = base.rvs(SAMPLES, np.random.default_rng(20_241))
    Y = stage.values(X)
    v = other(X, Y)
    ok = np.isfinite(Y).all(1) & np.isfinite(v)
    order = np.argsort(Y[ok, keep])
    return Y[ok, keep][order], v[ok][order]


def _placed(v: Any, sure: Any, integrand: Rows | Curve) -> tuple[Any, Any]:
    """The places within the limits, and which of them are sure."""
    low, high = integrand.limits
    with np.errstate(invalid="ignore"):
        sure = sure & (v > low) & (v < high)
    return np.clip(np.where(np.isfinite(v), v, np.median(integrand.other)), low, high), sure


def _with_samples(stage: Stage, base: Base, starts: Starts, keep: int, c: Any) -> tuple[Any, Any]:
    """(Points x with y[keep] = c of which one coordinate is that of a sample, for each c so many; whether each is surely within the support)."""
    some = starts.x[:: max(1, len(starts.x) // BULK)][:BULK]
    X = np.tile(some, (len(c), 2, 1, 1))  # rows, which coordinate moves, samples
    rows = np.broadcast_to(np.arange(len(c))[:, None, None], X.shape[:-1]).ravel()
    which = np.broadcast_to(np.arange(2)[None, :, None], X.shape[:-1]).ravel()
    flat, every = X.reshape(-1, 2), np.arange(rows.size)
    with np.errstate(all="ignore"):
        for _ in range(12):
            V, J = stage.both(flat)
            slope = J[every, keep, which]
            step = (V[:, keep] - c[rows]) / slope
            flat[every, which] -= np.where(np.isfinite(step), step, 0)
        size = starts.spread[which] + np.abs(flat[every, which])
        sure = (np.abs(step) <= 1e-9 * size) & (np.abs(slope) * size > 1e-6 * np.abs(c[rows])) & (base.logpdf(flat) > FAINT)
        for side in (-1e-6, 1e-6):  # not so close to an end that rounding counts
            beside = flat.copy()
            beside[every, which] += side * size
            sure &= base.inside(beside)
    return flat, sure.reshape(len(c), -1)


def curve(stage: Stage, base: Base, starts: Starts, keep: int, over: tuple[float, float]) -> Curve | None:
    """The curve over that coordinate from which the other follows best; None where y[keep] is monotone in neither, as far as samples show."""
    X = np.concatenate([starts.x[:MONOTONE], widened(stage, base, starts.x[:MONOTONE])])
    usual = np.nanmedian(np.abs(stage.jacobians(starts.x)[:, keep]), axis=0) * starts.spread
    for moving in np.argsort(-usual).tolist():
        grid = np.stack(np.broadcast_arrays(X[:, None], X[None]))
        points = np.where(np.arange(2) == moving, grid[0], grid[1])  # rows: x[moving] differs along the first axis
        slopes = stage.jacobians(points.reshape(-1, 2))[:, keep, moving].reshape(points.shape[:2])
        slopes[~base.inside(points.reshape(-1, 2)).reshape(slopes.shape)] = np.nan
        with np.errstate(invalid="ignore"):
            rises, falls = (slopes > 0).any(0), (slopes < 0).any(0)
        if usual[moving] > FLAT * usual.max() and not (rises & falls).any():
            return Curve(stage, base, starts, keep, over, moving, _turns(stage, keep, moving, X, rises.astype(int) - falls))
    return None


def _turns(stage: Stage, keep: int, moving: int, X: Any, signs: Any) -> tuple[float, ...]:
    """Where ∂y[keep]/∂x[moving] changes its sign with the other coordinate, as that of x₀/x₁ does at 0: it goes on with |slope| there."""
    order = np.argsort(X[:, 1 - moving])
    v, signs = X[order, 1 - moving], signs[order]
    v, signs = v[signs != 0], signs[signs != 0]
    at = np.flatnonzero(signs[1:] != signs[:-1])
    low, high, sign = v[at], v[at + 1], signs[at]
    middle = np.median(X[:, moving])
    for _ in range(64):
        half = between(low, high)
        points = np.where(np.arange(2) == moving, middle, half[:, None])
        same = np.sign(stage.jacobians(points)[:, keep, moving]) == sign
        low, high = np.where(same, half, low), np.where(same, high, half)
    return tuple((low / 2 + high / 2).tolist())
