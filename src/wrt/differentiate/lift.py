"""Lifting: the program for one point as the program for many, with one more axis in front of everything that differs by point.

Elementwise operations broadcast over the new axis, a nest gets one more label, reductions count their axes from one further on,
and what NumPy computes for stacks of matrices is computed for the stack. An operation that is in no table here is not lifted:
the caller then goes from point to point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from wrt.graph.index import Affine, Index, Table, at, ats, fixed
from wrt.graph.nest import nest, terms_of, transpose, view
from wrt.graph.node import Node, make
from wrt.graph.size import Size
from wrt.graph.term import Factor, Term
from wrt.graph.walk import topological
from wrt.ops.catalog import OPERATIONS

Made = Mapping[Node, Node]
Rule = Callable[[Node, Made, Size], Node]

STACKED = frozenset(  # NumPy and SciPy take a stack of matrices where the operation takes one
    (
        *("inv", "pinv", "det", "cofactors", "detsign", "logabsdet", "matrix_rank", "cholesky", "eigvalsh", "eigenvectors"),
        *("svdvals", "svd_left", "svd_right", "qr_q", "qr_r", "expm"),
    )
)


class NotLifted(Exception):  # not an error: the points are then taken one by one
    """The operation has no form for many points at once."""


def lifted(outputs: Sequence[Node], along: Mapping[Node, Node], size: Size) -> list[Node]:
    """The outputs with a leading axis of `size` entries, one for each point; those that are the same at all points as they are.

    `along` gives, for each variable that differs by point, the variable that holds all points. Raises NotLifted.
    """
    made = dict(along)
    for node in topological(outputs, made):
        if not node.variables.isdisjoint(along):
            made[node] = _rule(node)(node, made, size)
    return [made.get(node, node) for node in outputs]


def _rule(node: Node) -> Rule:
    rule = _RULES.get(node.op)
    if rule is not None:
        return rule
    if node.op in STACKED:
        return _stack
    if is_elementwise(node.op):
        return _elementwise
    raise NotLifted(node.op)


def is_elementwise(op: str) -> bool:
    """Whether the operation is applied entry by entry: a ufunc, an operator, np.where."""
    code = OPERATIONS[op].code
    return op == "direction" or (isinstance(code, str) and "linalg" not in code and op != "nest")


def _elementwise(node: Node, made: Made, size: Size) -> Node:
    inputs = tuple(_padded(made[child], node.ndim + 1) if child in made else child for child in node.inputs)
    return make(node.op, inputs, node.attrs, (size, *node.shape), node.dtype)


def _padded(a: Node, ndim: int) -> Node:
    """The array with axes of size 1 behind the first, so that the others still align from the right."""
    missing = ndim - a.ndim
    if not missing:
        return a
    shape = (a.shape[0], *(1,) * missing, *a.shape[1:])
    return view(a, shape, ats([0, *range(missing + 1, ndim)]))


def _spread(a: Node, made: Made, size: Size) -> Node:
    """The array with the leading axis, repeated along it if it is the same at all points."""
    return made[a] if a in made else view(a, (size, *a.shape), ats(range(1, a.ndim + 1)))


# ----- nests ----------------------------------------------------------------------------------------------------------
def _nest(node: Node, made: Made, size: Size) -> Node:
    """One more label, which is the first index of whatever differs by point."""

    def each(indices: Sequence[Index]) -> tuple[Index, ...]:
        return tuple(map(index, indices))

    def index(i: Index) -> Index:
        if isinstance(i, Affine):
            return Affine(tuple((label + 1, c) for label, c in i.parts), i.offset, i.modulus)
        return Table(*read(i.node, i.index))

    def read(array: Node, indices: tuple[Index, ...]) -> tuple[Node, tuple[Index, ...]]:
        return (made[array], (at(0), *each(indices))) if array in made else (array, each(indices))

    terms = [
        Term((size, *term.sizes), (at(0), *each(term.out)), tuple(Factor(*read(f.node, f.index)) for f in term.factors), term.scale)
        for term in terms_of(node)
    ]
    return nest((size, *node.shape), terms, node.dtype)


# ----- along axes -----------------------------------------------------------------------------------------------------
def _running(node: Node, made: Made, size: Size) -> Node:
    axis: int = node.attrs  # type: ignore[assignment]
    return make(node.op, (made[node.inputs[0]],), axis + 1, (size, *node.shape), node.dtype)


def _reduction(node: Node, made: Made, size: Size) -> Node:
    axes: tuple[int, ...] = node.attrs  # type: ignore[assignment]
    inputs = tuple(_spread(child, made, size) for child in node.inputs)
    if node.op == "norm" and not axes:  # np.linalg.norm takes at least one axis
        return make("absolute", inputs, None, (size, *node.shape), node.dtype)
    return make(node.op, inputs, tuple(axis + 1 for axis in axes), (size, *node.shape), node.dtype)


def _argsort(node: Node, made: Made, size: Size) -> Node:
    options: tuple[tuple[str, object], ...] = node.attrs  # type: ignore[assignment]
    moved = tuple((name, value + 1 if name == "axis" and isinstance(value, int) else value) for name, value in options)
    return make(node.op, (made[node.inputs[0]],), moved, (size, *node.shape), node.dtype)


def _searchsorted(node: Node, made: Made, size: Size) -> Node:
    knots, places = node.inputs
    if knots in made:
        raise NotLifted(node.op)  # np.searchsorted looks in one vector
    return make(node.op, (knots, made[places]), node.attrs, (size, *node.shape), node.dtype)


# ----- linear algebra -------------------------------------------------------------------------------------------------
def _stack(node: Node, made: Made, size: Size) -> Node:
    return make(node.op, (made[node.inputs[0]],), node.attrs, (size, *node.shape), node.dtype)


def _solve(node: Node, made: Made, size: Size) -> Node:
    """NumPy 2 takes a right-hand side of more than one axis for a stack of matrices, so that vectors become columns."""
    matrix, right = node.inputs
    shape = (size, *node.shape)
    if right.ndim > 1:
        return make("solve", (made.get(matrix, matrix), made.get(right, right)), None, shape, node.dtype)
    if matrix not in made:  # one matrix: all right-hand sides are the columns of one
        columns = transpose(made[right])
        return transpose(make("solve", (matrix, columns), None, columns.shape, node.dtype))
    columns = view(_spread(right, made, size), (*shape, 1), ats([0, 1]))
    return view(make("solve", (made[matrix], columns), None, columns.shape, node.dtype), shape, [at(0), at(1), fixed(0)])


_RULES: dict[str, Rule] = {
    "nest": _nest,
    "cumsum": _running,
    "cumprod": _running,
    **dict.fromkeys(("max", "min", "prod", "logsumexp", "softmax", "norm"), _reduction),
    "argsort": _argsort,
    "searchsorted": _searchsorted,
    "solve": _solve,
}
