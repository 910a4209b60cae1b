"""Idioms of the field, recognized in graphs: sigmoid, softmax, logsumexp, squared norms, and conditions without their ties.

Each rule takes a node to an equal one that reads better: 1/(1 + exp(−z)) = exp(z − logaddexp(0, z)) = σ(z). Those of `idiom` are applied
to whatever is printed; those of `prepared` to a function before it is differentiated: ‖x‖² is a sum of squares, exp(x)/Σexp(x) is softmax(x).
At ties, where the program takes half of each slope, the printed condition is the strict one; `wrt.notation.remarks` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wrt.graph.arithmetic import multiply, negative, subtract
from wrt.graph.arithmetic import power as raised
from wrt.graph.index import Affine, ats, fixed, plain
from wrt.graph.nest import nest, terms_of, uniform, view
from wrt.graph.node import BOOL, Node, constant, make, number
from wrt.graph.term import Factor, Term
from wrt.graph.walk import topological
from wrt.notation.chain import replaced


def idiom(node: Node) -> Node:
    """The node, or an equal one that reads better."""
    rule = _SHOWN.get(node.op)
    return node if rule is None else rule(node) or node


def prepared(node: Node) -> Node:
    """The function with its idioms exchanged for operations that have short derivatives; to be differentiated in its place."""
    done: dict[Node, Node] = {}
    for step in topological([node]):
        kept = step if not step.inputs or all(done[child] is child for child in step.inputs) else replaced(step, {c: done[c] for c in step.inputs})
        for _ in range(3):
            rule = _PREPARED.get(kept.op)
            better = None if rule is None else rule(kept)
            if better is None or better.shape != step.shape:
                break
            kept = better
        done[step] = kept
    return done[node]


def _elementwise(op: str, *inputs: Node, like: Node) -> Node:
    return make(op, inputs, None, like.shape, like.dtype)


# ----- sigmoid --------------------------------------------------------------------------------------------------------
def _exp_of_one_plus(node: Node) -> Node | None:
    """z of 1 + exp(z)."""
    if node.op != "add":
        return None
    for one, other in (node.inputs, node.inputs[::-1]):
        if uniform(one) == 1 and other.op == "exp" and other.shape == node.shape:
            return other.inputs[0]
    return None


def _logistic(node: Node) -> Node | None:
    """exp(z − logaddexp(0, z)) is σ(z)."""
    difference = node.inputs[0]
    if difference.op != "subtract" or difference.inputs[1].op != "logaddexp":
        return None
    z, both = difference.inputs[0], difference.inputs[1].inputs
    zero = next((a for a, b in (both, both[::-1]) if b is z and uniform(a) == 0), None)
    return None if zero is None or z.shape != node.shape else _elementwise("expit", z, like=node)


def _divided(node: Node) -> Node | None:
    """n / (1 + exp(−z)) is n σ(z), exp(z) / (1 + exp(z)) is σ(z)."""
    top, bottom = node.inputs
    z = _exp_of_one_plus(bottom)
    if z is None or bottom.shape != node.shape:
        return _softmax(node)
    if top.op == "exp" and top.inputs[0] is z:
        return _elementwise("expit", z, like=node)
    return multiply(top, _elementwise("expit", negative(z), like=node))


# ----- softmax --------------------------------------------------------------------------------------------------------
def _sum_over(node: Node, a: Node) -> tuple[int, ...] | None:
    """The axes over which the node is the sum of a, broadcast to a's shape again; None if it is something else."""
    if node.op != "nest" or len(terms_of(node)) != 1:
        return None
    (term,) = terms_of(node)
    if term.scale != 1 or len(term.factors) != 1 or term.factors[0].node is not a or term.sizes != a.shape:
        return None
    labels = [plain(i) for i in term.factors[0].index]
    if labels != list(range(a.ndim)):
        return None
    skipped = a.ndim - node.ndim
    kept = {plain(i): axis + skipped for axis, i in enumerate(term.out) if i != Affine(())}
    return None if any(label != axis for label, axis in kept.items()) else tuple(axis for axis in range(a.ndim) if axis not in kept)


def _softmax(node: Node) -> Node | None:
    """exp(v) / Σ exp(v) is softmax(v)."""
    top, bottom = node.inputs
    axes = _sum_over(bottom, top) if top.op == "exp" else None
    return make("softmax", (_unshifted(top.inputs[0]),), axes, node.shape, node.dtype) if axes else None


def _unshifted(v: Node) -> Node:
    """v of v − max(v): softmax does not change with it."""
    if v.op != "subtract" or v.inputs[0].shape != v.shape:
        return v
    top = v.inputs[1]
    inner = terms_of(top)[0].factors[0].node if top.op == "nest" and len(terms_of(top)) == 1 and len(terms_of(top)[0].factors) == 1 else top
    return v.inputs[0] if inner.op == "max" and inner.inputs[0] is v.inputs[0] and inner.ndim == 0 else v


def _log(node: Node) -> Node | None:
    a = node.inputs[0]
    if a.op == "nest" and len(terms_of(a)) == 1 and len(terms_of(a)[0].factors) == 1:
        powers = terms_of(a)[0].factors[0].node
        axes = _sum_over(a, powers) if powers.op == "exp" else None
        if axes and a.ndim + len(axes) == powers.ndim:
            return make("logsumexp", powers.inputs, axes, node.shape, node.dtype)
    if a.op == "softmax":
        v = a.inputs[0]
        if a.attrs == tuple(range(v.ndim)):
            return subtract(v, make("logsumexp", (v,), a.attrs, (), node.dtype))
    if a.op == "absolute" and a.inputs[0].op == "det":
        return make("logabsdet", a.inputs[0].inputs, None, node.shape, node.dtype)
    z = _exp_of_one_plus(a)
    return None if z is None else _elementwise("logaddexp", constant(0), z, like=node)


