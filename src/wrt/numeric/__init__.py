"""Derivatives of black boxes: numbers from calls of f alone, each with the error that it may have.

`jacobian` takes the limit of difference quotients and says how far to trust every entry. `complex_step` is exact to rounding
where f accepts complex numbers and is analytic. `limit_table` shows the quotients on their way. None of them looks inside f, so
they judge derivatives that were found otherwise.
"""

from wrt.numeric.complex_step import complex_step
from wrt.numeric.estimate import Estimate, Kink
from wrt.numeric.limit_table import limit_table
from wrt.numeric.limits import jacobian
from wrt.numeric.quotients import LimitTable

__all__ = ["Estimate", "Kink", "LimitTable", "complex_step", "jacobian", "limit_table"]
