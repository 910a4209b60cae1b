"""Fold curves det J = 0 of maps of the plane, against curves that are known."""

import numpy as np
import pytest

import wrt
from wrt.geometry import folds

SQUARE = ((-2, 2), (-2, 2))


@pytest.mark.parametrize("resolution", [20, 63, 128])
def test_a_closed_curve(resolution):
    """z² + 2 z̄: det J = 4 (x² + y² − 1), folded along the unit circle onto a deltoid."""
    found = folds("x**2 - y**2 + 2*x, 2*x*y - 2*y", SQUARE, resolution=resolution)
    assert found.closed == (True,)
    (curve,), (image,) = found.curves, found.images
    assert np.allclose(np.hypot(*curve.T), 1, atol=1e-13)
    assert np.array_equal(curve[0], curve[-1])
    assert np.isclose(found.lengths[0], 2 * np.pi, rtol=3 / resolution)
    assert found.residual < 1e-13
    t = np.arctan2(curve[:, 1], curve[:, 0])
    assert np.allclose(image, np.column_stack([np.cos(2 * t) + 2 * np.cos(t), np.sin(2 * t) - 2 * np.sin(t)]))
    assert not len(found.jumps)
    assert not len(found.touching)


@pytest.mark.parametrize("f", ["x**3 + x*y, y", lambda x, y: (x**3 + x * y, y), lambda p: np.array([p[0] ** 3 + p[0] * p[1], p[1]])])
def test_whitneys_cusp(f):
    """det J = 3x² + y: a parabola, from edge to edge."""
    found = folds(f, ((-1, 1), (-1, 1)))
    assert found.closed == (False,)
    x, y = found.curves[0].T
    assert np.allclose(y, -3 * x**2, atol=1e-14)
    assert np.allclose([x.min(), x.max(), y.min()], [-(3**-0.5), 3**-0.5, -1])
    image = found.images[0]
    assert np.allclose((image[:, 0] / 2) ** 2, (-image[:, 1] / 3) ** 3)  # the semicubical parabola


def test_a_function_of_all_rows_at_once():
    found = folds(lambda X: np.stack([X[:, 0] ** 2, X[:, 1]], axis=1), ((-1, 1.1), (0, 1)))
    (curve,), (image,) = found.curves, found.images
    assert np.abs(curve[:, 0]).max() < 1e-15
    assert np.array_equal(image[:, 1], curve[:, 1])


def test_several_curves():
    """(x, sin y) has det J = cos y."""
    found = folds("x, sin(y)", ((0, 1), (-8, 8)))
    levels = sorted(float(curve[:, 1].mean()) for curve in found.curves)
    assert np.allclose(levels, np.pi * (np.arange(6) - 2.5))
    assert all(np.allclose(np.ptp(curve[:, 1]), 0) for curve in found.curves)
    assert "f folds along 6 curves det J = 0 in x ∈ [0, 1], y ∈ [−8, 8]" in str(found)


@pytest.mark.parametrize("region", [((-1, 1), (-1, 1)), ((-1, 1.1), (-1, 1.2))])
def test_crossing_folds(region):
    """(x², y²) has det J = 4xy: both axes, whether or not the grid has points on them."""
    found = folds("x**2, y**2", region)
    points = np.concatenate(found.curves)
    assert np.abs(points).min(1).max() < 1e-13
    total = sum(high - low for low, high in region)
    assert np.isclose(sum(found.lengths), total, rtol=0.02)
    assert not len(found.jumps)
    assert not len(found.touching)


@pytest.mark.parametrize("f", ["x, 2*y - x", "r*exp(t), r*exp(-t) + 3*r", "exp(x)*cos(y), exp(x)*sin(y)"])
def test_no_folds(f):
    found = folds(f, ((0.5, 1), (0, 1)))
    assert not found
    assert found.curves == ()
    assert not len(found.touching)
    assert str(found).startswith("no curve det J = 0 of f was seen on a grid of 129 × 129 points in ")


@pytest.mark.parametrize("f", ["x**3, y", "-x**3, y"])
@pytest.mark.parametrize("region", [((-1, 1), (-1, 1)), ((-1, 1.1), (-1, 1))])
def test_zeros_that_are_touched_are_no_folds(f, region):
    found = folds(f, region)
    assert not found
    assert np.allclose(found.touching[:, 0], 0, atol=1e-6)
    assert "touches 0 without changing sign" in str(found)


@pytest.mark.parametrize("f", ["x*y, x**2 - y**2", "y**2 - x**2, x*y"])
def test_an_isolated_zero(f):
    found = folds(f, ((-1, 1), (-1, 1)))
    assert not found
    assert np.allclose(found.touching, [[0, 0]])


@pytest.mark.parametrize("region", [((-1, 1), (-1, 1)), ((-1, 1.1), (-1, 1))])
def test_a_crease_is_no_zero(region):
    found = folds("abs(x), y", region)
    assert not found
    assert np.allclose(found.jumps[:, 0], 0, atol=1e-12)
    assert "changes sign without being 0" in str(found)


def test_a_pole_is_no_zero():
    found = folds("log(abs(x)), y", ((-1, 1.1), (-1, 1)))
    assert not found
    assert len(found.jumps) == 129


def test_where_f_is_not_defined():
    found = folds("sqrt(x)*(y - 1)**2, x", ((-1, 1), (0, 2)))
    assert found
    assert (found.curves[0][:, 0] > 0).all()
    assert np.allclose(found.curves[0][:, 1], 1)


