"""Nests as NumPy expressions, where one says it; what takes a buffer is in `wrt.lower.buffer`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from wrt.graph.index import Affine, Index, fixed, plain
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node
from wrt.graph.size import Size, as_int, product
from wrt.graph.term import Term, labels_of
from wrt.lower.contraction import aligned, contract
from wrt.lower.indexing import Held, Operand, Ref, read
from wrt.lower.text import ATOM, Code, binary, call, item, method, number, scaled, shape
from wrt.lower.triangle import over_matrix

LITERAL = 12  # up to so many entries an array is written as np.array([[…], […]])


def expression(node: Node, ref: Ref, held: Held) -> Code | None:
    """The nest as one expression, or None where it takes a buffer."""
    terms = tuple(map(over_matrix, terms_of(node)))
    if not terms:
        return zeros(node)
    if len(terms) == 1:
        straight = is_whole(terms[0].out, terms[0].sizes, node.shape)
        special = None if straight else _reshaped(node, terms[0], ref)
        special = special or _one(node, terms[0], ref, held) or _diagonal(node, terms[0], ref, held)
        if special is not None:
            return special
    if all(is_whole(term.out, term.sizes, node.shape) for term in terms):
        return _sum(node, terms, ref, held)
    return _literal(node, terms, ref, held)


def _sum(node: Node, terms: Sequence[Term], ref: Ref, held: Held) -> Code | None:
    """a + b − c, where every term fills the whole array and one of them has all its axes."""
    values = [value_of(term, labels_of(term.out), ref, held) for term in terms]
    if all(len(value.labels) < node.ndim for value in values):
        return None
    total: Code | None = None
    for term, value in zip(terms, values, strict=True):
        code = aligned(value, labels_of(term.out))
        if not term.factors:
            code, term = number(abs(term.scale)), term._replace(scale=1 if term.scale > 0 else -1)
        total = scaled(term.scale, code) if total is None else binary("+", total, scaled(term.scale, code))
    return total


def zeros(node: Node) -> Code:
    if node.shape == ():
        return number(0.0)
    dtype = [] if node.dtype == FLOAT else [f"dtype=np.{node.dtype.name if node.dtype.kind != 'b' else 'bool_'}"]
    return call("np.zeros", shape(node.shape), *dtype)


def is_whole(out: Sequence[Index], sizes: Sequence[Size], node_shape: Sequence[Size]) -> bool:
    """Whether the out index is one label for each axis, running over all of it."""
    labels = [label for index in out if (label := plain(index)) is not None]
    return len(set(labels)) == len(out) and all(sizes[label] == n for label, n in zip(labels, node_shape, strict=True))


def value_of(term: Term, labels: Sequence[int], ref: Ref, held: Held) -> Operand:
    """The product of the term's factors, summed over all labels but these."""
    operands = [read(f.node, ref(f.node), f.index, term.sizes, ref, held) for f in term.factors]
    return contract(operands, labels, term.sizes) if operands else Operand(number(1), ())


def _one(node: Node, term: Term, ref: Ref, held: Held) -> Code | None:
    """One term whose labels count through the whole array: the product itself, spread to the array's axes."""
    axes = [_counted(index, term.sizes, n) for index, n in zip(term.out, node.shape, strict=True)]
    labels = [label for axis in axes if axis is not None for label in axis]
    if None in axes or len(set(labels)) < len(labels):
        return None
    if not term.factors:
        if not all(len(axis or ()) == 1 for axis in axes):
            return None
        dtype = [] if isinstance(term.scale, float) and node.dtype == FLOAT else [f"dtype=np.{node.dtype.name}"]
        return call("np.full", shape(node.shape), number(term.scale).text, *dtype)._replace(loose=number(term.scale))
    value = value_of(term, labels, ref, held)
    split = any(len(axis or ()) > 1 for axis in axes)
    missing = [label for label in labels if label not in value.labels]
    if all(term.sizes[label] == 1 for label in missing):
        if not split and not missing and len(labels) == node.ndim:
            return scaled(term.scale, value.code)
        if not split and value.labels:
            spread = [":" if axis and axis[0] in value.labels else "None" for axis in axes]
            leading = spread == sorted(spread, key=":".__eq__)  # NumPy aligns from the right: only leading axes may be left out
            return scaled(term.scale, item(value.code, *spread))._replace(loose=scaled(term.scale, aligned(value, labels)) if leading else None)
        code = scaled(term.scale, aligned(value, labels))
        return call("np.reshape", code.text, shape(node.shape))._replace(loose=None if value.labels else code)
    if split or len(labels) < node.ndim:
        return None
    code = scaled(term.scale, aligned(value, labels))
    return method(call("np.broadcast_to", code.text, shape(node.shape)), "copy")._replace(loose=code)


