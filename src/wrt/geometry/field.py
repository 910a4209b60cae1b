"""The scaling factor of a map over a grid of points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.api.jacobian import Jacobian
from wrt.api.points import values_and_jacobians
from wrt.api.text_map import coordinates, point_map
from wrt.errors import ArgumentError, ShapeError, WrtError
from wrt.geometry.measure import beyond, determinants, ends, factors, log_factors, number, telling

CHUNK = 65536  # points at a time: their Jacobians are held together


def scaling_field(f: str | Callable[..., Any], grid: Sequence[Any], variables: str | Sequence[str] | None = None) -> ScalingField:
    """|det J| of f, or √det(JᵀJ), at each point of a grid.

    Parameters
    ----------
    f, variables
        As for `local_map`.
    grid
        One increasing array of coordinates for each coordinate of the point, as (xs, ys).

    Examples
    --------
    >>> field = scaling_field("r*cos(t), r*sin(t)", ([1.0, 2.0, 3.0], [0.0, 1.0]))
    >>> field.values.round(12)
    array([[1., 1.],
           [2., 2.],
           [3., 3.]])
    """
    function = point_map(f, variables)
    axes = _axes(grid)
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    J = Jacobian(function)
    matrices = defined(J, points.reshape(-1, len(axes)))
    shape = points.shape[:-1]
    scaling, logs = factors(matrices).reshape(shape), log_factors(matrices).reshape(shape)
    square = matrices.shape[1] == matrices.shape[2]
    return ScalingField(J.name, coordinates(function, len(axes)), axes, points, determinants(matrices).reshape(shape) if square else None, scaling, logs)


@dataclass(frozen=True)
class ScalingField:
    """The scaling factor over a grid; made by `scaling_field`. Arrays are indexed by coordinate: values[i, j] is at (xs[i], ys[j])."""

    name: str
    coordinates: tuple[str, ...]
    axes: tuple[np.ndarray, ...]
    points: np.ndarray
    """Shape of the grid + (n,)."""
    det: np.ndarray | None
    """det J with its sign; None for maps into more dimensions. NaN where f has no Jacobian."""
    values: np.ndarray
    """|det J|, or √det(JᵀJ); inf or 0 where it is too large or too small for a float."""
    log_values: np.ndarray
    """The natural logarithm of the same, finite there too."""

    @property
    def undefined(self) -> int:
        """At how many points f has no finite Jacobian."""
        return int(np.count_nonzero(np.isnan(self.values)))

    @property
    def folded(self) -> bool:
        """Whether det J has both signs on the grid: then f folds in between, or jumps."""
        return self.det is not None and bool(len(np.unique(np.signbit(self.det[self.log_values > -np.inf]))) > 1)

    def __str__(self) -> str:
        what = "√det(JᵀJ)" if self.det is None else "|det J|"
        known = ~np.isnan(self.values)
        over = " × ".join(f"{name} ∈ [{', '.join(ends(a[0], a[-1]))}]" for name, a in zip(self.coordinates, self.axes, strict=True))
        lines = [f"{what} of {self.name} over {over}, {' × '.join(map(str, self.values.shape))} points"]
        if known.any():
            values, logs, points = self.values[known], self.log_values[known], self.points[known]
            for word, k in (("smallest", logs.argmin()), ("largest", logs.argmax())):
                place = ", ".join(number(v, telling(a[0], a[-1])) for v, a in zip(points[k], self.axes, strict=True))
                lines.append(f"{word}: {number(values[k])}{beyond(values[k], logs[k])} at ({place})")
        if self.folded:
            lines.append("det J changes sign: the map folds (wrt.geometry.folds), or jumps")
        if self.undefined:
            lines.append(f"not defined at {self.undefined} of {self.values.size} points")
        return "\n".join(lines)


def jacobians(J: Jacobian, points: np.ndarray) -> np.ndarray:
    """The Jacobian at each of the points (N, n), as matrices (N, m, n)."""
    found = []
    with np.errstate(all="ignore"):
        for start in range(0, len(points), CHUNK):
            some = points[start : start + CHUNK]
            found.append(np.asarray(_each(J.batch, some), float).reshape(len(some), -1, points.shape[1]))
    return np.concatenate(found)


def defined(J: Jacobian, points: np.ndarray) -> np.ndarray:
    """The same, NaN where f itself is not finite: log x has the derivative 1/x at −1, and no value."""
    values, matrices = both(J, points)
    matrices[~np.isfinite(values).all(1)] = np.nan
    return matrices


def both(J: Jacobian, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The values (N, m) and the Jacobians (N, m, n) at the points (N, n)."""
    found = []
    for start in range(0, len(points), CHUNK):
        some = points[start : start + CHUNK]
        with np.errstate(all="ignore"):
            values, matrices = _each(lambda x: values_and_jacobians(J, x), some)
        found.append((np.array(values, float).reshape(len(some), -1), np.array(matrices, float).reshape(len(some), -1, points.shape[1])))
    return np.concatenate([values for values, _ in found]), np.concatenate([matrices for _, matrices in found])


def _each(batch: Callable[[np.ndarray], Any], points: np.ndarray) -> Any:
    """Points of one coordinate are numbers where f takes no array of one."""
    if points.shape[1] > 1:
        return batch(points)
    try:
        return batch(points[:, 0])
    except (WrtError, IndexError, TypeError):
        return batch(points)


def _axes(grid: Any) -> tuple[np.ndarray, ...]:
    try:
        if np.ndim(grid) == 1 and np.asarray(grid).dtype.kind in "fiub":
            fact = f"grid= takes one array of coordinates for each coordinate of the point; got {len(grid)} numbers."
            raise ShapeError(fact, advice="For a map of one coordinate write (xs,), for a single point of the plane ([x], [y]).")
    except ValueError as why:  # arrays of unlike lengths: no array of numbers
        if isinstance(why, WrtError):
            raise
    try:
        axes = tuple(np.atleast_1d(np.asarray(axis, float)) for axis in grid)
    except (TypeError, ValueError):
        raise ArgumentError("grid= takes one array of coordinates for each coordinate of the point: (np.linspace(0, 1, 50), np.linspace(0, 2, 80)).") from None
    if not axes or any(axis.ndim != 1 or not axis.size for axis in axes):
        raise ShapeError(f"grid= takes one 1-D array for each coordinate; got shapes {', '.join(str(a.shape) for a in axes) or 'none'}.")
    for k, axis in enumerate(axes):
        if not np.isfinite(axis).all() or (np.diff(axis) <= 0).any():
            raise ArgumentError(f"The coordinates of axis {k} must be finite and increase.")
    return axes
