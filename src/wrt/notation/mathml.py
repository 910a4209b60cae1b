"""Formulas as MathML, which browsers and notebooks show without any library: <msup><mi>Φ</mi><mo>⊤</mo></msup> is Φᵀ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from wrt.graph.node import Scalar
from wrt.graph.size import Size
from wrt.notation.expression import Expr, Subscript
from wrt.notation.printer import ATOM, CONSTANTS, POSTFIX, PRODUCT, Piece, Printer, affine_text, decimal, fraction_of, one_based, range_text
from wrt.notation.symbol import is_letter, unicode_name
from wrt.notation.words import unicode_word

SPACE = '<mspace width="0.17em"/>'


def mathml(e: Expr) -> str:
    """The expression as the inside of a <math> element.

    >>> from wrt.notation.expression import Symbol, Transpose
    >>> mathml(Transpose(Symbol("Phi", "matrix")))
    '<msup><mrow><mi>Φ</mi></mrow><mo>⊤</mo></msup>'
    """
    return _MATHML.print(e)


def row(*parts: str) -> str:
    """Several elements as one."""
    return f"<mrow>{''.join(parts)}</mrow>"


def operator(sign: str) -> str:
    """An operator, a bracket, a sign."""
    return f"<mo>{escape(sign)}</mo>"


def words(text: str) -> str:
    """Plain text, identifiers and numbers, as elements."""
    tokens = re.findall(r"[^\W\d_]+|\d+(?:\.\d+)?|\S", text)
    return "".join(f"<mn>{t}</mn>" if t[0].isdigit() else f"<mi>{escape(t)}</mi>" if t[0].isalpha() else operator(t) for t in tokens)


class MathML(Printer):
    """Presentation elements of MathML Core."""

    minus, plus, odot, oslash, otimes = (operator(sign) for sign in "−+⊙⊘⊗")

    def parenthesized(self, piece: Piece) -> Piece:
        return Piece(row(operator("("), piece.text, operator(")")), ATOM, "paren")

    def name(self, name: str) -> Piece:
        return Piece(f"<mi>{escape(unicode_name(name))}</mi>", ATOM, "letter" if is_letter(name) else "word")

    def number(self, number: Scalar) -> str:
        if number in CONSTANTS:
            return f"<mn>{CONSTANTS[number][0]}</mn>"
        simple = fraction_of(number)
        return f"<mn>{decimal(number)}</mn>" if simple is None else f"<mfrac><mn>{simple.numerator}</mn><mn>{simple.denominator}</mn></mfrac>"

    def transpose(self, of: Piece) -> Piece:
        return Piece(f"<msup>{row_of(of)}{operator('⊤')}</msup>", POSTFIX, of.kind)

    def inverse(self, of: Piece, transposed: bool = False) -> Piece:
        sign = operator("⊤") if transposed else "<mn>1</mn>"
        return Piece(f"<msup>{row_of(of)}{row(operator('−'), sign)}</msup>", POSTFIX, of.kind)

    def power(self, base: Piece, exponent: Expr, scalar: bool) -> Piece:
        shown = self.print(exponent) if scalar else operator("⊙") + self.inside(exponent, ATOM).text
        return Piece(f"<msup>{row_of(base)}{row(shown)}</msup>", POSTFIX, base.kind)

    def function(self, name: str, of: Expr) -> Piece:
        return Piece(row(f"<mi>{escape(unicode_name(name))}</mi>", operator("("), self.print(of), operator(")")))

    def norm(self, text: str, matrix: bool) -> Piece:
        whole = row(operator("‖"), text, operator("‖"))
        return Piece(f"<msub>{whole}<mi>F</mi></msub>" if matrix else whole)

    def bracket(self, text: str) -> Piece:
        return Piece(row(operator("["), text, operator("]")))

    def sized(self, name: str, sizes: Sequence[Size]) -> Piece:
        return self.indexed(Piece(f"<mi>{name}</mi>"), [words(str(size)) for size in sizes])

    def ones(self, size: Size) -> Piece:
        return Piece("<mn>𝟏</mn>", ATOM, "letter")

    def identity(self, size: Size) -> Piece:
        return Piece("<mi>I</mi>", ATOM, "letter")

    def entry(self, of: Piece, position: tuple[Size | None, ...]) -> Piece:
        return self.indexed(of, [operator(":") if p is None else words(str(p + 1)) for p in position])

    def array(self, rows: list[list[str]], vector: bool) -> Piece:
        table = "".join("<mtr>" + "".join(f"<mtd>{item}</mtd>" for item in items) + "</mtr>" for items in rows)
        return Piece(row(operator("["), f"<mtable>{table}</mtable>", operator("]")))

    def part(self, of: Piece, ranges: Sequence[tuple[Size, Size] | None]) -> Piece:
        return self.indexed(of, [operator(":") if r is None else words(range_text(*r)) for r in ranges])

    def blocks(self, rows: list[list[str]]) -> Piece:
        return self.array(rows, vector=False)

    def indexed(self, of: Piece, index: list[str]) -> Piece:
        if not index:
            return of
        short = all(re.fullmatch(r"<m[in]>\w</m[in]>", one) for one in index)
        return Piece(f"<msub>{row_of(of)}{row(('' if short else operator(',')).join(index))}</msub>", ATOM, "letter")

    def subscript(self, s: Subscript) -> str:
        if s.table is not None:
            return self.indexed(self.name(s.table), [self.subscript(i) for i in s.inner]).text
        plain = affine_text(*one_based(s), "−")
        shown = words(plain)
        return shown if s.modulus is None else row(operator("("), shown, operator(")"), "<mi>mod</mi>", words(str(s.modulus)))

    def sigma(self, letters: tuple[str, ...]) -> str:
        return f"<munder>{operator('∑')}{row(*(f'<mi>{letter}</mi>' for letter in letters))}</munder>"

    def fraction(self, top: Expr, bottom: Expr) -> Piece:
        return Piece(f"<mfrac>{row(self.print(top))}{row(self.print(bottom))}</mfrac>", PRODUCT, "paren")

    def gap(self, left: Piece, right: Piece) -> str:
        if right.kind == "number":
            return operator("·")
        return SPACE if "word" in (left.kind, right.kind) else ""

    def template(self, op: str, arity: int) -> str:
        return unicode_word(op, arity)

    def filled(self, template: str, shown: Sequence[str], axes: str) -> str:
        """The template's words as elements, its places filled."""
        pieces = re.split(r"\{(\d)\}", template)
        made = "".join(shown[int(part)] if i % 2 else words(part) for i, part in enumerate(pieces))
        if not axes:
            return row(made)
        said = operator(",") + words(axes) + operator(")")
        closed = operator(")")
        return row(made.removesuffix(closed) + said) if made.endswith(closed) else row(operator("("), made, said)


def row_of(piece: Piece) -> str:
    """The piece as the one element that a script is put to."""
    return row(piece.text)


_MATHML = MathML()
