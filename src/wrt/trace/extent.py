"""A size that is a symbol, as the user's function sees it: `n = x.shape[0]` where x has N entries.

It can be added, multiplied, compared and used as a shape. As an integer it is refused: a loop over N steps has no formula.
"""

from __future__ import annotations

from typing import Any

from wrt.graph.node import Node, Shape
from wrt.graph.size import NeedsSizes, Polynomial, Size, at_most, divide
from wrt.graph.term import size_node
from wrt.trace.refusal import at_user


class Extent:
    """A symbolic size. Arithmetic that leaves the sizes (1/n, n**0.5) is given in `wrt.trace.methods`."""

    __slots__ = ("symbolic", "tracer")
    __array_ufunc__ = None  # NumPy scalars leave arithmetic with it to us

    def __init__(self, symbolic: Polynomial, tracer: Any) -> None:
        self.symbolic, self.tracer = symbolic, tracer

    @property
    def node(self) -> Node:
        return size_node(self.symbolic)

    def __add__(self, other: Any) -> Any:
        return extent(self.symbolic + plain(other), self.tracer) if is_size(other) else NotImplemented

    def __sub__(self, other: Any) -> Any:
        return extent(self.symbolic - plain(other), self.tracer) if is_size(other) else NotImplemented

    def __rsub__(self, other: Any) -> Any:
        return extent(plain(other) - self.symbolic, self.tracer) if is_size(other) else NotImplemented

    def __mul__(self, other: Any) -> Any:
        return extent(self.symbolic * plain(other), self.tracer) if is_size(other) else NotImplemented

    def __floordiv__(self, other: Any) -> Any:
        if not is_size(other):
            return NotImplemented
        quotient = divide(self.symbolic, plain(other))
        if quotient is None:
            raise at_user(NeedsSizes(f"{self}//{other} needs the size {self} as a number."))
        return extent(quotient, self.tracer)

    def __neg__(self) -> Any:
        return extent(-self.symbolic, self.tracer)

    __radd__ = __add__
    __rmul__ = __mul__

    def __eq__(self, other: object) -> bool:
        return bool(is_size(other) and self.symbolic == plain(other))

    def __hash__(self) -> int:
        return hash(self.symbolic)

    def __le__(self, other: Any) -> bool:
        return self._ordered(self.symbolic, plain(other))

    def __lt__(self, other: Any) -> bool:
        return not self._ordered(plain(other), self.symbolic)

    def __ge__(self, other: Any) -> bool:
        return self._ordered(plain(other), self.symbolic)

    def __gt__(self, other: Any) -> bool:
        return not self._ordered(self.symbolic, plain(other))

    def _ordered(self, low: Size, high: Size) -> bool:
        if at_most(low, high):
            return True
        if at_most(high + 1, low):
            return False
        raise at_user(NeedsSizes(f"Whether {low} is at most {high} needs sizes as numbers."))

    def __index__(self) -> int:
        advice = "Write it with whole arrays, or give the size as a number."
        raise at_user(NeedsSizes(f"A loop or an index needs the size {self} as a number.", advice=advice))

    __int__ = __index__

    def __str__(self) -> str:
        return str(self.symbolic)

    __repr__ = __str__


def is_size(value: object) -> bool:
    return isinstance(value, Extent) or (isinstance(value, int) and not isinstance(value, bool))


def plain(value: Any) -> Size:
    """The size in the graph's terms."""
    if isinstance(value, Extent):
        return value.symbolic
    return int(value)


def extent(size: Size, tracer: Any) -> int | Extent:
    return size if isinstance(size, int) else Extent(size, tracer)


def extents(shape: Shape, tracer: Any) -> tuple[int | Extent, ...]:
    return tuple(extent(size, tracer) for size in shape)


def sizes(value: Any) -> Any:
    """What a user wrote, with symbolic sizes in the graph's terms: shapes, axes, nested tuples and lists."""
    if isinstance(value, Extent):
        return value.symbolic
    if type(value) in (tuple, list):
        return type(value)(sizes(item) for item in value)
    return value


def has_extent(value: Any) -> bool:
    return isinstance(value, Extent) or (type(value) in (tuple, list) and any(map(has_extent, value)))
