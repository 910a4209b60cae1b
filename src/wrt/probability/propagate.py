"""Linear error propagation: the covariance of f(x) is J C Jᵀ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.api.verbs import jacobian
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show


def propagate(f: Callable[..., Any], x: Any, C: Any, *args: Any, **kwargs: Any) -> Any:
    """The covariance of f(x, …) to first order, J C Jᵀ, for x with covariance C.

    Parameters
    ----------
    f
        A NumPy function of x; of more arguments if `args` and `kwargs` give them.
    x
        The point: a number or an array. Arrays are flattened in C order for C and for the result.
    C
        The covariance matrix of x, n×n; a vector of n variances for independent errors; the variance of a number.

    Returns
    -------
    numpy.ndarray
        m×m for m outputs; a number for a function that returns one.

    Raises
    ------
    ShapeError, ArgumentError
        Where C does not fit x, is not symmetric, or has a negative variance.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.probability import propagate
    >>> propagate(lambda x: x[0] * x[1], [2.0, 3.0], [0.01, 0.04])          # 3² 0.01 + 2² 0.04
    np.float64(0.25)
    """
    point = np.asarray(x, float)
    n = point.size
    spread = np.asarray(C, float)
    if spread.shape in ((), (n,)) and (spread.shape == (n,) or n == 1):
        spread = np.diag(spread.reshape(n))
    if spread.shape != (n, n):
        raise ShapeError(f"x has {n} entries, so C must be {n}×{n}, or {n} variances; got shape {show(spread.shape)}.")
    if not np.isfinite(spread).all():
        raise ArgumentError("C holds nan or inf.")
    largest = np.abs(spread).max(initial=0.0)
    if np.abs(spread - spread.T).max(initial=0.0) > 1e-10 * largest:
        raise ArgumentError("C is not symmetric, so it is no covariance.")
    if np.linalg.eigvalsh(spread).min(initial=0.0) < -1e-10 * largest:
        raise ArgumentError("C has a negative eigenvalue, so it is no covariance: some combination of the inputs would have a negative variance.")
    value, J = map(np.asarray, jacobian(f).value_and(point, *args, **kwargs))
    if not np.isfinite(value).all():
        raise ArgumentError("f is not finite at x: there is nothing whose errors could be propagated.")
    shape = J.shape[: J.ndim - point.ndim]
    matrix = J.reshape(-1, n)
    if not np.isfinite(matrix).all():
        raise ArgumentError("The Jacobian is not finite at x: there is no linear propagation of errors.")
    found = matrix @ spread @ matrix.T
    return found[0, 0] if shape == () else (found + found.T) / 2
