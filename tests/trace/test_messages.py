"""What the tracer says, word for word: the operation, the user's expression underlined, what is known, what to write instead."""

import math
import textwrap

import numpy as np
import pytest
import scipy.interpolate
import scipy.special as sp

import wrt

K = np.eye(2) + 0.1
X = np.array([0.3, 0.7])
RNG = np.random.default_rng(0)


def said(run, f, *args, **options):
    with pytest.raises(wrt.WrtError) as caught:
        run(f, args or (X,), **options)
    return str(caught.value)


def expected(text):
    return textwrap.dedent(text).strip("\n")


def residual(theta, b):
    K = np.outer(theta, theta)
    w = theta * 2 + np.linalg.eigvals(K) + b
    return w * 1


def test_no_rule(run):
    line = residual.__code__.co_firstlineno + 2
    text = said(run, residual, X, 1.0)
    assert text.splitlines()[:5] == [
        "np.linalg.eigvals has no derivative rule in wrt.",
        f"  residual, test_messages.py line {line}:",
        "      w = theta * 2 + np.linalg.eigvals(K) + b",
        "                      ^^^^^^^^^^^^^^^^^^^^",
        "  K is float64[2, 2] and depends on x0.",
    ]
    assert text.endswith(", or ask for numbers: wrt.numeric.jacobian(residual, …) (with error estimates).")
    assert "np.linalg.eigvalsh" in text.splitlines()[5]
    assert len(text.splitlines()) == 6


def test_the_message_of_the_needs(run, monkeypatch):
    """NEEDS 5.3, word for word, where the advice is written with the argument's place."""
    from wrt.ops.catalog import NO_RULE, Refused

    monkeypatch.setitem(NO_RULE, np.linalg.eigvals, Refused("np.linalg.eigvals", "", "Write np.linalg.eigvalsh({0}) if {0} is symmetric"))
    assert said(run, residual, X, 1.0).splitlines()[-1] == (
        "  Write np.linalg.eigvalsh(K) if K is symmetric, or ask for numbers: wrt.numeric.jacobian(residual, …) (with error estimates)."
    )


def test_an_unknown_function(run):
    def f(x): return sp.struve(0, x * 2)

    assert said(run, f) == expected(f"""
        scipy.special.struve has no derivative rule in wrt.
          f, test_messages.py line {f.__code__.co_firstlineno}:
              def f(x): return sp.struve(0, x * 2)
                               ^^^^^^^^^^^^^^^^^^^
          x * 2 is float64[2] and depends on x0.
          Ask for numbers: wrt.numeric.jacobian(f, …) (with error estimates).
    """)


def test_a_library_that_wants_numbers(run):
    table = scipy.interpolate.CubicSpline([0.0, 1.0, 2.0], [0.0, 2.0, 5.0])

    def f(x):
        return table(x)

    text = said(run, f)
    assert text.startswith("scipy.interpolate.__call__ needs plain numbers, and they would lose the derivative.")
    assert "      return table(x)\n             ^^^^^^^^" in text
    assert "  x is float64[2] and depends on x0." in text


def test_python_float_reached_by_c_code(run):
    def f(x):
        return x * [1.0, 2.0][int(x[0])] + "%.2f".__len__() * complex(x[0]).real

    assert "A traced number becomes complex here." in said(run, f)


def test_lost_derivative_by_format(run):
    def f(x):
        a = np.zeros(2, dtype=int)
        a[0] = x[0]
        return a

    assert said(run, f).splitlines()[0] == "A float64 value is cut to int64 here, and its derivative is lost."


def test_shapes_that_do_not_fit(run):
    def f(x):
        return K @ np.concatenate([x, x])

    text = said(run, f)
    assert "differ" in text
    assert "      return K @ np.concatenate([x, x])\n             ^^^^^^^^^^^^^^^^^^^^^^^^^^" in text


def test_random_numbers(run):
    def f(x):
        return x + np.random.normal(size=2)  # noqa: NPY002

    assert said(run, f) == expected(f"""
        np.random.normal draws new random numbers at every call.
          f, test_messages.py line {f.__code__.co_firstlineno + 1}:
              return x + np.random.normal(size=2)  # noqa: NPY002
                         ^^^^^^^^^^^^^^^^^^^^^^^^
          Draw them outside and pass them as an argument.
    """)
    assert "A Generator.normal draws new random numbers" in said(run, lambda x: x + RNG.normal(size=2))


def test_a_captured_array_is_written(run):
    def f(x):
        K[0, 0] = x[0]
        return K @ x

    assert said(run, f) == expected(f"""
        This writes into an array that the function did not make.
          f, test_messages.py line {f.__code__.co_firstlineno + 1}:
              K[0, 0] = x[0]
              ^^^^^^^
          wrt never writes to your arrays; copy it first: np.array(a) or a.copy().
    """)


def test_across_lines_in_helpers_and_comprehensions(run):
    def helper(a):
        return [np.unwrap(
            v * a
        ) for v in a]

    def f(x):
        return helper(x)[0]

    text = said(run, f)
    assert f"  helper, test_messages.py line {helper.__code__.co_firstlineno + 1}:" in text
    assert "      return [np.unwrap(\n              ^^^^^^^^^^" in text


