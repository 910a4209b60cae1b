"""The derivative of a matrix by a vector, twice: collated from partial derivatives, and flattened to an ordinary Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.notation.layout import Order, chosen
from wrt.notation.symbol import unicode_name
from wrt.plot.source import derivative, kind
from wrt.plot.style import INK, MUTED, PAPER, QUIET, number, styled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wrt.api.derive import Derivative
    from wrt.plot.diagram import Diagram, Extent
    from wrt.plot.picture import Picture

_FACES = ("#d9ebf5", "#7fb4d6", "#f3cf8a", "#8ccbb5", "#f7f0dc", "#a5b6c9")  # ∂A/∂x₁, ∂A/∂x₂, …: neighbours differ in lightness
_MOST = 6  # rows, columns and partial derivatives: more cells cannot be read
_HIGH, _STEP = 0.29, 0.17  # inches: a cell, and the distance of sheets in a stack


@styled
def collate(
    expression: str | Callable[..., Any] | Derivative | None = None,
    wrt: str | int | None = None,
    *,
    shapes: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    order: Order = "C",
) -> Picture:
    """Two ways to the same k×l×n numbers: stack the partial derivatives, or flatten the matrix, differentiate and reshape.

    Parameters
    ----------
    expression
        Text, a NumPy function, or a `Derivative` of a matrix by a vector, its sizes numbers up to 6. Without it a 4×2 matrix by a vector of 3.
    wrt, shapes
        As for `wrt.derive`.
    values
        Finite numbers for all variables: the cells then hold the derivative's entries.
    order
        How the matrix is flattened: "C", row by row, or "F", column by column (vec).

    Raises
    ------
    ShapeError
        For anything but a matrix by a vector of such sizes.
    ArgumentError
        For values that are no finite numbers, or where the matrix or its derivative is not finite.

    Examples
    --------
    >>> import numpy as np, wrt.plot
    >>> picture = wrt.plot.collate("outer(x, x)", wrt="x", values={"x": np.array([1.0, 2.0])})
    >>> "∂A/∂x₁ = [[2, 2], [2, 0]]" in picture.alt
    True
    """
    chosen(order, Order, "order")
    if expression is None:
        if wrt is not None or shapes is not None or values is not None:
            raise ArgumentError("Which matrix is to be drawn? There is no expression.", advice="Give one, or leave wrt=, shapes= and values= out.")
        return _drawn(4, 2, 3, "x", None, order)
    given = {name: _finite(name, value) for name, value in (values or {}).items()}
    if given and shapes is None:
        shapes = {name: " ".join(map(str, value.shape)) for name, value in given.items()}
    d = derivative(expression, wrt, shapes)
    x = tuple(d.variables[d.wrt[-1]])
    f = tuple(d.shape[: len(d.shape) - len(x)])
    if (len(f), len(x)) != (2, 1):
        raise ShapeError(f"This picture is of a matrix by a vector; here {kind(f)} depends on {kind(x)}.", advice="wrt.plot.shapes draws the others.")
    k, l, n = (size if isinstance(size, int) else 0 for size in (*f, *x))
    if not (0 < k <= _MOST and 0 < l <= _MOST and 0 < n <= _MOST):
        fact = f"The cells of a {f[0]}×{f[1]} matrix by a vector of {x[0]} cannot be drawn."
        raise ShapeError(fact, advice=f"Give sizes from 1 to {_MOST} in shapes=, or values=.")
    numbers = None
    if values is not None:
        missing = set(d.variables) - set(given)
        if missing:
            raise ArgumentError(f"No value for {', '.join(sorted(missing))}.", advice="Give all variables in values=, or none.")
        with np.errstate(all="ignore"):  # what is not finite is said below
            value, numbers = (np.asarray(each(**given), float) for each in (d.lower_order(), d.collated))
        for what, found in (("matrix", value), ("derivative", numbers)):
            if not np.isfinite(found).all():
                at = np.argwhere(~np.isfinite(found))[0]
                fact = f"At these values the {what} is not finite: entry [{', '.join(map(str, at))}] is {found[tuple(at)]}."
                raise ArgumentError(fact, advice="Choose other values=.")
    return _drawn(k, l, n, unicode_name(d.wrt[-1]), numbers, order)


def _finite(name: str, value: Any) -> NDArray[Any]:
    """The value of a variable as an array of finite numbers."""
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unlike lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise ArgumentError(f"The value of {name} is {value!r}; expected finite real numbers.")
    return array.astype(float)


def _drawn(k: int, l: int, n: int, x: str, numbers: NDArray[Any] | None, order: Order) -> Picture:
    from wrt.plot.diagram import Diagram

    drawn = Diagram()
    names = np.array([[f"a_{i + 1}{j + 1}" for j in range(l)] for i in range(k)], dtype=object)
    flat = names.reshape(-1, order=order)
    shown = None if numbers is None else np.vectorize(lambda v: number(v, 3), otypes=[object])(numbers)
    wide = _HIGH * 1.25 if shown is None else max(_HIGH * 1.25, 0.14 + max(drawn.width_of(v, 10) for v in shown.ravel()))

    def sheet(left: float, low: float, rows: int, columns: int, face: Any, texts: Any = None, z: float = 2, width: float = wide) -> Extent:
        return _sheet(drawn, left, low, rows, columns, face, texts, z, width)

    high = k * _HIGH
    upper, lower = 0.45, -0.45 - 0.5 * k * l * _HIGH  # the partial derivatives' lower edge; the middle of the flattened matrix
    start = sheet(0.65, -high / 2 + (upper + high / 2 + lower) / 2, k, l, QUIET, names, width=_HIGH * 1.4)
    middle = start.middle[1]
    drawn.formula(start.middle[0], start.top + 0.08, f"A({x})", va="bottom", size=13)
    drawn.text(start.middle[0], start.bottom - 0.07, f"{k}×{l}", va="top", size=10, color=MUTED)
    drawn.formula(0.14, middle, x, size=13)
    drawn.arrow((0.28, middle), (0.58, middle))

    left = start.right + 1.15
    across, level = left, upper + high / 2
    for i in range(n):
        taken = sheet(across, upper, k, l, _FACES[i], None if shown is None else shown[:, :, i])
        drawn.formula(taken.middle[0], taken.top + 0.08, f"∂A/∂{x}_{i + 1}", va="bottom", size=12)
        across = taken.right + 0.24
    far = across - 0.24
    drawn.arrow((start.right + 0.12, middle + 0.12), (left - 0.12, level))
    drawn.text(left, upper + high + 0.42, f"collate: {n} partial derivative{'s, each' * (n > 1) or ','} {k}×{l}", ha="left", va="bottom", color=INK)

    tall = k * l * _HIGH
    drawn.arrow((start.right + 0.12, middle - 0.12), (left - 0.12, lower))
    column = sheet(left, lower - tall / 2, k * l, 1, QUIET, flat[:, None], width=_HIGH * 1.4)
    gap = 1.0
    at = column.right + gap
    drawn.arrow((column.right + 0.12, lower), (at - 0.12, lower))
    drawn.formula((column.right + at) / 2, lower + 0.16, f"∂/∂{x}")
    texts = None if shown is None else shown.reshape(k * l, n, order=order)
    matrix = sheet(at, lower - tall / 2, k * l, n, list(_FACES[:n]), texts)
    drawn.text(column.middle[0], column.bottom - 0.07, f"{k * l}", va="top", size=10, color=MUTED)
    drawn.text(matrix.middle[0], matrix.bottom - 0.07, f"{k * l}×{n}", va="top", size=10, color=MUTED)
    way = "row by row (C order)" if order == "C" else "column by column (F order, vec)"
    drawn.text(left, column.bottom - 0.34, f"flatten: {way}, an ordinary Jacobian, then reshape", ha="left", va="top", color=INK)

    right = max(far, matrix.right)
    at = right + 1.15
    low = middle - high / 2 - (n - 1) * _STEP / 2
    for i in reversed(range(n)):
        sheet(at + i * _STEP, low + i * _STEP, k, l, _FACES[i], None if shown is None or i else shown[:, :, 0], z=2 - i / 10)
    top = low + high + (n - 1) * _STEP
    whole = at + l * wide + (n - 1) * _STEP
    drawn.arrow((far + 0.12, level), (at - 0.12, middle + 0.15))
    drawn.arrow((matrix.right + 0.12, lower), (at - 0.12, middle - 0.15))
    drawn.formula((at + whole) / 2, top + 0.08, f"dA/d{x}", va="bottom", size=13)
    drawn.text((at + whole) / 2, low - 0.07, f"{k}×{l}×{n}", va="top", size=10, color=MUTED)

    said = (
        f"The derivative of a {k}×{l} matrix A by {x}, a vector of {n}, in two ways. "
        f"Collating: {f'the {n} partial derivatives ∂A/∂{x}_i, each {k}×{l}, are' if n > 1 else f'the one partial derivative ∂A/∂{x}₁, {k}×{l}, is'} "
        f"stacked to {k}×{l}×{n}. "
        f"Flattening: A is written {way} as {k * l} number{'s' * (k * l > 1)}, its Jacobian is {k * l}×{n}, reshaped to {k}×{l}×{n}. "
        f"Both hold the same {f'{k * l * n} numbers' if k * l * n > 1 else 'number'}."
    )
    if shown is not None:
        parts = [f"∂A/∂{unicode_name(f'{x}{i + 1}')} = [" + ", ".join("[" + ", ".join(row) + "]" for row in shown[:, :, i]) + "]" for i in range(n)]
        said += " " + "; ".join(parts) + "."
    picture = drawn.finish("Collating and flattening", said)
    picture.numbers = {"matrix": [k, l], "variable": [n], "order": order, "collated": [k, l, n], "flattened": [k * l, n]}
    if numbers is not None:
        picture.numbers["derivative"] = numbers.tolist()
    return picture


def _sheet(drawn: Diagram, left: float, low: float, rows: int, columns: int, face: Any, texts: Any, z: float, width: float) -> Extent:
    """A matrix of cells; a list of faces is one for each column."""
    from wrt.plot.diagram import Extent

    right, top = left + columns * width, low + rows * _HIGH
    drawn.rectangle(left, low, right - left, top - low, face=PAPER if isinstance(face, list) else face, order=z)
    if isinstance(face, list):
        for j, tint in enumerate(face):
            drawn.rectangle(left + j * width, low, width, top - low, face=tint, order=z)
    for i in range(1, rows):
        drawn.line([(left, low + i * _HIGH), (right, low + i * _HIGH)], color=MUTED, width=0.4, order=z + 0.01)
    for j in range(1, columns):
        drawn.line([(left + j * width, low), (left + j * width, top)], color=MUTED, width=0.4, order=z + 0.01)
    if texts is not None:
        for i in range(rows):
            for j in range(columns):
                drawn.formula(left + (j + 0.5) * width, top - (i + 0.5) * _HIGH, texts[i][j], size=10)
    return Extent(left, low, right, top)
