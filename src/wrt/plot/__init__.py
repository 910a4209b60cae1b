"""Pictures of derivatives: their shapes, chains, maps and patterns.

Each function returns a `Picture`, a matplotlib figure with `.save(path)` and a text alternative, `.alt`. matplotlib is loaded when
the first picture is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wrt.plot.chain import chain
from wrt.plot.collate import collate
from wrt.plot.density import density
from wrt.plot.limits import limits
from wrt.plot.linear import linear
from wrt.plot.map import map
from wrt.plot.shapes import shapes
from wrt.plot.spy import braille, spy

if TYPE_CHECKING:
    from wrt.plot.picture import Picture

__all__ = ["Picture", "braille", "chain", "collate", "density", "limits", "linear", "map", "shapes", "spy"]


def __getattr__(name: str) -> Any:
    if name == "Picture":  # it is a subclass of matplotlib's
        from wrt.plot.picture import Picture

        return Picture
    raise AttributeError(f"module 'wrt.plot' has no attribute {name!r}")
