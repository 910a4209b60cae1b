"""Y = f(X) for vectors: x by the inverses given, by a closed form, or by Newton's flow, and p_X / |det J| there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.probability import branches, derived, newton
from wrt.probability.given import require_root, returns
from wrt.probability.law import Base
from wrt.probability.refusal import NoDensity, NotInverted, not_a_number, number
from wrt.probability.stage import SMALL, Inverse, Stage

LEAST = -700.0  # of a log-density: below it the density is 0 to floating-point numbers, or next to it
TINY = float(np.finfo(float).tiny)


@dataclass(frozen=True)
class Lost:
    """Points that were not solved: their indices, the x that the inverse or its closed form gives, and whether they seem to be outside of the range."""

    at: Any
    X: Any
    outside: Any

    def but(self, some: Any) -> Lost:
        """Without some of them."""
        return Lost(self.at[~some], self.X[~some], self.outside[~some])


class Space:
    """A map of vectors with its distribution of X, and the ways back from y to x."""

    def __init__(
        self, stage: Stage, base: Base, inverses: Sequence[Inverse], support: Callable[..., Any] | None, unreached_is_zero: bool, rng: np.random.Generator
    ) -> None:
        self.stage, self.base, self.inverses = stage, base, tuple(inverses)
        self._support, self._unreached_is_zero = support, unreached_is_zero
        branches.require_values(stage, base.rvs(branches.SAMPLES if stage.size <= SMALL else 256, rng))
        self.starts = newton.Starts.of(stage, base, rng)
        low, high = np.quantile(self.starts.x, [0.25, 0.75], axis=0)
        self._spread = high - low + 1e-300
        if len(self.inverses) < 2:
            newton.require_one_to_one(stage, base, self.starts, solvable=not self.inverses)
        self._require_inverses()
        self.closed: list[derived.Derived | None] = [] if self.inverses else [derived.of_vector(stage, base, self.starts)]

    def log_density(self, Y: Any, *, least: float = -np.inf, strict: bool = True, refuse: bool = True) -> Any:
        """log p_Y at points in rows. What is surely below `least` need not be known. What is not known is refused, or nan."""
        total = np.full(len(Y), -np.inf)
        branches, lost = self._found(Y, brief=not refuse)
        with np.errstate(all="ignore"):
            for at, X in branches:
                density = self.base.logpdf(X)
                there = density != -np.inf  # nan goes on, to be refused
                found = np.full(len(X), -np.inf)
                if there.any():
                    steep = self.stage.log_abs_det(X[there], refuse=False)
                    found[there] = density[there] - steep
                    bad = np.flatnonzero(there)[np.isnan(steep)]
                    if least > -np.inf:
                        beyond = self._beyond(X[bad], Y[at[bad]], least)
                        found[bad[beyond]], bad = -np.inf, bad[~beyond]
                    if refuse:
                        self.stage.log_abs_det(X[bad])
                total[at] = np.logaddexp(total[at], found)
        if least > -np.inf:
            lost = lost.but(self._beyond(lost.X, Y[lost.at], least))
        if refuse:
            self._require(lost, Y)
        total[lost.at] = np.nan
        if refuse and strict and np.isnan(total).any():
            raise not_a_number(self.stage.name, Y[np.isnan(total)][0])
        return total

    def known_pdf(self, Y: Any) -> Any:
        """The density at each of the points: 0 where few lines to them end outside the range, nan where nothing is known."""
        at, found = self._possible(Y), np.zeros(len(Y))
        if self.inverses:
            branches = []
            for inverse in self.inverses:
                X = inverse(Y[at])
                some = np.flatnonzero(~np.isnan(X).any(1))
                inside, unknown = self.base.placed(X[some])
                good = self._returns(X[some], Y[at[some]])
                branches.append((at[some[good & inside]], X[some[good & inside]]))
                found[at[some[unknown | (inside & ~good & (len(self.inverses) == 1))]]] = np.nan
            for at, X in self._distinct(branches):
                found[at] += self._density_at(X)
            return found
        X, state = derived.solve(self.closed[0], self.stage, self.base, self.starts, Y[at], thorough=False)
        found[at[state == newton.UNKNOWN]] = np.nan
        found[at[state == newton.ROOT]] = self._density_at(X[state == newton.ROOT])
        return found

    def beside(self, Y: Any) -> Callable[[Any, Any], Any]:
        """A function of (k, Y'): whether the density is positive at points Y', from the roots of the points Y[k], where it is."""
        if self.inverses or self.closed[0] is not None:
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
        branches, lost = self._found(Y)
        self._require(lost, Y)
        return branches

    # ----- inside ------------------------------------------------------------------------------------------------------
    def _found(self, Y: Any, *, brief: bool = False) -> tuple[list[tuple[Any, Any]], Lost]:
        """(For each branch the indices of the y that it reaches, and their x; the points that were not solved).

        In brief, a y is outside if the closed form has no x for it, and a line to it from the nearest sample ends before.
        """
        at = self._possible(Y)
        if self.inverses:
            each = [self._by(inverse, Y, at) for inverse in self.inverses]
            return self._distinct([found for found, _ in each]), each[0][1]
        if brief:
            at = at[~self._denied(Y[at])]
        X, state = derived.solve(self.closed[0], self.stage, self.base, self.starts, Y[at])
        solved, outside = state == newton.ROOT, state == newton.OUTSIDE
        left = np.flatnonzero(~(solved | outside) if self._unreached_is_zero else ~solved)
        guess = self.closed[0](Y[at[left]])[0] if self.closed[0] is not None else np.full((len(left), *self.stage.shape), np.nan)
        return [(at[solved], X[solved])], Lost(at[left], guess, outside[left])

    def _by(self, inverse: Inverse, Y: Any, at: Any) -> tuple[tuple[Any, Any], Lost]:
        """The y that an inverse takes to x that f takes back, with their x; of a single one, those of which it is not so, too."""
        X = inverse(Y[at])
        some = ~np.isnan(X).any(1)
        there = some.copy()
        there[some] = self._returns(X[some], Y[at][some])
        lost = some & ~there & (len(self.inverses) == 1)
        lost[lost] = np.any(self.base.placed(X[lost]), axis=0)
        return (at[there], X[there]), Lost(at[lost], X[lost], np.zeros(int(lost.sum()), bool))

    def _distinct(self, branches: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """The same, without roots that an earlier branch has found."""
        found: list[tuple[Any, Any]] = []
        for at, X in branches:
            new = np.ones(len(at), bool)
            for there, others in found:
                _, mine, theirs = np.intersect1d(at, there, assume_unique=True, return_indices=True)
                new[mine] &= ~self._same(X[mine], others[theirs])
            found.append((at[new], X[new]))
        return found

    def _same(self, A: Any, B: Any) -> Any:
        """Whether roots of one y are one root, but for rounding.

        Of two roots that are close to each other f rises from one as far as it falls to the other: J has opposite signs along the way.
        """
        same = (np.abs(A - B) <= 1e-4 * (self._spread + np.abs(A))).all(1)
        at = np.flatnonzero(same & (A != B).any(1))
        if len(at):
            with np.errstate(all="ignore"):
                way = (B - A)[at]
                moves = [(self.stage.jacobians(points[at]) @ way[..., None])[..., 0] / self.starts.scale for points in (A, B)]
                apart, least = np.linalg.norm(moves[0] - moves[1], axis=1), np.linalg.norm(moves[0], axis=1) + np.linalg.norm(moves[1], axis=1)
            same[at] = apart <= 0.5 * least
        return same

    def _beyond(self, X: Any, Y: Any, least: float) -> Any:
        """Whether f(x) = y is solved by an x too close to 0, an end of the support, for floating-point numbers, and log p_Y is below `least`.

        It is where it falls below it already on the way to such numbers, and Newton's method leads from there to even smaller ones.
        """
        tiny = (np.abs(X) < TINY) & ((self.base.low == 0) | (self.base.high == 0))
        found = tiny.any(1)
        at = np.flatnonzero(found)
        if self.stage.size > SMALL or not len(at):
            return np.zeros(len(X), bool)
        X, Y, tiny = X[at], Y[at], tiny[at]
        side = np.broadcast_to(np.where(np.equal(self.base.low, 0), 1.0, -1.0), X.shape)
        logs = []
        with np.errstate(all="ignore"):
            for size in (1e-290, 1e-300, TINY):
                near = np.where(tiny, side * size, X)
                V, J = self.stage.both(near)
                logs.append(self.base.logpdf(near) - np.linalg.slogdet(np.where(np.isfinite(J).all((1, 2), keepdims=True), J, np.nan))[1])
            step = self.stage.steps(near, V - Y, J)
            on = np.where(tiny, step * side > 0, np.abs(step) <= 1e-6 * (self._spread + np.abs(X))).all(1)
        found[at] = on & (logs[0] > logs[1]) & (logs[1] > logs[2]) & (logs[2] < least)
        return found

    def _denied(self, Y: Any) -> Any:
        """Whether no x of the support goes to y, as the closed form says and Newton's flow confirms: it has no value, or one out of the support."""
        closed = self.closed[0] if self.closed else None
        if closed is None or not closed.valid or not len(Y):
            return np.zeros(len(Y), bool)
        X = closed(Y)[0]
        none = ~np.isfinite(X).all(1)
        some = np.flatnonzero(~none)
        some = some[~np.any(self.base.placed(X[some]), axis=0)]
        none[some] = self._returns(X[some], Y[some])
        at = np.flatnonzero(none)
        start = self.starts.x[self.starts.nearest(Y[at], 1)[:, 0]]
        ends, state = newton.follow(self.stage, self.base, self.starts, start, Y[at])
        # a limit of f that is y to rounding is no limit to the closed form
        limit = (state == newton.MISSED) & np.isnan(X[at]).any(1)
        limit[limit] = ~self.base.placed(ends[limit])[1]
        none[at] = (state == newton.OUTSIDE) | limit
        return none

    def _require(self, lost: Lost, Y: Any) -> None:
        """Refuse points that were not solved."""
        if not len(lost.at):
            return
        first, X = Y[lost.at[:1]], lost.X[:1]
        if self._beyond(X, first, LEAST).any():
            raise NotInverted(
                f"The x with {self.stage.name}(x) = y underflows at y = {number(first[0])}: it is closer to the end of the support, x = {number(X[0])}, "
                f"than floating-point numbers come. The log-density is below {LEAST:.0f} there, and pdf(y) = 0."
            )
        if self.inverses:
            require_root(self.stage, self.inverses[0], X, first, self.starts.scale)
        outside = int(lost.outside.sum())
        lines = 2 * derived.FEW if self.closed[0] is not None else newton.LINES + newton.SPREAD
        raise NotInverted(
            f"Newton's method found no x with {self.stage.name}(x) = y for {len(lost.at)} of {len(Y)} points, the first y = {number(first[0])}.",
            known=f"{outside} of them seem to be outside the range of the map: lines to them from {lines} samples end before" if outside else "",
            advice="If these y are outside the range of the map, say so by support=…"
            + ("; else give the inverse." if self._unreached_is_zero else " or outside='zero'; else give the inverse."),
        )

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
        if len(self.inverses) == 1:
            X = newton.widened(self.stage, self.base, X)
            newton.require_apart(self.stage, self.base, self.starts, X, self.inverses[0](self.stage.values(X)))
