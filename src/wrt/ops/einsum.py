"""np.einsum: sums of products by the names of their axes.

`ij,jk->ik` names every axis of every operand; a name that is not in the result is summed. It is what a nest is, so the names
become labels and nothing else is left to do. Without `->` the result has the names that occur once, in alphabetical order.
Source: NumPy's reference page of `einsum`.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.graph.node import Node
from wrt.ops.catalog import implements
from wrt.ops.contraction import case, contract, said

Names = list[Hashable]

_PAIRS = (case("ij,jk->ik", (2, 3), (3, 2)), case("ij,jk", (2, 3), (3, 2)), case("ba,b", (2, 3), (2,)), case("ij,ij->", (2, 3), (2, 3)))
_SINGLE = (case("ii->i", (3, 3)), case("ii", (3, 3)), case("ij->ji", (2, 3)), case("ba", (2, 3)), case("iij->j", (2, 2, 3)))
_DOTS = (case("...j,jk->...k", (2, 2, 3), (3, 2)), case("i...,i...", (3, 2), (3, 1)), case("...ij,...jk", (2, 1, 2, 3), (2, 3, 2)))
_MANY = (case("i,ij,j->", (2,), (2, 3), (3,)), case("ab,bc,cd->ad", (2, 2), (2, 3), (3, 2)))
_EDGE = (case("ij,ij->ij", (1, 3), (2, 3)), case(" i j , j -> i ", (2, 0), (0,)), case("...->...", (2, 3)))


@implements(np.einsum, cases=(*_PAIRS, *_SINGLE, *_DOTS, *_MANY, *_EDGE))
def einsum(subscripts: str, *operands: Node, optimize: Any = False) -> Node:
    """The order of the products is chosen where code is made; `optimize` is not needed."""
    if not isinstance(subscripts, str):
        raise ArgumentError("wrt reads np.einsum with its subscripts as text first.", advice='Write np.einsum("ij,jk->ik", A, B).')
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(operands):
        raise ArgumentError(f"The subscripts {subscripts!r} name {len(parts)} operands; {len(operands)} were given.")
    places = [f"{subscripts!r}: {said(node, i, len(operands))}" for i, node in enumerate(operands)]
    names = list(map(_names, parts, operands, places))
    every = [name for operand in names for name in operand]
    dots = sorted({name for name in every if isinstance(name, int)})
    if not arrow:
        once = sorted(name for name in set(every) if isinstance(name, str) and every.count(name) == 1)
        return contract([*dots, *once], *zip(operands, names, strict=True))
    before, found, after = right.partition("...")
    out: Names = [*before, *(dots if found else ()), *after]
    unknown = [name for name in out if name not in every]
    if unknown or len(set(out)) != len(out) or (dots and not found):
        twice = "an index occurs twice" if len(set(out)) != len(out) else "the '...' is missing"
        what = f"{unknown[0]!r} is in no operand" if unknown else twice
        raise ArgumentError(f"The result of the subscripts {subscripts!r} cannot be read: {what}.")
    return contract(out, *zip(operands, names, strict=True))


def _names(part: str, node: Node, place: str) -> Names:
    """One name per axis; the axes of `...` are numbered from the last, so that broadcasting aligns them."""
    before, found, after = part.partition("...")
    rest = node.ndim - len(before) - len(after)
    if not all(name.isalpha() for name in before + after):
        raise ArgumentError(f"{place}, but {part!r} is not a list of letters.")
    if rest < 0 or (rest and not found):
        raise ArgumentError(f"{place}, but {part!r} names {len(before + after)} axes.")
    return [*before, *range(-rest, 0), *after]
