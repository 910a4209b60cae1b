"""wrt det: points, bases, grids and folds from the command line."""

import json
import shlex

import numpy as np
import pytest

from wrt.cli.det import HELP
from wrt.cli.main import main

POLAR = "r*cos(t), r*sin(t)"


@pytest.fixture
def det(capsys):
    """Runs the command: (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["det", *arguments])
        said = capsys.readouterr()
        return int(code), said.out, said.err

    return run


def test_the_worked_example_by_both_ways(det):
    matrix = "[ −2  1 ]\n[  1  1 ]\n"
    says = "= −3: area × 3, orientation flipped\n"
    code, said, _ = det("--from", "(1,0), (0,1)", "--to", "(-2,1), (1,1)")
    assert (code, said) == (0, f"the linear map of R^2 with matrix\n{matrix}det {says}")
    code, said, _ = det("-2*x1 + x2, x1 + x2", "--at", "0.5, 3")
    assert (code, said) == (0, f"f near x1 = 0.5, x2 = 3 is f(x) + J δ with J =\n{matrix}det J {says}stretches by 2.30278, 1.30278\n")


def test_json_of_a_point(det):
    code, said, _ = det(POLAR, "--at", "t=0.5, r=2", "--json")
    record = json.loads(said)
    assert code == 0
    assert record["point"] == [2, 0.5]
    assert np.allclose(record["matrix"], [[np.cos(0.5), -2 * np.sin(0.5)], [np.sin(0.5), 2 * np.cos(0.5)]])
    assert np.isclose(record["det"], 2)
    assert record["orientation"] == "kept"
    assert np.allclose(record["singular_values"], [2, 1])


def test_json_of_a_surface_has_no_determinant(det):
    record = json.loads(det("u*cos(v), u*sin(v), v", "--at", "2, 0.5", "--json")[1])
    assert record["det"] is record["orientation"] is None
    assert np.isclose(record["factor"], np.sqrt(5))


def test_a_grid(det):
    record = json.loads(det(POLAR, "--grid", "r=1:3:3, t=0:6:2", "--json")[1])
    assert record["axes"] == {"r": [1, 2, 3], "t": [0, 6]}
    assert np.allclose(record["factor"], [[1, 1], [2, 2], [3, 3]])
    code, said, _ = det("log(x), y", "--grid", "x=-1:1:4, y=0:1:2", "--json")
    record = json.loads(said)
    assert (code, record["undefined"], record["factor"][0]) == (0, 4, [None, None])


def test_folds(det):
    code, said, _ = det("x**3 + x*y, y", "--folds", "x=-1:1, y=-1:1")
    assert code == 0
    assert said.startswith("f folds along 1 curve det J = 0 in x ∈ [−1, 1], y ∈ [−1, 1]\nfrom (−0.57735, −1) to (0.57735, −1), length 2.40756\n")
    record = json.loads(det("x**3 + x*y, y", "--folds", "-1:1, -1:1", "--json")[1])
    points = np.array(record["curves"][0]["points"])
    assert np.allclose(points[:, 1], -3 * points[:, 0] ** 2)


def test_the_order_of_the_variables(det):
    plain, turned = (json.loads(det("y, x", "--at", at, *extra, "--json")[1]) for at, extra in (("1, 2", ()), ("1, 2", ("--variables", "x y"))))
    assert plain["value"] == [1, 2]
    assert turned["value"] == [2, 1]


def test_a_vector_and_a_number(det):
    assert np.isclose(json.loads(det("x / (x @ x)", "--at", "1, 2, 2", "--json")[1])["factor"], 9.0**-3)
    assert json.loads(det("x**2", "--at", "x=-3", "--json")[1])["det"] == -6


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from", "(1,0), (0,1)", "--to", "(-2,1), (1,1)"),
        (POLAR, "--at", "2, 0.5"),
        (POLAR, "--grid", "1:2:3, 0:1:3"),
        ("x**3 + x*y, y", "--folds", "-1:1, -1:1"),
    ],
)
def test_pictures(det, tmp_path, arguments):
    path = tmp_path / "picture.svg"
    code, said, err = det(*arguments, "--save", str(path))
    assert (code, err) == (0, "")
    assert said
    assert "<svg" in path.read_text(encoding="utf-8")


def test_the_examples_of_the_help_run(det, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = [line.strip() for line in HELP.splitlines() if line.startswith("  wrt det ")]
    assert len(examples) >= 5
    for example in examples:
        code, said, err = det(*shlex.split(example)[2:])
        assert (code, err) == (0, ""), example
        assert said


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((POLAR, "--at", "r=2"), "ArgumentError: --at says nothing of t.\n  The map's coordinates are r, t."),
        ((POLAR, "--at", "r=2, s=1"), "--at says nothing of t and names s, which the map has not."),
        ((POLAR, "--at", "2"), "--at gives 1 of the map's 2 coordinates r, t."),
        ((POLAR, "--at", "r=2, r=1"), "--at gives r twice."),
        ((POLAR, "--at", "r=2, 1"), "--at names some coordinates and not others."),
        ((POLAR, "--at", "r=two, t=1"), "--at cannot be read: 'r=two'."),
        ((POLAR, "--grid", "r=0:1, t=0:1"), "--grid cannot be read: 'r=0:1'."),
        ((POLAR, "--grid", "r=1:0:3, t=0:1:3"), "--grid has 1:0:3; it takes from, to and a number of points"),
        ((POLAR, "--grid", "r=0:1:1, t=0:1:3"), "--grid has 0:1:1; it takes from, to and a number of points from 2, from below to; for one point alone write 0:0:1."),
        ((POLAR, "--grid", "r=0:1:1000000, t=0:1:3"), "--grid has 3e+06 points; it takes up to 1e+06."),
        (("3, y", "--at", "x=1, y=2"), """names x, which the map has not.\n  The map's coordinates are y. To have a coordinate that the map does not use, write --variables "x y"."""),
        (("3, y", "--at", "1, 2"), "The map 3, y has one name, y, which is the whole point, of shape (2,)"),
        ((POLAR, "--at", "1, nan"), "--at cannot be read: 'nan'."),
        ((POLAR, "--at", "1, inf"), "--at cannot be read: 'inf'."),
        ((POLAR, "--at", "1, 1e400"), "f is not finite at r = 1, t = inf"),
        ((POLAR, "--at", "1, 2j"), "--at cannot be read: '2j'."),
        (("--from", "(1,2), (3,)", "--to", "(1,0), (0,1)"), "--from has vectors of different lengths: 2, 1."),
        (("--from", "(1,0), (0,1", "--to", "(1,0), (0,1)"), "--from cannot be read"),
        (("--from", "(1,2), (2,4)", "--to", "(1,0), (0,1)"), "from_ is no basis: its vectors are linearly dependent"),
        (("x*y*z, y", "--at", "1, 2, 3", "--save", "a.svg"), "Only a map of the plane can be drawn; the Jacobian is 2×3."),
        (("x*y, y, x", "--folds", "-1:1, -1:1"), "f maps R^2 to R^3; only a map of R^2 to itself has fold curves"),
        (("foo(x), y", "--at", "1, 2"), "foo is not a function that wrt knows."),
    ],
)
def test_refusals(det, arguments, message):
    code, said, err = det(*arguments)
    assert (code, said) == (1, "")
    assert message in err


