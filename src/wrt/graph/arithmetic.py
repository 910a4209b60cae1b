"""Arithmetic on nodes, with the simplifications that keep derivatives readable: 0 + a, 1·a, −(−a), c·(d·a).

Importing this module gives `Node` its operators, so that a rule reads as its formula: `1 - u * u`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

from wrt.graph.index import Affine
from wrt.graph.nest import broadcast_to, is_zero, scaled, terms_of, uniform, zeros
from wrt.graph.node import FLOAT, DType, Node, Operand, Scalar, constant, make, number, promote
from wrt.graph.shape import broadcast

SQUARED: dict[str, Callable[[Node], Node]] = {}  # operations whose square is simpler than they are; `wrt.ops` fills it


def as_node(value: Operand) -> Node:
    return value if isinstance(value, Node) else constant(value)


def elementwise(op: str, *operands: Operand, dtype: DType | None = None) -> Node:
    """The broadcast application of a named operation; the dtype is NumPy's for arithmetic unless given."""
    inputs = tuple(map(as_node, operands))
    weak = all(node.weak for node in inputs)
    return make(op, inputs, None, broadcast(*(n.shape for n in inputs)), dtype or promote(*inputs), weak=weak)


def add(a: Operand, b: Operand) -> Node:
    a, b = as_node(a), as_node(b)
    folded = _folded(operator.add, a, b)
    if folded is not None:
        return folded
    shape = broadcast(a.shape, b.shape)
    for zero, other in ((a, b), (b, a)):
        if is_zero(zero) and promote(a, b) == other.dtype:
            return broadcast_to(other, shape)
    if b.op == "negative":
        return subtract(a, b.inputs[0])
    if a.op == "negative":
        return subtract(b, a.inputs[0])
    if a is b:
        return multiply(2, a)
    return elementwise("add", a, b)


def subtract(a: Operand, b: Operand) -> Node:
    a, b = as_node(a), as_node(b)
    folded = _folded(operator.sub, a, b)
    if folded is not None:
        return folded
    shape = broadcast(a.shape, b.shape)
    if is_zero(b) and promote(a, b) == a.dtype:
        return broadcast_to(a, shape)
    if is_zero(a) and promote(a, b) == b.dtype:
        return negative(broadcast_to(b, shape))
    if b.op == "negative":
        return add(a, b.inputs[0])
    return elementwise("subtract", a, b)


def multiply(a: Operand, b: Operand) -> Node:
    a, b = as_node(a), as_node(b)
    folded = _folded(operator.mul, a, b)
    if folded is not None:
        return folded
    if a is b and a.op in SQUARED:
        return SQUARED[a.op](a)
    shape = broadcast(a.shape, b.shape)
    dtype = promote(a, b)
    for one, other in ((a, b), (b, a)):
        value = uniform(one)
        if value is None:
            continue
        if value == 0:
            return zeros(shape, dtype)
        if value == 1 and dtype == other.dtype:
            return broadcast_to(other, shape)
        if value == -1 and dtype == other.dtype and dtype.kind == "f":
            return negative(broadcast_to(other, shape))
        if one.shape == ():
            return _times(value, other, dtype)
    for masked, other in ((a, b), (b, a)):  # a masked-out entry stays zero whatever it is multiplied by: 0·inf must not be NaN
        if masked.op == "where" and is_zero(masked.inputs[2]):
            kept = multiply(masked.inputs[1], other)
            return elementwise("where", masked.inputs[0], kept, constant(0.0), dtype=kept.dtype)
    for signed, other in ((a, b), (b, a)):
        if signed.op == "negative":
            return negative(multiply(signed.inputs[0], other))
    value = number(a.inputs[0]) if a.op == "multiply" else None
    if value is not None:
        return _times(value, multiply(a.inputs[1], b), dtype)
    value = number(b.inputs[0]) if b.op == "multiply" else None
    if value is not None:
        return _times(value, multiply(a, b.inputs[1]), dtype)
    return elementwise("multiply", a, b)


