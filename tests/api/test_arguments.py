"""Which input is meant, and in which forms inputs may be given."""

import functools
from collections import namedtuple

import numpy as np
import pytest

import wrt

A = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
X = np.array([0.3, 0.7, 1.1])


def model(x, W, scale=2.0, *, shift=0.5):
    return scale * (W @ np.sin(x)) + shift**2


BY_X = 2 * A * np.cos(X)
BY_W = 2 * np.einsum("ik,j->ikj", np.eye(2), np.sin(X))
BY_SCALE = A @ np.sin(X)
BY_SHIFT = np.array([1.0, 1.0])


@pytest.mark.parametrize("which, expected", [
    (0, BY_X), ("x", BY_X), (1, BY_W), ("W", BY_W), (2, BY_SCALE), ("scale", BY_SCALE), ("shift", BY_SHIFT), (-1, BY_SHIFT), (-4, BY_X),
])  # fmt: skip
def test_by_name_or_position(which, expected):
    np.testing.assert_allclose(wrt.jacobian(model, which)(X, A), expected, rtol=1e-14)
    np.testing.assert_allclose(wrt.jacobian(model, wrt=which)(W=A, x=X), expected, rtol=1e-14)


def test_the_first_by_default():
    np.testing.assert_allclose(wrt.jacobian(model)(X, A), BY_X, rtol=1e-14)


@pytest.mark.parametrize("which", [("x", "W", "shift"), (0, 1, 3), ["x", 1, "shift"]])
def test_several_give_a_tuple(which):
    found = wrt.jacobian(model, which)(X, A)
    assert isinstance(found, tuple)
    for one, expected in zip(found, (BY_X, BY_W, BY_SHIFT), strict=True):
        np.testing.assert_allclose(one, expected, rtol=1e-14)


def test_one_name_in_a_tuple_gives_a_tuple_of_one():
    (found,) = wrt.jacobian(model, ("x",))(X, A)
    np.testing.assert_allclose(found, BY_X, rtol=1e-14)


def test_defaults_and_keywords():
    J = wrt.jacobian(model)
    np.testing.assert_allclose(J(X, A, shift=7.0), BY_X, rtol=1e-14)
    np.testing.assert_allclose(J(X, A, 3.0), 1.5 * BY_X, rtol=1e-14)
    np.testing.assert_allclose(J(X, scale=4.0, W=A), 2 * BY_X, rtol=1e-14)
    np.testing.assert_allclose(J(X, A, scale=3), 1.5 * BY_X, rtol=1e-14)  # an int fixes the program: another variant


def test_variable_arguments():
    def f(*points, **more):
        return points[0] * points[1] + more["k"] * points[1] ** 2

    np.testing.assert_allclose(wrt.jacobian(f, 1)(X, 2 * X, k=0.5), np.diag(X + 2 * X), rtol=1e-14)
    np.testing.assert_allclose(wrt.jacobian(f, "points[0]")(X, 2 * X, k=0.5), np.diag(2 * X), rtol=1e-14)
    np.testing.assert_allclose(wrt.jacobian(f, "k")(X, 2 * X, k=0.5), 4 * X**2, rtol=1e-14)
    with pytest.raises(wrt.ArgumentError, match=r"by points\[2\], and this call gives only points\[0\], points\[1\], k"):
        wrt.jacobian(f, 2)(X, X, k=1.0)
    with pytest.raises(wrt.ArgumentError, match="by other, and this call gives only"):
        wrt.jacobian(f, "other")(X, X, k=1.0)


