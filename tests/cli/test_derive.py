"""wrt derive: options, parts, JSON, exit codes and messages, within one process."""

import io
import json
import shlex
import sys

import numpy as np
import pytest
from rich.console import Console

from wrt.api.derive import Derivative, derive
from wrt.cli import derive as command
from wrt.cli import terminal
from wrt.cli.main import main
from wrt.errors import Disagreement

LEAST_SQUARES = ("derive", "sum((y - Phi @ theta)**2)", "--wrt", "theta", "--shape", "Phi: N D")
FORMULA = """\
−2 (y − Φθ)ᵀΦ ∈ R^{1×D}   (numerator layout: outputs along rows, inputs along columns)
  assumed: y: N   θ: D
"""
STEPS = """\
L(e) = ‖e‖²,   e(θ) = y − Φθ          y: N   Φ: N×D   θ: D
∂L/∂e = 2eᵀ                      ∈ R^{1×N}          (derivative of a squared norm)
∂e/∂θ = −Φ                       ∈ R^{N×D}          (linear map)
∂L/∂θ = ∂L/∂e · ∂e/∂θ = −2eᵀΦ    (1×N)(N×D) = 1×D   (chain rule)
      = −2 (y − Φθ)ᵀΦ                               (substitute e)
dLdtheta = np.einsum('n,nd->d', dLde, dedtheta)
denominator layout: −2Φᵀ(y − Φθ) ∈ R^{D×1}
"""
CODE = '''\
import numpy as np


def value_and_derivative(y, Phi, theta):
    """‖y − Φθ‖², and its derivative by theta: −2 (y − Φθ)ᵀΦ"""
    e = y - Phi @ theta  # y − Φθ
    return e @ e, -2 * (e @ Phi)
'''
LATEX = "-2\\,(y - \\Phi\\theta)^\\top \\Phi\n"
EINSUM = "dLdtheta = np.einsum('n,nd->d', dLde, dedtheta)\n"


@pytest.fixture
def wrt(capsys):
    """Runs the command: (exit code, stdout, stderr)."""

    def run(*arguments: str) -> tuple[int, str, str]:
        code = main(arguments)
        said = capsys.readouterr()
        return int(code), said.out, said.err

    return run


# ----- parts --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("options, text", [((), FORMULA), (("--formula",), FORMULA), (("--latex",), LATEX), (("--einsum",), EINSUM), (("--code",), CODE)])
def test_one_part(wrt, options, text):
    assert wrt(*LEAST_SQUARES, *options) == (0, text, "")


def test_steps(wrt):
    code, said, _ = wrt(*LEAST_SQUARES, "--steps")
    assert (code, said[: len(STEPS)]) == (0, STEPS)
    assert said[len(STEPS) :].startswith("checked at 3 random points (standard normal): largest difference ")


def test_parts_come_in_a_fixed_order(wrt):
    code, said, _ = wrt(*LEAST_SQUARES, "--code", "--einsum", "--latex", "--formula")
    assert (code, said) == (0, f"{FORMULA}\n{LATEX}\n{EINSUM}\n{CODE}")


def test_check_adds_its_line_once(wrt):
    _, said, _ = wrt(*LEAST_SQUARES, "--check")
    assert said.startswith(FORMULA + "\nchecked at 3 random points")
    _, said, _ = wrt(*LEAST_SQUARES, "--check", "--steps")
    assert said.count("checked at") == 1


def test_code_with_a_check_is_still_code(wrt):
    _, said, _ = wrt(*LEAST_SQUARES, "--code", "--check")
    compile(said, "answer", "exec")
    assert said.startswith(CODE + "\n# checked at 3 random points")


