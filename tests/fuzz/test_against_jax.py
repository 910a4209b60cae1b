"""Random programs: wrt and JAX must give the same Jacobians (float64, 1e-10 relative), first and second order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import wrt
from conftest import PROFILE
from fuzz.programs import program

MANY = 3000 if PROFILE == "thorough" else 25
POINT = {"x": np.array([0.31, -0.72, 1.13]), "X": np.array([[0.4, -1.2, 0.85], [-0.55, 0.65, 1.45]])}


def agree(got, want, source):
    want = np.asarray(want)
    assert np.shape(got) == want.shape, source
    scale = max(1.0, np.max(np.abs(want), initial=0.0))
    assert np.all(np.isfinite(got)), source
    assert np.max(np.abs(got - want), initial=0.0) <= 1e-10 * scale, source


def jax_jacobian(function, order):
    """None where JAX itself has no finite answer."""
    value = function(**{k: jnp.asarray(v) for k, v in POINT.items()})
    derivative = jax.jacrev(function, (0, 1))
    if order == 2:
        derivative = jax.jacfwd(derivative, (0, 1))
    result = derivative(*(jnp.asarray(v) for v in POINT.values()))
    flat = [value, *jax.tree.leaves(result)]
    return None if any(not np.all(np.isfinite(a)) or np.max(np.abs(a), initial=0.0) > 1e8 for a in flat) else (value, result)


@settings(deadline=None, max_examples=MANY)
@given(random=st.randoms(use_true_random=False), length=st.integers(1, 9), mode=st.sampled_from(["auto", "forward", "reverse"]))
def test_jacobian(random, length, mode):
    p = program(random, length)
    reference = jax_jacobian(p.function("jax", jnp), 1)
    assume(reference is not None)
    f = p.function("numpy", np)
    value, jacobians = wrt.jacobian(f, wrt=("x", "X"), mode=mode).value_and(**POINT)
    agree(value, reference[0], p.source("numpy"))
    for got, want in zip(jacobians, reference[1], strict=True):
        agree(got, want, p.source("numpy"))
    sparse = wrt.jacobian(f, wrt=("x", "X")).sparse(**POINT)
    for got, want in zip(sparse, jacobians, strict=True):
        np.testing.assert_allclose(got.toarray(), want.reshape(got.shape), atol=1e-10 * max(1, np.max(np.abs(want), initial=0.0)))


@settings(deadline=None)
@given(random=st.randoms(use_true_random=False), length=st.integers(1, 5))
def test_second_order(random, length):
    p = program(random, length)
    if p.shapes[list(p.shapes)[-1]] != ():
        p.let(f"np.sum({list(p.shapes)[-1]} ** 2)", ())
    reference = jax_jacobian(p.function("jax", jnp), 2)
    assume(reference is not None)
    blocks = wrt.hessian(p.function("numpy", np), wrt=("x", "X"))(**POINT)
    for row, wanted_row in zip(blocks, reference[1], strict=True):
        for got, want in zip(row, wanted_row, strict=True):
            agree(got, want, p.source("numpy"))


@pytest.mark.parametrize("seed", range(3))
def test_the_generator_makes_varied_programs(seed):
    import random

    sources = {program(random.Random(1000 * seed + k), 6).source("numpy") for k in range(50)}
    assert len(sources) > 45
