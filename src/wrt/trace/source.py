"""Where in the user's own text something happened: the frame, the line, the exact expression.

Python keeps the columns of every instruction (PEP 657), so that a refusal can underline the call and not only name its line.
"""

from __future__ import annotations

import ast
import dis
import linecache
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType
from typing import Any, NamedTuple

import numpy as np

from wrt.errors import Location

_HERE = os.path.dirname(os.path.dirname(__file__)) + os.sep
_READER = os.path.join(_HERE, "trace", "read.py")
_EXAMPLES = _HERE + "examples" + os.sep  # written as users write, so treated as theirs
_NUMPY = os.path.dirname(np.__file__) + os.sep
_SCIPY = os.sep + "scipy" + os.sep
_LONGEST = 40  # characters of an argument that a message quotes


class Place(NamedTuple):
    """Lines and columns (0-based, in characters) of one expression; columns are None where Python does not know them."""

    line: int
    end_line: int
    start: int | None
    end: int | None


@lru_cache(maxsize=1024)
def is_ours(filename: str) -> bool:
    """Whether a file belongs to wrt itself."""
    return filename.startswith(_HERE) and not filename.startswith(_EXAMPLES)


@lru_cache(maxsize=1024)
def is_library(filename: str) -> bool:
    """Whether a file is NumPy's or SciPy's, or no file of anybody's."""
    return filename.startswith((_NUMPY, "<__array_function__", "<frozen")) or _SCIPY in filename


def user_frame() -> FrameType | None:
    """The innermost frame that is the user's; none while an expression in text is read, whose places are not in Python."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and (is_ours(frame.f_code.co_filename) or is_library(frame.f_code.co_filename)):
        if frame.f_code.co_filename == _READER:
            return None
        frame = frame.f_back
    return frame


@lru_cache(maxsize=4096)
def _tries(code: CodeType) -> tuple[tuple[int, int], ...]:
    """The parts of the code that stand in a `try` or a `with` (whose handler starts with PUSH_EXC_INFO)."""
    entries = dis._parse_exception_table(code)  # type: ignore[attr-defined]  # noqa: SLF001  # where Python itself looks, PEP 659
    return tuple((entry.start, entry.end) for entry in entries if dis.opname[code.co_code[entry.target]] == "PUSH_EXC_INFO")


def in_try() -> bool:
    """Whether an exception of the running operation might be caught before it leaves the function that is traced."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    while frame is not None and frame.f_code.co_name != "trace_function":
        if not is_ours(frame.f_code.co_filename) and any(start <= frame.f_lasti < end for start, end in _tries(frame.f_code)):
            return True
        frame = frame.f_back
    return False


def library_reader() -> str:
    """The library function through which wrt was reached, as `scipy.interpolate.interp1d`; empty where there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001
    name = ""
    while frame is not None and (is_ours(frame.f_code.co_filename) or is_library(frame.f_code.co_filename)):
        if is_library(frame.f_code.co_filename):
            module = frame.f_globals.get("__name__", "")
            public = ".".join(part for part in module.split(".") if not part.startswith("_"))
            name = f"{public}.{frame.f_code.co_name}" if public else name
        frame = frame.f_back
    return name


def here() -> str:
    """`residual, model.py line 41`: the user's line, without its text."""
    frame = user_frame()
    return "" if frame is None else _where(frame.f_code, frame.f_lineno)


def locate(frame: FrameType | None = None) -> Location | None:
    """The expression that the user's frame is at."""
    frame = frame or user_frame()
    if frame is None:
        return None
    return location(frame.f_code, frame.f_lasti, frame.f_lineno)


def location(code: CodeType, instruction: int, line: int) -> Location:
    """The expression of one instruction (a byte offset into the code)."""
    place = _place(code, instruction, line)
    text = linecache.getline(code.co_filename, place.line).rstrip("\n")
    where = _where(code, place.line)
    if not text.strip():
        return Location(where, "(no source)")
    if place.start is None or place.end is None:
        return Location(where, text)
    return Location(where, text, ((place.start, place.end if place.end_line == place.line else len(text.rstrip())),))


