"""Random maps of vectors from invertible pieces: the derived inverse, Newton's method and the known one must agree, or refuse."""

import numpy as np
import pytest
from scipy import stats

from wrt.probability import NoDensity, NotInverted, transform


def elementwise(rng, n):
    k = rng.integers(4)
    a = rng.uniform(0.3, 1.0)
    f = [np.sinh, lambda x: np.exp(a * x), np.arcsinh, lambda x: x + a * np.tanh(x)][k]
    slope = [np.cosh, lambda x: a * np.exp(a * x), lambda x: 1 / np.sqrt(1 + x**2), lambda x: 1 + a / np.cosh(x) ** 2][k]
    return f, lambda x: np.log(slope(x)).sum()


def affine(rng, n):
    A, b = rng.normal(size=(n, n)) / np.sqrt(n) + 1.5 * np.eye(n), rng.normal(size=n)
    return lambda x: A @ x + b, lambda x: np.linalg.slogdet(A)[1]


def triangular(rng, n):
    W, a = np.tril(rng.normal(size=(n, n)), -1) * 0.4, rng.uniform(-0.5, 0.5, n)

    def f(x):
        return x * np.exp(a * np.tanh(W @ x)) + W @ np.sin(x)

    return f, lambda x: (a * np.tanh(W @ x)).sum()


def coupling(rng, n):
    half = n // 2
    W = rng.normal(size=(n - half, half)) * 0.5

    def f(x):
        s = np.tanh(W @ x[:half])
        return np.concatenate([x[:half], x[half:] * np.exp(s) + s])

    return f, lambda x: np.tanh(W @ x[:half]).sum()


def random_map(rng, n):
    """(f, log |det J| by hand)."""
    pieces = [[elementwise, affine, triangular, coupling][k](rng, n) for k in rng.integers(4, size=rng.integers(1, 4))]

    def f(x):
        for each, _ in pieces:
            x = each(x)
        return x

    def log_det(x):
        total = 0.0
        for each, log in pieces:
            total += log(x)
            x = each(x)
        return total

    return f, log_det


@pytest.mark.parametrize("seed", range(12))
def test_a_random_map(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 7))
    f, log_det = random_map(rng, n)
    Y = transform([stats.norm()] * n, f)
    x = rng.normal(size=(12, n)) * rng.choice([0.3, 1.0, 2.5], size=(12, 1))
    y = np.array([f(each) for each in x])
    expected = stats.norm.logpdf(x).sum(1) - np.array([log_det(each) for each in x])
    for closed in (Y.road.closed, [None]):
        Y.road.closed = closed
        refused = 0
        for k in range(len(x)):
            try:
                found = Y.logpdf(y[k])
            except (NotInverted, NoDensity):
                refused += 1
                continue
            assert found == pytest.approx(expected[k], rel=1e-7, abs=1e-6), (seed, k, Y.inverted_by)
            np.testing.assert_allclose(f(Y.inverse(y[k])), y[k], rtol=1e-8, atol=1e-8)
        assert refused <= 3


NARROW = {  # maps whose range is a part of the plane
    "exp": ([stats.norm()] * 2, np.exp),
    "logistic": ([stats.norm()] * 2, lambda x: 1 / (1 + np.exp(-x))),
    "stick": ([stats.beta(2, 3)] * 2, lambda v: np.array([v[0], (1 - v[0]) * v[1]])),
    "gamma": ([stats.gamma(2), stats.gamma(3)], lambda x: np.array([x[0] / (x[0] + x[1]), x[0] + x[1]])),
    "Bartlett": ([stats.chi(3), stats.norm()], lambda v: np.array([v[0] ** 2, v[0] * v[1]])),
    "polar": ([stats.norm()] * 2, lambda x: np.array([np.hypot(x[0], x[1]), np.arctan2(x[1], x[0])])),
    "Box and Muller": (
        [stats.uniform()] * 2,
        lambda u: np.sqrt(-2 * np.log(u[0])) * np.array([np.cos(2 * np.pi * u[1]), np.sin(2 * np.pi * u[1])]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NARROW)
def test_a_map_after_one_with_a_narrow_range(name):
    Y = transform(*NARROW[name])
    A = np.array([[2.0, 1.0], [0.0, 0.5]])
    Z = Y.compose(lambda y: A @ y)
    z = Z.rvs(20, random_state=1)
    np.testing.assert_allclose(Z.logpdf(z), Y.logpdf(np.linalg.solve(A, z.T).T), rtol=1e-7, atol=1e-7)


def test_beyond_the_range_of_the_first_of_two_maps():
    Y = transform([stats.norm()] * 2, np.exp)
    with pytest.raises(NotInverted, match="outside='zero'"):
        Y.compose(lambda y: 2 * y).pdf([-1.0, 2.0])
    Z = Y.compose(lambda y: 2 * y, outside="zero")
    np.testing.assert_allclose(Z.pdf([[-1.0, 2.0], [1.0, 2.0]]), [0, stats.lognorm(1).pdf([0.5, 1]).prod() / 4], rtol=1e-10)
