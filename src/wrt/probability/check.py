"""The self-test of a transform: the inverse undoes f, the density integrates to 1, and samples follow it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import erfc, floor, log10, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, Disagreement
from wrt.probability import check_line
from wrt.probability.integrand import Exhausted, Rows
from wrt.probability.proposal import Proposal
from wrt.probability.quadrature import double_exponential
from wrt.probability.refusal import NoDensity
from wrt.probability.slice import Slice, summed

if TYPE_CHECKING:
    from wrt.probability.transformed import Transformed

BINS = {1: 40, 2: 8}  # along each axis
CUTS = 5  # of bins of pairs in four, where the density has peaks or edges
KNOWN = 1e-4  # of ∫p over numbers: so well it should be known
UNKNOWN = 1e-3  # of ∫p: so much may be missing where f(x) = y was not solved
POINTS = 3_000_000  # at which the density of pairs is evaluated, at most
DRAWN = 16_384  # points for ∫p by sampling
SOLVED = 8_192  # the same, where f(x) = y is solved for each of them
PARTS = 8  # of each coordinate, in which samples are counted beside the density
DEVIATIONS = 5  # standard errors
HERE = 2048  # samples at which the density must be known, and not be 0
FEW = 10  # of them may be lost to rounding
LARGEST = 16  # coordinates up to which ∫p is found by sampling


@dataclass(frozen=True)
class Check:
    """What the self-test found.

    Parameters
    ----------
    round_trip
        The largest error of inverse∘forward over samples, in units of the spread of x; of the branch that is nearest.
    integral
        ∫p, by quadrature over numbers and over pairs with a closed or a given inverse, else by sampling up to 16 coordinates; else None.
    deviation
        How far a histogram of samples is from the density: its χ², as a standard normal deviate; None beyond pairs.
    size
        The number of samples in the histogram.
    error
        Of ∫p: what halving the step changes, or the standard error of sampling; None where it is not estimated.
    sampled
        The number of points at which the density was sampled for ∫p; 0 for quadrature.
    shares
        Beyond pairs, and where ∫p is by sampling: each coordinate is cut into 8 parts, and so many standard errors at most is the
        share of samples in one of them off ∫p over it.
    """

    round_trip: float
    integral: float | None
    deviation: float | None
    size: int
    error: float | None = None
    sampled: int = 0
    shares: float | None = None

    @property
    def p_value(self) -> float | None:
        """The probability of a histogram that is as far off or farther."""
        return None if self.deviation is None else erfc(self.deviation / sqrt(2)) / 2

    def __str__(self) -> str:
        lines = [f"inverse∘forward: error at most {self.round_trip:.1e} of the spread of x"]
        if self.integral is not None:
            lines.append(f"∫p = {self._said} by {f'sampling at {self.sampled} points' if self.sampled else 'quadrature'}")
        if self.integral is not None and not self.sampled and self.error is not None and self.error > KNOWN:
            lines.append(f"∫p could not be integrated to better than {self.error:.1g}: p is not known, or not smooth, on a part of it")
        if self.deviation is not None:
            lines.append(f"histogram of {self.size} samples: χ² is {self.deviation:+.2f} standard deviations from its mean (p = {self.p_value:.3f})")
        if self.shares is not None:
            lines.append(f"samples in {PARTS} parts of each coordinate: at most {self.shares:.1f} standard errors from ∫p over them")
        if self.deviation is None:
            left = "" if self.integral is not None else f"∫p: for up to {LARGEST} coordinates, where J is not singular at most samples; "
            lines.append(f"{left}the histogram: for numbers and pairs only")
        return "\n".join(lines)

    @property
    def _said(self) -> str:
        if self.error is None or self.error < 1e-9:
            return f"{self.integral:.9f}"
        return f"{self.integral:.{min(9, max(1, 1 - floor(log10(self.error))))}f} ± {self.error:.1g}"


@dataclass(frozen=True)
class _Mass:
    """∫p and what `Check` says of it."""

    value: float
    error: float
    sampled: int = 0
    shares: float | None = None


def check(joint: Transformed, region: Any, size: int, random_state: Any) -> Check:
    """The three tests; raises `Disagreement` where one fails, `NoDensity` where f saturates in floating-point numbers.

    `region` is the interval (low, high) that holds Y, or two of them for pairs; by default the range of a map of numbers, and the plane.
    """
    if any(any(piece.saturated) for piece in joint.pieces):
        raise NoDensity(
            f"{joint.map.name} saturates: it takes a part of the probability to its limit, as floating-point numbers have it.",
            advice="The density in between holds; what integrates to 1 cannot be checked.",
        )
    rng = np.random.default_rng(random_state)
    dimensions = joint.shape[0] if joint.shape else 1
    trip = _round_trip(joint, rng)
    if trip > 1e-5:
        raise Disagreement(f"inverse∘forward does not return to x: the error is {trip:.2e} of its spread.")
    if dimensions > 1:
        _require_positive(joint, rng)
    if dimensions > 2:
        found = _sampled(joint, rng) if dimensions <= LARGEST else None
        return Check(trip, None, None, 0) if found is None else Check(trip, found.value, None, 0, found.error, found.sampled, found.shares)
    samples = joint.rvs(size, rng)
    limits = _limits(joint, region, dimensions)
    if dimensions == 2:
        return _of_pair(joint, trip, limits, size, samples, rng)
    edges = np.unique(np.quantile(joint.rvs(size, rng), np.linspace(0.02, 0.98, BINS[1] + 1)))
    integral, error, edges, chance, off = check_line.integral(joint, limits[0], samples, edges)
    _require_one(integral, KNOWN + error)
    return Check(trip, integral, _followed(deviation_of(chance, np.histogram(samples, edges)[0], size, off)), size, error)


def _of_pair(joint: Transformed, trip: float, limits: list[tuple[float, float]], size: int, samples: Any, rng: np.random.Generator) -> Check:
    """By quadrature where the inverse is closed or given and few points are enough, else by sampling."""
    road: Any = joint.road
    found: _Mass | None = None
    if road.inverses or road.closed[0] is not None:
        try:
            found = _integral_2d(joint, limits, samples)
        except Exhausted:
            found = None
    if (found is None or not found.error <= UNKNOWN) and limits == [(-np.inf, np.inf)] * 2:
        found = _sampled(joint, rng) or found
    if found is None:
        found = _integral_2d(joint, limits, samples, most=np.inf)
    if not found.sampled:
        if not found.error <= UNKNOWN:
            raise Disagreement(
                f"The density could not be integrated: on a part of the plane it is not known, or it jumps there; {found.value:.6f} is known.",
                known=f"what is not known may be {found.error:.2g}",
                advice="Give the inverse of the map, or say by support=… where the density is positive.",
            )
        _require_one(found.value, 1e-6 + DEVIATIONS * found.error)
    deviation = _followed(_histogram(joint, samples, joint.rvs(size, rng)))
    return Check(trip, found.value, deviation, size, found.error, found.sampled, found.shares)


def _require_positive(joint: Transformed, rng: np.random.Generator) -> None:
    """Samples of Y lie where the density is positive, and known."""
    road: Any = joint.road
    density = road.known_pdf(joint.rvs(HERE, rng))
    for lost, what in ((density == 0, "0"), (np.isnan(density), "not known")):
        if lost.sum() > FEW:
            raise Disagreement(
                f"The density is {what} at {lost.sum()} of {HERE} samples of {joint.map.name}(X).",
                advice="Give the inverse of the map; where several points go to one y, one for each branch.",
            )


def _require_one(integral: float, tolerance: float, how: str = "") -> None:
    if not abs(integral - 1) <= tolerance:
        raise Disagreement(
            f"The density integrates to {integral:.6f}{how}, not to 1.",
            advice="The density of x does not integrate to 1, points that go to one y are not all known (a branch is missing) or count twice, "
            "`region` does not hold all of Y, or it has an edge inside of `region`.",
        )


def _followed(deviation: float) -> float:
    """The deviation of a histogram that follows the density."""
    if deviation > 6:
        raise Disagreement(f"Samples do not follow the density: the χ² of their histogram is {deviation:.1f} standard deviations from its mean.")
    return deviation


def _sampled(joint: Transformed, rng: np.random.Generator) -> _Mass | None:
    """∫p and its standard error; None where J is singular at most samples.

    ∫p is the mean of p(y) / g(y) over points y of a density g of heavy tails.

    Where f(x) = y was not solved, p counts as 0: few samples of Y lie there.
    """
    road: Any = joint.road
    proposal = Proposal.of(road.stage, road.base, rng)
    if proposal is None:
        return None
    drawn = DRAWN if road.inverses or road.closed[0] is not None else SOLVED
    Y = proposal.rvs(drawn, rng)
    density = road.known_pdf(Y)
    with np.errstate(all="ignore"):
        ratio = np.where(density > 0, np.exp(np.log(density) - proposal.logpdf(Y)), 0.0)
    ratio = np.where(np.isfinite(ratio), ratio, 0.0)
    integral, error = (float(each) for each in _mean(ratio))
    missing = FEW / HERE if np.isnan(density).any() else 0.0
    _require_one(integral, DEVIATIONS * error + missing, f" ± {error:.1g} by sampling")
    shares = _shares(Y, ratio, joint.rvs(drawn, rng), joint.rvs(drawn, rng))
    if shares > 6:
        raise Disagreement(
            f"Samples do not follow the density: in one of {PARTS} parts of a coordinate their share is {shares:.1f} standard errors off ∫p over it."
        )
    return _Mass(integral, error, drawn, shares)


def _mean(ratio: Any) -> tuple[Any, Any]:
    """(The mean, its standard error); the largest one counts twice: where p has a peak, larger ones may not have been met."""
    return ratio.mean(-1), np.sqrt(ratio.var(-1) * ratio.shape[-1] + ratio.max(-1) ** 2) / ratio.shape[-1]


def _shares(Y: Any, ratio: Any, samples: Any, others: Any) -> float:
    """The largest difference of the share of samples in a part of a coordinate from ∫p over it, in standard errors."""
    worst = 0.0
    for k in range(Y.shape[1]):
        edges = np.quantile(others[:, k], np.linspace(0, 1, PARTS + 1)[1:-1])
        parts = np.arange(PARTS)[:, None]
        share = (np.searchsorted(edges, samples[:, k]) == parts).mean(1)
        chance, error = _mean(np.where(np.searchsorted(edges, Y[:, k]) == parts, ratio, 0.0))
        worst = max(worst, float(np.max(np.abs(chance - share) / np.sqrt(error**2 + share * (1 - share) / len(samples) + 1 / len(samples) ** 2))))
    return worst


def _round_trip(joint: Transformed, rng: np.random.Generator) -> float:
    X = joint.base.rvs(200, rng)
    Y = joint.map.values(X)
    spread = np.quantile(X, 0.75, axis=0) - np.quantile(X, 0.25, axis=0)
    with np.errstate(all="ignore"):
        misses = [np.abs(root - X) / (spread + np.abs(X)) for root in joint.inverses(Y)]
        nearest = np.nanmin([miss.reshape(len(X), -1).max(1) for miss in misses], axis=0)
        back = joint.map.values(np.where(np.isnan(misses[0]), X, joint.inverses(Y)[0])) if len(misses) == 1 else Y
    # where f is steep or flat x may be lost to rounding while y comes back: that is no fault of the inverse
    lost = (np.abs(back - Y) <= 1e-12 * np.abs(Y)).reshape(len(X), -1).all(1) if len(misses) == 1 else np.zeros(len(X), bool)
    return float(np.max(np.where(lost & np.isfinite(nearest), np.minimum(nearest, 1e-6), np.where(np.isnan(nearest), np.inf, nearest))))


def _limits(joint: Transformed, region: Any, dimensions: int) -> list[tuple[float, float]]:
    if region is None:
        return [joint.support()] if dimensions == 1 else [(-np.inf, np.inf)] * 2
    found = np.asarray(region, float).reshape(-1, 2)
    if len(found) != dimensions or not (found[:, 0] < found[:, 1]).all():
        raise ArgumentError(f"region must be {'(low, high)' if dimensions == 1 else '((low, high), (low, high))'}, not {region!r}.")
    return [(float(a), float(b)) for a, b in found]


def _integral_2d(joint: Transformed, limits: list[tuple[float, float]], samples: Any, most: float = POINTS) -> _Mass:
    """∫p over rows, on each of which the ends of where p is positive are found; its error, by twice the step and what rows add to it.

    Between quartiles, as ∫ along a row may have kinks. Raises `Exhausted` after `most` points.
    """
    rows = Slice(Rows(joint.road, 0, limits[1], most))
    quartiles = np.quantile(samples[:, 0], [0.25, 0.5, 0.75])
    middle, scale = _place(samples[:, 0])
    total = coarse = unknown = 0.0
    for a, b in pairwise([rows.end(limits[0][0]), *quartiles, rows.end(limits[0][1])]):
        nodes, weights = double_exponential(a, b, middle, scale, 1 / 16)
        used = np.flatnonzero(weights[0])
        found, error = rows.integrals(nodes[0, used], finest=5, tolerance=1e-6, walk=False)
        with np.errstate(invalid="ignore"):
            settled = error <= 1e-3
            known = np.where(settled, found, np.nan)[None]
            part, lost = summed(known, weights[:, used])
            off = np.where(settled, found * error, 0.0)
        total += float(part[0])
        coarse += float(summed(known, np.where(used % 2 == 0, 2 * weights[0, used], 0)[None])[0][0])
        unknown += float(lost[0]) + float(off @ weights[0, used])
    return _Mass(total, unknown + 3 * abs(total - coarse))


def _place(values: Any) -> tuple[float, float]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(max(high - low, 1e-300))


def _histogram(joint: Transformed, samples: Any, others: Any) -> float:
    """χ² of the counts of pairs in bins between quantiles of other samples, as a normal deviate."""
    # bins may be long, and p positive at one end of them only: their halves hold as many samples
    halves = [np.quantile(others[:, i], np.linspace(0.02, 0.98, 2 * BINS[2] + 1)) for i in (0, 1)]
    chance, error = (each.reshape(BINS[2], 2, BINS[2], 2).sum((1, 3)).ravel() for each in _chances(joint.road, halves, len(samples)))
    counts = np.histogram2d(samples[:, 0], samples[:, 1], [each[::2] for each in halves])[0].ravel()
    return deviation_of(chance, counts, len(samples), error)


def _chances(road: Any, edges: list[Any], size: int) -> tuple[Any, Any]:
    """(The chance of each bin of pairs, its error): bins are cut in four where that changes it by what `size` samples could show."""
    low = np.stack(np.meshgrid(edges[0][:-1], edges[1][:-1], indexing="ij"), -1).reshape(-1, 2)
    high = np.stack(np.meshgrid(edges[0][1:], edges[1][1:], indexing="ij"), -1).reshape(-1, 2)
    x, w = np.polynomial.legendre.leggauss(4)
    nodes = np.stack(np.broadcast_arrays(x[:, None], x), -1).reshape(-1, 2) / 2 + 0.5
    weights = np.outer(w, w).ravel() / 4

    def measured(low: Any, high: Any) -> Any:
        points = low[:, None] + (high - low)[:, None] * nodes
        density = road.known_pdf(points.reshape(-1, 2)).reshape(points.shape[:-1])
        return np.where(np.isfinite(density), density, 0.0) @ weights * (high - low).prod(1)

    value, which = measured(low, high), np.arange(len(low))
    chance, error = np.zeros(len(low)), np.zeros(len(low))
    shown = 0.05 * np.sqrt((value + 1 / size) / size)
    for cut in range(CUTS):
        middle = low / 2 + high / 2
        quarters = [(np.where(side, middle, low), np.where(side, high, middle)) for side in np.array([[0, 0], [0, 1], [1, 0], [1, 1]], bool)]
        low, high = (np.stack(each, 1) for each in zip(*quarters, strict=True))
        parts = measured(low.reshape(-1, 2), high.reshape(-1, 2)).reshape(-1, 4)
        off = np.abs(parts.sum(1) - value)
        done = (off <= shown[which]) | (cut == CUTS - 1)
        np.add.at(chance, which[done], parts[done].sum(1))
        np.add.at(error, which[done], off[done])
        low, high, value, which = low[~done].reshape(-1, 2), high[~done].reshape(-1, 2), parts[~done].ravel(), np.repeat(which[~done], 4)
        if not len(which):
            break
    return chance, error


def deviation_of(chance: Any, counts: Any, size: int, error: Any = 0.0) -> float:
    """χ² of counts of `size` samples in bins, as a normal deviate (Wilson and Hilferty); bins in which few are expected are one bin.

    Where nothing is known of a bin its chance counts as 0, so that samples there speak against the density. The error of a chance
    adds to the variance of its count.
    """
    expected = np.nan_to_num(chance, nan=0.0, posinf=0.0) * size
    doubt = np.broadcast_to((error * size) ** 2, expected.shape)
    few = expected <= 5
    rest = [(float(counts[few].sum()), max(float(expected[few].sum()), 5.0))] if counts[few].sum() > expected[few].sum() else []
    doubt = np.append(doubt[~few], [float(doubt[few].sum())] * len(rest))
    seen, expected = np.append(counts[~few], [each[0] for each in rest]), np.append(expected[~few], [each[1] for each in rest])
    chi2, k = float(((seen - expected) ** 2 / (expected + doubt)).sum()), len(seen)
    if not k:
        return 0.0
    return float(((chi2 / k) ** (1 / 3) - (1 - 2 / (9 * k))) / np.sqrt(2 / (9 * k)))
