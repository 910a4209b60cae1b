"""The density of Y = f(X): p_Y(y) = Σ p_X(x) / |det J(x)| over all x with f(x) = y."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wrt.api.text_map import point_map
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show
from wrt.probability import branches, newton
from wrt.probability.law import Base, base_of
from wrt.probability.refusal import NoDensity, NotInverted, number
from wrt.probability.stage import SMALL, Inverse, Stage

if TYPE_CHECKING:
    from wrt.probability.check import Check
    from wrt.probability.marginal import Marginal

Function = Callable[..., Any]


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
        x on the branch. Without it f(x) = y is solved: a map of numbers on each of its monotone pieces, by Newton steps in a
        bracket; a map of vectors by damped Newton steps from samples near y. Vector maps with branches need the list.
    support
        For vectors: a function of one y, whether the density is positive there. Elsewhere it is 0, and nothing is solved.
    outside
        What a y means that no x was found for: "raise" (NotInverted), or "zero": it is outside the range of f, the density is 0.
    breaks
        For numbers: turning points, poles and jumps of f that are known and so narrow that quantiles and samples could miss them.

    Returns
    -------
    Transformed
        `logpdf`, `pdf`, `cdf` (of numbers), `rvs`, `log_abs_det`, `inverse`, `compose`, `marginal` and `check`.

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
    That a vector map is one to one is judged by samples: the signs of det J, and second roots from other starting points.
    A map that takes two points to one only where samples hardly come is not found out; `check` integrates the density.

    Deisenroth, Faisal & Ong, Mathematics for Machine Learning, section 6.7.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy import stats
    >>> from wrt.probability import transform
    >>> Y = transform(stats.norm(), lambda x: x**2)
    >>> Y.pieces
    (Piece(x in -inf..0, y falling in 0..inf), Piece(x in 0..inf, y rising in 0..inf))
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
        rng = np.random.default_rng(20_241)
        self._stage.require_square(self.base.rvs(2, rng))
        if self.shape:
            branches.require_values(self._stage, self.base.rvs(branches.SAMPLES if self._stage.size <= SMALL else 256, rng))
            self._starts = newton.Starts.of(self._stage, self.base, rng)
            if len(given) < 2:
                newton.require_one_to_one(self._stage, self.base, self._starts, solvable=not given)
            self._require_inverses()
        else:
            self._pieces = branches.find(self._stage, self.base, breaks, rng)
            if callable(inverse) and len(self._pieces) > 1:
                raise NoDensity(
                    f"{self._stage.name} folds or jumps: it has {len(self._pieces)} monotone pieces on the support, and one inverse was given.",
                    known="; ".join(map(repr, self._pieces[:6])),
                    advice="Give an inverse for each piece, inverse=[g1, g2, …], or none: the pieces are then inverted numerically.",
                )
            self._by_piece = [self._inverse_of(piece) for piece in self._pieces]

    # ----- densities ---------------------------------------------------------------------------------------------------
    def logpdf(self, y: Any) -> Any:
        """log p_Y at a point y, or at each of an array of points; −inf outside the range of f, +inf at a turning value.

        Raises
        ------
        NotInverted
            Where f(x) = y was not solved, or an inverse that was given does not invert.
        """
        Y, lead = self._points(y, "y")
        total = np.full(len(Y), -np.inf)
        with np.errstate(all="ignore"):
            for at, X in self._roots(Y):
                density = self.base.logpdf(X)
                there = density != -np.inf  # nan goes on, to be refused
                found = np.full(len(X), -np.inf)
                if there.any():
                    found[there] = density[there] - self._stage.log_abs_det(X[there])
                total[at] = np.logaddexp(total[at], found)
        if np.isnan(total).any():
            raise NoDensity(f"The density of the distribution of x is not a number where {self._stage.name}(x) = {number(Y[np.isnan(total)][0])}.")
        return total.reshape(lead)[()]

    def pdf(self, y: Any) -> Any:
        """p_Y at a point y, or at each of an array of points."""
        return np.exp(self.logpdf(y))

    def cdf(self, y: Any) -> Any:
        """P(Y ≤ y) for Y a number: the probability of what each monotone piece takes to below y."""
        return self._side(y, below=True)

    def sf(self, y: Any) -> Any:
        """P(Y > y) for Y a number, exact where it is small."""
        return self._side(y, below=False)

    def rvs(self, size: int | None = None, random_state: Any = None) -> Any:
        """Samples of Y: f of samples of X. `random_state` is a seed or a NumPy generator."""
        found = self._stage.values(self.base.rvs(1 if size is None else size, np.random.default_rng(random_state)))
        return found[0] if size is None else found

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
        return Base(self.shape, self.logpdf, self.rvs, low, high, scalar)

    def support(self) -> tuple[float, float]:
        """(low, high): the least and the largest value that a map of numbers takes, infinite where it grows on to the largest numbers."""
        if self.shape:
            raise ArgumentError("support() is for numbers; here y is a vector.")
        return min(piece.reach[0] for piece in self._pieces), max(piece.reach[1] for piece in self._pieces)

    def __repr__(self) -> str:
        how = f"{len(self._pieces)} monotone piece{'s' * (len(self._pieces) > 1)}" if self._pieces else f"vectors of {self.shape[0]}"
        return f"<distribution of {self._stage.name}(X): {how}, {'inverse given' if self._inverses else 'inverted by Newton steps'}>"

    # ----- inside ------------------------------------------------------------------------------------------------------
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
        at = np.flatnonzero(np.isfinite(Y).all(1))
        if self._support is not None:
            at = at[np.array([bool(np.all(self._support(y))) for y in Y[at]], bool)]
        if self._inverses:
            return self._given_roots(Y, at)
        X, solved = newton.solve(self._stage, self.base, self._starts, Y[at])
        if not solved.all() and self._outside == "raise":
            raise NotInverted(
                f"Newton's method found no x with {self._stage.name}(x) = y for {np.sum(~solved)} of {len(at)} points, "
                f"the first y = {number(Y[at][~solved][0])}.",
                known=f"tried from the {newton.STARTS} samples whose images are nearest, {newton.STEPS} steps each",
                advice="If these y are outside the range of the map, say so by support=… or outside='zero'; else give the inverse.",
            )
        return [(at[solved], X[solved])]

    def _scalar_roots(self, Y: Any, every: bool) -> list[tuple[Any, Any]]:
        found = []
        taken: set[tuple[int, float]] = set()
        for piece, inverse in zip(self._pieces, self._by_piece, strict=True):
            low, high = piece.range
            at = np.flatnonzero((low <= Y) & (high >= Y) & np.isfinite(Y))
            if not len(at) and not every:
                continue
            if inverse is not None:
                X = inverse(Y[at])
                self._require_root(inverse, X, Y[at])
            else:
                X = branches.invert(self._stage, piece, Y[at]) if len(at) else Y[at]
            # pieces that meet share their end point: it is counted once
            new = np.ones(len(at), bool)
            for k in np.flatnonzero(np.isin(X, piece.xs[[0, -1]])):
                root = int(at[k]), float(X[k])
                new[k] = root not in taken
                taken.add(root)
            found.append((at, X) if every else (at[new], X[new]))
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
        return np.clip(sum(self._part(piece, Y, below) for piece in self._pieces), 0, 1).reshape(lead)[()]

    def _part(self, piece: branches.Piece, Y: Any, below: bool) -> Any:
        """The probability of the x on a piece with f(x) ≤ y, or with f(x) > y."""
        cdf, sf = self.base.scalar["cdf"], self.base.scalar["sf"]
        low, high = piece.range
        left_of = piece.rising == below
        whole = cdf(piece.high) - cdf(piece.low) if cdf(piece.low) < 0.5 else sf(piece.low) - sf(piece.high)
        found = np.where(high <= Y if below else low > Y, whole, 0.0)
        at = np.flatnonzero((low <= Y) & (high > Y))
        if len(at):
            X = branches.invert(self._stage, piece, Y[at])
            found[at] = cdf(X) - cdf(piece.low) if left_of else sf(X) - sf(piece.high)
        return found
