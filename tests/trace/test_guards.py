"""Choices that values made: recorded, checked, and only those."""

import math

import numpy as np
import pytest

import wrt
from wrt.ops.catalog import evaluate
from wrt.trace import Trace, trace_function

X = np.array([0.3, 0.7, 1.1])


def test_a_branch(run):
    def f(x):
        if x[0] > 0.5:
            return x * 2
        return x * 3 if x[1] < 1 else x

    made = run(f, [X])
    assert len(made.result.guards) == 2
    assert made.holds(np.array([0.4, 0.9, -5.0]))
    assert not made.holds(np.array([0.6, 0.9, 0.0]))
    assert not made.holds(np.array([0.4, 1.9, 0.0]))
    assert "test_guards.py line" in made.result.guards[0].where


def test_a_loop_until_converged(run, agree):
    def newton(x):
        y = x[0]
        while abs(y * y - x[1]) > 1e-12:
            y = y - (y * y - x[1]) / (2 * y)
        return y

    made = agree(newton, X)
    assert made.holds(X)
    assert math.isclose(float(made.at()), math.sqrt(0.7))


def test_fixed_choices_are_not_guarded(run):
    def f(x):
        n = np.arange(3)
        y = np.zeros(3)
        for i in n:
            if i % 2 == 0 and n[i] >= 0:
                y[i] = x[i]
        mask = np.array([True, False, True])
        return y[mask] * np.eye(3)[0, 0]

    assert run(f, [X]).result.guards == ()


@pytest.mark.parametrize(
    ("text", "same", "other"),
    [
        ("x[x > 0.5]", [0.1, 0.6, 2.0], [0.6, 0.6, 2.0]),
        ("x[np.argmax(x)] * 2", [0.9, 0.7, 1.1], [1.2, 0.7, 1.1]),
        ("x[np.argsort(x)][0]", [0.1, 0.2, 9.0], [0.9, 0.2, 9.0]),
        ("x[x.argmax()]", [0.1, 0.2, 9.0], [10.0, 0.2, 9.0]),
        ("x * int(x[2])", [5.0, 0.2, 1.9], [0.3, 0.7, 2.1]),
        ("x * round(x[0])", [0.4, 0.2, 1.9], [0.6, 0.7, 2.1]),
        ("x * math.floor(x[2])", [0.4, 0.2, 1.9], [0.6, 0.7, 2.1]),
        ("x * (1 if np.any(x > 1) else 2)", [0.4, 3.0, 0.9], [0.6, 0.7, 0.9]),
        ("np.zeros(int(x[2]) + 1) + x[0]", [0.4, 0.2, 1.9], [0.6, 0.7, 2.1]),
        ("sorted(x)[0]", [0.1, 0.2, 9.0], [0.1, -0.2, 9.0]),
        ("x[:int(x[2])]", [0.4, 0.2, 1.9], [0.6, 0.7, 2.1]),
        ("x if np.allclose(x, x[::-1]) else 2 * x", [0.4, 0.2, 1.9], [0.6, 0.7, 0.6]),
        ("sum(x[np.nonzero(x > 0.5)])", [0.4, 0.6, 1.9], [0.6, 0.7, 0.6]),
        ("max(x, key=lambda v: -v)", [0.1, 0.6, 1.9], [0.6, 0.1, 0.7]),
        ("x[x.astype(int)[2]]", [0.1, 0.6, 1.9], [0.6, 0.1, 2.7]),
        ("x * (2 if x[0] else 3)", [0.1, 0.6, 1.9], [0.0, 0.1, 2.7]),
        ("x * {True: 2.0, False: 3.0}[bool(x[0] > x[1])]", [0.1, 0.6, 1.9], [0.7, 0.1, 2.7]),
    ],
)
def test_what_is_guarded(text, same, other, run):
    names = {"np": np, "math": math}
    exec(f"def f(x):\n    return {text}", names)
    made = run(names["f"], [X])
    same, other = np.array(same), np.array(other)
    assert made.holds(X)
    assert made.holds(same)
    np.testing.assert_allclose(made.at(same), names["f"](same))
    assert not made.holds(other)


@pytest.mark.parametrize(
    "text",
    ["np.where(x > 0, x, 0)", "max(x[0], x[1])", "np.maximum(x, 0)", "np.sort(x)", "abs(x)", "(x > 0) * x", "np.clip(x, 0, 1)", "min(x)"],
)
def test_what_needs_no_guard(text, run):
    names = {"np": np}
    exec(f"def f(x):\n    return {text}", names)
    made = run(names["f"], [X])
    assert made.result.guards == ()
    for other in (np.array([3.0, -1.0, 0.5]), -X):
        np.testing.assert_allclose(made.at(other), names["f"](other))


def test_integer_arguments_are_guarded_where_they_are_used(run):
    def f(x, n, index):
        return x[:n] ** n + x[index]

    made = run(f, [X, 2, np.array([0, 2])], differentiated={0})
    assert made.holds(2 * X, 2, np.array([0, 2]))
    assert not made.holds(X, 3, np.array([0, 2]))
    assert not made.holds(X, 2, np.array([0, 1]))


def test_data_that_nothing_depends_on_may_go_through_any_function(agree):
    def f(x, data):
        spectrum = np.abs(np.fft.fft(data))
        spectrum[0] = x[0]
        return spectrum * x[1] + float(data[0]) * np.unique(data).size

    made = agree(f, X, np.array([1.0, 2.0, 2.0, 4.0]), differentiated={0})
    assert made.holds(X * 2, np.array([1.0, 2.0, 2.0, 4.0]))
    assert not made.holds(X, np.array([1.0, 2.0, 3.0, 4.0]))


def test_captured_arrays_are_read_at_run_time_and_guarded_where_they_choose(run):
    table, index = np.array([1.0, 2.0, 3.0]), np.array([0, 2])

    def f(x):
        return (x * table)[index]

    made = run(f, [X])
    table[0] = 5.0
    np.testing.assert_allclose(made.at(), f(X))
    assert made.holds(X)
    index[0] = 1
    assert not made.holds(X)


def test_guards_are_found_without_computing_everything_again():
    calls = []

    def counting(nodes, known):
        calls.append(len(nodes))
        return evaluate(nodes, known)

    def f(x):
        y = x[0]
        for _ in range(30):
            y = y * 1.01
            if y > 100:
                break
        return y

    trace = Trace(counting)
    trace_function(f, [trace.variable("x", X, differentiated=True)], {}, trace)
    assert len(calls) == 30
    assert max(calls) <= 4


@pytest.mark.parametrize("text", ["x if x[0] > 0 else 2 * x", "x[np.argmax(x)]", "x[x > 0]", "float(n) * x", "int(x[0]) * x"])
def test_formulas_have_no_values(text):
    names = {"np": np}
    exec(f"def f(x, n):\n    return {text}", names)
    trace = Trace(evaluate, name="f", numbers=False)
    x, n = trace.symbol("x", (3,), differentiated=True), trace.symbol("n", ())
    if "float" in text:
        assert trace_function(names["f"], [x, n], {}, trace).node.shape == (3,)
        return
    with pytest.raises(wrt.Unsupported, match="shapes alone"):
        trace_function(names["f"], [x, n], {}, trace)
