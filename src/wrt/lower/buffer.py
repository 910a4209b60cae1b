"""Nests that take a buffer: an array, and one statement for each term that is written into it.

A diagonal or a Kronecker product is written through a view of the buffer (`np.einsum('ikjk->ikj', T)[:] = …`): no array
of zeros and ones is ever multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from wrt.graph.index import Affine, Index
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node
from wrt.graph.size import Size, as_int
from wrt.graph.term import Term, labels_of
from wrt.lower.contraction import LETTERS, aligned
from wrt.lower.indexing import Held, Ref, is_injective, subscripts, write
from wrt.lower.nest_source import digits, is_whole, value_of, zeros
from wrt.lower.text import PRODUCT, SIGN, SUM, call, method, number, scaled, shape, size
from wrt.lower.triangle import over_matrix

MARKED = 1_000_000  # in arrays of up to so many entries, what was written is marked entry by entry


def statements(node: Node, name: str, ref: Ref, held: Held, *, views: bool = True) -> list[str]:
    """The nest as a buffer that the terms are written into. Without `views` the writes are plain subscripts."""
    terms = sorted(map(over_matrix, terms_of(node)), key=lambda term: not _fills(node, term))
    filled = terms[1:] and _fills(node, terms[0]) and all(_plain_target(term, node.shape) for term in terms[1:])
    lines: list[str] = []
    written = _Written(node.shape)
    if filled:
        labels = labels_of(terms[0].out)
        value = value_of(terms[0], labels, ref, held)
        if set(value.labels) == set(labels):
            code = scaled(terms[0].scale, value.code)
            fresh = code.level in (SUM, PRODUCT, SIGN)
            lines.append(f"{name} = {code.text if fresh else method(code, 'copy').text}")
            written.is_new(terms.pop(0))
    if not lines:
        lines.append(f"{name} = {zeros(node).text}")
    return [*lines, *(_statement(node, term, name, ref, held, new=written.is_new(term), views=views) for term in terms)]


def _statement(node: Node, term: Term, name: str, ref: Ref, held: Held, *, new: bool, views: bool) -> str:
    injective = is_injective(term.out, term.sizes)
    target, labels = _viewed(term, name, node.shape) if views and injective else (None, ())
    places: list[str] = []
    if target is None:
        places, labels = write(term.out, term.sizes, node.shape, ref, held)
        target = f"{name}[{', '.join(_short(places))}]" if places else f"{name}[()]"
    value = value_of(term, labels, ref, held)
    code = aligned(value, labels)
    if not term.factors:
        code, term = number(abs(term.scale)), term._replace(scale=1 if term.scale > 0 else -1)
    if not injective:
        text = scaled(term.scale, code).text
        if value.labels and set(value.labels) != set(labels):  # NumPy 2.4's add.at reads past the end of values that it must broadcast
            text = call("np.broadcast_to", text, shape([term.sizes[label] for label in labels])).text
        return f"np.add.at({name}, ({', '.join(places)},), {text})"
    if new:
        return f"{target} = {scaled(term.scale, code).text}"
    if term.scale < 0:
        return f"{target} -= {scaled(-term.scale, code).text}"
    return f"{target} += {scaled(term.scale, code).text}"


def _fills(node: Node, term: Term) -> bool:
    """Whether the term alone is an array of the node's shape and type."""
    floating = node.dtype == FLOAT and any(factor.node.dtype == FLOAT for factor in term.factors)
    return floating and is_whole(term.out, term.sizes, node.shape)


def _plain_target(term: Term, node_shape: Sequence[Size]) -> bool:
    """Whether the term is not written through a reshaped view, which an array in another order would not have."""
    return all(not isinstance(i, Affine) or len(i.parts) < 2 for i in term.out)


def _viewed(term: Term, name: str, node_shape: Sequence[Size]) -> tuple[str | None, tuple[int, ...]]:
    """A view of the buffer with one axis for each label, and the labels; None where subscripts do as well."""
    flat = [label for i in term.out for label in (dict(i.parts) if isinstance(i, Affine) else ())]
    split = any(isinstance(i, Affine) and len(i.parts) > 1 for i in term.out)
    if len(set(flat)) == len(flat) and not split:
        return None, ()
    index: list[Index] = []
    counts: list[Size] = []
    for i, n in zip(term.out, node_shape, strict=True):
        if isinstance(i, Affine) and len(i.parts) > 1:
            places = digits(i, term.sizes, n)
            if places is None:
                return None, ()
            index += [Affine(((label, 1),)) for label in places]
            counts += [term.sizes[label] for label in places]
        else:
            index.append(i)
            counts.append(n)
    taken = subscripts(index, term.sizes, counts)
    if taken is None:
        return None, ()
    base = name if not split else f"{name}.reshape({', '.join(size(n).text for n in counts)})"
    if any(subscript != ":" for subscript in taken):
        base = f"{base}[{', '.join(_short(taken))}]"
    labels = [label for i in index if isinstance(i, Affine) for label, _ in i.parts]
    once = list(dict.fromkeys(labels))
    if len(once) < len(labels):
        letters = dict(zip(once, LETTERS, strict=False))
        base = f"np.einsum('{''.join(letters[label] for label in labels)}->{''.join(letters.values())}', {base})"
    return f"{base}[:]", tuple(once)


def _short(places: list[str]) -> list[str]:
    kept = list(places)
    while len(kept) > 1 and kept[-1] == ":":
        kept.pop()
    return kept


class _Written:
    """The entries that were written so far: of each term, the box round its entries."""

    def __init__(self, shape: Sequence[Size]) -> None:
        self.shape = shape
        self.boxes: list[list[tuple[int, int] | None]] = []
        known = all(isinstance(n, int) for n in shape) and prod(as_int(n, "A box") for n in shape) <= MARKED
        self.marks: Any = np.zeros([as_int(n, "A box") for n in shape], bool) if known else None

    def is_new(self, term: Term) -> bool:
        """Whether the term surely writes to none of the entries written before; from now on its own are among them."""
        box = [_range(index, term.sizes) for index in term.out]
        if self.marks is not None:
            inside = self.marks[tuple(slice(None) if side is None else slice(side[0], side[1] + 1) for side in box)]
            new = not inside.any()
            inside[...] = True
            return bool(new)
        new = all(any(a and b and (a[1] < b[0] or b[1] < a[0]) for a, b in zip(box, other, strict=True)) for other in self.boxes)
        self.boxes.append(box)
        return new


def _range(index: Index, sizes: Sequence[Size]) -> tuple[int, int] | None:
    """The first and the last position that the index takes, where they are known."""
    if not isinstance(index, Affine) or index.modulus is not None or not isinstance(index.offset, int):
        return None
    low = high = index.offset
    for label, coefficient in index.parts:
        size = sizes[label]
        if not (isinstance(coefficient, int) and isinstance(size, int)):
            return None
        low, high = (low, high + coefficient * (size - 1)) if coefficient > 0 else (low + coefficient * (size - 1), high)
    return low, high
