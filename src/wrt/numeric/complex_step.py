"""Derivatives exact to rounding, from one step in the imaginary direction.

For analytic f, f(x + i h) = f(x) + i h f'(x) − h² f''(x)/2 − …, so Im f(x + i h) / h is f'(x) once h² is below rounding: no
difference is taken and nothing cancels. Source: W. Squire and G. Trapp, SIAM Review 40 (1998).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrt.errors import ArgumentError, ShapeError
from wrt.numeric.blackbox import Array, as_point, entry, first_bad

# Small enough that h² vanishes beside 1, large enough that products of h with small numbers do not underflow.
STEP = 2.0**-150
INSTEAD = "Use wrt.numeric.jacobian(f, x), which needs real numbers only."


def complex_step(f: Callable[..., Any], x: object, *, args: tuple[Any, ...] = ()) -> Array:
    """The Jacobian of an analytic f that accepts complex numbers, exact to rounding; one call of f a column.

    abs, conj, real parts and comparisons with complex numbers are not analytic. Two real calls along one direction compare
    the slope with a plain difference quotient, so that such an f is refused instead of answered wrongly.

    Parameters
    ----------
    f
        Takes an array of the shape of x, with dtype complex128 (a complex number for a scalar x), then `args`.
    x
        A real scalar or array of any shape.
    args
        Further arguments of f, kept constant.

    Returns
    -------
    ndarray
        Shape f(x).shape + x.shape (outputs first).

    Raises
    ------
    ArgumentError
        f does not take complex numbers, drops their imaginary parts, is not analytic at x, or is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.numeric import complex_step
    >>> J = complex_step(lambda p: p[0] * np.exp(p), np.array([1.0, 2.0]))
    >>> J.shape, float(J[1, 0] - np.exp(2.0))
    ((2, 2), 0.0)
    """
    point, _ = as_point(x)
    scalar = point.ndim == 0 and not isinstance(x, np.ndarray)
    steps = STEP * np.where(np.abs(point) < 1e-200, 1.0, np.abs(point))
    center = _call(f, point.astype(np.complex128), args, scalar).real
    columns = []
    for index in np.ndindex(point.shape):
        moved = point.astype(np.complex128)
        moved[index] += 1j * steps[index]
        value = _call(f, moved, args, scalar)
        if value.shape != center.shape:
            raise ShapeError(f"f changes the shape of its output: {center.shape} at x, {value.shape} beside it.")
        if not np.iscomplexobj(value) and value.size:
            raise ArgumentError(
                f"f returned {value.dtype} for complex {entry('x', index)}: it drops the imaginary part (abs, .real, float).",
                advice=INSTEAD,
            )
        columns.append(value.imag / steps[index])
    result = np.stack(columns, axis=-1) if columns else np.zeros((*center.shape, 0))
    result = result.reshape(center.shape + point.shape).astype(np.float64)
    _compare(f, point, args, scalar, result)
    return result


def _call(f: Callable[..., Any], z: NDArray[Any], args: tuple[Any, ...], scalar: bool) -> NDArray[Any]:
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            value = np.array(f(z[()] if scalar else z, *args))
    except np.exceptions.ComplexWarning as why:
        raise ArgumentError("f stores complex numbers in a real array, which drops the imaginary part.", advice=INSTEAD) from why
    except TypeError as why:
        raise ArgumentError(f"f does not take complex numbers: {why}.", advice=INSTEAD) from why
    if value.dtype.kind not in "fciub":
        raise ArgumentError(f"f returned {value.dtype}; numbers are needed.")
    if not np.isfinite(value).all():
        index = first_bad(value)
        raise ArgumentError(f"{entry('f(x)', index)} is {value[index]}; there is no derivative to take there.")
    return value


def _compare(f: Callable[..., Any], point: Array, args: tuple[Any, ...], scalar: bool, result: Array) -> None:
    """Refuse an f whose slope in the imaginary direction is not its slope in the real one."""
    if not result.size:
        return
    # Signs and sizes without pattern, so that errors of different columns do not cancel.
    pattern = np.cos(1.0 + np.arange(point.size)).reshape(point.shape)
    size = np.where(point == 0, 1.0, np.abs(point))
    axes = tuple(range(-point.ndim, 0))
    # A step in proportion to a tiny x may vanish beside a 1 inside f; then the longer one decides.
    for move in (2.0**-17 * pattern * size, 2.0**-12 * pattern * np.maximum(size, 1.0)):
        try:
            ends = [_call(f, (point + sign * move).astype(np.complex128), args, scalar).real for sign in (1, -1)]
        except ArgumentError:  # outside the domain of f
            break
        seen, told = ends[0] - ends[1], 2 * (result * move).sum(axis=axes)
        allowed = 2e-3 * np.abs(result * move).sum(axis=axes) + 1e-10 * np.abs(ends[0]) + 1e-300
        wrong = np.abs(seen - told) > allowed
        if not wrong.any():
            return
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        told_by = f"rises by {seen[index]:.3g}, but its imaginary part says {told[index]:.3g}"
        refusal = ArgumentError(f"f is not analytic at x: along one direction {entry('f', index)} {told_by}.", advice=INSTEAD)
    raise refusal
