"""Elementwise operations: the page of slopes. `a`, `b` are the inputs and `u` is the value, so that it is not computed twice.

dU[i] = slope(a[i], u[i]) dA[i]: the local Jacobian is diagonal, with the slope on the diagonal. Source: any table of derivatives;
Abramowitz & Stegun, chapters 4 and 7.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np

from wrt.graph import arithmetic
from wrt.graph.arithmetic import as_node, divide, mask, where
from wrt.graph.index import ats
from wrt.graph.node import BOOL, FLOAT, DType, Node, Operand, promote
from wrt.graph.term import Factor, Term, broadcast_index
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Case, Operation, implements, operation

Slope = Callable[..., Operand]


def local_elementwise(*slopes: Slope | None) -> Callable[[Node], list[LinearMap | None]]:
    """Diagonal local Jacobians, one per input, from slopes as functions of the inputs and the value."""

    def local(node: Node) -> list[LinearMap | None]:
        return [None if slope is None else _diagonal(node, i, as_node(slope(*node.inputs, node))) for i, slope in enumerate(slopes)]

    return local


def _diagonal(node: Node, position: int, slope: Node) -> LinearMap:
    labels = ats(range(node.ndim))
    shape = node.inputs[position].shape
    col = broadcast_index(shape, labels, node.shape)
    factor = Factor(slope, broadcast_index(slope.shape, labels, node.shape))
    return LinearMap(node.shape, shape, (Term(node.shape, labels + col, (factor,)),))


def by_definition(function: Callable[..., Any]) -> Callable[..., Any]:
    """The NumPy function as an operation's value: elementwise operations need nothing of the node but its inputs."""
    return lambda _, *arrays: function(*arrays)


def real(*nodes: Node) -> DType:
    """The floating dtype of a function of these: integers become float64."""
    dtype = promote(*nodes)
    return dtype if dtype.kind in "fc" else FLOAT


def _smooth(name: str, function: Any, slope: Slope, text: str, latex: str, *, low: float = -2.0, high: float = 2.0, kinks: str = "") -> None:
    """A function of one number: np.name."""
    case = (Case(((2, 3),), low=low, high=high), Case(((),), low=low, high=high), Case(((0,),)), Case(((1,),), low=low, high=high))
    operation(Operation(name, by_definition(function), local_elementwise(slope), f"np.{function.__name__}", text, latex, kinks, case))

    @implements(function, cases=case)
    def build(x: Node) -> Node:
        return arithmetic.elementwise(name, x, dtype=real(x))

    BUILD[name] = build


BUILD: dict[str, Callable[[Node], Node]] = {}


def sin(a: Node) -> Node:
    return BUILD["sin"](a)


def cos(a: Node) -> Node:
    return BUILD["cos"](a)


def log(a: Node) -> Node:
    return BUILD["log"](a)


def exp(a: Node) -> Node:
    return BUILD["exp"](a)


def root(a: Node) -> Node:
    return BUILD["sqrt"](a)


def sign(a: Node) -> Node:
    return arithmetic.elementwise("sign", a)


def _sinc_slope(a: Node, u: Node) -> Node:
    """(cos πa − sinc a)/a; near 0 the series −π²a/3, which is exact to rounding where the quotient is not."""
    small = arithmetic.elementwise("less", BUILD["absolute"](a), as_node(1e-4), dtype=BOOL)
    safe = where(small, 1.0, a)
    return where(small, -(pi**2) / 3 * a, (cos(pi * safe) - u) / safe)


