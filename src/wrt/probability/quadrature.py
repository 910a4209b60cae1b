"""Quadrature rules for densities: their ends may be infinite or singular, so the double exponential rule is used throughout."""

from __future__ import annotations

from typing import Any

import numpy as np


def double_exponential(low: Any, high: Any, middle: Any, scale: Any, step: float) -> tuple[Any, Any]:
    """(nodes, weights) of ∫ from low to high, either of which may be infinite; `middle` and `scale` say where the mass is.

    Takahasi and Mori (1974): x = φ(t) with φ' falling double exponentially, summed by the trapezoidal rule. The four may be arrays:
    one row of nodes for each interval, with weights of 0 where a node would lie at an end or beyond the largest numbers.
    """
    t = np.arange(-4.5, 4.5 + step / 2, step)
    s, ds = np.pi / 2 * np.sinh(t), np.pi / 2 * np.cosh(t)
    low, high, middle, scale = (np.atleast_1d(np.asarray(each, float))[:, None] for each in (low, high, middle, scale))
    left, right = np.isfinite(low), np.isfinite(high)
    with np.errstate(all="ignore"):
        near = (high - low) / (1 + np.exp(2 * np.abs(s)))  # the distance to the nearer end
        grown = np.exp(s) * np.maximum(np.maximum(np.where(left, middle - low, high - middle), scale), 1e-300)
        open_ended = np.where(left, low + grown, np.where(right, high - grown, middle + scale * np.sinh(s)))
        x = np.where(left & right, np.where(t < 0, low + near, high - near), open_ended)
        w = ds * np.where(left & right, (high - low) / (2 * np.cosh(s) ** 2), np.where(left | right, grown, scale * np.cosh(s)))
    good = np.isfinite(x) & (w > 0) & np.isfinite(w) & (np.abs(x) < 1e150) & (x > low) & (x < high)
    return np.where(good, x, np.clip(middle, low, high)), np.where(good, w * step, 0)


def gauss_legendre(edges: Any, order: int = 16) -> tuple[Any, Any]:
    """(nodes, weights), both of shape (bins, order), on each of the bins between edges."""
    x, w = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + edges[1:, None]) / 2 + half * x, half * w
