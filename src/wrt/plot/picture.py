"""A picture: a matplotlib figure that can say in words what it shows."""

from __future__ import annotations

import os
from html import escape
from io import StringIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wrt.errors import ArgumentError
from wrt.plot.style import WIDTH, rules

_SUFFIXES = ("svg", "png", "pdf")


class Picture(Figure):  # type: ignore[misc, unused-ignore]  # Any where matplotlib's types are not read
    """A matplotlib figure with a text alternative; what every function of `wrt.plot` returns.

    It is an ordinary figure: add to it, change it, show it in a notebook. It needs no display and leaves pyplot alone.

    Attributes
    ----------
    title
        What the picture is, in a few words.
    alt
        The text alternative: what the picture shows, with its numbers, for those who do not see it. (`Figure.text` is matplotlib's.)
    numbers
        The numbers that it shows, by name: plain numbers and lists, as for JSON.

    Examples
    --------
    >>> import wrt.plot
    >>> picture = wrt.plot.linear([[-2, 1], [1, 1]])
    >>> "−3" in picture.alt
    True
    """

    def __init__(self, width: float = WIDTH, height: float = 4.0, *, title: str = "", alt: str = "", **options: Any) -> None:
        super().__init__(figsize=(width, height), **options)
        FigureCanvasAgg(self)
        self.title, self.alt = title, alt
        self.numbers: dict[str, Any] = {}

    def save(self, path: str | os.PathLike[str], *, dpi: float = 200) -> None:
        """Write an SVG, PNG or PDF file, by the suffix of its name; title and text alternative go into the file.

        Raises
        ------
        ArgumentError
            For a suffix of another kind.
        """
        name = os.fspath(path)
        suffix = os.path.splitext(name)[1].lower().removeprefix(".")
        if suffix not in _SUFFIXES:
            raise ArgumentError(f"A picture cannot be saved as {name!r}.", advice="End the name with .svg, .png or .pdf.")
        if suffix == "svg":
            text = self.svg()
            with open(name, "w", encoding="utf-8") as file:
                file.write(text)
            return
        about = {"Title": self.title, "Subject" if suffix == "pdf" else "Description": self.alt}
        with rules():
            self.savefig(name, format=suffix, dpi=dpi, metadata={**about, "CreationDate": None} if suffix == "pdf" else about)

    def svg(self) -> str:
        """The picture as SVG text. Screen readers find the text alternative in its `desc`."""
        written = StringIO()
        with rules():
            self.savefig(written, format="svg", dpi=200, metadata={"Title": self.title, "Description": self.alt, "Date": None})
        head, mark, rest = written.getvalue().partition(" <metadata>")
        return f"{head} <desc>{escape(self.alt, quote=False)}</desc>\n{mark}{rest}".replace("<svg ", '<svg role="img" ', 1)

    def _repr_svg_(self) -> str:
        return self.svg()
