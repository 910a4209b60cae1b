"""Products that sum over shared axes: matmul, dot, inner, outer, tensordot, trace, kron, cross.

All are nests, U[out(ℓ)] = Σ Π factor[index(ℓ)], so the product rule of `wrt.ops.nest` is the derivative of every one of them:
by one factor, the product of the others. Example: U = A B by A is dU[i, k] = Σ_j dA[i, j] B[j, k], that is I ⊗ Bᵀ, never built.
Source: NumPy's reference pages for the shapes; Deisenroth, Faisal & Ong, Mathematics for Machine Learning, (5.3).
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from operator import index as whole
from typing import Any

import numpy as np

from wrt.errors import ArgumentError, ShapeError
from wrt.graph.arithmetic import multiply
from wrt.graph.index import Affine, Index, at, ats, fixed
from wrt.graph.nest import broadcast_to, nest, transpose
from wrt.graph.node import BOOL, INT, DType, Node, Shape, promote
from wrt.graph.shape import broadcast, same, times
from wrt.graph.size import Size, as_int
from wrt.graph.term import Factor, Term
from wrt.ops.catalog import Case, Nodes, implements

Labels = Sequence[Hashable]


def case(*inputs: Any, low: float = -2.0, high: float = 2.0, **options: Any) -> Case:
    """Sample inputs and keyword arguments: case((2, 3), axis=0)."""
    return Case(inputs, options, low, high)


def contract(out: Labels, *operands: tuple[Node, Labels], strict: Collection[Hashable] = ()) -> Node:
    """The product of the operands, each read at its labels, summed over the labels that are not in `out`.

    An axis of size 1 is repeated where its label has another size elsewhere, except for the `strict` labels.
    """
    order = {label: i for i, label in enumerate(dict.fromkeys([*out, *(label for _, labels in operands for label in labels)]))}
    sizes: dict[Hashable, tuple[Size, int]] = {}
    for position, (node, labels) in enumerate(operands):
        for label, size in zip(labels, node.shape, strict=True):
            held, holder = sizes.setdefault(label, (size, position))
            if label not in strict and size != held and 1 in (size, held):
                sizes[label] = (held, holder) if size == 1 else (size, position)
            elif not same(held, size):
                kind = "sizes" if label in out else "inner sizes"
                both = " and ".join(said(operands[p][0], p, len(operands)) for p in dict.fromkeys((holder, position)))
                raise ShapeError(f"{both}; the {kind} {held} and {size} differ.")

    def read(node: Node, labels: Labels) -> Factor:
        pairs = zip(labels, node.shape, strict=True)
        return Factor(node, tuple(fixed(0) if n == 1 != sizes[label][0] else at(order[label]) for label, n in pairs))

    factors = tuple(read(node, labels) for node, labels in operands)
    term = Term(tuple(sizes[label][0] for label in order), ats([order[label] for label in out]), factors)
    return nest(tuple(sizes[label][0] for label in out), [term], promote(*(node for node, _ in operands)))


def said(node: Node, position: int, count: int = 2) -> str:
    """`Phi is N×D`: how an operand is named in errors."""
    place = ("the left operand", "the right operand")[position] if count == 2 else f"operand {position + 1}"
    name = str(node.attrs[0]) if node.op == "variable" else place  # type: ignore[index]
    return f"{name} is {times(node.shape)}"


def axis_of(axis: Any, node: Node) -> int:
    """The axis counted from the front."""
    position = whole(axis)
    if not -node.ndim <= position < node.ndim:
        raise ShapeError(f"{said(node, 0, 1)}: axis {position} does not exist in {node.ndim} dimension{'s' * (node.ndim != 1)}.")
    return position % node.ndim


def total(a: Node, axes: Collection[int], *, keepdims: bool = False) -> Node:
    """Σ a over some axes; integers and booleans are counted in int64, as NumPy does."""
    kept = [axis for axis in range(a.ndim) if axis not in axes]
    out = tuple(fixed(0) if axis in axes else at(axis) for axis in range(a.ndim)) if keepdims else ats(kept)
    shape = kept_shape(a.shape, axes) if keepdims else tuple(a.shape[axis] for axis in kept)
    return nest(shape, [Term(a.shape, out, (Factor(a, ats(range(a.ndim))),))], count_dtype(a))


def kept_shape(shape: Shape, axes: Collection[int]) -> Shape:
    """The shape with size 1 on the reduced axes."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def count_dtype(a: Node) -> DType:
    return INT if a.dtype == BOOL or (a.dtype.kind == "i" and a.dtype.itemsize < INT.itemsize) else a.dtype