# ----- one input ------------------------------------------------------------------------------------------------------
_smooth("exp", np.exp, lambda a, u: u, "exp({0})", r"\exp({0})")
_smooth("exp2", np.exp2, lambda a, u: float(np.log(2)) * u, "exp2({0})", r"2^{{{0}}}")
_smooth("expm1", np.expm1, lambda a, u: u + 1, "expm1({0})", r"(\exp({0}) - 1)")
_smooth("log", np.log, lambda a, u: 1 / a, "log({0})", r"\log({0})", low=0.1, high=4)
_smooth("log2", np.log2, lambda a, u: 1 / (float(np.log(2)) * a), "log2({0})", r"\log_2({0})", low=0.1, high=4)
_smooth("log10", np.log10, lambda a, u: 1 / (float(np.log(10)) * a), "log10({0})", r"\log_{{10}}({0})", low=0.1, high=4)
_smooth("log1p", np.log1p, lambda a, u: 1 / (1 + a), "log1p({0})", r"\log(1 + {0})", low=-0.5)
_smooth("sqrt", np.sqrt, lambda a, u: 0.5 / u, "sqrt({0})", r"\sqrt{{{0}}}", low=0.1, high=4)
_smooth("cbrt", np.cbrt, lambda a, u: 1 / (3 * u**2), "cbrt({0})", r"\sqrt[3]{{{0}}}", low=0.1, high=4)
_smooth("sin", np.sin, lambda a, u: cos(a), "sin({0})", r"\sin({0})")
_smooth("cos", np.cos, lambda a, u: -sin(a), "cos({0})", r"\cos({0})")
_smooth("tan", np.tan, lambda a, u: 1 + u**2, "tan({0})", r"\tan({0})", low=-1.2, high=1.2)
_smooth("arcsin", np.arcsin, lambda a, u: 1 / root(1 - a**2), "arcsin({0})", r"\arcsin({0})", low=-0.9, high=0.9)
_smooth("arccos", np.arccos, lambda a, u: -1 / root(1 - a**2), "arccos({0})", r"\arccos({0})", low=-0.9, high=0.9)
_smooth("arctan", np.arctan, lambda a, u: 1 / (1 + a**2), "arctan({0})", r"\arctan({0})")
_smooth("sinh", np.sinh, lambda a, u: BUILD["cosh"](a), "sinh({0})", r"\sinh({0})")
_smooth("cosh", np.cosh, lambda a, u: BUILD["sinh"](a), "cosh({0})", r"\cosh({0})")
_smooth("tanh", np.tanh, lambda a, u: 1 - u**2, "tanh({0})", r"\tanh({0})")
_smooth("arcsinh", np.arcsinh, lambda a, u: 1 / root(1 + a**2), "arcsinh({0})", r"\operatorname{{arsinh}}({0})")
_smooth("arccosh", np.arccosh, lambda a, u: 1 / root(a**2 - 1), "arccosh({0})", r"\operatorname{{arcosh}}({0})", low=1.1, high=4)
_smooth("arctanh", np.arctanh, lambda a, u: 1 / (1 - a**2), "arctanh({0})", r"\operatorname{{artanh}}({0})", low=-0.9, high=0.9)
_smooth("deg2rad", np.deg2rad, lambda a, u: pi / 180, "deg2rad({0})", r"\tfrac{{\pi}}{{180}} {0}")
_smooth("rad2deg", np.rad2deg, lambda a, u: 180 / pi, "rad2deg({0})", r"\tfrac{{180}}{{\pi}} {0}")
_smooth("sinc", np.sinc, _sinc_slope, "sinc({0})", r"\operatorname{{sinc}}({0})", low=0.2, high=1.8)
_smooth("absolute", np.abs, lambda a, u: sign(a), "|{0}|", r"\left|{0}\right|", low=0.2, kinks="at 0, where the slope is taken as 0")


# ----- arithmetic -----------------------------------------------------------------------------------------------------
_PAIR = (Case(((3,), (3,))), Case(((2, 1), (3,))), Case(((), (2, 2))), Case(((0,), (1,))))
_APART = (Case(((3,), (3,)), low=0.3), Case(((2, 1), (3,)), low=0.3), Case(((), (2, 2)), low=0.3))


def _binary(name: str, function: Any, build: Callable[..., Node], slopes: tuple[Slope | None, Slope | None], code: str, text: str, latex: str, cases: tuple[Case, ...] = _PAIR, kinks: str = "") -> None:
    operation(Operation(name, by_definition(function), local_elementwise(*slopes), code, text, latex, kinks, cases))

    @implements(function, cases=cases)
    def built(x1: Node, x2: Node) -> Node:
        return build(x1, x2)


