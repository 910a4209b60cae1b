"""Programs on large arrays: symmetric products by syrk, numbers in the smallest factor, loops over blocks of rows, constants made once."""

import numpy as np
import pytest

import wrt
from wrt.graph.arithmetic import add, elementwise, multiply, negative, power, subtract
from wrt.graph.index import at, ats
from wrt.graph.nest import nest, transpose
from wrt.graph.node import FLOAT, captured, variable
from wrt.graph.term import Factor, Term
from wrt.lower.fold import folded
from wrt.lower.numpy_source import source
from wrt.ops.catalog import evaluate


def run(outputs, arrays):
    """What the generated function returns, and its text; checked against the definitions."""
    made = source("f", {v: v.attrs[0] for v in arrays}, outputs)
    got = made.compile()(*arrays.values())
    got = got if isinstance(got, tuple) else (got,)
    for g, node in zip(got, outputs, strict=True):
        assert np.shape(g) == node.shape
    return got, made.text


# ----- symmetric products ---------------------------------------------------------------------------------------------
N, M = 70, 40
X, W, V = variable("X", (N, M)), variable("w", (N,)), variable("v", (N,))


def weighted(*weights, matrix=X, scale=1, rows=0):
    index = [(at(2), at(0)), (at(2), at(1))] if rows == 0 else [(at(0), at(2)), (at(1), at(2))]
    factors = (*(Factor(w, (at(2),)) for w in weights), *(Factor(matrix, i) for i in index))
    return nest((M, M), [Term((M, M, N), ats(range(2)), factors, scale)])


def weights(kind, rng):
    w = rng.standard_normal(N)
    return {"positive": np.abs(w), "negative": -np.abs(w), "mixed": w, "zero": np.zeros(N), "nan": np.where(w > 1, np.nan, np.abs(w))}[kind]


