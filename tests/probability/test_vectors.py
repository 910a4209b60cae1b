"""Densities of vectors: the transforms of the literature, by given inverses and by Newton's method; log |det J| by structure."""


import numpy as np
import pytest
from scipy import special, stats

from wrt.probability import NoDensity, NotInverted, transform


def box_muller(u):
    r = np.sqrt(-2 * np.log(u[0]))
    return np.array([r * np.cos(2 * np.pi * u[1]), r * np.sin(2 * np.pi * u[1])])


def box_muller_inverse(y):
    return np.array([np.exp(-(y[0] ** 2 + y[1] ** 2) / 2), np.mod(np.arctan2(y[1], y[0]) / (2 * np.pi), 1.0)])


UNIFORM2 = [stats.uniform(), stats.uniform()]


@pytest.mark.parametrize("inverse", [None, box_muller_inverse])
def test_box_muller_is_normal(rng, inverse):
    y = rng.normal(size=(100, 2))
    np.testing.assert_allclose(transform(UNIFORM2, box_muller, inverse).logpdf(y), stats.norm.logpdf(y).sum(1), atol=1e-10)


def test_box_muller_by_its_self_test():
    found = transform(UNIFORM2, box_muller, box_muller_inverse).check()
    assert abs(found.integral - 1) < 1e-8
    assert abs(found.deviation) < 4


def test_affine_gaussian(rng):
    A, b = np.array([[2.0, 1, 0], [0, 1, 0.5], [0.3, 0, 1]]), np.array([1.0, 2, 3])
    y = rng.normal(size=(50, 3)) * 3
    Y = transform(stats.multivariate_normal(np.zeros(3), np.eye(3)), lambda x: A @ x + b)
    np.testing.assert_allclose(Y.logpdf(y), stats.multivariate_normal(b, A @ A.T).logpdf(y), rtol=1e-11)
    np.testing.assert_allclose(Y.inverse(y), np.linalg.solve(A, (y - b).T).T, rtol=1e-9, atol=1e-11)
    assert Y.log_abs_det(np.zeros(3)) == pytest.approx(np.log(np.linalg.det(A)))


def test_dirichlet_by_breaking_a_stick():
    a = np.array([2.0, 3, 1.5, 4])

    def stick(v):
        return np.array([v[0], (1 - v[0]) * v[1], (1 - v[0]) * (1 - v[1]) * v[2]])

    parts = [stats.beta(a[k], a[k + 1 :].sum()) for k in range(3)]
    y = stats.dirichlet(a).rvs(60, random_state=1)
    found = transform(parts, stick, support=lambda y: np.all(y > 0) and y.sum() < 1)
    np.testing.assert_allclose(found.logpdf(y[:, :3]), stats.dirichlet(a).logpdf(y.T), rtol=1e-9, atol=1e-9)
    assert found.pdf([0.5, 0.4, 0.3]) == 0


def test_wishart_by_its_cholesky_factor():
    C = np.array([[2.0, 0], [0.5, 1]])

    def bartlett(v):
        M = C @ np.array([[v[0], 0.0], [v[1], v[2]]])
        W = M @ M.T
        return np.array([W[0, 0], W[1, 0], W[1, 1]])

    W = stats.wishart(6, C @ C.T).rvs(40, random_state=1)
    found = transform([stats.chi(6), stats.norm(), stats.chi(5)], bartlett).logpdf(np.stack([W[:, 0, 0], W[:, 1, 0], W[:, 1, 1]], 1))
    np.testing.assert_allclose(found, stats.wishart(6, C @ C.T).logpdf(np.moveaxis(W, 0, 2)), rtol=1e-10)


