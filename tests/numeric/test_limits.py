"""What a user of `wrt.numeric.jacobian` relies on: shapes, arguments, bounds, kinds of numbers, nothing written to."""

import numpy as np
import pytest

from wrt.numeric import Estimate, jacobian


@pytest.mark.parametrize("inner", [(), (1,), (3,), (2, 3), (1, 0), (0,)])
@pytest.mark.parametrize("outer", [(), (1,), (4,), (2, 2), (0,), (3, 0)])
def test_outputs_come_first(outer, inner):
    weights = np.random.default_rng(0).standard_normal((*outer, *inner))
    axes = len(inner)
    estimate = jacobian(lambda x: np.tensordot(weights, np.sin(x), axes), np.full(inner, 0.5))
    assert estimate.value.shape == estimate.error.shape == (*outer, *inner)
    np.testing.assert_allclose(estimate.value, weights * np.cos(0.5), rtol=1e-10)


def test_a_scalar_x_arrives_as_a_number_and_an_array_as_an_array():
    seen = []
    jacobian(lambda x: seen.append(x) or x * 1.0, 2)
    jacobian(lambda x: seen.append(x) or x * 1.0, np.array(2.0))
    assert isinstance(seen[0], float)
    assert isinstance(seen[-1], np.ndarray)
    assert seen[-1].shape == ()


@pytest.mark.parametrize("f", [lambda x: [x[0], x[0] * x[1]], lambda x: (x[0], x[0] * x[1]), lambda x: np.array([x[0], x[0] * x[1]])])
def test_lists_tuples_and_arrays_are_one_answer(f):
    np.testing.assert_allclose(jacobian(f, [2.0, 3.0]), [[1, 0], [3, 2]], atol=1e-12)


def test_further_arguments_are_constant():
    estimate = jacobian(lambda x, a, b: a * x + b, np.ones(2), args=(3.0, 1.0))
    np.testing.assert_allclose(estimate, 3 * np.eye(2), atol=1e-12)


def test_x_is_not_written_to_even_when_f_writes_to_its_argument():
    def careless(x):
        x *= 2
        return x[:2] * x[1]

    x = np.array([1.0, 2.0, 3.0])
    estimate = jacobian(careless, x)
    assert x.tolist() == [1, 2, 3]
    np.testing.assert_allclose(estimate, [[8, 4, 0], [0, 16, 0]], atol=1e-11)


def test_an_output_buffer_that_f_uses_again_is_copied():
    out = np.zeros(2)

    def reuses(x):
        out[:] = [x[0] ** 2, x[1]]
        return out

    np.testing.assert_allclose(jacobian(reuses, [3.0, 1.0]), [[6, 0], [0, 1]], atol=1e-11)


@pytest.mark.parametrize("dtype", [np.int64, np.uint8, np.float32, np.float16])
def test_other_real_numbers_are_taken_as_float64(dtype):
    dtypes = set()
    estimate = jacobian(lambda x: dtypes.add(x.dtype) or x**3, np.array([1, 2], dtype=dtype))
    assert dtypes == {np.dtype(np.float64)}
    assert estimate.value.dtype == np.float64
    np.testing.assert_allclose(estimate, [[3, 0], [0, 12]], atol=1e-10)
    assert any("called with float64" in note for note in estimate.notes)


def test_a_float32_output_is_known_to_carry_seven_digits():
    estimate = jacobian(lambda x: np.sin(x).astype(np.float32), np.array([0.3, 1.1]))
    true = np.diag(np.cos([0.3, 1.1]))
    assert np.all(np.abs(estimate.value - true) <= 3 * estimate.error)
    assert estimate.error.max() < 1e-3
    assert any("returns float32" in note for note in estimate.notes)


def test_f_is_never_called_outside_its_bounds():
    low, high = np.array([0.0, -1.0, 2.0]), np.array([1.0, -0.999, 2.5])
    x = np.array([0.0, -1.0, 2.5])

    def f(p):
        assert np.all((low <= p) & (p <= high))
        return np.sin(p).sum() * p

    estimate = jacobian(f, x, bounds=(low, high))
    true = np.outer(x, np.cos(x)) + np.sin(x).sum() * np.eye(3)
    np.testing.assert_allclose(estimate.value, true, rtol=1e-6, atol=1e-8)
    assert np.all(np.abs(estimate.value - true) <= 3 * estimate.error)
    assert "x[0] is at a bound: its limits are taken from above." in estimate.notes
    assert "x[2] is at a bound: its limits are taken from below." in estimate.notes


