"""Diagrams, spy plots and files: what is drawn does not hide or contradict itself, whatever names, sizes and numbers it is given."""

import re
import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from matplotlib.patches import FancyArrowPatch, Rectangle

import wrt
import wrt.plot
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.size import symbol
from wrt.notation.verify import sizes_of
from wrt.plot.source import shortened, typeset

LONG = "design_matrix @ regression_coefficients - observed_values"
SIZES = {"design_matrix": "number_of_observations number_of_features"}
NAMED = {
    "short": lambda: wrt.plot.shapes("sum((y - Phi @ theta)**2)", "theta", shapes={"Phi": "N D"}),
    "long": lambda: wrt.plot.shapes(LONG, "regression_coefficients", shapes=SIZES),
    "long by a matrix": lambda: wrt.plot.shapes(LONG, "design_matrix", shapes=SIZES),
    "composed": lambda: wrt.plot.shapes("A @ X @ B", "X", shapes={"A": "n_rows + 1 n_columns", "B": "2*n_outputs n_samples"}),
    "chain": lambda: wrt.plot.chain("A @ sin(B @ x)", "x"),
    "long chain": lambda: wrt.plot.chain(f"sum(({LONG})**2)", "regression_coefficients", shapes=SIZES),
    "long chain by a matrix": lambda: wrt.plot.chain(f"sum(sin({LONG}))", "design_matrix", shapes=SIZES),
}


def boxes(picture):
    """The rectangles of texts, of boxes, and the ends of arrows, in inches."""
    axes, renderer = picture.axes[0], picture.canvas.get_renderer()
    texts = [(text.get_text(), text.get_window_extent(renderer).extents / picture.dpi) for text in axes.texts]
    drawn = [patch.get_window_extent(renderer).extents / picture.dpi for patch in axes.patches if isinstance(patch, Rectangle)]
    arrows = [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    ends = [axes.transData.transform(np.array(arrow._posA_posB)) / picture.dpi for arrow in arrows]
    return texts, drawn, ends


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 0.01 and min(a[3], b[3]) - max(a[1], b[1]) > 0.01


# ----- names and places ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMED)
def test_no_text_lies_on_a_box_or_on_a_text(name):
    texts, drawn, _ = boxes(NAMED[name]())
    for k, (said, text) in enumerate(texts):
        assert not [box for box in drawn if overlap(text, box)], said
        assert not [other for other, at in texts[:k] if overlap(text, at)], said


@pytest.mark.parametrize("name", NAMED)
def test_arrows_lead_forward_between_the_boxes(name):
    texts, drawn, arrows = boxes(NAMED[name]())
    assert arrows
    for start, end in arrows:
        assert end[0] - start[0] > 0.2
        for x, y in (start, end):
            assert not [box for box in [*drawn, *(at for _, at in texts)] if box[0] < x < box[2] and box[1] < y < box[3]]


@pytest.mark.parametrize("name", NAMED)
def test_nothing_is_cut_off(name):
    picture = NAMED[name]()
    drawn = picture.get_tightbbox(picture.canvas.get_renderer())
    width, height = picture.get_size_inches()
    assert min(drawn.x0, drawn.y0) >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01


@pytest.mark.parametrize("name", NAMED)
def test_words_have_the_whole_formula_and_no_brackets_too_many(name):
    alt = NAMED[name]().alt
    assert "…" not in alt
    assert not re.search(r"\(\([^()]*\)\)", alt)
    assert not re.search(r"\(\w+\)×|×\(\w+\)", alt)


def test_sums_and_products_of_sizes_stand_in_brackets():
    alt = NAMED["composed"]().alt
    assert "A ((n_rows + 1)×n_columns), X (n_columns×(2·n_outputs)) and B ((2·n_outputs)×n_samples)" in alt
    assert "x (n_a + 1)" in wrt.plot.shapes("sum(x)", "x", shapes={"x": "n_a + 1"}).alt


@pytest.mark.parametrize(
    "text, math",
    [
        ("design_matrix", r"$\mathit{design\_matrix}$"),
        ("∂f_i/∂design_matrix_jk", r"$∂\mathit{f}_{i}/∂\mathit{design\_matrix}_{jk}$"),
        ("x_max − x_min", r"$\mathit{x\_max}−\mathit{x\_min}$"),
        ("a_12 T_ijk θ_n", r"$\mathit{a}_{12}\ \mathit{T}_{ijk}\ \mathit{θ}_{n}$"),
        ("x_{2:n_a}", r"$\mathit{x}_{2:n\_a}$"),
    ],
)
def test_a_subscript_is_an_index_and_a_name_stays_whole(text, math):
    assert typeset(text) == math


def test_formulas_are_cut_between_names():
    assert shortened("alpha + beta_coefficient", 14) == "alpha + …"
    assert shortened("a" * 80, 20) == "a" * 18 + " …"
    assert shortened("alpha", 5) == "alpha"


def test_a_formula_with_a_name_for_a_part_says_what_it_is():
    assert "; ∂L/∂design_matrix = " in wrt.plot.chain(f"sum(sin({LONG})**2)", "design_matrix", shapes=SIZES).alt


# ----- sizes of any name --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text, by, sizes",
    [
        ("sum((y - Phi @ theta)**2)", "theta", {"Phi": "n_obs n_feat"}),
        ("sum(log(1+exp(X @ w)))", "w", {"X": "n_obs p"}),
        ("A @ y", "x", {"x": "n"}),
        ("x[1:] - x[:-1]", "x", {"x": "n_a"}),
        ("A @ x", "x", {"A": "n_a + 1 2*n_b"}),
        ("sum(x**2)", "x", {"x": "n_a*n_b"}),
        ("sum((y - x)**2)", "x", {"x": "n_a - 1"}),
    ],
)
def test_sizes_have_any_name(text, by, sizes):
    steps = wrt.derive(text, by, shapes=sizes).steps
    assert steps.lines is not None
    assert steps.lines < 1e-9
    assert wrt.plot.chain(text, by, shapes=sizes).alt


