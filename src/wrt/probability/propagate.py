"""Linear error propagation: the covariance of f(x) is J C Jᵀ."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.api.jacobian import Jacobian
from wrt.api.kink import kink
from wrt.api.text_map import as_users
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show
from wrt.trace.signature import name_of


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
        Where C does not fit x, is not symmetric, or has a negative variance; where f or its Jacobian is not finite at x; where f has
        a kink or a jump just there, so that no linear map is near to it.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.probability import propagate
    >>> propagate(lambda x: x[0] * x[1], [2.0, 3.0], [0.01, 0.04])          # 3² 0.01 + 2² 0.04
    np.float64(0.25)
    """
    if not callable(f):
        raise ArgumentError(f"propagate takes a NumPy function, got {f!r}.", advice="Write propagate(lambda x: …, x, C).")
    point, spread = _real(x, "x"), _real(C, "C")
    n = point.size
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
    function = _of_x(f, args, kwargs) if args or kwargs else f
    verb = Jacobian(function)
    with np.errstate(all="ignore"):
        value, J = map(np.asarray, verb.value_and(point))
    if not np.isfinite(value).all():
        raise ArgumentError("f is not finite at x: there is nothing whose errors could be propagated.")
    shape = J.shape[: J.ndim - point.ndim]
    matrix = J.reshape(-1, n)
    if not np.isfinite(matrix).all():
        raise ArgumentError("The Jacobian is not finite at x: there is no linear propagation of errors.")
    if said := kink(verb, function, point, value, matrix):
        raise ArgumentError(f"{said}, and errors do not propagate linearly.", advice="Take another point, or draw samples of x and look at f of them.")
    found = matrix @ spread @ matrix.T
    return found[0, 0] if shape == () else (found + found.T) / 2


def _real(given: Any, name: str) -> Any:
    try:
        array = np.asarray(given)
    except ValueError:
        raise ArgumentError(f"{name} must be an array of real numbers; got lists of unlike lengths.") from None
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"{name} must be an array of real numbers; got {given!r}.")
    return array.astype(float)


def _of_x(f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[[Any], Any]:
    """f of its first argument, the others fixed."""

    def fixed(x: Any) -> Any:
        return f(x, *args, **kwargs)

    fixed.__name__ = name_of(f)
    return as_users(fixed)
