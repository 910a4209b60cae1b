"""The picture of a limit table says what the table says, and tells kinks, jumps and round-off apart."""

import numpy as np
import pytest

import wrt.plot
from wrt.errors import ArgumentError
from wrt.numeric import limit_table


def test_a_smooth_function():
    picture = wrt.plot.limits("sin(x)", 1.0)
    assert "Forward: 0.4973637525 at h = 0.1" in picture.alt
    assert "best at h = 1e−8" in picture.alt
    assert "best at h = 1e−5" in picture.alt
    assert "Exact: 0.5403023058681398." in picture.alt
    assert picture.numbers["best"] == {"forward": 1e-8, "backward": 1e-8, "central": 1e-5}
    assert picture.numbers["exact"] == np.cos(1.0)
    quotients, errors = picture.axes
    table = limit_table(np.sin, 1.0)
    for line, method in zip(quotients.lines, ("forward", "backward", "central"), strict=False):
        np.testing.assert_allclose(line.get_ydata(), getattr(table, method), rtol=1e-14)
    assert errors.get_yscale() == errors.get_xscale() == "log"


@pytest.mark.parametrize(
    "f, x, said",
    [
        ("abs(x)", 0.0, "a kink: no derivative"),
        ("sqrt(x)", 0.0, "like $h^{−0.5}$"),
        (np.sign, 0.0, "both sides, like $h^{−1}$"),
        (lambda x: x * np.sin(1 / x) if x else 0.0, 0.0, "no steady limit"),
    ],
)
def test_where_there_is_no_derivative(f, x, said):
    picture = wrt.plot.limits(f, x)
    (axes,) = picture.axes
    assert any(said in text for text in [*(t.get_text() for t in axes.texts), axes.get_title("left")])
    assert picture.numbers["limit"] is None


def test_one_output_of_several():
    picture = wrt.plot.limits("r*cos(t), r*sin(t)", [2.0, 0.5], "t", output=1)
    assert picture.alt.startswith("∂f[1]/∂t at t = 0.5")
    assert picture.numbers["exact"] == pytest.approx(2 * np.cos(0.5))


def test_a_table_is_drawn_as_it_is(tmp_path):
    picture = wrt.plot.limits(limit_table(np.exp, 1.0, steps=[1e-1, 1e-3, 1e-5]))
    assert picture.numbers["h"] == [1e-1, 1e-3, 1e-5]
    picture.save(tmp_path / "limits.svg")
    assert "Forward: " in (tmp_path / "limits.svg").read_text(encoding="utf-8")


def test_bad_input():
    with pytest.raises(ArgumentError, match=r"which of them moves\?"):
        wrt.plot.limits("r*t", [1.0, 2.0])
    with pytest.raises(ArgumentError, match="'s' is no coordinate of the point, which has r, t"):
        wrt.plot.limits("r*t", [1.0, 2.0], "s")
    with pytest.raises(ArgumentError, match="At which point"):
        wrt.plot.limits("sin(x)")
    with pytest.raises(ArgumentError, match=r"it has no output 2"):
        wrt.plot.limits("x, x**2", 1.0, output=2)
    with pytest.raises(ArgumentError, match="has its point already"):
        wrt.plot.limits(limit_table(np.exp, 1.0), 1.0)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("f, x", [("x*sqrt(x)", 0.0), ("sqrt(x)*sin(x)", 0.0), ("sqrt(x)**3+x", 0.0), ("arccos(x)**2", 1.0)])
def test_a_limit_where_the_exact_derivative_is_undefined(tmp_path, f, x):
    picture = wrt.plot.limits(f, x)
    assert "the derivative is undefined there, and the limit of the quotients stands alone" in picture.alt
    assert any("limit" in text.get_text() for text in picture.axes[0].texts)
    picture.save(tmp_path / "a.png", dpi=55)


@pytest.mark.filterwarnings("error")
def test_near_overflow(tmp_path):
    picture = wrt.plot.limits("exp(x)", 709.78)
    assert picture.numbers["outcome"] == "derivative"
    assert picture.axes[0].get_title("left").endswith("in units of $10^{308}$")
    assert np.isfinite(picture.axes[0].lines[1].get_ydata()).sum() > 10
    picture.save(tmp_path / "a.png", dpi=55)


def test_what_is_not_seen_is_not_denied():
    picture = wrt.plot.limits("sin(x)", 1e15)
    assert "is given; the quotients show no limit" in picture.alt
    assert "no derivative" not in picture.alt
    assert picture.numbers["outcome"] == "unseen"


def test_a_kink_near_x():
    picture = wrt.plot.limits("abs(x-0.01)", 0.0)
    assert "truncation is seen, but no power of h" in picture.alt
    assert not any("∝ $h" in text.get_text() for text in picture.axes[1].texts)
    near = wrt.plot.limits("abs(x-1e-5)", 0.0)
    assert near.numbers["limit"] == pytest.approx(-1)
    assert "without bound" not in near.axes[0].get_title("left")
    assert "within 1e-05 of x" in near.alt
