"""Formulas as plain text: Unicode by default (−2 (y − Φθ)ᵀΦ), or ASCII (-2 (y - Phi theta)' Phi)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from wrt.graph.node import Scalar
from wrt.graph.size import Size
from wrt.notation.expression import Expr, Number, Subscript
from wrt.notation.printer import ATOM, CONSTANTS, POSTFIX, VULGAR, Piece, Printer, affine_text, decimal, fraction_of, one_based, range_text
from wrt.notation.symbol import is_letter, subscript, superscript, unicode_name
from wrt.notation.words import ascii_word, unicode_word

Style = Literal["unicode", "ascii"]


def text(e: Expr, style: Style = "unicode") -> str:
    """The expression in one line.

    >>> from wrt.notation.expression import Symbol, Transpose
    >>> text(Transpose(Symbol("Phi", "matrix")))
    'Φᵀ'
    """
    return (_UNICODE if style == "unicode" else _ASCII).print(e)


class Unicode(Printer):
    """As people write on a board."""

    minus, odot, oslash, otimes = "−", " ⊙ ", " ⊘ ", " ⊗ "

    def name(self, name: str) -> Piece:
        return Piece(unicode_name(name), ATOM, "letter" if is_letter(name) else "word")

    def number(self, number: Scalar) -> str:
        if number in CONSTANTS:
            return CONSTANTS[number][0]
        simple = fraction_of(number)
        return decimal(number) if simple is None else VULGAR.get(simple) or f"({simple})"

    def transpose(self, of: Piece) -> Piece:
        return Piece(of.text + "ᵀ", POSTFIX, of.kind)

    def inverse(self, of: Piece, transposed: bool = False) -> Piece:
        return Piece(of.text + ("⁻ᵀ" if transposed else "⁻¹"), POSTFIX, of.kind)

    def power(self, base: Piece, exponent: Expr, scalar: bool) -> Piece:
        if scalar and isinstance(exponent, Number) and isinstance(exponent.value, int):
            return Piece(base.text + superscript(exponent.value), POSTFIX, base.kind)
        return Piece(f"{base.text}^{'' if scalar else '⊙'}{self.inside(exponent, ATOM).text}", POSTFIX)

    def function(self, name: str, of: Expr) -> Piece:
        return Piece(f"{self.name(name).text}({self.print(of)})")

    def norm(self, text: str, matrix: bool) -> Piece:
        return Piece(f"‖{text}‖" + "_F" * matrix)

    def sized(self, name: str, sizes: Sequence[Size]) -> Piece:
        return Piece(f"{name}_{sizes[0]}" if len(sizes) == 1 and len(str(sizes[0])) == 1 else f"{name}_{{{','.join(map(str, sizes))}}}")

    def ones(self, size: Size) -> Piece:
        return Piece("𝟏", ATOM, "letter")

    def identity(self, size: Size) -> Piece:
        return Piece("I", ATOM, "letter")

    def entry(self, of: Piece, position: tuple[Size | None, ...]) -> Piece:
        spots = [":" if p is None else str(p + 1) for p in position]
        if all(len(spot) == 1 and spot.isdigit() for spot in spots) or (len(spots) == 1 and spots[0].isdigit()):
            return Piece(of.text + "".join(map(subscript, spots)), ATOM, of.kind)
        return Piece(f"{of.text}_{{{','.join(spots)}}}")

    def array(self, rows: list[list[str]], vector: bool) -> Piece:
        inside = [item for row in rows for item in row] if vector else ["[" + ", ".join(row) + "]" for row in rows]
        return Piece("[" + ", ".join(inside) + "]")

    def part(self, of: Piece, ranges: Sequence[tuple[Size, Size] | None]) -> Piece:
        return Piece(f"{of.text}_{{{', '.join(':' if r is None else range_text(*r).replace('-', self.minus) for r in ranges)}}}")

    def blocks(self, rows: list[list[str]]) -> Piece:
        return Piece(f"[{'; '.join(', '.join(row) for row in rows)}]")

    def indexed(self, of: Piece, index: list[str]) -> Piece:
        if not index:
            return of
        return Piece(f"{of.text}_{''.join(index)}" if all(len(s) == 1 for s in index) else f"{of.text}_{{{','.join(index)}}}")

    def subscript(self, s: Subscript) -> str:
        if s.table is not None:
            return self.indexed(self.name(s.table), [self.subscript(i) for i in s.inner]).text
        plain = affine_text(*one_based(s), self.minus)
        return plain if s.modulus is None else f"{plain if plain.isalnum() else f'({plain})'} mod {s.modulus}"

    def sigma(self, letters: tuple[str, ...]) -> str:
        return f"Σ_{letters[0]} " if len(letters) == 1 else f"Σ_{{{','.join(letters)}}} "

    def gap(self, left: Piece, right: Piece) -> str:
        if right.kind == "number" or (right.text[0].isascii() and right.text[0].isdigit()):
            return " · "
        if left.kind == "number":
            return "" if right.kind == "letter" else " "
        if "word" in (left.kind, right.kind):
            return " "
        if right.kind == "paren":
            return "" if left.text[-1] in "ᵀ¹" or left.kind == "paren" else " "
        return ""

    def template(self, op: str, arity: int) -> str:
        return unicode_word(op, arity)


class Ascii(Unicode):
    """Characters of any keyboard, in the spelling of MATLAB and matrixcalculus.org."""

    minus, odot, oslash, otimes = "-", " .* ", " ./ ", " (x) "

    def name(self, name: str) -> Piece:
        return Piece(name)

    def number(self, number: Scalar) -> str:
        return decimal(number)

    def transpose(self, of: Piece) -> Piece:
        return Piece(of.text + "'", POSTFIX, of.kind)

    def inverse(self, of: Piece, transposed: bool = False) -> Piece:
        text = f"inv({of.text.removeprefix('(').removesuffix(')') if of.kind == 'paren' else of.text})"
        return Piece(text + "'" if transposed else text, POSTFIX if transposed else ATOM)

    def power(self, base: Piece, exponent: Expr, scalar: bool) -> Piece:
        return Piece(f"{base.text}{'^' if scalar else '.^'}{self.inside(exponent, ATOM).text}", POSTFIX)

    def norm(self, text: str, matrix: bool) -> Piece:
        return Piece(f"norm({text})")

    def ones(self, size: Size) -> Piece:
        return Piece(f"ones({size})")

    def entry(self, of: Piece, position: tuple[Size | None, ...]) -> Piece:
        return Piece(f"{of.text}[{', '.join(':' if p is None else str(p) for p in position)}]")

    def part(self, of: Piece, ranges: Sequence[tuple[Size, Size] | None]) -> Piece:
        return Piece(f"{of.text}[{', '.join(':' if r is None else f'{r[0]}:{r[0] + r[1]}' for r in ranges)}]")

    def sigma(self, letters: tuple[str, ...]) -> str:
        return f"sum_{''.join(letters)} "

    def gap(self, left: Piece, right: Piece) -> str:
        return " * " if right.kind == "number" else " "

    def template(self, op: str, arity: int) -> str:
        return ascii_word(op, arity)


_UNICODE, _ASCII = Unicode(), Ascii()
