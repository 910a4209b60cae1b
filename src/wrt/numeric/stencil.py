"""Weights on a few values of f: for its slope, and for what is not smooth in it.

Through f(x) and f(x + t_k), k = 1 … n, passes one polynomial of degree n. Its slope at x is

    D = Σ_k w_k (f(x + t_k) − f(x)),    w_k = 1/t_k · Π_{j≠k} t_j / (t_j − t_k),

which for t = ±h is the central quotient, for ±h, ±h/2, … Richardson's extrapolation of it, and for t > 0 the one-sided limit.
The highest divided difference Σ_k v_k f(x + t_k), v_k = 1 / Π_{j≠k} (t_k − t_j), is zero for polynomials of lower degree.
Source: B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51 (1988).
"""

from __future__ import annotations

import numpy as np

from wrt.numeric.blackbox import Array


def slope_weights(offsets: Array) -> Array:
    """The w_k of the module's formula, shape (n,); all offsets differ and none is zero."""
    t = offsets / np.abs(offsets).max()
    ratio = t[None, :] / (t[None, :] - t[:, None] + np.eye(t.size))
    np.fill_diagonal(ratio, 1.0)
    weights: Array = ratio.prod(axis=1) / offsets
    return weights


def difference_weights(nodes: Array) -> Array:
    """The v_k, scaled to Σ v_k² = 1 so that noise of size 1 gives a sample of size 1; shape (n,)."""
    t = nodes / np.abs(nodes).max()
    gaps = t[:, None] - t[None, :]
    np.fill_diagonal(gaps, 1.0)
    weights: Array = 1 / gaps.prod(axis=1)
    return weights / np.linalg.norm(weights)
