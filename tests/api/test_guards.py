"""What may differ from call to call: branches, indices that depend on values, names and arrays outside of the function."""

import math

import numpy as np
import pytest

import wrt
from api.counting import runs

X = np.array([0.3, 0.7, 1.1, 0.2])


def two_ways(x):
    if x[0] > 0.5:
        return x**2
    return np.sin(x)


def test_both_sides_of_a_branch_are_right_and_stay_prepared():
    J = wrt.jacobian(two_ways)
    low, high = X, X + 1
    with runs(two_ways) as seen:
        for _ in range(3):
            np.testing.assert_allclose(J(low), np.diag(np.cos(low)))
            np.testing.assert_allclose(J(high), np.diag(2 * high))
            np.testing.assert_allclose(J.sparse(low).toarray(), np.diag(np.cos(low)))
            np.testing.assert_allclose(J.sparse(high).toarray(), np.diag(2 * high))
            np.testing.assert_allclose(J.value_and(high)[0], high**2)
        assert len(seen) == 2


def test_a_branch_at_its_edge():
    J = wrt.jacobian(lambda x: x**2 if x >= 1 else 2 * x)
    assert J(1.0) == 2.0
    assert J(np.nextafter(1.0, 0)) == 2.0
    J = wrt.jacobian(lambda x: 3 * x if x == 1 else x)
    assert [float(J(t)) for t in (1.0, 2.0, 1.0, np.nan)] == [3.0, 1.0, 3.0, 1.0]


def test_loops_that_depend_on_values():
    def f(x):
        y, n = x, 0
        while np.sum(y) > 1 and n < 20:
            y, n = y / 2, n + 1
        return y

    J = wrt.jacobian(f)
    for scale in (1.0, 10.0, 3.0, 1.0, 100.0, 10.0, 0.1):
        x = scale * X
        n = max(0, math.ceil(math.log2(np.sum(x))))
        np.testing.assert_allclose(J(x), np.eye(4) / 2**n)


def test_more_branches_than_are_kept():
    J = wrt.jacobian(lambda x: x * int(x[0]))
    for k in [*range(12), *range(12)]:
        np.testing.assert_array_equal(J(X + k), np.eye(4) * k)


@pytest.mark.parametrize("f, definition", [
    (lambda x: x[np.argmax(x)] ** 2, lambda x: 2 * np.max(x) * (np.arange(4) == np.argmax(x))),
    (lambda x: np.sort(x) ** 2, lambda x: 2 * np.sort(x)[:, None] * np.eye(4)[np.argsort(x)]),
    (lambda x: x[np.argsort(x)[::-1]], lambda x: np.eye(4)[np.argsort(x)[::-1]]),
    (lambda x: x[x > 0.5] ** 2, lambda x: 2 * x[x > 0.5][:, None] * np.eye(4)[x > 0.5]),
    (lambda x: np.sum(x[np.nonzero(x > 0.5)] ** 3), lambda x: 3 * x**2 * (x > 0.5)),
    (lambda x: np.where(x > 0.5, x**2, x), lambda x: np.diag(np.where(x > 0.5, 2 * x, 1.0))),
    (lambda x: np.maximum(x, 0.5) + np.clip(x, 0.25, 1.0), lambda x: np.diag((x > 0.5) * 1.0 + ((x > 0.25) & (x < 1)))),
    (lambda x: np.interp(x, [0.0, 0.5, 2.0], [0.0, 1.0, 0.0]), lambda x: np.diag(np.where(x < 0.5, 2.0, -2 / 3))),
    (lambda x: np.array(sorted(x)), lambda x: np.eye(4)[np.argsort(x)]),
    (lambda x: max(x) * min(x), lambda x: np.eye(4)[np.argmax(x)] * np.min(x) + np.eye(4)[np.argmin(x)] * np.max(x)),
])  # fmt: skip
def test_indices_that_depend_on_values(f, definition, rng):
    J = wrt.jacobian(f)
    for _ in range(12):
        x = rng.uniform(0.01, 1.5, 4)
        expected = np.asarray(definition(x), float)
        np.testing.assert_allclose(J(x), expected, rtol=1e-13)
        np.testing.assert_allclose(J.sparse(x).toarray(), np.atleast_2d(expected), rtol=1e-13)


