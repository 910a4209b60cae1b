"""Bad input gets one clear message, and never a density that is not a number."""

import warnings

import numpy as np
import pytest
from scipy import stats

from wrt.errors import ArgumentError, Disagreement, ShapeError
from wrt.probability import Law, NoDensity, NotInverted, pathwise_gradient, propagate, transform

NORMAL2 = [stats.norm(), stats.norm()]

REFUSED = {  # name: (distribution, f, inverse, error, what the message says)
    "not square": (NORMAL2, lambda z: z[0] + z[1], None, ShapeError, "a density needs a square Jacobian"),
    "singular": (NORMAL2, lambda z: np.array([z[0] + z[1], 2 * z[0] + 2 * z[1]]), None, NoDensity, "singular at every sample"),
    "folded": (NORMAL2, lambda z: np.array([z[0] ** 2, z[1]]), None, NoDensity, "folds: det J is positive at"),
    "two to one without a fold": (NORMAL2, lambda z: np.array([z[0] ** 2 - z[1] ** 2, 2 * z[0] * z[1]]), None, NoDensity, "is not one to one"),
    "a branch is missing": (NORMAL2, lambda z: np.array([z[0] ** 2, z[1]]), [lambda y: np.array([np.sqrt(y[0]), y[1]])] * 2, NoDensity, "a branch is missing"),
    "outside its domain": (stats.norm(), np.log, None, NoDensity, "not defined on the whole support: it is nan at x = -"),
    "outside its domain, a pair": (NORMAL2, np.sqrt, None, NoDensity, "not defined on the whole support"),
    "flat on a part": (stats.norm(), lambda x: np.maximum(x, 0), None, NoDensity, "Y has an atom there"),
    "steps": (stats.norm(), np.floor, None, NoDensity, "Y has an atom there"),
    "constant": (stats.norm(), lambda x: 3.0, None, NoDensity, "Y has an atom there"),
    "one inverse of a fold": (stats.norm(), lambda x: x**2, np.sqrt, NoDensity, "2 monotone pieces on the support, and one inverse was given"),
    "a wrong inverse": (stats.norm(), np.exp, lambda y: np.log(y) + 1e-3, NotInverted, "No inverse that was given returns to the piece"),
    "a wrong inverse, pairs": (NORMAL2, np.exp, lambda y: np.log(y) + 1e-3, NotInverted, "does not invert"),
    "folds without end": (stats.cauchy(), np.sin, None, NoDensity, "folds more often than can be followed"),
    "discrete": (stats.poisson(3), np.exp, None, ArgumentError, "The distribution is discrete"),
    "parameters missing": (stats.gamma, np.exp, None, ArgumentError, "gamma needs its parameters (a)"),
    "no distribution": ("norm", np.exp, None, ArgumentError, "Expected a distribution, got 'norm'"),
    "no density": (stats.dirichlet([1, 2]), np.exp, None, ArgumentError, "lies on a simplex"),
    "no function": (stats.norm(), 3, None, ArgumentError, "forward must be a function"),
    "no inverse function": (stats.norm(), np.exp, 3 * [1], ArgumentError, "inverse must be a function"),
    "sampler of matrices": (Law(lambda x: 0.0, lambda size, rng: rng.random((size, 2, 2))), np.exp, None, ShapeError, "rvs(2, rng) must give two points"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_with_one_message(name):
    dist, f, inverse, error, said = REFUSED[name]
    with pytest.raises(error) as why:
        transform(dist, f, inverse)
    assert said in str(why.value)


def test_newton_says_where_it_found_nothing():
    def stick(v):
        return np.array([v[0], (1 - v[0]) * v[1]])

    parts = [stats.beta(2, 3), stats.beta(2, 2)]
    with pytest.raises(NotInverted, match=r"found no x with stick\(x\) = y for 1 of 2 points, the first y = \[0.8, 0.9\]") as why:
        transform(parts, stick).logpdf([[0.2, 0.3], [0.8, 0.9]])
    assert "outside='zero'" in str(why.value)
    assert transform(parts, stick, outside="zero").pdf([0.8, 0.9]) == 0


@pytest.mark.parametrize("y, error, said", [(np.nan, ArgumentError, "y holds nan"), ("a", ArgumentError, "real numbers"), (1j, ArgumentError, "real numbers")])
def test_points_that_are_no_numbers(y, error, said):
    with pytest.raises(error, match=said):
        transform(stats.norm(), np.exp).pdf(y)


def test_points_of_another_shape():
    with pytest.raises(ShapeError, match="A point y has shape"):
        transform(NORMAL2, np.exp).pdf([1.0, 2.0, 3.0])


def test_a_density_of_x_that_is_not_a_number_is_not_passed_on():
    broken = Law(lambda x: np.where(np.abs(x) > 1, np.nan, -1.0), lambda size, rng: rng.uniform(-1, 1, size))
    with pytest.raises(NoDensity, match="is not a number"):
        transform(broken, lambda x: 2 * x).pdf(3.0)


def test_the_self_test_finds_a_density_that_does_not_integrate_to_one():
    wrong = Law(lambda x: stats.norm.logpdf(x) + 0.1, lambda size, rng: rng.normal(size=size))
    with pytest.raises(Disagreement, match=r"integrates to 1\.105"):
        transform(wrong, np.exp).check()
    shifted = Law(lambda x: stats.norm.logpdf(x, 0.2), lambda size, rng: rng.normal(size=size))
    with pytest.raises(Disagreement, match="Samples do not follow"):
        transform(shifted, np.exp).check()


def test_cdf_and_inverse_where_there_is_none():
    with pytest.raises(ArgumentError, match="cdf is for numbers"):
        transform(NORMAL2, np.exp).cdf([1.0, 1.0])
    with pytest.raises(ArgumentError, match="2 branches"):
        transform(stats.norm(), lambda x: x**2).inverse(1.0)
    with pytest.raises(ArgumentError, match="of pairs"):
        transform(stats.norm(), np.exp).marginal(0)


def test_propagation_of_errors(rng):
    def f(x):
        return np.array([x[0] * x[1], np.sin(x[2]), x[0] / x[2]])

    x, root = np.array([1.0, 2.0, 0.5]), rng.normal(size=(3, 3))
    C = root @ root.T
    J = np.array([[2.0, 1, 0], [0, 0, np.cos(0.5)], [2, 0, -4]])
    np.testing.assert_allclose(propagate(f, x, C), J @ C @ J.T, rtol=1e-13)
    np.testing.assert_allclose(propagate(f, x, [0.1, 0.2, 0.3]), J @ np.diag([0.1, 0.2, 0.3]) @ J.T, rtol=1e-13)
    assert propagate(np.sin, 0.5, 0.01) == pytest.approx(0.01 * np.cos(0.5) ** 2)
    assert propagate(lambda x, a: a * x, 0.5, 0.01, 3.0) == pytest.approx(0.09)
    small = C * 1e-6  # what samples have, to first order
    seen = np.cov(np.array([f(p) for p in rng.multivariate_normal(x, small, 20_000)]).T)
    np.testing.assert_allclose(seen, propagate(f, x, small), rtol=0.06, atol=0.06 * np.abs(small).max())


@pytest.mark.parametrize(
    "C, error, said",
    [
        ([[1, 2], [0, 1]], ArgumentError, "not symmetric"),
        ([[1, 2], [2, 1]], ArgumentError, "negative eigenvalue"),
        ([1, 2, 3], ShapeError, "C must be 2×2, or 2 variances"),
        (1.0, ShapeError, "C must be 2×2"),
        ([1, np.nan], ArgumentError, "nan or inf"),
    ],
)
def test_what_is_no_covariance(C, error, said):
    with pytest.raises(error, match=said):
        propagate(lambda x: x, [1.0, 2.0], C)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: propagate(np.abs, 0.0, 1.0), r"absolute has a kink here \(abs at 0\): no linear map is close to it, and errors do not propagate linearly"),
        (lambda: propagate(np.maximum, 1.0, 1.0, 1.0), r"maximum has a kink here"),
        (lambda: propagate(np.sqrt, [0, 3], [1, 1]), "The Jacobian is not finite at x"),
        (lambda: propagate(np.log, [-1, 3], [1, 1]), "f is not finite at x"),
        (lambda: propagate(np.sin, [1, 3], [1j, 1]), r"C must be an array of real numbers; got \[1j, 1\]"),
        (lambda: propagate(np.sin, "a", 1.0), "x must be an array of real numbers; got 'a'"),
        (lambda: propagate(3, 1.0, 1.0), "propagate takes a NumPy function, got 3"),
        (lambda: pathwise_gradient(3, lambda t, e: t + e, 1.0), "loss must be a NumPy function, got 3"),
        (lambda: pathwise_gradient(np.sin, 3, 1.0), "sampler must be a NumPy function, got 3"),
        (lambda: pathwise_gradient(np.log, lambda t, e: t + e, 1.0, random_state=0), "not finite for the noise"),
    ],
)
def test_refused_in_words_and_without_warnings(call, said):
    with warnings.catch_warnings(), pytest.raises(ArgumentError, match=said):
        warnings.simplefilter("error")
        call()


def test_beside_a_kink_errors_propagate():
    assert propagate(np.maximum, 1.0, 2.0, 0.0) == 2.0
    np.testing.assert_allclose(propagate(lambda x, a: a * np.abs(x), [-1.0, 2.0], [1, 4], a=3.0), [[9, 0], [0, 36]])
