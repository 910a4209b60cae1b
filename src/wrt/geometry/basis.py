"""The linear map that takes one basis (or parallelepiped) to another, and its determinant: the linear-algebra way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.geometry.ellipse import Ellipse, ellipse
from wrt.geometry.measure import Orientation, beyond, determinants, factors, is_flat, log_factors, number, orientation, said
from wrt.trace.traced import Traced


def volume(vectors: Any) -> float:
    """The n-dimensional volume of the parallelepiped that n vectors of R^m span: length, area, volume, … without a sign.

    Examples
    --------
    >>> volume([(1, 0, 0), (0, 3, 4)])
    5.0
    """
    columns = _columns(vectors, "vectors")
    return float(factors(columns)) if columns.shape[0] >= columns.shape[1] else 0.0


def basis_change(from_: Any, to: Any) -> Transformation:
    """The linear map that takes each vector of `from_` to the vector of `to` at the same place.

    Parameters
    ----------
    from_
        A basis of R^n: n linearly independent vectors, one in each row. They are the edges of a parallelogram (parallelepiped).
    to
        As many vectors, of R^m. They may be dependent: then the image is flat and the factor is 0.

    Raises
    ------
    ArgumentError
        Where `from_` is not a basis: its vectors are dependent.
    ShapeError
        Where the numbers of vectors differ, or `from_` has not as many vectors as coordinates.

    Examples
    --------
    >>> t = basis_change([(1, 0), (0, 1)], [(-2, 1), (1, 1)])
    >>> t.matrix
    array([[-2.,  1.],
           [ 1.,  1.]])
    >>> float(t.det), t.factor, t.orientation
    (-3.0, 3.0, 'flipped')
    >>> t((2.0, 1.0))
    array([-3.,  3.])
    """
    b, c = _columns(from_, "from_"), _columns(to, "to")
    if b.shape[1] != c.shape[1]:
        raise ShapeError(f"Each vector goes to one vector: from_ has {b.shape[1]} and to has {c.shape[1]}.")
    if b.shape[0] != b.shape[1]:
        fact = f"from_ has {_vectors(b.shape[1])} of R^{b.shape[0]}, which {'are' if b.shape[1] > 1 else 'is'} no basis of it."
        raise ShapeError(fact, advice="A basis has as many vectors as coordinates. For areas in space compare volume(from_) and volume(to).")
    if is_flat(b):
        fact = "from_ is no basis: its vectors are linearly dependent, so they do not say what happens to the others."
        raise ArgumentError(fact, known=f"det = {number(float(determinants(b)))}.", advice="Give vectors that span the space.")
    powers = np.frexp(np.abs(b).max(axis=0))[1]  # each pair of vectors in a unit of its own, so that any length will do
    with np.errstate(all="ignore"):
        matrix = _tidy(np.linalg.solve(np.ldexp(b, -powers).T, np.ldexp(c, -powers).T).T, b, c)
    lost = not matrix.any(0).all() or not matrix.any(1).all()  # a row or column of zeros
    if not np.isfinite(matrix).all() or (lost and not is_flat(c)):
        raise ArgumentError("The matrix that takes from_ to to has entries beyond the range of floats.", advice="Give the vectors in other units.")
    return Transformation(matrix, b, c)


@dataclass(frozen=True)
class Transformation:
    """A linear map between two bases; made by `basis_change`. Call it to map a point."""

    matrix: np.ndarray
    """m×n: column j is where the j-th coordinate vector goes."""
    source: np.ndarray
    """The vectors that it takes, as columns."""
    target: np.ndarray
    """Where they go, as columns."""

    def __call__(self, x: Any) -> Any:
        n = self.matrix.shape[1]
        if not isinstance(x, Traced) and np.shape(x)[:1] != (n,):
            fact = f"The map takes {n} coordinates; got an array of shape {np.shape(x)}."
            raise ShapeError(fact, advice="Give one point, or many as the columns of a matrix.")
        return self.matrix @ (np.array(x) if isinstance(x, list | tuple) else x)  # left as it is, so that wrt can trace it

    @cached_property
    def det(self) -> float:
        """The determinant: the factor with the sign of the orientation; ShapeError where the map goes into another dimension."""
        m, n = self.matrix.shape
        if m != n:
            raise ShapeError(f"A map from R^{n} to R^{m} has no determinant.", advice="Read .factor: √det(AᵀA)." if m > n else "")
        return float(determinants(self.matrix))

    @cached_property
    def factor(self) -> float:
        """Area (volume) of an image over that of the original: |det|, or √det(AᵀA) where the map goes into more dimensions."""
        return float(factors(self.matrix))

    @property
    def orientation(self) -> Orientation:
        """One of "kept", "flipped" and, where the image is flat, "lost"."""
        self.det  # noqa: B018  # a ShapeError where there is none
        return orientation(self.matrix)

    @cached_property
    def log_factor(self) -> float:
        """The natural logarithm of `factor`: finite where the factor itself is too large or too small for a float."""
        return float(log_factors(self.matrix))

    @cached_property
    def singular_values(self) -> np.ndarray:
        """By how much it stretches at most, …, at least: the half-axes of the ellipse that the unit circle becomes."""
        return np.linalg.svd(self.matrix, compute_uv=False)

    @property
    def ellipse(self) -> Ellipse:
        """What the unit circle (sphere) around the origin becomes."""
        return ellipse(self.matrix, np.zeros(len(self.matrix)))

    @property
    def inverse(self) -> Transformation:
        """The map back; ArgumentError where there is none."""
        m, n = self.matrix.shape
        if m != n or is_flat(self.matrix):
            fact = f"A map from R^{n} to R^{m} has no inverse." if m != n else "The image is flat: det = 0, and no map leads back."
            raise ArgumentError(fact)
        return basis_change(self.target.T, self.source.T)

    def __str__(self) -> str:
        m, n = self.matrix.shape
        word = {1: "length", 2: "area"}.get(n, "volume")
        lines = [f"the linear map of R^{n}{'' if m == n else f' into R^{m}'} with matrix", said(self.matrix)]
        if m == n:
            lines.append(f"det = {number(self.det)}: {word} × {number(self.factor)}{beyond(self.factor, self.log_factor)}, orientation {self.orientation}")
        elif m > n:
            lines.append(f"√det(AᵀA) = {number(self.factor)}: {word} × {number(self.factor)}{beyond(self.factor, self.log_factor)}")
        return "\n".join(lines)


def _columns(vectors: Any, name: str) -> np.ndarray:
    """The vectors as the columns of a matrix."""
    try:
        rows = np.asarray(vectors, float)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be vectors of equally many real numbers, as [(1, 0), (0, 1)].") from None
    if rows.ndim != 2 or not rows.size:
        raise ShapeError(f"{name} must be vectors, one in each row; got an array of shape {rows.shape}.")
    if not np.isfinite(rows).all():
        raise ArgumentError(f"{name} has an entry that is not finite.")
    return rows.T.copy()


def _tidy(matrix: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """The matrix with entries rounded to integers, where that takes b to c exactly."""
    near = np.rint(matrix)
    return near + 0.0 if np.abs(near - matrix).max() < 1e-9 and np.array_equal(near @ b, c) else matrix


def _vectors(count: int) -> str:
    return "1 vector" if count == 1 else f"{count} vectors"
