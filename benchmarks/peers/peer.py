"""What an adapter is: a module with `version()`, `prepare(case, problem) -> Ready`, the KINDS of derivatives that it has, and FRESH if it
makes new CSR matrices. And: plain functions read in another namespace."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import CellType, FunctionType
from typing import Any


class NotAble(Exception):
    """The peer has no way to do this case, or none that was written."""


def _nothing(calls: Sequence[tuple[Any, ...]]) -> None:
    pass


@dataclass
class Ready:
    """A prepared derivative: `run(x, *args)` is what is timed, `value` makes of its result what by hand gives, `says` what the peer says it does.

    Results must agree to `tolerance` of the largest entry.
    """

    run: Callable[..., Any]
    value: Callable[[Any], Any] = field(default=lambda result: result)
    warm: Callable[[Sequence[tuple[Any, ...]]], None] = _nothing
    says: Callable[[], str] = field(default=lambda: "")
    tolerance: float = 1e-8


def read_in(f: Callable[..., Any], np: Any, captured: Callable[[Any], Any] = lambda value: value) -> Callable[..., Any]:
    """The same code with another `np`, its helpers in the module too; `captured` turns what f has captured into what the peer takes."""
    assert isinstance(f, FunctionType)
    space = dict(vars(sys.modules[f.__module__]))
    space["np"] = np
    for name, value in list(space.items()):
        if isinstance(value, FunctionType):
            space[name] = FunctionType(value.__code__, space, name, value.__defaults__, value.__closure__)
    cells = tuple(CellType(captured(cell.cell_contents)) for cell in f.__closure__ or ())
    return FunctionType(f.__code__, space, f.__name__, f.__defaults__, cells)