# ----- options ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "arguments, said",
    [
        (("x @ A @ x", "--wrt", "x", "--layout", "denominator"), "(A + Aᵀ)x ∈ R^{N×1}"),
        (("x @ A @ x", "--wrt", "x", "--layout", "mixed"), "(A + Aᵀ)x ∈ R^{N×1}"),
        (("x @ A @ x", "--wrt", "x", "--wrt", "x"), "A + Aᵀ ∈ R^{N×N}"),
        (("A @ X @ B", "--wrt", "X", "--view", "matrix"), "A ⊗ Bᵀ ∈"),
        (("A @ X @ B", "--wrt", "X", "--view", "matrix", "--order", "F"), "Bᵀ ⊗ A ∈"),
        (("x'*A*x", "--wrt", "x", "--dialect", "matrixcalculus"), "xᵀ(A + Aᵀ) ∈"),
        (("x*h", "--wrt", "x", "--shape", "h:", "--shape", " x : 3 "), "hI ∈ R^{3×3}"),
        (("-x", "--wrt", "x"), "−I ∈ R^{N×N}"),
        (("--wrt", "x", "--", "-x"), "−I ∈ R^{N×N}"),
        (("sum((y - Φ @ θ)**2)", "--wrt", "θ"), "−2 (y − Φθ)ᵀΦ ∈"),
    ],
)
def test_options(wrt, arguments, said):
    code, out, _ = wrt("derive", *arguments)
    assert (code, out[: len(said)]) == (0, said)


def test_json(wrt):
    code, said, _ = wrt(*LEAST_SQUARES, "--json")
    record = json.loads(said)
    difference = record["checked"].pop("difference")
    assert code == 0
    assert 0 <= difference < 1e-9
    assert record["steps"][0] == {"left": "∂L/∂e", "claim": "2eᵀ", "note": "∈ R^{1×N}", "rule": "derivative of a squared norm"}
    del record["steps"]
    assert record == {
        "expression": "sum((y - Phi @ theta)**2)",
        "wrt": ["theta"],
        "function": "‖y − Φθ‖²",
        "formula": "−2 (y − Φθ)ᵀΦ",
        "latex": LATEX.strip(),
        "shape": [1, "D"],
        "array_shape": ["D"],
        "layout": "numerator",
        "view": "tensor",
        "order": "C",
        "convention": "numerator layout: outputs along rows, inputs along columns",
        "shapes": {"y": ["N"], "Phi": ["N", "D"], "theta": ["D"]},
        "assumed": {"y": ["N"], "theta": ["D"]},
        "notes": [],
        "einsum": EINSUM.strip(),
        "code": CODE,
        "checked": {"points": 3, "domain": "standard normal"},
    }


def test_the_code_in_json_runs(wrt, rng):
    _, said, _ = wrt(*LEAST_SQUARES, "--json")
    space: dict = {}
    exec(json.loads(said)["code"], space)
    y, Phi, theta = rng.standard_normal(5), rng.standard_normal((5, 4)), rng.standard_normal(4)
    value, derivative = space["value_and_derivative"](y, Phi, theta)
    e = y - Phi @ theta
    np.testing.assert_allclose(value, np.sum(e**2))
    np.testing.assert_allclose(derivative, -2 * e @ Phi)


@pytest.mark.parametrize(
    "expression, by, options",
    [
        ("A @ X @ B", ["X"], {"view": "matrix", "order": "F"}),
        ("A @ X @ B", ["X"], {}),
        ("x @ A @ x", ["x", "x"], {"layout": "denominator"}),
        ("sum(X**2)", ["X"], {}),
        ("y + 0*x", ["x"], {"layout": "mixed"}),
    ],
)
def test_json_agrees_with_what_is_printed(expression, by, options):
    """The shape and the convention in JSON are put together here; the printed line comes from the formula."""
    d = derive(expression, by, **options)
    record = command.as_record(d, command.Request(expression, tuple(by)))
    assert f"({record['convention']})" in str(d)
    assert record["shape"] == [size if isinstance(size, int) else str(size) for size in d._formula.shape]


