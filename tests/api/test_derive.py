"""wrt.derive: one object that is formula, code and numbers; what it assumes, prints and refuses."""

import numpy as np
import pytest

import wrt

RNG = np.random.default_rng(5)
PHI, Y, THETA = RNG.standard_normal((5, 3)), RNG.standard_normal(5), RNG.standard_normal(3)
VALUES = dict(Phi=PHI, y=Y, theta=THETA)
LSQ = "sum((y - Phi @ theta)**2)"
GRADIENT = -2 * (Y - PHI @ THETA) @ PHI


def residual(theta, Phi, y):
    return y - Phi @ theta


@pytest.fixture(scope="module")
def d():
    return wrt.derive(LSQ, wrt="theta", shapes={"Phi": "N D"})


def test_numbers(d):
    np.testing.assert_allclose(d(**VALUES), GRADIENT, rtol=1e-13)
    value, gradient = d.value_and(**VALUES)
    assert value == pytest.approx(np.sum((Y - PHI @ THETA) ** 2))
    np.testing.assert_allclose(gradient, GRADIENT, rtol=1e-13)
    np.testing.assert_allclose(d(Phi=PHI.tolist(), y=list(Y), theta=list(THETA)), GRADIENT, rtol=1e-13)


def test_one_object_at_many_sizes(d):
    for n, m in ((2, 3), (7, 1), (1, 1), (0, 2), (3, 0)):
        Phi, y, theta = np.ones((n, m)), np.arange(float(n)), np.ones(m)
        np.testing.assert_allclose(d(Phi=Phi, y=y, theta=theta), -2 * (y - Phi @ theta) @ Phi)


def test_what_is_printed(d):
    assert str(d.formula) == "−2 (y − Φθ)ᵀΦ"
    assert d.latex == r"-2\,(y - \Phi\theta)^\top \Phi"
    assert d.function == "‖y − Φθ‖²"
    assert str(d).splitlines()[0] == "−2 (y − Φθ)ᵀΦ ∈ R^{1×D}   (numerator layout: outputs along rows, inputs along columns)"
    assert repr(d).startswith("<derivative of f by theta: −2 (y − Φθ)ᵀΦ ∈ R^{1×D}")
    assert d._repr_latex_().startswith("$")
    assert d.in_layout("denominator") == "−2Φᵀ(y − Φθ) ∈ R^{D×1}"
    assert set(d.views) >= {"numerator layout", "denominator layout"}
    assert tuple(map(str, d.shape)) == ("D",)


def test_what_was_assumed_is_said(d):
    assert d.assumed == ("y", "theta")
    assert {name: tuple(map(str, shape)) for name, shape in d.variables.items()} == {"y": ("N",), "Phi": ("N", "D"), "theta": ("D",)}
    assert "assumed: y: N   θ: D" in str(d)
    declared = wrt.derive(LSQ, wrt="theta", shapes={"Phi": "N D", "y": "N", "theta": "D"})
    assert declared.assumed == ()
    assert "assumed" not in str(declared)


def test_the_code_runs_and_needs_numpy_only(d):
    space = {}
    exec(d.code, space)
    value, gradient = space["value_and_derivative"](**VALUES)
    assert value == pytest.approx(np.sum((Y - PHI @ THETA) ** 2))
    np.testing.assert_allclose(gradient, GRADIENT, rtol=1e-13)
    assert [line for line in d.code.splitlines() if "import" in line] == ["import numpy as np"]


def test_the_einsum_line_runs(d):
    space = dict(np=np, dLde=2 * (Y - PHI @ THETA), dedtheta=-PHI)
    exec(d.einsum, space)
    np.testing.assert_allclose(space["dLdtheta"], GRADIENT, rtol=1e-13)


def test_steps_and_check(d):
    assert "chain rule" in str(d.steps)
    assert d.check().difference < 1e-9
    assert str(d.check()).startswith("checked at 3 random points")


def test_text_and_function_give_the_same():
    text = wrt.derive("y - Phi @ theta", wrt="theta", shapes={"Phi": "N D", "theta": "D", "y": "N"})
    function = wrt.derive(residual, wrt="theta", shapes={"Phi": "N D", "theta": "D", "y": "N"})
    assert text.formula == function.formula == "−Φ"
    np.testing.assert_array_equal(text(**VALUES), function(**VALUES))
    np.testing.assert_array_equal(function(**VALUES), wrt.jacobian(residual)(THETA, PHI, Y))
    assert "residual" in repr(function)


def test_a_functions_arguments_may_be_meant_by_position():
    shapes = {"Phi": "N D", "theta": "D", "y": "N"}
    assert wrt.derive(residual, 0, shapes=shapes).formula == "−Φ"
    assert wrt.derive(residual, -1, shapes=shapes).wrt == ("y",)
    with pytest.raises(wrt.ArgumentError, match="names of variables in the expression, not 0"):
        wrt.derive(LSQ, 0)


def test_second_derivatives(d):
    for second in (d.derive(wrt="theta"), wrt.derive(LSQ, wrt=("theta", "theta"))):
        assert second.formula == "2ΦᵀΦ"
        np.testing.assert_allclose(second(**VALUES), 2 * PHI.T @ PHI, rtol=1e-13)
    mixed = wrt.derive("x @ A @ y", wrt=("x", "y"))
    A = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(mixed(x=np.ones(2), A=A, y=np.ones(3)), A)
    np.testing.assert_array_equal(wrt.derive("x @ A @ y", wrt=("y", "x"))(x=np.ones(2), A=A, y=np.ones(3)), A.T)


