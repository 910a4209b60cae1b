"""The partial-derivative way: the linear map near a point, its factor, its error, its ellipse."""

import numpy as np
import pytest

import wrt
from wrt.geometry import local_map


def polar(x):
    return np.array([x[0] * np.cos(x[1]), x[0] * np.sin(x[1])])


def test_functions_and_text_agree():
    at = [2.0, 0.5]
    found = [
        local_map(polar, at),
        local_map(lambda r, t: (r * np.cos(t), r * np.sin(t)), at),
        local_map("r*cos(t), r*sin(t)", at),
        local_map("[r*cos(t), r*sin(t)]", at),
        local_map("np.array([r*np.cos(t), r*np.sin(t)])", at),
        local_map("x[0]*cos(x[1]), x[0]*sin(x[1])", at),
        local_map("r*cos(t), r*sin(t)", at[::-1], variables="t r"),
    ]
    expected = np.array([[np.cos(0.5), -2 * np.sin(0.5)], [np.sin(0.5), 2 * np.cos(0.5)]])
    for each in found[:-1]:
        assert np.allclose(each.matrix, expected, atol=1e-15)
        assert np.allclose(each.value, [2 * np.cos(0.5), 2 * np.sin(0.5)])
        assert (each.orientation, round(each.det, 12)) == ("kept", 2)
    assert np.allclose(found[-1].matrix, expected[:, ::-1])
    assert found[-1].orientation == "flipped"


def test_the_linear_map_approximates():
    here = local_map(polar, [2.0, 0.5])
    step = np.array([1e-3, -2e-3])
    assert np.allclose(here(step), here.matrix @ step)
    assert np.allclose(here.remainder(step), polar(here.point + step) - polar(here.point) - here.matrix @ step)
    assert here.linearization_error(step) == np.linalg.norm(here.remainder(step))


@pytest.mark.parametrize("f, x", [(polar, [2.0, 0.5]), (np.sin, 0.3), (lambda x: np.sin(x) * x[::-1], np.ones(5)), (lambda x: np.outer(x, x), np.ones(3))])
def test_the_error_is_of_second_order(f, x):
    here = local_map(f, x)
    errors = [here.linearization_error(h) for h in (1e-1, 1e-2, 1e-3)]
    assert np.allclose(np.log10(errors[0] / np.array(errors[1:])), [2, 4], atol=0.15)


def test_the_error_is_exact_where_the_remainder_is_known():
    assert np.isclose(local_map("x**2", 3.0).linearization_error(0.1), 0.01)
    assert np.isclose(local_map("x**2 + y**2, x - y", [1.0, 2.0]).linearization_error(0.1), 0.01)


def test_ellipse():
    here = local_map("3*x, y", [1.0, 1.0])
    assert np.allclose(here.ellipse.lengths, [3, 1])
    assert here.ellipse.angle == 0
    assert np.allclose(here.ellipse.center, [3, 1])
    rotated = local_map("x + 2*y, x - 2*y", [0.0, 0.0]).ellipse  # √8 along (1, −1), √2 along (1, 1)
    assert np.allclose(rotated.lengths, [np.sqrt(8), np.sqrt(2)])
    assert np.isclose(rotated.angle, -np.pi / 4)


def test_the_ellipse_is_the_image_of_the_circle(rng):
    f = lambda x: np.array([np.sin(x[0]) + x[1] ** 2, x[0] * x[1]])
    here = local_map(f, rng.standard_normal(2))
    t = np.linspace(0, 2 * np.pi, 100)
    circle = np.column_stack([np.cos(t), np.sin(t)])
    assert np.allclose(here.ellipse.points(100), here.value + circle @ here.matrix.T)
    assert np.allclose(np.linalg.norm(here.ellipse.axes, axis=0), here.singular_values)


def test_more_dimensions():
    helicoid = local_map("u*cos(v), u*sin(v), v", [2.0, 0.5])
    assert np.isclose(helicoid.scaling, np.sqrt(1 + 4))
    assert np.isclose(helicoid.log_scaling, np.log(5) / 2)
    curve = local_map("cos(t), sin(t), t", 0.3)
    assert np.isclose(curve.scaling, np.sqrt(2))
    sphere = local_map(lambda a: np.array([np.sin(a[0]) * np.cos(a[1]), np.sin(a[0]) * np.sin(a[1]), np.cos(a[0])]), [0.6, 1.0])
    assert np.isclose(sphere.scaling, np.sin(0.6))
    gram = sphere.matrix.T @ sphere.matrix
    assert np.isclose(sphere.scaling, np.sqrt(np.linalg.det(gram)))


