"""Order statistics, standard deviations and covariances.

A quantile is a weighted mean of two entries of the sorted array, so its derivative is that of `sort`: the weights, at the
places where the two entries came from. The covariance is X Xᵀ/(n − ddof) of the centred rows of X.
Example: the median of (3, 1, 2) is its last entry, with the Jacobian (0, 0, 1). Source: NumPy's reference pages.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.graph.arithmetic import divide, power, subtract
from wrt.graph.index import Affine, at, ats, fixed
from wrt.graph.nest import nest, transpose, view
from wrt.graph.node import Node
from wrt.graph.size import as_int, product
from wrt.graph.term import Factor, Term, size_node
from wrt.ops.catalog import implements
from wrt.ops.contraction import case, flat, matmul, said
from wrt.ops.elementwise import root
from wrt.ops.joining import concatenate
from wrt.ops.norm import two_norm
from wrt.ops.ordering import sort
from wrt.ops.reduction import Axes, axes_of, centered, count_of, spread

# ----- quantiles ------------------------------------------------------------------------------------------------------
_SHAPES = (case((5,)), case((4,)), case((2, 3)), case((2, 3), axis=1), case((2, 3), axis=0, keepdims=True), case((2, 2, 3), axis=(0, 2)))


@implements(np.median, cases=_SHAPES)
def median(a: Node, axis: Any = None, keepdims: bool = False) -> Node:
    return quantile(a, 0.5, axis, keepdims=keepdims)


_METHODS = tuple(case((5,), q=0.3, method=method) for method in ("linear", "lower", "higher", "midpoint", "nearest"))
_MANY = (case((2, 3), q=[0.25, 1.0], axis=0), case((4,), q=np.array([[0.0, 0.5]]), keepdims=True), case((2, 3), q=0.7))


@implements(np.quantile, cases=(*_METHODS, *_MANY))
def quantile(a: Node, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Node:
    shares = np.asarray(q, dtype=np.float64)
    if shares.size and not (shares.min() >= 0 and shares.max() <= 1):
        raise ArgumentError(f"Quantiles are at shares from 0 to 1, not {q}.")
    axes = axes_of(axis, a)
    ordered = sort(_merged(a, axes), -1)
    n = as_int(ordered.shape[-1], "A quantile")
    if n == 0:
        raise ShapeError(f"{said(a, 0, 1)}; there is no quantile of no entries.")
    kept, last = ordered.shape[:-1], ordered.ndim - 1
    tail = ats(range(last))
    terms = []
    for place in np.ndindex(shares.shape):
        for position, weight in _weights(float(shares[place]) * (n - 1), method):
            read = Factor(ordered, (*tail, fixed(min(position, n - 1))))
            terms.append(Term(kept, (*map(fixed, place), *tail), (read,), weight))
    result = nest((*shares.shape, *kept), terms, ordered.dtype)
    return spread(result, shares.ndim + a.ndim, [shares.ndim + axis for axis in axes]) if keepdims else result


def _weights(position: float, method: str) -> list[tuple[int, float]]:
    """The entries of the sorted array that are mixed, and how."""
    low = int(np.floor(position))
    share = {"linear": position - low, "lower": 0.0, "higher": float(position > low), "midpoint": 0.5 * (position > low)}
    share["nearest"] = float(np.rint(position) > low)
    if method not in share:
        raise Unsupported(f"Quantiles by the method {method!r} have no derivative rule in wrt.", advice=f"One of {', '.join(share)} has.")
    return [(i, w) for i, w in ((low, 1 - share[method]), (low + 1, share[method])) if w]


def _merged(a: Node, axes: Axes) -> Node:
    """The array with these axes together as its last one."""
    kept = [axis for axis in range(a.ndim) if axis not in axes]
    moved = transpose(a, [*kept, *axes])
    n = len(kept)
    inner = flat(moved.shape[n:])
    out = (*ats(range(n)), Affine(tuple((n + label, stride) for label, stride in inner.parts)))
    return nest((*moved.shape[:n], product(moved.shape[n:])), [Term(moved.shape, out, (Factor(moved, ats(range(a.ndim))),))], a.dtype)


@implements(np.percentile, cases=(case((5,), q=40), case((2, 3), q=[25, 75], axis=1)))
def percentile(a: Node, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Node:
    return quantile(a, np.true_divide(q, 100), axis, method, keepdims)


# ----- standard deviations and covariances ----------------------------------------------------------------------------
_DOF = (case((4,), ddof=1), case((3, 2), axis=0, ddof=1, keepdims=True), case((4,), correction=1))
_SPREADS = (case((2, 3)), case((3,)), case((2, 3), axis=-1, keepdims=True), case((2, 3, 2), axis=(0, -1)), *_DOF)


@implements(np.std, cases=_SPREADS)
def std(a: Node, axis: Any = None, ddof: float = 0, keepdims: bool = False, correction: float | None = None) -> Node:
    """The norm of the deviations over √(n − ddof): at equal entries its derivative is then taken as 0, not NaN."""
    axes = axes_of(axis, a)
    count = subtract(count_of(a, axes), ddof if correction is None else correction)
    return divide(two_norm(centered(a, axes), axes, keepdims=keepdims), power(count, 0.5))


_TABLES = (case((2, 4)), case((4,)), case((3, 2), rowvar=False), case((4,), (4,)))


@implements(np.cov, cases=(*_TABLES, case((2, 3), bias=True), case((2, 3), ddof=0)))
def cov(m: Node, y: Node | None = None, rowvar: bool = True, bias: bool = False, ddof: float | None = None) -> Node:
    rows = [_rows(x, rowvar) for x in (m, y) if x is not None]
    x = centered(rows[0] if len(rows) == 1 else concatenate(rows, 0), (1,))
    count = subtract(size_node(x.shape[1]), ddof if ddof is not None else 0 if bias else 1)
    products = divide(matmul(x, transpose(x)), count)
    return view(products, (), [fixed(0), fixed(0)]) if products.shape == (1, 1) else products


def _rows(x: Node, rowvar: bool) -> Node:
    if x.ndim > 2:
        raise ShapeError(f"{said(x, 0, 1)}; a covariance is of a vector or of the rows of a matrix.")
    if x.ndim < 2:
        return view(x, (1, *(x.shape or (1,))), ats(range(1, 1 + x.ndim)))
    return x if rowvar or x.shape[0] == 1 else transpose(x)


@implements(np.corrcoef, cases=(case((2, 4)), case((3, 4)), case((3, 2), rowvar=False), case((4,), (4,))))
def corrcoef(x: Node, y: Node | None = None, rowvar: bool = True) -> Node:
    c = cov(x, y, rowvar)
    if not c.ndim:
        return divide(c, c)
    n = c.shape[0]
    deviation = root(view(c, (n,), [at(0), at(0)]))
    rows, columns = (view(deviation, (n, n), [at(i)]) for i in (0, 1))
    return divide(divide(c, rows), columns)
