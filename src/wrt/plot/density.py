"""A density before and after a change of variables: equal probability over stretched or squeezed ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.plot.style import BLUE, INK, MUTED, ORANGE, PALE_BLUE, PALE_ORANGE, PAPER, VERMILION, interval, number, shades, styled

if TYPE_CHECKING:
    from wrt.plot.picture import Picture

SAMPLES = 20_000  # what the window is read from
STRIPS = ((0.15, 0.30, PALE_BLUE, BLUE, ""), (0.70, 0.85, PALE_ORANGE, ORANGE, "////"))  # quantiles of Y, and how their strip is drawn
POWERS = (-3, 4)  # numbers at the axes beyond these powers of ten share a factor
LISTED = 4  # branches named in words
LINES, FINE = 9, 8  # lines of the grid in the plane, and steps between two of them


@styled
def density(Y: Any, *, names: tuple[str, str] | None = None) -> Picture:
    """The densities of X and of Y = f(X), with the map between them.

    In one dimension the density of X lies under the graph of f and that of Y beside it; strips of equal probability are shaded in both,
    and at one y the sum of p_X(x)/|f'(x)| is written out. In two, a grid on the density of X is followed to its image, where each cell
    keeps its probability and changes its area by |det J|.

    Parameters
    ----------
    Y
        What `wrt.probability.transform` returned, over numbers or over points in the plane. Of composed transforms the last map is drawn.
    names
        What the two variables are called; without it x and y, but as a map of numbers in text calls its own: "log(z)" takes z to y.

    Examples
    --------
    >>> from scipy import stats
    >>> import numpy as np, wrt.plot
    >>> from wrt.probability import transform
    >>> picture = wrt.plot.density(transform(stats.norm(), np.exp))
    >>> print(picture.alt.splitlines()[1])
    Marked: y = 1.96 from x = 0.6729 (density 0.3181, |f'(x)| = 1.96); its density is 0.3181/1.96 = 0.1623.
    """
    missing = [name for name in ("base", "pdf", "map", "inverses", "support") if not hasattr(Y, name)]
    if missing:
        raise ArgumentError(f"Expected what wrt.probability.transform returns, got {type(Y).__name__}.")
    shape = tuple(Y.base.shape)
    if shape not in {(), (2,)}:
        raise ArgumentError(
            f"Y is over points of shape {shape}; densities over numbers and over the plane can be drawn.",
            advice="Draw a marginal: transform the coordinates that matter.",
        )
    names = names or _called(Y)
    sample = np.asarray(Y.base.rvs(SAMPLES, np.random.default_rng(0)), float)
    return _line(Y, sample, names) if not shape else _plane(Y, sample, names)


def _called(Y: Any) -> tuple[str, str]:
    own = tuple(getattr(Y.map.function, "variables", ()))
    first = str(own[0]) if len(own) == 1 and not Y.base.shape else "x"
    return first, "y" if first != "y" else "z"


# ----- one dimension ------------------------------------------------------------------------------------------------------
def _line(Y: Any, sample: Any, names: tuple[str, str]) -> Picture:
    from wrt.plot.picture import Picture

    images = Y.map.values(sample)
    x, ends = _window(sample, Y.base.low, Y.base.high, 0.002)
    low, high = Y.support()
    y, limits = _window(images, low, high, 0.004)
    p, q = np.exp(Y.base.logpdf(x)), np.asarray(Y.pdf(y), float)
    f = Y.map.values(x)

    picture = Picture(width=6.0, height=5.2, layout="constrained")
    grid = picture.add_gridspec(2, 2, width_ratios=[1, 1.9], height_ratios=[1.9, 1], wspace=0.02, hspace=0.02)
    graph = picture.add_subplot(grid[0, 1])
    left = picture.add_subplot(grid[0, 0], sharey=graph)
    below = picture.add_subplot(grid[1, 1], sharex=graph)
    _bound(below, p, "y")
    _bound(left, q, "x")
    left.invert_xaxis()
    graph.set_xlim(*ends)
    graph.set_ylim(*limits)

    strips = []
    for a, b, face, edge, hatch in STRIPS:
        bottom, top = np.quantile(images, [a, b])
        inside = (f >= bottom) & (f <= top)
        style: dict[str, Any] = {"facecolor": face, "edgecolor": edge, "linewidth": 0.0, "hatch": hatch}
        below.fill_between(x, 0, p, where=inside, **style)
        rows = np.linspace(bottom, top, 60)
        left.fill_betweenx(rows, 0, np.asarray(Y.pdf(rows), float), **style)
        graph.fill_between(x, y[0], np.clip(f, bottom, top), where=inside, facecolor=face, edgecolor="none", linewidth=0, alpha=0.6)
        for start, end in _runs(inside):
            graph.fill_betweenx([bottom, top], x[0], [x[start], x[end]] if f[start] < f[end] else [x[end], x[start]], facecolor=face, linewidth=0, alpha=0.35)
        strips.append((bottom, top, b - a))
    below.plot(x, p, color=BLUE)
    left.plot(q, y, color=VERMILION, linestyle="-")
    for piece in Y.pieces:
        inside = (x > piece.xs[0]) & (x < piece.xs[-1])
        at, values = (np.concatenate([a[:1], b[inside], a[-1:]]) for a, b in ((piece.xs, x), (piece.fs, f)))
        shown = (at >= ends[0]) & (at <= ends[1])
        graph.plot(at[shown], np.clip(values[shown], 2 * limits[0] - limits[1], 2 * limits[1] - limits[0]), color=INK)

    X, Yn = names
    graph.tick_params(labelbottom=False, labelleft=False)
    below.ticklabel_format(axis="x", scilimits=POWERS)
    left.ticklabel_format(axis="y", scilimits=POWERS)
    graph.yaxis.get_offset_text().set_visible(False)
    graph.xaxis.get_offset_text().set_visible(False)
    below.locator_params(axis="x", nbins=6)
    left.locator_params(axis="y", nbins=6)
    below.set_xlabel(f"${X}$")
    left.set_ylabel(f"${Yn}$")
    for axes, side in ((below, "left"), (left, "bottom"), (graph, None)):
        if side:
            axes.spines[side].set_visible(False)
    below.set_yticks([])
    left.set_xticks([])
    left.spines["right"].set_visible(True)
    left.spines["left"].set_visible(False)
    left.yaxis.tick_left()
    graph.set_title(f"${Yn} = f({X})$", loc="left")
    below.set_title(f"density of ${X.upper()}$", loc="right", color=BLUE, pad=3)
    left.set_title(f"density of ${Yn.upper()}$", loc="left", color=VERMILION)
    mark = _mark(Y, images)
    corner = picture.add_subplot(grid[1, 0])
    corner.set_axis_off()
    share = STRIPS[0][1] - STRIPS[0][0]
    note = f"equal shading, equal\nprobability: {number(share)}"
    said = [f"The graph of {Yn} = f({X}), with the density of {X.upper()} below it and the density of {Yn.upper()} at its left."]
    if mark is not None:
        for branch in mark["branches"]:
            _dot(below, branch["x"], branch["density_x"], BLUE)
            _dot(graph, branch["x"], mark["y"], INK)
        _dot(left, mark["density_y"], mark["y"], VERMILION)
        quotients = [f"{number(branch['density_x'])}/{number(branch['abs_det'])}" for branch in mark["branches"]]
        total = " + ".join(quotients) + f" = {number(mark['density_y'])}"
        written = "\n+ ".join(quotients) + f"\n= {number(mark['density_y'])}" if len(total) > 24 else total
        note += f"\n\nat ${Yn} = {mark['y']:g}$ (dots):\n" + (written if len(quotients) <= 3 else f"{len(quotients)} branches give {number(mark['density_y'])}")
        listed = sorted(mark["branches"], key=lambda branch: -branch["density_x"] / branch["abs_det"])[:LISTED]
        sources = " and ".join(
            f"{X} = {number(branch['x'])} (density {number(branch['density_x'])}, |f'({X})| = {number(branch['abs_det'])})"
            for branch in sorted(listed, key=lambda branch: float(branch["x"]))
        )
        if len(quotients) > LISTED:
            sources += f" and {len(quotients) - LISTED} further x that give less"
            total = f"{number(mark['density_y'])}, the sum over {len(quotients)} branches"
        said.append(f"Marked: {Yn} = {number(mark['y'])} from {sources}; its density is {total}.")
    corner.text(0.5, 0.5, note, ha="center", va="center", transform=corner.transAxes, color=MUTED, fontsize=10)

    picture.title = f"The density of {Yn.upper()} = f({X.upper()})"
    for bottom, top, probability in strips:
        runs = _runs((f >= bottom) & (f <= top))
        where = " and ".join(interval(x[s], x[e]) for s, e in runs)
        said.append(f"Shaded: {Yn} from {interval(bottom, top)}, which is {X} from {where}; each with probability {number(probability)}.")
    pieces = getattr(Y, "pieces", ())
    if len(pieces) > 1:
        said.append(f"f has {len(pieces)} monotone pieces; the density of {Yn.upper()} is the sum over them.")
    picture.alt = "\n".join(said)
    picture.numbers = {"strips": [{"y": [float(a), float(b)], "probability": float(p)} for a, b, p in strips], "mark": mark}
    return picture


def _dot(axes: Any, x: float, y: float, color: str) -> None:
    """A dot, whole at the edge; none beyond it."""
    (a, b), (c, d) = axes.get_xlim(), axes.get_ylim()
    if min(a, b) <= x <= max(a, b) and c <= y <= d:
        axes.plot([x], [y], marker="o", markersize=5, color=color, clip_on=False, zorder=5)


def _mark(Y: Any, images: Any) -> dict[str, Any] | None:
    """A y that is usual and easily written, the x that go there, and the density as it comes about; None where it is not finite."""
    spread = float(np.subtract(*np.quantile(images, [0.75, 0.25])))
    upper = float(np.quantile(images, 0.75))
    digits = 1 - int(np.floor(np.log10(spread))) if spread > 0 else 0
    y = round(upper, digits)
    branches = []
    for found in Y.inverses(y):
        x = float(found)
        if np.isnan(x):
            continue
        before, slope = float(np.exp(Y.base.logpdf(np.array([x])))[0]), float(np.exp(Y.map.log_abs_det(np.array([x]))[0]))
        if before > 0:
            branches.append({"x": x, "density_x": before, "abs_det": slope})
    after = float(Y.pdf(y))
    if not branches or not np.isfinite(after) or not all(branch["abs_det"] > 0 for branch in branches):
        return None
    return {"y": y, "density_y": after, "branches": branches}


def _window(sample: Any, low: Any, high: Any, tail: float) -> tuple[Any, tuple[float, float]]:
    """Points over the part where nearly all of the sample lies, inside the support; and its ends."""
    a, b = np.quantile(sample, [tail, 1 - tail])
    middle, spread = np.quantile(sample, 0.5), np.subtract(*np.quantile(sample, [0.87, 0.13]))  # the strips lie between
    a, b = max(a, middle - 1.5 * spread), min(b, middle + 1.5 * spread)  # a heavy tail would squeeze the rest to nothing
    margin = 0.04 * (b - a)
    a, b = max(a - margin, float(low)), min(b + margin, float(high))
    if not b - a > 1e-10 * max(abs(a), abs(b)):
        fact = f"The values lie too close together to be drawn: from {a!r} to {b!r}."
        raise ArgumentError(fact, advice="Draw the distribution of what is left after a shift.")
    inset = 1e-4 * (b - a)  # a density may be infinite at the end of its support
    return np.linspace(a + inset, b - inset, 801), (float(a), float(b))


def _bound(axes: Any, values: Any, which: str) -> None:
    """Room for the density; a pole is cut."""
    top = float(np.nanmax(np.where(np.isfinite(values), values, np.nan)))
    usual = float(np.nanquantile(np.where(np.isfinite(values), values, np.nan), 0.95))
    (axes.set_ylim if which == "y" else axes.set_xlim)(0, 1.2 * min(top, 3 * usual))


def _runs(inside: Any) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    return [(int(a), int(b) - 1) for a, b in edges.reshape(-1, 2)]


# ----- two dimensions -----------------------------------------------------------------------------------------------------
def _plane(Y: Any, sample: Any, names: tuple[str, str]) -> Picture:
    from matplotlib.patheffects import withStroke

    from wrt.plot.picture import Picture

    n = (LINES - 1) * FINE + 1
    low, high = (np.broadcast_to(np.asarray(each, float), (2,)) for each in (Y.base.low, Y.base.high))
    ends = [_ends(sample[:, k], low[k], high[k]) for k in (0, 1)]
    first, second = np.meshgrid(*(np.linspace(a, b, n) for a, b in ends), indexing="ij")
    points = np.stack([first.ravel(), second.ravel()], 1)
    p = np.exp(np.asarray(Y.base.logpdf(points), float)).reshape(n, n)
    images = Y.map.values(points).reshape(n, n, 2)
    scaling = np.exp(Y.map.log_abs_det(points)).reshape(n, n)
    branched = Y.branches > 1
    q = np.asarray(Y.pdf(images.reshape(-1, 2)), float).reshape(n, n) if branched else p / scaling  # one to one: nothing needs solving

    picture = Picture(height=3.6)
    picture.set_layout_engine("constrained", h_pad=0.08)  # room above the titles, which squares push to the edge
    before, after = picture.subplots(1, 2)
    mesh = np.stack([first, second], 2)
    cells = {"A": (LINES // 2 * FINE, LINES // 2 * FINE), "B": ((LINES - 3) * FINE, 2 * FINE)}
    X, Yn = names
    for axes, at, values, name in ((before, mesh, p, X), (after, images, q, Yn)):
        finite = values[np.isfinite(values)]
        top = float(min(finite.max(), 1.5 * np.quantile(finite, 0.9)))
        axes.pcolormesh(at[..., 0], at[..., 1], np.clip(values, 0, top), cmap=shades(), shading="gouraud", vmin=0, vmax=2 * top, rasterized=True)
        for k in range(0, n, FINE):
            axes.plot(at[k, :, 0], at[k, :, 1], color=MUTED, linewidth=0.5)
            axes.plot(at[:, k, 0], at[:, k, 1], color=MUTED, linewidth=0.5)
        for letter, (i, j) in cells.items():
            edge = _rim(at[i : i + FINE + 1, j : j + FINE + 1])
            axes.plot(edge[:, 0], edge[:, 1], color=PAPER, linewidth=4)  # without colour, too, the outline stands off from any shade
            axes.plot(edge[:, 0], edge[:, 1], color=INK, linewidth=1.6)
            corner = edge[np.argmax(edge.sum(1))]
            axes.annotate(letter, corner, (4, 4), textcoords="offset points", path_effects=[withStroke(linewidth=2.5, foreground=PAPER)])
        axes.set_aspect("equal" if _square(at) else "auto")
        axes.set_xlabel(f"${name}_1$")
        axes.set_ylabel(f"${name}_2$")
        axes.set_title(f"density of ${name.upper()}$", loc="left")

    said = [
        f"A grid of {LINES} by {LINES} lines on the density of {X.upper()}, and its image on the density of {Yn.upper()}.",
        "Darker is denser; two cells are outlined.",
    ]
    points_of: list[dict[str, Any]] = []
    written = []
    rest = " + other branches" if branched else ""
    added = ", other branches added" if branched else ""
    for letter, (i, j) in cells.items():
        k, m = i + FINE // 2, j + FINE // 2
        said.append(
            f"{letter}, the cell around {X} = ({number(first[k, m], 3)}, {number(second[k, m], 3)}): density {number(p[k, m])}, "
            f"|det J| = {number(scaling[k, m])}; "
            f"at its image {Yn} = ({number(images[k, m, 0], 3)}, {number(images[k, m, 1], 3)}) the density is {number(q[k, m])}{added}."
        )
        written.append(f"{letter}:  {number(p[k, m])} / {number(scaling[k, m])}{rest} = {number(q[k, m])}")
        points_of.append({"x": points.reshape(n, n, 2)[k, m].tolist(), "density_x": float(p[k, m]), "abs_det": float(scaling[k, m])})
        points_of[-1] |= {"y": images[k, m].tolist(), "density_y": float(q[k, m])}
    lines = [f"density of ${X.upper()}$ / |det $J$|{rest} = density of ${Yn.upper()}$.", "   ".join(written)]
    picture.supxlabel(("\n" if branched else "   ").join(lines), fontsize=10, color=MUTED)
    said.append(f"|det J| on the grid lies between {number(float(scaling.min()), 3)} and {number(float(scaling.max()), 3)}.")
    picture.title, picture.alt = f"The density of {Yn.upper()} = f({X.upper()})", "\n".join(said)
    picture.numbers = {"points": points_of}
    return picture


def _ends(sample: Any, low: float, high: float) -> tuple[float, float]:
    a, b = np.quantile(sample, [0.01, 0.99])
    inset = 0.002 * (b - a)  # to the ends of a bounded support, but for what may be infinite there
    a, b = (float(end + side * inset) if abs(end - at) < 0.1 * (b - a) else float(at) for end, at, side in ((low, a, 1), (high, b, -1)))
    return a, b


def _rim(block: Any) -> Any:
    """The edge of a block of the mesh, once around."""
    return np.concatenate([block[:, 0], block[-1, 1:], block[-2::-1, -1], block[0, -2::-1]])


def _square(at: Any) -> bool:
    """Whether both axes are of one size, so that equal scales do not squeeze either."""
    widths = np.ptp(at.reshape(-1, 2), axis=0)
    return bool(0.4 < widths[0] / widths[1] < 2.5)
