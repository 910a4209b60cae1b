"""Pictures: what they are as files, what their words say, and that what is drawn agrees with numbers computed otherwise."""

import doctest
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.figure import Figure

import wrt
import wrt.plot
from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.plot.source import typeset

SVG = "{http://www.w3.org/2000/svg}"
LEAST_SQUARES = ("sum((y - Phi @ theta)**2)", "theta")
EVERY = {
    "table": wrt.plot.shapes,
    "shapes": lambda: wrt.plot.shapes(*LEAST_SQUARES, shapes={"Phi": "N D"}),
    "tensor": lambda: wrt.plot.shapes("A @ X @ B", "X"),
    "chain": lambda: wrt.plot.chain(*LEAST_SQUARES, shapes={"Phi": "N D"}),
    "collate": wrt.plot.collate,
    "map": lambda: wrt.plot.map("x**2 - y**2 + x, 2*x*y - y"),
    "linear": lambda: wrt.plot.linear([[-2, 1], [1, 1]]),
    "spy": lambda: wrt.plot.spy(np.tri(5)),
    "large spy": lambda: wrt.plot.spy(sp.eye(5000)),
}


@pytest.mark.parametrize("name", EVERY)
def test_every_picture_is_a_figure_that_says_what_it_shows(name, tmp_path, recwarn):
    picture = EVERY[name]()
    assert isinstance(picture, Figure)
    assert isinstance(picture, wrt.plot.Picture)
    assert picture.title
    assert len(picture.alt) > 40
    for suffix in ("svg", "png", "pdf"):
        picture.save(tmp_path / f"a.{suffix}")
        assert (tmp_path / f"a.{suffix}").stat().st_size > 1000
    root = ET.parse(tmp_path / "a.svg").getroot()  # noqa: S314  # our own file
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == picture.title
    assert root.findtext(f"{SVG}desc") == picture.alt
    assert not [w for w in recwarn if "lyph" in str(w.message)]


@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_cut_off(name):
    picture = EVERY[name]()
    drawn = picture.get_tightbbox(picture.canvas.get_renderer())  # inches
    width, height = picture.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01


def test_equal_pictures_are_equal_files():
    assert EVERY["linear"]().svg() == EVERY["linear"]().svg()


def test_other_kinds_of_file_are_refused(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot be saved as .*\n  End the name with .svg, .png or .pdf."):
        wrt.plot.linear(np.eye(2)).save(tmp_path / "a.bmp")


def test_matplotlib_is_loaded_with_the_first_picture_and_pyplot_never():
    code = "import sys, wrt, wrt.plot; wrt.plot.braille([[1]]); assert 'matplotlib' not in sys.modules; wrt.plot.linear([[1, 0], [0, 1]])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    subprocess.run([sys.executable, "-c", code + "; assert 'matplotlib.pyplot' not in sys.modules"], check=True, env=environment)


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Unsupported, match=r"pip install 'wrt\[plot\]'"):
        wrt.plot.linear(np.eye(2))


@pytest.mark.parametrize("name", ["chain", "collate", "linear", "map", "picture", "shapes", "spy"])
def test_examples_run(name):
    found = doctest.testmod(sys.modules[f"wrt.plot.{name}"])
    assert found.attempted
    assert not found.failed


# ----- shapes and chains --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text, by, said",
    [
        ("sum((y - Phi @ theta)**2)", "theta", "∂f/∂θ is 1×"),
        ("sin(x)", "x", "∂f/∂x is N×N"),
        ("A @ X @ B", "X", "∂f/∂X is N×K×M×D"),
        ("tr(A) * x", "x", "∂f/∂x is M×M"),
        ("x @ A @ x", "A", "∂f/∂A is N×N"),
    ],
)
def test_shapes_say_the_shape(text, by, said):
    assert said in wrt.plot.shapes(text, by).alt


def test_shapes_take_functions_and_derivatives():
    def f(x, A):
        return A @ x

    sizes = {"A": "3 2", "x": "2"}
    assert wrt.plot.shapes(f, "x", shapes=sizes).numbers["derivative"] == [3, 2]
    assert wrt.plot.shapes(wrt.derive(f, "x", shapes=sizes)).numbers == wrt.plot.shapes(f, "x", shapes=sizes).numbers
    with pytest.raises(ArgumentError, match="Name the variable"):
        wrt.plot.shapes(f)


