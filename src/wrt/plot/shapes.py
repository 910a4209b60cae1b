"""What depends on what, and of which shape the derivative is: one derivative, or the table of them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from wrt.graph.node import Shape
from wrt.graph.size import symbol
from wrt.notation.layout import displayed_shape
from wrt.notation.symbol import unicode_name
from wrt.plot.source import derivative, kind, quotient, shortened, sized, sizes, stated
from wrt.plot.style import BLUE, INK, MUTED, PALE_BLUE, PALE_ORANGE, QUIET, styled

if TYPE_CHECKING:
    from wrt.api.derive import Derivative
    from wrt.plot.diagram import Diagram
    from wrt.plot.picture import Picture

_ARROW = 0.85  # inches: the least distance between an array and the next, for the arrow between them


@styled
def shapes(
    expression: str | Callable[..., Any] | Derivative | None = None, wrt: str | int | None = None, *, shapes: Mapping[str, Any] | None = None
) -> Picture:
    """The shape of a derivative: the inputs with their sizes, the output, and the derivative that follows.

    Parameters
    ----------
    expression
        Text, a NumPy function, or a `Derivative`. Without it the picture is the table of all derivatives of scalars, vectors and matrices
        by scalars, vectors and matrices.
    wrt
        The variable to differentiate by; its sizes are blue.
    shapes
        Shapes by name, as for `wrt.derive`.

    Examples
    --------
    >>> import wrt.plot
    >>> picture = wrt.plot.shapes("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"Phi": "N D"})
    >>> print(picture.alt)
    f = ‖y − Φθ‖² is a scalar. It depends on y (N), Φ (N×D) and θ (D). ∂f/∂θ is 1×D: −2 (y − Φθ)ᵀΦ (numerator layout).
    """
    return _table() if expression is None and wrt is None else _one(derivative(expression, wrt, shapes))  # type: ignore[arg-type]


def _one(d: Derivative) -> Picture:
    from wrt.plot.diagram import Diagram, derivative_axes

    variables = dict(d.variables)
    x = tuple(variables[d.wrt[-1]])
    f = tuple(d.shape[: len(d.shape) - len(x)])
    drawn = Diagram()

    # the inputs, one under the other, their right sides in line
    y, sources, left, right = 0.0, [], 0.0, 0.0
    for name, shape in variables.items():
        chosen = name in d.wrt
        width, height = drawn.size_of(tuple(shape))
        y -= height
        tint = tuple(range(len(shape))) if name == d.wrt[-1] else ()
        taken = drawn.array(-width, y, tuple(shape), face=PALE_BLUE if chosen else QUIET, edge=BLUE if chosen else MUTED, blue=tint, strong=chosen)
        sources.append((name, y + height / 2, chosen))
        left, right = min(left, taken.left), max(right, taken.right)
        y -= 0.42 if len(shape) > 1 else 0.26
    for name, height, chosen in sources:
        drawn.formula(left - 0.14, height, unicode_name(name), size=13, color=BLUE if chosen else INK, ha="right")
    middle = y / 2 + 0.15

    # the output
    width, height = drawn.size_of(f)
    at = max(1.35, right + _ARROW - drawn.room(f).left)
    taken = drawn.array(at, middle - height / 2, f, face=PALE_ORANGE)
    drawn.text(at, middle + height / 2 + 0.12, "f", size=13, italic=True, ha="left", va="bottom")
    apart = min(0.14, max(height, 0.4) / len(sources))
    for k, (_, start, chosen) in enumerate(sources):
        end = middle - (k - (len(sources) - 1) / 2) * apart
        drawn.arrow((right + 0.1, start), (taken.left - 0.1, end), color=BLUE if chosen else MUTED, width=1.8 if chosen else 1)

    # the derivative
    order, blue = derivative_axes(f, x)
    if len(order) <= 2:
        order = tuple(displayed_shape(f, x, d.layout))
        blue = _blue(f, x, order)
    width, height = drawn.size_of(order)
    start, step = taken.right + 0.2, f"∂/∂{unicode_name(d.wrt[-1])}"
    at = start + max(1.15, max(_ARROW - 0.1, drawn.width_of(step) + 0.3) - drawn.room(order, blue).left)
    box = drawn.array(at, middle - height / 2, order, blue=blue)
    drawn.arrow((start, middle), (box.left - 0.12, middle))
    drawn.formula((start + box.left - 0.12) / 2, middle + 0.17, step, color=BLUE)
    drawn.formula(at, box.top + 0.1, quotient(d), size=13, ha="left", va="bottom")
    low = min(box.bottom, y + 0.1, taken.bottom) - 0.16
    function, formula = shortened(d.function), shortened(d.formula)
    drawn.formula(left - 0.2, low, stated("f", function), ha="left", va="top")
    drawn.formula(left - 0.2, low - 0.29, stated(quotient(d), formula), ha="left", va="top")

    result = sized(displayed_shape(f, x, d.layout))
    given = [f"{unicode_name(name)} ({sized(s)})" for name, s in variables.items()]
    inputs = " and ".join([", ".join(given[:-1])] * (len(given) > 1) + given[-1:])
    alt = f"{stated('f', d.function)} is {kind(f)}. It depends on {inputs}. {quotient(d)} is {result}: {d.formula} ({d.layout} layout)."
    picture = drawn.finish(f"The shape of {quotient(d)}", alt)
    picture.numbers = {
        "function": d.function,
        "wrt": list(d.wrt),
        "formula": d.formula,
        "layout": d.layout,
        "output": sizes(f),
        "variables": {name: sizes(s) for name, s in variables.items()},
        "derivative": sizes(displayed_shape(f, x, d.layout)),
    }
    return picture


def _blue(f: Shape, x: Shape, displayed: Shape) -> tuple[int, ...]:
    """Which axes of a displayed matrix are the variable's."""
    if len(x) == 2 or (len(x) == 1 and not f and len(displayed) == 1):
        return tuple(range(len(displayed)))
    if len(x) == 1:
        return (1,) if displayed[-1] == x[0] and (not f or displayed[0] == f[0] or displayed[0] == 1) else (0,)
    return ()


def _table() -> Picture:
    from wrt.plot.diagram import Diagram, derivative_axes

    drawn = Diagram()
    for letter in "mnpqkl":
        drawn.scale(symbol(letter))
    rows = (("f", (), "scalar"), ("f", ("m",), "vector"), ("F", ("k", "l"), "matrix"))
    columns = (("x", (), "scalar"), ("x", ("n",), "vector"), ("X", ("p", "q"), "matrix"))
    cells = [[derivative_axes(tuple(map(symbol, out)), tuple(map(symbol, into))) for _, into, _ in columns] for _, out, _ in rows]
    boxes = [[drawn.size_of(order) for order, _ in row] for row in cells]
    left, gap, middles, right = -1.45, 0.62, [], 0.0
    for j in range(3):
        widest = max(row[j][0] for row in boxes)
        middles.append(right + widest / 2)
        right += widest + 2 * gap
    right -= 2 * gap - 0.3
    said, shown = [], []
    for (x, inputs, word), middle in zip(columns, middles, strict=True):
        drawn.text(middle, 0.84, word, color=MUTED)
        _head(drawn, middle, 0.54, x, inputs, BLUE)
    drawn.line([(left, 0.3), (right, 0.3)], width=0.9)
    y = 0.0
    for i, (f, outputs, word) in enumerate(rows):
        tallest = max(height for _, height in boxes[i]) + 0.26 * (i == 2)
        center = y - tallest / 2
        drawn.text(left, center + 0.14, word, color=MUTED, ha="left")
        _head(drawn, left, center - 0.14, f, outputs, INK, ha="left")
        for j, (x, inputs, _) in enumerate(columns):
            (order, blue), (width, height) = cells[i][j], boxes[i][j]
            drawn.array(middles[j] - width / 2, center - height / 2, order, blue=blue)
            shown.append({"output": list(outputs), "variable": list(inputs), "derivative": _axes(outputs, inputs)})
            said.append(f"{f} of {_words(outputs)} by {x} of {_words(inputs)}: {_result(outputs, inputs)}")
        y -= tallest + 0.5
    alt = "The shapes of ∂f/∂x, a box for each case, its sides as long as its axes. " + "; ".join(said) + "."
    picture = drawn.finish("Shapes of derivatives", alt)
    picture.numbers = {"shapes": shown}
    return picture


def _axes(outputs: tuple[str, ...], inputs: tuple[str, ...]) -> list[int | str]:
    """The axes of one case, output first: a row 1×n, a column m×1."""
    if len(outputs) + len(inputs) != 1:
        return [*outputs, *inputs]
    return [1, *inputs] if inputs else [*outputs, 1]


def _head(drawn: Diagram, x: float, y: float, name: str, shape: tuple[str, ...], color: str, ha: str = "center") -> None:
    sizes = r" \times ".join(shape)
    drawn.text(x, y, rf"${name} \in \mathbb{{R}}^{{{sizes}}}$", size=13, color=color, ha=ha, math=True)


def _words(shape: tuple[str, ...]) -> str:
    return "×".join(shape) or "one number"


def _result(outputs: tuple[str, ...], inputs: tuple[str, ...]) -> str:
    """The shape of the derivative in words: a row 1×n, a tensor (k×l)×n."""
    match len(outputs), len(inputs):
        case 0, 0:
            return "a scalar 1×1"
        case 0, 1:
            return f"a row 1×{inputs[0]}"
        case 1, 0:
            return f"a column {outputs[0]}×1"
        case (0, 2) | (2, 0):
            return f"a matrix of {_words(outputs or inputs)} entries"
        case 1, 1:
            return f"a matrix {outputs[0]}×{inputs[0]}"
    return f"a tensor {_grouped(outputs)}×{_grouped(inputs)}"


def _grouped(shape: tuple[str, ...]) -> str:
    return shape[0] if len(shape) == 1 else f"({'×'.join(shape)})"
