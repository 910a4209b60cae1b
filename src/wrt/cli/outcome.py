"""How a command ends: its exit code, and one message on stderr where it could not be done."""

from __future__ import annotations

import os
import re
import sys
import traceback
from collections.abc import Callable

from wrt.cli.exit_code import ExitCode
from wrt.cli.stream import say
from wrt.errors import Disagreement, WrtError

_SHAPES = re.compile(r"""shapes=\{(['"]?)(\w+|…)\1: (?:(['"])([^'"]*)\3|…)\}""")
# Keywords of Python's functions that are options here, singular for shapes; with a value in quotes, with …, or alone. Not in calls, .derive(wrt=…).
_KEYWORD = re.compile(
    r"""(?<![\w.])(?<!\w\()(wrt|by|shape|values|variables|order|layout|view|dialect|at|region|basis|output|width)s?="""
    r"""(?:(['"])([^'"]*)\2|(…)|(?![\w\[({'"]))"""
)


def outcome(command: Callable[[], None]) -> ExitCode:
    """Run a command; its exit code. stdout then has the whole answer or none of it."""
    try:
        command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except WrtError as why:
        say(message(why), sys.stderr)
        return ExitCode.DISAGREED if isinstance(why, Disagreement) else ExitCode.REFUSED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # wrt … | head
        _silence()
        return ExitCode.UNREAD
    except OSError as why:
        _silence()
        say(f"wrt: the answer could not be written: {why.strerror or why}", sys.stderr)
        return ExitCode.UNWRITTEN
    except Exception:  # noqa: BLE001  # whatever it is, it is ours and not the user's
        say(f"{traceback.format_exc()}\nThis is a bug of wrt. Please report it with the expression.", sys.stderr)
        return ExitCode.BUG
    return ExitCode.DONE


def message(why: WrtError) -> str:
    """What is said of a refusal: its kind, the fact, the expression with carets, and advice in words of the command line."""
    kind = next(c.__name__ for c in type(why).__mro__ if c.__module__ == "wrt")
    told = type(why)(_optioned(why.fact), known=_optioned(why.known), advice=_optioned(why.advice), location=why.location)  # the user's own line stays
    return f"{kind}: {told}"


def _optioned(text: str) -> str:
    """shapes={'x': '3'}, wrt='x' and order= as --shape "x: 3", --wrt x and --order."""
    return _KEYWORD.sub(_option, _SHAPES.sub(lambda found: f'--shape "{found[2]}: {found[4] or "…"}"', text))


def _option(found: re.Match[str]) -> str:
    value = found[3] if found[2] else found[4] or ""
    quoted = f'"{value}"' if " " in value or (found[2] and not value) else value
    return f"--{found[1]} {quoted}".rstrip()


def _silence() -> None:
    """Whatever still waits to be written goes nowhere, so that Python does not complain of it when it ends."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
