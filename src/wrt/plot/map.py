"""A map of the plane: a grid before and after, the parallelogram at a point, |det J| as shade, and the curves where it folds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.geometry.fold import Folds, folds
from wrt.geometry.local import LocalMap, local_map
from wrt.geometry.measure import ends, signs_and_logs, size, telling
from wrt.plot.grid import PlaneMap, plane_map
from wrt.plot.panel import Shade, cell, fit, label, powers, torn, within, words
from wrt.plot.style import INK, MUTED, ORANGE, VERMILION, number, styled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wrt.plot.picture import Picture

_FINE = 72  # cells of the shaded field along each side
_ALONG = 120  # points of each grid line
_MOST = 200  # grid lines along each axis


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
        The point at which the linear map is drawn; by default one a little off the middle. At a kink of f none is drawn, and that is said.
    lines
        How many grid lines are drawn along each axis, from 2 to 200.
    variables
        The order of the inputs of a map in text; by default the order in which they appear.

    Raises
    ------
    ShapeError
        For a map that does not take two numbers to two.
    ArgumentError
        For a region that is none, a point outside it or where f is not finite, or a map that is finite nowhere in the region.

    Examples
    --------
    >>> import wrt.plot
    >>> picture = wrt.plot.map("r*cos(t), r*sin(t)", ((0, 2), (0, 3)), at=(1.5, 1))
    >>> "|det J| = 1.5" in picture.alt
    True
    """
    plane = plane_map(f, variables)
    (a, b), (c, d) = region = _region(region)
    if type(lines) is not int or not 2 <= lines <= _MOST:
        raise ArgumentError(f"lines= is a whole number from 2 to {_MOST}, not {lines!r}.")
    point = None if at is None else _number(at, "at")
    if point is not None and (point.shape != (2,) or not (a <= point[0] <= b and c <= point[1] <= d)):
        (a_, b_), (c_, d_) = ends(a, b), ends(c, d)
        raise ArgumentError(f"The point {at!r} is not in the region.", known=f"{plane.names[0]} goes from {a_} to {b_}, {plane.names[1]} from {c_} to {d_}.")
    field = _Field(plane, region)
    near = _local(plane, region, field) if point is None else local_map(plane.jacobian.function, point)
    return _drawn(plane, region, near, field, lines)


class _Field:
    """The map over a grid: values, log |det J| (NaN where f or J is not finite, −inf where it is 0), and where it folds."""

    def __init__(self, plane: PlaneMap, region: Any) -> None:
        self.before = _mesh(region, (_FINE + 1, _FINE + 1))
        self.after, jacobians = plane.on(self.before)
        along, across = (torn(*(np.swapaxes(part, 0, k) for part in (self.after, jacobians, self.before))) for k in (0, 1))
        self.torn: NDArray[Any] = along[:-1] | along[1:] | across.T[:, :-1] | across.T[:, 1:]
        self.logs, self.signs = _scaling(self.after, jacobians)
        zero = np.isneginf(self.logs)
        if zero.any():  # at a kink, wrt's convention may give a lone 0: then det J is not small beside it
            step = self.before[1, 1] - self.before[0, 0]
            (close, sign), (far, _) = (_scaling(*plane.on(self.before[zero] + step * share)) for share in ((0.0137, 0.0071), (0.91, 0.47)))
            with np.errstate(invalid="ignore"):
                lone = close > far - 1
            self.logs[zero], self.signs[zero] = np.where(lone, close, -np.inf), np.where(lone, sign, 0)
        self.good: NDArray[Any] = ~np.isnan(self.logs)
        if not self.good.any():
            raise ArgumentError(f"{plane.said} is finite nowhere in the region, or its Jacobian is not.")
        self.folds: Folds | None = None
        if not np.isneginf(self.logs[self.good]).all():
            found = folds(plane.jacobian.function, region)
            order = np.argsort(found.lengths)[::-1]  # the longest curve first
            self.folds = replace(found, curves=tuple(found.curves[k] for k in order), images=tuple(found.images[k] for k in order))
        self.creased = self.folds is not None and len(self.folds.jumps) > 0 and self._continuous(plane, self.folds.jumps)

    def _continuous(self, plane: PlaneMap, points: NDArray[Any]) -> bool:
        """Whether f has no gap beside these points, where det J jumps."""
        step = (self.before[1, 1] - self.before[0, 0]) * 1e-5
        around = plane.on(points[:, None] + step * np.array([[-1, 0], [1, 0], [0, -1], [0, 1]]))[0]
        known = self.after[self.good]
        spread, whole = (np.ptp(values, axis=-2) for values in (around, known))
        return bool(np.isfinite(around).all() and (spread <= 1e-2 * whole + 4 * np.spacing(np.abs(known).max(0))).all())


