"""A function's values at many points, and its Jacobians there: of the one trace that its Jacobian has."""

from __future__ import annotations

from typing import Any

from wrt.api.batch import batch
from wrt.api.jacobian import Jacobian


def values(J: Jacobian, X: Any) -> Any:
    """f at each of the points in the rows of X, of shape (N,) + f."""
    return batch(J, lambda: Jacobian(J.function, J.wrt, mode=J.mode), (X,), {}, kind="value")


def values_and_jacobians(J: Jacobian, X: Any) -> tuple[Any, Any]:
    """The same and the Jacobians, of shape (N,) + f + x, in one pass: what they share is computed once."""
    found: tuple[Any, Any] = batch(J, lambda: Jacobian(J.function, J.wrt, mode=J.mode), (X,), {}, kind="value_and")
    return found
