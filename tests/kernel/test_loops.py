"""Compiled loops give what the NumPy source gives: random programs, stencils at all small sizes, gathers and scatters."""

import random

import numpy as np
import pytest

import wrt
from conftest import PROFILE
from fuzz.programs import program
from kernel.compiled import llvm, numpy
from wrt.lower.kernel import build, machine, reader, schedule, triangle
from wrt.lower.kernel.build import NotCompiled

pytestmark = pytest.mark.skipif(bool(machine.available()), reason=machine.available() or "compiled programs can be had")
MANY = 1500 if PROFILE == "thorough" else 60
POINT = {"x": np.array([0.31, -0.72, 1.13]), "X": np.array([[0.4, -1.2, 0.85], [-0.55, 0.65, 1.45]])}


@pytest.fixture
def loops(monkeypatch):
    """Nothing is written out: loops, lists of points and tables are used for arrays of three numbers."""
    monkeypatch.setattr(build, "WRITTEN_OUT", -1)
    monkeypatch.setattr(schedule, "SMALL", 2)
    monkeypatch.setattr(reader, "UNROLLED", 4)
    monkeypatch.setattr(reader, "LISTED", 0)


def agree(got, want, what):
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        assert a.shape == b.shape, what
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * max(1.0, np.abs(b).max(initial=0)), err_msg=what)


def prepared(f, *args, **kwargs):
    J = wrt.jacobian(f, backend="numpy", wrt=kwargs.pop("wrt", 0))
    J.value_and(*args, **kwargs)
    return J._last


def compare(seed):
    chosen = random.Random(seed)
    p = program(chosen, chosen.randint(1, 9))
    try:
        made = prepared(p.function("numpy", np), wrt=("x", "X"), **POINT)
    except wrt.WrtError:
        return False
    arrays = [np.ascontiguousarray(POINT[name]) for name in made.inputs.values()]
    nodes = [made.node, *made.dense]
    try:
        found = llvm(made.inputs, arrays, nodes)
    except NotCompiled:
        return False
    with np.errstate(all="ignore"):
        agree(found, numpy(made.inputs, arrays, nodes), p.source("numpy"))
    return True


def test_random_programs_written_out():
    assert sum(compare(seed) for seed in range(MANY)) > 0.9 * MANY


def test_random_programs_in_loops(loops):
    assert sum(compare(seed) for seed in range(MANY, 2 * MANY)) > 0.9 * MANY


def ring(n):
    def f(x):
        u, v = x[: n * n].reshape(n, n), x[n * n :].reshape(n, n)

        def around(w):
            return np.roll(w, 1, 0) + np.roll(w, -1, 0) + np.roll(w, 1, 1) + np.roll(w, -1, 1) - 4 * w

        return np.concatenate([(3 + u**2 * v - 2 * u + 0.1 * around(u)).ravel(), (2 * u - u**2 * v + 0.3 * around(v)).ravel()])

    return f, 2 * n * n


def line(n):
    def f(u):
        w = np.concatenate([[0.0], u, [1.0]])
        flux = np.tanh(w[1:]) * w[:-1] ** 2
        return flux[1:] - flux[:-1] + 0.1 * (w[2:] - 2 * w[1:-1] + w[:-2])

    return f, n


def network(n):
    chosen = np.random.default_rng(n)
    a = chosen.integers(0, n, 2 * n)
    b = (a + 1 + chosen.integers(0, n - 1, 2 * n)) % n

    def f(x):
        out = np.zeros(n)
        flow = np.sin(x[a] - x[b]) * x[a]
        np.add.at(out, a, flow)
        np.add.at(out, b, -flow)
        return out + np.bincount(a, weights=flow, minlength=n)

    return f, n


def strided(n):
    def f(x):
        out = np.zeros(2 * n)
        out[::2] = np.exp(x)
        out[1::2] = x[::-1] * np.cos(x)
        return out[1:] * out[:-1]

    return f, n


def blocks(n):
    def f(x):
        X = x.reshape(n, 3)
        r = np.sqrt(np.sum(X**2, axis=1, keepdims=True) + 1)
        return np.cross(X / r, np.roll(X, 1, 1)).ravel()

    return f, 3 * n


@pytest.mark.parametrize("make", [ring, line, network, strided, blocks])
@pytest.mark.parametrize("n", [2, 3, 4, 5, 9, 40])
def test_sparse_refill(make, n):
    f, size = make(n)
    rng = np.random.default_rng(n)
    J = wrt.jacobian(f, backend="llvm")
    A = J.sparse(rng.uniform(0.5, 1.5, size))
    for form in ("csr", "csc", "coo", "bsr"):
        x = rng.uniform(0.5, 1.5, size)
        want = wrt.jacobian(f, backend="numpy")(x)
        made = J.sparse(x, format=form)
        np.testing.assert_allclose(made.toarray(), want, rtol=1e-11, atol=1e-12)
        made.data[...] = np.nan
        assert J.sparse(x, format=form, out=made) is made
        np.testing.assert_allclose(made.toarray(), want, rtol=1e-11, atol=1e-12)
    assert J.sparse(x, out=A) is A
    np.testing.assert_allclose(A.toarray(), want, rtol=1e-11, atol=1e-12)
    assert "LLVM" in J.plan


