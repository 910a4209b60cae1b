"""Text to tree: a Pratt parser for two grammars, NumPy's and that of matrixcalculus.org. Nothing is ever evaluated.

    comparison  <  |  <  &  <  + -  <  * / // % @ .* ./  <  unary + - ~  <  ** ^ .^  <  postfix ' . ( ) [ ]

That is Python's order (V. R. Pratt, Top down operator precedence, 1973, for the method); only `^` moves: it is the power in
both grammars, as nobody means exclusive-or here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from wrt.errors import ParseError
from wrt.trace.syntax import (
    COMPARISON,
    LEVEL,
    POWER,
    UNARY,
    Attribute,
    Binary,
    Call,
    Constant,
    Dialect,
    Keyword,
    List,
    Name,
    Node,
    Number,
    Operator,
    Slice,
    Span,
    Subscript,
    Text,
    Transpose,
    Tuple,
    Unary,
    UnaryOperator,
    children,
)
from wrt.trace.tokens import MAX_DIGITS, MODULES, RESERVED, Token, guess_dialect, plain, refuse, tokenize

MAX_LENGTH = 20_000
MAX_DEPTH = 200

_CONSTANTS = {"None": None, "True": True, "False": False}
_MEANING: dict[Dialect, dict[str, Operator]] = {
    "numpy": {".*": "*", "./": "/", ".^": "**", "^": "**"},
    "matrixcalculus": {".*": "*", "./": "/", ".^": "**", "^": "power", "**": "power", "*": "times", "/": "over"},
}
_BINARY = LEVEL.keys() | {".*", "./", ".^", "^"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """A text, the grammar it was read in, its tree (at most 200 levels) and its free names in order of appearance."""

    tree: Node
    dialect: Dialect
    text: str
    names: tuple[str, ...]


def parse(text: str, dialect: Dialect | None = None) -> Parsed:
    """Read one expression.

    Without `dialect`, a text with a sign of matrixcalculus.org (`'`, `.*`, `./`, `.^`, `^`, `norm2(x)`, `tr(X)` …) and nothing
    that only NumPy has (`@`, `**`, `np.`, `[0]`, `axis=0` …) is read in that grammar, every other in NumPy's.

    >>> parse("norm2(y - Φ*θ)^2").names
    ('y', 'Phi', 'theta')

    Raises ParseError, with a caret at the character, for everything that is not an expression.
    """
    if len(text) > MAX_LENGTH:
        fact = f"the text has {len(text)} characters; at most {MAX_LENGTH} are read"
        raise refuse(text, fact, (MAX_LENGTH, MAX_LENGTH + 1), advice="write a Python function instead")
    tokens = tokenize(text)
    if len(tokens) == 1:
        raise ParseError("the text is empty", advice='write an expression, such as "sum((y - X @ w)**2)"')
    sign = None
    if dialect is None:
        dialect, sign = guess_dialect(tokens)
    reader = _Reader(text, tokens, dialect, sign)
    try:
        tree = reader.expression()
    except RecursionError:  # the caller's own stack left too little room
        raise reader.too_deep(reader.token) from None
    if reader.token.kind != "end":
        raise reader.stray()
    return Parsed(tree, dialect, text, _inspect(tree, text))


def _inspect(tree: Node, text: str) -> tuple[str, ...]:
    """The free names; refuses what single steps of the parser cannot see: long chains, and quoted text as a value."""
    names: dict[str, None] = {}
    waiting: list[tuple[Node, Node | None, int]] = [(tree, None, 1)]
    while waiting:
        node, parent, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise refuse(text, _too_deep, (node.span[0], node.span[0] + 1), advice=_too_deep_advice)
        if isinstance(node, Text) and not isinstance(parent, Call | List | Tuple):
            raise refuse(text, "quoted text is an argument of a function, not a value", node.span)
        if isinstance(node, Name):
            module = isinstance(parent, Attribute) and node.name in MODULES
            if not module and not (isinstance(parent, Call) and node is parent.function):
                names.setdefault(node.name)
        waiting.extend((child, node, depth + 1) for child in reversed(children(node)))
    return tuple(names)


_too_deep = f"more than {MAX_DEPTH} operations stand inside each other"
_too_deep_advice = "give parts a name, write a long sum as an array operation, or write a Python function"


class _Reader:
    """One pass over the tokens; `token` is the next one to read."""

    def __init__(self, text: str, tokens: list[Token], dialect: Dialect, sign: Token | None) -> None:
        self.text, self.tokens, self.dialect, self.sign = text, tokens, dialect, sign
        self.at = self.depth = 0
        self.token = tokens[0]

    # ----- steps -----

    def advance(self) -> Token:
        """Take the next token."""
        taken = self.token
        self.at += 1
        self.token = self.tokens[self.at]
        return taken

    def sees(self, *texts: str) -> bool:
        return self.token.kind == "op" and self.token.text in texts

    def since(self, start: int) -> Span:
        """From `start` to the end of the token just taken."""
        return start, self.tokens[self.at - 1].end

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.too_deep(token)

    # ----- grammar -----

    def expression(self, floor: int = 0, exponent: bool = False) -> Node:
        """The longest expression from here whose operators all bind at least as tightly as `floor`."""
        start = self.token.start
        if self.sees("-", "+", "~"):
            self.deeper(self.token)
            op = cast("UnaryOperator", self.advance().text)
            left: Node = Unary(op, self.expression(UNARY, exponent), self.since(start))
            self.depth -= 1
        else:
            left = self.operand(exponent)
        length = 0
        while self.token.kind == "op" and self.token.text in _BINARY:
            op_token = self.token
            meaning = _MEANING[self.dialect].get(op_token.text, cast("Operator", op_token.text))
            level = LEVEL[meaning]
            if level < floor:
                break
            length += 1
            if length == MAX_DEPTH:  # a + b + c + … is a tree as deep as it is long
                raise self.too_deep(op_token)
            self.advance()
            if level == POWER:
                self.deeper(op_token)
                right = self.expression(UNARY, exponent=True)
                self.depth -= 1
            else:
                right = self.expression(level + 1)
            self.check_product(op_token, left, right)
            left = Binary(meaning, left, right, self.since(start))
            if level == COMPARISON and self.sees("<", "<=", ">", ">=", "==", "!="):
                advice = "write (a < b) & (b < c)"
                raise refuse(self.text, "comparisons cannot be chained", op_token.span, self.token.span, advice=advice)
        return left

    def operand(self, exponent: bool) -> Node:
        """An atom and what is attached behind it: attributes, calls, subscripts, transposes, superscripts."""
        start = self.token.start
        callable_ = self.token.kind == "name"  # (a)(b) and 2(b) are forgotten products, not calls
        node = self.atom()
        while True:
            if self.sees("."):
                node, callable_ = self.attribute(node, start), True
            elif self.sees("["):
                node, callable_ = self.subscript(node, start), False
            elif self.sees("(") and callable_ and isinstance(node, Name | Attribute):
                node, callable_ = self.call(node, start), False
            elif self.token.kind == "transpose":
                if exponent:
                    advice = "write (a^b)' or a^(b')"
                    raise refuse(self.text, "it is not clear what is transposed, the power or the exponent", self.token.span, advice=advice)
                self.advance()
                span = self.since(start)
                node, callable_ = Transpose(node, span) if self.dialect == "matrixcalculus" else Attribute(node, "T", span), False
            elif self.token.kind == "power":
                times = self.number(self.advance())
                op: Operator = "power" if self.dialect == "matrixcalculus" else "**"
                node, callable_ = Binary(op, node, times, self.since(start)), False
            else:
                return node

    def atom(self) -> Node:
        token = self.token
        match token.kind:
            case "number":
                return self.number(self.advance())
            case "text":
                self.advance()
                return Text(token.text, token.span)
            case "name" if token.text in _CONSTANTS:
                self.advance()
                return Constant(_CONSTANTS[token.text], token.span)
            case "name" if token.text not in RESERVED:
                self.advance()
                return Name(plain(token.text), token.span, self.text[token.start : token.end])
        if self.sees("..."):
            self.advance()
            return Constant(..., token.span)
        if self.sees("(", "["):
            return self.bracket()
        raise self.missing()

    def number(self, token: Token) -> Number:
        """The value as Python reads it; powers such as 10^10^10 stay operations."""
        if token.text.replace("_", "").isdigit():
            if len(token.text) > MAX_DIGITS:
                raise refuse(self.text, f"an integer of more than {MAX_DIGITS} digits", token.span)
            return Number(int(token.text), token.span)
        return Number(float(token.text), token.span)

    def bracket(self) -> Node:
        """A list, a tuple, or an expression in parentheses (whose span leaves them out)."""
        opener = self.token
        self.deeper(opener)
        self.advance()
        closer = ")" if opener.text == "(" else "]"
        items: list[Node] = []
        commas = 0
        while not self.sees(closer):
            items.append(self.expression())
            commas += self.comma(closer)
        self.advance()
        self.depth -= 1
        if opener.text == "[":
            return List(tuple(items), self.since(opener.start))
        if len(items) == 1 and not commas:
            return items[0]
        return Tuple(tuple(items), self.since(opener.start))

    def comma(self, closer: str) -> bool:
        """Take a comma, or stay before the closing bracket."""
        if self.sees(","):
            self.advance()
            return True
        if not self.sees(closer):
            raise self.stray()
        return False

    def attribute(self, value: Node, start: int) -> Attribute:
        dot = self.advance()
        name = self.token
        if name.kind != "name":
            raise refuse(self.text, "a name is missing after '.'", dot.span)
        if not (name.text.isascii() and name.text[0].isalpha()) or "__" in name.text:
            raise refuse(self.text, f"'.{name.text}' cannot be used: attributes are plain words, as in x.T", name.span)
        self.advance()
        return Attribute(value, name.text, self.since(start))

    def call(self, function: Name | Attribute, start: int) -> Call:
        self.deeper(self.token)
        self.advance()
        args: list[Node] = []
        keywords: dict[str, Keyword] = {}
        while not self.sees(")"):
            first, following = self.token, self.tokens[self.at + 1]
            if first.kind == "name" and following.kind == "op" and following.text == "=":
                self.advance(), self.advance()
                if first.text in keywords or first.text in RESERVED or first.text in _CONSTANTS:
                    fact = f"'{first.text}' is given twice" if first.text in keywords else f"'{first.text}' cannot be a keyword"
                    raise refuse(self.text, fact, first.span)
                keywords[first.text] = Keyword(first.text, self.expression(), self.since(first.start))
            else:
                args.append(self.expression())
                if keywords:
                    raise refuse(self.text, "an argument without a name follows one with a name", self.since(first.start))
            self.comma(")")
        self.advance()
        self.depth -= 1
        return Call(function, tuple(args), tuple(keywords.values()), self.since(start))

    def subscript(self, value: Node, start: int) -> Subscript:
        opener = self.token
        self.deeper(opener)
        self.advance()
        indices: list[Node] = []
        while not self.sees("]"):
            indices.append(self.index())
            self.comma("]")
        self.advance()
        if not indices:
            raise refuse(self.text, "an index is missing between '[' and ']'", self.since(opener.start))
        self.depth -= 1
        return Subscript(value, tuple(indices), self.since(start))

    def index(self) -> Node:
        """One index: an expression or a slice."""
        start = self.token.start
        parts: list[Node | None] = [None]
        if not self.sees(":"):
            parts[0] = self.expression()
            if not self.sees(":"):
                return cast("Node", parts[0])
        while self.sees(":") and len(parts) < 3:
            self.advance()
            parts.append(None if self.sees(":", ",", "]") else self.expression())
        first, stop, step = [*parts, None, None][:3]
        return Slice(first, stop, step, self.since(start))

    # ----- refusals -----

    def check_product(self, token: Token, left: Node, right: Node) -> None:
        """Refuse `*` in a text with signs of both grammars: it would be silently read in one of two ways."""
        if self.sign is None or token.text != "*" or _is_number(left) or _is_number(right):
            return
        shown = self.text[self.sign.start : self.sign.end]
        raise refuse(
            self.text,
            f"'*' could be the matrix product, as \"{shown}\" suggests, or NumPy's product of entries, as the rest does",
            token.span,
            self.sign.span,
            advice='write @ or .* instead, or say dialect="numpy" or dialect="matrixcalculus"',
        )

    def too_deep(self, token: Token) -> ParseError:
        return refuse(self.text, _too_deep, token.span, advice=_too_deep_advice)

    def missing(self) -> ParseError:
        """The error when an operand should start here and does not."""
        token = self.token
        if token.kind == "end":
            before = self.tokens[self.at - 1]
            return refuse(self.text, f"an operand is missing after '{self.text[before.start : before.end]}'", token.span)
        return self.unusable(token) or refuse(self.text, f"an operand is missing before '{self.shown(token)}'", token.span)

    def stray(self) -> ParseError:
        """The error when an operator, a comma or the end should stand here and does not."""
        token = self.token
        if error := self.unusable(token):
            return error
        if token.kind == "op" and token.text == ",":
            return refuse(self.text, "one expression is read, not several", token.span, advice="write np.array([a, b]) to collect them")
        if token.kind == "op" and token.text == ":":
            return refuse(self.text, "':' stands only in an index, as in x[1:]", token.span)
        advice = "write * for a product of numbers or entries, @ for the matrix product"
        if self.dialect == "matrixcalculus":
            advice = "write * for the product, .* for a product of entries"
        return refuse(self.text, f"an operator is missing before '{self.shown(token)}'", token.span, advice=advice)

    def unusable(self, token: Token) -> ParseError | None:
        """The error for a token that fits nowhere."""
        if token.kind == "op" and token.text == "=":
            return refuse(self.text, "'=' assigns; only an expression can be read", token.span,
                          advice="write the right side alone, or == to compare")  # fmt: skip
        if token.kind == "name" and token.text in RESERVED:
            return refuse(self.text, f"'{token.text}' cannot be used here", token.span, advice=RESERVED[token.text])
        return None

    def shown(self, token: Token) -> str:
        shown = self.text[token.start : token.end]
        return shown if len(shown) <= 20 else shown[:19] + "…"


def _is_number(node: Node) -> bool:
    return isinstance(node.operand if isinstance(node, Unary) else node, Number)
