"""Derivatives of black boxes: numbers from calls of f alone, each with the error that it may have.

`jacobian` takes the limit of difference quotients and says how far to trust every entry. `complex_step` is exact to rounding
where f accepts complex numbers and is analytic. Neither looks inside f, so both judge derivatives that were found otherwise.
"""

from wrt.numeric.complex_step import complex_step
from wrt.numeric.estimate import Estimate, Kink
from wrt.numeric.limits import jacobian

__all__ = ["Estimate", "Kink", "complex_step", "jacobian"]
