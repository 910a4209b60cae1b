"""Loops in time: a graph that is the same step again and again, y ← F(y), is differentiated for one step and copied for the others.

A *waist* is a node that everything above it sees everything below it through. Where the piece of graph between two waists is the
piece before it with one waist in the place of the other, its Jacobian is that of the piece before with the waist and the Jacobian
up to the waist exchanged as well: one walk over the expression, instead of the chain rule node by node.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from wrt.graph.index import Index, Table
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, make
from wrt.graph.term import Factor, Term, nodes_in
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap, from_dense

LONG = 8  # shorter pieces are not worth comparing
PERIODS = (1, 2, 3, 4)  # a step may have so many waists


def waists(nodes: Sequence[Node], seeds: Collection[Node]) -> list[int]:
    """Where the waists stand in the nodes, inputs first; seeds may be read anywhere."""
    place = {node: position for position, node in enumerate(nodes)}
    found: list[int] = []
    reach = -1  # the last reader of anything before
    last = [-1] * len(nodes)
    for position, node in enumerate(nodes):
        for child in node.inputs:
            if child in place and child not in seeds:
                last[place[child]] = position
    for position, node in enumerate(nodes):
        if node in seeds:
            continue
        if reach <= position and last[position] >= 0:
            found.append(position)
        reach = max(reach, last[position])
    return found


def is_repeated(before: Sequence[Node], after: Sequence[Node], instead: dict[Node, Node]) -> bool:
    """Whether `after` is `before` with nodes exchanged; `instead` begins with the two waists and learns the other nodes."""
    if len(before) != len(after):
        return False
    for old, new in zip(before, after, strict=True):
        if old.op != new.op or old.shape != new.shape or old.dtype != new.dtype or old.weak != new.weak or len(old.inputs) != len(new.inputs):
            return False
        if copied(old, instead) is not new:
            return False
        instead[old] = new
    return True


def copied(node: Node, instead: Mapping[Node, Node]) -> Node:
    """The node with its inputs exchanged, and nothing simplified: it is the same expression."""
    if not any([child in instead for child in node.inputs]):  # noqa: C419  # a list is faster
        return node
    if node.op != "nest":
        return make(node.op, tuple([instead.get(child, child) for child in node.inputs]), node.attrs, node.shape, node.dtype, weak=node.weak)
    terms = tuple([_term(term, instead) for term in terms_of(node)])
    return make("nest", nodes_in(terms), terms, node.shape, node.dtype, weak=node.weak)


def _term(term: Term, instead: Mapping[Node, Node]) -> Term:
    factors = tuple([Factor(instead.get(f.node, f.node), _read(f.index, instead)) for f in term.factors])
    return Term(term.sizes, _read(term.out, instead), factors, term.scale)


def _read(index: tuple[Index, ...], instead: Mapping[Node, Node]) -> tuple[Index, ...]:
    if not any([isinstance(i, Table) for i in index]):  # noqa: C419
        return index
    return tuple([Table(instead.get(i.node, i.node), _read(i.index, instead)) if isinstance(i, Table) else i for i in index])


def array(m: LinearMap) -> Node | None:
    """The one array that a map reads as it is, if it is a map of such a form."""
    if len(m.terms) != 1 or len(m.terms[0].factors) != 1:
        return None
    node = m.terms[0].factors[0].node
    return node if m == from_dense(node, len(m.shape_out)) else None


class Steps:
    """Where a forward accumulation finds itself at a waist: it may know the maps of the next one already."""

    def __init__(self, nodes: Sequence[Node], seeds: Collection[Node]) -> None:
        self.nodes, self.seeds = nodes, frozenset(seeds)
        self.waists = waists(nodes, self.seeds)
        self.number = {position: k for k, position in enumerate(self.waists)}
        self.expected: dict[int, tuple[int, dict[Node, LinearMap]]] = {}  # copies that the chain rule has to agree with once
        self.trusted = 0  # the number of waists in a step whose copies did agree

    def ahead(self, position: int, below: Mapping[Node, dict[Node, LinearMap]]) -> tuple[int, dict[Node, LinearMap]] | None:
        """From the waist at this position, whose maps are known: a later waist and its maps, if they can be copied."""
        k = self.number.get(position)
        if k is None:
            return None
        if position in self.expected:
            period, maps = self.expected.pop(position)
            if maps == below[self.nodes[position]]:
                self.trusted = period
        for period in (self.trusted,) if self.trusted else PERIODS:
            if period <= k < len(self.waists) - period:
                first, later = self.waists[k - period], self.waists[k + period]
                copy = self._copy(first, position, later, below)
                if copy is not None and self.trusted:
                    return later, copy
                if copy is not None:
                    self.expected.setdefault(later, (period, copy))
                    break
        else:
            self.trusted = 0
        return None

    def _copy(self, first: int, here: int, later: int, below: Mapping[Node, dict[Node, LinearMap]]) -> dict[Node, LinearMap] | None:
        """The maps of the later waist, from those of this one: nodes, and the Jacobians up to the waist, exchanged."""
        nodes, before = self.nodes, self.nodes[first + 1 : here + 1]
        start, end = nodes[first], nodes[here]
        instead = {start: end}
        if len(before) < LONG or start not in below or below[start].keys() != below[end].keys():
            return None
        if not is_repeated(before, nodes[here + 1 : later + 1], instead):
            return None
        for variable, m in below[start].items():
            old, new = array(m), array(below[end][variable])
            if old is None or new is None or old.shape != new.shape or old.dtype != new.dtype or instead.get(old, new) is not new:
                return None
            instead[old] = new
        shared = {child for node in before for child in node.inputs if child in self.seeds}
        found = {}
        for variable, m in below[end].items():
            for node in topological(nodes_in(m.terms), instead):
                if node in shared or node.variables.isdisjoint(self.seeds):
                    continue
                instead[node] = copied(node, instead)
                if instead[node] is node:
                    return None  # it belongs to an earlier step
            found[variable] = LinearMap(m.shape_out, m.shape_in, tuple([_term(term, instead) for term in m.terms]))
        return found
