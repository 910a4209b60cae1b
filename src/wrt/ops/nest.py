"""The nest: one operation and one rule for everything that is multilinear or moves entries about.

U[out(ℓ)] += scale · Π factor[index(ℓ)].  By one of its factors, the local Jacobian is the same loop without that factor: row
out(ℓ), column index(ℓ), coefficient the product of the others. Slices, matrix products, sums, scatters, concatenations and
dense Jacobians themselves are nests, so that none of them needs a rule of its own.

Example: A @ x by x is row i, column j, coefficient A[i, j]; by A it is row i, column (i, j), coefficient x[j].
Source: the product rule; Deisenroth, Faisal & Ong, Mathematics for Machine Learning, section 5.4.
"""

from __future__ import annotations

from itertools import product as every
from typing import Any

import numpy as np

from wrt.graph.index import Affine, Index
from wrt.graph.nest import terms_of
from wrt.graph.node import Node
from wrt.graph.size import as_int
from wrt.graph.term import Term
from wrt.linear.algebra import collected, contracted
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Operation, operation


def value(node: Node, *arrays: Any) -> Any:
    """The definition, loop by loop: slow, obvious, and what faster code is tested against."""
    given = dict(zip(node.inputs, map(np.asarray, arrays), strict=True))
    result = np.zeros([as_int(size, "A value") for size in node.shape], node.dtype)
    for term in terms_of(node):
        for labels in every(*(range(as_int(size, "A value")) for size in term.sizes)):
            entry = term.scale
            for factor in term.factors:
                entry = entry * given[factor.node][tuple(_position(i, labels, given) for i in factor.index)]
            result[tuple(_position(i, labels, given) for i in term.out)] += entry
    return result


def _position(index: Index, labels: tuple[int, ...], given: dict[Node, Any]) -> int:
    if isinstance(index, Affine):
        total = as_int(index.offset, "A value") + sum(labels[label] * as_int(c, "A value") for label, c in index.parts)
        return total if index.modulus is None else total % as_int(index.modulus, "A value")
    return int(given[index.node][tuple(_position(i, labels, given) for i in index.index)])


def local(node: Node) -> list[LinearMap | None]:
    parts: dict[Node, list[Term]] = {}
    for term in terms_of(node):
        for position, factor in enumerate(term.factors):
            if factor.node.dtype.kind == "f":
                parts.setdefault(factor.node, []).extend(contracted(_without(term, position)))
    return [collected(node.shape, child.shape, parts[child]) if child in parts else None for child in node.inputs]


def _without(term: Term, position: int) -> Term:
    factor = term.factors[position]
    return Term(term.sizes, term.out + factor.index, term.factors[:position] + term.factors[position + 1 :], term.scale)


operation(Operation("nest", value, local, "nest"))
