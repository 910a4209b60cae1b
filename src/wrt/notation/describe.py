"""A function in one line: what a node computes, in matrix notation, or entry by entry where that cannot say it."""

from __future__ import annotations

from collections.abc import Mapping

from wrt.graph.node import Node, Shape
from wrt.graph.size import Size
from wrt.notation import index_form
from wrt.notation.matrix import Matrices
from wrt.notation.symbol import superscript, unicode_name
from wrt.notation.text import Style, text


def describe(node: Node, names: Mapping[Node, str] | None = None, style: Style = "unicode") -> str:
    """The function as text: ‖y − Φθ‖², or f_i = x_{i+1} − x_i where matrices cannot say it.

    Parameters
    ----------
    names
        What to call nodes that are not variables.
    """
    matrices = Matrices(names, factor=False)
    e = matrices.of(node)
    if e is not None:
        return text(e, style)
    form = index_form.of_node(node, matrices)
    return form.text(style) if form is not None else f"a function of {', '.join(sorted(str(v.attrs[0]) for v in node.variables))}"  # type: ignore[index]


def times(shape: Shape) -> str:
    """N×D; a size that is a product of letters without signs between them: KM×DN."""
    return "×".join(map(_size, shape)) if shape else "a scalar"


def _size(size: Size) -> str:
    shown = str(size)
    names = shown.split("*")
    if len(names) < 2 or not all(map(_plain, names)):
        return shown if _plain(shown) else f"({shown})"
    if all(len(name) == 1 or name.isdigit() for name in names):
        return "".join(name + (superscript(count) if count > 1 else "") for name in dict.fromkeys(names) for count in [names.count(name)])
    return "·".join(names)


def _plain(name: str) -> bool:
    """Whether a size stands without brackets: a number or a name, n_obs among them."""
    return name.isidentifier() or name.isdigit()


def shapes_said(nodes: Mapping[str, Shape], style: Style = "unicode") -> str:
    """Names and shapes in a row, y: N   Φ: N×D   θ: D."""
    cross = "×" if style == "unicode" else " x "
    return "   ".join(f"{unicode_name(n) if style == 'unicode' else n}: {times(s).replace('×', cross)}" for n, s in nodes.items())


def space(shape: Shape, style: Style = "unicode") -> str:
    """∈ R^{1×N}; nothing for a scalar."""
    if not shape:
        return "∈ R" if style == "unicode" else "in R"
    size = times(shape)
    return f"∈ R^{{{size}}}" if style == "unicode" else f"in R^({size.replace('×', ' x ')})"
