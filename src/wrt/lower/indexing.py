"""Index expressions as NumPy subscripts: slices where they suffice, rolls, and integer arrays for the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import gcd
from typing import Any, NamedTuple

import numpy as np

from wrt.graph.index import Affine, Index, Table, is_static, labels_in, plain, values
from wrt.graph.node import Node, array_of
from wrt.graph.size import Size, as_int, at_most
from wrt.lower.text import PRODUCT, SUM, Code, binary, call, item, size

Held = Callable[[Any], Code]  # a constant array to the name it has in the program
Ref = Callable[[Node], Code]


class Operand(NamedTuple):
    """An array expression whose axes are these labels."""

    code: Code
    labels: tuple[int, ...]
    node: Node | None = None  # set while the expression is the node itself, unsliced


def read(node: Node, code: Code, index: Sequence[Index], sizes: Sequence[Size], ref: Ref, held: Held) -> Operand:
    """node[index] as an operand."""
    if all(_is_basic(i) for i in index):
        subscripts: list[str] = []
        labels: list[int] = []
        for axis, i in enumerate(index):
            assert isinstance(i, Affine)
            text = _subscript(i, sizes, node.shape[axis])
            subscripts.append(text)
            labels += [label for label, _ in i.parts]
        while subscripts and subscripts[-1] == ":":
            subscripts.pop()
        taken = item(code, *subscripts) if subscripts else code
        return Operand(taken, tuple(labels), None if subscripts else node)
    rolled_axis = _rolled(index, sizes, node.shape)
    if rolled_axis is not None:
        axis, shift, label = rolled_axis
        arguments = [code.text, shift, *([str(axis)] if node.ndim > 1 else [])]
        inner = read(node, call("np.roll", *arguments), [*index[:axis], Affine(((label, 1),)), *index[axis + 1 :]], sizes, ref, held)
        return inner._replace(node=None)
    single = _one_table(index, sizes, node.shape)
    if single is not None:
        axis, table = single
        subscripts = [":"] * axis + [_array(table, list(labels_in(table)), sizes, ref, held).text]
        return Operand(item(code, *subscripts), tuple(label for i in index for label in labels_in(i)))
    labels = list(dict.fromkeys(label for i in index for label in labels_in(i)))
    return Operand(item(code, *(_array(i, labels, sizes, ref, held).text for i in index)), tuple(labels))


def subscripts(index: Sequence[Index], sizes: Sequence[Size], shape: Sequence[Size]) -> list[str] | None:
    """Slices and positions that take these entries, if that is all it needs."""
    if not all(_is_basic(i) for i in index):
        return None
    return [_subscript(i, sizes, n) for i, n in zip(index, shape, strict=True) if isinstance(i, Affine)]


def write(index: Sequence[Index], sizes: Sequence[Size], shape: Sequence[Size], ref: Ref, held: Held) -> tuple[list[str], tuple[int, ...]]:
    """Subscripts that write, and the order of labels that the written value must have."""
    flat = [label for i in index for label in labels_in(i)]
    if all(_is_basic(i) for i in index) and len(set(flat)) == len(flat):
        return [_subscript(i, sizes, n) for i, n in zip(index, shape, strict=True)], tuple(flat)  # type: ignore[arg-type]
    labels = list(dict.fromkeys(flat))
    return [_array(i, labels, sizes, ref, held).text for i in index], tuple(labels)


def is_injective(index: Sequence[Index], sizes: Sequence[Size]) -> bool:
    """Whether different values of the labels surely give different positions."""
    found: set[int] = set()
    for i in index:
        labels = set(labels_in(i))
        if isinstance(i, Affine):
            if _one_turn(i, sizes) if len(i.parts) == 1 else (i.modulus is None and _mixed_radix(i, sizes)):
                found |= labels
        elif is_static(i) and len(i.index) == 1 and plain(i.index[0]) is not None and _no_value_twice(array_of(i.node)):
            found |= labels
    rest = {label for i in index for label in labels_in(i)} - found
    if not rest:
        return True
    joint = [i for i in index if set(labels_in(i)) & rest]
    labels_joint = sorted({label for i in joint for label in labels_in(i)})
    if len(labels_joint) == 1 and all(is_static(i) for i in joint) and isinstance(sizes[labels_joint[0]], int):
        grid = {labels_joint[0]: np.arange(sizes[labels_joint[0]])}  # type: ignore[arg-type]
        columns = [np.broadcast_to(values(i, grid), grid[labels_joint[0]].shape) for i in joint]
        flat = columns[0]
        for column in columns[1:]:  # the positions of a line of entries, counted through the box that they lie in
            flat = (flat - flat.min(initial=0)) * (int(column.max(initial=0)) + 1) + column
        return _no_value_twice(flat)
    return False


def _no_value_twice(table: Any) -> bool:
    """Whether the whole numbers (none negative) are all different."""
    if table.size < 2:
        return True
    room = int(table.max()) + 1
    if room > 64 * table.size or int(table.min()) < 0:
        return bool(len(np.unique(table)) == table.size)
    seen = np.zeros(room, bool)
    seen[table] = True
    return bool(np.count_nonzero(seen) == table.size)


def _one_turn(index: Affine, sizes: Sequence[Size]) -> bool:
    """Whether an index in one label never comes back to a position: always, unless a modulus is shorter than the label's range."""
    ((label, step),) = index.parts
    size, modulus = sizes[label], index.modulus
    if modulus is None:
        return True
    if isinstance(step, int) and isinstance(modulus, int) and isinstance(size, int):
        return size <= modulus // gcd(step, modulus)
    return step in (1, -1) and at_most(size, modulus)