def test_a_bound_at_some_distance_shortens_the_steps_on_both_sides():
    estimate = jacobian(np.log, 0.01, bounds=(0.0099, None))
    assert abs(estimate.value - 100) <= min(1e-8, 3 * estimate.error)
    assert estimate.notes == ()


def test_the_edge_of_the_domain_gives_a_one_sided_limit():
    estimate = jacobian(lambda x: x**2 * np.sqrt(x) + 2 * x, 0.0)
    assert abs(estimate.value - 2) <= 3 * estimate.error < 1e-4
    assert "edge of the domain" in estimate.notes[0]


def test_a_function_that_raises_outside_its_domain():
    import math

    estimate = jacobian(math.log, 1e-3)
    assert estimate.value == pytest.approx(1e3, rel=1e-12)
    assert jacobian(lambda x: math.sqrt(x) ** 5 + x, 0.0).value == pytest.approx(1, abs=1e-4)


def test_x_far_smaller_than_the_scale_of_f():
    for x in (1e-300, 1e-20, -1e-12):
        estimate = jacobian(lambda t: np.exp(3 * t), x)
        assert estimate.value == pytest.approx(3, rel=1e-10)
        assert estimate.error < 1e-8


def test_scale_says_what_x_itself_does_not():
    blind = jacobian(lambda t: np.cos(t / 1e9), 0.0)
    told = jacobian(lambda t: np.sin(t / 1e9) + 1, 0.0, scale=1e9)
    assert blind.error < 1e-12
    assert told.value == pytest.approx(1e-9, rel=1e-11)
    assert told.error < 1e-19


def test_an_input_without_influence_costs_little_and_is_zero():
    estimate = jacobian(lambda x: x[:1] ** 2, np.array([2.0, 5.0, 1e-4]))
    assert estimate.value[0, 1:].tolist() == [0, 0]
    assert np.all(estimate.error[0, 1:] < 1e-12)
    assert estimate.evaluations <= 1 + 10 + 4 + 8


def test_the_budget_is_kept():
    for budget in (4, 6, 13):
        assert jacobian(lambda t: np.sin(1e7 * t), 1.0, budget=budget).evaluations <= 1 + budget


def test_many_outputs_share_the_evaluations():
    estimate = jacobian(lambda x: np.exp(np.outer(np.linspace(0.5, 2, 300), x)), np.array([0.3, 1.7]))
    assert estimate.value.shape == (300, 2, 2)
    assert estimate.evaluations <= 1 + 2 * 12
    assert np.all(estimate.error <= 1e-8)


def test_a_layer_with_saturated_outputs():
    random = np.random.default_rng(0)
    A, x = random.standard_normal((60, 60)), random.standard_normal(60)
    estimate = jacobian(lambda x: np.tanh(A @ x), x)
    true = A / np.cosh(A @ x)[:, None] ** 2
    assert np.mean(np.abs(estimate.value - true) <= 3 * estimate.error) > 0.999
    assert np.abs(estimate.value - true).max() < 1e-9
    assert np.isfinite(estimate.error).all()
    assert estimate.kinks == ()
    assert estimate.notes == ()


def test_the_answer_is_an_array_where_numpy_wants_one():
    estimate = jacobian(np.sin, np.array([0.0, 1.0]))
    assert isinstance(estimate, Estimate)
    assert np.allclose(estimate, np.diag(np.cos([0.0, 1.0])))
    assert np.asarray(estimate, dtype=np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(estimate, dtype=np.float32, copy=False)


def test_how_it_prints():
    estimate = jacobian(lambda x: np.array([x[0] ** 2, abs(x[1])]), np.array([1.5, 0.0]))
    text = str(estimate)
    assert repr(estimate).startswith("<Estimate (2, 2): error up to 1.0e+00, ")
    assert "1 kink>" in repr(estimate)
    assert "[[3 ± " in text
    assert "0 ± 1e+00" in text
    assert "f[1] by x[1] has a kink" in text
    assert len(str(jacobian(np.sin, np.ones(9))).splitlines()) < 20
