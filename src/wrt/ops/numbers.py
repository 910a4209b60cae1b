"""NumPy's second names, and what its functions of complex numbers and of roundings are for real input.

conj and real change nothing, imag is zero; degrees and radians are factors; fmod, modf and divmod are differences with a
multiple that is piecewise constant. Source: NumPy's reference pages.
"""

from __future__ import annotations

import numpy as np

from wrt.graph import arithmetic
from wrt.graph.arithmetic import divide, multiply, negative, power, subtract, where
from wrt.graph.nest import zeros
from wrt.graph.node import BOOL, FLOAT, Node
from wrt.ops.catalog import Operation, implements, operation
from wrt.ops.contraction import case
from wrt.ops.creation import as_dtype
from wrt.ops.elementwise import BUILD, by_definition, local_elementwise, real

_CASES = (case((2, 3)), case(()))
_PAIR = (case((3,), (3,), low=0.3), case((2, 1), (3,), low=0.3))


@implements(np.conjugate, cases=_CASES)
def conjugate(x: Node) -> Node:
    return x


@implements(np.real, cases=_CASES)
def real_part(val: Node) -> Node:
    return val


@implements(np.real_if_close, cases=_CASES)
def real_if_close(a: Node, tol: float = 100) -> Node:
    return a


@implements(np.imag)
def imaginary_part(val: Node) -> Node:
    return zeros(val.shape, val.dtype)


@implements(np.degrees, cases=_CASES)
def degrees(x: Node) -> Node:
    return BUILD["rad2deg"](x)


@implements(np.radians, cases=_CASES)
def radians(x: Node) -> Node:
    return BUILD["deg2rad"](x)


_HOLES = (case(np.array([0.5, np.nan, -1.0]), np.array([1.5, 2.0, np.nan])),)


@implements(np.fmax, cases=(*_PAIR, *_HOLES))
def fmax(x1: Node, x2: Node) -> Node:
    return arithmetic.elementwise("maximum", _or(x1, x2), _or(x2, x1))


@implements(np.fmin, cases=(*_PAIR, *_HOLES))
def fmin(x1: Node, x2: Node) -> Node:
    return arithmetic.elementwise("minimum", _or(x1, x2), _or(x2, x1))


def _or(a: Node, b: Node) -> Node:
    """a, and b where a is NaN."""
    return where(arithmetic.elementwise("isnan", a, dtype=BOOL), b, a)


@implements(np.float_power, cases=_PAIR)
def float_power(x1: Node, x2: Node) -> Node:
    return power(as_dtype(x1, FLOAT), as_dtype(x2, FLOAT))


# ----- roundings ------------------------------------------------------------------------------------------------------
_APART = np.array([0.31, -1.22, 1.73])


@implements(np.round, np.around, cases=(case(_APART), case(0.01 * _APART, decimals=1), case(10 * _APART, decimals=-1)))
def round(a: Node, decimals: int = 0) -> Node:
    if not decimals:
        return arithmetic.elementwise("rint", a)
    scale = 10.0 ** abs(decimals)
    if decimals > 0:
        return divide(arithmetic.elementwise("rint", multiply(a, scale)), scale)
    return multiply(arithmetic.elementwise("rint", divide(a, scale)), scale)


@implements(np.fix, cases=_CASES)
def fix(x: Node) -> Node:
    return arithmetic.elementwise("trunc", x)


def _multiple(a: Node, b: Node, u: Node) -> Node:
    return negative(arithmetic.elementwise("trunc", divide(a, b)))


_JUMPS = "where the quotient is an integer other than 0"
_SLOPES = local_elementwise(lambda a, b, u: 1, _multiple)
_TEXTS = "fmod({0}, {1})", r"\operatorname{{fmod}}({0}, {1})"
operation(Operation("fmod", by_definition(np.fmod), _SLOPES, "np.fmod", *_TEXTS, _JUMPS, _PAIR))


@implements(np.fmod, cases=_PAIR)
def fmod(x1: Node, x2: Node) -> Node:
    return arithmetic.elementwise("fmod", x1, x2, dtype=real(x1, x2))


@implements(np.modf, cases=_CASES)
def modf(x: Node) -> tuple[Node, Node]:
    whole = arithmetic.elementwise("trunc", x)
    return subtract(x, whole), whole


@implements(np.divmod, cases=_PAIR)
def divmod(x1: Node, x2: Node) -> tuple[Node, Node]:
    return arithmetic.elementwise("floor", divide(x1, x2)), arithmetic.elementwise("remainder", x1, x2)


@implements(np.ldexp, cases=(case((3,), 2), case((2, 3), np.array([1, 0, -2]))))
def ldexp(x1: Node, x2: Node) -> Node:
    return multiply(x1, power(2.0, x2 if x2.weak else as_dtype(x2, x1.dtype)))
