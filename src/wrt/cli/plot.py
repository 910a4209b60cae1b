"""wrt plot …: pictures as files, and what they show in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wrt.cli.outcome import outcome
from wrt.cli.point import ordered, vectors
from wrt.cli.record import check_file, print_json
from wrt.cli.stream import say
from wrt.errors import ArgumentError, ParseError

if TYPE_CHECKING:
    from wrt.plot import Picture

HELP = """Pictures of derivatives, as SVG, PNG or PDF files.

\b
Examples:
  wrt plot shapes "sum((y - Phi @ theta)**2)" --wrt theta --save shapes.svg
  wrt plot chain "A @ sin(B @ x)" --wrt x --save chain.svg
  wrt plot collate --save collate.svg
  wrt plot map "r*cos(t), r*sin(t)" --region "r=0:2, t=0:3" --at "r=1.5, t=1" --save polar.png
  wrt plot linear "(-2,1), (1,1)" --save linear.svg
  wrt plot spy "x[1:] - x[:-1]**2" --wrt x --shape "x: 30"
  wrt plot density "exp(x)" --law "norm(0, 1)" --save lognormal.svg
  wrt plot limits "sin(x)" --at 1 --save limits.svg

Each command prints what its picture shows in words, and with --save writes the picture. The words go into the file, too.

