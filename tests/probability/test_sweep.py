"""A sweep over many laws and maps: monotone, folded, periodic, in pieces, with poles, saturating, very narrow, very wide, heavy-tailed."""

import warnings

import numpy as np
import pytest
from scipy import special, stats

from wrt.probability import transform

NORMAL = stats.norm
HALF_TURN = stats.uniform(-np.pi / 2, np.pi)
SCALES = (1e-8, 1e8)

KNOWN = {  # name: (distribution of X, f, law of f(X))
    **{
        f"affine normal {loc} {scale}": (NORMAL(loc, scale), lambda x: 3 - 2 * x, NORMAL(3 - 2 * loc, 2 * scale))
        for loc, scale in [(0, 1e-8), (0, 1e8), (1e6, 1), (1e6, 1e-2), (-3, 20)]
    },
    **{f"lognorm {s}": (NORMAL(0, s), np.exp, stats.lognorm(s)) for s in (1e-8, 0.5, 5.0, 20.0)},
    **{f"square scale {s}": (NORMAL(0, s), lambda x: x**2, stats.chi2(1, scale=s * s)) for s in SCALES},
    **{f"abs scale {s}": (NORMAL(0, s), np.abs, stats.halfnorm(scale=s)) for s in SCALES},
    **{f"1/x of cauchy scale {s}": (stats.cauchy(0, s), lambda x: 1 / x, stats.cauchy(0, 1 / s)) for s in SCALES},
    **{f"tan scaled {s}": (HALF_TURN, lambda x, s=s: s * np.tan(x), stats.cauchy(0, s)) for s in (1e-8, 1.0, 1e6)},
    **{f"pareto {b}": (stats.uniform(), lambda u, b=b: u ** (-1 / b), stats.pareto(b)) for b in (0.5, 2.0, 7.0)},
    **{f"pareto {b} inverse": (stats.pareto(b), lambda x: 1 / x, stats.powerlaw(b)) for b in (0.5, 2.0)},
    "log of pareto.5": (stats.pareto(0.5), np.log, stats.expon(scale=2)),
    "levy inverse": (stats.levy(), lambda x: 1 / x, stats.chi2(1)),
    "levy root": (stats.levy(), lambda x: 1 / np.sqrt(x), stats.halfnorm()),
    "levy from normal": (NORMAL(), lambda x: 1 / x**2, stats.levy()),
    "arcsine by sin": (stats.uniform(-np.pi, 2 * np.pi), np.sin, stats.arcsine(-1, 2)),
    "arcsine by cos 6 turns": (stats.uniform(0, 12 * np.pi), np.cos, stats.arcsine(-1, 2)),
    "arcsine shift": (stats.arcsine(), lambda x: 2 * x - 1, stats.arcsine(-1, 2)),
    "arcsine doubled (Chebyshev)": (stats.arcsine(-1, 2), lambda x: 2 * x**2 - 1, stats.arcsine(-1, 2)),
    "logistic map": (stats.arcsine(), lambda x: 4 * x * (1 - x), stats.arcsine()),
    "beta .5 .5 asin": (stats.beta(0.5, 0.5), lambda x: np.arcsin(np.sqrt(x)), stats.uniform(0, np.pi / 2)),
    "tent": (stats.uniform(), lambda u: np.where(u < 0.5, 2 * u, 2 - 2 * u), stats.uniform()),
    "doubling with a jump": (stats.uniform(), lambda u: np.where(u < 0.5, 2 * u, 2 * u - 1), stats.uniform()),
    "triangular by abs": (stats.triang(0.5, -1, 2), np.abs, stats.beta(1, 2)),
    "logit": (stats.uniform(), special.logit, stats.logistic()),
    "expit of logistic": (stats.logistic(), special.expit, stats.uniform()),
    "written expit of logistic": (stats.logistic(), lambda x: 1 / (1 + np.exp(-x)), stats.uniform()),
    "johnsonsb": (NORMAL(), lambda x: special.expit((x - 0.5) / 0.8), stats.johnsonsb(0.5, 0.8)),
    "tanh": (stats.logistic(), lambda x: np.tanh(x / 2), stats.uniform(-1, 2)),
    "normal integral": (NORMAL(), special.ndtr, stats.uniform()),
    "normal quantile": (stats.uniform(), special.ndtri, NORMAL()),
    "softplus": (stats.logistic(), lambda x: np.log1p(np.exp(x)), stats.expon()),
    "atan of cauchy": (stats.cauchy(), np.arctan, stats.uniform(-np.pi / 2, np.pi)),
    "johnsonsu": (NORMAL(), lambda x: np.sinh((x - 0.5) / 1.3), stats.johnsonsu(0.5, 1.3)),
    "asinh": (stats.johnsonsu(0.5, 1.3), lambda y: 0.5 + 1.3 * np.arcsinh(y), NORMAL()),
    "log|x| of cauchy": (stats.cauchy(), lambda x: np.log(np.abs(x)), stats.hypsecant()),
    "log x^2 of cauchy": (stats.cauchy(), lambda x: 0.5 * np.log(x**2), stats.hypsecant()),
    "gumbel": (stats.expon(), lambda x: -np.log(x), stats.gumbel_r()),
    "weibull .3": (stats.expon(), lambda x: x ** (1 / 0.3), stats.weibull_min(0.3)),
    "weibull 9": (stats.expon(), lambda x: x ** (1 / 9.0), stats.weibull_min(9)),
    "frechet": (stats.expon(), lambda x: 1 / x ** (1 / 2.5), stats.invweibull(2.5)),
    "loglaplace": (stats.laplace(), lambda x: np.exp(x / 2), stats.loglaplace(2)),
    "fisk": (stats.logistic(), lambda x: np.exp(x / 3), stats.fisk(3)),
    "burr": (stats.uniform(), lambda u: (u ** (-1 / 2.0) - 1) ** (-1 / 3.0), stats.burr(3.0, 2.0)),
    "burr12": (stats.uniform(), lambda u: ((1 - u) ** (-1 / 2.0) - 1) ** (1 / 3.0), stats.burr12(3.0, 2.0)),
    "betaprime": (stats.beta(2, 3), lambda b: b / (1 - b), stats.betaprime(2, 3)),
    "invgamma": (stats.gamma(0.7), lambda x: 1 / x, stats.invgamma(0.7)),
    "chi": (stats.chi2(3), np.sqrt, stats.chi(3)),
    "gengamma": (stats.gamma(0.4), lambda x: x ** (1 / 3), stats.gengamma(0.4, 3)),
    "loggamma": (stats.gamma(0.4), np.log, stats.loggamma(0.4)),
    "F of t": (stats.t(1.5), lambda x: x**2, stats.f(1, 1.5)),
    "foldcauchy": (stats.cauchy(1.5), np.abs, stats.foldcauchy(1.5)),
    "foldnorm": (NORMAL(1.5), np.abs, stats.foldnorm(1.5)),
    "ncx2": (NORMAL(1.5), lambda x: x**2, stats.ncx2(1, 1.5**2)),
}
QUANTILES = np.linspace(0.0025, 0.9975, 200)