def flat(shape: Shape) -> Affine:
    """The position in C order, as an index in the labels of the axes."""
    parts: list[tuple[int, Size]] = []
    stride: Size = 1
    for axis in reversed(range(len(shape))):
        if shape[axis] != 1:
            parts.append((axis, stride))
        stride = stride * shape[axis]
    return Affine(tuple(reversed(parts)))


def raveled(a: Node) -> Node:
    if a.ndim == 1:
        return a
    size: Size = 1
    for n in a.shape:
        size = size * n
    return nest((size,), [Term(a.shape, (flat(a.shape),), (Factor(a, ats(range(a.ndim))),))], a.dtype)


def _batch(ndim: int) -> list[Hashable]:
    """Labels of leading axes, counted from the last so that broadcasting aligns them."""
    return [("batch", axis - ndim) for axis in range(ndim)]


# ----- matrix products ------------------------------------------------------------------------------------------------
_VECTORS = (case((2, 3), (3,)), case((3,), (3, 2)), case((3,), (3,)))
_PRODUCTS = (*_VECTORS, case((2, 3), (3, 4)), case((2, 1), (1, 2)), case((2, 0), (0, 3)))
_BATCHED = (case((2, 2, 3), (3, 2)), case((2, 1, 2, 2), (3, 2, 1)), case((2,), (3, 2, 2)))


@implements(np.matmul, np.linalg.matmul, cases=(*_PRODUCTS, *_BATCHED))
def matmul(x1: Node, x2: Node) -> Node:
    if not x1.ndim or not x2.ndim:
        raise ShapeError(f"{said(x1, 0)} and {said(x2, 1)}; a matrix product needs axes.", advice="Write * for the product with a scalar.")
    rows = [*_batch(max(x1.ndim - 2, 0)), *["i"][: x1.ndim - 1]]
    columns: list[Hashable] = ["j", *["k"][: x2.ndim - 1]]
    batch = _batch(max(x1.ndim, x2.ndim, 2) - 2)
    right = [*_batch(max(x2.ndim - 2, 0)), *columns]
    return contract([*batch, *rows[len(rows) - min(x1.ndim - 1, 1) :], *columns[1:]], (x1, [*rows, "j"]), (x2, right), strict=("j",))


@implements(np.dot, cases=(*_PRODUCTS, case((), (2, 3)), case((2, 3), ()), case((2, 1, 3), (2, 3, 2))))
def dot(a: Node, b: Node) -> Node:
    if not a.ndim or not b.ndim:
        return multiply(a, b)
    left = [*(("a", axis) for axis in range(a.ndim - 1)), "j"]
    right: list[Hashable] = [("b", axis) for axis in range(b.ndim)]
    right[-2:] = ["j", *right[-1:]] if b.ndim > 1 else ["j"]
    return contract([label for label in [*left, *right] if label != "j"], (a, left), (b, right), strict=("j",))


@implements(np.inner, cases=(case((3,), (3,)), case((2, 3), (4, 3)), case((2, 3), (3,)), case((), (2,))))
def inner(a: Node, b: Node) -> Node:
    if not a.ndim or not b.ndim:
        return multiply(a, b)
    left, right = [("a", axis) for axis in range(a.ndim - 1)], [("b", axis) for axis in range(b.ndim - 1)]
    return contract([*left, *right], (a, [*left, "j"]), (b, [*right, "j"]), strict=("j",))


@implements(np.outer, cases=(case((2,), (3,)), case((0,), (2,)), case((2, 2), (3,))))
def outer(a: Node, b: Node) -> Node:
    return contract("ij", (raveled(a), "i"), (raveled(b), "j"))


@implements(np.linalg.outer, cases=(case((2,), (3,)),))
def outer_of_vectors(x1: Node, x2: Node) -> Node:
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(f"{said(x1, 0)} and {said(x2, 1)}; np.linalg.outer needs two vectors.", advice="Write np.outer.")
    return outer(x1, x2)


@implements(np.vdot, cases=(case((3,), (3,)), case((2, 2), (2, 2)), case((2, 3), (6,)), case((), ())))
def vdot(a: Node, b: Node) -> Node:
    if a.ndim == b.ndim and all(map(same, a.shape, b.shape)):
        return contract((), (a, range(a.ndim)), (b, range(b.ndim)))
    return contract((), (raveled(a), "i"), (raveled(b), "i"), strict="i")