@pytest.mark.parametrize(
    "f, region, options, message",
    [
        ("x*y, x, y", SQUARE, {}, r"f maps R\^2 to R\^3; only a map of R\^2 to itself has fold curves"),
        ("x*y", SQUARE, {}, r"f maps R\^2 to R\^1"),
        ("x + y, 2*x + 2*y", SQUARE, {}, "det J of f is 0 everywhere in the region"),
        ("log(x), y", ((-2, -1), (0, 1)), {}, "The Jacobian of f is not finite anywhere in the region"),
        ("x*y, x", ((0, 1),), {}, "region= takes two intervals"),
        ("x*y, x", ((1, 0), (0, 1)), {}, "must be finite and increase"),
        ("x*y, x", SQUARE, {"resolution": 1}, "resolution is the number of cells along each axis, from 2 to 1024, not 1"),
    ],
)
def test_bad_input(f, region, options, message):
    with pytest.raises(wrt.WrtError, match=message):
        folds(f, region, **options)


# ----- finer than the grid ------------------------------------------------------------------------------------------
LOOP = "x**3/3 - 0.37*x**2 + 0.1369*x + x*(y - 0.21)**2 - {}*x, y"  # det J = (x − 0.37)² + (y − 0.21)² − r²
UNIT = ((-1, 1), (-1, 1))


@pytest.mark.parametrize("radius", [1e-2, 1e-3, 1e-4])
@pytest.mark.parametrize("resolution", [16, 128])
def test_a_loop_within_a_cell(radius, resolution):
    found = folds(LOOP.format(radius**2), UNIT, resolution=resolution)
    assert found.closed == (True,)
    assert np.allclose(np.hypot(*(found.curves[0] - (0.37, 0.21)).T), radius, rtol=1e-6)
    assert found.hidden == 0


@pytest.mark.parametrize("f", [LOOP.format("(-1e-4)"), "x**3/3 + 1e-9*x, y", "x**3, y", "x, y"])
def test_nothing_is_seen_where_nothing_is(f):
    found = folds(f, UNIT, resolution=32)
    assert not found
    assert found.hidden == 0
    assert "no curve det J = 0 of f was seen on a grid of 33 × 33 points in x ∈ [−1, 1], y ∈ [−1, 1]" in str(found)


@pytest.mark.parametrize("waves, count, resolution", [(40, 26, 128), (40, 26, 16), (40, 26, 8), (100, 64, 32)])
def test_many_folds_on_a_coarse_grid(waves, count, resolution):
    found = folds(f"sin({waves}*x), y", UNIT, resolution=resolution)
    levels = np.sort([float(curve[:, 0].mean()) for curve in found.curves])
    assert np.allclose(levels, np.pi * (np.arange(count) - (count - 1) / 2) / waves)
    assert f"seen on a grid of {found.resolution + 1} × {found.resolution + 1} points" in str(found)


def test_two_folds_between_two_points():
    found = folds("x**3/3 - 1e-9*x, y", UNIT)
    assert np.allclose(np.sort([curve[0, 0] for curve in found.curves]), [-(1e-9**0.5), 1e-9**0.5])
    found = folds("x**4/4 - 5e-5*x**2, y", UNIT)
    assert np.allclose(np.sort([curve[0, 0] for curve in found.curves]), [-0.01, 0, 0.01])


@pytest.mark.parametrize("unit", ["1e200", "1e-200"])
def test_units_do_not_matter(unit):
    found = folds(f"{unit}*x**2, y*{unit}", ((-1, 1.1), (-1, 1)))
    assert np.allclose(found.curves[0][:, 0], 0, atol=1e-12)


# ----- any size of region, any distance from 0 ----------------------------------------------------------------------
@pytest.mark.parametrize("s", [1e-11, 1e-12, 1e-20, 1e-150, 1e-300, 1e100])
def test_the_size_of_the_region_does_not_matter(s):
    found = folds("x**2, y", ((-s, 2 * s), (-s, s)))
    (curve,) = found.curves
    assert np.abs(curve[:, 0]).max() <= 1e-12 * s
    assert found.lengths == pytest.approx((2 * s,))


@pytest.mark.parametrize("a", [1e6, -1e9])
def test_regions_far_from_0(a):
    found = folds(f"(x - {a!r} - 0.3)**2, y", ((a, a + 1), (0, 1)))
    (curve,) = found.curves
    assert np.allclose(curve[:, 0] - a, 0.3, atol=1e-6)
    low, high = str(found).split("x ∈ [")[1].split("]")[0].split(", ")
    assert low != high
    assert f"{a + 0.3:.10f}".replace("-", "−").rstrip("0")[:9] in str(found)


def test_a_region_between_two_floats_is_refused():
    with pytest.raises(wrt.ArgumentError, match=r"too small to be divided into 128 cells.*\n  Move the origin"):
        folds("x**2, y", ((1e6, 1e6 + 1e-9), (0, 1)))


def test_small_zeros_that_are_touched():
    found = folds("x**3, y", ((-1e-20, 1e-20), (-1, 1)))
    assert len(found.touching) >= 129
    assert not found.touching[:, 0].any()


def test_where_the_map_is_flat_is_no_fold():
    found = folds("maximum(x, y), y", ((-1, 1), (-1, 1)))
    assert not found
    assert found.flat == 129 * 128 // 2
    assert not len(found.touching)
    assert "det J is 0 or too small for a float around 8256 of a grid of 129 × 129 points: there the map flattens the plane" in str(found)


def test_what_is_small_in_one_place_does_not_touch_0():
    assert not len(folds("exp(x), y", ((0, 700), (0, 1))).touching)


@pytest.mark.parametrize("f, region", [("abs(x), y", ((-1, 1), (-1, 1))), ("x**x, y", ((0, 1), (0, 1)))])
def test_a_lone_0_by_convention_is_not_touched(f, region):
    assert not len(folds(f, region).touching)
