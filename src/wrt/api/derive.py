"""derive: the derivative of an expression or function as formula, code and numbers, from one object."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, Literal, get_args

import numpy as np

from wrt.api.code import code
from wrt.api.evidence import Evidence, compare, suitable
from wrt.api.formula_program import Job, Programs, differentiated
from wrt.api.formula_source import Built, FormulaSource, FunctionSource, TextSource, build, declared_shapes
from wrt.differentiate.accumulate import jacobian
from wrt.errors import ArgumentError, Disagreement, ShapeError
from wrt.graph.node import FLOAT, Node, Shape
from wrt.graph.shape import show
from wrt.graph.size import NeedsSizes, product
from wrt.linear.linear_map import LinearMap
from wrt.linear.structure import Structure, structure
from wrt.lower.numpy_source import source as numpy_source
from wrt.notation import einsum
from wrt.notation.chain import chain
from wrt.notation.describe import describe, shapes_said, space, times
from wrt.notation.formula import Formula, views
from wrt.notation.formula import formula as notation
from wrt.notation.html import html
from wrt.notation.idiom import prepared
from wrt.notation.layout import Layout, Order, View, arrange, check
from wrt.notation.matrix import Matrices
from wrt.notation.remarks import remarks
from wrt.notation.steps import Derivation, Level, derivation
from wrt.notation.tensor import tensor_lines
from wrt.notation.text import text
from wrt.notation.verify import check_steps, sizes_of
from wrt.trace import select
from wrt.trace.syntax import Dialect
from wrt.trace.tokens import plain

Target = Literal["numpy", "jax", "numba", "torch", "latex"]
LONG_COMMENT = 60  # characters: a longer formula beside a line of code does not help


def derive(
    expression: str | Callable[..., Any],
    wrt: str | Sequence[str],
    *,
    shapes: Mapping[str, Any] | None = None,
    layout: Layout = "numerator",
    view: View = "tensor",
    order: Order = "C",
    assume: Mapping[str, str] | None = None,
    dialect: Dialect | None = None,
) -> Derivative:
    """The derivative as a formula, with its shape, its steps, its code and its numbers.

    Parameters
    ----------
    expression
        A line of text in NumPy's syntax (with or without `np.`) or matrixcalculus.org's, or a NumPy function.
    wrt
        The variable to differentiate by; two names give the second derivative, by the first and then by the second.
    shapes
        Shapes by name, in numbers or symbols: ``{"Phi": "N D", "theta": "D", "t": ""}``. Missing ones are inferred from use
        and the field's habits (a to g scalars, capitals matrices, other letters vectors); what was assumed is printed.
    layout, view, order
        The convention of the formula and of the numbers, as for `wrt.jacobian`.
    assume
        ``{"S": "symmetric"}``: S is known to be symmetric. The derivative by it is then the Frobenius gradient (G + Gᵀ)/2, and Sᵀ is S.
    dialect
        "numpy" or "matrixcalculus", where the text alone does not tell.

    Raises
    ------
    ParseError, ShapeError, ArgumentError, Unsupported
        With the place in the expression underlined.

    Examples
    --------
    >>> import wrt
    >>> d = wrt.derive("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"Phi": "N D"})
    >>> print(d.formula)
    -2 (y − Φθ)ᵀΦ
    """
    names = _names(expression, wrt)
    if not 1 <= len(names) <= 2:
        raise ArgumentError(f"wrt= takes one name, or two for a second derivative; got {len(names)}. Use .derive(wrt=…) to go on.")
    check(layout, view, order)
    if dialect not in (None, *get_args(Dialect)):
        raise ArgumentError(f"There is no dialect {dialect!r}.", advice=f"Write dialect= one of {', '.join(map(repr, get_args(Dialect)))}, or leave it out.")
    made: FormulaSource = TextSource(expression, dialect) if isinstance(expression, str) else FunctionSource(expression)
    for name, said in (assume or {}).items():
        if said != "symmetric":
            raise ArgumentError(f"assume={{{name!r}: {said!r}}} is not known; a matrix can be assumed 'symmetric'.")
    return Derivative(made, names, declared_shapes(shapes), layout, view, order, frozenset(map(plain, assume or ())))


class Derivative:
    """∂f/∂x of one expression; made by `wrt.derive`. Print it for the formula, call it for numbers."""

    def __init__(
        self,
        source: FormulaSource,
        wrt: tuple[str, ...],
        shapes: Mapping[str, Shape],
        layout: Layout,
        view: View,
        order: Order,
        symmetric: frozenset[str] = frozenset(),
    ) -> None:
        self._source, self.wrt, self._declared, self.symmetric = source, wrt, dict(shapes), symmetric
        self.layout, self.view, self.order = layout, view, order
        self._needs: NeedsSizes | None = None
        try:
            self._built: Built | None = build(source, self._declared, wrt)
        except NeedsSizes as why:
            self._built, self._needs = None, why
        self._derivations: dict[Level, Derivation] = {}
        self._programs = Programs(source, wrt, self._declared, symmetric, self._built)
        for name in symmetric if self._built else ():
            square = self._symbolic().variables.get(name)
            if square is None or square.ndim != 2 or square.shape[0] != square.shape[1]:
                raise ShapeError(f"{name} cannot be symmetric: it is {times(square.shape) if square is not None else 'not a variable of the expression'}.")

    # ----- the graph ------------------------------------------------------------------------------------------------
    def _symbolic(self) -> Built:
        if self._built is None:
            assert self._needs is not None
            raise self._needs
        return self._built

    @property
    def variables(self) -> dict[str, Shape]:
        """The variables and their shapes, declared or inferred."""
        return {name: node.shape for name, node in self._symbolic().variables.items()}

    @property
    def assumed(self) -> tuple[str, ...]:
        """The variables whose shapes were inferred."""
        return self._symbolic().assumed

    @cached_property
    def _map(self) -> LinearMap:
        return differentiated(self._symbolic(), self.wrt, self.symmetric)[1]

    @cached_property
    def _read(self) -> LinearMap:
        """The same map for readers: written with the operations that have short derivatives (log det, softmax, ‖·‖²)."""
        return differentiated(self._symbolic(), self.wrt, self.symmetric, prepared)[1]

    @property
    def _matrices(self) -> Matrices:
        return Matrices(symmetric=self.symmetric)

    @property
    def shape(self) -> Shape:
        """The collated shape: output axes first, then those of the variable (symbols where sizes are not numbers)."""
        return self._map.shape

    @property
    def structure(self) -> Structure:
        """What the derivative is as a linear map (diagonal, Kronecker, low rank, …), and why."""
        return structure(self._map)

    # ----- notation -------------------------------------------------------------------------------------------------
    @cached_property
    def _formula(self) -> Formula:
        return self._in(self.layout, self.view)

    def _in(self, layout: Layout, view: View) -> Formula:
        first = (self.wrt[0], self._symbolic().variables[self.wrt[0]].ndim) if len(self.wrt) == 2 else None
        return notation(self._read, self._matrices, output=self._source.name, variable=self.wrt[-1], layout=layout, view=view, order=self.order, inner=first)

    @property
    def formula(self) -> str:
        """The derivative in one line: matrix notation where it can say it, else entry by entry."""
        if not self._map.terms:
            return f"0   (zero: {self._zero})"
        return self._formula.text()

    @property
    def _zero(self) -> str:
        """Why the derivative is zero: nothing is read, or what is read goes through steps (round, sign)."""
        built, x = self._symbolic(), self.wrt[-1]
        if len(self.wrt) == 1 and built.variables[x] in built.node.variables:
            return f"{self._source.name} is piecewise constant in {x}"
        return f"{'the first derivative' if len(self.wrt) == 2 else self._source.name} does not depend on {x}"

    @property
    def ascii(self) -> str:
        """The formula in plain ASCII: -2 (y - Phi theta)' Phi."""
        return self._formula.text("ascii")

    @property
    def latex(self) -> str:
        """The formula for LaTeX's math mode."""
        return self._formula.latex()

    def in_layout(self, layout: Layout, view: View | None = None) -> str:
        """The formula with its shape in another layout."""
        check(layout, view or self.view, self.order)
        return _with_shape(self._in(layout, view or self.view))

    @property
    def views(self) -> dict[str, str]:
        """The same derivative in every convention that differs."""
        return {name: _with_shape(f) for name, f in views(self._read, self._matrices, output=self._source.name, variable=self.wrt[-1]).items()}

    @property
    def function(self) -> str:
        """The expression itself, as wrt has read it."""
        return describe(self._symbolic().node)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What to know about the answer: kinks and what is returned there, conventions, where the formula holds."""
        built = self._symbolic()
        found = remarks(built.node, built.variables[self.wrt[-1]], self._read, self._matrices) if self._map.terms else ()
        return (*self._source.remarks(self.variables), *found)

    @property
    def tensor(self) -> str:
        """A derivative of more than two axes, explained: by collating and by flattening, with shapes; its entries, Kronecker forms and a slice."""
        f, x = self._map.shape_out, self._map.shape_in
        name, by = self._source.name, self.wrt[-1]
        outputs, inputs, whole = product(f), product(x), show((*f, *x))
        said = [
            f"collate: the partial derivatives of {name} by the {times((inputs,))} entries of {by}, each of shape {show(f)}, stacked along new axes: {whole}",
            (f"flatten: {name} as {times((outputs,))} numbers and {by} as {times((inputs,))}, "
            f"the Jacobian of shape {show((outputs, inputs))}, reshaped to {whole}"),
        ]
        return "\n".join([*said, *tensor_lines(self._read, self._matrices, name, by)])

    @cached_property
    def steps(self) -> Steps:
        """The derivation: intermediates, local Jacobians with their shapes, the chain rule, both layouts, and a check."""
        return self.explain()

    def explain(self, level: Level = "chain") -> Steps:
        """The derivation in three levels of detail: "answer", "chain" (as `steps`), or "every" rule on a line of its own.

        Each line that claims an equality is evaluated at a random point; the last line says the largest difference that was seen.
        """
        made = self._derivation(level)
        return Steps(made, self._checked(), self._lines_checked(made))

    def _lines_checked(self, made: Derivation) -> float | None:
        """The largest difference between what the lines say and what they are derived from, at the first point that suits."""
        values = next(self.points(), None)
        return None if values is None else check_steps(made, values, sizes_of(self.variables, values))

    def points(self, count: int = 1, seed: int = 0) -> Iterator[dict[str, Any]]:
        """Random values of the variables at which the expression and its derivative are finite and well conditioned."""
        return suitable(self, count, seed)

    def _derivation(self, level: Level = "chain") -> Derivation:
        if level not in self._derivations:
            self._derivations[level] = self._derived(level)
        return self._derivations[level]

    def _derived(self, level: Level) -> Derivation:
        built = self._symbolic()
        by = built.variables[self.wrt[-1]]
        output = built.node if len(self.wrt) == 1 else differentiated(built, self.wrt[:1], self.symmetric, prepared)[1].to_dense()
        links = chain(output, by, "L" if output.ndim == 0 and "L" not in built.variables else "f")
        local = [jacobian(prepared(link.node), [link.argument])[link.argument] for link in links]
        return derivation(links, local, self._read, symmetric=self.symmetric, level=level, jacobian=lambda node, of: jacobian(node, [of])[of])

    @property
    def einsum(self) -> str:
        """The derivative as a line of NumPy: the chain rule's product, with `np.einsum` and an explicit output."""
        chained = self._derivation().code
        if chained:
            return chained
        inputs = {node: name for name, node in self._symbolic().variables.items()}
        sizes = {size: f"{name}.shape[{axis}]" for name, shape in self.variables.items() for axis, size in enumerate(shape)}
        target = f"d{self._source.name}d{'d'.join(self.wrt)}"
        spelled = einsum.lines(self._map, target, lambda node: written(inputs, node), sizes)
        return spelled or f"{target} = {written(inputs, self._map.to_dense(FLOAT))}"

    @property
    def code(self) -> str:
        """A plain NumPy function of the named variables that returns (value, derivative); it runs as it is."""
        return self.source()

    def source(self, target: Target = "numpy") -> str:
        """The code for "numpy", "jax", "numba" or "torch", or the formula for "latex"."""
        if target == "latex":
            return self.latex
        built = self._symbolic()
        node, m = differentiated(built, self.wrt, self.symmetric)
        named = {n: name for name, n in self._derivation().intermediates.items() if n not in built.variables.values() and n is not node and name.isascii()}
        shown = self._in("numerator", "tensor")
        array = "" if shown.shape in (m.shape, (1, *m.shape), (*m.shape, 1)) else f"; the array is {times(m.shape)}, output axes first"
        said = f"{self.function}, and its derivative by {', then '.join(self.wrt)}: {shown.text()}{array}"
        return code((node, m.to_dense(FLOAT)), built.variables, target=target, names=named, comment=self._comment, document=said)

    def _comment(self, node: Node) -> str | None:
        """The formula of a line of code, where it is short enough to help."""
        shown = self._matrices.of(node)
        said = None if shown is None else text(shown)
        return said if said is not None and len(said) <= LONG_COMMENT else None

    def __str__(self) -> str:
        shown = _with_shape(self._formula) if self._map.terms else f"0 {space(self._formula.shape)}   (zero: {self._zero})"
        known = self.variables
        said = f"\n  assumed: {shapes_said({name: known[name] for name in self.assumed})}" if self.assumed else ""
        return f"{shown}   ({self._formula.convention}){said}" + "".join(f"\n  {note}" for note in self.notes)

    def __repr__(self) -> str:
        return f"<derivative of {self._source.name} by {', then '.join(self.wrt)}: {self if self._built is not None else 'needs sizes as numbers'}>"

    def _repr_html_(self) -> str:
        return html(self._formula, self.notes, heading=f"∂/∂{self.wrt[-1]} of {self.function}")

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex}$"

    def _checked(self) -> Evidence | None:
        try:
            return self.check()
        except Disagreement as why:
            if "No random point" in why.fact:
                return None
            raise

    # ----- numbers --------------------------------------------------------------------------------------------------
    def __call__(self, **values: Any) -> Any:
        """The derivative at these values: an array, output axes first (in the numerator layout and tensor view)."""
        return self.value_and(**values)[1]

    def value_and(self, **values: Any) -> tuple[Any, Any]:
        """(f, derivative) in one pass."""
        value, derivative = self._both(values)
        return value, arrange(derivative, np.ndim(value) + (np.ndim(values[self.wrt[0]]) if len(self.wrt) == 2 else 0), self.layout, self.view, self.order)

    def collated(self, **values: Any) -> Any:
        """The derivative as an array of shape f + shape x, whatever the layout."""
        return self._both(values)[1]

    def lower_order(self) -> Callable[..., Any]:
        """What this is the derivative of, as a function of named values: the expression, or its first derivative."""
        if len(self.wrt) == 2:
            return Derivative(self._source, self.wrt[:1], self._declared, "numerator", "tensor", "C", self.symmetric).collated
        return lambda **values: self._both(values)[0]

    def _both(self, values: Mapping[str, Any]) -> tuple[Any, Any]:
        value, derivative = self._programs.run("derivative", self._arrays(values))
        found = np.array(derivative)
        return value, found if found.dtype.kind == "f" else found.astype(float)  # constant derivatives may be made of integers

    def _arrays(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values by variable, as floating numbers; what is missing is named."""
        names = self._programs.names(values)
        missing = [name for name in names if name not in values]
        if missing:
            raise ArgumentError(f"No value for {', '.join(missing)}. The expression has {', '.join(names)}.")
        return {name: _real(values[name], name) for name in names}

    def operator(self, **values: Any) -> Any:
        """The derivative at these values as `scipy.sparse.linalg.LinearOperator`: products through its structure, without the array.

        Rows are outputs, columns inputs, both flattened in C order.
        """
        from scipy.sparse.linalg import LinearOperator

        arrays = {name: np.array(a) for name, a in self._arrays(values).items()}
        rows, columns = self._programs.shapes(arrays)

        def times_vector(job: Job, vector: Any, shape: tuple[int, ...]) -> Any:
            return np.ravel(self._programs.run(job, arrays, np.reshape(np.asarray(vector, float), shape)))

        return LinearOperator(
            (prod(rows), prod(columns)),
            matvec=lambda v: times_vector("matvec", v, columns),
            rmatvec=lambda w: times_vector("rmatvec", w, rows),
            dtype=np.float64,
        )

    def solve(self, right: Any, **values: Any) -> Any:
        """x with J x = right, J the derivative at these values, through its core: a k×k system for I ⊗ (a k×k core), Woodbury for diagonal + low rank.

        Raises ShapeError where the output and the variable differ in shape, LinAlgError where J is singular.
        """
        return np.asarray(self._programs.run("solve", self._arrays(values), np.asarray(right, float)))

    # ----- further --------------------------------------------------------------------------------------------------
    def derive(self, wrt: str) -> Derivative:
        """The derivative of the derivative."""
        if len(self.wrt) == 2:
            raise ArgumentError("Third derivatives have no formula in wrt yet; differentiate the code of the second one.")
        return Derivative(self._source, (*self.wrt, plain(wrt)), self._declared, self.layout, self.view, self.order, self.symmetric)

    def check(self, *, points: int = 3, seed: int = 0) -> Evidence:
        """The derivative beside difference quotients of the expression's own value, at random points."""
        return compare(self, points, seed)


@dataclass(frozen=True, slots=True)
class Steps:
    """A derivation with the evidence that it is right; print it."""

    derivation: Derivation
    evidence: Evidence | None
    lines: float | None

    def __str__(self) -> str:
        said = [self.derivation.text()]
        if self.evidence is not None:
            said.append(str(self.evidence))
        if self.lines is not None:
            said.append(f"each line evaluated at a random point: largest difference {self.lines:.1e}")
        return "\n".join(said)


def _with_shape(f: Formula) -> str:
    return f"{f.text()} {space(f.shape)}"


def _names(expression: object, wrt: Any) -> tuple[str, ...]:
    """The names in wrt=; positions where the expression is a function, whose arguments have an order."""
    given = (wrt,) if isinstance(wrt, str | int) else tuple(wrt)
    if callable(expression):
        return tuple(select(expression, name).names[0] if isinstance(name, int) else name for name in given)
    for name in given:
        if not isinstance(name, str):
            raise ArgumentError(f"wrt= takes the names of variables in the expression, not {name!r}.")
    return tuple(map(plain, given))


def _real(value: Any, name: str) -> Any:
    """The value as floating numbers."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ArgumentError(f"{name} is of dtype {array.dtype}; expected real numbers.")
    return array if array.dtype.kind == "f" else array.astype(float)


def written(inputs: Mapping[Node, str], node: Node) -> str:
    """The node as one NumPy expression, however long."""
    *statements, last = numpy_source("f", inputs, [node]).text.strip().splitlines()[1:]
    text = last.strip().removeprefix("return ")
    for line in reversed(statements):  # put each statement's value in its place
        name, _, value = line.strip().partition(" = ")
        if not name.isidentifier():
            return text
        text = re.sub(rf"\b{name}\b", f"({value})", text)
    return text
