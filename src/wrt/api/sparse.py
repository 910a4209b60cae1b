"""Sparse Jacobians and Hessians: the entries as formulas, stored where the pattern has them, in SciPy's formats.

The pattern of a map is computed once; all matrices share its index arrays. A call computes the entries and stores each at its
place, in new data or in those of a matrix that was made before.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wrt.errors import ArgumentError
from wrt.linear.linear_map import LinearMap
from wrt.linear.pattern import Pattern, pattern, sizes, static, store

if TYPE_CHECKING:
    from wrt.api.prepared import Kind, Prepared

Format = Literal["csr", "csc", "coo", "bsr"]
FORMATS = ("csr", "csc", "coo", "bsr")
SPARSE = frozenset((*FORMATS, *(f"hessian_{form}" for form in FORMATS)))  # the kinds of programs that fill such matrices


@dataclass(eq=False, slots=True)
class Part:
    """One map as a sparse matrix of one format.

    `places` hold for each term of the map where its turns are in the flat data of the matrix; `model` is a matrix of this pattern.
    """

    map: LinearMap
    pattern: Pattern
    dtype: np.dtype[Any]
    model: Any
    places: tuple[Any, ...]
    sizes: list[tuple[int, ...]]
    padded: bool = field(default=False)  # whether the format stores entries that no term writes

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the matrix's data."""
        return tuple(self.model.data.shape)

    def fill(self, values: Sequence[Any], out: Any) -> None:
        """The terms' coefficients stored at their places."""
        store(out.reshape(-1), values, self.places, self.pattern.apart, padded=self.padded)

    def matrix(self, data: Any) -> Any:
        """A matrix with these data; the index arrays are the model's."""
        made = copy.copy(self.model)
        made.data = data
        return made

    def accepts(self, out: Any) -> bool:
        """Whether a matrix has this pattern, format and dtype: one that was made here has, and is known by its index arrays."""
        model = self.model
        if type(out) is not type(model) or out.shape != model.shape or out.data.shape != model.data.shape or out.data.dtype != self.dtype:
            return False
        own, other = _indices(model), _indices(out)
        return all(a is b for a, b in zip(own, other, strict=True)) or all(np.array_equal(a, b) for a, b in zip(own, other, strict=True))


def _indices(matrix: Any) -> tuple[Any, ...]:
    return matrix.coords if matrix.format == "coo" else (matrix.indptr, matrix.indices)


def part(m: LinearMap, dtype: np.dtype[Any], form: Format) -> Part:
    """A map in one format; the conversion from CSR is SciPy's, done once, on the positions of the data."""
    from scipy.sparse import csr_array

    m = static(m)
    where = pattern(m)
    if form == "csr":
        model = csr_array((np.zeros(where.nnz, dtype), where.indices, where.indptr), shape=where.shape)
        model.has_sorted_indices = model.has_canonical_format = True
        places = where.places
    else:
        numbered = csr_array((np.arange(1, where.nnz + 1), where.indices, where.indptr), shape=where.shape)
        model = numbered.asformat(form)
        number = model.data.reshape(-1)
        at = np.zeros(where.nnz + 1, np.intp)
        at[number] = np.arange(number.size)
        places = tuple(at[1:][place] for place in where.places)
        model.data = np.zeros(model.data.shape, dtype)
    for shared in _indices(model):
        shared.flags.writeable = False  # every matrix made from it has these very arrays: eliminate_zeros() would spoil them all
    return Part(m, where, dtype, model, places, sizes(m), padded=model.data.size > where.nnz)


def parts(prepared: Prepared, kind: Kind) -> list[Part]:
    """The parts of a sparse kind: one for each input, for second derivatives one for each pair."""
    found: list[Part] | None = prepared.extra.get(kind)
    if found is None:
        form: Any = kind.removeprefix("hessian_")
        if kind.startswith("hessian_"):
            rows = zip(prepared.second, prepared.dtypes, strict=True)
            maps = [(m, np.result_type(d, v.dtype)) for row, d in rows for m, v in zip(row, prepared.variables, strict=True)]
        else:
            maps = list(zip(prepared.maps, prepared.dtypes, strict=True))
        found = prepared.extra[kind] = [part(m, dtype, form) for m, dtype in maps]
    return found


def check_format(form: str) -> None:
    if form not in FORMATS:
        raise ArgumentError(f"format must be one of {', '.join(FORMATS)}, not {form!r}.")


def targets(found: Sequence[Part], out: Any, name: str) -> list[Any]:
    """The matrices to be filled: those given, if they fit, else new ones."""
    if out is None:
        return [p.matrix(np.empty(p.shape, p.dtype)) for p in found]
    given = [out] if len(found) == 1 else list(out)
    if len(given) != len(found):
        raise ArgumentError(f"out= needs {len(found)} matrices, one for each input; got {len(given)}.")
    for p, matrix in zip(found, given, strict=True):
        if not p.accepts(matrix):
            raise ArgumentError(
                f"out= does not have the pattern of {name}: expected a {p.model.format}_array of shape {p.model.shape} with {p.model.data.size} stored entries "
                f"of {p.dtype}. Take a matrix that .sparse() made at the same shapes."
            )
        if not matrix.data.flags.writeable or not matrix.data.flags.c_contiguous:
            raise ArgumentError("The data of out= cannot be written to.")
    return given
