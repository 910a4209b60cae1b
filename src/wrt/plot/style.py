"""The one style of all pictures: colours that colour-blind readers and black-and-white printers tell apart, type, and lines.

Colours are Okabe and Ito's. No meaning hangs on colour alone: lines that must be told apart differ in dashes too, and areas in
lightness. What is drawn is labelled where it stands; there are no legends, no boxes around axes and no grids behind curves.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

import numpy as np

from wrt.errors import Unsupported

if TYPE_CHECKING:
    from wrt.plot.picture import Picture

P = ParamSpec("P")

INK, MUTED, FAINT, PAPER = "#1f1f1f", "#666666", "#d4d4d4", "#ffffff"
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = "#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7"
PALE_BLUE, PALE_ORANGE, PALE_GREEN = "#d9ebf5", "#fbe8c4", "#d5ece4"  # areas under text
QUIET = "#f0f0f0"  # and what is not the subject

WIDTH = 6.4  # inches: the text width of a page


class Stroke(NamedTuple):
    """How one curve is drawn: its colour, and the dashes and marker that tell it apart without colour."""

    color: str
    linestyle: Any
    marker: str


STROKES = (
    Stroke(BLUE, "-", "o"),
    Stroke(VERMILION, (0, (5, 2)), "s"),
    Stroke(GREEN, (0, (1, 1.5)), "^"),
    Stroke(INK, (0, (6, 2, 1, 2)), "D"),
)
"""For the first, second, … curve of a picture."""

_RULES: dict[str, Any] = {
    "font.family": ["STIXGeneral", "DejaVu Sans"],  # both come with matplotlib, so that pictures are the same everywhere
    "mathtext.fontset": "stix",
    "font.size": 11,
    "axes.labelsize": 11,
    "axes.titlesize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.linewidth": 0.7,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": True,
    "lines.linewidth": 1.6,
    "lines.markersize": 4,
    "patch.linewidth": 0.9,
    "hatch.linewidth": 0.6,
    "figure.facecolor": PAPER,
    "axes.facecolor": "none",
    "savefig.facecolor": PAPER,
    "svg.hashsalt": "wrt",  # equal pictures are equal files
    "svg.fonttype": "path",
}


def rules() -> Any:
    """The style as a context: everything is drawn, and saved, inside it."""
    try:
        from matplotlib import rc_context
    except ModuleNotFoundError as why:
        raise Unsupported("Pictures need matplotlib, which is not installed.", advice="Install it with:  pip install 'wrt[plot]'") from why
    return rc_context(_RULES)


def styled(draw: Callable[P, Picture]) -> Callable[P, Picture]:
    """The function that draws a picture, in the style."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Picture:
        with rules():
            return draw(*args, **kwargs)

    return drawn


def shades() -> Any:
    """The colours of a field ≥ 0, from pale (small) to dark (large): lightness alone tells the order."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("wrt", ["#fbf8ef", "#cfe1ee", "#86b8da", "#3a84bd", "#0c4a80"])


def bare(axes: Any) -> None:
    """No spines and no ticks: a diagram, not a plot."""
    axes.set_axis_off()


def number(value: float, digits: int = 4) -> str:
    """A number for labels and texts: 3, −0.5, 1.234e−08."""
    text = f"{value:.{digits}g}"
    text = text.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
    return "0" if text == "-0" else text.replace("-", "−")


def interval(low: float, high: float, digits: int = 3) -> str:
    """low to high, with as many digits as tell the two apart."""
    size, width = max(abs(low), abs(high)), abs(high - low)
    more = int(np.ceil(np.log10(size / width))) + 2 if width > 0 else 0
    digits = min(max(digits, more), 17)
    return f"{number(low, digits)} to {number(high, digits)}"
