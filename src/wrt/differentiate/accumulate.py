"""Accumulation: from local Jacobians on edges to the Jacobian of outputs by variables.

Eliminating a node replaces each path in → node → out by one edge in → out: maps compose along the path and add where paths
meet, so that a sum over paths is never expanded. Forward mode eliminates from the inputs, reverse mode from the outputs;
`by cost` takes whichever order has the cheaper program. Source: Griewank & Walther, Evaluating Derivatives, chapter 9.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as every
from math import prod
from typing import Literal

from wrt.differentiate.cost import flops
from wrt.differentiate.linearize import linearize
from wrt.differentiate.repeat import Steps
from wrt.graph.index import Affine, remembering
from wrt.graph.node import Node
from wrt.graph.term import Term, labels_of
from wrt.linear.algebra import add, compose
from wrt.linear.linear_map import LinearMap, from_dense, identity, zero

Order = Literal["forward", "reverse", "auto"]
SMALL = 400  # graphs of up to so many nodes are accumulated both ways and the cheaper program is kept
FULL = 256  # in larger graphs, maps of up to so many entries become arrays once no entry is zero by structure


def jacobian(output: Node, variables: Sequence[Node], order: Order = "auto") -> dict[Node, LinearMap]:
    """The map from each variable to the output."""
    return accumulate(output, {v: identity(v.shape) for v in variables}, identity(output.shape), order)[0]


def accumulate(output: Node, seeds: dict[Node, LinearMap], covector: LinearMap, order: Order = "auto") -> tuple[dict[Node, LinearMap], str]:
    """covector ∘ J ∘ seed for each variable, and the order that was taken.

    Identities as seeds give the Jacobian; a vector as the seed (`linear_map.column`) gives a JVP in forward order, a covector
    a VJP in reverse order.
    """
    with remembering():
        return _accumulate(output, seeds, covector, order)


def _accumulate(output: Node, seeds: dict[Node, LinearMap], covector: LinearMap, order: Order) -> tuple[dict[Node, LinearMap], str]:
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
    settled = _settled if len(nodes) > SMALL else _as_it_is
    below: dict[Node, dict[Node, LinearMap]] = {v: {v: seed} for v, seed in seeds.items()}
    steps = Steps(nodes, seeds) if len(nodes) > SMALL else None
    known = -1  # the maps of the nodes up to here are not needed
    for position, node in enumerate(nodes):
        if node in below or position <= known:
            if position == known:
                known = _skip(steps, position, nodes, below)
            continue
        parts: dict[Node, list[LinearMap]] = {}
        for child, local in edges[node].items():
            for variable, inner in below.get(child, {}).items():
                parts.setdefault(variable, []).append(compose(local, inner))
        below[node] = {variable: total for variable, maps in parts.items() if (total := settled(add(maps))).terms}
        if steps is not None:
            known = _skip(steps, position, nodes, below)
    found = below.get(output, {})
    return {v: compose(covector, found[v]) if v in found else zero(covector.shape_out, seed.shape_in) for v, seed in seeds.items()}


def _skip(steps: Steps | None, position: int, nodes: Sequence[Node], below: dict[Node, dict[Node, LinearMap]]) -> int:
    """Up to where the nodes' maps need not be composed; those of the last one are set."""
    ahead = None if steps is None else steps.ahead(position, below)
    if ahead is None:
        return -1
    later, below[nodes[later]] = ahead
    return later


def _reverse(
    nodes: Sequence[Node], edges: dict[Node, dict[Node, LinearMap]], output: Node, seeds: dict[Node, LinearMap], covector: LinearMap
) -> dict[Node, LinearMap]:
    """Each node's map to the output, outputs first."""
    settled = _settled if len(nodes) > SMALL else _as_it_is
    above: dict[Node, list[LinearMap]] = {output: [covector]}
    found: dict[Node, LinearMap] = {}
    for node in reversed(nodes):
        maps = above.pop(node, None)
        if maps is None:
            continue
        total = settled(add(maps))
        if node in seeds:
            found[node] = compose(total, seeds[node])
            continue
        for child, local in edges[node].items():
            product = compose(total, local)
            if product.terms:
                above.setdefault(child, []).append(product)
    return {v: found.get(v, zero(covector.shape_out, seed.shape_in)) for v, seed in seeds.items()}


def _as_it_is(m: LinearMap) -> LinearMap:
    return m


def _settled(m: LinearMap) -> LinearMap:
    """A small map as one array, once its terms leave no entry out: a state of three numbers after hundreds of steps."""
    if len(m.terms) < 2:
        return m
    entries = prod(n for n in m.shape if isinstance(n, int))
    if entries > FULL or not all(isinstance(n, int) for n in m.shape):
        return m
    reached: set[tuple[int, ...]] = set()
    for term in m.terms:
        reached.update(every(*_positions(term)))
        if len(reached) == entries:
            return from_dense(m.to_dense(), len(m.shape_out))
    return m


def _positions(term: Term) -> list[range]:
    """The positions that the term reaches along each axis, if it reaches all their combinations; no positions where that is not sure."""
    labels = labels_of(term.out)
    found: list[range] = []
    for index in term.out:
        if not isinstance(index, Affine) or len(index.parts) > 1 or index.modulus is not None or not isinstance(index.offset, int):
            return [range(0)]
        step, count = 1, 1
        for label, coefficient in index.parts:
            size = term.sizes[label]
            if label not in labels or not isinstance(coefficient, int) or not isinstance(size, int):
                return [range(0)]
            labels.remove(label)
            step, count = coefficient, size
        found.append(range(index.offset, index.offset + step * count, step))
    return found
