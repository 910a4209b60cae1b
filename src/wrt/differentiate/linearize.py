"""The linearized graph: a LinearMap on every edge that carries a derivative."""

from __future__ import annotations

from collections.abc import Iterable

from wrt.graph.node import Node
from wrt.graph.walk import topological
from wrt.linear.algebra import add
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import local_jacobians

Edges = dict[Node, dict[Node, LinearMap]]  # node -> input -> local Jacobian


def linearize(outputs: Iterable[Node], variables: Iterable[Node]) -> tuple[list[Node], Edges]:
    """The nodes between variables and outputs, inputs first, and the local Jacobians on the edges between them."""
    wanted = frozenset(variables)
    order = [node for node in topological(outputs) if node.variables & wanted]
    active = set(order)
    edges: Edges = {}
    for node in order:
        if node in wanted:
            continue
        mine: dict[Node, LinearMap] = {}
        for child, local in zip(node.inputs, local_jacobians(node), strict=True):
            if child not in active or local is None or not local.terms:
                continue
            mine[child] = local if child not in mine else add([mine[child], local])
        edges[node] = mine
    return order, edges

