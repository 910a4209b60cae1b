"""∫p over numbers, with a bound of its error: between the values at which p may jump or be infinite, in the variable in which it is smooth.

Beside a turning value p is infinite in y, and close to it y itself is lost to rounding. In the x of the branch that gives most of p there,
p(f(x)) |f'(x)| is bounded: a change of variable of the quadrature. p is the density of Y as a user has it, the sum over all branches.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.probability.branches import EPS, Piece, invert, mass
from wrt.probability.slope import LEAST, log_slope

if TYPE_CHECKING:
    from wrt.probability.line import Line
    from wrt.probability.transformed import Transformed

GOAL = 1e-10  # the error at which the quadrature stops
ROUNDS = 60  # halvings of a part of an interval
PATIENT = 20  # after so many, less will do
MOST = 400_000  # solutions of f(x) = y
FEW = 40  # samples
MANY = 400
CLOSE = 1e-3  # of the width of a bin
NEGLIGIBLE = 1e-9  # so much probability on a piece: its ends are no places to part at
START = np.array([0.0, 1.0, 4.0, 16.0, 64.0, 710.0])  # of the variable u, in which distances shrink as e⁻ᵘ
GROWING = np.concatenate([np.arange(0.0, 8.0, 0.5), START[START > 8]])  # or grow as eᵘ
SHARES = [0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1]
OUTWARD = 2.0 ** np.arange(-3, 12)  # from the samples, in widths of where they are
KRONROD = np.array([  # nodes, their weights, and those of Gauss's rule among them
    [0.0, 0.20948214108472782, 0.4179591836734694],
    [0.20778495500789848, 0.20443294007529889, 0.0],
    [0.4058451513773972, 0.19035057806478542, 0.3818300505051189],
    [0.5860872354676911, 0.1690047266392679, 0.0],
    [0.7415311855993945, 0.14065325971552592, 0.27970539148927664],
    [0.8648644233597691, 0.10479001032225019, 0.0],
    [0.9491079123427585, 0.06309209262997856, 0.1294849661688697],
    [0.9914553711208126, 0.022935322010529224, 0.0],
])  # fmt: skip


@dataclass(frozen=True)
class _Part:
    """An interval of x on one piece, from where it is cut towards an end: by distances from the end, or, as it is far, from the start."""

    piece: Piece
    start: float
    end: float
    scale: float
    grows: bool
    within: float  # a y that it takes
    seen: Any  # x on it, in order, of samples of Y

    def points(self, u: Any) -> tuple[Any, Any]:
        """(x, log |dx/du|) at distances from the start that grow as eᵘ, or from the end that shrink as e⁻ᵘ."""
        with np.errstate(over="ignore"):
            if self.grows:
                far = np.where(u < 30, self.scale * np.expm1(u), np.exp(u + np.log(self.scale)))
                return self.start + np.sign(self.end - self.start) * far, np.log(self.scale) + u
            return self.end + (self.start - self.end) * np.exp(-u), np.log(abs(self.end - self.start)) - u

    def place(self, x: Any) -> Any:
        """The u of points on it."""
        with np.errstate(all="ignore"):
            return np.logaddexp(0, np.log(np.abs(x - self.start)) - np.log(self.scale)) if self.grows else np.log((self.start - self.end) / (x - self.end))

    @property
    def most(self) -> float:
        """The largest u: beyond there are no numbers, or the next part."""
        if self.grows:
            return float(self.place(self.end))
        return 709.0 if self.end == 0 else float(np.log(abs(self.end - self.start)) - np.log(max(EPS * abs(self.end), LEAST)))


def integral(joint: Transformed, limits: tuple[float, float], samples: Any, bins: Any) -> tuple[float, float, Any, Any, Any]:
    """(∫p between the limits, what its error may be; the ends of bins that are used, ∫p over each, and its error)."""
    road: Any = joint.road
    X = joint.base.rvs(len(samples), np.random.default_rng(1))
    critical = critical_values(joint)
    bins = _apart(bins, critical)
    parts = _parts(road, _panels(limits, np.concatenate([critical, bins])), samples, X)
    total, error = np.zeros((2, len(bins) + 1))  # before the first, between, and after the last
    if not parts:
        return 0.0, 0.0, bins, total[1:-1], error[1:-1]
    edges = [_edges(part) for part in parts]
    owner = np.concatenate([np.full(len(each) - 1, k) for k, each in enumerate(edges)])
    a, b = np.concatenate([each[:-1] for each in edges]), np.concatenate([each[1:] for each in edges])
    group = np.searchsorted(bins, [part.within for part in parts], "right")
    beyond, work = _beyond(road, parts, X), 0
    for turn in range(ROUNDS + 1):
        value, off, dark = _kronrod(road, parts, owner, a, b, X)
        work += 15 * len(a) * len(road.pieces)
        fine = (off <= (GOAL if turn < PATIENT else PATIENT * GOAL) / 100) | dark
        if turn == ROUNDS or work > MOST or off.sum() <= max(GOAL, (error.sum() + beyond) / 32):
            fine[:] = True
        for sums, each in ((total, value), (error, off)):
            np.add.at(sums, group[owner[fine]], each[fine])
        if fine.all():
            break
        owner, a, b = owner[~fine], a[~fine], b[~fine]
        middle = a + 0.4853 * (b - a)  # not halfway, or a point at which p is infinite stays on a node
        owner, a, b = np.concatenate([owner, owner]), np.concatenate([a, middle]), np.concatenate([middle, b])
    return float(total.sum()), float(error.sum()) + beyond, bins, total[1:-1], error[1:-1]


def critical_values(joint: Transformed) -> Any:
    """The y in order at which p may jump, be infinite or have a kink: ends of pieces, values where f' is 0, and f where p_X is so."""
    road: Any = joint.road
    found = [value for piece in road.pieces if _matters(road, piece) for value in piece.reach]
    inner = [_flat_points(road, piece) for piece in road.pieces]
    source = joint._source  # noqa: SLF001  # a transform of a transform
    if source is not None and not source.shape:
        x = critical_values(source)
        inner.append(x[(x > joint.base.low) & (x < joint.base.high)])
    values = np.concatenate([np.asarray(found, float), road.stage.values(np.concatenate(inner))])
    return np.unique(values[np.isfinite(values)])


