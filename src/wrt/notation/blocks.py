"""Arrays put together from smaller ones: [A; B] for a concatenation, [0, I] for a slice, a ⊗ I for a Kronecker product.

A term that is written to a part of an axis is a block there; one whose row is N·k + j is a Kronecker product of what holds k and what holds j.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wrt.graph.index import Affine, Index, at, plain
from wrt.graph.node import Shape
from wrt.graph.size import Polynomial, Size
from wrt.graph.term import Term
from wrt.notation.algebra import kronecker
from wrt.notation.build import product, split, transpose
from wrt.notation.component import Components
from wrt.notation.expression import Blocks, Expr, Zero
from wrt.notation.total import total

if TYPE_CHECKING:
    from wrt.notation.matrix import Matrices

Range = tuple[Size, Size]  # start, size
TINY = 4  # arrays of so few entries an axis are better written out


def is_tiny(shape: Shape) -> bool:
    """Whether every axis has a known, very small size."""
    return all(isinstance(size, int) and size <= TINY for size in shape)


def range_of(index: Index, sizes: Sequence[Size]) -> tuple[int, Size, Size] | None:
    """(label, start, size) where positions run upwards one by one."""
    if not isinstance(index, Affine) or index.modulus is not None or len(index.parts) != 1 or index.parts[0][1] != 1:
        return None
    label = index.parts[0][0]
    return label, index.offset, sizes[label]


def put_together(matrices: Matrices, shape: Shape, terms: Sequence[Term]) -> Expr | None:
    """Σ terms where some are written to parts of the axes."""
    groups: dict[tuple[Range, ...], list[Expr]] = {}
    for term in terms:
        placed = _placed(matrices, shape, term)
        if placed is None:
            return None
        groups.setdefault(placed[0], []).append(placed[1])
    blocks = {where: total(found, factor=matrices.factor) for where, found in groups.items()}
    for axis in range(len(shape)):
        others = {tuple(r for a, r in enumerate(where) if a != axis) for where in blocks}
        if len(others) == 1 and len(blocks) > 1:
            rest = next(iter(others))
            along = _along(axis, shape, {where[axis]: e for where, e in blocks.items()}, rest)
            if along is not None:
                whole: Range = (0, shape[axis])
                return _embedded(along, shape, (whole, *rest) if axis == 0 else (*rest, whole))
    return total((_embedded(e, shape, where) for where, e in blocks.items()), factor=matrices.factor)


def _placed(matrices: Matrices, shape: Shape, term: Term) -> tuple[tuple[Range, ...], Expr] | None:
    """Where the term is written, and what."""
    e = matrices.term(shape, term) or _kronecker(matrices, shape, term)
    whole: tuple[Range, ...] = tuple((0, size) for size in shape)
    if e is not None:
        return whole, e
    ranges, out = [], []
    for index in term.out:
        found = range_of(index, term.sizes)
        if found is not None:
            ranges.append((found[1], found[2]))
            out.append(at(found[0]))
        elif isinstance(index, Affine) and not index.parts:
            ranges.append((index.offset, 1))
            out.append(Affine(()))
        else:
            return None
    if tuple(ranges) == whole:
        return None
    inner = tuple(size for _, size in ranges)
    e = matrices.term(inner, term._replace(out=tuple(out)))
    return None if e is None else (tuple(ranges), e)


def _along(axis: int, shape: Shape, pieces: Mapping[Range, Expr], rest: tuple[Range, ...]) -> Expr | None:
    """Blocks one after the other, zeros in the gaps; None where they overlap or cannot be ordered."""
    waiting = dict(pieces)
    cursor: Size = 0
    done: list[Expr] = []
    across = tuple(size for _, size in rest)

    def gap(size: Size) -> None:
        if size != 0:
            done.append(Zero((size, *across) if axis == 0 else (*across, size)))

    while waiting:
        here = next((r for r in waiting if r[0] == cursor), None)
        if here is None:
            here = _next(waiting, cursor)
            if here is None:
                return None
            gap(here[0] - cursor)
        done.append(waiting.pop(here))
        cursor = here[0] + here[1]
    rest_of_it = shape[axis] - cursor
    if isinstance(rest_of_it, int) and rest_of_it < 0:
        return None
    gap(rest_of_it)
    return Blocks(tuple((e,) for e in done)) if axis == 0 else Blocks((tuple(done),))


def _next(waiting: Mapping[Range, Expr], cursor: Size) -> Range | None:
    """The next block after a gap, where the order is known: the only one, or by numbers."""
    if len(waiting) == 1:
        (here,) = waiting
        return here if cursor == 0 or _is_positive(here[0] - cursor) else None
    numbers = [(r[0], r) for r in waiting if isinstance(r[0], int)]
    if not isinstance(cursor, int) or len(numbers) < len(waiting):
        return None
    start, here = min(numbers, key=lambda r: r[0])
    return here if start > cursor else None


def _is_positive(size: Size) -> bool:
    """Whether the size is positive whatever positive numbers its symbols stand for."""
    return all(count > 0 for _, count in size.terms) if isinstance(size, Polynomial) else size > 0


def _embedded(e: Expr, shape: Shape, ranges: tuple[Range, ...]) -> Expr:
    """The block with zeros around it."""
    number, e = split(e)
    height = ranges[0][1]
    for axis in reversed(range(len(shape))):
        if ranges[axis] == (0, shape[axis]):
            continue
        rest = ((0, height),) if axis == 1 else ((0, shape[1]),) if len(shape) > 1 else ()
        e = _along(axis, shape, {ranges[axis]: e}, rest) or e
    return product((e,), number)


# ----- Kronecker products ---------------------------------------------------------------------------------------------
def _digits(index: Index, size: Size, sizes: Sequence[Size]) -> tuple[int, ...] | None:
    """The labels of a position: (k, j) for k·N + j, one label for a whole axis."""
    label = plain(index)
    if label is not None:
        return (label,) if sizes[label] == size else None
    if not isinstance(index, Affine) or index.modulus is not None or index.offset != 0 or len(index.parts) != 2:
        return None
    (k, c), (j, d) = sorted(index.parts, key=lambda part: part[1] == 1)
    return (k, j) if d == 1 and c == sizes[j] and size == sizes[k] * sizes[j] else None


def _kronecker(matrices: Matrices, shape: Shape, term: Term) -> Expr | None:
    """P ⊗ Q where a row or column is written at k·N + j."""
    found = [_digits(i, size, term.sizes) for i, size in zip(term.out, shape, strict=True)]
    digits = [d for d in found if d is not None]
    if len(digits) < len(found) or all(len(d) == 1 for d in digits):
        return None
    labels = [label for d in digits for label in d]
    opened = matrices.opened(term._replace(out=tuple(map(at, labels))), tuple(term.sizes[label] for label in labels))
    if opened is None or isinstance(opened, int) or any(slot is None for slot in opened.out):
        return None
    parted = Components(opened, len(digits[0]))
    for left, right, turn in _SPLITS[tuple(map(len, digits))]:
        parts = parted.apart(left, right)
        if parts is not None:
            sides = [transpose(e) if slot in turn else e for slot, e in enumerate(parts)]
            return product((*parted.scalars, kronecker(*sides)), opened.number)
    return None


_SPLITS: dict[tuple[int, ...], tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], ...]] = {  # out slots left and right of ⊗; which are rows
    (2,): (((0,), (1,), ()),),
    (2, 2): (((0, 2), (1, 3), ()),),
    (2, 1): (((0, 2), (1,), ()), ((0,), (1, 2), ())),
    (1, 2): (((0, 1), (2,), (1,)), ((1,), (0, 2), (0,))),
}
