"""What wrt says when it refuses, word for word, through the public verbs."""

import textwrap

import numpy as np
import pytest

import wrt

X = np.array([0.3, 0.7, 1.1])
TABLE = np.eye(3)


def said(call, error=wrt.WrtError):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def exactly(text):
    return textwrap.dedent(text).strip("\n")


def line(function, below):
    return function.__code__.co_firstlineno + below


# ----- functions ------------------------------------------------------------------------------------------------------
def residual(theta, b):
    K = np.outer(theta, theta)
    w = theta * 2 + np.linalg.eigvals(K) + b
    return w - 1


def test_an_operation_without_a_rule():
    assert said(lambda: wrt.jacobian(residual)(X, 1.0), wrt.Unsupported) == exactly(f"""
        np.linalg.eigvals has no derivative rule in wrt.
          residual, test_texts.py line {line(residual, 2)}:
              w = theta * 2 + np.linalg.eigvals(K) + b
                              ^^^^^^^^^^^^^^^^^^^^
          K is float64[3, 3] and depends on theta.
          Write np.linalg.eigvalsh(K) (or eigh) if K is symmetric, or ask for numbers: wrt.numeric.jacobian(residual, …) (with error estimates).
    """)


@pytest.mark.parametrize("verb, more", [(wrt.jacobian, {}), (wrt.gradient, {}), (wrt.hessian, {}), (wrt.jvp, {"tangent": X}), (wrt.vjp, {"cotangent": X})])
def test_every_verb_says_the_same(verb, more):
    assert said(lambda: verb(residual)(X, 1.0, **more)) == said(lambda: wrt.jacobian(residual)(X, 1.0))


def test_a_refusal_cannot_be_swallowed():
    def f(x):
        try:
            return np.linalg.eigvals(np.outer(x, x))
        except Exception:  # noqa: BLE001
            return x

    assert said(lambda: wrt.jacobian(f)(X)).startswith("np.linalg.eigvals has no derivative rule in wrt.")


def test_a_value_that_leaves_for_c():
    def f(x):
        return x * complex(x[0]).real

    assert said(lambda: wrt.jacobian(f)(X), wrt.Unsupported) == exactly(f"""
        A traced number becomes complex here.
          f, test_texts.py line {line(f, 1)}:
              return x * complex(x[0]).real
                         ^^^^^^^^^^^^^
          x[0] is a float64 number and depends on x.
          wrt differentiates real functions of real inputs.
    """)


def test_a_value_that_becomes_a_plain_float():
    from array import array

    def f(x):
        return np.array(array("d", x)) * 2

    text = said(lambda: wrt.jacobian(f)(X), wrt.Unsupported)
    assert text.startswith(exactly(f"""
        A traced array becomes a Python float, and that would lose the derivative.
          f, test_texts.py line {line(f, 1)}:
              return np.array(array("d", x)) * 2
                              ^^^^^^^^^^^^^
    """))
    assert text.endswith("Ask for numbers: wrt.numeric.jacobian(f, …) (with error estimates).")


def test_a_value_cut_to_an_integer():
    def f(x):
        return np.array(x, dtype=int) * 1.0

    assert said(lambda: wrt.jacobian(f)(X), wrt.Unsupported) == exactly(f"""
        A float64 value is cut to int64 here, and its derivative is lost.
          f, test_texts.py line {line(f, 1)}:
              return np.array(x, dtype=int) * 1.0
                     ^^^^^^^^^^^^^^^^^^^^^^
          x is float64[3] and depends on x.
          Make the array floating: np.zeros(n) instead of np.zeros(n, dtype=int).
    """)


def test_writing_into_a_captured_array():
    def f(x):
        TABLE[0, 0] = x[0]
        return TABLE @ x

    assert said(lambda: wrt.jacobian(f)(X), wrt.Unsupported) == exactly(f"""
        This writes into an array that the function did not make.
          f, test_texts.py line {line(f, 1)}:
              TABLE[0, 0] = x[0]
              ^^^^^^^^^^^
          wrt never writes to your arrays; copy it first: np.array(a) or a.copy().
    """)
    np.testing.assert_array_equal(TABLE, np.eye(3))


def test_random_numbers():
    def f(x):
        return x + np.random.normal(size=3)  # noqa: NPY002

    assert said(lambda: wrt.jacobian(f)(X), wrt.Unsupported) == exactly(f"""
        np.random.normal draws new random numbers at every call.
          f, test_texts.py line {line(f, 1)}:
              return x + np.random.normal(size=3)  # noqa: NPY002
                         ^^^^^^^^^^^^^^^^^^^^^^^^
          Draw them outside and pass them as an argument.
    """)