def _matters(road: Line, piece: Piece) -> bool:
    with np.errstate(all="ignore"):
        density = np.exp(road.base.logpdf(piece.xs))
        mass = np.sum((density[1:] / 2 + density[:-1] / 2) * np.diff(piece.xs))
    return not mass <= NEGLIGIBLE


def _flat_points(road: Line, piece: Piece) -> Any:
    """The x within a piece at which f' touches 0 and f goes on: there p is infinite."""
    with np.errstate(all="ignore"):
        steep = np.abs(road.stage.jacobians(piece.xs))
        at = np.flatnonzero((steep[1:-1] <= steep[:-2]) & (steep[1:-1] < steep[2:]) & (np.exp(road.base.logpdf(piece.xs[1:-1])) > 0)) + 1
    if not len(at):
        return piece.xs[:0]
    low, high = piece.xs[at - 1], piece.xs[at + 1]
    beside = np.minimum(steep[at - 1], steep[at + 1])
    for _ in range(60):
        grid = low + (high - low) * np.linspace(0, 1, 9)[:, None]
        slopes = np.abs(road.stage.jacobians(grid.ravel())).reshape(grid.shape)
        best = np.clip(np.argmin(np.where(np.isnan(slopes), np.inf, slopes), 0), 1, 7)
        one = np.arange(len(at))
        low, high = grid[best - 1, one], grid[best + 1, one]
    x = low / 2 + high / 2
    return x[(np.abs(road.stage.jacobians(x)) < 1e-6 * beside) & (x > piece.xs[0]) & (x < piece.xs[-1])]


def _apart(bins: Any, critical: Any) -> Any:
    """Ends of bins, without those so close to a critical value that rounding would matter between."""
    if len(bins) < 2 or not len(critical):
        return bins
    width = np.diff(bins)
    room = np.minimum(np.append(width, width[-1]), np.append(width[0], width))
    at = np.clip(np.searchsorted(critical, bins), 1, len(critical)) - 1
    distance = np.minimum(np.abs(bins - critical[at]), np.abs(bins - critical[np.minimum(at + 1, len(critical) - 1)]))
    return bins[distance > CLOSE * room]


def _panels(limits: tuple[float, float], values: Any) -> list[tuple[float, float]]:
    """Intervals of y within the limits, with none of the values inside."""
    low, high = limits
    values = np.unique(values)
    edges = [low, *values[(values > low) & (values < high)].tolist(), high]
    found = [(a, b) for a, b in pairwise(edges) if np.isinf([a, b]).any() or b - a > _slack(a, b)]
    return [(low if k == 0 else a, high if k == len(found) - 1 else b) for k, (a, b) in enumerate(found)]


