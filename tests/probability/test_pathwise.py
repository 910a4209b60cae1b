"""Pathwise gradients against known answers, the score-function estimate beside them, and losses that jump."""

import warnings

import numpy as np
import pytest
from scipy import stats

from wrt.errors import ArgumentError, ShapeError
from wrt.probability import PathwiseWarning, pathwise_gradient, propagate


def shift(theta, eps):
    return theta + eps


def both(theta, eps):
    return theta[0] + theta[1] * eps


MIX = np.array([[1.0, 0.0], [0.5, 2.0]])
phi, Phi = stats.norm.pdf, stats.norm.cdf

KNOWN = {  # name: (loss, sampler, theta, noise, logpdf, the true gradient)
    "E x² of N(θ, 1)": (lambda x: x**2, shift, 1.5, None, None, 3.0),
    "E x² of N(μ, σ²)": (lambda x: x**2, both, [1.5, 2.0], None, None, [3.0, 4.0]),
    "E eˣ of N(μ, σ²)": (np.exp, both, [0.2, 0.4], None, None, np.exp(0.28) * np.array([1, 0.4])),
    "E sin x of N(θ, 1)": (np.sin, shift, 0.7, None, None, np.exp(-0.5) * np.cos(0.7)),
    "E max(x − 1, 0)": (lambda x: np.maximum(x - 1, 0), shift, 1.5, None, None, Phi(0.5)),
    "E |x|": (np.abs, shift, 0.3, None, None, 2 * Phi(0.3) - 1),
    "lognormal mean": (lambda x: x, lambda t, e: np.exp(t[0] + t[1] * e), [0.5, 0.3], None, None, np.exp(0.545) * np.array([1, 0.3])),
    "exponential, second moment": (lambda x: x**2, lambda t, e: t * e, 2.0, stats.expon(), lambda x, t: -np.log(t) - x / t, 8.0),
    "exponential by inversion": (lambda x: x, lambda t, u: -t * np.log(u), 2.0, stats.uniform(), lambda x, t: -np.log(t) - x / t, 1.0),
    "logistic scale": (lambda x: x**2, lambda t, e: t * e, 1.5, stats.logistic(), None, 2 * 1.5 * np.pi**2 / 3),
    "sum of squares of a pair": (lambda x: np.sum(x**2), lambda t, e: t + MIX @ e, [1.5, 2.0], [stats.norm(), stats.norm()], None, [3.0, 4.0]),
    "nonlinear in the noise": (lambda x: x, lambda t, e: np.sinh(t + 0.5 * e), 0.4, None, None, np.cosh(0.4) * np.exp(0.125)),
    "cosh through a cubic": (lambda x: x**2, lambda t, e: t * e + e**3, 1.0, None, None, 2 + 2 * 3),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("seed", [0, 1])
def test_unbiased_within_four_standard_errors(name, seed):
    loss, sampler, theta, noise, logpdf, truth = KNOWN[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = pathwise_gradient(loss, sampler, theta, noise=noise, logpdf=logpdf, size=20_000, random_state=seed)
    assert found.valid
    assert (np.abs(found.value - truth) < 4 * found.standard_error + 1e-12).all()
    if noise is None or logpdf is not None or isinstance(noise, list):
        assert (np.abs(found.score.value - truth) < 4 * found.score.standard_error).all()
        assert (found.variance_ratio > 1).all()
        assert "score function" in str(found)
    else:
        assert found.score is None
        assert "give logpdf=" in str(found)


@pytest.mark.parametrize(
    "loss, truth",
    [
        (lambda x: np.where(x > 1, 1.0, 0.0), phi(0.5)),
        (lambda x: 1.0 * (x > 1), phi(0.5)),
        (lambda x: x if x > 1 else 0.0 * x, Phi(0.5) + phi(0.5)),
        (lambda x: np.floor(2 * x) / 2, 1.0),
        (lambda x: np.sign(x - 1), 2 * phi(0.5)),
    ],
)
def test_a_loss_that_jumps_is_found_out_and_the_score_holds(loss, truth):
    with pytest.warns(PathwiseWarning, match="The loss jumps by"):
        found = pathwise_gradient(loss, shift, 1.5, random_state=0, size=20_000)
    assert not found.valid
    assert found.jump.size > 0.4
    assert abs(found.value - truth) > 10 * found.standard_error
    assert abs(found.score.value - truth) < 5 * found.score.standard_error + 0.01
    assert "not valid" in str(found)


def test_a_jump_in_one_of_many_parameters():
    with pytest.warns(PathwiseWarning):
        found = pathwise_gradient(lambda x: x[0] ** 2 + 1.0 * (x[1] > 0), lambda t, e: t + e, [1.0, 0.2], noise=[stats.norm(), stats.norm()], random_state=3)
    assert found.jump.size == pytest.approx(1)


def test_refusals():
    with pytest.raises(ArgumentError, match="not finite for the noise"), np.errstate(all="ignore"):
        pathwise_gradient(np.log, shift, 0.5, random_state=0)
    with pytest.raises(ShapeError, match="scalar function"):
        pathwise_gradient(lambda x: x, shift, [0.5, 1.0], random_state=0)
    with pytest.raises(ArgumentError, match="size must be"):
        pathwise_gradient(lambda x: x, shift, 0.5, size=1)
    with pytest.raises(ArgumentError, match="theta holds nan"):
        pathwise_gradient(lambda x: x, shift, np.nan)


def test_propagation_needs_a_value():
    with pytest.raises(ArgumentError, match="not finite at x"):
        propagate(lambda x: np.log(x[0]), [-2.0, 3.0], np.eye(2))
