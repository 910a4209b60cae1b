"""What a trace has relied on: names that stood for certain objects, containers that held certain items.

A traced program is kept between calls. It is still right if every name still stands for the very same object; arrays may
change in place, as the program reads them anew. What cannot be watched makes the trace volatile: trace again at each call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from types import CellType, FunctionType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MISSING = object()
Names = Mapping[str, Any] | CellType


@dataclass(slots=True)
class Dependencies:
    """Names read and containers used, with what they held; `reasons` say why the trace must not be kept (none: it may be)."""

    read: dict[tuple[int, str], tuple[Names, str, object]] = field(default_factory=dict)
    attributes: list[tuple[Any, str, object]] = field(default_factory=list)
    contents: list[tuple[Any, Sequence[Any]]] = field(default_factory=list)
    arrays: dict[int, tuple[NDArray[Any], tuple[int, ...], np.dtype[Any]]] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)

    @property
    def volatile(self) -> bool:
        return bool(self.reasons)

    def watch(self, names: Names, name: str, value: object) -> None:
        """`name` stood for `value`; MISSING: for nothing."""
        self.read.setdefault((id(names), name), (names, name, value))

    def watch_code(self, function: FunctionType) -> None:
        """A function was run: its code and defaults (reloading a module in a notebook replaces them in place)."""
        self.attributes += [(function, name, getattr(function, name)) for name in ("__code__", "__defaults__", "__kwdefaults__")]
        self.watch_contents(vars(function))  # an attribute that is not there yet may be asked for by getattr(f, name, default)

    def watch_contents(self, container: Any) -> None:
        """A list, dict or set was used: its items, by identity."""
        self.contents.append((container, items_of(container)))

    @property
    def captured(self) -> list[NDArray[Any]]:
        """The arrays that were read, other than arguments."""
        return [array for array, _, _ in self.arrays.values()]

    def watch_array(self, array: NDArray[Any]) -> None:
        """An array was read: its numbers may change in place, its shape and dtype may not."""
        self.arrays.setdefault(id(array), (array, array.shape, array.dtype))

    def unwatchable(self, reason: str) -> None:
        """Something was reached that may change unseen."""
        self.reasons[reason] = None

    def still_valid(self) -> bool:
        """Whether all names stand for the same objects, and containers hold the same ones, as when the function was traced."""
        if self.reasons:
            return False
        for names, name, value in self.read.values():
            if now(names, name) is not value:
                return False
        for owner, name, value in self.attributes:
            if getattr(owner, name) is not value:
                return False
        for array, shape, dtype in self.arrays.values():
            if array.shape != shape or array.dtype is not dtype:
                return False
        return not self.contents or all(_same(items_of(container), items) for container, items in self.contents)


def now(names: Names, name: str) -> object:
    """What a name stands for at present."""
    if isinstance(names, CellType):
        try:
            return names.cell_contents
        except ValueError:
            return MISSING
    return names.get(name, MISSING)


def items_of(container: Any) -> list[Any]:
    return [*container.keys(), *container.values()] if isinstance(container, Mapping) else list(container)


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return len(a) == len(b) and all(map(is_, a, b))
