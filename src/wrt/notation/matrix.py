"""Graph nodes in matrix notation: what each operation is on the page, products put through index elimination.

Products of products are taken apart and eliminated together, so that whole chains print as chains. Sums and other operations are
units with a form of their own, and so is every node that has a name. None means: matrices cannot say this, use index notation.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from wrt.graph.index import Affine, Index, ats, plain
from wrt.graph.nest import terms_of
from wrt.graph.node import Node, Scalar, Shape, array_of, number
from wrt.graph.size import NeedsSizes, Size
from wrt.graph.term import Factor, Term, broadcast_index, labels_of, moved, shifted
from wrt.graph.unify import unify
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap
from wrt.notation.algebra import of_size
from wrt.notation.blocks import is_tiny, put_together, range_of
from wrt.notation.build import ONE, quotient, transpose
from wrt.notation.eliminate import Held, eliminate
from wrt.notation.entry import Entries, written
from wrt.notation.expression import Entry, Expr, Number, Part, Symbol, Zero, weight
from wrt.notation.idiom import idiom
from wrt.notation.operation import DIVISIONS, FORMS, applied, is_elementwise, is_long
from wrt.notation.total import total

MANY = 40  # factors of one product
LONG = 160  # a formula of more symbols explains nothing


class Matrices:
    """Matrix notation for the nodes of a graph.

    Parameters
    ----------
    names
        What to call nodes that are not variables: intermediates, the user's arrays. A named node is never looked into.
    symmetric
        Names of matrices that equal their transposes.
    factor
        Whether sums are tidied (common factors back outside); what the user wrote is better left alone.
    """

    def __init__(self, names: Mapping[Node, str] | None = None, *, symmetric: Collection[str] = (), factor: bool = True) -> None:
        self.names, self.symmetric, self.factor = dict(names or {}), frozenset(symmetric), factor
        self.known: dict[Node, Expr | None] = {}
        self.entries = Entries(self)

    def of(self, node: Node) -> Expr | None:
        """The node as a scalar, column or matrix."""
        if node not in self.known:
            for step in topological([node]):  # inputs first, without recursion
                if step not in self.known:
                    e = self._one(step)
                    e = Zero(step.shape) if e == Number(0) and step.shape else e
                    self.known[step] = None if e is None or weight(e) > LONG else e
        return self.known[node]

    def map(self, m: LinearMap) -> Expr | None:
        """The array of a linear map of at most two axes in all: ∂f_i/∂x_j in row i and column j."""
        return self.sum_of(m.shape, m.terms) if len(m.shape) <= 2 else None

    def sum_of(self, shape: Shape, terms: Sequence[Term]) -> Expr | None:
        """Σ terms as an array of this shape."""
        if len(shape) > 2 or is_long(terms):
            return None
        if not terms:
            return Zero(shape) if shape else Number(0)
        parts = [self.term(shape, term) for term in terms]
        if any(part is None for part in parts):
            small = all(isinstance(size, int) for size in shape)
            written = self.entries.written_out(shape, terms) if small else None
            return put_together(self, shape, terms) if written is None else written
        made = total((part for part in parts if part is not None), factor=self.factor)
        return Zero(shape) if made == Number(0) and shape else made

    def symbol(self, node: Node) -> Expr | None:
        """The node by its name, if it has one."""
        name = self.names.get(node) or (node.attrs[0] if node.op == "variable" else None)  # type: ignore[index]
        if name is None:
            return None
        return Symbol(str(name), FORMS[min(node.ndim, 3)], name in self.symmetric and node.ndim == 2)

    # ----- operations -------------------------------------------------------------------------------------------------
    def _one(self, node: Node) -> Expr | None:
        named = self.symbol(node)
        if named is not None:
            return named
        value = number(node)
        if value is not None:
            return Number(value)
        if node.op == "size":
            return of_size(node.attrs)  # type: ignore[arg-type]
        better = idiom(node) if self.factor else node
        if better is not node:
            return self.of(better)
        if node.ndim > 2 or node.op == "captured":
            return None
        if node.op == "frozen":
            return written(array_of(node))
        if node.op == "nest":
            return self.sum_of(node.shape, terms_of(node))
        if node.op in ("multiply", "negative") or (node.op in DIVISIONS and node.inputs[1].shape != node.shape):
            labels = ats(range(node.ndim))
            return self.term(node.shape, Term(node.shape, labels, (Factor(node, labels),)))
        elementwise = is_elementwise(node)
        inputs = [self._spread(child, node.shape) if elementwise else self.known.get(child) for child in node.inputs]
        arguments = [e for e in inputs if e is not None]
        if len(arguments) < len(inputs):
            return None
        return applied(node, arguments, factor=self.factor)

    def _spread(self, node: Node, shape: Shape) -> Expr | None:
        """An operand of an elementwise operation: numbers as they are, smaller arrays repeated with 𝟏."""
        if node.shape in (shape, ()):
            return self.known.get(node)
        if all(size == 1 for size in node.shape):
            return self.term((), Term((), (), (Factor(node, (Affine(()),) * node.ndim),)))
        labels = ats(range(len(shape)))
        return self.term(shape, Term(shape, labels, (Factor(node, broadcast_index(node.shape, labels, shape)),)))

    # ----- products ---------------------------------------------------------------------------------------------------
    def term(self, shape: Shape, term: Term) -> Expr | None:
        """One term as an array of this shape."""
        opened = self.opened(term, shape)
        if opened is None:
            return None
        if opened == 0:
            return Zero(shape) if shape else Number(0)
        assert isinstance(opened, Opened)
        out = [slot for axis, slot in enumerate(opened.out) if shape[axis] != 1 or slot is not None]
        if any(slot is None for slot in out):
            return None
        made = eliminate(opened.factors, [slot for slot in out if slot is not None], opened.sizes, opened.number)
        if made is None or len(out) == len(shape):
            return made
        return transpose(made) if shape[0] == 1 != shape[-1] else made

    def opened(self, term: Term, shape: Shape) -> Opened | int | None:
        """The term as expressions with labels; 0 where it is zero, None where an index is more than a label over a whole axis."""
        taken = self._taken_apart(term)
        if taken is None or isinstance(taken, int):
            return taken
        term, below = taken
        held: list[Held] = []
        for node, index, side in [*((n, i, 1) for n, i in term.factors), *((n, i, -1) for n, i in below)]:
            one = self._held(node, index, term.sizes)
            if one is None:
                return None
            e, labels = one
            held.append((e if side == 1 else quotient(ONE, e), labels))
        used = labels_of([*term.out, *(i for factor in (*term.factors, *below) for i in factor.index)])
        held += [(of_size(size), ()) for label, size in enumerate(term.sizes) if label not in used and size != 1]
        if not all(_whole(i, size, term.sizes) for i, size in zip(term.out, shape, strict=True)):
            return None
        out = [plain(i) if i != Affine(()) else None for i in term.out]
        return Opened(held, out, term.sizes, term.scale)

    def _held(self, node: Node, index: tuple[Index, ...], sizes: Sequence[Size]) -> Held | None:
        labels = tuple(plain(i) for i in index)
        if any(label is not None and sizes[label] != size for label, size in zip(labels, node.shape, strict=True)):
            return self._part(node, index, sizes)
        if all(label is not None for label in labels):
            e = self.of(node)
            return None if e is None else (e, tuple(label for label in labels if label is not None))
        if any(not isinstance(i, Affine) or (i.parts and label is None) for i, label in zip(index, labels, strict=True)):
            return self._part(node, index, sizes)
        rest = tuple(label for label in labels if label is not None)
        if rest and all(size == 1 for size, label in zip(node.shape, labels, strict=True) if label is None):
            e = self.of(node)
            return None if e is None else (transpose(e) if labels[0] is None else e, rest)
        return self._picked(node, index, rest)

    def _part(self, node: Node, index: tuple[Index, ...], sizes: Sequence[Size]) -> Held | None:
        """Some rows or columns, x[1:]."""
        ranges = [range_of(i, sizes) for i in index]
        e = self.of(node)
        if e is None or is_tiny(node.shape):
            return None
        found = [r for r in ranges if r is not None]
        if len(found) < len(ranges):
            return None
        said = tuple(None if (start, size) == (0, whole) else (start, size) for (_, start, size), whole in zip(found, node.shape, strict=True))
        return Part(e, said), tuple(label for label, _, _ in found)

    def _picked(self, node: Node, index: tuple[Index, ...], rest: tuple[int, ...]) -> Held | None:
        """An entry, row or column at fixed positions."""
        position = tuple(i.offset if isinstance(i, Affine) and not i.parts else None for i in index)
        named = self.symbol(node)
        if named is not None:
            return Entry(named, position), rest
        if rest:
            e = None if is_tiny(node.shape) and node.op == "nest" else self.of(node)
            return None if e is None else (Entry(e, position), rest)
        if not all(isinstance(p, int) for p in position):
            whole = self.of(node)
            return None if whole is None else (Entry(whole, position), ())
        e = self.entries.of(node, tuple(p for p in position if isinstance(p, int)))
        return None if e is None else (e, ())

    def _taken_apart(self, term: Term) -> tuple[Term, list[Factor]] | int | None:
        """Every factor that is itself a product, a quotient by a scalar or a negative is replaced by its parts."""
        below: list[Factor] = []
        position = 0
        while position < len(term.factors):
            if len(term.factors) > MANY:
                return None
            node, index = term.factors[position]
            node = idiom(node) if self.factor and node not in self.names else node
            parts: list[Factor] | None = None
            scale = term.scale
            if self.symbol(node) is not None:
                pass
            elif number(node) is not None:
                parts, scale = [], scale * (number(node) or 0)
            elif node.op == "negative":
                parts, scale = [Factor(node.inputs[0], index)], -scale
            elif node.op == "multiply":
                parts = [Factor(n, broadcast_index(n.shape, index, node.shape)) for n in node.inputs]
            elif node.op in DIVISIONS and (node.inputs[1].shape != node.shape or node.shape == ()):
                top, bottom = (Factor(n, broadcast_index(n.shape, index, node.shape)) for n in node.inputs)
                parts = [top]
                below = [*below, bottom]
            elif node.op == "nest" and len(terms_of(node)) == 1:
                inlined = _inlined(term, below, position, terms_of(node)[0])
                if inlined is None or isinstance(inlined, int):
                    return inlined
                term, below = inlined
                continue
            if parts is None:
                if node is not term.factors[position].node:
                    term = term._replace(factors=(*term.factors[:position], Factor(node, index), *term.factors[position + 1 :]))
                position += 1
            else:
                term = term._replace(factors=(*term.factors[:position], *parts, *term.factors[position + 1 :]), scale=scale)
        return term, below


class Opened:
    """A term in expressions: factors with labels, out slots (None where an axis of size 1 is written at 0), sizes of labels."""

    __slots__ = ("factors", "number", "out", "sizes")

    def __init__(self, factors: list[Held], out: list[int | None], sizes: tuple[Size, ...], scale: Scalar) -> None:
        self.factors, self.out, self.sizes, self.number = factors, out, sizes, scale


def _whole(index: Index, size: Size, sizes: Sequence[Size]) -> bool:
    """Whether the index is a label that runs over the whole axis, or position 0."""
    label = plain(index)
    return index == Affine(()) if label is None else sizes[label] == size


def _inlined(term: Term, below: list[Factor], position: int, inner: Term) -> tuple[Term, list[Factor]] | int | None:
    """The term with the one term of its factor at `position` written into it."""
    node, index = term.factors[position]
    sizes = [*term.sizes, *inner.sizes]
    inner = shifted(inner, len(term.sizes))
    try:
        by = unify(zip(index, inner.out, node.shape, strict=True), sizes)
        if by is None:
            return 0
        factors = (*term.factors[:position], *inner.factors, *term.factors[position + 1 :])
        marks = Term(tuple(sizes), term.out, (*factors, *below), term.scale * inner.scale)
        done = moved(marks, by, sizes)
    except NeedsSizes:
        return None
    return done._replace(factors=done.factors[: len(factors)]), list(done.factors[len(factors) :])
