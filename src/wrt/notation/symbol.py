r"""How names are written: theta as θ, x_1 as x₁; in LaTeX \theta, x_{1}, \mathrm{loss}."""

from __future__ import annotations

import re

_SMALL = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "eps": "ε", "zeta": "ζ", "eta": "η", "theta": "θ", "iota": "ι",
    "kappa": "κ", "lambda": "λ", "lamda": "λ", "lam": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
}  # fmt: skip
_LARGE = {
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
GREEK = {**_SMALL, **_LARGE}
_LATEX = {sign: "\\" + name for name, sign in GREEK.items()} | {"ε": r"\epsilon", "λ": r"\lambda"}
_LOW, _HIGH = "₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹"
_NAME = re.compile(r"^(.*?[^\W\d_])_?(\d+|(?<=_)\w)?_*$")


def parts(name: str) -> tuple[str, str]:
    """The stem and the subscript: ("x", "1") of x1 and x_1."""
    found = _NAME.match(name)
    if found is None:
        return name, ""
    stem, low = found.groups()
    return (stem, low or "") if "_" not in stem else (name, "")


def subscript(digits: str) -> str:
    """Digits below the line; anything else after an underscore."""
    return "".join(_LOW[int(d)] for d in digits) if digits.isdigit() else "_" + digits


def superscript(number: int) -> str:
    return ("⁻" if number < 0 else "") + "".join(_HIGH[int(d)] for d in str(abs(number)))


def unicode_name(name: str) -> str:
    stem, low = parts(name)
    return GREEK.get(stem, stem) + (subscript(low) if low else "")


def latex_name(name: str) -> str:
    stem, low = parts(name)
    sign = GREEK.get(stem, stem)
    command = _LATEX.get(sign, sign if len(sign) == 1 else rf"\mathrm{{{_escaped(sign)}}}")
    return command + (f"_{low}" if len(low) == 1 else f"_{{{low}}}" if low else "")


def is_letter(name: str) -> bool:
    """Whether the name is read as one letter, so that products need no space."""
    stem, low = parts(name)
    return len(GREEK.get(stem, stem)) == 1 and (not low or low.isdigit())


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")