def _mixed_radix(index: Affine, sizes: Sequence[Size]) -> bool:
    """Whether the labels are the digits of the position: i·(N·P) + j·P + k."""
    weight: Size = 1
    for label, coefficient in sorted(index.parts, key=lambda part: (0, part[1]) if isinstance(part[1], int) else (len(part[1].terms[0][0]), 0)):
        if coefficient != weight:
            return False
        weight = weight * sizes[label]
    return True


def _is_basic(index: Index) -> bool:
    """A position or a slice. Steps must be numbers: their sign decides how the slice is written."""
    if not isinstance(index, Affine) or index.modulus is not None or len(index.parts) > 1:
        return False
    return not index.parts or isinstance(index.parts[0][1], int)


def _subscript(index: Affine, sizes: Sequence[Size], axis_size: Size) -> str:
    if not index.parts:
        return size(index.offset).text
    label, step = index.parts[0]
    start, count = index.offset, sizes[label]
    assert isinstance(step, int)
    if count == 0:
        return ":0"
    last = start + step * (count - 1)
    stop = last + (1 if step > 0 else -1)
    step_text = "" if step == 1 else f":{step}"
    if step > 0:
        left = "" if start == 0 else size(start).text
        right = "" if stop == axis_size or (step > 1 and last + step == axis_size) else _from_end(stop, axis_size)
        return f"{left}:{right}{step_text}"
    left = "" if start == axis_size - 1 else size(start).text
    right = "" if last == 0 else size(stop).text
    return f"{left}:{right}{step_text}"


def _from_end(stop: Size, axis_size: Size) -> str:
    """N - 1 in an axis of N is -1."""
    behind = axis_size - stop
    return str(-behind) if isinstance(behind, int) and not isinstance(stop, int) and behind > 0 else size(stop).text


def _rolled(index: Sequence[Index], sizes: Sequence[Size], shape: Sequence[Size]) -> tuple[int, str, int] | None:
    """The first axis that is read as (label + offset) mod its whole size: np.roll by −offset."""
    for axis, i in enumerate(index):
        if isinstance(i, Affine) and len(i.parts) == 1 and i.parts[0][1] == 1 and i.modulus == shape[axis] == sizes[i.parts[0][0]]:
            shift = -i.offset
            if isinstance(shift, int) and isinstance(i.modulus, int) and -shift > i.modulus // 2:
                shift = shift + i.modulus
            return axis, size(shift).text, i.parts[0][0]
    return None


def _one_table(index: Sequence[Index], sizes: Sequence[Size], shape: Sequence[Size]) -> tuple[int, Index] | None:
    """The only axis that is not read whole, if there is one such axis and its labels are its own."""
    special = [axis for axis, i in enumerate(index) if plain(i) is None or sizes[plain(i) or 0] != shape[axis]]
    if len(special) != 1:
        return None
    labels = [label for i in index for label in labels_in(i)]
    return (special[0], index[special[0]]) if labels and len(set(labels)) == len(labels) else None


def _array(index: Index, labels: list[int], sizes: Sequence[Size], ref: Ref, held: Held) -> Code:
    """The index as an integer array that broadcasts over the labels."""
    if is_static(index) and all(isinstance(sizes[label], int) for label in labels_in(index)):
        mine = sorted(set(labels_in(index)), key=labels.index)
        counts = {label: as_int(sizes[label], "An index table") for label in mine}
        if not mine:
            return Code(str(int(values(index, {}))))
        shape = tuple(counts.values())
        if isinstance(index, Table) and mine == labels[labels.index(mine[0]) :] and [plain(i) for i in index.index] == mine and index.node.shape == shape:
            return ref(index.node)
        grid = np.ogrid[tuple(slice(0, n) for n in shape)]
        table = np.broadcast_to(values(index, dict(zip(mine, grid, strict=True))), shape)
        return held(table.reshape([counts.get(label, 1) for label in labels[labels.index(mine[0]) :]]))
    if isinstance(index, Table) and not index.index:
        return ref(index.node)
    if isinstance(index, Table):
        inner = [_array(i, labels, sizes, ref, held).text for i in index.index]
        whole = len(index.index) == 1 and plain(index.index[0]) is not None and labels[-1] == plain(index.index[0]) and index.node.shape == (sizes[labels[-1]],)
        return ref(index.node) if whole else item(ref(index.node), *inner)
    total: Code | None = Code(size(index.offset).text) if index.offset != 0 or not index.parts else None
    for label, coefficient in index.parts:
        spread = ", None" * (len(labels) - 1 - labels.index(label))
        part = call("np.arange", size(sizes[label]).text)
        part = item(part, ":" + spread) if spread else part
        part = part if coefficient == 1 else binary("*", Code(size(coefficient).inside(PRODUCT), PRODUCT), part)
        total = part if total is None else binary("+", total, part)
    assert total is not None
    return total if index.modulus is None else binary("%", Code(total.inside(SUM + 1)), size(index.modulus))
