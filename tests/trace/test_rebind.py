"""Helpers, closures, methods, partials, from-imports, modules: reached wherever they are, and never modified."""

import copy
import functools
import importlib.util
import math
import sys
import types
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize
import scipy.signal

import wrt

_SPEC = importlib.util.spec_from_file_location("user_module", Path(__file__).with_name("user_module.py"))
user = importlib.util.module_from_spec(_SPEC)
sys.modules["user_module"] = user
_SPEC.loader.exec_module(user)

X = np.array([0.3, 0.7, 1.1])
X2 = np.array([0.3, 0.7])
MATRIX = np.arange(9.0).reshape(3, 3) + np.eye(3)
FACTOR = 3.0


def test_helpers_of_other_modules(agree):
    agree(user.helper, X2)
    agree(user.deep, X2)
    agree(lambda v: user.deep(v) * user.SCALE + user.TABLE[0], X2)
    agree(user.length, X2)


def test_a_module_imported_inside(agree):
    def f(x):
        import numpy as n  # noqa: ICN001
        from numpy import sin
        from user_module import helper

        y = n.zeros(3)
        y[0] = sin(x[0])
        y[1:] = helper(x[1:])
        return y

    agree(f, X)


def test_recursion(agree):
    agree(lambda v: user.recursive(v, 3), X)

    def outer(x):
        def down(v, n):
            return v if n == 0 else down(v * x, n - 1)

        return down(x, 3)

    agree(outer, X)


def test_closures_and_defaults(agree):
    a, scale = np.array([1.0, 2.0, 3.0]), 2.5

    def helper(v, shift=np.ones(3), *, times=a):  # noqa: B008
        out = np.empty(3)
        out[:] = v * scale + shift
        return out * times

    agree(lambda x: helper(x) + helper(x, a, times=2), X)


def test_partials_and_decorators(agree):
    def twice(f):
        @functools.wraps(f)
        def inner(*args, **kwargs):
            return 2 * f(*args, **kwargs)

        return inner

    @twice
    def g(x, a, b=1.0):
        y = np.zeros(3)
        y[:] = x * a + b
        return y

    agree(g, X, 2.0)
    agree(functools.partial(g, a=MATRIX[0], b=3.0), X)
    agree(functools.partial(np.multiply, MATRIX), X)
    cached = functools.lru_cache(lambda n: np.arange(n) * 2.0)
    agree(lambda x: cached(3) * x, X)


def test_methods_and_objects(agree):
    model = user.Model([1.0, 2.0, 3.0], 0.5)
    before = copy.deepcopy(vars(model))
    made = agree(model.residual, X)
    agree(model, X)
    agree(lambda x: model.residual(x) + model.rate, X)
    agree(user.Child([1.0, 2.0, 3.0], 0.5).residual, X)
    agree(lambda x: user.Model(x, x[0]).residual(x), X)
    assert model.calls == 3  # by the untraced runs
    model.calls, model.history = 0, []
    np.testing.assert_equal(vars(model), before)
    assert type(model) is user.Model
    assert not made.result.dependencies.volatile


def test_dataclasses_and_namespaces(agree):
    @dataclass(frozen=True)
    class Parameters:
        k: float
        a: np.ndarray = field(default_factory=lambda: np.ones(3))

        def scaled(self, x):
            y = np.zeros(3)
            y[:] = x
            return self.k * y * self.a

    @dataclass(slots=True)
    class Slotted:
        k: float
        a: object

        def apply(self, x):
            return np.array([v * self.k for v in x]) * self.a

    p, s = Parameters(2.0), Slotted(3.0, MATRIX[1])
    names = types.SimpleNamespace(k=2.0, a=MATRIX[0])
    agree(lambda x: p.scaled(x) + p.a, X)
    agree(lambda x: s.apply(x), X)  # noqa: PLW0108
    agree(lambda x: names.k * x + names.a, X)


def test_containers(agree, run):
    options = {"w": MATRIX[0], "list": [1.0, 2.0, MATRIX[1]], "f": math.sin}
    history = []

    def f(x):
        history.append(x)
        return x * options["w"] + options["list"][2] * options["list"][1] + options["f"](x[0])

    run(f, [X])
    assert history == []
    agree(f, X)
    agree(lambda x: x * user.OPTIONS["weights"] * user.OPTIONS["rate"] + sum(user.STEPS), X)


def test_generators_comprehensions_lambdas(agree):
    def pairs(x):
        for i in range(len(x) - 1):
            yield x[i] * x[i + 1]

    def f(x):
        squares = {i: v**2 for i, v in enumerate(x)}
        scaled = map(lambda t: t * FACTOR, x)  # noqa: C417
        return np.array([*pairs(x), *squares.values(), sum(v for v in pairs(x)), *scaled])

    agree(f, X)


def test_classes_defined_inside(agree):
    def f(x):
        class Local:
            size = np.zeros(3) + FACTOR

            def go(self, v):
                out = np.zeros_like(v)
                out[0] = v[0] * FACTOR
                return out * self.size

        return Local().go(x)

    agree(f, X)


