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
DENSE = 512  # up to so many, whether det J is 0 to rounding
FEW = (512, 32)  # samples at which det J is looked at, of short and of long vectors
SURE = 0.1  # of the samples, at which det J is more than rounding; with fewer f is singular
PAIRS = 32  # points on either side of a change of sign that are tried
EPS = float(np.finfo(float).eps)
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
    inside, lost = np.zeros(len(X), bool), np.zeros(len(X), bool)
    inside[close], lost[close] = base.placed(X[close])
    state = np.where(inside, ROOT, np.where((close & ~lost) | limit, OUTSIDE, UNKNOWN))
    root = np.flatnonzero(inside)
    X[root] = _polished(stage, base, X[root], V[root], Y[root], weight[root])
    return X, np.where((state == UNKNOWN) & (size <= APART) | lost, MISSED, state)


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
    """Refuse a map that is singular everywhere, or (where no inverse says otherwise) takes two points of the support to one.

    That is judged at samples and at points beyond them. Signs of det J say where to look for two such points, and are no proof of them:
    det J may change its sign across a pole, or where it is 0 on a set of probability 0.
    """
    few = starts.x[: FEW[0] if stage.size <= SMALL else FEW[1]]
    signs = signs_of_det(stage, few)
    known, sure = (~np.isnan(signs)).sum(), (np.abs(signs) == 1).sum()
    if known and sure < SURE * known:
        where = "every sample" if not sure else f"{known - sure} of {known} samples"
        raise NoDensity(
            f"{stage.name} is singular at {where}, to rounding: either det J = 0, and Y lies on a set of fewer dimensions and has no density, or f saturates.",
            advice="Leave out the outputs that follow from the others, or take a map that does not saturate where X has its probability.",
        )
    if not solvable:
        return
    wide = widened(stage, base, few if stage.size <= SIGNS else few[:4])
    _no_second_root(stage, base, starts, wide)
    if stage.size <= SIGNS:
        beyond = signs_of_det(stage, wide)
        X, signs = np.concatenate([few, wide]), np.concatenate([signs, beyond])
        _no_fold(stage, base, starts, X[signs > 0], X[signs < 0])


def signs_of_det(stage: Stage, X: Any) -> Any:
    """The sign of det J at each of the points; 0 where it may be all rounding, NaN where J is not finite.

    det J is sure where it stays as it is when x, and the entries of J, are moved by some of their last places. For vectors too long for
    that 1 stands for any sign, and what is looked at are the first few points.
    """
    if not len(X):
        return np.zeros(0)
    if stage.size > DENSE:
        return np.where(stage.log_abs_det(X) > -np.inf, 1.0, 0.0)
    if stage.size > SIGNS:
        X = X[:4]
    rng, found = np.random.default_rng(20_241), []
    for places in (0, 4, -6, 9):
        J = stage.jacobians(X * (1 + places * EPS))
        J = np.where(np.isfinite(J).all((1, 2), keepdims=True), J, np.nan)
        if places:
            J = J * (1 + 8 * EPS * rng.choice([-1.0, 1.0], J.shape))
        with np.errstate(all="ignore"):
            found.append(np.linalg.slogdet(J))
    signs, logs = (np.array([each[k] for each in found]) for k in (0, 1))
    with np.errstate(invalid="ignore"):
        sure = (signs == signs[0]).all(0) & (np.ptp(logs, axis=0) < 0.1)
    return np.where(np.isnan(logs[0]), np.nan, np.where(sure, signs[0], 0.0))


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
    X = starts.x[:few]
    others = [starts.x[k * few : (k + 1) * few] for k in range(1, 4)]
    if len(wide):
        far = wide[np.linspace(0, len(wide) - 1, (8 if stage.size <= SMALL else 2) * few).astype(int)]
        others += list(far.reshape(-1, few, *far.shape[1:]))
    _try_pairs(stage, base, starts, np.tile(X, (len(others), 1)), np.concatenate(others))