@implements(np.vecdot, np.linalg.vecdot, cases=(case((2, 3), (3,)), case((3, 1, 2), (3, 2)), case((3, 2), (3, 2), axis=0)))
def vecdot(x1: Node, x2: Node, axis: int = -1) -> Node:
    labels: list[list[Hashable]] = []
    for node in (x1, x2):
        around = _batch(node.ndim - 1)
        labels.append([*around[: axis_of(axis, node)], "j", *around[axis_of(axis, node) :]])
    return contract(_batch(max(x1.ndim, x2.ndim) - 1), (x1, labels[0]), (x2, labels[1]), strict=("j",))


def _with_vector(x1: Node, x2: Node, left: str, right: str) -> Node:
    out = left.replace("j", "") + right.replace("j", "")
    first, second = x1.ndim - len(left), x2.ndim - len(right)
    if min(first, second) < 0:
        raise ShapeError(f"{said(x1, 0)} and {said(x2, 1)}; {len(left)} and {len(right)} axes are needed at least.")
    return contract([*_batch(max(first, second)), *out], (x1, [*_batch(first), *left]), (x2, [*_batch(second), *right]), strict=("j",))


if hasattr(np, "matvec"):  # NumPy >= 2.2

    @implements(np.matvec, cases=(case((2, 3), (3,)), case((2, 3), (2, 3)), case((2, 2, 3), (3,))))
    def matvec(x1: Node, x2: Node) -> Node:
        return _with_vector(x1, x2, "ij", "j")

    @implements(np.vecmat, cases=(case((3,), (3, 2)), case((2, 3), (3, 2))))
    def vecmat(x1: Node, x2: Node) -> Node:
        return _with_vector(x1, x2, "j", "jk")


@implements(np.linalg.multi_dot, cases=(case([(2, 3), (3, 2), (2, 2)]), case([(2,), (2, 3), (3,)]), case([(2, 3), (3,)])))
def multi_dot(arrays: Nodes) -> Node:
    """One contraction of all; the order of the products is chosen where code is made."""
    if len(arrays) < 2 or not all(0 < a.ndim <= 2 and (a.ndim == 2 or i in (0, len(arrays) - 1)) for i, a in enumerate(arrays)):
        raise ShapeError("multi_dot takes two or more matrices; only the first and the last may be vectors.")
    labels = [[i, i + 1][2 - a.ndim if i == 0 else 0 :][: a.ndim] for i, a in enumerate(arrays)]
    ends = [*labels[0][: arrays[0].ndim - 1], *labels[-1][1:]]
    return contract(ends, *zip(arrays, labels, strict=True), strict=range(1, len(arrays)))


def identity_matrix(a: Node) -> Node:
    """The identity of the size of the square matrix a, repeated along its leading axes."""
    n = a.shape[-1]
    return broadcast_to(nest((n, n), [Term((n,), (at(0), at(0)))], a.dtype), a.shape)


# ----- chosen axes ----------------------------------------------------------------------------------------------------
_COUNTED = (case((2, 3), (2, 3)), case((2, 3), (3, 2), axes=1), case((2,), (3,), axes=0))
_AXES = (case((2, 3), (2,), axes=([0], [0])), case((2, 3, 2), (3, 2), axes=((-2, 0), (0, 1))), case((2, 3), (3,), axes=(1, 0)))


@implements(np.tensordot, cases=(*_COUNTED, *_AXES))
def tensordot(a: Node, b: Node, axes: Any = 2) -> Node:
    if np.ndim(axes) == 0 and not isinstance(axes, list | tuple):
        count = whole(axes)
        axes = (range(a.ndim - count, a.ndim), range(count))
    first, second = ([whole(axis) for axis in (group if np.iterable(group) else [group])] for group in axes)
    if len(first) != len(second):
        raise ArgumentError(f"tensordot pairs axes: {len(first)} of the left operand and {len(second)} of the right one were given.")
    left: list[Hashable] = [("a", axis) for axis in range(a.ndim)]
    right: list[Hashable] = [("b", axis) for axis in range(b.ndim)]
    for pair, (one, other) in enumerate(zip(first, second, strict=True)):
        left[axis_of(one, a)] = right[axis_of(other, b)] = pair
    paired = range(len(first))
    return contract([label for label in [*left, *right] if label not in paired], (a, left), (b, right), strict=paired)


