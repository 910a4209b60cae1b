"""What a benchmark case is: a plain NumPy function, points to call it at, and its derivative written by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["jacobian", "gradient", "hessian", "sparse", "sparse hessian", "batch", "logabsdet"]


@dataclass(frozen=True)
class Pattern:
    """Where a sparse matrix has its entries, in CSR with sorted columns."""

    indices: Any
    indptr: Any
    shape: tuple[int, int]

    def matrix(self, data: Any) -> Any:
        from scipy.sparse import csr_array

        return csr_array((data, self.indices, self.indptr), shape=self.shape)


@dataclass
class Problem:
    """One case with its data.

    `f(x, *args)` is plain NumPy. A derivative by hand is called as `hand(x, *args)`, a sparse one as `hand(data, x, *args)`: it writes
    every entry of `data`, whatever was there. The names in `rewritten` use an identity that is not in f (angle addition, say): they
    are timed and shown, and the ratios are taken to the best of the others.
    """

    f: Callable[..., Any]
    points: Sequence[Any]
    by_hand: dict[str, Callable[..., Any]]
    args: tuple[Any, ...] = ()
    pattern: Pattern | None = None
    rewritten: frozenset[str] = frozenset()
    data: dict[str, Any] = field(default_factory=dict)  # what the functions written for single peers need

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        """The arguments of each call: a new x each time."""
        return [(x, *self.args) for x in self.points]


@dataclass(frozen=True)
class Case:
    """A named problem and the derivative that is asked for; `fresh`: a new CSR at each call instead of a refill."""

    name: str
    kind: Kind
    make: Callable[[], Problem]
    fresh: bool = False
    big: bool = False  # left out by --quick

    @property
    def sparse(self) -> bool:
        return self.kind in ("sparse", "sparse hessian")


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def csr(rows: Any, columns: Any, shape: tuple[int, int]) -> tuple[Pattern, Any]:
    """The pattern of entries at these places (no place twice), and where each of them is in `data`."""
    rows, columns = np.asarray(rows), np.asarray(columns)
    order = np.lexsort((columns, rows))
    indptr = np.zeros(shape[0] + 1, np.int32)
    np.cumsum(np.bincount(rows, minlength=shape[0]), out=indptr[1:])
    slots = np.empty(len(order), np.int32)
    slots[order] = np.arange(len(order), dtype=np.int32)
    return Pattern(columns[order].astype(np.int32), indptr, shape), slots