def _no_fold(stage: Stage, base: Base, starts: Starts, plus: Any, minus: Any) -> None:
    """Where det J has both signs Newton must not lead from points of one to the images of points of the other.

    They are tried as they are, and near to where det J changes its sign between them: on both sides of a fold f takes the same values.
    """
    if not (len(plus) and len(minus)):
        return
    few = PAIRS if stage.size <= SMALL else 4
    a, b = (points[np.linspace(0, len(points) - 1, few).astype(int)] for points in (plus, minus))
    for X, other, there in ((a, b, minus), (b, a, plus)):
        near = Starts(there, stage.values(there), starts.scale, starts.spread).nearest(stage.values(X), 2)
        _try_pairs(stage, base, starts, np.tile(X, (3, 1)), np.concatenate([*there[np.resize(near, (few, 2)).T], other]))
    low, high = np.zeros(few), np.ones(few)  # of the way from a to b
    for _ in range(40):
        middle = (low + high) / 2
        with np.errstate(all="ignore"):
            positive = np.linalg.slogdet(stage.jacobians(a + middle[:, None] * (b - a)))[0] > 0
        low, high = np.where(positive, middle, low), np.where(positive, high, middle)
    for part in (0.3, 0.03, 0.003):
        left, right = (a + (at + part * (end - at))[:, None] * (b - a) for at, end in ((low, 0.0), (high, 1.0)))
        _try_pairs(stage, base, starts, np.concatenate([left, right]), np.concatenate([right, left]))


def _try_pairs(stage: Stage, base: Base, starts: Starts, X: Any, others: Any) -> None:
    """Refuse f if Newton's flow from the other points leads to second roots."""
    X, others = (points.reshape(-1, stage.size) for points in (X, others))
    Y = stage.values(X)
    ok = np.isfinite(Y).all(1) & np.isfinite(stage.values(others)).all(1)
    ok[ok] = base.inside(X[ok])
    X, Y = X[ok], Y[ok]
    found, state = follow(stage, base, starts, others[ok], Y)
    require_apart(stage, base, starts, X[state == ROOT], found[state == ROOT])


def require_apart(stage: Stage, base: Base, starts: Starts, X: Any, others: Any) -> None:
    """Refuse f if one of the other points is another one than X, in the support, and f takes both to one y for sure."""
    ok = base.inside(others)
    X, others = X[ok], others[ok]
    Y = stage.values(X)
    second = np.flatnonzero(_two_roots(stage, starts, X, others, Y))
    if not len(second):
        return
    x, other, y = X[second[0]], others[second[0]], Y[second[0]]
    signs = signs_of_det(stage, np.stack([x, other])) if stage.size <= SIGNS else np.ones(2)
    if signs[0] * signs[1] < 0:
        x, other = (x, other) if signs[0] > 0 else (other, x)
        said = f"folds: det J is positive at x = {number(x)} and negative at x = {number(other)}, and it takes both to one y, {number(y)}."
    else:
        said = f"is not one to one: it takes x = {number(x)} and x = {number(other)} to one y, {number(y)}."
    raise NoDensity(f"{stage.name} {said}", advice="Give an inverse for each branch, inverse=[g1, g2, …], or restrict the distribution to one of them.")


def _two_roots(stage: Stage, starts: Starts, X: Any, others: Any, Y: Any) -> Any:
    """Whether X and others are two points with f(x) = y for sure: apart, with f somewhere else in between, and det J known at both."""
    with np.errstate(all="ignore"):
        far = np.abs(others - X)
        sure = (far > 1e-4 * (starts.spread + np.abs(X))).any(1)
        away = np.zeros(len(X), bool)
        for part in (0.25, 0.5, 0.8):
            off = np.abs(stage.values(X + part * (others - X)) - Y)
            away |= ~(off <= 1e-6 * (starts.scale + np.abs(Y))).all(1)
        sure &= away
    at = np.flatnonzero(sure)
    if len(at) and stage.size <= SIGNS:
        for points in (X, others):
            sure[at] &= np.abs(signs_of_det(stage, points[at])) == 1
    at = np.flatnonzero(sure)
    if len(at):  # where f is flat, points that are not roots come close to y
        with np.errstate(all="ignore"):
            for points in (X, others):
                step = np.abs(stage.steps(points[at], stage.values(points[at]) - Y[at]))
                sure[at] &= (step <= 1e-3 * far[at].max(1, keepdims=True)).all(1)
    return sure
