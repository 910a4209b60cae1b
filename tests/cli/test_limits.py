"""wrt limits: the table, JSON, the picture, and what is refused."""

import json

import numpy as np
import pytest

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
