"""Nest: the array node that is a sum of terms, kept in a simple form.

Slices, transposes, matrix products, sums, concatenations, scatters and every dense Jacobian are nests. Views of views fold
into one, scalars move into the scale, products that are summed are taken apart so that they become contractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wrt.graph.index import Affine, Index, at, ats, labels_in, makes_table, plain
from wrt.graph.node import FLOAT, INT, DType, Node, Scalar, Shape, constant, make, number, promote
from wrt.graph.size import NeedsSizes, Size
from wrt.graph.term import Factor, Term, broadcast_index, canonical, moved, nodes_in, shifted, summed
from wrt.graph.unify import unify


def nest(shape: Shape, terms: Iterable[Term], dtype: DType | None = None) -> Node:
    """The array Σ terms, or the simpler node that it is."""
    simple: dict[tuple[object, ...], Term] = {}
    for term in terms:
        for done in _absorbed(term):
            key = done[:3]
            held = simple.get(key)
            simple[key] = done if held is None else held._replace(scale=held.scale + done.scale)
    kept = tuple(term for term in simple.values() if term.scale != 0 and 0 not in term.sizes)
    if len(kept) == 1:
        same = _as_is(shape, kept[0])
        if same is not None and (dtype is None or dtype == same.dtype):  # np.dtype(float) == None holds
            return same
    return make("nest", nodes_in(kept), kept, shape, dtype or _dtype(kept))


def view(node: Node, shape: Shape, index: Sequence[Index], sizes: Sequence[Size] | None = None) -> Node:
    """The array whose entry at labels (0, 1, …) is node[index]."""
    return nest(shape, [Term(tuple(sizes or shape), ats(range(len(shape))), (Factor(node, tuple(index)),))])


def full(shape: Shape, value: Scalar = 1) -> Node:
    """An array filled with one number."""
    return nest(shape, [Term(shape, ats(range(len(shape))), (), value)], dtype=FLOAT if isinstance(value, float) else None)


def zeros(shape: Shape, dtype: DType = FLOAT) -> Node:
    """An array of structural zeros."""
    return constant(0.0) if shape == () else make("nest", (), (), shape, dtype)


def broadcast_to(node: Node, shape: Shape) -> Node:
    if node.shape == shape:
        return node
    return view(node, shape, broadcast_index(node.shape, ats(range(len(shape))), shape))


def transpose(node: Node, axes: Sequence[int] | None = None) -> Node:
    """The array with its axes in another order (reversed by default)."""
    order = tuple(range(node.ndim))[::-1] if axes is None else tuple(axes)
    index: list[Index] = [at(0)] * node.ndim
    for position, axis in enumerate(order):
        index[axis] = at(position)
    return view(node, tuple(node.shape[axis] for axis in order), index)


def terms_of(node: Node) -> tuple[Term, ...]:
    """The terms of a nest."""
    assert node.op == "nest"
    return node.attrs  # type: ignore[return-value]


def uniform(node: Node) -> Scalar | None:
    """The one value that all entries have, where that is known: of a constant, or of an array made by `full` or `zeros`."""
    if node.op != "nest":
        return number(node)
    terms = terms_of(node)
    if not terms:
        return 0
    if len(terms) > 1 or terms[0].factors or not _covers(node.shape, terms[0]):
        return None
    return terms[0].scale


def is_zero(node: Node) -> bool:
    return uniform(node) == 0


def scaled(node: Node, scale: Scalar) -> Node:
    """scale·node for a nest, the scale moved inside."""
    return nest(node.shape, [term._replace(scale=term.scale * scale) for term in terms_of(node)], _scaled_dtype(node, scale))


def _scaled_dtype(node: Node, scale: Scalar) -> DType:
    return promote(node, constant(scale)) if node.dtype.kind != "b" else promote(constant(scale))


def _dtype(terms: Sequence[Term]) -> DType:
    nodes = [factor.node for term in terms for factor in term.factors]
    scales = [constant(term.scale) for term in terms if term.scale not in (1, -1) or isinstance(term.scale, float)]
    if not nodes and not scales:
        return FLOAT if not terms else INT
    result = promote(*nodes, *scales)
    single = len(terms) == 1 and len(terms[0].factors) == 1 and not summed(terms[0])
    return INT if result.kind == "b" and not single else result


def _covers(shape: Shape, term: Term) -> bool:
    """Whether the out index is the plain labels 0, 1, …, each over its whole axis."""
    return term.sizes[: len(shape)] == shape and all(plain(index) == axis for axis, index in enumerate(term.out))


def _as_is(shape: Shape, term: Term) -> Node | None:
    if not shape and not term.factors and not term.sizes:
        return constant(term.scale)
    if len(term.factors) != 1 or term.scale != 1 or term.factors[0].node.shape != shape:
        return None
    node, index = term.factors[0]
    whole = _covers(shape, term) and len(term.sizes) == len(shape) and index == term.out
    return node if whole and (isinstance(term.scale, int) or node.dtype.kind == "f") else None


def _absorbed(term: Term) -> list[Term]:
    """The term with every factor that is itself simple structure written into it; nothing if it is zero."""
    term = canonical(term)
    for position, factor in enumerate(term.factors):
        simpler = _simpler(term, position, factor)
        if simpler is not None:
            return [done for t in simpler for done in _absorbed(t)]
    return [term] if term.scale != 0 else []


def _simpler(term: Term, position: int, factor: Factor) -> list[Term] | None:
    node, index = factor
    others = term.factors[:position], term.factors[position + 1 :]

    def instead(*factors: Factor, scale: Scalar = 1) -> list[Term]:
        return [term._replace(factors=(*others[0], *factors, *others[1]), scale=term.scale * scale)]

    value = uniform(node)
    if value is not None:
        return instead(scale=value)
    if node.op == "negative" and node.dtype.kind == "f":
        return instead(Factor(node.inputs[0], index), scale=-1)
    if node.op == "multiply":
        left, right = node.inputs
        value = number(left)
        if value is not None:
            return instead(Factor(right, broadcast_index(right.shape, index, node.shape)), scale=value)
        if _meets(index, summed(term)):
            return instead(*(Factor(n, broadcast_index(n.shape, index, node.shape)) for n in (left, right)))
    if node.op == "power" and number(node.inputs[1]) == 2 and _meets(index, summed(term)):
        return instead(Factor(node.inputs[0], index), Factor(node.inputs[0], index))
    if node.op == "nest":
        return _inlined(term, position, node, index)
    return None


def _meets(index: tuple[Index, ...], labels: set[int]) -> bool:
    return any(label in labels for i in index for label in labels_in(i))


def _inlined(term: Term, position: int, node: Node, index: tuple[Index, ...]) -> list[Term] | None:
    inner = terms_of(node)
    picks = any(isinstance(i, Affine) and not i.parts for i in index)
    if len(inner) > 1 and not picks:
        return None
    if any(summed(t) or (len(t.factors) > 1 and not picks and not _meets(index, summed(term))) for t in inner):
        return None
    made: list[Term] = []
    for t in inner:
        sizes = [*term.sizes, *t.sizes]
        t = shifted(t, len(term.sizes))
        try:
            by = unify(zip(index, t.out, node.shape, strict=True), sizes)
            if by is None:
                continue
            if any(makes_table(i, by) for factor in t.factors for i in factor.index):
                return None  # rows of a reshaped array, a rolled one: NumPy reads the view faster than a table of its entries
            outer = term._replace(factors=(*term.factors[:position], *t.factors, *term.factors[position + 1 :]), scale=term.scale * t.scale)
            made.append(moved(outer, by, sizes))
        except NeedsSizes:
            return None
        if len(made) > 1:
            return None
    return made
