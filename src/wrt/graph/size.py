"""Sizes of axes: integers, or polynomials in named symbols such as N, N - 1 or M*N.

A symbol stands for an unknown integer that is large enough for the slices written; two different symbols are different
sizes unless unification (graph.shape) has made them one.
"""

from __future__ import annotations

from collections.abc import Mapping

from wrt.errors import ShapeError

Monomial = tuple[str, ...]


class Polynomial:
    """A sum of integer multiples of products of symbols; never a plain integer (`_size` turns those back into int)."""

    __slots__ = ("terms",)

    def __init__(self, terms: tuple[tuple[Monomial, int], ...]) -> None:
        self.terms = terms

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Polynomial) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(self.terms)

    def __add__(self, other: Size) -> Size:
        total = dict(self.terms)
        for monomial, count in _terms(other):
            total[monomial] = total.get(monomial, 0) + count
        return _size(total)

    def __mul__(self, other: Size) -> Size:
        total: dict[Monomial, int] = {}
        for left, m in self.terms:
            for right, n in _terms(other):
                monomial = tuple(sorted(left + right))
                total[monomial] = total.get(monomial, 0) + m * n
        return _size(total)

    def __neg__(self) -> Size:
        return self * -1

    def __sub__(self, other: Size) -> Size:
        return self + -other

    def __rsub__(self, other: int) -> Size:
        return -self + other

    __radd__ = __add__
    __rmul__ = __mul__

    def __str__(self) -> str:
        text = ""
        for monomial, count in self.terms:
            factor = "" if abs(count) == 1 and monomial else str(abs(count))
            body = factor + "*" * bool(factor and monomial) + "*".join(monomial)
            text += (" - " if count < 0 else " + ") + body if text else ("-" if count < 0 else "") + body
        return text

    __repr__ = __str__


Size = int | Polynomial


def symbol(name: str) -> Polynomial:
    """The unknown size called `name`."""
    return Polynomial((((name,), 1),))


def symbols_in(size: Size) -> set[str]:
    return {name for monomial, _ in _terms(size) for name in monomial}


def bind(size: Size, values: Mapping[str, Size]) -> Size:
    """The size with symbols replaced by what is known of them."""
    if isinstance(size, int):
        return size
    total: Size = 0
    for monomial, count in size.terms:
        product: Size = count
        for name in monomial:
            product = product * values.get(name, symbol(name))
        total = total + product
    return total


def at_most(a: Size, b: Size) -> bool:
    """Whether a <= b for all symbols of at least one; False where that cannot be told."""
    difference = b - a
    if isinstance(difference, int):
        return difference >= 0
    return all(count >= 0 for monomial, count in difference.terms if monomial) and sum(c for _, c in difference.terms) >= 0


def divide(a: Size, b: Size) -> Size | None:
    """The exact quotient a / b, or None where there is none among sizes."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b if b and a % b == 0 else None
    if a == b:
        return 1
    if len(_terms(b)) != 1:
        return None
    ((divisor, count),) = _terms(b)
    total: dict[Monomial, int] = {}
    for monomial, m in _terms(a):
        rest = list(monomial)
        for name in divisor:
            if name not in rest:
                return None
            rest.remove(name)
        if m % count:
            return None
        total[tuple(rest)] = m // count
    return _size(total)


def product(shape: tuple[Size, ...]) -> Size:
    total: Size = 1
    for size in shape:
        total = total * size
    return total


def as_int(size: Size, why: str) -> int:
    """The size as a number; refused for a symbol, with the reason that the caller gives."""
    if isinstance(size, int):
        return size
    raise NeedsSizes(f"{why} needs the size {size} as a number.")


class NeedsSizes(ShapeError):
    """Not decidable in symbols: the same question has an answer once sizes are numbers."""


def _terms(size: Size) -> tuple[tuple[Monomial, int], ...]:
    return size.terms if isinstance(size, Polynomial) else (((), size),) if size else ()


def _size(total: dict[Monomial, int]) -> Size:
    kept = tuple(sorted(((m, c) for m, c in total.items() if c), key=lambda term: (-len(term[0]), term[0])))
    if not kept:
        return 0
    return kept[0][1] if kept[0][0] == () else Polynomial(kept)