def _named(name: str, *, floating: bool = False, boolean: bool = False) -> Callable[[Node, Node], Node]:
    return lambda a, b: arithmetic.elementwise(name, a, b, dtype=BOOL if boolean else real(a, b) if floating else None)


def _power_by_base(a: Node, b: Node, u: Node) -> Node:
    """b·a^(b−1), and 0 where b = 0 even at a = 0."""
    if b.op == "constant":
        return b * arithmetic.power(a, arithmetic.subtract(b, 1))
    zero = arithmetic.elementwise("equal", b, as_node(0), dtype=BOOL)
    return where(zero, 0.0, b * arithmetic.power(a, where(zero, 1.0, b - 1)))


def _power_by_exponent(a: Node, b: Node, u: Node) -> Node:
    """u·log a, and 0 where a = 0 (the limit for b > 0)."""
    zero = arithmetic.elementwise("equal", a, as_node(0), dtype=BOOL)
    return arithmetic.multiply(u, log(a if a.op == "constant" else where(zero, 1.0, a)))


def _wins(a: Node, b: Node, name: str) -> Node:
    """1 where a is chosen, ½ at ties, an absolute 0 elsewhere."""
    tie = arithmetic.elementwise("equal", a, b, dtype=BOOL)
    return where(arithmetic.elementwise(name, a, b, dtype=BOOL), where(tie, 0.5, 1.0), 0.0)


_TIES = "at ties, where both inputs get half"
_binary("add", np.add, arithmetic.add, (lambda a, b, u: 1, lambda a, b, u: 1), "+", "{0} + {1}", "{0} + {1}")
_binary("subtract", np.subtract, arithmetic.subtract, (lambda a, b, u: 1, lambda a, b, u: -1), "-", "{0} - {1}", "{0} - {1}")
_binary("multiply", np.multiply, arithmetic.multiply, (lambda a, b, u: b, lambda a, b, u: a), "*", "{0} ⊙ {1}", r"{0} \odot {1}")
_binary("divide", np.divide, arithmetic.divide, (lambda a, b, u: 1 / b, lambda a, b, u: -u / b), "/", "{0} / {1}", r"\frac{{{0}}}{{{1}}}", _APART)
_binary("power", np.power, arithmetic.power, (_power_by_base, _power_by_exponent), "**", "{0}^{1}", "{0}^{{{1}}}", _APART)
_binary("maximum", np.maximum, _named("maximum"), (lambda a, b, u: _wins(a, b, "greater_equal"), lambda a, b, u: _wins(b, a, "greater_equal")), "np.maximum", "max({0}, {1})", r"\max({0}, {1})", kinks=_TIES)
_binary("minimum", np.minimum, _named("minimum"), (lambda a, b, u: _wins(a, b, "less_equal"), lambda a, b, u: _wins(b, a, "less_equal")), "np.minimum", "min({0}, {1})", r"\min({0}, {1})", kinks=_TIES)
_binary("arctan2", np.arctan2, _named("arctan2", floating=True), (lambda a, b, u: b / (a**2 + b**2), lambda a, b, u: -a / (a**2 + b**2)), "np.arctan2", "arctan2({0}, {1})", r"\operatorname{{atan2}}({0}, {1})", _APART)
_binary("hypot", np.hypot, _named("hypot", floating=True), (lambda a, b, u: a / u, lambda a, b, u: b / u), "np.hypot", "hypot({0}, {1})", r"\sqrt{{{0}^2 + {1}^2}}", _APART)
_binary("logaddexp", np.logaddexp, _named("logaddexp", floating=True), (lambda a, b, u: exp(a - u), lambda a, b, u: exp(b - u)), "np.logaddexp", "logaddexp({0}, {1})", r"\log(e^{{{0}}} + e^{{{1}}})")
_binary("remainder", np.remainder, _named("remainder"), (lambda a, b, u: 1, lambda a, b, u: -arithmetic.elementwise("floor", a / b)), "%", "{0} mod {1}", r"{0} \bmod {1}", _APART, kinks="where the quotient is an integer, where the slope of the branch to the right is taken")
_binary("copysign", np.copysign, _named("copysign", floating=True), (lambda a, b, u: sign(a) * sign(u), None), "np.copysign", "copysign({0}, {1})", r"\operatorname{{copysign}}({0}, {1})", _APART)

