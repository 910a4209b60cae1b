"""Differentials: what a small change dX of the variable makes, df = tr(G dX), from which the derivative G is read off.

Source: Magnus & Neudecker, Matrix Differential Calculus, chapter 9: take d, apply the product rule, move dX last under the trace.
"""

from __future__ import annotations

from wrt.graph.node import Node, variable
from wrt.graph.term import Factor
from wrt.linear.linear_map import LinearMap
from wrt.notation.build import product, split
from wrt.notation.expression import Expr, Product, Trace
from wrt.notation.matrix import Matrices


def change_of(argument: Node) -> Node:
    """dX for X."""
    return variable(f"d{argument.attrs[0]}", argument.shape, argument.dtype)  # type: ignore[index]


def differential(m: LinearMap, matrices: Matrices, change: Node) -> Expr | None:
    """The map applied to a change of its variable: −X dW, 2 tr(Eᵀ dE); None where matrices cannot say it."""
    rows = len(m.shape_out)
    terms = [t._replace(out=t.out[:rows], factors=(*t.factors, Factor(change, t.out[rows:]))) for t in m.terms]
    return matrices.sum_of(m.shape_out, terms)


def under_trace(gradient: Expr, change: Expr) -> Expr:
    """tr(G dX), the number in front."""
    number, core = split(gradient)
    scalars: tuple[Expr, ...] = ()
    if isinstance(core, Product) and core.matrices:
        scalars, core = core.scalars, Product(1, (), core.matrices)
    matrices = (*core.matrices, change) if isinstance(core, Product) and core.matrices else (core, change)
    return product((*scalars, Trace(Product(1, (), matrices))), number)
