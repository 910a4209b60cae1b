"""Random programs: the batch of derivatives is the derivative at each point."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import wrt
from conftest import PROFILE
from fuzz.programs import program

POINTS = 3
MANY = 3000 if PROFILE == "thorough" else 25


def agree(got, want, source):
    want = np.array(want)
    scale = max(1.0, np.max(np.abs(want[np.isfinite(want)]), initial=0.0))
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10 * scale, err_msg=source)


@settings(deadline=None, max_examples=MANY)
@given(random=st.randoms(use_true_random=False), length=st.integers(1, 9), both=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_jacobians(random, length, both, seed):
    p = program(random, length)
    f, source = p.function("numpy", np), p.source("numpy")
    draw = np.random.default_rng(seed)
    x, X = draw.normal(size=(POINTS, 3)), draw.normal(size=(POINTS, 2, 3))
    with np.errstate(all="ignore"):
        if both:
            J = wrt.jacobian(f, wrt=("x", "X"))
            for got, want in zip(J.batch(x, X), zip(*map(J, x, X), strict=True), strict=True):
                agree(got, want, source)
        else:
            J = wrt.jacobian(f, wrt="X")
            agree(J.batch(x[0], X), [J(x[0], each) for each in X], source)


@settings(deadline=None)
@given(random=st.randoms(use_true_random=False), length=st.integers(1, 4), seed=st.integers(0, 2**32 - 1))
def test_hessians(random, length, seed):
    p = program(random, length)
    f, source = p.function("numpy", np), p.source("numpy")
    draw = np.random.default_rng(seed)
    x, X = draw.normal(size=(POINTS, 3)), draw.normal(size=(POINTS, 2, 3))
    H = wrt.hessian(f)
    with np.errstate(all="ignore"):
        agree(H.batch(x, X[0]), [H(each, X[0]) for each in x], source)
