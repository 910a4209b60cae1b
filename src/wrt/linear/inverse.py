"""Solutions and log-determinants from the numbers of a map's core (`wrt.linear.core`), at the cost that its structure allows.

`solve(m, core, arrays, b)` takes b of the shape of the output, or with one more axis for several right-hand sides;
`logabsdet(core, arrays)` is for the cores that need a factorization. A singular matrix has the logarithm −∞ and no solution.
Source: Golub & Van Loan, Matrix Computations, sections 2.1.4, 4.3 and 12.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.linear.core import Banded, Blocks, Core, Dense, Diagonal, Kronecker, Permutation, Sparse, Triangular, Woodbury, Zero
from wrt.linear.linear_map import LinearMap
from wrt.linear.reach import numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

CANCELLED = 1e6  # I + WᵀD⁻¹U loses this much and more of its digits where D is nearly singular: then the bordered matrix is factored
FULL = 8  # smaller matrices are not searched for zeros


# ----- systems --------------------------------------------------------------------------------------------------------
def solve(m: LinearMap, core: Core, arrays: Sequence[Any], b: NDArray[Any]) -> NDArray[Any]:
    """x with J x = b, of the shape of the input (and the last axis of b, if it has one more than the output)."""
    outputs, inputs = numbers(m.shape_out), numbers(m.shape_in)
    assert outputs is not None
    assert inputs is not None
    n, more = prod(inputs), b.shape[len(outputs) :]
    if n == 0:
        return np.zeros((*inputs, *more), b.dtype)
    columns = np.reshape(b, (n, -1))
    with np.errstate(all="ignore"):
        x = _solved(m, core, arrays, columns)
    if not np.isfinite(x).all() and np.isfinite(columns).all():
        raise np.linalg.LinAlgError("singular")
    return x.reshape((*inputs, *more))


def _solved(m: LinearMap, core: Core, arrays: Sequence[Any], b: NDArray[Any]) -> NDArray[Any]:
    match core:
        case Zero():
            raise np.linalg.LinAlgError("singular")
        case Diagonal():
            return np.asarray(b / np.reshape(arrays[0], (-1, 1)))
        case Permutation(_, sizes, rows, columns):
            x = np.empty_like(b, np.result_type(b, *arrays))
            x[columns] = b[rows] / _joined(arrays, sizes)[:, None]
            return x
        case Kronecker():
            return _kronecker(m, core, list(arrays), b)
        case Woodbury(_, pairs):
            return _woodbury(arrays, len(pairs), b)
        case Blocks():
            return _blocks(m, core, arrays[0], b)
        case Triangular(_, lower):
            return _substituted(arrays[0], lower, b)
        case Banded(_, lower, upper):
            from scipy.linalg import solve_banded

            return np.asarray(solve_banded((lower, upper), arrays[0], b, check_finite=False))
        case Sparse():
            return np.asarray(_sparse_lu(_sparse(core, arrays)).solve(b))
        case Dense(_, by_row, by_column):
            a, scales = arrays[0], list(arrays[1:])
            right = b if by_row is None else b / np.reshape(scales.pop(0), (-1, 1))
            side = _triangle(a)
            x = np.linalg.solve(a, right) if side is None else _substituted(a, side, right)
            return x if by_column is None else x / np.reshape(scales[0], (-1, 1))


def _kronecker(m: LinearMap, core: Kronecker, arrays: list[Any], b: NDArray[Any]) -> NDArray[Any]:
    """A⁻¹ Y B⁻ᵀ for each right-hand side."""
    rows, columns = numbers(m.shape_in) or (0, 0)
    x = b.reshape(rows, -1)
    if core.left is not None:
        x = np.linalg.solve(arrays.pop(0), x)
    if core.right is not None:
        turned = np.moveaxis(x.reshape(rows, columns, -1), 1, 0)
        x = np.moveaxis(np.linalg.solve(arrays[0], turned.reshape(columns, -1)).reshape(turned.shape), 0, 1)
    return x.reshape(b.shape) / core.scale


def _blocks(m: LinearMap, core: Blocks, blocks: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """The shared axes first, then one system for each place on them."""
    outputs, inputs = numbers(m.shape_out) or (), numbers(m.shape_in) or ()
    mine, theirs = [a for a, _ in core.axes], [b for _, b in core.axes]
    others = [axis for axis in range(len(outputs)) if axis not in mine]
    rest = [axis for axis in range(len(inputs)) if axis not in theirs]
    shared = [outputs[axis] for axis in mine]
    size = blocks.shape[-1]
    right = b.reshape(*outputs, -1).transpose(*mine, *others, len(outputs)).reshape(core.count, size, -1)
    if core.alike:
        x = np.linalg.solve(blocks, right.transpose(1, 0, 2).reshape(size, -1)).reshape(size, core.count, -1).transpose(1, 0, 2)
    else:
        x = np.linalg.solve(blocks.reshape(core.count, size, size), right)
    x = x.reshape((*shared, *(inputs[axis] for axis in rest), -1))
    return x.transpose(*np.argsort([*theirs, *rest]), len(inputs)).reshape(b.shape)


def _substituted(a: NDArray[Any], lower: bool, b: NDArray[Any]) -> NDArray[Any]:
    from scipy.linalg import solve_triangular

    return np.asarray(solve_triangular(a, b, lower=lower, check_finite=False))


def _woodbury(arrays: Sequence[Any], rank: int, b: NDArray[Any]) -> NDArray[Any]:
    d, u, w, small = _reduced(arrays, rank)
    if small is None:
        bordered = np.vstack([b, np.zeros((rank, b.shape[1]), b.dtype)])
        return np.asarray(_sparse_lu(_bordered(d, u, w)).solve(bordered)[: d.size])
    first = b / d[:, None]
    return np.asarray(first - (u / d[:, None]) @ np.linalg.solve(small, w.T @ first))


def _reduced(arrays: Sequence[Any], rank: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any] | None]:
    """D, U, W and I + WᵀD⁻¹U; None instead of the last where digits cancel in it."""
    d = np.asarray(arrays[0])
    u, w = (np.stack(arrays[start : start + rank], axis=-1) for start in (1, 1 + rank))
    if not d.all():
        return d, u, w, None
    scaled = u / d[:, None]
    small = np.eye(rank, dtype=d.dtype) + w.T @ scaled
    largest = np.eye(rank) + np.abs(w.T) @ np.abs(scaled)
    try:
        lost = np.linalg.norm(np.linalg.inv(small)) * np.linalg.norm(largest)
    except np.linalg.LinAlgError:
        return d, u, w, None
    return d, u, w, small if lost < CANCELLED else None


def _bordered(d: NDArray[Any], u: NDArray[Any], w: NDArray[Any]) -> Any:
    """[[D, U], [−Wᵀ, I]]: its determinant is that of D + U Wᵀ, and so is its inverse's first block; D may be singular."""
    from scipy.sparse import block_array, csc_array, diags_array, eye_array

    return block_array([[diags_array(d), csc_array(u)], [csc_array(-w.T), eye_array(u.shape[1], dtype=d.dtype)]], format="csc")


