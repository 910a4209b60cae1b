"""wrt det: what a map does to area and volume, at a point, over a grid, along its folds, or between two bases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer

from wrt.cli.outcome import outcome
from wrt.cli.point import ordered, vectors
from wrt.cli.record import check_file, print_json
from wrt.cli.stream import say
from wrt.errors import ArgumentError

if TYPE_CHECKING:
    from wrt.geometry import Folds, LocalMap, ScalingField, Transformation

MOST = 10**6  # points of a grid

HELP = """The determinant of a Jacobian: by how much a map scales area or volume, and which way round.

\b
Examples:
  wrt det "r*cos(t), r*sin(t)" --at "r=2, t=0.5"
  wrt det --from "(1,0), (0,1)" --to "(-2,1), (1,1)"
  wrt det "u*cos(v), u*sin(v), v" --at "2, 0.5" --json
  wrt det "r*cos(t), r*sin(t)" --grid "r=0:2:5, t=0:6:7"
  wrt det "x**3 + x*y, y" --folds "x=-1:1, y=-1:1"
  wrt det "x**2 - y**2, 2*x*y" --at "1, 2" --save parallelogram.svg

A map is one expression for each component; its names are the coordinates of the point, in the order in which they appear (or in that of
--variables). A map into more dimensions has √det(JᵀJ) in place of |det J|. Curves det J = 0 are looked for on a grid, which is made finer
where det J changes sign within its cells; which grid that was is said. In JSON what is not defined is null, and what is too large for a
float is "Infinity" or "-Infinity"; "log_factor" is the natural logarithm of the factor.

