"""The answer on a terminal: the formula large and clear, what was assumed dimmed, steps as a table, code coloured."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from wrt.api.derive import Derivative
from wrt.notation.symbol import unicode_name

_TITLES = {"steps": "Steps", "latex": "LaTeX", "einsum": "einsum", "code": "Code"}


def show(d: Derivative, sections: Mapping[str, str], console: Console | None = None) -> None:
    """Print the sections; they come as plain text, of which only the looks are changed."""
    console = console or Console(highlight=False)
    for name, text in sections.items():
        if name in _TITLES and len(sections) > 1:
            console.print(Text(f"\n{_TITLES[name]}", style="bold"))
        console.print(_drawn(name, text, d), soft_wrap=name in {"latex", "einsum"})


def _drawn(name: str, text: str, d: Derivative) -> RenderableType:
    match name:
        case "formula":
            return _formula(text, d)
        case "steps":
            return _steps(d)
        case "code":
            return Syntax(text, "python", theme="ansi_dark", background_color="default", word_wrap=True)
        case "check":
            return Text(text, style="green")
    return Text(text)


def _formula(text: str, d: Derivative) -> RenderableType:
    formula = d.formula
    notes = [line.strip() for line in text.removeprefix(formula).split("\n")]
    left = Text(f"{heading(d.wrt)} = ", style="cyan") if " = " not in formula else Text()
    panel = Panel(left + Text(formula, style="bold"), box=box.ROUNDED, border_style="cyan", padding=(1, 3), expand=False)
    return Group(panel, *(Text(f"  {line}", style="dim") for line in notes if line))


def heading(wrt: tuple[str, ...]) -> str:
    """∂f/∂θ; ∂²f/∂θ² and ∂²f/∂θ∂w for second derivatives."""
    names = [unicode_name(name) for name in wrt]
    if len(names) == 1:
        return f"∂f/∂{names[0]}"
    return f"∂²f/∂{names[0]}²" if names[0] == names[1] else f"∂²f/∂{names[0]}∂{names[1]}"


def _steps(d: Derivative) -> RenderableType:
    derivation, evidence = d.steps.derivation, d.steps.evidence
    table = Table(box=box.SIMPLE, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(justify="right", style="cyan", no_wrap=True)
    table.add_column(style="bold")
    table.add_column()
    table.add_column(style="dim")
    for step in derivation.steps:
        table.add_row(Text(step.left), Text(f"= {step.claim}"), Text(step.note), Text(step.rule))
    footing = [line for line in (derivation.code, *derivation.footing) if line]
    below = [Text(line) for line in footing] + ([Text(str(evidence), style="green")] if evidence is not None else [])
    return Group(Text(derivation.heading, style="dim"), table, *(Padding(line, (0, 0, 0, 1)) for line in below))
