"""A linear map of the plane: the unit square, or any parallelogram, and what it becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.geometry.measure import determinants, is_flat, log_factors, orientation, size
from wrt.plot.style import BLUE, FAINT, INK, MUTED, PALE_BLUE, PALE_ORANGE, VERMILION, number, styled

if TYPE_CHECKING:
    from wrt.plot.picture import Picture


@styled
def linear(matrix: Any, *, basis: Any = None) -> Picture:
    """A basis and its parallelogram before and after a linear map, with both areas, the determinant and the orientation.

    Parameters
    ----------
    matrix
        2×2: its columns are where (1, 0) and (0, 1) go. Anything with an attribute `matrix` will do, too, such as what
        `wrt.geometry.basis_change` and `wrt.geometry.local_map` return.
    basis
        The two vectors to start from. If left out: those of the change of basis, else the unit square.

    Raises
    ------
    ShapeError
        For a matrix that is not 2×2 real numbers, or a basis that is not two vectors of the plane.
    ArgumentError
        For two vectors that are dependent, and no basis; for images beyond the range of floats.

    Examples
    --------
    >>> import wrt.plot
    >>> print(wrt.plot.linear([[-2, 1], [1, 1]]).alt)
    The matrix [[−2, 1], [1, 1]] takes b₁ = (1, 0) to c₁ = (−2, 1) and b₂ = (0, 1) to c₂ = (1, 1). Its determinant is −3: the parallelogram \