def test_zero_is_said_and_why():
    absent = wrt.derive("x @ x", wrt="A", shapes={"A": "N N", "x": "N"})
    assert absent.formula == "0   (zero: f does not depend on A)"
    np.testing.assert_array_equal(absent(x=THETA, A=np.eye(3)), np.zeros((3, 3)))
    steps = wrt.derive("sum(round(x))", wrt="x")
    assert steps.formula == "0   (zero: f is piecewise constant in x)"
    linear = wrt.derive("A @ x", wrt=("x", "x"))
    assert linear.formula == "0   (zero: the first derivative does not depend on x)"


@pytest.mark.parametrize("text, kind", [
    ("A @ x", "dense"), ("sin(x)", "diagonal"), ("x", "identity"), ("sum(x) * x", "diagonal + low rank"), ("x[1:] - x[:-1]", "banded"),
])  # fmt: skip
def test_structure(text, kind):
    assert wrt.derive(text, wrt="x").structure.kind == kind


def test_integers_and_precision():
    d = wrt.derive("exp(-a*t**2)", wrt="t", shapes={"t": ""})
    assert d(a=1, t=2) == pytest.approx(-4 * np.exp(-4.0))
    constant = wrt.derive("array([2*x[0] - x[1], x[0]])", wrt="x")
    assert constant(x=[1, 2]).dtype == np.float64
    single = wrt.derive(LSQ, wrt="theta")
    assert single(**{name: value.astype(np.float32) for name, value in VALUES.items()}).dtype == np.float32


def test_results_are_the_users_own():
    A = np.arange(6.0).reshape(2, 3)
    found = wrt.derive("A @ x", wrt="x")(A=A, x=np.ones(3))
    found[:] = 0.0
    np.testing.assert_array_equal(A, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("values, error, words", [
    ({"theta": THETA}, wrt.ArgumentError, "No value for y, Phi. The expression has y, Phi, theta."),
    ({**VALUES, "theta": THETA[:2]}, wrt.ShapeError, "D is 3 in Phi and 2 in theta."),
    ({**VALUES, "theta": PHI}, wrt.ShapeError, "theta is D here; the array given has shape (5, 3)."),
    ({**VALUES, "theta": THETA + 1j}, wrt.ArgumentError, "theta is of dtype complex128; expected real numbers."),
    ({**VALUES, "theta": ["a", "b", "c"]}, wrt.ArgumentError, "theta is of dtype <U1"),
])  # fmt: skip
def test_wrong_values(d, values, error, words):
    with pytest.raises(error) as caught:
        d(**values)
    assert words in str(caught.value)


@pytest.mark.parametrize("expression, options, error, words", [
    ("x @ A @ x", {"wrt": "z"}, wrt.ArgumentError, "z is not a variable of the expression; it has x, A."),
    (residual, {"wrt": "z"}, wrt.ArgumentError, "it has theta, Phi, y."),
    ("x @ x", {"wrt": ()}, wrt.ArgumentError, "wrt= takes one name, or two"),
    ("x @ x", {"wrt": ("x", "x", "x")}, wrt.ArgumentError, "got 3"),
    ("x @ x", {"wrt": "x", "layout": "rows"}, wrt.LayoutError, "'numerator', 'denominator', 'mixed'"),
    ("x @ x", {"wrt": "x", "view": "flat"}, wrt.LayoutError, "'tensor', 'matrix'"),
    ("x @ x", {"wrt": "x", "order": "K"}, wrt.LayoutError, "'C', 'F'"),
    ("x @ x", {"wrt": "x", "dialect": "matlab"}, wrt.ArgumentError, "Write dialect= one of 'numpy', 'matrixcalculus'"),
    ("x @ x", {"wrt": "x", "shapes": {"x": "N!"}}, wrt.ArgumentError, "'N!' is not a size."),
    ("det(X)", {"wrt": "X", "shapes": {"X": "M N"}}, wrt.ShapeError, "X is M×N; a determinant needs a square matrix."),
    ("foo(x)", {"wrt": "x"}, wrt.ArgumentError, "foo is not a function that wrt knows."),
    ("x.mystery()", {"wrt": "x"}, wrt.WrtError, "mystery"),
    (3, {"wrt": "x"}, wrt.ArgumentError, "3 is not a function"),
])  # fmt: skip
def test_refusals(expression, options, error, words):
    with pytest.raises(error) as caught:
        wrt.derive(expression, **options)
    assert words in str(caught.value)


def test_a_third_derivative_is_refused_with_a_way_on(d):
    with pytest.raises(wrt.ArgumentError, match="Third derivatives have no formula"):
        d.derive("theta").derive("theta")


def test_text_is_never_evaluated():
    for text in ("__import__('os').getcwd()", "().__class__", "x.__class__", "open('x')", "(lambda: x)()", "[i for i in x]"):
        with pytest.raises(wrt.WrtError):
            wrt.derive(text, wrt="x")


def test_formulas_that_need_sizes_still_give_numbers():
    d = wrt.derive("np.trace(A @ X)", wrt="X")
    A = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(d(A=A, X=np.ones((3, 2))), A.T)
    d = wrt.derive("sum(sort(x)[-2:])", wrt="x")
    np.testing.assert_array_equal(d(x=[3.0, 1.0, 2.0]), [1.0, 0.0, 1.0])
    assert repr(d)
