"""One map at many points: its values, its Jacobians, log |det J| and Newton steps, at the cost that the structure of J allows.

All come from wrt's own graph of the function, traced once, so that functions of one point (with branches on its value, too) run over
all points at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.api.points import values, values_and_jacobians
from wrt.api.verbs import jacobian
from wrt.errors import ShapeError, WrtError
from wrt.graph.shape import show
from wrt.probability.refusal import NoDensity, number
from wrt.trace.signature import name_of

SMALL = 16  # up to so many coordinates dense Jacobians of all points together beat structure, point by point


class Stage:
    """y = f(x) for x of shape () or (n,)."""

    def __init__(self, function: Callable[..., Any], shape: tuple[int, ...]) -> None:
        self.function, self.shape, self.name = function, shape, name_of(function)
        self.size = shape[0] if shape else 1
        self.jacobian = jacobian(function)

    def require_square(self, X: Any) -> None:
        """Refuse a map whose output has another number of entries than its input."""
        out = self.values(X[:1]).shape[1:]
        if out != self.shape:
            raise ShapeError(
                f"{self.name} takes a point of shape {show(self.shape)} to one of shape {show(out)}; a density needs a square Jacobian.",
                advice="Return as many numbers as go in, in the same shape: carry along coordinates that get lost, and integrate them out by .marginal().",
            )

    def values(self, X: Any) -> Any:
        """f at each of the points, of shape (N,) + f; NaN where it takes the inverse, or a factor, of a matrix that has none."""
        return np.asarray(self._each(lambda points: (values(self.jacobian, points),), X)[0], float)

    def jacobians(self, X: Any) -> Any:
        """J at each of the points; NaN where f is not defined."""
        return self._each(lambda points: (self.jacobian.batch(points),), X)[0]

    def both(self, X: Any) -> tuple[Any, Any]:
        """(f, J) at each of the points; no J where its structure is used instead."""
        if self.size > SMALL:
            return self.values(X), None
        found, J = self._each(lambda points: values_and_jacobians(self.jacobian, points), X)
        return np.asarray(found, float), J

    def log_abs_det(self, X: Any, *, refuse: bool = True) -> Any:
        """log |det J| at each of the points; −inf where J is singular. Where J is not finite that is refused, or nan."""
        if not self.shape:
            with np.errstate(all="ignore"):
                found = np.log(np.abs(self.jacobians(X)))
        elif self.size <= SMALL:
            J = self.jacobians(X)
            bad = ~np.isfinite(J).all((1, 2))
            with np.errstate(all="ignore"):
                found = np.linalg.slogdet(np.where(bad[:, None, None], np.nan, J))[1]
        else:
            found = np.array([self._log_abs_det(x) for x in X])
        if refuse and np.isnan(found).any():
            raise NoDensity(f"The Jacobian of {self.name} is not finite at x = {number(X[np.isnan(found)][0])}.")
        return found

    def steps(self, X: Any, R: Any, J: Any = None) -> Any:
        """J⁻¹ r at each of the points; of least length in the least-squares sense where J is singular, NaN where it is not finite."""
        if self.size > SMALL:
            return np.array([self._step(x, r) for x, r in zip(X, R, strict=True)])
        J = self.jacobians(X) if J is None else J
        bad = ~np.isfinite(J).all((1, 2))
        J = np.where(bad[:, None, None], np.eye(self.size), J)
        try:
            found = np.linalg.solve(J, R[..., None])[..., 0]
        except np.linalg.LinAlgError:
            with np.errstate(all="ignore"):
                singular = np.linalg.slogdet(J)[0] == 0
                found = np.empty(R.shape)
                found[~singular] = np.linalg.solve(J[~singular], R[~singular, :, None])[..., 0]
                found[singular] = (np.linalg.pinv(J[singular]) @ R[singular, :, None])[..., 0]
        found[bad] = np.nan
        return found

    def moved(self, X: Any, errors: Any) -> Any:
        """|J| e at each of the points: how far errors of x may move each coordinate of f."""
        if self.size > SMALL:
            with np.errstate(all="ignore"):
                return np.array([abs(self.jacobian.sparse(x)) @ e for x, e in zip(X, errors, strict=True)]).reshape(X.shape)
        return (np.abs(self.jacobians(X)) @ errors[..., None])[..., 0]

    def _each(self, evaluate: Callable[[Any], tuple[Any, ...]], X: Any) -> tuple[Any, ...]:
        """Arrays with a row for each of the points: of all together, and NaN at those where a routine of linear algebra fails."""
        try:
            with np.errstate(all="ignore"):
                return evaluate(X)
        except np.linalg.LinAlgError:
            if len(X) > 1:
                half = len(X) // 2
                parts = [self._each(evaluate, part) for part in (X[:half], X[half:])]
                return tuple(np.concatenate(rows) for rows in zip(*parts, strict=True))
            arrays = evaluate(X[:0])
            return tuple(np.full((1, *np.shape(each)[1:]), np.nan) for each in arrays)

    def _log_abs_det(self, x: Any) -> float:
        try:
            return float(self.jacobian.logabsdet(x))
        except np.linalg.LinAlgError:
            return np.nan

    def _step(self, x: Any, r: Any) -> Any:
        try:
            with np.errstate(all="ignore"):
                return self.jacobian.solve(x, rhs=r)
        except np.linalg.LinAlgError:
            return np.full(self.shape, np.nan)


class Inverse:
    """x = g(y), given by the user: any function of one point, whether wrt can look inside or not."""

    def __init__(self, function: Callable[..., Any], shape: tuple[int, ...]) -> None:
        self.function, self.shape, self.name = function, shape, name_of(function)
        self._stage: Stage | None = Stage(function, shape)

    def __call__(self, Y: Any) -> Any:
        """g at each of the points; NaN where g is not defined."""
        if self._stage is not None:
            try:
                found = self._stage.values(Y)
                return self._fitting(found)
            except WrtError:
                self._stage = None  # it is called as it is, a point at a time
        with np.errstate(all="ignore"):
            return self._fitting(np.array([np.asarray(self.function(y), float) for y in Y]).reshape(len(Y), *self.shape))

    def _fitting(self, X: Any) -> Any:
        if X.shape[1:] != self.shape:
            raise ShapeError(f"The inverse {self.name} returns a point of shape {show(X.shape[1:])}; the distribution is over shape {show(self.shape)}.")
        return X
