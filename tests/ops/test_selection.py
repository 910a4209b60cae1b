"""Selection and assignment against NumPy on random keys, values and Jacobians; also at run time and in symbols."""

import operator
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.test_nest import bound, composed
from ops.test_rearrangement import check_jacobians, close, numbers
from wrt.errors import ArgumentError, ShapeError, Unsupported
from wrt.graph.arithmetic import as_node
from wrt.graph.nest import zeros
from wrt.graph.node import BOOL, FLOAT, INT, frozen, variable
from wrt.graph.size import bind, symbol
from wrt.ops import choice, joining, ordering, rearrangement, shifting
from wrt.ops.assignment import add_at, assign, assign_many, fill_diagonal, put_along_axis
from wrt.ops.catalog import evaluate
from wrt.ops.ordering import argsort, interp, sort
from wrt.ops.selection import OutOfBounds, getitem, take, take_along_axis, tril

shapes = st.lists(st.integers(0, 4), max_size=3).map(tuple)
bound_of_a_slice = st.none() | st.integers(-6, 6)
slices = st.builds(slice, bound_of_a_slice, bound_of_a_slice, st.sampled_from([None, 1, 2, 3, -1, -2]))


def integers(draw, size, shape):
    """An array of positions on an axis."""
    count = int(np.prod(shape))
    return np.array(draw(st.lists(st.integers(-size, size - 1), min_size=count, max_size=count)), int).reshape(shape)


def truths(draw, shape):
    count = int(np.prod(shape))
    return np.array(draw(st.lists(st.booleans(), min_size=count, max_size=count)), bool).reshape(shape)


def axes_used(parts):
    return sum(part.ndim if isinstance(part, np.ndarray) and part.dtype == bool else part is not None for part in parts)


@st.composite
def keys(draw, shape):
    """A key that NumPy takes for this shape."""
    parts, axis, block = [], 0, draw(st.sampled_from([(), (1,), (2,), (3,), (2, 2), (2, 1)]))
    while axis < len(shape):
        kind = draw(st.sampled_from(["slice", "slice", "int", "array", "mask", "None", "stop", "list"]))
        size = shape[axis]
        if kind == "stop":
            break
        if kind == "None":
            if len(parts) < 5:
                parts.append(None)
            continue
        if kind == "int" and size:
            parts.append(draw(st.integers(-size, size - 1).map(draw(st.sampled_from([int, np.int64, np.array])))))
        elif kind in {"array", "list"} and size:
            array = integers(draw, size, tuple(draw(st.sampled_from([n, 1])) for n in block[draw(st.integers(0, len(block))) :]))
            parts.append(array if kind == "array" else array.tolist())
        elif kind == "mask" and not any(isinstance(p, np.ndarray | list) and np.ndim(p) for p in parts):
            wide = draw(st.integers(1, min(2, len(shape) - axis)))
            parts.append(truths(draw, shape[axis : axis + wide]))
            axis += wide - 1
            block = (1,)
        else:
            parts.append(draw(slices))
        axis += 1
    if draw(st.booleans()):
        where = draw(st.integers(0, len(parts)))
        if where == len(parts) or axes_used(parts) == len(shape):
            parts.insert(where, Ellipsis)
    return tuple(parts) if len(parts) != 1 or draw(st.booleans()) or isinstance(parts[0], list) else parts[0]


def legal(shape, key):
    try:
        np.zeros(shape)[key]
    except (IndexError, ValueError):
        return False
    return True


shaped_keys = shapes.flatmap(lambda shape: st.tuples(st.just(shape), keys(shape)))


def positions(shape, key):
    return np.arange(int(np.prod(shape))).reshape(shape)[key]


def selection_matrix(shape, key):
    picked = positions(shape, key)
    return np.eye(int(np.prod(shape)))[picked].reshape(picked.shape + shape)


