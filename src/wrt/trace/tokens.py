"""Text cut into tokens, each with its place; brackets are matched here, so that the parser meets only balanced ones.

A `'` directly after an operand is a transpose, everywhere else it opens a quoted text. In `2.*x` the dot may belong to the
number (NumPy) or to the operator (matrixcalculus.org): the token says `.*` but is not `sure`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal, NamedTuple

from wrt.errors import Location, ParseError
from wrt.trace.syntax import Dialect, Span

MAX_DIGITS = 640  # Python converts integers this long under any setting of its own limit
MODULES = ("np", "numpy", "scipy", "math")
MATRIX_NAMES = ("norm1", "norm2", "tr", "vector", "matrix")
RESERVED = {
    "and": "write & between comparisons, each in parentheses",
    "or": "write | between comparisons, each in parentheses",
    "not": "write ~ before a comparison in parentheses",
    "if": "write np.where(condition, a, b)",
    "else": "write np.where(condition, a, b)",
    "for": "write the sum or the array without a loop, or differentiate a Python function",
    "in": "write comparisons joined by & and |",
    "is": "write ==",
}

_GREEK = (
    "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi",
    "rho", "varsigma", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega",
)  # fmt: skip
_GREEK_NAME = {chr(0x3B1 + i): name for i, name in enumerate(_GREEK)}
_GREEK_NAME |= {chr(0x391 + i): name.capitalize() for i, name in enumerate(_GREEK) if name != "varsigma"}

_SPELLING = {"−": "-", "·": "*", "⋅": "*", "∗": "*", "⊙": ".*", "≤": "<=", "≥": ">=", "≠": "!="}
_SUPERSCRIPT = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPT_DIGITS = str.maketrans(_SUPERSCRIPT, "0123456789")
_QUOTES = "'’′"  # a pasted apostrophe or prime is a transpose too
_CLOSES = {")": "(", "]": "["}
_ADVICE = {
    "×": "write * for a product, or np.cross(a, b)",
    "⁻": "write inv(A) for the inverse of a matrix, 1/a for a number",
    ";": "write one expression; rows of an array are [[a, b], [c, d]]",
    "{": "write ( and ) to group",
    "}": "write ( and ) to group",
    "#": "leave comments out",
    "!": "write != for unequal, scipy.special.factorial(n) for a factorial",
    "–": "write - for minus",
    "—": "write - for minus",
}

_DIGITS = "[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    rf"""(?P<number>(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:[eE][+-]?{_DIGITS})?)
    | (?P<name>[^\W\d{_SUPERSCRIPT}ᵀ][^\W{_SUPERSCRIPT}ᵀ]*)
    | (?P<power>[{_SUPERSCRIPT}]+)
    | (?P<op>\.\.\.|\*\*|//|[=!<>]=|\.[*/^]|[-+*/%@^&|~<>=()\[\],:.]|[{"".join(_SPELLING)}])""",
    re.VERBOSE,
)
_VISIBLE = re.compile(r"\S")

Kind = Literal["number", "name", "power", "op", "text", "transpose", "end"]


class Token(NamedTuple):
    """`text` in this package's own spelling, from `start` to `end`; `sure` is explained above."""

    kind: Kind
    text: str
    start: int
    end: int
    sure: bool = True

    @property
    def span(self) -> Span:
        return self.start, self.end

    @property
    def ends_operand(self) -> bool:
        return self.text in (")", "]", "...") if self.kind == "op" else self.kind != "end"


def plain(name: str) -> str:
    """The name in letters of the keyboard: `θ` and `θ_1` are `theta` and `theta_1`; other names stay, normalised as by Python."""
    name = unicodedata.normalize("NFKC", name)
    greek = _GREEK_NAME.get(name[:1])
    if greek is None or not (name[1:2] in ("", "_") or name[1].isdigit()):
        return name
    return greek + name[1:]


def locate(text: str, *spans: Span) -> Location:
    """The line of the text that the first span starts in, cut around it when long, with carets under the spans."""
    start = spans[0][0]
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    before = after = ""
    if last - first > 100:
        cut_first, cut_last = max(first, start - 50), min(last, start + 50)
        before, after = "…" * (cut_first > first), "…" * (cut_last < last)
        first, last = cut_first, cut_last
    line = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text[first:last])
    shift = len(before) - first
    shown = [(max(a, first) + shift, min(b, last + 1) + shift) for a, b in spans if b > first and a <= last]
    return Location("", before + line + after, tuple(shown))


def refuse(text: str, fact: str, *spans: Span, advice: str = "") -> ParseError:
    return ParseError(fact, advice=advice, location=locate(text, *spans))


