"""Y = f(X) for vectors: x by the inverses given, by a closed form, or by Newton's flow, and p_X / |det J| there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wrt.probability import branches, derived, newton
from wrt.probability.given import require_root, returns
from wrt.probability.law import Base
from wrt.probability.refusal import NoDensity, NotInverted, not_a_number, number
from wrt.probability.stage import SMALL, Inverse, Stage


class Space:
    """A map of vectors with its distribution of X, and the ways back from y to x."""

    def __init__(
        self, stage: Stage, base: Base, inverses: Sequence[Inverse], support: Callable[..., Any] | None, unreached_is_zero: bool, rng: np.random.Generator
    ) -> None:
        self.stage, self.base, self.inverses = stage, base, tuple(inverses)
        self._support, self._unreached_is_zero = support, unreached_is_zero
        branches.require_values(stage, base.rvs(branches.SAMPLES if stage.size <= SMALL else 256, rng))
        self.starts = newton.Starts.of(stage, base, rng)
        if len(self.inverses) < 2:
            newton.require_one_to_one(stage, base, self.starts, solvable=not self.inverses)
        self._require_inverses()
        self.closed: list[derived.Derived | None] = [] if self.inverses else [derived.of_vector(stage, base, self.starts)]

    def log_density(self, Y: Any, *, least: float = -np.inf, strict: bool = True, refuse: bool = True) -> Any:
        """log p_Y at points in rows. What is surely below `least` need not be known. What is not known is refused, or nan."""
        total = np.full(len(Y), -np.inf)
        with np.errstate(all="ignore"):
            for at, X in self.roots(Y):
                density = self.base.logpdf(X)
                there = density != -np.inf  # nan goes on, to be refused
                found = np.full(len(X), -np.inf)
                if there.any():
                    found[there] = density[there] - self.stage.log_abs_det(X[there])
                total[at] = np.logaddexp(total[at], found)
        if refuse and strict and np.isnan(total).any():
            raise not_a_number(self.stage.name, Y[np.isnan(total)][0])
        return total

    def known_pdf(self, Y: Any) -> Any:
        """The density at each of the points: 0 where few lines to them end outside the range, nan where nothing is known."""
        at, found = self._possible(Y), np.zeros(len(Y))
        if self.inverses:
            for inverse in self.inverses:
                X = inverse(Y[at])
                some = np.flatnonzero(~np.isnan(X).any(1))
                some = some[self.base.inside(X[some])]
                good = self._returns(X[some], Y[at[some]])
                found[at[some[good]]] += self._density_at(X[some[good]])
                if len(self.inverses) == 1:
                    found[at[some[~good]]] = np.nan
            return found
        X, state = derived.solve(self.closed[0], self.stage, self.base, self.starts, Y[at], thorough=False)
        found[at[state == newton.UNKNOWN]] = np.nan
        found[at[state == newton.ROOT]] = self._density_at(X[state == newton.ROOT])
        return found

    def beside(self, Y: Any) -> Callable[[Any, Any], Any]:
        """A function of (k, Y'): whether the density is positive at points Y', from the roots of the points Y[k], where it is."""
        if self.inverses:
            return lambda _, points: self.known_pdf(points) > 0
        X, state = newton.solve(self.stage, self.base, self.starts, Y)
        X[state != newton.ROOT] = self.starts.x[0]

        def positive(k: Any, points: Any) -> Any:
            at = self._possible(points)
            roots, state = newton.follow(self.stage, self.base, self.starts, X[k[at]], points[at])
            good = state == newton.ROOT
            X[k[at[good]]] = roots[good]
            there = np.zeros(len(points), bool)
            there[at[good]] = self._density_at(roots[good]) > 0
            return there

        return positive

    def roots(self, Y: Any, *, every: bool = False) -> list[tuple[Any, Any]]:
        """For each branch (whether it reaches any y or not) the indices of the y that it reaches, and their x."""
        at = self._possible(Y)
        if self.inverses:
            return [self._by(inverse, Y, at) for inverse in self.inverses]
        X, state = derived.solve(self.closed[0], self.stage, self.base, self.starts, Y[at])
        solved = state == newton.ROOT
        known = solved | (state == newton.OUTSIDE) if self._unreached_is_zero else solved
        if not known.all():
            outside = np.sum(state == newton.OUTSIDE)
            raise NotInverted(
                f"Newton's method found no x with {self.stage.name}(x) = y for {np.sum(~solved)} of {len(at)} points, "
                f"the first y = {number(Y[at][~known][0])}.",
                known=f"{outside} of them seem to be outside the range of the map: lines to them from {newton.LINES + newton.SPREAD} samples end before",
                advice="If these y are outside the range of the map, say so by support=…"
                + ("; else give the inverse." if self._unreached_is_zero else " or outside='zero'; else give the inverse."),
            )
        return [(at[solved], X[solved])]

    # ----- inside ------------------------------------------------------------------------------------------------------
    def _by(self, inverse: Inverse, Y: Any, at: Any) -> tuple[Any, Any]:
        X = inverse(Y[at])
        some = ~np.isnan(X).any(1)
        there = some.copy()
        if len(self.inverses) == 1:
            # where f has no finite value, x is an end of the support that rounding has led to: the density is 0 to rounding
            there[some] = self.base.inside(X[some]) & np.isfinite(self.stage.values(X[some])).all(1)
            require_root(self.stage, inverse, X[there], Y[at][there], self.starts.scale)
        else:
            there[some] = self._returns(X[some], Y[at][some])
        return at[there], X[there]

    def _returns(self, X: Any, Y: Any) -> Any:
        return returns(self.stage, X, Y, self.starts.scale)

    def _density_at(self, X: Any) -> Any:
        """p_X / |det J| at points of the support, nan where J is not finite."""
        density = self.base.logpdf(X)
        if len(X):
            J = self.stage.jacobians(X)
            with np.errstate(all="ignore"):
                density = np.exp(density - np.linalg.slogdet(np.where(np.isfinite(J).all((1, 2), keepdims=True), J, np.nan))[1])
        return density

    def _possible(self, Y: Any) -> Any:
        """The indices of the points for which no one said that the density is 0."""
        at = np.flatnonzero(np.isfinite(Y).all(1))
        if self._support is not None:
            at = at[np.array([bool(np.all(self._support(y))) for y in Y[at]], bool)]
        return at

    def _require_inverses(self) -> None:
        """Each sample must come back by one of the inverses given."""
        if not self.inverses:
            return
        few = 256 if self.stage.size <= SMALL else 16
        X, Y = self.starts.x[:few], self.starts.y[:few]
        spread = np.std(self.starts.x, axis=0) + 1e-300
        back = np.zeros(len(X), bool)
        for inverse in self.inverses:
            found = inverse(Y)
            if len(self.inverses) == 1:
                some = ~np.isnan(found).any(1)
                require_root(self.stage, inverse, found[some], Y[some], self.starts.scale)
            with np.errstate(all="ignore"):
                back |= (np.abs(found - X) <= 1e-4 * (spread + np.abs(X))).all(1)
        if not back.all():
            raise NoDensity(
                f"{self.stage.name} is not one to one, or a branch is missing: no inverse that was given takes y = {number(Y[~back][0])} "
                f"back to x = {number(X[~back][0])}.",
                advice="Give an inverse for each branch, inverse=[g1, g2, …].",
            )
