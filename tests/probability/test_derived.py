"""Inverses that are derived from f: against known ones, for random compositions, and refused where there is no closed form."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from wrt.probability import NoDensity, transform

NORMAL, UNIT, HALF = stats.norm(), stats.uniform(), stats.expon()
LINE = np.array([-3.0, -0.7, -1e-8, 0.2, 1.0, 2.5])
POSITIVE = np.array([1e-9, 0.1, 0.7, 1.0, 2.5, 9.0])
INNER = np.array([0.001, 0.2, 0.5, 0.77, 0.999])

ONE_PIECE = {  # f: (distribution, x, formula)
    "exp(x)": (NORMAL, LINE, "x = log(y)"),
    "exp(2*x + 1)": (NORMAL, LINE, "x = ½ (log(y) − 1)"),
    "3 - 2*x": (NORMAL, LINE, "x = ½ (3 − y)"),
    "2*x + 3*x + 1 - x/2": (NORMAL, LINE, "x = (2/9) (y − 1)"),
    "log(x)": (HALF, POSITIVE, "x = exp(y)"),
    "log2(x)": (HALF, POSITIVE, "x = exp2(y)"),
    "log10(x)": (HALF, POSITIVE, None),
    "log1p(x)": (HALF, POSITIVE, "x = expm1(y)"),
    "expm1(x)": (NORMAL, LINE, "x = log1p(y)"),
    "exp2(x)": (NORMAL, LINE, "x = log2(y)"),
    "sqrt(x)": (HALF, POSITIVE, "x = y²"),
    "x**2": (HALF, POSITIVE, "x = sqrt(y)"),
    "x**3": (NORMAL, LINE[[0, 1, 3, 4, 5]], "x = cbrt(y)"),
    "x**5": (NORMAL, LINE[[0, 1, 3, 4, 5]], None),
    "cbrt(x)": (NORMAL, LINE, "x = y³"),
    "2*x**0.25": (HALF, POSITIVE, None),
    "1/x": (HALF, POSITIVE, "x = 1 / y"),
    "x/(1 + x)": (HALF, POSITIVE, None),
    "log(x) - log(1 - x)": (UNIT, INNER, None),
    "sinh(x)": (NORMAL, LINE, "x = arcsinh(y)"),
    "arcsinh(x)": (NORMAL, LINE, "x = sinh(y)"),
    "tanh(x)": (NORMAL, LINE, "x = arctanh(y)"),
    "arctanh(x)": (UNIT, INNER, "x = tanh(y)"),
    "arctan(x)": (NORMAL, LINE, "x = tan(y)"),
    "tan(x)": (UNIT, INNER, "x = arctan(y)"),
    "sin(x)": (UNIT, INNER, "x = arcsin(y)"),
    "cos(3*x)": (UNIT, INNER, "x = ⅓ arccos(y)"),
    "arccos(x)": (UNIT, INNER, "x = cos(y)"),
    "cosh(x)": (HALF, POSITIVE[1:], "x = arccosh(y)"),
    "1/(1 + exp(-x))": (NORMAL, LINE, None),
    "exp(x)/(1 + exp(x))": (NORMAL, LINE, None),
    "log(1 + exp(x))": (NORMAL, LINE, None),
    "log1p(exp(x))": (NORMAL, LINE, "x = y + log(−expm1(−y))"),
    "sinh(2*arcsinh(x) - 0.3)": (NORMAL, LINE, None),
    "x + x**2": (HALF, POSITIVE, None),
    "x - 1/x": (HALF, POSITIVE[1:], None),
    "2**x": (NORMAL, LINE, None),
}
FUNCTIONS = {
    "expit": (NORMAL, special.expit, LINE, "x = logit(y)"),
    "logit": (UNIT, special.logit, INNER, None),
    "ndtr": (NORMAL, special.ndtr, LINE, "x = ndtri(y)"),
    "ndtri": (UNIT, special.ndtri, INNER, "x = ndtr(y)"),
    "erf": (NORMAL, special.erf, LINE, "x = erfinv(y)"),
    "erfc": (NORMAL, special.erfc, LINE, "x = erfcinv(y)"),
    "logaddexp": (NORMAL, lambda x: np.logaddexp(0, x), LINE, "x = y + log(−expm1(−y))"),
    "boxcox": (HALF, lambda x: special.boxcox(x, 0.3), POSITIVE, None),
    "log_expit": (NORMAL, special.log_expit, LINE, None),
    "square": (HALF, np.square, POSITIVE, "x = sqrt(y)"),
    "reciprocal": (HALF, np.reciprocal, POSITIVE, "x = 1 / y"),
    "named y": (NORMAL, lambda y: 3 * y, LINE, "y = ⅓z"),
}


@pytest.mark.parametrize("f", ONE_PIECE)
def test_maps_in_text(f):
    dist, x, formula = ONE_PIECE[f]
    _comes_back(transform(dist, f), x, formula)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    dist, f, x, formula = FUNCTIONS[name]
    _comes_back(transform(dist, f), x, formula)


def _comes_back(Y, x, formula):
    assert Y.inverted_by == "derived"
    assert "inverse derived" in repr(Y)
    if formula is None:
        assert Y.inverse_formula
    else:
        assert Y.inverse_formula == formula
    y = Y.forward(x)
    lost = 8 * np.finfo(float).eps * (np.abs(y) + 1) / np.exp(Y.log_abs_det(x))  # f rounds: of x there is no more in y
    assert (np.abs(Y.inverse(y) - x) <= 1e-12 * np.abs(x) + lost).all()


BRANCHES = {  # f: (distribution, formula)
    "x**2": (NORMAL, "x = −sqrt(y), x = sqrt(y)"),
    "(x - 0.3)**4": (NORMAL, None),
    "abs(x + 1)": (NORMAL, "x = −(y + 1), x = y − 1"),
    "cosh(2*x)": (NORMAL, None),
    "cos(x)": (stats.uniform(0, 2 * np.pi), "x = arccos(y), x = 2π − arccos(y)"),
    "sin(x)": (stats.uniform(0, 2 * np.pi), None),
    "tan(x)": (stats.uniform(0, 2 * np.pi), None),
    "sin(x)**2": (stats.uniform(0, np.pi), None),
    "x**2 + x": (NORMAL, None),
    "3 - 2*x - x*x": (NORMAL, None),
    "(x - 1/x)/2": (stats.cauchy(), None),
    "1/x**2": (NORMAL, None),
    "log(abs(x))": (NORMAL, "x = −exp(y), x = exp(y)"),
    "exp(-x**2/2)": (NORMAL, None),
    "cos(x)*2 + 1": (stats.norm(scale=3), None),
}


@pytest.mark.parametrize("f", BRANCHES)
def test_each_piece_has_the_branch_that_lies_in_it(f, rng):
    dist, formula = BRANCHES[f]
    Y = transform(dist, f)
    assert Y.inverted_by == "derived"
    assert formula is None or Y.inverse_formula == formula
    _branches_are_right(Y, Y.forward(dist.rvs(200, random_state=rng)))


def _branches_are_right(Y, y):
    found = Y.inverses(y)
    assert len(found) == len(Y.pieces)
    for piece, x in zip(Y.pieces, found, strict=True):
        there = ~np.isnan(x)
        assert ((piece.low <= x[there]) & (x[there] <= piece.high)).all()
        with np.errstate(all="ignore"):
            lost = 64 * np.finfo(float).eps * (1 + np.abs(x[there])) * np.exp(Y.log_abs_det(x[there]))
        assert (np.abs(Y.forward(x[there]) - y[there]) <= 1e-9 * (np.abs(y[there]) + 1e-3) + lost).all()


@pytest.mark.parametrize("f", ["x + exp(x)", "x**3 + x**5 + x", "x + tanh(x)", "x*exp(x/9) + x*20"])
def test_without_a_closed_form_it_is_solved(f):
    Y = transform(NORMAL, f)
    assert Y.inverted_by == "solved"
    assert Y.inverse_formula is None
    assert "Newton" in repr(Y)
    np.testing.assert_allclose(Y.inverse(Y.forward(LINE)), LINE, rtol=1e-12, atol=1e-15)


def test_more_without_a_closed_form():
    assert transform(stats.uniform(0, 9), "x*sin(x)").inverted_by == "solved"
    assert transform(stats.uniform(-1, 2), lambda x: np.log1p(x) if x < 0 else 2 * x).inverted_by == "solved"
    given = transform(NORMAL, np.exp, np.log)
    assert given.inverted_by == "given"
    assert given.inverse_formula is None
    assert "inverse given" in repr(given)


def test_far_tails_are_right():
    y = np.array([1e-300, 1e-30, 1e-3, 1e30, 1e300])
    np.testing.assert_allclose(transform(NORMAL, np.exp).logpdf(y), stats.lognorm(1).logpdf(y), rtol=1e-13)
    y = np.array([1e-12, 1e-5, 0.5, 40.0, 700.0])
    x = y + np.log(-np.expm1(-y))
    np.testing.assert_allclose(transform(NORMAL, lambda x: np.log1p(np.exp(x))).logpdf(y), NORMAL.logpdf(x) - special.log_expit(x), rtol=1e-12)
    x = np.array([-38.0, -20.0, 0.0, 5.0])
    np.testing.assert_allclose(transform(NORMAL, special.ndtr).logpdf(NORMAL.cdf(x)), 0, atol=1e-9)
    y = np.array([-1e12, -1e5, 3.0, 1e9])
    np.testing.assert_allclose(transform(stats.cauchy(), lambda x: (x - 1 / x) / 2).logpdf(y), stats.cauchy.logpdf(y), rtol=1e-9)


def test_arrays_of_the_user_that_change():
    scale = np.array(2.0)
    Y = transform(NORMAL, lambda x: scale * x)
    assert Y.inverse_formula == "x = y / scale"
    assert Y.inverse(3.0) == 1.5
    scale[...] = 4.0
    assert Y.inverse(3.0) == 0.75


# ----- vectors --------------------------------------------------------------------------------------------------------
A, SHIFT = np.array([[2.0, 1, 0], [0, 1, 0.5], [0.3, 0, 1]]), np.array([1.0, 2, 3])


def _normals(n):
    return stats.multivariate_normal(np.zeros(n), np.eye(n))


def stick(v):
    y, left = np.zeros(3), 1.0
    for k in range(3):
        y[k] = left * v[k]
        left = left * (1 - v[k])
    return y


def coupling(x):
    return np.concatenate([x[:2], x[2:] * np.exp(0.3 * x[:2]) + x[:2] ** 2])


def autoregressive(x):
    return np.array([x[0], x[1] * np.exp(np.sin(x[0])) + x[0], x[2] * (1 + x[0] ** 2) + x[1]])


def cholesky(x):
    L = np.array([[np.exp(x[0]), 0], [x[1], np.exp(x[2])]])
    S = L @ L.T
    return np.array([S[0, 0], S[1, 0], S[1, 1]])


def spherical(x):
    r, t, p = x
    return np.array([r * np.sin(t) * np.cos(p), r * np.sin(t) * np.sin(p), r * np.cos(t)])


def box_muller(u):
    return np.sqrt(-2 * np.log(u[0])) * np.array([np.cos(2 * np.pi * u[1]), np.sin(2 * np.pi * u[1])])


def gamma_to_beta(x):
    return np.array([x[0] + x[1], x[0] / (x[0] + x[1])])


BALL = [stats.uniform(0.1, 3), stats.uniform(0, np.pi), stats.uniform(-np.pi, 2 * np.pi)]
VECTORS = {  # name: (distribution, f, formula)
    "affine": (_normals(3), lambda x: A @ x + SHIFT, "x = A⁻¹(y − SHIFT)"),
    "entry by entry": (_normals(3), lambda x: np.exp(x) * SHIFT, "x = log(y ⊘ SHIFT)"),
    "two layers": (_normals(3), lambda x: A @ np.sinh(A @ x + SHIFT), "x = A⁻¹(arcsinh(A⁻¹y) − SHIFT)"),
    "a system": (_normals(3), lambda x: np.linalg.solve(A, x), "x = Ay"),
    "softplus": (_normals(3), lambda x: np.log1p(np.exp(x)), "x = y + log(−expm1(−y))"),
    "stick-breaking": ([UNIT] * 3, stick, "v₁ = y₁, v₂ = y₂ / (1 − v₁), v₃ = y₃ / ((1 − v₁) (1 − v₂))"),
    "coupling": (_normals(4), coupling, "x₁ = y₁, x₂ = y₂, x₃ = (y₃ − x₁²) / exp(0.3x₁), x₄ = (y₄ − x₂²) / exp(0.3x₂)"),
    "autoregressive": (_normals(3), autoregressive, "x₁ = y₁, x₂ = (y₂ − x₁) / exp(sin(x₁)), x₃ = (y₃ − x₂) / (1 + x₁²)"),
    "Cholesky factor": (_normals(3), cholesky, None),
    "running sums": (_normals(4), lambda x: np.cumsum(np.exp(x)), None),
    "running products": ([UNIT] * 3, np.cumprod, None),
    "backwards": (_normals(3), lambda x: np.exp(x[::-1]), None),
    "text": (_normals(2), "x + y, x - y", None),
    "text in order": ([stats.uniform(1, 1), UNIT], "exp(u), v*u + 1", "u = log(y₁), v = (y₂ − 1) / u"),
    "shared": ([stats.gamma(2), stats.gamma(3)], gamma_to_beta, "x₁ = y₂y₁, x₂ = y₁ − x₁"),
    "polar": ([stats.uniform(0.1, 1), stats.uniform(0, 3)], "r*cos(t), r*sin(t)", "r = hypot(y₁, y₂), t = arctan2(y₂, y₁)"),
    "spherical": (BALL, spherical, None),
    "Box–Muller": ([UNIT] * 2, box_muller, None),
    "many": (_normals(40), lambda x: 2 * np.sinh(x) + 1, "x = arcsinh(½ (y − 1))"),
}


@pytest.mark.parametrize("name", VECTORS)
def test_vectors_come_back(name, rng):
    dist, f, formula = VECTORS[name]
    Y = transform(dist, f)
    assert Y.inverted_by == "derived"
    assert Y.inverse_formula if formula is None else Y.inverse_formula == formula
    x = Y.base.rvs(60, rng)
    y = Y.forward(x)
    np.testing.assert_allclose(Y.inverse(y), x, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(Y.logpdf(y), Y.base.logpdf(x) - Y.log_abs_det(x), rtol=1e-7, atol=1e-6)


def test_vectors_without_a_closed_form(rng):
    Y = transform(_normals(2), lambda x: np.array([x[0] + np.tanh(x[1]) / 4, x[1] + np.tanh(x[0]) / 4]))
    assert Y.inverted_by == "solved"
    assert Y.inverse_formula is None
    x = rng.normal(size=(20, 2))
    np.testing.assert_allclose(Y.inverse(Y.forward(x)), x, rtol=1e-8, atol=1e-9)


def test_an_angle_of_more_than_a_turn_is_not_derived():
    with pytest.raises(NoDensity):
        transform([stats.uniform(0.1, 1), stats.uniform(0, 9)], "r*cos(t), r*sin(t)")


def test_a_singular_matrix_has_no_inverse():
    with pytest.raises(NoDensity, match="singular"):
        transform(_normals(2), "x + y, 2*x + 2*y")


# ----- random compositions --------------------------------------------------------------------------------------------
NUMBERS = st.floats(0.2, 1.5).map(lambda a: round(a, 3))
RISING = ["exp({})", "sinh({})", "arcsinh({})", "tanh({})", "arctan({})", "({})**3", "cbrt({})", "log1p(exp({}))", "1/(1 + exp(-({})))", "-({})", "expm1({})"]
FOLDING = ["({})**2", "abs({})", "cosh({})", "cos({})", "exp(-({})**2)", "({})**4"]


@st.composite
def chains(draw, steps):
    f = "x"
    for _ in range(draw(st.integers(1, 5))):
        a, b = draw(NUMBERS), draw(NUMBERS)
        form = draw(st.sampled_from(["{0}*({2}) + {1}", "({2} - {1})/{0}", "{1} - {0}*({2})"]))
        f = draw(st.sampled_from(steps)).format(form.format(a, b, f))
    return f


@given(chains(RISING))
def test_random_compositions_come_back(f):
    dist = stats.uniform(-1, 2)
    x = np.linspace(-0.99, 0.98, 41)
    try:
        Y = transform(dist, f)
    except NoDensity:  # flat to rounding
        assume(False)
    assume(len(Y.pieces) == 1)
    with np.errstate(all="ignore"):
        y, slope = Y.forward(x), np.exp(Y.log_abs_det(x))
    assume(np.isfinite(y).all() and (slope > 1e-6).all())
    assert Y.inverted_by == "derived"
    lost = 1e-12 * (1 + np.abs(y)) / slope
    assert (np.abs(Y.inverse(y) - x) <= 1e-10 + lost).all()


@given(chains(FOLDING + RISING[:4]))
def test_random_folds_never_take_a_wrong_branch(f):
    try:
        Y = transform(stats.uniform(-1, 2), f)
    except NoDensity:
        assume(False)
    assume(len(Y.pieces) <= 12)
    y = Y.forward(np.linspace(-0.99, 0.98, 41))
    assume(np.isfinite(y).all())
    _branches_are_right(Y, y)
