"""Whether a matrix is symmetric by the way it is made: X + Xᵀ, Xᵀ X, X diag(w) Xᵀ, eye, exp(−(x[i] − x[j])²), inverses of such.

The transpose is never built. A node is compared with itself with two axes exchanged: products by renaming their labels and
reordering their factors, sums term by term, elementwise functions input by input. Signs are kept, so that x[i] − x[j] is
antisymmetric and its square is symmetric. What is not recognized counts as not symmetric: a yes is sure, a no is not. The
contents of arrays play no part, but for wrt's own, which never change.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import TypeVar

import numpy as np

from wrt.graph.index import Affine, Index, Table, ats, plain
from wrt.graph.nest import broadcast_to, terms_of
from wrt.graph.node import Node, Shape, array_of, number
from wrt.graph.size import Size
from wrt.graph.term import Factor, Term, moved, shifted

_EVEN = frozenset(("absolute", "cos", "cosh", "sinc", "j0", "i0", "i0e"))
_ODD = frozenset(("negative", "sin", "sinh", "tan", "tanh", "arcsin", "arctan", "arcsinh", "arctanh", "cbrt", "erf"))
_COMMUTATIVE = frozenset(("multiply", "add", "subtract", "maximum", "minimum", "hypot", "logaddexp", "equal", "not_equal"))
_OTHERS = frozenset(("divide", "power", "where", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt"))
_SPECIAL = frozenset(("erfc", "expit", "gamma", "gammaln", "k0", "k1", "kv", "kve"))
_ELEMENTWISE = _EVEN | _ODD | _COMMUTATIVE | _OTHERS | _SPECIAL
_DEEP, _LONG, _FACTORS = 30, 4000, 6  # deeper or longer comparisons are given up

Renaming = dict[int, int]
Sign = int | None
T = TypeVar("T")


def is_symmetric(node: Node) -> bool:
    """Whether the last two axes can be exchanged, whatever the values of the inputs."""
    return node.ndim >= 2 and _Comparison().sign(node, node, node.ndim - 2, node.ndim - 1) == 1


class _Comparison:
    def __init__(self) -> None:
        self.seen: dict[Hashable, Sign] = {}
        self.depth, self.left = 0, _LONG

    def sign(self, a: Node, b: Node, p: int, q: int) -> Sign:
        """±1 if b is surely ±a with the axes p and q exchanged, else None."""
        key = a, b, p, q
        if key not in self.seen:
            self.left -= 1
            if self.left < 0 or self.depth > _DEEP or b.shape != _exchanged(a.shape, p, q):
                return None
            self.depth += 1
            self.seen[key] = self._sign(a, b, p, q)
            self.depth -= 1
        return self.seen[key]

    def _sign(self, a: Node, b: Node, p: int, q: int) -> Sign:
        if "nest" in (a.op, b.op):
            return self._nests(a, b, p, q)
        if a.op != b.op:
            return None
        if a.op == "frozen":
            return 1 if np.array_equal(np.swapaxes(array_of(a), p, q), array_of(b)) else None
        if a.op in ("inv", "pinv") and {p, q} == {a.ndim - 2, a.ndim - 1}:
            return self.sign(a.inputs[0], b.inputs[0], p, q)
        return self._elementwise(a, b, p, q) if a.op in _ELEMENTWISE else None

    # ----- elementwise functions ----------------------------------------------------------------------------------------
    def _elementwise(self, a: Node, b: Node, p: int, q: int) -> Sign:
        left, right = ([broadcast_to(i, node.shape) for i in node.inputs] for node in (a, b))
        found = self._pairs(left, right, p, q)
        if a.op == "power" and found is not None and found[1] == 1:
            exponent = number(a.inputs[1])
            return found[0] if exponent is None or exponent % 2 else 1 if found[0] else None
        straight = _combined(a.op, found)
        if straight is not None or a.op not in _COMMUTATIVE:
            return straight
        crossed = _combined(a.op, self._pairs(left, right[::-1], p, q))
        return None if crossed is None else -crossed if a.op == "subtract" else crossed

    def _pairs(self, left: Sequence[Node], right: Sequence[Node], p: int, q: int) -> list[int] | None:
        signs = [self.sign(a, b, p, q) for a, b in zip(left, right, strict=True)]
        return [sign for sign in signs if sign] if all(signs) else None

    # ----- sums of products ---------------------------------------------------------------------------------------------
    def _nests(self, a: Node, b: Node, p: int, q: int) -> Sign:
        left, right = _terms(a), [term._replace(out=_exchanged(term.out, p, q)) for term in _terms(b)]
        if len(left) != len(right):
            return None
        return next((sign for sign in (1, -1) if self._sums(left, right, sign)), None)

    def _sums(self, left: Sequence[Term], right: Sequence[Term], sign: int) -> bool:
        """Whether the terms are the same, one by one, up to a common sign."""
        waiting: dict[Hashable, list[Term]] = {}
        for term in right:
            waiting.setdefault(_looks(term), []).append(term)
        for term in left:
            alike = waiting.get(_looks(term), [])
            found = next((i for i, other in enumerate(alike) if self._products(term, other, sign)), None)
            if found is None:
                return False
            del alike[found]
        return True

    def _products(self, a: Term, b: Term, sign: int) -> bool:
        self.left -= 1
        by = _matched(a.out, b.out, {}, a.sizes, b.sizes)
        if by is None or self.left < 0:
            return False
        return any(a.scale * found == b.scale * sign for found in self._factors(a, b, a.factors, b.factors, by))

    def _factors(self, a: Term, b: Term, left: Sequence[Factor], right: Sequence[Factor], by: Renaming) -> Iterator[int]:
        """The signs with which the factors on the left are those on the right, in some order and naming of the labels."""
        self.left -= 1
        if not left or self.left < 0:
            yield from [] if left else [1]
            return
        for position, factor in enumerate(right):
            rest = *right[:position], *right[position + 1 :]
            for sign, index in self._readings(left[0], factor):
                more = _matched(left[0].index, index, by, a.sizes, b.sizes)
                if more is not None:
                    yield from (sign * found for found in self._factors(a, b, left[1:], rest, more))

    def _readings(self, a: Factor, b: Factor) -> Iterator[tuple[int, tuple[Index, ...]]]:
        """Ways to read a's node that give b, with their signs."""
        if a.node is b.node:
            yield 1, b.index
        if a.node.ndim == b.node.ndim:
            for q in range(a.node.ndim):
                for p in range(q):
                    sign = self.sign(a.node, b.node, p, q)
                    if sign is not None:
                        yield sign, _exchanged(b.index, p, q)


