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
    """An expression and how tightly it binds; and what may be written instead of it in a larger one.

    turned
        The transposed matrix, where it has a shorter text than (…).T: (A @ B).T is B.T @ A.T.
    under
        b in 1 / b, so that 1 / b * a is a / b.
    minus
        a in −a, so that b + −a is b − a.
    inverse
        The matrix of which this is the inverse, so that products with it are solved.
    loose
        The same with fewer or shorter axes, enough where it broadcasts anyway.
    """

    text: str
    level: int = ATOM
    turned: Code | None = None
    under: Code | None = None
    minus: Code | None = None
    inverse: Code | None = None
    loose: Code | None = None

    def inside(self, level: int) -> str:
        """The text as an operand that must bind at least as tightly as `level`."""
        return self.text if self.level >= level else f"({self.text})"


def binary(operator: str, left: Code, right: Code) -> Code:
    level = LEVEL[operator]
    if operator == "**":
        return Code(f"{left.inside(ATOM)}**{right.inside(SIGN)}", POWER)
    if operator == "*" and (left.under or right.under):
        return binary("/", right, left.under) if left.under else binary("/", left, right.under or right)
    if operator in "+-" and right.minus is not None:
        return binary("-" if operator == "+" else "+", left, right.minus)
    if operator == "+" and left.minus is not None:
        return binary("-", right, left.minus)
    under = right if operator == "/" and left.text in ("1", "1.0") else None
    return Code(f"{left.inside(level)} {operator} {right.inside(level + 1)}", level, under=under)


def sign(operand: Code) -> Code:
    if operand.minus is not None:
        return operand.minus
    turned = None if operand.turned is None else sign(operand.turned)
    return Code(f"-{operand.inside(SIGN)}", SIGN, turned, minus=operand)


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
    made = binary("*", number(scale), operand)
    turned = None if operand.turned is None else scaled(scale, operand.turned)
    return made._replace(turned=turned, minus=scaled(-scale, operand) if scale < 0 else None)
