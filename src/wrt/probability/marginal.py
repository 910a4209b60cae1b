"""One coordinate of a pair: the other is integrated out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.probability.refusal import NoDensity, number
from wrt.probability.slice import Slice

if TYPE_CHECKING:
    from wrt.probability.transformed import Transformed


class Marginal:
    """The distribution of y[keep] for a Y of two coordinates; made by `Transformed.marginal`."""

    def __init__(self, joint: Transformed, keep: int, over: tuple[float, float]) -> None:
        if joint.shape != (2,) or keep not in (0, 1):
            raise ArgumentError(f"marginal(0) and marginal(1) are of pairs; here a point has shape {joint.shape}, and keep={keep!r}.")
        if not over[0] < over[1]:
            raise ArgumentError(f"over must be (low, high) with low < high, not {over!r}.")
        self.joint, self.keep, self.over = joint, keep, over
        self._slice = Slice(joint, keep, over)

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
        found, error = self._slice.integrals(Y.ravel())
        bad = ~(error <= 1e-6)
        if bad.any():
            raise NoDensity(
                f"The integral over y[{1 - self.keep}] at y[{self.keep}] = {number(Y.ravel()[bad][0])} did not settle.",
                advice=f"Give the inverse of the map, or the interval that holds y[{1 - self.keep}] by over=(low, high).",
            )
        return found.reshape(Y.shape)[()]

    def logpdf(self, y: Any) -> Any:
        """The logarithm of the density."""
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(y))

    def rvs(self, size: int | None = None, random_state: Any = None) -> Any:
        """Samples: this coordinate of samples of the pair."""
        return self.joint.rvs(size, random_state)[..., self.keep]
