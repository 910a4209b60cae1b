"""How many digits f carries, read from the values that are there anyway.

Smooth values on a few steps are a polynomial up to rounding, so their highest divided difference is a sample of the noise in f.
Two are used, with and without f(x): on symmetric steps one sees the even part of f and the other the odd part.
Where f moves by few of its last digits that sample may be zero by luck, so half a last digit is taken for noise in any case.
Source: the idea of ECNoise, J. J. Moré and S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011).
"""

from __future__ import annotations

import numpy as np

from wrt.numeric.blackbox import Array
from wrt.numeric.stencil import difference_weights

EPS = float(np.finfo(np.float64).eps)


def apparent_noise(offsets: Array, rises: Array) -> Array:
    """Size of what is not polynomial in the values: noise, or structure finer than the steps; shape (m,)."""
    last_digit = granularity(rises) / 2
    with_center: Array = np.maximum(last_digit, np.abs(difference_weights(np.append(offsets, 0.0))[:-1] @ rises))
    if offsets.size == 3:  # on one side the other difference of so few values is curvature
        return with_center
    larger: Array = np.maximum(with_center, np.abs(difference_weights(offsets) @ rises))
    return larger


def granularity(rises: Array) -> Array:
    """The largest power of two of which all rises of an output are multiples, shape (m,); zero where nothing rises.

    On steps that use all bits of a float it is the last digit that f keeps.
    """
    mantissas, exponents = np.frexp(rises)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    units = np.ldexp((whole & -whole).astype(np.float64), exponents - 53)
    least: Array = np.min(units, axis=0, where=rises != 0, initial=np.inf)
    return np.where(np.isfinite(least), least, 0.0)


def digits(relative: float) -> int:
    """Number of decimal digits that a relative error leaves."""
    return int(np.clip(np.floor(-np.log10(max(relative, 1e-17)) + 0.05), 0, 16))


def noise_note(noise: Array, size: Array, error: Array, value: Array, precision: float) -> str | None:
    """`f carries about 8 digits, so …`, or None where f is as good as its rounding.

    All arguments but the last hold one number for each entry of the Jacobian: the noise in f, the size of f, the error and
    the value of the derivative.
    """
    live = (size > 0) & (value != 0) & (error < 0.1 * np.abs(value))
    if not live.any():
        return None
    relative = float(np.median(noise[live] / size[live]))
    if relative < 1e3 * EPS:
        return None
    kept = min(digits(relative), digits(float(np.median(error[live] / np.abs(value[live])))))
    cause = " (it returns float32)" if np.isclose(precision, np.finfo(np.float32).eps) else ""
    return f"f carries about {digits(relative)} digits{cause}, so about {kept} digits of the derivative are promised."
