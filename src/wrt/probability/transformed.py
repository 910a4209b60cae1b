"""The density of Y = f(X): p_Y(y) = Σ p_X(x) / |det J(x)| over all x with f(x) = y."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wrt.api.text_map import point_map
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show
from wrt.probability import derived
from wrt.probability.branches import Piece
from wrt.probability.law import Base, base_of, size_of
from wrt.probability.line import Line
from wrt.probability.space import Space
from wrt.probability.stage import Inverse, Stage

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
    That a vector map is one to one is judged by looking for a second x with the same f(x), where det J changes its sign and from other
    starting points: for samples, and samples spread about their median by up to 40 times, as far as X has a density there. It is no
    proof; `check` integrates the density.

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
        inverses = [Inverse(each, self.shape) for each in given]
        rng = np.random.default_rng(20_241)
        self._stage.require_square(self.base.rvs(2, rng))
        self.road: Line | Space
        if self.shape:
            self.road = Space(self._stage, self.base, inverses, support, outside == "zero", rng)
        else:
            self.road = Line(self._stage, self.base, inverses, callable(inverse) or isinstance(inverse, str), breaks, rng)

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
            leaves the density unknown in its fifth digit, as it does at a value at which f saturates, and where the logpdf of x underflows.
        """
        Y, lead = self._points(y, "y")
        return self.road.log_density(Y).reshape(lead)[()]

    def pdf(self, y: Any) -> Any:
        """p_Y at a point y, or at each of an array of points."""
        Y, lead = self._points(y, "y")
        return np.exp(self.road.log_density(Y, least=-700.0)).reshape(lead)[()]

    def cdf(self, y: Any) -> Any:
        """P(Y ≤ y) for Y a number: the probability of what each monotone piece takes to below y.

        Raises
        ------
        NotInverted
            Where rounding of x or of f(x) leaves it unknown in its fifth digit; the same for `sf`.
        """
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
        for at, X in self.road.roots(Y, every=True):
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
        """A self-test: inverse∘forward, ∫p = 1 by quadrature or by sampling, and samples against the density; see `wrt.probability.check.Check`."""
        from wrt.probability.check import check

        return check(self, region, size, random_state)

    @property
    def map(self) -> Stage:
        """f alone, the last map where transforms are composed: `.values(X)` and `.log_abs_det(X)` at points X of its distribution, one in each row."""
        return self._stage

    @property
    def branches(self) -> int:
        """How many x a y may have: the monotone pieces of a map of numbers, or the inverses given for one of vectors; else 1."""
        return len(self.pieces) or max(1, len(self.road.inverses))

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The monotone pieces of a map of numbers, in order of x; of vectors, none."""
        return self.road.pieces if isinstance(self.road, Line) else ()

    def as_base(self) -> Base:
        """The distribution as the start of another transform."""
        low, high = -np.inf, np.inf
        scalar: dict[str, Any] = {}
        if not self.shape:
            low, high = self.support()
            if "cdf" in self.base.scalar:
                scalar = {"cdf": partial(self._side, below=True, refuse=False), "sf": partial(self._side, below=False, refuse=False)}
        return Base(self.shape, lambda X: self.road.log_density(X, refuse=False), self.rvs, low, high, scalar)

    @property
    def inverted_by(self) -> Literal["given", "derived", "solved", "derived and solved"]:
        """Where x comes from: an inverse that was given; closed forms derived from f; Newton's method; or some pieces by each of the two.

        A y at which rounding makes a closed form doubtful is solved by Newton's method as well.
        """
        closed = self.road.closed
        if self.road.inverses:
            return "given"
        if all(closed):
            return "derived"
        return "derived and solved" if any(closed) else "solved"

    @property
    def inverse_formula(self) -> str | None:
        """The inverse that was derived from f, by branches: "x = −sqrt(y), x = sqrt(y)"; None where it was given or has no closed form.

        For vectors the steps in order; later ones use the x (and t) of those before. Arrays have the names that f calls them by.

        >>> from scipy import stats
        >>> from wrt.probability import transform
        >>> transform(stats.norm(), "exp(2*x + 1)").inverse_formula
        'x = ½ (log(y) − 1)'
        """
        return None if self.road.inverses else derived.shown(self.road.closed)

    def support(self) -> tuple[float, float]:
        """(low, high): the least and the largest value that a map of numbers takes, infinite where it grows on to the largest numbers."""
        if not isinstance(self.road, Line):
            raise ArgumentError("support() is for numbers; here y is a vector.")
        return self.road.support()

    def __repr__(self) -> str:
        how = f"vectors of {self.shape[0]}" if self.shape else f"{len(self.pieces)} monotone piece{'s' * (len(self.pieces) > 1)}"
        return f"<distribution of {self._stage.name}(X): {how}, {_INVERTED[self.inverted_by]}>"

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

    def _side(self, y: Any, *, below: bool, refuse: bool = True) -> Any:
        if not isinstance(self.road, Line):
            raise ArgumentError("cdf is for numbers; here y is a vector.")
        if "cdf" not in self.base.scalar:
            raise ArgumentError("The distribution of x has no cdf, and so that of y has none.")
        Y, lead = self._points(y, "y")
        return self.road.side(Y, below=below, refuse=refuse).reshape(lead)[()]
