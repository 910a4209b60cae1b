"""Accumulation: both orders give the same, the cheaper is taken, and paths are added where they meet."""

import numpy as np
import pytest

import wrt

x = np.array([0.3, -0.7, 1.1])


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_a_sum_over_paths_is_never_expanded(mode):
    def f(x):  # 2^80 paths
        for _ in range(80):
            x = 0.5 * np.sin(x) + 0.5 * x
        return x

    slopes, at = np.ones(3), x
    for _ in range(80):
        slopes, at = slopes * (0.5 * np.cos(at) + 0.5), 0.5 * np.sin(at) + 0.5 * at
    np.testing.assert_allclose(wrt.jacobian(f, mode=mode)(x), np.diag(slopes), rtol=1e-12)


def test_few_outputs_are_accumulated_from_the_output(rng):
    W = rng.standard_normal((50, 60))
    J = wrt.jacobian(lambda v: np.sum(np.tanh(W @ np.sin(v))))
    J(rng.standard_normal(60))
    assert "accumulated in reverse order" in J.plan


def test_few_inputs_are_accumulated_from_the_input(rng):
    W = rng.standard_normal((50, 60))
    J = wrt.jacobian(lambda t: np.tanh(W @ np.sin(t * np.arange(60.0))))
    J(0.5)
    assert "accumulated in forward order" in J.plan


def test_the_cheaper_order_is_said_with_both_costs(rng):
    W, V = rng.standard_normal((40, 3)), rng.standard_normal((2, 40))
    J = wrt.jacobian(lambda v: V @ np.tanh(W @ v))
    J(x)
    assert " against " in J.plan


def test_a_loop_of_a_thousand_steps():
    def f(x):
        for _ in range(1000):
            x = x - 0.001 * x**3
        return x

    J = wrt.jacobian(f)(x)
    np.testing.assert_allclose(J, np.diag(np.diag(J)))
    np.testing.assert_allclose(np.diag(J), wrt.numeric.jacobian(f, x).value.diagonal(), rtol=1e-9)
