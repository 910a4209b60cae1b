"""Determinants, systems and band storage of a square Jacobian or Hessian, at the cost that its structure allows.

`Systems` gives `Jacobian` and `Hessian` their `logabsdet`, `solve` and `banded`. What their programs compute is decided when
they are prepared: a number where that takes no factorization, else the arrays of the map's core (`wrt.linear.core`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.node import Node, Shape
from wrt.graph.shape import show
from wrt.graph.size import as_int
from wrt.linear.linear_map import LinearMap

if TYPE_CHECKING:
    from wrt.api.prepared import Kind, Prepared
    from wrt.linear.core import Core

LITTLE = 16  # a matrix of so many columns is stored as a band in any case
JOBS: dict[str, tuple[Kind, Kind]] = {  # of a Jacobian, of a Hessian
    "logabsdet": ("logabsdet", "hessian_logabsdet"),
    "core": ("core", "hessian_core"),
    "banded": ("banded", "hessian_banded"),
}
KINDS = {kind: (job, second) for job, kinds in JOBS.items() for second, kind in enumerate(kinds)}


def outputs(prepared: Prepared, kind: Kind) -> list[Node]:
    """What the program of this kind returns."""
    from wrt.linear.band import storage  # here and below: imported by those who solve, not by all who differentiate
    from wrt.linear.operator import short_logabsdet

    job, second = KINDS[kind]
    m = _map(prepared, bool(second))
    if job == "banded":
        return [storage(m, *_band(prepared, m), prepared.dtypes[0])]
    _require_square(m)
    number = short_logabsdet(m) if job == "logabsdet" and 0 not in m.shape else None
    if number is None:
        return list(_core(prepared, m).nodes)
    prepared.extra[kind] = True
    return [number]


def _map(prepared: Prepared, second: bool) -> LinearMap:
    return prepared.second[0][0] if second else prepared.maps[0]


def _core(prepared: Prepared, m: LinearMap) -> Core:
    from wrt.linear.core import core

    if ("core", m) not in prepared.extra:
        prepared.extra["core", m] = core(m)
    found: Core = prepared.extra["core", m]
    return found


def _require_square(m: LinearMap) -> None:
    rows, columns = _count(m.shape_out), _count(m.shape_in)
    if rows != columns:
        raise ShapeError(
            f"The matrix is {rows}×{columns}; a determinant and a solution need a square one.",
            known=f"the output has shape {show(m.shape_out)}, the input {show(m.shape_in)}",
        )


def _band(prepared: Prepared, m: LinearMap) -> tuple[int, int]:
    """The half bandwidths, if a band is worth storing."""
    from wrt.linear.reach import reach
    from wrt.linear.structure import structure

    width = reach(m)
    columns = _count(m.shape_in)
    if width is not None and (columns <= LITTLE or 2 * (sum(width) + 1) <= columns):
        return width
    far = "" if width is None else f"row i depends on x[i-{width[0]}..i+{width[1]}] of {columns}"
    raise ArgumentError(
        "The matrix is not banded: a band that holds its entries is larger than half of it.",
        known=", ".join(filter(None, [f"it is {structure(m)}", far])),
        advice="Write .sparse(...) for a sparse matrix; a stencil that wraps around (np.roll) has entries in the far corners.",
    )


class Systems:
    """`logabsdet`, `solve` and `banded` of what a verb differentiates; a mix-in of `wrt.api.jacobian.Differentiated`."""

    kind: Kind
    single: bool
    name: str
    _run: Callable[..., Any]
    _ready: dict[str, list[Any]]

    def logabsdet(self, *args: Any, **kwargs: Any) -> Any:
        """log |det J| of a square Jacobian, −inf where it is singular; the flattened output and input must be of equal size.

        The structure decides the cost: a diagonal and a triangular Jacobian take one pass over their diagonals, a permutation one
        over its entries, a row-wise function one small determinant for each row, and a band or a sparse matrix a factorization of
        itself. Only what is dense takes n³ operations.

        Raises
        ------
        ShapeError
            Where the Jacobian is not square.

        Examples
        --------
        >>> import numpy as np, wrt
        >>> round(float(wrt.jacobian(lambda x: np.exp(2 * x)).logabsdet(np.array([0.5, -0.5]))), 6)
        1.386294
        """
        from wrt.linear.inverse import logabsdet

        kind = JOBS["logabsdet"][self.kind == "hessian"]
        if not kwargs:
            for run in self._ready.get(kind, ()):
                found = run(*args)
                if found is not None:
                    return found[()]
        prepared, result = self._square("logabsdet", args, kwargs)
        m = _map(prepared, self.kind == "hessian")
        if 0 in m.shape_in:
            return prepared.dtypes[0].type(0)
        found = result if kind in prepared.extra else logabsdet(_core(prepared, m), _listed(result))
        return prepared.dtypes[0].type(found)

    def solve(self, *args: Any, rhs: Any, **kwargs: Any) -> Any:
        """x with J x = rhs, of the shape of the input, for a square Jacobian; rhs has the shape of f.

        One more axis of `rhs` holds several right-hand sides. The structure decides how: division for a diagonal, substitution
        for a triangle, one small system for each row of a row-wise function, band and sparse factorizations, and so on.

        Raises
        ------
        ShapeError
            Where the Jacobian is not square or `rhs` has another shape.
        numpy.linalg.LinAlgError
            Where it is singular.

        Examples
        --------
        >>> import numpy as np, wrt
        >>> def f(x):
        ...     return np.array([x[0] ** 2 + x[1], x[0] + x[1]])
        >>> x = np.array([1.0, 2.0])
        >>> wrt.jacobian(f).solve(x, rhs=f(x))
        array([0., 3.])
        """
        from wrt.linear.inverse import solve

        prepared, result = self._square("core", args, kwargs)
        m = _map(prepared, self.kind == "hessian")
        b = np.asarray(rhs)
        if b.dtype.kind not in "fiub":
            raise ArgumentError(f"rhs is of dtype {b.dtype}; expected real numbers.")
        if b.shape[: len(m.shape_out)] != m.shape_out or b.ndim > len(m.shape_out) + 1:
            raise ShapeError(f"rhs must have shape {show(m.shape_out)}, or one more axis for several right-hand sides; got {show(b.shape)}.")
        dtype = prepared.dtypes[0] if b.dtype.kind != "f" else np.result_type(prepared.dtypes[0], b.dtype)
        made = _core(prepared, m)
        try:
            x = solve(m, made, [np.asarray(a) for a in _listed(result)], b.astype(dtype, copy=False))
        except np.linalg.LinAlgError as why:
            raise np.linalg.LinAlgError(f"The {self.kind} of {self.name} is singular at these arguments ({made}): no single x solves J x = rhs.") from why
        return x.astype(dtype, copy=False)

    def banded(self, *args: Any, **kwargs: Any) -> tuple[int, int, Any]:
        """(lower, upper, ab): the half bandwidths and the matrix in LAPACK band storage, ab[upper + i - j, j] = J[i, j].

        As `scipy.linalg.solve_banded((lower, upper), ab, b)` and `scipy.integrate.solve_ivp(..., method="LSODA", jac=...,
        lband=lower, uband=upper)` take it. Rows and columns are those of the flattened matrix, and the places of `ab` outside
        the matrix are zero.

        Raises
        ------
        ArgumentError
            Where a band that holds all entries would be larger than half of the matrix.

        Examples
        --------
        >>> import numpy as np, wrt
        >>> wrt.jacobian(lambda x: x * np.append(x[1:], 1.0)).banded(np.array([1.0, 2.0, 3.0]))
        (0, 1, array([[0., 1., 2.],
               [2., 3., 1.]]))
        """
        self._by_one("banded")
        prepared, result, _ = self._run(JOBS["banded"][self.kind == "hessian"], args, kwargs)
        lower, upper = _band(prepared, _map(prepared, self.kind == "hessian"))
        return lower, upper, np.array(result, prepared.dtypes[0])

    def _square(self, job: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Prepared, Any]:
        self._by_one("solve" if job == "core" else job)
        with np.errstate(all="ignore"):
            prepared, result, _ = self._run(JOBS[job][self.kind == "hessian"], args, kwargs)
        return prepared, result

    def _by_one(self, verb: str) -> None:
        if not self.single:
            raise ArgumentError(f"{verb}() takes a {self.kind} by one input; give wrt= one name.")


def diagonal_of(prepared: Prepared, arrays: Sequence[Any]) -> Any:
    """The diagonal of a diagonal Jacobian at these arrays, flattened; None if it is not square or not diagonal."""
    from wrt.linear.core import diagonal_core

    m = _map(prepared, second=False)
    if _count(m.shape_out) != _count(m.shape_in) or diagonal_core(m) is None:
        return None
    return np.array(prepared.run("core", arrays), prepared.dtypes[0]).ravel()


def _count(shape: Shape) -> int:
    return prod(as_int(n, "A square matrix") for n in shape)


def _listed(result: Any) -> list[Any]:
    return list(result) if isinstance(result, tuple) else [result]
