"""Rearrangement, joining and shifting: values against NumPy, Jacobians against unit vectors, symbols against numbers."""

import inspect

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from definitions.test_nest import bound, composed
from wrt.errors import ShapeError, WrtError
from wrt.graph.arithmetic import as_node
from wrt.graph.node import BOOL, Node, frozen, variable
from wrt.graph.size import bind, symbol
from wrt.graph.walk import topological
from wrt.ops import assignment, choice, creation, joining, ordering, rearrangement, selection, shifting  # noqa: F401
from wrt.ops.catalog import CASES, FUNCTIONS, evaluate
from wrt.ops.joining import array_split, block, concatenate, delete, insert, stack
from wrt.ops.rearrangement import broadcast_to, expand_dims, ravel, reshape, squeeze, transpose
from wrt.ops.shifting import diff, flip, gradient, pad, repeat, roll, tile

MINE = {"rearrangement", "joining", "shifting", "selection", "assignment", "ordering", "choice", "creation"}
CASE_LIST = [
    (function, builder, case)
    for function, builder in FUNCTIONS.items()
    if builder.__module__.rpartition(".")[2] in MINE
    for case in CASES[function]
]


def flat_list(result):
    return list(result) if isinstance(result, list | tuple) else [result]


class Problem:
    """A call of a function with random arrays: the same call for NumPy and for wrt."""

    def __init__(self, rng, builder, case):
        self.rng, self.case, self.known = rng, case, {}
        kinds = inspect.signature(builder).parameters
        self.arrays = [self.array(each) for each in case.shapes]
        order = list(kinds.values())
        stop = next((k for k, p in enumerate(order) if p.kind is p.VAR_POSITIONAL), len(order))
        self.nodes = [self.node(a, str(order[min(k, stop)].annotation)) for k, a in enumerate(self.arrays)]
        self.options = {name: self.node(value, str(kinds[name].annotation)) for name, value in case.options.items()}

    def array(self, each):
        if isinstance(each, list):
            return [self.array(a) for a in each]
        return np.round(self.rng.uniform(self.case.low, self.case.high, each), 3) if isinstance(each, tuple) else each

    def node(self, value, annotation):
        if annotation.startswith("Nodes"):
            return [self.node(each, "Node") for each in value]
        if value is None or not annotation.startswith("Node"):
            return value
        value = np.asarray(value)
        if value.dtype.kind != "f":
            return frozen(value)
        made = variable(f"x{len(self.known)}", value.shape)
        self.known[made] = value
        return made


def close(actual, expected):
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


def differences(node, known, wrt, step=1e-6):
    base = known[wrt]
    J = np.zeros(node.shape + wrt.shape)
    for place in np.ndindex(*wrt.shape):
        ends = []
        for sign in (1, -1):
            moved = base.copy()
            moved[place] += sign * step
            ends.append(np.asarray(evaluate([node], {**known, wrt: moved})[0], dtype=float))
        J[(..., *place)] = (ends[0] - ends[1]) / (2 * step)
    return J


def check_jacobians(node, known):
    for wrt in (v for v in node.variables if v.dtype.kind == "f"):
        J = np.asarray(evaluate([composed(node, wrt).to_dense()], known)[0])
        np.testing.assert_allclose(J, differences(node, known, wrt), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("function, builder, case", CASE_LIST, ids=lambda each: getattr(each, "__name__", None))
def test_case(function, builder, case, rng):
    problem = Problem(rng, builder, case)
    expected = flat_list(function(*problem.arrays, **case.options))
    actual = flat_list(builder(*problem.nodes, **problem.options))
    assert len(actual) == len(expected)
    for node, value in zip(actual, expected, strict=True):
        assert isinstance(node, Node)
        if function is not np.empty_like:
            close(evaluate([node], problem.known)[0], value)
        assert node.dtype == np.asarray(value).dtype or node.dtype.kind == "f"
        if np.all(np.isfinite(value)):
            check_jacobians(node, problem.known)


def linear(build, function, *arrays):
    """Values against NumPy, and the Jacobian of a linear function against its values at unit vectors."""
    nodes = [variable(f"x{k}", a.shape) for k, a in enumerate(arrays)]
    known = dict(zip(nodes, arrays, strict=True))
    for node, expected in zip(flat_list(build(*nodes)), flat_list(function(*arrays)), strict=True):
        close(evaluate([node], known)[0], expected)
    for k, (wrt, a) in enumerate(known.items()):
        for which, node in enumerate(flat_list(build(*nodes))):
            J = np.asarray(evaluate([composed(node, wrt).to_dense()], known)[0])
            for place in np.ndindex(*a.shape):
                unit = np.zeros(a.shape)
                unit[place] = 1
                zeros = [np.zeros(other.shape) for other in arrays]
                at_zero = flat_list(function(*zeros))[which]
                zeros[k] = unit
                close(J[(..., *place)], flat_list(function(*zeros))[which] - at_zero)


sizes = st.integers(0, 4)
shapes = st.lists(sizes, max_size=3).map(tuple)
some = st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple)


