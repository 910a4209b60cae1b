"""How the error of difference quotients falls with h: as a power of it."""

from __future__ import annotations

import numpy as np

from wrt.numeric.blackbox import Array

CLEAR = 10  # an error is called truncation where it is so many times what round-off and the limit's own error explain


def fitted(steps: Array, errors: Array, unclear: Array, least: int) -> tuple[Array, float]:
    """The error c·h^p for each h, from the shortest steps at which it stands clear, and p.

    Where the errors show no power of h, the errors themselves where they stand clear, zero elsewhere, and nan for p; nan without errors.
    `least` is the p of the method: 1 for one-sided and 2 for central quotients. A vanishing second derivative gives more, and an f that
    is not smooth less.
    """
    if not np.isfinite(errors).any():
        return np.full(steps.size, np.nan), np.nan
    stands = np.isfinite(errors) & (errors > CLEAR * unclear)
    seen, clear = np.where(stands, errors, 0.0), np.flatnonzero(stands)
    if clear.size < 2 or clear[-2] != clear[-1] - 1:
        return seen, np.nan
    last = int(clear[-1])
    falls = float(np.log(errors[last - 1] / errors[last]) / np.log(steps[last - 1] / steps[last]))
    order = max(least, round(falls)) if falls > least - 0.15 else round(falls, 2)
    with np.errstate(over="ignore"):
        model: Array = errors[last] * (steps / steps[last]) ** order
    ends = falls < 0.05 or (last + 1 < steps.size and np.isfinite(errors[last + 1]) and model[last + 1] > 2 * CLEAR * unclear[last + 1])
    return (seen, np.nan) if ends else (model, float(order))
