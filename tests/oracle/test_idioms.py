"""The 23 everyday ways to write a function in plain NumPy: 23 right, by differences and, where JAX can run them, by JAX."""

import inspect

import jax
import jax.numpy
import jax.scipy.special
import numpy as np
import pytest

import wrt
from data import idioms

X = np.array([0.3, 0.7, 1.1])
IDIOMS = {name: f for name, f in vars(idioms).items() if inspect.isfunction(f)}
JAX_CANNOT = {"inplace", "empty_like", "mgrid_out"}  # they write into arrays


def in_jax(name):
    """The same function with jax.numpy in the place of NumPy."""
    space = {"np": jax.numpy, "sp": jax.scipy.special, "A": jax.numpy.asarray(idioms.A)}
    exec(inspect.getsource(IDIOMS[name]), space)
    return space[name]


def test_there_are_23():
    assert len(IDIOMS) == 23


@pytest.mark.parametrize("name", IDIOMS)
def test_against_differences(name):
    f = IDIOMS[name]
    found, limit = wrt.jacobian(f)(X), wrt.numeric.jacobian(f, X)
    assert found.shape == np.shape(f(X)) + X.shape
    assert np.all(np.abs(found - limit.value) <= 10 * limit.error + 1e-9)


@pytest.mark.parametrize("name", [name for name in IDIOMS if name not in JAX_CANNOT])
def test_against_jax(name):
    np.testing.assert_allclose(wrt.jacobian(IDIOMS[name])(X), jax.jacfwd(in_jax(name))(X), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", sorted(JAX_CANNOT))
def test_jax_cannot(name):
    with pytest.raises((TypeError, NotImplementedError)):
        jax.jacfwd(in_jax(name))(X)


@pytest.mark.parametrize("name", IDIOMS)
def test_every_way_to_ask_gives_the_same(name):
    f = IDIOMS[name]
    J = wrt.jacobian(f)
    dense = J(X)
    flat = dense.reshape(-1, X.size)
    value, again = J.value_and(X)
    np.testing.assert_allclose(value, f(X), rtol=1e-14)
    np.testing.assert_allclose(again, dense, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(J.sparse(X).toarray(), flat, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(J.operator(X) @ np.eye(3), flat, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(J.operator(X).T @ np.eye(len(flat)), flat.T, rtol=1e-13, atol=1e-15)
    for mode in ("forward", "reverse"):
        np.testing.assert_allclose(wrt.jacobian(f, mode=mode)(X), dense, rtol=1e-12, atol=1e-14)