def _slack(a: float, b: float) -> float:
    return 8 * EPS * max(abs(each) for each in (a, b, 0.0) if np.isfinite(each))


def _parts(road: Any, panels: list[tuple[float, float]], samples: Any, X: Any) -> list[_Part]:
    """The intervals of y as intervals of x: beside each end on the piece that gives most of p there."""
    scale = float(np.subtract(*np.quantile(X, [0.75, 0.25])))
    reach = np.array([piece.reach for piece in road.pieces])
    found = []
    for a, b, inside, over in ((a, b, samples[(samples > a) & (samples < b)], _over(reach, a, b)) for a, b in panels):
        if over.any():
            some = road.pieces[int(np.argmax(over))]
            found.append((a, b, inside, over, _near(a, b, inside, some), _near(b, a, inside, some)))
    if not found:
        return []
    masks = np.stack([each[3] for each in found], 1)
    first, last = (_leading(road, np.array([each[k] for each in found]), masks) for k in (4, 5))
    parts = []
    for (a, b, inside, _, low, high), p, q in zip(found, first, last, strict=True):
        pieces = road.pieces[p], road.pieces[q]
        ends = [_x_of(road, piece, y) for piece, y in zip(pieces, (a, b), strict=True)]
        if ends[0] == ends[1]:  # beyond the last number that f takes
            continue
        inside = np.sort(inside)[np.unique(np.linspace(0, len(inside) - 1, MANY).astype(int))] if len(inside) else inside
        seen = [invert(road.stage, piece, np.clip(inside, *piece.range)) for piece in (pieces if p != q else pieces[:1])]
        if p == q:
            cuts, seen = [_middle(ends, seen[0])] * 2, seen * 2
        else:
            y = np.array([np.median(inside) if len(inside) else low / 2 + high / 2])
            cuts = [float(invert(road.stage, piece, np.clip(y, *piece.range))[0]) for piece in pieces]
        for piece, cut, end, x in zip(pieces, cuts, ends, seen, strict=True):
            parts += _from(piece, cut, end, scale, low, np.sort(x)) if cut != end else []
    return parts


def _over(reach: Any, a: float, b: float) -> Any:
    """Which pieces reach all of an interval of y."""
    slack = _slack(a, b)
    return (reach[:, 0] <= a + slack) & (reach[:, 1] >= b - slack)


def _from(piece: Piece, start: float, end: float, scale: float, within: float, seen: Any) -> list[_Part]:
    if abs(end / 2 - start / 2) < 4 * scale:
        return [_Part(piece, start, end, scale, False, within, seen)]
    middle = start / 2 + end / 2
    return [_Part(piece, start, middle, scale, True, within, seen), _Part(piece, middle, end, scale, False, within, seen)]


def _near(end: float, other: float, inside: Any, piece: Piece) -> float:
    """A value close to an end of the interval, or far out towards an infinite one."""
    if len(inside):
        extreme = float(inside.min() if end < other else inside.max())
        return extreme if np.isinf(end) else end + 1e-3 * (extreme - end)
    if np.isinf(end):
        return other + float(np.copysign(1 + abs(other), end)) if np.isfinite(other) else float(np.median(piece.fs))
    return end + 1e-3 * (other - end if np.isfinite(other) else float(np.copysign(1 + abs(end), other)))


def _leading(road: Any, Y: Any, over: Any) -> Any:
    """The index of the piece that gives most of p at each y, of those that reach it."""
    logs = np.where(over, -1e308, -np.inf)
    for piece, mask, row in zip(road.pieces, over, logs, strict=True):
        at = np.flatnonzero(mask & (over.sum(0) > 1))
        if len(at):
            x = invert(road.stage, piece, np.clip(Y[at], *piece.range))
            with np.errstate(all="ignore"):
                density = road.base.logpdf(x) - log_slope(road.stage, x)
            row[at] = np.maximum(np.where(np.isnan(density), -np.inf, density), -1e308)
    return np.argmax(logs, 0)


def _x_of(road: Any, piece: Piece, y: float) -> float:
    """The x of an end of an interval of y on a piece: of a value that it does not reach, its own end, or the last x that was looked at."""
    low, high = piece.range
    if y <= max(low, piece.reach[0]) or y >= min(high, piece.reach[1]):
        first = (y <= max(low, piece.reach[0])) == piece.rising
        end, last = (piece.low, piece.xs[0]) if first else (piece.high, piece.xs[-1])
        return float(end if np.isfinite(end) else last)
    return float(invert(road.stage, piece, np.array([y]))[0])


