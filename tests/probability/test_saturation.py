"""Where f is constant in floating-point numbers alone, Y has a density inside; where its formula is constant, an atom."""

import numpy as np
import pytest
from scipy import special, stats

from wrt.probability import Law, NoDensity, NotInverted, transform

WIDE = stats.norm(0, 100)
SATURATED = {  # name: (f, x with f(x) = y, |f'(x)|, y, values at which f ends)
    "expit": (special.expit, special.logit, lambda y: y * (1 - y), [1e-300, 0.01, 0.5, 0.99], [0.0, 1.0]),
    "1/(1 + exp(−x))": (lambda x: 1 / (1 + np.exp(-x)), special.logit, lambda y: y * (1 - y), [0.01, 0.5, 0.99], [1.0]),
    "tanh": (np.tanh, np.arctanh, lambda y: 1 - y**2, [-0.9, 0.0, 0.3], [-1.0, 1.0]),
    "Φ": (special.ndtr, special.ndtri, lambda y: stats.norm.pdf(special.ndtri(y)), [0.1, 0.5, 0.8], [0.0, 1.0]),
    "softplus in two parts": (
        lambda x: np.where(x > 30, x, np.log1p(np.exp(np.minimum(x, 30)))),
        lambda y: np.log(np.expm1(y)),
        lambda y: -np.expm1(-y),
        [0.1, 1.0, 5.0],
        [0.0],
    ),
}


@pytest.mark.parametrize("name", SATURATED)
def test_a_map_that_saturates_has_a_density_inside_and_none_known_at_its_limits(name):
    f, inverse, slope, y, ends = SATURATED[name]
    law = transform(WIDE, f)
    y = np.array(y)
    np.testing.assert_allclose(law.pdf(y), WIDE.pdf(inverse(y)) / slope(y), rtol=1e-9)
    np.testing.assert_allclose(law.cdf(y), WIDE.cdf(inverse(y)), rtol=1e-9)
    np.testing.assert_allclose(law.sf(y), WIDE.sf(inverse(y)), rtol=1e-9)
    for end in ends:
        with pytest.raises(NotInverted, match="is not known at y = "):
            law.pdf(end)
        assert law.cdf(end) == (end > 0)


def test_a_lognormal_wider_than_floating_point_numbers():
    law, known = transform(stats.norm(0, 1000), np.exp), stats.lognorm(1000)
    y = np.array([1e-300, 0.5, 1e300])
    np.testing.assert_allclose(law.pdf(y), known.pdf(y), rtol=1e-9)
    np.testing.assert_allclose(law.sf(y), known.sf(y), rtol=1e-9)
    assert law.cdf(0.0) == 0


@pytest.mark.parametrize("f", [
    lambda x: np.maximum(x, 0), lambda x: np.clip(x, -1, 1), lambda x: np.where(x > 0, x, 0), lambda x: np.abs(x) + x, lambda x: np.maximum(x, 0) ** 2,
    lambda x: special.expit(x) + special.expit(x - 1000), lambda x: np.tanh(np.maximum(x, 0)),
])  # fmt: skip
def test_a_part_that_is_constant_by_its_formula_or_lies_between_slopes_is_refused(f):
    with pytest.raises(NoDensity, match=r"is constant around x = .*Y has an atom there"):
        transform(WIDE, f)


def test_cdf_and_sf_are_refused_where_x_is_lost_to_rounding():
    law = transform(stats.uniform(), lambda u: np.log(u / (1 - u)))
    assert law.cdf(36.4) == pytest.approx(1, abs=1e-14)
    for y in (36.4, 100.0):
        with pytest.raises(NotInverted, match=r"The sf of .* is not known at y = "):
            law.sf(y)
    np.testing.assert_allclose(law.sf([-5.0, 5.0]), stats.logistic.sf([-5.0, 5.0]), rtol=1e-9)
    np.testing.assert_allclose(law.cdf(-700.0), stats.logistic.cdf(-700.0), rtol=1e-9)


