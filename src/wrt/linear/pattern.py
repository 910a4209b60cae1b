"""The sparsity pattern of a map: which entries its terms write, as CSR indices that are computed once.

The pattern follows from the indices alone, never from values: it holds every entry that can be nonzero, and refilling a
matrix is to evaluate the coefficients and put each into its slot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.arithmetic import multiply
from wrt.graph.index import Index, is_static, values
from wrt.graph.node import Node
from wrt.graph.size import as_int
from wrt.graph.term import Term
from wrt.linear.linear_map import LinearMap, coefficient, from_dense

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pattern:
    """CSR indices of a matrix (prod of shape_out rows, prod of shape_in columns), and how its data are filled.

    The terms' coefficients, raveled one after another, are taken in `order`; entries that several of them write add up from
    `starts` on (None if each entry is written once).
    """

    shape: tuple[int, int]
    indptr: NDArray[Any]
    indices: NDArray[Any]
    order: NDArray[Any]
    starts: NDArray[Any] | None

    @property
    def nnz(self) -> int:
        return int(self.indices.size)

    def data(self, coefficients: Sequence[Any], sizes: Sequence[tuple[int, ...]]) -> NDArray[Any]:
        """The CSR data from the terms' coefficients, each broadcast to its term's sizes."""
        parts = [np.broadcast_to(c, s).ravel() for c, s in zip(coefficients, sizes, strict=True)]
        raw = np.concatenate(parts)[self.order] if parts else np.zeros(0)
        return raw if self.starts is None else np.add.reduceat(raw, self.starts)


def static(m: LinearMap) -> LinearMap:
    """The same map with a pattern that is known beforehand: one with run-time indices becomes a full matrix."""
    return m if all(is_static(index) for term in m.terms for index in term.out) else from_dense(m.to_dense(), len(m.shape_out))


def coefficients(m: LinearMap) -> list[Node]:
    """One array for each term, over the term's labels."""
    return [multiply(term.scale, coefficient(term)) if term.scale != 1 or not term.factors else coefficient(term) for term in m.terms]


def sizes(m: LinearMap) -> list[tuple[int, ...]]:
    return [tuple(as_int(size, "A sparse matrix") for size in term.sizes) for term in m.terms]


def pattern(m: LinearMap) -> Pattern:
    """Where the terms write: computed once for a map, in NumPy."""
    shape_out, shape_in = (tuple(as_int(s, "A sparse matrix") for s in shape) for shape in (m.shape_out, m.shape_in))
    rows, columns = prod(shape_out), prod(shape_in)
    small = np.int32 if max(rows, columns) < 2**31 else np.int64
    row = np.concatenate([_flat(term, m.row(term), shape_out) for term in m.terms] or [np.zeros(0, np.int64)])
    col = np.concatenate([_flat(term, m.col(term), shape_in) for term in m.terms] or [np.zeros(0, np.int64)])
    order = np.lexsort((col, row))
    row, col = row[order], col[order]
    fresh = np.ones(row.size, bool)
    fresh[1:] = (row[1:] != row[:-1]) | (col[1:] != col[:-1])
    starts = None if fresh.all() else np.flatnonzero(fresh)
    kept_rows = row[fresh]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(kept_rows, minlength=rows))]).astype(small)
    return Pattern((rows, columns), indptr, col[fresh].astype(small), order, starts)


def _flat(term: Term, index: Sequence[Index], shape: Sequence[int]) -> NDArray[Any]:
    """Row-major positions, one for each turn of the loop."""
    counts = [as_int(size, "A sparse matrix") for size in term.sizes]
    grid = {label: np.arange(n).reshape([-1 if k == label else 1 for k in range(len(counts))]) for label, n in enumerate(counts)}
    total: Any = np.zeros((), np.int64)
    for i, n in zip(index, shape, strict=True):
        total = total * n + values(i, grid)
    return np.broadcast_to(total, counts).ravel()


def to_sparse(m: LinearMap, arrays: Sequence[Any]) -> Any:
    """A `scipy.sparse.csr_array` from the values of `coefficients(m)`."""
    from scipy.sparse import csr_array

    where = pattern(m)
    return csr_array((where.data(arrays, sizes(m)), where.indices, where.indptr), shape=where.shape)


