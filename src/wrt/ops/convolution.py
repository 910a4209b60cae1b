"""Convolution and correlation of two vectors.

U[i + j] += a[i] v[j]: a nest whose out index is a sum of labels, so the product rule of `wrt.ops.nest` gives banded (Toeplitz)
Jacobians. Example: np.convolve(a, v) by a, 4 and 3 entries: a 6×4 matrix with v[i − j] on three diagonals.
Source: NumPy's reference page of `convolve`.
"""

from __future__ import annotations

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.index import Affine, ats, fixed
from wrt.graph.nest import nest, view
from wrt.graph.node import Node, promote
from wrt.graph.size import as_int
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import implements
from wrt.ops.contraction import case, said

_MODES = tuple(case(m, n, mode=mode) for mode in ("full", "same", "valid") for m, n in (((5,), (3,)), ((2,), (4,)), ((3,), (1,))))


@implements(np.convolve, cases=(case((4,), (3,)), *_MODES))
def convolve(a: Node, v: Node, mode: str = "full") -> Node:
    """U[i + j] += a[i] v[j]; `same` and `valid` are its middle, one shifted diagonal per entry of the shorter input."""
    if a.ndim != 1 or v.ndim != 1 or 0 in (*a.shape, *v.shape):
        raise ShapeError(f"{said(a, 0)} and {said(v, 1)}; a convolution needs two vectors with entries.")
    dtype = promote(a, v)
    if mode in ("full", "f"):
        size = a.shape[0] + v.shape[0] - 1
        return nest((size,), [Term((*a.shape, *v.shape), (Affine(((0, 1), (1, 1))),), (Factor(a, ats([0])), Factor(v, ats([1]))))], dtype)
    m, n = (as_int(x.shape[0], f"The mode {mode!r} of a convolution") for x in (a, v))
    if m < n:
        return convolve(v, a, mode)
    if mode in ("valid", "v"):
        back = Affine(((0, 1), (1, -1)), n - 1)
        return nest((m - n + 1,), [Term((m - n + 1, n), ats([0]), (Factor(a, (back,)), Factor(v, ats([1]))))], dtype)
    if mode not in ("same", "s"):
        raise ArgumentError(f"The mode of a convolution is full, same or valid, not {mode!r}.")
    terms = []
    for j in range(n):  # U[k] += a[k + shift] v[j] where both exist
        shift = (n - 1) // 2 - j
        low, high = max(0, -shift), min(m, m - shift)
        if low < high:
            factors = (Factor(a, (Affine(((0, 1),), low + shift),)), Factor(v, (fixed(j),)))
            terms.append(Term((high - low,), (Affine(((0, 1),), low),), factors))
    return nest((m,), terms, dtype)


@implements(np.correlate, cases=(case((4,), (3,)), *_MODES))
def correlate(a: Node, v: Node, mode: str = "valid") -> Node:
    """U[k] = Σ a[k + j] v[j]; of a shorter `a`, NumPy takes the correlation of v with a and reverses it."""
    if a.ndim != 1 or v.ndim != 1:
        return convolve(a, v, mode)  # which refuses
    if mode in ("same", "s") and as_int(a.shape[0], "This correlation") < as_int(v.shape[0], "This correlation"):
        return reversed_vector(convolve(v, reversed_vector(a), mode))
    return convolve(a, reversed_vector(v), mode)


def reversed_vector(v: Node) -> Node:
    return view(v, v.shape, [Affine(((0, -1),), v.shape[0] - 1)])
