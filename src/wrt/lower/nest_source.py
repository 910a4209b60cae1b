"""Nests as NumPy source: an expression where one says it, else a buffer and one assignment for each term."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from wrt.graph.index import Affine, Index, plain
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node
from wrt.graph.size import Size, as_int, product
from wrt.graph.term import Term, labels_of
from wrt.lower.contraction import aligned, contract
from wrt.lower.indexing import Held, Operand, Ref, is_injective, read, write
from wrt.lower.text import ATOM, Code, binary, call, method, number, scaled, shape

LITERAL = 12  # up to so many entries an array is written as np.array([[…], […]])


def expression(node: Node, ref: Ref, held: Held) -> Code | None:
    """The nest as one expression, or None where it takes a buffer."""
    terms = terms_of(node)
    if not terms:
        return _zeros(node)
    if len(terms) == 1 and _whole(terms[0].out, terms[0].sizes, node.shape):
        return _one(node, terms[0], ref, held)
    if len(terms) == 1:
        special = _reshaped(node, terms[0], ref) or _diagonal(node, terms[0], ref, held)
        if special is not None:
            return special
    if all(_whole(term.out, term.sizes, node.shape) for term in terms):
        return _sum(node, terms, ref, held)
    return _literal(node, terms, ref, held)


def _sum(node: Node, terms: Sequence[Term], ref: Ref, held: Held) -> Code | None:
    """a + b − c, where every term fills the whole array and one of them has all its axes."""
    values = [_product(term, range(node.ndim), ref, held) for term in terms]
    if all(len(value.labels) < node.ndim for value in values):
        return None
    total: Code | None = None
    for term, value in zip(terms, values, strict=True):
        code = aligned(value, range(node.ndim))
        if not term.factors:
            code, term = number(abs(term.scale)), term._replace(scale=1 if term.scale > 0 else -1)
        total = scaled(term.scale, code) if total is None else binary("-" if term.scale < 0 else "+", total, scaled(abs(term.scale), code))
    return total


def statements(node: Node, name: str, ref: Ref, held: Held) -> list[str]:
    """The nest as a buffer that the terms are written into."""
    lines = [f"{name} = {_zeros(node).text}"]
    written: list[Term] = []
    for term in terms_of(node):
        subscripts, labels = write(term.out, term.sizes, node.shape, ref, held)
        value = _product(term, labels, ref, held)
        target = f"{name}[{', '.join(_short(subscripts))}]" if subscripts else f"{name}[()]"
        text = scaled(term.scale, aligned(value, labels)).text
        if not is_injective(term.out, term.sizes):
            if value.labels and set(value.labels) != set(labels):  # NumPy 2.4's add.at reads past the end of values that it must broadcast
                text = call("np.broadcast_to", text, shape([term.sizes[label] for label in labels])).text
            lines.append(f"np.add.at({name}, ({', '.join(subscripts)},), {text})")
        else:
            fresh = all(_apart(term, other) for other in written)
            lines.append(f"{target} {'=' if fresh else '+='} {text}")
        written.append(term)
    return lines


def _short(subscripts: list[str]) -> list[str]:
    kept = list(subscripts)
    while len(kept) > 1 and kept[-1] == ":":
        kept.pop()
    return kept


def _zeros(node: Node) -> Code:
    if node.shape == ():
        return number(0.0)
    dtype = [] if node.dtype == FLOAT else [f"dtype=np.{node.dtype.name if node.dtype.kind != 'b' else 'bool_'}"]
    return call("np.zeros", shape(node.shape), *dtype)


def _whole(out: Sequence[Index], sizes: Sequence[Size], node_shape: Sequence[Size]) -> bool:
    """Whether the out index is one label for each axis, running over all of it."""
    labels = [label for index in out if (label := plain(index)) is not None]
    return len(set(labels)) == len(out) and all(sizes[label] == n for label, n in zip(labels, node_shape, strict=True))


def _product(term: Term, labels: Sequence[int], ref: Ref, held: Held) -> Operand:
    """The product of the term's factors, summed over all labels but these."""
    operands = [read(f.node, ref(f.node), f.index, term.sizes, ref, held) for f in term.factors]
    return contract(operands, labels, term.sizes) if operands else Operand(number(1), ())


def _one(node: Node, term: Term, ref: Ref, held: Held) -> Code:
    labels = labels_of(term.out)
    if not term.factors:
        dtype = [] if isinstance(term.scale, float) and node.dtype == FLOAT else [f"dtype=np.{node.dtype.name}"]
        return call("np.full", shape(node.shape), number(term.scale).text, *dtype)
    value = _product(term, labels, ref, held)
    if set(value.labels) == set(labels):
        return scaled(term.scale, value.code)
    code = scaled(term.scale, aligned(value, labels))
    return method(call("np.broadcast_to", code.text, shape(node.shape)), "copy")


def _reshaped(node: Node, term: Term, ref: Ref) -> Code | None:
    """A reshape: both sides run through all entries in the same order."""
    if len(term.factors) != 1 or term.scale != 1:
        return None
    factor = term.factors[0]
    mine, theirs = _flat(term.out, node.shape), _flat(factor.index, factor.node.shape)
    if mine is None or mine != theirs or labels_of(term.out) != list(range(len(term.sizes))) or not _complete(mine, term.sizes):
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
    value = _product(term, (0,), ref, held)
    return scaled(term.scale, call("np.diag", value.code.text)) if value.labels == (0,) else None


def _flat(index: Sequence[Index], node_shape: Sequence[Size]) -> dict[int, Size] | None:
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


def _complete(flat: dict[int, Size], sizes: Sequence[Size]) -> bool:
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
        entries[place] = scaled(term.scale, _product(term, (), ref, held).code) if term.factors else number(float(term.scale))
    if sum(len(code.text) for code in entries.values()) > 120:
        return None

    def listed(prefix: tuple[int, ...]) -> str:
        if len(prefix) == node.ndim:
            return entries.get(prefix, Code("0.0", ATOM)).text
        return "[" + ", ".join(listed((*prefix, k)) for k in range(counts[len(prefix)])) + "]"

    return call("np.array", listed(()))


def _apart(term: Term, other: Term) -> bool:
    """Whether two terms surely write to different entries."""
    return any(_separate(a, term.sizes, b, other.sizes) for a, b in zip(term.out, other.out, strict=True))


def _separate(a: Index, a_sizes: Sequence[Size], b: Index, b_sizes: Sequence[Size]) -> bool:
    ranges = []
    for index, sizes in ((a, a_sizes), (b, b_sizes)):
        if not isinstance(index, Affine) or index.modulus is not None or not isinstance(index.offset, int):
            return False
        low = high = index.offset
        for label, coefficient in index.parts:
            size = sizes[label]
            if not (isinstance(coefficient, int) and isinstance(size, int)):
                return False
            low, high = (low, high + coefficient * (size - 1)) if coefficient > 0 else (low + coefficient * (size - 1), high)
        ranges.append((low, high))
    return ranges[0][1] < ranges[1][0] or ranges[1][1] < ranges[0][0]


