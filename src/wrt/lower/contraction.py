"""Products of indexed arrays as NumPy expressions: `A @ x`, `w[:, None] * X`, `X.sum(axis=0)`, `np.einsum` where nothing shorter says it.

Factors are joined two at a time, the cheapest pair first, so that no intermediate is larger than it must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from wrt.graph.size import Size
from wrt.lower.indexing import Operand
from wrt.lower.text import ATOM, Code, binary, call, item, method

LETTERS = "ijklmnopqrstuvwxyzabcdefgh"
UNKNOWN = 100.0  # what a symbolic size counts for when the cheapest order is looked for


def contract(operands: Sequence[Operand], out: Sequence[int], sizes: Sequence[Size]) -> Operand:
    """One operand over (a subset of) the out labels, in their order: the product of all, summed over the other labels."""
    traced = _trace(operands, out)
    if traced is not None:
        return traced
    left = [_diagonal(operand) for operand in operands]
    while len(left) > 1:
        a, b = min(combinations(range(len(left)), 2), key=lambda pair: _cost(left, pair[0], pair[1], out, sizes))
        needed = set(out) | {label for k, operand in enumerate(left) if k not in (a, b) for label in operand.labels}
        joined = _pair(left[a], left[b], needed, out)
        left = [*(operand for k, operand in enumerate(left) if k not in (a, b)), joined]
    return _ordered(_reduced(left[0], set(out)), out)


def aligned(operand: Operand, labels: Sequence[int]) -> Code:
    """The operand, its axes in the order of `labels`, as an array that broadcasts over them (leading axes may be missing)."""
    operand = _ordered(operand, labels)
    if not operand.labels:
        return operand.code
    first = labels.index(operand.labels[0])
    spread = [":" if label in operand.labels else "None" for label in labels[first:]]
    while spread and spread[-1] == ":" and len(spread) > 1 and "None" not in spread:
        spread.pop()
    return item(operand.code, *spread) if "None" in spread else operand.code


def _trace(operands: Sequence[Operand], out: Sequence[int]) -> Operand | None:
    """Σ A[i, i] of one matrix."""
    if len(operands) != 1 or len(operands[0].labels) != 2 or len(set(operands[0].labels)) != 1 or operands[0].labels[0] in out:
        return None
    return Operand(call("np.trace", operands[0].code.text), ())


def _diagonal(operand: Operand) -> Operand:
    """A[i, i] has one axis."""
    if len(set(operand.labels)) == len(operand.labels):
        return operand
    letters = dict(zip(dict.fromkeys(operand.labels), LETTERS, strict=False))
    spec = "".join(letters[label] for label in operand.labels) + "->" + "".join(letters.values())
    if spec == "ii->i":
        return Operand(call("np.diagonal", operand.code.text), tuple(letters))
    return Operand(call("np.einsum", repr(spec), operand.code.text), tuple(letters))


def _cost(operands: Sequence[Operand], a: int, b: int, out: Sequence[int], sizes: Sequence[Size]) -> tuple[float, ...]:
    """Size of the result first (smaller arrays, vectors before matrices), then the work."""
    mine, theirs = set(operands[a].labels), set(operands[b].labels)
    needed = set(out) | {label for k, operand in enumerate(operands) if k not in (a, b) for label in operand.labels}
    result = _volume((mine | theirs) & needed, sizes)
    grown = result - _volume(mine, sizes) - _volume(theirs, sizes)
    return (grown, _volume(mine | theirs, sizes), a + b)


def _volume(labels: set[int], sizes: Sequence[Size]) -> float:
    total = 1.0
    for label in labels:
        size = sizes[label]
        total *= size if isinstance(size, int) else UNKNOWN
    return total


def _pair(a: Operand, b: Operand, needed: set[int], out: Sequence[int]) -> Operand:
    shared = set(a.labels) & set(b.labels)
    a, b = _reduced(a, needed | shared), _reduced(b, needed | shared)
    summed = [label for label in a.labels if label in shared and label not in needed]
    batch = [label for label in a.labels if label in shared and label in needed]
    if not summed:
        return _product(a, b, out)
    if not batch:
        return _running(a, b, summed) or _running(b, a, summed) or _solved(a, b, summed) or _solved(b, a, summed) or _matmul(a, b, summed, out)
    stacked = _stacked(a, b, batch, summed, out)
    if stacked is not None:
        return stacked
    if len(summed) == 1 and len(a.labels) == len(b.labels) == 2:
        return _reduced(_product(a, b, (batch[0], summed[0])), needed)
    order = [label for label in (*out, *a.labels, *b.labels) if label in needed and label in (*a.labels, *b.labels)]
    return _einsum(a, b, list(dict.fromkeys(order)))


def _running(a: Operand, b: Operand, summed: list[int]) -> Operand | None:
    """A product with the triangle of ones is a running sum, from the end where it is transposed."""
    if a.node is None or a.node.op != "tri" or a.node.attrs != 0 or len(summed) != 1:
        return None
    (label,) = summed
    axis = b.labels.index(label)
    (free,) = [x for x in a.labels if x != label]
    labels = (*b.labels[:axis], free, *b.labels[axis + 1 :])
    arguments = [str(axis)] if len(b.labels) > 1 else []
    if label == a.labels[1]:
        return Operand(call("np.cumsum", b.code.text, *arguments), labels)
    flipped = [":"] * axis + ["::-1"]
    return Operand(item(call("np.cumsum", item(b.code, *flipped).text, *arguments), *flipped), labels)


def _solved(a: Operand, b: Operand, summed: list[int]) -> Operand | None:
    """inv(A) @ B as np.linalg.solve(A, B), and B @ inv(A) as its transpose."""
    matrix = a.code.inverse
    if matrix is None or len(a.labels) != 2 or len(b.labels) > 2 or len(summed) != 1:
        return None
    free = [x for x in a.labels if x not in summed]
    left = matrix if a.labels[1] == summed[0] else _transposed(matrix)
    right = b.code if b.labels[0] == summed[0] else _transposed(b.code)
    return Operand(call("np.linalg.solve", left.text, right.text), (*free, *(x for x in b.labels if x not in summed)))


def _stacked(a: Operand, b: Operand, batch: list[int], summed: list[int], out: Sequence[int]) -> Operand | None:
    """Matrices one by one, `A @ B` or `A.mT @ B`, where the batch comes first in both."""
    count = len(batch)
    if len(summed) != 1 or not len(a.labels) == len(b.labels) == count + 2 or not list(a.labels[:count]) == list(b.labels[:count]) == batch:
        return None
    free_a, free_b = ([x for x in operand.labels[count:] if x not in summed] for operand in (a, b))
    order = {label: position for position, label in enumerate(out)}
    if order.get(free_b[0], 99) < order.get(free_a[0], 99):
        a, b, free_a, free_b = b, a, free_b, free_a
    left = a.code if a.labels[-1] == summed[0] else Code(a.code.inside(ATOM) + ".mT")
    right = b.code if b.labels[-2] == summed[0] else Code(b.code.inside(ATOM) + ".mT")
    return Operand(binary("@", left, right), (*batch, *free_a, *free_b))


def _masked(a: Operand, b: Operand) -> Operand | None:
    """The triangle of ones times a matrix."""
    if a.node is None or a.node.op != "tri" or len(b.labels) != 2 or set(a.labels) != set(b.labels):
        return None
    k = [] if a.node.attrs == 0 else [f"k={a.node.attrs if a.labels == b.labels else -int(str(a.node.attrs))}"]
    return Operand(call("np.tril" if a.labels == b.labels else "np.triu", b.code.text, *k), b.labels)


def _product(a: Operand, b: Operand, out: Sequence[int]) -> Operand:
    """The entrywise product over the union of labels; scalars in front, and otherwise the operand with more axes last."""
    masked = _masked(a, b) or _masked(b, a)
    if masked is not None:
        return masked
    if len(a.labels) > len(b.labels):
        a, b = b, a
    labels = _order((*a.labels, *b.labels), out)
    if b.labels and set(a.labels) <= set(b.labels):
        labels = list(b.labels)
    left, right = aligned(a, labels), aligned(b, labels)
    if a.labels and not set(a.labels) & set(b.labels) and len(a.labels) + len(b.labels) == len(labels) and labels[: len(a.labels)] != list(a.labels):
        left, right = right, left
    code = binary("*", left, right)
    if not a.labels and b.code.turned is not None and len(labels) == 2:
        code = code._replace(turned=binary("*", left, b.code.turned))
    return Operand(code, tuple(labels))


def _order(labels: Sequence[int], out: Sequence[int]) -> list[int]:
    found = list(dict.fromkeys(labels))
    return [label for label in out if label in found] + [label for label in found if label not in out]


def _matmul(a: Operand, b: Operand, summed: list[int], out: Sequence[int]) -> Operand:
    free_a, free_b = [x for x in a.labels if x not in summed], [x for x in b.labels if x not in summed]
    order = {label: position for position, label in enumerate(out)}
    if len(summed) == 1 and len(a.labels) <= 2 and len(b.labels) <= 2:
        swap = (len(a.labels), len(b.labels)) == (1, 2) and b.labels[0] != summed[0]
        swap = swap or ((len(a.labels), len(b.labels)) == (2, 1) and a.labels[0] == summed[0])
        if free_a and free_b:
            swap = order.get(free_b[0], 99) < order.get(free_a[0], 99)
        if swap:
            a, b, free_a, free_b = b, a, free_b, free_a
        left = a.code if a.labels[-1] == summed[0] else _transposed(a.code)
        right = b.code if b.labels[0] == summed[0] else _transposed(b.code)
        code = binary("@", left, right)
        if free_a and free_b:
            code = code._replace(turned=binary("@", _transposed(right), _transposed(left)))
        return Operand(code, (*free_a, *free_b))
    if len(summed) == 1 and len(b.labels) == 1 and a.labels[-1] == summed[0]:
        return Operand(binary("@", a.code, b.code), tuple(free_a))
    if len(summed) == 1 and len(a.labels) == 1 and b.labels[-1] == summed[0]:
        return Operand(binary("@", b.code, a.code), tuple(free_b))
    if free_a and free_b and order.get(free_b[0], 99) < order.get(free_a[0], 99):
        a, b, free_a, free_b = b, a, free_b, free_a
    if a.labels == b.labels:
        return Operand(call("np.vdot", a.code.text, b.code.text), ())
    axes = ([a.labels.index(label) for label in summed], [b.labels.index(label) for label in summed])
    return Operand(call("np.tensordot", a.code.text, b.code.text, f"axes=({axes[0]}, {axes[1]})"), (*free_a, *free_b))


def _einsum(a: Operand, b: Operand, labels: list[int]) -> Operand:
    letters = dict(zip(dict.fromkeys((*a.labels, *b.labels)), LETTERS, strict=False))
    spec = f"{_spelled(a.labels, letters)},{_spelled(b.labels, letters)}->{_spelled(labels, letters)}"
    return Operand(call("np.einsum", repr(spec), a.code.text, b.code.text), tuple(labels))


def _spelled(labels: Sequence[int], letters: dict[int, str]) -> str:
    return "".join(letters[label] for label in labels)


def _transposed(code: Code) -> Code:
    if code.turned is not None:
        return code.turned._replace(turned=code._replace(turned=None))
    text = code.text
    inverse = None if code.inverse is None else _transposed(code.inverse)
    short = text.endswith(".T") and text[:-2].isidentifier()
    return Code(text[:-2] if short else code.inside(ATOM) + ".T", turned=None if short else code, inverse=inverse)


def _reduced(operand: Operand, needed: set[int]) -> Operand:
    """Labels that nobody needs are summed."""
    axes = [axis for axis, label in enumerate(operand.labels) if label not in needed]
    if not axes:
        return operand
    kept = tuple(label for label in operand.labels if label in needed)
    if not kept:
        return Operand(method(operand.code, "sum"), ())
    return Operand(method(operand.code, "sum", f"axis={axes[0] if len(axes) == 1 else tuple(axes)}"), kept)


def _ordered(operand: Operand, labels: Sequence[int]) -> Operand:
    """Axes in the order in which the labels are listed."""
    wanted = tuple(label for label in labels if label in operand.labels)
    if operand.labels == wanted:
        return operand
    axes = [operand.labels.index(label) for label in wanted]
    if axes == list(range(len(axes)))[::-1]:
        return Operand(_transposed(operand.code), wanted)
    return Operand(method(operand.code, "transpose", *map(str, axes)), wanted)
