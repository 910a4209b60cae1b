"""Partial derivatives as what they are by definition: limits of difference quotients, with the error of each.

For f : R^n → R^m, column i of the Jacobian is lim_{h→0} (f(x + h e_i) − f(x)) / h. The quotients of a few steps are
extrapolated to h = 0 (see `extrapolate`); the steps follow the noise and the curvature that f shows (see `search`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from wrt.errors import ArgumentError
from wrt.numeric.blackbox import Array, BlackBox, as_point, entry
from wrt.numeric.estimate import Estimate, Kink
from wrt.numeric.kink import Sides
from wrt.numeric.ladder import Ladder
from wrt.numeric.noise import noise_note
from wrt.numeric.search import Search


def jacobian(
    f: Callable[..., Any],
    x: object,
    *,
    args: tuple[Any, ...] = (),
    bounds: tuple[object, object] | None = None,
    scale: object = None,
    budget: int = 40,
) -> Estimate:
    """The Jacobian of a black box at x, each entry with the error that it may have.

    Parameters
    ----------
    f
        Takes an array of the shape of x (a float for a scalar x), then `args`; returns a real scalar, array or list. It is
        always given float64 and a copy of its own.
    x
        A real scalar or array of any shape; integers and float32 are taken as float64.
    args
        Further arguments of f, kept constant.
    bounds
        (low, high), each a number or an array that fits x: f is never called outside. At a bound the limit is one-sided.
    scale
        Size of a change of x that matters, a number or an array that fits x; by default |x|, and 1 where x is 0.
    budget
        Most evaluations for one column. Smooth functions take at most 10; noise and kinks take more.

    Returns
    -------
    Estimate
        `value` and `error` of shape f(x).shape + x.shape (outputs first), `evaluations`, `notes` and `kinks`.

    Raises
    ------
    ArgumentError
        f(x) is not finite or not real, x is not a real array, x is outside the bounds, or f is finite nowhere near x.
    ShapeError
        The output of f changes its shape.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.numeric import jacobian
    >>> J = jacobian(lambda p: np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])]), [2.0, 0.5])
    >>> J.value.shape, bool(J.error.max() < 1e-11)
    ((2, 2), True)
    >>> print(jacobian(abs, 0.0).kinks[0])
    f by x has a kink: the forward limit is 1 and the backward limit -1 (steps down to 9e-10); the value given is their mean.
    """
    point, notes = as_point(x)
    low, high = _interval(bounds, point)
    scales = scales_of(scale, point)
    box = BlackBox(f, point, args, scalar=point.ndim == 0 and not isinstance(x, np.ndarray))
    answer = Answer(box, point)
    if box.center.size:
        for index in np.ndindex(point.shape):
            answer.add(index, float(low[index]), float(high[index]), float(scales[index]), budget)
    return answer.estimate(notes)


class Answer:
    """The Jacobian while its columns arrive."""

    def __init__(self, box: BlackBox, point: Array) -> None:
        self.box, self.point = box, point
        self.value, self.error, self.noise, self.size = (np.zeros((box.center.size, point.size)) for _ in range(4))
        self.kinks: list[Kink] = []
        self.notes: list[str] = []
        self.unsteady: list[str] = []

    def add(self, index: tuple[int, ...], low: float, high: float, scale: float, budget: int) -> None:
        """Measure one column."""
        box, where = self.box, entry("x", index)
        unit = 1.0 if 1e-100 < scale < 1e100 else 2.0 ** np.floor(np.log2(scale))  # else squares of steps leave the range of floats
        x = float(self.point[index])
        small = np.where(np.abs(box.center) > 1e290, 2.0**-64, 1.0)  # else sums of values leave the range of floats

        def along(moved: float) -> Array | None:
            value = box.along(index, moved * unit)
            return None if value is None else value * small

        ladder = Ladder(along, where, x / unit, box.center * small, scale / unit, low / unit, high / unit, box.precision, budget)
        search = Search(ladder)
        with np.errstate(all="ignore"):
            limit = search.run()
        with np.errstate(over="ignore"):
            value, error = limit.value / unit / small, limit.error / unit / small
        kinked = np.zeros(value.size, dtype=bool)
        if search.kinks is not None:
            kinked = search.kinks.mask
            self._bend(search.kinks, index, unit, small, value, error)
        if ladder.edge:
            self.notes.append(f"{where} is at {ladder.edge}: its limits are taken from {'above' if ladder.sides[0] > 0 else 'below'}.")
        at = int(np.ravel_multi_index(index, self.point.shape)) if index else 0
        self.value[:, at], self.error[:, at], self.noise[:, at] = value, error, limit.steady / small
        self.size[:, at] = np.where(kinked, 0.0, ladder.reach() / small)
        bad = (error > 0.1 * np.abs(value)) & ~kinked & (error > 1e-6 * self.size[:, at] / scale)
        if bad.any():
            first = int(np.argmax(np.where(bad, error, 0)))
            others = f" and {int(bad.sum()) - 1} more entries" * (int(bad.sum()) > 1)
            self.unsteady.append(
                f"No steady limit for {entry('f', self._output(first))} by {where}{others}: {value[first]:.3g} ± {error[first]:.1g}."
            )

    def _bend(self, sides: Sides, index: tuple[int, ...], unit: float, small: Array, value: Array, error: Array) -> None:
        """Replace the entries that have no derivative by the mean of both limits, with an error that reaches them."""
        for row in np.flatnonzero(sides.mask):
            forward, backward = (float(side[row]) / unit / float(small[row]) for side in (sides.forward, sides.backward))
            if np.isfinite(forward) and np.isfinite(backward):
                value[row] = (forward + backward) / 2
                error[row] = abs(forward - backward) / 2 + sides.error[row] / unit / small[row]
            else:
                value[row], error[row] = np.nan, np.inf
            self.kinks.append(Kink(self._output(int(row)), index, forward, backward, sides.step * unit))

    def estimate(self, notes: tuple[str, ...]) -> Estimate:
        """Everything, in the shape f(x).shape + x.shape."""
        noisy = noise_note(self.noise, self.size, self.error, self.value, self.box.precision)
        bent = _some([str(kink) for kink in self.kinks], "kinks are listed in `kinks`.")
        unsteady = _some(self.unsteady, "columns have entries without a steady limit.")
        shape = self.box.shape + self.point.shape
        said = (*notes, *bent, *self.notes, *unsteady, *([noisy] if noisy else []))
        return Estimate(self.value.reshape(shape), self.error.reshape(shape), self.box.calls, said, tuple(self.kinks))

    def _output(self, row: int) -> tuple[int, ...]:
        return tuple(int(i) for i in np.unravel_index(row, self.box.shape)) if self.box.shape else ()


def _some(sentences: list[str], rest: str) -> list[str]:
    return sentences[:5] + [f"{len(sentences) - 5} more {rest}"] * (len(sentences) > 5)


def _interval(bounds: tuple[object, object] | None, point: Array) -> tuple[Array, Array]:
    if bounds is None:
        return np.full(point.shape, -np.inf), np.full(point.shape, np.inf)
    low, high = (_fitting("bounds", b, point, e) for b, e in zip(bounds, (-np.inf, np.inf), strict=True))
    outside = ~((low <= point) & (point <= high))
    if outside.any():
        index = tuple(int(i) for i in np.argwhere(outside)[0])
        raise ArgumentError(
            f"{entry('x', index)} = {point[index]} is outside its bounds {low[index]} … {high[index]}.",
            advice="Move x inside, or widen the bounds.",
        )
    return low, high


def scales_of(scale: object, point: Array) -> Array:
    """The size of a change that matters, for each entry of x."""
    if scale is None:
        size = np.abs(point)
        return np.where(size < 1e-200, 1.0, size)
    given = _fitting("scale", scale, point, 1.0)
    if not ((given > 0) & np.isfinite(given)).all():
        raise ArgumentError("scale must be positive and finite.")
    return given


def _fitting(name: str, value: object, point: Array, default: float) -> Array:
    try:
        return np.broadcast_to(np.asarray(default if value is None else value, dtype=np.float64), point.shape)
    except (TypeError, ValueError) as why:
        raise ArgumentError(f"{name} does not fit x, which has shape {point.shape}: {why}.") from why