def numbers(shape, seed=0):
    return np.asarray(np.round(np.random.default_rng(seed).uniform(-2, 2, shape), 2))


@given(st.data())
def test_reshape_to_any_shape_of_the_same_size(data):
    old = data.draw(st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=3).map(tuple))
    rest, new = int(np.prod(old)), []
    while rest > 1 and len(new) < 3:
        new.append(data.draw(st.sampled_from([d for d in range(1, rest + 1) if rest % d == 0])))
        rest //= new[-1]
    new = (*new, rest)
    order = data.draw(st.sampled_from("CF"))
    wild = data.draw(st.integers(-1, len(new) - 1))
    wanted = tuple(-1 if k == wild else size for k, size in enumerate(new))
    linear(lambda x: reshape(x, wanted, order), lambda x: np.reshape(x, wanted, order), numbers(old))
    linear(lambda x: reshape(ravel(x), old), lambda x: x, numbers(old))


@given(st.data())
def test_a_reshape_of_a_reshape(data):
    new = data.draw(st.permutations([2, 3, 4]))
    last = data.draw(st.sampled_from([(24,), (6, 4), (8, 3), (2, 12), (3, 2, 4), (4, 6)]))
    linear(
        lambda x: reshape(transpose(reshape(x, tuple(new))), last),
        lambda x: np.reshape(np.transpose(np.reshape(x, new)), last),
        numbers((4, 6)),
    )


@given(shapes, st.data())
def test_flips_rolls_and_transposes(shape, data):
    x = numbers(shape)
    axes = data.draw(st.lists(st.integers(0, max(0, len(shape) - 1)), max_size=len(shape), unique=True)) if shape else []
    linear(lambda a: flip(a, tuple(axes)), lambda a: np.flip(a, tuple(axes)), x)
    shifts = [data.draw(st.integers(-5, 5)) for _ in axes]
    if axes:
        linear(lambda a: roll(a, tuple(shifts), tuple(axes)), lambda a: np.roll(a, tuple(shifts), tuple(axes)), x)
    linear(lambda a: roll(a, 2), lambda a: np.roll(a, 2), x)
    order = data.draw(st.permutations(range(len(shape))))
    linear(lambda a: transpose(a, order), lambda a: np.transpose(a, order), x)


@given(shapes.filter(lambda s: np.prod(s) < 13), st.lists(st.integers(0, 3), max_size=3))
def test_tile_and_repeat(shape, reps):
    x = numbers(shape)
    linear(lambda a: tile(a, reps), lambda a: np.tile(a, reps), x)
    linear(lambda a: repeat(a, 2), lambda a: np.repeat(a, 2), x)
    if shape:
        counts = [k % 3 for k in range(shape[-1])]
        if len(counts) != 1:
            linear(lambda a: repeat(a, counts, -1), lambda a: np.repeat(a, counts, -1), x)


@given(some, st.integers(0, 2), st.sampled_from(["constant", "edge", "wrap", "reflect", "symmetric"]), st.data())
def test_pad(shape, width, mode, data):
    widths = [(data.draw(st.integers(0, 4)), width) for _ in shape]
    linear(lambda a: pad(a, widths, mode), lambda a: np.pad(a, widths, mode), numbers(shape))


def test_pad_with_numbers():
    x = numbers((2, 3))
    for values in (2.0, (1.0, 2.0), ((1.0, 2.0), (3.0, 4.0))):
        linear(lambda a, v=values: pad(a, 1, constant_values=v), lambda a, v=values: np.pad(a, 1, constant_values=v), x)


@given(st.lists(sizes, min_size=1, max_size=3), some, st.integers(0, 2))
def test_concatenate(counts, shape, axis):
    axis %= len(shape)
    parts = [numbers((*shape[:axis], n, *shape[axis + 1 :]), k) for k, n in enumerate(counts)]
    linear(lambda *a: concatenate(a, axis), lambda *a: np.concatenate(a, axis), *parts)
    linear(lambda *a: stack([concatenate(a, axis)] * 2, axis), lambda *a: np.stack([np.concatenate(a, axis)] * 2, axis), *parts)


@given(sizes, st.lists(st.integers(-5, 6), max_size=4), st.integers(1, 4))
def test_array_split(size, bounds, sections):
    x = numbers((size, 2))
    linear(lambda a: array_split(a, sorted(bounds)), lambda a: np.array_split(a, sorted(bounds)), x)
    linear(lambda a: array_split(a, bounds), lambda a: np.array_split(a, bounds), x)
    linear(lambda a: array_split(a, sections), lambda a: np.array_split(a, sections), x)