\b
Exit codes: 0 done, 1 the question is refused, 2 wrong usage.
"""


def _text(name: str, metavar: str, help: str) -> Any:
    return typer.Option(name, metavar=metavar, show_default=False, help=help)


_MAP = typer.Argument(metavar="MAP", show_default=False, help="One expression for each component, in NumPy's syntax.")


def det(
    map: Annotated[str | None, _MAP] = None,
    at: Annotated[str | None, _text("--at", '"r=2, t=0.5"', "The point: matrix, determinant, factor, orientation, stretches.")] = None,
    grid: Annotated[str | None, _text("--grid", '"r=0:2:5, t=0:6:7"', "|det J| over a grid: from, to and how many points.")] = None,
    folds: Annotated[str | None, _text("--folds", '"x=-1:1, y=-1:1"', "The curves det J = 0 of a map of the plane, in this region.")] = None,
    from_: Annotated[str | None, _text("--from", '"(1,0), (0,1)"', "A basis, or the edges of a parallelogram or parallelepiped.")] = None,
    to: Annotated[str | None, _text("--to", '"(-2,1), (1,1)"', "Where its vectors go.")] = None,
    variables: Annotated[str | None, _text("--variables", '"x y"', "The order of the coordinates.")] = None,
    save: Annotated[str | None, _text("--save", "FILE", "Draw it as well, if it is in the plane: a .svg, .png or .pdf file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="All numbers as one JSON object.")] = False,
) -> None:
    """Read the options, print the answer, exit."""
    bases = from_ is not None or to is not None
    if bases and (from_ is None or to is None or map is not None):
        raise typer.BadParameter("give both --from and --to, and no map.", param_hint="'--from'")
    if not bases and map is None:
        raise typer.BadParameter("give a map, or --from and --to.", param_hint="'MAP'")
    if sum(each is not None for each in (at, grid, folds)) != (0 if bases else 1):
        fact = "--from and --to say everything; leave the others out." if bases else "give one of --at, --grid and --folds."
        raise typer.BadParameter(fact, param_hint="'--at'")

    def run() -> None:
        check_file(save)
        found = _answer(map, at, grid, folds, from_, to, variables)
        if save is not None:
            _picture(found, map, variables).save(save)
        if as_json:
            print_json(_record(found))
        else:
            say(str(found))

    raise typer.Exit(outcome(run))


def _answer(
    map: str | None, at: str | None, grid: str | None, folds: str | None, from_: str | None, to: str | None, variables: str | None
) -> Transformation | LocalMap | ScalingField | Folds:
    from wrt import geometry
    from wrt.api.text_map import TextMap

    if from_ is not None and to is not None:
        return geometry.basis_change(vectors(from_, "--from"), vectors(to, "--to"))
    assert map is not None
    names = TextMap(map, variables).variables
    if at is not None:
        values = ordered(at, names, (1,), "--at", 'Write --at "r=2, t=0.5".')
        return geometry.local_map(map, values[0][0] if len(values) == 1 else [value[0] for value in values], variables)
    if grid is not None:
        ranges = ordered(grid, names, (3,), "--grid", 'Write --grid "r=0:2:5, t=0:6:7": from, to and how many points.')
        for low, high, count in ranges:
            if count != int(count) or not 1 <= count <= MOST or (low >= high if count > 1 else low != high):
                one = f"; for one point alone write {low:g}:{low:g}:1" * (count == 1)
                fact = f"--grid has {low:g}:{high:g}:{count:g}; it takes from, to and a number of points from 2, from below to{one}."
                raise ArgumentError(fact)
        if (points := int(np.prod([count for *_, count in ranges]))) > MOST:
            raise ArgumentError(f"--grid has {points:.3g} points; it takes up to {MOST:.0e}.", advice="Take fewer along each axis.")
        return geometry.scaling_field(map, [np.linspace(low, high, int(count)) for low, high, count in ranges], variables)
    assert folds is not None
    return geometry.folds(map, ordered(folds, names, (2,), "--folds", 'Write --folds "x=-1:1, y=-1:1".'), variables)


def _picture(found: Transformation | LocalMap | ScalingField | Folds, map: str | None, variables: str | None) -> Any:
    """The parallelogram of a matrix; the map over the region of a grid or of folds."""
    from wrt import geometry, plot

    if isinstance(found, geometry.Transformation):
        if found.matrix.shape != (2, 2):
            raise ArgumentError(f"Only a map of the plane can be drawn; the matrix is {'×'.join(str(size) for size in found.matrix.shape)}.")
        return plot.linear(found, basis=found.source.T)
    if isinstance(found, geometry.LocalMap):
        if found.matrix.shape != (2, 2):
            raise ArgumentError(f"Only a map of the plane can be drawn; the Jacobian is {'×'.join(str(size) for size in found.matrix.shape)}.")
        if found.kink:
            raise ArgumentError(f"{found.kink}, and no parallelogram to draw.", advice="Leave --save out, or take another point.")
        return plot.linear(found)
    assert map is not None
    region = found.region if isinstance(found, geometry.Folds) else tuple((float(axis[0]), float(axis[-1])) for axis in found.axes)
    return plot.map(map, region, variables=variables)


# ----- records ------------------------------------------------------------------------------------------------------
def _of_matrix(found: Any, scaling: str) -> dict[str, Any]:
    m, n = found.matrix.shape
    square = m == n
    return {
        "matrix": found.matrix,
        "det": found.det if square else None,
        "factor": getattr(found, scaling) if m >= n else None,
        "log_factor": getattr(found, f"log_{scaling}") if m >= n else None,
        "orientation": found.orientation if square else None,
        "singular_values": found.singular_values,
    }


def _of_local(found: LocalMap) -> dict[str, Any]:
    return {"point": np.atleast_1d(found.point), "value": found.value, **_of_matrix(found, "scaling"), "kink": found.kink or None}


def _of_basis(found: Transformation) -> dict[str, Any]:
    return {"from": found.source.T, "to": found.target.T, **_of_matrix(found, "factor")}


def _of_field(found: ScalingField) -> dict[str, Any]:
    axes = dict(zip(found.coordinates, found.axes, strict=True))
    return {"axes": axes, "det": found.det, "factor": found.values, "log_factor": found.log_values, "undefined": found.undefined}


def _of_folds(found: Folds) -> dict[str, Any]:
    curves = zip(found.curves, found.images, found.closed, found.lengths, strict=True)
    return {
        "coordinates": list(found.coordinates),
        "curves": [{"points": c, "image": i, "closed": closed, "length": length} for c, i, closed, length in curves],
        "residual": found.residual,
        "resolution": found.resolution,
        "hidden": found.hidden,
        "jumps": found.jumps,
        "touching": found.touching,
        "flat": found.flat,
    }


def _record(found: Transformation | LocalMap | ScalingField | Folds) -> dict[str, Any]:
    from wrt import geometry

    match found:
        case geometry.LocalMap():
            return _of_local(found)
        case geometry.Transformation():
            return _of_basis(found)
        case geometry.ScalingField():
            return _of_field(found)
        case _:
            return _of_folds(found)