PAIRS = {  # name: (parts, f, its inverse, the interval of y[1], the law of y[0], points)
    "Student": (
        [stats.norm(), stats.chi2(5)],
        lambda w: np.array([w[0] / np.sqrt(w[1] / 5), w[1]]), lambda y: np.array([y[0] * np.sqrt(y[1] / 5), y[1]]),
        (0, np.inf), stats.t(5), [-8.0, -1.0, 0.0, 0.5, 3.0],
    ),
    "F": (
        [stats.chi2(4), stats.chi2(6)],
        lambda w: np.array([(w[0] / 4) / (w[1] / 6), w[1]]), lambda y: np.array([4 * y[0] * y[1] / 6, y[1]]),
        (0, np.inf), stats.f(4, 6), [0.1, 1.0, 4.0],
    ),
    "beta": (
        [stats.gamma(2), stats.gamma(3)],
        lambda w: np.array([w[0] / (w[0] + w[1]), w[0] + w[1]]), lambda y: np.array([y[0] * y[1], (1 - y[0]) * y[1]]),
        (0, np.inf), stats.beta(2, 3), [0.1, 0.5, 0.9],
    ),
    "Cauchy": (
        [stats.norm(), stats.norm()],
        lambda w: np.array([w[0] / w[1], w[1]]), lambda y: np.array([y[0] * y[1], y[1]]),
        (0, np.inf), stats.cauchy(), [-4.0, 0.0, 2.0],
    ),
    "sum of gammas": (
        [stats.gamma(2), stats.gamma(3)],
        lambda w: np.array([w[0] + w[1], w[0] / (w[0] + w[1])]), lambda y: np.array([y[0] * y[1], y[0] * (1 - y[1])]),
        (0, 1), stats.gamma(5), [0.5, 3.0, 9.0],
    ),
    "sum of normals": (
        [stats.norm(1, 2), stats.norm(0, 1)],
        lambda w: np.array([w[0] + w[1], w[1]]), lambda y: np.array([y[0] - y[1], y[1]]),
        (-np.inf, np.inf), stats.norm(1, np.sqrt(5)), [-3.0, 0.0, 4.0],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ["Student", "F", "beta", "sum of gammas", "sum of normals"])
def test_one_coordinate_of_a_pair(name):
    parts, f, inverse, over, law, points = PAIRS[name]
    Y = transform(parts, f, inverse)
    found = Y.marginal(0, over=over)
    np.testing.assert_allclose(found.pdf(points), law.pdf(points), rtol=1e-6)
    assert found.rvs(7, random_state=0).shape == (7,)


def test_ratio_of_normals_on_the_half_plane():
    _, f, inverse, over, law, points = PAIRS["Cauchy"]
    half = transform([stats.norm(), stats.halfnorm()], f, inverse)
    np.testing.assert_allclose(half.marginal(0, over=over).pdf(points), law.pdf(points), rtol=1e-6)


def test_branches_of_a_map_of_pairs():
    def square(z):  # z² of a complex number: two to one
        return np.array([z[0] ** 2 - z[1] ** 2, 2 * z[0] * z[1]])

    def root(y):
        r = np.hypot(y[0], y[1])
        a = np.sqrt((r + y[0]) / 2)
        return np.array([a, y[1] / (2 * a)])

    Y = transform([stats.norm(), stats.norm()], square, [root, lambda y: -root(y)])
    y = np.array([[0.3, 1.0], [-2.0, 0.7], [1.5, -0.2]])
    r = np.hypot(y[:, 0], y[:, 1])
    np.testing.assert_allclose(Y.pdf(y), np.exp(-r / 2) / (4 * np.pi * r), rtol=1e-11)  # 2 φ(z) φ(z') / (4 |z|²)


@pytest.mark.parametrize(
    "f, x, expected",
    [
        (lambda p: np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])]), [2.0, 0.3], np.log(2.0)),
        (
            lambda p: np.array([p[0] * np.sin(p[1]) * np.cos(p[2]), p[0] * np.sin(p[1]) * np.sin(p[2]), p[0] * np.cos(p[1])]),
            [2.0, 0.7, 0.3],
            np.log(4 * np.sin(0.7)),
        ),
        (box_muller, [0.3, 0.2], np.log(2 * np.pi / 0.3)),
        (lambda x: np.log1p(np.exp(x)), [0.3, -1.0], special.log_expit(0.3) + special.log_expit(-1.0)),
        (lambda x: np.sinh(1.5 * np.arcsinh(x) + 0.3), [0.4, 2.0], np.sum(np.log(1.5 * np.cosh(1.5 * np.arcsinh([0.4, 2]) + 0.3) / np.sqrt(1 + np.array([0.4, 2]) ** 2)))),
    ],
)  # fmt: skip
def test_log_abs_det_of_known_maps(f, x, expected):
    base = [stats.uniform(0.01, 0.98)] * len(x)
    assert transform(base, f).log_abs_det(np.array(x)) == pytest.approx(expected, rel=1e-12)