def _scaling(values: NDArray[Any], jacobians: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """log |det J| and the sign of det J; NaN where f or J is not finite."""
    known = np.isfinite(values).all(-1) & np.isfinite(jacobians).all((-1, -2))
    signs, logs = signs_and_logs(jacobians)
    return np.where(known, logs, np.nan), np.where(known, signs, np.nan)


def _drawn(plane: PlaneMap, region: Any, near: LocalMap, field: _Field, lines: int) -> Picture:
    from wrt.plot.picture import Picture

    shade = Shade(field.logs)
    point, value, J = near.point, near.value.ravel(), near.matrix
    straight = np.stack(_lines(region, lines))
    bent, slopes = plane.on(straight)
    leaps = torn(bent, slopes, straight)
    steps = np.array([np.ptp(side) for side in region]) / (lines - 1)
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * steps
    found = field.folds
    curves, images, spots = ((), (), np.empty((0, 2))) if found is None else (found.curves, found.images, np.concatenate([found.jumps, found.touching]))
    picture = Picture(6.8, 3.3)
    spot_images = _inside(plane.on(spots)[0], field.after[field.good]) if len(spots) else spots
    sides = ((field.before, straight, curves, spots, point, plane.names), (field.after, bent, images, spot_images, value, ("f_1", "f_2")))
    drawn: Any = None
    panels = []
    for k, (at, grid, edges, marks, origin, names) in enumerate(sides):
        axes: Any = picture.add_axes((0.1 + 0.45 * k, 0.16, 0.35, 0.75))
        power = powers(at[field.good])
        unit = 10.0**power
        drawn = shade.draw(axes, at / unit, field.good, field.signs, field.torn & bool(k))
        for line, leap in zip(np.where(np.isfinite(grid), grid, np.nan) / unit, leaps, strict=True):
            for part in np.split(line, np.flatnonzero(leap) + 1) if k else (line,):
                axes.plot(*part.T, color=INK, linewidth=0.5, alpha=0.55, zorder=1)
        for edge in edges:
            axes.plot(*(edge / unit).T, color="white", linewidth=4, zorder=2)
            axes.plot(*(edge / unit).T, color=VERMILION, linewidth=2, zorder=3)
        for color, width, order in (("white", 4, 2), (VERMILION, 2, 3)):
            axes.plot(*(marks / unit).T, color=color, linestyle="none", marker="o", markersize=width, markeredgewidth=0, zorder=order)
        with np.errstate(over="ignore"):
            image = origin / unit + (corners @ (J / unit[:, None]).T if k else corners / unit)
        cell(axes, None if near.kink and k else image, origin / unit, ORANGE)
        within(axes, np.where(field.good[..., None] | (not k), at, np.nan) / unit)
        label(axes, names, power)
        panels.append((axes, unit))
    _mark(panels[0], region, point, curves, spots, found, field.creased)
    bar: Any = picture.colorbar(drawn, cax=picture.add_axes((0.925, 0.22, 0.016, 0.62)), extend="max" if shade.over else "neither")
    bar.outline.set_linewidth(0)
    bar.ax.set_title(r"$|\det J|$" + (f"\n$/\\,10^{{{shade.power}}}$" if shade.power else ""), size=11, pad=8)
    bar.ax.locator_params(nbins=5)
    for (axes, _), (left, right) in zip(panels, ((0.012, 0.46), (0.475, 0.9)), strict=True):
        fit(axes, (left, 0.02, right, 0.92))
    for (axes, _), heading in zip(panels, ("before", _heading(near)), strict=True):
        place = axes.get_position()
        picture.text((place.x0 + place.x1) / 2, 0.96, heading, ha="center", va="center", color=MUTED)
    picture.title = f"The map {plane.said}"
    known = field.logs[field.good]
    with np.errstate(over="ignore"):
        extremes = [float(np.exp(log)) for log in (known.min(), known.max())]
    picture.numbers = {
        "region": [list(side) for side in region],
        "point": point.tolist(),
        "value": value.tolist(),
        "jacobian": J.tolist(),
        "det": near.det,
        "log_factor": near.log_scaling,
        "kink": near.kink or None,
        "smallest": extremes[0],
        "largest": extremes[1],
        "log_smallest": float(known.min()),
        "log_largest": float(known.max()),
        "undefined": int(np.count_nonzero(~field.good)),
        "folds": [curve.tolist() for curve in curves],
        "jumps": [] if found is None else found.jumps.tolist(),
        "touching": [] if found is None else found.touching.tolist(),
        "hidden": 0 if found is None else found.hidden,
        "flat": None if found is None else found.flat,
    }
    picture.alt = _said(plane, region, near, field)
    return picture


def _heading(near: LocalMap) -> str:
    if near.kink:
        return "after: no linear map at the point"
    sign = ", turned over" if near.orientation == "flipped" else ""
    return f"after: the cell’s area × {_size(near.scaling, near.log_scaling, 3)}{sign}".replace("10^", "$10^{") + ("}$" if _beyond(near) else "")


def _beyond(near: LocalMap) -> bool:
    return "^" in _size(near.scaling, near.log_scaling)


def _size(factor: float, log: float, digits: int = 4) -> str:
    """The factor in the words of pictures; as a power of ten where it is no float."""
    said = size(factor, log, digits)
    return said if "^" in said else number(factor, digits)


def _inside(images: NDArray[Any], known: NDArray[Any]) -> NDArray[Any]:
    """The points that lie where the image of the grid does: those beside a pole do not."""
    inside: NDArray[Any] = images[np.isfinite(images).all(1) & (images >= known.min(0)).all(1) & (images <= known.max(0)).all(1)]
    return inside


def _mark(panel: Any, region: Any, point: NDArray[Any], curves: Any, spots: NDArray[Any], found: Folds | None, creased: bool) -> None:
    """The words at a fold, a crease or a zero of det J, away from the point and from the axes."""
    if found is None or not (curves or len(spots)):
        return
    axes, unit = panel
    (a, b), (c, d) = region
    if curves:
        every, said = np.concatenate(curves), r"fold: $\det J = 0$"
    elif len(found.jumps):
        every, said = found.jumps, r"crease" if creased else r"$\det J$ jumps"
    else:
        every, said = found.touching, r"$\det J = 0$"
    share = (every - (a, c)) / (b - a, d - c)
    inner = every[(share > (0.25, 0.08)).all(1) & (share < (0.75, 0.92)).all(1)]  # the words are wide, and stay off the axes
    choice = inner if len(inner) else every
    words(axes, said, choice[np.argmax(np.hypot(*((choice - point) / (b - a, d - c)).T))] / unit, VERMILION)


def _number(given: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(given, float)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name}={given!r} is not made of real numbers.") from None


def _region(region: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    array = _number(region, "region")
    with np.errstate(over="ignore"):
        if array.shape != (2, 2) or (array[:, 0] >= array[:, 1]).any() or not np.isfinite(np.ptp(array, axis=1)).all():
            raise ArgumentError(f"{region!r} is no region of the plane.", advice="Write ((a, b), (c, d)): the first input from a to b, the second from c to d.")
    (a, b), (c, d) = array.tolist()
    return (a, b), (c, d)


def _mesh(region: Any, count: tuple[int, int]) -> NDArray[Any]:
    (a, b), (c, d) = region
    return np.stack(np.meshgrid(np.linspace(a, b, count[0]), np.linspace(c, d, count[1])), -1)


def _lines(region: Any, count: int) -> list[NDArray[Any]]:
    (a, b), (c, d) = region
    upright = [np.stack([np.full(_ALONG, x), np.linspace(c, d, _ALONG)], 1) for x in np.linspace(a, b, count)]
    level = [np.stack([np.linspace(a, b, _ALONG), np.full(_ALONG, y)], 1) for y in np.linspace(c, d, count)]
    return upright + level


def _local(plane: PlaneMap, region: Any, field: _Field) -> LocalMap:
    """The linear map at a point a little off the middle; at another one where f has a kink or no value there."""
    (a, b), (c, d) = region
    chosen = [np.array([a + s * (b - a), c + t * (d - c)]) for s, t in ((0.6, 0.6), (0.63, 0.57), (0.41, 0.66))]
    known = field.before[field.good]
    chosen.append(known[np.argmin(np.abs((known - chosen[0]) / (b - a, d - c)).sum(1))])
    found = None
    for point in chosen:
        try:
            found = local_map(plane.jacobian.function, point)
        except ArgumentError:
            continue
        if not found.kink:
            break
    if found is None:
        raise ArgumentError(f"{plane.said} has no linear map at ({number(point[0])}, {number(point[1])}).", advice="Choose the point: at=(x, y).")
    return found


def _said(plane: PlaneMap, region: Any, near: LocalMap, field: _Field) -> str:
    (a, b), (c, d) = (ends(low, high, 4) for low, high in region)
    x, y = plane.names
    point = ", ".join(number(v, telling(low, high, 4)) for v, (low, high) in zip(near.point, region, strict=True))
    rows = ", ".join(f"[{number(r[0])}, {number(r[1])}]" for r in near.matrix)
    turned = " and turned over" if near.orientation == "flipped" else ""
    factor = _size(near.scaling, near.log_scaling)
    cell = f"a small cell there becomes a parallelogram of {factor} times its area{turned}" if not near.kink else near.kink
    known = field.logs[field.good]
    with np.errstate(over="ignore"):
        least, most = (_size(float(np.exp(log)), float(log), 3) for log in (known.min(), known.max()))
    missing = np.count_nonzero(~field.good)
    holes = f" At {missing} of {field.good.size} points f or its Jacobian is not finite." if missing else ""
    name = plane.said if plane.said.isidentifier() else f"f = {plane.said}"
    return (
        f"The map {name} of {x} from {a} to {b} and {y} from {c} to {d}, as a grid before and after. "
        f"At ({x}, {y}) = ({point}) the Jacobian is [{rows}] and |det J| = {factor}: {cell}. "
        f"|det J| goes from {least} to {most} over the region.{holes} {_folds_said(field)}"
    )


def _folds_said(field: _Field) -> str:
    found = field.folds
    if found is None:
        return "det J is 0 throughout: the region becomes a curve or a point."

    def at(p: NDArray[Any]) -> str:
        return "(" + ", ".join(number(v, telling(*side, digits=3)) for v, side in zip(p, found.region, strict=True)) + ")"

    said = []
    points = f"{found.resolution + 1} × {found.resolution + 1} points"
    if found.curves:
        count = f"{len(found.curves)} curve{'s' * (len(found.curves) > 1)}"
        said.append(f"It folds along {count}, where det J = 0, through {', '.join(at(curve[len(curve) // 2]) for curve in found.curves[:3])}.")
    if len(found.jumps):
        what = "a crease, along which f is folded over" if field.creased else "a jump or a pole of f"
        said.append(f"det J changes sign without being 0 at {len(found.jumps)} edges of {points}, first near {at(found.jumps[0])}: {what}.")
    if found.hidden:
        said.append(f"Within {found.hidden} cells of {points} det J changes sign too finely to be drawn: take a smaller region.")
    if found.flat:
        said.append(f"det J is 0 or too small for a float around {found.flat} of {points}: there the map flattens the plane.")
    if not said:
        said.append(f"No fold is seen: det J keeps its sign on {points}.")
    if len(found.touching):
        said.append(f"det J touches 0 without changing sign, first at {at(found.touching[0])}: no fold, but no smooth inverse there.")
    return " ".join(said)
