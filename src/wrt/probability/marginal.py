"""One coordinate of a pair: the other is integrated out by the double exponential rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.probability.quadrature import double_exponential
from wrt.probability.refusal import NoDensity, number

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
        other = joint.rvs(2048, random_state=20_241)[:, 1 - keep]
        self._middle, self._scale = float(np.median(other)), float(np.subtract(*np.quantile(other, [0.75, 0.25])))

    def pdf(self, y: Any) -> Any:
        """The density, by quadrature; refused where halving the step still changes it by more than one part in 10⁶."""
        Y = np.asarray(y, float)
        if np.isnan(Y).any():
            raise ArgumentError("y holds nan; a density is of real numbers.")
        coarse = self._integral(Y.ravel(), 1 / 16)
        for halving in range(5, 8):
            fine = self._integral(Y.ravel(), 1 / 2**halving)
            apart = np.abs(fine - coarse) > 1e-6 * np.abs(fine) + 1e-300
            if not apart.any():
                return fine.reshape(Y.shape)[()]
            coarse = fine
        raise NoDensity(
            f"The integral over y[{1 - self.keep}] at y[{self.keep}] = {number(Y.ravel()[apart][0])} did not settle.",
            advice=f"Give the interval that holds y[{1 - self.keep}] by over=(low, high).",
        )

    def logpdf(self, y: Any) -> Any:
        """The logarithm of the density."""
        with np.errstate(divide="ignore"):
            return np.log(self.pdf(y))

    def rvs(self, size: int | None = None, random_state: Any = None) -> Any:
        """Samples: this coordinate of samples of the pair."""
        return self.joint.rvs(size, random_state)[..., self.keep]

    def _integral(self, y: Any, step: float) -> Any:
        nodes, weights = double_exponential(*self.over, self._middle, self._scale, step)
        points = np.empty((len(y), len(nodes), 2))
        points[:, :, self.keep] = y[:, None]
        points[:, :, 1 - self.keep] = nodes
        return self.joint.pdf(points) @ weights
