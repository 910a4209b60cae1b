"""Special functions: the page of their slopes, by SciPy's names. `a`, `b` are the inputs and `u` is the value.

SciPy is imported when a value is computed, not before. A parameter such as the order of a Bessel function has no slope known in
closed form: it must be a constant. Source: Abramowitz & Stegun, chapters 6, 7, 9 and 17; SciPy's reference pages.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi, sqrt
from typing import Any

import numpy as np

from wrt.errors import Unsupported
from wrt.graph import arithmetic
from wrt.graph.arithmetic import as_node, where
from wrt.graph.node import BOOL, Node, Operand
from wrt.graph.term import Term
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import Case, Operation, implements, operation
from wrt.ops.contraction import case
from wrt.ops.elementwise import BUILD, Slope, exp, local_elementwise, log, real, sign


def of(name: str, *operands: Operand) -> Node:
    """A special function of these, broadcast."""
    nodes = tuple(map(as_node, operands))
    return arithmetic.elementwise(name, *nodes, dtype=real(*nodes))


def _value(name: str) -> Callable[..., Any]:
    def value(node: Node, *arrays: Any) -> Any:
        import scipy.special

        return np.asarray(getattr(scipy.special, name)(*arrays), node.dtype)

    return value


class _NoSlope(LinearMap):
    """The local Jacobian by an argument that has no slope: whoever looks at it is refused, by the other arguments nobody looks."""

    __slots__ = ("fact",)
    fact: str

    def __init__(self, node: Node, position: int) -> None:
        object.__setattr__(self, "shape_out", node.shape)
        object.__setattr__(self, "shape_in", node.inputs[position].shape)
        object.__setattr__(self, "fact", f"scipy.special.{node.op} has no derivative rule in wrt by its argument {position + 1}.")

    @property
    def terms(self) -> tuple[Term, ...]:
        raise Unsupported(self.fact, advice="Keep that argument constant: differentiate by the others only.")


def _local(slopes: tuple[Slope | None, ...]) -> Callable[[Node], list[LinearMap | None]]:
    """Diagonal local Jacobians; an input without a slope must not be differentiated by."""

    def local(node: Node) -> list[LinearMap | None]:
        found = local_elementwise(*slopes)(node)
        varies = [slope is None and child.dtype.kind == "f" for slope, child in zip(slopes, node.inputs, strict=True)]
        return [_NoSlope(node, i) if missing else one for i, (missing, one) in enumerate(zip(varies, found, strict=True))]

    return local


def _one(name: str, slope: Slope, text: str, latex: str, *, low: float = -2.0, high: float = 2.0, kinks: str = "") -> None:
    cases = tuple(case(shape, low=low, high=high) for shape in ((2, 3), (), (0,), (1,)))
    operation(Operation(name, _value(name), _local((slope,)), f"scipy.special.{name}", text, latex, kinks, cases))

    @implements(f"scipy.special.{name}", cases=cases)
    def build(x: Node) -> Node:
        return of(name, x)


def _more(name: str, slopes: tuple[Slope | None, ...], text: str, latex: str, cases: tuple[Case, ...], kinks: str = "") -> None:
    operation(Operation(name, _value(name), _local(slopes), f"scipy.special.{name}", text, latex, kinks, cases))
    key = f"scipy.special.{name}"
    if len(slopes) == 2:
        implements(key, cases=cases)(_two(name))
    else:
        implements(key, cases=cases)(_three(name))


def _two(name: str) -> Callable[[Node, Node], Node]:
    def build(x: Node, y: Node) -> Node:
        return of(name, x, y)

    return build


def _three(name: str) -> Callable[[Node, Node, Node], Node]:
    def build(x: Node, y: Node, z: Node) -> Node:
        return of(name, x, y, z)

    return build


def _unless_zero(test: Node, value: Callable[[Node], Node]) -> Node:
    """The value where the tested entries are not 0, an absolute 0 where they are."""
    zero = arithmetic.elementwise("equal", test, as_node(0), dtype=BOOL)
    return where(zero, 0.0, value(where(zero, 1.0, test)))


_BELL = 1 / sqrt(2 * pi)

# ----- error functions ------------------------------------------------------------------------------------------------
_one("erf", lambda a, u: 2 / sqrt(pi) * exp(-(a**2)), "erf({0})", r"\operatorname{{erf}}({0})")
_one("erfc", lambda a, u: -2 / sqrt(pi) * exp(-(a**2)), "erfc({0})", r"\operatorname{{erfc}}({0})")
_one("erfcx", lambda a, u: 2 * a * u - 2 / sqrt(pi), "erfcx({0})", r"\operatorname{{erfcx}}({0})")
_one("erfinv", lambda a, u: sqrt(pi) / 2 * exp(u**2), "erfinv({0})", r"\operatorname{{erf}}^{{-1}}({0})", low=-0.9, high=0.9)
_one("erfcinv", lambda a, u: -sqrt(pi) / 2 * exp(u**2), "erfcinv({0})", r"\operatorname{{erfc}}^{{-1}}({0})", low=0.1, high=1.9)
_one("dawsn", lambda a, u: 1 - 2 * a * u, "dawsn({0})", "D({0})")
_one("ndtr", lambda a, u: _BELL * exp(-0.5 * a**2), "ndtr({0})", r"\Phi({0})")
_one("ndtri", lambda a, u: 1 / _BELL * exp(0.5 * u**2), "ndtri({0})", r"\Phi^{{-1}}({0})", low=0.05, high=0.95)
_one("log_ndtr", lambda a, u: _BELL * exp(-0.5 * a**2 - u), "log_ndtr({0})", r"\log \Phi({0})")

# ----- logistic functions ---------------------------------------------------------------------------------------------
_one("expit", lambda a, u: u * (1 - u), "expit({0})", r"\sigma({0})")
_one("logit", lambda a, u: 1 / (a * (1 - a)), "logit({0})", r"\operatorname{{logit}}({0})", low=0.05, high=0.95)
_one("log_expit", lambda a, u: of("expit", -a), "log_expit({0})", r"\log \sigma({0})")


def _exprel_slope(a: Node, u: Node) -> Node:
    """u = (eᵃ − 1)/a has the slope (eᵃ − u)/a; near 0 the series ½ + a/3 + a²/8 + a³/30."""
    small = arithmetic.elementwise("less", BUILD["absolute"](a), as_node(1e-3), dtype=BOOL)
    safe = where(small, 1.0, a)
    return where(small, 0.5 + a / 3 + a**2 / 8 + a**3 / 30, (exp(safe) - u) / safe)


_one("exprel", _exprel_slope, "exprel({0})", r"\operatorname{{exprel}}({0})")


# ----- gamma and beta -------------------------------------------------------------------------------------------------
def digamma(a: Operand) -> Node:
    return of("digamma", a)


def _polygamma(order: Operand, a: Operand) -> Node:
    return of("polygamma", order, a)


def _next_polygamma(order: Node, a: Node, u: Node) -> Node:
    return _polygamma(order + 1, a)


def _positive(*inputs: Any) -> Case:
    return case(*inputs, low=0.3, high=4.0)


_POLES = "at 0, −1, −2, …, where the function has poles"
_one("gamma", lambda a, u: u * digamma(a), "gamma({0})", r"\Gamma({0})", low=0.3, high=4, kinks=_POLES)
_one("gammaln", lambda a, u: digamma(a), "gammaln({0})", r"\log \Gamma({0})", low=0.3, high=4, kinks=_POLES)
_one("loggamma", lambda a, u: digamma(a), "loggamma({0})", r"\log \Gamma({0})", low=0.3, high=4, kinks=_POLES)
_one("rgamma", lambda a, u: -u * digamma(a), "rgamma({0})", r"\frac{{1}}{{\Gamma({0})}}", low=0.3, high=4)
_one("digamma", lambda a, u: _polygamma(1, a), "digamma({0})", r"\psi({0})", low=0.3, high=4, kinks=_POLES)
_ORDERS = (_positive(0, (3,)), _positive(1, (2, 2)), _positive(2, ()))
_PAIRS = (_positive((3,), (3,)), _positive((2, 1), (3,)), _positive((), (2,)))
_FIXED = (_positive(1.5, (3,)), _positive(np.array([1, 2, 3]), (2, 3)))
_more("polygamma", (None, _next_polygamma), "polygamma({0}, {1})", r"\psi^{{({0})}}({1})", _ORDERS, _POLES)
_LEFT: Slope = lambda a, b, u: digamma(a) - digamma(a + b)
_RIGHT: Slope = lambda a, b, u: digamma(b) - digamma(a + b)
_more("beta", (lambda a, b, u: u * _LEFT(a, b, u), lambda a, b, u: u * _RIGHT(a, b, u)), "beta({0}, {1})", "B({0}, {1})", _PAIRS)
_more("betaln", (_LEFT, _RIGHT), "betaln({0}, {1})", r"\log B({0}, {1})", _PAIRS)
_more("gammainc", (None, lambda a, b, u: _gamma_density(a, b)), "gammainc({0}, {1})", r"P({0}, {1})", _FIXED)
_more("gammaincc", (None, lambda a, b, u: -_gamma_density(a, b)), "gammaincc({0}, {1})", r"Q({0}, {1})", _FIXED)
_DENSITY: Slope = lambda a, b, x, u: exp(of("xlogy", a - 1, x) + of("xlog1py", b - 1, -x) - of("betaln", a, b))
_more("betainc", (None, None, _DENSITY), "betainc({0}, {1}, {2})", r"I_{{{2}}}({0}, {1})", (case(1.5, 2.0, (3,), low=0.1, high=0.9),))


def _gamma_density(a: Node, x: Node) -> Node:
    return exp(of("xlogy", a - 1, x) - x - of("gammaln", a))


@implements("scipy.special.psi", cases=(_positive((3,)),))
def psi(x: Node) -> Node:
    return digamma(x)


# ----- entropies ------------------------------------------------------------------------------------------------------
def _quotient(a: Node, b: Node) -> Node:
    """a/b, and 0 where a = 0."""
    return _unless_zero(a, lambda safe: safe / b)


_ZERO = "where the argument of the logarithm is 0"
_WITH_ZERO = (*_PAIRS, _positive(0.0, (2,)))
_LOG: tuple[Slope, Slope] = (lambda a, b, u: log(b), lambda a, b, u: _quotient(a, b))
_LOG1: tuple[Slope, Slope] = (lambda a, b, u: BUILD["log1p"](b), lambda a, b, u: _quotient(a, 1 + b))
_RATIO = r"{0} \log \frac{{{0}}}{{{1}}}"
_more("xlogy", _LOG, "xlogy({0}, {1})", r"{0} \log {1}", _WITH_ZERO, _ZERO)
_more("xlog1py", _LOG1, "xlog1py({0}, {1})", r"{0} \log(1 + {1})", _WITH_ZERO, _ZERO)
_more("rel_entr", (lambda a, b, u: log(a / b) + 1, lambda a, b, u: -a / b), "rel_entr({0}, {1})", _RATIO, _PAIRS, _ZERO)
_more("kl_div", (lambda a, b, u: log(a / b), lambda a, b, u: 1 - a / b), "kl_div({0}, {1})", _RATIO + " - {0} + {1}", _PAIRS, _ZERO)
_one("entr", lambda a, u: -log(a) - 1, "entr({0})", r"-{0} \log {0}", low=0.2, kinks=_ZERO)

# ----- robust losses --------------------------------------------------------------------------------------------------
_LOSSES = (case(0.75, (2, 3)), case((), (3,), low=0.3), case((3,), (2, 1), low=0.3))


def _huber_by_width(delta: Node, r: Node, u: Node) -> Node:
    size = BUILD["absolute"](r)
    inside = arithmetic.elementwise("less_equal", size, delta, dtype=BOOL)
    return where(inside, 0.0, size - delta)


def _huber_by_residual(delta: Node, r: Node, u: Node) -> Node:
    inside = arithmetic.elementwise("less_equal", BUILD["absolute"](r), delta, dtype=BOOL)
    return where(inside, r, delta * sign(r))


def _pseudo(delta: Node, r: Node) -> Node:
    return BUILD["sqrt"](1 + (r / delta) ** 2)


_more("huber", (_huber_by_width, _huber_by_residual), "huber({0}, {1})", r"\operatorname{{huber}}_{{{0}}}({1})", _LOSSES)
_PSEUDO: tuple[Slope, Slope] = (lambda d, r, u: 2 * u / d - (r / d) * (r / _pseudo(d, r)), lambda d, r, u: r / _pseudo(d, r))
_more("pseudo_huber", _PSEUDO, "pseudo_huber({0}, {1})", r"\operatorname{{pseudohuber}}_{{{0}}}({1})", _LOSSES)


def _boxcox_by_base(a: Node, b: Node, u: Node) -> Node:
    return arithmetic.power(a, arithmetic.subtract(b, 1))




def _boxcox_by_power(a: Node, b: Node, u: Node) -> Node:
    """u = (aᵇ − 1)/b has the slope (aᵇ log a − u)/b, and ½ log² a at b = 0."""
    zero = arithmetic.elementwise("equal", b, as_node(0), dtype=BOOL)
    safe = where(zero, 1.0, b)
    return where(zero, 0.5 * log(a) ** 2, (arithmetic.power(a, safe) * log(a) - u) / safe)


_BOXES = (case((3,), 0.5, low=0.3), case((3,), 0.0))
_TO_ZERO = (*_PAIRS, case((3,), 0.0, low=0.3))
_more("boxcox", (_boxcox_by_base, _boxcox_by_power), "boxcox({0}, {1})", r"\frac{{{0}^{{{1}}} - 1}}{{{1}}}", _TO_ZERO)
_more("inv_boxcox", (lambda a, b, u: arithmetic.power(u, 1 - b), None), "inv_boxcox({0}, {1})", r"({1} {0} + 1)^{{1/{1}}}", _BOXES)

# ----- Bessel functions and elliptic integrals ------------------------------------------------------------------------
_BESSEL = (case(0, (3,), low=0.3), case(1, (2, 2), low=0.3), case(2.5, (), low=0.3))


def _steps(name: str, left: float, right: float) -> Slope:
    """(left·u[n − 1] + right·u[n + 1]) / 2, the slope of a Bessel function of order n."""
    return lambda n, a, u: 0.5 * (left * of(name, n - 1, a) + right * of(name, n + 1, a))


_more("jv", (None, _steps("jv", 1, -1)), "J_{0}({1})", "J_{{{0}}}({1})", _BESSEL)
_more("yv", (None, _steps("yv", 1, -1)), "Y_{0}({1})", "Y_{{{0}}}({1})", _BESSEL)
_more("iv", (None, _steps("iv", 1, 1)), "I_{0}({1})", "I_{{{0}}}({1})", _BESSEL)
_more("kv", (None, _steps("kv", -1, -1)), "K_{0}({1})", "K_{{{0}}}({1})", _BESSEL)
_SCALED: Slope = lambda n, a, u: _steps("ive", 1, 1)(n, a, u) - sign(a) * u
_more("ive", (None, _SCALED), "ive({0}, {1})", "e^{{-|{1}|}} I_{{{0}}}({1})", _BESSEL, "at 0, where the slope of |a| is taken as 0")
_one("j0", lambda a, u: -of("j1", a), "J_0({0})", "J_0({0})")
_one("j1", lambda a, u: 0.5 * (of("j0", a) - of("jv", 2, a)), "J_1({0})", "J_1({0})")
_one("y0", lambda a, u: -of("y1", a), "Y_0({0})", "Y_0({0})", low=0.3)
_one("y1", lambda a, u: 0.5 * (of("y0", a) - of("yv", 2, a)), "Y_1({0})", "Y_1({0})", low=0.3)
_one("i0", lambda a, u: of("i1", a), "I_0({0})", "I_0({0})")
_one("i1", lambda a, u: 0.5 * (of("i0", a) + of("iv", 2, a)), "I_1({0})", "I_1({0})")
_one("i0e", lambda a, u: of("i1e", a) - sign(a) * u, "i0e({0})", "e^{{-|{0}|}} I_0({0})", kinks="at 0, where the slope is taken as 0")
_one("i1e", lambda a, u: 0.5 * (of("i0e", a) + of("ive", 2, a)) - sign(a) * u, "i1e({0})", "e^{{-|{0}|}} I_1({0})")
_one("k0", lambda a, u: -of("k1", a), "K_0({0})", "K_0({0})", low=0.3)
_one("k1", lambda a, u: -0.5 * (of("k0", a) + of("kv", 2, a)), "K_1({0})", "K_1({0})", low=0.3)
_one("ellipk", lambda a, u: (of("ellipe", a) / (1 - a) - u) / (2 * a), "ellipk({0})", "K({0})", low=0.1, high=0.9)
_one("ellipe", lambda a, u: (u - of("ellipk", a)) / (2 * a), "ellipe({0})", "E({0})", low=0.1, high=0.9)


@implements(np.i0, cases=(case((2, 3)),))
def i0(x: Node) -> Node:
    return of("i0", x)


# ----- SciPy's names of NumPy's functions, and compositions -----------------------------------------------------------
def _alias(name: str, build: Callable[[Node], Node], *, low: float = -2.0) -> None:
    @implements(f"scipy.special.{name}", cases=(case((2, 3), low=low), case((), low=low)))
    def built(x: Node) -> Node:
        return build(x)


_alias("exp2", BUILD["exp2"])
_alias("expm1", BUILD["expm1"])
_alias("log1p", BUILD["log1p"], low=-0.5)
_alias("cbrt", BUILD["cbrt"], low=0.1)
_alias("exp10", lambda x: arithmetic.power(10.0, x))
_alias("softplus", lambda x: arithmetic.elementwise("logaddexp", x, as_node(0.0), dtype=real(x)))
