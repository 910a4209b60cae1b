"""∫ p(c, v) dv along rows on which c is fixed: the ends of where the integrand p is positive are found first.

A density may jump where x leaves its support. On each row p is looked at where samples lie, at far points, and close to ends that
are the same on other rows; between a point with p > 0 and one without the end is bisected; each run of p > 0 is integrated by
itself. A row on which nothing was found is walked to from one where there is something.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from wrt.probability.integrand import Integrand
from wrt.probability.quadrature import double_exponential

NEAR = 48  # samples whose kept coordinate is nearest to a row's show where to look on it
ZOOMS = 30
BISECTIONS = 60
FAR = 1e6  # scales: beyond, runs go on as they are
NOTHING = 1e-20  # of the mass of a run: where p is so small, its end does not matter


@dataclass(frozen=True)
class Runs:
    """Intervals of the other coordinate on which p > 0: the row of each, its ends, and where its mass is."""

    row: Any
    low: Any
    high: Any
    middle: Any
    scale: Any
    lost: Any
    """Whether beyond an end that matters there are points for which it is not known whether p > 0."""

    def of(self, row: int) -> Runs:
        """Those of one row."""
        return Runs(*(each[self.row == row] for each in (self.row, self.low, self.high, self.middle, self.scale, self.lost)))


class Slice:
    """Integrals over v at given c."""

    def __init__(self, integrand: Integrand) -> None:
        self.integrand, self.over = integrand, integrand.limits
        self.kept, self.other = integrand.kept, integrand.other
        self._fixed: Any = np.zeros(0)
        self._ends = [-np.inf, np.inf]  # rows beyond which there is nothing
        inner = self.kept[(len(self.kept) * np.array([0.2, 0.35, 0.5, 0.65, 0.8])).astype(int)]
        ends = self._runs(inner, self._places(inner), rough=False)
        cuts = np.concatenate([np.intersect1d(ends.low[ends.row == k], ends.high[ends.row == k]) for k in range(len(inner))])
        close = 1e-9 * self._spread(self.other)
        found = [end for ends in (ends.low, ends.high) for end in ends if np.isfinite(end) and end not in cuts]
        self._fixed = np.array(sorted({round(e / close) * close: e for e in found if np.sum(np.abs(np.array(found) - e) < close) > 1}.values()))

    # ----- integrals ---------------------------------------------------------------------------------------------------
    def integrals(self, c: Any, *, finest: int = 7, tolerance: float = 1e-9, walk: bool = True) -> tuple[Any, Any]:
        """(∫ p, its relative error) on each of the rows c; the step is halved from 1/16 to at most 1/2^finest.

        Without `walk`, a row on which nothing was found at first sight counts as 0.
        """
        places, denied = self._looked(c)
        runs = self._runs(c, places)
        total, error = np.zeros(len(c)), np.zeros(len(c))
        for row in np.setdiff1d(np.flatnonzero(~denied) if walk else [], runs.row).astype(int):
            _, walked = self._walk(c[row])
            if walked is not None:
                runs = Runs(*(np.concatenate(pair) for pair in zip(_fields(runs), (np.full(len(walked.row), row), *_fields(walked)[1:]), strict=True)))
        # the mass may be narrow beside the distance to the ends: both sides of its middle cluster nodes there
        halves = [(runs.row, runs.low, runs.middle, runs.middle, runs.scale, runs.lost), (runs.row, runs.middle, runs.high, runs.middle, runs.scale, runs.lost)]
        runs = Runs(*map(np.concatenate, zip(*halves, strict=True)))
        for v in self.integrand.splits:
            inside = (runs.low < v) & (v < runs.high)
            above = [np.where(inside, v, runs.low)[inside] if name == "low" else each[inside] for name, each in vars(runs).items()]
            below = [np.where(inside, v, runs.high) if name == "high" else each for name, each in vars(runs).items()]
            runs = Runs(*map(np.concatenate, zip(below, above, strict=True)))
        left = np.flatnonzero((runs.low < runs.high) | runs.lost)
        runs = Runs(*(each[left] for each in _fields(runs)))
        left = np.arange(len(left))
        value, off = np.zeros(len(left)), np.zeros(len(left))
        for halving in range(4, finest + 1):
            nodes, weights = double_exponential(runs.low[left], runs.high[left], runs.middle[left], runs.scale[left], 1 / 2**halving)
            density = self.integrand.density(np.broadcast_to(c[runs.row[left], None], nodes.shape), nodes)
            part, unknown = summed(density, weights)
            off[left] = np.abs(part - value[left]) + unknown
            value[left] = part
            left = left[off[left] > tolerance * value[left]]
            if not len(left):
                break
        np.add.at(total, runs.row, value)
        np.add.at(error, runs.row, np.where(runs.lost, np.inf, off))
        with np.errstate(invalid="ignore", divide="ignore"):
            return total, np.where(denied, np.inf, np.where(error > 0, error / total, 0))

    def end(self, c: float) -> float:
        """Where p ends on the way to the row c, or c itself, infinite if it is far, or where nothing is left of it that counts."""
        upper = c > self.kept[-1]
        far = c if np.isfinite(c) else float(np.median(self.kept)) + (1e3 if upper else -1e3) * self._spread(self.kept)
        at, walked = self._walk(far, faint=NOTHING)
        if walked is not None:
            return c if at == far else at
        return self._ends[int(upper)] if np.isfinite(self._ends[int(upper)]) else c

    # ----- where p > 0 -------------------------------------------------------------------------------------------------
    def _looked(self, c: Any) -> tuple[Any, Any]:
        """(Where to look on each of the rows, in order; whether p is not positive at a point where it surely is)."""
        first = np.clip(np.searchsorted(self.kept, c) - NEAR // 2, 0, max(0, len(self.kept) - NEAR))
        near = self.other[np.minimum(first[:, None] + np.arange(NEAR), len(self.other) - 1)]
        far = self._far(float(np.median(self.other)), self._spread(self.other))
        bulk, sure = self.integrand.bulk(c)
        p = self.integrand.density(np.broadcast_to(c[:, None], bulk.shape), bulk)
        with np.errstate(invalid="ignore"):
            denied = (sure & ~(p > 0)).any(1)
        return self._sorted([near, bulk, *(np.broadcast_to(each, (len(c), len(each))) for each in far)]), denied

    def _places(self, c: Any) -> Any:
        return self._looked(c)[0]

    def _far(self, middle: Any, scale: Any) -> list[Any]:
        """Points all over the interval, and closer and closer to the ends that rows have in common."""
        clusters = [np.linspace(middle - 2 * scale, middle + 2 * scale, 17)]
        for low, high in ((self.over[0], self.over[1]), *((e, np.inf) for e in self._fixed), *((-np.inf, e) for e in self._fixed)):
            nodes = double_exponential(low, high, middle, scale, 1 / 8)[0][0]
            clusters.append(nodes[np.abs(nodes - middle) <= FAR * scale])
        return clusters

    def _sorted(self, parts: list[Any]) -> Any:
        """In order and within the interval; a point that lies beyond is moved to its end, where p counts as 0 or is cut off."""
        return np.sort(np.clip(np.concatenate(parts, 1), *self.over), axis=1)

    def _runs(self, c: Any, v: Any, *, rough: bool = False) -> Runs:
        p = self.integrand.density(np.broadcast_to(c[:, None], v.shape), v)
        with np.errstate(invalid="ignore"):
            positive = (p > 0) & (v > self.over[0]) & (v < self.over[1])
        step = np.diff(np.pad(positive, ((0, 0), (1, 1))).astype(int), axis=1)
        (row, first), last = np.nonzero(step == 1), np.nonzero(step == -1)[1] - 1
        width = np.gradient(v, axis=1) if v.shape[1] > 1 else np.ones_like(v)
        with np.errstate(all="ignore"):
            mass = np.where(positive, np.where(np.isfinite(p), p, 0) * np.where(np.isfinite(width), width, 0), 0)
        ends, soft, lost = [], [], np.zeros(len(row), bool)
        whole = mass.max(1, initial=0)[row]
        for at, step_out, limit in ((first, -1, self.over[0]), (last, 1, self.over[1])):
            beyond = at + step_out
            edge = (beyond < 0) | (beyond >= v.shape[1])
            out = np.where(edge, at, beyond)
            edge |= (v[row, out] <= self.over[0]) | (v[row, out] >= self.over[1])
            faint = mass[row, at] <= NOTHING * whole
            end = np.where(edge, limit, v[row, at])
            cut = np.flatnonzero(~edge & ~faint)
            end[cut] = self._bisected(c[row[cut]], v[row[cut], at[cut]], v[row[cut], out[cut]], 12 if rough else BISECTIONS)
            unknown = np.isnan(p[row[cut], out[cut]]) & (mass[row[cut], at[cut]] > 1e-9 * whole[cut])
            lost[cut] |= unknown & ~self._ended(c[row[cut]], end[cut], v[row[cut], out[cut]])
            ends.append(end)
            soft.append(faint & ~edge)
        parts = []
        for k, (r, i, j) in enumerate(zip(row, first, last, strict=True)):
            cuts = _valleys(p[r, i : j + 1], mass[r, i : j + 1]) + i
            alone = (k == 0 or row[k - 1] < r), (k == len(row) - 1 or row[k + 1] > r)  # a faint end may be let go as far as there is no other run
            for nth, (m, n) in enumerate(pairwise([i, *cuts, j])):
                cumulated = np.cumsum(mass[r, m : n + 1])
                inner = (m + np.minimum(np.searchsorted(cumulated, cumulated[-1] * np.array([0.2, 0.5, 0.8])), n - m)).tolist()
                start, at_middle, stop = inner
                middle, gaps = v[r, at_middle], np.diff(v[r, max(0, at_middle - 1) : at_middle + 2])
                low, high = (ends[0][k] if nth == 0 else v[r, m]), (ends[1][k] if nth == len(cuts) else v[r, n])
                scale = max(v[r, stop] - v[r, start], min(gaps.max(), high - low), 1e-300)
                low = self.over[0] if nth == 0 and soft[0][k] and alone[0] and middle - low > 6 * scale else low
                high = self.over[1] if nth == len(cuts) and soft[1][k] and alone[1] and high - middle > 6 * scale else high
                parts.append((r, low, high, middle, scale, lost[k]))
        columns = [np.array(each) for each in zip(*parts, strict=True)] if parts else [np.zeros(0, int), *np.zeros((4, 0)), np.zeros(0, bool)]
        return Runs(*columns) if rough else self._zoomed(c, Runs(*columns))

    def _zoomed(self, c: Any, runs: Runs) -> Runs:
        """The runs with their middle and scale where the mass is, however narrow."""
        middle, scale = runs.middle.copy(), runs.scale.copy()
        left = np.arange(len(middle))
        for _ in range(ZOOMS):
            if not len(left):
                break
            # from the scale down to a thousandth of it, and far out
            around = scale[left, None] * np.sinh(np.linspace(-9, 9, 73)) * 1e-2
            low, high = runs.low[left, None], runs.high[left, None]
            nodes = np.clip(middle[left, None] + around, low, high)
            p = self.integrand.density(np.broadcast_to(c[runs.row[left], None], nodes.shape), nodes)
            mass = np.where(np.isfinite(p), p, 0) * np.gradient(nodes, axis=1)
            cumulated = np.cumsum(mass, axis=1)
            q, m, t = (nodes[np.arange(len(left)), np.argmax(cumulated >= share * cumulated[:, -1:], axis=1)] for share in (0.2, 0.5, 0.8))
            found = np.maximum(t - q, scale[left] * 1e-2)
            known = cumulated[:, -1] > 0
            moved = known & ((np.abs(m - middle[left]) > 0.2 * found) | (found < 0.7 * scale[left]) | (found > 1.5 * scale[left]))
            middle[left], scale[left] = np.where(known, m, middle[left]), np.where(known, found, scale[left])
            left = left[moved]
        return Runs(runs.row, runs.low, runs.high, middle, scale, runs.lost)

    def _bisected(self, c: Any, inner: Any, outer: Any, times: int) -> Any:
        """The last points with p > 0 from `inner`, where it is, toward `outer`, where it is not."""
        inner, outer = inner.copy(), outer.copy()
        beside = self.integrand.beside(c, inner)
        left = np.arange(len(c))
        for _ in range(times):
            left = left[np.abs(outer[left] - inner[left]) > 2e-16 * np.abs(inner[left])]
            if not len(left):
                break
            middle = inner[left] / 2 + outer[left] / 2
            there = beside(left, c[left], middle)
            inner[left], outer[left] = np.where(there, middle, inner[left]), np.where(there, outer[left], middle)
        return inner

    def _ended(self, c: Any, end: Any, outer: Any) -> Any:
        """Whether just beyond an end p is known to be 0."""
        a_bit = end + np.sign(outer - end) * np.minimum(np.abs(outer - end), 1e-5 * self._spread(self.other))
        return self.integrand.density(c, a_bit) == 0 if len(c) else np.zeros(0, bool)

    def _walk(self, c: float, faint: float = 0.0) -> tuple[float, Runs | None]:
        """(c, the runs there), found by steps from the rows of the nearest samples; None where p ends before, on the way.

        With `faint` the walk is over, too, on a row with so small a part of the first one's mass: it and its runs are returned.
        """
        if not self._ends[0] < c < self._ends[1]:
            return c, None
        ways = [c > self.kept[-1]] if not self.kept[0] <= c <= self.kept[-1] else [c > np.median(self.kept), c <= np.median(self.kept)]
        for each in ways:
            at, found = self._walked(c, upward=bool(each), faint=faint)
            if found is not None:
                return at, found
        return c, None

    def _walked(self, c: float, *, upward: bool, faint: float) -> tuple[float, Runs | None]:
        k = int(np.clip(np.searchsorted(self.kept, c) + (-NEAR if upward else NEAR), 0, len(self.kept) - 1))
        start = self.kept[k]
        known = self._runs(np.array([start]), self._places(np.array([start])))
        if not len(known.row):
            return c, None
        least = faint * self._mass(start, known)
        before, at_before, at, step, failed, unknown = known, 0.0, 0.0, 1.0, False, False
        while at < 1:
            if step < 1e-13:
                if unknown:  # p may go on where f(x) = y was not solved
                    at_start = np.full(1, start)
                    return c, Runs(np.zeros(1, int), at_start, at_start, at_start, at_start, np.ones(1, bool))
                end = start + (at + step) * (c - start)
                if not self.kept[0] <= end <= self.kept[-1]:  # else there is a gap, with samples on both of its sides
                    self._ends[int(upward)] = end
                return c, None
            to = min(1.0, at + step)
            here = start + to * (c - start)
            places = self._looked_for(before, at_before, known, at, to)
            found = self._runs(np.array([here]), places, rough=to < 1)
            unknown = not len(found.row) and bool(np.isnan(self.integrand.density(np.full(places.shape, here), places)).any())
            if len(found.row):
                before, at_before, known, at, step = known, at, found, to, step / 2 if failed else 2 * step
                if self._mass(here, found) < least:
                    return here, found
            else:
                step, failed = step / 2, True
        return c, known

    def _mass(self, c: float, runs: Runs) -> float:
        """∫ p on the row c, roughly."""
        p = self.integrand.density(np.full(len(runs.row), c), runs.middle)
        with np.errstate(over="ignore"):
            return float(np.nansum(p * runs.scale))

    def _looked_for(self, before: Runs, at_before: float, known: Runs, at: float, to: float) -> Any:
        """Where p is positive if ends and mass go on as between the last two rows."""
        parts = []
        further = (to - at) / (at - at_before) if at > at_before else 0.0
        same = len(before.row) == len(known.row)
        with np.errstate(all="ignore"):
            for k in range(len(known.row)):
                pairs = (known.low, before.low), (known.high, before.high), (known.middle, before.middle)
                a, b, m = (e[k] + further * ((e[k] - g[k]) if same else 0.0) for e, g in pairs)
                s = known.scale[k]
                for low, high in ((known.low[k], known.high[k]), (a, b), (b, a)):
                    if np.isfinite(low) and np.isfinite(high):
                        parts.append(low + (high - low) * np.linspace(0.02, 0.98, 25))
                parts += [centre + s * np.sinh(np.linspace(-8, 8, 41)) for centre in (known.middle[k], m) if np.isfinite(centre)]
        parts += self._far(known.middle[0], known.scale[0])
        return self._sorted([part[None] for part in parts])

    @staticmethod
    def _spread(values: Any) -> float:
        low, high = np.quantile(values, [0.25, 0.75])
        return float(max(high - low, 1e-300))


def _fields(runs: Runs) -> tuple[Any, ...]:
    return runs.row, runs.low, runs.high, runs.middle, runs.scale, runs.lost


def _valleys(p: Any, mass: Any) -> Any:
    """The indices of the lowest point between each two peaks that count."""
    padded = np.concatenate([[-1.0], np.nan_to_num(p, posinf=0), [-1.0]])
    peaks = np.flatnonzero((padded[1:-1] > padded[:-2]) & (padded[1:-1] >= padded[2:]) & (mass > 1e-9 * mass.sum()))
    return np.array([i + int(np.argmin(padded[1 + i : 2 + j])) for i, j in pairwise(peaks)], int) if len(peaks) < 12 else np.zeros(0, int)


def summed(density: Any, weights: Any) -> tuple[Any, Any]:
    """(the sums, what nodes at which the density is not known or infinite may add to them, judged by their neighbours)."""
    bad = ~np.isfinite(density)
    density = np.where(bad, 0, density)
    sums = np.einsum("ij,ij->i", density, weights)
    lost = np.zeros(len(sums))
    for row in np.flatnonzero((bad & (weights > 0)).any(1)):
        good = ~bad[row]
        if good.any():
            k = np.arange(density.shape[1])
            terms = np.interp(k, k[good], (density[row] * weights[row])[good])
            lost[row] = terms[bad[row]].sum()
        else:
            lost[row] = np.inf
    return sums, lost
