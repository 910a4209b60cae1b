"""Spy plots: where a matrix is not zero, as a picture and in the characters of a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.plot.style import BLUE, MUTED, shades, styled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wrt.plot.picture import Picture

_EACH = 64  # rows or columns up to which every entry is a square of its own
_BINS = 160  # cells along the longer side beyond, at most
_LONGEST, _SHORTEST = 3.6, 0.45  # inches: the longer side, and the least of the other
_THIN = 0.05  # inches: a cell that is not seen by itself
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # braille: the bit of each dot, four rows of two


@dataclass(frozen=True, slots=True)
class Places:
    """The entries of a matrix that are not zero."""

    shape: tuple[int, int]
    rows: NDArray[Any]
    columns: NDArray[Any]

    @property
    def nnz(self) -> int:
        return int(self.rows.size)

    def shares(self, high: int, wide: int) -> NDArray[Any]:
        """The share of nonzeros in each cell of high×wide entries; cells at the edge are smaller and have shares of what they hold."""
        m, n = self.shape
        up, across = ceil(m / high), ceil(n / wide)
        at = np.asarray(self.rows, np.int64) // high * across + np.asarray(self.columns, np.int64) // wide
        heights = np.minimum(high, m - high * np.arange(up))
        widths = np.minimum(wide, n - wide * np.arange(across))
        shares: NDArray[Any] = np.bincount(at, minlength=up * across).reshape(up, across) / np.outer(heights, widths)
        return shares

    def __str__(self) -> str:
        m, n = self.shape
        share = 100 * self.nnz / max(1, m * n)
        said = f"{m}×{n}, {self.nnz} nonzero{'s' * (self.nnz != 1)} ({share:.3g} %)"
        if self.nnz and m == n:
            below, above = int(max(0, (self.rows - self.columns).max())), int(max(0, (self.columns - self.rows).max()))
            said += ", all on the diagonal" if below == above == 0 else f", {below} below and {above} above the diagonal at most"
        return said


def places(matrix: Any) -> Places:
    """The nonzero entries of an array, a sparse matrix of SciPy, a pattern of wrt, or a Jacobian that was called."""
    if callable(matrix) and hasattr(type(matrix), "pattern"):
        matrix = matrix.pattern
    if isinstance(matrix, Places):
        return matrix
    if isinstance(matrix, tuple) and matrix and hasattr(matrix[0], "indptr"):
        raise ArgumentError("A spy plot is of one matrix; this Jacobian has one for each input.", advice="Choose one: J.pattern[0].")
    if hasattr(matrix, "indptr") and hasattr(matrix, "rows") and hasattr(matrix, "indices"):
        return Places(tuple(matrix.shape), np.asarray(matrix.rows), np.asarray(matrix.indices))
    if hasattr(matrix, "tocoo"):
        coo = matrix.tocoo()
        kept = coo.data != 0
        return Places(tuple(coo.shape), coo.row[kept], coo.col[kept])
    array = np.asarray(matrix)
    if array.ndim != 2 or array.dtype.kind not in "biufc":
        fact = f"A spy plot is of a matrix of numbers, not of {type(matrix).__name__} of shape {array.shape}."
        raise ShapeError(fact, advice="Reshape it to rows and columns.")
    rows, columns = np.nonzero(array)
    return Places(array.shape, rows, columns)


@styled
def spy(matrix: Any, *, title: str = "") -> Picture:
    """Where a matrix is not zero: each entry a square, or in large matrices the share of nonzeros in each cell as shade.

    Parameters
    ----------
    matrix
        An array, a sparse matrix of SciPy, `J.pattern`, or a Jacobian `J` that was called or prepared.
    title
        What the matrix is called in the text alternative.

    Examples
    --------
    >>> import numpy as np, wrt.plot
    >>> print(wrt.plot.spy(np.eye(3)).alt)
    The pattern of a matrix: 3×3, 3 nonzeros (33.3 %), all on the diagonal.
    """
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    from wrt.plot.picture import Picture

    found = places(matrix)
    m, n = found.shape
    if not m * n:
        raise ShapeError(f"A {m}×{n} matrix has no entries to draw.")
    long = max(m, n)
    width, height = (max(_SHORTEST, _LONGEST * side / long) for side in (n, m))
    digits = len(str(long - 1))
    left, right, low, high = max(0.55, 0.15 + 0.07 * digits), max(0.2, 0.05 + 0.035 * digits), 0.42, 0.42
    picture = Picture(max(width + left + right, 2.6), height + low + high)
    whole = picture.get_size_inches()
    left += (whole[0] - left - right - width) / 2
    axes: Any = picture.add_axes((left / whole[0], low / whole[1], width / whole[0], height / whole[1]))
    axes.set(xlim=(-0.5, n - 0.5), ylim=(m - 0.5, -0.5))
    if long <= _EACH:
        size = 0.86
        squares = [Rectangle((j - size / 2, i - size / 2), size, size) for i, j in zip(found.rows, found.columns, strict=True)]
        axes.add_collection(PatchCollection(squares, facecolor=BLUE, edgecolor="none"))
    else:
        # Cells are of equally many entries, so that a full or a banded matrix is even; the last ones reach beyond the edge and are cut there.
        square = ceil(long / _BINS)
        rows, columns = (min(square, ceil(side * _LONGEST / (_BINS * _SHORTEST))) for side in (m, n))  # finer in a strip that is drawn larger than it is
        shares = found.shares(rows, columns)
        most = shares[: m // rows, : n // columns].max() or shares.max() or 1.0  # of whole cells: a small one at the edge is full by one entry
        shown = np.ma.masked_equal(_enlarged(shares, height / shares.shape[0] < _THIN, width / shares.shape[1] < _THIN), 0)
        cells = (-0.5, shares.shape[1] * columns - 0.5, shares.shape[0] * rows - 0.5, -0.5)
        axes.imshow(shown, cmap=shades(), vmin=-0.8 * most, vmax=most, extent=cells, aspect="auto", interpolation="nearest")  # small shares are seen, too
        axes.set(xlim=(-0.5, n - 0.5), ylim=(m - 0.5, -0.5))
    for spine in axes.spines.values():
        spine.set_visible(True)
    axes.xaxis.tick_top()
    axes.set_xticks(_ticks(n, width))
    axes.set_yticks(_ticks(m, height))
    picture.text(0.5, 0.14 / whole[1], f"{m}×{n}, {found.nnz} nonzero{'s' * (found.nnz != 1)}", ha="center", va="center", color=MUTED)
    picture.title = title or "Sparsity pattern"
    picture.numbers = {"shape": [m, n], "nnz": found.nnz}
    picture.alt = words(found, title)
    return picture


def words(matrix: Any, title: str = "") -> str:
    """What a spy plot shows."""
    return f"The pattern of {title or 'a matrix'}: {places(matrix)}."


def _enlarged(shares: NDArray[Any], low: bool, narrow: bool) -> NDArray[Any]:
    """A cell that stands alone is drawn three cells high where cells are low, and wide where they are narrow: a single entry of a large matrix must be seen."""
    reach = (3 * low, 3 * narrow)
    filled = np.pad(shares > 0, [(k, k) for k in reach])
    near = np.lib.stride_tricks.sliding_window_view(filled, tuple(2 * k + 1 for k in reach)).sum(axis=(2, 3))
    shown = shares.copy()
    for cell in np.argwhere((near == 1) & (shares > 0)):
        i, j = (max(min(k - 1, side - 3), 0) if thin else k for k, side, thin in zip(cell, shares.shape, (low, narrow), strict=True))
        shown[i : i + 1 + 2 * low, j : j + 1 + 2 * narrow] = shares[*cell]
    return shown


def _ticks(size: int, inches: float) -> list[int]:
    """0, the last index, and round numbers between where there is room."""
    if size == 1 or inches < 0.7:
        return [0] if size == 1 else [0, size - 1]
    step = next(s * 10**p for p in range(10) for s in (1, 2, 5) if size / (s * 10**p) <= 2.2 * inches)
    inner = [k for k in range(step, size - 1, step) if size - 1 - k >= 0.6 * step]
    return [0, *inner, size - 1]


def braille(matrix: Any, width: int = 40) -> str:
    """The same in braille characters, eight cells of the matrix in each, and a line with its size.

    Parameters
    ----------
    matrix
        As for `spy`.
    width
        How many characters wide the picture may be, a whole number.

    Examples
    --------
    >>> import numpy as np, wrt.plot
    >>> print(wrt.plot.braille(np.eye(8)))
    ⠑⢄⠀⠀
    ⠀⠀⠑⢄
    8×8, 8 nonzeros (12.5 %), all on the diagonal
    """
    try:
        width = index(width)
    except TypeError:
        raise ArgumentError(f"A picture is a whole number of characters wide, not {width!r}.") from None
    if width < 1:
        raise ArgumentError(f"A picture cannot be {width} characters wide.", advice="Give at least 1.")
    found = places(matrix)
    m, n = found.shape
    if not m * n:
        return str(found)
    across = min(n, 2 * width)
    up = max(1, min(m, round(m * across / n), 8 * width))  # dots are about as high as wide
    dots = np.zeros((4 * ceil(up / 4), 2 * ceil(across / 2)), bool)
    dots[np.asarray(found.rows, np.int64) * up // m, np.asarray(found.columns, np.int64) * across // n] = True
    cells = dots.reshape(dots.shape[0] // 4, 4, dots.shape[1] // 2, 2)
    codes = 0x2800 + np.einsum("iajb,ab->ij", cells.astype(int), np.array(_DOTS))
    return "\n".join([*("".join(map(chr, row)) for row in codes), str(found)])