@pytest.mark.parametrize("name", KNOWN)
def test_the_density_and_both_tails_at_200_quantiles(name):
    dist, f, law = KNOWN[name]
    y = law.ppf(QUANTILES)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = transform(dist, f)
        np.testing.assert_allclose(found.pdf(y), law.pdf(y), rtol=1e-10)
        np.testing.assert_allclose(found.cdf(y), law.cdf(y), atol=1e-12)
        np.testing.assert_allclose(found.sf(y), law.sf(y), rtol=1e-10)


DERIVED = {  # name: (distribution of X, f, points y at which the density is smooth)
    "a kink where it turns": (stats.norm(), lambda x: np.maximum(x, -2 * x), [0.1, 1.0, 4.0]),
    "a pole in the middle": (stats.norm(), lambda x: 1 / (1 - x), [-8.0, -0.4, 0.5, 3.0, 30.0]),
    "waves on a line": (stats.cauchy(), lambda x: 2 * x + np.sin(x), [-30.0, -1.0, 0.2, 100.0]),
    "a product": (stats.expon(), lambda x: x * np.exp(x), [0.01, 0.5, 20.0]),
    "a cubic": (stats.norm(), lambda x: x**3 - x, [-5.0, -0.2, 0.1, 0.3, 2.0]),
    "a sine of the whole line": (stats.norm(scale=3), np.sin, [-0.9, 0.1, 0.7]),
    "a bell": (stats.norm(), lambda x: np.exp(-(x**2)), [0.05, 0.5, 0.9]),
}


@pytest.mark.parametrize("name", DERIVED)
def test_the_density_is_the_slope_of_the_distribution_function(name):
    dist, f, points = DERIVED[name]
    law, y = transform(dist, f), np.array(points)
    samples = np.sort(f(dist.rvs(400_000, random_state=1)))
    np.testing.assert_allclose(law.cdf(y), np.searchsorted(samples, y) / len(samples), atol=4e-3)
    h = 1e-4 * np.abs(y)
    near = [(law.cdf(y + step) - law.cdf(y - step)) / (2 * step) for step in (h, h / 2)]
    np.testing.assert_allclose(law.pdf(y), (4 * near[1] - near[0]) / 3, rtol=1e-6)
