"""Diagrams of boxes and arrows: coordinates are inches, and the page grows to hold what was drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from math import log2
from typing import Any, NamedTuple

from wrt.graph.size import Size
from wrt.plot.picture import Picture
from wrt.plot.source import typeset
from wrt.plot.style import BLUE, INK, MUTED, PALE_BLUE, PAPER, bare

ONE, SHORTEST, LONGEST = 0.24, 0.42, 1.35  # inches: the side for size 1, and the range for others
_SYMBOLS = (1.2, 0.72, 0.96, 0.54, 1.32, 0.84, 0.62, 1.08)  # sides of sizes that are letters, in order of appearance
_STEP = 0.11  # how far the layers of a stack are apart


class Extent(NamedTuple):
    """The rectangle that something takes, in inches."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2


class Scale:
    """How long sides are drawn: equal sizes equally long in the whole picture, larger numbers longer (in the logarithm)."""

    def __init__(self) -> None:
        self._symbols: dict[Size, float] = {}

    def __call__(self, size: Size) -> float:
        if size == 1:
            return ONE
        if isinstance(size, int):
            return min(LONGEST, SHORTEST + 0.16 * log2(max(size, 2) / 2))
        return self._symbols.setdefault(size, _SYMBOLS[len(self._symbols) % len(_SYMBOLS)])


