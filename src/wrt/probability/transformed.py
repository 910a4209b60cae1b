"""The density of Y = f(X): p_Y(y) = Σ p_X(x) / |det J(x)| over all x with f(x) = y."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wrt.api.text_map import point_map
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show
from wrt.probability import branches, derived, level, newton
from wrt.probability.law import Base, base_of, size_of
from wrt.probability.refusal import NoDensity, NotInverted, number
from wrt.probability.stage import SMALL, Inverse, Stage

if TYPE_CHECKING:
    from wrt.probability.check import Check
    from wrt.probability.marginal import Marginal

Function = Callable[..., Any]
_INVERTED = {
    "given": "inverse given",
    "derived": "inverse derived",
    "solved": "inverted by Newton steps",
    "derived and solved": "inverse derived on some pieces, Newton steps on others",
}


def transform(
    dist: Any,
    forward: Function | str,
    inverse: Function | str | Sequence[Function | str] | None = None,
    *,
    support: Function | None = None,
    outside: Literal["raise", "zero"] = "raise",
    breaks: Sequence[float] = (),
) -> Transformed:
    """The distribution of Y = f(X), by the change of variables with wrt's exact Jacobian.

    Parameters
    ----------
    dist
        The distribution of X: a frozen one of scipy.stats, a list of independent ones (X is then a vector), `Law(logpdf, rvs)`, or
        what `transform` returned.
    forward
        f, a NumPy function of one point: a number or a vector of shape (n,). It returns as many numbers as it takes. Text does as
        well: "exp(x)", "r*cos(t), r*sin(t)".
    inverse
        The inverse of f, as a function of one point y; several, in a list, where f has several branches. NaN says that there is no
        x on the branch. Without it the inverse is derived from f, if it has a closed form that wrt finds: see `inverse_formula`.
        It is tried at samples, and each x is put into f. Elsewhere f(x) = y is solved: a map of numbers on each of its monotone
        pieces, by Newton steps in a bracket; a map of vectors by damped Newton steps from samples near y. Vector maps with
        branches need the list.
    support
        For vectors: a function of one y, whether the density is positive there. Elsewhere it is 0, and nothing is solved.
    outside
        For vectors, what a y outside the range of f means: "raise" (NotInverted), or "zero": the density is 0. Outside is a y to which
        Newton's flow leads from none of some 24 samples, ending in at least 3 of 4 cases at a root beyond the support or in a limit
        of f that is not y. Where the flow only stalls, or ends within 1e-6 of y in units of its scale, NotInverted is raised anyway.
    breaks
        For numbers: turning points, poles and jumps of f that are known and so narrow that quantiles and samples could miss them.

    Returns
    -------
    Transformed
        `logpdf`, `pdf`, `cdf` (of numbers), `rvs`, `log_abs_det`, `inverse`, `inverse_formula`, `inverted_by`, `compose`, `marginal`
        and `check`.

    Raises
    ------
    ShapeError
        Where f is not square.
    NoDensity
        Where f has no value on a part of the support, is flat or singular, or folds and no branches were given.
    Unsupported
        Where f has no derivative in wrt.

    Notes
    -----
    That a vector map is one to one is judged by the signs of det J, and by second roots from other starting points: at samples, and at
    samples spread about their median by up to 40 times, as far as X has a density there. It is no proof; `check` integrates the density.

    Deisenroth, Faisal & Ong, Mathematics for Machine Learning, section 6.7.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> from wrt.probability import transform
    >>> Y = transform(stats.norm(), lambda x: x**2)
    >>> Y.pieces
    (Piece(x in -inf..0, y falling in 0..inf), Piece(x in 0..inf, y rising in 0..inf))
    >>> Y.inverse_formula
    'x = −sqrt(y), x = sqrt(y)'
    >>> Y.pdf(1.5).round(12) == stats.chi2(1).pdf(1.5).round(12)
    np.True_
    """
    return Transformed(dist, forward, inverse, support=support, outside=outside, breaks=breaks)


def _function(f: Any) -> Any:
    """A map in text as a function."""
    return point_map(f, None) if isinstance(f, str) else f


class Transformed:
    """The distribution of Y = f(X); made by `wrt.probability.transform`."""

    def __init__(
        self,
        dist: Any,
        forward: Function | str,
        inverse: Function | str | Sequence[Function | str] | None = None,
        *,
        support: Function | None = None,
        outside: Literal["raise", "zero"] = "raise",
        breaks: Sequence[float] = (),
    ) -> None:
        forward = _function(forward)
        if not callable(forward):
            raise ArgumentError(f"forward must be a function of one point, not {forward!r}.")
        given = () if inverse is None else tuple(map(_function, (inverse,) if callable(inverse) or isinstance(inverse, str) else inverse))
        if not all(callable(each) for each in given) or (inverse is not None and not given):
            raise ArgumentError(f"inverse must be a function or a list of functions, not {inverse!r}.")
        if outside not in ("raise", "zero"):
            raise ArgumentError(f"outside must be 'raise' or 'zero', not {outside!r}.")
        self.base: Base = base_of(dist)
        self.shape = self.base.shape
        self._source = dist if isinstance(dist, Transformed) else None
        self._stage = Stage(forward, self.shape)
        self._inverses = [Inverse(each, self.shape) for each in given]
        self._support, self._outside = support, outside
        self._pieces: list[branches.Piece] = []
        self._by_piece: list[Inverse | None] = []
        self._closed: list[derived.Derived | None] = []  # for each piece; of vectors, one
        rng = np.random.default_rng(20_241)
        self._stage.require_square(self.base.rvs(2, rng))
        if self.shape:
            branches.require_values(self._stage, self.base.rvs(branches.SAMPLES if self._stage.size <= SMALL else 256, rng))
            self._starts = newton.Starts.of(self._stage, self.base, rng)
            if len(given) < 2:
                newton.require_one_to_one(self._stage, self.base, self._starts, solvable=not given)
            self._require_inverses()
            if not given:
                self._closed = [derived.of_vector(self._stage, self.base, self._starts)]
        else:
            self._pieces = branches.find(self._stage, self.base, breaks, rng)
            if callable(inverse) and len(self._pieces) > 1:
                raise NoDensity(
                    f"{self._stage.name} folds or jumps: it has {len(self._pieces)} monotone pieces on the support, and one inverse was given.",
                    known="; ".join(map(repr, self._pieces[:6])),
                    advice="Give an inverse for each piece, inverse=[g1, g2, …], or none: the pieces are then inverted numerically.",
                )
            self._by_piece = [self._inverse_of(piece) for piece in self._pieces]
            self._closed = [None] * len(self._pieces) if given else derived.of_pieces(self._stage, self.base, self._pieces)

    # ----- densities ---------------------------------------------------------------------------------------------------
    def logpdf(self, y: Any) -> Any:
        """log p_Y at a point y, or at each of an array of points; −inf outside the range of f, +inf at a turning value.

        For numbers, at a value where pieces end it is the limit from within, the larger one if there are pieces above and pieces below: at
        a kink where f turns each branch counts with its own slope. Where f' is too large or too small for a floating-point number,
        log |f'| is the limit of difference quotients, if they converge.

        Raises
        ------
        NotInverted
            Where f(x) = y was not solved, or an inverse that was given does not invert; for numbers also where rounding of x or of f(x)
            leaves the density unknown in its fifth digit.
        """
        Y, lead = self._points(y, "y")
        return self._log_density(Y).reshape(lead)[()]

    def pdf(self, y: Any) -> Any:
        """p_Y at a point y, or at each of an array of points."""
        Y, lead = self._points(y, "y")
        return np.exp(self._log_density(Y, least=-700.0)).reshape(lead)[()]

    def cdf(self, y: Any) -> Any:
        """P(Y ≤ y) for Y a number: the probability of what each monotone piece takes to below y."""
        return self._side(y, below=True)

    def sf(self, y: Any) -> Any:
        """P(Y > y) for Y a number, small as it may be: as exact as the x with f(x) = y."""
        return self._side(y, below=False)

    def rvs(self, size: int | tuple[int, ...] | None = None, random_state: Any = None) -> Any:
        """Samples of Y: f of samples of X. `size` is a number, or the shape of an array of samples; `random_state` is a seed or a NumPy generator."""
        lead = () if size is None else size_of(size)
        found = self._stage.values(self.base.rvs(prod(lead), np.random.default_rng(random_state)))
        return found.reshape((*lead, *self.shape))[()]

    # ----- the map -----------------------------------------------------------------------------------------------------
    def forward(self, x: Any) -> Any:
        """f at a point x, or at each of an array of points; for a composed transform, from the first distribution on."""
        X, lead = self._points(x, "x")
        return self._forward(X).reshape((*lead, *self.shape))[()]

    def log_abs_det(self, x: Any) -> Any:
        """log |det J| at a point x, or at each of an array; for a composed transform the sum over its maps, from the first on.

        The structure of J decides the cost: O(n) for maps that act entry by entry, the diagonal for triangular ones.
        """
        X, lead = self._points(x, "x")
        return self._log_abs_det(X).reshape(lead)[()]

    def inverse(self, y: Any) -> Any:
        """The x with f(x) = y (of the last map, where transforms are composed), one for each y; NaN where there is none.

        Of several branches there may be several x: `inverses` gives them all.
        """
        found = self.inverses(y)
        if len(found) > 1:
            raise ArgumentError(f"{self._stage.name} has {len(found)} branches, so that a y has several x; write .inverses(y).")
        return found[0]

    def inverses(self, y: Any) -> list[Any]:
        """The x of each branch with f(x) = y, NaN where the branch has none."""
        Y, lead = self._points(y, "y")
        result = []
        for at, X in self._roots(Y, every=True):
            found = np.full((len(Y), *self.shape), np.nan)
            found[at] = X
            result.append(found.reshape((*lead, *self.shape))[()])
        return result

    def compose(self, forward: Function, inverse: Function | Sequence[Function] | None = None, **options: Any) -> Transformed:
        """The distribution of g(Y): `transform` with this distribution as the first."""
        return Transformed(self, forward, inverse, **options)

    def marginal(self, keep: int, *, over: tuple[float, float] = (-np.inf, np.inf)) -> Marginal:
        """The distribution of one of two coordinates, the other integrated out over an interval that holds it."""
        from wrt.probability.marginal import Marginal

        return Marginal(self, keep, over)

    def check(self, *, region: Any = None, size: int = 20_000, random_state: Any = 0) -> Check:
        """A self-test: inverse∘forward, ∫p = 1 by quadrature, and the histogram of samples; see `wrt.probability.check.Check`."""
        from wrt.probability.check import check

        return check(self, region, size, random_state)

    @property
    def map(self) -> Stage:
        """f alone, the last map where transforms are composed: `.values(X)` and `.log_abs_det(X)` at points X of its distribution, one in each row."""
        return self._stage

    @property
    def pieces(self) -> tuple[branches.Piece, ...]:
        """The monotone pieces of a map of numbers, in order of x; of vectors, none."""
        return tuple(self._pieces)

    def as_base(self) -> Base:
        """The distribution as the start of another transform."""
        low, high = -np.inf, np.inf
        scalar: dict[str, Any] = {}
        if not self.shape:
            low, high = self.support()
            if "cdf" in self.base.scalar:
                scalar = {"cdf": self.cdf, "sf": self.sf}
        return Base(self.shape, lambda X: self._log_density(X, refuse=False), self.rvs, low, high, scalar)

    @property
    def inverted_by(self) -> Literal["given", "derived", "solved", "derived and solved"]:
        """Where x comes from: an inverse that was given; closed forms derived from f; Newton's method; or some pieces by each of the two.

        A y at which rounding makes a closed form doubtful is solved by Newton's method as well.
        """
        if self._inverses:
            return "given"
        if all(self._closed):
            return "derived"
        return "derived and solved" if any(self._closed) else "solved"

    @property
    def inverse_formula(self) -> str | None:
        """The inverse that was derived from f, by branches: "x = −sqrt(y), x = sqrt(y)"; None where it was given or has no closed form.

        For vectors the steps in order; later ones use the x (and t) of those before. Arrays have the names that f calls them by.

        >>> from scipy import stats
        >>> from wrt.probability import transform
        >>> transform(stats.norm(), "exp(2*x + 1)").inverse_formula
        'x = ½ (log(y) − 1)'
        """
        return None if self._inverses else derived.shown(self._closed)

    def support(self) -> tuple[float, float]:
        """(low, high): the least and the largest value that a map of numbers takes, infinite where it grows on to the largest numbers."""
        if self.shape:
            raise ArgumentError("support() is for numbers; here y is a vector.")
        return min(piece.reach[0] for piece in self._pieces), max(piece.reach[1] for piece in self._pieces)

    def __repr__(self) -> str:
        how = f"{len(self._pieces)} monotone piece{'s' * (len(self._pieces) > 1)}" if self._pieces else f"vectors of {self.shape[0]}"
        return f"<distribution of {self._stage.name}(X): {how}, {_INVERTED[self.inverted_by]}>"

    # ----- inside ------------------------------------------------------------------------------------------------------
    def _log_density(self, Y: Any, *, least: float = -np.inf, strict: bool = True, refuse: bool = True) -> Any:
        """log p_Y at points in rows. What is surely below `least` need not be known; if not `strict`, rounding may spoil it.

        What is not known is refused, or nan.
        """
        total = np.full(len(Y), -np.inf)
        with np.errstate(all="ignore"):
            if self.shape:
                for at, X in self._roots(Y):
                    density = self.base.logpdf(X)
                    there = density != -np.inf  # nan goes on, to be refused
                    found = np.full(len(X), -np.inf)
                    if there.any():
                        found[there] = density[there] - self._stage.log_abs_det(X[there])
                    total[at] = np.logaddexp(total[at], found)
            else:
                doubt, ends = total.copy(), np.full((2, len(Y)), -np.inf)
                for piece, solve, closed in zip(self._pieces, map(self._solver, self._by_piece), self._closed, strict=True):
                    found, unsure, side = level.log_density(self._stage, self.base, piece, solve, Y, closed, level.RESOLVED if strict else np.inf)
                    sure = np.where(unsure, -np.inf, found)
                    total = np.logaddexp(total, np.where(side == 0, sure, -np.inf))
                    ends = np.logaddexp(ends, np.where([side == 1, side == -1], sure, -np.inf))
                    doubt = np.logaddexp(doubt, np.where(unsure, found, -np.inf))
                total = np.logaddexp(total, ends.max(0))
                matters = (doubt > total - 36) & (doubt > least)  # a double has 36 nepers
                if strict and refuse and matters.any():
                    raise self._not_resolved(Y[matters])
                total[matters & strict] = np.nan
        if refuse and strict and np.isnan(total).any():
            y = number(Y[np.isnan(total)][0])
            raise NoDensity(f"The density of the distribution of x is not a number, or not known, where {self._stage.name}(x) = {y}.")
        return total

    def _solver(self, inverse: Inverse | None) -> Function | None:
        """An inverse that was given, with each x that it finds tried."""
        if inverse is None:
            return None

        def solve(Y: Any) -> Any:
            X = inverse(Y)
            self._require_root(inverse, X, Y)
            return X

        return solve

    def _not_resolved(self, Y: Any) -> NotInverted:
        return NotInverted(
            f"The density of {self._stage.name}(X) is not known at y = {number(Y[0])}{f' and {len(Y) - 1} other points' * (len(Y) > 1)}: "
            f"no floating-point number x has {self._stage.name}(x) so close to y that p(x)/|f'(x)| is known to five digits.",
            known="rounding of x, or of f where it is flat, is in the way: y is near a limit, a turning value or a pole of f, or far out in a tail",
            advice="Give the inverse, inverse=…, or write f so that it keeps such y apart (log1p, expm1, …).",
        )

    def _points(self, given: Any, name: str) -> tuple[Any, tuple[int, ...]]:
        """(points in rows, the shape of the array of points)."""
        array = np.asarray(given)
        if array.dtype.kind not in "fiub":
            raise ArgumentError(f"{name} must be real numbers, not of dtype {array.dtype}.")
        n = len(self.shape)
        if array.ndim < n or (n and array.shape[-1:] != self.shape):
            raise ShapeError(f"A point {name} has shape {show(self.shape)} here; got an array of shape {show(array.shape)}.")
        if np.isnan(array).any():
            raise ArgumentError(f"{name} holds nan; a density is of real numbers.")
        return array.astype(float).reshape(-1, *self.shape), array.shape[: array.ndim - n]

    def _forward(self, X: Any) -> Any:
        return self._stage.values(X if self._source is None else self._source._forward(X))  # noqa: SLF001  # another of this class

    def _log_abs_det(self, X: Any) -> Any:
        if self._source is None:
            return self._stage.log_abs_det(X)
        return self._source._log_abs_det(X) + self._stage.log_abs_det(self._source._forward(X))  # noqa: SLF001

    def _roots(self, Y: Any, *, every: bool = False) -> Any:
        """For each branch the indices of the y that it reaches, and their x. A y where branches meet belongs to the first."""
        if not self.shape:
            return self._scalar_roots(Y, every)
        at = self._possible(Y)
        if self._inverses:
            return self._given_roots(Y, at)
        X, sure = derived.sure(self._closed[0], self._stage, self.base, self._starts, Y[at])
        state = np.where(sure, newton.ROOT, newton.UNKNOWN)
        if not sure.all():
            X[~sure], state[~sure] = newton.solve(self._stage, self.base, self._starts, Y[at[~sure]])
        solved = state == newton.ROOT
        known = solved | (state == newton.OUTSIDE) if self._outside == "zero" else solved
        if not known.all():
            outside = np.sum(state == newton.OUTSIDE)
            raise NotInverted(
                f"Newton's method found no x with {self._stage.name}(x) = y for {np.sum(~solved)} of {len(at)} points, "
                f"the first y = {number(Y[at][~known][0])}.",
                known=f"{outside} of them seem to be outside the range of the map: lines to them from {newton.LINES + newton.SPREAD} samples end before",
                advice="If these y are outside the range of the map, say so by support=…"
                + (" or outside='zero'; else give the inverse." if self._outside == "raise" else "; else give the inverse."),
            )
        return [(at[solved], X[solved])]

    def _known_pdf(self, Y: Any) -> Any:
        """The density of a vector at each of the points: 0 where few lines to them end outside the range, nan where nothing is known."""
        at, found = self._possible(Y), np.zeros(len(Y))
        if self._inverses:
            for inverse in self._inverses:
                X = inverse(Y[at])
                some = np.flatnonzero(~np.isnan(X).any(1))
                some = some[self.base.inside(X[some])]
                good = self._returns(X[some], Y[at[some]])
                found[at[some[good]]] += self._density_at(X[some[good]])
                if len(self._inverses) == 1:
                    found[at[some[~good]]] = np.nan
            return found
        X, sure = derived.sure(self._closed[0], self._stage, self.base, self._starts, Y[at])
        state = np.where(sure, newton.ROOT, newton.UNKNOWN)
        near = np.flatnonzero(~sure & np.isfinite(X).all(1))  # a root beyond the support
        X[near], state[near] = newton.follow(self._stage, self.base, self._starts, X[near], Y[at[near]])
        left = np.flatnonzero((state != newton.ROOT) & (state != newton.OUTSIDE))
        X[left], state[left] = newton.solve(self._stage, self.base, self._starts, Y[at[left]], lines=2, spread=2)
        found[at[state == newton.UNKNOWN]] = np.nan
        found[at[state == newton.ROOT]] = self._density_at(X[state == newton.ROOT])
        return found

    def _density_at(self, X: Any) -> Any:
        """p_X / |det J| at points of the support, nan where J is not finite."""
        density = self.base.logpdf(X)
        if len(X):
            J = self._stage.jacobians(X)
            with np.errstate(all="ignore"):
                density = np.exp(density - np.linalg.slogdet(np.where(np.isfinite(J).all((1, 2), keepdims=True), J, np.nan))[1])
        return density

    def _beside(self, Y: Any) -> Any:
        """A function of (k, Y'): whether the density is positive at points Y', from the roots of the points Y[k], where it is."""
        if self._inverses:
            return lambda _, points: self._known_pdf(points) > 0
        X, state = newton.solve(self._stage, self.base, self._starts, Y)
        X[state != newton.ROOT] = self._starts.x[0]

        def positive(k: Any, points: Any) -> Any:
            at = self._possible(points)
            roots, state = newton.follow(self._stage, self.base, self._starts, X[k[at]], points[at])
            good = state == newton.ROOT
            X[k[at[good]]] = roots[good]
            there = np.zeros(len(points), bool)
            there[at[good]] = self._density_at(roots[good]) > 0
            return there

        return positive

    def _possible(self, Y: Any) -> Any:
        """The indices of the points for which no one said that the density is 0."""
        at = np.flatnonzero(np.isfinite(Y).all(1))
        if self._support is not None:
            at = at[np.array([bool(np.all(self._support(y))) for y in Y[at]], bool)]
        return at

    def _scalar_roots(self, Y: Any, every: bool) -> list[tuple[Any, Any]]:
        found = []
        for piece, inverse, closed in zip(self._pieces, self._by_piece, self._closed, strict=True):
            low, high = piece.range
            at = np.flatnonzero((low <= Y) & (high >= Y) & np.isfinite(Y))
            if not len(at) and not every:
                continue
            if inverse is not None:
                X = inverse(Y[at])
                self._require_root(inverse, X, Y[at])
            else:
                X = derived.invert(closed, self._stage, piece, Y[at]) if len(at) else Y[at]
            found.append((at, X))
        return found

    def _given_roots(self, Y: Any, at: Any) -> list[tuple[Any, Any]]:
        found = []
        for inverse in self._inverses:
            X = inverse(Y[at])
            some = ~np.isnan(X).any(1)
            if len(self._inverses) == 1:
                there = some.copy()
                # where f has no finite value, x is an end of the support that rounding has led to: the density is 0 to rounding
                there[some] = self.base.inside(X[some]) & np.isfinite(self._stage.values(X[some])).all(1)
                self._require_root(inverse, X[there], Y[at][there])
            else:
                there = some.copy()
                there[some] = self._returns(X[some], Y[at][some])
            found.append((at[there], X[there]))
        return found

    def _returns(self, X: Any, Y: Any) -> Any:
        """Whether f takes each x to its y, to what rounding allows."""
        if not len(X):
            return np.zeros(0, bool)
        back = self._stage.values(X)
        rounding = 1e-12 * np.abs(X).max(-1, keepdims=True) if self.shape else 0.0  # terms that cancel
        with np.errstate(all="ignore"):
            near = np.abs(back - Y) <= 1e-6 * (np.abs(Y) + self._scale()) + rounding
        return near if near.ndim == 1 else near.all(1)

    def _scale(self) -> Any:
        return self._starts.scale if self.shape else 1e-3

    def _require_root(self, inverse: Inverse, X: Any, Y: Any) -> None:
        bad = ~self._returns(X, Y)
        if bad.any():
            x, y = X[bad][0], Y[bad][0]
            raise NotInverted(
                f"The inverse {inverse.name} does not invert {self._stage.name}: at y = {number(y)} it gives x = {number(x)}, "
                f"which goes to {number(self._stage.values(X[bad][:1])[0])}."
            )

    def _require_inverses(self) -> None:
        """Each sample must come back by one of the inverses given."""
        if not self._inverses:
            return
        few = 256 if self._stage.size <= SMALL else 16
        X, Y = self._starts.x[:few], self._starts.y[:few]
        spread = np.std(self._starts.x, axis=0) + 1e-300
        back = np.zeros(len(X), bool)
        for inverse in self._inverses:
            found = inverse(Y)
            if len(self._inverses) == 1:
                some = ~np.isnan(found).any(1)
                self._require_root(inverse, found[some], Y[some])
            with np.errstate(all="ignore"):
                back |= (np.abs(found - X) <= 1e-4 * (spread + np.abs(X))).all(1)
        if not back.all():
            raise NoDensity(
                f"{self._stage.name} is not one to one, or a branch is missing: no inverse that was given takes y = {number(Y[~back][0])} "
                f"back to x = {number(X[~back][0])}.",
                advice="Give an inverse for each branch, inverse=[g1, g2, …].",
            )

    def _inverse_of(self, piece: branches.Piece) -> Inverse | None:
        """The inverse given that returns to this piece."""
        if not self._inverses:
            return None
        middle = len(piece.xs) // 2
        pick = sorted({middle, (middle + len(piece.xs)) // 2, middle // 2})
        for inverse in self._inverses:
            X = inverse(piece.fs[pick])
            inner = (piece.xs[0] <= X) & (piece.xs[-1] >= X)
            if inner.all() and self._returns(X, piece.fs[pick]).all():
                return inverse
        first = self._inverses[0]
        raise NotInverted(
            f"No inverse that was given returns to the piece {piece!r} of {self._stage.name}.",
            known=f"{first.name} takes y = {number(piece.fs[middle])} to x = {number(first(piece.fs[middle : middle + 1])[0])}; "
            f"there is x = {number(piece.xs[middle])} with that value.",
        )

    def _side(self, y: Any, *, below: bool) -> Any:
        if self.shape:
            raise ArgumentError("cdf is for numbers; here y is a vector.")
        if "cdf" not in self.base.scalar:
            raise ArgumentError("The distribution of x has no cdf, and so that of y has none.")
        Y, lead = self._points(y, "y")
        return np.clip(sum(self._part(*each, Y, below) for each in zip(self._pieces, self._closed, strict=True)), 0, 1).reshape(lead)[()]

    def _part(self, piece: branches.Piece, closed: derived.Derived | None, Y: Any, below: bool) -> Any:
        """The probability of the x on a piece with f(x) ≤ y, or with f(x) > y."""
        cdf, sf = self.base.scalar["cdf"], self.base.scalar["sf"]
        low, high = piece.range
        left_of = piece.rising == below
        whole = cdf(piece.high) - cdf(piece.low) if cdf(piece.low) < 0.5 else sf(piece.low) - sf(piece.high)
        found = np.where(high <= Y if below else low > Y, whole, 0.0)
        at = np.flatnonzero((low <= Y) & (high > Y))
        if len(at):
            X = derived.invert(closed, self._stage, piece, Y[at])
            found[at] = cdf(X) - cdf(piece.low) if left_of else sf(X) - sf(piece.high)
        return found