@settings(max_examples=300)
@given(shaped_keys)
def test_getitem(shaped):
    shape, key = shaped
    x, a = variable("x", shape), numbers(shape)
    if not legal(shape, key):
        with pytest.raises((ShapeError, ArgumentError)):
            getitem(x, key)
        return
    y = getitem(x, key)
    close(evaluate([y], {x: a})[0], a[key])
    close(evaluate([composed(y, x).to_dense()], {x: a})[0], selection_matrix(shape, key))


@settings(max_examples=100)
@given(shaped_keys.flatmap(lambda sk: st.tuples(st.just(sk), keys(np.zeros(sk[0])[sk[1]].shape) if legal(*sk) else st.none())))
def test_getitem_of_getitem(drawn):
    (shape, key), again = drawn
    if not legal(shape, key) or not legal(np.zeros(shape)[key].shape, again):
        return
    x, a = variable("x", shape), numbers(shape)
    y = getitem(getitem(x, key), again)
    close(evaluate([y], {x: a})[0], a[key][again])
    picked = positions(shape, key)[again]
    close(evaluate([composed(y, x).to_dense()], {x: a})[0], np.eye(a.size)[picked].reshape(picked.shape + shape))


def value_shape(draw, shape):
    """A shape that broadcasts to this one."""
    kept = shape[draw(st.integers(0, len(shape))) :]
    return tuple(1 if draw(st.integers(0, 3)) == 0 else size for size in kept)


@settings(max_examples=250)
@given(shaped_keys, st.data())
def test_assign(shaped, data):
    shape, key = shaped
    if not legal(shape, key):
        return
    x, a = variable("x", shape), numbers(shape)
    b = numbers(value_shape(data.draw, a[key].shape), 1)
    v = variable("v", b.shape)
    expected = a.copy()
    expected[key] = b
    y = assign(x, key, v)
    known = {x: a, v: b}
    close(evaluate([y], known)[0], expected)
    ones = np.zeros(shape)
    ones[key] = 1
    close(evaluate([composed(y, x).to_dense()], known)[0], np.diag((1 - ones).ravel()).reshape(shape + shape))
    marks = np.zeros(shape, int)
    marks[key] = np.arange(1, b.size + 1).reshape(b.shape)
    matrix = np.eye(b.size + 1)[marks.ravel()][:, 1:].reshape(shape + b.shape)
    close(evaluate([composed(y, v).to_dense()], known)[0], matrix)
    added = a.copy()
    np.add.at(added, key, np.broadcast_to(b, a[key].shape).copy())  # NumPy 2.4 itself reads past the end of a value that it must broadcast
    close(evaluate([add_at(x, key, v)], known)[0], added)
    check_jacobians(add_at(x, key, v), known)


@settings(max_examples=100)
@given(shapes, st.data())
def test_assign_many(shape, data):
    a = numbers(shape)
    x = variable("x", shape)
    known, writes, expected = {x: a}, [], a.copy()
    for k in range(data.draw(st.integers(0, 5))):
        key = data.draw(keys(shape))
        if not legal(shape, key):
            continue
        b = numbers(value_shape(data.draw, a[key].shape), k + 1)
        v = variable(f"v{k}", b.shape)
        known[v] = b
        expected[key] = b
        writes.append((key, v))
    y = assign_many(shape, FLOAT, x, writes)
    close(evaluate([y], known)[0], expected)
    if a.size < 20:
        check_jacobians(y, known)
    fresh = assign_many(shape, FLOAT, None, [(..., as_node(0.0)), *writes])
    expected = np.zeros(shape)
    for key, v in writes:
        expected[key] = known[v]
    close(evaluate([fresh], known)[0], expected)


def test_a_thousand_writes_are_quick():
    x = variable("x", (1000,))
    started = time.process_time()
    entries = [getitem(x, k) for k in range(1000)]
    y = assign_many((1000,), FLOAT, None, [(k, 2 * entries[k]) for k in range(1000)])
    assert time.process_time() - started < 5
    a = numbers((1000,))
    close(evaluate([y], {x: a})[0], 2 * a)