# ----- determinants ---------------------------------------------------------------------------------------------------
def logabsdet(core: Core, arrays: Sequence[Any]) -> Any:
    """log |det J|, of a core that `wrt.linear.operator.short_logabsdet` does not know."""
    with np.errstate(all="ignore"):
        match core:
            case Banded(_, lower, upper):
                return _band(np.asarray(arrays[0]), lower, upper)
            case Sparse():
                return _lu_logabsdet(_sparse(core, arrays))
            case Woodbury(_, pairs):
                d, u, w, small = _reduced(arrays, len(pairs))
                return _lu_logabsdet(_bordered(d, u, w)) if small is None else np.sum(np.log(np.abs(d))) + np.linalg.slogdet(small)[1]
            case _:
                a = arrays[0]
                inner = np.linalg.slogdet(a)[1] if _triangle(a) is None else np.sum(np.log(np.abs(np.diagonal(a))))
                return sum((np.sum(np.log(np.abs(scale))) for scale in arrays[1:]), inner)


def _band(ab: NDArray[Any], lower: int, upper: int) -> Any:
    """LU of band storage: the diagonal of U is in row lower + upper."""
    from scipy.linalg import get_lapack_funcs

    if (lower, upper) == (1, 1):
        (factored,) = get_lapack_funcs(("gttrf",), (ab,))
        _, diagonal, *_ = factored(ab[2, :-1], ab[1], ab[0, 1:])
        return np.sum(np.log(np.abs(diagonal)))
    (factored,) = get_lapack_funcs(("gbtrf",), (ab,))
    work = np.zeros((2 * lower + upper + 1, ab.shape[1]), ab.dtype)
    work[lower:] = ab
    lu, _, _ = factored(work, lower, upper, overwrite_ab=True)
    return np.sum(np.log(np.abs(lu[lower + upper])))


def _lu_logabsdet(a: Any) -> Any:
    try:
        return np.sum(np.log(np.abs(_sparse_lu(a).U.diagonal())))
    except np.linalg.LinAlgError:
        return a.dtype.type(-inf)


def _sparse_lu(a: Any) -> Any:
    from scipy.sparse.linalg import splu

    try:
        return splu(a)
    except RuntimeError as why:  # "Factor is exactly singular"
        raise np.linalg.LinAlgError("singular") from why


def _sparse(core: Sparse, arrays: Sequence[Any]) -> Any:
    from scipy.sparse import csc_array

    data = _joined(arrays, core.sizes)
    return csc_array((data, (core.rows, core.columns)))


def _joined(arrays: Sequence[Any], sizes: Sequence[tuple[int, ...]]) -> NDArray[Any]:
    """The coefficients of all terms, one after another, as floating numbers."""
    parts = [np.broadcast_to(a, s).ravel() for a, s in zip(arrays, sizes, strict=True)]
    joined = np.concatenate(parts)
    return joined if joined.dtype.kind == "f" else joined.astype(float)


def _triangle(a: NDArray[Any]) -> bool | None:
    """Whether the matrix is lower (True) or upper (False) triangular in its values; None if neither, told from a corner mostly."""
    n = a.shape[-1]
    if n < FULL or (a[0, -1] != 0 and a[-1, 0] != 0):
        return None
    from scipy.linalg import bandwidth

    lower, upper = bandwidth(a)
    return True if upper == 0 else False if lower == 0 else None