operation(Operation("negative", by_definition(np.negative), local_elementwise(lambda a, u: -1), "-", "-{0}", "-{0}", cases=(Case(((2, 3),)),)))


@implements(np.negative, cases=(Case(((2, 3),)),))
def negative(x: Node) -> Node:
    return arithmetic.negative(x)


@implements(np.positive, cases=(Case(((2, 3),)),))
def positive(x: Node) -> Node:
    return x


@implements(np.square, cases=(Case(((2, 3),)),))
def square(x: Node) -> Node:
    return arithmetic.power(x, 2)


@implements(np.reciprocal, cases=(Case(((2, 3),), low=0.3),))
def reciprocal(x: Node) -> Node:
    return divide(1, x)


@implements(np.fabs, cases=(Case(((2, 3),), low=0.3),))
def fabs(x: Node) -> Node:
    return BUILD["absolute"](x)


@implements(np.logaddexp2, cases=_PAIR)
def logaddexp2(x1: Node, x2: Node) -> Node:
    ln2 = float(np.log(2))
    return _named("logaddexp", floating=True)(ln2 * x1, ln2 * x2) / ln2


# ----- choices and comparisons ----------------------------------------------------------------------------------------
operation(Operation("where", lambda u, c, a, b: np.asarray(np.where(c, a, b), u.dtype), local_elementwise(None, lambda c, a, b, u: mask(c, u.dtype), lambda c, a, b, u: mask(arithmetic.elementwise("logical_not", c, dtype=BOOL), u.dtype)), "np.where", "where({0}, {1}, {2})", r"\operatorname{{where}}({0}, {1}, {2})"))


def _comparison(name: str, function: Any, code: str) -> None:
    operation(Operation(name, by_definition(function), local_elementwise(None, None), code, f"{{0}} {code} {{1}}", f"{{0}} {code} {{1}}"))

    @implements(function)
    def build(x1: Node, x2: Node) -> Node:
        return arithmetic.elementwise(name, x1, x2, dtype=BOOL)


def _steps(name: str, function: Any, dtype: DType | None = None) -> None:
    """A piecewise constant function: its slope is zero wherever it exists."""
    operation(Operation(name, by_definition(function), local_elementwise(None), f"np.{name}", f"{name}({{0}})", rf"\operatorname{{{{{name}}}}}({{0}})", "at its steps"))

    @implements(function)
    def build(x: Node) -> Node:
        return arithmetic.elementwise(name, x, dtype=dtype)


_comparison("less", np.less, "<")
_comparison("less_equal", np.less_equal, "<=")
_comparison("greater", np.greater, ">")
_comparison("greater_equal", np.greater_equal, ">=")
_comparison("equal", np.equal, "==")
_comparison("not_equal", np.not_equal, "!=")
_comparison("logical_and", np.logical_and, "np.logical_and")
_comparison("logical_or", np.logical_or, "np.logical_or")
_comparison("logical_xor", np.logical_xor, "np.logical_xor")
_steps("sign", np.sign)
_steps("floor", np.floor)
_steps("ceil", np.ceil)
_steps("trunc", np.trunc)
_steps("rint", np.rint)
_steps("logical_not", np.logical_not, BOOL)
_steps("isnan", np.isnan, BOOL)
_steps("isinf", np.isinf, BOOL)
_steps("isfinite", np.isfinite, BOOL)
_steps("signbit", np.signbit, BOOL)


@implements(np.floor_divide)
def floor_divide(x1: Node, x2: Node) -> Node:
    return arithmetic.elementwise("floor", divide(x1, x2))
