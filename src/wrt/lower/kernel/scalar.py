"""What elementwise operations are as scalar operations: a handful of primitives, and calls of the C library's functions.

add sub mul div neg sqrt abs floor ceil trunc rint copysign   of numbers
lt le gt ge eq ne and or xor not                              to or of truths
select cast                                                   choice and conversion
exp log sin … (CALLS)                                         functions of the C library
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, pi
from typing import TYPE_CHECKING

import numpy as np

from wrt.graph.node import Node, number, promote
from wrt.lower.kernel.program import code

if TYPE_CHECKING:
    from wrt.lower.kernel.reader import Reader

_ALIKE = ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot", "erf", "erfc")
CALLS = {
    **{name: name for name in _ALIKE},
    **{f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "arctan2": "atan2",
    "power": "pow",
}
PLAIN = {"add": "add", "subtract": "sub", "multiply": "mul"} | {name: name for name in ("sqrt", "floor", "ceil", "trunc", "rint", "copysign")}
COMPARE = {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "equal": "eq", "not_equal": "ne"}
LOGIC = {"logical_and": "and", "logical_or": "or", "logical_xor": "xor"}

Rule = Callable[["Reader", Node, Sequence[int]], int]
SCALAR: dict[str, Rule] = {}


def _plain(name: str) -> Rule:
    def rule(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
        dtype = code(node.dtype)
        return reader.loop.op(name, dtype, *(reader.cast(value, dtype) for value in inputs))

    return rule


def _compare(name: str) -> Rule:
    def rule(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
        dtype = code(promote(*node.inputs)) if all(n.dtype.kind != "b" for n in node.inputs) else "f8"
        return reader.loop.op(name, "b1", *(reader.cast(value, dtype) for value in inputs))

    return rule


def _logic(name: str) -> Rule:
    def rule(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
        return reader.loop.op(name, "b1", *(truth(reader, value) for value in inputs))

    return rule


def truth(reader: Reader, value: int) -> int:
    """Whether a number is not 0."""
    dtype = reader.loop.ops[value].dtype
    return value if dtype == "b1" else reader.loop.op("ne", "b1", value, reader.constant(0, dtype))


for _name, _op in {**PLAIN, **CALLS}.items():
    SCALAR[_name] = _plain(_op)
for _name, _op in COMPARE.items():
    SCALAR[_name] = _compare(_op)
for _name, _op in LOGIC.items():
    SCALAR[_name] = _logic(_op)


def _rule(name: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """A rule of (op, dtype, inputs cast to the node's dtype): op(name, *values) and numbers are written with `Short`."""

    def declared(rule: Callable[..., int]) -> Callable[..., int]:
        SCALAR[name] = lambda reader, node, inputs: rule(Short(reader, code(node.dtype)), *(reader.cast(v, code(node.dtype)) for v in inputs))
        return rule

    return declared


class Short:
    """Operations of one dtype, written briefly."""

    def __init__(self, reader: Reader, dtype: str) -> None:
        self.reader, self.dtype = reader, dtype

    def __call__(self, name: str, *values: float) -> int:
        """The operation; floats among the operands are constants."""
        return self.reader.loop.op(name, self.dtype, *map(self._number, values))

    def test(self, name: str, *values: float) -> int:
        return self.reader.loop.op(name, "b1", *map(self._number, values))

    def _number(self, value: float) -> int:
        return value if isinstance(value, int) else self.reader.constant(value, self.dtype)


@_rule("negative")
def _negative(op: Short, a: int) -> int:
    return op("neg", a)


@_rule("divide")
def _divide(op: Short, a: int, b: int) -> int:
    return op("div", a, b)


@_rule("absolute")
def _absolute(op: Short, a: int) -> int:
    return op("abs", a) if op.dtype[0] == "f" else op("select", op.test("lt", a, 0.0), op("neg", a), a)


@_rule("maximum")
def _maximum(op: Short, a: int, b: int) -> int:
    """NaN if either is."""
    return op("select", op.test("or", op.test("ge", a, b), op.test("ne", a, a)), a, b)


@_rule("minimum")
def _minimum(op: Short, a: int, b: int) -> int:
    return op("select", op.test("or", op.test("le", a, b), op.test("ne", a, a)), a, b)


@_rule("sign")
def _sign(op: Short, a: int) -> int:
    """NaN stays NaN."""
    small = op("select", op.test("lt", a, 0.0), -1.0, op("select", op.test("eq", a, 0.0), 0.0, a))
    return op("select", op.test("gt", a, 0.0), 1.0, small)


@_rule("logaddexp")
def _logaddexp(op: Short, a: int, b: int) -> int:
    """max + log1p(exp(−|a − b|)), and a + log 2 where both are the same infinity."""
    apart = op("add", _maximum(op, a, b), op("log1p", op("exp", op("neg", op("abs", op("sub", a, b))))))
    return op("select", op.test("eq", a, b), op("add", a, log(2)), apart)


@_rule("remainder")
def _remainder(op: Short, a: int, b: int) -> int:
    """Of the sign of the divisor, as in Python."""
    rest = op("fmod", a, b)
    wrong = op.test("and", op.test("ne", rest, 0.0), op.test("ne", op.test("lt", rest, 0.0), op.test("lt", b, 0.0)))
    return op("select", wrong, op("add", rest, b), rest)


@_rule("deg2rad")
def _deg2rad(op: Short, a: int) -> int:
    return op("mul", a, pi / 180)


@_rule("rad2deg")
def _rad2deg(op: Short, a: int) -> int:
    return op("mul", a, 180 / pi)


@_rule("sinc")
def _sinc(op: Short, a: int) -> int:
    """sin πa / πa, with NumPy's way out at 0."""
    angle = op("mul", pi, op("select", op.test("eq", a, 0.0), 1e-20, a))
    return op("div", op("sin", angle), angle)


def _where(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
    dtype = code(node.dtype)
    return reader.loop.op("select", dtype, truth(reader, inputs[0]), *(reader.cast(v, dtype) for v in inputs[1:]))


def _not(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
    return reader.loop.op("not", "b1", truth(reader, inputs[0]))


def _power(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
    """Small whole exponents as products, ½ as a root, others by the C library."""
    dtype = code(node.dtype)
    op = Short(reader, dtype)
    base, exponent = (reader.cast(v, dtype) for v in inputs)
    n = number(node.inputs[1])
    if dtype[0] == "f" and n is not None:
        if n == 0.5:
            return op("sqrt", base)
        if n == int(n) and 1 <= abs(n) <= 16:
            power = _whole(op, base, abs(int(n)))
            return power if n > 0 else op("div", 1.0, power)
    if dtype[0] == "i" and n is not None and n == int(n) and 1 <= n <= 16:
        return _whole(op, base, int(n))
    return op("pow", base, exponent)


def _whole(op: Short, base: int, n: int) -> int:
    if n == 1:
        return base
    half = _whole(op, base, n // 2)
    square = op("mul", half, half)
    return op("mul", square, base) if n % 2 else square


def _finite(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
    value = reader.cast(inputs[0], "f8")
    return reader.loop.op("eq", "b1", reader.loop.op("sub", "f8", value, value), reader.constant(0, "f8"))


def _nan(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
    value = reader.cast(inputs[0], "f8")
    return reader.loop.op("ne", "b1", value, value)


def _infinite(reader: Reader, node: Node, inputs: Sequence[int]) -> int:
    value = reader.loop.op("abs", "f8", reader.cast(inputs[0], "f8"))
    return reader.loop.op("eq", "b1", value, reader.constant(np.inf, "f8"))


@_rule("expit")
def _expit(op: Short, a: int) -> int:
    return op("div", 1.0, op("add", 1.0, op("exp", op("neg", a))))


@_rule("direction")
def _direction(op: Short, a: int, u: int) -> int:
    """a/u, and 0 where u = 0."""
    return op("select", op.test("eq", u, 0.0), 0.0, op("div", a, u))


@_rule("fmod")
def _fmod(op: Short, a: int, b: int) -> int:
    return op("fmod", a, b)


SCALAR.update({"where": _where, "logical_not": _not, "power": _power, "isfinite": _finite, "isnan": _nan, "isinf": _infinite})
