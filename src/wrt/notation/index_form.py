"""Index notation: every derivative entry by entry, ∂F_ij/∂X_kl = A_ik B_lj, with δ for equal indices and Σ where summed.

This is what the graph itself says, so nothing is beyond it: three and more axes, slices x_{i+1}, cyclic shifts, tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from wrt.graph.index import Affine, Index, Table, labels_in, plain
from wrt.graph.nest import terms_of
from wrt.graph.node import Held, Node, Scalar, Shape, array_of, make, number
from wrt.graph.size import Size
from wrt.graph.term import Term
from wrt.linear.linear_map import LinearMap
from wrt.notation.algebra import inverse, of_size
from wrt.notation.build import product
from wrt.notation.component import tied
from wrt.notation.eliminate import eliminate
from wrt.notation.entrywise import power
from wrt.notation.expression import Call, Delta, Expr, Indexed, Number, Product, Subscript, Sum, Summation, Symbol
from wrt.notation.idiom import idiom
from wrt.notation.latex import latex
from wrt.notation.mathml import mathml, operator, row
from wrt.notation.matrix import Matrices, Opened
from wrt.notation.operation import FORMS, applied, determinant, is_elementwise, is_long
from wrt.notation.subscripted import entry, gathered
from wrt.notation.text import Style, text
from wrt.notation.value import entries
from wrt.notation.verify import number_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONG = 400  # a formula that reads so many nodes explains nothing
LETTERS = "ijklmnpqrstuvwabcdefgh"


@dataclass(frozen=True, slots=True)
class IndexForm:
    """left = right, entry by entry; `tables` are the integer arrays that indices are read from."""

    left: tuple[Expr, ...]  # the entry, or the entry and the variable's entry
    right: Expr
    letters: tuple[str, ...]
    tables: Mapping[str, Node] = field(default_factory=dict)

    def text(self, style: Style = "unicode") -> str:
        """∂F_ij/∂X_kl = A_ik B_lj in one line."""
        d = "∂" if style == "unicode" else "d"
        sides = [text(e, style) for e in self.left]
        order = "" if len(sides) < 3 else "²" if style == "unicode" else "2"
        entry = sides[0] if len(sides) == 1 else f"{d}{order}{sides[0]}/" + " ".join(d + side for side in sides[1:])
        return f"{entry} = {text(self.right, style)}"

    def said(self, matrices: Matrices) -> tuple[tuple[Symbol, Expr], ...]:
        """What the tables are, where they are computed: t = argsort(x)."""
        found = [(name, matrices.of(node)) for name, node in self.tables.items() if not isinstance(node.attrs, Held)]
        return tuple((Symbol(name, "column"), e) for name, e in found if e is not None)

    def latex(self) -> str:
        """The same for math mode."""
        sides = [latex(e) for e in self.left]
        power = r"\partial" if len(sides) < 3 else r"\partial^2"
        entry = sides[0] if len(sides) == 1 else rf"\frac{{{power} {sides[0]}}}{{" + r"\,".join(rf"\partial {s}" for s in sides[1:]) + "}"
        return f"{entry} = {latex(self.right)}"

    def mathml(self) -> str:
        """The same as the inside of a <math> element."""
        sides = [mathml(e) for e in self.left]
        d = operator("∂")
        top = row(d if len(sides) < 3 else f"<msup>{d}<mn>2</mn></msup>", sides[0])
        entry = sides[0] if len(sides) == 1 else f"<mfrac>{top}{row(*(d + side for side in sides[1:]))}</mfrac>"
        return entry + operator("=") + mathml(self.right)

    def value(self, known: Mapping[str, Any], shape: Sequence[int], sizes: Mapping[str, Size] | None = None) -> NDArray[Any]:
        """The array that the entries make, one at a time: slow, for checks."""
        tables = {name: array_of(n) if isinstance(n.attrs, Held) else number_of(n, known, sizes or {}) for name, n in self.tables.items() if name not in known}
        return entries(self.right, self.letters, shape, {**tables, **known}, sizes)


def of_map(
    m: LinearMap, matrices: Matrices, output: str = "f", variable: str = "x", inner: tuple[str, int] | None = None
) -> IndexForm | None:
    """A derivative; None only where an operation takes apart a tensor that has no name, or the formula is too long.

    `inner` is the name and number of axes of the variable of the first derivative, if m is the derivative of a derivative.
    """
    first = [(output, len(m.shape_out))] if inner is None else [(output, len(m.shape_out) - inner[1]), inner]
    return _form([*first, (variable, len(m.shape_in))], m.terms, m.shape, matrices)


def of_node(node: Node, matrices: Matrices, output: str = "f") -> IndexForm | None:
    """The function itself."""
    writer = _Writer(matrices, node.ndim)
    try:
        right = writer.node(node, writer.slots)
    except Inexpressible:
        return None
    return IndexForm((_entry(output, node.ndim, writer.slots),), right, writer.letters, writer.tables)


def _form(sides: Sequence[tuple[str, int]], terms: Sequence[Term], shape: Shape, matrices: Matrices) -> IndexForm | None:
    if is_long(terms):
        return None
    writer = _Writer(matrices, sum(ndim for _, ndim in sides))
    try:
        right = writer.terms(terms, writer.slots, shape)
    except Inexpressible:
        return None
    left, start = [], 0
    for name, ndim in sides:
        left.append(_entry(name, ndim, writer.slots[start : start + ndim]))
        start += ndim
    return IndexForm(tuple(left), right, writer.letters, writer.tables)


def _entry(name: str, ndim: int, slots: Sequence[Subscript]) -> Expr:
    symbol = Symbol(name, FORMS[min(ndim, 3)])
    return Indexed(symbol, tuple(slots)) if slots else symbol


class Inexpressible(Exception):
    """Something has neither a name nor entries that can be written."""


class _Writer:
    def __init__(self, matrices: Matrices, slots: int) -> None:
        self.matrices = matrices
        self.letters = tuple(LETTERS[:slots])
        self.slots = [Subscript(((letter, 1),)) for letter in self.letters]
        self.used, self.visits = slots, 0
        self.tables: dict[str, Node] = {}

    def terms(self, terms: Sequence[Term], slots: Sequence[Subscript], shape: Shape) -> Expr:
        """Σ terms at these subscripts; each term starts with the same fresh letters."""
        start, furthest, parts = self.used, self.used, []
        for term in terms:
            self.used = start
            parts.append(self._term(term, slots, shape))
            furthest = max(furthest, self.used)
        self.used = furthest
        return gathered(parts) if parts else Number(0)

    def _term(self, term: Term, slots: Sequence[Subscript], shape: Shape) -> Expr:
        return self._contracted(term, slots, shape) or self._looped(term, slots, shape)

    def _contracted(self, term: Term, slots: Sequence[Subscript], shape: Shape) -> Expr | None:
        """A product of entries of what matrix notation can say, without a Σ."""
        opened = self.matrices.opened(term, shape)
        if opened == 0:
            return Number(0)
        if not isinstance(opened, Opened):
            return None
        at: dict[int, Subscript] = {}
        made: list[Expr] = []
        deltas: list[Expr] = []
        for label, slot, size in zip(opened.out, slots, shape, strict=True):
            if label is None and size != 1:
                return None
            if label is not None and label in at:
                deltas.append(Delta(at[label], slot))
            elif label is not None:
                at[label] = slot
        for factors in tied(opened.factors, at):
            ends = tuple(dict.fromkeys(label for _, labels in factors for label in labels if label in at))
            loose = any(label not in at for _, labels in factors for label in labels)
            if not loose:
                made += [entry(e, tuple(at[label] for label in labels)) for e, labels in factors]
                continue
            e = eliminate(factors, ends, opened.sizes)
            if e is None:
                return None
            made.append(entry(e, tuple(at[label] for label in ends)))
        return product((*made, *deltas), opened.number)

    def _looped(self, term: Term, slots: Sequence[Subscript], shape: Shape) -> Expr:
        bound: dict[int, Subscript] = {}
        factors: list[Expr] = []
        later: list[tuple[Index, Subscript]] = []
        for index, slot, size in zip(term.out, slots, shape, strict=True):
            label = plain(index)
            if label is not None and label not in bound and term.sizes[label] == size:
                bound[label] = slot
            else:
                later.append((index, slot))
        free = [label for label in range(len(term.sizes)) if label not in bound]
        new = []
        for label in free:
            if self.used >= len(LETTERS):
                raise Inexpressible
            new.append(LETTERS[self.used])
            bound[label] = Subscript(((LETTERS[self.used], 1),))
            self.used += 1
        for spot, slot in later:
            here = self.subscript(spot, bound)
            if here != slot and not (here == Subscript() and not labels_in(spot) and slot == Subscript()):
                turned = len(here.parts) == len(slot.parts) == 1 and here.offset == 0 and here.modulus is None and here.parts < slot.parts
                factors.append(Delta(here, slot) if turned else Delta(slot, here))
        body: list[Expr] = []
        for (node, read), count in Counter(term.factors).items():
            body.append(power(self.node(node, [self.subscript(i, bound) for i in read]), Number(count)))
        return self._summed(tuple(new), tuple(term.sizes[label] for label in free), [*body, *factors], term.scale)

    def _summed(self, letters: tuple[str, ...], sizes: tuple[Size, ...], factors: list[Expr], scale: Scalar) -> Expr:
        """The product under one Σ: sums inside its factors come out to the front."""
        flat: list[Expr] = []
        numbers: list[Expr] = [Number(scale)]
        waiting = factors[::-1]
        while waiting:
            e = waiting.pop()
            if isinstance(e, Summation):
                letters, sizes = letters + e.letters, sizes + e.sizes
                waiting.append(e.body)
            elif isinstance(e, Product) and not e.matrices:
                numbers.append(Number(e.number))
                waiting += e.scalars[::-1]
            else:
                flat.append(e)
        body = product(flat)
        return product((*numbers, Summation(letters, sizes, body) if letters else body))

    def subscript(self, index: Index, bound: Mapping[int, Subscript]) -> Subscript:
        if isinstance(index, Table):
            return Subscript(table=self._table(index.node), inner=tuple(self.subscript(i, bound) for i in index.index))
        label = plain(index)
        if label is not None:
            return bound[label]
        assert isinstance(index, Affine)
        parts: dict[str, Size] = {}
        offset: Size = index.offset
        for part, coefficient in index.parts:
            inner = bound[part]
            if inner.table is not None or inner.modulus not in (None, index.modulus):
                raise Inexpressible
            for letter, count in inner.parts:
                parts[letter] = parts.get(letter, 0) + coefficient * count
            offset = offset + coefficient * inner.offset
        return Subscript(tuple((letter, c) for letter, c in parts.items() if c != 0), offset, index.modulus)

    def _table(self, node: Node) -> str:
        named = self.matrices.symbol(node)
        if isinstance(named, Symbol):
            return named.name
        held = next((name for name, other in self.tables.items() if other is node), None)
        name = held or ("t" if not self.tables else f"t{len(self.tables) + 1}")
        self.tables[name] = node
        return name

    def node(self, node: Node, slots: Sequence[Subscript]) -> Expr:
        """One entry of a node."""
        self.visits += 1
        if self.visits > LONG:
            raise Inexpressible
        named = self.matrices.symbol(node)
        value = number(node)
        if named is not None:
            return Indexed(named, tuple(slots)) if slots else named
        if value is not None:
            return Number(value)
        better = idiom(node) if self.matrices.factor else node
        if better is not node:
            return self.node(better, slots)
        if node.op == "size":
            return of_size(node.attrs)  # type: ignore[arg-type]
        if node.op == "cofactors" and node.attrs == 2:
            return self._second_cofactors(node, slots)
        e = self.matrices.of(node) if node.ndim < 3 else None
        if e is not None:
            return entry(e, tuple(slots))
        if node.op == "nest":
            return self.terms(terms_of(node), slots, node.shape)
        if node.op in ("frozen", "captured"):
            return Indexed(Symbol(self._table(node), FORMS[min(node.ndim, 3)]), tuple(slots))
        if not is_elementwise(node):
            whole = self.whole(node)
            return Indexed(whole, tuple(slots)) if slots else whole
        parts = [self.node(child, self._spread(child, slots, node)) for child in node.inputs]
        if node.op in ("multiply", "negative"):
            return self._summed((), (), parts, -1 if node.op == "negative" else 1)
        made = applied(node, parts, factor=False, scalar=True)
        if made is None:
            raise Inexpressible
        return made

    def _second_cofactors(self, node: Node, slots: Sequence[Subscript]) -> Expr:
        """det(X) (X⁻¹_ji X⁻¹_lk − X⁻¹_jk X⁻¹_li), where X is invertible."""
        a = self.whole(node.inputs[0])
        q = inverse(a)
        i, j, k, l = slots
        both = Sum((product((entry(q, (j, i)), entry(q, (l, k)))), product((entry(q, (j, k)), entry(q, (l, i))), -1)))
        return product((determinant(a, make("det", node.inputs, None, (), node.dtype)), both))

    def _spread(self, child: Node, slots: Sequence[Subscript], node: Node) -> list[Subscript]:
        skipped = node.ndim - child.ndim
        return [Subscript() if size == 1 and node.shape[skipped + a] != 1 else slots[skipped + a] for a, size in enumerate(child.shape)]

    def whole(self, node: Node) -> Expr:
        """A node as one expression: in matrix notation, or an operation of named tensors."""
        e = self.matrices.symbol(node) or self.matrices.of(node)
        if e is not None:
            return e
        if node.op == "nest" or not node.inputs:
            raise Inexpressible
        return Call(node.op, tuple(map(self.whole, node.inputs)), FORMS[min(node.ndim, 3)], node)

