"""|det J| over grids."""

import numpy as np
import pytest

import wrt
from wrt.geometry import scaling_field


def test_polar():
    r, t = np.linspace(0.1, 2, 7), np.linspace(0, 6, 5)
    field = scaling_field("r*cos(t), r*sin(t)", (r, t))
    assert field.values.shape == (7, 5)
    assert np.allclose(field.values, r[:, None])
    assert np.allclose(field.det, r[:, None])
    assert np.array_equal(field.points[3, 2], [r[3], t[2]])
    assert not field.folded
    assert str(field).startswith("|det J| of f over r ∈ [0.1, 2] × t ∈ [0, 6], 7 × 5 points\nsmallest: 0.1 at (0.1, ")


def test_each_point_is_that_of_the_jacobian(rng):
    def f(x):
        return np.array([np.sin(x[0] * x[1]), x[1] ** 2 - x[2], np.exp(x[0]) * x[2]]) if x[0] > 0 else x**3

    axes = (np.linspace(-1, 1, 5), np.linspace(0, 2, 4), np.linspace(1, 2, 3))
    field = scaling_field(f, axes)
    J = wrt.jacobian(f)
    for index in np.ndindex(5, 4, 3):
        assert np.isclose(field.det[index], np.linalg.det(J(field.points[index])))


def test_surfaces():
    u, v = np.linspace(0, 2, 4), np.linspace(0, 1, 3)
    field = scaling_field(lambda u, v: (u * np.cos(v), u * np.sin(v), v), (u, v))
    assert field.det is None
    assert np.allclose(field.values, np.sqrt(1 + u**2)[:, None])
    assert "√det(JᵀJ)" in str(field)


@pytest.mark.parametrize("f", [lambda x: x**3, lambda x: np.array([x[0] ** 3]), "x**3"])
def test_one_coordinate(f):
    xs = np.linspace(-1, 2, 7)
    field = scaling_field(f, (xs,))
    assert np.allclose(field.values, 3 * xs**2)


def test_holes_and_folds():
    field = scaling_field("log(x), y**2", (np.linspace(-1, 1, 4), np.linspace(-1, 1, 6)))
    assert field.undefined == 12
    assert np.isnan(field.values[:2]).all()
    assert np.isfinite(field.values[2:]).all()
    assert field.folded
    assert "not defined at 12 of 24 points" in str(field)
    assert "det J changes sign" in str(field)


@pytest.mark.parametrize(
    "f, grid, message",
    [
        ("x*y, y", ([1.0, 0.0], [1.0]), "The coordinates of axis 0 must be finite and increase"),
        ("x*y, y", ([1.0], [np.inf]), "The coordinates of axis 1 must be finite"),
        ("x*y, y", (np.ones((2, 2)), [1.0]), "one 1-D array for each coordinate"),
        ("x*y, y", 3, "grid= takes one array of coordinates"),
        ("x*y, y", ([1.0], [2.0], [3.0]), r"is a map of 2 numbers \(x, y\)"),
        ("x*y*z, y", ([1.0], [2.0], [3.0]), r"A map from R\^3 to R\^2 has no volume factor"),
    ],
)
def test_bad_grids(f, grid, message):
    with pytest.raises(wrt.WrtError, match=message):
        scaling_field(f, grid)


@pytest.mark.parametrize("unit, said", [("1e200", "inf (overflow: it is 10^400.301)"), ("1e-200", "0 (underflow: it is 10^−399.699)")])
def test_what_no_float_holds(unit, said):
    field = scaling_field(f"{unit}*x**2, y*{unit}", (np.linspace(-1, 1, 4), np.linspace(0, 1, 3)))
    assert field.undefined == 0
    assert field.folded
    assert np.allclose(field.log_values, (np.log(2 * np.abs(field.axes[0])) + 2 * np.log(float(unit)))[:, None])
    assert f"largest: {said} at (−1, 0)" in str(field)


def test_a_zero_is_no_fold():
    assert not scaling_field("x**3, y", (np.linspace(-1, 1, 5), np.linspace(0, 1, 3))).folded


def test_numbers_are_no_grid():
    with pytest.raises(wrt.ShapeError, match=r"got 3 numbers.\n  For a map of one coordinate write \(xs,\)"):
        scaling_field("sin(x)", np.linspace(0, 1, 3))


def test_far_from_0_the_ends_differ():
    said = str(scaling_field("x*y, y", (np.linspace(1e6, 1e6 + 1, 3), [1.0, 2.0])))
    assert "x ∈ [1000000, 1000001]" in said
    assert "at (1000000, 1)" in said
