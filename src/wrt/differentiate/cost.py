"""What a program costs, roughly: multiplications and additions, counted over its nodes once each."""

from __future__ import annotations

from collections.abc import Iterable

from wrt.graph.nest import terms_of
from wrt.graph.node import Node
from wrt.graph.size import Size
from wrt.graph.walk import topological

UNKNOWN = 100.0  # what a symbolic size counts for


def flops(outputs: Iterable[Node]) -> float:
    """Operations of the program that computes the outputs."""
    return sum(map(_one, topological(outputs)))


def _one(node: Node) -> float:
    if node.op == "nest":
        return sum(volume(term.sizes) * max(1, len(term.factors)) for term in terms_of(node))
    if node.op in ("variable", "constant", "frozen", "captured", "size"):
        return 0.0
    return max((volume(n.shape) for n in (node, *node.inputs)), default=1.0)


def volume(shape: tuple[Size, ...]) -> float:
    total = 1.0
    for size in shape:
        total *= size if isinstance(size, int) else UNKNOWN
    return total