\b
Exit codes: 0 done, 1 the question is refused, 2 wrong usage.
"""

plot = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


def _examples(first: str, *lines: str) -> str:
    return "\n".join([first, "", "\b", "Examples:", *(f"  wrt plot {line}" for line in lines)])


def _text(name: str, metavar: str, help: str) -> Any:
    return typer.Option(name, metavar=metavar, show_default=False, help=help)


_EXPRESSION = typer.Argument(metavar="EXPRESSION", show_default=False, help="In NumPy's or matrixcalculus.org's syntax.")
_MAYBE = typer.Argument(metavar="[EXPRESSION]", show_default=False, help="In NumPy's syntax; without it the general picture.")
_BY = typer.Option("--wrt", metavar="NAME", show_default=False, help="The variable to differentiate by.")
_SHAPE = typer.Option("--shape", metavar='"NAME: SIZES"', default_factory=list, show_default=False, help="A shape; repeat it for more.")
_SAVE = _text("--save", "FILE", "Write the picture: a .svg, .png or .pdf file.")
_JSON = typer.Option("--json", help="The numbers and the words as one JSON object.")
Save = Annotated[str | None, _SAVE]
AsJson = Annotated[bool, _JSON]
Shape = Annotated[list[str], _SHAPE]


def _show(draw: Callable[[], Picture], save: str | None, as_json: bool, words: Callable[[Picture], str] | None = None) -> None:
    """Draw, save, say; exit."""

    def run() -> None:
        check_file(save)
        picture = draw()
        if save is not None:
            picture.save(save)
        if as_json:
            print_json({"title": picture.title, "text": picture.alt, **picture.numbers})
        else:
            say(picture.alt if words is None else words(picture))

    raise typer.Exit(outcome(run))


def _shapes(given: list[str]) -> dict[str, str]:
    """["Phi: N D", "t:"] as {"Phi": "N D", "t": ""}."""
    return _named(given, "--shape", 'a name and its sizes, once each; write "Phi: N D".')


def _numbers(given: list[str]) -> dict[str, Any]:
    """["x: 1 2", "A: 1 2; 3 4", "t: 5"] as {"x": [1, 2], "A": [[1, 2], [3, 4]], "t": 5}; a vector of one is written "x: 1;"."""
    found: dict[str, Any] = {}
    for name, text in _named(given, "--values", (said := 'a name and its numbers, once each; write "x: 1 2" or "A: 1 2; 3 4".')).items():
        try:
            rows = [[float(number) for number in row.replace(",", " ").split()] for row in text.strip("; ").split(";")]
        except ValueError:
            rows = []
        if not rows or not rows[0] or len({len(row) for row in rows}) > 1:
            raise typer.BadParameter(f"{f'{name}: {text}'!r} is not {said}", param_hint="'--values'")
        found[name] = rows if len(rows) > 1 else rows[0] if len(rows[0]) > 1 or ";" in text else rows[0][0]
    return found


def _named(given: list[str], option: str, what: str) -> dict[str, str]:
    """The parts of "name: text"."""
    found: dict[str, str] = {}
    for part in given:
        name, colon, text = (each.strip() for each in part.partition(":"))
        if not colon or not name.isidentifier() or name in found:
            raise typer.BadParameter(f"{part!r} is not {what}", param_hint=f"'{option}'")
        found[name] = text
    return found


_SHAPES_HELP = _examples(
    "What depends on what, and the shape of the derivative; without an expression the table of all shapes.",
    'shapes "sum((y - Phi @ theta)**2)" --wrt theta --shape "Phi: N D" --save shapes.svg',
    "shapes --save table.svg",
)


@plot.command(help=_SHAPES_HELP)
def shapes(
    shape: Shape, expression: Annotated[str | None, _MAYBE] = None, wrt: Annotated[str | None, _BY] = None, save: Save = None, as_json: AsJson = False
) -> None:
    known = _shapes(shape)
    from wrt import plot

    _show(lambda: plot.shapes(expression, wrt, shapes=known or None), save, as_json)


_CHAIN_HELP = _examples("The chain rule as boxes.", 'chain "sum((y - Phi @ theta)**2)" --wrt theta --save chain.svg')


@plot.command(no_args_is_help=True, help=_CHAIN_HELP)
def chain(expression: Annotated[str, _EXPRESSION], wrt: Annotated[str, _BY], shape: Shape, save: Save = None, as_json: AsJson = False) -> None:
    known = _shapes(shape)
    from wrt import plot

    _show(lambda: plot.chain(expression, wrt, shapes=known), save, as_json)


_COLLATE_HELP = _examples(
    "A matrix by a vector: collating beside flattening.",
    "collate --save collate.svg",
    'collate "outer(x, x)" --wrt x --shape "x: 3" --order F --save outer.png',
    'collate "outer(sin(x), y)" --wrt x --values "x: 1 2 3" --values "y: 0.5 -1"',
)
_VALUES = typer.Option(
    "--values", metavar='"NAME: NUMBERS"', default_factory=list, show_default=False,
    help="The value of a variable, the rows of a matrix with ; between; repeat it for all.",
)  # fmt: skip


@plot.command(help=_COLLATE_HELP)
def collate(
    shape: Shape,
    values: Annotated[list[str], _VALUES],
    expression: Annotated[str | None, _MAYBE] = None,
    wrt: Annotated[str | None, _BY] = None,
    order: Annotated[str, typer.Option("--order", metavar="C|F", help="Flatten by rows (C) or by columns (F, vec).")] = "C",
    save: Save = None,
    as_json: AsJson = False,
) -> None:
    if order not in ("C", "F"):
        raise typer.BadParameter(f"{order!r} is not one of C, F.", param_hint="'--order'")
    flattened: Literal["C", "F"] = "C" if order == "C" else "F"
    known, numbers = _shapes(shape), _numbers(values)
    from wrt import plot

    _show(lambda: plot.collate(expression, wrt, shapes=known or None, values=numbers or None, order=flattened), save, as_json)


_MAP_HELP = _examples(
    "A map of the plane: its grid before and after, the parallelogram at a point, |det J| as shade, and where it folds.",
    'map "r*cos(t), r*sin(t)" --region "r=0:2, t=0:3" --at "r=1.5, t=1" --save polar.svg',
    'map "x**2 - y**2 + x, 2*x*y - y" --save folds.png',
)
_MAP = typer.Argument(metavar="MAP", show_default=False, help="Its two components in two variables, with a comma between.")


@plot.command(no_args_is_help=True, help=_MAP_HELP)
def map(
    map: Annotated[str, _MAP],
    region: Annotated[str | None, _text("--region", '"r=0:2, t=0:3"', "Where it is drawn; both from -1 to 1 if left out.")] = None,
    at: Annotated[str | None, _text("--at", '"r=1, t=2"', "The point of the parallelogram.")] = None,
    variables: Annotated[str | None, _text("--variables", '"x y"', "The order of the inputs.")] = None,
    save: Save = None,
    as_json: AsJson = False,
) -> None:
    def draw() -> Picture:
        from wrt import plot
        from wrt.plot.grid import plane_map

        names = plane_map(map, variables).names
        sides = ((-1, 1), (-1, 1)) if region is None else ordered(region, names, (2,), "--region", 'Write --region "x=-1:1, y=-1:1".')
        point = None if at is None else [value for (value,) in ordered(at, names, (1,), "--at", 'Write --at "x=0.5, y=0".')]
        return plot.map(map, sides, at=point, variables=variables)

    _show(draw, save, as_json)


_LINEAR_HELP = _examples(
    "A linear map of the plane: the unit square, or another basis, before and after.",
    'linear "(-2,1), (1,1)" --save linear.svg',
    'linear "(0.5,1), (-1,0.25)" --basis "(2,1), (-1,1)" --json',
)
_MATRIX = typer.Argument(metavar="MATRIX", show_default=False, help="Its two rows: (-2,1), (1,1).")


@plot.command(no_args_is_help=True, help=_LINEAR_HELP)
def linear(
    matrix: Annotated[str, _MATRIX],
    basis: Annotated[str | None, _text("--basis", '"(2,1), (-1,1)"', "The two vectors to start from; the unit square if left out.")] = None,
    save: Save = None,
    as_json: AsJson = False,
) -> None:
    def draw() -> Picture:
        from wrt import plot

        return plot.linear(vectors(matrix, "MATRIX"), basis=((1, 0), (0, 1)) if basis is None else vectors(basis, "--basis"))

    _show(draw, save, as_json)


_SPY_HELP = _examples(
    "Where a Jacobian is not zero: in braille, with --save as a picture.",
    'spy "x[1:] - x[:-1]**2" --wrt x --shape "x: 30"',
    'spy "A @ sin(x)" --wrt x --shape "x: 8" --shape "A: 5 8" --save spy.svg',
)


@plot.command(no_args_is_help=True, help=_SPY_HELP)
def spy(
    expression: Annotated[str, _EXPRESSION],
    wrt: Annotated[str, _BY],
    shape: Shape,
    width: Annotated[int | None, typer.Option("--width", metavar="N", show_default=False, help="Characters of the braille picture; 40 where they fit.")] = None,
    save: Save = None,
    as_json: AsJson = False,
) -> None:
    known = _shapes(shape)

    def run() -> None:
        from wrt import plot
        from wrt.plot.source import pattern
        from wrt.plot.spy import words

        check_file(save)
        found, title = pattern(expression, wrt, known), f"the derivative of {expression} by {wrt}"
        if save is not None:
            plot.spy(found, title=title).save(save)
        if as_json:
            rows, columns = found.rows.tolist(), found.indices.tolist()
            about = {"title": title, "text": words(found, title)}
            print_json({**about, "shape": list(found.shape), "nnz": found.nnz, "rows": rows, "columns": columns})
        else:
            say(plot.braille(found, min(40, get_terminal_size().columns) if width is None else width))

    raise typer.Exit(outcome(run))


_LIMITS_HELP = _examples(
    "The difference quotients of a partial derivative as h shrinks, and their errors.",
    'limits "sin(x)" --at 1 --save limits.svg',
    'limits "r*cos(t), r*sin(t)" --at "r=2, t=0.5" --by t --output 1 --save second.png',
)


@plot.command(no_args_is_help=True, help=_LIMITS_HELP)
def limits(
    map: Annotated[str, typer.Argument(metavar="MAP", show_default=False, help="One expression for each component, in NumPy's syntax.")],
    at: Annotated[str, _text("--at", '"r=2, t=0.5"', "The point.")],
    by: Annotated[str | None, _text("--by", "NAME", "The coordinate that moves.")] = None,
    output: Annotated[int | None, typer.Option("--output", metavar="N", help="The component, from 0.", show_default=False)] = None,
    variables: Annotated[str | None, _text("--variables", '"x y"', "The order of the coordinates.")] = None,
    save: Save = None,
    as_json: AsJson = False,
) -> None:
    def draw() -> Picture:
        from wrt import plot
        from wrt.api.text_map import TextMap

        names = TextMap(map, variables).variables
        values = [value for (value,) in ordered(at, names, (1,), "--at", 'Write --at "r=2, t=0.5".')]
        return plot.limits(map, values if len(names) > 1 else values[0], by, variables=variables, output=output)

    _show(draw, save, as_json)


_DENSITY_HELP = _examples(
    "The density of X and that of Y = f(X).",
    'density "exp(x)" --law "norm(0, 1)" --save lognormal.svg',
    'density "x**2" --law norm --save chi2.png',
    'density "r*cos(t), r*sin(t)" --law "uniform(0.5, 1)" --law "uniform(0, 3)" --save ring.svg',
)
_LAW = typer.Option("--law", metavar="LAW", show_default=False, help="A law of scipy.stats for each coordinate: norm, gamma(2, scale=3).")


@plot.command(no_args_is_help=True, help=_DENSITY_HELP)
def density(
    map: Annotated[str, typer.Argument(metavar="MAP", show_default=False, help="One expression for each component, in NumPy's syntax.")],
    law: Annotated[list[str], _LAW],
    variables: Annotated[str | None, _text("--variables", '"x y"', "The order of the coordinates.")] = None,
    save: Save = None,
    as_json: AsJson = False,
) -> None:
    def draw() -> Picture:
        from wrt import plot
        from wrt.api.text_map import TextMap
        from wrt.probability import transform

        laws, moved = [_frozen(each) for each in law], TextMap(map, variables)
        names = moved.variables
        if len(names) > 1 and len(names) != len(laws):
            fact = f"The map has {len(names)} coordinates, {', '.join(names)}, and needs a law for each; --law gives {len(laws)}."
            options = " ".join(f'--law "{each}"' for each in (law * len(names))[: len(names)])
            raise ArgumentError(fact, advice=f"Write them in this order: {options}.")
        return plot.density(transform(laws if len(laws) > 1 else laws[0], moved))

    _show(draw, save, as_json)


_CALL = re.compile(r"\s*([A-Za-z]\w*)\s*(?:\(([^()]*)\))?\s*")
_ARGUMENT = re.compile(r"\s*(?:([A-Za-z]\w*)\s*=)?\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*")


def _frozen(text: str) -> Any:
    """norm, gamma(2, scale=3) as distributions of scipy.stats."""
    from difflib import get_close_matches

    from scipy import stats

    call = _CALL.fullmatch(text)
    parts = [] if call is None or not (call[2] or "").strip() else [_ARGUMENT.fullmatch(part) for part in call[2].split(",")]
    if call is None or None in parts:
        raise ParseError(f"{text!r} is no law.", advice='Write a name of scipy.stats and its numbers: --law "gamma(2, scale=3)".')
    made = getattr(stats, call[1], None)
    if not isinstance(made, stats.rv_continuous):
        near = get_close_matches(call[1], [name for name in dir(stats) if isinstance(getattr(stats, name), stats.rv_continuous)], 1)
        raise ArgumentError(f"scipy.stats has no continuous law {call[1]!r}.", advice=f"Did you mean {near[0]}?" if near else "")
    given = [part for part in parts if part is not None]
    try:
        found = made(*(float(part[2]) for part in given if part[1] is None), **{part[1]: float(part[2]) for part in given if part[1] is not None})
    except TypeError:
        shapes = f"{made.shapes}, " if made.shapes else ""
        raise ArgumentError(f"The law {text!r} cannot be made: the parameters of {call[1]} are {shapes}loc and scale.") from None
    return found
