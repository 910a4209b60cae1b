"""Densities before and after: what is shaded alike has equal probability, and the numbers are SciPy's."""

import numpy as np
import pytest
from scipy import stats

import wrt.plot
from wrt.errors import ArgumentError
from wrt.plot.style import number
from wrt.probability import transform


@pytest.mark.parametrize(
    "law, f, known",
    [
        (stats.norm(), np.exp, stats.lognorm(1)),
        (stats.norm(), lambda x: x**2, stats.chi2(1)),
        (stats.uniform(-np.pi / 2, np.pi), np.tan, stats.cauchy()),
        (stats.uniform(), lambda u: -np.log(u), stats.expon()),
    ],
)
def test_on_the_line(law, f, known):
    picture = wrt.plot.density(transform(law, f))
    for strip in picture.numbers["strips"]:
        low, high = strip["y"]
        assert known.cdf(high) - known.cdf(low) == pytest.approx(strip["probability"], abs=0.01)
    mark = picture.numbers["mark"]
    assert mark["density_y"] == pytest.approx(known.pdf(mark["y"]), rel=1e-9)
    assert mark["density_y"] == pytest.approx(sum(branch["density_x"] / branch["abs_det"] for branch in mark["branches"]), rel=1e-12)
    for branch in mark["branches"]:
        assert branch["density_x"] == pytest.approx(law.pdf(branch["x"]), rel=1e-12)
        assert f(branch["x"]) == pytest.approx(mark["y"], rel=1e-12)
        assert number(branch["x"]) in picture.alt


def test_of_composed_maps_the_last_is_drawn():
    picture = wrt.plot.density(transform(stats.norm(), np.exp).compose(lambda x: x**2))
    mark = picture.numbers["mark"]
    (branch,) = mark["branches"]
    assert branch["x"] == pytest.approx(mark["y"] ** 0.5)
    assert branch["density_x"] == pytest.approx(stats.lognorm(1).pdf(branch["x"]), rel=1e-9)
    assert mark["density_y"] == pytest.approx(stats.lognorm(2).pdf(mark["y"]), rel=1e-9)


def test_in_the_plane():
    A = np.array([[2.0, 0.5], [0.3, 1.0]])
    picture = wrt.plot.density(transform(stats.multivariate_normal([0, 0]), lambda x: A @ x + 1))
    known = stats.multivariate_normal([1, 1], A @ A.T)
    for point in picture.numbers["points"]:
        assert point["density_y"] == pytest.approx(known.pdf(point["y"]), rel=1e-9)
        assert point["abs_det"] == pytest.approx(1.85)
    assert "|det J| on the grid lies between 1.85 and 1.85." in picture.alt


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"Expected what wrt\.probability\.transform returns, got function"):
        wrt.plot.density(lambda x: x)
    with pytest.raises(ArgumentError, match=r"Y is over points of shape \(3,\)"):
        wrt.plot.density(transform([stats.norm()] * 3, lambda x: 2 * x))