@pytest.mark.parametrize("which, words", [
    ("y", "model has no parameter 'y'; it has x, W, scale, shift."),
    ("scael", "Did you mean scale?"),
    (4, "model has no parameter number 4"),
    (-5, "model has no parameter number -5"),
    ((), "names no argument"),
    (("x", "x"), "names x twice"),
    (("x", 0), "names x twice"),
    (1.5, "names and positions, not 1.5"),
    (("x", 1.5), "names and positions, not 1.5"),
])  # fmt: skip
def test_a_wrong_wrt_is_refused_when_the_jacobian_is_made(which, words):
    with pytest.raises(wrt.ArgumentError) as caught:
        wrt.jacobian(model, which)
    assert words in str(caught.value)


@pytest.mark.parametrize("args, kwargs, words", [
    ((X,), {}, "missing a required argument: 'W'"),
    ((X, A, 1.0, 2.0), {}, "too many positional arguments"),
    ((X, A), {"shfit": 1.0}, "unexpected keyword argument 'shfit'"),
])  # fmt: skip
def test_a_call_that_does_not_fit(args, kwargs, words):
    with pytest.raises(wrt.ArgumentError) as caught:
        wrt.jacobian(model)(*args, **kwargs)
    assert words in str(caught.value)
    assert "It has x, W, scale, shift." in str(caught.value)
    assert isinstance(caught.value, TypeError)  # as Python's own error is


# ----- kinds of values ------------------------------------------------------------------------------------------------
def test_lists_are_arrays():
    np.testing.assert_allclose(wrt.jacobian(model)(X.tolist(), A), BY_X, rtol=1e-14)


@pytest.mark.parametrize("point", [3.0, np.float64(3.0), np.array(3.0)])
def test_scalars(point):
    found = wrt.jacobian(lambda t: np.array([t, t**2, np.exp(t)]))(point)
    np.testing.assert_allclose(found, [1.0, 6.0, np.exp(3.0)], rtol=1e-15)
    assert wrt.jacobian(lambda t: t**2)(point) == 6.0
    assert wrt.gradient(lambda t: t**2)(point).shape == ()
    assert wrt.hessian(lambda t: t**3)(point) == 18.0


@pytest.mark.parametrize("point", [3, np.int32(3), np.array([1, 2, 3]), [1, 2, 3]])
def test_integers_are_promoted_and_that_is_said(point):
    with pytest.warns(wrt.Promotion, match="x has integers; they are taken as float64"):
        found = wrt.jacobian(lambda x: x**2)(point)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(np.diag(found) if found.ndim else found, 2 * np.asarray(point))


@pytest.mark.parametrize("point, words", [
    (X + 0j, "x is complex"),
    (np.array([True, False, True]), "dtype bool"),
    (np.array(["a"]), "dtype <U1"),
    (np.array([X, None], dtype=object), "dtype object"),
    ([[1.0, 2.0], [3.0]], "not a rectangular array"),
    (None, "x is None"),
    ({"a": X}, "x is a dict"),
    (np.array([1, 2], "M8[s]"), "dtype datetime64"),
])  # fmt: skip
def test_what_has_no_derivative_is_refused(point, words):
    with pytest.raises(wrt.ArgumentError) as caught:
        wrt.jacobian(lambda x: x * 2)(point)
    assert words in str(caught.value)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("make", [np.asmatrix, np.ma.array])
def test_arrays_with_an_arithmetic_of_their_own_are_refused(make):
    with pytest.raises(wrt.ArgumentError, match=r"arithmetic may differ.*\n.*np\.asarray\(x\)"):
        wrt.jacobian(lambda x: x * x)(make(np.eye(2)))
    with pytest.raises(wrt.ArgumentError, match="m is a"):
        wrt.jacobian(lambda x, m: m * x)(np.eye(2), make(np.eye(2)))


def test_complex_parameters_are_refused():
    with pytest.raises(wrt.ArgumentError, match="W is of dtype complex128"):
        wrt.jacobian(model)(X, A + 0j)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0)])
