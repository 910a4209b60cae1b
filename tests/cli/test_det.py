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
