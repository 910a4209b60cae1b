"""Sine and cosine in Numba without branches, so that LLVM vectorizes the loop around them: what a vector math library would give.

NumPy 2.4 computes them in float64 one at a time, and so does Numba without Intel's library. The argument is reduced by multiples of
π/2 in three parts, which keeps full accuracy to some 10⁵; then come the Taylor polynomials on [−π/4, π/4].
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numba import njit

TWO_OVER_PI = 2 / np.pi
HIGH = 1.5707962512969971  # the first 24 bits of π/2, the next, and the rest: products with small integers are exact
MIDDLE = 7.549789415861596e-08
LOW = 5.390302858158119e-15
S3, S5, S7, S9, S11, S13, S15 = (float((-1) ** k / factorial(2 * k + 1)) for k in range(1, 8))
C4, C6, C8, C10, C12, C14, C16 = (float((-1) ** k / factorial(2 * k)) for k in range(2, 9))


@njit(cache=True, inline="always")
def sincos(x):
    """(sin x, cos x)."""
    k = np.rint(x * TWO_OVER_PI)
    r = ((x - k * HIGH) - k * MIDDLE) - k * LOW
    z = r * r
    s = r + r * z * (S3 + z * (S5 + z * (S7 + z * (S9 + z * (S11 + z * (S13 + z * S15))))))
    c = 1 - 0.5 * z + z * z * (C4 + z * (C6 + z * (C8 + z * (C10 + z * (C12 + z * (C14 + z * C16))))))
    odd = k - 2 * np.floor(0.5 * k)  # 0 or 1
    sign_s = 1 - 2 * (np.floor(0.5 * k) - 2 * np.floor(0.25 * k))  # + + − −
    sign_c = sign_s * (1 - 2 * odd)  # + − − +
    return sign_s * (s + odd * (c - s)), sign_c * (c + odd * (s - c))
