"""J.batch(X): one Jacobian for each point, against JAX's vmap of jacfwd and against a loop of J(x)."""

import copy
import re
import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import expm

import wrt
from wrt.api import batch_program

A = np.array([[1.5, 0.5, -0.25], [0.25, 2.0, 0.5], [-0.5, 0.75, 1.25]])
B = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])
IDX = np.array([2, 0, 0, 1])


def recurrence(m, x):
    for k in range(5):
        x = m.sin(A @ x) + 0.1 * k * x
    return x


FUNCTIONS = {  # of a point (3,), in NumPy's and in JAX's words
    "spherical": lambda m, x: m.stack([m.sqrt(m.sum(x**2)), m.arccos(x[2] / m.sqrt(m.sum(x**2))), m.arctan2(x[1], x[0])]),
    "Lorenz": lambda m, x: m.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]),
    "Rosenbrock": lambda m, x: m.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "linear": lambda m, x: A @ x,
    "linear, then entrywise": lambda m, x: m.tanh(A @ x),
    "quadratic form": lambda m, x: x @ A @ x,
    "gather": lambda m, x: m.sin(x[IDX]) * x[IDX[::-1]],
    "scatter": lambda m, x: m.bincount(IDX[:3], weights=x, minlength=3) if m is np else jnp.zeros(3).at[IDX[:3]].add(x),
    "flip and roll": lambda m, x: x[::-1] * m.roll(x, 1),
    "softmax": lambda m, x: m.exp(x) / m.sum(m.exp(x)),
    "log-sum-exp": lambda m, x: m.log(m.sum(m.exp(x))),
    "norm": lambda m, x: x / m.linalg.norm(x),
    "all norms": lambda m, x: m.array([m.linalg.norm(x), m.linalg.norm(x, 1), m.max(x), m.min(x), m.prod(x)]),
    "higher rank": lambda m, x: m.sin(B + x) * x,
    "column by row": lambda m, x: x[:, None] * m.cos(x)[None, :],
    "matrix": lambda m, x: m.outer(x, x) @ A + A * x,
    "inverse": lambda m, x: m.linalg.inv(A + m.outer(x, x)),
    "solve": lambda m, x: m.linalg.solve(A + 0.1 * m.outer(x, x), m.sin(x)),
    "solve, one matrix": lambda m, x: m.linalg.solve(A, m.sin(x)),
    "solve, one right side": lambda m, x: m.linalg.solve(A + 0.1 * m.outer(x, x), A[0]),
    "solve, matrices": lambda m, x: m.linalg.solve(A + 0.1 * m.outer(x, x), A * x),
    "determinant": lambda m, x: m.linalg.det(A + m.outer(x, x)),
    "log-determinant": lambda m, x: m.linalg.slogdet(A + m.outer(x, x))[1],
    "eigenvalues": lambda m, x: m.linalg.eigvalsh(m.diag(m.array([1.0, 4.0, 9.0])) + 0.2 * m.outer(x, x)),
    "Cholesky": lambda m, x: m.linalg.cholesky(m.eye(3) + m.outer(x, x)),
    "singular values": lambda m, x: m.linalg.svd(A * x, compute_uv=False),
    "running": lambda m, x: m.cumsum(x) * m.cumprod(m.cos(x)),
    "sort": lambda m, x: m.sort(x) ** 2,
    "where": lambda m, x: m.where(x > 0, m.sqrt(m.abs(x)), x**2),
    "clip": lambda m, x: m.clip(x, -0.5, 0.5) * x[0],
    "constant": lambda m, x: m.ones(2) * 3.0,
    "einsum": lambda m, x: m.einsum("ij,j,k->ik", A, x, m.sin(x)),
    "identity": lambda m, x: x,
    "recurrence": recurrence,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_as_jax_maps_it(name, rng):
    f = FUNCTIONS[name]
    X = rng.normal(size=(7, 3)) + 0.1
    found = wrt.jacobian(lambda x: f(np, x)).batch(X)
    np.testing.assert_allclose(found, jax.vmap(jax.jacfwd(lambda x: f(jnp, x)))(X), rtol=1e-9, atol=1e-10)
    assert found.flags.writeable
    assert found.base is None


