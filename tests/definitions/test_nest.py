"""`nest` and the algebra of linear maps against their definitions: simplification never changes a value."""

import numpy as np
import pytest

from definitions.test_unify import random_index
from wrt.graph import arithmetic
from wrt.graph.index import Affine, Table, at, ats, fixed
from wrt.graph.nest import nest, transpose, view
from wrt.graph.node import INT, Node, frozen, make, variable
from wrt.graph.size import bind, symbol
from wrt.graph.term import Factor, Term, nodes_in
from wrt.linear import algebra
from wrt.linear.linear_map import LinearMap
from wrt.ops.catalog import evaluate, local_jacobians

SHAPES = [(), (1,), (2,), (3,), (4,), (2, 3), (3, 2), (2, 2), (1, 3), (2, 1, 3)]


class Inputs:
    """Variables with their arrays: floats to differentiate by, integers to index with."""

    def __init__(self, rng):
        self.rng, self.known = rng, {}

    def real(self, shape):
        node = variable(f"x{len(self.known)}", shape)
        self.known[node] = np.round(self.rng.uniform(-2, 2, shape), 2)
        return node

    def whole(self, shape, axis):
        node = variable(f"k{len(self.known)}", shape, INT)
        self.known[node] = np.asarray(self.rng.integers(0, axis, shape))
        return node

    def value(self, node):
        return np.asarray(evaluate([node], self.known)[0])


def random_indices(inputs, sizes, shape, run_time=0.1):
    """One index an axis; now and then one that is known only at run time."""
    found = []
    for axis in shape:
        if inputs.rng.random() < run_time and sizes:
            label = int(inputs.rng.integers(len(sizes)))
            found.append(Table(inputs.whole((sizes[label],), axis), (at(label),)))
        else:
            found.append(random_index(inputs.rng, range(len(sizes)), sizes, axis))
    return tuple(found)


def random_sizes(rng, most=4):
    return tuple(int(n) for n in rng.choice([1, 2, 3, 3], size=rng.integers(0, most)))


def random_terms(inputs, pool, shape, run_time=0.1, plain_out=0.6):
    """Up to three terms into an array of this shape; the factors are read from the pool."""
    rng, terms = inputs.rng, []
    for _ in range(rng.choice([1, 1, 2, 3])):
        sizes, out = random_sizes(rng), None
        if rng.random() < plain_out:
            sizes = shape + sizes[: rng.integers(0, 2)]
            out = ats(range(len(shape)))
        out = out or random_indices(inputs, sizes, shape, run_time)
        chosen = [pool[rng.integers(len(pool))] for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3]))]
        factors = tuple(Factor(node, random_indices(inputs, sizes, node.shape, run_time)) for node in chosen)
        terms.append(Term(sizes, out, factors, [1, 1, 1, -1, 2, 0.5][rng.integers(6)]))
    return terms


def random_node(inputs, pool):
    """The next expression of a random program, and its value by definition."""
    rng = inputs.rng
    a, b = pool[rng.integers(len(pool))], pool[rng.integers(len(pool))]
    kind = rng.choice(["nest", "nest", "nest", "multiply", "negative", "square", "number", "add"])
    if kind in {"multiply", "add"} and a.shape == b.shape:
        return (a * b, inputs.value(a) * inputs.value(b)) if kind == "multiply" else (a + b, inputs.value(a) + inputs.value(b))
    if kind == "negative":
        return -a, -inputs.value(a)
    if kind == "square":
        return a**2, inputs.value(a) ** 2
    if kind == "number":
        return 3 * a, 3 * inputs.value(a)
    shape = SHAPES[rng.integers(len(SHAPES))]
    terms = random_terms(inputs, pool, shape)
    return nest(shape, terms), definition(inputs, shape, terms)


def definition(inputs, shape, terms):
    """The loops as they are written, nothing simplified."""
    return inputs.value(make("nest", nodes_in(terms), tuple(terms), shape, np.dtype(float)))


def jacobian(inputs, node, wrt):
    """The chain rule by definition: dense local Jacobians along the graph, inputs first."""
    if node is wrt:
        return np.eye(int(np.prod(wrt.shape))).reshape(wrt.shape * 2)
    total = np.zeros(node.shape + wrt.shape)
    for child, local in zip(node.inputs, local_jacobians(node), strict=True):
        if wrt in child.variables and local is not None:
            total += np.tensordot(inputs.value(local.to_dense()), jacobian(inputs, child, wrt), child.ndim)
    return total


def composed(node, wrt):
    """The chain rule in the algebra of maps."""
    if node is wrt:
        labels = ats(range(wrt.ndim))
        return LinearMap(wrt.shape, wrt.shape, (Term(wrt.shape, labels + labels),))
    maps = [LinearMap(node.shape, wrt.shape, ())]
    for child, local in zip(node.inputs, local_jacobians(node), strict=True):
        if wrt in child.variables and local is not None:
            maps.append(algebra.compose(local, composed(child, wrt)))
    return algebra.add(maps)