def test_changing_a_name_outside():
    count = 0

    def f(x):
        nonlocal count
        count = count + 1
        return x

    text = said(lambda: wrt.jacobian(f)(X), wrt.Unsupported)
    assert text.startswith("f changes count, which lives outside of it.\n  f, test_texts.py line")
    assert text.endswith("Return count as a value, or keep it in a list or an object: wrt looks on without side effects.")


def test_shapes_that_do_not_fit_in_a_function():
    def f(x, W):
        return W @ x

    assert said(lambda: wrt.jacobian(f)(X, np.eye(2)), wrt.ShapeError) == exactly(f"""
        W is 2×2 and x is 3; the inner sizes 2 and 3 differ.
          f, test_texts.py line {line(f, 1)}:
              return W @ x
                     ^^^^^
    """)


def test_a_verb_inside_of_a_traced_function():
    def f(x):
        return wrt.gradient(lambda x: np.sum(x**3))(x)

    assert said(lambda: wrt.jacobian(f)(X), wrt.Unsupported) == exactly(f"""
        A wrt verb is called inside of a function that wrt differentiates.
          f, test_texts.py line {line(f, 1)}:
              return wrt.gradient(lambda x: np.sum(x**3))(x)
                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
          For second derivatives write wrt.hessian(f); for products of Jacobians, multiply them outside.
    """)


def test_a_branch_in_a_formula():
    def f(x):
        return x if x[0] > 0 else -x

    assert said(lambda: wrt.derive(f, wrt="x"), wrt.Unsupported) == exactly(f"""
        This needs the value of an array, and a formula is derived from shapes alone.
          f, test_texts.py line {line(f, 1)}:
              return x if x[0] > 0 else -x
                          ^^^^^^^^
          Write it without `if` or indices that depend on values (np.where, np.maximum), or ask for numbers: wrt.jacobian.
    """)


# ----- calls ----------------------------------------------------------------------------------------------------------
def test_an_unknown_parameter():
    assert said(lambda: wrt.jacobian(residual, wrt="thta"), wrt.ArgumentError) == exactly("""
        residual has no parameter 'thta'; it has theta, b.
          Did you mean theta?
    """)
    assert said(lambda: wrt.jacobian(residual, wrt=2), wrt.ArgumentError) == "residual has no parameter number 2; it has theta, b."


def test_arguments_that_do_not_fit():
    assert said(lambda: wrt.jacobian(residual)(X), wrt.ArgumentError) == exactly("""
        residual: missing a required argument: 'b'.
          It has theta, b.
    """)


def test_kinds_of_numbers():
    J = wrt.jacobian(lambda x: x * 2)
    assert said(lambda: J(X + 0j)) == "x is complex; wrt differentiates by real inputs. Pass the real and imaginary parts as two arguments."
    assert said(lambda: J(X > 0)) == "x is of dtype bool, which has no derivatives. Expected an array of floating-point numbers."
    assert said(lambda: J(None)) == "x is None, and wrt= asks for the derivative by it. Expected an array of floating-point numbers."
    assert said(lambda: J(np.ma.array(X))) == exactly("""
        x is a MaskedArray, whose arithmetic may differ from a plain array's.
          Pass np.asarray(x) if its plain numbers are meant.
    """)
    with pytest.warns(wrt.Promotion) as seen:
        J([1, 2])
    assert [str(w.message) for w in seen] == ["x has integers; they are taken as float64, since derivatives live on the reals."]


def test_the_promotion_points_at_the_users_line():
    with pytest.warns(wrt.Promotion) as seen:
        wrt.jacobian(lambda x: x * 2)([1, 2])
    assert seen[0].filename == __file__


def test_options():
    assert said(lambda: wrt.jacobian(residual, layout="rows"), wrt.LayoutError) == exactly("""
        There is no layout 'rows'.
          Write layout= one of 'numerator', 'denominator', 'mixed'.
    """)
    assert said(lambda: wrt.jacobian(residual, mode="back"), wrt.ArgumentError) == "mode must be 'auto', 'forward' or 'reverse', not 'back'."
    assert said(lambda: wrt.jacobian("A @ x"), wrt.ArgumentError) == (
        "Expected a function, got 'A @ x'. For an expression in text write wrt.derive('A @ x', wrt=…)."
    )


