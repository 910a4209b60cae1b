"""Tables of limits for functions and text, with wrt's own derivative beside the quotients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wrt.api.jacobian import Jacobian
from wrt.api.text_map import coordinates, point_map
from wrt.errors import ArgumentError, WrtError
from wrt.numeric.limit_table import limit_table
from wrt.numeric.quotients import LimitTable


def limits(
    f: str | Callable[..., Any],
    x: Any,
    by: int | str | tuple[int, ...] | None = None,
    *,
    variables: str | Sequence[str] | None = None,
    steps: Sequence[float] | None = None,
) -> LimitTable:
    """`wrt.numeric.limit_table` of a map in text or of a NumPy function, with the exact derivative beside it where wrt has it.

    Parameters
    ----------
    f, x, variables
        The map and the point, as for `wrt.geometry.local_map`.
    by
        The coordinate that moves: its name, its number, or the index of an entry of an array; left out where there is one number only.
    steps
        The h; by default powers of ten.

    Examples
    --------
    >>> table = limits("r*cos(t), r*sin(t)", [2.0, 0.5], "t")
    >>> table.input, table.exact.round(4)
    ('t', array([-0.9589,  1.7552]))
    """
    function = point_map(f, variables)
    point = np.asarray(x, float) if isinstance(x, list | tuple) else x
    names = coordinates(function, int(np.size(point)))
    if by is None and np.size(point) > 1:
        known = f" ({', '.join(names)})" if len(names) == np.size(point) else ""
        raise ArgumentError(f"The point has {np.size(point)} coordinates{known}; which of them moves?", advice=f"Name it: by={names[-1]!r}.")
    index = by
    if isinstance(by, str):
        if by not in names:
            raise ArgumentError(f"{by!r} is no coordinate of the point, which has {', '.join(names)}.")
        index = names.index(by) if np.ndim(point) else None
    try:
        with np.errstate(all="ignore"):
            exact = np.asarray(Jacobian(function)(point), float)
    except (WrtError, ArithmeticError):  # what wrt refuses, differences may still do: then there is nothing to set beside them
        exact = None
    table = limit_table(function, point, index, exact=exact, steps=steps)  # type: ignore[arg-type]
    if len(names) == np.size(point) and np.ndim(point) <= 1:
        at = int(index) if isinstance(index, (int, np.integer)) else 0
        table = replace(table, input=names[at])
    return table