def differences(inputs, node, wrt):
    """Exact for the polynomials of low degree that these programs are: five-point central differences."""
    base, step = inputs.known[wrt], 0.5
    columns = np.zeros(node.shape + wrt.shape)
    for place in np.ndindex(*wrt.shape):
        total = 0.0
        for weight, shift in ((1 / 12, -2), (-2 / 3, -1), (2 / 3, 1), (-1 / 12, 2)):
            moved = base.copy()
            moved[place] += shift * step
            total = total + weight * np.asarray(evaluate([node], {**inputs.known, wrt: moved})[0])
        columns[(..., *place)] = total / step
    return columns


@pytest.mark.parametrize("seed", range(30))
def test_simplification_keeps_values(seed):
    inputs = Inputs(np.random.default_rng(seed))
    for _ in range(6):
        pool = [inputs.real(SHAPES[i]) for i in inputs.rng.integers(len(SHAPES), size=3)]
        pool.append(view(pool[0], pool[0].shape[::-1], ats(range(pool[0].ndim))[::-1]))
        for _ in range(5):
            node, expected = random_node(inputs, pool)
            assert isinstance(node, Node)
            assert node.shape == expected.shape
            np.testing.assert_allclose(inputs.value(node), expected, rtol=1e-12, atol=1e-9, err_msg=repr(node))
            pool.append(node)


@pytest.mark.parametrize("seed", range(30))
def test_jacobians_of_random_nests(seed):
    """The dense chain rule, the algebra of maps, and differences agree."""
    inputs = Inputs(np.random.default_rng(1000 + seed))
    for _ in range(3):
        x = inputs.real(SHAPES[inputs.rng.integers(1, 6)])
        pool = [x, inputs.real(SHAPES[inputs.rng.integers(len(SHAPES))])]
        for _ in range(3):
            node, _ = random_node(inputs, [x, *pool])
            pool.append(node)
            if x not in node.variables:
                continue
            dense = jacobian(inputs, node, x)
            np.testing.assert_allclose(inputs.value(composed(node, x).to_dense()), dense, rtol=1e-10, atol=1e-7)
            if node.ndim < 3:
                expected = differences(inputs, node, x)
                if np.abs(expected).max(initial=0) < 1e3:  # a low degree
                    assert np.allclose(dense, expected, atol=1e-6) or degree(node, x) > 4


def degree(node, x):
    """At most how often x multiplies itself."""
    if node is x:
        return 1
    if node.op == "nest":
        return max([sum(degree(f.node, x) for f in term.factors) for term in node.attrs], default=0)
    if node.op == "multiply":
        return sum(degree(i, x) for i in node.inputs)
    if node.op == "power":
        return 2 * degree(node.inputs[0], x)
    return max([degree(i, x) for i in node.inputs], default=0)


@pytest.mark.parametrize("seed", range(40))
def test_algebra_of_random_maps(seed):
    """compose, add, transpose and apply against the dense arrays."""
    inputs = Inputs(np.random.default_rng(2000 + seed))
    rng = inputs.rng
    for _ in range(6):
        a, b, c = (SHAPES[i] for i in rng.integers(len(SHAPES) - 1, size=3))
        pool = [inputs.real(SHAPES[i]) for i in rng.integers(len(SHAPES), size=3)]
        run_time = 0.0 if rng.random() < 0.7 else 0.3
        outer, inner, other = (
            LinearMap(x, y, tuple(random_terms(inputs, pool, x + y, run_time, plain_out=0.3))) for x, y in ((a, b), (b, c), (a, b))
        )
        J, K, L = (definition(inputs, m.shape, m.terms) for m in (outer, inner, other))
        close = lambda node, expected: np.testing.assert_allclose(inputs.value(node), expected, rtol=1e-10, atol=1e-10)
        close(outer.to_dense(), J)
        close(algebra.compose(outer, inner).to_dense(), np.tensordot(J, K, len(b)))
        close(algebra.add([outer, other, outer]).to_dense(), 2 * J + L)
        turned = np.transpose(J, (*range(len(a), len(a) + len(b)), *range(len(a))))
        close(algebra.transpose(outer).to_dense(), turned)
        v, w = inputs.real(b), inputs.real(a)
        close(algebra.apply(outer, v), np.tensordot(J, inputs.known[v], len(b)))
        close(algebra.apply_transposed(outer, w), np.tensordot(turned, inputs.known[w], len(a)))


def test_terms_that_share_factors_unequally_stay_apart():
    """a·a·b and a·b·b have the same set of factors and are not the same."""
    a, b = variable("a", (2,)), variable("b", (2,))
    i = ats([0])
    A, B = Factor(a, i), Factor(b, i)
    m = algebra.add([LinearMap((2,), (2,), (Term((2,), i + i, factors),)) for factors in ((A, A, B), (A, B, B))])
    known = {a: np.array([2.0, 3.0]), b: np.array([5.0, 7.0])}
    assert np.array_equal(evaluate([m.to_dense()], known)[0], np.diag([2 * 2 * 5 + 2 * 5 * 5, 3 * 3 * 7 + 3 * 7 * 7]))


