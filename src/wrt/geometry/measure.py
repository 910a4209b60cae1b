"""What a matrix does to volume: its determinant, its factor, and whether it keeps the orientation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from wrt.errors import ShapeError

Orientation = Literal["kept", "flipped", "lost"]
"""det > 0, det < 0, or det = 0: then the image is flat and has none."""


def determinants(matrices: Any) -> Any:
    """det of each square matrix of a stack, as the product of the pivots: small integers stay exact. NaN where an entry is not finite."""
    from scipy.linalg import lu_factor

    matrices = np.asarray(matrices, float)
    *many, n, _ = matrices.shape
    if n == 0:
        return np.ones(many)
    if n == 1:
        return matrices[..., 0, 0].copy()
    with np.errstate(all="ignore"):
        if n == 2:
            return matrices[..., 0, 0] * matrices[..., 1, 1] - matrices[..., 0, 1] * matrices[..., 1, 0]
        if many:
            finite = np.isfinite(matrices).all((-2, -1))
            found = np.full(many, np.nan)
            found[finite] = np.linalg.det(matrices[finite])
            return found
        if not np.isfinite(matrices).all():
            return np.float64(np.nan)
        if not matrices.any():
            return np.float64(0)
        import warnings

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a singular matrix is no accident here: its determinant is 0
            upper, pivots = lu_factor(matrices)
        swaps = np.count_nonzero(pivots != np.arange(n))
        return np.prod(np.diagonal(upper)) * (-1) ** swaps


def factors(matrices: Any) -> Any:
    """By how much each m×n matrix scales n-dimensional volume: |det|, or √det(AᵀA) where m > n."""
    matrices = np.asarray(matrices, float)
    *many, m, n = matrices.shape
    if m == n:
        return np.abs(determinants(matrices))
    if m < n:
        raise ShapeError(
            f"A map from R^{n} to R^{m} has no volume factor: it squeezes every {n}-dimensional volume to zero.",
            advice="Differentiate by fewer inputs, or read .singular_values for the lengths that it scales.",
        )
    finite = np.isfinite(matrices).all((-2, -1))
    if not many:
        return _gram(matrices) if finite else np.float64(np.nan)
    found = np.full(many, np.nan)
    found[finite] = _gram(matrices[finite])
    return found


def _gram(matrices: Any) -> Any:
    """√det(AᵀA) as the product of the singular values, which does not square the condition number."""
    return np.linalg.svd(matrices, compute_uv=False).prod(-1)


def is_flat(matrix: Any) -> bool:
    """Whether the columns are linearly dependent, to rounding."""
    matrix = np.asarray(matrix, float)
    m, n = matrix.shape
    if m < n:
        return True
    scales = np.linalg.norm(matrix, axis=0)
    if not scales.all():
        return True
    return bool(np.linalg.svd(matrix / scales, compute_uv=False).min(initial=1.0) <= max(m, n) * np.finfo(float).eps)


def orientation(matrix: Any, det: float) -> Orientation:
    """What the matrix does to left and right."""
    return "lost" if is_flat(matrix) or det == 0 else "kept" if det > 0 else "flipped"


def said(matrix: Any) -> str:
    """The matrix in rows of text, columns aligned."""
    rows = [[f"{entry:.6g}".replace("-", "−") for entry in row] for row in np.asarray(matrix, float) + 0.0]
    width = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("[ " + "  ".join(entry.rjust(w) for entry, w in zip(row, width, strict=True)) + " ]" for row in rows)


def number(value: float) -> str:
    """Six digits and a true minus."""
    return f"{value + 0.0:.6g}".replace("-", "−")
