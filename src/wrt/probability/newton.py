"""f(x) = y for vectors, many at a time: Newton's flow with wrt's Jacobians, from several starting points, and what its failure says.

Newton's flow x' = −J⁻¹ (f(x) − y) leads f(x) straight to y. A step is as long as f stays near that line, so that the root is the one
that the line leads to, and a line that ends says where: at the end of the support, at a singular point, or in the infinite.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.probability.law import Base
from wrt.probability.refusal import NoDensity, number
from wrt.probability.stage import SMALL, Stage

POOL = 1024  # sample points from which the starts are taken
STARTS = 4  # nearest samples, from which x is kept in the support
LINES = 16  # nearest samples, from which it may leave the support
SPREAD = 8  # samples from all over the place, the same
STEPS = 200
STRAIGHT = 0.5  # f may leave the line by so much of a step
JUDGED = 60  # from this step on a line whose f has settled away from y is given up
WINDOW = 10  # steps over which it is judged whether f still moves
CLOSE = 1e-10  # of the scale of y: solved
APART = 1e-6  # of the scale of y: a line that ends so far from y has missed it; nearer it may be rounding
TOGETHER = 4096  # lines that are followed at a time
SIGNS = 64  # up to so many coordinates the sign of det J is looked at
WIDE = (1.5, 3.0, 6.0, 12.0, 25.0, 40.0)  # samples are spread about their median by these factors, to see where they hardly come

UNKNOWN, ROOT, OUTSIDE, MISSED = range(4)


@dataclass(frozen=True)
class Starts:
    """Points of X with their images, and the scale of each coordinate of y and the spread of each of x."""

    x: Any
    y: Any
    scale: Any
    spread: Any

    @classmethod
    def of(cls, stage: Stage, base: Base, rng: np.random.Generator) -> Starts:
        x = base.rvs(POOL, rng)
        y = stage.values(x)
        ok = np.isfinite(y).all(1) & np.isfinite(x).all(1)
        quarter, half, three = np.quantile(y[ok], [0.25, 0.5, 0.75], axis=0)
        scale = np.where(three > quarter, three - quarter, np.maximum(np.abs(half), 1.0))
        return cls(x[ok], y[ok], scale, np.std(x[ok], axis=0) + 1e-300)

    def nearest(self, Y: Any, k: int) -> Any:
        """The k indices of each y's nearest images."""
        found = []
        for part in np.array_split(Y, max(1, len(Y) // 512)):
            with np.errstate(over="ignore"):
                far = (((part[:, None] - self.y) / self.scale) ** 2).sum(2)
            k = min(k, len(self.y))
            best = np.argpartition(far, k - 1, axis=1)[:, :k]
            found.append(np.take_along_axis(best, np.argsort(np.take_along_axis(far, best, 1), axis=1), 1))
        return np.concatenate(found)


def solve(stage: Stage, base: Base, starts: Starts, Y: Any, *, lines: int = LINES, spread: int = SPREAD) -> tuple[Any, Any]:
    """(X, state): a ROOT for each y where one was found inside the support; else whether y is OUTSIDE of the range, or that is UNKNOWN.

    A y is outside where no line to it arrives, none ends so close to it that rounding may be to blame, and three quarters of them
    end: at a root beyond the support, or in a limit of f that is not y.
    """
    X, state = np.full(Y.shape, np.nan), np.zeros(len(Y), int)
    if not len(Y):
        return X, state
    order = starts.nearest(Y, min(STARTS, lines))
    for k in range(order.shape[1]):
        left = np.flatnonzero(state != ROOT)
        X[left], state[left] = follow(stage, base, starts, starts.x[order[left, k]], Y[left], held=True)
    hard = np.flatnonzero(state != ROOT)
    if not len(hard):
        return X, state
    order = starts.nearest(Y[hard], lines)
    others = np.linspace(0, len(starts.x) - 1, spread).astype(int)
    order = np.concatenate([order, np.broadcast_to(others, (len(hard), spread))], 1)
    ended, missed = np.zeros(len(hard), int), np.zeros(len(hard), bool)
    done = 0
    while done < order.shape[1]:
        left = np.flatnonzero(state[hard] != ROOT)
        if not len(left):
            break
        many = max(1, min(order.shape[1] - done, TOGETHER // len(left)))
        at = hard[left]
        start = starts.x[order[left, done : done + many]]
        roots, how = follow(stage, base, starts, start.reshape(-1, *Y.shape[1:]), np.repeat(Y[at], many, axis=0))
        how = how.reshape(-1, many)
        ended[left] += (how == OUTSIDE).sum(1)
        missed[left] |= (how == MISSED).any(1)
        found = (how == ROOT).any(1)
        X[at[found]] = roots.reshape(start.shape)[found, (how[found] == ROOT).argmax(1)]
        state[at[found]] = ROOT
        done += many
    outside = (4 * ended >= 3 * order.shape[1]) & ~missed
    state[hard] = np.where(state[hard] == ROOT, ROOT, np.where(outside, OUTSIDE, UNKNOWN))
    X[state != ROOT] = np.nan
    return X, state


def follow(stage: Stage, base: Base, starts: Starts, X0: Any, Y: Any, *, held: bool = False) -> tuple[Any, Any]:
    """Newton's flow from X0: (X, state). `held`: x comes only most of the way to an end of the support."""
    X, (V, J) = X0.copy(), stage.both(X0)
    weight = 1 / (starts.scale + np.abs(Y))
    F = V - Y
    size = _length(F * weight)
    step, length, tries = np.zeros_like(X), np.ones(len(X)), np.zeros(len(X), int)
    fresh, limit, done = np.ones(len(X), bool), np.zeros(len(X), bool), ~(np.isfinite(size) & (size > 0))
    past = deque([V.copy()], 2 * WINDOW + 1)
    for turn in range(1, STEPS + 1):
        left = np.flatnonzero(~done)
        if not len(left):
            break
        new = left[fresh[left]]
        if len(new):
            step[new] = stage.steps(X[new], F[new], None if J is None else J[new])
            fresh[new] = False
        h, way = length[left], step[left]
        with np.errstate(all="ignore"):
            if held:
                room = np.where(way > 0, (X[left] - base.low) / way, np.where(way < 0, (X[left] - base.high) / way, np.inf))
                h = np.minimum(h, 0.9 * np.nanmin(room, axis=1, initial=np.inf))
            trial = X[left] - h[:, None] * way
            V_new, J_new = stage.both(trial)
            F_new = V_new - Y[left]
            off = _length((V_new - V[left] + h[:, None] * F[left]) * weight[left]) / (h * size[left])
            size_new = _length(F_new * weight[left])
            good = (off <= STRAIGHT) | ((size[left] <= CLOSE) & (size_new < size[left]))
            short = ~(h[:, None] * np.abs(way) > 2e-16 * np.abs(X[left])).any(1) | ~np.isfinite(way).all(1)
            tries[left] = np.where(good, 0, tries[left] + 1)
            # off is in proportion to h where f is smooth: the next h is to have 0.7 of what is allowed
            fit = 0.7 * STRAIGHT / np.maximum(off, 1e-300)
            length[left] = np.where(good, np.minimum(1.0, h * np.clip(fit, 0.5, 8)), h * np.clip(np.nan_to_num(fit), 0.25 ** tries[left], 0.5))
        hit = left[good]
        X[hit], V[hit], F[hit], size[hit], fresh[hit] = trial[good], V_new[good], F_new[good], size_new[good], True
        if J is not None:
            J[hit] = J_new[good]
        past.append(V.copy())
        # below rounding, or where no step brings f closer, this is as close as it gets
        ended = short | (size[left] == 0) | (~good & (size[left] <= CLOSE))
        if len(past) == past.maxlen:
            now = left[ended | (turn >= JUDGED)]
            limit[now] = (size[now] > APART) & _settled(past, now, size[now], weight[now])
        done[left] = ended | limit[left]
    # f may come close to y while x runs away: exp(x) = 0
    with np.errstate(invalid="ignore"):
        close = (size <= CLOSE) & ((size == 0) | (np.abs(step) <= 1e-4 * (np.abs(X) + starts.spread)).all(1))
    hard = np.flatnonzero(~close & (size < 1))
    if stage.size <= SMALL and len(hard):  # terms of f may be so large that their rounding is all that is left
        with np.errstate(all="ignore"):
            rounding = (np.abs(stage.jacobians(X[hard])) @ np.abs(X[hard])[..., None])[..., 0] * weight[hard]
            close[hard] = (_length(rounding) * 1e-15 >= size[hard]) & (np.abs(step[hard]) <= 1e-12 * np.abs(X[hard])).all(1)
    inside = np.zeros(len(X), bool)
    inside[close] = base.inside(X[close])
    state = np.where(inside, ROOT, np.where(close | limit, OUTSIDE, UNKNOWN))
    root = np.flatnonzero(inside)
    X[root] = _polished(stage, base, X[root], V[root], Y[root], weight[root])
    return X, np.where((state == UNKNOWN) & (size <= APART), MISSED, state)


def _polished(stage: Stage, base: Base, X: Any, V: Any, Y: Any, weight: Any) -> Any:
    """Two more steps: a small coordinate of y converges, too, where rounding of a large one hides it."""
    for _ in range(2):
        if not len(X):
            break
        new = X - stage.steps(X, V - Y)
        V_new = stage.values(new)
        with np.errstate(all="ignore"):
            ok = (_length((V_new - Y) * weight) <= np.maximum(_length((V - Y) * weight), 1e-13)) & base.inside(new)
        X, V = np.where(ok[:, None], new, X), np.where(ok[:, None], V_new, V)
    return X


def _length(rows: Any) -> Any:
    return np.sqrt(np.einsum("ij,ij->i", rows, rows))


def _settled(past: deque[Any], at: Any, size: Any, weight: Any) -> Any:
    """Whether f has come to a limit: it moves by less and less, not by as much (log x) or by more (exp x) each time."""
    with np.errstate(all="ignore"):
        last, before = (_length((past[k][at] - past[k - WINDOW][at]) * weight) for k in (2 * WINDOW, WINDOW))
        return (last <= before / 2) & (last <= 1e-3 * size)


def require_one_to_one(stage: Stage, base: Base, starts: Starts, *, solvable: bool) -> None:
    """Refuse a map that is singular everywhere, folds, or takes two points of the support to one, as far as samples and points beyond them show."""
    few = 512 if stage.size <= SMALL else 32
    wide = widened(stage, base, starts.x[: few if stage.size <= SIGNS else 4])
    X = np.concatenate([starts.x[:few], wide])
    if stage.size > SIGNS:
        signs = np.where(stage.log_abs_det(starts.x[:few]) > -np.inf, 1.0, 0.0)
    else:
        J = stage.jacobians(X)
        ok = np.isfinite(J).all((1, 2))
        X, J = X[ok], J[ok]
        with np.errstate(all="ignore"):
            signs, log = np.linalg.slogdet(J)
            rows = np.log(np.maximum(np.linalg.norm(J, axis=2), 1e-300)).sum(1)
        signs[~(log >= rows - 32)] = 0  # singular to rounding, by Hadamard's bound
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
        _no_second_root(stage, base, starts, wide)


def widened(stage: Stage, base: Base, X: Any) -> Any:
    """Points of the support where samples hardly come, with finite images."""
    half = np.median(X, axis=0)
    part = np.array_split(X, len(WIDE)) if stage.size <= SMALL else [X[:4]] * len(WIDE)
    wide = np.concatenate([half + factor * (x - half) for factor, x in zip(WIDE, part, strict=True)])
    wide = wide[base.inside(wide)]
    return wide[np.isfinite(stage.values(wide)).all(1)] if len(wide) else wide


def _no_second_root(stage: Stage, base: Base, starts: Starts, wide: Any) -> None:
    """From other starting points, near and far, Newton must come back to the point that was mapped, or not arrive."""
    few = min(24 if stage.size <= SMALL else 2, len(starts.x) // 4)
    X, Y = starts.x[:few], starts.y[:few]
    others = [starts.x[k * few : (k + 1) * few] for k in range(1, 4)]
    if len(wide):
        far = wide[np.linspace(0, len(wide) - 1, (8 if stage.size <= SMALL else 2) * few).astype(int)]
        others += list(far.reshape(-1, few, *far.shape[1:]))
    X, Y = np.tile(X, (len(others), 1)), np.tile(Y, (len(others), 1))
    other, state = follow(stage, base, starts, np.concatenate(others), Y)
    apart = (np.abs(other - X) > 1e-4 * (starts.spread + np.abs(X))).any(1) & (state == ROOT)
    if apart.any():
        raise NoDensity(
            f"{stage.name} is not one to one: it takes x = {number(X[apart][0])} and x = {number(other[apart][0])} to one y, {number(Y[apart][0])}.",
            advice="Give an inverse for each branch, inverse=[g1, g2, …], or restrict the distribution to one of them.",
        )
