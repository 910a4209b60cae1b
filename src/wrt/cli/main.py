"""The command wrt: its entry point, which needs nothing but the standard library to say what is missing."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from wrt.cli.exit_code import ExitCode

MISSING = "wrt: the command line needs typer, which is not installed. Install it with:  pip install 'wrt[cli]'"


def main(arguments: Sequence[str] | None = None) -> int:
    r"""Run the command line and give its exit code.

    Exit codes: 0 done, 1 the expression is refused, 2 wrong usage (or typer is missing), 3 the check failed.

    >>> main(["derive", "x @ A @ x", "--wrt", "x", "--latex"])
    x^\top (A + A^\top)
    0
    """
    try:
        try:
            from wrt.cli.application import application
        except ModuleNotFoundError as why:
            if (why.name or "").partition(".")[0] not in {"typer", "click"}:
                raise
            print(MISSING, file=sys.stderr)
            return ExitCode.MISUSED
        application(_guarded(sys.argv[1:] if arguments is None else arguments), prog_name="wrt")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    return ExitCode.DONE


def _guarded(arguments: Sequence[str]) -> list[str]:
    """A leading minus belongs to the expression (-x @ A @ x): there are no one-letter options but -h. A space keeps it from being one."""
    return [f" {a}" if a[:1] == "-" and a[1:2] not in {"", "-"} and a != "-h" else a for a in arguments]
