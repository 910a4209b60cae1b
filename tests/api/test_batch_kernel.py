"""J.batch with compiled blocks: the same numbers, whole blocks by LLVM and the rest by NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import wrt
from wrt.api import batch_kernel

A = np.array([[1.5, 0.5, -0.25], [0.25, 2.0, 0.5], [-0.5, 0.75, 1.25]])

FUNCTIONS = {
    "spherical": lambda m, x: m.stack([m.sqrt(m.sum(x**2)), m.arctan2(x[1], x[0]), x[2] / m.sqrt(m.sum(x**2))]),
    "Lorenz": lambda m, x: m.array([10 * (x[1] - x[0]), x[0] * (28 - x[2]) - x[1], x[0] * x[1] - 8 / 3 * x[2]]),
    "layers": lambda m, x: m.tanh(A @ m.sin(A @ x)),
    "matrix": lambda m, x: m.outer(x, x) @ A,
    "inverse": lambda m, x: m.linalg.inv(4 * m.eye(3) + m.outer(x, x)),
    "where": lambda m, x: m.where(x > 0, m.exp(-x), 1 - x),
    "constant": lambda m, x: A @ x,
}


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(batch_kernel, "WORTH", 1)
    monkeypatch.setattr(batch_kernel, "MOST", 64)
    monkeypatch.setattr(batch_kernel, "_pays", lambda *_: True)


def compiled(J):
    return [state[1] for variants in J._variants.values() for v in variants for key, state in v.extra.items() if key[0] == "batch kernel"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_blocks_and_a_rest(name, rng):
    f = FUNCTIONS[name]
    X = rng.normal(size=(203, 3))
    wanted = jax.vmap(jax.jacfwd(lambda x: f(jnp, x)))(X)
    J = wrt.jacobian(lambda x: f(np, x))
    for threads in (1, 2):
        np.testing.assert_allclose(J.batch(X, threads=threads), wanted, rtol=1e-9, atol=1e-10)
    assert np.shape(J.batch(X[:0])) == (0, *wanted.shape[1:])
    np.testing.assert_allclose(J.batch(np.asfortranarray(X)), wanted, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(J.batch(X[::-1]), wanted[::-1], rtol=1e-9, atol=1e-10)
    if name in ("spherical", "Lorenz"):
        assert isinstance(compiled(J)[0], batch_kernel.BlockKernel)


def test_branches_arguments_and_second_order(rng):
    def f(x, t, c):
        return np.sum(np.sin(x * t)) * c if x[0] > 0 else np.prod(x) * t

    X, t = rng.normal(size=(400, 3)), rng.normal(size=400)
    for verb in (wrt.gradient, wrt.hessian):
        D, slow = verb(f), verb(f)
        np.testing.assert_allclose(D.batch(X, t, 1.5, batched="t"), [slow(X[i], t[i], 1.5) for i in range(400)], rtol=1e-9, atol=1e-12)


def test_float32_and_captured_arrays(rng):
    scale = np.array([1.0, 2.0, 3.0], np.float32)
    X = rng.normal(size=(200, 3)).astype(np.float32)
    J = wrt.jacobian(lambda x: scale * np.sin(x) * x[0])
    first = J.batch(X)
    assert first.dtype == np.float32
    scale *= 2
    np.testing.assert_allclose(J.batch(X), 2 * first, rtol=1e-6)


def test_numpy_if_asked_for(rng):
    J = wrt.jacobian(lambda x: x**2, backend="numpy")
    J.batch(rng.normal(size=(200, 3)))
    assert compiled(J) == []
