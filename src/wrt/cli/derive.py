"""wrt derive: what was asked, and the answer as text or as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from wrt.api.derive import Derivative, derive
from wrt.cli.stream import encodable, say
from wrt.graph.node import Shape
from wrt.notation.layout import Layout, Order, View, convention, displayed_shape, flattened_shape
from wrt.trace.syntax import Dialect
from wrt.trace.tokens import plain

Part = Literal["formula", "steps", "latex", "einsum", "code"]
"""A part of the answer; they are printed in this order."""


@dataclass(frozen=True, slots=True)
class Request:
    """One run of `wrt derive`."""

    expression: str
    wrt: tuple[str, ...]
    shapes: Mapping[str, str] = field(default_factory=dict)
    layout: Layout = "numerator"
    view: View = "tensor"
    order: Order = "C"
    dialect: Dialect | None = None
    parts: frozenset[Part] = frozenset()
    check: bool = False
    as_json: bool = False
    plain: bool = False


def run(request: Request) -> None:
    """Print the answer. All of it is made before the first character is written."""
    d = derive(
        request.expression,
        tuple(map(plain, request.wrt)),
        shapes=request.shapes,
        layout=request.layout,
        view=request.view,
        order=request.order,
        dialect=request.dialect,
    )
    if request.as_json:
        record = as_record(d, request)
        text = json.dumps(record, ensure_ascii=False, indent=2)
        print(text if encodable(text, sys.stdout) else json.dumps(record, indent=2))
        return
    sections = answer(d, request)
    if on_terminal(request.plain) and encodable("".join(sections.values()), sys.stdout):
        try:
            from wrt.cli.terminal import show
        except ModuleNotFoundError:  # rich brings colour and nothing else
            pass
        else:
            show(d, sections)
            return
    say("\n\n".join(sections.values()))


def on_terminal(asked_plain: bool) -> bool:
    """Whether somebody looks at the output, who has not asked for plain text."""
    wanted = not asked_plain and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and sys.stdout is not None and sys.stdout.isatty()


def answer(d: Derivative, request: Request) -> dict[str, str]:
    """The parts asked for by name, in their order; the formula if none was, and the check at the end."""
    asked = [part for part in get_args(Part) if part in (request.parts or {"formula"})]
    sections = {part: _WRITTEN[part](d) for part in asked}
    if request.check:
        checked = str(d.check())
        if checked not in sections.get("steps", ""):
            sections["check"] = f"# {checked}" if "code" in asked else checked  # so that code stays code
    return sections


_WRITTEN: dict[Part, Callable[[Derivative], str]] = {
    "formula": str,
    "steps": lambda d: str(d.steps),
    "latex": lambda d: d.latex,
    "einsum": lambda d: d.einsum,
    "code": lambda d: d.code.strip("\n"),
}


def as_record(d: Derivative, request: Request) -> dict[str, Any]:
    """Everything that is known, for programs; `checked` is null where no point was found at which the derivative is finite."""
    steps = d.steps
    evidence = d.check() if request.check else steps.evidence
    by = d.variables[d.wrt[-1]]
    f, x = d.shape[: len(d.shape) - len(by)], by
    shape = flattened_shape(f, x, d.layout) if d.view == "matrix" and max(len(f), len(x)) > 1 else displayed_shape(f, x, d.layout)
    return {
        "expression": request.expression,
        "wrt": list(d.wrt),
        "function": d.function,
        "formula": d.formula,
        "latex": d.latex,
        "shape": _sizes(shape),
        "array_shape": _sizes(d.shape),
        "layout": d.layout,
        "view": d.view,
        "order": d.order,
        "convention": convention(d.layout, d.view, d.order, f, x),
        "shapes": {name: _sizes(sizes) for name, sizes in d.variables.items()},
        "assumed": {name: _sizes(d.variables[name]) for name in d.assumed},
        "notes": list(d.notes),
        "steps": [{"left": s.left, "claim": s.claim, "note": s.note, "rule": s.rule} for s in steps.derivation.steps],
        "einsum": d.einsum,
        "code": d.code.strip("\n") + "\n",
        "checked": evidence and {"difference": evidence.difference, "points": evidence.points, "domain": evidence.domain},
    }


def _sizes(shape: Shape) -> list[int | str]:
    return [size if isinstance(size, int) else str(size) for size in shape]