# ----- refusals -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "expression, first",
    [
        ("", "ParseError: the text is empty"),
        ("   ", "ParseError: the text is empty"),
        ("x" * 100_000, "ParseError: the text has 100000 characters; at most 20000 are read"),
        ("(" * 9000 + "x" + ")" * 9000, "ParseError: more than 200 operations stand inside each other"),
        ("x^^10^10", "ParseError: an operand is missing before '^'"),
        ("'x'", "ParseError: "),
        ('"', "ParseError: "),
        ("x''''", ""),
        ("__import__('os').system('true')", ""),
        ("import os", "ParseError: an operator is missing before 'os'"),
        ("\x00\x1b[31mx", "ParseError: unexpected character"),
        ("foo(x)", "ArgumentError: foo is not a function that wrt knows."),
        ("y", "ArgumentError: x is not a variable of the expression; it has y."),
        ("A @ y + x", ""),
    ],
)
def test_odd_input_is_answered_at_once(wrt, expression, first):
    code, out, err = wrt("derive", expression, "--wrt", "x")
    assert "Traceback" not in err
    if first:
        assert (code, out, err[: len(first)]) == (1, "", first)
        assert max(map(len, err.splitlines())) < 200
    else:
        assert code in {0, 1}


def test_carets(wrt):
    code, out, err = wrt("derive", "A @ x + foo(x)", "--wrt", "x")
    assert (code, out) == (1, "")
    assert err.splitlines() == ["ArgumentError: foo is not a function that wrt knows.", "      A @ x + foo(x)", "              ^^^^^^", "  Did you mean floor?"]


def test_a_shape_error_shows_the_expression_and_no_python_file(wrt):
    code, _, err = wrt("derive", "y - Phi @ theta", "--wrt", "theta", "--shape", "Phi: N D", "--shape", "theta: M")
    assert code == 1
    assert err.startswith("ShapeError: Phi is N×D and theta is M; the inner sizes D and M differ.\n      y - Phi @ theta\n")
    assert ".py" not in err


def test_advice_is_in_words_of_the_command_line(wrt):
    from wrt.cli.outcome import message
    from wrt.errors import ShapeError

    told = message(ShapeError("No.", advice='Give shapes={"theta": "D"} if they are the same, or shapes={\'h\': …}.'))
    assert told == 'ShapeError: No.\n  Give --shape "theta: D" if they are the same, or --shape "h: …".'


@pytest.mark.parametrize(
    "arguments, said",
    [
        (("x",), "Missing option '--wrt'"),
        (("x", "--wrt", "x", "--layout", "rows"), "'rows' is not one of numerator, denominator, mixed."),
        (("x", "--wrt", "x", "--wrt", "x", "--wrt", "x"), "give one name, or two for a second derivative."),
        (("x", "--wrt", "x", "--shape", "N D"), "'N D' is not a name and its sizes; write \"Phi: N D\", or \"t:\" for a scalar."),
        (("x", "--wrt", "x", "--shape", "x: N", "--shape", "x: 3"), "x has two shapes."),
        (("x", "--wrt", "x", "--stepz"), "No such option: --stepz"),
        (("x", "y", "--wrt", "x"), "unexpected extra argument"),
        (("x", "--wrt", "x", "--json", "--code"), "it has all parts already"),
    ],
)
def test_wrong_usage(wrt, arguments, said):
    code, out, err = wrt("derive", *arguments)
    assert (code, out) == (2, "")
    assert said in " ".join(err.split())


def test_a_failed_check(wrt, monkeypatch):
    def check(self, **options):
        raise Disagreement("Entry [0] is 1, the limit is 2.")

    monkeypatch.setattr(Derivative, "check", check)
    for options in (["--check"], ["--steps"], ["--json"]):
        assert wrt(*LEAST_SQUARES, *options) == (3, "", "Disagreement: Entry [0] is 1, the limit is 2.\n")


