"""LAPACK band storage of a map, filled from its terms: ab[upper + i − j, j] = J[i, j], flattened in C order.

A term whose column − row is constant, such as x[i] depending on x[i + 1], fills a slice of one row of `ab` with its coefficient.
Source: LAPACK Users' Guide, section 5.3.3.
"""

from __future__ import annotations

from math import prod

import numpy as np

from wrt.graph.index import Affine, from_values, substitute
from wrt.graph.nest import nest
from wrt.graph.node import FLOAT, DType, Node
from wrt.graph.term import Factor, Term
from wrt.linear.linear_map import LinearMap
from wrt.linear.reach import bounds, difference, flat, numbers, places


def storage(m: LinearMap, lower: int, upper: int, dtype: DType | None = None) -> Node:
    """The array `ab` of shape (lower + upper + 1, columns); the map must reach no farther, and all its sizes must be numbers."""
    columns = prod(numbers(m.shape_in) or ())
    return nest((lower + upper + 1, columns), [_stored(m, term, lower, upper) for term in m.terms], dtype or FLOAT)


def _stored(m: LinearMap, term: Term, lower: int, upper: int) -> Term:
    row, col = flat(m.row(term), m.shape_out), flat(m.col(term), m.shape_in)
    loop = bounds(m, term._replace(factors=()))  # of all turns of the loop, whatever the coefficients
    if row is not None and col is not None and loop is not None and -lower <= loop[0] and loop[1] <= upper:
        parts, offset = difference(row, col)
        return term._replace(out=(Affine(tuple(parts.items()), offset + upper), Affine(tuple(col[0].items()), col[1])))
    found = places(m, term)
    sizes = numbers(term.sizes)
    assert found is not None  # `reach` has looked through these tables
    assert sizes is not None
    rows, columns = found
    kept = np.flatnonzero((columns - rows >= -lower) & (columns - rows <= upper))  # elsewhere the coefficient is zero
    turns = np.unravel_index(kept, sizes) if sizes else ()
    by = {label: from_values(np.asarray(turn), (0,)) for label, turn in enumerate(turns)}
    factors = tuple(Factor(node, tuple(substitute(i, by, (kept.size,)) for i in index)) for node, index in term.factors)
    out = from_values(upper + (rows - columns)[kept], (0,)), from_values(columns[kept], (0,))
    return Term((kept.size,), out, factors, term.scale)
