r"""Formulas as LaTeX (amsmath): -2\,(y - \Phi\theta)^\top \Phi."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wrt.graph.node import Scalar
from wrt.graph.size import Size
from wrt.notation.build import product
from wrt.notation.expression import Expr, Number, Product, Subscript
from wrt.notation.printer import ATOM, CONSTANTS, ENTRYWISE, POSTFIX, PRODUCT, Piece, Printer, affine_text, decimal, fraction_of, one_based, range_text
from wrt.notation.symbol import is_letter, latex_name
from wrt.notation.words import latex_word


def latex(e: Expr) -> str:
    r"""The expression for math mode.

    >>> from wrt.notation.expression import Symbol, Transpose
    >>> latex(Transpose(Symbol("Phi", "matrix")))
    '\\Phi^\\top'
    """
    return _LATEX.print(e)


class Latex(Printer):
    """For amsmath."""

    def parenthesized(self, piece: Piece) -> Piece:
        tall = re.search(r"\\(frac|begin|sum|left)", piece.text)
        return Piece(rf"\left({piece.text}\right)" if tall else f"({piece.text})", ATOM, "paren")

    odot, oslash, otimes = r" \odot ", r" \oslash ", r" \otimes "

    def name(self, name: str) -> Piece:
        return Piece(latex_name(name), ATOM, "letter" if is_letter(name) else "word")

    def number(self, number: Scalar) -> str:
        if number in CONSTANTS:
            return CONSTANTS[number][1]
        simple = fraction_of(number)
        return decimal(number) if simple is None else rf"\tfrac{{{simple.numerator}}}{{{simple.denominator}}}"

    def transpose(self, of: Piece) -> Piece:
        return Piece(of.text + r"^\top", POSTFIX, of.kind)

    def inverse(self, of: Piece, transposed: bool = False) -> Piece:
        return Piece(of.text + (r"^{-\top}" if transposed else "^{-1}"), POSTFIX, of.kind)

    def power(self, base: Piece, exponent: Expr, scalar: bool) -> Piece:
        shown = self.print(exponent)
        if scalar:
            return Piece(f"{base.text}^{shown}" if len(shown) == 1 else f"{base.text}^{{{shown}}}", POSTFIX, base.kind)
        return Piece(rf"{base.text}^{{\odot {self.inside(exponent, ATOM).text}}}", POSTFIX, base.kind)

    def function(self, name: str, of: Expr) -> Piece:
        shown = latex_name(name) if len(name) == 1 or name == "Phi" else rf"\operatorname{{{name}}}"
        return Piece(f"{shown}({self.print(of)})")

    def norm(self, text: str, matrix: bool) -> Piece:
        return Piece(rf"\lVert {text} \rVert" + "_F" * matrix)

    def sized(self, name: str, sizes: Sequence[Size]) -> Piece:
        return self.indexed(Piece(name), [str(size) for size in sizes])

    def ones(self, size: Size) -> Piece:
        return Piece(r"\mathbf{1}", ATOM, "letter")

    def identity(self, size: Size) -> Piece:
        return Piece("I", ATOM, "letter")

    def entry(self, of: Piece, position: tuple[Size | None, ...]) -> Piece:
        spots = [":" if p is None else str(p + 1) for p in position]
        return self.indexed(of, spots)

    def array(self, rows: list[list[str]], vector: bool) -> Piece:
        return Piece(r"\begin{bmatrix} " + r" \\ ".join(" & ".join(row) for row in rows) + r" \end{bmatrix}")

    def part(self, of: Piece, ranges: Sequence[tuple[Size, Size] | None]) -> Piece:
        return self.indexed(of, [":" if r is None else range_text(*r) for r in ranges])

    def blocks(self, rows: list[list[str]]) -> Piece:
        return self.array(rows, False)

    def indexed(self, of: Piece, index: list[str]) -> Piece:
        if not index:
            return of
        shown = "".join(index) if all(len(s) == 1 and s.isalnum() for s in index) else ",".join(index)
        base = f"({of.text})" if re.search(r"_\{[^}]*\}$", of.text) else of.text
        return Piece(f"{base}_{shown}" if len(shown) == 1 else f"{base}_{{{shown}}}", ATOM, "letter")

    def subscript(self, s: Subscript) -> str:
        if s.table is not None:
            return self.indexed(self.name(s.table), [self.subscript(i) for i in s.inner]).text
        plain = affine_text(*one_based(s))
        return plain if s.modulus is None else rf"{plain if plain.isalnum() else f'({plain})'} \bmod {s.modulus}"

    def sigma(self, letters: tuple[str, ...]) -> str:
        return rf"\sum_{{{','.join(letters)}}} "

    def fraction(self, top: Expr, bottom: Expr) -> Piece:
        """Scalars over scalars, the matrices beside the bar."""
        if isinstance(top, Product) and top.matrices and (top.scalars or top.number != 1 or len(top.matrices) > 1):
            front = self.fraction(Product(top.number, top.scalars, ()) if top.scalars else Number(top.number), bottom)
            rest = self.inside(product(top.matrices), PRODUCT)
            return Piece(rf"{front.text}\, {rest.text}", ENTRYWISE, rest.kind)
        return Piece(rf"\frac{{{self.print(top)}}}{{{self.print(bottom)}}}", PRODUCT, "paren")

    def gap(self, left: Piece, right: Piece) -> str:
        if right.kind == "number" or right.text[0].isdigit():
            return r" \cdot "
        if left.kind == "number":
            return (" " if right.text[0] == "\\" else "") if right.kind == "letter" else r"\,"
        if left.text.endswith(r"\top"):
            return " "
        if "word" in (left.kind, right.kind):
            return r"\, "
        command = re.search(r"\\[A-Za-z]+$", left.text)
        if (command and right.text[0].isalpha()) or (left.text.endswith("}") and right.kind == "letter"):
            return " "
        return " " if right.kind == "paren" and left.kind != "paren" else ""

    def template(self, op: str, arity: int) -> str:
        return latex_word(op, arity)


_LATEX = Latex()
