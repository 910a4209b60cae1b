"""`wrt=` by name and position, calls by name, shapes as text: and what is said where they are wrong."""

import functools

import numpy as np
import pytest

import wrt
from wrt.graph.size import symbol
from wrt.trace import arguments, parse_shape, select

N, D = symbol("N"), symbol("D")


def residual(theta, Phi, y, *rest, scale=1.0):
    return y - Phi @ theta * scale


@pytest.mark.parametrize(
    ("which", "names", "single"),
    [
        (None, ("theta",), True),
        (0, ("theta",), True),
        (1, ("Phi",), True),
        ("y", ("y",), True),
        ("scale", ("scale",), True),
        (("theta", "y"), ("theta", "y"), False),
        ((0, 2), ("theta", "y"), False),
        (["Phi", 0], ("Phi", "theta"), False),
        (4, ("rest[1]",), True),
        ("rest[0]", ("rest[0]",), True),
        (("theta",), ("theta",), False),
    ],
)
def test_select(which, names, single):
    found = select(residual, which)
    assert (found.names, found.single) == (names, single)


def test_select_in_other_callables():
    assert select(np.sin).names == ("x",)
    assert select(np.multiply, 1).names == ("x2",)
    assert select(functools.partial(residual, 1.0)).names == ("Phi",)
    assert select(lambda a, b: a, -1).names == ("b",)
    assert select(np.linalg.norm).names == ("x",)
    assert select(lambda **named: 0, "anything").names == ("anything",)


@pytest.mark.parametrize(
    ("function", "which", "text"),
    [
        (lambda theta, Phi, y: 0, "thta", "f has no parameter 'thta'; it has theta, Phi, y.\n  Did you mean theta?"),
        (residual, "q", "residual has no parameter 'q'; it has theta, Phi, y, scale, *rest."),
        (lambda x: 0, 1, "f has no parameter number 1; it has x."),
        (lambda: 0, None, "f has no parameter number 0; it has none."),
        (lambda x: 0, (), "wrt=() names no argument to differentiate by.\n  Leave it out for the first argument."),
        (lambda x: 0, ("x", 0), "wrt names x twice."),
        (lambda x: 0, (1.5,), "wrt takes names and positions, not 1.5."),
    ],
)
def test_wrong_selections(function, which, text):
    with pytest.raises(wrt.ArgumentError) as caught:
        select(function, which)
    assert str(caught.value) == text


def test_arguments():
    values, back = arguments(residual, (1, 2), {"y": 3, "scale": 4})
    assert values == {"theta": 1, "Phi": 2, "y": 3, "scale": 4}
    assert back({"y": 30}) == ((1, 2, 30), {"scale": 4})
    values, back = arguments(residual, (1, 2, 3, 5, 6), {})
    assert values == {"theta": 1, "Phi": 2, "y": 3, "rest[0]": 5, "rest[1]": 6, "scale": 1.0}
    assert back({"rest[1]": 60}) == ((1, 2, 3, 5, 60), {"scale": 1.0})
    values, back = arguments(lambda x, **named: 0, (1,), {"a": 2})
    assert values == {"x": 1, "a": 2}
    assert back({"a": 20}) == ((1,), {"a": 20})
    with pytest.raises(wrt.ArgumentError, match="residual: missing a required argument: 'Phi'"):
        arguments(residual, (1,), {})


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("N D", (N, D)),
        ("N, D", (N, D)),
        ("(N, D)", (N, D)),
        ("N×D", (N, D)),
        (("N", "D"), (N, D)),
        (("N", 3), (N, 3)),
        ((3,), (3,)),
        (3, (3,)),
        ([2, "N"], (2, N)),
        ("", ()),
        ((), ()),
        ("3", (3,)),
        ("N-1", (N - 1,)),
        ("N - 1 D", (N - 1, D)),
        ("2*N+1 3", (2 * N + 1, 3)),
        ("N * D", (N * D,)),
        (N, (N,)),
        ("N-N", (0,)),
        ("n_points dim2", (symbol("n_points"), symbol("dim2"))),
    ],
)
def test_shapes(text, shape):
    assert parse_shape(text) == shape


@pytest.mark.parametrize("wrong", ["N ?", "-1", "N..", (1.5,), None, ("",), (-2,), "2N", ("N D",), True, 1.5])
def test_wrong_shapes(wrong):
    with pytest.raises(wrt.ArgumentError):
        parse_shape(wrong)
