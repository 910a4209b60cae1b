"""The two panels of a map of the plane: sheets shaded in order, axes in units that floats and pictures bear, labels that find room."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.notation.symbol import unicode_name
from wrt.plot.source import typeset
from wrt.plot.style import INK, shades

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG = 5  # signs of a label: a longer one stands upright beside its axis
FAR, WIDE = 100, 3  # powers of ten that an axis shows itself, and that stand beside a bar of shades


class Shade:
    """|det J| as shades: in a power of ten that keeps it in range, up to a top that single poles do not set."""

    def __init__(self, logs: NDArray[Any]) -> None:
        tens = np.where(np.isneginf(logs), -1e9, logs / np.log(10))  # nan where det J is not defined
        most = float(np.nanpercentile(tens, 98))
        most = min(most, float(np.nanmedian(tens)) + np.log10(6)) if np.nanmedian(tens) > -1e9 else most  # a pole must not take all shades
        self.power = int(np.floor(most)) if WIDE < abs(most) < 1e9 else 0
        with np.errstate(all="ignore"):
            self.values: NDArray[Any] = np.nan_to_num(np.minimum(10 ** (tens - self.power), 1e300))
        top = float(10 ** (most - self.power)) or 1.0
        self.top = 1.5 * top if 10 ** (np.nanmin(tens) - self.power) > 0.98 * top else top

    @property
    def over(self) -> bool:
        """Whether something is darker than the darkest shade."""
        return bool(self.values.max() > 1.001 * self.top)

    def draw(self, axes: Any, at: NDArray[Any], good: NDArray[Any], signs: NDArray[Any], torn: NDArray[Any]) -> Any:
        """The field at points (n, m, 2), as one sheet for each sign of det J: where they overlap, the smaller one lies on top.

        Cells (n − 1, m − 1) that are `torn` have no image.
        """
        from matplotlib.tri import Triangulation

        number = np.arange(good.size).reshape(good.shape)
        a, b, c, d = (part.ravel() for part in (number[:-1, :-1], number[:-1, 1:], number[1:, :-1], number[1:, 1:]))
        triangles = np.concatenate([np.stack([a, b, c], 1), np.stack([b, d, c], 1)])
        triangles = triangles[good.ravel()[triangles].all(1) & ~np.tile(torn.ravel(), 2)]
        if not len(triangles):  # points alone
            return axes.scatter(*at[good].T, c=self.values[good], s=4, cmap=shades(), vmin=0, vmax=self.top, zorder=0)
        turned = signs.ravel()[triangles].sum(1) < 0
        sheets = sorted([triangles[~turned], triangles[turned]], key=lambda sheet: -self.values.ravel()[sheet].sum())
        xs, ys = (np.where(good, at[..., k], at[..., k][good].mean()).ravel() for k in range(2))
        field = Triangulation(xs, ys, np.concatenate(sheets))
        return axes.tripcolor(field, self.values.ravel(), cmap=shades(), vmin=0, vmax=self.top, shading="gouraud", rasterized=True, zorder=0)


def torn(values: NDArray[Any], jacobians: NDArray[Any], points: NDArray[Any]) -> NDArray[Any]:
    """Between which of the points (…, n, 2), in order along the last axis but one, the image leaps the wrong way: across a pole."""
    with np.errstate(all="ignore"):
        moved, step = np.diff(values, axis=-2), np.diff(points, axis=-2)
        slopes = jacobians[..., :-1, :, :] + jacobians[..., 1:, :, :]
        expected = (slopes @ step[..., None])[..., 0]
        known = values.reshape(-1, 2)
        known = known[np.isfinite(known).all(1)]
        low, high = np.percentile(known, (4, 96), axis=0) if len(known) else np.zeros((2, 2))
        wrong: NDArray[Any] = ((moved * expected < 0) & (np.abs(moved) > 0.1 * (high - low))).any(-1)
    return wrong


def powers(points: NDArray[Any]) -> NDArray[Any]:
    """For each coordinate of the points (…, 2) the power of ten it is drawn in: 0 but where numbers are too large or small for axes."""
    flat = np.abs(points.reshape(-1, 2))
    found = np.zeros(2, int)
    for k in range(2):
        sizes = flat[:, k][np.isfinite(flat[:, k]) & (flat[:, k] > 0)]
        ten = np.log10(np.percentile(sizes, 96)) if sizes.size else 0
        found[k] = int(np.clip(np.floor(ten), -300, 300)) if abs(ten) > FAR else 0
    return found


def label(axes: Any, names: tuple[str, str], power: NDArray[Any]) -> None:
    """Names at both axes, set as in formulas."""
    said = [_set(name) + (rf"$\,/\,10^{{{p}}}$" if p else "") for name, p in zip(names, power, strict=True)]
    axes.set_xlabel(said[0], labelpad=2)
    if len(unicode_name(names[1])) > LONG or power[1]:
        axes.set_ylabel(said[1], labelpad=3)
    else:
        axes.set_ylabel(said[1], rotation=0, labelpad=4, ha="right", va="center")


def _set(name: str) -> str:
    return typeset(unicode_name(name)) if name.isidentifier() else name


def fit(axes: Any, slot: tuple[float, float, float, float]) -> None:
    """Put axes with their labels and ticks into a part of the figure (left, bottom, right, top), and thin out ticks that meet."""
    figure = axes.figure
    renderer = figure.canvas.get_renderer()
    width, height = figure.bbox.width, figure.bbox.height
    left, bottom, right, top = slot
    for count in (5, 5, 4, 3, 2):
        axes.locator_params(nbins=count)
        axes.set_position((left, bottom, right - left, top - bottom))
        for _ in range(2):
            axes.apply_aspect()
            whole, inner = axes.get_tightbbox(renderer), axes.get_window_extent(renderer)
            before, under = (inner.x0 - whole.x0) / width, (inner.y0 - whole.y0) / height
            after, over = (whole.x1 - inner.x1) / width, (whole.y1 - inner.y1) / height
            axes.set_position((left + before, bottom + under, right - after - left - before, top - over - bottom - under))
        if not _meet(axes, renderer):
            return


def _meet(axes: Any, renderer: Any) -> bool:
    """Whether the numbers along an axis stand in each other's way."""
    axes.apply_aspect()
    for axis, k, gap in ((axes.xaxis, 0, 4), (axes.yaxis, 1, 0)):
        boxes = [tick.label1.get_window_extent(renderer).get_points()[:, k] for tick in axis.get_major_ticks() if tick.label1.get_text()]
        low, high = axes.bbox.get_points()[:, k]
        shown = sorted((a, b) for a, b in boxes if low - 1 <= (a + b) / 2 <= high + 1)
        if any(after - before < gap for (_, before), (after, _) in pairwise(shown)):
            return True
    return False


