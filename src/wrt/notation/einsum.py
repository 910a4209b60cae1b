"""Products of Jacobians as NumPy writes them: np.einsum with an explicit output, letters from the names of sizes (N is n, D is d)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from wrt.graph.index import plain
from wrt.graph.node import Node, Scalar, Shape
from wrt.graph.size import Size
from wrt.linear.linear_map import LinearMap

LETTERS = "ijklmnopqrstuvwxyzabcdefgh"


def letters(sizes: Sequence[Size]) -> list[str]:
    """One letter an axis, all different: n for N, the next free one where a name comes twice or is a number.

    >>> from wrt.graph.size import symbol
    >>> letters([symbol("N"), symbol("D"), symbol("D"), 3])
    ['n', 'd', 'i', 'j']
    """
    found: list[str] = []
    wanted = [name[0].lower() if (name := str(size))[0].isalpha() and name.isidentifier() else "" for size in sizes]
    for letter in wanted:
        free = (other for other in LETTERS if other not in found and other not in wanted)
        found.append(letter if letter and letter not in found else next(free))
    return found


def derivative_name(output: str, variable: str) -> str:
    """dLdtheta, as a Python name."""
    return f"d{output}d{variable}"


def chain(output: str, links: Sequence[tuple[str, Shape]], variable: str, shape_x: Shape, shape_f: Shape) -> str:
    """The chain rule as one line: dLdtheta = np.einsum('n,nd->d', dLde, dedtheta).

    `links` are the intermediates from the output inwards, with their shapes.
    """
    names = [output, *(name for name, _ in links), variable]
    shapes = [shape_f, *(shape for _, shape in links), shape_x]
    spelled = letters([size for shape in shapes for size in shape])
    groups, start = [], 0
    for shape in shapes:
        groups.append("".join(spelled[start : start + len(shape)]))
        start += len(shape)
    operands = [derivative_name(a, b) for a, b in pairwise(names)]
    reads = ",".join(a + b for a, b in pairwise(groups))
    return f"{derivative_name(output, variable)} = np.einsum('{reads}->{groups[0]}{groups[-1]}', {', '.join(operands)})"


def lines(m: LinearMap, target: str, code: Callable[[Node], str], sizes: Mapping[Size, str] | None = None) -> str | None:
    """A Jacobian in collated form as a sum of einsums, or None where an index is more than a label.

    Parameters
    ----------
    code
        How NumPy source writes a node; given by whoever knows (a name suffices).
    sizes
        How source writes a size, where identity matrices or ones are needed; by default by its own name.
    """
    parts: list[str] = []
    for term in m.terms:
        labels = [plain(index) for index in term.out]
        reads = [(node, [plain(i) for i in index]) for node, index in term.factors]
        if None in labels or any(None in index for _, index in reads):
            return None
        again = [label for k, label in enumerate(labels) if label in labels[:k] and label is not None]
        spelled = letters([*term.sizes, *(term.sizes[label] for label in again)])
        operands = [(code(node), "".join(spelled[label] for label in index if label is not None)) for node, index in reads]
        out = ""
        fresh = iter(spelled[len(term.sizes) :])
        held = {label for _, index in reads for label in index}
        for label in labels:
            assert label is not None
            size = (sizes or {}).get(term.sizes[label], str(term.sizes[label]))
            if spelled[label] in out:
                other = next(fresh)
                operands.append((f"np.eye({size})", spelled[label] + other))
                held.add(label)
                out += other
            else:
                out += spelled[label]
        loose = [label for label in dict.fromkeys(labels) if label is not None and label not in held]
        operands += [(f"np.ones({(sizes or {}).get(term.sizes[label], str(term.sizes[label]))})", spelled[label]) for label in loose]
        parts.append(_scaled(term.scale, operands, out))
    if not parts:
        return None
    text = parts[0] + "".join(f" - {part[1:]}" if part.startswith("-") else f" + {part}" for part in parts[1:])
    return f"{target} = {text}"


def _scaled(scale: Scalar, operands: Sequence[tuple[str, str]], out: str) -> str:
    if not operands:
        return repr(scale)
    front = "" if scale == 1 else "-" if scale == -1 else f"{scale!r} * "
    return f"{front}np.einsum('{','.join(read for _, read in operands)}->{out}', {', '.join(code for code, _ in operands)})"
