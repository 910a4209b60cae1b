"""pair(): value and Jacobian for solvers, one evaluation for both at the same arguments."""

import numpy as np
import pytest

import wrt
from api.counting import runs

X = np.array([0.3, 0.7])
SCALE = 2.0
DATA = np.array([1.0, 2.0])


def f(x, k=1.0):
    return np.exp(x) * k


@pytest.fixture
def counted(monkeypatch):
    """A pair, and the list of evaluations behind it."""
    seen = []
    J = wrt.jacobian(f)
    J(X)
    run = type(J)._run
    monkeypatch.setattr(J, "_run", lambda *args, **kwargs: seen.append(args[0]) or run(J, *args, **kwargs))
    return (*J.pair(), seen)


def test_one_evaluation_serves_both(counted):
    fun, jac, seen = counted
    for x in (X, X + 1, X + 2):
        np.testing.assert_allclose(fun(x), f(x), rtol=1e-15)
        np.testing.assert_allclose(jac(x.copy()), np.diag(f(x)), rtol=1e-15)
    assert seen == ["value_and"] * 3
    np.testing.assert_allclose(jac(X), np.diag(f(X)))  # the other way round
    np.testing.assert_allclose(fun(X), f(X))
    assert seen == ["value_and"] * 4


def test_the_function_is_not_traced_again():
    fun, jac = wrt.jacobian(f).pair()
    with runs(f) as seen:
        for k in range(5):
            fun(X + k), jac(X + k)
        assert len(seen) == 1


def test_other_arguments_count_too(counted):
    fun, jac, _ = counted
    fun(X, 2.0)
    np.testing.assert_allclose(jac(X, 3.0), 3 * np.diag(f(X)))
    fun(X, k=4.0)
    np.testing.assert_allclose(jac(X, k=5.0), 5 * np.diag(f(X)))
    fun(X)
    np.testing.assert_allclose(jac(X[:1]), np.diag(f(X[:1])))


def test_precision_and_shape_tell_calls_apart():
    fun, jac = wrt.jacobian(lambda x: np.sum(x**2)).pair()
    fun(np.float32([1.0]))
    assert jac(np.array([1.0])).dtype == np.float64
    fun(np.array([1.0]))
    assert jac(1.0).shape == ()


def test_keywords_and_containers_may_hold_arrays():
    fun, jac = wrt.jacobian(lambda x, p=None, w=1.0: x * p["a"][0] * w).pair()
    for scale in (1.0, 2.0):
        p = {"a": [np.array([scale, scale]), np.ones(3)]}
        for w in (np.ones(2), 2 * np.ones(2)):
            np.testing.assert_allclose(fun(X, p=p, w=w), X * scale * w)
            np.testing.assert_allclose(jac(X, p=p, w=w), np.diag(scale * w))


def test_solvers_may_write_to_what_they_get():
    fun, jac = wrt.jacobian(f).pair()
    for _ in range(2):
        value, J = fun(X), jac(X)
        np.testing.assert_allclose(J, np.diag(f(X)))
        value *= 0.0
        J *= 0.0


def test_not_even_a_linear_map_gives_out_the_users_matrix():
    A = np.array([[1.0, 2.0], [3.0, 4.0]])
    fun, jac = wrt.jacobian(lambda x: A @ x).pair()
    fun(X)
    J = jac(X)
    J[:] = 0.0
    np.testing.assert_array_equal(A, [[1.0, 2.0], [3.0, 4.0]])
    value = wrt.jacobian(lambda x: x).pair()[0](X)
    value[:] = 0.0
    np.testing.assert_array_equal(X, [0.3, 0.7])


def test_solvers_may_write_to_what_they_gave():
    """MINPACK moves x in place: the waiting result belongs to the x of then."""
    fun, jac = wrt.jacobian(f).pair()
    x = X.copy()
    fun(x)
    x += 1.0
    np.testing.assert_allclose(jac(x), np.diag(f(x)))


def test_changes_in_between_are_seen(monkeypatch):
    fun, jac = wrt.jacobian(lambda x: SCALE * x).pair()
    fun(X)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    np.testing.assert_array_equal(jac(X), 5 * np.eye(2))


def test_new_data_in_place_are_seen_when_a_fit_starts_where_the_last_one_ended():
    data = DATA.copy()
    fun, jac = wrt.jacobian(lambda x: np.exp(x) - data).pair()
    np.testing.assert_allclose(fun(X), np.exp(X) - DATA)
    jac(X), fun(X)
    data += 1.0
    np.testing.assert_allclose(fun(X), np.exp(X) - DATA - 1)


def test_objects_are_not_trusted():
    class Settings:
        rate = 2.0

    fun, jac = wrt.jacobian(lambda x, s: s.rate * x).pair()
    settings = Settings()
    fun(X, settings)
    settings.rate = 3.0
    np.testing.assert_array_equal(jac(X, settings), 3 * np.eye(2))


def test_nan_is_the_same_place_as_nan(counted):
    fun, jac, seen = counted
    x = np.array([np.nan, 1.0])
    assert np.isnan(fun(x)[0])
    assert np.isnan(jac(x)[0, 0])
    assert seen == ["value_and"]


def test_several_inputs_and_layout():
    fun, jac = wrt.jacobian(lambda a, b: a * b, ("a", "b"), layout="denominator").pair()
    np.testing.assert_allclose(fun(X, 2 * X), 2 * X**2)
    by_a, by_b = jac(X, 2 * X)
    np.testing.assert_allclose(by_a, np.diag(2 * X))
    np.testing.assert_allclose(by_b, np.diag(X))


def test_gradients_have_pairs():
    fun, jac = wrt.gradient(lambda x: np.sum(x**3)).pair()
    assert fun(X) == pytest.approx(np.sum(X**3))
    np.testing.assert_allclose(jac(X), 3 * X**2)
