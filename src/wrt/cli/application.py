"""The commands and options of wrt: one declaration each, which is its parser and its help."""

from __future__ import annotations

import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, get_args

import typer

from wrt.cli import det, limits, plot
from wrt.cli.derive import Part, Request, run
from wrt.cli.exit_code import ExitCode
from wrt.cli.outcome import outcome
from wrt.notation.layout import Layout, Order, View
from wrt.trace.syntax import Dialect

_LONGEST = 1_000_000  # characters read from stdin; the parser refuses far less, with a message

_WRT = """Derivatives with respect to anything: as a formula, as steps, as code.

\b
Examples:
  wrt derive "sum((y - Phi @ theta)**2)" --wrt theta
  wrt derive "x'*A*x" --wrt x --steps
  wrt det "r*cos(t), r*sin(t)" --at "r=2, t=0.5"
  wrt limits "sin(x)" --at 1
  wrt plot chain "A @ sin(B @ x)" --wrt x --save chain.svg
  wrt derive --help
"""
_DERIVE = """The derivative of an expression, with its shape and convention.

\b
Examples:
  wrt derive "sum((y - Phi @ theta)**2)" --wrt theta --shape "Phi: N D"
  wrt derive "norm2(y - X*w)^2" --wrt w --wrt w --formula --check
  wrt derive "A @ X @ B" --wrt X --view matrix --order F --latex
  echo "log(sum(exp(x)))" | wrt derive - --wrt x --code > gradient.py

Parts that are asked for are printed instead of the formula alone, always in this order: formula, steps, LaTeX, einsum, code, check.

\b
Exit codes: 0 done, 1 the expression is refused, 2 wrong usage, 3 the check failed.
"""

# The help is plain on every terminal: boxes would break the examples.
application = typer.Typer(
    name="wrt",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


def _version(asked: bool) -> None:
    if asked:
        try:
            print(f"wrt {version('wrt')}")
        except PackageNotFoundError:
            print("wrt (run from its source, not installed)")
        raise typer.Exit


@application.callback(no_args_is_help=True, help=_WRT)
def wrt(
    shown: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
) -> None:
    """What holds for every command."""


def _choice(name: str, options: Any, help: str) -> Any:
    """An option that takes one of the values of a Literal."""

    def chosen(value: str) -> str:
        if value not in get_args(options):
            raise typer.BadParameter(f"{value!r} is not one of {', '.join(get_args(options))}.")
        return value

    return typer.Option(name, parser=chosen, metavar="|".join(get_args(options)), help=help)


def _flag(name: str, help: str) -> Any:
    return typer.Option(name, help=help)


_EXPRESSION = typer.Argument(metavar="EXPRESSION", show_default=False, help="In NumPy's or matrixcalculus.org's syntax; - reads it from stdin.")
_BY = typer.Option("--wrt", metavar="NAME", show_default=False, help="Differentiate by this variable; twice for a second derivative.")
_SHAPE = typer.Option(
    "--shape",
    metavar='"NAME: SIZES"',
    default_factory=list,
    show_default=False,
    help="A shape, in numbers or letters; repeat it for more. Others are inferred.",
)


@application.command(no_args_is_help=True, help=_DERIVE)
def derive(
    expression: Annotated[str, _EXPRESSION],
    wrt: Annotated[list[str], _BY],
    shape: Annotated[list[str], _SHAPE],
    formula: Annotated[bool, _flag("--formula", "The formula (by itself, if no other part is asked for).")] = False,
    steps: Annotated[bool, _flag("--steps", "The derivation, line by line, with a check.")] = False,
    latex: Annotated[bool, _flag("--latex", "The formula for LaTeX's math mode.")] = False,
    einsum: Annotated[bool, _flag("--einsum", "The derivative as one line of NumPy.")] = False,
    code: Annotated[bool, _flag("--code", "A NumPy function that returns the value and the derivative.")] = False,
    check: Annotated[bool, _flag("--check", "Compare with difference quotients at random points.")] = False,
    layout: Annotated[Layout, _choice("--layout", Layout, "What lies along rows: outputs, inputs, or mixed.")] = "numerator",
    view: Annotated[View, _choice("--view", View, "Axes as they are, or flattened to a matrix.")] = "tensor",
    order: Annotated[Order, _choice("--order", Order, "How --view matrix flattens: by rows (C) or columns (F, vec).")] = "C",
    dialect: Annotated[Dialect | None, _choice("--dialect", Dialect, "The syntax, where the text alone does not tell.")] = None,
    as_json: Annotated[bool, _flag("--json", "Everything as one JSON object.")] = False,
    plain: Annotated[bool, _flag("--plain", "No colour, no boxes; as in a pipe or under NO_COLOR.")] = False,
) -> None:
    """Read the options, print the answer, exit."""
    if len(wrt) > 2:
        raise typer.BadParameter("give one name, or two for a second derivative.", param_hint="'--wrt'")
    asked: dict[Part, bool] = {"formula": formula, "steps": steps, "latex": latex, "einsum": einsum, "code": code}
    parts = frozenset(part for part, wanted in asked.items() if wanted)
    if as_json and parts:
        raise typer.BadParameter("it has all parts already; leave the other options out.", param_hint="'--json'")
    shapes = _shapes(shape)
    text = (_read() if expression == "-" else expression).strip()
    request = Request(text, tuple(wrt), shapes, layout, view, order, dialect, parts, check, as_json, plain)
    raise typer.Exit(outcome(lambda: run(request)))


def _shapes(given: list[str]) -> dict[str, str]:
    """["Phi: N D", "t:"] as {"Phi": "N D", "t": ""}."""
    shapes: dict[str, str] = {}
    for text in given:
        name, colon, sizes = (part.strip() for part in text.partition(":"))
        if not colon or not name.isidentifier():
            fact = f'{text!r} is not a name and its sizes; write "Phi: N D", or "t:" for a scalar.'
            raise typer.BadParameter(fact, param_hint="'--shape'")
        if name in shapes:
            raise typer.BadParameter(f"{name} has two shapes.", param_hint="'--shape'")
        shapes[name] = sizes
    return shapes


def _read() -> str:
    try:
        return sys.stdin.read(_LONGEST)
    except UnicodeDecodeError as why:
        raise typer.BadParameter(f"stdin is not {why.encoding} text.", param_hint="'EXPRESSION'") from None
    except KeyboardInterrupt:
        raise typer.Exit(ExitCode.INTERRUPTED) from None


application.command(no_args_is_help=True, help=det.HELP)(det.det)
application.command(no_args_is_help=True, help=limits.HELP)(limits.limits)
application.add_typer(plot.plot, name="plot", help=plot.HELP, no_args_is_help=True)