def argument_text(position: int, frame: FrameType | None = None, guilty: Callable[[Any], bool | None] | None = None) -> str:
    """How the user wrote an argument of the operation that the frame is at; empty where that is long or unknown.

    `guilty` says of a value that a name stands for whether the message is about it (None: perhaps). If the argument at this
    position is surely innocent, the only other that may be meant is named instead.
    """
    frame = frame or user_frame()
    if frame is None:
        return ""
    place = _place(frame.f_code, frame.f_lasti, frame.f_lineno)
    if place.start is None or place.end is None:
        return ""
    lines = [linecache.getline(frame.f_code.co_filename, n) for n in range(place.line, place.end_line + 1)]
    if not all(lines):
        return ""
    lines[-1] = lines[-1][: place.end]
    lines[0] = lines[0][place.start :]
    try:
        tree = ast.parse("(" + "".join(lines) + ")", mode="eval").body
    except SyntaxError:
        return ""
    operands = _operands(tree)
    found = _accused(operands, position, frame, guilty) if guilty else operands[position] if 0 <= position < len(operands) else None
    if found is None:
        return ""
    text = ast.unparse(found)
    return text if len(text) <= _LONGEST else ""


def _accused(operands: list[ast.expr], position: int, frame: FrameType, guilty: Callable[[Any], bool | None]) -> ast.expr | None:
    judged = [_judged(operand, frame, guilty) for operand in operands]
    suspects = [operand for operand, found in zip(operands, judged, strict=True) if found is not False]
    surely = [operand for operand, found in zip(operands, judged, strict=True) if found is True]
    if 0 <= position < len(operands) and operands[position] in (surely or suspects):
        return operands[position]
    return surely[0] if surely else suspects[0] if len(suspects) == 1 else None


def _judged(operand: ast.expr, frame: FrameType, guilty: Callable[[Any], bool | None]) -> bool | None:
    names = [part.id for part in ast.walk(operand) if isinstance(part, ast.Name)]
    spaces = dict(frame.f_locals), frame.f_globals
    found = [next((guilty(dict.get(space, name)) for space in spaces if name in space), None) for name in names]
    if isinstance(operand, ast.Name) and found[0]:
        return True
    return False if all(one is False for one in found) else None


def _operands(tree: ast.expr) -> list[ast.expr]:
    match tree:
        case ast.Call(func=func, args=args, keywords=keywords):
            given = [*args, *(keyword.value for keyword in keywords)]
            return given if _is_function(func) else [func.value, *given] if isinstance(func, ast.Attribute) else given
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.Compare(left=left, comparators=rest):
            return [left, *rest]
        case ast.Attribute(value=value):
            return [value]
        case ast.UnaryOp(operand=operand):
            return [operand]
        case ast.Subscript(value=value, slice=index):
            return [value, index]
    return [tree]


def _is_function(func: ast.expr) -> bool:
    """A name, or an attribute of a module by its usual name; else a method, whose object is the first argument."""
    while isinstance(func, ast.Attribute):
        func = func.value
        if isinstance(func, ast.Name) and func.id in {"np", "numpy", "scipy", "sp", "math", "linalg", "special", "la", "LA"}:
            return True
    return isinstance(func, ast.Name)


def _place(code: CodeType, instruction: int, line: int) -> Place:
    found = next(islice(code.co_positions(), max(instruction, 0) // 2, None), (None, None, None, None))
    first, last, start, end = found
    if first is None or start is None or end is None:
        return Place(first or line, last or first or line, None, None)
    last = last or first
    return Place(first, last, _characters(code, first, start), _characters(code, last, end))


def _characters(code: CodeType, line: int, byte: int) -> int:
    """A column in bytes of UTF-8, as Python keeps it, in characters."""
    text = linecache.getline(code.co_filename, line)
    return byte if text.isascii() else len(text.encode()[:byte].decode(errors="ignore"))


def _where(code: CodeType, line: int) -> str:
    return f"{_name(code)}, {os.path.basename(code.co_filename)} line {line}"


def _name(code: CodeType) -> str:
    """The function's name; a comprehension is part of the function that it stands in."""
    parts = code.co_qualname.split(".<locals>.")
    while len(parts) > 1 and parts[-1].startswith("<") and parts[-1] != "<lambda>":
        parts.pop()
    return parts[-1]