@implements(np.linalg.tensordot, cases=(_COUNTED[0], _AXES[0]))
def tensordot_by_position(x1: Node, x2: Node, axes: Any = 2) -> Node:
    return tensordot(x1, x2, axes)


_OFFSETS = (case((2, 3), offset=1), case((3, 2), offset=-2), case((2, 2), offset=5))


@implements(np.trace, cases=(case((3, 3)), *_OFFSETS, case((2, 3, 2), axis1=0, axis2=-1)))
def trace(a: Node, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Node:
    first, second, shift = axis_of(axis1, a), axis_of(axis2, a), whole(offset)
    m, n = a.shape[first] + min(shift, 0), a.shape[second] - max(shift, 0)
    length = m if same(m, n) else max(min(as_int(m, "A trace"), as_int(n, "A trace")), 0)
    kept = [axis for axis in range(a.ndim) if axis not in (first, second)]
    index: list[Index] = list(ats(range(a.ndim)))
    for label, axis in enumerate(kept):
        index[axis] = at(label)
    index[first], index[second] = (Affine(((len(kept), 1),), max(move, 0)) for move in (-shift, shift))
    shape = tuple(a.shape[axis] for axis in kept)
    return nest(shape, [Term((*shape, length), ats(range(len(kept))), (Factor(a, tuple(index)),))], a.dtype)


@implements(np.linalg.trace, cases=(case((3, 3)), case((2, 2, 3), offset=1)))
def trace_of_last(x: Node, offset: int = 0) -> Node:
    return trace(x, offset, -2, -1)


@implements(np.kron, cases=(case((2,), (3,)), case((2, 1), (2, 2)), case((2, 2), (2,)), case((), (2,))))
def kron(a: Node, b: Node) -> Node:
    ndim = max(a.ndim, b.ndim)
    left, right = (1,) * (ndim - a.ndim) + a.shape, (1,) * (ndim - b.ndim) + b.shape
    sizes = left + right
    out = tuple(Affine(tuple(p for p in ((axis, n), (ndim + axis, 1)) if sizes[p[0]] != 1)) for axis, n in enumerate(right))
    factors = (Factor(a, ats(range(ndim - a.ndim, ndim))), Factor(b, ats(range(2 * ndim - b.ndim, 2 * ndim))))
    return nest(tuple(m * n for m, n in zip(left, right, strict=True)), [Term(sizes, out, factors)], promote(a, b))


_CROSSES = (case((3,), (3,)), case((2, 3), (3,)), case((2, 3), (2, 3)), case((3, 2), (3, 2), axis=0))
_EVEN, _ODD = ((0, 1, 2), (1, 2, 0), (2, 0, 1)), ((0, 2, 1), (1, 0, 2), (2, 1, 0))


@implements(np.cross, cases=(*_CROSSES, case((3, 2), (2, 3), axisa=0, axisc=0)))
def cross(a: Node, b: Node, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Node:
    """Σ ε[i, j, k] a[j] b[k]: three products with a plus, three with a minus."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _axis_to_end(a, axis_of(axisa, a)), _axis_to_end(b, axis_of(axisb, b))
    if not (a.ndim and b.ndim and same(a.shape[-1], 3) and same(b.shape[-1], 3)):
        raise ShapeError(f"{said(a, 0)} and {said(b, 1)}; a cross product needs 3 components in both.")
    batch = broadcast(a.shape[:-1], b.shape[:-1])
    to, labels = len(batch), ats(range(len(batch)))
    a, b = broadcast_to(a, (*batch, 3)), broadcast_to(b, (*batch, 3))
    terms = [
        Term(batch, (*labels, fixed(i)), (Factor(a, (*labels, fixed(j))), Factor(b, (*labels, fixed(k)))), sign)
        for sign, orders in ((1, _EVEN), (-1, _ODD))
        for i, j, k in orders
    ]
    result = nest((*batch, 3), terms, promote(a, b))
    place = axis_of(axisc, result)
    return transpose(result, [*range(place), to, *range(place, to)])


def _axis_to_end(a: Node, axis: int) -> Node:
    return transpose(a, [*(i for i in range(a.ndim) if i != axis), axis])


@implements(np.linalg.cross, cases=_CROSSES)
def cross_of_vectors(x1: Node, x2: Node, axis: int = -1) -> Node:
    return cross(x1, x2, axis=axis)