def test_lambda_and_unicode(run):
    f = lambda θ: θ * 1 + np.unwrap(θ)
    text = said(run, f)
    assert "<lambda>, test_messages.py line" in text
    shown, carets = text.splitlines()[2:4]
    assert shown[carets.index("^") : carets.rindex("^") + 1] == "np.unwrap(θ)"
    assert "wrt.numeric.jacobian(<lambda>, …)" in text


def test_no_source(run):
    names = {"np": np}
    exec("def f(x):\n    return np.unwrap(x)", names)
    text = said(run, names["f"])
    assert "  f, <string> line 2:\n      (no source)" in text
    assert "The argument is float64[2] and depends on x0." in text


@pytest.mark.parametrize(
    ("f", "text"),
    [
        (lambda x: None, "f returns None; wrt differentiates functions that return numbers or arrays."),
        (lambda x: {"a": x}, "f returns a dict; wrt differentiates functions that return numbers or arrays."),
        (lambda x: "a", "f returns a str; wrt differentiates functions that return numbers or arrays."),
        (lambda x: (), "f returns an empty tuple; wrt differentiates functions that return numbers or arrays."),
        (lambda x: (v for v in x), "f returns a generator; wrt differentiates functions that return numbers or arrays."),
    ],
)
def test_results_that_are_not_arrays(f, text, run):
    assert said(run, f, X, name="f") == text


def test_ragged_results(run):
    assert said(run, lambda x: (x, x[:1]), X, name="f") == expected("""
        f returns a tuple that is not one array: A list of arrays of unlike shapes, (2,) and (1,), is not one array.
          Return one array: np.concatenate([np.ravel(a), np.ravel(b)]), or differentiate one part at a time.
    """)


def test_complex_results_and_inputs(run):
    assert said(run, lambda x: 1j, X, name="f").startswith("f returns complex numbers.")
    assert "is complex" in said(run, lambda x: x, X * 1j)
    assert "A complex number meets traced arrays here." in said(run, lambda x: x * 1j)


def test_the_functions_own_errors_pass(run):
    def f(x):
        raise KeyError("mine")

    def assigns(x):
        y = np.zeros(3)
        y[:] = x
        return y

    with pytest.raises(KeyError, match="mine"):
        run(f, [X])
    with pytest.raises(IndexError, match="index 5 is out of bounds for axis 0 with size 2"):
        run(lambda x: x[5], [X])
    with pytest.raises(ValueError, match="ambiguous"):
        run(lambda x: x if x > 0 else -x, [X])
    with pytest.raises(ValueError, match=r"could not broadcast input array from shape \(2,\) into shape \(3,\)"):
        run(assigns, [X])
    with pytest.raises(TypeError):
        run(lambda x: math.sin(x) + 1, [X])
    with pytest.raises(AttributeError, match="no attribute 'foo'"):
        run(lambda x: x.foo, [X])
    assert "ndarray.tobytes is not supported by wrt." in said(run, lambda x: x.tobytes())


def test_a_refusal_that_is_caught_is_still_a_refusal(run):
    def f(x):
        try:
            return np.unwrap(x)
        except Exception:  # noqa: BLE001
            return x

    assert said(run, f).startswith("np.unwrap has no derivative rule in wrt.")

    def g(x):
        return x * np.array_equal(x, np.unwrap(x))

    assert said(run, g).startswith("np.unwrap has no derivative rule in wrt.")


def test_an_option_that_is_differentiated(run):
    assert said(run, lambda x: np.pad(x, 1, constant_values=x[0])).startswith("An option of this function must be known")


def test_blame_names_what_is_traced():
    import scipy.sparse
    import scipy.stats

    A, x = scipy.sparse.csr_matrix(np.eye(3)), np.ones(3)

    def text(x):
        return len("loss %.3g" % x.sum()) * x  # noqa: UP031

    def sparse(x):
        return A @ x

    def density(x):
        return scipy.stats.norm.pdf(1.0, loc=x[0])

    def second(x):
        return np.unwrap(np.arange(6), x)

    def flags(x):
        return x * x.flags.c_contiguous

    for function, known in [
        (text, "x.sum() is a float64 number"), (sparse, "x is float64[3]"), (density, "x[0] is a float64 number"), (second, "x is float64[3]"),
        (flags, "\n  x is float64[3]"),
    ]:  # fmt: skip
        with pytest.raises(wrt.Unsupported) as caught:
            wrt.jacobian(function)(x)
        assert f"{known} and depends on x." in str(caught.value)


def test_refusals_come_through_libraries():
    import scipy.optimize

    def root(x):
        return scipy.optimize.brentq(lambda z: z - x[0], -9, 9)

    def iterated(x):
        return np.sum(np.fromiter((v * v for v in x), float))

    for function in (root, iterated):
        with pytest.raises(wrt.Unsupported, match="lose the derivative"):
            wrt.jacobian(function)(np.ones(2))