def _combined(op: str, signs: list[int] | None) -> Sign:
    """The sign of a function of inputs with these signs."""
    if signs is None:
        return None
    if op in ("multiply", "divide") or op in _ODD:
        return int(np.prod(signs))
    if op in ("add", "subtract"):
        return signs[0] if signs[0] == signs[1] else None
    return 1 if op in _EVEN or all(sign == 1 for sign in signs) else None


def _exchanged(of: tuple[T, ...], p: int, q: int) -> tuple[T, ...]:
    places = list(of)
    places[p], places[q] = places[q], places[p]
    return tuple(places)


def _terms(node: Node) -> list[Term]:
    labels = ats(range(node.ndim))
    return [_opened(term) for term in (terms_of(node) if node.op == "nest" else (Term(node.shape, labels, (Factor(node, labels),)),))]


def _opened(term: Term) -> Term:
    """The term with numbers and products of products written out, as long as it stays short."""
    for position, (node, index) in enumerate(term.factors):
        others = *term.factors[:position], *term.factors[position + 1 :]
        value = number(node.inputs[0]) if node.op == "multiply" else None
        if value is not None and node.inputs[1].shape == node.shape:
            return _opened(term._replace(factors=(*others, Factor(node.inputs[1], index)), scale=term.scale * value))
        inner = terms_of(node) if node.op == "nest" else ()
        if len(inner) != 1 or len(inner[0].factors) + len(others) > _FACTORS:
            continue
        labels = [plain(i) for i in inner[0].out]
        if None in labels or len(set(labels)) < len(labels) or tuple(inner[0].sizes[label] for label in labels if label is not None) != node.shape:
            continue
        start = len(term.sizes)
        by = {start + label: i for label, i in zip(labels, index, strict=True) if label is not None}
        more = shifted(inner[0], start)
        whole = Term((), term.out, (*others, *more.factors), term.scale * more.scale)
        return _opened(moved(whole, by, [*term.sizes, *more.sizes]))
    return term


def _looks(term: Term) -> Hashable:
    """What two terms that can be the same have in common; it tells most others apart."""
    places = tuple((i.offset, tuple(c for _, c in i.parts)) if isinstance(i, Affine) else i.node for i in term.out)
    return len(term.sizes), len(term.factors), abs(term.scale), places


def _matched(left: Sequence[Index], right: Sequence[Index], by: Renaming, mine: Shape, theirs: Shape) -> Renaming | None:
    """The renaming, extended so that the indices on the left become those on the right; None if it cannot be."""
    for a, b in zip(left, right, strict=True):
        more: Renaming | None = None
        if isinstance(a, Affine) and isinstance(b, Affine):
            more = _parts(a, b, by, mine, theirs)
        elif isinstance(a, Table) and isinstance(b, Table) and a.node is b.node:
            more = _matched(a.index, b.index, by, mine, theirs)
        if more is None:
            return None
        by = more
    return by


def _parts(a: Affine, b: Affine, by: Renaming, mine: Sequence[Size], theirs: Sequence[Size]) -> Renaming | None:
    if (a.offset, a.modulus, len(a.parts)) != (b.offset, b.modulus, len(b.parts)):
        return None
    by = dict(by)
    for (label, step), (other, other_step) in zip(a.parts, b.parts, strict=True):
        if step != other_step or mine[label] != theirs[other] or by.setdefault(label, other) != other:
            return None
    return by if len(set(by.values())) == len(by) else None