@pytest.mark.parametrize(
    "text, by, factors",
    [
        ("sum((y - Phi @ theta)**2)", "theta", [[1, "N"], ["N", "M"]]),
        ("A @ sin(B @ x)", "x", [["N", "M"], ["M", "M"], ["M", "D"]]),
        ("sum((A @ X)**2)", "X", [["N", "D"], ["N", "D", "M", "D"]]),
        ("sin(x)", "x", [["N", "N"]]),
    ],
)
def test_factors_of_a_chain_fit_together(text, by, factors):
    numbers = wrt.plot.chain(text, by).numbers
    assert len(numbers["factors"]) == len(factors)
    for found, expected in zip(numbers["factors"], factors, strict=True):
        assert len(found) == len(expected)
    if all(len(f) == 2 for f in numbers["factors"]):
        for left, right in zip(numbers["factors"], numbers["factors"][1:], strict=False):
            assert left[1] == right[0]
        assert numbers["derivative"] == [numbers["factors"][0][0], numbers["factors"][-1][1]]


def test_a_gradient_by_a_matrix_is_collated_as_its_factors_are():
    said = wrt.plot.chain("sum((A @ X)**2)", "X", shapes={"A": "N M", "X": "M D"}).alt
    assert "∂L/∂X (M×D) = ∂L/∂U (N×D) · ∂U/∂X (N×D×M×D)" in said
    assert said.endswith("∂L/∂X = 2AᵀAX.")


# ----- collating ----------------------------------------------------------------------------------------------------
def test_collated_numbers_are_those_of_the_derivative(rng):
    x, y = rng.normal(size=3), rng.normal(size=2)
    found = np.array(wrt.plot.collate("outer(sin(x), y)", "x", values={"x": x, "y": y}).numbers["derivative"])
    expected = np.zeros((3, 2, 3))
    for i in range(3):
        expected[i, :, i] = np.cos(x[i]) * y
    np.testing.assert_allclose(found, expected)


def test_flattening_says_its_order():
    assert "column by column (F order, vec)" in wrt.plot.collate(order="F").alt
    assert "row by row (C order)" in wrt.plot.collate().alt


@pytest.mark.parametrize(
    "text, sizes, said",
    [("A @ x", {"x": "3"}, "a matrix by a vector"), ("outer(x, x)", {"x": "n"}, "cannot be drawn"), ("outer(x, x)", {"x": "9"}, "from 1 to 6")],
)
def test_what_cannot_be_collated_is_refused(text, sizes, said):
    with pytest.raises(ShapeError, match=said):
        wrt.plot.collate(text, "x", shapes=sizes)


# ----- maps ---------------------------------------------------------------------------------------------------------
def test_the_worked_linear_map():
    picture = wrt.plot.linear([[-2, 1], [1, 1]])
    assert picture.numbers["det"] == -3
    assert picture.numbers["areas"] == [1, 3]
    assert picture.numbers["image"] == [[-2, 1], [1, 1]]
    assert "the orientation flips" in picture.alt


@pytest.mark.parametrize("bad", [np.eye(3), [1, 2], [[1, np.nan], [0, 1]]])
def test_a_linear_map_of_the_plane_has_four_numbers(bad):
    with pytest.raises(ShapeError, match="four finite numbers"):
        wrt.plot.linear(bad)


def test_polar_coordinates_scale_by_r():
    numbers = wrt.plot.map("r*cos(t), r*sin(t)", ((0.5, 2), (0, 3)), at=(1.25, 0.5)).numbers
    assert numbers["det"] == pytest.approx(1.25)
    assert (numbers["smallest"], numbers["largest"]) == pytest.approx((0.5, 2))
    assert numbers["folds"] == []


def test_a_map_folds_where_its_determinant_is_zero():
    numbers = wrt.plot.map(lambda x: np.array([x[0] ** 2 - x[1] ** 2 + x[0], 2 * x[0] * x[1] - x[1]])).numbers
    (fold,) = map(np.array, numbers["folds"])  # det J = 4|x|² − 1: the circle of radius 1/2
    np.testing.assert_allclose(np.hypot(*fold.T), 0.5, atol=2e-3)


def test_a_pole_is_no_fold():
    assert wrt.plot.map("1/x, y", ((-1, 1.1), (-1, 1)), at=(0.5, 0)).numbers["folds"] == []


