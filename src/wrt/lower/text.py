"""Python expressions as text that knows its precedence, so that only needed parentheses are written."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan
from typing import NamedTuple

from wrt.graph.node import Scalar
from wrt.graph.size import Size

COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
LEVEL = {
    **dict.fromkeys(("<", "<=", ">", ">=", "==", "!="), COMPARE),
    **dict.fromkeys(("+", "-"), SUM),
    **dict.fromkeys(("*", "/", "%", "@"), PRODUCT),
    "**": POWER,
}


class Code(NamedTuple):
    """An expression and how tightly it binds."""

    text: str
    level: int = ATOM

    def inside(self, level: int) -> str:
        """The text as an operand that must bind at least as tightly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


def binary(operator: str, left: Code, right: Code) -> Code:
    level = LEVEL[operator]
    if operator == "**":
        return Code(f"{left.inside(ATOM)}**{right.inside(SIGN)}", POWER)
    return Code(f"{left.inside(level)} {operator} {right.inside(level + 1)}", level)


def sign(operand: Code) -> Code:
    return Code(f"-{operand.inside(SIGN)}", SIGN)


def call(function: str, *arguments: str) -> Code:
    return Code(f"{function}({', '.join(arguments)})")


def method(operand: Code, name: str, *arguments: str) -> Code:
    return Code(f"{operand.inside(ATOM)}.{name}({', '.join(arguments)})")


def item(operand: Code, *indices: str) -> Code:
    return Code(f"{operand.inside(ATOM)}[{', '.join(indices)}]")


def number(value: Scalar) -> Code:
    if not isfinite(value):
        return Code("np.nan" if isnan(value) else "np.inf" if value > 0 else "-np.inf", SIGN if value < 0 else ATOM)
    return Code(repr(value), SIGN if str(value).startswith("-") else ATOM)


def size(value: Size) -> Code:
    if isinstance(value, int):
        return number(value)
    many = len(value.terms) > 1 or value.terms[0][1] < 0
    return Code(str(value), SUM if many else PRODUCT if "*" in str(value) else ATOM)


def shape(sizes: Sequence[Size]) -> str:
    if len(sizes) == 1:
        return size(sizes[0]).text
    return "(" + ", ".join(size(s).text for s in sizes) + ")"


def scaled(scale: Scalar, operand: Code) -> Code:
    """scale·operand, with 1 and −1 written as a reader would."""
    if scale == 1:
        return operand
    if scale == -1:
        return sign(operand)
    return binary("*", number(scale), operand)