def test_many_coordinates_by_structure(rng):
    n = 200
    Y = transform(stats.norm(np.zeros(n), 1), np.exp)
    y = np.exp(rng.normal(size=(2, n)))
    np.testing.assert_allclose(Y.logpdf(y), stats.lognorm(1).logpdf(y).sum(1), rtol=1e-12)
    L = np.tril(rng.normal(size=(n, n)) / n) + np.eye(n)
    T = transform(stats.norm(np.zeros(n), 1), lambda x: np.tanh(np.tril(L) @ x) + np.tril(L) @ x)
    x = rng.normal(size=n)
    J = np.diag(1 + 1 / np.cosh(L @ x) ** 2) @ L
    assert T.log_abs_det(x) == pytest.approx(np.linalg.slogdet(J)[1], rel=1e-10)


def shear(x):
    return np.array([np.exp(x[0]), x[1] + x[0], 2 * x[2]])


def shear_inverse(y):
    return np.array([np.log(y[0]), y[1] - np.log(y[0]), y[2] / 2])


def shear_inverse_with_rounding(y):
    return np.array([np.log(3 * y[0]) - np.log(3), y[1] - np.log(y[0]), y[2] / 2])


@pytest.mark.parametrize("inverses", [[shear_inverse, shear_inverse], [shear_inverse_with_rounding, shear_inverse, shear_inverse]])
def test_a_root_that_two_inverses_find_counts_once(inverses):
    y = [1.2, 0.3, 0.4]
    Y = transform([stats.norm()] * 3, shear, inverses)
    assert Y.pdf(y) == pytest.approx(transform([stats.norm()] * 3, shear, shear_inverse).pdf(y), rel=1e-12)
    assert sum(np.isfinite(x).all() for x in Y.inverses(y)) == 1


def test_roots_that_are_close_to_each_other_are_two():
    def square(x):
        return np.array([x[0] ** 2, x[1], x[2]])

    def plus(y):
        return np.array([np.sqrt(y[0]), y[1], y[2]])

    def minus(y):
        return np.array([-np.sqrt(y[0]), y[1], y[2]])

    y = np.array([[1.2, 0.3, 0.4], [1e-24, 0.3, 0.4]])
    expected = stats.chi2(1).pdf(y[:, 0]) * stats.norm.pdf(y[:, 1:]).prod(1)
    for inverses in ([plus, minus], [plus, minus, plus]):
        np.testing.assert_allclose(transform([stats.norm()] * 3, square, inverses).pdf(y), expected, rtol=1e-11)


def softmax_with_a_rest(x):
    return np.exp(x) / (1 + np.exp(x).sum())


def softmax_with_a_rest_inverse(y):
    return np.log(y / (1 - y.sum()))


@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("inverse", [None, softmax_with_a_rest_inverse])
def test_a_map_whose_det_is_rounding_far_out(n, inverse):
    Y = transform([stats.norm()] * n, softmax_with_a_rest, inverse)
    x = np.random.default_rng(0).normal(size=(20, n))
    y = np.array([softmax_with_a_rest(each) for each in x])
    expected = stats.norm.logpdf(x).sum(1) - np.log(y).sum(1) - np.log(1 - y.sum(1))
    np.testing.assert_allclose(Y.logpdf(y), expected, rtol=1e-10)