def _times(value: Scalar, a: Node, dtype: DType) -> Node:
    """value·a, the numbers together and in front."""
    if value == 1 and dtype == a.dtype:
        return a
    if a.op == "negative":
        return _times(-value, a.inputs[0], dtype)
    if a.op == "multiply":
        inner = number(a.inputs[0])
        if inner is not None and a.inputs[1].dtype.kind == "f":
            return _times(value * inner, a.inputs[1], dtype)
    if a.op == "nest" and a.dtype.kind == "f" and (len(terms_of(a)) < 3 or value == -1 or not _stacked(a)):
        return scaled(a, value)
    if value == -1 and dtype.kind == "f":
        return negative(a)
    return elementwise("multiply", constant(value), a, dtype=dtype)


def _stacked(a: Node) -> bool:
    """Whether a nest puts arrays side by side, so that it is made once and multiples of it are made from it."""
    return all(any(isinstance(index, Affine) and not index.parts for index in term.out) for term in terms_of(a))


def divide(a: Operand, b: Operand) -> Node:
    a, b = as_node(a), as_node(b)
    dtype = promote(a, b)
    dtype = dtype if dtype.kind in "fc" else FLOAT
    value = number(b)
    if value is not None and value != 0:
        top = number(a)
        if top is not None:
            return constant(top / value)
        if value == 1 and a.dtype == dtype:
            return a
    if is_zero(a) and number(a) is not None and b.op != "constant":
        return zeros(broadcast(a.shape, b.shape), dtype)
    if a.op == "negative" and a.dtype.kind == "f":
        return negative(divide(a.inputs[0], b))
    return elementwise("divide", a, b, dtype=dtype)


def negative(a: Operand) -> Node:
    a = as_node(a)
    value = number(a)
    if value is not None:
        return constant(-value)
    if a.op == "negative":
        return a.inputs[0]
    if a.op == "subtract":
        return subtract(a.inputs[1], a.inputs[0])
    if a.op == "multiply":
        inner = number(a.inputs[0])
        if inner is not None:
            return _times(-inner, a.inputs[1], a.dtype)
    if a.op == "nest" and a.dtype.kind == "f":
        return scaled(a, -1)
    return elementwise("negative", a)


def power(a: Operand, b: Operand) -> Node:
    a, b = as_node(a), as_node(b)
    exponent = number(b)
    if exponent == 2 and a.op in SQUARED:
        return SQUARED[a.op](a)
    if exponent == 1 and promote(a, b) == a.dtype:
        return a
    if exponent == 0 and a.dtype.kind == "f":
        return broadcast_to(constant(1.0), a.shape)
    base = number(a)
    if base is not None and exponent is not None and (base > 0 or (isinstance(exponent, int) and exponent >= 0)) and abs(exponent) <= 64:
        return constant(base**exponent)
    return elementwise("power", a, b)


def _folded(operation: Callable[[Scalar, Scalar], Scalar], a: Node, b: Node) -> Node | None:
    left, right = number(a), number(b)
    return constant(operation(left, right)) if left is not None and right is not None else None


def where(condition: Node, a: Operand, b: Operand) -> Node:
    a, b = as_node(a), as_node(b)
    return elementwise("where", condition, a, b, dtype=promote(a, b))


def mask(condition: Node, dtype: DType = FLOAT) -> Node:
    """1 where the condition holds, else an absolute 0: a product with it is zero there even if the other factor is not finite."""
    one = constant(1.0)
    return elementwise("where", condition, one, constant(0.0), dtype=dtype)


def _give_operators() -> None:
    def flipped(function: Callable[[Operand, Operand], Node]) -> Callable[[Node, Operand], Node]:
        return lambda self, other: function(other, self)

    for name, function in {"add": add, "sub": subtract, "mul": multiply, "truediv": divide, "pow": power}.items():
        setattr(Node, f"__{name}__", function)
        if name != "pow":
            setattr(Node, f"__r{name}__", flipped(function))
    setattr(Node, "__neg__", negative)  # noqa: B010


_give_operators()

__all__ = ["add", "as_node", "divide", "elementwise", "mask", "multiply", "negative", "power", "subtract", "where"]
