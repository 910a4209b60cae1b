"""The best linear map near a point of a nonlinear one: its matrix, its scaling factor, its error. The partial-derivative way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from wrt.api.jacobian import Jacobian
from wrt.api.kink import kink
from wrt.api.text_map import coordinates, point_map
from wrt.errors import ArgumentError, ShapeError
from wrt.geometry.ellipse import Ellipse, ellipse
from wrt.geometry.measure import Orientation, beyond, determinants, factors, is_flat, log_factors, number, orientation, said

DIRECTIONS = 64  # in which the error of the linearization is looked for


def local_map(f: str | Callable[..., Any], x: Any, variables: str | Sequence[str] | None = None) -> LocalMap:
    """f near x: f(x + δ) ≈ f(x) + J δ.

    Parameters
    ----------
    f
        A NumPy function of the point, a function of as many numbers as the point has coordinates, or text with one expression
        for each component, such as "r*cos(t), r*sin(t)".
    x
        The point: numbers, in the order of the function's parameters, of the names in the text, or of `variables`.
    variables
        The order of the coordinates of a map in text; by default the order in which they appear.

    Raises
    ------
    ArgumentError
        Where f or its Jacobian is not finite at x, and for what is no map. At a kink there is a matrix, by wrt's conventions, but
        `kink` says that it is near to nothing.

    Examples
    --------
    >>> polar = local_map("r*cos(t), r*sin(t)", [2.0, 0.0])
    >>> polar.matrix
    array([[ 1., -0.],
           [ 0.,  2.]])
    >>> float(polar.det), polar.orientation
    (2.0, 'kept')
    """
    function = point_map(f, variables)
    point = _real(x)
    if not point.size:
        raise ArgumentError("The point has no coordinates.", advice="Give at least one number.")
    J = Jacobian(function)
    with np.errstate(all="ignore"):
        value, matrix = J.value_and(point)
    value = np.asarray(value, float)
    matrix = np.array(matrix, float).reshape(value.size, point.size)
    for what, array in ((J.name, value), (f"the Jacobian of {J.name}", matrix)):
        if not np.isfinite(array).all():
            raise ArgumentError(f"{what} is not finite at {_at(function, point)}: there is no linear map near it.")
    return LocalMap(function, J, point, value, matrix, kink(J, function, point, value, matrix))


class LocalMap:
    """The linear map that a function is near a point; made by `local_map`. Call it with a displacement δ for J δ."""

    def __init__(self, function: Callable[..., Any], jacobian: Jacobian, point: np.ndarray, value: np.ndarray, matrix: np.ndarray, kink: str = "") -> None:
        self.function, self.point, self.value, self.matrix = function, point, value, matrix
        self.kink = kink
        """A sentence where f has a kink or a jump at the point, so that no linear map is near to it, or ends there; else ""."""
        self._jacobian = jacobian

    def __call__(self, displacement: Any) -> np.ndarray:
        moved: np.ndarray = self.matrix @ np.ravel(self._displacement(displacement))
        return moved.reshape(self.value.shape)

    @cached_property
    def det(self) -> float:
        """det J, with the sign of the orientation; ShapeError for a map into another dimension."""
        m, n = self.matrix.shape
        if m != n:
            advice = "Read .scaling: √det(JᵀJ) is the factor between n-dimensional volumes." if m > n else "Read .singular_values."
            raise ShapeError(f"{self._jacobian.name} maps R^{n} to R^{m}: its Jacobian is {m}×{n} and has no determinant.", advice=advice)
        return float(determinants(self.matrix))

    @cached_property
    def scaling(self) -> float:
        """By how much f scales length, area, volume near x: |det J|, or √det(JᵀJ) where it maps into more dimensions."""
        return float(factors(self.matrix))

    @cached_property
    def log_scaling(self) -> float:
        """log |det J|, or log √det(JᵀJ): it does not overflow in many dimensions, as the factor itself may."""
        return float(log_factors(self.matrix))

    @property
    def orientation(self) -> Orientation:
        """One of "kept", "flipped" and, where det J = 0, "lost"."""
        self.det  # noqa: B018  # a ShapeError where there is none
        return orientation(self.matrix)

    @cached_property
    def singular_values(self) -> np.ndarray:
        """By how much it stretches at most, …, at least."""
        return np.linalg.svd(self.matrix, compute_uv=False)

    @property
    def ellipse(self) -> Ellipse:
        """What the unit circle (sphere) around x becomes under the linear map, around f(x)."""
        return ellipse(self.matrix, np.ravel(self.value))

    @property
    def inverse(self) -> np.ndarray:
        """The Jacobian of the inverse map at f(x): J⁻¹; ArgumentError where f folds at x."""
        m, n = self.matrix.shape
        if m != n:
            raise ShapeError(f"{self._jacobian.name} maps R^{n} to R^{m}: it has no inverse near a point.")
        if is_flat(self.matrix):
            fact = f"{self._jacobian.name} folds at {_at(self.function, self.point)}: det J = {number(self.det)} there, so it has no inverse near that point."
            raise ArgumentError(fact, advice="Take a point at which det J ≠ 0; wrt.geometry.folds finds where it is 0 in the plane.")
        return np.linalg.inv(self.matrix)

    def remainder(self, displacement: Any) -> np.ndarray:
        """f(x + δ) − f(x) − J δ: what the linear map leaves out; ArgumentError where f is not finite at x + δ."""
        step = self._displacement(displacement)
        with np.errstate(all="ignore"):
            there = np.asarray(self.function(self.point + step), float)
        if not np.isfinite(there).all():
            fact = f"{self._jacobian.name} is not finite at {_at(self.function, self.point + step)}: nothing can be said of the linear map's error there."
            raise ArgumentError(fact, advice="Take a shorter displacement.")
        found: np.ndarray = there - self.value - self(step)
        return found

    def linearization_error(self, h: Any) -> float:
        """The length of f(x + δ) − f(x) − J δ for the displacement δ = h, or, for a number h, the largest that was seen for ‖δ‖ = h.

        In up to two dimensions 64 directions lie evenly, beyond that they are random (and always the same) beside the axes. It
        falls with h² where f is smooth.
        """
        if np.ndim(h):
            return float(np.linalg.norm(self.remainder(h)))
        return max(float(np.linalg.norm(self.remainder(h * u.reshape(self.point.shape)))) for u in _directions(self.point.size))

    def _displacement(self, displacement: Any) -> np.ndarray:
        step = _real(displacement)
        if step.shape != self.point.shape:
            raise ShapeError(f"The displacement must have the shape of the point, {self.point.shape}; got {step.shape}.")
        return step

    def __str__(self) -> str:
        m, n = self.matrix.shape
        word = {1: "length", 2: "area"}.get(n, "volume")
        name, at = self._jacobian.name, _at(self.function, self.point)
        lines = [f"{name} at {at}: J =" if self.kink else f"{name} near {at} is {name}(x) + J δ with J =", said(self.matrix)]
        if m == n:
            lines.append(f"det J = {number(self.det)}: {word} × {number(self.scaling)}{beyond(self.scaling, self.log_scaling)}, orientation {self.orientation}")
        elif m > n:
            lines.append(f"√det(JᵀJ) = {number(self.scaling)}: {word} × {number(self.scaling)}{beyond(self.scaling, self.log_scaling)}")
        lines.append(f"stretches by {', '.join(number(s) for s in self.singular_values)}")
        if self.kink:
            lines.append(self.kink)
        return "\n".join(lines)


def _real(x: Any) -> np.ndarray:
    try:
        array = np.asarray(x)
    except ValueError:
        raise ArgumentError("A point is an array of real numbers; got lists of unlike lengths.") from None
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"A point is an array of real numbers; got {x!r}.")
    return array.astype(float)


def _at(function: Callable[..., Any], point: np.ndarray) -> str:
    """r = 2, t = 0.5 where the coordinates have names, else x = (2, 0.5); long points are cut."""
    entries = [number(float(entry)) for entry in point.ravel()[:6]]
    names = coordinates(function, point.size)
    if point.size == 1 or "x[0]" not in names:
        return ", ".join(f"{name} = {entry}" for name, entry in zip(names, entries, strict=False))
    return f"x = ({', '.join(entries)}{', …' if point.size > 6 else ''})"


def _directions(n: int) -> np.ndarray:
    """Unit vectors of R^n, one in each row."""
    if n == 2:
        t = np.arange(DIRECTIONS) * (2 * np.pi / DIRECTIONS)
        return np.column_stack([np.cos(t), np.sin(t)])
    axes = np.concatenate([np.eye(n), -np.eye(n)])
    if n == 1:
        return axes
    random = np.random.default_rng(0).standard_normal((DIRECTIONS, n))
    return np.concatenate([axes[: 2 * DIRECTIONS], random / np.linalg.norm(random, axis=1, keepdims=True)])
