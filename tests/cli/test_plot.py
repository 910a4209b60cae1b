"""wrt plot: each command says what it draws, saves it, and gives its numbers as JSON."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from wrt.cli.main import main
from wrt.cli.outcome import message
from wrt.cli.plot import HELP
from wrt.errors import ArgumentError

COMMANDS = {
    "shapes": ["sum((y - Phi @ theta)**2)", "--wrt", "theta", "--shape", "Phi: N D"],
    "chain": ["A @ sin(B @ x)", "--wrt", "x"],
    "collate": [],
    "map": ["r*cos(t), r*sin(t)", "--region", "r=0:2, t=0:3", "--at", "r=1.5, t=1"],
    "linear": ["(-2,1), (1,1)"],
    "spy": ["x[1:] - x[:-1]**2", "--wrt", "x", "--shape", "x: 30"],
    "limits": ["sin(x)", "--at", "1"],
    "density": ["exp(x)", "--law", "norm(0, scale=1)"],
}


def wrt_process(*arguments: str) -> subprocess.CompletedProcess:
    """The command in a process of its own, where warnings go to stderr as a user sees them."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, "-m", "wrt", *arguments], env=env, capture_output=True, check=False)


@pytest.fixture
def wrt(capsys):
    """Runs `wrt plot …`: (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(["plot", *arguments])
        said = capsys.readouterr()
        return int(code), said.out, said.err

    return run


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_saves_and_says(wrt, name, tmp_path):
    code, out, err = wrt(name, *COMMANDS[name], "--save", str(tmp_path / "a.svg"))
    assert (code, err) == (0, "")
    assert len(out) > 60
    assert (tmp_path / "a.svg").read_text("utf-8").lstrip().startswith("<?xml")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_json(wrt, name):
    code, out, err = wrt(name, *COMMANDS[name], "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_run(wrt, name, tmp_path, monkeypatch):
    code, out, _ = wrt(name, "--help")
    assert code == 0
    examples = [shlex.split(line)[2:] for line in out.splitlines() if line.startswith("    wrt plot ")]
    assert examples
    monkeypatch.chdir(tmp_path)
    for example in examples:
        code, said, err = wrt(*example)
        assert (code, err) == (0, ""), example
        assert said


@pytest.mark.parametrize("name", COMMANDS)
def test_json_has_more_than_words(wrt, name):
    record = json.loads(wrt(name, *COMMANDS[name], "--json")[1])
    assert record.pop("title")
    assert record.pop("text")
    assert record


def test_values_are_those_of_python(wrt):
    code, out, err = wrt("collate", "outer(A @ x, y)", "--wrt", "x", "--values", "A: 1 2; 3 4", "--values", "x: 5 6", "--values", "y: 2;", "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)
    assert record["derivative"] == [[[2, 4]], [[6, 8]]]
    assert (record["matrix"], record["collated"], record["flattened"]) == ([2, 1], [2, 1, 2], [2, 2])


def test_sizes_have_any_name(wrt):
    code, out, err = wrt("chain", "sum(log(1+exp(X @ w)))", "--wrt", "w", "--shape", "X: n_obs p")
    assert (code, err) == (0, "")
    assert "∂L/∂w (1×p) = ∂L/∂u (1×n_obs) · ∂u/∂w (n_obs×p)" in out


@pytest.mark.parametrize("columns, wide", [("30", 30), ("200", 40)])
def test_braille_fits_the_terminal(wrt, monkeypatch, columns, wide):
    monkeypatch.setenv("COLUMNS", columns)
    picture = wrt("spy", "sin(x)", "--wrt", "x", "--shape", "x: 300")[1].splitlines()[:-1]
    assert {len(line) for line in picture} == {wide}


def test_the_users_own_line_is_not_translated(wrt):
    err = wrt("shapes", "sum(x, axis=q) + order", "--wrt", "x")[2]
    assert "sum(x, axis=q) + order" in err


@pytest.mark.parametrize(
    "said, told",
    [
        ("Give shapes={'x': '30'}.", 'Give --shape "x: 30".'),
        ("Give its shape: shapes={'x': …}.", 'Give its shape: --shape "x: …".'),
        ("Name it: by='t'.", "Name it: --by t."),
        ("Name both (variables='x y').", 'Name both (--variables "x y").'),
        ("Write dialect= one of 'numpy', 'matrixcalculus'.", "Write --dialect one of 'numpy', 'matrixcalculus'."),
        ("Use .derive(wrt=…) to go on.", "Use .derive(wrt=…) to go on."),
        ("The point x=1, at=2 is outside.", "The point x=1, at=2 is outside."),
    ],
)
def test_advice_in_words_of_the_command_line(said, told):
    assert message(ArgumentError("No.", advice=said)) == f"ArgumentError: No.\n  {told}"


def test_numbers_of_the_worked_map(wrt):
    record = json.loads(wrt("linear", "(-2,1), (1,1)", "--json")[1])
    assert (record["det"], record["areas"]) == (-3, [1, 3])


def test_the_order_of_names_in_options_does_not_matter(wrt):
    one, other = (wrt("map", "r*cos(t), r*sin(t)", "--region", region, "--at", "t=1, r=1.5")[1] for region in ("r=0:2, t=0:3", "t=0:3, r=0:2"))
    assert one == other
    assert "|det J| = 1.5" in one


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (("linear", "1 2 3 4"), 1, "no list of vectors"),
        (("linear", "(1,2,3)"), 1, "four finite numbers"),
        (("linear", "(1,2),(3)"), 1, "MATRIX has vectors of different lengths: 2, 1."),
        (("map", "log(x), y", "--region", "x=-2:-1, y=0:1"), 1, "is finite nowhere in the region"),
        (("map", "x, y, z"), 1, "two inputs"),
        (("map", "x, y", "--region", "x=0:1"), 1, "says nothing of y"),
        (("spy", "sin(x)", "--wrt", "x"), 1, '--shape "x: 30"'),
        (("shapes", "sin(x)"), 1, "Name the variable"),
        (("shapes", "sin(x)", "--wrt", "x", "--save", "a.bmp"), 1, ".svg, .png or .pdf"),
        (("shapes", "sin(x)", "--wrt", "x", "--shape", "x"), 2, "is not a name and its sizes"),
        (("collate", "--order", "Z"), 2, "not one of C, F"),
        (("density", "exp(x)", "--law", "nor"), 1, "no continuous law"),
        (("density", "exp(x)", "--law", "norm(0, sigma=2)"), 1, "cannot be made"),
        (("density", "exp(x)", "--law", "__import__('os')"), 1, "no law"),
        (("density", "x+y, x-y", "--law", "norm"), 1, 'needs a law for each; --law gives 1. Write them in this order: --law "norm" --law "norm".'),
        (("collate", "outer(x, x)", "--wrt", "x"), 1, "Give sizes from 1 to 6 in --shape, or --values."),
        (("collate", "outer(log(x), x)", "--wrt", "x", "--values", "x: 0 2"), 1, "At these values the matrix is not finite"),
        (("collate", "outer(x, x)", "--wrt", "x", "--values", "x: 1 a"), 2, "'x: 1 a' is not a name and its numbers"),
        (("collate", "outer(x, x)", "--wrt", "x", "--values", "x: 1; 2 3"), 2, "is not a name and its numbers"),
        (("collate", "--wrt", "x"), 1, "leave --wrt, --shape and --values out"),
        (("shapes", "sin(x)"), 1, "Name the variable: --wrt x."),
        (("limits", "x*y", "--at", "x=1, y=2"), 1, "Name it: --by y."),
        (("map", "3, 4"), 1, 'Name the coordinates: --variables "x y".'),
        (("spy", "sin(x)", "--wrt", "x", "--shape", "x: 3", "--width", "0"), 1, "cannot be 0 characters wide"),
        (("map", "x, y", "--save", "nowhere/a.png"), 1, "there is no folder 'nowhere'"),
    ],
)
def test_refusals(wrt, arguments, code, said):
    found, out, err = wrt(*arguments)
    assert (found, out) == (code, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err


@pytest.mark.parametrize("f, region", [("log(x), y", "x=-1:1, y=0:1"), ("1/x, y", "x=-1:1, y=0:1"), ("sqrt(x), y", "x=0:1, y=0:1"), ("exp(x), y", "x=0:800, y=0:1")])
def test_maps_with_holes_draw_without_a_word_on_stderr(f, region, tmp_path):
    run = wrt_process("plot", "map", f, "--region", region, "--json", "--save", str(tmp_path / "a.png"))
    assert (run.returncode, run.stderr) == (0, b"")
    assert json.loads(run.stdout, parse_constant=pytest.fail)["text"]
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_numbers_that_json_has_not(wrt):
    code, out, err = wrt("linear", "(1e200,0), (0,1e200)", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out, parse_constant=pytest.fail)["det"] == "Infinity"


def test_the_examples_of_the_plots_help_run(wrt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = [line.strip() for line in HELP.splitlines() if line.startswith("  wrt plot ")]
    assert len(examples) >= 8
    for example in examples:
        code, said, err = wrt(*shlex.split(example)[2:])
        assert (code, err) == (0, ""), example
        assert said