def test_slabs_stay_structure():
    """The interior and the border of a grid: affine pieces, no tables."""
    u, v = variable("u", (6, 7)), variable("v", (4, 5))
    interior = assign(u, np.s_[1:-1, 1:-1], v)
    border = assign_many((6, 7), FLOAT, u, [(0, 0.0), (-1, 0.0), (np.s_[:, 0], 0.0), (np.s_[:, -1], 0.0)])
    assert "Table" not in repr(interior.attrs) + repr(border.attrs)
    assert len(interior.attrs) == 5
    assert len(border.attrs) == 1


def test_the_last_of_several_writes_to_one_entry_counts():
    x, v = variable("x", (4,)), variable("v", (5,))
    a, b = numbers((4,)), numbers((5,), 1)
    key = [1, 1, 3, 1, -1]
    expected = a.copy()
    expected[key] = b
    close(evaluate([assign(x, key, v)], {x: a, v: b})[0], expected)
    assert expected[1] == b[3]
    assert expected[3] == b[4]


# ----- at run time ------------------------------------------------------------------------------------------------------
@settings(max_examples=60)
@given(st.lists(st.integers(2, 4), min_size=1, max_size=3).map(tuple), st.data())
def test_keys_known_only_at_run_time(shape, data):
    """Any integers of the key may be nodes: values, and Jacobians against those of the known key."""
    key, nodes, known = [], [], {}
    block = data.draw(st.sampled_from([(), (3,), (2, 2)]))
    for size in shape:
        kind = data.draw(st.sampled_from(["node", "node", "slice", "int", "array"]))
        if kind == "slice":
            key.append(data.draw(slices))
            nodes.append(key[-1])
            continue
        own = () if kind == "int" else block
        array = integers(data.draw, size, own)
        key.append(array)
        nodes.append(array)
        if kind == "node":
            nodes[-1] = variable(f"k{len(key)}", own, INT)
            known[nodes[-1]] = array
    key, nodes = tuple(key), tuple(nodes)
    a = numbers(shape)
    x = variable("x", shape)
    y = getitem(x, nodes)
    close(evaluate([y], {x: a, **known})[0], a[key])
    close(evaluate([composed(y, x).to_dense()], {x: a, **known})[0], selection_matrix(shape, key))
    b = numbers(value_shape(data.draw, a[key].shape), 1)
    v = variable("v", b.shape)
    known |= {x: a, v: b}
    expected = a.copy()
    expected[key] = b
    written = assign(x, nodes, v)
    close(evaluate([written], known)[0], expected)
    for wrt in (x, v):
        J = evaluate([composed(written, wrt).to_dense()], known)[0]
        close(J, evaluate([composed(assign(x, key, v), wrt).to_dense()], known)[0])
    added = a.copy()
    np.add.at(added, key, np.broadcast_to(b, a[key].shape).copy())  # NumPy 2.4 itself reads past the end of a value that it must broadcast
    close(evaluate([add_at(x, nodes, v)], known)[0], added)
    many = assign_many(shape, FLOAT, x, [(0, 1.0), (nodes, v), (-1, 2.0)])
    expected[:] = a
    expected[0] = 1
    expected[key] = b
    expected[-1] = 2
    close(evaluate([many], known)[0], expected)


def test_run_time_selections_compose():
    x, k, m = variable("x", (5,)), variable("k", (4,), INT), variable("m", (3,), INT)
    known = {x: numbers((5,)), k: np.array([0, 4, -2, 4]), m: np.array([3, 0, 0])}
    picked = np.eye(5)[known[k]][known[m]]
    y = getitem(getitem(x, k), m)
    close(evaluate([composed(y, x).to_dense()], known)[0], picked)
    z = add_at(zeros((6,)), k, getitem(x, k) * getitem(x, k))
    check_jacobians(getitem(z, m), known)
    s = sort(sort(x * x) - x)
    check_jacobians(s, known)
    close(evaluate([s], known)[0], np.sort(np.sort(known[x] ** 2) - known[x]))
    check_jacobians(getitem(sort(x), slice(None, None, -1)), known)
    check_jacobians(take_along_axis(x, argsort(argsort(x)), 0), known)