def test_matrices_are_points_too(rng):
    a = rng.standard_normal((3, 3)) + 3 * np.eye(3)
    here = local_map(lambda x: x @ x.T @ x, a)
    assert here.matrix.shape == (9, 9)
    step = 1e-6 * rng.standard_normal((3, 3))
    assert here(step).shape == (3, 3)
    assert np.linalg.norm(here.remainder(step)) < 1e-9


def test_many_dimensions_do_not_overflow():
    here = local_map(lambda x: 1e3 * x, np.ones(400))
    assert here.det == here.scaling == np.inf
    assert np.isclose(here.log_scaling, 400 * np.log(1e3))


def test_the_inverse_is_the_jacobian_of_the_inverse():
    here = local_map(polar, [2.0, 0.5])
    back = wrt.jacobian(lambda y: np.array([np.hypot(y[0], y[1]), np.arctan2(y[1], y[0])]))
    assert np.allclose(here.inverse, back(here.value))


def test_it_prints():
    assert str(local_map("x*y, x + y", [2.0, 3.0])) == (
        "f near x = 2, y = 3 is f(x) + J δ with J =\n[ 3  2 ]\n[ 1  1 ]\ndet J = 1: area × 1, orientation kept\nstretches by 3.86433, 0.258777"
    )


# ----- what cannot be meant -----------------------------------------------------------------------------------------
def test_not_square():
    wide = local_map("x*y*z, x + y", [1.0, 2.0, 3.0])
    with pytest.raises(wrt.ShapeError, match=r"f maps R\^3 to R\^2: its Jacobian is 2×3 and has no determinant"):
        wide.det
    with pytest.raises(wrt.ShapeError, match=r"A map from R\^3 to R\^2 has no volume factor: it squeezes every 3-dimensional volume to zero"):
        wide.scaling
    assert len(wide.singular_values) == 2
    tall = local_map("x, x**2", 1.0)
    with pytest.raises(wrt.ShapeError, match=r"Read \.scaling"):
        tall.det
    with pytest.raises(wrt.ShapeError, match="no inverse"):
        tall.inverse


def test_a_fold():
    fold = local_map("x**2, y", [0.0, 1.0])
    assert (fold.det, fold.scaling, fold.log_scaling, fold.orientation) == (0, 0, -np.inf, "lost")
    with pytest.raises(wrt.ArgumentError, match=r"f folds at x = 0, y = 1: det J = 0 there, so it has no inverse near that point"):
        fold.inverse


@pytest.mark.parametrize(
    "f, x, message",
    [
        ("log(x), y", [-1.0, 2.0], "f is not finite at x = −1, y = 2: there is no linear map near it"),
        ("sqrt(x), y", [0.0, 2.0], "the Jacobian of f is not finite at x = 0, y = 2"),
        ("x*y, x", [1.0, 2.0, 3.0], r"x\*y, x is a map of 2 numbers \(x, y\); got a point of shape"),
        (lambda r, t: r * t, [1.0], r"f takes 2 numbers \(r, t\); got a point of shape"),
        ("x*y, x", ["a", 2], "A point is an array of real numbers"),
        ("x*y, x", [1j, 2], "A point is an array of real numbers"),
        (3, [1.0], "Expected a function or text like"),
        ("1, 2", [1.0], "has no variable"),
    ],
)
def test_bad_input(f, x, message):
    with pytest.raises(wrt.WrtError, match=message):
        local_map(f, x)


def test_variables():
    with pytest.raises(wrt.ArgumentError, match=r"y is in the map and not among its variables x"):
        local_map("x*y, x", [1.0, 2.0], variables="x")
    with pytest.raises(wrt.ArgumentError, match="polar is a function and has its own"):
        local_map(polar, [1.0, 2.0], variables="x y")


def test_a_name_that_appears_nowhere():
    with pytest.raises(wrt.ShapeError, match=r"The map 3, y has one name, y, which is the whole point, of shape \(2,\)") as refused:
        local_map("3, y", [1.0, 2.0])
    assert "name all coordinates in order: variables='x y'" in str(refused.value)
    constant = local_map("3, y", [1.0, 2.0], variables="x y")
    assert (constant.det, constant.orientation) == (0, "lost")


