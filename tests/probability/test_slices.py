"""Marginals of textbook pairs by their default interval, and what is said of points outside of the range."""

import numpy as np
import pytest
from scipy import stats

from wrt.errors import Disagreement
from wrt.probability import Law, NoDensity, NotInverted, transform

U, N, E, C = stats.uniform(), stats.norm(), stats.expon(), stats.cauchy()


def added(x):
    return np.array([x[0] + x[1], x[1]])


def subtracted(y):
    return np.array([y[0] - y[1], y[1]])


PAIRS = {  # name: (parts, f, inverse, the density of y[0], points)
    "sum of uniforms": ([U, U], added, subtracted, stats.triang(0.5, 0, 2).pdf, [1e-6, 0.3, 1.0, 1.7, 1.9999, 2.5, -1.0]),
    "sum of exponentials": ([E, E], added, subtracted, stats.gamma(2).pdf, [1e-6, 0.1, 1.0, 20.0, 200.0, -1.0]),
    "sum of normals": ([N, N], added, subtracted, stats.norm(0, np.sqrt(2)).pdf, [-20.0, 0.0, 1.0, 30.0]),
    "sum of Cauchys": ([C, C], added, subtracted, stats.cauchy(0, 2).pdf, [-100.0, 0.0, 1.0, 1e4]),
    "Student": (
        [N, stats.chi2(5)], lambda w: np.array([w[0] / np.sqrt(w[1] / 5), w[1]]), lambda y: np.array([y[0] * np.sqrt(y[1] / 5), y[1]]),
        stats.t(5).pdf, [-1e4, -3.0, 0.0, 100.0],
    ),
    "beta": (
        [stats.gamma(2), stats.gamma(3)], lambda w: np.array([w[0] / (w[0] + w[1]), w[0] + w[1]]), lambda y: np.array([y[0] * y[1], (1 - y[0]) * y[1]]),
        stats.beta(2, 3).pdf, [1e-6, 0.5, 1 - 1e-6, 1.2],
    ),
    "ratio of uniforms": (
        [U, U], lambda x: np.array([x[0] / x[1], x[1]]), lambda y: np.array([y[0] * y[1], y[1]]),
        lambda y: np.where(y < 1, 0.5, 0.5 / y**2), [1e-3, 0.9, 1.1, 1e5],
    ),
    "product of uniforms": (
        [U, U], lambda x: np.array([x[0] * x[1], x[1]]), lambda y: np.array([y[0] / y[1], y[1]]),
        lambda y: -np.log(y), [1e-3, 0.3, 0.9999],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_a_coordinate_of_a_pair_by_the_default_interval(name):
    parts, f, inverse, density, points = PAIRS[name]
    y = np.array(points)
    np.testing.assert_allclose(transform(parts, f, inverse).marginal(0).pdf(y), density(y), rtol=1e-8)


def test_a_coordinate_of_a_pair_without_an_inverse():
    y = np.array([1e-4, 0.3, 1.0, 1.7])
    np.testing.assert_allclose(transform([U, U], added).marginal(0).pdf(y), y * (y <= 1) + (2 - y) * (y > 1), rtol=1e-8)


def test_the_self_test_of_a_slanted_and_a_triangular_support():
    assert transform([U, U], added, subtracted).check().integral == pytest.approx(1, abs=1e-4)
    stick = transform([stats.beta(2, 3), stats.beta(2, 2)], lambda v: np.array([v[0], (1 - v[0]) * v[1]]), lambda y: np.array([y[0], y[1] / (1 - y[0])]))
    assert stick.check().integral == pytest.approx(1, abs=1e-6)


def square(z):
    return np.array([z[0] ** 2 - z[1] ** 2, 2 * z[0] * z[1]])


FOLDED = {
    "complex square": ([stats.norm(3, 1), N], square),
    "complex square, far": ([stats.norm(10, 1), N], square),
    "square": ([stats.norm(4.2, 1), N], lambda u: np.array([u[0] ** 2, u[1]])),
    "cosh": ([N, stats.norm(12, 1)], lambda u: np.array([u[0], np.cosh(u[1])])),
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_second_branch_where_samples_hardly_come_is_found(name):
    with pytest.raises(NoDensity, match=r"is not one to one|folds"):
        transform(*FOLDED[name])


def box_muller(u):
    r = np.sqrt(-2 * np.log(u[0]))
    return np.array([r * np.cos(2 * np.pi * u[1]), r * np.sin(2 * np.pi * u[1])])


def test_outside_is_zero_only_where_y_is_known_to_be_outside():
    Y = transform([U, U], box_muller, outside="zero")
    with pytest.raises((NotInverted, NoDensity)):
        Y.pdf([1e-9, 1e-9])
    with pytest.raises(NotInverted, match="underflows"):
        Y.logpdf([30.0, 40.0])
    y = np.array([[5.0, 5.0], [1e-4, -1e-4], [0.3, -1e-12]])
    np.testing.assert_allclose(Y.logpdf(y), stats.norm.logpdf(y).sum(1), rtol=1e-10)
    Y = transform([N, N], np.exp, outside="zero")
    y = np.array([[1e12, 1.0], [1e-12, 1e12]])
    np.testing.assert_allclose(Y.logpdf(y), stats.lognorm(1).logpdf(y).sum(1), rtol=1e-10)
    assert Y.pdf([-1.0, 1.0]) == 0


CHECKED = {  # name: (distribution of x, f); each with an inverse that wrt derives
    "Box–Muller": ([U, U], box_muller),
    "lognormal": (stats.multivariate_normal([0, 1], [[1, 0.6], [0.6, 2]]), np.exp),
    "Student": ([N, stats.chi2(5)], lambda w: np.array([w[0] / np.sqrt(w[1] / 5), w[1]])),
    "softplus": ([N, N], lambda x: np.log1p(np.exp(x))),
    "hypot and arctan2": ([N, N], lambda x: np.array([np.hypot(x[0], x[1]), np.arctan2(x[1], x[0])])),
    "a density that is infinite along lines": ([stats.chi2(1), stats.chi2(1)], added),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CHECKED)
def test_the_self_test_of_a_pair(name):
    found = transform(*CHECKED[name]).check()
    assert abs(found.integral - 1) <= 1e-9 + 3 * found.error
    assert found.error < 1e-4
    assert not found.sampled
    assert found.deviation < 5


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("n", "f"),
    [(2, lambda x: x + 0.3 * np.sin(x[::-1])), (3, np.exp), (3, np.cumsum), (8, np.cumsum)],
    ids=["a pair that is solved", "exp", "cumsum", "eight coordinates"],
)
def test_the_integral_by_sampling_has_a_standard_error(n, f):
    found = transform([N] * n, f).check()
    assert found.sampled > 0
    assert found.error < 0.05
    assert abs(found.integral - 1) < 5 * found.error
    assert found.shares < 5
    assert "by sampling at" in str(found)


def test_an_integral_that_is_a_little_off_does_not_pass():
    wrong = Law(lambda x: N.logpdf(x).sum(-1) + np.log(1.008), lambda n, rng: rng.standard_normal((n, 2)))
    with pytest.raises(Disagreement, match=r"integrates to 1\.00800"):
        transform(wrong, added).check()


def test_what_is_wrong_in_three_coordinates_does_not_pass(monkeypatch):
    def law(factor, shift):
        return Law(lambda x: N.logpdf(x - shift).sum(-1) + np.log(factor), lambda n, rng: rng.standard_normal((n, 3)))

    with pytest.raises(Disagreement, match="by sampling, not to 1"):
        transform(law(1.2, 0.0), np.cumsum).check()
    with pytest.raises(Disagreement, match="their share is"):
        transform(law(1.0, 0.3), np.cumsum).check()
    Y = transform([N, N, N], np.cumsum)
    known = Y.road.known_pdf
    monkeypatch.setattr(Y.road, "known_pdf", lambda y: np.where(y[:, 0] > 1, 0.0, known(y)))
    with pytest.raises(Disagreement, match=r"is 0 at \d+ of 2048 samples"):
        Y.check()
