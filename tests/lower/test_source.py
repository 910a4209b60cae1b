"""Generated NumPy source computes what the definitions say."""

import numpy as np
import pytest

import wrt
from lower.random_nests import random_nest, raw
from wrt.graph.nest import nest
from wrt.lower.numpy_source import source
from wrt.ops.catalog import evaluate


def run(node, arrays):
    names = {v: v.attrs[0] for v in arrays}
    return source("program", names, [node]).compile()(*arrays.values())


@pytest.mark.parametrize("seed", range(600))
def test_random_nests(seed):
    rng = np.random.default_rng(seed)
    shape, terms, arrays = random_nest(rng)
    (want,) = evaluate([raw(shape, terms)], arrays)
    node = nest(shape, terms)
    got = run(node, arrays)
    assert np.shape(got) == shape
    np.testing.assert_allclose(got, want, atol=1e-12)
    (simplified,) = evaluate([node], arrays)
    np.testing.assert_allclose(simplified, want, atol=1e-12)


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (3, 1), (1, 1)])
def test_an_axis_of_one_that_is_not_the_first_keeps_its_place(shape):
    """NumPy aligns from the right, so that only leading axes may be left out."""
    A, z = np.arange(1.0, 1 + shape[0] * shape[1]).reshape(shape), np.array([1.5])
    J = wrt.jacobian(lambda A, z: A / np.sum(A**2, axis=1, keepdims=True) * z, wrt="z")
    np.testing.assert_allclose(J(A, z)[..., 0], A / np.sum(A**2, axis=1, keepdims=True))


def test_sums_over_unlike_ranges_are_not_merged(rng):
    """The same row, but one sum runs over more rows than the other."""
    A, w, v, x = rng.standard_normal((4, 5)), rng.standard_normal(5), rng.standard_normal(5), rng.standard_normal(5)

    def f(x):
        y = np.zeros(4)
        y += A @ (w * x)
        y[:2] += A[:2] @ (v * x)
        return y

    want = A * w
    want[:2] += A[:2] * v
    np.testing.assert_allclose(wrt.jacobian(f)(x), want)
    np.testing.assert_allclose(wrt.jvp(f)(x, tangent=w), want @ w)
    np.testing.assert_allclose(wrt.vjp(f)(x, cotangent=w[:4]), w[:4] @ want)
