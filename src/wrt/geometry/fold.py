"""Where a map of the plane folds: the curves det J = 0, found on a grid and refined with the exact derivative of det J."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from wrt.api.jacobian import Jacobian
from wrt.api.text_map import coordinates, point_map
from wrt.api.verbs import hessian
from wrt.errors import ArgumentError, ShapeError
from wrt.geometry.contour import chains, crossings
from wrt.geometry.field import both, defined, jacobians
from wrt.geometry.measure import determinants, ends, number, telling
from wrt.geometry.refine import boxes, crossed_again, hidden_cells

FINEST = 1024  # cells along each axis
MANY = 64  # cells that hide something: up to here they are drawn each by a grid of its own,
PATCH = 32  # of so many cells
STEPS = 80  # bisections that leave nothing of an edge; Newton's method needs about five
ZERO = 1e-9  # |det J| below this part of its median over the grid is a zero that is touched,
NEARLY = 1e-6  # and this part of it at the ends of the edge,
SLOPE = 1e-5  # if it changes by less than this part of it over a cell


def folds(
    f: str | Callable[..., Any], region: Sequence[Sequence[float]], variables: str | Sequence[str] | None = None, *, resolution: int = 128
) -> Folds:
    """The fold curves of a map of the plane: where det J = 0 and the orientation flips.

    A grid shows between which of its points det J changes sign; each crossing is then refined by Newton's method, safeguarded by
    bisection, with the exact derivative of det J. Cells that det J could cross unseen, by its size and slope at their corners, are
    divided: where it changes sign within, small loops are drawn by grids of their own and for the rest the grid is made finer. What is
    finer than all that is not seen: the answer says which grid was looked at, and how many cells still hide something.

    Parameters
    ----------
    f, variables
        As for `local_map`; a map of R^2 to itself.
    region
        ((x0, x1), (y0, y1)).
    resolution
        Cells of the first grid along each axis; it is doubled, up to 1024, where it is too coarse for what is seen within its cells.

    Raises
    ------
    ShapeError
        Where f does not map R^2 to R^2.
    ArgumentError
        Where det J is 0 or undefined everywhere in the region.

    Examples
    --------
    >>> found = folds("x**2 - y**2 + 2*x, 2*x*y - 2*y", ((-2, 2), (-2, 2)))
    >>> len(found.curves), found.closed
    (1, (True,))
    >>> bool(abs(np.hypot(*found.curves[0].T) - 1).max() < 1e-12)    # the unit circle
    True
    """
    function = point_map(f, variables)
    (x0, x1), (y0, y1) = _region(region)
    if type(resolution) is not int or not 2 <= resolution <= FINEST:
        raise ArgumentError(f"resolution is the number of cells along each axis, from 2 to {FINEST}, not {resolution!r}.")
    for low, high in ((x0, x1), (y0, y1)):
        if (high - low) / resolution < 16 * np.spacing(max(abs(low), abs(high))):
            fact = f"The region is too small to be divided into {resolution} cells: between {low!r} and {high!r} there are too few floats."
            raise ArgumentError(fact, advice="Move the origin: write x as a + u, with the region in u.")
    det = _Determinant(function)
    seen = _looked(det, ((x0, x1), (y0, y1)), resolution)
    while (seen.twice or len(seen.hidden)) and 2 * resolution <= FINEST:
        loops, left = ([], seen.hidden) if seen.twice or len(seen.hidden) > MANY else _loops(det, seen)
        if loops and not len(left):
            seen = replace(seen, lines=seen.lines + loops, hidden=left)
            break
        resolution *= 2
        seen = _looked(det, ((x0, x1), (y0, y1)), resolution)
    if len(seen.hidden) and not seen.twice and len(seen.hidden) <= MANY:
        loops, left = _loops(det, seen)
        seen = replace(seen, lines=seen.lines + loops, hidden=left)
    lines = tuple(line for line, _ in seen.lines)
    touched = _touching(det, seen)
    if (lines or len(seen.jumps)) and len(touched):  # where folds cross, ∇ det J is 0 as well; at a crease wrt's convention gives a lone 0
        on = np.concatenate([*lines, seen.jumps])
        cell = seen.grid[1, 1] - seen.grid[0, 0]
        touched = np.array([point for point in touched if (np.abs((on - point) / cell).max(1) > 1).all()]).reshape(-1, 2)
    with np.errstate(all="ignore"):
        residual = float(np.abs(det(np.concatenate(lines))).max() / det.units[0] / det.units[1]) if lines else 0.0
    return Folds(
        det.name,
        coordinates(function, 2),
        ((x0, x1), (y0, y1)),
        lines,
        tuple(both(det.J, line)[0] for line in lines),
        tuple(closed for _, closed in seen.lines),
        seen.jumps,
        touched,
        residual,
        resolution,
        len(seen.hidden),
        int(seen.flat.sum()),
    )


@dataclass(frozen=True)
class Folds:
    """The curves along which a map of the plane folds; made by `folds`."""

    name: str
    coordinates: tuple[str, ...]
    region: tuple[tuple[float, float], tuple[float, float]]
    curves: tuple[np.ndarray, ...]
    """Points (k, 2) on det J = 0, in order; a closed curve ends where it starts."""
    images: tuple[np.ndarray, ...]
    """f of these points: the edges of the folded sheet."""
    closed: tuple[bool, ...]
    jumps: np.ndarray
    """Points (k, 2) where det J changes sign without being 0: a pole or a kink of f."""
    touching: np.ndarray
    """Points (k, 2) where det J is 0 and keeps its sign: no fold, but no inverse with a derivative either."""
    residual: float
    """The largest |det J| on the curves."""
    resolution: int
    """Cells along each axis of the grid that was looked at in the end."""
    hidden: int
    """How many of these cells det J changes sign within, in a way that is too fine for the curves to show."""
    flat: int
    """At how many points of that grid det J is 0 and around them as well: there the map flattens the plane."""

    @cached_property
    def lengths(self) -> tuple[float, ...]:
        """The length of each curve."""
        return tuple(float(np.hypot(*np.diff(curve, axis=0).T).sum()) for curve in self.curves)

    def __bool__(self) -> bool:
        return bool(self.curves)

    def __str__(self) -> str:
        x, y = self.coordinates
        (x0, x1), (y0, y1) = self.region
        where = f"{x} ∈ [{', '.join(ends(x0, x1))}], {y} ∈ [{', '.join(ends(y0, y1))}]"
        digits = [telling(*side) for side in self.region]

        def _pair(point: np.ndarray) -> str:
            return "(" + ", ".join(number(float(v), d) for v, d in zip(point, digits, strict=True)) + ")"

        count = len(self.curves)
        points = f"a grid of {self.resolution + 1} × {self.resolution + 1} points"
        seen = f"{self.name} folds along {count} curve{'s' * (count > 1)} det J = 0 in {where}"
        lines = [seen if count else f"no curve det J = 0 of {self.name} was seen on {points} in {where}"]
        for curve, closed, length in zip(self.curves, self.closed, self.lengths, strict=True):
            first, last = (_pair(p) for p in (curve[0], curve[-1]))
            lines.append(f"closed curve through {first}, length {number(length)}" if closed else f"from {first} to {last}, length {number(length)}")
        if count:
            lines.append(f"largest |det J| on the curves: {self.residual:.1e}; seen on {points}")
        if self.hidden:
            lines.append(f"within {self.hidden} cells of the grid det J changes sign too finely to be drawn: look at a smaller region")
        if len(self.jumps):
            lines.append(f"det J changes sign without being 0 at {len(self.jumps)} edges of the grid, first near {_pair(self.jumps[0])}: a crease, or a pole")
        if self.flat:
            lines.append(f"det J is 0 or too small for a float around {self.flat} of {points}: there the map flattens the plane")
        if len(self.touching):
            lines.append(f"det J touches 0 without changing sign, first seen at {_pair(self.touching[0])}: no fold, but no smooth inverse there")
        return "\n".join(lines)


@dataclass(frozen=True)
class _Seen:
    """What one grid shows."""

    grid: np.ndarray
    values: np.ndarray
    slopes: np.ndarray
    lines: list[tuple[np.ndarray, bool]]
    jumps: np.ndarray
    hidden: np.ndarray
    twice: bool
    flat: np.ndarray


def _looked(det: _Determinant, region: tuple[tuple[float, float], tuple[float, float]], resolution: int) -> _Seen:
    xs, ys = (np.linspace(low, high, resolution + 1) for low, high in region)
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1)
    det.scale(grid.reshape(-1, 2))
    values = det(grid.reshape(-1, 2)).reshape(grid.shape[:2])
    det.typical(values)

    def middle(cells: np.ndarray) -> np.ndarray:
        return det(np.column_stack([(xs[cells[:, 0]] + xs[cells[:, 0] + 1]) / 2, (ys[cells[:, 1]] + ys[cells[:, 1] + 1]) / 2]))

    positive, flat = _positive(det, grid, values)
    crossed = crossings(positive, np.isfinite(values) & ~flat, middle)
    low, high = (grid[tuple(ends.T)] for ends in (crossed.starts, crossed.ends))
    points, jumped = _roots(det, low, high)
    cell = grid[1, 1] - grid[0, 0]
    points[np.abs(points) < 1e-12 * cell] = 0
    kept = [(a, b) for a, b in crossed.links if not (jumped[a] or jumped[b])]
    drawn = [(_without_repeats(points[[*chain, chain[0]] if closed else chain], cell), closed) for chain, closed in chains(len(points), tuple(kept))]
    slopes = det.with_slope(grid.reshape(-1, 2))[1].reshape(grid.shape)
    hidden = hidden_cells(grid, np.where(flat, np.nan, values), slopes, positive, lambda points: (det(points), det.with_slope(points)[1]))
    twice = crossed_again(low[~jumped], high[~jumped], det)
    return _Seen(grid, values, slopes, [(line, closed) for line, closed in drawn if len(line) > 1], points[jumped], hidden, twice, flat)


def _loops(det: _Determinant, seen: _Seen, depth: int = 4) -> tuple[list[tuple[np.ndarray, bool]], np.ndarray]:
    """The closed curves within groups of cells whose corners show none, and the cells of which nothing could be drawn."""
    found, left = [], []
    last = np.array(seen.values.shape) - 1
    for first, end in boxes(seen.hidden):
        a, b = seen.grid[tuple(np.maximum(first - 1, 0))], seen.grid[tuple(np.minimum(end + 2, last))]
        patch = _looked(det, ((a[0], b[0]), (a[1], b[1])), PATCH)
        margin = (b - a) / PATCH
        known = np.concatenate([line for line, _ in seen.lines]) if seen.lines else np.empty((0, 2))
        closed = [line for line, whole in patch.lines if whole and not (np.abs(known[:, None] - line[None]) < 2 * margin).all(2).any()]
        inner, rest = _loops(det, patch, depth - 1) if depth and 0 < len(patch.hidden) <= MANY else ([], patch.hidden)
        found += [(line, True) for line in closed] + inner
        if patch.twice or len(rest) or not (closed or inner):
            left += [cell for cell in seen.hidden.tolist() if (first <= cell).all() and (cell <= end).all()]
    return found, np.array(left, int).reshape(-1, 2)


class _Determinant:
    """det J of a map of the plane, and its gradient, at many points; each component in a unit that keeps them in range."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.J = Jacobian(function)
        self.H = hessian(function)
        self.name = self.J.name
        self.units = np.ones(2)

    def scale(self, points: np.ndarray) -> None:
        """Take other units where the entries of J leave the middle of the range of floats."""
        sizes = np.abs(defined(self.J, points)) if (self.units == 1).all() else np.empty((0, 2, 2))
        if sizes.shape[1] == 2 and len(sizes) and np.isfinite(sizes).any():
            largest = np.nanmax(np.where(np.isfinite(sizes), sizes, 0), axis=(0, 2))
            far = (largest > 1e100) | ((largest < 1e-100) & (largest > 0))
            self.units = np.where(far, np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -1000, 1000)), 1.0)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        matrices = defined(self.J, points)
        m = matrices.shape[1]
        if m != 2:
            fact = f"{self.name} maps R^2 to R^{m}; only a map of R^2 to itself has fold curves det J = 0."
            raise ShapeError(fact, advice="For a map into more dimensions look at scaling_field: √det(JᵀJ)." if m > 2 else "")
        found: np.ndarray = determinants(matrices * self.units[:, None])
        return found

    def with_slope(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """det J, and ∇ det J = Σ adj(J)ⱼᵢ ∂J[i, j]/∂x."""
        J = jacobians(self.J, points) * self.units[:, None]
        with np.errstate(all="ignore"):
            H = np.asarray(self.H.batch(points), float).reshape(-1, 2, 2, 2) * self.units[:, None, None]
            slope = H[:, 0, 0] * J[:, 1, 1, None] + J[:, 0, 0, None] * H[:, 1, 1] - H[:, 0, 1] * J[:, 1, 0, None] - J[:, 0, 1, None] * H[:, 1, 0]
        return determinants(J), slope

    def typical(self, values: np.ndarray) -> float:
        """The median of |det J|, or a refusal where there is nothing to look for."""
        known = np.abs(values[np.isfinite(values)])
        if not known.size:
            raise ArgumentError(f"The Jacobian of {self.name} is not finite anywhere in the region.")
        if not known.any():
            raise ArgumentError(
                f"det J of {self.name} is 0 everywhere in the region: the map flattens the plane, and folds nowhere in particular.",
                advice="Its components depend on each other there, or one of them is constant.",
            )
        return float(np.median(known) or known.max())


def _positive(det: _Determinant, grid: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The sign of det J at the points of the grid, where it is 0 just there that of a point close by, to one side of any curve; and where that is 0, too."""
    positive: np.ndarray = values > 0
    zero = values == 0
    flat = np.zeros(values.shape, bool)
    if zero.any():
        beside = det(grid[zero] + (grid[1, 1] - grid[0, 0]) * (0.0137, 0.0071))
        positive[zero], flat[zero] = beside > 0, beside == 0
    return positive, flat


def _roots(det: _Determinant, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """On each edge the point with det J = 0, and whether there is none because det J jumps."""
    count = len(low)
    if not count:
        return np.empty((0, 2)), np.empty(0, bool)
    edge = high - low
    ends = det(low), det(high)
    a, b, rising = np.zeros(count), np.ones(count), ends[1] > ends[0]
    with np.errstate(all="ignore"):
        t = np.nan_to_num(np.clip(ends[0] / (ends[0] - ends[1]), 0, 1))  # 0/0 where a curve passes through both ends
    g, best, at = np.full(count, np.inf), np.full(count, np.inf), t.copy()
    live = np.arange(count)
    for _ in range(STEPS):
        value, gradient = det.with_slope(low[live] + t[live, None] * edge[live])
        g[live] = value
        better = live[np.abs(value) < best[live]]
        best[better], at[better] = np.abs(g[better]), t[better]
        above = (g[live] >= 0) == rising[live]
        b[live] = np.where(above, t[live], b[live])
        a[live] = np.where(above, a[live], t[live])
        with np.errstate(all="ignore"):
            step = t[live] - value / (gradient * edge[live]).sum(1)
        middle = (a[live] + b[live]) / 2
        inside = (step > a[live]) & (step < b[live])
        following = np.where(inside, step, middle)
        done = (g[live] == 0) | (b[live] - a[live] < 1e-15) | (np.abs(following - t[live]) < 1e-16)
        t[live] = following
        live = live[~done]
        if not live.size:
            break
    largest = np.maximum(np.abs(ends[0]), np.abs(ends[1]))
    rounded = 8 * (np.spacing(np.maximum(np.abs(low), np.abs(high))) * (edge != 0)).max(1) / np.abs(edge).max(1)  # how finely t can be told
    aside = np.maximum(1e-6, rounded)
    beside = np.abs(det(low + np.where(at < 0.5, at + aside, at - aside)[:, None] * edge))  # at a kink, wrt's convention may give a lone 0
    jumped = ~((best <= aside * largest) & (beside <= 1e3 * aside * largest))
    lost = jumped & (best > 0)
    at[lost] = ((a + b) / 2)[lost]
    return low + at[:, None] * edge, jumped


def _touching(det: _Determinant, seen: _Seen) -> np.ndarray:
    """Points on the grid's edges where |det J| has a minimum that is 0."""
    grid, values, slopes = seen.grid, seen.values, seen.slopes
    typical = det.typical(values)
    found = []
    for axis in (0, 1):
        low, high = (slice(None, -1), slice(1, None)) if axis == 0 else ((slice(None), slice(None, -1)), (slice(None), slice(1, None)))
        sign = np.sign(values)
        sign[sign == 0] = 1
        same = (sign[low] == sign[high]) | (values[low] == 0) | (values[high] == 0)
        before, after = slopes[..., axis][low] * sign[low], slopes[..., axis][high] * sign[low]
        smallest = np.minimum(np.abs(values[low]), np.abs(values[high]))
        chosen = same & ~(seen.flat[low] | seen.flat[high]) & (before <= 0) & (after >= 0) & (smallest < typical)
        a, b = grid[low][chosen], grid[high][chosen]
        largest = np.maximum(np.abs(values[low]), np.abs(values[high]))[chosen]  # what is small all along an edge does not touch 0 on it
        side = sign[low][chosen, None]
        for _ in range(60 if len(a) else 0):
            m = (a + b) / 2
            falls = det.with_slope(m)[1][:, axis, None] * side < 0
            a, b = np.where(falls, m, a), np.where(falls, b, m)
        if len(a):
            for ends in (a, b):
                value, gradient = det.with_slope(ends)
                flat = np.abs(gradient * (grid[1, 1] - grid[0, 0])).max(1) <= SLOPE * typical  # on a fold det J has a slope across it
                found.append(ends[flat & (np.abs(value) <= np.minimum(ZERO * typical, NEARLY * largest))])
    points = np.concatenate(found) if found else np.empty((0, 2))
    cell = grid[1, 1] - grid[0, 0]
    points[np.abs(points) < 1e-9 * cell] = 0
    with np.errstate(all="ignore"):  # a lone 0, by wrt's convention at a kink or an edge, is none that det J comes near to
        sides = 1e-3 * cell * np.array([[1, 0.7], [-1, 0.7], [1, -0.7], [-1, -0.7]])
        beside = np.abs(det((points[:, None] + sides).reshape(-1, 2))).reshape(-1, 4) if len(points) else np.empty((0, 4))
        points = points[~(beside > 1e-2 * typical).any(1)]
    _, first = np.unique(((points - grid[0, 0]) / cell).round(6), axis=0, return_index=True)
    return points[first]


def _without_repeats(line: np.ndarray, cell: np.ndarray) -> np.ndarray:
    """Where a curve goes through a point of the grid, all edges there have the same crossing."""
    same = np.maximum(1e-9 * cell, 4 * np.spacing(np.abs(line).max(0)))
    moved = (np.abs(np.diff(line, axis=0)) > same).any(1)
    kept: np.ndarray = line[np.concatenate([[True], moved])]
    return kept


def _region(region: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    try:
        (x0, x1), (y0, y1) = ((float(low), float(high)) for low, high in region)
    except (TypeError, ValueError):
        raise ArgumentError(f"region= takes two intervals, ((x0, x1), (y0, y1)); got {region!r}.") from None
    if not (x0 < x1 and y0 < y1 and np.isfinite([x0, x1, y0, y1]).all()):
        raise ArgumentError(f"The intervals of the region must be finite and increase; got {region!r}.")
    return (x0, x1), (y0, y1)

