"""The derivation, line by line, as a teacher writes it: functions, local derivatives, chain rule, substitution, layouts.

Every line is data: its text, the expressions that it claims to be equal, the rule and the shape, so that whoever can evaluate checks it.
Source: Deisenroth, Faisal & Ong, Mathematics for Machine Learning, example 5.11, for the form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from wrt.graph.nest import terms_of
from wrt.graph.node import Node, Shape
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap
from wrt.notation import einsum, index_form
from wrt.notation.build import product
from wrt.notation.chain import Link, is_affine, is_layer
from wrt.notation.describe import describe, shapes_said, space, times
from wrt.notation.differential import change_of, differential, under_trace
from wrt.notation.every import Application, Differentiate, applications
from wrt.notation.expression import Expr, Symbol, weight
from wrt.notation.formula import Formula, formula, views
from wrt.notation.kronecker import flattened
from wrt.notation.latex import latex
from wrt.notation.layout import displayed_shape, flattening
from wrt.notation.matrix import Matrices
from wrt.notation.substitute import substituted
from wrt.notation.symbol import latex_name, unicode_name
from wrt.notation.tensor import slice_of
from wrt.notation.text import Style, text

Level = Literal["answer", "chain", "every"]
"""answer: the formula in all layouts; chain: a few good intermediates; every: each rule that is applied."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line.

    `left` is what the line is about (empty where it goes on from the line above), `expressions` what it is equal to, written with the
    symbols of variables and intermediates; `claim` is its text, `note` the shapes.
    """

    left: str
    claim: str
    note: str
    rule: str
    expressions: tuple[Expr, ...] = ()
    shape: Shape = ()
    latex: str = ""
    reference: LinearMap | None = None  # the derivative that the expressions are claimed to be
    view: str = "plain"  # of the reference: as printed, "index", flattened in "C" or "F", one "slice", or applied to a change "dX"
    letters: tuple[str, ...] = ()
    tables: Mapping[str, Node] = field(default_factory=dict)  # the integer arrays that indices are read from


@dataclass(frozen=True, slots=True)
class Derivation:
    """All lines, and the intermediates by name with their nodes in the whole graph (to evaluate the lines' symbols)."""

    heading: str
    steps: tuple[Step, ...]
    code: str
    footing: tuple[str, ...]
    intermediates: Mapping[str, Node]
    formula: Formula
    differentials: tuple[tuple[str, str, LinearMap], ...] = ()  # name, its argument's name, the map from one change to the other

    def text(self, checked: tuple[float, int] | None = None) -> str:
        """The derivation as text; `checked` is (largest difference, number of points) of a check that was really made."""
        rows = [(f"{s.left} = {s.claim}" if s.left else s.claim, s.note, f"({s.rule})" if s.rule else "") for s in self.steps]
        indents = [step.left for step in self.steps]
        lines, before = [self.heading], ""
        first = max((len(claim) for claim, _, _ in rows if len(claim) <= 64), default=0)
        second = max((len(note) for _, note, _ in rows), default=0)
        for (claim, note, rule), left in zip(rows, indents, strict=True):
            before = left or before
            shown = claim if left else " " * len(before) + " = " + claim
            lines.append(f"{shown:<{first + 3}} {note:<{second + 2}} {rule}".rstrip())
        lines += [self.code] * bool(self.code) + list(self.footing)
        if checked is not None:
            difference, points = checked
            lines.append(f"checked at {points} random point{'s' * (points != 1)}: largest difference {difference:.1e}")
        return "\n".join(lines)

    def latex(self) -> str:
        """The lines as an aligned block."""
        return "\\begin{aligned}\n" + " \\\\\n".join(s.latex for s in self.steps if s.latex) + "\n\\end{aligned}"

    def __str__(self) -> str:
        return self.text()


def derivation(
    links: Sequence[Link],
    local: Sequence[LinearMap],
    total: LinearMap,
    *,
    symmetric: Collection[str] = (),
    style: Style = "unicode",
    level: Level = "chain",
    jacobian: Differentiate | None = None,
) -> Derivation:
    """The steps from the links of `chain`, the Jacobian of each link, and the Jacobian of the whole.

    Parameters
    ----------
    local
        For each link, outermost first, the Jacobian of `link.node` by `link.argument`.
    total
        The Jacobian of the output by the variable.
    level
        How much is shown.
    jacobian
        The Jacobian of one node by another; "every" needs it.
    """
    return _Writer(links, local, total, symmetric, style).written(level, jacobian)


class _Writer:
    def __init__(
        self, links: Sequence[Link], local: Sequence[LinearMap], total: LinearMap, symmetric: Collection[str], style: Style
    ) -> None:
        self.links, self.local, self.total, self.style = links, local, total, style
        self.matrices = Matrices(symmetric=symmetric)
        self.own = Matrices(symmetric=symmetric, factor=False)
        self.name = unicode_name if style == "unicode" else str
        self.d = "∂" if style == "unicode" else "d"
        self.steps: list[Step] = []
        self.changes: tuple[tuple[str, str, LinearMap], ...] = ()

    def written(self, level: Level = "chain", jacobian: Differentiate | None = None) -> Derivation:
        output, variable = self.links[0].name, self.links[-1].of
        result = formula(self.total, self.matrices, output, variable)
        code = ""
        intermediates = {link.name: link.original for link in self.links}
        shown: list[Application] = []
        if level == "every" and jacobian is not None:
            whole = self.links[0].original
            by = next(v for v in whole.variables if str(v.attrs[0]) == variable)  # type: ignore[index]
            shown = applications(whole, by, jacobian, output)
        if level == "answer":
            self._result(result, "")
        elif shown:
            self._every(shown, result)
            intermediates = {one.name: one.original for one in shown}
        elif not self._differentials(result):
            expressions = [self._local(link, m) for link, m in zip(self.links, self.local, strict=True)]
            if len(self.links) > 1:
                self._chain(expressions, result)
            self._views()
        if len(self.links) > 1 and level == "chain":
            inner = [(link.name, link.node.shape) for link in self.links[1:]]
            code = einsum.chain(output, inner, variable, self.links[-1].argument.shape, self.links[0].node.shape)
        heading = self._heading() if level != "every" or not shown else self._heading(self.links[:0])
        return Derivation(heading, tuple(self.steps), code, tuple(self._footing(result)), intermediates, result, self.changes)

    def _heading(self, links: Sequence[Link] | None = None) -> str:
        said = []
        if links is not None:
            said.append(f"{self.name(self.links[0].name)}({self.name(self.links[-1].of)}) = {describe(self.links[0].original, style=self.style)}")
        for link in self.links if links is None else links:
            e = self.own.of(link.node)
            form = index_form.of_node(link.node, self.own, link.name) if e is None else None
            function = f"{self.name(link.name)}({self.name(link.of)})"
            said.append(f"{function} = {text(e, self.style)}" if e is not None else form.text(self.style) if form else f"{function} = …")
        original = self.links[0].original
        shapes = {str(n.attrs[0]): n.shape for n in topological([original]) if n.op == "variable"}  # type: ignore[index]
        last = self.links[-1].of
        ordered = {name: shape for name, shape in shapes.items() if name != last} | {last: self.links[-1].argument.shape}
        return ",   ".join(said) + "          " + shapes_said(ordered, self.style)

    def _ratio(self, a: str, b: str) -> str:
        return f"{self.d}{self.name(a)}/{self.d}{self.name(b)}"

    def _local(self, link: Link, m: LinearMap) -> Expr | None:
        """The line of one local derivative; its expression in numerator layout, if matrices can say it."""
        one = formula(m, self.matrices, link.name, link.of)
        rule = "derivative" if not m.terms else rule_of(link)
        if one.expression is None:
            self._entries(one, rule, m)
            return None
        fraction = rf"\frac{{\partial {latex_name(link.name)}}}{{\partial {latex_name(link.of)}}}"
        shown = text(one.expression, self.style)
        note = space(one.shape, self.style)
        line = rf"{fraction} &= {latex(one.expression)} && \in \mathbb{{R}}^{{{times(one.shape)}}}".replace("×", r" \times ")
        self.steps.append(Step(self._ratio(link.name, link.of), shown, note, rule, (one.expression,), one.shape, line, m))
        return one.expression

    def _entries(self, one: Formula, rule: str, m: LinearMap) -> None:
        """A derivative with three or more axes: its entries."""
        note = space(one.shape, self.style)
        if one.index is None:
            self.steps.append(Step("the derivative", "not expressible", note, rule, (), one.shape))
            return
        left, _, right = one.index.text(self.style).partition(" = ")
        line = one.index.latex().replace(" = ", " &= ", 1)
        self.steps.append(Step(left, right, note, rule, (one.index.right,), one.shape, line, m, "index", one.index.letters, one.index.tables))

    def _chain(self, expressions: Sequence[Expr | None], result: Formula) -> None:
        output, variable = self.links[0].name, self.links[-1].of
        whole = self._ratio(output, variable)
        factors = " · ".join(self._ratio(link.name, link.of) for link in self.links)
        flat = all(link.node.ndim < 2 and link.argument.ndim < 2 for link in self.links)
        known = [e for e in expressions if e is not None]
        if not flat or len(known) < len(expressions) or result.expression is None:
            self._result(result, "chain rule, summed over all entries")
            return
        shapes = [times(displayed_shape(link.node.shape, link.argument.shape)) for link in self.links]
        sizes = "".join(f"({s})" for s in shapes if s != "a scalar") + " = " + times(result.shape)
        if self.style == "ascii":
            sizes = sizes.replace("×", " x ")
        chained = product(known)
        fractions = " ".join(rf"\frac{{\partial {latex_name(k.name)}}}{{\partial {latex_name(k.of)}}}" for k in self.links)
        line = rf"\frac{{\partial {latex_name(output)}}}{{\partial {latex_name(variable)}}} &= {fractions} = {latex(chained)}"
        self.steps.append(Step(whole, f"{factors} = {text(chained, self.style)}", sizes, "chain rule", (chained,), result.shape, line, self.total))
        for link in self.links[1:]:
            inside = self.own.of(link.node)
            if inside is None:
                continue
            after = substituted(chained, {link.name: inside})
            if after != chained:
                self._further(after, f"substitute {self.name(link.name)}", result.shape)
                chained = after
        if weight(result.expression) < weight(chained):
            self._further(result.expression, "simplify", result.shape)

    def _further(self, e: Expr, rule: str, shape: Shape) -> None:
        self.steps.append(Step("", text(e, self.style), "", rule, (e,), shape, self._tail(e), self.total))

    def _result(self, result: Formula, rule: str) -> None:
        """The derivative of the whole."""
        if result.expression is None:
            self._entries(result, rule, self.total)
            return
        e, whole = result.expression, self._ratio(self.links[0].name, self.links[-1].of)
        self.steps.append(Step(whole, text(e, self.style), space(result.shape, self.style), rule, (e,), result.shape, self._tail(e), self.total))

    def _views(self) -> None:
        """A derivative with three and more axes once more: flattened, and one slice of it."""
        m = self.total
        if len(m.shape) < 3:
            return
        output, variable = self.name(self.links[0].name), self.name(self.links[-1].of)
        e = flattened(m, self.matrices, "C")
        if e is not None:
            rule = f"flattened in {flattening('C')}"
            self.steps.append(Step(f"{self.d}vec({output})/{self.d}vec({variable})", text(e, self.style), "", rule, (e,), (), self._tail(e), m, "C"))
        part = slice_of(m, self.matrices, (0,) * len(m.shape_in))
        if part is not None:
            at = self.name(self.links[-1].of) + ("_" + "1" * len(m.shape_in))
            self.steps.append(Step(f"{self.d}{output}/{self.d}{at}", text(part, self.style), "", "one slice", (part,), (), self._tail(part), m, "slice"))

    def _differentials(self, result: Formula) -> bool:
        """A scalar by a matrix: df = tr(G dX), step by step; whether that can be written."""
        if self.total.shape_out or len(self.total.shape_in) != 2 or result.expression is None or not self.total.terms:
            return False
        changes = [change_of(link.argument) for link in self.links]
        parts = [differential(m, self.matrices, d) for m, d in zip(self.local, changes, strict=True)]
        written = [e for e in parts if e is not None]
        if len(written) < len(parts):
            return False
        pairs = zip(self.links, self.local, changes, written, strict=True)
        for link, m, d, e in pairs:
            rule = rule_of(link)
            self.steps.append(Step(f"d{self.name(link.name)}", text(e, self.style), "", f"take d: {rule}", (e,), (), self._tail(e), m, str(d.attrs[0])))  # type: ignore[index]
        self.changes = tuple((link.name, link.of, m) for link, m in zip(self.links[1:], self.local[1:], strict=True))[::-1]
        last = str(changes[-1].attrs[0])  # type: ignore[index]
        if len(self.links) == 1:
            self.changes = ((self.links[0].name, self.links[0].of, self.local[0]),)
        whole = written[0]
        for link, e in zip(self.links[1:], written[1:], strict=True):
            whole = substituted(whole, {f"d{link.name}": e})
            self._change(whole, f"substitute d{self.name(link.name)}", last, "d" + self.name(self.links[0].name))
        inside = Matrices({link.original: link.name for link in self.links[1:]}, symmetric=self.matrices.symmetric)
        short = formula(self.total, inside).expression or result.expression
        read = under_trace(short, Symbol(last, "matrix"))
        if read != whole:
            self._change(read, "the variable's change last: tr(AB) = tr(BA), tr(A) = tr(Aᵀ)", last, "d" + self.name(self.links[0].name))
        left, rule = self._ratio(self.links[0].name, self.links[-1].of), "read off: df = tr(G dX) gives G, numerator layout"
        self.steps.append(Step(left, text(short, self.style), space(result.shape, self.style), rule, (short,), result.shape, self._tail(short), self.total))
        if short != result.expression:
            self._further(result.expression, "substitute " + ", ".join(self.name(link.name) for link in self.links[1:]), result.shape)
        return True

    def _change(self, e: Expr, rule: str, change: str, left: str) -> None:
        self.steps.append(Step(left, text(e, self.style), "", rule, (e,), (), self._tail(e), self.total, change))

    def _every(self, shown: Sequence[Application], result: Formula) -> None:
        """One line that names an operation, one for each local derivative, one for the chain rule."""
        variable = self.links[-1].of
        for one in shown:
            self.steps.append(Step(self.name(one.name), describe(one.node, style=self.style), times(one.node.shape), "name it"))
            for link, m in one.local:
                self._local(link, m)
            if all(link.of == variable for link, _ in one.local) or one is shown[-1]:
                continue
            known = Matrices({other.original: other.name for other in shown if other is not one}, symmetric=self.matrices.symmetric)
            self._reached(one.name, formula(one.whole, known, one.name, variable), one.whole, "chain rule")
        named = Matrices({one.original: one.name for one in shown[:-1]}, symmetric=self.matrices.symmetric)
        self._reached(shown[-1].name, formula(self.total, named, shown[-1].name, variable), self.total, "chain rule")
        self._result(result, "substitute")

    def _reached(self, name: str, one: Formula, m: LinearMap, rule: str) -> None:
        if one.expression is None:
            self._entries(one, rule, m)
            return
        e = one.expression
        left, note = self._ratio(name, self.links[-1].of), space(one.shape, self.style)
        self.steps.append(Step(left, text(e, self.style), note, rule, (e,), one.shape, self._tail(e), m))

    def _tail(self, e: Expr) -> str:
        return f"&= {latex(e)}"

    def _footing(self, result: Formula) -> list[str]:
        lines = []
        for said, one in views(self.total, self.matrices, self.links[0].name, self.links[-1].of).items():
            flat = one.flat is not None and min(len(self.total.shape_out), len(self.total.shape_in)) == 0
            again = result.expression is not None and (said.startswith("numerator") or one.text() == result.text())
            if flat or again or any(step.view == one.flat for step in self.steps):
                continue
            lines.append(f"{said}: {one.text(self.style)} {space(one.shape, self.style)}")
        return lines


def rule_of(link: Link) -> str:
    """Which rule of the textbook gives a link's derivative."""
    node, x = link.node, link.argument
    if node is x:
        return "identity"
    if is_affine(node, x):
        return "linear map" if node.ndim or x.ndim else "linear function"
    if is_layer(node, x):
        return "entry by entry, hence diagonal" if node.ndim < 2 else "entry by entry"
    if node.op == "nest" and len(terms_of(node)) == 1 and node.ndim == 0:
        (term,) = terms_of(node)
        by = [f for f in term.factors if f.node is x]
        if len(by) == 2 and by[0].index == by[1].index and len(term.factors) == 2:
            return "derivative of a squared norm"
        if len(by) == 2 and len(term.factors) == 3 and x.ndim == 1:
            return "quadratic form"
        if len(term.factors) == 1 and is_layer(term.factors[0].node, x):
            return "sum of a function of each entry"
    if node.op == "divide":
        return "quotient rule"
    if node.op in ("multiply", "nest"):
        return "product rule"
    if x in node.inputs:
        return f"derivative of {node.op}"
    return "chain rule"