def test_text_and_function_give_one_map():
    text = wrt.plot.map("exp(x)*cos(y), exp(x)*sin(y)").numbers
    function = wrt.plot.map(lambda x, y: (np.exp(x) * np.cos(y), np.exp(x) * np.sin(y))).numbers
    np.testing.assert_allclose(text["jacobian"], function["jacobian"])
    assert text["largest"] == pytest.approx(np.exp(2))


@pytest.mark.parametrize(
    "call, error, said",
    [
        (lambda: wrt.plot.map("x, y, x*y"), ShapeError, "takes two numbers to two"),
        (lambda: wrt.plot.map("a*x, y"), ShapeError, "two inputs"),
        (lambda: wrt.plot.map("x, y", ((1, 0), (0, 1))), ArgumentError, "no region"),
        (lambda: wrt.plot.map("x, y", at=(3, 0)), ArgumentError, "not in the region"),
        (lambda: wrt.plot.map("log(x), y", ((-2, -1), (0, 1))), ArgumentError, "finite nowhere"),
    ],
)
def test_maps_that_cannot_be_drawn(call, error, said):
    with pytest.raises(error, match=said):
        call()


# ----- spy ----------------------------------------------------------------------------------------------------------
def dots(text, shape):
    """The braille picture as a boolean array, one dot each."""
    bits = ((0, 0, 0x01), (0, 1, 0x08), (1, 0, 0x02), (1, 1, 0x10), (2, 0, 0x04), (2, 1, 0x20), (3, 0, 0x40), (3, 1, 0x80))
    rows = text.split("\n")[:-1]
    found = np.zeros((4 * len(rows), 2 * len(rows[0])), bool)
    for i, row in enumerate(rows):
        for j, sign in enumerate(row):
            for down, right, bit in bits:
                found[4 * i + down, 2 * j + right] = (ord(sign) - 0x2800) & bit
    return found[: shape[0], : shape[1]]


@pytest.mark.parametrize("shape", [(5, 7), (16, 16), (1, 9), (33, 2)])
def test_braille_has_a_dot_for_each_nonzero(shape, rng):
    A = rng.random(shape) < 0.4
    text = wrt.plot.braille(A)
    np.testing.assert_array_equal(dots(text, shape), A)
    assert text.split("\n")[-1].startswith(f"{shape[0]}×{shape[1]}, {A.sum()} nonzero")


def test_large_matrices_are_put_together_in_braille():
    text = wrt.plot.braille(sp.eye(10_000), width=10)
    assert {len(line) for line in text.split("\n")[:-1]} == {10}
    np.testing.assert_array_equal(dots(text, (20, 20)), np.eye(20, dtype=bool))


def test_every_kind_of_matrix_is_read():
    def f(x):
        return x[1:] - x[:-1] ** 2

    J = wrt.jacobian(f)
    x = np.linspace(1, 2, 12)
    dense = J(x)
    expected = wrt.plot.braille(dense)
    for same in (J, J.pattern, J.sparse(x), sp.coo_array(dense), sp.csc_matrix(dense), dense.tolist()):
        assert wrt.plot.braille(same) == expected
    assert wrt.plot.spy(J).numbers == {"shape": [11, 12], "nnz": 22}


@pytest.mark.parametrize("bad", [np.ones(3), np.ones((2, 2, 2)), [["a"]]])
def test_a_spy_plot_is_of_a_matrix(bad):
    with pytest.raises(ShapeError, match="of a matrix of numbers"):
        wrt.plot.spy(bad)


# ----- formulas -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text, math",
    [
        ("−2 (y − Φθ)ᵀΦ", r"${−}2\ (\mathit{y}−\mathit{Φθ})^{\mathrm{T}}\mathit{Φ}$"),
        ("∂f_ij/∂X_kl", r"$∂\mathit{f}_{ij}/∂\mathit{X}_{kl}$"),
        ("W₂_ij x²", r"$\mathit{W}_{2,ij}\ \mathit{x}^{2}$"),
        ("diag(cos(u))", r"$\mathrm{diag}(\mathrm{cos}(\mathit{u}))$"),
    ],
)
def test_formulas_are_typeset(text, math):
    assert typeset(text) == math


