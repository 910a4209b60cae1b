"""The command as a shell sees it: bytes, exit codes, and what happens without its optional libraries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src"
EXAMPLE = ("derive", "sum((y - Phi @ theta)**2)", "--wrt", "theta", "--shape", "Phi: N D")
FORMULA = [
    "−2 (y − Φθ)ᵀΦ ∈ R^{1×D}   (numerator layout: outputs along rows, inputs along columns)",
    "  assumed: y: N   θ: D",
]


def wrt(*arguments: str, text: str | bytes = b"", start: tuple[str, ...] = ("-m", "wrt"), **environment: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8", **environment}
    given = text.encode() if isinstance(text, str) else text
    return subprocess.run([sys.executable, *start, *arguments], env=env, input=given, capture_output=True, check=False)


def test_a_pipe_gets_plain_text():
    run = wrt(*EXAMPLE)
    assert (run.returncode, run.stdout.decode().splitlines(), run.stderr) == (0, FORMULA, b"")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_old_code_pages(encoding):
    run = wrt(*EXAMPLE, "--formula", "--code", PYTHONIOENCODING=encoding)
    said = run.stdout.decode("ascii")
    assert said.startswith("-2 (y - Phi theta)' Phi in R^{1 x D}   (numerator layout")
    assert "return e @ e, -2 * (e @ Phi)" in said
    assert run.returncode == 0


def test_json_loses_nothing_in_ascii():
    run = wrt(*EXAMPLE, "--json", PYTHONIOENCODING="ascii")
    assert (run.returncode, json.loads(run.stdout)["formula"]) == (0, "−2 (y − Φθ)ᵀΦ")


def test_a_refusal_is_a_message():
    run = wrt("derive", "x^^10^10", "--wrt", "x")
    assert run.stderr.decode().splitlines() == ["ParseError: an operand is missing before '^'", "      x^^10^10", "        ^"]
    assert (run.returncode, run.stdout) == (1, b"")


def test_stdin():
    run = wrt("derive", "-", "--wrt", "x", "--latex", text="x @ A @ x\n")
    assert (run.returncode, run.stdout.decode().strip()) == (0, r"x^\top (A + A^\top)")
    run = wrt("derive", "-", "--wrt", "x", text=b"\xff", PYTHONIOENCODING="utf-8:strict")
    assert (run.returncode, run.stderr.decode().splitlines()[-1]) == (2, "Error: Invalid value for 'EXPRESSION': stdin is not utf-8 text.")


def test_without_typer():
    block = "import sys; sys.modules['typer'] = None; from wrt.cli.main import main; sys.exit(main())"
    run = wrt(*EXAMPLE, start=("-c", block))
    told = "wrt: the command line needs typer, which is not installed. Install it with:  pip install 'wrt[cli]'\n"
    assert (run.returncode, run.stdout, run.stderr.decode()) == (2, b"", told)


def test_rich_is_not_needed():
    block = "import sys; sys.modules['rich'] = None; from wrt.cli import derive, main; derive.on_terminal = lambda plain: True; sys.exit(main.main())"
    run = wrt(*EXAMPLE, start=("-c", block))
    assert (run.returncode, run.stdout.decode().splitlines()) == (0, FORMULA)


@pytest.mark.skipif(sys.platform != "linux", reason="pipes and devices of Linux")
def test_nobody_reads_or_nothing_can_be_written():
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    read, write = os.pipe()
    os.close(read)
    run = subprocess.run([sys.executable, "-m", "wrt", *EXAMPLE], env=env, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert (run.returncode, run.stderr) == (141, b"")
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run([sys.executable, "-m", "wrt", *EXAMPLE], env=env, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (run.returncode, run.stderr.decode()) == (74, "wrt: the answer could not be written: No space left on device\n")


@pytest.mark.skipif(sys.platform == "win32", reason="pseudoterminals")
@pytest.mark.parametrize("more, boxed", [((), True), (("--plain",), False)])
def test_a_terminal_gets_a_box(more, boxed):
    import pty

    ours, theirs = pty.openpty()
    env = {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONIOENCODING": "utf-8", "TERM": "xterm", "COLUMNS": "90"}
    env.pop("NO_COLOR", None)
    subprocess.run([sys.executable, "-m", "wrt", *EXAMPLE, *more], env=env, stdout=theirs, check=True)
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # Linux says so when the other side is closed
        pass
    os.close(ours)
    assert ("╭" in said.decode(), "\x1b[" in said.decode()) == (boxed, boxed)
    assert "−2 (y − Φθ)ᵀΦ" in said.decode()
