"""A derivative as a piece of HTML: the formula in MathML, its shape and convention, and what to know about it."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from wrt.notation.describe import space
from wrt.notation.formula import Formula


def html(formula: Formula, remarks: Sequence[str] = (), heading: str = "") -> str:
    """For a notebook's `_repr_html_`.

    Parameters
    ----------
    remarks
        Sentences below the formula, as `wrt.notation.remarks` gives them.
    heading
        A line above it: the function, for instance.
    """
    parts = [f"<div>{escape(heading)}</div>"] if heading else []
    parts.append(formula.mathml())
    parts.append(f"<div><small>{escape(space(formula.shape))} ({escape(formula.convention)})</small></div>")
    parts += [f"<div><small>{escape(one)}</small></div>" for one in remarks]
    return f'<div class="wrt">{"".join(parts)}</div>'
