"""The visitor that all formula printers share: what binds how tightly, where a minus and a parenthesis go.

A printer for one notation fills in the words: how a transpose, a fraction, a function looks there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import isfinite, log, pi, sqrt
from typing import Literal, NamedTuple

from wrt.graph.node import Node, Scalar
from wrt.graph.size import Size
from wrt.notation.build import product, split
from wrt.notation.expression import (
    Array,
    Blocks,
    Bracket,
    Call,
    Commutation,
    Delta,
    Diag,
    DiagPart,
    Entry,
    Expr,
    Hadamard,
    Identity,
    Indexed,
    Inverse,
    Kronecker,
    LowerHalf,
    Norm,
    Number,
    Ones,
    Part,
    Power,
    Product,
    Quotient,
    Subscript,
    Sum,
    Summation,
    Symbol,
    Trace,
    Transpose,
    Vec,
    Zero,
    form,
    is_scalar,
)
from wrt.notation.words import COMPARISONS

COMPARE, SUM, ENTRYWISE, PRODUCT, POSTFIX, ATOM = range(6)
Kind = Literal["number", "letter", "paren", "word"]


class Piece(NamedTuple):
    """Printed text, how tightly it binds, and what it looks like to its neighbours in a product."""

    text: str
    level: int = ATOM
    kind: Kind = "word"


class Printer:
    """Text for every kind of expression; subclasses say how the pieces look."""

    minus, plus = "-", "+"

    def print(self, e: Expr) -> str:
        return self.piece(e).text

    def piece(self, e: Expr) -> Piece:
        match e:
            case Symbol(name):
                return self.name(name)
            case Number(number):
                return self.signed(number < 0, Piece(self.number(abs(number)), ATOM, "number"))
            case Product():
                return self._product(e)
            case Sum(terms):
                return self._sum(terms)
            case Quotient(top, bottom):
                return self._quotient(top, bottom)
            case Power(base, exponent):
                return self.power(self.inside(base, ATOM), exponent, is_scalar(e))
            case LowerHalf(of):
                return self.function("Phi", of)
            case Transpose(Call("svd_right", (of,))):
                return self.function("V", of)
            case Hadamard(factors):
                return Piece(self.odot.join(self.tight(f).text for f in factors), ENTRYWISE)
            case Transpose(Zero()):
                return Piece("0", ATOM, "number")
            case Transpose(Inverse(of)):
                return self.inverse(self.inside(of, ATOM), transposed=True)
            case Transpose(of):
                return self.transpose(self.inside(of, ATOM))
            case Inverse(of):
                return self.inverse(self.inside(of, ATOM))
            case Diag(of) | DiagPart(of):
                return self.function("diag", of)
            case Trace(of):
                return self.function("tr", of)
            case Vec(of):
                return self.function("vec", of)
            case Norm(of):
                return self.norm(self.print(of), form(of) == "matrix")
            case Kronecker(left, right):
                return Piece(self.otimes.join(self._kronecker_factor(f) for f in (left, right)), ENTRYWISE)
            case Commutation(rows, columns, _):
                return self.sized("K", (rows, columns))
            case Call(op, arguments, _, node):
                return self._call(op, arguments, axes_said(node))
            case Ones(size):
                return self.ones(size)
            case Identity(size):
                return self.identity(size)
            case Zero():
                return Piece("0", ATOM, "number")
            case Entry(of, position):
                return self.entry(self.inside(of, ATOM), position)
            case Array(rows, kind):
                return self.array([[self.print(item) for item in row] for row in rows], kind != "matrix")
            case Part(of, ranges):
                return self.part(self.inside(of, ATOM), ranges)
            case Blocks(rows):
                return self.blocks([[self.print(item) for item in row] for row in rows])
            case Bracket(of):
                return self.bracket(self.print(of))
            case Indexed(of, index):
                return self.indexed(self.inside(of, ATOM), [self.subscript(s) for s in index])
            case Delta(left, right):
                return self.indexed(self.name("delta"), [self.subscript(left), self.subscript(right)])
            case Summation(letters, _, body):
                return Piece(self.sigma(letters) + self.inside(body, PRODUCT).text, SUM)
        raise TypeError(f"{e!r} is no expression.")

    def inside(self, e: Expr, level: int) -> Piece:
        """The expression as an operand that must bind at least as tightly as `level`."""
        piece = self.piece(e)
        return piece if piece.level >= level else self.parenthesized(piece)

    def tight(self, e: Expr) -> Piece:
        """An operand of ⊙, ⊘ or ⊗: products of letters need no parentheses where no space stands in them."""
        piece = self.piece(e)
        return piece if piece.level == PRODUCT and piece.kind == "letter" and " " not in piece.text else self.inside(e, POSTFIX)

    # ----- what notations differ in -----------------------------------------------------------------------------------
    odot, oslash, otimes = " .* ", " ./ ", " (x) "

    def name(self, name: str) -> Piece: ...  # type: ignore[empty-body]
    def number(self, number: Scalar) -> str: ...  # type: ignore[empty-body]
    def transpose(self, of: Piece) -> Piece: ...  # type: ignore[empty-body]
    def inverse(self, of: Piece, transposed: bool = False) -> Piece: ...  # type: ignore[empty-body]
    def power(self, base: Piece, exponent: Expr, scalar: bool) -> Piece: ...  # type: ignore[empty-body]
    def function(self, name: str, of: Expr) -> Piece: ...  # type: ignore[empty-body]
    def norm(self, text: str, matrix: bool) -> Piece: ...  # type: ignore[empty-body]
    def sized(self, name: str, sizes: Sequence[Size]) -> Piece: ...  # type: ignore[empty-body]
    def ones(self, size: Size) -> Piece: ...  # type: ignore[empty-body]
    def identity(self, size: Size) -> Piece: ...  # type: ignore[empty-body]
    def entry(self, of: Piece, position: tuple[Size | None, ...]) -> Piece: ...  # type: ignore[empty-body]
    def array(self, rows: list[list[str]], vector: bool) -> Piece: ...  # type: ignore[empty-body]
    def part(self, of: Piece, ranges: Sequence[tuple[Size, Size] | None]) -> Piece: ...  # type: ignore[empty-body]
    def blocks(self, rows: list[list[str]]) -> Piece: ...  # type: ignore[empty-body]
    def indexed(self, of: Piece, index: list[str]) -> Piece: ...  # type: ignore[empty-body]
    def subscript(self, s: Subscript) -> str: ...  # type: ignore[empty-body]
    def sigma(self, letters: tuple[str, ...]) -> str: ...  # type: ignore[empty-body]
    def gap(self, left: Piece, right: Piece) -> str: ...  # type: ignore[empty-body]
    def template(self, op: str, arity: int) -> str: ...  # type: ignore[empty-body]

    def parenthesized(self, piece: Piece) -> Piece:
        return Piece(f"({piece.text})", ATOM, "paren")

    def fraction(self, top: Expr, bottom: Expr) -> Piece:
        return Piece(f"{self.inside(top, PRODUCT).text} / {self.inside(bottom, POSTFIX).text}", ENTRYWISE)

    def bracket(self, text: str) -> Piece:
        return Piece(f"[{text}]")

    def filled(self, template: str, shown: Sequence[str], axes: str) -> str:
        """The words of an operation around its arguments, and along which axes it works."""
        text = template.format(*shown)
        if not axes:
            return text
        return text[:-1] + f", {axes})" if text.endswith(")") else f"({text}, {axes})"

    # ----- what they share --------------------------------------------------------------------------------------------
    def signed(self, negative: bool, piece: Piece) -> Piece:
        return Piece(self.minus + piece.text, SUM, piece.kind) if negative else piece

    def _product(self, e: Product) -> Piece:
        pieces = [Piece(self.number(abs(e.number)), ATOM, "number")] if abs(e.number) != 1 or not (e.scalars or e.matrices) else []
        *before, last = (*e.scalars, *e.matrices)
        pieces += [self._repeated(f, count) for f, count in _runs(before, last)[:-1]]
        last, times = _runs(before, last)[-1]
        if times > 1:
            return self._joined(e.number, [*pieces, self._repeated(last, times)])
        open_ended = isinstance(last, Summation) or (isinstance(last, (Hadamard, Kronecker)) and not pieces)
        pieces.append(self.piece(last) if open_ended else self._factor(last))
        return self._joined(e.number, pieces)

    def _joined(self, number: Scalar, pieces: Sequence[Piece]) -> Piece:
        joined = pieces[0]
        for piece in pieces[1:]:
            joined = Piece(joined.text + self.gap(joined, piece) + piece.text, PRODUCT, piece.kind)
        return self.signed(number < 0, joined)

    def _repeated(self, e: Expr, count: int) -> Piece:
        """XXX is X³, A⁻¹A⁻¹ is A⁻²; transposes stay side by side."""
        if count == 1:
            return self._factor(e)
        base, exponent = (e.of, -count) if isinstance(e, Inverse) else (e, count)
        return self.power(self.inside(base, ATOM), Number(exponent), scalar=True)

    def _factor(self, e: Expr) -> Piece:
        """A factor of a product; a scalar in parentheses keeps its distance from the matrices."""
        piece = self.inside(e, POSTFIX)
        return piece._replace(kind="word") if piece.kind == "paren" and is_scalar(e) else piece

    def _sum(self, terms: Sequence[Expr]) -> Piece:
        text = ""
        for term in terms:
            number, core = split(term)
            negative = number < 0
            shown = self.piece(product((core,), -number) if negative else term)
            if shown.level <= SUM and (text or negative) and not isinstance(core, Summation):
                shown = self.parenthesized(shown)
            text += (f" {self.minus} " if negative else f" {self.plus} ") + shown.text if text else (self.minus if negative else "") + shown.text
        return Piece(text, SUM)

    def _quotient(self, top: Expr, bottom: Expr) -> Piece:
        number, core = split(top)
        if number < 0:
            return self.signed(True, self._quotient(product((core,), -number), bottom))
        if is_scalar(bottom):
            return self.fraction(top, bottom)
        return Piece(self.tight(top).text + self.oslash + self.tight(bottom).text, ENTRYWISE)

    def _kronecker_factor(self, e: Expr) -> str:
        return self.sized("I", (e.size,)).text if isinstance(e, Identity) else self.tight(e).text

    def _call(self, op: str, arguments: Sequence[Expr], axes: str) -> Piece:
        template = self.template(op, len(arguments))
        shown = []
        for position, argument in enumerate(arguments):
            before, _, after = template.partition(f"{{{position}}}")
            opened, closed = before.rstrip()[-1:], after.lstrip()[:1] in tuple(")|,}\\‖")
            level = SUM if op in COMPARISONS else COMPARE if opened in tuple("(|,{‖") and closed else ENTRYWISE if opened == "+" and closed else ATOM
            shown.append(self.inside(argument, level).text)
        bare = template.startswith("{") or re.search(r"\{\d\}$", template)
        return Piece(self.filled(template, shown, axes), COMPARE if bare else ATOM)


def _runs(before: Sequence[Expr], last: Expr) -> list[tuple[Expr, int]]:
    """Factors with how often they stand in a row, where that makes a power: of a matrix with a name, of an inverse."""
    found: list[tuple[Expr, int]] = []
    for e in (*before, last):
        if found and found[-1][0] == e and isinstance(e, (Symbol, Inverse)) and form(e) == "matrix":
            found[-1] = (e, found[-1][1] + 1)
        else:
            found.append((e, 1))
    return found


CONSTANTS = {  # numbers that derivatives bring with them
    pi: ("π", r"\pi"),
    2 * pi: ("2π", r"2\pi"),
    log(2): ("log(2)", r"\log(2)"),
    log(10): ("log(10)", r"\log(10)"),
    2 / sqrt(pi): ("(2/√π)", r"\tfrac{2}{\sqrt{\pi}}"),
}
VULGAR = {Fraction(1, 2): "½", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔", Fraction(1, 4): "¼", Fraction(3, 4): "¾"}


def axes_said(node: Node | None) -> str:
    """axis=1 of an operation along some axes of a matrix, k=-1 of a triangle of ones; nothing where there is no choice."""
    if node is not None and node.op == "tri":
        return f"k={node.attrs}" if node.attrs != 0 else ""
    if node is None or node.op == "cofactors" or not node.inputs or node.inputs[0].ndim < 2:
        return ""
    axes = node.attrs if isinstance(node.attrs, tuple) else (node.attrs,)
    if not all(isinstance(axis, int) and not isinstance(axis, bool) for axis in axes) or len(axes) >= node.inputs[0].ndim or not axes:
        return ""
    return f"axis={axes[0] if len(axes) == 1 else axes}"


def fraction_of(number: Scalar) -> Fraction | None:
    """The simple fraction that a float is, where its decimals would be unreadable (or one of the very common ones)."""
    if isinstance(number, int) or not isfinite(number):
        return None
    simple = Fraction(number).limit_denominator(100)
    readable = len(repr(number)) <= 6 and simple not in VULGAR
    return simple if float(simple) == number and simple.denominator > 1 and not readable else None


def decimal(number: Scalar) -> str:
    """A number in digits: 2.0 as 2."""
    if isinstance(number, float) and number == int(number) if abs(number) < 1e15 else False:
        return str(int(number))
    return repr(number)


def one_based(s: Subscript) -> tuple[tuple[tuple[str, Size], ...], Size]:
    """Parts and offset of a subscript counted from 1, as mathematics does; a cyclic offset is the nearest to 0."""
    offset: Size = s.offset
    if s.modulus is not None:
        back = offset - s.modulus
        if isinstance(back, int) and (not isinstance(offset, int) or -back < offset):
            offset = back
    for _, coefficient in s.parts:
        offset = offset - coefficient
    return s.parts, offset + 1


def range_text(start: Size, size: Size) -> str:
    """2:N, counted from 1 and with both ends, as mathematics does."""
    return f"{start + 1}:{str(start + size).replace(' ', '')}"


def affine_text(parts: Sequence[tuple[str, Size]], offset: Size, minus: str = "-") -> str:
    """i+1, 2i−1, N−i+1."""
    words: list[tuple[bool, str]] = []
    for letter, coefficient in parts:
        negative = isinstance(coefficient, int) and coefficient < 0
        size = str(abs(coefficient) if isinstance(coefficient, int) else coefficient)
        words.append((negative, letter if size == "1" else f"{size}{letter}" if size.isalnum() else f"({size}){letter}"))
    if offset != 0 or not words:
        negative = str(offset).startswith("-")
        shown = str(-offset if negative else offset).replace(" ", "").replace("-", minus)
        words.insert(0 if words and words[0][0] else len(words), (negative, shown))
    first, *rest = words
    return (minus if first[0] else "") + first[1] + "".join((minus if negative else "+") + word for negative, word in rest)
