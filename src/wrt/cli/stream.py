"""Text for streams that may not know Unicode: a formula keeps its meaning where θ and ᵀ cannot be written."""

from __future__ import annotations

import re
import sys
from typing import TextIO

from wrt.notation.symbol import GREEK

_NAME = {sign: name for name, sign in reversed(GREEK.items())}
_SIGN = {
    "ᵀ": "'", "−": "-", "–": "-", "—": "-", "×": " x ", "·": "*", "⋅": "*", "⊙": ".*", "⊘": "./", "⊗": "(x)", "∘": "o", "‖": "||",
    "∂": "d", "∈": "in", "√": "sqrt", "∞": "inf", "∫": "integral ", "𝟏": "1", "ℓ": "l", "ᵃ": "^a", "ᵇ": "^b",
    "½": "(1/2)", "⅓": "(1/3)", "⅔": "(2/3)", "¼": "(1/4)", "¾": "(3/4)",
    "→": "->", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "±": "+-", "…": "...", "’": "'", "′": "'",
}  # fmt: skip
_RAISED, _LOWERED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "₀₁₂₃₄₅₆₇₈₉"
_PLAIN = str.maketrans(_RAISED + _LOWERED, "0123456789+-0123456789")
_FOREIGN = re.compile(rf"⁻ᵀ|Σ(?=_)|[{_RAISED}]+|[{_LOWERED}]+|[{''.join(_NAME)}{''.join(_SIGN)}]")


def encodable(text: str, stream: TextIO | None) -> bool:
    """Whether the stream's encoding has all these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def say(text: str, stream: TextIO | None = None) -> None:
    """Print the text (to stdout), in ASCII if the stream cannot take it as it is."""
    stream = stream or sys.stdout
    if not encodable(text, stream):
        text = ascii_form(text).encode(stream.encoding, "backslashreplace").decode(stream.encoding)
    print(text, file=stream)


def ascii_form(text: str) -> str:
    """The same in characters of any keyboard, as `notation.text` writes products and transposes in ASCII.

    >>> ascii_form("−2 (y − Φθ)ᵀΦ ∈ R^{1×D}")
    "-2 (y - Phi theta)' Phi in R^{1 x D}"
    """
    return _FOREIGN.sub(_spelled, text)


def _spelled(found: re.Match[str]) -> str:
    """One sign in letters; a space keeps it apart from a factor that stood close to it."""
    sign, text = found[0], found.string
    before, after = text[found.start() - 1 : found.start()] if found.start() else "", text[found.end() : found.end() + 1]
    factor = after.isalnum() and after not in _RAISED + _LOWERED + "ᵀ"
    if sign == "Σ" and after == "_":
        return "sum"
    if sign in _NAME:
        close = before.isascii() and (before.isalnum() or before in tuple(")]}"))
        return " " * close + _NAME[sign] + " " * (factor or after == "(")
    if sign in _SIGN:
        return _SIGN[sign] + " " * (factor and sign == "ᵀ")
    raised = sign == "⁻ᵀ" or sign[0] in _RAISED
    return ("^" if raised else "_") + sign.translate(_PLAIN).replace("ᵀ", "T") + " " * factor
