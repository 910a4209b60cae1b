"""What a matrix does to volume: its determinant, its factor, and whether it keeps the orientation."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from wrt.errors import ShapeError

Orientation = Literal["kept", "flipped", "lost"]
"""det > 0, det < 0, or det = 0: then the image is flat and has none."""


def determinants(matrices: Any) -> Any:
    """det of each square matrix of a stack, as the product of the pivots: small integers stay exact. NaN where an entry is not finite.

    Only the determinant itself may leave the range of floats, to ±inf or ±0; no product on the way does.
    """
    matrices = np.asarray(matrices, float)
    *many, n, _ = matrices.shape
    if n == 0:
        return np.ones(many)
    with np.errstate(all="ignore"):
        size = np.abs(matrices)
        far = ((size > 2.0 ** (1000 / n)) | ((size < 2.0 ** (-1000 / n)) & (size > 0))).any((-2, -1)) if n > 1 else np.zeros(many, bool)
        if not far.any():
            return _plain(matrices)
        even, powers = _even(matrices)
        return np.where(far, _times(_plain(even), powers) if n < 64 else _from_log(*np.linalg.slogdet(_known(even)), powers), _plain(matrices))


def _plain(matrices: np.ndarray) -> Any:
    """The same where the products stay in range."""
    from scipy.linalg import lu_factor

    *many, n, _ = matrices.shape
    if n == 1:
        return matrices[..., 0, 0].copy()
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


def signs_and_logs(matrices: Any) -> tuple[Any, Any]:
    """The sign of det and log |det| of each square matrix of a stack, whatever its range; NaN where an entry is not finite."""
    matrices = np.asarray(matrices, float)
    *many, n, _ = matrices.shape
    if n == 0:
        return np.ones(many), np.zeros(many)
    with np.errstate(all="ignore"):
        even, powers = _even(matrices)
        signs, logs = (np.sign(_plain(even)), np.log(np.abs(_plain(even)))) if n < 3 else np.linalg.slogdet(_known(even))
        return signs, logs + powers * np.log(2)


def factors(matrices: Any) -> Any:
    """By how much each m×n matrix scales n-dimensional volume: |det|, or √det(AᵀA) where m > n."""
    matrices = np.asarray(matrices, float)
    m, n = matrices.shape[-2:]
    if m == n:
        return np.abs(determinants(matrices))
    mantissas, powers = _gram(matrices)
    with np.errstate(all="ignore"):
        return _times(mantissas, powers)


def log_factors(matrices: Any) -> Any:
    """The logarithm of `factors`, which does not leave the range of floats."""
    matrices = np.asarray(matrices, float)
    m, n = matrices.shape[-2:]
    if m == n:
        return signs_and_logs(matrices)[1]
    mantissas, powers = _gram(matrices)
    with np.errstate(all="ignore"):
        return np.log(mantissas) + powers * np.log(2)


def _gram(matrices: Any) -> tuple[Any, Any]:
    """√det(AᵀA) as a number and a power of two: the product of the singular values, which does not square the condition number."""
    m, n = matrices.shape[-2:]
    if m < n:
        raise ShapeError(
            f"A map from R^{n} to R^{m} has no volume factor: it squeezes every {n}-dimensional volume to zero.",
            advice="Differentiate by fewer inputs, or read .singular_values for the lengths that it scales.",
        )
    finite = np.isfinite(matrices).all((-2, -1))
    columns = _powers(np.abs(matrices).max(-2, initial=0.0))
    values = np.linalg.svd(np.ldexp(_known(matrices), -columns[..., None, :]), compute_uv=False)
    mantissas, powers = np.frexp(values)
    return np.where(finite, mantissas.prod(-1), np.nan), powers.sum(-1) + columns.sum(-1)


def _known(matrices: np.ndarray) -> np.ndarray:
    """The matrices; NaN in place of those with an entry that is not finite, which LAPACK does not always pass on."""
    known: np.ndarray = np.where(np.isfinite(matrices).all((-2, -1), keepdims=True), matrices, np.nan)
    return known


def _powers(sizes: np.ndarray) -> np.ndarray:
    """The powers of two next above positive sizes; 0 for what is 0 or not finite."""
    found: np.ndarray = np.where(np.isfinite(sizes) & (sizes > 0), np.frexp(sizes)[1], 0)
    return found


def _even(matrices: np.ndarray) -> tuple[np.ndarray, Any]:
    """Rows and columns scaled by powers of two to entries up to 1, and the power that the determinant lost by it."""
    sizes = np.where(np.isfinite(matrices) & (matrices != 0), np.frexp(matrices)[1].astype(float), -np.inf)
    total = np.zeros(matrices.shape)
    lost = np.zeros(matrices.shape[:-2])
    for axis in (-1, -2, -1):  # on the exponents alone: an entry that leaves the range on the way is not lost
        powers = (sizes - total).max(axis, initial=-np.inf, keepdims=True)
        powers = np.where(np.isfinite(powers), powers, 0)
        total, lost = total + powers, lost + powers.sum((-2, -1))
    return np.ldexp(matrices, -total.astype(np.int32)), lost.astype(int)


def _times(values: Any, powers: Any) -> Any:
    """values · 2^powers."""
    return np.ldexp(values, np.clip(powers, -(2**30), 2**30).astype(np.int32))


def _from_log(signs: Any, logs: Any, powers: Any) -> Any:
    return signs * np.exp(logs + powers * np.log(2))


def is_flat(matrix: Any) -> bool:
    """Whether the columns are linearly dependent, to rounding; the units of rows and columns do not matter."""
    matrix = np.asarray(matrix, float)
    m, n = matrix.shape
    if m < n:
        return True
    even = _even(matrix)[0]
    scales = np.linalg.norm(even, axis=0)
    if not scales.all():
        return True
    return bool(np.linalg.svd(even / scales, compute_uv=False).min(initial=1.0) <= max(m, n) * np.finfo(float).eps)


def orientation(matrix: Any) -> Orientation:
    """What the matrix does to left and right."""
    if is_flat(matrix):
        return "lost"
    sign = float(signs_and_logs(matrix)[0])
    return "lost" if sign == 0 else "kept" if sign > 0 else "flipped"


def beyond(factor: float, log_factor: float) -> str:
    """What to say of a factor that is no float though its logarithm is one; else nothing."""
    if (factor == 0 or np.isinf(factor)) and np.isfinite(log_factor):
        return f" ({'over' if factor else 'under'}flow: it is 10^{log_factor / np.log(10):.6g})".replace("-", "−")
    return ""


def size(factor: float, log_factor: float, digits: int = 6) -> str:
    """The factor, as a power of ten where it is no float though its logarithm is one."""
    if (factor == 0 or np.isinf(factor)) and np.isfinite(log_factor):
        return f"10^{log_factor / np.log(10):.6g}".replace("-", "−")
    return number(factor, digits)


def ends(low: float, high: float, digits: int = 6) -> tuple[str, str]:
    """Both ends of an interval with so many digits that their difference shows."""
    digits = telling(low, high, digits)
    return number(low, digits), number(high, digits)


def telling(low: float, high: float, digits: int = 6) -> int:
    """How many digits tell the numbers of an interval apart: more than usual far from 0."""
    width, far = high - low, max(abs(low), abs(high))
    return min(max(digits, int(np.ceil(np.log10(far) - np.log10(width))) + 3), 17) if 0 < width < far else digits


def said(matrix: Any) -> str:
    """The matrix in rows of text, columns aligned."""
    rows = [[f"{entry:.6g}".replace("-", "−") for entry in row] for row in np.asarray(matrix, float) + 0.0]
    width = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("[ " + "  ".join(entry.rjust(w) for entry, w in zip(row, width, strict=True)) + " ]" for row in rows)


def number(value: float, digits: int = 6) -> str:
    """Six digits and a true minus."""
    return f"{value + 0.0:.{digits}g}".replace("-", "−")
