"""Every rule application: each operation between the variable and the output gets a name, its local derivative and its line of the chain rule."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from wrt.graph.node import Node, variable
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap
from wrt.notation.chain import Link, replaced

Differentiate = Callable[[Node, Node], LinearMap]
MANY = 24  # operations: beyond, the chain is all that anybody reads


class Application(NamedTuple):
    """One operation: its own name and function of named arguments, the local derivatives by these, and its derivative by the variable."""

    name: str
    node: Node  # in variables that stand for the operations below
    original: Node
    local: tuple[tuple[Link, LinearMap], ...]
    whole: LinearMap  # by the variable, in the variables of the graph


def applications(output: Node, by: Node, jacobian: Differentiate, name: str = "f", taken: Collection[str] = ()) -> list[Application]:
    """From the variable outwards; nothing if there are too many to be read."""
    between = [n for n in topological([output]) if n is not by and by in n.variables]
    if not 1 < len(between) <= MANY:
        return []
    used = {*taken, name, *(str(v.attrs[0]) for v in output.variables)}  # type: ignore[index]
    names = iter(f"{letter}{k}" for k in range(1, MANY + 2) for letter in ("u",))
    stand: dict[Node, Node] = {by: by}
    found: list[Application] = []
    for n in between:
        called = name if n is output else next(c for c in names if c not in used)
        inputs = [i for i in n.inputs if i in stand]
        node = replaced(n, {i: stand[i] for i in inputs})
        local = []
        for i in inputs:
            argument = stand[i]
            local.append((Link(called, node, argument, n), jacobian(node, argument)))
        found.append(Application(called, node, n, tuple(local), jacobian(n, by)))
        stand[n] = variable(called, n.shape, n.dtype)
    return found
