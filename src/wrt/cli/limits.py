"""wrt limits: the difference quotients of a partial derivative as a table, with their limit and the exact derivative."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from wrt.cli.outcome import outcome
from wrt.cli.point import ordered
from wrt.cli.record import check_file, print_json
from wrt.cli.stream import say

HELP = """The difference quotients of a partial derivative for shrinking h, their limit, and the exact derivative beside it.

\b
Examples:
  wrt limits "sin(x)" --at 1
  wrt limits "r*cos(t), r*sin(t)" --at "r=2, t=0.5" --by t
  wrt limits "abs(x)" --at 0 --save kink.svg
  wrt limits "exp(x)" --at 1 --json

Forward, backward and central quotients; for each error whether truncation (T) or round-off (R) is the larger part, and the best h. A kink
shows as two different limits, a jump or a vertical tangent as quotients that grow without bound, and both are said. In JSON there is then
no "limit" (null), and "forward_limit" and "backward_limit" are those of each side: a number, "Infinity", "-Infinity", or null.
"outcome" is "derivative", "kink", "unbounded", or "unseen", where the quotients show no limit and deny none.

\b
Exit codes: 0 done, 1 the question is refused, 2 wrong usage.
"""


def _text(name: str, metavar: str, help: str) -> Any:
    return typer.Option(name, metavar=metavar, show_default=False, help=help)


def limits(
    map: Annotated[str, typer.Argument(metavar="MAP", show_default=False, help="One expression for each component, in NumPy's syntax.")],
    at: Annotated[str, _text("--at", '"r=2, t=0.5"', "The point.")],
    by: Annotated[str | None, _text("--by", "NAME", "The coordinate that moves; needed if there are several.")] = None,
    variables: Annotated[str | None, _text("--variables", '"x y"', "The order of the coordinates.")] = None,
    save: Annotated[str | None, _text("--save", "FILE", "Draw the first component as well: a .svg, .png or .pdf file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All numbers as one JSON object.")] = False,
) -> None:
    """Read the options, print the answer, exit."""

    def run() -> None:
        from wrt.api.limits import limits as table_of
        from wrt.api.text_map import TextMap
        from wrt.numeric.limit_text import record

        check_file(save)
        names = TextMap(map, variables).variables
        values = [value for (value,) in ordered(at, names, (1,), "--at", 'Write --at "r=2, t=0.5".')]
        table = table_of(map, values[0] if len(values) == 1 else values, by, variables=variables)
        if save is not None:
            from wrt import plot

            plot.limits(table).save(save)
        if as_json:
            outputs = [record(table, output) for output in np.ndindex(table.value.shape)]
            whole = {"outputs": outputs, "notes": list(table.notes), "evaluations": table.evaluations}
            print_json(whole)
        else:
            say(str(table))

    raise typer.Exit(outcome(run))
