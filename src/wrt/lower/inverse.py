"""Where an inverse is only multiplied with, so that the product is a solve and the inverse is never made."""

from __future__ import annotations

from collections.abc import Collection

from wrt.graph.index import labels_in, plain
from wrt.graph.nest import terms_of
from wrt.graph.node import Node
from wrt.graph.term import Term, summed

SOLVES = 2  # with more products than this the inverse is made once


def is_solved(node: Node, readers: Collection[Node]) -> bool:
    """Whether every read of the inverse of a matrix is in a product with another factor."""
    if node.ndim != 2 or not readers or any(reader.op != "nest" for reader in readers):
        return False
    found = [_solves(term, position) for reader in set(readers) for term in terms_of(reader) for position, f in enumerate(term.factors) if f.node is node]
    return 0 < len(found) <= SOLVES and all(found)


def _solves(term: Term, position: int) -> bool:
    """Whether one of the factor's two labels is summed over with other factors, which do not have the other label."""
    labels = [plain(index) for index in term.factors[position].index]
    inside = summed(term)
    if None in labels or labels[0] == labels[1]:
        return False
    others = [{label for i in f.index for label in labels_in(i)} for k, f in enumerate(term.factors) if k != position]
    for label, free in (labels, labels[::-1]):
        if label in inside and any(label in mine for mine in others) and not any(free in mine for mine in others if label in mine):
            return free in inside or not any(free in mine for mine in others)
    return False
