"""Programs of second order: products with the Hessian, Jᵀ(Jv), JᵀJ and Jᵀf. What `Prepared` compiles for the verbs of these names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wrt.differentiate.accumulate import accumulate
from wrt.graph.arithmetic import add
from wrt.graph.node import Node, variable
from wrt.linear.algebra import apply_transposed, compose, transpose
from wrt.linear.linear_map import LinearMap, column, from_dense, identity, row
from wrt.linear.pattern import coefficients, static

if TYPE_CHECKING:
    from wrt.api.prepared import Prepared

Outputs = tuple[list[Node], dict[Node, str]]  # what a program returns, and its inputs beside the function's own
MAX_TERMS = 8  # JᵀJ of a map with more terms is taken from its array: their products would be as many as the square


# ----- products -------------------------------------------------------------------------------------------------------
def tangents(prepared: Prepared) -> dict[Node, Node]:
    """A stand-in for the direction of each variable."""
    return {v: variable(f"tangent of {prepared.inputs[v]}", v.shape, v.dtype) for v in prepared.variables}


def along(prepared: Prepared, node: Node, seeds: dict[Node, Node]) -> Node:
    """The derivative of the node along the tangents."""
    maps, _ = accumulate(node, {v: column(t) for v, t in seeds.items()}, identity(node.shape), "forward")
    first, *others = (maps[v].to_dense(node.dtype) for v in prepared.variables)
    for other in others:
        first = add(first, other)
    return first


def hessian_product(prepared: Prepared) -> Outputs:
    """The gradient's derivative along the tangents: forward over reverse, so that no second derivative is held."""
    seeds = tangents(prepared)
    found = [along(prepared, jacobian, seeds) for jacobian in prepared.dense]
    return [prepared.node, *found], _named(prepared, seeds)


def gauss_newton(prepared: Prepared) -> Outputs:
    """Jᵀ (J v): forward, then reverse."""
    seeds = tangents(prepared)
    maps, _ = accumulate(prepared.node, {v: identity(v.shape) for v in seeds}, row(along(prepared, prepared.node, seeds)), "reverse")
    return [prepared.node, *(maps[v].to_dense(v.dtype) for v in prepared.variables)], _named(prepared, seeds)


def _named(prepared: Prepared, seeds: dict[Node, Node]) -> dict[Node, str]:
    return {t: f"d{prepared.inputs[v]}" for v, t in seeds.items()}


# ----- the normal equations -------------------------------------------------------------------------------------------
def normal_maps(prepared: Prepared) -> list[list[LinearMap]]:
    """JᵀJ as structure, block [a][b] from input b to input a: diagonal, banded and sparse Jacobians keep their zeros."""
    maps = [m if len(m.terms) <= MAX_TERMS else from_dense(m.to_dense(), len(m.shape_out)) for m in prepared.maps]
    return [[compose(transpose(a), b) for b in maps] for a in maps]


def normal(prepared: Prepared) -> list[Node]:
    """JᵀJ block by block, then Jᵀf by input."""
    products = [m.to_dense(np.result_type(*prepared.dtypes)) for blocks in normal_maps(prepared) for m in blocks]
    return [*products, *_right_sides(prepared)]


def normal_sparse(prepared: Prepared) -> list[Node]:
    """The entries of JᵀJ, then Jᵀf."""
    ((m,),) = normal_maps(prepared)
    return [*coefficients(static(m)), *_right_sides(prepared)]


def _right_sides(prepared: Prepared) -> list[Node]:
    return [apply_transposed(m, prepared.node) for m in prepared.maps]
