"""How difference quotients behave as h falls: the power of h in their error, and the power of 1/h with which they may grow."""

from __future__ import annotations

import numpy as np

from wrt.numeric.blackbox import Array

CLEAR = 10  # an error is called truncation where it is so many times what round-off and the limit's own error explain
RUN = 6  # steps over which growth must be even


def fitted(steps: Array, errors: Array, unclear: Array, least: int) -> tuple[float, float]:
    """The c and p of an error c·h^p, from the shortest steps at which it stands clear; c is 0 where it never does, nan without errors.

    `least` is the p of the method: 1 for one-sided and 2 for central quotients. A vanishing second derivative gives more.
    """
    if not np.isfinite(errors).any():
        return np.nan, least
    clear = np.flatnonzero(np.isfinite(errors) & (errors > CLEAR * unclear))
    if not clear.size:
        return 0.0, least
    last, order = clear[-1], least
    if clear.size > 1 and clear[-2] == last - 1:
        seen = np.log(errors[last - 1] / errors[last]) / np.log(steps[last - 1] / steps[last])
        order = max(least, round(float(seen)))
    return float(errors[last] / steps[last] ** order), order


def growth(steps: Array, quotients: Array, round_off: Array) -> float:
    """The p of quotients that grow like h^-p, evenly and down to steps that round-off begins to blur; else 0."""
    sizes = np.abs(quotients)
    clear = np.flatnonzero(np.isfinite(sizes) & (sizes > 0) & (round_off < 1e-3 * sizes))[-RUN:]
    if clear.size < RUN:
        return 0.0
    powers = -np.diff(np.log(sizes[clear])) / np.diff(np.log(steps[clear]))
    power = float(powers.mean())
    return power if power > 0.05 and np.ptp(powers) < 0.02 else 0.0
