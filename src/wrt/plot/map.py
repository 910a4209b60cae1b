"""A map of the plane: a grid before and after, the parallelogram at a point, |det J| as shade, and the curves where it folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.geometry.fold import Folds, folds
from wrt.plot.grid import PlaneMap, plane_map
from wrt.plot.source import typeset
from wrt.plot.style import INK, MUTED, ORANGE, VERMILION, number, shades, styled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wrt.plot.picture import Picture

_FINE = 72  # cells of the shaded field along each side
_ALONG = 120  # points of each grid line


@styled
def map(
    f: str | Callable[..., Any],
    region: Any = ((-1, 1), (-1, 1)),
    *,
    at: Any = None,
    lines: int = 11,
    variables: str | Sequence[str] | None = None,
) -> Picture:
    """A map R² → R² seen: its grid before and after, what it does to a cell at one point, where it stretches and where it folds.

    Parameters
    ----------
    f
        Text in two variables ("r*cos(t), r*sin(t)"), or a NumPy function of one array of two or of two numbers.
    region
        ((a, b), (c, d)): the first input from a to b, the second from c to d.
    at
        The point at which the linear map is drawn; by default one a little off the middle.
    lines
        How many grid lines are drawn along each axis.
    variables
        The order of the inputs of a map in text; by default the order in which they appear.

    Raises
    ------
    ShapeError
        For a map that does not take two numbers to two.
    ArgumentError
        For a region that is none, a point outside it, or a map that is finite nowhere in it.

    Examples
    --------
    >>> import wrt.plot
    >>> picture = wrt.plot.map("r*cos(t), r*sin(t)", ((0, 2), (0, 3)), at=(1.5, 1))
    >>> "|det J| = 1.5" in picture.alt
    True
    """
    plane = plane_map(f, variables)
    (a, b), (c, d) = corners = _region(region)
    point = np.array([a + 0.6 * (b - a), c + 0.6 * (d - c)]) if at is None else np.asarray(at, float)
    if point.shape != (2,) or not (a <= point[0] <= b and c <= point[1] <= d):
        raise ArgumentError(f"The point {at!r} is not in the region.", known=f"{plane.names[0]} goes from {a} to {b}, {plane.names[1]} from {c} to {d}.")
    if lines < 2:
        raise ArgumentError(f"A grid has at least 2 lines, not {lines}.")
    return _drawn(plane, corners, point, lines)


def _region(region: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    array = np.asarray(region, float)
    if array.shape != (2, 2) or not np.isfinite(array).all() or (array[:, 0] >= array[:, 1]).any():
        raise ArgumentError(f"{region!r} is no region of the plane.", advice="Write ((a, b), (c, d)): the first input from a to b, the second from c to d.")
    (a, b), (c, d) = array.tolist()
    return (a, b), (c, d)


def _mesh(region: Any, count: tuple[int, int]) -> NDArray[Any]:
    (a, b), (c, d) = region
    return np.stack(np.meshgrid(np.linspace(a, b, count[0]), np.linspace(c, d, count[1])), -1)


def _drawn(plane: PlaneMap, region: Any, point: NDArray[Any], lines: int) -> Picture:
    from wrt.plot.picture import Picture

    before = _mesh(region, (_FINE + 1, _FINE + 1))
    after, jacobians = plane.on(before)
    with np.errstate(all="ignore"):  # where the map is not finite, nor is its Jacobian
        det = jacobians[..., 0, 0] * jacobians[..., 1, 1] - jacobians[..., 0, 1] * jacobians[..., 1, 0]
    det = np.where(np.isfinite(after).all(-1), det, np.nan)
    if not np.isfinite(det).any():
        raise ArgumentError(f"{plane.said} is finite nowhere in the region.")
    found = _folds(plane, region)
    curves = found.curves if found is not None else ()
    value, J = plane.on(point)
    factor = float(J[0, 0] * J[1, 1] - J[0, 1] * J[1, 0])

    picture = Picture(6.8, 3.3)
    left: Any
    right: Any
    left, right = picture.add_axes((0.085, 0.16, 0.36, 0.75)), picture.add_axes((0.54, 0.16, 0.36, 0.75))
    strengths = np.abs(det)
    top = float(np.nanpercentile(strengths, 98)) or 1.0
    top = min(top, 6 * float(np.nanmedian(strengths)) or top)  # a pole must not take all shades
    top = 1.5 * top if np.nanmin(strengths) > 0.98 * top else top
    shade = {"cmap": shades(), "vmin": 0, "vmax": top, "shading": "gouraud", "rasterized": True, "zorder": 0}
    for axes, at in ((left, before), (right, after)):
        good = np.isfinite(at).all(-1) & np.isfinite(det)
        xs, ys = (np.where(good, at[..., k], np.nanmean(at[..., k][good])) for k in range(2))
        drawn = axes.pcolormesh(xs, ys, np.ma.masked_array(strengths, ~good), **shade)
    straight = _lines(region, lines)
    for line, bent in zip(straight, plane.on(np.stack(straight))[0], strict=True):
        for axes, curve in ((left, line), (right, bent)):
            axes.plot(*curve.T, color=INK, linewidth=0.5, alpha=0.55, zorder=1)
    for curve, image in zip(curves, found.images if found is not None else (), strict=True):
        for axes, shown in ((left, curve), (right, image)):
            axes.plot(*shown.T, color="white", linewidth=4, zorder=2)
            axes.plot(*shown.T, color=VERMILION, linewidth=2, zorder=3)
    (a, b), (c, d) = region
    if curves:
        every = np.concatenate(curves)
        share = (every - (a, c)) / (b - a, d - c)
        inner = every[(share > (0.25, 0.08)).all(1) & (share < (0.75, 0.92)).all(1)]  # the words are wide, and stay off the axes
        choice = inner if len(inner) else every
        _label(left, r"fold: $\det J = 0$", choice[np.argmax(np.hypot(*(choice - point).T))], VERMILION)
    steps = np.array([b - a, d - c]) / (lines - 1)
    cell = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * steps
    _cell(left, point + cell, point)
    _cell(right, value + cell @ J.T, value)
    for axes, (x, y) in ((left, plane.names), (right, ("f_1", "f_2"))):
        axes.set_xlabel(typeset(x), labelpad=1)
        axes.set_ylabel(typeset(y), rotation=0, labelpad=7, va="center")
        axes.locator_params(nbins=5)
        axes.margins(0.02)
        if axes is right:
            _without_poles(right, after)
        wide, high = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
        if max(wide, high) < 6 * min(wide, high):  # else one scale for both axes would leave nothing to see
            axes.set_aspect("equal", adjustable="box")
    bar = picture.colorbar(drawn, cax=picture.add_axes((0.935, 0.22, 0.016, 0.62)), extend="max" if np.nanmax(strengths) > 1.001 * top else "neither")
    bar.outline.set_linewidth(0)
    bar.ax.set_title(r"$|\det J|$", size=11, pad=8)
    bar.ax.locator_params(nbins=5)
    picture.text(0.265, 0.96, "before", ha="center", va="center", color=MUTED)
    sign = "" if factor >= 0 else ", turned over"
    picture.text(0.72, 0.96, f"after: the cell’s area × {number(abs(factor), 3)}{sign}", ha="center", va="center", color=MUTED)
    picture.title = f"The map {plane.said}"
    picture.numbers = {
        "region": [list(side) for side in region],
        "point": point.tolist(),
        "value": value.tolist(),
        "jacobian": J.tolist(),
        "det": factor,
        "smallest": float(np.nanmin(strengths)),
        "largest": float(np.nanmax(strengths)),
        "folds": [curve.tolist() for curve in curves],
    }
    picture.alt = _said(plane, region, point, J, factor, strengths, found)
    return picture


def _without_poles(axes: Any, after: NDArray[Any]) -> None:
    """Limits of the image that a few huge values do not set."""
    for k, limit in ((0, axes.set_xlim), (1, axes.set_ylim)):
        seen = after[..., k][np.isfinite(after[..., k])]
        low, high = (float(v) for v in np.percentile(seen, (4, 96)))
        if np.ptp(seen) > 5 * (high - low) > 0:
            limit(low - 0.05 * (high - low), high + 0.05 * (high - low))


def _lines(region: Any, count: int) -> list[NDArray[Any]]:
    (a, b), (c, d) = region
    upright = [np.stack([np.full(_ALONG, x), np.linspace(c, d, _ALONG)], 1) for x in np.linspace(a, b, count)]
    level = [np.stack([np.linspace(a, b, _ALONG), np.full(_ALONG, y)], 1) for y in np.linspace(c, d, count)]
    return upright + level


def _cell(axes: Any, corners: NDArray[Any], point: NDArray[Any]) -> None:
    """A cell of the grid, or the parallelogram that the linear map makes of it."""
    axes.fill(*corners.T, facecolor=ORANGE, alpha=0.95, edgecolor="none", zorder=4)
    axes.plot(*np.vstack([corners, corners[:1]]).T, color=INK, linewidth=1.4, zorder=5)
    axes.plot(*point, marker="o", color=INK, markersize=4, zorder=6)


def _label(axes: Any, text: str, place: NDArray[Any], color: str) -> None:
    shown = {"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.9}
    axes.text(*place, text, color=color, ha="center", va="center", size=11, zorder=7, bbox=shown)


def _folds(plane: PlaneMap, region: Any) -> Folds | None:
    """Where it folds, the longest curve first; None where det J is 0 throughout."""
    try:
        found = folds(plane.jacobian.function, region)
    except ArgumentError:
        return None
    order = np.argsort(found.lengths)[::-1]
    return replace(found, curves=tuple(found.curves[k] for k in order), images=tuple(found.images[k] for k in order))


def _said(plane: PlaneMap, region: Any, point: NDArray[Any], J: NDArray[Any], factor: float, strengths: NDArray[Any], found: Folds | None) -> str:
    (a, b), (c, d) = region
    x, y = plane.names
    rows = ", ".join(f"[{number(r[0])}, {number(r[1])}]" for r in J)
    if found is None:
        fold = "det J is 0 throughout: the region becomes a curve or a point."
    elif found.curves:
        count = f"{len(found.curves)} curve{'s' * (len(found.curves) > 1)}"
        places = [curve[len(curve) // 2] for curve in found.curves[:3]]
        through = ", ".join(f"({number(p[0], 3)}, {number(p[1], 3)})" for p in places)
        fold = f"It folds along {count}, where det J = 0, through {through}."
    else:
        fold = f"No fold is seen: det J keeps its sign on {found.resolution + 1} × {found.resolution + 1} points."
    turned = " and turned over" if factor < 0 else ""
    name = plane.said if plane.said.isidentifier() else f"f = {plane.said}"
    return (
        f"The map {name} of {x} from {number(a)} to {number(b)} and {y} from {number(c)} to {number(d)}, as a grid before and after. "
        f"At ({x}, {y}) = ({number(point[0])}, {number(point[1])}) the Jacobian is [{rows}] and |det J| = {number(abs(factor))}: "
        f"a small cell there becomes a parallelogram of {number(abs(factor))} times its area{turned}. "
        f"|det J| goes from {number(float(np.nanmin(strengths)), 3)} to {number(float(np.nanmax(strengths)), 3)} over the region. {fold}"
    )
