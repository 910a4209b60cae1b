"""How the error of difference quotients falls with h: as a power of it."""

from __future__ import annotations

import numpy as np

from wrt.numeric.blackbox import Array

CLEAR = 10  # an error is called truncation where it is so many times what round-off and the limit's own error explain


def fitted(steps: Array, errors: Array, unclear: Array, least: int) -> tuple[float, float, float]:
    """The c, k and p of an error c·(h/k)^p, from the shortest steps at which it stands clear; c is 0 where it never does, nan without errors.

    `least` is the p of the method: 1 for one-sided and 2 for central quotients. A vanishing second derivative gives more.
    """
    if not np.isfinite(errors).any():
        return np.nan, float(steps[0]), least
    clear = np.flatnonzero(np.isfinite(errors) & (errors > CLEAR * unclear))
    if not clear.size:
        return 0.0, float(steps[0]), least
    last, order = clear[-1], least
    if clear.size > 1 and clear[-2] == last - 1:
        seen = np.log(errors[last - 1] / errors[last]) / np.log(steps[last - 1] / steps[last])
        order = max(least, round(float(seen)))
    return float(errors[last]), float(steps[last]), order
