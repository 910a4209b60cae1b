"""Accumulation: from local Jacobians on edges to the Jacobian of outputs by variables.

Eliminating a node replaces each path in → node → out by one edge in → out: maps compose along the path and add where paths
meet, so that a sum over paths is never expanded. Forward mode eliminates from the inputs, reverse mode from the outputs;
`by cost` takes whichever order has the cheaper program. Source: Griewank & Walther, Evaluating Derivatives, chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from wrt.differentiate.cost import flops
from wrt.differentiate.linearize import linearize
from wrt.graph.node import Node
from wrt.linear.algebra import add, compose
from wrt.linear.linear_map import LinearMap, identity, zero

Order = Literal["forward", "reverse", "auto"]
SMALL = 400  # graphs of up to so many nodes are accumulated both ways and the cheaper program is kept


def jacobian(output: Node, variables: Sequence[Node], order: Order = "auto") -> dict[Node, LinearMap]:
    """The map from each variable to the output."""
    return accumulate(output, {v: identity(v.shape) for v in variables}, identity(output.shape), order)[0]


def accumulate(output: Node, seeds: dict[Node, LinearMap], covector: LinearMap, order: Order = "auto") -> tuple[dict[Node, LinearMap], str]:
    """covector ∘ J ∘ seed for each variable, and the order that was taken.

    Identities as seeds give the Jacobian; a vector as the seed (`linear_map.column`) gives a JVP in forward order, a covector
    a VJP in reverse order.
    """
    nodes, edges = linearize([output], seeds)
    if order == "auto":
        order = _cheaper(output, seeds, covector, len(nodes))
        if order == "auto":
            both = {name: _run(name, nodes, edges, output, seeds, covector) for name in ("forward", "reverse")}
            cost = {name: flops(m.to_dense() for m in maps.values()) for name, maps in both.items()}
            best = "forward" if cost["forward"] < cost["reverse"] else "reverse"
            return both[best], f"{best} order ({cost[best]:.2g} against {max(cost.values()):.2g} operations)"
    return _run(order, nodes, edges, output, seeds, covector), f"{order} order"


def _cheaper(output: Node, seeds: dict[Node, LinearMap], covector: LinearMap, nodes: int) -> Order:
    """The order that needs no comparison: few rows ask for reverse, few columns for forward."""
    if covector.shape_out == () and all(seed.shape_in for seed in seeds.values()):
        return "reverse"
    if all(seed.shape_in == () for seed in seeds.values()):
        return "forward"
    if nodes <= SMALL:
        return "auto"
    return "forward"


def _run(
    order: str, nodes: Sequence[Node], edges: dict[Node, dict[Node, LinearMap]], output: Node, seeds: dict[Node, LinearMap], covector: LinearMap
) -> dict[Node, LinearMap]:
    return (_forward if order == "forward" else _reverse)(nodes, edges, output, seeds, covector)


def _forward(
    nodes: Sequence[Node], edges: dict[Node, dict[Node, LinearMap]], output: Node, seeds: dict[Node, LinearMap], covector: LinearMap
) -> dict[Node, LinearMap]:
    """Each node's map from every variable, inputs first."""
    below: dict[Node, dict[Node, LinearMap]] = {v: {v: seed} for v, seed in seeds.items()}
    for node in nodes:
        if node in below:
            continue
        parts: dict[Node, list[LinearMap]] = {}
        for child, local in edges[node].items():
            for variable, inner in below.get(child, {}).items():
                parts.setdefault(variable, []).append(compose(local, inner))
        below[node] = {variable: total for variable, maps in parts.items() if (total := add(maps)).terms}
    found = below.get(output, {})
    return {v: compose(covector, found[v]) if v in found else zero(covector.shape_out, seed.shape_in) for v, seed in seeds.items()}


def _reverse(
    nodes: Sequence[Node], edges: dict[Node, dict[Node, LinearMap]], output: Node, seeds: dict[Node, LinearMap], covector: LinearMap
) -> dict[Node, LinearMap]:
    """Each node's map to the output, outputs first."""
    above: dict[Node, list[LinearMap]] = {output: [covector]}
    found: dict[Node, LinearMap] = {}
    for node in reversed(nodes):
        maps = above.pop(node, None)
        if maps is None:
            continue
        total = add(maps)
        if node in seeds:
            found[node] = compose(total, seeds[node])
            continue
        for child, local in edges[node].items():
            product = compose(total, local)
            if product.terms:
                above.setdefault(child, []).append(product)
    return {v: found.get(v, zero(covector.shape_out, seed.shape_in)) for v, seed in seeds.items()}