@pytest.mark.parametrize("dist, y, inner", [(stats.laplace(), -1400.0, -700.0), (stats.levy(), 1e-4, 1e-2)])
def test_a_logpdf_that_underflows_is_no_density_of_0(dist, y, inner):
    law = transform(dist, lambda x: 2 * x)
    with pytest.raises(NotInverted, match="the logpdf of the distribution of x underflows, to −inf, at x = "):
        law.logpdf(2 * y)
    assert law.pdf(2 * y) == 0
    assert law.logpdf(2 * inner) == pytest.approx(dist.logpdf(inner) - np.log(2), rel=1e-12)


def test_where_the_density_of_x_is_truly_0_it_is_so():
    histogram = stats.rv_histogram(np.histogram([0, 0, 1, 1, 1, 5, 5, 6.0], 10))
    assert transform(histogram, lambda x: 2 * x).logpdf(6.0) == -np.inf
    assert transform(stats.dgamma(3), lambda x: x + 1).logpdf(1.0) == -np.inf
    assert transform(stats.norm(), lambda x: 2 * x).logpdf(1e200) == -np.inf


FOLDS = {  # without closed inverses: (distribution, f, y)
    "a sum": (stats.norm(0.3), lambda x: x + np.exp(x) / 3, np.linspace(-3, 6, 19)),
    "constants larger than x": (stats.uniform(-1, 2), lambda x: (0.713 - 1.207 * np.abs(1.024 - 1.457 * x)) ** 4, [0.05550165987277507, 0.01, 0.2]),
    "folding on": (stats.laplace(1.3), lambda x: x + 1.302 * np.sin(1.775 * x), np.linspace(-2.03, 5.07, 19)),
    "a root": (stats.t(3), lambda x: 0.4 * x + np.sqrt(x * x + 0.7), np.linspace(0.8, 6, 19)),
    "leaky": (stats.logistic(), lambda x: np.where(x > 0.4, 2 * x, 0.3 * x + 0.68), np.linspace(-1, 4, 19)),
    "a maximum": (stats.norm(), lambda x: np.maximum(1.1 * x + 0.3, -0.7 * x**2 + 2), np.linspace(-3, 1.9, 19)),
}


@pytest.mark.parametrize("name", FOLDS)
def test_the_density_is_the_sum_over_all_roots_without_refusals(name):
    from scipy.optimize import brentq

    dist, f, Y = FOLDS[name]
    law = transform(Law(dist.logpdf, lambda size, rng: dist.rvs(size, random_state=rng), dist.support()), f)
    also = transform(dist, f)
    grid = np.unique(np.concatenate([np.linspace(*dist.ppf([1e-12, 1 - 1e-12]), 20_001), dist.ppf(np.linspace(1e-6, 1 - 1e-6, 2001))]))
    values = f(grid)
    for y in Y:
        at = np.flatnonzero((values[:-1] - y) * (values[1:] - y) < 0)
        roots = np.array([brentq(lambda x, y=y: float(f(x)) - y, grid[k], grid[k + 1], xtol=1e-15) for k in at])
        steps = 1e-6 * (1 + np.abs(roots))
        want = (dist.pdf(roots) * 2 * steps / np.abs(f(roots + steps) - f(roots - steps))).sum()
        assert law.pdf(y) == pytest.approx(want, rel=1e-6)
        assert also.pdf(y) == pytest.approx(want, rel=1e-6)


def test_the_range_of_a_map_that_folds_beyond_the_samples():
    assert transform(stats.norm(), np.sin).support() == (-1, 1)
    assert transform(stats.norm(), np.sin).logpdf(2.0) == -np.inf
    assert transform(stats.laplace(), lambda x: x + 1.3 * np.sin(1.8 * x)).support() == (-np.inf, np.inf)


def test_a_composed_law_is_known_where_its_first_map_does_not_saturate():
    law = transform(WIDE, special.expit).compose(lambda y: 2 * y)
    assert law.pdf(1.0) == pytest.approx(WIDE.pdf(0) / 0.25 / 2, rel=1e-9)
    assert law.cdf(1.0) == pytest.approx(0.5, rel=1e-9)


def test_what_saturates_is_not_said_to_integrate_to_less_than_one():
    with pytest.raises(NoDensity, match="saturates"):
        transform(WIDE, special.expit).check()