def test_masked_assignment():
    def f(x):
        y = x**2
        y[y > 0.25] = 0.0
        y[np.argmin(x)] *= 3
        return y

    J = wrt.jacobian(f)
    for x in (X, X[::-1], 0.1 * X, X + 1):
        expected = 2 * x * (x**2 <= 0.25)
        expected[np.argmin(x)] *= 3
        np.testing.assert_allclose(J(x), np.diag(expected))


# ----- what lives outside of the function -----------------------------------------------------------------------------
RATE, TABLE, LIST = 2.0, {"rate": 1.0}, [1.0]


def test_globals_that_are_bound_anew(monkeypatch):
    J = wrt.jacobian(lambda x: RATE * x)
    np.testing.assert_array_equal(J(X), 2 * np.eye(4))
    monkeypatch.setitem(globals(), "RATE", 3.0)
    np.testing.assert_array_equal(J(X), 3 * np.eye(4))
    np.testing.assert_array_equal(J.sparse(X).toarray(), 3 * np.eye(4))
    np.testing.assert_array_equal(J.value_and(X)[0], 3 * X)


def test_containers_that_change(monkeypatch):
    J = wrt.jacobian(lambda x: TABLE["rate"] * LIST[0] * x)
    np.testing.assert_array_equal(J(X), np.eye(4))
    monkeypatch.setitem(TABLE, "rate", 4.0)
    np.testing.assert_array_equal(J(X), 4 * np.eye(4))
    LIST[0] = 2.0
    np.testing.assert_array_equal(J(X), 8 * np.eye(4))
    LIST[0] = 1.0


def test_closures_that_change():
    rate = 1.0

    def f(x): return rate * x

    J = wrt.jacobian(f)
    np.testing.assert_array_equal(J(X), np.eye(4))
    rate = 4.0
    np.testing.assert_array_equal(J(X), 4 * np.eye(4))


@pytest.mark.parametrize("dtype", [float, int, np.float32, bool])
def test_captured_arrays_that_change_in_place(dtype):
    weights = np.array([1, 0, 1, 1], dtype)
    J = wrt.jacobian(lambda x: weights * x**2)
    np.testing.assert_allclose(J(X), np.diag(weights * 2 * X))
    weights[:] = [0, 1, 1, 0]
    for found in (J(X), J.sparse(X).toarray(), J.value_and(X)[1]):
        np.testing.assert_allclose(found, np.diag(np.array([0, 1, 1, 0]) * 2 * X))


def test_captured_indices_and_branches_on_captured_arrays():
    index, switch = np.array([0, 1]), np.array([1.0])

    def f(x):
        y = x[index]
        return y**2 if switch[0] > 2 else y

    J = wrt.jacobian(f)
    np.testing.assert_array_equal(J(X), np.eye(4)[[0, 1]])
    index[:] = [3, 2]
    np.testing.assert_array_equal(J(X), np.eye(4)[[3, 2]])
    np.testing.assert_array_equal(J.sparse(X).toarray(), np.eye(4)[[3, 2]])
    switch[0] = 5.0
    np.testing.assert_allclose(J(X), 2 * X[[3, 2]][:, None] * np.eye(4)[[3, 2]])


def test_helpers_that_are_replaced(monkeypatch):
    monkeypatch.setitem(globals(), "helper", lambda x: x**2)
    J = wrt.jacobian(lambda x: helper(x))  # noqa: F821, PLW0108
    np.testing.assert_allclose(J(X), np.diag(2 * X))
    monkeypatch.setitem(globals(), "helper", lambda x: x**3)
    np.testing.assert_allclose(J(X), np.diag(3 * X**2))


def test_changing_a_name_outside_is_refused():
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return x

    with pytest.raises(wrt.Unsupported, match="f changes count, which lives outside of it"):
        wrt.jacobian(f)(X)
