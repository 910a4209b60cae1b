"""Quadrature rules for densities: their ends may be infinite or singular, so the double exponential rule is used throughout."""

from __future__ import annotations

from typing import Any

import numpy as np


def double_exponential(low: float, high: float, middle: float, scale: float, step: float) -> tuple[Any, Any]:
    """(nodes, weights) of ∫ from low to high, either of which may be infinite; `middle` and `scale` say where the mass is.

    Takahasi and Mori (1974): x = φ(t) with φ' falling double exponentially, summed by the trapezoidal rule.
    """
    t = np.arange(-4.5, 4.5 + step / 2, step)
    s, ds = np.pi / 2 * np.sinh(t), np.pi / 2 * np.cosh(t)
    with np.errstate(all="ignore"):
        if np.isfinite(low) and np.isfinite(high):
            near = 1 / (1 + np.exp(2 * np.abs(s)))  # the distance to the nearer end, in units of the interval
            x = np.where(t < 0, low + (high - low) * near, high - (high - low) * near)
            w = (high - low) * ds / (2 * np.cosh(s) ** 2)
        elif np.isfinite(low):
            width = max(middle - low, scale, 1e-300)
            x, w = low + width * np.exp(s), width * np.exp(s) * ds
        elif np.isfinite(high):
            width = max(high - middle, scale, 1e-300)
            x, w = high - width * np.exp(s), width * np.exp(s) * ds
        else:
            x, w = middle + scale * np.sinh(s), scale * np.cosh(s) * ds
    good = np.isfinite(x) & (w > 0) & np.isfinite(w) & (np.abs(x) < 1e150) & (x > low) & (x < high)
    return x[good], w[good] * step


def gauss_legendre(edges: Any, order: int = 16) -> tuple[Any, Any]:
    """(nodes, weights), both of shape (bins, order), on each of the bins between edges."""
    x, w = np.polynomial.legendre.leggauss(order)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + edges[1:, None]) / 2 + half * x, half * w