@pytest.mark.parametrize(
    "arguments",
    [(POLAR,), (POLAR, "--at", "1, 2", "--grid", "0:1:3, 0:1:3"), ("--from", "(1,0)"), ("--at", "1, 2"), (POLAR, "--from", "(1,)", "--to", "(1,)")],
)
def test_wrong_usage(det, arguments):
    code, said, err = det(*arguments)
    assert (code, said) == (2, "")
    assert "Usage: wrt det" in err


def test_one_point_of_a_grid(det):
    record = json.loads(det(POLAR, "--grid", "r=2:2:1, t=0:1:3", "--json")[1])
    assert np.allclose(record["factor"], [[2, 2, 2]])


def test_what_no_float_holds_is_said(det):
    code, said, err = det("1e200*x, 1e200*y", "--at", "1, 2")
    assert (code, err) == (0, "")
    assert "det J = inf: area × inf (overflow: it is 10^400), orientation kept" in said
    record = json.loads(det("1e200*x, -1e200*y", "--at", "1, 2", "--json")[1], parse_constant=pytest.fail)
    assert (record["det"], record["factor"], record["orientation"]) == ("-Infinity", "Infinity", "flipped")
    assert np.isclose(record["log_factor"], 400 * np.log(10))
    code, said, err = det("--from", "(1e200,0), (0,1e200)", "--to", "(1,0), (0,1)")
    assert (code, err) == (0, "")
    assert "underflow: it is 10^−400" in said


def test_no_folds_says_where_it_looked(det):
    code, said, _ = det("x, y", "--folds", "x=0:1, y=0:1")
    assert (code, said) == (0, "no curve det J = 0 of f was seen on a grid of 129 × 129 points in x ∈ [0, 1], y ∈ [0, 1]\n")
    record = json.loads(det("x, y", "--folds", "x=0:1, y=0:1", "--json")[1])
    assert (record["curves"], record["resolution"], record["hidden"]) == ([], 128, 0)


@pytest.mark.parametrize(
    "command",
    [("det", "x*y, y", "--at", "1, 2"), ("limits", "sin(x)", "--at", "1"), ("plot", "map", "x, y"), ("plot", "spy", "sin(x)", "--wrt", "x", "--shape", "x: 3")],
)
@pytest.mark.parametrize(
    "file, message",
    [
        ("nowhere/a.svg", "'nowhere/a.svg' cannot be written: there is no folder 'nowhere'."),
        ("a.bmp", "A picture cannot be saved as 'a.bmp'.\n  End the name with .svg, .png or .pdf."),
        ("", "A picture cannot be saved as ''."),
        ("folder.svg", "'folder.svg' cannot be written: it is a folder."),
    ],
)
def test_files_that_cannot_be_written(capsys, tmp_path, monkeypatch, command, file, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.svg").mkdir()
    assert main([*command, "--save", file]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"ArgumentError: {message}")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.svg"]


def test_the_point_is_a_list_also_of_one_coordinate(det):
    assert json.loads(det("sin(x)", "--at", "1", "--json")[1])["point"] == [1]


def test_a_kink_is_said(det, tmp_path):
    assert det("abs(x), y", "--at", "0, 1")[1].endswith("f has a kink here (abs at 0): no linear map is close to it\n")
    assert json.loads(det("abs(x), y", "--at", "0, 1", "--json")[1])["kink"].startswith("f has a kink here")
    assert json.loads(det("abs(x), y", "--at", "1, 1", "--json")[1])["kink"] is None
    code, _, err = det("abs(x), y", "--at", "0, 1", "--save", str(tmp_path / "a.svg"))
    assert code == 1
    assert "no parallelogram to draw" in err


@pytest.mark.parametrize("text, said", [("x,y+", "an operand is missing after '+'"), ("x,,y", "missing between two commas"), ("x, sin(y", "'(' is never closed")])
def test_errors_show_no_bracket_that_was_not_written(det, text, said):
    code, _, err = det(text, "--at", "1, 1")
    assert code == 1
    assert said in err
    assert "[" not in err
    assert "]" not in err