class Diagram:
    """What is drawn so far; `finish` makes a picture of it."""

    def __init__(self, scale: Scale | None = None) -> None:
        self.picture = Picture(1, 1)
        self.axes: Any = self.picture.add_axes((0, 0, 1, 1))
        bare(self.axes)
        self.scale = scale or Scale()
        self._extents: list[Extent] = []

    # ----- marks --------------------------------------------------------------------------------------------------
    def text(
        self, x: float, y: float, text: str, *, size: float = 11, color: str = INK, ha: str = "center", va: str = "center",
        italic: bool = False, bold: bool = False, math: bool = False,
    ) -> Extent:  # fmt: skip
        """A line of text; `math` says that it has $mathtext$ in it."""
        made = self.axes.text(
            x, y, text, size=size, color=color, ha=ha, va="center_baseline" if va == "center" else va, zorder=5,
            parse_math=math, style="italic" if italic else "normal", weight="bold" if bold else "normal",
        )  # fmt: skip
        return self._take(self._measured(made))

    def trial(self, draw: Callable[[], Extent]) -> Extent:
        """The rectangle that something will take; nothing is drawn."""
        texts, patches, lines, extents = (list(had) for had in (self.axes.texts, self.axes.patches, self.axes.lines, self._extents))
        found = draw()
        for made, had in ((self.axes.texts, texts), (self.axes.patches, patches), (self.axes.lines, lines)):
            for each in [each for each in made if each not in had]:
                each.remove()
        self._extents = extents
        return found

    def formula(self, x: float, y: float, text: str, *, size: float = 12, color: str = INK, ha: str = "center", va: str = "center") -> Extent:
        """A formula of wrt, typeset; as plain text where mathtext cannot read it."""
        made = typeset(text)
        math = _readable(made)
        return self.text(x, y, made if math else text, size=size, color=color, ha=ha, va=va, math=math)

    def width_of(self, formula: str, size: float = 12) -> float:
        """How wide a formula will be."""
        extent = self.trial(lambda: self.formula(0, 0, formula, size=size))
        return extent.right - extent.left

    def room(self, shape: Sequence[Size], blue: Collection[int] = ()) -> Extent:
        """The rectangle of an array at (0, 0) with its size labels, which may reach far beyond its box."""
        return self.trial(lambda: self.array(0, 0, shape, blue=blue))

    def _measured(self, text: Any) -> Extent:
        """The rectangle of a text: its size comes from the font alone, its place from its anchor."""
        canvas: Any = self.picture.canvas
        box = text.get_window_extent(canvas.get_renderer())
        (x, y), dpi = text.get_position(), self.picture.dpi
        anchor = self.axes.transData.transform((x, y))
        left, bottom, right, top = ((edge - from_) / dpi for edge, from_ in zip(box.extents, (*anchor, *anchor), strict=True))
        return Extent(float(x + left), float(y + bottom), float(x + right), float(y + top))

    def _take(self, extent: Extent) -> Extent:
        self._extents.append(extent)
        return extent

    def rectangle(
        self, x: float, y: float, width: float, height: float, *, face: str = PALE_BLUE, edge: str = INK, order: float = 2, width_of_edge: float = 0.9
    ) -> Extent:
        from matplotlib.patches import Rectangle

        self.axes.add_patch(Rectangle((x, y), width, height, facecolor=face, edgecolor=edge, zorder=order, linewidth=width_of_edge))
        return self._take(Extent(x, y, x + width, y + height))

    def line(self, points: Sequence[tuple[float, float]], *, color: str = INK, width: float = 0.7, order: float = 3) -> None:
        across, up = zip(*points, strict=True)
        self.axes.plot(across, up, color=color, linewidth=width, zorder=order, solid_capstyle="butt")
        self._take(Extent(min(across), min(up), max(across), max(up)))

    def arrow(self, start: tuple[float, float], end: tuple[float, float], *, color: str = MUTED, width: float = 1.0) -> None:
        from matplotlib.patches import FancyArrowPatch

        head = "-|>,head_length=4,head_width=2"
        self.axes.add_patch(FancyArrowPatch(start, end, arrowstyle=head, color=color, linewidth=width, shrinkA=0, shrinkB=0, mutation_scale=1, zorder=1))

    # ----- arrays -------------------------------------------------------------------------------------------------
    def size_of(self, shape: Sequence[Size]) -> tuple[float, float]:
        """Width and height of an array's box, its size labels left out."""
        s = [self.scale(size) for size in shape]
        match len(s):
            case 0:
                return ONE, ONE
            case 1:
                return ONE, s[0]
            case 2:
                return s[1], s[0]
            case 3:
                return s[1] + 3 * _STEP, s[0] + 3 * _STEP
        return max(1.2, 2 * _inner(s[-1]) + 0.5), max(1.2, 2 * _inner(s[-2]) + 0.5)

    def array(
        self, x: float, y: float, shape: Sequence[Size], *, face: str = PALE_BLUE, edge: str = INK, blue: Collection[int] = (), strong: bool = False
    ) -> Extent:
        """A box (rows down, columns across, a third axis into the page) with its sizes at its sides; (x, y) is its lower left corner.

        A vector stands upright. The axes in `blue` are those of the variable: their sizes are written in blue.
        """
        width, height = self.size_of(shape)
        names = [str(size) for size in shape]

        def label(axis: int, x: float, y: float, ha: str = "center", va: str = "center", text: str = "") -> Extent:
            own = axis % len(shape) in blue  # bold, too: in grey print blue is not enough
            return self.text(x, y, text or names[axis], size=10, color=BLUE if own else INK, ha=ha, va=va, italic=not names[axis].isdecimal(), bold=own)

        if len(shape) <= 2:
            self.rectangle(x, y, width, height, face=face, edge=edge, width_of_edge=1.8 if strong else 0.9)
        elif len(shape) == 3:
            for layer in (3, 2, 1, 0):
                self.rectangle(x + layer * _STEP, y + layer * _STEP, width - 3 * _STEP, height - 3 * _STEP, face=face, edge=edge, order=2 - layer / 10)
        else:
            self._blocks(x, y, shape, face, edge)
        whole = [Extent(x, y, x + width, y + height)]
        if len(shape) == 3:
            right, top = x + width - 3 * _STEP, y + height - 3 * _STEP
            whole.append(label(0, x - 0.07, (y + top) / 2, ha="right"))
            whole.append(label(1, (x + right) / 2, y - 0.06, va="top"))
            whole.append(label(2, right + 1.5 * _STEP + 0.07, y + 1.5 * _STEP - 0.07, ha="left"))
        elif len(shape) in (1, 2):
            whole.append(label(0, x - 0.07, y + height / 2, ha="right"))
            if len(shape) == 2:
                whole.append(label(1, x + width / 2, y - 0.06, va="top"))
        elif len(shape) > 3:
            whole.append(label(0, x - 0.07, y + height / 2, ha="right", text=" × ".join(names[:-3])))
            whole.append(label(-3, x + width / 2, y - 0.06, va="top"))
            whole.append(label(-1, x + width / 2, y + height + 0.05, va="bottom", text=f"blocks {names[-2]} × {names[-1]}"))
        return _around(whole)

    def _blocks(self, x: float, y: float, shape: Sequence[Size], face: str, edge: str) -> None:
        """A matrix of matrices: four blocks in the corners, and dots for those between."""
        width, height = self.size_of(shape)
        self.rectangle(x, y, width, height, face=PAPER, edge=edge, order=1.5)
        b, a = _inner(self.scale(shape[-1])), _inner(self.scale(shape[-2]))
        gap = 0.08
        for left in (x + gap, x + width - gap - b):
            for low in (y + gap, y + height - gap - a):
                self.rectangle(left, low, b, a, face=face, edge=edge)
        side, rise = (gap + b / 2) / width, (gap + a / 2) / height
        for across, up in ((0.5, 0.5), (0.5, 1 - rise), (0.5, rise), (side, 0.5), (1 - side, 0.5)):
            upright = across != 0.5
            for step in (-0.055, 0, 0.055):
                dx, dy = (0, step) if upright else (step, -step if up == 0.5 else 0)
                self.axes.plot([x + across * width + dx], [y + up * height + dy], marker="o", markersize=1.6, color=MUTED, zorder=3)

    # ----- the page -----------------------------------------------------------------------------------------------
    def finish(self, title: str, alt: str, margin: float = 0.12) -> Picture:
        """The picture, as large as what was drawn."""
        whole = _around(self._extents)
        width, height = whole.right - whole.left + 2 * margin, whole.top - whole.bottom + 2 * margin
        self.picture.set_size_inches(width, height)
        self.axes.set_xlim(whole.left - margin, whole.right + margin)
        self.axes.set_ylim(whole.bottom - margin, whole.top + margin)
        self.picture.title, self.picture.alt = title, alt
        return self.picture


def derivative_axes(f: Sequence[Size], x: Sequence[Size]) -> tuple[tuple[Size, ...], tuple[int, ...]]:
    """The axes of ∂f/∂x in the order in which they are best drawn, and which of them are the variable's."""
    if len(f) == 1 and len(x) == 2:  # one p×q sheet for each entry of f
        return (*x, *f), (0, 1)
    if len(f) == 0 and len(x) == 1:
        return (1, *x), (1,)
    if len(f) == 1 and len(x) == 0:
        return (*f, 1), ()
    return (*f, *x), tuple(range(len(f), len(f) + len(x)))


def _readable(math: str) -> bool:
    from matplotlib.mathtext import MathTextParser

    try:
        MathTextParser("path").parse(math)
    except ValueError:
        return False
    return True


def _inner(side: float) -> float:
    """The side of a block within a matrix of matrices."""
    return 0.16 + 0.28 * (side - ONE) / (LONGEST - ONE)


def _around(extents: Sequence[Extent]) -> Extent:
    lefts, bottoms, rights, tops = zip(*extents, strict=True)
    return Extent(min(lefts), min(bottoms), max(rights), max(tops))