def test_a_change_of_basis_starts_from_its_own_vectors():
    picture = wrt.plot.linear(wrt.geometry.basis_change([(1, 0.5), (0, 2)], [(3, 1), (1, -2)]))
    assert picture.numbers["basis"] == [[1, 0.5], [0, 2]]
    assert picture.numbers["image"] == [[3, 1], [1, -2]]
    assert picture.numbers["areas"] == pytest.approx([2, 7])


# ----- creases, ends of the range of floats, labels -----------------------------------------------------------------
quiet = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("text", ["where(x > 0, x, -2*x), y", "abs(x), y"])
def test_a_crease_is_said_and_drawn(text):
    picture = wrt.plot.map(text)
    assert "det J changes sign without being 0 at 129 edges of 129 × 129 points, first near (0, −1): a crease" in picture.alt
    assert "No fold" not in picture.alt
    assert "from 0 to" not in picture.alt  # that is wrt's convention at the kink
    assert len(picture.numbers["jumps"]) == 129
    assert picture.numbers["folds"] == picture.numbers["touching"] == []
    assert "crease" in [t.get_text() for axes in picture.axes for t in axes.texts]


def test_a_pole_is_no_crease():
    assert ": a jump or a pole of f." in wrt.plot.map("log(abs(x)), y", ((-1, 1.1), (-1, 1)), at=(0.5, 0)).alt


def test_a_zero_that_is_touched_is_said():
    picture = wrt.plot.map("x**3, y")
    assert "det J touches 0 without changing sign, first at (0, −1)" in picture.alt
    assert len(picture.numbers["touching"]) >= 129


def test_a_flat_part_is_said():
    assert "there the map flattens the plane" in wrt.plot.map("maximum(x, y), y").alt


def test_sheets_lie_in_order():
    left, right, *_ = wrt.plot.map("where(x > 0, x, -2*x), y").axes
    triangles = right.collections[0]._triangulation.triangles  # in the order in which they are drawn
    first = left.collections[0]._triangulation
    middle = first.x[triangles].mean(1)
    side = np.sign(middle[np.abs(middle) > 0.03])  # a triangle on the crease is of either
    assert np.count_nonzero(np.diff(side)) == 1
    assert side[-1] == 1  # the smaller image is on top


def test_no_sheet_spans_a_pole():
    right = wrt.plot.map("1/x, y", ((-1, 1.1), (-1, 1)), at=(0.5, 0)).axes[1]
    tri = right.collections[0]._triangulation
    xs = tri.x[tri.triangles]
    assert not ((xs.min(1) < 0) & (xs.max(1) > 0)).any()


@quiet
@pytest.mark.parametrize("unit, said", [("1e200", "10^400"), ("1e-200", "10^−400")])
def test_factors_beyond_floats_are_said_as_powers(unit, said, tmp_path):
    picture = wrt.plot.map(f"{unit}*x, {unit}*y")
    assert f"|det J| = {said}: a small cell there becomes a parallelogram of {said} times its area." in picture.alt
    assert f"|det J| goes from {said} to {said} over the region." in picture.alt
    assert picture.numbers["log_factor"] == pytest.approx(2 * np.log(float(unit)))
    picture.save(tmp_path / "a.png", dpi=40)


@quiet
def test_a_map_that_overflows_within_the_region(tmp_path):
    picture = wrt.plot.map("exp(x), y", ((0, 1000), (0, 1)))
    assert "At 1533 of 5329 points f or its Jacobian is not finite." in picture.alt
    assert picture.numbers["undefined"] == 1533
    picture.save(tmp_path / "a.png", dpi=40)


@quiet
def test_an_infinite_slope_at_the_edge():
    picture = wrt.plot.map("sqrt(x), y", ((0, 1), (0, 1)))
    assert picture.numbers["smallest"] == pytest.approx(0.5)
    assert picture.numbers["largest"] == pytest.approx(0.5 * np.sqrt(72))
    assert "inf" not in picture.alt.replace("infinite", "")


def test_at_a_kink_no_linear_map_is_drawn():
    picture = wrt.plot.map("abs(x), y", at=(0, 0.5))
    assert "f has a kink here (abs at 0): no linear map is close to it." in picture.alt
    assert "parallelogram" not in picture.alt
    assert len(picture.axes[0].patches) == 1
    assert not picture.axes[1].patches


def test_the_default_point_avoids_kinks():
    assert wrt.plot.map("maximum(x, y), y").numbers["kink"] is None


