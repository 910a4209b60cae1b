"""The tree that a line of text becomes: small frozen nodes that remember where in the text they stood.

An operator means one thing whatever the grammar it was typed in. Where the size of the operands decides, as for the `*`,
`/` and `^` of matrixcalculus.org, it has a word of its own:

| node           | meaning                                                | NumPy  | matrixcalculus.org |
|----------------|--------------------------------------------------------|--------|--------------------|
| `*` `/` `**`   | entry by entry, broadcast                              | * / ** | .* ./ .^           |
| `@`            | matrix product                                         | @      | @                  |
| `times`        | matrix product; scaling if a factor is a scalar        |        | *                  |
| `over`         | division by a scalar; entry by entry for equal shapes  |        | /                  |
| `power`        | power of a scalar; repeated product of a square matrix |        | ^                  |
| `Transpose`    | a vector becomes a row, a matrix its transpose         |        | '                  |

Spans do not take part in equality: two texts with the same meaning give equal trees.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import EllipsisType
from typing import Literal, TypeAlias

Dialect = Literal["numpy", "matrixcalculus"]
Span = tuple[int, int]
UnaryOperator = Literal["+", "-", "~"]
Operator = Literal["+", "-", "*", "/", "//", "%", "**", "@", "times", "over", "power", "&", "|", "<", "<=", ">", ">=", "==", "!="]
Node: TypeAlias = (
    "Number | Name | Text | Constant | Unary | Binary | Transpose | Attribute | Call | Subscript | Slice | List | Tuple"
)

COMPARISON, OR, AND, SUM, PRODUCT, UNARY, POWER, POSTFIX = range(1, 9)
LEVEL: dict[Operator, int] = {
    "<": COMPARISON, "<=": COMPARISON, ">": COMPARISON, ">=": COMPARISON, "==": COMPARISON, "!=": COMPARISON,
    "|": OR, "&": AND, "+": SUM, "-": SUM,
    "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "@": PRODUCT, "times": PRODUCT, "over": PRODUCT,
    "**": POWER, "power": POWER,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A literal: `2`, `0.5`, `1e-3`; int and float are kept apart."""

    value: int | float
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Name:
    """A free name or a function; `name` is plain (`theta`), `written` is as typed (`θ`)."""

    name: str
    span: Span = field(default=(0, 0), compare=False)
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted argument: `'valid'`."""

    value: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Constant:
    """None, True, False or `...`."""

    value: bool | EllipsisType | None
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`-x`, `+x`, or `~mask`."""

    op: UnaryOperator
    operand: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; the table above says what each operator means."""

    op: Operator
    left: Node
    right: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Transpose:
    """The postfix `'` of matrixcalculus.org; NumPy's `.T` is an Attribute."""

    operand: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`X.T`, `np.sin`: a dot and a plain word."""

    value: Node
    name: str
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Keyword:
    """`axis=0` in a call."""

    name: str
    value: Node
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its name, or a method, and its arguments."""

    function: Name | Attribute
    args: tuple[Node, ...]
    keywords: tuple[Keyword, ...] = ()
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Subscript:
    """`x[i]`, `X[:, None, 1:]`."""

    value: Node
    indices: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Slice:
    """Stands only among the indices of a Subscript."""

    start: Node | None
    stop: Node | None
    step: Node | None
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class List:
    """`[a, b]`, rows of a matrix being lists in a list."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Tuple:
    """`(a, b)`; parentheses around one expression leave no trace."""

    items: tuple[Node, ...]
    span: Span = field(default=(0, 0), compare=False)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below, in the order of the text."""
    match node:
        case Unary(operand=operand) | Transpose(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Attribute(value=value):
            return (value,)
        case Call(function=function, args=args, keywords=keywords):
            return (function, *args, *(keyword.value for keyword in keywords))
        case Subscript(value=value, indices=indices):
            return (value, *indices)
        case Slice(start=start, stop=stop, step=step):
            return tuple(part for part in (start, stop, step) if part is not None)
        case List(items=items) | Tuple(items=items):
            return items
    return ()


def walk(tree: Node) -> Iterator[Node]:
    """Every node, each before its children, in the order of the text."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(children(node)))


def dialect_of(tree: Node) -> Dialect:
    """The grammar that can write the tree: matrixcalculus.org's if sizes must decide somewhere, else NumPy's."""
    for node in walk(tree):
        if isinstance(node, Transpose) or (isinstance(node, Binary) and node.op in ("times", "over", "power")):
            return "matrixcalculus"
    return "numpy"


def unparse(tree: Node) -> str:
    """The tree as canonical text in the grammar `dialect_of` names, with the fewest parentheses.

    >>> from wrt.trace.text import parse
    >>> unparse(parse("((x).T@(A@x))**(2)").tree)
    '(x.T @ (A @ x))**2'
    """
    return _write(tree, 0, dialect_of(tree))


_NUMPY = {"*": "*", "/": "/", "**": "**", "//": "//"} | {op: f" {op} " for op in ("@", "%", "+", "-", "&", "|")}
_MATRIX = _NUMPY | {"*": ".*", "/": "./", "**": ".^", "times": "*", "over": "/", "power": "^"}


def _level(node: Node) -> int:
    match node:
        case Binary(op=op):
            return LEVEL[op]
        case Unary():
            return UNARY
        case Number(value=value) if math.copysign(1, value) < 0:
            return UNARY
    return POSTFIX


def _write(node: Node, floor: int, dialect: Dialect) -> str:
    """The node's text, in parentheses if it binds less tightly than `floor`."""
    if _level(node) < floor:
        return f"({_write(node, 0, dialect)})"
    match node:
        case Number(value=value):
            return "1e999" if value == math.inf else repr(value)
        case Name(name=name):
            return name
        case Text(value=value):
            return f'"{value}"' if "'" in value else f"'{value}'"
        case Constant(value=value):
            return "..." if value is ... else str(value)
        case Unary(op=op, operand=operand):
            return op + _write(operand, UNARY, dialect)
        case Binary():
            return _write_binary(node, dialect)
        case Transpose(operand=operand):
            return _write(operand, POSTFIX, dialect) + "'"
        case Attribute(value=value, name=name):
            text = _write(value, POSTFIX, dialect)
            return f"({text}).{name}" if text.isdigit() else f"{text}.{name}"
        case Call(function=function, args=args, keywords=keywords):
            given = [_write(arg, 0, dialect) for arg in args] + [f"{k.name}={_write(k.value, 0, dialect)}" for k in keywords]
            return f"{_write(function, POSTFIX, dialect)}({', '.join(given)})"
        case Subscript(value=value, indices=indices):
            return f"{_write(value, POSTFIX, dialect)}[{', '.join(_write(index, 0, dialect) for index in indices)}]"
        case Slice(start=start, stop=stop, step=step):
            first, last, by = ("" if part is None else _write(part, 0, dialect) for part in (start, stop, step))
            return f"{first}:{last}" + (f":{by}" if by else "")
        case List(items=items):
            return f"[{', '.join(_write(item, 0, dialect) for item in items)}]"
        case Tuple(items=items):
            inside = ", ".join(_write(item, 0, dialect) for item in items)
            return f"({inside},)" if len(items) == 1 else f"({inside})"


def _write_binary(node: Binary, dialect: Dialect) -> str:
    level = LEVEL[node.op]
    symbol = (_MATRIX if dialect == "matrixcalculus" else _NUMPY).get(node.op, f" {node.op} ")
    if level == POWER:
        left, right = _write(node.left, POSTFIX, dialect), _write(node.right, UNARY, dialect)
        # a^b' is refused as ambiguous when read, so an exponent with a transpose in it keeps its parentheses
        if dialect == "matrixcalculus" and "'" in right and not isinstance(node.right, Call) and _level(node.right) >= UNARY:
            right = f"({_write(node.right, 0, dialect)})"
    else:
        left = _write(node.left, level + (level == COMPARISON), dialect)
        right = _write(node.right, level + 1, dialect)
    if (symbol.startswith(".") and left[-1].isdigit()) or (level == PRODUCT and _is_loose(node.left)):
        symbol = f" {symbol.strip()} "  # 2.*x would read as 2. times x, and a @ x*y would look like a @ (x*y)
    return left + symbol + right


def _is_loose(node: Node) -> bool:
    """Whether a product is written with spaces around its signs."""
    while isinstance(node, Binary) and LEVEL[node.op] == PRODUCT:
        if node.op in ("@", "%"):
            return True
        node = node.left
    return False
