"""f(x) = y for vectors, many at a time: Newton's method with wrt's Jacobians, step halving, and several starting points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.probability.law import Base
from wrt.probability.refusal import NoDensity, number
from wrt.probability.stage import SMALL, Stage

POOL = 1024  # sample points from which the starts are taken
STARTS = 8
STEPS = 60
HALVINGS = 14
HOPEFUL = 8  # after so many steps a point must have come twice as close, or another start is better


@dataclass(frozen=True)
class Starts:
    """Points of X with their images, and the scale of each coordinate of y."""

    x: Any
    y: Any
    scale: Any

    @classmethod
    def of(cls, stage: Stage, base: Base, rng: np.random.Generator) -> Starts:
        x = base.rvs(POOL, rng)
        y = stage.values(x)
        ok = np.isfinite(y).all(1) & np.isfinite(x).all(1)
        quarter, half, three = np.quantile(y[ok], [0.25, 0.5, 0.75], axis=0)
        scale = np.where(three > quarter, three - quarter, np.maximum(np.abs(half), 1.0))
        return cls(x[ok], y[ok], scale)

    def nearest(self, Y: Any, k: int) -> Any:
        """The k indices of each y's nearest images."""
        found = []
        for part in np.array_split(Y, max(1, len(Y) // 512)):
            far = (((part[:, None] - self.y) / self.scale) ** 2).sum(2)
            k = min(k, len(self.y))
            best = np.argpartition(far, k - 1, axis=1)[:, :k]
            found.append(np.take_along_axis(best, np.argsort(np.take_along_axis(far, best, 1), axis=1), 1))
        return np.concatenate(found)


def solve(stage: Stage, base: Base, starts: Starts, Y: Any) -> tuple[Any, Any]:
    """(X, solved): a root for each y where one was found inside the support."""
    X, solved = np.full(Y.shape, np.nan), np.zeros(len(Y), bool)
    if not len(Y):
        return X, solved
    order = starts.nearest(Y, STARTS)
    for k in range(order.shape[1]):
        left = np.flatnonzero(~solved)
        if not len(left):
            break
        X[left], solved[left] = iterate(stage, base, starts.scale, starts.x[order[left, k]], Y[left])
    return X, solved


def iterate(stage: Stage, base: Base, scale: Any, X0: Any, Y: Any) -> tuple[Any, Any]:
    """Damped Newton from X0: (X, converged)."""
    X = X0.copy()
    weight = 1 / (scale + np.abs(Y))
    F = stage.values(X) - Y
    size = np.linalg.norm(F * weight, axis=1)
    converged = size == 0
    left = np.flatnonzero(~converged)
    before = size.copy()
    for turn in range(1, STEPS + 1):
        if turn % HOPEFUL == 0:
            left = left[(size[left] < before[left] / 2) | (size[left] < 1e-8)]
            before = size.copy()
        if not len(left):
            break
        step = stage.steps(X[left], F[left])
        moved = _line_search(stage, base, X[left], step, Y[left], weight[left], size[left])
        new, F_new, size_new, ok = moved
        short = (np.abs(step) <= 1e-14 * np.abs(X[left]) + 1e-300).all(1)
        X[left[ok]], F[left[ok]], size[left[ok]] = new[ok], F_new[ok], size_new[ok]
        # where no part of the step helps, or the step is below rounding, this is as close as it gets
        ended = ~ok | short | (size[left] == 0)
        converged[left[ended]] = size[left[ended]] <= 1e-10
        left = left[~ended]
    converged[left] = size[left] <= 1e-10
    return X, converged


def _line_search(stage: Stage, base: Base, X: Any, step: Any, Y: Any, weight: Any, size: Any) -> tuple[Any, Any, Any, Any]:
    """The longest of step, step/2, step/4, … that brings f closer to y and stays in the support."""
    new, F_new, size_new, ok = X.copy(), np.zeros_like(X), size.copy(), np.zeros(len(X), bool)
    left = np.flatnonzero(np.isfinite(step).all(1))
    with np.errstate(all="ignore"):  # not farther than most of the way to an end of the support
        room = np.where(step > 0, (X - base.low) / step, np.where(step < 0, (X - base.high) / step, np.inf))
        step = step * np.minimum(1.0, 0.9 * np.nanmin(room, axis=1, initial=np.inf))[:, None]
    length = 1.0
    for _ in range(HALVINGS):
        if not len(left):
            break
        trial = X[left] - length * step[left]
        F = stage.values(trial) - Y[left]
        norm = np.linalg.norm(F * weight[left], axis=1)
        with np.errstate(invalid="ignore"):
            good = np.isfinite(norm) & (norm <= (1 - 1e-4 * length) * size[left])
        good &= base.inside(trial)
        hit = left[good]
        new[hit], F_new[hit], size_new[hit], ok[hit] = trial[good], F[good], norm[good], True
        left = left[~good]
        length /= 2
    return new, F_new, size_new, ok


def require_one_to_one(stage: Stage, base: Base, starts: Starts, *, solvable: bool) -> None:
    """Refuse a map that is singular everywhere, folds, or takes two points of the support to one (as far as samples show)."""
    X = starts.x[:512]
    if stage.size > SMALL:
        X = X[:32]
        found = stage.log_abs_det(X)
        signs = np.where(found > -np.inf, 1.0, 0.0)
    else:
        J = stage.jacobians(X)
        ok = np.isfinite(J).all((1, 2))
        X, J = X[ok], J[ok]
        signs, log = np.linalg.slogdet(J)
        rows = np.log(np.maximum(np.linalg.norm(J, axis=2), 1e-300)).sum(1)
        signs[log < rows - 32] = 0  # singular to rounding, by Hadamard's bound
    if not signs.any():
        raise NoDensity(
            f"{stage.name} is singular at every sample: det J = 0, so Y lies on a set of fewer dimensions and has no density.",
            advice="Leave out the outputs that follow from the others.",
        )
    if (signs > 0).any() and (signs < 0).any():
        raise NoDensity(
            f"{stage.name} folds: det J is positive at x = {number(X[signs > 0][0])} and negative at x = {number(X[signs < 0][0])}, so several x go to one y.",
            advice="Give an inverse for each branch, inverse=[g1, g2, …], or restrict the distribution to one of them.",
        )
    if solvable:
        _no_second_root(stage, base, starts)


def _no_second_root(stage: Stage, base: Base, starts: Starts) -> None:
    """From other starting points, Newton must come back to the point that was mapped, or not arrive."""
    few = min(24 if stage.size <= SMALL else 2, len(starts.x) // 4)
    X, Y = starts.x[:few], starts.y[:few]
    spread = np.std(starts.x, axis=0) + 1e-300
    for k in range(1, 4):
        other, ok = iterate(stage, base, starts.scale, starts.x[k * few : (k + 1) * few], Y)
        apart = (np.abs(other - X) > 1e-4 * (spread + np.abs(X))).any(1) & ok
        if apart.any():
            raise NoDensity(
                f"{stage.name} is not one to one: it takes x = {number(X[apart][0])} and x = {number(other[apart][0])} to one y, {number(Y[apart][0])}.",
                advice="Give an inverse for each branch, inverse=[g1, g2, …], or restrict the distribution to one of them.",
            )