@given(st.integers(1, 4), st.data())
def test_insert_and_delete(size, data):
    x = numbers((size, 2))
    places = data.draw(st.lists(st.integers(-size, size), max_size=4))
    linear(lambda a: insert(a, places, as_node(3.0), 0), lambda a: np.insert(a, places, 3.0, 0), x)
    values = numbers((len(places), 2), 1)
    linear(lambda a, v: insert(a, places, v, 0), lambda a, v: np.insert(a, places, v, 0), x, values)
    inside = [place for place in places if place < size]
    linear(lambda a: delete(a, inside, 0), lambda a: np.delete(a, inside, 0), x)
    key = slice(data.draw(st.integers(-5, 5)), None, data.draw(st.sampled_from([1, 2, -1])))
    linear(lambda a: delete(a, key, 0), lambda a: np.delete(a, key, 0), x)
    linear(lambda a, v: insert(a, 1, v, 1), lambda a, v: np.insert(a, 1, v, 1), x, numbers((size,), 2))
    linear(lambda a, v: insert(a, 1, v, 0), lambda a, v: np.insert(a, 1, v, 0), x, numbers((2,), 2))
    linear(lambda a, v: insert(a, [1], v, 1), lambda a, v: np.insert(a, [1], v, 1), x, numbers((size, 3), 2)[:, :1])


@given(shapes, st.integers(0, 3))
def test_diff(shape, n):
    if shape:
        linear(lambda a: diff(a, n), lambda a: np.diff(a, n), numbers(shape))
        linear(lambda a: diff(a, n, 0), lambda a: np.diff(a, n, 0), numbers(shape))


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("spacing", [(), (0.5,), (np.array([0.0, 0.3, 1.0, 1.5]),)], ids=["1", "h", "x"])
def test_gradient(edge_order, spacing):
    f = numbers((4, 3))
    linear(
        lambda a: gradient(a, *(as_node(h) if np.ndim(h) == 0 else frozen(h) for h in spacing), axis=0, edge_order=edge_order),
        lambda a: np.gradient(a, *spacing, axis=0, edge_order=edge_order),
        f,
    )


def test_block():
    A, B, c = numbers((2, 2)), numbers((2, 3), 1), numbers((5,), 2)
    linear(lambda a, b, d: block([[a, b], [d]]), lambda a, b, d: np.block([[a, b], [d]]), A, B, c)
    linear(lambda a, b, d: block([d, d]), lambda a, b, d: np.block([d, d]), A, B, c)
    linear(lambda a, b, d: block([[[a]], [[a]]]), lambda a, b, d: np.block([[[a]], [[a]]]), A, B, c)


def test_views_of_views_fold():
    x, A = variable("x", (6,)), variable("A", (2, 3))
    assert reshape(reshape(x, (2, 3)), (6,)) is x
    assert ravel(reshape(x, (2, 3))) is x
    assert reshape(ravel(A), (2, 3)) is A
    assert flip(flip(A)) is A
    assert roll(roll(x, 2), -2) is x
    assert squeeze(expand_dims(A, (0, 2))) is A
    assert rearrangement.part(pad(x, 1, "edge"), 0, 1, 6) is x
    assert rearrangement.part(pad(x, 2, "wrap"), 0, 2, 6) is x
    assert broadcast_to(A, (2, 3)) is A


def test_dtypes_stay():
    single = variable("s", (2, 3), np.dtype(np.float32))
    mask = variable("m", (2, 3), BOOL)
    functions = (ravel, transpose, flip, lambda a: reshape(a, (3, 2)), lambda a: roll(a, 1), lambda a: concatenate([a, a]))
    for node in (single, mask):
        for build in functions:
            assert build(node).dtype == node.dtype
        assert rearrangement.part(node, 0, 0, 0).dtype == node.dtype
    assert concatenate([single, variable("d", (1, 3))]).dtype == np.float64


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: reshape(x, (4,)),
        lambda x: reshape(x, (-1, 4)),
        lambda x: transpose(x, (0, 0)),
        lambda x: transpose(x, (0, 2)),
        lambda x: squeeze(x, 0),
        lambda x: concatenate([x, ravel(x)]),
        lambda x: stack([x, ravel(x)]),
        lambda x: joining.split(x, 4),
        lambda x: broadcast_to(x, (2, 2)),
        lambda x: repeat(x, [1, 2, 3], 0),
        lambda x: concatenate([]),
    ],
)
def test_refusals(wrong):
    with pytest.raises(ShapeError):
        wrong(variable("x", (2, 3)))


