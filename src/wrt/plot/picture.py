"""A picture: a matplotlib figure that can say in words what it shows."""

from __future__ import annotations

import os
from html import escape
from io import StringIO
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from wrt.plot.file import checked, replacing
from wrt.plot.style import WIDTH, rules


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
        The numbers that it shows, by name: plain numbers and lists, as for JSON. They may be inf or nan; the command line writes those as
        "Infinity", "-Infinity" and null, which JSON has.

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

        A file that is there already is replaced when the new one is whole.

        Raises
        ------
        ArgumentError
            For a suffix of another kind, and for a folder that is not there.
        """
        file = checked(path)
        suffix = file.suffix.lower()
        about = {"Title": self.title, "Subject" if suffix == ".pdf" else "Description": self.alt}
        with replacing(file) as aside:
            if suffix == ".svg":
                aside.write_text(self.svg(), encoding="utf-8", newline="\n")
                return
            with rules():
                self.savefig(aside, format=suffix[1:], dpi=dpi, metadata={**about, "CreationDate": None} if suffix == ".pdf" else about)

    def svg(self) -> str:
        """The picture as SVG text. Screen readers find the text alternative in its `desc`."""
        written = StringIO()
        with rules():
            self.savefig(written, format="svg", dpi=200, metadata={"Title": self.title, "Description": self.alt, "Date": None})
        head, mark, rest = written.getvalue().partition(" <metadata>")
        return f"{head} <desc>{escape(self.alt, quote=False)}</desc>\n{mark}{rest}".replace("<svg ", '<svg role="img" ', 1)

    def _repr_svg_(self) -> str:
        return self.svg()
