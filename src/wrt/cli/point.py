"""Points, ranges and vectors as options write them: "r=2, t=0.5", "x=-1:1, y=-1:1", "(1,0), (0,1)"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wrt.errors import ArgumentError

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_PART = re.compile(rf"\s*(?:([^\W\d]\w*)\s*=)?\s*((?:{_NUMBER}\s*:\s*)*{_NUMBER})\s*")
_ENTRY = re.compile(_NUMBER)


def ordered(text: str, names: Sequence[str], sizes: tuple[int, ...], option: str, advice: str) -> list[list[float]]:
    """The parts of "r=2, t=0.5" in the order of the names; without names as they stand."""
    found: dict[str, list[float]] = {}
    bare: list[list[float]] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        numbers = [] if match is None else [float(each) for each in match[2].split(":")]
        if match is None or len(numbers) not in sizes:
            raise ArgumentError(f"{option} cannot be read: {part.strip()!r}.", advice=advice)
        if match[1] is None:
            bare.append(numbers)
        elif match[1] in found:
            raise ArgumentError(f"{option} gives {match[1]} twice.")
        else:
            found[match[1]] = numbers
    if bare and found:
        raise ArgumentError(f"{option} names some coordinates and not others.", advice=advice)
    if bare:
        if len(names) > 1 and len(bare) != len(names):
            raise ArgumentError(f"{option} gives {len(bare)} of the map's {len(names)} coordinates {', '.join(names)}.", advice=advice)
        return bare
    if set(found) != set(names):
        missing, unknown = [n for n in names if n not in found], [n for n in found if n not in names]
        said = " and ".join([f"says nothing of {', '.join(missing)}"] * bool(missing) + [f"names {', '.join(unknown)}, which the map has not"] * bool(unknown))
        more = f' To have a coordinate that the map does not use, write --variables "{" ".join([*unknown, *names])}".' if unknown and not missing else ""
        raise ArgumentError(f"{option} {said}.", advice=f"The map's coordinates are {', '.join(names)}.{more}")
    return [found[name] for name in names]


def vectors(text: str, option: str) -> list[list[float]]:
    """(1,0), (0,1) as vectors."""
    rows = re.findall(r"[(\[]([^()\[\]]*)[)\]]", text)
    rest = re.sub(r"[(\[][^()\[\]]*[)\]]", "", text)
    parts = [[entry.strip() for entry in row.rstrip(", ").split(",")] for row in rows]
    if not rows or rest.strip(" ,[]()") or not all(_ENTRY.fullmatch(entry) for part in parts for entry in part):
        raise ArgumentError(f"{option} cannot be read: {text!r} is no list of vectors.", advice=f'Write {option} "(1,0), (0,1)".')
    if len({len(part) for part in parts}) > 1:
        sizes = ", ".join(str(len(part)) for part in parts)
        raise ArgumentError(f"{option} has vectors of different lengths: {sizes}.", advice=f'Write {option} "(1,0), (0,1)".')
    return [[float(entry) for entry in part] for part in parts]
