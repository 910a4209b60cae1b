"""What wrt says when it will not answer: one class a kind of refusal, one message shape for all.

A message starts with the fact, shows the user's own expression with carets under it, says what was known, and ends with
what to write instead. Inner code raises the fact; the place that knows more (the tracer, the parser, the public verb) adds
it with `located` before the error leaves the package.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's own text: where it is, the line, and the columns (0-based, end excluded) to underline."""

    where: str
    line: str
    spans: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        indent = len(self.line) - len(self.line.lstrip())
        shown = "      " + self.line.strip()
        marks = [" "] * max([end for _, end in self.spans], default=0)
        for start, end in self.spans:
            marks[start:end] = "^" * (end - start)
        carets = "".join(marks)[indent:].rstrip()
        lines = ([f"  {self.where}:"] if self.where else []) + [shown] + (["      " + carets] if carets else [])
        return "\n".join(lines)


class WrtError(Exception):
    """Base of every error that wrt raises on purpose.

    Parameters
    ----------
    fact
        What was asked and why it cannot be done, in one sentence.
    known
        What was known by then: shapes, sizes, which input is to blame.
    advice
        What to write instead.
    location
        The user's expression, when the raiser knows it.
    """

    def __init__(self, fact: str, *, known: str = "", advice: str = "", location: Location | None = None) -> None:
        super().__init__(fact)
        self.fact, self.known, self.advice, self.location = fact, known, advice, location

    def located(self, location: Location | None, known: str = "") -> WrtError:
        """The same error with a place (and what was known there), unless a closer raiser has set them already."""
        self.location = self.location or location
        self.known = self.known or known
        return self

    def __str__(self) -> str:
        lines = [self.fact]
        if self.location is not None:
            lines.append(str(self.location))
        lines += [f"  {text}" for text in (self.known, self.advice) if text]
        return "\n".join(lines)


class Unsupported(WrtError):
    """The derivative is not known to wrt, or does not exist: the operation is named and nothing is guessed.

    wrt never falls back to differences by itself and never returns zero for an unknown derivative. Ask for numbers with
    `wrt.numeric.jacobian`, or rewrite the named expression as the message suggests.
    """


class ShapeError(WrtError, ValueError):
    """Sizes do not fit together: the message names the operands and both sizes."""


class LayoutError(WrtError, ValueError):
    """A layout, view or order that does not exist, or that the receiver does not want."""


class ArgumentError(WrtError, TypeError):
    """A call that cannot be meant: an unknown name in `wrt=`, a missing argument, a value of the wrong kind."""


class ParseError(WrtError, ValueError):
    """Text that is not an expression: the message points at the character where reading stopped."""


class Disagreement(WrtError, AssertionError):
    """Two derivatives that must agree do not; the message says where and by how much."""


class Promotion(UserWarning):
    """An integer input was taken as float64, because derivatives live on the reals."""


for _public in (WrtError, Unsupported, ShapeError, LayoutError, ArgumentError, ParseError, Disagreement, Promotion):
    _public.__module__ = "wrt"  # tracebacks then name the class as users import it: wrt.ShapeError