@pytest.mark.parametrize("make", [ring, line, network, strided, blocks])
def test_patterns_hold_all_nonzeros_and_no_more_than_the_terms(make):
    f, size = make(5)
    J = wrt.jacobian(f)
    x = np.random.default_rng(0).uniform(0.5, 1.5, size)
    A = J.sparse(x)
    assert A.has_canonical_format
    assert A.indices.dtype == np.int32
    assert J.pattern.nnz == A.nnz
    nonzero = J(x) != 0
    assert np.all(A.toarray()[nonzero] != 0)
    assert np.count_nonzero(nonzero) >= 0.8 * A.nnz


def test_sums_over_long_axes_are_added_up(loops):
    """A loop over a label that is not in the place must add, also where it turns as often as the array has entries."""
    for f, x in [
        (lambda x: np.concatenate([x.reshape(2, 3).sum(1), np.zeros(4)]), np.arange(6.0)),
        (lambda x: np.bincount(np.array([0, 0, 1, 1, 2, 2]), weights=x**2, minlength=6), np.arange(6.0)),
    ]:
        made = prepared(f, x)
        nodes = [made.node, *made.dense]
        agree(llvm(made.inputs, [x], nodes), numpy(made.inputs, [x], nodes), "sums")


def elements(n):
    """Assembly: each element adds to its two nodes."""
    e = np.stack([np.arange(n - 1), np.arange(1, n)], 1)

    def f(x):
        y = np.zeros(n)
        np.add.at(y, e, x[e] ** 2)
        return np.sin(y) * x

    return f, n


def convolution(n):
    return lambda x: np.sin(np.convolve(x, [1, 0.5, 0.25])) ** 2, n


def pairs(n):
    p = np.arange(n) // 2
    return lambda x: np.bincount(p, weights=x * x, minlength=n) ** 2, n


@pytest.mark.parametrize("make", [elements, convolution, pairs, network, strided])
@pytest.mark.parametrize("n", [2, 5, 13, 60, 520])
def test_functions_of_sums_that_overlap(make, n):
    f, size = make(n)
    x = np.random.default_rng(n).uniform(0.5, 1.5, size)
    J, N = wrt.jacobian(f, backend="llvm"), wrt.jacobian(f, backend="numpy")
    A = J.sparse(x)
    for form in ("csr", "csc"):
        A = J.sparse(x, format=form)
        A.data[...] = 7
        np.testing.assert_allclose(J.sparse(x, out=A).toarray(), N(x), rtol=1e-11, atol=1e-12)
    if n < 100:
        for _ in range(2):
            value, jacobian = J.value_and(x)
            np.testing.assert_allclose(value, f(x), rtol=1e-12)
            np.testing.assert_allclose(jacobian, N(x), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(J.batch(np.stack([x] * 40)), np.stack([N(x)] * 40), rtol=1e-11, atol=1e-12)
    total = lambda x: np.sum(f(x) ** 2)
    H, R = wrt.hessian(total, backend="llvm"), wrt.hessian(total, backend="numpy")
    B = H.sparse(x)
    for _ in range(2):
        B.data[...] = 7
        np.testing.assert_allclose(H.sparse(x, out=B).toarray(), R.sparse(x).toarray(), rtol=1e-10, atol=1e-10)


def triangles():
    """Products with triangles of all kinds: (name, f, W, x), where the triangle has something in each of its rows, in some of them, or in none."""
    for n, m in ((12, 12), (9, 14), (14, 9)):
        for k in (-n + 1, -5, -1, 0, 1, 4, m - 1):
            for side in (np.tril, np.triu):
                yield f"{side.__name__} {n} {m} {k}", side, k, n, m


@pytest.mark.parametrize("name, side, k, n, m", list(triangles()), ids=[name for name, *_ in triangles()])
def test_triangles(name, side, k, n, m, rng, loops, monkeypatch):
    """Lists of the entries of a triangle become loops over its rows and columns."""
    monkeypatch.setattr(triangle, "SHORTEST", 2)
    W, x, y = rng.standard_normal((n, m)), rng.standard_normal(m), rng.standard_normal(n)
    T = side(W, k)
    for f, point, want in (
        (lambda x, W: side(W, k) @ x, x, T @ x),
        (lambda y, W: y @ side(W, k), y, y @ T),
        (lambda y, W: np.sin(side(W, k)).T @ y, y, np.sin(T).T @ y),
    ):
        made = prepared(f, point, W)
        np.testing.assert_allclose(llvm(made.inputs, [point, W], [made.node])[0], want, rtol=1e-12, atol=1e-13)
    J = wrt.jacobian(lambda x, W: side(W, k) @ x**2, backend="llvm")
    np.testing.assert_allclose(J(x, W), T * 2 * x, rtol=1e-13)
    np.testing.assert_allclose(J.sparse(x, W).toarray(), T * 2 * x, rtol=1e-13)


def test_no_table_of_a_triangle_is_read(rng):
    W, x = rng.standard_normal((300, 300)), rng.standard_normal(300)
    J = wrt.jacobian(lambda x: x * np.exp(np.tanh(np.tril(W, -1) @ x)), backend="llvm")
    for _ in range(2):
        assert J.logabsdet(x) == pytest.approx(np.tanh(np.tril(W, -1) @ x).sum(), rel=1e-12)
    assert "for j in range(i + 1):" in J.plan
    assert "table" not in J.plan
