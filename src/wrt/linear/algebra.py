"""The algebra of linear maps: compose, add, transpose, apply.

Composition substitutes: the outer map's columns meet the inner map's rows (`unify`), labels that are summed contract at once
into one array per connected group of factors, and everything else stays structure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import repeat

from wrt.graph.arithmetic import add as plus
from wrt.graph.arithmetic import multiply
from wrt.graph.index import Affine, Index, RuntimeIndex, ats, labels_in, plain
from wrt.graph.nest import is_zero, nest, scaled, terms_of, uniform
from wrt.graph.nest import transpose as turned
from wrt.graph.node import Node, Scalar, Shape, number
from wrt.graph.term import Factor, Term, broadcast_index, canonical, labels_of, moved, shifted, summed
from wrt.graph.unify import unify
from wrt.linear.linear_map import LinearMap, coefficient, column, from_dense, row

LOW_RANK = 4  # terms such as u[i]·v[j] with the same indices stay apart up to this many, so that low rank stays visible
MANY_TERMS = 64  # beyond this many terms a map is made dense: its structure no longer pays


def compose(outer: LinearMap, inner: LinearMap) -> LinearMap:
    """outer ∘ inner: the product of the Jacobians, in the order of the maps."""
    assert outer.shape_in == inner.shape_out
    try:
        terms = [term for t in outer.terms for s in inner.terms for term in _product(outer, t, inner, s)]
    except RuntimeIndex:  # two run-time index tables face each other: give the inner map plain rows
        return compose(outer, from_dense(inner.to_dense(), len(inner.shape_out)))
    return collected(outer.shape_out, inner.shape_in, terms)


def add(maps: Iterable[LinearMap]) -> LinearMap:
    """The sum; terms with equal row and column merge their coefficients."""
    every = list(maps)
    first = every[0]
    if len(every) == 1:
        return first
    return collected(first.shape_out, first.shape_in, [term for m in every for term in m.terms])


def transpose(m: LinearMap) -> LinearMap:
    """Rows and columns exchanged."""
    return LinearMap(m.shape_in, m.shape_out, tuple(canonical(t._replace(out=m.col(t) + m.row(t))) for t in m.terms))


def symmetrized(m: LinearMap) -> LinearMap:
    """The same map on symmetric matrices S only, written with (J + J')/2, J' the map with the axes of S exchanged: the Frobenius gradient."""
    halves = [term._replace(scale=term.scale / 2) for term in m.terms]
    turned = [canonical(term._replace(out=(*term.out[:-2], term.out[-1], term.out[-2]))) for term in halves]
    return collected(m.shape_out, m.shape_in, [*halves, *turned])


def apply(m: LinearMap, vector: Node) -> Node:
    """J v: the Jacobian-vector product, of shape S_out."""
    return compose(m, column(vector)).to_dense()


def apply_transposed(m: LinearMap, covector: Node) -> Node:
    """wᵀ J: the vector-Jacobian product, of shape S_in."""
    return compose(row(covector), m).to_dense()


def _product(outer: LinearMap, t: Term, inner: LinearMap, s: Term) -> list[Term]:
    if any(map(_miss, outer.col(t), repeat(t.sizes), inner.row(s), repeat(s.sizes))):
        return []
    sizes = [*t.sizes, *s.sizes]
    s = shifted(s, len(t.sizes))
    by = unify(zip(outer.col(t), inner.row(s), outer.shape_in, strict=True), sizes)
    if by is None:
        return []
    joint = Term(tuple(sizes), outer.row(t) + inner.col(s), t.factors + s.factors, t.scale * s.scale)
    return contracted(moved(joint, by, sizes))


def _miss(a: Index, a_sizes: Shape, b: Index, b_sizes: Shape) -> bool:
    """Whether two indices surely never meet, told from their first and last positions: most pairs of single entries and slices."""
    if a == b or not (isinstance(a, Affine) and isinstance(b, Affine)) or len(a.parts) > 1 or len(b.parts) > 1:
        return False
    low, high, start, stop = a.offset, a.offset, b.offset, b.offset
    for label, step in a.parts:
        size = a_sizes[label]
        if not (isinstance(step, int) and isinstance(size, int)) or step < 0 or a.modulus is not None:
            return False
        high = high + step * (size - 1)
    for label, step in b.parts:
        size = b_sizes[label]
        if not (isinstance(step, int) and isinstance(size, int)) or step < 0 or b.modulus is not None:
            return False
        stop = stop + step * (size - 1)
    if not (isinstance(low, int) and isinstance(start, int) and isinstance(high, int) and isinstance(stop, int)):
        return False
    return (high < start or stop < low) and a.modulus is None and b.modulus is None


def contracted(term: Term) -> list[Term]:
    """The same term without summed labels: factors with equal indices multiply, then each summed group becomes one array."""
    term = canonical(term)
    inside = summed(term)
    if not inside and len(term.factors) < 2 and not any(split_number(f.node)[1] is not f.node or (f.index and not _labels(f)) for f in term.factors):
        return [term] if term.scale != 0 else []
    factors = _same_index_together(term.factors)
    if not inside:
        return _tidied(term.sizes, term.out, factors, term.scale)
    kept = [factor for factor in factors if not inside & _labels(factor)]
    for members in _connected([factor for factor in factors if inside & _labels(factor)], inside):
        used = labels_of(index for factor in members for index in factor.index)
        outside = [label for label in used if label not in inside]
        sizes = tuple(size if label in used else 1 for label, size in enumerate(term.sizes))
        array = nest(tuple(term.sizes[label] for label in outside), [Term(sizes, ats(outside), tuple(members))])
        kept.append(Factor(array, ats(outside)))
    unused = inside - {label for factor in factors for label in _labels(factor)}
    sizes = tuple(1 if label in inside - unused else size for label, size in enumerate(term.sizes))
    return _tidied(sizes, term.out, kept, term.scale)


def _tidied(sizes: Shape, out: tuple[Index, ...], factors: Iterable[Factor], scale: Scalar) -> list[Term]:
    """The term of these factors, numbers moved into the scale; none if it is zero."""
    scale, kept = _numbers_out(scale, factors)
    if scale == 0 or any(is_zero(factor.node) for factor in kept):
        return []
    return [canonical(Term(sizes, out, tuple(_same_index_together(kept)), scale))]


def _labels(factor: Factor) -> set[int]:
    return set().union(*map(labels_in, factor.index))


def _connected(factors: Sequence[Factor], labels: set[int]) -> list[list[Factor]]:
    """Groups of factors that share one of the labels, directly or through others."""
    groups: list[tuple[set[int], list[Factor]]] = []
    for factor in factors:
        mine, members = _labels(factor) & labels, [factor]
        apart = []
        for theirs, others in groups:
            if theirs & mine:
                mine, members = mine | theirs, others + members
            else:
                apart.append((theirs, others))
        groups = [*apart, (mine, members)]
    return [members for _, members in groups]


def _same_index_together(factors: Iterable[Factor]) -> list[Factor]:
    """Factors that are read at the same index multiply entry by entry; factors without labels become one number."""
    groups: dict[object, Factor] = {}
    for factor in factors:
        if not factor.index:
            held = groups.get(((), ()))
            groups[(), ()] = factor if held is None else Factor(multiply(held.node, factor.node), ())
            continue
        if not _labels(factor):
            factor = Factor(nest((), [Term((), (), (factor,))]), ())
        key: object = (factor.index, factor.node.shape)
        flat = [plain(index) for index in factor.index]
        if factor.node.ndim == 2 and None not in flat and (factor.index[::-1], factor.node.shape[::-1]) in groups:
            factor = Factor(turned(factor.node), factor.index[::-1])
            key = (factor.index, factor.node.shape)
        held = groups.get(key)
        groups[key] = factor if held is None else Factor(multiply(held.node, factor.node), factor.index)
    return list(groups.values())


def _numbers_out(scale: Scalar, factors: Iterable[Factor]) -> tuple[Scalar, list[Factor]]:
    """Numbers inside the factors move to the scale, where they meet other numbers."""
    rest: list[Factor] = []
    for node, index in factors:
        value, core = split_number(node)
        scale = scale * value
        if core is not None:
            rest.append(Factor(core, broadcast_index(core.shape, index, node.shape)))
    return scale, rest


def split_number(node: Node) -> tuple[Scalar, Node | None]:
    """(c, a) with node = c·a, and a None where node is nothing but the number c."""
    value = uniform(node)
    if value is not None:
        return value, None
    if node.op == "negative" and node.dtype.kind == "f":
        inner, core = split_number(node.inputs[0])
        return -inner, core
    if node.op == "multiply":
        value = number(node.inputs[0])
        if value is not None and node.dtype == node.inputs[1].dtype:
            inner, core = split_number(node.inputs[1])
            return value * inner, core
    if node.op == "nest" and node.dtype.kind == "f":
        common = abs(terms_of(node)[0].scale)
        if common != 1 and all(abs(t.scale) == common for t in terms_of(node)):
            if terms_of(node)[0].scale < 0:
                common = -common
            return common, nest(node.shape, [t._replace(scale=1 if t.scale == common else -1) for t in terms_of(node)], node.dtype)
        if common == 1 and len(terms_of(node)) == 1 and terms_of(node)[0].scale == -1:
            return -1, scaled(node, -1)
    return 1, node


def collected(shape_out: Shape, shape_in: Shape, terms: Iterable[Term]) -> LinearMap:
    """A map of these terms, those with equal row and column merged."""
    terms = list(terms)
    if len(terms) < 2:
        return LinearMap(shape_out, shape_in, tuple(term for term in terms if term.scale != 0))
    groups: dict[object, list[Term]] = {}
    for term in terms:
        group = groups.setdefault((term.sizes, term.out), [])
        same = next((i for i, held in enumerate(group) if held.factors == term.factors or Counter(held.factors) == Counter(term.factors)), None)
        if same is None:
            group.append(term)
        else:
            group[same] = group[same]._replace(scale=group[same].scale + term.scale)
    kept = [term for group in groups.values() for term in _merged([t for t in group if t.scale != 0])]
    made = LinearMap(shape_out, shape_in, tuple(kept))
    return from_dense(made.to_dense(), len(shape_out)) if len(kept) > MANY_TERMS and made.shape else made


def _alike(a: Factor, b: Factor) -> bool:
    """Whether two arrays are read at the same index and fit together as they are."""
    return a.index == b.index and a.node.shape == b.node.shape


def _merged(group: list[Term]) -> list[Term]:
    """Terms with the same row and column: one coefficient array, unless they are few products that show a low rank."""
    if len(group) < 2:
        return group
    products = [t for t in group if len(t.factors) > 1]
    if len(products) == len(group) and len(group) <= LOW_RANK:
        return group
    first = group[0]
    alike = bool(first.factors) and all(len(t.factors) == 1 and _alike(t.factors[0], first.factors[0]) for t in group)
    common = abs(first.scale) if len({abs(t.scale) for t in group}) == 1 else 1
    total: Node | None = None
    for term in group:
        part = term.factors[0].node if alike else coefficient(term)
        part = multiply(term.scale if common == 1 else (1 if term.scale > 0 else -1), part)
        total = part if total is None else plus(total, part)
    assert total is not None
    labels = first.factors[0].index if alike else ats(range(len(first.sizes)))
    return contracted(Term(first.sizes, first.out, (Factor(total, labels),), common))
