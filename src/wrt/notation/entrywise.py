"""Powers and functions entry by entry, with the simplifications that a reader would do."""

from __future__ import annotations

from collections.abc import Sequence

from wrt.graph.node import Node
from wrt.notation.build import ONE, product, quotient, split
from wrt.notation.expression import Call, Expr, Norm, Number, Power, Sum, form


def power(base: Expr, exponent: Expr) -> Expr:
    if isinstance(exponent, Number):
        value = exponent.value
        if value == 1:
            return base
        if value == 0.5:
            return call("sqrt", (base,))
        if value < 0:
            return quotient(ONE, power(base, Number(-value)))
        if isinstance(value, float) and value == int(value):
            exponent = Number(int(value))
        match base, exponent:
            case Power(inner, Number(first)), Number(second) if isinstance(first, int) and isinstance(second, int):
                return power(inner, Number(first * second))
    return Power(base, exponent)


def call(op: str, arguments: Sequence[Expr], node: Node | None = None) -> Expr:
    """An elementwise operation of the catalogue; `node` is one that has its dtype and attributes."""
    match op, arguments:
        case "sqrt", [Power(Norm() as norm, Number(2))]:
            return norm
        case ("greater" | "less"), [Sum((first, second)), Number(0)] if split(second)[0] < 0:  # a − b > 0
            return Call(op, (first, product((second,), -1)), form(Sum((first, second))), node)
    return Call(op, tuple(arguments), form(Sum(tuple(arguments))), node)
