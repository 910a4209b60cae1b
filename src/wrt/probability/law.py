"""Where X comes from: one interface over SciPy's distributions, lists of independent ones, and a user's own logpdf with a sampler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import index
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show
from wrt.probability.order import between
from wrt.probability.refusal import number

LEAST = -744.44  # the logarithm of the smallest number


@dataclass(frozen=True)
class Law:
    """A distribution of one's own: its log-density and its sampler.

    Parameters
    ----------
    logpdf
        The log-density of one point, or of an array of points of shape (N,) + shape.
    rvs
        `rvs(size, rng)` gives `size` points by the NumPy generator `rng`.
    support
        (low, high), numbers or arrays; where the density may be positive.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.probability import Law, transform
    >>> wedge = Law(lambda x: np.log(2 * x), lambda size, rng: np.sqrt(rng.random(size)), support=(0, 1))
    >>> round(float(transform(wedge, lambda x: x**2).pdf(0.3)), 12)      # uniform
    1.0
    """

    logpdf: Callable[..., Any]
    rvs: Callable[..., Any]
    support: tuple[Any, Any] = (-np.inf, np.inf)


@dataclass(frozen=True)
class Base:
    """A distribution as the transform uses it. Points are rows: `logpdf` takes (N,) + shape, `rvs` gives it."""

    shape: tuple[int, ...]
    logpdf: Callable[[Any], Any]
    rvs: Callable[[int, np.random.Generator], Any]
    low: Any
    high: Any
    scalar: dict[str, Callable[[Any], Any]] = field(default_factory=dict)  # cdf, sf, ppf and isf, where there are any

    def inside(self, X: Any) -> Any:
        """Whether each of the points is in the support, as far as that is known."""
        return self.placed(X)[0]

    def placed(self, X: Any) -> tuple[Any, Any]:
        """(Whether each of the points is in the support, whether that is not known: the log-density is nan)."""
        with np.errstate(all="ignore"):
            ok: Any = np.asarray(np.greater_equal(X, self.low) & np.less_equal(X, self.high)).all(tuple(range(1, X.ndim)))
            lost = np.zeros_like(ok)
            found = self.logpdf(X[ok])
            lost[ok] = np.isnan(found)
            ok[ok] = found > -np.inf
        return ok, lost

    def underflows(self, X: Any) -> Any:
        """Whether log p is −inf at points within the support as the logarithm of a density that underflows, and not because p is 0.

        SciPy's laws without a log-density of their own take it of the density. On the way to a sample, in the order of floating-point
        numbers, the density then begins with the smallest numbers.
        """
        with np.errstate(all="ignore"):
            lost: Any = np.asarray(np.greater(X, self.low) & np.less(X, self.high)).all(tuple(range(1, X.ndim)))
            lost[lost] = self.logpdf(X[lost]) == -np.inf
            if not lost.any():
                return lost
            outer = X[lost]
            inner = np.broadcast_to(self.rvs(1, np.random.default_rng(20_241)), outer.shape)
            for _ in range(64):
                middle = between(inner, outer)
                there = self.logpdf(middle) > -np.inf
                there = there.reshape(there.shape + (1,) * (X.ndim - 1))
                inner, outer = np.where(there, middle, inner), np.where(there, outer, middle)
            lost[lost] = np.abs(self.logpdf(inner) - LEAST) < 50
        return lost


def base_of(dist: Any) -> Base:
    """The distribution behind what a user may give."""
    if isinstance(dist, Base):
        return dist
    if hasattr(dist, "as_base"):
        found: Base = dist.as_base()
        return found
    if isinstance(dist, Law):
        return _own(dist)
    if isinstance(dist, Sequence) and not isinstance(dist, str):
        return _independent([base_of(each) for each in dist])
    if hasattr(dist, "pmf") and not hasattr(dist, "pdf"):
        raise ArgumentError("The distribution is discrete; the change of variables is for densities.")
    if hasattr(dist, "icdf") and hasattr(dist, "sample"):
        return _new_scipy(dist)
    if callable(dist) and hasattr(dist, "shapes"):  # scipy.stats.norm: not frozen yet
        try:
            dist = dist()
        except TypeError as why:
            raise ArgumentError(f"The distribution {dist.name} needs its parameters ({dist.shapes}): write scipy.stats.{dist.name}(…).") from why
    if not (hasattr(dist, "logpdf") and hasattr(dist, "rvs")):
        raise ArgumentError(
            f"Expected a distribution, got {dist!r}.",
            advice="Give a frozen distribution of scipy.stats, a list of independent ones, or wrt.probability.Law(logpdf, rvs, support).",
        )
    return _univariate(dist) if hasattr(dist, "isf") else _multivariate(dist)


def size_of(size: Any) -> tuple[int, ...]:
    """The shape of an array of samples, from a number or a shape."""
    try:
        found = tuple(index(each) for each in (size if isinstance(size, tuple | list) else (size,)))
    except TypeError:
        found = (-1,)
    if min(found, default=0) < 0:
        raise ArgumentError(f"size must be a number of samples or a shape, of integers that are not negative; got {size!r}.")
    return found


def _sampled(dist: Any, draw: Callable[[], Any]) -> Any:
    """A first sample: SciPy makes distributions of any parameters, and complains, or gives nan, when they are used."""
    try:
        with np.errstate(all="ignore"):
            found = np.asarray(draw(), float)
        known = "" if np.isfinite(found).all() else f"a sample of it is {number(found)}"
        if not known and hasattr(dist, "support"):
            low, high = dist.support()
            known = "" if np.all(np.less(low, high)) else f"its support is from {number(low)} to {number(high)}"
    except ValueError as why:
        known = str(why).split(" Please see")[0]
    if not known:
        return found
    name, given = _described(dist)
    raise ArgumentError(
        f"There is no distribution {name} with the parameters {given}.",
        known=known,
        advice=f"See the documentation of scipy.stats.{name}; scales must be positive, and no parameter nan or infinite.",
    )


def _described(dist: Any) -> tuple[str, str]:
    given = [*map(repr, getattr(dist, "args", ())), *(f"{key}={value!r}" for key, value in getattr(dist, "kwds", {}).items())]
    name = str(getattr(getattr(dist, "dist", dist), "name", type(dist).__name__)).removesuffix("_frozen")
    return name, ", ".join(given) or "that were given"


def _univariate(dist: Any) -> Base:
    shape = np.shape(_sampled(dist, lambda: dist.rvs(random_state=0)))
    if len(shape) > 1:
        raise ShapeError(f"The distribution is over arrays of shape {show(shape)}; give it over numbers or vectors.")
    low, high = dist.support()

    def logpdf(X: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(dist.logpdf(X), float).reshape(X.shape).sum(tuple(range(1, X.ndim)))

    def rvs(size: int, rng: np.random.Generator) -> Any:
        return np.asarray(dist.rvs(size=(size, *shape), random_state=rng), float)

    scalar = {} if shape else {name: getattr(dist, name) for name in ("cdf", "sf", "ppf", "isf")}
    return Base(shape, logpdf, rvs, low, high, scalar)


def _new_scipy(dist: Any) -> Base:
    _sampled(dist, lambda: dist.sample(1, rng=np.random.default_rng(0)))
    low, high = dist.support()
    if np.shape(low):
        raise ShapeError("Give a distribution with scalar parameters, or a list of independent ones.")

    def rvs(size: int, rng: np.random.Generator) -> Any:
        return np.asarray(dist.sample(size, rng=rng), float)

    return Base((), dist.logpdf, rvs, low, high, {"cdf": dist.cdf, "sf": dist.ccdf, "ppf": dist.icdf, "isf": dist.iccdf})


def _multivariate(dist: Any) -> Base:
    if type(dist).__name__.startswith("dirichlet"):
        raise ArgumentError(
            "A Dirichlet variable lies on a simplex and has no density in as many dimensions as it has coordinates.",
            advice="Give a distribution of all but one of its coordinates, as wrt.probability.Law(logpdf, rvs, support).",
        )
    shape = np.shape(_sampled(dist, lambda: dist.rvs(size=2, random_state=0)))[1:]
    if len(shape) > 1:
        raise ShapeError(f"The distribution is over arrays of shape {show(shape)}; give it over vectors of the independent entries.")

    def rvs(size: int, rng: np.random.Generator) -> Any:
        return np.asarray(dist.rvs(size=size, random_state=rng), float).reshape(size, *shape)

    return Base(shape, _row_wise(dist.logpdf), rvs, -np.inf, np.inf)


def _own(law: Law) -> Base:
    sample = np.asarray(law.rvs(2, np.random.default_rng(0)), float)
    if sample.ndim not in (1, 2) or len(sample) != 2:
        raise ShapeError(f"rvs(2, rng) must give two points, of shape (2,) or (2, n); it gave shape {show(sample.shape)}.")
    try:
        low, high = (np.asarray(each, float) for each in law.support)
        inside = bool(np.all(low < high))
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise ArgumentError(f"support must be (low, high) with low < high, numbers or arrays; got {law.support!r}.")
    density = _row_wise(law.logpdf)

    def logpdf(X: Any) -> Any:
        found = np.full(len(X), -np.inf)
        ok = (np.greater_equal(X, low) & np.less_equal(X, high)).all(tuple(range(1, X.ndim)))
        if ok.any():
            found[ok] = density(X[ok])
        return found

    return Base(sample.shape[1:], logpdf, lambda size, rng: np.asarray(law.rvs(size, rng), float), low, high)


def _row_wise(logpdf: Callable[..., Any]) -> Callable[[Any], Any]:
    """A log-density of many points, from one of a point or of many."""

    def found(X: Any) -> Any:
        with np.errstate(all="ignore"):
            if len(X) > 1:
                try:
                    together = np.asarray(logpdf(X), float)
                    if together.shape == (len(X),) and np.isclose(together[-1], np.asarray(logpdf(X[-1])), rtol=1e-9, atol=1e-9, equal_nan=True):
                        return together
                except (ValueError, IndexError, TypeError):
                    pass  # it takes one point
            return np.array([np.asarray(logpdf(x), float).reshape(()) for x in X], float)

    return found


def _independent(parts: list[Base]) -> Base:
    if not parts or any(part.shape for part in parts):
        raise ShapeError("A list of independent distributions must hold at least one, each of one number.")

    def logpdf(X: Any) -> Any:
        return sum(part.logpdf(X[:, i]) for i, part in enumerate(parts))

    def rvs(size: int, rng: np.random.Generator) -> Any:
        return np.stack([part.rvs(size, rng) for part in parts], 1)

    return Base((len(parts),), logpdf, rvs, np.array([p.low for p in parts], float), np.array([p.high for p in parts], float))
