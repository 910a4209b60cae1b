"""One coordinate of a pair: the other is integrated out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, Disagreement
from wrt.probability.integrand import Rows, curve
from wrt.probability.quadrature import gauss_legendre
from wrt.probability.refusal import NoDensity, number
from wrt.probability.slice import Slice

if TYPE_CHECKING:
    from wrt.probability.transformed import Transformed


TOLERANCE = 1e-6  # of the integral on a row
BINS = 30
DEVIATION = 6


class Marginal:
    """The distribution of y[keep] for a Y of two coordinates; made by `Transformed.marginal`."""

    def __init__(self, joint: Transformed, keep: int, over: tuple[float, float]) -> None:
        if joint.shape != (2,) or keep not in (0, 1):
            raise ArgumentError(f"marginal(0) and marginal(1) are of pairs; here a point has shape {joint.shape}, and keep={keep!r}.")
        if not over[0] < over[1]:
            raise ArgumentError(f"over must be (low, high) with low < high, not {over!r}.")
        self.joint, self.keep, self.over = joint, keep, over
        self._slices: list[Slice] = []  # the ways that have been needed

    def pdf(self, y: Any) -> Any:
        """The density, by quadrature between the ends of where the pair's density is positive; 0 where it is not on the whole row.

        Raises
        ------
        NoDensity
            Where halving the step still changes the integral by more than one part in 10⁶, as it does where the density of x jumps
            or has a kink within its support, or where f(x) = y was not solved on a part of the row.
        """
        Y = np.asarray(y, float)
        if np.isnan(Y).any():
            raise ArgumentError("y holds nan; a density is of real numbers.")
        c = Y.ravel()
        found, settled = np.zeros(len(c)), np.zeros(len(c), bool)
        for way in self._ways():
            left = np.flatnonzero(~settled)
            if not len(left):
                break
            value, error = way.integrals(c[left])
            found[left], settled[left] = value, error <= TOLERANCE
        if not settled.all():
            raise NoDensity(
                f"The integral over y[{1 - self.keep}] at y[{self.keep}] = {number(c[~settled][0])} did not settle.",
                advice=f"Give the inverse of the map, or the interval that holds y[{1 - self.keep}] by over=(low, high).",
            )
        return found.reshape(Y.shape)[()]

    def _ways(self) -> Iterator[Slice]:
        """Along curves in the plane of x, if there are any that one coordinate leads along; and on rows in that of y."""
        road: Any = self.joint.road
        for k in range(2):
            if k == len(self._slices):
                along = curve(road.stage, road.base, road.starts, self.keep, self.over) if k == 0 else None
                self._slices.append(Slice(along or Rows(road, self.keep, self.over)))
            yield self._slices[k]
            if isinstance(self._slices[k].integrand, Rows):
                return

    def check(self, *, size: int = 20_000, random_state: Any = 0) -> float:
        """A self-test: ∫ of the density between quantiles of samples, and how many other samples lie there.

        Returns
        -------
        float
            How far the numbers of samples in some 30 intervals are from the density: their χ², as a standard normal deviate.

        Raises
        ------
        Disagreement
            Where they are more than 6 standard deviations off: mass is missing, or counts twice.
        """
        from wrt.probability.check import deviation_of

        rng = np.random.default_rng(random_state)
        edges = np.unique(np.quantile(self.rvs(size, rng), np.linspace(0.01, 0.99, BINS + 1)))
        nodes, weights = gauss_legendre(edges, 4)
        samples = self.rvs(size, rng)
        if self.over != (-np.inf, np.inf):
            raise ArgumentError("check() is for the whole other coordinate; here it is cut off by over=.")
        found = deviation_of((self.pdf(nodes) * weights).sum(1), np.histogram(samples, edges)[0], size)
        if abs(found) > DEVIATION:
            raise Disagreement(f"Samples do not follow the marginal density: the χ² of their histogram is {found:.1f} standard deviations from its mean.")
        return found

    def logpdf(self, y: Any) -> Any:
        """The logarithm of the density."""
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(y))

    def rvs(self, size: int | None = None, random_state: Any = None) -> Any:
        """Samples: this coordinate of samples of the pair."""
        return self.joint.rvs(size, random_state)[..., self.keep]