@pytest.mark.parametrize("axis", [0, 1, -1, None])
def test_sort_along_axes(axis):
    x = variable("x", (3, 4))
    known = {x: numbers((3, 4))}
    for build, function in ((sort, np.sort), (ordering.partition, lambda a, *_: np.sort(a, axis))):
        y = build(x, axis) if build is sort else build(x, 1, axis)
        close(evaluate([y], known)[0], function(known[x], axis))
        check_jacobians(y, known)
    close(evaluate([argsort(x, axis)], known)[0], np.argsort(known[x], axis, kind="stable"))


def test_sort_of_ties_keeps_the_order():
    x = variable("x", (4,))
    known = {x: np.array([1.0, 0.0, 1.0, 0.0])}
    J = evaluate([composed(sort(x), x).to_dense()], known)[0]
    close(J, np.eye(4)[[1, 3, 0, 2]])


STEPS = ["getitem", "assign", "run time", "sort", "square", "reshape", "flip", "roll", "join", "pad", "add.at", "blend"]


@settings(max_examples=80)
@given(st.data())
def test_random_programs(data):
    """Selections, writes, rearrangements, sorts and products in a row: values and Jacobians."""
    a = numbers(data.draw(st.sampled_from([(4,), (6,), (2, 3), (3, 2), (2, 2, 2)])))
    x = y = variable("x", a.shape)
    known, b = {x: a}, a
    for step in range(data.draw(st.integers(2, 5))):
        kind, b = data.draw(st.sampled_from(STEPS)), np.asarray(b)
        if kind == "getitem":
            key = data.draw(keys(b.shape))
            if legal(b.shape, key) and 0 < b[key].size < 30:
                y, b = getitem(y, key), b[key]
        elif kind in {"assign", "add.at"}:
            key = data.draw(keys(b.shape))
            if legal(b.shape, key) and b[key].size:
                value, new = y * y, b.copy()
                inner = getitem(value, key)
                if kind == "assign":
                    new[key] = (b * b)[key]
                    y = assign(y, key, inner)
                else:
                    np.add.at(new, key, (b * b)[key])
                    y = add_at(y, key, inner)
                b = new
        elif kind == "run time" and b.ndim and b.shape[0]:
            k = variable(f"k{step}", (data.draw(st.integers(1, 4)),), INT)
            known[k] = integers(data.draw, b.shape[0], k.shape)
            y, b = getitem(y, k), b[known[k]]
        elif kind == "sort" and b.ndim and len(np.unique(b)) == b.size:
            y, b = sort(y), np.sort(b)
        elif kind == "square":
            y, b = y * y, b * b
        elif kind == "reshape":
            new = (-1, 2) if b.size % 2 == 0 and b.size else (b.size,)
            y, b = rearrangement.reshape(y, new), b.reshape(new)
        elif kind == "flip":
            y, b = shifting.flip(y), np.flip(b)
        elif kind == "roll":
            y, b = shifting.roll(y, 1), np.roll(b, 1)
        elif kind == "join" and b.ndim and b.size < 20:
            y, b = joining.concatenate([y, 2 * y], -1), np.concatenate([b, 2 * b], -1)
        elif kind == "pad" and b.ndim and b.size and b.size < 12:
            y, b = shifting.pad(y, 1, "edge"), np.pad(b, 1, "edge")
        elif kind == "blend":
            y, b = y - getitem(rearrangement.ravel(x), 0), b - a.ravel()[0]
    close(evaluate([y], known)[0], b)
    if b.size < 60 and np.abs(b).max(initial=0) < 50:
        check_jacobians(y, known)


# ----- functions --------------------------------------------------------------------------------------------------------
def test_take_of_nodes():
    x, k = variable("x", (2, 3)), variable("k", (2,), INT)
    known = {x: numbers((2, 3)), k: np.array([-4, 5])}
    for mode in ("wrap", "clip"):
        y = take(x, k, 1, mode)
        close(evaluate([y], known)[0], np.take(known[x], known[k], 1, mode=mode))
        check_jacobians(y, known)