@pytest.mark.parametrize("n", [2, 3, 20, 100])
@pytest.mark.parametrize("f", [lambda x: np.exp(x) / np.exp(x).sum(), lambda x: x / np.sqrt(x @ x)])
def test_a_map_whose_det_is_rounding_everywhere(f, n):
    with pytest.raises(NoDensity, match="is singular at"):
        transform([stats.norm()] * n, f)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(
    "f, inverse, slope",
    [
        (lambda x: np.array([x[0] / x[1], x[1]]), lambda y: np.array([y[0] * y[1], y[1]]), lambda x: 1 / np.abs(x[1])),
        (lambda x: np.array([x[0] * x[1], x[1]]), lambda y: np.array([y[0] / y[1], y[1]]), lambda x: np.abs(x[1])),
    ],
    ids=["ratio", "product"],
)
def test_det_with_two_signs_of_a_map_that_is_one_to_one(f, inverse, slope, inverted):
    Y = transform([stats.norm()] * 2, f, inverse if inverted else None)
    x = np.random.default_rng(0).normal(size=(20, 2))
    y = np.array([f(each) for each in x])
    expected = stats.norm.logpdf(x).sum(1) - np.log([slope(each) for each in x])
    np.testing.assert_allclose(Y.logpdf(y), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(
    "parts, f",
    [
        ([stats.norm()] * 2, lambda x: np.array([x[0] ** 3 - 0.01 * x[0], x[1] + x[0]])),
        ([stats.norm(5, 1), stats.norm()], lambda x: np.array([x[0] ** 2, x[1]])),
        ([stats.norm()] * 2, lambda x: np.array([x[0] + x[0] ** 2 / 20, x[1]])),
        ([stats.norm()] * 2, np.sort),
        ([stats.norm()] * 2, lambda x: np.array([1 / x[0] ** 2, x[1]])),
    ],
)
def test_a_fold_is_shown_by_two_points(parts, f):
    with pytest.raises(NoDensity, match=r"folds: det J is positive at x = (.+) and negative at x = (.+), and it takes both to one y") as why:
        transform(parts, f)
    plus, minus = (np.array([float(each) for each in part.split("]")[0].split(",")]) for part in str(why.value).split("x = [")[1:3])
    np.testing.assert_allclose(f(plus), f(minus), rtol=1e-3, atol=1e-3)


def test_a_density_that_underflows():
    for inverse in (None, box_muller_inverse):
        Y = transform(UNIFORM2, box_muller, inverse)
        np.testing.assert_allclose(Y.pdf([[28.0, -45.0], [-15.4, -35.3], [1.0, 0.0]]), [0, 0, stats.norm.pdf(1) * stats.norm.pdf(0)], rtol=1e-10)
        with pytest.raises(NotInverted, match="underflows at y"):
            Y.logpdf([28.0, -45.0])


def test_matrices_without_an_inverse_or_a_factor():
    Y = transform([stats.norm()] * 4, lambda x: np.linalg.inv(x.reshape(2, 2)).ravel())
    y = Y.rvs(40, random_state=4)
    X = np.linalg.inv(y.reshape(-1, 2, 2))
    np.testing.assert_allclose(Y.logpdf(y), stats.norm.logpdf(X).sum((1, 2)) + 4 * np.log(np.abs(np.linalg.det(X))), rtol=1e-9)
    with pytest.raises(NoDensity, match="not defined on the whole support: it is nan at x ="):
        transform(
            [stats.norm()] * 3,
            lambda s: np.linalg.cholesky(np.array([[np.exp(s[0]), s[1]], [s[1], np.exp(s[2])]]))[np.tril_indices(2)],
        )