def test_far_from_0_numbers_of_a_map_differ():
    assert "x from 1000000 to 1000001" in wrt.plot.map("x*y, y", ((1e6, 1e6 + 1), (1, 2))).alt


def boxes_of_labels(axes, renderer):
    ticks = [tick.label1 for axis in (axes.xaxis, axes.yaxis) for tick in axis.get_major_ticks()]
    low, high = axes.get_window_extent(renderer).get_points()
    shown = [t.get_window_extent(renderer) for t in ticks if t.get_text()]
    shown = [b for b in shown if (b.x1 <= low[0] and low[1] - 1 <= (b.y0 + b.y1) / 2 <= high[1] + 1) or (b.y1 <= low[1] and low[0] - 1 <= (b.x0 + b.x1) / 2 <= high[0] + 1)]
    return shown + [axis.label.get_window_extent(renderer) for axis in (axes.xaxis, axes.yaxis)]


@pytest.mark.parametrize(
    "text, options",
    [
        ("x_1*lambda_2, x_1 + lambda_2**2", {}),
        ("1000*x, y*0.001", {}),
        ("1, 3", {"variables": "x y"}),
        ("temperature_max*pressure, pressure**2", {}),
        ("1e200*x, 1e-200*y", {}),
        ("r*cos(t), r*sin(t)", {"region": ((0, 2), (0, 3))}),
        ("abs(x), y", {}),
    ],
)
def test_labels_and_ticks_stand_apart(text, options):
    picture = wrt.plot.map(text, **options)
    picture.draw_without_rendering()
    renderer = picture.canvas.get_renderer()
    left, right, _ = picture.axes
    for axes in (left, right):
        boxes = boxes_of_labels(axes, renderer)
        assert not [1 for i, a in enumerate(boxes) for b in boxes[:i] if a.shrunk(0.98, 0.9).overlaps(b.shrunk(0.98, 0.9))]
    assert left.get_tightbbox(renderer).x0 >= 0
    assert left.get_tightbbox(renderer).x1 <= right.get_tightbbox(renderer).x0


def test_names_are_set_as_in_formulas():
    left = wrt.plot.map("x_1*lambda_2, x_1 + lambda_2**2").axes[0]
    assert left.get_xlabel() == r"$\mathit{x}_{1}$"
    assert left.get_ylabel() == r"$\mathit{λ}_{2}$"


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: wrt.plot.map("x, y", lines=3.5), "lines= is a whole number from 2 to 200, not 3.5"),
        (lambda: wrt.plot.map("x, y", at=("a", 1)), "is not made of real numbers"),
        (lambda: wrt.plot.map("x, y", "abc"), "is not made of real numbers"),
        (lambda: wrt.plot.map("x, y", ((-1e308, 1e308), (0, 1))), "no region"),
        (lambda: wrt.plot.map("sqrt(x), y", ((0, 1), (0, 1)), at=(0, 0.5)), "the Jacobian of f is not finite at x = 0, y = 0.5"),
        (lambda: wrt.plot.linear(np.eye(2), basis=[(1, 2), (2, 4)]), "basis= is no basis: its vectors are linearly dependent"),
        (lambda: wrt.plot.linear([[1e200, 0], [0, 1]], basis=[(1e200, 0), (0, 1)]), "beyond the range of floats"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_words(call, said):
    with pytest.raises(ArgumentError, match=said):
        call()


@pytest.mark.parametrize("bad", [[[1, 1j], [0, 1]], [["1", "2"], ["3", "4"]], "abcd", [[1, 2], [3]], 3])
def test_a_matrix_of_real_numbers(bad):
    with pytest.raises(ShapeError, match="four finite numbers in two rows"):
        wrt.plot.linear(bad)


@quiet
@pytest.mark.parametrize("unit, said", [(1e200, "10^400"), (1e-200, "10^−400")])
def test_linear_maps_beyond_floats(unit, said, tmp_path):
    picture = wrt.plot.linear([[unit, 0], [0, unit]])
    assert f"Its determinant is {said}" in picture.alt
    assert f"has area {said}, {said} times as much, and the orientation stays." in picture.alt
    assert "flips" in wrt.plot.linear([[-unit, 0], [0, unit]]).alt
    picture.save(tmp_path / "a.png", dpi=40)