def test_numba_functions_are_run_in_python(agree):
    import numba

    @numba.njit
    def fast(x):
        y = np.zeros(3)
        for i in range(3):
            y[i] = x[i] ** 2
        return y

    agree(fast, X)
    agree(lambda x: fast(x) + 1, X)


def test_ufuncs_and_bound_array_methods(agree):
    agree(np.sin, X)
    agree(np.multiply, X, X[::-1].copy())
    agree(MATRIX.dot, X)
    dot = MATRIX.dot
    agree(lambda x: dot(x) + 1, X)


def test_functions_as_arguments(agree):
    def apply(x, activation=np.tanh):
        return activation(x) * (2.0 if activation is np.tanh else 3.0)

    agree(apply, X)
    agree(lambda x: apply(x, np.sin), X)
    agree(apply, X, np.tanh)


def test_nothing_of_the_users_is_modified(run):
    names, code, closure = dict(user.helper.__globals__), user.helper.__code__, MATRIX.copy()
    run(lambda x: user.deep(x[:2]) + MATRIX[0, 0], [X])
    assert dict(user.helper.__globals__) == names or all(user.helper.__globals__[k] is v for k, v in names.items())
    assert user.helper.__code__ is code
    np.testing.assert_array_equal(MATRIX, closure)
    assert MATRIX.flags.writeable
    assert user.TABLE.flags.writeable


def test_second_net(agree):
    """Where rebinding does not reach (a function that looks like a library's), NumPy's protocols do."""
    hidden = types.FunctionType(user.deep.__code__, {"np": np, "helper": np.tanh, "cos": np.cos}, "hidden")
    hidden.__module__ = "pandas.made_up"
    agree(lambda x: hidden(x) + np.mean([x, x], axis=0), X)


def test_writing_a_global_is_refused(run):
    with pytest.raises(wrt.Unsupported) as caught:
        run(user.increments, [X])
    assert str(caught.value) == (
        "increments changes count, which lives outside of it.\n"
        "  increments, user_module.py line 84:\n"
        "      count += 1\n"
        "      ^^^^^\n"
        "  Return count as a value, or keep it in a list or an object: wrt looks on without side effects."
    )
    assert user.count == 0


def test_writing_a_closure_is_refused(run):
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return x * calls

    with pytest.raises(wrt.Unsupported, match="f changes calls, which lives outside of it"):
        run(f, [X])


def test_local_state_is_no_side_effect(agree):
    def f(x):
        total = 0.0

        def add(v):
            nonlocal total
            total = total + v

        for v in x:
            add(v)
        return total

    agree(f, X)


@pytest.mark.parametrize(
    "text",
    [
        *("TABLE[0, 0] = x[0]", "TABLE[0] += 1", "TABLE.T[0] = 1", "TABLE.sort()"),
        *("np.add(x, 1, out=TABLE[0])", "np.fill_diagonal(TABLE, 0)", "TABLE.fill(1)"),
    ],
)
def test_writing_a_captured_array_is_refused(text, run):
    table = np.arange(4.0).reshape(2, 2)
    names = {"np": np, "TABLE": table}
    exec(f"def f(x):\n    {text}\n    return x", names)
    with pytest.raises(wrt.Unsupported, match="wrt never writes to your arrays"):
        run(names["f"], [X2])
    np.testing.assert_array_equal(table, np.arange(4.0).reshape(2, 2))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: scipy.optimize.rosen(x),  # noqa: PLW0108
        lambda x: np.polynomial.polynomial.polyval(0.5, x),
        lambda x: np.polynomial.chebyshev.chebval(x, [1, 2, 3.0]),
        lambda x: np.polynomial.legendre.legval(x, x),
        lambda x: scipy.signal.convolve(x, x),
    ],
)
def test_library_functions_in_python_are_helpers_too(f, agree):
    agree(f, X)


def test_class_attributes(agree):
    class Weights:
        table = np.array([1.0, 2.0, 3.0])
        order = 2

        def go(self, x):
            return x**self.order * self.table + Weights.table * Weights.order

    agree(Weights().go, X)
    agree(lambda x: Weights().go(x) + Weights.table, X)


def test_integer_arguments(agree):
    def f(x, n, k):
        half, rest = divmod(n, 2)
        y = np.zeros(n // 2 + n % 2 + 1)
        for i in range(n - k):
            y[i % len(y)] += x[i] ** (k + 1) * 2**-k * (n > k)
        return y * n / k * half + rest

    agree(f, X, 3, 2, differentiated={0})


@pytest.mark.parametrize("through", [lambda x: x * float(str(x[1])), lambda x: x * float(f"{x[1]:.17g}"), lambda x: x * float(f"{x[1]}")])
def test_a_number_read_back_from_its_text_is_refused(through):
    with pytest.raises(wrt.Unsupported, match="read back from its text"):
        wrt.jacobian(through)(np.array([1.0, 2.0]))