def test_views_fold_to_what_they_are():
    x = variable("x", (5,))
    A = variable("A", (2, 3))
    whole = ats([0])
    flip = (Affine(((0, -1),), 4),)
    assert view(view(x, (5,), flip), (5,), flip) is x
    assert transpose(transpose(A)) is A
    tail = view(x, (4,), (Affine(((0, 1),), 1),))
    assert view(tail, (), (fixed(0),)) is view(x, (), (fixed(1),))
    assert view(view(x, (5,), (Affine(((0, 1),), 2, 5),)), (5,), (Affine(((0, 1),), 3, 5),)) is x
    flat = nest((6,), [Term((2, 3), (Affine(((0, 3), (1, 1))),), (Factor(A, ats([0, 1])),))])
    assert view(flat, (2, 3), (Affine(((0, 3), (1, 1))),)) is A
    assert view(x, (5,), (Table(frozen(np.arange(5)), whole),)).op == "nest"


N, M = symbol("N"), symbol("M")


def bound(node, by):
    """The same expression with symbols replaced by numbers, built again from its variables."""

    def index(i):
        if isinstance(i, Table):
            return Table(bound(i.node, by), tuple(map(index, i.index)))
        modulus = None if i.modulus is None else bind(i.modulus, by)
        return Affine(tuple((label, bind(c, by)) for label, c in i.parts), bind(i.offset, by), modulus)

    shape = tuple(bind(size, by) for size in node.shape)
    if node.op == "nest":
        terms = []
        for t in node.attrs:
            factors = tuple(Factor(bound(f.node, by), tuple(map(index, f.index))) for f in t.factors)
            terms.append(Term(tuple(bind(n, by) for n in t.sizes), tuple(map(index, t.out)), factors, t.scale))
        return nest(shape, terms, node.dtype)
    if node.op == "size":
        return arithmetic.as_node(bind(node.attrs, by))
    return make(node.op, tuple(bound(i, by) for i in node.inputs), node.attrs, shape, node.dtype, weak=node.weak)


def symbolic_programs():
    x, A = variable("x", (N,)), variable("A", (N, M))
    i, j = at(0), at(1)
    tail = view(x, (N - 1,), (Affine(((0, 1),), 1),))
    head = view(x, (N - 1,), (i,))
    turned = view(x, (N,), (Affine(((0, -1),), N - 1),))
    rolled = view(x, (N,), (Affine(((0, 1),), 1, N),))
    flat = nest((N * M,), [Term((N, M), (Affine(((0, M), (1, 1))),), (Factor(A, (i, j)),))])
    yield "difference", tail - head
    yield "product of slices", tail * head
    yield "flip of a tail", view(turned, (N - 1,), (Affine(((0, 1),), 1),))
    yield "flip of a flip", view(turned, (N,), (Affine(((0, -1),), N - 1),))
    yield "last of a flip", view(turned, (), (fixed(N - 1),))
    yield "first of a roll", view(rolled, (), (fixed(0),))
    yield "last of a roll", view(rolled, (), (fixed(N - 1),))
    yield "roll back", view(rolled, (N,), (Affine(((0, 1),), N - 1, N),))
    yield "tail of a roll", view(rolled, (N - 1,), (Affine(((0, 1),), 1),))
    yield "unflattened", view(flat, (N, M), (Affine(((0, M), (1, 1))),))
    yield "entry of the flat", view(flat, (), (fixed(0),))
    yield "first row of the flat", view(flat, (M,), (at(0),))
    yield "sum of a slice", nest((), [Term((N - 1,), (), (Factor(tail, (i,)),))])
    yield "how many", nest((), [Term((N, M), ())])
    both = nest((2 * N,), [Term((N,), (i,), (Factor(x, (i,)),)), Term((N,), (Affine(((0, 1),), N),), (Factor(turned, (i,)),), 2)])
    yield "both", both
    yield "first of both", view(both, (), (fixed(0),))
    yield "last of both", view(both, (), (fixed(2 * N - 1),))
    yield "second half of both", view(both, (N,), (Affine(((0, 1),), N),))


@pytest.mark.parametrize("program", list(symbolic_programs()), ids=lambda p: p[0])
def test_symbols_bound_later_agree(program):
    """A program in symbols, and its Jacobian, bound to numbers: the same as the program in numbers."""
    _, node = program
    by = {"N": 4, "M": 3}
    inputs = Inputs(np.random.default_rng(0))
    numbers = bound(node, by)
    for v in numbers.variables:
        inputs.known[v] = np.round(inputs.rng.uniform(-2, 2, v.shape), 2)
    for v in node.variables:
        w = bound(v, by)
        J = jacobian(inputs, numbers, w)
        np.testing.assert_allclose(inputs.value(bound(composed(node, v).to_dense(), by)), J, atol=1e-12)
        np.testing.assert_allclose(differences(inputs, numbers, w), J, atol=1e-9)


def test_a_node_never_changes():
    node = variable("x", (3,))
    with pytest.raises(AttributeError, match="never changes"):
        node.shape = (4,)
    assert variable("x", (3,)) is node
