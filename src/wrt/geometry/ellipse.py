"""The ellipse (ellipsoid) that a linear map makes of a circle (sphere)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import ShapeError


@dataclass(frozen=True)
class Ellipse:
    """The image of a circle (sphere) under a linear map, by its half-axes."""

    center: np.ndarray
    lengths: np.ndarray
    """Of the half-axes, the longest first: the singular values times the radius."""
    directions: np.ndarray
    """Unit vectors along the half-axes, one in each column."""
    preimages: np.ndarray
    """Unit vectors of the circle that go there, one in each column."""

    @property
    def axes(self) -> np.ndarray:
        """The half-axes as vectors, one in each column."""
        axes: np.ndarray = self.directions * self.lengths
        return axes

    @property
    def angle(self) -> float:
        """Of the longest half-axis against the first coordinate, in radians in (−π/2, π/2]; for ellipses in the plane."""
        if self.directions.shape[0] != 2:
            raise ShapeError(f"An ellipsoid in R^{self.directions.shape[0]} has no single angle.", advice="Read .directions.")
        x, y = self.directions[:, 0]
        angle = float(np.arctan2(y, x))
        return angle - np.pi if angle > np.pi / 2 else angle + np.pi if angle <= -np.pi / 2 else angle

    def points(self, count: int = 100) -> np.ndarray:
        """Points along the curve, the last equal to the first, one in each row; for images of a circle."""
        if self.preimages.shape[0] != 2:
            raise ShapeError(f"Only the image of a circle is a curve; this is the image of a sphere in R^{self.preimages.shape[0]}.")
        t = np.linspace(0, 2 * np.pi, count)
        circle = np.array([np.cos(t), np.sin(t)])
        found: np.ndarray = (self.center[:, None] + self.axes @ (self.preimages.T @ circle)[: self.axes.shape[1]]).T
        return found


def ellipse(matrix: Any, center: Any, radius: float = 1.0) -> Ellipse:
    """What `matrix` makes of the sphere of this radius, around `center`."""
    u, s, vt = np.linalg.svd(np.asarray(matrix, float), full_matrices=False)
    return Ellipse(np.asarray(center, float), s * radius, u, vt.T)
