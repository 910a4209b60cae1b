"""f as a box: numbers in, a flat vector out, every call counted and every strange answer named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrt.errors import ArgumentError, ShapeError

Array = NDArray[np.float64]


def entry(name: str, index: tuple[int, ...]) -> str:
    """`x[2, 0]`, or just `x` when it has no axes."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def first_bad(values: NDArray[Any]) -> tuple[int, ...]:
    """Index of the first entry that is not finite."""
    return tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])


def as_point(x: object) -> tuple[Array, tuple[str, ...]]:
    """x as a new float64 array of its own shape, with a sentence for every change of kind."""
    try:
        given = np.asarray(x)
    except ValueError as why:
        raise ShapeError("x is not one array: its rows have different lengths.", advice="Pass one array.") from why
    if given.dtype.kind == "c":
        raise ArgumentError(
            f"x is complex ({given.dtype}); limits are taken along the real line only.",
            advice="Pass the real and imaginary parts as one real array.",
        )
    if given.dtype.kind not in "fiu":
        raise ArgumentError(f"x must hold real numbers, but its dtype is {given.dtype}.", advice="Pass an array of floats.")
    point = np.array(given, dtype=np.float64, order="C")
    if not np.isfinite(point).all():
        index = first_bad(point)
        raise ArgumentError(f"{entry('x', index)} is {point[index]}; a derivative needs a finite point.")
    if given.dtype == np.float64:
        return point, ()
    kind = "integers" if given.dtype.kind in "iu" else str(given.dtype)
    return point, (f"x held {kind}; f was called with float64.",)


class BlackBox:
    """A function of one array, called with float64 copies so that neither the caller's x nor f's own buffers are shared.

    Attributes
    ----------
    center
        f(x), flat, shape (m,).
    shape
        Shape of f(x).
    precision
        Relative spacing of the numbers that f returns: 2.2e-16, or 1.2e-7 where f returns float32.
    calls
        How often f has been called.
    """

    def __init__(self, f: Callable[..., Any], x: Array, args: tuple[Any, ...], *, scalar: bool) -> None:
        if not callable(f):
            raise ArgumentError(f"f must be callable, but it is {type(f).__name__}.")
        self._f, self._x, self._args, self._scalar = f, x, args, scalar
        self.calls = 0
        raw = self._call(x.copy())
        self.shape = raw.shape
        self.precision = float(np.finfo(raw.dtype if raw.dtype in (np.float16, np.float32) else np.float64).eps)
        value = raw.astype(np.float64)
        if not np.isfinite(value).all():
            index = first_bad(value)
            raise ArgumentError(
                f"{entry('f(x)', index)} is {value[index]}; there is no derivative to take there.",
                known=f"f(x) has shape {self.shape}, x has shape {x.shape}.",
                advice="Choose an x inside the domain of f.",
            )
        self.center: Array = value.reshape(-1)

    def along(self, index: tuple[int, ...], moved: float) -> Array | None:
        """f with x[index] set to `moved`, flat; None where f has no finite value.

        Outside its domain f may return nan or raise (math.log does); both only say that this step was too long.
        """
        point = self._x.copy()
        point[index] = moved
        try:
            raw = self._call(point)
        except (ValueError, ArithmeticError) as why:
            if isinstance(why, (ShapeError, ArgumentError)):
                raise
            return None
        if raw.shape != self.shape:
            raise ShapeError(
                f"f changes the shape of its output: {self.shape} at x, {raw.shape} where {entry('x', index)} = {moved!r}.",
                known=f"{entry('x', index)} is {self._x[index]} at x.",
                advice="Return the same shape everywhere near x.",
            )
        value = raw.astype(np.float64).reshape(-1)
        return value if np.isfinite(value).all() else None

    def _call(self, point: Array) -> NDArray[Any]:
        self.calls += 1
        with np.errstate(all="ignore"):
            answer = self._f(point[()] if self._scalar else point, *self._args)
        return as_output(answer)


def as_output(answer: object) -> NDArray[Any]:
    """What f returned, as a real array."""
    if answer is None:
        raise ArgumentError("f returned None.", advice="Return the value at the end of f.")
    try:
        raw = np.array(answer)
    except ValueError as why:
        raise ShapeError("f returned rows of different lengths.", advice="Return one array.") from why
    if raw.dtype.kind == "c":
        raise ArgumentError(
            f"f returned complex numbers ({raw.dtype}); a derivative along the real line needs real ones.",
            advice="Return np.stack([z.real, z.imag]).",
        )
    if raw.dtype.kind not in "fiub":
        raise ArgumentError(f"f returned {type(answer).__name__} of dtype {raw.dtype}; real numbers are needed.")
    return raw