def _counted(index: Index, sizes: Sequence[Size], axis_size: Size) -> tuple[int, ...] | None:
    """The labels that count through a whole axis: one, the digits of a position, or none for an axis of one entry."""
    label = plain(index)
    if label is not None:
        return (label,) if sizes[label] == axis_size else None
    if axis_size == 1 and index == fixed(0):
        return ()
    return digits(index, sizes, axis_size)


def digits(index: Index, sizes: Sequence[Size], axis_size: Size) -> tuple[int, ...] | None:
    """Labels whose values are the digits of the position, the last one counting by 1: i·(N·P) + j·P + k."""
    if not isinstance(index, Affine) or index.modulus is not None or index.offset != 0:
        return None
    weight: Size = 1
    found: list[int] = []
    left = dict(index.parts)
    while left:
        label = next((label for label, coefficient in left.items() if coefficient == weight), None)
        if label is None:
            return None
        del left[label]
        weight = weight * sizes[label]
        found.insert(0, label)
    return tuple(found) if weight == axis_size else None


def _reshaped(node: Node, term: Term, ref: Ref) -> Code | None:
    """A reshape: both sides run through all entries in the same order."""
    if len(term.factors) != 1 or term.scale != 1:
        return None
    factor = term.factors[0]
    mine, theirs = flat_of(term.out, node.shape), flat_of(factor.index, factor.node.shape)
    if mine is None or mine != theirs or labels_of(term.out) != list(range(len(term.sizes))) or not is_complete(mine, term.sizes):
        return None
    if not product(term.sizes) == product(node.shape) == product(factor.node.shape):
        return None
    return method(ref(factor.node), "reshape", shape(node.shape))


def _diagonal(node: Node, term: Term, ref: Ref, held: Held) -> Code | None:
    """np.eye(N), np.diag(v)."""
    labels = [plain(index) for index in term.out]
    if node.ndim != 2 or labels != [0, 0] or term.sizes[0] != node.shape[0] or node.shape[0] != node.shape[1]:
        return None
    if not term.factors:
        return scaled(term.scale, call("np.eye", shape(node.shape[:1]))) if node.dtype == FLOAT else None
    value = value_of(term, (0,), ref, held)
    return scaled(term.scale, call("np.diag", value.code.text)) if value.labels == (0,) else None


def flat_of(index: Sequence[Index], node_shape: Sequence[Size]) -> dict[int, Size] | None:
    """The row-major position as coefficients by label; None if the index is not purely affine."""
    weight: Size = 1
    total: dict[int, Size] = {}
    for i, n in zip(reversed(index), reversed(node_shape), strict=True):
        if not isinstance(i, Affine) or i.modulus is not None or i.offset != 0:
            return None
        for label, coefficient in i.parts:
            total[label] = total.get(label, 0) + coefficient * weight
        weight = weight * n
    return total


def is_complete(flat: dict[int, Size], sizes: Sequence[Size]) -> bool:
    """Whether the labels count through every position once, the last label fastest."""
    weight: Size = 1
    for label in reversed(range(len(sizes))):
        if flat.get(label) != weight:
            return False
        weight = weight * sizes[label]
    return True


def _literal(node: Node, terms: Sequence[Term], ref: Ref, held: Held) -> Code | None:
    """np.array([[…], […]]) for a small array, all of whose entries are single numbers."""
    if node.dtype != FLOAT or not 1 <= node.ndim <= 2 or not all(isinstance(n, int) for n in node.shape):
        return None
    counts = [as_int(n, "A literal array") for n in node.shape]
    if prod(counts) > LITERAL or any((isinstance(i, Affine) and i.parts) or not isinstance(i, Affine) for t in terms for i in t.out):
        return None
    entries: dict[tuple[Size, ...], Code] = {}
    for term in terms:
        place = tuple(i.offset for i in term.out if isinstance(i, Affine))
        if place in entries:
            return None
        entries[place] = scaled(term.scale, value_of(term, (), ref, held).code) if term.factors else number(float(term.scale))
    if sum(len(code.text) for code in entries.values()) > 120:
        return None

    def listed(prefix: tuple[int, ...]) -> str:
        if len(prefix) == node.ndim:
            return entries.get(prefix, Code("0.0", ATOM)).text
        return "[" + ", ".join(listed((*prefix, k)) for k in range(counts[len(prefix)])) + "]"

    return call("np.array", listed(()))