def test_a_gradient_of_a_vector():
    assert said(lambda: wrt.gradient(lambda x: x)(X), wrt.ShapeError) == exactly("""
        The gradient is of a scalar function; f returns shape (3,).
          Write wrt.jacobian for functions of more than one output.
    """)


def test_nothing_prepared_yet():
    text = said(lambda: wrt.jacobian(residual).plan, wrt.ArgumentError)
    assert text == "Nothing is prepared yet: call it once, so that the shapes of residual's arguments are known."


def test_results():
    assert said(lambda: wrt.jacobian(lambda x: None)(X)) == "f returns None; wrt differentiates functions that return numbers or arrays."


# ----- text -----------------------------------------------------------------------------------------------------------
def test_shapes_that_do_not_fit_in_text():
    """Both operands are underlined, and what was known by then is said."""
    text = said(lambda: wrt.derive("y - Phi @ theta", wrt="theta", shapes={"Phi": "N D", "theta": "M", "y": "N"}), wrt.ShapeError)
    assert text == (
        "Phi is N×D and theta is M; the inner sizes D and M differ.\n"
        "      y - Phi @ theta\n"
        "          ^^^   ^^^^^\n"
        "  Sizes known so far: y: N, Phi: N×D, theta: M."
    )
    text = said(lambda: wrt.derive("A @ x + b", wrt="x", shapes={"A": "M N", "x": "N", "b": "N"}), wrt.ShapeError)
    assert text == (
        "Shapes (M,) and (N,) do not fit together: M and N differ.\n"
        "      A @ x + b\n"
        "      ^^^^^   ^\n"
        "  Sizes known so far: A: M×N, x: N, b: N."
    )


def test_an_operation_without_a_rule_in_text():
    lines = said(lambda: wrt.derive("sum(np.linalg.eigvals(X))", wrt="X"), wrt.Unsupported).splitlines()
    assert lines[:3] == [
        "np.linalg.eigvals has no derivative rule in wrt.",
        "      sum(np.linalg.eigvals(X))",
        "          ^^^^^^^^^^^^^^^^^^^^",
    ]


@pytest.mark.parametrize("text, expected", [
    ("sum((y - Phi @ theta", "'(' is never closed\n      sum((y - Phi @ theta\n          ^"),
    ("x @@ A", "an operand is missing before '@'\n      x @@ A\n         ^"),
    ("x $ 3", "unexpected character '$'\n      x $ 3\n        ^"),
    ("A x", "an operator is missing before 'x'\n      A x\n        ^\n  write * for a product of numbers or entries, @ for the matrix product"),
    ("y = A @ x", "'=' assigns; only an expression can be read\n      y = A @ x\n        ^\n  write the right side alone, or == to compare"),
    ("", 'the text is empty\n  write an expression, such as "sum((y - X @ w)**2)"'),
])  # fmt: skip
def test_text_that_is_no_expression(text, expected):
    assert said(lambda: wrt.derive(text, wrt="x"), wrt.ParseError) == expected


def test_an_unknown_variable_or_function_in_text():
    assert said(lambda: wrt.derive("x @ A @ x", wrt="z"), wrt.ArgumentError) == "z is not a variable of the expression; it has x, A."
    assert said(lambda: wrt.derive("foo(x)", wrt="x"), wrt.ArgumentError) == "foo is not a function that wrt knows.\n      foo(x)\n      ^^^^^^\n  Did you mean floor?"


def test_values_of_other_sizes():
    d = wrt.derive("y - Phi @ theta", wrt="theta", shapes={"Phi": "N D"})
    assert said(lambda: d(y=X, Phi=np.eye(3), theta=X[:2]), wrt.ShapeError) == "D is 3 in Phi and 2 in theta."
    assert said(lambda: d(y=X), wrt.ArgumentError) == "No value for Phi, theta. The expression has y, Phi, theta."


# ----- the classes ----------------------------------------------------------------------------------------------------
def test_classes_are_pythons_own_too_and_named_as_users_import_them():
    assert issubclass(wrt.ShapeError, ValueError)
    assert issubclass(wrt.LayoutError, ValueError)
    assert issubclass(wrt.ParseError, ValueError)
    assert issubclass(wrt.ArgumentError, TypeError)
    assert issubclass(wrt.Promotion, UserWarning)
    for name in ("WrtError", "Unsupported", "ShapeError", "LayoutError", "ArgumentError", "ParseError", "Promotion"):
        kind = getattr(wrt, name)
        assert kind.__module__ == "wrt"
        assert kind.__doc__
