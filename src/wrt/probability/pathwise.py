"""Pathwise derivatives (infinitesimal perturbation analysis): ∂/∂θ E[ℓ(g(θ, ε))] = E[∂ℓ/∂g ∂g/∂θ], beside the score-function estimate.

The pathwise estimate is unbiased only where ℓ∘g is continuous in θ. A jump moves the expectation without showing in any
derivative; jumps are looked for between θ − δ and θ + δ and located by bisection.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.api.text_map import as_users
from wrt.api.verbs import gradient, hessian, jacobian
from wrt.errors import ArgumentError, ShapeError, WrtError
from wrt.graph.shape import show
from wrt.probability.law import Base, base_of
from wrt.probability.refusal import PathwiseWarning, number

Function = Callable[..., Any]
SUSPECTS = 12  # samples that are followed down to a jump, for each direction


@dataclass(frozen=True)
class Mean:
    """A mean over samples with its standard error, entry by entry; `variance` is that of one sample."""

    value: Any
    standard_error: Any
    variance: Any

    def __str__(self) -> str:
        return f"{number(self.value)} ± {number(self.standard_error)}"


@dataclass(frozen=True)
class Jump:
    """A discontinuity of the loss in θ: where, for which noise, and by how much."""

    theta: Any
    noise: Any
    size: float


@dataclass(frozen=True)
class PathwiseGradient:
    """∂/∂θ E[ℓ(g(θ, ε))], estimated; made by `pathwise_gradient`.

    `value`, `standard_error` and `variance` are the pathwise estimate's; `expectation` is E[ℓ] from the same samples; `score` is
    the score-function estimate from the same samples, or None, with the reason in `notes`; `valid` is False where a jump was found.
    """

    value: Any
    standard_error: Any
    variance: Any
    expectation: Mean
    score: Mean | None
    size: int
    jump: Jump | None
    notes: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """Whether no jump of the loss was found; then the estimate is unbiased, as far as samples show."""
        return self.jump is None

    @property
    def variance_ratio(self) -> Any:
        """The score-function estimate's variance over the pathwise one's: so many times more samples would it need."""
        if self.score is None:
            return None
        with np.errstate(all="ignore"):
            return np.divide(self.score.variance, self.variance)

    def __str__(self) -> str:
        lines = [f"pathwise:       {number(self.value)} ± {number(self.standard_error)}   ({self.size} samples)"]
        if self.score is not None:
            lines.append(f"score function: {self.score}   (variance × {number(self.variance_ratio)})")
        return "\n".join([*lines, *self.notes])


def pathwise_gradient(
    loss: Function,
    sampler: Function,
    theta: Any,
    *,
    noise: Any = None,
    logpdf: Function | None = None,
    size: Any = 10_000,
    random_state: Any = None,
) -> PathwiseGradient:
    """∂/∂θ E[loss(sampler(θ, ε))] from samples of ε, with its standard error, and the score-function estimate beside it.

    Parameters
    ----------
    loss
        ℓ, a scalar NumPy function of what the sampler returns.
    sampler
        g(θ, ε), a NumPy function of θ and of one draw of the noise.
    theta
        Where: a number or an array.
    noise
        The distribution of ε, as `wrt.probability.transform` takes it. Default: scipy.stats.norm().
    logpdf
        log p(x; θ) of x = g(θ, ε), a NumPy function of (x, θ), for the score-function estimate. Without it the estimate is made for
        normal noise and a g that is square and invertible in ε, by the change of variables.
    size, random_state
        The number of samples, and a seed or NumPy generator.

    Warns
    -----
    PathwiseWarning
        Where the loss jumps as θ changes: the pathwise derivative leaves out what the jumps contribute. `.jump` says where.

    Notes
    -----
    Mohamed, Rosca, Figurnov and Mnih (2020), Monte Carlo gradient estimation in machine learning. The score-function estimate
    takes ℓ − E[ℓ] in place of ℓ (a baseline from the same samples), and holds where the support of x does not move with θ.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.probability import pathwise_gradient
    >>> found = pathwise_gradient(lambda x: x**2, lambda theta, eps: theta + eps, 1.5, random_state=0)      # E = θ² + 1
    >>> bool(abs(found.value - 3) < 4 * found.standard_error), found.valid
    (True, True)
    >>> bool(found.variance_ratio > 2)
    True
    """
    for given, what in ((loss, "loss"), (sampler, "sampler")):
        if not callable(given):
            raise ArgumentError(f"{what} must be a NumPy function, got {given!r}.")
    if isinstance(size, bool) or not isinstance(size, int) or size < 2:
        raise ArgumentError(f"size must be a number of samples, at least 2; got {size!r}.")
    try:
        at = np.asarray(theta, float)
    except (TypeError, ValueError):
        raise ArgumentError(f"theta must be a number or an array of real numbers; got {theta!r}.") from None
    if not np.isfinite(at).all():
        raise ArgumentError("theta holds nan or inf.")
    if noise is None:
        from scipy.stats import norm

        noise = norm()
    rng = np.random.default_rng(random_state)
    base = base_of(noise)
    eps = base.rvs(size, rng)
    many = np.broadcast_to(at, (size, *at.shape))

    @as_users
    def path(theta: Any, eps: Any) -> Any:
        return loss(sampler(theta, eps))

    values = _values(path)
    with np.errstate(all="ignore"):  # what is not finite is said below
        slopes = gradient(path, wrt="theta").batch(many, eps, batched=("eps",))
        losses = values(many, eps)
    if not (np.isfinite(slopes).all() and np.isfinite(losses).all()):
        bad = ~(np.isfinite(slopes).reshape(size, -1).all(1) & np.isfinite(losses))
        raise ArgumentError(f"The loss or its derivative is not finite for the noise {number(eps[bad][0])} ({bad.sum()} of {size} samples).")
    mean = _mean(slopes)
    notes: list[str] = []
    with np.errstate(all="ignore"):  # steps aside may leave the domain
        jump = _find_jump(values, at, eps, losses, slopes, rng)
    if jump is not None:
        said = (
            f"The loss jumps by {jump.size:.3g} at theta = {number(jump.theta)} for the noise {number(jump.noise)}: the pathwise derivative is not valid, "
            "it leaves out what jumps contribute."
        )
        notes.append(said)
    with np.errstate(all="ignore"):
        score, why = _score(sampler, at, many, eps, losses, logpdf, noise, base)
    if why:
        notes.append(why)
    if jump is not None:
        way = "Take the score-function estimate (.score)" if score else "Give logpdf= for the score-function estimate"
        advice = f" {way}, or smooth the loss."
        warnings.warn(PathwiseWarning(said + advice), stacklevel=2)
    return PathwiseGradient(mean.value, mean.standard_error, mean.variance, _mean(losses), score, size, jump, tuple(notes))


def _mean(samples: Any) -> Mean:
    variance = samples.var(0, ddof=1)
    return Mean(samples.mean(0), np.sqrt(variance / len(samples)), variance)


def _values(path: Function) -> Function:
    """The loss at many θ and ε: ∂(t ℓ)/∂t, so that all run at once."""

    @as_users
    def scaled(t: Any, theta: Any, eps: Any) -> Any:
        return t * path(theta, eps)

    verb = jacobian(scaled, wrt="t")

    def values(theta: Any, eps: Any) -> Any:
        found = verb.batch(np.ones(len(eps)), theta, eps, batched=("theta", "eps"))
        if found.ndim != 1:
            raise ShapeError(f"The loss must return one number; it returns shape {show(found.shape[1:])}.")
        return found

    return values


# ----- jumps -------------------------------------------------------------------------------------------------------------
def _find_jump(values: Function, at: Any, eps: Any, losses: Any, slopes: Any, rng: np.random.Generator) -> Jump | None:
    """A jump of the loss along θ ± δ, for some of the noise: what is left of a difference however short the way becomes."""
    scale = 0.02 * np.maximum(1.0, np.abs(at))
    axes = [np.eye(at.size)[k].reshape(at.shape) for k in range(min(at.size, 6))]
    directions = [*axes, *([rng.choice([-1.0, 1.0], at.shape) for _ in range(2)] if at.size > 1 else [])]
    for direction in directions:
        way = direction * scale
        low, high = (np.broadcast_to(at + side * way, (len(eps), *at.shape)) for side in (-1, 1))
        f_low, f_high = values(low, eps), values(high, eps)
        miss = np.abs(f_high - f_low - 2 * (slopes * way).reshape(len(eps), -1).sum(1))
        picked = np.argsort(-np.where(np.isfinite(miss), miss, -1))[:SUSPECTS]
        found = _follow(values, low[picked], high[picked], eps[picked], np.std(losses))
        if found is not None:
            return found
    return None


def _follow(values: Function, low: Any, high: Any, eps: Any, spread: float) -> Jump | None:
    """Halve each way, keeping the half on which the loss changes more, down to rounding."""
    low, high = low.copy(), high.copy()
    f_low, f_high = values(low, eps), values(high, eps)
    for _ in range(40):
        middle = (low + high) / 2
        f = values(middle, eps)
        first = np.abs(f - f_low) >= np.abs(f_high - f)
        pick = first.reshape(-1, *[1] * (low.ndim - 1))
        low, high = np.where(pick, low, middle), np.where(pick, middle, high)
        f_low, f_high = np.where(first, f_low, f), np.where(first, f, f_high)
    jumps = np.abs(f_high - f_low)
    k = int(np.argmax(np.where(np.isfinite(jumps), jumps, 0)))
    if not jumps[k] > 1e-7 * (spread + abs(f_low[k]) + abs(f_high[k])):
        return None
    return Jump(high[k], eps[k], float(jumps[k]))


# ----- the score function --------------------------------------------------------------------------------------------------
def _score(
    sampler: Function, at: Any, many: Any, eps: Any, losses: Any, logpdf: Function | None, noise: Any, base: Base
) -> tuple[Mean | None, str]:
    """(the score-function estimate, why there is none)."""
    if logpdf is not None:
        scores = _given_score(sampler, many, eps, logpdf)
    elif not _is_normal(noise):
        return None, "No score-function estimate: the noise is not scipy.stats.norm; give logpdf=, log p(x; θ) as a NumPy function of (x, θ)."
    else:
        try:
            found = _normal_score(sampler, many, eps, noise)
        except WrtError as why:
            return None, f"No score-function estimate: {why.fact} Give logpdf=, log p(x; θ) as a NumPy function of (x, θ)."
        if isinstance(found, str):
            return None, found
        scores = found
    if not np.isfinite(scores).all():
        return None, "No score-function estimate: the score is not finite at some samples."
    # the baseline is the mean of the other samples, so that the product stays unbiased
    others = (losses.sum() - losses) / (len(losses) - 1)
    return _mean((losses - others).reshape(-1, *[1] * at.ndim) * scores), ""


def _given_score(sampler: Function, many: Any, eps: Any, logpdf: Function) -> Any:
    @as_users
    def draw(t: Any, theta: Any, eps: Any) -> Any:
        return t * np.asarray(sampler(theta, eps))

    @as_users
    def density(theta: Any, x: Any) -> Any:
        return logpdf(x, theta)

    x = jacobian(draw, wrt="t").batch(np.ones(len(eps)), many, eps, batched=("theta", "eps"))
    return gradient(density, wrt="theta").batch(many, x, batched=("x",))


def _is_normal(noise: Any) -> bool:
    parts = noise if isinstance(noise, list | tuple) else [noise]
    return all(getattr(getattr(part, "dist", None), "name", "") == "norm" for part in parts)


def _normal_score(sampler: Function, many: Any, eps: Any, noise: Any) -> Any:
    """∂ log p(x; θ)/∂θ at x = g(θ, ε): with ε' = −G⁻¹ ∂g/∂θ, the change of ε that keeps x, it is (log φ)'ε' − tr G⁻¹(∂G/∂θ + ∂G/∂ε ε')."""

    @as_users
    def drawn(theta: Any, eps: Any) -> Any:
        return np.asarray(sampler(theta, eps))

    count, n = len(eps), int(np.prod(eps.shape[1:]))
    by_theta, by_eps = jacobian(drawn, wrt=("theta", "eps")).batch(many, eps)
    m = by_eps.size // (count * n)
    p = by_theta.size // (count * max(m, 1))
    if m != n:
        return f"No score-function estimate: the sampler takes {n} numbers of noise to {m}. Give logpdf=, log p(x; θ) as a NumPy function of (x, θ)."
    G, T = by_eps.reshape(count, n, n), by_theta.reshape(count, n, p)
    try:
        moved = -np.linalg.solve(G, T)
        inverse = np.linalg.inv(G)
    except np.linalg.LinAlgError:
        return "No score-function estimate: the sampler is not invertible in the noise. Give logpdf=, log p(x; θ) as a NumPy function of (x, θ)."
    second = hessian(drawn, wrt=("theta", "eps")).batch(many, eps)
    by_noise_theta, by_noise_noise = second[1][0].reshape(count, n, n, p), second[1][1].reshape(count, n, n, n)
    change = by_noise_theta + np.einsum("sijk,skp->sijp", by_noise_noise, moved)
    center, width = (np.reshape(_of(noise, what), -1) for what in ("mean", "std"))
    slope = -(eps.reshape(count, n) - center) / width**2
    found = np.einsum("si,sip->sp", slope, moved) - np.einsum("sji,sijp->sp", inverse, change)
    return found.reshape(many.shape)


def _of(noise: Any, what: str) -> Any:
    if isinstance(noise, list | tuple):
        return [getattr(part, what)() for part in noise]
    return getattr(noise, what)()
