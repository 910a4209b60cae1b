"""Triangles of a matrix are written as np.tril and np.triu, with the numbers of the loop over their entries."""

import re

import numpy as np
import pytest

import wrt
from wrt.lower import triangle_dot

L = np.arange(144.0).reshape(12, 12) / 50 + np.eye(12)
L[0, 11] = np.inf  # outside the lower triangle: it must not come in as 0·inf
M = np.cos(np.arange(144.0)).reshape(12, 12)
x = np.linspace(-1, 1, 12)


@pytest.mark.parametrize(
    "function, written",
    [
        (lambda x: np.tril(L) @ x, "np.tril(k"),
        (lambda x: np.tril(L, -2) @ np.sin(x), "k=-2"),
        (lambda x: np.triu(L.T) @ x, ".T @ x"),
        (lambda x: np.triu(M) @ x, "np.triu(k"),
        (lambda x: np.triu(M, 1) @ x + x**2, "k=1"),
        (lambda x: x @ np.tril(L), "np.tril(k"),
        (lambda x: np.tril(M, 3) @ np.tanh(x[::-1]), "k=3"),
    ],
)
def test_it_is_written_as_a_triangle(function, written):
    J = wrt.jacobian(function)
    value, found = J.value_and(x)
    assert written in str(J._last.source("value_and"))
    np.testing.assert_allclose(value, function(x), rtol=1e-12)
    np.testing.assert_allclose(found, wrt.numeric.jacobian(function, x), rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(J.sparse(x).toarray(), found)


def test_by_the_matrix():
    def f(M):
        return np.tril(M) @ M

    M = np.cos(np.arange(144.0).reshape(12, 12))
    np.testing.assert_allclose(wrt.jacobian(f)(M), wrt.numeric.jacobian(f, M), rtol=1e-8, atol=1e-9)


def test_other_tables_stay():
    rows, columns = np.tril_indices(12)
    weights, M = np.arange(1.0, 79.0), np.cos(np.arange(144.0).reshape(12, 12))

    def f(x):
        out = np.zeros(12)
        np.add.at(out, rows, weights * M[columns, rows] * x[columns])
        return out

    np.testing.assert_allclose(wrt.jacobian(f)(x), wrt.numeric.jacobian(f, x), rtol=1e-8, atol=1e-9)


# ----- large triangles: tri_dot ----------------------------------------------------------------------------------------
LARGE = 300
R = np.random.default_rng(0)
B, C = R.standard_normal((LARGE, LARGE)) / 10, R.standard_normal((LARGE, 270)) / 10
B[0, -1] = np.inf  # outside the lower triangle
z = R.standard_normal(LARGE)


@pytest.fixture(scope="module")
def tri_dot():
    space = {"np": np}
    exec(triangle_dot.HELPER, space)
    return space["tri_dot"]


@pytest.mark.parametrize("side", [np.tril, np.triu])
@pytest.mark.parametrize("dtype, error", [(np.float64, 1e-12), (np.float32, 1e-4)])
@pytest.mark.parametrize("n, m", [(0, 3), (3, 0), (1, 1), (15, 16), (16, 15), (33, 40), (64, 64), (65, 64), (100, 257), (257, 100), (300, 300)])
def test_the_helper_on_every_diagonal(tri_dot, n, m, dtype, error, side, rng):
    A, x = rng.standard_normal((n, m)).astype(dtype), rng.standard_normal(2 * m).astype(dtype)[::2]
    for k in sorted({-1000, -n, 1 - n, -33, -16, -1, 0, 1, 17, 32, m - 1, m, 1000}):
        for matrix in (A, np.asfortranarray(A), rng.standard_normal((2 * n, 3 * m)).astype(dtype)[::2, ::-3]):
            found = side(matrix, k) @ x
            made = tri_dot(side, matrix, x, k)
            assert made.dtype == dtype
            np.testing.assert_allclose(made, found, rtol=error, atol=10 * error)


@pytest.mark.parametrize("k", [-3, -1, 0, 5])
def test_the_helper_reads_its_side_only(tri_dot, k, rng):
    """What stands on the other side, be it inf, is not multiplied by zero."""
    A, x = rng.standard_normal((200, 190)), rng.standard_normal(190)
    lower = np.tri(200, 190, k, dtype=bool)
    np.testing.assert_allclose(tri_dot(np.tril, np.where(lower, A, np.inf), x, k), np.tril(A, k) @ x, rtol=1e-12)
    np.testing.assert_allclose(tri_dot(np.triu, np.where(lower, np.nan, A), x, k + 1), np.triu(A, k + 1) @ x, rtol=1e-12)


@pytest.mark.parametrize(
    "function, n, written",
    [
        (lambda x: np.tanh(np.tril(B, -1) @ x), LARGE, "tri_dot(np.tril, k, x, -1)"),
        (lambda x: np.tanh(np.triu(B.T, 3) @ np.sin(x)) * x, LARGE, "tri_dot(np.triu, k.T, np.sin(x), 3)"),
        (lambda x: np.tanh(x @ np.tril(B, 2)), LARGE, "tri_dot(np.triu, k.T, x, -2)"),
        (lambda x: np.tanh(x**2 @ np.triu(C, -4)), LARGE, "tri_dot(np.tril, k.T, x * x, 4)"),
        (lambda x: np.tanh(np.tril(C, 5) @ x), 270, "tri_dot(np.tril, k, x, 5)"),
        (lambda x: x @ np.tril(B, -1) @ x * np.cos(x), LARGE, "tri_dot(np.tril, k, x, -1)"),
        (lambda x: np.tril(B) @ (x * np.cos(x)) + np.triu(B.T, 1) @ x, LARGE, "tri_dot(np.triu, k.T, x, 1)"),
    ],
)
def test_large_products_read_the_triangle(function, n, written, rng):
    x, v = rng.standard_normal(n) / 9, rng.standard_normal(n)
    J = wrt.jacobian(function)
    value, found = J.value_and(x)
    text = str(J._last.source("value_and"))
    assert written in text
    assert text.count("def tri_dot(") == 1
    np.testing.assert_allclose(value, function(x), rtol=1e-12, atol=1e-14)
    expected = wrt.numeric.jacobian(function, x)
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(wrt.jvp(function)(x, tangent=v), expected @ v, rtol=1e-7, atol=1e-7)
    w = rng.standard_normal(len(value))
    np.testing.assert_allclose(wrt.vjp(function)(x, cotangent=w), w @ expected, rtol=1e-7, atol=1e-7)


def test_gradient_and_second_derivative_of_large_products(rng):
    def f(x, W):
        return np.tanh(np.tril(W, -1) @ x).sum()

    x, W = rng.standard_normal(LARGE) / 9, rng.standard_normal((LARGE, LARGE)) / 9
    G = wrt.gradient(f)
    value, found = G.value_and(x, W)
    text = str(G._last.source("value_and"))
    assert "tri_dot(np.tril, W, x, -1)" in text
    assert "tri_dot(np.triu, W.T, " in text
    np.testing.assert_allclose(value, f(x, W), rtol=1e-12)
    np.testing.assert_allclose(found, wrt.numeric.jacobian(lambda x: f(x, W), x), rtol=1e-7, atol=1e-8)
    t, L = np.tanh(np.tril(W, -1) @ x), np.tril(W, -1)
    np.testing.assert_allclose(wrt.gradient(f, wrt="W")(x, W), np.tril(np.outer(1 - t**2, x), -1), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(wrt.hvp(f)(x, W, tangent=x), L.T @ (-2 * t * (1 - t**2) * (L @ x)), rtol=1e-10, atol=1e-12)


def test_small_products_stay(rng):
    W, x = rng.standard_normal((255, 255)), rng.standard_normal(255)
    J = wrt.jacobian(lambda x: np.tanh(np.tril(W) @ x))
    J.value_and(x)
    text = str(J._last.source("value_and"))
    assert "tri_dot" not in text
    assert re.search(r"np.tril\(k\d?\) @ x", text)


def test_the_users_own_tri_dot(rng):
    x, W = rng.standard_normal(LARGE) / 9, rng.standard_normal((LARGE, LARGE)) / 9
    J = wrt.jacobian(lambda tri_dot, W: np.tanh(np.tril(W, 1) @ tri_dot))
    value, found = J.value_and(x, W)
    assert "np.tril(W, k=1) @ tri_dot" in str(J._last.source("value_and"))
    np.testing.assert_allclose(found, (1 - value**2)[:, None] * np.tril(W, 1), rtol=1e-12, atol=1e-14)


def test_float32_stays(rng):
    x, W = (rng.standard_normal(shape).astype(np.float32) / 9 for shape in (LARGE, (LARGE, LARGE)))
    J = wrt.jacobian(lambda x, W: x * np.exp(np.tanh(np.tril(W, -1) @ x)))
    found = J.logabsdet(x, W)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, np.tanh(np.tril(W, -1).astype(float) @ x).sum(), rtol=1e-4)


@pytest.mark.parametrize("target, written", [("numpy", "tri_dot(np.tril, W, x, 0)"), ("numba", "numba.njit"), ("jax", "tril(W) @ x"), ("torch", "tril(W) @ x")])
def test_other_targets_have_the_plain_form(target, written, rng):
    d = wrt.derive("np.tanh(np.tril(W) @ x)", wrt="x", shapes={"x": (LARGE,), "W": (LARGE, LARGE)})
    text = d.source(target)
    assert written in text
    assert text.count("tri_dot") == (2 if target == "numpy" else 0)
    if target in ("numpy", "numba"):
        x, W, space = rng.standard_normal(LARGE) / 9, rng.standard_normal((LARGE, LARGE)) / 9, {}
        exec(text, space)
        _, found = space["value_and_derivative"](W=W, x=x)
        np.testing.assert_allclose(found, (1 - np.tanh(np.tril(W) @ x) ** 2)[:, None] * np.tril(W), rtol=1e-12, atol=1e-14)


def test_a_saved_program_runs_by_itself(rng):
    x, W = rng.standard_normal(LARGE) / 9, rng.standard_normal((LARGE, LARGE)) / 9
    G = wrt.gradient(lambda x, W: np.tanh(np.tril(W, -1) @ x).sum())
    found = G(x, W)
    space = {}
    exec(G._last.source(G.kind).standalone(), space)
    np.testing.assert_array_equal(space[G.kind](x, W), found)
