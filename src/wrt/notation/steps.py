"""The derivation, line by line, as a teacher writes it: functions, local derivatives, chain rule, substitution, layouts.

Every line is data: its text, the expressions that it claims to be equal, the rule and the shape, so that whoever can evaluate checks it.
Source: Deisenroth, Faisal & Ong, Mathematics for Machine Learning, example 5.11, for the form.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from wrt.graph.nest import terms_of
from wrt.graph.node import Node, Shape
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap
from wrt.notation import einsum, index_form
from wrt.notation.build import product
from wrt.notation.chain import Link, is_affine, is_layer
from wrt.notation.describe import shapes_said, space, times
from wrt.notation.expression import Expr, weight
from wrt.notation.formula import Formula, formula, views
from wrt.notation.latex import latex
from wrt.notation.layout import displayed_shape
from wrt.notation.matrix import Matrices
from wrt.notation.substitute import substituted
from wrt.notation.symbol import latex_name, unicode_name
from wrt.notation.text import Style, text


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


@dataclass(frozen=True, slots=True)
class Derivation:
    """All lines, and the intermediates by name with their nodes in the whole graph (to evaluate the lines' symbols)."""

    heading: str
    steps: tuple[Step, ...]
    code: str
    footing: tuple[str, ...]
    intermediates: Mapping[str, Node]
    formula: Formula

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
    links: Sequence[Link], local: Sequence[LinearMap], total: LinearMap, *, symmetric: Collection[str] = (), style: Style = "unicode"
) -> Derivation:
    """The steps from the links of `chain`, the Jacobian of each link, and the Jacobian of the whole.

    Parameters
    ----------
    local
        For each link, outermost first, the Jacobian of `link.node` by `link.argument`.
    total
        The Jacobian of the output by the variable.
    """
    return _Writer(links, local, total, symmetric, style).written()


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

    def written(self) -> Derivation:
        output, variable = self.links[0].name, self.links[-1].of
        result = formula(self.total, self.matrices, output, variable)
        expressions = [self._local(link, m) for link, m in zip(self.links, self.local, strict=True)]
        code = ""
        if len(self.links) > 1:
            self._chain(expressions, result)
            inner = [(link.name, link.node.shape) for link in self.links[1:]]
            code = einsum.chain(output, inner, variable, self.links[-1].argument.shape, self.links[0].node.shape)
        intermediates = {link.name: link.original for link in self.links}
        return Derivation(self._heading(), tuple(self.steps), code, tuple(self._footing(result)), intermediates, result)

    def _heading(self) -> str:
        said = []
        for link in self.links:
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
        self.steps.append(Step(self._ratio(link.name, link.of), shown, note, rule, (one.expression,), one.shape, line))
        return one.expression

    def _entries(self, one: Formula, rule: str, m: LinearMap) -> None:
        """A derivative with three or more axes: its entries."""
        note = space(one.shape, self.style)
        if one.index is None:
            self.steps.append(Step("the derivative", "not expressible", note, rule, (), one.shape))
            return
        left, _, right = one.index.text(self.style).partition(" = ")
        line = one.index.latex().replace(" = ", " &= ", 1)
        self.steps.append(Step(left, right, note, rule, (one.index.right,), one.shape, line))

    def _chain(self, expressions: Sequence[Expr | None], result: Formula) -> None:
        output, variable = self.links[0].name, self.links[-1].of
        whole = self._ratio(output, variable)
        factors = " · ".join(self._ratio(link.name, link.of) for link in self.links)
        flat = all(link.node.ndim < 2 and link.argument.ndim < 2 for link in self.links)
        known = [e for e in expressions if e is not None]
        if not flat or len(known) < len(expressions) or result.expression is None:
            if result.expression is not None:
                e, rule = result.expression, "chain rule, summed over all entries"
                shown, note = text(e, self.style), space(result.shape, self.style)
                self.steps.append(Step(whole, shown, note, rule, (e,), result.shape, self._tail(e)))
            else:
                self._entries(result, "chain rule, summed over all entries", self.total)
            return
        shapes = [times(displayed_shape(link.node.shape, link.argument.shape)) for link in self.links]
        sizes = "".join(f"({s})" for s in shapes if s != "a scalar") + " = " + times(result.shape)
        if self.style == "ascii":
            sizes = sizes.replace("×", " x ")
        chained = product(known)
        fractions = " ".join(rf"\frac{{\partial {latex_name(k.name)}}}{{\partial {latex_name(k.of)}}}" for k in self.links)
        line = rf"\frac{{\partial {latex_name(output)}}}{{\partial {latex_name(variable)}}} &= {fractions} = {latex(chained)}"
        self.steps.append(Step(whole, f"{factors} = {text(chained, self.style)}", sizes, "chain rule", (chained,), result.shape, line))
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
        self.steps.append(Step("", text(e, self.style), "", rule, (e,), shape, self._tail(e)))

    def _tail(self, e: Expr) -> str:
        return f"&= {latex(e)}"

    def _footing(self, result: Formula) -> list[str]:
        lines = []
        for said, one in views(self.total, self.matrices, self.links[0].name, self.links[-1].of).items():
            flat = one.flat is not None and min(len(self.total.shape_out), len(self.total.shape_in)) == 0
            again = result.expression is not None and (said.startswith("numerator") or one.text() == result.text())
            if flat or again:
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


