"""Y = f(X) for numbers: what each monotone piece of f gives to the density and to the probabilities, added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from wrt.probability import branches, derived, level
from wrt.probability.given import require_root, returns
from wrt.probability.law import Base
from wrt.probability.refusal import NoDensity, NotInverted, not_a_number, number
from wrt.probability.saturation import is_saturated
from wrt.probability.stage import Inverse, Stage

SCALE = 1e-3  # inverses given may miss y by a part of it
SAME = 1e-6  # turning values that are nearer, relative to the range of f, are one


class Line:
    """A map of numbers with its distribution of X: its monotone pieces, and the way back from y to x on each."""

    def __init__(self, stage: Stage, base: Base, inverses: Sequence[Inverse], one: bool, breaks: Sequence[float], rng: np.random.Generator) -> None:
        self.stage, self.base, self.inverses = stage, base, tuple(inverses)
        start = base.rvs(1, rng)[0]
        self._graph = graph = derived.traced(stage, np.float64(start))
        self.pieces = tuple(branches.find(stage, base, breaks, rng, lambda X: graph is not None and is_saturated(graph, X)))
        if one and len(self.pieces) > 1:
            raise NoDensity(
                f"{stage.name} folds or jumps: it has {len(self.pieces)} monotone pieces on the support, and one inverse was given.",
                known="; ".join(map(repr, self.pieces[:6])),
                advice="Give an inverse for each piece, inverse=[g1, g2, …], or none: the pieces are then inverted numerically.",
            )
        self._given = [self._inverse_of(piece) for piece in self.pieces]
        self.closed: list[derived.Derived | None] = [None] * len(self.pieces) if inverses else derived.of_pieces(graph, stage, base, self.pieces)

    def log_density(self, Y: Any, *, least: float = -np.inf, strict: bool = True, refuse: bool = True) -> Any:
        """log p_Y at numbers. What is surely below `least` need not be known; if not `strict`, rounding may spoil it.

        What is not known is refused, or nan.
        """
        total = np.full(len(Y), -np.inf)
        low, high = self.support()
        inside = np.isfinite(Y) & (low <= Y) & (high >= Y)
        doubt, ends = total.copy(), np.full((2, len(Y)), -np.inf)
        with np.errstate(all="ignore"):
            for piece, solve, closed in zip(self.pieces, map(self._solver, self._given), self.closed, strict=True):
                tolerance = level.RESOLVED if strict else np.inf
                found, unsure, side = level.log_density(self.stage, self.base, piece, solve, Y, closed, self._graph, tolerance)
                sure = np.where(unsure, -np.inf, found)
                total = np.logaddexp(total, np.where(side == 0, sure, -np.inf))
                ends = np.logaddexp(ends, np.where([side == 1, side == -1], sure, -np.inf))
                doubt = np.logaddexp(doubt, np.where(unsure, found, np.where(inside, piece.unseen, -np.inf)))
            total = np.logaddexp(total, ends.max(0))
            matters = (doubt > total - 36) & (doubt > least)  # a double has 36 nepers
        if strict and refuse and matters.any():
            raise self._not_resolved(Y[matters])
        total[matters & strict] = np.nan
        if refuse and strict and np.isnan(total).any():
            raise not_a_number(self.stage.name, Y[np.isnan(total)][0])
        return total

    def support(self) -> tuple[float, float]:
        """The least and the largest value of f, infinite where it goes on to larger ones beyond the points at which one looked."""
        ends = np.array([piece.reach for piece in self.pieces])
        low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
        for piece, near in ((self.pieces[0], ends[:2]), (self.pieces[-1], ends[-2:])):
            # where it folds on, it keeps between two values only if it has done so all the time
            least, most = float(near[:, 0].min()), float(near[:, 1].max())
            if piece.unseen > -np.inf and ((least > low and least - low > SAME * (high - low)) or (most < high and high - most > SAME * (high - low))):
                return -np.inf, np.inf
            rest = ends[2:-2]
            if piece.unseen > -np.inf and len(rest) > 2 and max(rest[:, 0].min() - low, high - rest[:, 1].max()) > SAME * (high - low):
                return -np.inf, np.inf  # its turns go farther and farther
        return low + 0.0, high + 0.0  # of −0 too it is 0

    def roots(self, Y: Any, *, every: bool = False) -> list[tuple[Any, Any]]:
        """For each piece that reaches any y, or for `every` one, the indices of the y that it reaches, and their x."""
        found = []
        for piece, inverse, closed in zip(self.pieces, self._given, self.closed, strict=True):
            low, high = piece.range
            at = np.flatnonzero((low <= Y) & (high >= Y) & np.isfinite(Y))
            if not len(at) and not every:
                continue
            if inverse is not None:
                X = inverse(Y[at])
                require_root(self.stage, inverse, X, Y[at], SCALE)
            else:
                X = derived.invert(closed, self.stage, piece, Y[at]) if len(at) else Y[at]
            found.append((at, X))
        return found

    def side(self, Y: Any, *, below: bool, refuse: bool = True) -> Any:
        """P(Y ≤ y) or P(Y > y) at each of the numbers; refused, or nan, where rounding of x leaves it unknown in its fifth digit."""
        total, doubt = np.zeros(len(Y)), np.zeros(len(Y))
        with np.errstate(all="ignore"):
            for piece, closed in zip(self.pieces, self.closed, strict=True):
                found, off = self._part(piece, closed, Y, below)
                total, doubt = total + found, doubt + off
        bad = ~(doubt <= level.RESOLVED * total)
        total[bad] = np.nan
        if refuse and bad.any():
            raise self._lost(Y[bad], "The cdf" if below else "The sf", "P(X ≤ x) is" if below else "P(X > x) is")
        return np.clip(total, 0, 1)

    # ----- inside ------------------------------------------------------------------------------------------------------
    def _part(self, piece: branches.Piece, closed: derived.Derived | None, Y: Any, below: bool) -> tuple[Any, Any]:
        """(The probability of the x on a piece with f(x) ≤ y, or with f(x) > y, how much of it is unknown)."""
        cdf, sf = self.base.scalar["cdf"], self.base.scalar["sf"]

        def between(a: float, b: float) -> float:
            return float(cdf(b) - cdf(a) if cdf(a) < 0.5 else sf(a) - sf(b))

        (low, high), (least, most) = piece.range, piece.reach
        whole, outer = between(piece.low, piece.high), (between(piece.low, piece.xs[0]), between(piece.xs[-1], piece.high))
        found = np.where(high <= Y if below else low >= Y, whole, 0.0)
        doubt = np.zeros(len(Y))
        for beyond, part in zip(((low >= Y) & (least < Y), (high <= Y) & (most > Y)), outer if piece.rising else outer[::-1], strict=True):
            doubt[beyond] = part  # x is closer to the end than the next number that f tells apart
        at = np.flatnonzero((low < Y) & (high > Y))
        if len(at):
            X, error = level.located(self.stage, piece, closed, self._graph, Y[at])
            side = cdf if piece.rising == below else sf
            found[at] = side(X) - side(piece.low if piece.rising == below else piece.high)
            near = [side(np.clip(X + way * error, piece.low, piece.high)) for way in (-1, 1)]
            doubt[at] = np.abs(near[0] - near[1])
        return found, doubt

    def _solver(self, inverse: Inverse | None) -> Callable[[Any], Any] | None:
        """An inverse that was given, with each x that it finds tried."""
        if inverse is None:
            return None

        def solve(Y: Any) -> Any:
            X = inverse(Y)
            require_root(self.stage, inverse, X, Y, SCALE)
            return X

        return solve

    def _inverse_of(self, piece: branches.Piece) -> Inverse | None:
        """The inverse given that returns to this piece."""
        if not self.inverses:
            return None
        middle = len(piece.xs) // 2
        pick = sorted({middle, (middle + len(piece.xs)) // 2, middle // 2})
        for inverse in self.inverses:
            X = inverse(piece.fs[pick])
            inner = (piece.xs[0] <= X) & (piece.xs[-1] >= X)
            if inner.all() and returns(self.stage, X, piece.fs[pick], SCALE).all():
                return inverse
        first = self.inverses[0]
        with np.errstate(all="ignore"):
            mass = np.cumsum(np.nan_to_num(np.exp(self.base.logpdf(piece.xs)) * np.gradient(piece.xs), posinf=0.0))
        shown = np.array([min(int(np.searchsorted(mass, mass[-1] / 2)), len(mass) - 1), *pick])  # a typical one, if the inverse fails there
        X = first(piece.fs[shown])
        good = (piece.xs[0] <= X) & (piece.xs[-1] >= X) & returns(self.stage, X, piece.fs[shown], SCALE)
        at = int(shown[np.argmin(good)])
        raise NotInverted(
            f"No inverse that was given returns to the piece {piece!r} of {self.stage.name}.",
            known=f"{first.name} takes y = {number(piece.fs[at])} to x = {number(first(piece.fs[at : at + 1])[0])}; "
            f"there is x = {number(piece.xs[at])} with that value.",
        )

    def _not_resolved(self, Y: Any) -> NotInverted:
        for at, X in self.roots(Y[:1]):
            if len(at) and self.base.underflows(X).any():
                return NotInverted(
                    f"The density of {self.stage.name}(X) is not known at y = {number(Y[0])}: the logpdf of the distribution of x underflows, "
                    f"to −inf, at x = {number(X[0])}, within its support.",
                    advice="Give the distribution as Law(logpdf, rvs, support), with a log-density that is not the logarithm of a density.",
                )
        return self._lost(Y, "The density", "p(x)/|f'(x)| is")

    def _lost(self, Y: Any, what: str, known: str) -> NotInverted:
        return NotInverted(
            f"{what} of {self.stage.name}(X) is not known at y = {number(Y[0])}{f' and {len(Y) - 1} other points' * (len(Y) > 1)}: "
            f"no floating-point number x has {self.stage.name}(x) so close to y that {known} known to five digits.",
            known="rounding of x, or of f where it is flat, is in the way: y is near a limit, a turning value or a pole of f, or far out in a tail",
            advice="Give the inverse, inverse=…, or write f so that it keeps such y apart (log1p, expm1, …).",
        )
