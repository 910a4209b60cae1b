"""Densities before and after: what is shaded alike has equal probability, and the numbers are SciPy's."""

import warnings

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


@pytest.mark.parametrize("f, law", [("tan(x)", stats.norm()), ("x**3", stats.levy()), ("exp(x)", stats.norm(0, 20)), ("1/x", stats.pareto(0.5))])
def test_heavy_tails_and_branches_out_of_sight_leave_room_for_the_axes(f, law, tmp_path):
    picture = wrt.plot.density(transform(law, f))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        picture.save(tmp_path / "a.png", dpi=55)
    shown = [axes for axes in picture.axes if axes.lines]
    assert len(shown) == 3
    for axes in shown:
        assert min(axes.get_position().size) > 0.15


def test_branches_that_hardly_count_are_counted_and_not_listed():
    alt = wrt.plot.density(transform(stats.norm(), "tan(x)")).alt
    assert "and 5 further x that give less; its density is 0.2055, the sum over 9 branches." in alt


def test_the_variables_are_called_as_the_map_calls_them():
    assert wrt.plot.density(transform(stats.expon(), "log(z)")).alt.startswith("The graph of y = f(z), with the density of Z below it")
    assert wrt.plot.density(transform(stats.expon(), "log(y)")).alt.startswith("The graph of z = f(y)")
    assert wrt.plot.density(transform(stats.expon(), "log(z)"), names=("u", "v")).alt.startswith("The graph of v = f(u)")


def test_in_the_plane_other_branches_are_said():
    def fold(z):
        return np.array([z[0] ** 2, z[1]])

    law = transform([stats.norm(), stats.norm()], fold, [lambda y: np.array([np.sqrt(y[0]), y[1]]), lambda y: np.array([-np.sqrt(y[0]), y[1]])])
    assert law.branches == 2
    picture = wrt.plot.density(law)
    assert picture.alt.count("other branches added") == 2
    for point in picture.numbers["points"]:
        assert point["density_y"] == pytest.approx(2 * point["density_x"] / point["abs_det"], rel=1e-9)


def test_narrow_laws():
    picture = wrt.plot.density(transform(stats.norm(1e6, 1), lambda x: x**2))
    (low, _), _ = (line.split("from ")[1].split(", ")[0].split(" to ") for line in picture.alt.splitlines() if line.startswith("Shaded"))
    assert float(low.replace("−", "-")) == pytest.approx(picture.numbers["strips"][0]["y"][0], rel=1e-7)
    with pytest.raises(ArgumentError, match="too close together to be drawn"):
        wrt.plot.density(transform(stats.norm(0, 1e-12), lambda x: 1e-5 * x + 1))
