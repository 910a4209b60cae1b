"""Walking the graph: nodes in an order in which every node follows its inputs."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from wrt.graph.node import Node


def topological(outputs: Iterable[Node], known: Collection[Node] = ()) -> list[Node]:
    """All nodes below the outputs, inputs first, not looking below `known`; without recursion, so that long loops are no problem."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(node, False) for node in reversed(list(outputs))]
    while stack:
        node, ready = stack.pop()
        if ready:
            order.append(node)
        elif node not in seen and node not in known:
            seen.add(node)
            stack.append((node, True))
            stack.extend((child, False) for child in reversed(node.inputs) if child not in seen)
    return order


def uses(nodes: Iterable[Node]) -> dict[Node, list[Node]]:
    """Which of the nodes read each node."""
    readers: dict[Node, list[Node]] = {}
    for node in nodes:
        for child in node.inputs:
            readers.setdefault(child, []).append(node)
    return readers
