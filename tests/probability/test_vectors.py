"""Densities of vectors: the transforms of the literature, by given inverses and by Newton's method; log |det J| by structure."""


import numpy as np
import pytest
from scipy import special, stats

from wrt.probability import transform


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