def test_choose_by_a_node():
    k, a, b = variable("k", (3,), INT), variable("a", (2, 3)), variable("b", (3,))
    known = {k: np.array([1, 0, 1]), a: numbers((2, 3)), b: numbers((3,), 1)}
    y = choice.choose(k, [a, b])
    close(evaluate([y], known)[0], np.choose(known[k], [known[a], known[b]]))
    check_jacobians(y, known)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_put_along_axis(axis):
    x, v = variable("x", (3, 4)), variable("v", (1, 4) if axis == 0 else (3, 1) if axis == 1 else (4,))
    indices = np.argmax(numbers((3, 4)), axis=axis, keepdims=True) if axis is not None else np.array([0, 5, 7, -1])
    known = {x: numbers((3, 4)), v: numbers(v.shape, 1)}
    expected = known[x].copy()
    np.put_along_axis(expected, indices, known[v], axis)
    y = put_along_axis(x, indices, v, axis)
    close(evaluate([y], known)[0], expected)
    check_jacobians(y, known)
    k = variable("k", indices.shape, INT)
    y = put_along_axis(x, k, v, axis)
    close(evaluate([y], {**known, k: indices})[0], expected)


@pytest.mark.parametrize("shape, wrap", [((3, 3), False), ((5, 3), False), ((5, 3), True), ((2, 4), False), ((2, 2, 2), False)])
def test_fill_diagonal(shape, wrap):
    x, v = variable("x", shape), variable("v", (2,))
    known = {x: numbers(shape), v: numbers((2,), 1)}
    expected = known[x].copy()
    np.fill_diagonal(expected, known[v], wrap)
    y = fill_diagonal(x, v, wrap)
    close(evaluate([y], known)[0], expected)
    check_jacobians(y, known)


def test_interp_and_its_ends():
    x, xp, fp = variable("x", (6,)), variable("xp", (4,)), variable("fp", (4,))
    known = {x: np.array([-1.0, 0.1, 0.55, 1.0, 1.9, 7.0]), xp: np.array([0.0, 0.5, 1.2, 2.0]), fp: numbers((4,))}
    y = interp(x, xp, fp)
    close(evaluate([y], known)[0], np.interp(known[x], known[xp], known[fp]))
    check_jacobians(y, known)
    one = interp(x, variable("xp", (1,)), variable("fp", (1,)))
    close(evaluate([one], {x: known[x], variable("xp", (1,)): np.array([0.3]), variable("fp", (1,)): np.array([2.0])})[0], np.full(6, 2.0))


def test_triangles_keep_no_infinity():
    x = variable("x", (2, 2))
    a = np.array([[1.0, np.inf], [np.nan, 2.0]])
    assert np.array_equal(evaluate([tril(x)], {x: a})[0][0], [1, 0])


def test_piecewise_and_select():
    x = variable("x", (5,))
    known = {x: np.array([-1.5, -0.5, 0.5, 1.0, 2.0])}
    low, high = choice.compare("less", x, -1), choice.compare("greater", x, 0.7)
    y = choice.piecewise(x, [low, high], [0.0, lambda a: a * a, lambda a: -a])
    a = known[x]
    close(evaluate([y], known)[0], np.piecewise(a, [a < -1, a > 0.7], [0.0, lambda a: a * a, lambda a: -a]))
    check_jacobians(y, known)
    y = choice.select([low, high], [x, x * x], as_node(0.5))
    close(evaluate([y], known)[0], np.select([a < -1, a > 0.7], [a, a * a], 0.5))
    check_jacobians(y, known)


def test_clip_at_a_bound_is_half():
    x = variable("x", (3,))
    J = evaluate([composed(choice.clip(x, as_node(0.0), as_node(1.0)), x).to_dense()], {x: np.array([0.0, 0.5, 1.0])})[0]
    close(J, np.diag([0.5, 1.0, 0.5]))