on b₁, b₂ has area 1, the one on c₁, c₂ has area 3, 3 times as much, and the orientation flips.
    """
    if basis is None:
        basis = np.transpose(getattr(matrix, "source", np.eye(2)))
    A, B = _square(getattr(matrix, "matrix", matrix), "The matrix of a map of the plane"), _square(basis, "A basis of the plane").T
    if is_flat(B):
        fact = "basis= is no basis: its vectors are linearly dependent, so they span no parallelogram."
        raise ArgumentError(fact, advice="Give two vectors that do not lie on one line, as [(1, 0), (0, 1)].")
    with np.errstate(all="ignore"):
        C = A @ B
    if not np.isfinite(C).all() or (A.any() and not C.any()):
        raise ArgumentError("The images of the basis are beyond the range of floats.", advice="Give the matrix or the basis in other units.")
    return _drawn(A, B, C)


def _square(given: Any, what: str) -> Any:
    try:
        array = np.asarray(given)
        if array.dtype.kind in "cSUmM":
            raise TypeError
        array = np.asarray(array, float)
    except (TypeError, ValueError, OverflowError):
        raise ShapeError(f"{what} is four finite numbers in two rows, not {given!r}.") from None
    if array.shape != (2, 2) or not np.isfinite(array).all():
        shown = np.array2string(array, threshold=8).removesuffix(".")
        raise ShapeError(f"{what} is four finite numbers in two rows, not {shown}.", known=f"Its shape is {array.shape}.")
    return array


def _area(sides: Any) -> str:
    """|det| in words; as a power of ten where it is no float."""
    area, log = abs(float(determinants(sides))), float(log_factors(sides))
    said = size(area, log)
    return said if "^" in said else number(area)


def _sign(A: Any) -> str:
    return "−" if orientation(A) == "flipped" or determinants(A) < 0 else ""


def _drawn(A: Any, B: Any, C: Any) -> Picture:
    from wrt.plot.picture import Picture

    given, areas, det = (A, B, C), [abs(float(determinants(sides))) for sides in (B, C)], float(determinants(A))
    largest = max(float(np.abs(sides).max()) for sides in (B, C))
    unit = largest if not 1e-100 < largest < 1e100 else 1.0
    B, C = B / unit, C / unit  # what is drawn; what is said is what was given
    corners = [np.array([[0, 0], sides[:, 0], sides.sum(1), sides[:, 1]]) for sides in (B, C)]
    spans = [np.ptp(c, axis=0) for c in corners]
    picture = Picture(6.4, 3.4)
    reach = max(float(span.max()) for span in spans) * 1.3  # one scale for both: areas can be compared by eye
    for k, (sides, names, face, edge) in enumerate(((B, "b", PALE_BLUE, BLUE), (C, "c", PALE_ORANGE, VERMILION))):
        axes: Any = picture.add_axes((0.03 + 0.5 * k, 0.16, 0.44, 0.82))
        center = (corners[k].max(0) + corners[k].min(0)) / 2
        axes.set(xlim=(center[0] - reach / 2, center[0] + reach / 2), ylim=(center[1] - reach / 2, center[1] + reach / 2), aspect="equal")
        _cross(axes, reach if unit == 1 else np.inf)
        axes.fill(*corners[k].T, facecolor=face, edgecolor="none", zorder=1)
        axes.plot(*corners[k][[1, 2, 3]].T, color=edge, linewidth=1, linestyle=(0, (4, 2)), zorder=2)
        for i in range(2):
            tip = sides[:, i]
            axes.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "-|>", "color": edge, "linewidth": 2 - 0.5 * i, "shrinkA": 0, "shrinkB": 0}, zorder=4)
            place = tip + 0.06 * reach * _outward(sides, i)
            axes.text(*place, rf"${names}_{i + 1}$", ha="center", va="center", size=13, color=edge, zorder=6)
        _turn(axes, sides, center, reach, edge)
        vectors = r",\ \ ".join(rf"{names}_{i + 1} = ({_set(number(v[0]))},\, {_set(number(v[1]))})" for i, v in enumerate(given[1 + k].T))
        axes.text(0.5, -0.02, f"${vectors}$", transform=axes.transAxes, ha="center", va="top", size=11)
        axes.text(0.5, -0.115, f"area ${_set(_area(given[1 + k]))}$", transform=axes.transAxes, ha="center", va="top", size=12)
    picture.text(0.5, 0.6, r"$\longrightarrow$", ha="center", va="center", size=18, color=MUTED)
    picture.text(0.5, 0.68, rf"$\det = {_sign(A)}{_set(_area(A))}$", ha="center", va="bottom", size=12, color=INK)
    picture.title = "A linear map of the plane"
    picture.numbers = {"matrix": A.tolist(), "basis": given[1].T.tolist(), "image": given[2].T.tolist(), "det": det, "areas": areas}
    picture.numbers["log_factor"] = float(log_factors(A))
    picture.alt = _said(*given)
    return picture


def _outward(sides: Any, i: int) -> Any:
    """The direction in which a label at the tip of vector i meets neither it nor the edge that goes on from there."""
    units = sides / np.maximum(np.hypot(*sides), 1e-300)
    away = units[:, i] - units[:, 1 - i]
    if np.hypot(*away) < 0.3:  # nearly the same direction: one label on either side
        along = units[:, 0] if units[:, 0].any() else np.array([1.0, 0.0])
        away = np.array([-along[1], along[0]]) * (1 if i else -1)
    return away / max(float(np.hypot(*away)), 1e-300)


def _cross(axes: Any, reach: float) -> None:
    """The coordinate axes through the origin and the whole numbers, faintly; no frame."""
    for low, high, line in ((*axes.get_xlim(), axes.axvline), (*axes.get_ylim(), axes.axhline)):
        for whole in range(int(np.ceil(low)), int(np.floor(high)) + 1) if reach < 16 else ():
            line(whole, color=FAINT, linewidth=0.5, zorder=0.4)
    axes.axhline(0, color=MUTED, linewidth=0.6, zorder=0.5)
    axes.axvline(0, color=MUTED, linewidth=0.6, zorder=0.5)
    axes.set_axis_off()


def _set(said: str) -> str:
    """10^400 and 1e−200 with their powers raised, and a sign that is none of subtraction."""
    head, mark, power = said.replace("^", "e").partition("e")
    head = "" if mark and "^" in said else head.replace("−", "{−}") + r"\times " * bool(mark)
    return f"{head}10^{{{power}}}" if mark else head


def _turn(axes: Any, sides: Any, center: Any, reach: float, color: str) -> None:
    """An arc with an arrow: the sense in which the first vector turns to the second."""
    area = abs(float(determinants(sides)))
    if area <= 1e-9 * reach * reach:
        return
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    counter = determinants(sides) > 0
    radius = min(0.1 * reach, 0.25 * area / max(np.hypot(*sides[:, 0]), np.hypot(*sides[:, 1])))
    angles = np.linspace(-0.9 * np.pi, 0.45 * np.pi, 40) if counter else np.linspace(0.45 * np.pi, -0.9 * np.pi, 40)
    arc = center[:, None] + radius * np.array([np.cos(angles), np.sin(angles)])
    head = "-|>,head_length=4,head_width=2.2"
    axes.add_patch(FancyArrowPatch(path=Path(arc.T), arrowstyle=head, mutation_scale=1, edgecolor=color, facecolor=color, linewidth=1.2, zorder=3, fill=False))


def _said(A: Any, B: Any, C: Any) -> str:
    def point(v: Any) -> str:
        return f"({number(v[0])}, {number(v[1])})"

    rows = ", ".join(f"[{number(row[0])}, {number(row[1])}]" for row in A)
    moved = f"takes b₁ = {point(B[:, 0])} to c₁ = {point(C[:, 0])} and b₂ = {point(B[:, 1])} to c₂ = {point(C[:, 1])}"
    end = {"flipped": "the orientation flips", "kept": "the orientation stays", "lost": "the plane is flattened to a line or a point"}[orientation(A)]
    grown = f", {_area(A)} times as much," if orientation(A) != "lost" and abs(determinants(A)) != 1 else ""
    return (
        f"The matrix [{rows}] {moved}. Its determinant is {_sign(A)}{_area(A)}: the parallelogram on b₁, b₂ has area {_area(B)}, "
        f"the one on c₁, c₂ has area {_area(C)}{grown} and {end}."
    )
