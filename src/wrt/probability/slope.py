"""log |f'| of a map of numbers, also where f' itself is too large or too small for a floating-point number."""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.probability.stage import Stage

USUAL = 1e100  # beyond, or below its inverse, intermediate results of f' may be out of range or have lost digits
AGREED = 1e-8
LEAST = 1e-300  # a slope below may have lost digits
STEPS = 2.0 ** -np.arange(4, 15)  # relative steps of the difference quotients
TRUSTED = 1e-9  # relative; what Richardson's table must agree to


def log_slope(stage: Stage, x: Any) -> Any:
    """log |f'| at each of the numbers; −inf where f' is 0, NaN where it is not known.

    1/x has the slope −1/x², which overflows at 1e-200, while its logarithm is harmless. There it is the limit of difference quotients
    with relative steps, log |f'| = log |d f(x(1 + s))/ds / f(x)| + log |f(x)| − log |x|, if these converge.
    """
    with np.errstate(all="ignore"):
        slope, f = np.abs(stage.jacobians(x)), np.abs(stage.values(x))
        found = np.log(slope)
        odd = np.flatnonzero(~((slope > 1 / USUAL) & (slope < USUAL) & (f > 1 / USUAL) & (f < USUAL)))
        if not len(odd):
            return found
        limit, exact = _limit(stage, x[odd]), found[odd]
        lost = ((exact == np.inf) & (x[odd] != 0)) | ((slope[odd] > 0) & (slope[odd] < LEAST))
        exact = np.where(lost, np.nan, exact)
        found[odd] = np.where(np.isnan(limit) | (np.abs(limit - exact) < AGREED), exact, limit)
    return found


def _limit(stage: Stage, x: Any) -> Any:
    """The same from values of f alone; NaN where the quotients do not settle."""
    up, down = x * (1 + STEPS[:, None]), x * (1 - STEPS[:, None])
    f = stage.values(x)
    values = stage.values(np.concatenate([up.ravel(), down.ravel()])) / np.tile(f, 2 * len(STEPS))
    above, below = values.reshape(2, len(STEPS), -1)
    table = (above - below) / (up / x - down / x)
    best, error = table[0], np.full(len(x), np.inf)
    for k in range(1, len(STEPS)):  # Richardson: the quotients are a series in the square of the step
        last = table[-1]
        table = table[1:] + (table[1:] - table[:-1]) / (4.0**k - 1)
        miss = np.abs(table[-1] - last)
        best, error = np.where(miss < error, table[-1], best), np.fmin(miss, error)
    known = (error <= TRUSTED * np.abs(best)) & (best != 0) & np.isfinite(f) & (f != 0)
    return np.where(known, np.log(np.abs(best)) + np.log(np.abs(f)) - np.log(np.abs(x)), np.nan)
