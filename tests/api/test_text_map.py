"""Maps in text, and functions that take their coordinates one by one, as functions of one array."""

import numpy as np
import pytest

import wrt
from wrt.api.text_map import TextMap, coordinates, point_map


def test_text_is_a_function_of_the_point():
    f = point_map("r*cos(t), r*sin(t)")
    assert f.variables == coordinates(f, 2) == ("r", "t")
    assert np.allclose(f([2, 0.5]), [2 * np.cos(0.5), 2 * np.sin(0.5)])
    assert np.allclose(wrt.jacobian(f)(np.array([2.0, 0.5])), [[np.cos(0.5), -2 * np.sin(0.5)], [np.sin(0.5), 2 * np.cos(0.5)]])
    assert repr(f) == "<map (r, t) ↦ r*cos(t), r*sin(t)>"


@pytest.mark.parametrize("text", ["pi*x + y, x", "[np.pi*x + y, x]", "(pi*x + y, x)", "np.array([np.pi*x + y, x])", "pi*x + y, x,"])
def test_several_components(text):
    assert np.allclose(point_map(text)([1.0, 2.0]), [np.pi + 2, 1])


def test_a_single_name_is_the_point_itself():
    f = point_map("x / (1 + x @ x)")
    x = np.array([1.0, 2.0, 2.0])
    assert np.allclose(f(x), x / 10)
    assert np.allclose(wrt.jacobian(f)(x), np.eye(3) / 10 - 2 * np.outer(x, x) / 100)
    assert f(np.array([3.0])).tolist() == [0.3]
    assert coordinates(f, 3) == ("x[0]", "x[1]", "x[2]")
    g = point_map("X @ X")
    assert np.array_equal(g(np.ones((2, 2))), 2 * np.ones((2, 2)))


def test_the_order_of_the_variables():
    assert point_map("y - x", "x y")([1.0, 5.0]) == 4
    assert point_map("y - x", ["x", "y"])([1.0, 5.0]) == 4
    assert point_map("y - x")([1.0, 5.0]) == -4
    assert wrt.jacobian(TextMap("x**2", "x y"))(np.array([3.0, 1.0])).tolist() == [6, 0]  # y is a coordinate, though nothing depends on it


def test_functions_of_coordinates():
    def f(r, t, scale=2.0):
        out = np.zeros(2)
        out[0] = scale * r * np.cos(t)
        out[1] = r * np.sin(t) if r > 0 else t
        return out

    g = point_map(f)
    assert g.variables == ("r", "t")
    X = np.array([[1.0, 0.3], [-1.0, 0.3]])
    for x, J in zip(X, wrt.jacobian(g).batch(X), strict=True):
        assert np.allclose(J, wrt.numeric.jacobian(g, x).value, atol=1e-8)
    assert point_map(np.sin) is np.sin
    assert point_map(lambda x, n=3: x).__name__ == "<lambda>"


def test_refusals():
    with pytest.raises(wrt.ShapeError, match=r"f takes 2 numbers \(r, t\); got a point of shape \(3,\)"):
        point_map(lambda r, t: r * t)(np.ones(3))
    with pytest.raises(wrt.ParseError, match="never closed"):
        point_map("r*cos(t, r")
    with pytest.raises(wrt.ArgumentError, match=r"\[x, foo\(y\)\]\n +\^+"):
        point_map("x, foo(y)")([1.0, 2.0])
