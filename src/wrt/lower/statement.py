"""Statements of a program as data: what is assigned, for which node; unneeded ones dropped, then printed with their formulas."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from wrt.graph.node import Node

WIDE = 120  # a line and its comment beyond this many characters: the comment stands above
LONGEST = 160  # a formula of more characters is no comment
_WORD = re.compile(r"[^\W\d]\w*")


class Statement(NamedTuple):
    """One line; `target` is the name that it makes or writes into, and `node` what that name stands for."""

    text: str
    target: str = ""
    node: Node | None = None


def needed(lines: Sequence[Statement], results: Sequence[str]) -> list[Statement]:
    """The statements without those that make what nobody reads."""
    read = {word for result in results for word in _WORD.findall(result)}
    kept: list[Statement] = []
    for line in reversed(lines):
        if not line.target or line.target in read:
            read.update(_WORD.findall(line.text))
            kept.append(line)
    return kept[::-1]


def printed(name: str, arguments: Sequence[str], body: Sequence[Statement], results: Sequence[str], comment: Callable[[Node], str | None] | None) -> str:
    """The function as text, each line that makes a node with the node's formula."""
    lines: list[str] = []
    last: Node | None = None
    for text, _, node in body:
        said = comment(node) if comment is not None and node is not None and node is not last else None
        last = node
        if not said or "\n" in said or len(said) > LONGEST:
            lines.append(text)
        elif len(text) + len(said) <= WIDE:
            lines.append(f"{text}  # {said}")
        else:
            lines += [f"# {said}", text]
    lines.append("return " + (", ".join(results) or "()"))
    return f"def {name}({', '.join(arguments)}):\n" + "".join(f"    {line}\n" for line in lines)