# ----- refusals ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("key", [3, -4, [0, 3], np.array([-4]), (0, 0), (..., ...), slice(None, None, 0), 1.5, "a", [True, False]])
def test_wrong_keys(key):
    with pytest.raises((ShapeError, ArgumentError)):
        getitem(variable("x", (3,)), key)


def test_what_a_refusal_says():
    x = variable("x", (3,))
    with pytest.raises(IndexError, match=r"Index 3 is out of bounds for axis 0 with size 3"):
        getitem(x, 3)
    with pytest.raises(OutOfBounds, match=r"Index -7 is out of bounds for axis 0 with size 3"):
        getitem(x, [0, -7])
    with pytest.raises(OutOfBounds, match=r"1 dimension cannot be indexed with 2 indices"):
        getitem(x, (0, 0))
    with pytest.raises(Unsupported, match=r"mask that is known only at run time"):
        getitem(x, variable("m", (3,), BOOL))
    with pytest.raises(ShapeError, match=r"shape \(2,\) cannot be written to a selection of shape \(3,\)"):
        assign(x, ..., variable("v", (2,)))
    with pytest.raises(Unsupported, match=r"cut to a whole number"):
        assign(variable("k", (3,), INT), 0, getitem(x, 0))


def test_iteration_by_index_ends():
    x = variable("x", (3,))

    class Row:
        def __getitem__(self, k):
            return getitem(x, k)

    assert len(list(Row())) == 3


def test_integers_of_every_kind():
    x = variable("x", (3,))
    same = {getitem(x, k) for k in (1, -2, np.int32(1), np.array(1), np.uint8(1), as_node(1), frozen(np.array(-2)), operator.index(1))}
    assert len(same) == 1


# ----- symbols ----------------------------------------------------------------------------------------------------------
N, M = symbol("N"), symbol("M")
BY = {"N": 6, "M": 4}
KEYS = {
    "tail": np.s_[1:],
    "head": np.s_[:-1],
    "middle": np.s_[1:-1],
    "last": -1,
    "first": 0,
    "back": np.s_[::-1],
    "back from": np.s_[-2::-1],
    "end": np.s_[-2:],
    "start": np.s_[:2],
    "none": np.s_[3:1],
    "empty": np.s_[-1:2],
    "array": [0, 2, 1],
    "new axis": np.s_[:, None],
    "row": np.s_[0, 1:],
    "column": np.s_[..., -1],
    "inside": np.s_[1:-1, 1:-1],
    "outer": np.s_[None, :, 1],
}


@pytest.mark.parametrize("name", KEYS)
def test_symbols_bound_later_agree(name):
    key = KEYS[name]
    for shape in ((N,), (N, M)):
        counts = tuple(bind(size, BY) for size in shape)
        if not legal(counts, key):
            continue
        x, number = variable("x", shape), variable("x", counts)
        a = numbers(counts)
        close(evaluate([bound(getitem(x, key), BY)], {number: a})[0], a[key])
        J = composed(getitem(x, key), x).to_dense()
        close(evaluate([bound(J, BY)], {number: a})[0], selection_matrix(counts, key))
        if name == "array":
            continue
        v = variable("v", getitem(x, key).shape)
        b = numbers(a[key].shape, 1)
        expected = a.copy()
        expected[key] = b
        y = assign(x, key, v)
        close(evaluate([bound(y, BY)], {number: a, bound(v, BY): b})[0], expected)
        for wrt in (x, v):
            J, K = bound(composed(y, wrt).to_dense(), BY), composed(bound(y, BY), bound(wrt, BY)).to_dense()
            close(*(evaluate([node], {number: a, bound(v, BY): b})[0] for node in (J, K)))


def test_even_sizes_take_every_second():
    x = variable("x", (2 * N,))
    assert getitem(x, np.s_[::2]).shape == (N,)
    assert getitem(x, np.s_[1::2]).shape == (N,)