def _log_of_one_plus(node: Node) -> Node | None:
    a = node.inputs[0]
    return _elementwise("logaddexp", constant(0), a.inputs[0], like=node) if a.op == "exp" else None


# ----- powers and norms -----------------------------------------------------------------------------------------------
def _squared_norm(node: Node) -> Node | None:
    base, exponent = node.inputs
    if base.op != "norm" or number(exponent) != 2 or base.ndim or node.ndim:
        return None
    a = base.inputs[0]
    labels = ats(range(a.ndim))
    return nest((), [Term(a.shape, (), (Factor(a, labels), Factor(a, labels)))])


def _singular(node: Node) -> Node | None:
    """The largest singular value is the first; the sum of their squares is ‖X‖²."""
    if node.op == "max":
        values = node.inputs[0]
        return view(values, (), [fixed(0)]) if values.op == "svdvals" and values.ndim == 1 else None
    terms = terms_of(node)
    if node.ndim or len(terms) != 1 or [f.node.op for f in terms[0].factors] != ["svdvals"] * 2 or len(set(terms[0].factors)) > 1:
        return None
    x, labels = terms[0].factors[0].node.inputs[0], ats(range(2))
    return nest((), [Term(x.shape, (), (Factor(x, labels), Factor(x, labels)), terms[0].scale)]) if x.ndim == 2 else None


def _power(node: Node) -> Node | None:
    """b a^(b−1) in place of the derivative of a^b as it is computed, with its guard for b = 0."""
    if number(node.inputs[1]) != 0:
        return None
    zero, _, chosen = node.inputs
    if zero.op != "equal" or number(zero.inputs[1]) != 0 or chosen.op != "multiply":
        return None
    b, powered = chosen.inputs
    guard = powered.inputs[1] if powered.op == "power" else None
    if b is not zero.inputs[0] or guard is None or guard.op != "where" or guard.inputs[0] is not zero:
        return None
    return multiply(b, raised(powered.inputs[0], subtract(b, 1))) if guard.inputs[2] is subtract(b, 1) else None


# ----- conditions -----------------------------------------------------------------------------------------------------
def _where(node: Node) -> Node | None:
    """The strict condition for one that shares ties, and max(a, 0) for a where a > 0."""
    found = _power(node)
    condition, chosen, other = node.inputs
    if found is not None or uniform(other) != 0:
        return found
    if condition.op in _STRICT:
        a, b = condition.inputs
        ties = _ties(chosen, a, b)
        if ties is None:
            return None
        chosen = replaced(chosen, {ties: constant(1.0) if ties.ndim == 0 else _ones(ties)})
        condition = make(_STRICT[condition.op], (a, b), None, condition.shape, BOOL)
        return _like(node, condition, _without_ones(chosen), other)
    if condition.op == "equal" and chosen.op in ("divide", "nest") and any(c.op in ("max", "min") for c in _extremes(condition)):
        return _like(node, condition, constant(1.0), other) if _counts(chosen, condition) else None
    return None


def _like(node: Node, *inputs: Node) -> Node:
    return make("where", inputs, None, node.shape, node.dtype)


def _extremes(condition: Node) -> list[Node]:
    """What is compared, seen through broadcasting."""
    found = []
    for side in condition.inputs:
        viewed = side.op == "nest" and len(terms_of(side)) == 1 and len(terms_of(side)[0].factors) == 1
        found.append(terms_of(side)[0].factors[0].node if viewed else side)
    return found


def _counts(chosen: Node, condition: Node) -> bool:
    """Whether this is 1 over the number of places where the condition holds."""
    below = set(topological([condition]))
    rest = [n for n in topological([chosen]) if n not in below]
    return condition in {child for n in rest for child in n.inputs} and all(n.op in ("nest", "divide", "constant") for n in rest)


def _ties(chosen: Node, a: Node, b: Node) -> Node | None:
    """where(a == b, ½, 1) among the factors of what is chosen."""
    waiting = [chosen]
    while waiting:
        one = waiting.pop()
        if one.op == "where" and one.inputs[0].op == "equal" and one.inputs[0].inputs == (a, b) and [number(n) for n in one.inputs[1:]] == [0.5, 1]:
            return one
        if one.op in ("multiply", "negative"):
            waiting += one.inputs
    return None


def _ones(like: Node) -> Node:
    return nest(like.shape, [Term(like.shape, ats(range(like.ndim)), (), 1.0)])


def _without_ones(node: Node) -> Node:
    if node.op == "negative":
        return negative(_without_ones(node.inputs[0]))
    if node.op != "multiply":
        return node
    return multiply(*map(_without_ones, node.inputs))


def _opposite(node: Node) -> Node | None:
    inner = node.inputs[0]
    return make(_OPPOSITE[inner.op], inner.inputs, None, node.shape, BOOL) if inner.op in _OPPOSITE else None


_STRICT = {"greater_equal": "greater", "less_equal": "less"}
_OPPOSITE = {"less": "greater_equal", "less_equal": "greater", "greater": "less_equal", "greater_equal": "less", "equal": "not_equal", "not_equal": "equal"}
_SHOWN: Mapping[str, Callable[[Node], Node | None]] = {"exp": _logistic, "divide": _divided, "where": _where, "logical_not": _opposite}
_PREPARED: Mapping[str, Callable[[Node], Node | None]] = {
    "divide": _divided, "log": _log, "log1p": _log_of_one_plus, "power": _squared_norm, "max": _singular, "nest": _singular,
}  # fmt: skip
