"""Spy plots: where a matrix is not zero, as a picture and in the characters of a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.plot.style import BLUE, MUTED, shades, styled

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from wrt.plot.picture import Picture

_EACH = 64  # rows or columns up to which every entry is a square of its own
_BINS = 160  # cells along the longer side beyond
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

    def counts(self, height: int, width: int) -> NDArray[Any]:
        """How many entries fall into each cell of a grid over the matrix."""
        up = np.asarray(self.rows, np.int64) * height // max(self.shape[0], 1)
        across = np.asarray(self.columns, np.int64) * width // max(self.shape[1], 1)
        return np.bincount(up * width + across, minlength=height * width).reshape(height, width)

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
    width, height = (max(0.45, 3.6 * side / long) for side in (n, m))
    left, right, low, high = 0.55, 0.2, 0.42, 0.42
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
        up, across = (max(1, min(side, round(_BINS * side / long))) for side in (m, n))
        counts = found.counts(up, across).astype(float)
        share = np.ma.masked_equal(counts, 0)
        whole_matrix = (-0.5, n - 0.5, m - 0.5, -0.5)
        low_shade, high_shade = -0.6 * counts.max(), counts.max()  # a single entry must be seen
        axes.imshow(share, cmap=shades(), vmin=low_shade, vmax=high_shade, extent=whole_matrix, aspect="auto", interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_visible(True)
    axes.xaxis.tick_top()
    axes.set_xticks(_ticks(n, width))
    axes.set_yticks(_ticks(m, height))
    picture.text(0.5, 0.14 / whole[1], f"{m}×{n}, {found.nnz} nonzero{'s' * (found.nnz != 1)}", ha="center", va="center", color=MUTED)
    picture.title = title or "Sparsity pattern"
    picture.numbers = {"shape": [m, n], "nnz": found.nnz}
    picture.alt = f"The pattern of {title or 'a matrix'}: {found}."
    return picture


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
        How many characters wide the picture may be.

    Examples
    --------
    >>> import numpy as np, wrt.plot
    >>> print(wrt.plot.braille(np.eye(8)))
    ⠑⢄⠀⠀
    ⠀⠀⠑⢄
    8×8, 8 nonzeros (12.5 %), all on the diagonal
    """
    if width < 1:
        raise ArgumentError(f"A picture cannot be {width} characters wide.")
    found = places(matrix)
    m, n = found.shape
    if not m * n:
        return str(found)
    across = min(n, 2 * width)
    up = max(1, min(m, round(m * across / n), 8 * width))  # dots are about as high as wide
    dots = np.zeros((4 * ceil(up / 4), 2 * ceil(across / 2)), bool)
    dots[:up, :across] = found.counts(up, across) > 0
    cells = dots.reshape(dots.shape[0] // 4, 4, dots.shape[1] // 2, 2)
    codes = 0x2800 + np.einsum("iajb,ab->ij", cells.astype(int), np.array(_DOTS))
    return "\n".join([*("".join(map(chr, row)) for row in codes), str(found)])