# ----- symbols ----------------------------------------------------------------------------------------------------------
N, M = symbol("N"), symbol("M")
BY = {"N": 4, "M": 3}
VECTOR = {
    "flip": (flip, np.flip),
    "roll": (lambda x: roll(x, 1), lambda x: np.roll(x, 1)),
    "roll back": (lambda x: roll(x, -2), lambda x: np.roll(x, -2)),
    "laplace": (lambda x: roll(x, 1) - 2 * x + roll(x, -1), lambda x: np.roll(x, 1) - 2 * x + np.roll(x, -1)),
    "diff": (diff, np.diff),
    "second diff": (lambda x: diff(x, 2), lambda x: np.diff(x, 2)),
    "concatenate": (lambda x: concatenate([x, 2 * x, x]), lambda x: np.concatenate([x, 2 * x, x])),
    "stack": (lambda x: stack([x, x * x], 1), lambda x: np.stack([x, x * x], 1)),
    "tile": (lambda x: tile(x, 3), lambda x: np.tile(x, 3)),
    "tile 2-D": (lambda x: tile(x, (2, 2)), lambda x: np.tile(x, (2, 2))),
    "repeat": (lambda x: repeat(x, 3), lambda x: np.repeat(x, 3)),
    "pad": (lambda x: pad(x, (1, 2)), lambda x: np.pad(x, (1, 2))),
    "edge": (lambda x: pad(x, (1, 2), "edge"), lambda x: np.pad(x, (1, 2), "edge")),
    "wrap": (lambda x: pad(x, (1, 2), "wrap"), lambda x: np.pad(x, (1, 2), "wrap")),
    "reflect": (lambda x: pad(x, (1, 2), "reflect"), lambda x: np.pad(x, (1, 2), "reflect")),
    "symmetric": (lambda x: pad(x, (1, 2), "symmetric"), lambda x: np.pad(x, (1, 2), "symmetric")),
    "gradient": (gradient, np.gradient),
    "outer axes": (lambda x: expand_dims(x, 1) * expand_dims(x, 0), lambda x: x[:, None] * x),
    "split": (lambda x: array_split(x, [1, -1])[1], lambda x: np.array_split(x, [1, -1])[1]),
    "broadcast": (lambda x: broadcast_to(x, (2, N)), lambda x: np.broadcast_to(x, (2, 4))),
    "diag": (selection.diag, np.diag),
    "upper diag": (lambda x: selection.diag(x, 1), lambda x: np.diag(x, 1)),
    "delta": (lambda x: flip(diff(pad(x, 1))), lambda x: np.flip(np.diff(np.pad(x, 1)))),
}
MATRIX = {
    "ravel": (ravel, np.ravel),
    "ravel F": (lambda A: ravel(A, "F"), lambda A: np.ravel(A, "F")),
    "there and back": (lambda A: reshape(ravel(A), (N, M)), lambda A: A),
    "back differently": (lambda A: reshape(ravel(A), (M, N)), lambda A: np.reshape(A, (3, 4))),
    "middle axis": (lambda A: reshape(A, (N, 1, M)), lambda A: A[:, None]),
    "transpose": (transpose, np.transpose),
    "column stack": (lambda A: joining.column_stack([A, rearrangement.part(A, 1, 0, 1)]), lambda A: np.column_stack([A, A[:, :1]])),
    "vstack": (lambda A: joining.vstack([A, A]), lambda A: np.vstack([A, A])),
    "roll": (lambda A: roll(A, (1, -1), (0, 1)), lambda A: np.roll(A, (1, -1), (0, 1))),
    "flat roll": (lambda A: roll(A, 1), lambda A: np.roll(A, 1)),
    "flip": (flip, np.flip),
    "tile": (lambda A: tile(A, (2, 1)), lambda A: np.tile(A, (2, 1))),
    "split": (lambda A: reshape(ravel(tile(A, (2, 1))), (2, N, M)), lambda A: np.stack([A, A])),
}


@pytest.mark.parametrize("name, shape", [*((name, (N,)) for name in VECTOR), *((name, (N, M)) for name in MATRIX)])
def test_symbols_bound_later_agree(name, shape):
    build, function = (VECTOR if len(shape) == 1 else MATRIX)[name]
    x = variable("x", shape)
    node = build(x)
    number = variable("x", tuple(bind(size, BY) for size in shape))
    known = {number: numbers(number.shape)}
    assert not [n for n in topological([bound(node, BY)]) if any(not isinstance(size, int) for size in n.shape)]
    close(evaluate([bound(node, BY)], known)[0], function(known[number]))
    try:
        J = composed(node, x).to_dense()
    except WrtError:
        assert name in {"back differently", "flat roll", "delta"}, "this has an answer in symbols"
        return
    close(evaluate([bound(J, BY)], known)[0], evaluate([composed(bound(node, BY), number).to_dense()], known)[0])
