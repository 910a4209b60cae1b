"""wrt limits: the table, JSON, the picture, and what is refused."""

import json
import shlex

import numpy as np
import pytest

from wrt.cli.limits import HELP
from wrt.cli.main import main


def run(capsys, *arguments):
    code = main(("limits", *arguments))
    said = capsys.readouterr()
    return int(code), said.out, said.err


def test_the_table(capsys):
    code, out, err = run(capsys, "sin(x)", "--at", "1")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "∂f/∂x at x = 1, where f = 0.8414709848"
    assert "best h  forward 1e-08, backward 1e-08, central 1e-05" in out
    assert "exact   0.5403023058681398" in out


def test_json(capsys):
    code, out, _ = run(capsys, "r*cos(t), r*sin(t)", "--at", "t=0.5, r=2", "--by", "t", "--json")
    first, second = json.loads(out)["outputs"]
    assert code == 0
    assert [first["exact"], second["exact"]] == pytest.approx([-2 * np.sin(0.5), 2 * np.cos(0.5)])
    assert (first["input"], second["output"]) == ("t", [1])
    code, out, _ = run(capsys, "abs(x)", "--at", "0", "--json")
    assert json.loads(out)["outputs"][0]["kink"] == {"forward": 1, "backward": -1}


def test_the_picture(capsys, tmp_path):
    code, _, _ = run(capsys, "abs(x)", "--at", "0", "--save", str(tmp_path / "kink.svg"))
    assert code == 0
    assert "they differ, so there is no derivative" in (tmp_path / "kink.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments, code, said",
    [
        (("r*t", "--at", "1, 2"), 1, "The point has 2 coordinates (r, t); which of them moves?"),
        (("r*t", "--at", "1, 2", "--by", "s"), 1, "'s' is no coordinate of the point, which has r, t."),
        (("log(x)", "--at", "0"), 1, "there is no derivative to take there"),
        (("sin(x)", "--at", "one"), 1, "--at cannot be read: 'one'."),
        (("sin(x)",), 2, "--at"),
    ],
)
def test_refusals(capsys, arguments, code, said):
    got, out, err = run(capsys, *arguments)
    assert (got, out) == (code, "")
    assert said in err


@pytest.mark.parametrize(
    "f, forward, backward, said",
    [
        ("abs(x)", 1, -1, "kink forward limit 1, backward limit -1"),
        ("x + 1e-6*abs(x)", pytest.approx(1.000001), pytest.approx(0.999999), "kink forward limit 1.000001"),
        ("sqrt(x)", "Infinity", None, "limit none: the forward quotients grow like h^-0.5"),
        ("-sqrt(x)", "-Infinity", None, "limit none: the forward quotients grow like h^-0.5"),
        ("sqrt(abs(x))", "Infinity", "-Infinity", "limit none: the forward quotients grow like h^-0.5 and the backward"),
    ],
)
def test_text_json_and_picture_agree(capsys, tmp_path, f, forward, backward, said):
    code, out, err = run(capsys, f, "--at", "0", "--json", "--save", str(tmp_path / "a.svg"))
    (record,) = json.loads(out, parse_constant=pytest.fail)["outputs"]
    assert (code, err) == (0, "")
    assert (record["limit"], record["error"]) == (None, None)
    assert (record["forward_limit"], record["backward_limit"]) == (forward, backward)
    assert record["verdict"].startswith(said)
    assert said in " ".join(run(capsys, f, "--at", "0")[1].split())
    assert said.split(maxsplit=1)[1].partition(":")[2].replace("-", "−") in (tmp_path / "a.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("f, x, outcome", [("abs(x-1e-7)", "0", "derivative"), ("abs(x)", "0", "kink"), ("sqrt(x)", "0", "unbounded"), ("sin(x)", "1e15", "unseen")])
def test_json_names_the_outcome(capsys, f, x, outcome):
    code, out, err = run(capsys, f, "--at", x, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out)["outputs"][0]["outcome"] == outcome


def test_the_examples_of_the_help_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    examples = [line.strip() for line in HELP.splitlines() if line.startswith("  wrt limits ")]
    assert len(examples) >= 4
    for example in examples:
        code, out, err = run(capsys, *shlex.split(example)[2:])
        assert (code, err) == (0, ""), example
        assert out