def test_size_symbols_are_found_from_arrays():
    n, m = symbol("n_obs"), symbol("m")
    assert sizes_of({"x": (n + 1,), "A": (n, m * 2)}, {"x": np.ones(6), "A": np.ones((5, 4))}) == {"n_obs": 5, "m": 2}
    assert sizes_of({"x": (n - 3,)}, {"x": np.ones(2)}) == {"n_obs": 5}
    found = sizes_of({"x": (n * m,)}, {"x": np.ones(20)})
    assert found["n_obs"] * found["m"] == 20
    assert sizes_of({"t": ()}, {"t": 1.0}) == {}


# ----- spy ----------------------------------------------------------------------------------------------------------
def pixels(matrix, tmp_path, dpi):
    """The picture in grey, within the frame."""
    from matplotlib.image import imread

    picture = wrt.plot.spy(matrix)
    picture.save(tmp_path / "a.png", dpi=dpi)
    grey = imread(tmp_path / "a.png")[..., :3].mean(axis=2)
    left, low, wide, high = picture.axes[0].get_position().bounds
    height, width = grey.shape
    rows = slice(round((1 - low - high) * height) + 3, round((1 - low) * height) - 3)
    return grey[rows, round(left * width) + 3 : round((left + wide) * width) - 3]


@pytest.mark.parametrize("dpi", [55, 110])
@pytest.mark.parametrize("at", [(70_000, 20_000), (50_001, 95_000)])
def test_a_single_entry_of_a_large_matrix_is_seen(tmp_path, dpi, at):
    dark = pixels(sp.csr_array(([1.0], ([at[0]], [at[1]])), shape=(100_000, 100_000)), tmp_path, dpi) < 0.5
    assert dark.sum() >= 4
    found = np.argwhere(dark).mean(axis=0) / dark.shape
    np.testing.assert_allclose(found, np.array(at) / 100_000, atol=0.03)


@pytest.mark.parametrize("dpi", [55, 110])
@pytest.mark.parametrize("shape", [(500, 500), (1, 500), (500, 1), (330, 641), (3, 1000), (161, 161)])
def test_a_full_matrix_is_even(tmp_path, dpi, shape):
    found = pixels(np.ones(shape), tmp_path, dpi)
    assert np.ptp(found) < 0.01
    assert found.max() < 0.5


def test_shade_is_the_share_of_each_cell():
    A = np.zeros((320, 320))
    A[::2] = 1
    A[:100] = 1
    (image,) = wrt.plot.spy(A).axes[0].images
    shown = image.get_array().filled(0)
    np.testing.assert_allclose(shown[:50], 1)
    np.testing.assert_allclose(shown[50:], 0.5)


def test_a_small_cell_at_the_edge_does_not_pale_the_others():
    (image,) = wrt.plot.spy(sp.eye_array(501)).axes[0].images
    assert image.norm.vmax == pytest.approx(1 / 4)