def test_size_zero(shape):
    x = np.zeros(shape)
    assert wrt.jacobian(np.sin)(x).shape == shape * 2
    assert wrt.jacobian(lambda x: np.sum(x**2))(x).shape == shape
    assert wrt.jacobian(np.sin).sparse(x).shape == (0, 0)
    assert wrt.jacobian(lambda x: np.sum(x**2)).sparse(x).shape == (1, 0)
    assert wrt.hessian(lambda x: np.sum(x**2))(x).shape == shape * 2
    assert wrt.jacobian(lambda t: np.zeros(0) * t)(1.0).shape == (0,)


# ----- precision ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_precision_is_kept(dtype):
    x = np.array([1.0, 2.0], dtype)
    assert wrt.jacobian(lambda x: 2.5 * np.sin(x))(x).dtype == dtype
    assert wrt.gradient(lambda x: np.sum(x**3) / 3)(x).dtype == dtype
    assert wrt.hessian(lambda x: np.sum(x**3))(x).dtype == dtype
    assert wrt.jacobian(lambda x: x[::-1])(x).dtype == dtype
    v, J = wrt.jacobian(lambda x: x * 3).value_and(x)
    assert v.dtype == J.dtype == dtype
    assert wrt.jvp(lambda x: x * 3)(x, tangent=[1.0, 2.0]).dtype == dtype
    assert wrt.vjp(lambda x: x * 3)(x, cotangent=np.ones(2)).dtype == dtype
    if dtype in (np.float32, np.float64):
        assert wrt.jacobian(lambda x: 2.5 * np.sum(x)).sparse(x).dtype == dtype
        assert wrt.jacobian(lambda x: 2.5 * x).operator(x).dtype == dtype


def test_mixed_precision_promotes_as_numpy_does():
    def f(x, W): return W @ x

    J = wrt.jacobian(f)
    assert J(X.astype(np.float32), A).dtype == np.float64
    assert J(X, A.astype(np.float32)).dtype == np.float64
    assert J(X.astype(np.float32), A.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("W", [np.array([[1, 2, 3], [4, 5, 6]]), np.array([[True, False, True], [False, True, True]])])
def test_integer_and_boolean_coefficients_give_floating_derivatives(W):
    """Else J.T @ J of a mask would be a logical or, and J[0, 0] = 0.5 would be cut."""
    J = wrt.jacobian(lambda x, W: W @ x)
    for found in (J(X, W), J.value_and(X, W)[1], J.sparse(X, W).toarray(), J.operator(X, W) @ np.eye(3)):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, W)
    assert wrt.gradient(lambda x: np.arange(3) @ x)(X).dtype == np.float64
    assert wrt.hessian(lambda x: x @ (np.eye(3, dtype=int) @ x))(X).dtype == np.float64
    assert wrt.vjp(lambda x: np.arange(3) * x)(X, cotangent=[1, 1, 1]).dtype == np.float64


# ----- containers and callables ---------------------------------------------------------------------------------------
def test_nested_containers():
    def f(x, p):
        return p["W"] @ (p["scales"][0] * x) + p["more"]["b"] * p["n"]

    J = wrt.jacobian(f)
    p = {"W": A, "scales": [X, 2.0], "more": {"b": 0.5}, "n": 2}
    np.testing.assert_allclose(J(X, p), A * X, rtol=1e-14)
    p["scales"] = [2 * X, 2.0]
    np.testing.assert_allclose(J(X, p), 2 * A * X, rtol=1e-14)
    p["W"] = 3 * A
    np.testing.assert_allclose(J(X, p), 6 * A * X, rtol=1e-14)


def test_named_tuples_and_objects_are_read_anew():
    Point = namedtuple("Point", "w b")  # noqa: PYI024

    class Settings:
        rate = 2.0

    settings = Settings()
    J = wrt.jacobian(lambda x, p, s: p.w * x * s.rate + p.b)
    np.testing.assert_allclose(J(X, Point(X, 1.0), settings), np.diag(2 * X))
    np.testing.assert_allclose(J(X, Point(2 * X, 1.0), settings), np.diag(4 * X))
    settings.rate = 3.0
    np.testing.assert_allclose(J(X, Point(X, 1.0), settings), np.diag(3 * X))


