"""Sums of products that differ in one coefficient: XᵀD₁X − XᵀD₂X is Xᵀ(D₁ − D₂)X, one product instead of two.

Second derivatives are sums over paths, and the paths often share their matrices. Formulas keep the sum as it was composed;
only programs are merged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import permutations

from wrt.graph.arithmetic import add, multiply, negative
from wrt.graph.index import Affine, Index, Table, at, labels_in, plain
from wrt.graph.nest import nest, terms_of
from wrt.graph.node import FLOAT, Node, constant, make
from wrt.graph.term import Factor, Term, moved, nodes_in, summed
from wrt.graph.walk import topological
from wrt.linear.linear_map import coefficient

SUMMED = 2  # terms with more summed labels are left alone


def merged(
    outputs: Sequence[Node], names: Mapping[Node, str], inputs: Collection[Node], watched: Sequence[Node] = ()
) -> tuple[list[Node], Mapping[Node, str]]:
    """The same outputs with sums merged above the inputs, and the names of what became of the named nodes."""
    order = topological(outputs, inputs)
    reads = Counter(child for node in order for child in set(node.inputs))
    shared = {node for node in order if reads[node] > 1} | set(outputs) | set(names) | set(watched)
    instead: dict[Node, Node] = {}
    for node in order:  # inputs first, so that long sums merge step by step
        made = _without_ones(rebuilt(node, instead))
        made = _sum(made, shared) or made
        if made is not node:
            instead[node] = made
            if node in shared:
                shared.add(made)
    if not instead:
        return list(outputs), names
    return [instead.get(node, node) for node in outputs], {instead.get(node, node): name for node, name in names.items()}


def _without_ones(node: Node) -> Node:
    """The node without rows and columns of a triangle of ones that are nothing but ones."""
    if node.op != "nest" or not any(child.op == "tri" for child in node.inputs):
        return node
    terms = [term._replace(factors=tuple(f for f in term.factors if not _is_ones(f, term))) for term in terms_of(node)]
    return node if tuple(terms) == terms_of(node) else nest(node.shape, terms, node.dtype)


def _is_ones(factor: Factor, term: Term) -> bool:
    """Whether the factor is a whole row i of a triangle of ones j <= i + k, or a whole column j of it."""
    k = factor.node.attrs
    if factor.node.op != "tri" or not isinstance(k, int):
        return False
    i, j = factor.index
    row, column = plain(i), plain(j)
    if column is not None and isinstance(i, Affine) and not i.parts and i.modulus is None and isinstance(i.offset, int):
        size = term.sizes[column]
        return isinstance(size, int) and size - 1 <= i.offset + k
    return row is not None and isinstance(j, Affine) and not j.parts and j.modulus is None and isinstance(j.offset, int) and j.offset <= k


def _sum(node: Node, shared: set[Node]) -> Node | None:
    """The node as a nest of fewer terms, if it is a sum of products that have factors in common."""
    if node.dtype != FLOAT:
        return None
    terms: list[Term] = []
    if node.op == "nest":
        terms = list(terms_of(node))
    elif node.op in ("add", "subtract"):
        for k, child in enumerate(node.inputs):
            if child.op != "nest" or child.shape != node.shape or child in shared:
                return None
            sign = -1 if node.op == "subtract" and k == 1 else 1
            terms += [term._replace(scale=sign * term.scale) for term in terms_of(child)]
    if len(terms) < 2:
        return None
    kept: list[Term] = []
    alike: dict[object, list[int]] = {}  # where the terms with the same row and column stand among those kept
    for term in terms:
        positions = alike.setdefault((term.out, len(term.sizes)), [])
        for position in positions:
            joined = _joined(kept[position], term)
            if joined is not None:
                kept[position] = joined
                break
        else:
            positions.append(len(kept))
            kept.append(term)
    return make("nest", nodes_in(kept), tuple(kept), node.shape, node.dtype) if len(kept) < len(terms) else None


def _joined(a: Term, b: Term) -> Term | None:
    """One term for the sum of two whose factors differ only in coefficients over some of the labels."""
    inside = sorted(summed(a))
    if len(inside) > SUMMED or a.out != b.out or len(a.sizes) != len(b.sizes) or max(len(a.factors), len(b.factors)) < 2:
        return None
    for order in permutations(inside):
        to = dict(zip(inside, order, strict=True))
        if any(size != a.sizes[to.get(label, label)] for label, size in enumerate(b.sizes)):
            continue
        other = moved(b, {old: at(new) for old, new in to.items()}, a.sizes)._replace(sizes=a.sizes)
        common = Counter(a.factors) & Counter(other.factors)
        rest = [list((Counter(t.factors) - common).elements()) for t in (a, other)]
        labels = sorted({label for factor in rest[0] + rest[1] for index in factor.index for label in labels_in(index)})
        reached = {label for factor in common for index in factor.index for label in labels_in(index)}
        if not labels or len(labels) == len(a.sizes) or not set(range(len(a.sizes))) - set(labels) <= reached:
            continue
        if not all(_straight(factor, labels, a) for factor in rest[0] + rest[1]):
            continue
        parts = [_product(factors, labels, a) if factors else constant(1.0) for factors in rest]
        parts = [multiply(t.scale, part) if abs(t.scale) != 1 else part if t.scale == 1 else negative(part) for t, part in zip((a, other), parts, strict=True)]
        total = add(parts[0], parts[1])
        return Term(a.sizes, a.out, (Factor(total, tuple(at(label) for label in labels)), *common.elements()))
    return None


def _straight(factor: Factor, labels: Sequence[int], term: Term) -> bool:
    """Whether the factor is an array read whole at some of the labels."""
    places = [plain(index) for index in factor.index]
    if None in places or len(set(places)) < len(places):
        return False
    return all(label is not None and term.sizes[label] == n for label, n in zip(places, factor.node.shape, strict=True))


def _product(factors: Sequence[Factor], labels: Sequence[int], term: Term) -> Node:
    """The factors' product as an array over the labels."""
    alike = all([plain(index) for index in factor.index] == list(labels) for factor in factors)
    if alike:
        total = factors[0].node
        for factor in factors[1:]:
            total = multiply(total, factor.node)
        return total
    to: Mapping[int, Index] = {label: at(position) for position, label in enumerate(labels)}
    sizes = tuple(term.sizes[label] for label in labels)
    indices = [tuple(to[label] for i in factor.index if (label := plain(i)) is not None) for factor in factors]
    return coefficient(Term(sizes, tuple(at(k) for k in range(len(labels))), tuple(Factor(f.node, i) for f, i in zip(factors, indices, strict=True))))


def rebuilt(node: Node, instead: Mapping[Node, Node]) -> Node:
    """The node with its inputs replaced."""
    if not any(child in instead for child in node.inputs):
        return node
    if node.op != "nest":
        return make(node.op, tuple(instead.get(child, child) for child in node.inputs), node.attrs, node.shape, node.dtype, weak=node.weak)
    terms = [
        Term(term.sizes, _read(term.out, instead), tuple(Factor(instead.get(f.node, f.node), _read(f.index, instead)) for f in term.factors), term.scale)
        for term in terms_of(node)
    ]
    return nest(node.shape, terms, node.dtype)


def _read(indices: Sequence[Index], instead: Mapping[Node, Node]) -> tuple[Index, ...]:
    return tuple(Table(instead.get(i.node, i.node), _read(i.index, instead)) if isinstance(i, Table) else i for i in indices)
