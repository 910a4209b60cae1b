"""Time steps are differentiated once and copied: the Jacobian is that of the chain rule, node by node."""

from __future__ import annotations

import numpy as np
import pytest

import wrt
from wrt.differentiate import repeat

W = np.array([[0.3, -0.5, 0.1], [0.2, 0.4, -0.3], [-0.6, 0.1, 0.2]])


def slope(y):
    return np.array([np.sin(y[1]) - y[0], y[0] * (1 - y[2]) - y[1], y[0] * y[1] - y[2]])


def heun(y, h=0.05):
    a = slope(y)
    return y + h / 2 * (a + slope(y + h * a))


def plain(x):
    y = x
    for _ in range(60):
        y = heun(y)
    return y


def anchored(x):
    y = x * x
    for _ in range(60):
        y = heun(y) + 0.01 * x
    return y


def alternating(x):
    y = x[::-1] * 0.5
    for _ in range(40):
        y = np.tanh(W @ y)
        y = heun(y)
    return y


def interrupted(x):
    y = x
    for t in range(60):
        y = heun(y) * x if t == 30 else heun(y)
    return y


def frozen_component(x):
    y = x
    for _ in range(60):
        y = np.array([*heun(y)[:2], x[2]])
    return y


def changing(x):
    y = x
    for t in range(60):
        y = heun(y, 0.05 + 0.001 * t)
    return y


def two_loops(x):
    y = x
    for _ in range(40):
        y = heun(y)
    for _ in range(40):
        y = y + 0.1 * np.cos(slope(y)) * x
    return y


@pytest.mark.parametrize("f", [plain, anchored, alternating, interrupted, frozen_component, changing, two_loops], ids=lambda f: f.__name__)
def test_the_jacobian_is_right(f, rng):
    x = rng.standard_normal(3)
    J = wrt.jacobian(f, mode="forward")(x)
    want = np.stack([np.imag(f(x + 1e-30j * unit)) / 1e-30 for unit in np.eye(3)], axis=-1)
    np.testing.assert_allclose(J, want, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(J, wrt.jacobian(f, mode="reverse")(x), rtol=1e-11, atol=1e-12)


def test_most_steps_are_copied(rng, monkeypatch):
    """Otherwise the chain rule would be as slow as before, and no other test would notice."""
    copied = []
    ahead = repeat.Steps.ahead

    def counted(self, position, below):
        found = ahead(self, position, below)
        copied.append(found is not None)
        return found

    monkeypatch.setattr(repeat.Steps, "ahead", counted)
    wrt.jacobian(plain, mode="forward")(rng.standard_normal(3))
    assert sum(copied) > 50


def test_by_weights_and_state(rng):
    def f(A, y):
        for _ in range(60):
            y = np.tanh(A @ y) + 0.1 * slope(y)
        return y

    y = rng.standard_normal(3)
    for wrt_, mode in (("A", "forward"), ("y", "forward")):
        want = wrt.jacobian(f, wrt=wrt_, mode="reverse")(W, y)
        np.testing.assert_allclose(wrt.jacobian(f, wrt=wrt_, mode=mode)(W, y), want, rtol=1e-10, atol=1e-12)
