"""Good intermediates: cutting a function where a reader would, f(x) = h(g(x)) with g the affine inside.

A node through which every path from the variable to the output leads is a place to cut. Of these, the last one that is affine in what
came before is named (a residual e, else u, v, …), then an elementwise layer, and so on outwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from wrt.graph.index import Index, Table
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, make, variable
from wrt.graph.term import Factor, Term, summed
from wrt.graph.walk import topological
from wrt.notation.operation import is_elementwise

MOST = 3  # named intermediates; longer chains hide more than they show
LARGE = 400  # nodes: beyond, nobody reads the steps
SPARE = ("u", "v", "z", "w", "h", "r", "s", "p", "q")


@dataclass(frozen=True, slots=True)
class Link:
    """One function of a chain: `node` as a function of `argument`, a variable of its own, and what both are called."""

    name: str
    node: Node
    argument: Node
    original: Node  # the node in the whole graph

    @property
    def of(self) -> str:
        """The argument's name."""
        return str(self.argument.attrs[0])  # type: ignore[index]


def chain(output: Node, by: Node, name: str = "f", names: Mapping[Node, str] | None = None) -> list[Link]:
    """The links from the output inwards: L(e), e(θ). One link where there is no good place to cut.

    Differentiate each link's `node` by its `argument`: the product of these local Jacobians is the derivative of the output.

    Parameters
    ----------
    name
        What to call the output.
    names
        What the user calls intermediates; these are kept, and cut first where every path leads through them.
    """
    named = dict(names or {})
    cuts = _chosen(output, by, named)
    taken = {str(v.attrs[0]) for v in output.variables} | {name} | set(named.values())  # type: ignore[index]
    links: list[Link] = []
    argument, inner = by, by
    for cut in [*cuts, output]:
        called = name if cut is output else named.get(cut) or _fresh(cut, taken)
        taken.add(called)
        links.append(Link(called, replaced(cut, {inner: argument}), argument, cut))
        argument, inner = variable(called, cut.shape, cut.dtype), cut
    return links[::-1]


def _fresh(node: Node, taken: set[str]) -> str:
    wanted = (("e", *SPARE) if node.op == "subtract" else SPARE) + tuple(f"u{k}" for k in range(1, 9))
    return next(name for name in (w.upper() if node.ndim > 1 else w for w in wanted) if name not in taken)


def _chosen(output: Node, by: Node, named: Mapping[Node, str]) -> list[Node]:
    """Where to cut, from the variable outwards."""
    spots = places(output, by)
    if not spots:
        return []
    own = [spot for spot in spots if spot in named]
    if own:
        return own[-MOST:]
    if is_affine(output, by):
        return []
    found: list[Node] = []
    start = by
    while len(found) < MOST:
        rest = spots[spots.index(start) + 1 :] if start in spots else spots
        affine = [spot for spot in rest if is_affine(spot, start)]
        layer = [spot for spot in rest if is_layer(spot, start)]
        if affine and affine[-1] is not start:
            start = affine[-1]
        elif layer and any(is_affine(s, layer[-1]) and not _only_sums(s) for s in [*rest[rest.index(layer[-1]) + 1 :], output]):
            start = layer[-1]
        else:
            break
        found.append(start)
    return [spot for spot in found if not _trivial(spot, by)]


def _trivial(node: Node, by: Node) -> bool:
    """A transpose or a scaled variable deserves no name."""
    if node.op != "nest" or len(terms_of(node)) != 1:
        return False
    (term,) = terms_of(node)
    return [factor.node for factor in term.factors] == [by] and not summed(term)


def _only_sums(node: Node) -> bool:
    return node.op == "nest" and node.ndim == 0 and all(len(term.factors) == 1 for term in terms_of(node))


def places(output: Node, by: Node) -> list[Node]:
    """The nodes strictly between that every path from `by` to the output passes, from the inside."""
    order = [node for node in topological([output]) if by in node.variables]
    if len(order) > LARGE or by not in order or output is by:
        return []
    below: dict[Node, int] = {by: 1}  # paths from the variable
    for node in order:
        if node is not by:
            below[node] = sum(below.get(child, 0) for child in node.inputs)
    above: dict[Node, int] = {output: 1}  # paths to the output
    for node in reversed(order):
        for child in node.inputs:
            if child in below:
                above[child] = above.get(child, 0) + above[node]
    return [node for node in order if node not in (by, output) and below[node] * above[node] == below[output]]


def is_affine(node: Node, by: Node) -> bool:
    """Whether the node is affine in `by` (a node below it)."""
    return _degree(node, by, {}) <= 1


def is_layer(node: Node, by: Node) -> bool:
    """Whether entry i of the node depends on entry i of `by` alone."""
    if node.shape != by.shape or node.ndim == 0:
        return False
    between = [n for n in topological([node]) if n is not by and _depends(n, by)]
    return all(is_elementwise(n) for n in between)


def _depends(node: Node, on: Node) -> bool:
    return on in topological([node])


def _degree(node: Node, by: Node, known: dict[Node, int]) -> int:
    """0 constant in `by`, 1 affine, 2 anything else."""
    for step in topological([node]):
        if step is by:
            known[step] = 1
        elif step not in known:
            known[step] = _step_degree(step, known)
    return known[node]


def _step_degree(node: Node, known: Mapping[Node, int]) -> int:
    degrees = [known.get(child, 0) for child in node.inputs]
    if not any(degrees):
        return 0
    if node.op in ("add", "subtract", "negative"):
        return max(degrees)
    if node.op == "multiply":
        return min(2, sum(degrees))
    if node.op == "divide":
        return degrees[0] if degrees[1] == 0 else 2
    if node.op == "nest":
        return min(2, max(sum(known.get(f.node, 0) for f in term.factors) for term in terms_of(node)))
    return 2


def replaced(node: Node, by: Mapping[Node, Node]) -> Node:
    """The graph with nodes exchanged for others of the same shape."""
    done = dict(by)
    for step in topological([node]):
        if step in done:
            continue
        inputs = tuple(done[child] for child in step.inputs)
        if inputs == step.inputs:
            done[step] = step
        elif step.op == "nest":
            terms = tuple(_exchanged(term, done) for term in terms_of(step))
            done[step] = make("nest", _unique(inputs), terms, step.shape, step.dtype)
        else:
            done[step] = make(step.op, inputs, step.attrs, step.shape, step.dtype, weak=step.weak)
    return done[node]


def _unique(nodes: Iterable[Node]) -> tuple[Node, ...]:
    return tuple(dict.fromkeys(nodes))


def _exchanged(term: Term, by: Mapping[Node, Node]) -> Term:
    def index(indices: Sequence[Index]) -> tuple[Index, ...]:
        return tuple(Table(by.get(i.node, i.node), index(i.index)) if isinstance(i, Table) else i for i in indices)

    return term._replace(out=index(term.out), factors=tuple(Factor(by.get(f.node, f.node), index(f.index)) for f in term.factors))