@pytest.mark.parametrize("name", [name for name, f in FUNCTIONS.items() if np.ndim(f(np, np.ones(3))) == 0])
def test_gradients_and_hessians(name, rng):
    f = FUNCTIONS[name]
    X = rng.normal(size=(5, 3)) + 0.1
    np.testing.assert_allclose(wrt.gradient(lambda x: f(np, x)).batch(X), jax.vmap(jax.grad(lambda x: f(jnp, x)))(X), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(wrt.hessian(lambda x: f(np, x)).batch(X), jax.vmap(jax.hessian(lambda x: f(jnp, x)))(X), rtol=1e-8, atol=1e-9)


def test_the_matrix_exponential_and_other_input_shapes(rng):
    X = 0.3 * rng.normal(size=(4, 2, 2))
    J = wrt.jacobian(expm)
    np.testing.assert_allclose(J.batch(X), [J(x) for x in X], rtol=1e-12)
    np.testing.assert_allclose(wrt.jacobian(lambda M: M @ M.T).batch(X), jax.vmap(jax.jacfwd(lambda M: M @ M.T))(X), rtol=1e-12, atol=1e-14)
    t = rng.normal(size=6)
    np.testing.assert_allclose(wrt.jacobian(lambda s: np.array([np.cos(s), s**2])).batch(t), np.stack([-np.sin(t), 2 * t], axis=1), rtol=1e-13)
    np.testing.assert_allclose(wrt.gradient(lambda s: s**3).batch(t), 3 * t**2, rtol=1e-13)


# ----- branches -------------------------------------------------------------------------------------------------------
def quadrants(x):
    if x[0] > 0:
        return x**2 if x[1] > 0 else np.sin(x) * x[0]
    for _ in range(int(abs(x[0])) + 1):
        x = x * np.cos(x[1])
    return x


def steps_needed(x):
    y = x
    while np.sum(y**2) > 0.1:
        y = 0.5 * np.sin(y) * x[0] / (1 + abs(x[0]))
    return y


def largest(x):
    return x[np.argmax(x)] * x


def masked(x):
    return np.array([np.sum(x[x > 0] ** 2), np.sum(x)])


def looked_up(x):
    table = [np.sin, np.cos, np.tanh]
    return table[int(x[2] * 10) % 3](x)


def guarded_index(x):
    if x[0] < 0:
        return x * 2
    return np.array([1.0, 2.0, 3.0])[int(x[0])] * x if x[0] < 3 else x**3


def singular_elsewhere(x):
    M = np.array([[x[0], 0.0], [0.0, x[1]]])
    if x[0] == 0 or x[1] == 0:
        return x
    return np.linalg.inv(M)[0] if np.linalg.det(M) > 0.01 else np.linalg.inv(M)[1]


@pytest.mark.parametrize("f", [quadrants, steps_needed, largest, masked, looked_up, guarded_index, singular_elsewhere])
def test_each_point_takes_its_own_branch(f, rng):
    X = 2 * rng.normal(size=(60, 3))
    X[::7, 0] = 0
    J = wrt.jacobian(f)
    wanted = [wrt.jacobian(f)(x) for x in X]
    shapes = {w.shape for w in wanted}
    if len(shapes) == 1:
        np.testing.assert_allclose(J.batch(X), wanted, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(J.batch(X[1:5]), [J(x) for x in X[1:5]], rtol=1e-12, atol=1e-14)


def test_every_branch_is_traced_once(rng):
    calls = []

    def f(x):
        calls.append(1)
        return x**2 if x[0] > 0 else x**3

    X = rng.normal(size=(200, 3))
    J = wrt.jacobian(f)
    J.batch(X)
    first = len(calls)
    assert first <= 2
    J.batch(X[:50])
    J.batch(rng.normal(size=(77, 3)))
    assert len(calls) == first


def test_a_guard_that_reads_what_all_points_share(rng):
    def f(x, n, kind):
        return x**n if kind[0] > 0 else x * n

    X = rng.normal(size=(4, 3))
    J = wrt.jacobian(f)
    for kind in (np.array([1.0]), np.array([-1.0])):
        np.testing.assert_allclose(J.batch(X, 3.0, kind), [J(x, 3.0, kind) for x in X])


def test_branches_of_different_shapes_are_refused(rng):
    with pytest.raises(wrt.ShapeError, match=re.escape("has derivatives of shape (3, 3) at some points and of shape (2, 3) at others")):
        wrt.jacobian(lambda x: x if x[0] > 0 else x[:2]).batch(np.array([[1.0, 2, 3], [-1.0, 2, 3]]))


# ----- arguments ------------------------------------------------------------------------------------------------------
def damped(t, p, scale):
    return scale * p["a"] * np.exp(-t[0] * p["k"]) * np.sin(t)


def test_other_arguments_are_shared(rng):
    T = rng.normal(size=(5, 2))
    J = wrt.jacobian(damped)
    p = {"a": 2.0, "k": np.array([0.5, 0.25])}
    np.testing.assert_allclose(J.batch(T, p, 3), [J(t, p, 3) for t in T], rtol=1e-13)


def test_other_arguments_may_vary_along(rng):
    def f(x, t, w, c):
        return np.sin(t * x) + w @ x * c

    X, t, W, c = rng.normal(size=(6, 3)), rng.normal(size=6), rng.normal(size=(6, 3, 3)), 1.5
    J = wrt.jacobian(f)
    np.testing.assert_allclose(J.batch(X, t, W, c, batched=("t", "w")), [J(X[i], t[i], W[i], c) for i in range(6)], rtol=1e-12)
    np.testing.assert_allclose(J.batch(X, t[0], W, c, batched="w"), [J(X[i], t[0], W[i], c) for i in range(6)], rtol=1e-12)
    by_w = wrt.jacobian(f, wrt="w")
    np.testing.assert_allclose(by_w.batch(X[0], t[0], W, c), [by_w(X[0], t[0], w, c) for w in W], rtol=1e-12)


def test_integer_indices_may_vary_along(rng):
    X, which = rng.normal(size=(6, 3)), rng.integers(0, 3, size=(6, 2))
    J = wrt.jacobian(lambda x, k: x[k] ** 2)
    np.testing.assert_allclose(J.batch(X, which, batched="k"), [J(X[i], which[i]) for i in range(6)], rtol=1e-13)


def test_several_inputs(rng):
    def f(x, y):
        return np.outer(x, y) * y[0]

    X, Y = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    J = wrt.jacobian(f, wrt=("x", "y"))
    for found, wanted in zip(J.batch(X, Y), zip(*(J(x, y) for x, y in zip(X, Y, strict=True)), strict=True), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-13)
    H = wrt.hessian(lambda x, y: np.sum(f(x, y) ** 2), wrt=("x", "y"))
    at_points = [H(x, y) for x, y in zip(X, Y, strict=True)]
    for a in (0, 1):
        for b in (0, 1):
            np.testing.assert_allclose(H.batch(X, Y)[a][b], [h[a][b] for h in at_points], rtol=1e-12)


def test_numbers_of_points(rng, monkeypatch):
    f = FUNCTIONS["spherical"]
    J = wrt.jacobian(lambda x: f(np, x))
    assert J.batch(np.zeros((0, 3))).shape == (0, 3, 3)
    X = rng.normal(size=(20_011, 3))
    wanted = jax.jit(jax.vmap(jax.jacfwd(lambda x: f(jnp, x))))(X)
    for n in (1, 2, 1000, 20_011):
        np.testing.assert_allclose(J.batch(X[:n]), wanted[:n], rtol=1e-10, atol=1e-12)
    monkeypatch.setattr(batch_program, "SHARED", 2**16)  # many blocks, so that threads take part
    for threads in (None, 1, 3):
        np.testing.assert_allclose(J.batch(X, threads=threads), wanted, rtol=1e-10, atol=1e-12)


def test_large_points_go_one_block_at_a_time(rng):
    X = rng.normal(size=(3, 400))
    found = wrt.jacobian(lambda x: np.outer(x, x[:2])).batch(X)
    np.testing.assert_allclose(found, [wrt.jacobian(lambda x: np.outer(x, x[:2]))(x) for x in X])


def test_float32_stays_float32(rng):
    X = rng.normal(size=(9, 3)).astype(np.float32)
    found = wrt.jacobian(lambda x: np.where(x > 0, np.sin(x), 2.0) * x[0]).batch(X)
    assert found.dtype == np.float32
    wide = wrt.jacobian(lambda x: np.where(x > 0, np.sin(x), 2.0) * x[0]).batch(X.astype(float))
    np.testing.assert_allclose(found, wide, rtol=1e-5, atol=1e-6)


def test_integers_become_floating_with_one_warning():
    with pytest.warns(wrt.Promotion) as seen:
        found = wrt.gradient(lambda x: x[0] * x[1]).batch(np.array([[1, 2], [3, 4]]))
    assert len(seen) == 1
    np.testing.assert_array_equal(found, [[2.0, 1.0], [4.0, 3.0]])


def test_points_of_any_memory_layout_are_only_read(rng):
    X = np.asfortranarray(rng.normal(size=(8, 3)))
    X.flags.writeable = False
    J = wrt.jacobian(lambda x: x[0] * x[1:] ** 2)
    np.testing.assert_allclose(J.batch(X), [J(x) for x in X], rtol=1e-14)
    np.testing.assert_allclose(J.batch(X[::-2]), [J(x) for x in X[::-2]], rtol=1e-14)


def test_captured_arrays_are_read_again(rng):
    scale = np.array([1.0, 2.0, 3.0])
    J = wrt.jacobian(lambda x: scale * x**2)
    X = rng.normal(size=(4, 3))
    J.batch(X)
    scale[:] = 5.0
    np.testing.assert_allclose(J.batch(X), [np.diag(10 * x) for x in X])


def test_a_parameter_called_N(rng):
    def f(N, _out0, t1):
        return N[0] * N + _out0 * t1

    X = rng.normal(size=(4, 3))
    J = wrt.jacobian(f)
    np.testing.assert_allclose(J.batch(X, 2.0, np.ones(3)), [J(x, 2.0, np.ones(3)) for x in X])


# ----- options --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("layout", ["numerator", "denominator", "mixed"])
@pytest.mark.parametrize("view, order", [("tensor", "C"), ("matrix", "C"), ("matrix", "F")])
@pytest.mark.parametrize("f", [lambda x: x @ B.T, lambda x: np.outer(x[:, 1], x[0]) * x[1], np.sum])
def test_layouts_are_per_point(layout, view, order, f, rng):
    X = rng.normal(size=(4, 2, 3))
    J = wrt.jacobian(f, layout=layout, view=view, order=order)
    np.testing.assert_allclose(J.batch(X), [J(x) for x in X], rtol=1e-13)
    H = wrt.hessian(f, view=view, order=order)
    np.testing.assert_allclose(H.batch(X), [H(x) for x in X], rtol=1e-13)


def test_what_is_known_after_a_batch(rng):
    J = wrt.jacobian(lambda x: x**2)
    J.batch(rng.normal(size=(4, 3)))
    assert J.structure.kind == "diagonal"
    again = copy.copy(J)
    assert again.batch(np.zeros((2, 3))).shape == (2, 3, 3)


def test_max_bytes_counts_all_points():
    J = wrt.jacobian(lambda x: x**2, max_bytes=1000)
    assert J.batch(np.ones((10, 3))).shape == (10, 3, 3)
    with pytest.raises(wrt.ArgumentError, match=r"100 derivatives of .* would take 7200 bytes, and max_bytes is 1000"):
        J.batch(np.ones((100, 3)))


def test_in_several_threads_at_once(rng):
    J = wrt.jacobian(quadrants)
    X = rng.normal(size=(300, 3))
    wanted = [wrt.jacobian(quadrants)(x) for x in X]
    found = [None] * 4

    def work(k):
        found[k] = J.batch(X)

    workers = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    for each in found:
        np.testing.assert_allclose(each, wanted, rtol=1e-12)


# ----- messages -------------------------------------------------------------------------------------------------------
def test_points_must_have_an_axis_of_their_own():
    with pytest.raises(wrt.ArgumentError, match=re.escape("x is a single number, 2.0; batch takes an array with one point in each row, of shape (N, …).")):
        wrt.jacobian(np.sin).batch(2.0)
    with pytest.raises(wrt.ArgumentError, match="t is a str; batch takes an array"):
        wrt.jacobian(lambda x, t: x).batch(np.ones((2, 3)), "a", batched="t")


def test_inputs_must_be_equally_long():
    with pytest.raises(wrt.ShapeError, match=re.escape("must be equally long; got x (2, 3), t (3,).")):
        wrt.jacobian(lambda x, t: x * t).batch(np.ones((2, 3)), np.ones(3), batched=("t",))


def test_names_must_be_arguments():
    with pytest.raises(wrt.ArgumentError, match="gets no argument 's' in this call; it gets x, t"):
        wrt.jacobian(lambda x, t: x * t).batch(np.ones((2, 3)), 1.0, batched="s")


@pytest.mark.parametrize("threads", [0, -1, 1.5, True])
def test_threads_are_a_count(threads):
    with pytest.raises(wrt.ArgumentError, match="threads must be None"):
        wrt.jacobian(np.sin).batch(np.ones((2, 3)), threads=threads)


def test_what_has_no_derivative_is_refused_as_ever():
    with pytest.raises(wrt.Unsupported, match="eig"):
        wrt.jacobian(lambda x: np.linalg.eig(np.outer(x, x))[0]).batch(np.ones((2, 3)))


def test_an_error_at_one_point_is_the_error():
    with pytest.raises(np.linalg.LinAlgError):
        wrt.jacobian(np.linalg.inv).batch(np.stack([np.eye(2), np.zeros((2, 2))]))


def test_variants_of_other_points_do_not_matter():
    J = wrt.jacobian(lambda x: np.sin(x)[x > 0])
    J(np.array([1.0, -1, -1]))
    assert J.batch(np.array([[1.0, 2, -1], [2.0, 1, -1]])).shape == (2, 2, 3)
