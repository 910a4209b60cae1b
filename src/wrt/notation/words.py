"""What some operations are called in formulas, where the catalogue's word is NumPy's: σ for expit, ≤ for <=."""

from __future__ import annotations

from wrt.ops.catalog import OPERATIONS

COMPARISONS = {"less": "<", "less_equal": "≤", "greater": ">", "greater_equal": "≥", "equal": "=", "not_equal": "≠"}
_LATEX = {"<": "<", "≤": r"\le", ">": ">", "≥": r"\ge", "=": "=", "≠": r"\ne"}
_WORDS = {  # operation: Unicode, LaTeX
    "expit": ("σ({0})", r"\sigma({0})"),
    "log_expit": ("log σ({0})", r"\log \sigma({0})"),
    "svdvals": ("singular({0})", r"\operatorname{{singular}}({0})"),
    "eigvalsh": ("eig({0})", r"\operatorname{{eig}}({0})"),
    "eigenvectors": ("eigenvectors({0})", r"\operatorname{{eigenvectors}}({0})"),
    "digamma": ("ψ({0})", r"\psi({0})"),
    "logical_and": ("{0} and {1}", r"{0} \wedge {1}"),
    "logical_or": ("{0} or {1}", r"{0} \vee {1}"),
    "logical_xor": ("{0} xor {1}", r"{0} \oplus {1}"),
    "logical_not": ("not {0}", r"\neg {0}"),
    **{op: (f"{{0}} {sign} {{1}}", f"{{0}} {_LATEX[sign]} {{1}}") for op, sign in COMPARISONS.items()},
}


def unicode_word(op: str, arity: int) -> str:
    """The template that shows the operation in a line of text."""
    return _WORDS[op][0] if op in _WORDS else OPERATIONS[op].text or generic(op, arity)


def latex_word(op: str, arity: int) -> str:
    """The template for math mode."""
    if op in _WORDS:
        return _WORDS[op][1]
    places = ", ".join(f"{{{k}}}" for k in range(arity))
    return OPERATIONS[op].latex or rf"\operatorname{{{{{op.replace('_', ' ')}}}}}({places})"


def ascii_word(op: str, arity: int) -> str:
    """The template in characters of any keyboard."""
    found = OPERATIONS[op].text
    return found if found and found.isascii() else generic(op, arity)


def generic(op: str, arity: int) -> str:
    """name({0}, {1}) for an operation that says no more."""
    return f"{op}({', '.join(f'{{{k}}}' for k in range(arity))})"
