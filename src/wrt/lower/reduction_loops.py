"""Reductions along axes as loops, for compilers that know them for whole arrays only."""

from __future__ import annotations

from typing import Any

from wrt.errors import Unsupported
from wrt.graph.node import FLOAT, Node
from wrt.lower.text import shape, size

REDUCED = ("max", "min", "prod", "norm", "logsumexp", "softmax")


def reduction(node: Node, name: str, array: str, inputs: int) -> list[str]:
    """Lines that make the reduction (or the softmax, which is one reduction and an exponential) of a named array."""
    (given, *others) = node.inputs
    if others or given.dtype != FLOAT:
        raise Unsupported(f"There are no loops for {node.op} of these operands.", advice='Take the NumPy code: target="numpy".')
    axes: Any = node.attrs
    letters = [f"i{axis}" for axis in range(given.ndim)]
    kept = [letter for axis, letter in enumerate(letters) if axis not in axes]
    shape_kept = [n for axis, n in enumerate(given.shape) if axis not in axes]
    heads = [f"{'    ' * depth}for {letter} in range({size(n).text}):" for depth, (letter, n) in enumerate(zip(letters, given.shape, strict=True))]
    inside = "    " * given.ndim
    entry = f"{array}[{', '.join(letters)}]" if letters else array

    def at(of: str) -> str:
        return f"{of}[{', '.join(kept)}]" if kept else of

    def filled(of: str, value: str) -> str:
        return f"{of} = np.full({shape(shape_kept)}, {value})" if kept else f"{of} = {value}"

    if node.op in ("max", "min"):
        start = "-np.inf" if node.op == "max" else "np.inf"
        return [filled(name, start), *heads, f"{inside}{at(name)} = {node.op}({at(name)}, {entry})"]
    if node.op == "prod":
        return [filled(name, "1.0"), *heads, f"{inside}{at(name)} *= {entry}"]
    if node.op == "norm":
        return [filled(name, "0.0"), *heads, f"{inside}{at(name)} += {entry} * {entry}", f"{name} = np.sqrt({name})"]
    top = f"{name}_max"
    lines = [filled(top, "-np.inf"), *heads, f"{inside}{at(top)} = max({at(top)}, {entry})"]
    total = name if node.op == "logsumexp" else f"{name}_sum"
    lines += [filled(total, "0.0"), *heads, f"{inside}{at(total)} += np.exp({entry} - {at(top)})"]
    if node.op == "logsumexp":
        return [*lines, f"{name} = np.log({name}) + {top}"]
    if not letters:
        return [*lines, f"{name} = 1.0"]
    made = f"{name} = np.zeros({shape(given.shape)})"
    return [*lines, made, *heads, f"{inside}{name}[{', '.join(letters)}] = np.exp({entry} - {at(top)}) / {at(total)}"]
