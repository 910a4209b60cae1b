"""Derivatives with three and more axes, said in three ways: entry by entry, flattened to a Kronecker product, and one slice written out."""

from __future__ import annotations

from collections.abc import Sequence

from wrt.graph.index import fixed
from wrt.graph.node import Shape
from wrt.graph.size import NeedsSizes, Size
from wrt.graph.term import Term, canonical, moved
from wrt.graph.unify import unify
from wrt.linear.linear_map import LinearMap
from wrt.notation.expression import Entry, Expr, Symbol
from wrt.notation.index_form import of_map
from wrt.notation.kronecker import flattened
from wrt.notation.layout import Order, flattening
from wrt.notation.matrix import Matrices
from wrt.notation.operation import FORMS
from wrt.notation.text import Style, text


def at_position(m: LinearMap, position: Sequence[Size]) -> tuple[Shape, tuple[Term, ...]]:
    """The derivative by one entry of the variable, counted from 0: its shape is that of the function."""
    rows = len(m.shape_out)
    terms: list[Term] = []
    for term in m.terms:
        sizes = list(term.sizes)
        by = unify(zip(term.out[rows:], map(fixed, position), m.shape_in, strict=True), sizes)
        if by is not None:
            terms.append(canonical(moved(term._replace(out=term.out[:rows]), by, sizes)))
    return m.shape_out, tuple(terms)


def slice_of(m: LinearMap, matrices: Matrices, position: Sequence[Size]) -> Expr | None:
    """The same as an expression, where matrices can say it."""
    try:
        shape, terms = at_position(m, position)
        return matrices.sum_of(shape, terms)
    except NeedsSizes:
        return None


def tensor_lines(m: LinearMap, matrices: Matrices, output: str = "f", variable: str = "x", style: Style = "unicode") -> tuple[str, ...]:
    """The entries, both flattened forms with their order of vec, and ∂f/∂x for the first entry of the variable.

    One-axis variables and functions of at most two axes in all have nothing to flatten: then there are only the entries.
    """
    index = of_map(m, matrices, output, variable)
    lines = [] if index is None else [index.text(style)]
    d = "∂" if style == "unicode" else "d"
    forms: dict[Order, Expr | None] = {order: flattened(m, matrices, order) for order in ("C", "F")} if len(m.shape) > 2 else {}
    for order, e in forms.items():
        if e is not None:
            lines.append(f"{d}vec({_called(output, style)})/{d}vec({_called(variable, style)})ᵀ = {text(e, style)}   (vec in {flattening(order)})")
    if len(m.shape) > 2 and m.shape_in:
        e = slice_of(m, matrices, (0,) * len(m.shape_in))
        if e is not None:
            at = text(Entry(Symbol(variable, FORMS[min(len(m.shape_in), 3)]), (0,) * len(m.shape_in)), style)
            lines.append(f"{d}{_called(output, style)}/{d}{at} = {text(e, style)}   (one slice)")
    return tuple(lines)


def _called(name: str, style: Style) -> str:
    return text(Symbol(name), style)