def within(axes: Any, after: NDArray[Any]) -> None:
    """Limits of the image that a few huge values do not set, and one scale for both axes where that leaves something to see."""
    for k, limit in ((0, axes.set_xlim), (1, axes.set_ylim)):
        seen = after[..., k][np.isfinite(after[..., k])]
        low, high = (float(v) for v in np.percentile(seen, (4, 96)))
        whole = float(seen.max() - seen.min())
        if whole > 5 * (high - low) > 0:
            limit(low - 0.05 * (high - low), high + 0.05 * (high - low))
        elif whole > 0:
            limit(seen.min() - 0.02 * whole, seen.max() + 0.02 * whole)
        else:
            limit(low - 0.5, low + 0.5) if abs(low) < 1e3 else limit(low - abs(low) / 2, low + abs(low) / 2)
    wide, high = np.ptp(axes.get_xlim()), np.ptp(axes.get_ylim())
    if max(wide, high) < 6 * min(wide, high):  # else one scale for both axes would leave nothing to see
        axes.set_aspect("equal", adjustable="box")


def cell(axes: Any, corners: NDArray[Any] | None, point: NDArray[Any], color: str) -> None:
    """A cell of the grid, or the parallelogram that the linear map makes of it, and the point."""
    if corners is not None:
        axes.fill(*corners.T, facecolor=color, alpha=0.95, edgecolor="none", zorder=4)
        axes.plot(*np.vstack([corners, corners[:1]]).T, color=INK, linewidth=1.4, zorder=5)
    axes.plot(*point, marker="o", color=INK, markersize=4, zorder=6)


def words(axes: Any, text: str, place: NDArray[Any], color: str) -> None:
    """Text on the picture, on a pale ground."""
    shown = {"facecolor": "white", "edgecolor": "none", "pad": 1.2, "alpha": 0.9}
    axes.text(*place, text, color=color, ha="center", va="center", size=11, zorder=7, bbox=shown)
