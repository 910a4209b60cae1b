"""The self-test of a transform: the inverse undoes f, the density integrates to 1, and samples follow it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import erfc, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, Disagreement
from wrt.probability.integrand import Rows
from wrt.probability.quadrature import double_exponential, gauss_legendre
from wrt.probability.refusal import NoDensity
from wrt.probability.slice import Slice, summed

if TYPE_CHECKING:
    from wrt.probability.transformed import Transformed

BINS = {1: 40, 2: 8}  # along each axis
UNKNOWN = 1e-3  # of ∫p: so much may be missing where f(x) = y was not solved


@dataclass(frozen=True)
class Check:
    """What the self-test found.

    Parameters
    ----------
    round_trip
        The largest error of inverse∘forward over samples, in units of the spread of x; of the branch that is nearest.
    integral
        ∫p by quadrature over numbers or pairs, else None.
    deviation
        How far a histogram of samples is from the density: its χ², as a standard normal deviate; None beyond pairs.
    size
        The number of samples in the histogram.
    """

    round_trip: float
    integral: float | None
    deviation: float | None
    size: int

    @property
    def p_value(self) -> float | None:
        """The probability of a histogram that is as far off or farther."""
        return None if self.deviation is None else erfc(self.deviation / sqrt(2)) / 2

    def __str__(self) -> str:
        lines = [f"inverse∘forward: error at most {self.round_trip:.1e} of the spread of x"]
        if self.integral is not None:
            lines.append(f"∫p = {self.integral:.9f} by quadrature")
        if self.deviation is not None:
            lines.append(f"histogram of {self.size} samples: χ² is {self.deviation:+.2f} standard deviations from its mean (p = {self.p_value:.3f})")
        return "\n".join(lines if self.integral is not None else [*lines, "∫p and the histogram: for numbers and pairs only"])


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
    if dimensions > 2:
        return Check(trip, None, None, 0)
    samples = joint.rvs(size, rng)
    limits = _limits(joint, region, dimensions)
    integral, unknown = (_integral_1d(joint, limits[0], samples), 0.0) if dimensions == 1 else _integral_2d(joint, limits, samples)
    tolerance = 1e-4 if dimensions == 1 else 1e-2
    if not unknown <= UNKNOWN:
        raise Disagreement(
            f"The density could not be integrated: on a part of the plane f(x) = y was not solved, or it jumps there; {integral:.6f} is known.",
            known=f"what is not known may be {unknown:.2g}",
            advice="Give the inverse of the map, or say by support=… where the density is positive.",
        )
    if not abs(integral - 1) <= tolerance:
        raise Disagreement(
            f"The density integrates to {integral:.6f}, not to 1.",
            advice="Points that go to one y are not all known (a branch is missing), `region` does not hold all of Y, or it has an edge inside of `region`.",
        )
    deviation = _histogram(joint, samples, joint.rvs(size, rng))
    if deviation > 6:
        raise Disagreement(f"Samples do not follow the density: the χ² of their histogram is {deviation:.1f} standard deviations from its mean.")
    return Check(trip, integral, deviation, size)


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


def _integral_1d(joint: Transformed, limits: tuple[float, float], samples: Any) -> float:
    """∫p between the values at which branches begin and end: there the density may jump or be infinite."""
    middle, scale = _place(samples)
    low, high = (limit if abs(limit - middle) < 1e3 * scale else float(np.copysign(np.inf, limit - middle)) for limit in limits)
    ends = sorted({value for piece in joint.pieces for value in piece.reach if low < value < high})
    edges = [low, *(ends if 0 < len(ends) <= 40 else [middle]), high]
    total = 0.0
    road: Any = joint.road
    for a, b in pairwise(edges):
        nodes, weights = double_exponential(a, b, middle, scale, 1 / 64)
        # nodes are far closer to the ends than rounding lets y be
        density = np.exp(road.log_density(nodes.ravel(), strict=False))
        total += float(np.where(np.isfinite(density), density, 0) @ weights.ravel())
    return total


def _integral_2d(joint: Transformed, limits: list[tuple[float, float]], samples: Any) -> tuple[float, float]:
    """(∫p over rows, on each of which the ends of where p is positive are found; what rows that did not settle may add to it).

    Between quartiles, as ∫ along a row may have kinks.
    """
    rows = Slice(Rows(joint.road, 0, limits[1]))
    quartiles = np.quantile(samples[:, 0], [0.25, 0.5, 0.75])
    middle, scale = _place(samples[:, 0])
    total = unknown = 0.0
    for a, b in pairwise([rows.end(limits[0][0]), *quartiles, rows.end(limits[0][1])]):
        nodes, weights = double_exponential(a, b, middle, scale, 1 / 16)
        used = np.flatnonzero(weights[0])
        found, error = rows.integrals(nodes[0, used], finest=5, tolerance=1e-6, walk=False)
        with np.errstate(invalid="ignore"):
            settled = error <= 1e-3
            part, lost = summed(np.where(settled, found, np.nan)[None], weights[:, used])
            off = np.where(settled, found * error, 0.0)
        total += float(part[0])
        unknown += float(lost[0]) + float(off @ weights[0, used])
    return total, unknown


def _place(values: Any) -> tuple[float, float]:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(max(high - low, 1e-300))


def _histogram(joint: Transformed, samples: Any, others: Any) -> float:
    """χ² of the counts in bins between quantiles of other samples, as a normal deviate (Wilson and Hilferty)."""
    if samples.ndim == 1:
        edges = _edges(joint, others, BINS[1])
        nodes, weights = gauss_legendre(edges)
        chance = (joint.pdf(nodes) * weights).sum(1)
        counts = np.histogram(samples, edges)[0]
    else:
        edges = [np.quantile(others[:, i], np.linspace(0.02, 0.98, BINS[2] + 1)) for i in (0, 1)]
        (x, a), (y, b) = (gauss_legendre(each, 6) for each in edges)
        nodes = np.stack(np.broadcast_arrays(x[:, None, :, None], y[None, :, None, :]), -1)
        road: Any = joint.road
        density = road.known_pdf(nodes.reshape(-1, 2)).reshape(nodes.shape[:-1])
        chance = np.einsum("ijkl,ik,jl->ij", np.where(np.isfinite(density), density, 0.0), a, b).ravel()
        counts = np.histogram2d(samples[:, 0], samples[:, 1], edges)[0].ravel()
    return deviation_of(chance, counts, len(samples))


def deviation_of(chance: Any, counts: Any, size: int) -> float:
    """χ² of counts of `size` samples in bins, as a normal deviate (Wilson and Hilferty); bins in which few are expected are one bin.

    Where nothing is known of a bin its chance counts as 0, so that samples there speak against the density.
    """
    expected = np.nan_to_num(chance, nan=0.0, posinf=0.0) * size
    few = expected <= 5
    rest = [(float(counts[few].sum()), max(float(expected[few].sum()), 5.0))] if counts[few].sum() > expected[few].sum() else []
    seen, expected = np.append(counts[~few], [each[0] for each in rest]), np.append(expected[~few], [each[1] for each in rest])
    chi2, k = float(((seen - expected) ** 2 / expected).sum()), len(seen)
    return float(((chi2 / k) ** (1 / 3) - (1 - 2 / (9 * k))) / np.sqrt(2 / (9 * k)))


def _edges(joint: Transformed, others: Any, bins: int) -> Any:
    """Quantiles, without bins in which a branch ends: there the density may be infinite, and quadrature poor."""
    edges = np.unique(np.quantile(others, np.linspace(0.02, 0.98, bins + 1)))
    ends = np.array([value for piece in joint.pieces for value in piece.reach])
    inside = ends[(ends > edges[0]) & (ends < edges[-1])]
    return np.unique(np.concatenate([edges, inside]))
