"""Marginals of maps without an inverse, far tails and narrow peaks among them; and that a density which is known in part is no density."""

import numpy as np
import pytest
from scipy import special, stats

from wrt.errors import ArgumentError, Disagreement
from wrt.probability import Law, transform
from wrt.probability.integrand import Rows
from wrt.probability.slice import Slice

U, N, E, C = stats.uniform(), stats.norm(), stats.expon(), stats.cauchy()


def added(x):
    return np.array([x[0] + x[1], x[1]])


def subtracted(y):
    return np.array([y[0] - y[1], y[1]])


def added_and_waved(x):  # no closed form for its inverse
    return np.array([x[0] + x[1], x[1] + 0.1 * np.sin(3 * x[1])])


def student(w):
    return np.array([w[0] / np.sqrt(w[1] / 4), w[1]])


def box_muller(u):
    r = np.sqrt(-2 * np.log(u[0]))
    return np.array([r * np.cos(2 * np.pi * u[1]), r * np.sin(2 * np.pi * u[1])])


LAWS = {  # name: (parts, f, the density of y[0], points)
    "Student": ([N, stats.chi2(4)], student, stats.t(4).pdf, [-1e7, -3.0, 0.0, 0.5, 1e4]),
    "sum of uniforms": ([U, U], added_and_waved, stats.triang(0.5, 0, 2).pdf, [1e-6, 0.3, 1.0, 1.9999, 2.5, -1.0]),
    "sum of Cauchys, two peaks far apart": ([C, C], added, stats.cauchy(0, 2).pdf, [-100.0, 0.0, 1e4, 1e8]),
    "Box–Muller, whose level at 0 is a line": ([U, U], box_muller, N.pdf, [-8.0, -1.0, 0.0, 3.0, 5.0, 30.0]),
    "a very narrow other coordinate": ([N, stats.norm(0, 1e-9)], added, stats.norm(0, np.hypot(1, 1e-9)).pdf, [-5.0, 0.0, 1.0]),
    "product of normals": ([stats.lognorm(1), stats.lognorm(2)], lambda x: np.array([x[0] * x[1], x[1]]), stats.lognorm(np.sqrt(5)).pdf, [1e-9, 0.3, 1.0, 1e9]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAWS)
def test_a_marginal_without_an_inverse(name):
    parts, f, density, points = LAWS[name]
    np.testing.assert_allclose(transform(parts, f).marginal(0).pdf(np.array(points)), density(np.array(points)), rtol=1e-8)


def test_marginals_of_a_radius_and_an_angle():
    Y = transform([N, N], "hypot(x, y), arctan2(y, x)")
    assert Y.inverse_formula == "x = z₁ cos(z₂), y = z₁ sin(z₂)"
    r = np.array([0.014142, 0.5, 1.0, 3.0])
    np.testing.assert_allclose(Y.marginal(0).pdf(r), stats.rayleigh.pdf(r), rtol=1e-9)
    np.testing.assert_allclose(Y.marginal(1).pdf([-3.0, 0.0, 1.0, 4.0]), [1 / (2 * np.pi)] * 3 + [0], rtol=1e-9)
    squared = transform([N, N], lambda x: np.array([np.arctan2(x[0], x[1]), np.log(x[0] ** 2 + x[1] ** 2)]))
    assert squared.inverted_by == "derived"
    y = squared.rvs(5, 0)
    np.testing.assert_allclose(squared.pdf(y), stats.chi2(2).pdf(np.exp(y[:, 1])) * np.exp(y[:, 1]) / (2 * np.pi), rtol=1e-12)


def test_a_marginal_of_a_composed_map():
    Y = transform([N, N], lambda x: np.array([x[0] + x[1], x[0] - x[1]])).compose(lambda y: np.array([np.exp(y[0]), y[1]]))
    y = np.array([0.1, 1.0, 30.0])
    np.testing.assert_allclose(Y.marginal(0).pdf(y), stats.lognorm(np.sqrt(2)).pdf(y), rtol=1e-9)


def islands(first):
    """x[0] is in [0, 1] or, with probability 1 − first, in [5, 6]; x[1] is uniform."""

    def logpdf(x):
        low, high = (x[..., 0] >= 0) & (x[..., 0] <= 1), (x[..., 0] >= 5) & (x[..., 0] <= 6)
        there = (x[..., 1] >= 0) & (x[..., 1] <= 1)
        with np.errstate(divide="ignore"):
            return np.log((first * low + (1 - first) * high) * there)

    def rvs(size, rng):
        return np.stack([rng.random(size) + 5 * (rng.random(size) > first), rng.random(size)], 1)

    return Law(logpdf, rvs, support=(np.array([0.0, 0.0]), np.array([6.0, 1.0])))


@pytest.mark.parametrize("first", [0.5, 0.99])
def test_a_range_with_a_gap(first):
    M = transform(islands(first), added).marginal(0)
    y = np.array([0.5, 1.0, 1.5, 3.0, 4.5, 5.5, 6.0, 6.9, 7.5])
    once, again = stats.triang(0.5, 0, 2).pdf(y), stats.triang(0.5, 5, 2).pdf(y)
    np.testing.assert_allclose(M.pdf(y), first * once + (1 - first) * again, rtol=1e-8)
    assert M.pdf(3.0) == 0


def test_the_self_test_of_a_marginal():
    M = transform([U, U], added_and_waved).marginal(0)
    assert abs(M.check()) < 4
    with pytest.raises(ArgumentError, match="cut off by over"):
        transform([U, U], added).marginal(0, over=(0, 0.5)).check()
    M.pdf = lambda y: 0.9 * type(M).pdf(M, y)
    with pytest.raises(Disagreement, match="marginal density"):
        M.check()


def test_over_cuts_the_other_coordinate_off():
    M = transform([U, U], added).marginal(0, over=(0.25, 0.5))
    np.testing.assert_allclose(M.pdf([0.1, 0.3, 0.8, 1.2, 1.4]), [0, 0.05, 0.25, 0.25, 0.1], atol=1e-9)


def test_what_surely_is_positive_is_not_0(monkeypatch):
    """A row on which a point of the support lies, and the density is said to be 0 there."""
    Y = transform([N, N], added, subtracted)
    known = Y.road.known_pdf
    monkeypatch.setattr(Y.road, "known_pdf", lambda y: np.where(np.abs(y[:, 0] - 1) < 0.1, 0.0, known(y)))
    rows = Slice(Rows(Y.road, 0, (-np.inf, np.inf)))
    found, error = rows.integrals(np.array([0.5, 1.0]))
    assert found[0] > 0.1
    assert error[0] < 1e-6
    assert error[1] == np.inf


@pytest.mark.parametrize("hidden", [0.0, np.nan])
def test_a_density_that_is_known_in_part_does_not_pass(monkeypatch, hidden):
    Y = transform([U, U], added, subtracted)
    known = Y.road.known_pdf
    monkeypatch.setattr(Y.road, "known_pdf", lambda y: np.where((np.abs(y[:, 0] - 1) < 0.05) & (y[:, 1] > 0.3) & (y[:, 1] < 0.6), hidden, known(y)))
    with pytest.raises(Disagreement):
        Y.check(size=4000)


@pytest.mark.parametrize(
    "f, known, points",
    [
        (lambda x: np.array([x[0] / x[1], x[1]]), stats.cauchy.pdf, [0.0, 1.0, 5.0, 30.0, -1e4]),
        (lambda x: np.array([x[0] * x[1], x[1]]), lambda c: special.k0(abs(c)) / np.pi, [1e-3, 0.1, 1.0, 5.0, -2.0]),
    ],
    ids=["ratio of normals", "product of normals"],
)
def test_slopes_that_change_their_sign_along_the_row(f, known, points):
    marginal = transform([stats.norm(), stats.norm()], f).marginal(0)
    np.testing.assert_allclose(marginal.pdf(points), [known(c) for c in points], rtol=1e-11)