@pytest.mark.parametrize("kind", ["positive", "negative", "mixed", "zero", "nan"])
@pytest.mark.parametrize("scale", [1, -1, 3.0])
def test_weights_of_every_sign(kind, scale, rng):
    x, w = rng.standard_normal((N, M)), weights(kind, rng)
    (got,), text = run([weighted(W, scale=scale)], {X: x, W: w})
    assert "gram(" in text
    np.testing.assert_allclose(got, scale * (x.T * w) @ x, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("squares, said", [
    ((W, W), False), ((power(W, 2),), False), ((multiply(W, V), V, W), False), ((W, negative(W)), False), ((W, W, V), True), ((elementwise("exp", W),), True),
])  # fmt: skip
def test_squares_need_no_sign(squares, said, rng):
    x, w, v = rng.standard_normal((N, M)), rng.standard_normal(N), rng.standard_normal(N)
    node = weighted(*squares)
    (got,), text = run([node], {X: x, W: w, V: v})
    assert ("gram(" in text) is said
    product = np.prod(evaluate(list(squares), {W: w, V: v}), axis=0)
    np.testing.assert_allclose(got, (x.T * product) @ x, rtol=1e-12, atol=1e-12)
    if not said:
        np.testing.assert_array_equal(got, got.T)


def test_the_sum_may_run_along_columns(rng):
    Y = variable("Y", (M, N))
    y, w = rng.standard_normal((M, N)), rng.standard_normal(N)
    for by, value in (((W,), w), ((W, W), w * w)):
        (got,), _ = run([weighted(*by, matrix=Y, rows=1)], {Y: y, W: w})
        np.testing.assert_allclose(got, (y * value) @ y.T, rtol=1e-12, atol=1e-12)


def test_beside_other_terms(rng):
    """XᵀDX + λI, with a number in front: what a regularized Newton step needs."""
    s = variable("s", ())
    x, w = rng.standard_normal((N, M)), np.abs(rng.standard_normal(N))
    gram = Term((M, M, N), ats(range(2)), (Factor(W, (at(2),)), Factor(X, (at(2), at(0))), Factor(X, (at(2), at(1))), Factor(s, ())), 2.0)
    node = nest((M, M), [gram, Term((M,), (at(0), at(0)), (Factor(s, ()),), 1)])
    (got,), text = run([node], {X: x, W: w, s: 0.5})
    assert "gram(" in text
    np.testing.assert_allclose(got, (x.T * w) @ x + 0.5 * np.eye(M), rtol=1e-12, atol=1e-12)


def test_an_argument_may_be_called_gram(rng):
    G = variable("gram", (N, M))
    x, w = rng.standard_normal((N, M)), rng.standard_normal(N)
    (got,), _ = run([weighted(W, matrix=G)], {G: x, W: w})
    np.testing.assert_allclose(got, (x.T * w) @ x, rtol=1e-12, atol=1e-12)


LOSSES = {
    "log(1 + exp)": lambda w: np.sum(np.log(1 + np.exp(-LABELS * (DATA @ w)))),
    "logaddexp": lambda w: np.sum(np.logaddexp(0, -LABELS * (DATA @ w))),
    "cross entropy": lambda w: -np.sum((LABELS > 0) * np.log(1 / (1 + np.exp(-(DATA @ w)))) + (LABELS < 0) * np.log(1 - 1 / (1 + np.exp(-(DATA @ w))))),
}
DATA, LABELS = np.random.default_rng(3).standard_normal((90, 35)), np.sign(np.random.default_rng(4).standard_normal(90))


@pytest.mark.parametrize("loss", LOSSES)
def test_the_logistic_hessian_is_one_symmetric_product(loss):
    w = np.linspace(-1, 1, 35) / 5
    H = wrt.hessian(LOSSES[loss])
    p = 1 / (1 + np.exp(-(DATA @ w)))
    np.testing.assert_allclose(H(w), (DATA.T * (p * (1 - p))) @ DATA, rtol=1e-10)
    assert H.source.count("gram(") == 2  # its definition and one call
    assert H.source.count("[:, None]") == 2  # both in the definition
    space = {}
    assert H.source.index("def gram") < H.source.index("def hessian")
    exec(H._require().source("hessian").standalone(), space)  # our own text
    np.testing.assert_allclose(space["hessian"](w), H(w), rtol=1e-12)


# ----- numbers --------------------------------------------------------------------------------------------------------
def test_the_quartic_hessian_takes_few_passes():
    n = 60
    A, x = np.random.default_rng(0).standard_normal((n, n)), np.linspace(-1, 1, n)
    H = wrt.hessian(lambda x: (x @ A @ x) ** 2)
    S = A + A.T
    np.testing.assert_allclose(H(x), 2 * np.outer(S @ x, S @ x) + 2 * (x @ A @ x) * S, rtol=1e-11, atol=1e-10)
    assert H.source.splitlines()[-1].count("*") == 4  # two numbers times vectors, one outer product, one number times a matrix


@pytest.mark.parametrize("seed", range(150))
def test_random_sums_of_products(seed):
    """Outer products, scaled matrices and their transposes, with signs, numbers and scalars in front."""
    rng = np.random.default_rng(seed)
    n = 40
    A, B, u, v, s = variable("A", (n, n)), variable("B", (n, n)), variable("u", (n,)), variable("v", (n,)), variable("s", ())
    pool = [Factor(A, ats((0, 1))), Factor(A, ats((1, 0))), Factor(B, ats((0, 1))), Factor(u, ats((0,))), Factor(v, ats((1,))), Factor(s, ())]

    def term():
        factors = [pool[k] for k in rng.integers(0, len(pool), rng.integers(1, 4))]
        return Term((n, n), ats(range(2)), tuple(factors), float(rng.choice([1, -1, 2, -3.5])))

    total = nest((n, n), [term() for _ in range(rng.integers(1, 4))])
    for _ in range(rng.integers(0, 3)):
        total = (add if rng.random() < 0.5 else subtract)(total, nest((n, n), [term() for _ in range(rng.integers(1, 3))]))
    arrays = {A: rng.standard_normal((n, n)), B: rng.standard_normal((n, n)), u: rng.standard_normal(n), v: rng.standard_normal(n), s: np.float64(0.3)}
    spare = {A: np.asarray(arrays[A]).copy()}
    (got,), _ = run([total], arrays)
    np.testing.assert_allclose(got, _slow(total, arrays), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(arrays[A], spare[A])


def _slow(node, arrays):
    """The value by einsum, term by term."""
    if node.op == "nest":
        total = np.zeros(node.shape)
        for term in node.attrs:
            operands = [x for f in term.factors for x in (_slow(f.node, arrays), [i.parts[0][0] for i in f.index])]
            value = np.einsum(*operands, [i.parts[0][0] for i in term.out]) if set(range(len(term.sizes))) <= {k for o in operands[1::2] for k in o} else None
            if value is None:
                ones = [np.ones(term.sizes), list(range(len(term.sizes)))]
                value = np.einsum(*operands, *ones, [i.parts[0][0] for i in term.out])
            total = total + term.scale * value
        return total
    if node in arrays:
        return arrays[node]
    if node.op == "constant":
        return node.attrs[2]
    values = [_slow(child, arrays) for child in node.inputs]
    return {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "negative": np.negative, "power": np.power}[node.op](*values)


# ----- blocks of rows -------------------------------------------------------------------------------------------------
ROWS, COLUMNS = 30_011, 20
PHI, Y = np.random.default_rng(1).standard_normal((ROWS, COLUMNS)), np.random.default_rng(2).standard_normal(ROWS)
THETA = np.linspace(-1, 1, COLUMNS)
MODELS = {
    "least squares": lambda t: np.sum((Y - PHI @ t) ** 2),
    "logistic": lambda t: np.sum(np.log(1 + np.exp(-Y * (PHI @ t)))),
    "huber": lambda t: np.sum(np.where(np.abs(Y - PHI @ t) < 1, (Y - PHI @ t) ** 2 / 2, np.abs(Y - PHI @ t) - 0.5)),
    "with a prior": lambda t: np.sum((Y - PHI @ t) ** 2) / ROWS + t @ t,
    "weighted": lambda t: np.sum(np.abs(Y) * np.tanh(PHI @ t) ** 2),
}


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_by_blocks_of_rows(name, order, monkeypatch):
    monkeypatch.setitem(globals(), "PHI", np.asarray(PHI, order=order))
    f = MODELS[name]
    G = wrt.gradient(f)
    value, gradient = G.value_and(THETA)
    assert "for start in range(0, 30011, " in str(G._require().source("value_and"))
    assert value == pytest.approx(f(THETA), rel=1e-12)
    np.testing.assert_allclose(gradient, wrt.numeric.jacobian(f, THETA), rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(G(THETA), gradient, rtol=1e-10, atol=1e-10)
    v = np.cos(np.arange(COLUMNS))
    dense = wrt.hessian(f)(THETA)
    np.testing.assert_allclose(wrt.hvp(f)(THETA, tangent=v), dense @ v, rtol=1e-9, atol=1e-8)


def test_exact_gradient_by_blocks():
    np.testing.assert_allclose(wrt.gradient(MODELS["least squares"])(THETA), -2 * (Y - PHI @ THETA) @ PHI, rtol=1e-11)


def test_blocks_by_several_inputs_with_shared_names():
    """Arguments called as the loop's own names are, and matrices that are arguments."""

    def f(rows, start, block_length):
        return np.sum(np.sin(start @ rows) * block_length)

    by_rows, by_length = wrt.gradient(f, ("rows", "block_length"))(THETA, PHI, Y)
    np.testing.assert_allclose(by_rows, (np.cos(PHI @ THETA) * Y) @ PHI, rtol=1e-11)
    np.testing.assert_allclose(by_length, np.sin(PHI @ THETA), rtol=1e-12)

    def g(rows, start):
        return np.sum(np.sin(start @ rows))

    G = wrt.gradient(g)
    np.testing.assert_allclose(G(THETA, PHI), np.cos(PHI @ THETA) @ PHI, rtol=1e-11)
    assert "for start1 in" in G.source


def test_no_loop_where_rows_are_needed_outside():
    """The residual itself is asked for: it is made once, whole."""
    J = wrt.jacobian(lambda t: np.concatenate([Y - PHI @ t, [np.sum((Y - PHI @ t) ** 2)]]))
    assert J(THETA).shape == (ROWS + 1, COLUMNS)
    np.testing.assert_allclose(J(THETA)[-1], -2 * (Y - PHI @ THETA) @ PHI, rtol=1e-11)


def test_sums_that_need_other_sums():
    """A softmax over rows: the second sum divides by the first, and cannot stand in its loop."""

    def f(t):
        z = np.exp(PHI @ t)
        return np.sum(z * Y) / np.sum(z)

    z = np.exp(PHI @ THETA)
    want = (z * Y) @ PHI / z.sum() - (z @ Y) / z.sum() ** 2 * (z @ PHI)
    np.testing.assert_allclose(wrt.gradient(f)(THETA), want, rtol=1e-9, atol=1e-12)


def test_rows_that_mix_are_no_rows():
    """Differences of neighbouring rows, reversed rows and cumulative sums stay whole."""
    for f, by_hand in (
        (lambda t: np.sum(np.diff(PHI @ t) ** 2), lambda: 2 * np.diff(PHI @ THETA) @ np.diff(PHI, axis=0)),
        (lambda t: (PHI @ t) @ (PHI @ t)[::-1], lambda: 2 * (PHI @ THETA)[::-1] @ PHI),
        (lambda t: np.cumsum(PHI @ t) @ Y, lambda: np.cumsum(Y[::-1])[::-1] @ PHI),
    ):
        np.testing.assert_allclose(wrt.gradient(f)(THETA), by_hand(), rtol=1e-8, atol=1e-7)


# ----- what cannot change ---------------------------------------------------------------------------------------------
def read_only(array):
    array = np.array(array)
    array.setflags(write=False)
    return array


def test_a_constant_hessian_costs_nothing():
    A = read_only(np.random.default_rng(0).standard_normal((6, 6)))
    H = wrt.hessian(lambda x: x @ A @ x)
    x = np.ones(6)
    np.testing.assert_allclose(H(x), A + A.T)
    assert np.shares_memory(H(x), H(x))
    assert not H(x).flags.writeable
    assert "+" not in H.source


def test_arrays_that_can_change_are_read_again():
    A = np.random.default_rng(0).standard_normal((6, 6))
    view = A[:]
    view.setflags(write=False)  # whoever holds A can write to it all the same
    x = np.ones(6)
    for B in (A, view):
        H = wrt.hessian(lambda x, B=B: x @ B @ x)
        np.testing.assert_allclose(H(x), A + A.T)
        A[0, 1] += 1
        np.testing.assert_allclose(H(x), A + A.T)


def test_parts_that_cannot_change_are_made_once():
    x, v = variable("x", (5,)), np.arange(5.0)
    fixed, other = captured(read_only(np.outer(v, v + 1))), captured(np.eye(5))
    product = nest((5, 5), [Term((5, 5, 5), ats(range(2)), (Factor(fixed, ats((0, 2))), Factor(fixed, ats((2, 1)))))])
    node = nest((5,), [Term((5, 5), (at(0),), (Factor(multiply(product, other), ats((0, 1))), Factor(x, (at(1),))))])
    (made,) = folded([node])
    assert made is not node
    arrays = {x: np.linspace(1, 2, 5)}
    np.testing.assert_allclose(evaluate([made], arrays), evaluate([node], arrays))
    assert made.dtype == FLOAT


def test_views_are_not_copied():
    x = variable("x", (5,))
    fixed = captured(read_only(np.ones((5, 5))))
    node = nest((5,), [Term((5, 5), (at(0),), (Factor(transpose(fixed), ats((0, 1))), Factor(x, (at(1),))))])
    assert folded([node]) == [node]


# ----- triangles ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("below", [-2, -1, 0, 1])
@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("axis", [0, 1])
def test_rows_and_columns_of_a_triangle_of_ones(below, place, axis):
    """A row or a column that is all ones is not read from the triangle, any other is."""
    from wrt.graph.index import fixed
    from wrt.ops.accumulation import triangle

    x, T = variable("x", (4,)), triangle(4, below)
    index = (fixed(place), at(0)) if axis == 0 else (at(0), fixed(place))
    entries = np.take(np.tri(4, k=-below), place, axis)
    node = nest((2, 4), [Term((4,), (fixed(1), at(0)), (Factor(T, index), Factor(x, (at(0),))))])
    total = nest((), [Term((4,), (), (Factor(T, index), Factor(x, (at(0),))), 2.0)])
    (got, s), text = run([node, total], {x: np.arange(1.0, 5.0)})
    np.testing.assert_array_equal(got[1], entries * np.arange(1.0, 5.0))
    assert s == pytest.approx(2 * entries @ np.arange(1.0, 5.0))
    assert ("np.tri(" in text) == (not entries.all())


def test_the_joints_of_an_arm_need_no_triangle():
    lengths = np.array([1.0, 0.8, 0.6])

    def tip(q):
        a = np.cumsum(q)
        return np.array([np.sum(lengths * np.cos(a)), np.sum(lengths * np.sin(a)), a[-1]])

    q = np.array([0.1, -0.4, 0.7])
    J = wrt.jacobian(tip)
    np.testing.assert_allclose(J(q), wrt.numeric.jacobian(tip, q), rtol=1e-9, atol=1e-10)
    assert "np.tri(" not in J.source