class Model:
    def __init__(self):
        self.rate, self.weights = 2.0, np.ones(3)

    def run(self, x):
        return self.rate * self.weights * x

    def __call__(self, x):
        return self.run(x)


def test_methods_callable_objects_and_partials():
    model = Model()
    of_self = functools.partial(wrt.jacobian(Model.run, "x"), model)
    asked = [wrt.jacobian(model.run), wrt.jacobian(model), wrt.jacobian(functools.partial(Model.run, model)), of_self]
    for J in asked:
        np.testing.assert_array_equal(J(X), 2 * np.eye(3))
    model.rate = 5.0
    for J in asked:
        np.testing.assert_array_equal(J(X), 5 * np.eye(3))
    model.weights = np.full(3, 2.0)
    for J in asked:
        np.testing.assert_array_equal(J(X), 10 * np.eye(3))
    model.weights[:] = 3.0
    for J in asked:
        np.testing.assert_array_equal(J(X), 15 * np.eye(3))


def test_ufuncs_and_numpy_functions_are_functions():
    np.testing.assert_allclose(wrt.jacobian(np.sin)(X), np.diag(np.cos(X)))
    np.testing.assert_allclose(wrt.jacobian(np.multiply, 1)(X, 2 * X), np.diag(X))
    np.testing.assert_allclose(wrt.gradient(np.linalg.norm)(X), X / np.linalg.norm(X))


NUMPYS_OWN = (np.sum, np.mean, np.cumsum, np.prod, np.var, np.diff, np.max, np.median, np.ptp)


@pytest.mark.parametrize("f", NUMPYS_OWN)
def test_numpys_own_functions_with_defaults(f):
    np.testing.assert_allclose(wrt.jacobian(f)(X), wrt.jacobian(lambda x: f(x))(X))  # noqa: PLW0108


@pytest.mark.parametrize("option, error, words", [
    ({"layout": "rows"}, wrt.LayoutError, "Write layout= one of 'numerator', 'denominator', 'mixed'."),
    ({"view": "flat"}, wrt.LayoutError, "Write view= one of 'tensor', 'matrix'."),
    ({"order": "K"}, wrt.LayoutError, "Write order= one of 'C', 'F'."),
    ({"mode": "backward"}, wrt.ArgumentError, "'auto', 'forward' or 'reverse', not 'backward'"),
])  # fmt: skip
@pytest.mark.parametrize("verb", [wrt.jacobian, wrt.gradient])
def test_options_that_do_not_exist(verb, option, error, words):
    with pytest.raises(error) as caught:
        verb(model, **option)
    assert words in str(caught.value)


def test_text_goes_to_derive():
    with pytest.raises(wrt.ArgumentError, match=r"write wrt\.derive\('A @ x', wrt=…\)"):
        wrt.jacobian("A @ x")


@pytest.mark.parametrize("result, words", [
    (lambda x: None, "returns None"),
    (lambda x: {"a": x}, "returns a dict"),
    (lambda x: (x, x[0]), "not one array"),
    (lambda x: [], "empty list"),
    (lambda x: "a", "returns a str"),
])  # fmt: skip
def test_results_that_are_no_array(result, words):
    with pytest.raises(wrt.ArgumentError) as caught:
        wrt.jacobian(result)(X)
    assert words in str(caught.value)


def test_lists_and_tuples_are_results():
    for f in (lambda x: [x[0], 2 * x[1]], lambda x: (x[0], 2 * x[1])):
        np.testing.assert_array_equal(wrt.jacobian(f)(X), [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])


def test_errors_of_the_function_come_through():
    def f(x):
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        wrt.jacobian(f)(X)
    with pytest.raises(IndexError):
        wrt.jacobian(lambda x: x[7])(X)
