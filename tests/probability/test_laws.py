"""Densities of transformed variables against laws that SciPy knows: numbers, with every branch of maps that fold."""

import numpy as np
import pytest
from scipy import special, stats

from wrt.probability import Law, transform

HALF = [0.01, 0.3, 1.0, 2.5, 9.0]
LINE = [-30.0, -1.2, -0.1, 0.4, 3.0]
UNIT = [0.001, 0.2, 0.5, 0.77, 0.999]

LAWS = {  # name: (distribution of X, f, law of f(X), points y, number of monotone pieces)
    "lognormal": (stats.norm(0.3, 0.7), np.exp, stats.lognorm(0.7, scale=np.exp(0.3)), HALF, 1),
    "chi-square of one": (stats.norm(), lambda x: x**2, stats.chi2(1), HALF, 2),
    "noncentral chi-square": (stats.norm(1.5), lambda x: x**2, stats.ncx2(1, 1.5**2), HALF, 2),
    "half-normal": (stats.norm(), np.abs, stats.halfnorm(), HALF, 2),
    "folded normal": (stats.norm(1.2), np.abs, stats.foldnorm(1.2), HALF, 2),
    "half-Cauchy": (stats.cauchy(), np.abs, stats.halfcauchy(), HALF, 2),
    "affine normal": (stats.norm(), lambda x: 3 - 2 * x, stats.norm(3, 2), LINE, 1),
    "Weibull": (stats.expon(), lambda x: 2 * x ** (1 / 1.5), stats.weibull_min(1.5, scale=2), HALF, 1),
    "Rayleigh": (stats.expon(), lambda x: np.sqrt(2 * x), stats.rayleigh(), HALF, 1),
    "Rayleigh from chi-square": (stats.chi2(2), np.sqrt, stats.rayleigh(), HALF, 1),
    "Cauchy from an angle": (stats.uniform(-np.pi / 2, np.pi), np.tan, stats.cauchy(), LINE, 1),
    "Cauchy from a whole turn": (stats.uniform(0, 2 * np.pi), np.tan, stats.cauchy(), LINE, 3),
    "Cauchy from its reciprocal": (stats.cauchy(), lambda x: 1 / x, stats.cauchy(), LINE, 2),
    "Cauchy by (x − 1/x)/2": (stats.cauchy(), lambda x: (x - 1 / x) / 2, stats.cauchy(), LINE, 2),
    "exponential": (stats.uniform(), lambda u: -np.log(u), stats.expon(), HALF, 1),
    "Pareto": (stats.expon(), lambda x: np.exp(x / 3), stats.pareto(3), [1.01, 1.5, 4.0, 50.0], 1),
    "Gumbel": (stats.expon(), lambda x: -np.log(x), stats.gumbel_r(), [-2.0, -0.5, 0.0, 3.0, 20.0], 1),
    "least Gumbel": (stats.expon(), np.log, stats.gumbel_l(), [-20.0, -2.0, 0.0, 1.0, 2.0], 1),
    "Frechet": (stats.expon(), lambda x: x ** (-1 / 2.5), stats.invweibull(2.5), HALF[1:], 1),
    "logistic": (stats.uniform(), lambda u: np.log(u / (1 - u)), stats.logistic(), LINE, 1),
    "logistic from exponential": (stats.expon(), lambda x: np.log(np.expm1(x)), stats.logistic(), [-20.0, -1.2, 0.4, 3.0], 1),
    "log-logistic": (stats.logistic(), lambda x: np.exp(x / 2), stats.fisk(2), HALF, 1),
    "log-gamma": (stats.gamma(2.5), np.log, stats.loggamma(2.5), [-5.0, -1.0, 0.3, 2.0], 1),
    "inverse gamma": (stats.gamma(2.5), lambda x: 1 / x, stats.invgamma(2.5), HALF[1:], 1),
    "chi": (stats.chi2(4), np.sqrt, stats.chi(4), HALF, 1),
    "Maxwell": (stats.gamma(1.5), lambda x: np.sqrt(2 * x), stats.maxwell(), HALF, 1),
    "generalized gamma": (stats.gamma(2.0), lambda x: x ** (1 / 3), stats.gengamma(2.0, 3), [0.01, 0.3, 1.0, 2.5], 1),
    "beta prime": (stats.beta(2, 3), lambda b: b / (1 - b), stats.betaprime(2, 3), HALF, 1),
    "F from beta": (stats.beta(2, 3), lambda b: 3 * b / (2 * (1 - b)), stats.f(4, 6), HALF, 1),
    "reciprocal F": (stats.f(4, 6), lambda x: 1 / x, stats.f(6, 4), HALF[1:], 1),
    "F from Student": (stats.t(5), lambda x: x**2, stats.f(1, 5), HALF, 2),
    "power function": (stats.uniform(), lambda u: u ** (1 / 3), stats.powerlaw(3), UNIT, 1),
    "Kumaraswamy as beta": (stats.uniform(), lambda u: 1 - u ** (1 / 4), stats.beta(1, 4), UNIT, 1),
    "arcsine on [−1, 1]": (stats.uniform(0, 2 * np.pi), np.cos, stats.arcsine(-1, 2), [-0.99, -0.1, 0.3, 0.8], 2),
    "arcsine from sin²": (stats.uniform(0, np.pi), lambda x: np.sin(x) ** 2, stats.arcsine(), UNIT, 2),
    "Johnson SU": (stats.norm(), lambda x: np.sinh((x - 0.5) / 1.3), stats.johnsonsu(0.5, 1.3), LINE, 1),
    "Johnson SB": (stats.norm(), lambda x: special.expit((x - 0.5) / 1.3), stats.johnsonsb(0.5, 1.3), UNIT, 1),
    "uniform by the normal integral": (stats.norm(), special.ndtr, stats.uniform(), UNIT, 1),
    "Laplace": (stats.uniform(-1, 2), lambda u: np.where(u < 0, np.log1p(u), -np.log1p(-u)), stats.laplace(), [-9.0, -1.2, -0.1, 0.4, 3.0], 1),
    "Laplace, written with a branch": (stats.uniform(-1, 2), lambda u: np.log1p(u) if u < 0 else -np.log1p(-u), stats.laplace(), [-9.0, -1.2, 0.4, 3.0], 1),
    "hyperbolic secant": (stats.halfcauchy(), np.log, stats.hypsecant(), [-9.0, -1.2, -0.1, 0.4, 3.0], 1),
    "Birnbaum–Saunders": (stats.norm(), lambda x: (x * 0.25 + np.sqrt((x * 0.25) ** 2 + 1)) ** 2, stats.fatiguelife(0.5), [0.1, 0.5, 1.0, 2.5], 1),
    "Gompertz": (stats.expon(), lambda x: np.log1p(x / 0.8), stats.gompertz(0.8), [0.01, 0.3, 1.0, 2.5], 1),
    "Burr": (stats.uniform(), lambda u: (u ** (-1 / 2.0) - 1) ** (-1 / 3.0), stats.burr(3.0, 2.0), HALF, 1),
    "Lomax": (stats.expon(), lambda x: np.expm1(x / 2), stats.lomax(2), HALF, 1),
    "Levy": (stats.norm(), lambda x: 1 / x**2, stats.levy(), HALF[1:], 2),
}