def _middle(ends: list[float], X: Any) -> float:
    low, high = sorted(ends)
    inside = X[(low < X) & (high > X)]
    if len(inside):
        return float(np.median(inside))
    if np.isfinite(low) and np.isfinite(high):
        return low / 2 + high / 2
    return low + 1 + abs(low) if np.isfinite(low) else high - 1 - abs(high)


def _edges(part: _Part) -> Any:
    """Where to begin: closer together where samples are."""
    low, high = sorted((part.start, part.end))
    inside = part.seen[(low < part.seen) & (high > part.seen)]
    known = [part.place(each) for cluster in _clusters(inside, part.scale) for each in cluster]
    start = GROWING if part.grows else START
    edges = np.unique(np.concatenate([start, *known, [part.most]]))
    return edges[(edges >= 0) & (edges <= part.most)]


def _clusters(X: Any, scale: float) -> list[tuple[Any, Any, Any]]:
    """(Quantiles, points below, points above) of samples, apart where there is a gap between them."""
    if not len(X):
        return []
    gaps = np.diff(X)
    found = []
    for part in np.split(X, np.flatnonzero(gaps > 0.1 * (X[-1] - X[0])) + 1 if len(X) > FEW else []):
        width = float(part[-1] - part[0]) if len(part) > 1 else scale
        found.append((np.quantile(part, SHARES if len(part) > FEW else [0.5]), part[0] - width * OUTWARD, part[-1] + width * OUTWARD))
    return found


def _kronrod(road: Any, parts: list[_Part], owner: Any, a: Any, b: Any, X: Any) -> tuple[Any, Any, Any]:
    """(integrals, error bounds, whether nothing is known) over intervals of u, by Gauss and Kronrod's 7 and 15 points."""
    t, w, g = np.concatenate([KRONROD[:0:-1] * [-1, 1, 1], KRONROD]).T
    half = (b - a)[:, None] / 2
    u = (a + b)[:, None] / 2 + half * t
    values, own = _integrand(road, parts, owner, u)
    known = np.isfinite(values)
    values = np.where(known, values, np.where(np.isfinite(own), own, 0.0))
    # what is not known is not taken for right: it is the error
    full, coarse, lost = ((each * half).sum(1) for each in (values * w, values * g, np.where(known, 0.0, own) * w))
    at = np.flatnonzero(~np.isfinite(lost))
    if len(at):
        ends = np.sort([parts[owner[k]].points(np.array([a[k], b[k]]))[0] for k in at], 1)
        lost[at] = mass(road.base, X, *ends.T)
    return full, np.abs(full - coarse) + lost, ~known.any(1)


def _integrand(road: Any, parts: list[_Part], owner: Any, u: Any) -> tuple[Any, Any]:
    """(p(f(x)) |f'(x)| |dx/du|, NaN where it is not known; what is there to rounding, or of the branch itself) at a row of u for each interval."""
    x, logs = np.empty(u.shape), np.empty(u.shape)
    for k in np.unique(owner):
        x[owner == k], logs[owner == k] = parts[k].points(u[owner == k])
    flat = x.ravel()
    with np.errstate(all="ignore"):
        y, steep = road.stage.values(flat), log_slope(road.stage, flat)
        p = road.log_density(y, refuse=False)
        own = road.base.logpdf(flat)
        at = np.flatnonzero(np.isnan(p))
        loose = road.log_density(y[at], strict=False) + steep[at]  # as rounding has it; no branch gives more than this one
        own[at] = np.where(np.isnan(loose), own[at], np.clip(loose, own[at], own[at] + np.log(len(road.pieces))))
        return np.exp((p + steep).reshape(u.shape) + logs), np.exp(own.reshape(u.shape) + logs)


def _beyond(road: Any, parts: list[_Part], X: Any) -> float:
    """The probability of the x beyond the last u: there numbers end, or are too close to each other."""
    ends = []
    for part in parts:
        if not part.grows:
            far = {part.piece.xs[0]: part.piece.low, part.piece.xs[-1]: part.piece.high}.get(part.end, part.end)
            ends.append(sorted((float(part.points(np.array([part.most]))[0][0]), far)))
    return float(mass(road.base, X, *np.array(ends).T).sum())