@pytest.mark.parametrize("error, code", [(KeyboardInterrupt, 130), (ZeroDivisionError, 70)])
def test_interruption_and_bugs(wrt, monkeypatch, error, code):
    def derive(*arguments, **options):
        raise error

    monkeypatch.setattr(command, "derive", derive)
    found, out, err = wrt(*LEAST_SQUARES)
    assert (found, out) == (code, "")
    assert err.endswith("This is a bug of wrt. Please report it with the expression.\n") if code == 70 else not err


def test_stdin_is_read_up_to_a_limit(wrt, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("x+" * 2_000_000))
    code, _, err = wrt("derive", "-", "--wrt", "x")
    assert (code, err.splitlines()[0]) == (1, "ParseError: the text has 1000000 characters; at most 20000 are read")


def test_interruption_while_stdin_is_read(wrt, monkeypatch):
    class Endless(io.StringIO):
        def read(self, count=-1):
            raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Endless())
    assert wrt("derive", "-", "--wrt", "x") == (130, "", "")


# ----- help ---------------------------------------------------------------------------------------------------------
def test_version(wrt):
    code, out, _ = wrt("--version")
    assert (code, out[:4]) == (0, "wrt ")


@pytest.mark.parametrize("arguments, count", [(("--help",), 2), (("derive", "--help"), 4)])
def test_the_examples_in_the_help_run(wrt, monkeypatch, arguments, count):
    code, said, _ = wrt(*arguments)
    lines = [line.strip() for line in said.splitlines()]
    examples = [line.partition(" > ")[0] for line in lines if "wrt derive " in line and "--wrt" in line]
    assert (code, len(examples)) == (0, count)
    for example in examples:
        given, _, call = example.rpartition(" | ")
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(shlex.split(given)[1:])))
        code, out, err = wrt(*shlex.split(call)[1:])
        assert (code, err, bool(out)) == (0, "", True), example


# ----- on a terminal ------------------------------------------------------------------------------------------------
def shown(expression: str, by: tuple[str, ...], *parts: str, check: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=100, highlight=False)
    request = command.Request(expression, by, parts=frozenset(parts), check=check)
    d = derive(expression, by)
    terminal.show(d, command.answer(d, request), console)
    return console.file.getvalue()


def test_the_formula_stands_in_a_box():
    lines = shown("sum((y - Phi @ theta)**2)", ("theta",)).splitlines()
    assert lines[2] == "│   ∂f/∂θ = −2 (y − Φθ)ᵀΦ   │"
    assert lines[5].startswith("  ∈ R^{1×")
    assert lines[6].startswith("  assumed: ")


def test_entries_have_their_own_left_side():
    assert "│   ∂f_ij/∂X_kl = " in shown("A @ X @ B", ("X",))


def test_brackets_are_not_markup():
    assert "x[bold]" not in shown("x[:2]", ("x",), "code")
    assert "return x[:2]" in shown("x[:2]", ("x",), "code")


def test_steps_are_a_table():
    said = shown("sum((y - Phi @ theta)**2)", ("theta",), "formula", "steps", "latex", "einsum", "code", check=True)
    for text in ("∂L/∂e   = 2eᵀ ", "substitute e", "Steps", "LaTeX", "einsum", "Code", "e = y - Phi @ theta", "checked at 3"):
        assert text in said


@pytest.mark.parametrize("by, said", [(("theta",), "∂f/∂θ"), (("x", "x"), "∂²f/∂x²"), (("x", "theta"), "∂²f/∂x∂θ")])
def test_heading(by, said):
    assert terminal.heading(by) == said


@pytest.mark.parametrize("name, value, wanted", [("NO_COLOR", "1", False), ("NO_COLOR", "", True), ("TERM", "dumb", False), ("TERM", "xterm", True)])
def test_who_gets_colour(monkeypatch, name, value, wanted):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)
    assert command.on_terminal(asked_plain=False) is wanted
    assert not command.on_terminal(asked_plain=True)
