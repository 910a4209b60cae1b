"""What can be drawn as a derivative: text or a NumPy function with `wrt=`, or a Derivative that is there already."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from wrt.api.derive import Derivative, derive
from wrt.api.formula_program import differentiated
from wrt.api.formula_source import TextSource, build, declared_shapes
from wrt.errors import ArgumentError, ShapeError
from wrt.linear.pattern import Pattern
from wrt.linear.pattern import pattern as pattern_of
from wrt.notation.describe import times
from wrt.notation.symbol import unicode_name
from wrt.trace.tokens import plain

LONG = 58  # characters: a longer formula is shortened in the picture; the text alternative has all of it


def derivative(expression: str | Callable[..., Any] | Derivative, wrt: str | int | None, shapes: Mapping[str, Any] | None) -> Derivative:
    """The derivative to draw."""
    if isinstance(expression, Derivative):
        if wrt is not None or shapes is not None:
            raise ArgumentError("A Derivative has its variable and its shapes already.", advice="Leave wrt= and shapes= out.")
        return expression
    if wrt is None:
        raise ArgumentError("Which derivative is to be drawn?", advice="Name the variable: wrt='x'.")
    if not isinstance(expression, str) and not callable(expression):
        raise ArgumentError(f"Expected text, a function or a Derivative, got {type(expression).__name__}.")
    return derive(expression, wrt, shapes=shapes)  # type: ignore[arg-type]  # positions are read too


def pattern(expression: str, wrt: str, shapes: Mapping[str, Any]) -> Pattern:
    """Where the derivative of an expression can be nonzero; its sizes must be numbers."""
    built = build(TextSource(expression, None), declared_shapes(shapes), (plain(wrt),))
    free = [name for name, node in built.variables.items() if not all(isinstance(size, int) for size in node.shape)]
    if free:
        raise ShapeError(f"A pattern needs sizes that are numbers; those of {', '.join(free)} are not.", advice=f'Give shapes={{"{free[0]}": "30"}}.')
    return pattern_of(differentiated(built, (plain(wrt),))[1])


def quotient(d: Derivative) -> str:
    """∂f/∂θ, in the words of the derivation where it names the output (∂L/∂θ)."""
    names = [unicode_name(name) for name in d.wrt]
    if len(names) == 1:
        return f"∂f/∂{names[0]}"
    return f"∂²f/∂{names[0]}²" if names[0] == names[1] else f"∂²f/∂{names[0]}∂{names[1]}"


def stated(left: str, claim: str) -> str:
    """left = claim; the claim alone where it has a left side of its own (∂f_i/∂X_jk = …, but not … with e = …)."""
    before, equal, _ = claim.partition(" = ")
    return claim if equal and "with " not in before else f"{left} = {claim}"


def shortened(text: str, longest: int = LONG) -> str:
    """The first line, cut between names where it gets too long for a picture."""
    first = text.partition("\n")[0].partition("   (")[0]
    if len(first) <= longest:
        return first
    cut = first[: longest - 2]
    if first[longest - 2].isalnum() or first[longest - 2] == "_":
        cut = re.sub(r"\w+$", "", cut) or cut  # half a name is another name
    return cut.rstrip() + " …"


def sized(shape: Any) -> str:
    """N×D for texts, n_obs×(k + 1); 'a scalar' for (). Sums and products stand in brackets, but not where they stand alone."""
    parts = [times((size,)).removeprefix("(").removesuffix(")").replace("*", "·") for size in shape]
    return "×".join(f"({part})" if len(parts) > 1 and (" " in part or "·" in part) else part for part in parts) or "a scalar"


def sizes(shape: Any) -> list[int | str]:
    """A shape for JSON."""
    return [size if isinstance(size, int) else str(size) for size in shape]


def kind(shape: Any) -> str:
    """A scalar, a vector of N, a matrix N×D, a tensor k×l×n."""
    word = ("a scalar", "a vector of ", "a matrix ", "a tensor ")[min(len(shape), 3)]
    return word + sized(shape) if len(shape) else word


_LETTER = "[^\\W_⁰¹²³⁴⁵⁶⁷⁸⁹ᵀ₀₁₂₃₄₅₆₇₈₉]"
_RUNS = "|".join("ijklmnpqrs"[k : k + count] for count in range(8, 2, -1) for k in range(11 - count))
_INDEX = rf"(?:{_RUNS}|[i-np-s]{{2}}|\d{{1,3}}|{_LETTER})(?!\w)"  # what is an index after an underscore: i, 12, kj, ijk; x_min is a name
_TOKEN = re.compile(
    rf"(?P<call>[^\W\d_ᵀ]{{2,}}(?=\())|_(?P<low>\{{[^}}]*\}}|{_INDEX})"
    rf"|(?P<small>[₀₁₂₃₄₅₆₇₈₉]+)(?:_(?P<after>\{{[^}}]*\}}|{_INDEX}))?|\^⊙(?P<power>\w+)"
    rf"|(?P<high>[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ᵀ]+)|(?P<word>{_LETTER}+(?:_(?!{_INDEX}){_LETTER}+)*)|(?P<gap>\s+)|(?P<other>.)",
    re.DOTALL,
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_MATH = {"%": r"\%", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}", "^": r"\hat{}", "\\": r"\backslash ", "_": r"\_", "*": r"\ast ", "/": "/"}


_OPERATORS = "=+−±⊙⊗⊘·×∈∘"


def typeset(text: str) -> str:
    """A formula of wrt, −2 (y − Φθ)ᵀΦ, as matplotlib's mathtext: variables in italics, functions upright, indices lowered."""

    def written(found: re.Match[str]) -> str:
        kind, said = found.lastgroup, found[0]
        match kind:
            case "call":
                return rf"\mathrm{{{said}}}"
            case "low":
                return _lowered(found["low"])
            case "small" | "after":
                after = found["after"]
                return _lowered(found["small"].translate(_LOWERED) + (f",{after}" if after else ""))
            case "power":
                return rf"^{{\odot {found['power']}}}"
            case "high":
                return "^{" + said.replace("ᵀ", r"\mathrm{T}").translate(_RAISED) + "}"
            case "word":
                return rf"\mathit{{{said.replace('_', _MATH['_'])}}}" if said.replace("_", "").isalpha() else said.replace("_", _MATH["_"])
            case "gap":  # mathtext spaces operators itself
                return "" if _beside(text, found.start(), found.end()) else r"\ "
        if said == "−" and text[: found.start()].rstrip()[-1:] in ("", *_OPERATORS, "(", "[", ","):
            return "{−}"  # a sign, not a difference
        return _MATH.get(said, said)

    return f"${_TOKEN.sub(written, text)}$"


def _lowered(index: str) -> str:
    return "_{" + re.sub(r"[{}]", "", index).replace("_", _MATH["_"]) + "}"


def _beside(text: str, start: int, end: int) -> bool:
    """Whether an operator stands on either side of this gap."""
    return text[start - 1 : start] in tuple(_OPERATORS) or text[end : end + 1] in tuple(_OPERATORS)