@pytest.mark.parametrize("unit", [1e200, 1e-170, 1e-200])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 70])
def test_a_determinant_beyond_floats_keeps_its_orientation(rng, unit, n):
    A = rng.standard_normal((n, n))
    sign, log = np.linalg.slogdet(A)
    here = local_map(lambda x: unit * (A @ x), np.ones(n))
    assert here.orientation == ("kept" if sign > 0 else "flipped")
    assert np.isclose(here.log_scaling, log + n * np.log(unit))
    mixed = np.where(np.arange(n) % 2, 1 / unit, unit)
    for B in (A * mixed, A * mixed[:, None]):
        here = local_map(lambda x, B=B: B @ x, np.ones(n))
        assert here.orientation == ("kept" if sign > 0 else "flipped")
        assert np.isclose(here.det, sign * np.exp(log) * (unit if n % 2 else 1), rtol=1e-9)


def test_overflow_is_said():
    large, small = local_map("1e200*x, 1e200*y", [1.0, 2.0]), local_map("1e-200*x, 1e-200*y, 1e-200*x", [1.0, 2.0])
    assert (large.det, large.orientation) == (np.inf, "kept")
    assert "det J = inf: area × inf (overflow: it is 10^400), orientation kept" in str(large)
    assert "area × 0 (underflow: it is 10^−399.849)" in str(small)
    assert "flow" not in str(local_map("x**2, y", [0.0, 1.0]))


# ----- kinks --------------------------------------------------------------------------------------------------------
def branch(x, y):
    return np.array([x if x > 1 else 2 * x - 1, y])


KINKED = [
    ("abs(x), y", (0, 1), "has a kink here (abs at 0)"),
    ("abs(1e9*x), y", (0, 1), "has a kink here (abs at 0)"),
    ("1e-200*abs(x), y", (0, 0), "has a kink here (abs at 0)"),
    ("abs(x) + 1000*x**2, y", (0, 0), "has a kink here (abs at 0)"),
    ("maximum(x, y), y", (1, 1), "has a kink here (a maximum of equal numbers)"),
    ("clip(x, -1, 1), y", (1, 0), "has a kink here (a minimum of equal numbers)"),
    ("where(x > 0, x, -2*x), y", (0, 1), "has a kink here (a condition that changes here)"),
    ("max(x)*x", (1, 1), "has a kink here (a maximum of equal entries)"),
    ("sort(x)", (1, 1), "has a kink here (an order of equal entries)"),
    ("x**x, y", (0, 1), "has a kink here (a power of 0)"),
    ("floor(x), y", (1, 0), "jumps here (floor at a whole number)"),
    (branch, (1, 2), "has a kink here (a condition that changes here)"),
]


@pytest.mark.parametrize("f, x, said", KINKED)
def test_a_kink_is_said(f, x, said):
    found = local_map(f, np.array(x, float))
    assert found.kink == f"{found._jacobian.name} {said}: no linear map is close to it"
    assert str(found).endswith(found.kink)
    assert " is f(x) + J δ" not in str(found)


@pytest.mark.parametrize(
    "f, x",
    [
        ("abs(x), y", (1, 1)),
        ("x*abs(x), y", (0, 0)),
        ("abs(x)**1.5, y", (0, 0)),
        ("where(x > 0, x**2, 0), y", (0, 0)),
        ("maximum(x, y), y", (1, 2)),
        ("norm(x)*x", (0, 0)),
        ("tanh(1e9*x), y", (0, 1)),
        ("x**3 + y**2, x*y", (0, 0)),
        ("sinc(x), y", (0, 0)),
    ],
)
def test_no_kink_is_seen_where_none_is(f, x):
    assert local_map(f, np.array(x, float)).kink == ""


def test_where_f_ends_is_said():
    assert local_map("x**1.5, y", [0.0, 1.0]).kink == "f is not defined on all sides of this point (a power of 0): the linear map holds only where it is"


def test_smooth_functions_are_not_called_for_it(monkeypatch):
    monkeypatch.setattr("wrt.api.kink._bent", None)
    assert local_map("x**2 + exp(abs(y)), y", [0.0, 1.0]).kink == ""


@pytest.mark.parametrize("h, at", [((-2, 0), "x = −1, y = 1"), (2, "x = ")])
def test_an_error_where_f_is_not_finite(h, at):
    with pytest.raises(wrt.ArgumentError, match=f"f is not finite at {at}"):
        local_map("sqrt(x), y", [1, 1]).linearization_error(h)


def test_no_coordinates():
    with pytest.raises(wrt.ArgumentError, match="The point has no coordinates"):
        local_map(lambda v: v, [])


def test_starred_arguments_are_not_guessed():
    with pytest.raises(wrt.ArgumentError, match=r"takes \*arguments.*\n  Name them"):
        local_map(lambda *v: np.array([v[0], v[1]]), [2, 3])
