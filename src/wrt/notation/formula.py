"""A derivative as a formula: in matrix notation where that can say it, else entry by entry; flattened to Kronecker products on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from wrt.graph.node import Shape
from wrt.graph.size import Size
from wrt.linear.linear_map import LinearMap
from wrt.notation import index_form
from wrt.notation.build import transpose
from wrt.notation.expression import Expr
from wrt.notation.index_form import IndexForm
from wrt.notation.kronecker import flattened
from wrt.notation.latex import latex
from wrt.notation.layout import Layout, Order, View, check, convention, displayed_shape, flattened_shape, flattening, inputs_first
from wrt.notation.mathml import mathml, operator
from wrt.notation.matrix import Matrices
from wrt.notation.naming import Named, named
from wrt.notation.text import Style, text
from wrt.notation.value import value

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Formula:
    """What is printed, the shape that it has there, and in which convention.

    `expression` is in the layout asked for; `plain` is the same before it was turned: the collated array, or the flattened one.
    Both are None where only `index`, the entries, can be written.
    """

    expression: Expr | None
    plain: Expr | None
    index: IndexForm | None
    shape: Shape
    convention: str
    flat: Order | None = None
    tables: Named = ()

    @property
    def short(self) -> tuple[Expr | IndexForm | None, Named]:
        """What is printed, with names for its long repeated parts, and what these stand for."""
        if self.expression is not None:
            return named(self.expression)
        if self.index is None:
            return None, ()
        right, where = named(self.index.right, self.index.letters)
        return replace(self.index, right=right), (*where, *self.tables)

    def text(self, style: Style = "unicode") -> str:
        """The formula in one line; long repeated parts by a name: …, with e = y − Φθ."""
        shown, where = self.short
        if shown is None:
            return "no formula"
        said = shown.text(style) if isinstance(shown, IndexForm) else text(shown, style)
        return said + ", with " * bool(where) + ", ".join(f"{text(name, style)} = {text(e, style)}" for name, e in where)

    def latex(self) -> str:
        """The formula for LaTeX's math mode."""
        shown, where = self.short
        if shown is None:
            return r"\text{no formula}"
        said = shown.latex() if isinstance(shown, IndexForm) else latex(shown)
        return said + r",\quad \text{with } " * bool(where) + r",\; ".join(f"{latex(name)} = {latex(e)}" for name, e in where)

    def mathml(self) -> str:
        """The formula as a <math> element."""
        shown, where = self.short
        if shown is None:
            return "<math><mtext>no formula</mtext></math>"
        said = shown.mathml() if isinstance(shown, IndexForm) else mathml(shown)
        names = f"{operator(',')}<mtext> with </mtext>" * bool(where) + operator(",").join(mathml(name) + operator("=") + mathml(e) for name, e in where)
        return f'<math display="block"><mrow>{said}{names}</mrow></math>'

    def value(self, known: Mapping[str, Any], sizes: Mapping[str, Size] | None = None) -> NDArray[Any] | None:
        """The number behind what is printed: the collated array (flattened, if the formula is); None for entries only."""
        return None if self.plain is None else value(self.plain, known, sizes)


def formula(
    m: LinearMap,
    matrices: Matrices | None = None,
    output: str = "f",
    variable: str = "x",
    layout: Layout = "numerator",
    view: View = "tensor",
    order: Order = "C",
    inner: tuple[str, int] | None = None,
) -> Formula:
    """The formula of a Jacobian.

    Parameters
    ----------
    output, variable
        What f and x are called where entries are written, ∂f_i/∂x_j.
    inner
        For a second derivative (m is then the Jacobian of the gradient): name and number of axes of the first variable.
    view
        "tensor": up to two axes in matrix notation, more entry by entry; "matrix": three and four axes flattened in `order`.
    """
    check(layout, view, order)
    matrices = matrices or Matrices()
    f, x = m.shape_out, m.shape_in
    index = index_form.of_map(m, matrices, output, variable, inner)
    flat = view == "matrix" and max(len(f), len(x)) > 1
    if flat:
        plain = flattened(m, matrices, order)
        turned = plain is not None and inputs_first(len(f), len(x), layout)
        shown = transpose(plain) if plain is not None and turned else plain
        shape = flattened_shape(f, x, layout)
    else:
        plain = matrices.map(m)
        shown = None if plain is None else _oriented(plain, len(f), len(x), layout)
        shape = displayed_shape(f, x, layout)
    return Formula(shown, plain, index, shape, convention(layout, view, order, f, x), order if flat else None, () if index is None else index.said(matrices))


def _oriented(e: Expr, ndim_f: int, ndim_x: int, layout: Layout) -> Expr:
    """The collated derivative (a column where it has one axis, f along rows where it has two) as the layout prints it."""
    turned = inputs_first(ndim_f, ndim_x, layout)
    if ndim_f == 0 and ndim_x > 0:
        return e if turned else transpose(e)
    return transpose(e) if turned else e


def views(m: LinearMap, matrices: Matrices | None = None, output: str = "f", variable: str = "x") -> dict[str, Formula]:
    """The same derivative in every convention that differs: numerator and denominator layout, flattened in both orders."""
    found: dict[str, Formula] = {}
    for layout in ("numerator", "denominator"):
        one = formula(m, matrices, output, variable, layout)
        if one.expression is not None:
            found[f"{layout} layout"] = one
    if max(len(m.shape_out), len(m.shape_in)) > 1:
        for order in ("C", "F"):
            one = formula(m, matrices, output, variable, "numerator", "matrix", order)
            if one.expression is not None:
                found[f"flattened in {flattening(order)}"] = one
    return found