def tokenize(text: str) -> list[Token]:
    """All tokens, the last one of kind `end` right after the last visible character."""
    tokens: list[Token] = []
    open_brackets: list[Token] = []
    previous = Token("end", "", 0, 0)
    at = _after_space(text, 0)
    while at < len(text):
        token = _quote(text, at, previous) or _regular(text, at, previous)
        if token.kind == "op":
            _match_bracket(text, token, open_brackets)
        tokens.append(token)
        previous = token
        at = _after_space(text, token.end)
    if open_brackets:
        opener = open_brackets[-1]
        raise refuse(text, f"'{opener.text}' is never closed", opener.span)
    tokens.append(Token("end", "", previous.end, previous.end + 1))
    return tokens


def _after_space(text: str, at: int) -> int:
    visible = _VISIBLE.search(text, at)
    return len(text) if visible is None else visible.start()


def _quote(text: str, at: int, previous: Token) -> Token | None:
    """The transpose or the quoted text that starts here, if one does."""
    char = text[at]
    if previous.ends_operand:
        if char in _QUOTES or char == "ᵀ":
            return Token("transpose", "'", at, at + 1)
        if char == "." and text[at + 1 : at + 2] == "'":  # MATLAB's transpose without conjugation
            return Token("transpose", "'", at, at + 2)
    if char not in ("'", '"'):
        return None
    end = text.find(char, at + 1)
    if end < 0 or "\n" in text[at:end]:
        advice = "a transpose ' stands directly after what it transposes" if char == "'" else ""
        raise refuse(text, "the quote opened here is never closed", (at, at + 1), advice=advice)
    escape = text.find("\\", at, end)
    if escape >= 0:
        raise refuse(text, "a quoted text cannot contain '\\'", (escape, escape + 1))
    return Token("text", text[at + 1 : end], at, end + 1)


def _regular(text: str, at: int, previous: Token) -> Token:
    match = _TOKEN.match(text, at)
    if match is None:
        shown = f"'{text[at]}'" if text[at].isprintable() else ascii(text[at])
        raise refuse(text, f"unexpected character {shown}", (at, at + 1), advice=_ADVICE.get(text[at], ""))
    found, end = match[0], match.end()
    match match.lastgroup:
        case "number":
            return Token("number", found, at, end)
        case "name":
            name = unicodedata.normalize("NFKC", found)  # as Python does: a name in bold or full-width letters is the plain one
            if not name.isidentifier():
                extended = ("x" * (i > 0) + unicodedata.normalize("NFKC", char) for i, char in enumerate(found))
                strange = next((i for i, word in enumerate(extended) if not word.isidentifier()), 0)
                raise refuse(text, f"unexpected character '{found[strange]}'", (at + strange, at + strange + 1))
            if name.startswith("__"):
                raise refuse(text, f"'{found}' cannot be used: names do not start with '__'", (at, end))
            return Token("name", name, at, end)
        case "power":
            return Token("power", found.translate(_SUPERSCRIPT_DIGITS), at, end)
    found = _SPELLING.get(found, found)
    if found in ("*", "/", "^") and previous.kind == "number" and previous.end == at and text[at - 1] == ".":
        return Token("op", "." + found, at, end, sure=False)
    return Token("op", found, at, end)


def _match_bracket(text: str, token: Token, open_brackets: list[Token]) -> None:
    if token.text in ("(", "["):
        open_brackets.append(token)
    elif token.text in _CLOSES:
        if not open_brackets:
            raise refuse(text, f"'{token.text}' closes nothing", token.span)
        opener = open_brackets.pop()
        if opener.text != _CLOSES[token.text]:
            raise refuse(text, f"'{opener.text}' is closed by '{token.text}'", opener.span, token.span)


def guess_dialect(tokens: list[Token]) -> tuple[Dialect, Token | None]:
    """The grammar the text is in; and if it has signs of both, the first sign of a writer to whom `*` is the matrix product."""
    matrix = numpy = False
    sign = None
    for previous, token, following in zip([tokens[-1], *tokens], tokens, tokens[1:], strict=False):
        if token.kind == "transpose" or (token.text in (".*", "./", ".^") and token.kind == "op" and token.sure):
            matrix, sign = True, sign or token
        elif token.kind == "power" or (token.kind == "op" and token.text in ("^", ".^")):
            matrix = True
        elif token.kind == "name":
            matrix = matrix or (token.text in MATRIX_NAMES and following.text == "(" and previous.text != ".")
        elif token.kind == "text":
            numpy = True
        elif token.kind == "op":
            numpy = numpy or token.text not in ("+", "-", "*", "/", ".*", "./", ".^", "(", ")", ",")
    return ("matrixcalculus", None) if matrix and not numpy else ("numpy", sign)
