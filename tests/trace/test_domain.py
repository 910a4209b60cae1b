"""Where Python or LAPACK raises, the user's `except` is taken, at the first call and at later ones."""

import math

import numpy as np
import pytest

import wrt


def logarithm(x):
    try:
        return math.log(x[0]) * x[1]
    except ValueError:
        return -5.0 * x[1]


def root(x):
    try:
        return math.sqrt(x[0]) * x[1]
    except ValueError:
        return x[1]


def reciprocal(x):
    try:
        return float(x[1]) / float(x[0])
    except ZeroDivisionError:
        return 3.0 * x[1]


def remainder(x):
    try:
        return x[1] * (float(x[1]) % x.tolist()[0])
    except ZeroDivisionError:
        return 3.0 * x[1]


def exponential(x):
    try:
        return math.exp(x[0]) * x[1]
    except OverflowError:
        return 7.0 * x[1]


def power(x):
    try:
        return float(x[0]) ** -1.5 * x[1]
    except ZeroDivisionError:
        return 7.0 * x[1]


def based(x):
    try:
        return math.log(2.0, x[0]) * x[1]
    except ZeroDivisionError:
        return 7.0 * x[1]


def helper(x):
    def inner(v):
        return math.acosh(v)

    try:
        return inner(x[0]) * x[1]
    except ValueError:
        return 7.0 * x[1]


def inverse(x):
    A = np.array([[x[0], 1.0], [1.0, x[1]]])
    try:
        return np.linalg.inv(A)
    except np.linalg.LinAlgError:
        return 2 * A


def jittered(x):
    K, jitter = np.array([[x[0], 1.0], [1.0, x[1]]]), 1e-2
    while True:
        try:
            return np.linalg.cholesky(K + jitter * np.eye(2))
        except np.linalg.LinAlgError:
            jitter *= 10


@pytest.mark.parametrize(
    ("function", "points"),
    [
        (logarithm, [[-1.0, 2.0], [2.0, 2.0], [0.0, 1.0]]),
        (root, [[-1.0, 2.0], [2.0, 2.0], [-2.0, 1.0]]),
        (reciprocal, [[0.0, 2.0], [2.0, 2.0], [0.0, 1.0]]),
        (remainder, [[0.0, 2.5], [2.0, 2.5], [0.0, 1.0]]),
        (exponential, [[1e3, 2.0], [2.0, 2.0], [1e3, 1.0]]),
        (power, [[0.0, 2.0], [2.0, 2.0], [0.0, 1.0]]),
        (based, [[1.0, 2.0], [2.0, 2.0], [1.0, 1.0]]),
        (helper, [[0.5, 2.0], [2.0, 2.0], [0.5, 1.0]]),
        (inverse, [[1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]),
        (jittered, [[0.5, 0.5], [2.0, 2.0], [0.85, 0.85]]),
    ],
)
def test_the_except_branch(function, points):
    for order in (points, points[::-1]):
        jacobian = wrt.jacobian(function)
        for x in map(np.array, order):
            step = 1e-6 * np.eye(2)
            frozen = [(function(x + h), function(x - h)) for h in step] if function not in (reciprocal, remainder, power, based, inverse) else None
            value = jacobian.value_and(x)[0]
            np.testing.assert_allclose(value, function(x), rtol=1e-14)
            if frozen is not None and x[0] != 0:
                wanted = np.stack([(high - low) / 2e-6 for high, low in frozen], axis=-1)
                np.testing.assert_allclose(jacobian(x), wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("function", "inside", "outside", "error"),
    [
        (lambda x: math.sqrt(x[0]) * x, 2.0, -1.0, ValueError),
        (lambda x: math.log(x[0]) * x, 2.0, 0.0, ValueError),
        (lambda x: math.asin(x[0]) * x, 0.5, 1.5, ValueError),
        (lambda x: math.gamma(x[0]) * x, 0.5, -1.0, ValueError),
        (lambda x: 1.0 / float(x[0]) * x, 0.5, 0.0, ZeroDivisionError),
    ],
)
def test_without_try_it_raises_as_python_does(function, inside, outside, error):
    jacobian = wrt.jacobian(function)
    for _ in range(2):
        with pytest.raises(error):
            jacobian(np.array([outside, 1.0]))
        assert np.isfinite(jacobian(np.array([inside, 1.0]))).all()


def test_numpy_floats_do_not_raise():
    with np.errstate(all="ignore"):
        assert np.isinf(wrt.jacobian(lambda x: np.array([1.0 / x[0]])).value_and(np.zeros(1))[0]).all()


def test_formulas_know_no_domain():
    def f(x):
        return math.log(x) / float(x)

    assert "log" in str(wrt.derive(f, wrt="x", shapes={"x": ()}))
