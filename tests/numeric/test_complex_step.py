"""Exact to rounding where f is analytic; refused where it is not."""

import math

import numpy as np
import pytest

from numeric.published import POSITIVE, SMOOTH
from wrt.errors import ArgumentError
from wrt.numeric import complex_step, jacobian


@pytest.mark.parametrize(("name", "f", "slope"), [*SMOOTH, *POSITIVE], ids=[row[0] for row in [*SMOOTH, *POSITIVE]])
def test_exact_to_rounding(name, f, slope):
    for x in (1e-8, 0.3, 1.1, 2.7, 11.0):
        true = float(slope(x))
        assert abs(complex_step(f, x) - true) <= 1e-13 * abs(true) + 1e-15, x


def test_shapes():
    A = np.random.default_rng(0).standard_normal((3, 2, 4))
    J = complex_step(lambda X: np.einsum("kij,ij->k", A, np.exp(X)), np.ones((2, 4)))
    assert J.shape == (3, 2, 4)
    np.testing.assert_allclose(J, A * np.e, rtol=1e-14)
    assert complex_step(np.sin, 0.0).shape == ()
    assert complex_step(lambda x: x * 2, np.zeros((0, 2))).shape == (0, 2, 0, 2)


def test_agrees_with_limits():
    def f(p):
        x, y, z = p
        return np.array([np.sqrt(x * x + y * y + z * z), np.arctan(y / x), np.linalg.inv(np.array([[x, y], [z, 3]]))[0, 1]])

    p = np.array([1.2, 0.7, -0.4])
    reference = jacobian(f, p)
    assert np.all(np.abs(complex_step(f, p) - reference.value) <= 3 * reference.error)


@pytest.mark.parametrize(
    "f",
    [
        np.abs,
        lambda z: z * np.conj(z),
        lambda z: np.abs(z) * z,
        lambda z: z.real + z,
        math.sin,
        float,
        lambda z: np.array([0.0, 0.0]).__setitem__(0, z),
    ],
)
def test_what_is_not_analytic_is_refused(f):
    with pytest.raises(ArgumentError, match="jacobian"):
        complex_step(f, 1.5)


def test_a_real_buffer_inside_f_is_noticed():
    def fills(x):
        out = np.zeros(2)
        out[0] = x[0] * x[1]
        return out

    with pytest.raises(ArgumentError, match="imaginary part"):
        complex_step(fills, np.array([1.0, 2.0]))