@pytest.mark.parametrize("name", LAWS)
def test_density_and_distribution_function_are_those_of_the_law(name):
    dist, f, law, points, pieces = LAWS[name]
    y = np.array(points)
    Y = transform(dist, f)
    assert len(Y.pieces) == pieces
    np.testing.assert_allclose(Y.logpdf(y), law.logpdf(y), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(Y.pdf(y), law.pdf(y), rtol=1e-8)
    np.testing.assert_allclose(Y.cdf(y), law.cdf(y), rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["lognormal", "chi-square of one", "Cauchy from a whole turn", "Cauchy from its reciprocal", "arcsine from sin²", "Levy"])
def test_the_self_test_passes(name):
    dist, f, *_ = LAWS[name]
    found = transform(dist, f).check()
    assert found.round_trip < 1e-9
    assert abs(found.integral - 1) < 1e-6
    assert abs(found.deviation) < 4
    assert "∫p" in str(found)


def test_outside_the_range_the_density_is_zero():
    Y = transform(stats.norm(), lambda x: x**2)
    assert Y.pdf(-1.0) == 0
    assert Y.logpdf(0.0) == np.inf == stats.chi2(1).logpdf(0)
    np.testing.assert_array_equal(transform(stats.uniform(), np.exp).pdf([0.9, 3.0, np.inf, -np.inf]), 0)


def test_all_the_branches_of_a_cubic_by_hand():
    Y = transform(stats.norm(), lambda x: x**3 - x)
    roots = np.roots([1, 0, -1, -0.1]).real
    assert Y.pdf(0.1) == pytest.approx(sum(stats.norm.pdf(x) / abs(3 * x**2 - 1) for x in roots), rel=1e-12)
    assert len(Y.pieces) == 3
    assert Y.pieces[0].high == pytest.approx(-1 / np.sqrt(3), abs=1e-15)
    np.testing.assert_allclose(sorted(Y.inverses(0.1)), sorted(roots), rtol=1e-12)


def test_many_branches():
    Y = transform(stats.norm(scale=3), np.sin)
    x = np.arcsin(0.3)
    roots = np.concatenate([x + 2 * np.pi * np.arange(-8, 9), np.pi - x + 2 * np.pi * np.arange(-8, 9)])
    assert Y.pdf(0.3) == pytest.approx(stats.norm(scale=3).pdf(roots).sum() / np.cos(x), rel=1e-12)


def test_inverses_given_for_each_branch_in_any_order():
    Y = transform(stats.norm(0.5), lambda x: x**2, [np.sqrt, lambda y: -np.sqrt(y)])
    y = np.array(HALF)
    np.testing.assert_allclose(Y.pdf(y), stats.ncx2(1, 0.25).pdf(y), rtol=1e-10)


def test_a_law_of_ones_own_and_the_new_distributions_of_scipy():
    triangle = Law(lambda x: np.log(2 * x), lambda size, rng: np.sqrt(rng.random(size)), support=(0, 1))
    np.testing.assert_allclose(transform(triangle, lambda x: x**2).pdf(UNIT), 1, rtol=1e-12)
    np.testing.assert_allclose(transform(stats.Normal(), np.exp).pdf(HALF), stats.lognorm(1).pdf(HALF), rtol=1e-12)
    one_point = Law(lambda x: -0.5 * (x[0] ** 2 + x[1] ** 2) - np.log(2 * np.pi), lambda size, rng: rng.normal(size=(size, 2)))
    assert transform(one_point, lambda x: 2 * x).pdf([1.0, 2.0]) == pytest.approx(stats.norm(0, 2).pdf([1, 2]).prod())


def test_composition_is_the_chain_rule():
    Y = transform(stats.norm(), np.exp).compose(lambda y: 1 / y).compose(np.sqrt)
    np.testing.assert_allclose(Y.pdf(HALF), stats.lognorm(0.5).pdf(HALF), rtol=1e-11)
    np.testing.assert_allclose(Y.cdf(HALF), stats.lognorm(0.5).cdf(HALF), rtol=1e-11)
    assert Y.log_abs_det(0.7) == pytest.approx(np.log(0.5 * np.exp(-0.35)))
    assert Y.forward(0.7) == pytest.approx(np.exp(-0.35))
    assert abs(Y.check().integral - 1) < 1e-9


def test_samples_and_shapes():
    Y = transform(stats.norm(), np.exp)
    assert np.shape(Y.rvs()) == ()
    assert Y.rvs(5, random_state=1).shape == (5,)
    np.testing.assert_array_equal(Y.rvs(5, random_state=1), Y.rvs(5, random_state=np.random.default_rng(1)))
    assert Y.pdf(np.ones((2, 3))).shape == (2, 3)
    assert stats.kstest(Y.rvs(4000, random_state=0), stats.lognorm(1).cdf).pvalue > 1e-4


def test_maps_in_text():
    y = np.linspace(0.1, 4, 9)
    np.testing.assert_allclose(transform(stats.norm(), "exp(x)").pdf(y), stats.lognorm(1).pdf(y), rtol=1e-9)
    np.testing.assert_allclose(transform(stats.norm(), "x**2", ["sqrt(y)", "-sqrt(y)"]).pdf(y), stats.chi2(1).pdf(y), rtol=1e-9)
    both = transform([stats.norm(), stats.norm()], "x + y, x - y")
    np.testing.assert_allclose(both.pdf(np.array([0.3, -0.2])), np.prod(stats.norm(scale=np.sqrt(2)).pdf([0.3, -0.2])), rtol=1e-9)


def test_jumps_in_the_direction_of_f():
    law = transform(stats.norm(), lambda x: np.where(x > 0, 2 * x, x - 1), outside="zero")
    assert len(law.pieces) == 2
    np.testing.assert_allclose(law.pdf([-0.5, -1.5, 1.0]), [0, stats.norm.pdf(-0.5), stats.norm.pdf(0.5) / 2], rtol=1e-12)
    stairs = transform(stats.expon(), lambda x: x + np.floor(x), outside="zero")
    np.testing.assert_allclose(stairs.pdf([1.5, 2.5]), [0, stats.expon.pdf(1.5)], rtol=1e-12)