def test_entries_of_a_strip_stay_in_their_rows():
    A = np.zeros((3, 100_000))
    A[0, 500] = A[2, 50_000] = 1
    (image,) = wrt.plot.spy(A).axes[0].images
    shown = image.get_array().filled(0) > 0
    assert shown.shape[0] == 3
    assert shown.any(axis=1).tolist() == [True, False, True]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_a_matrix_without_entries(shape):
    with pytest.raises(ShapeError, match="has no entries to draw"):
        wrt.plot.spy(np.zeros(shape))
    assert wrt.plot.braille(np.zeros(shape)).endswith("0 nonzeros (0 %)")


def test_a_zero_matrix_and_one_of_one_entry():
    assert wrt.plot.spy(np.zeros((200, 100))).numbers == {"shape": [200, 100], "nnz": 0}
    assert wrt.plot.spy([[2.0]]).numbers == {"shape": [1, 1], "nnz": 1}


@pytest.mark.parametrize("width", [3.5, "10", None, 0, -2])
def test_braille_is_a_whole_number_of_characters_wide(width):
    with pytest.raises(ArgumentError, match="characters wide"):
        wrt.plot.braille(np.eye(8), width=width)
    assert wrt.plot.braille(np.eye(8), width=np.int64(4)) == wrt.plot.braille(np.eye(8), width=4)


# ----- collating ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text, x, said",
    [
        ("outer(log(x), x)", [0, 2.0], r"the matrix is not finite: entry \[0, 0\] is nan"),
        ("outer(sqrt(x), y)", [0, 2.0], r"the derivative is not finite: entry \[0, 0, 0\] is inf"),
        ("outer(x, x)", [np.nan, 1], "The value of x is .*; expected finite real numbers"),
        ("outer(x, x)", [np.inf, 1], "expected finite real numbers"),
        ("outer(x, x)", "ab", "The value of x is 'ab'; expected finite real numbers"),
        ("outer(x, x)", [1j, 2], "expected finite real numbers"),
        ("outer(x, x)", [[1, 2], [3]], "expected finite real numbers"),
    ],
)
def test_values_that_give_no_numbers_are_refused(text, x, said):
    values = {"x": x} | ({"y": [1.0, 2.0]} if "y" in text else {})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ArgumentError, match=said):
            wrt.plot.collate(text, "x", values=values)


def test_one_is_not_said_in_the_plural():
    said = wrt.plot.collate("outer(x, x)", "x", shapes={"x": "1"}).alt
    assert "the one partial derivative ∂A/∂x₁, 1×1, is stacked" in said
    assert "as 1 number, its Jacobian is 1×1" in said
    assert said.endswith("Both hold the same number.")


def test_numbers_of_the_general_pictures():
    found = wrt.plot.collate(order="F").numbers
    assert found == {"matrix": [4, 2], "variable": [3], "order": "F", "collated": [4, 2, 3], "flattened": [8, 3]}
    shown = wrt.plot.shapes().numbers["shapes"]
    assert len(shown) == 9
    assert {"output": [], "variable": ["n"], "derivative": [1, "n"]} in shown
    assert {"output": ["k", "l"], "variable": ["p", "q"], "derivative": ["k", "l", "p", "q"]} in shown
    with pytest.raises(ArgumentError, match="There is no expression"):
        wrt.plot.collate(values={"x": [1.0]})


# ----- files --------------------------------------------------------------------------------------------------------
def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ArgumentError, match=r"cannot be written: there is no folder .*nowhere'.\n  Make it first"):
        wrt.plot.linear(np.eye(2)).save(tmp_path / "nowhere" / "a.png")
    (tmp_path / "a.svg").mkdir()
    with pytest.raises(ArgumentError, match="it is a folder"):
        wrt.plot.linear(np.eye(2)).save(tmp_path / "a.svg")


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch, suffix):
    picture, path = wrt.plot.linear(np.eye(2)), tmp_path / f"a.{suffix}"
    path.write_text("before")
    path.chmod(0o640)

    def breaks(file, **_):
        if hasattr(file, "write"):
            file.write("half")
        else:
            file.write_text("half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(picture, "savefig", breaks)
        with pytest.raises(OSError, match="No space"):
            picture.save(path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    picture.save(path)
    assert path.stat().st_size > 1000
    assert path.stat().st_mode & 0o777 == 0o640
    assert list(tmp_path.iterdir()) == [path]
