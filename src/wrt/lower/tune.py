"""Large arrays touched as seldom as possible: numbers go into the smallest factor, common numbers in front, symmetric products to syrk.

Runs after `merged`, on programs whose sizes are known. Small arrays are left as they read best.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from math import prod

from wrt.graph.arithmetic import multiply
from wrt.graph.index import ats
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node, make
from wrt.graph.term import Factor, Term, labels_of, nodes_in
from wrt.graph.walk import topological
from wrt.lower import gram, triangle_dot
from wrt.lower.nest_source import is_whole

LARGE = 1024  # arrays of fewer entries are no work
SMALLER = 8  # a factor takes the number in front if it has so many times fewer entries than the result


def tuned(
    outputs: Sequence[Node], names: Mapping[Node, str], inputs: Collection[Node], watched: Sequence[Node], *, helpers: Collection[str]
) -> tuple[list[Node], Mapping[Node, str]]:
    """The same outputs, large sums of products written so that they take fewer passes; `helpers` are those that may be called."""
    order = topological(outputs, inputs)
    if not any(_is_large(each) for node in order for each in (node, *node.inputs)):
        return list(outputs), names
    readers: dict[Node, int] = {}
    for node in order:
        for child in set(node.inputs):
            readers[child] = readers.get(child, 0) + 1
    kept = set(outputs) | set(names) | set(watched)
    instead: dict[Node, Node] = {}
    for node in order:
        made = _rebuilt(node, instead)
        if triangle_dot.OP in helpers:
            made = triangle_dot.multiplied(made)
        if _is_large(node):
            alone = {instead.get(child, child) for child in node.inputs if readers[child] == 1 and child not in kept}
            made = _faster(made, alone, helpers)
        if made is not node:
            instead[node] = made
    return [instead.get(node, node) for node in outputs], {instead.get(node, node): name for node, name in names.items()}


def _is_large(node: Node) -> bool:
    return node.dtype == FLOAT and node.ndim > 0 and all(isinstance(n, int) for n in node.shape) and _volume(node.shape) >= LARGE


def _volume(shape: Sequence[object]) -> int:
    return prod(n for n in shape if isinstance(n, int))


def _rebuilt(node: Node, instead: Mapping[Node, Node]) -> Node:
    """The node with its inputs replaced and nothing simplified: what is written here is meant as it is."""
    if not any(child in instead for child in node.inputs):
        return node
    inputs = tuple(instead.get(child, child) for child in node.inputs)
    if node.op != "nest":
        return make(node.op, inputs, node.attrs, node.shape, node.dtype, weak=node.weak)
    terms = tuple(t._replace(factors=tuple(Factor(instead.get(f.node, f.node), f.index) for f in t.factors)) for t in terms_of(node))
    return make("nest", nodes_in(terms), terms, node.shape, node.dtype)


def _faster(node: Node, alone: Collection[Node], helpers: Collection[str]) -> Node:
    terms = _terms(node, alone)
    if terms is None:
        return node
    if gram.OP in helpers:
        terms = [gram.symmetric(term) or term for term in terms]
    terms = _together(terms, node)
    terms = [_numbers_in(term, node, alone=len(terms) == 1) for term in terms]
    if len(terms) == 1 and _is_itself(terms[0], node):
        return terms[0].factors[0].node
    return make("nest", nodes_in(terms), tuple(terms), node.shape, node.dtype)


def _terms(node: Node, alone: Collection[Node]) -> list[Term] | None:
    """The node as a sum of terms: a nest, or a sum of nests that nothing else reads."""
    if node.op == "nest":
        return list(terms_of(node))
    if node.op not in ("add", "subtract") or not all(c.op == "nest" and c in alone and c.shape == node.shape and terms_of(c) for c in node.inputs):
        return None
    first, second = (list(terms_of(child)) for child in node.inputs)
    terms = [*first, *(t._replace(scale=-t.scale) if node.op == "subtract" else t for t in second)]
    return terms if all(_is_whole(t, node) for t in terms) else None


def _is_whole(term: Term, node: Node) -> bool:
    return is_whole(term.out, term.sizes, node.shape)


def _is_itself(term: Term, node: Node) -> bool:
    if term.scale != 1 or len(term.factors) != 1 or not _is_whole(term, node) or len(term.sizes) != node.ndim:
        return False
    return term.factors[0].index == term.out and term.factors[0].node.shape == node.shape


def _together(terms: list[Term], node: Node) -> list[Term]:
    """s·A + s·B with a number s that is computed: s·(A + B)."""
    groups: dict[object, list[Term]] = {}
    for term in terms:
        scalars = tuple(f for f in term.factors if not f.index)
        groups.setdefault((frozenset(Counter(scalars).items()), abs(term.scale)) if scalars and _is_whole(term, node) else term, []).append(term)
    made: list[Term] = []
    for group in groups.values():
        if len(group) < 2:
            made += group
            continue
        scalars = tuple(f for f in group[0].factors if not f.index)
        scale = group[0].scale
        inner = tuple(t._replace(factors=tuple(f for f in t.factors if f.index), scale=1 if t.scale == scale else -1) for t in group)
        total = make("nest", nodes_in(inner), inner, node.shape, node.dtype)
        labels = ats(range(node.ndim))
        made.append(Term(node.shape, labels, (*scalars, Factor(total, labels)), scale))
    return made


def _numbers_in(term: Term, node: Node, *, alone: bool) -> Term:
    """The number in front of a term multiplied into its smallest factor. A sign stays where it makes a difference of arrays."""
    value = term.scale if alone else abs(term.scale)
    if value == 1 or not term.factors or not set(labels_of(term.out)) or not all(f.node.dtype == FLOAT for f in term.factors):
        return term
    if any(not all(isinstance(n, int) for n in f.node.shape) for f in term.factors):
        return term
    k = min(range(len(term.factors)), key=lambda k: _volume(term.factors[k].node.shape))
    small = term.factors[k]
    if _volume(small.node.shape) * SMALLER > _volume(node.shape):
        return term
    factors = (*term.factors[:k], Factor(multiply(value, small.node), small.index), *term.factors[k + 1 :])
    return term._replace(factors=factors, scale=1 if alone or term.scale > 0 else -1)
