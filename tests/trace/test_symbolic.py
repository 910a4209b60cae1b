"""Functions traced with symbolic sizes: no numbers, the same graph for every N and D."""

import numpy as np
import pytest

import wrt
import wrt.ops
from wrt.graph.shape import show
from wrt.ops.catalog import evaluate
from wrt.trace import Trace, parse_shape, trace_function


def trace(function, **shapes):
    tracer = Trace(evaluate, name=getattr(function, "__name__", "f"), numbers=False)
    inputs = [tracer.symbol(name, parse_shape(shape), differentiated=True) for name, shape in shapes.items()]
    return trace_function(function, inputs, {}, tracer).node


@pytest.mark.parametrize(
    ("function", "shapes", "shape"),
    [
        (lambda theta, Phi, y: y - Phi @ theta, {"theta": "D", "Phi": "N D", "y": "N"}, "(N,)"),
        (lambda x: np.sum(x**2), {"x": "N"}, "()"),
        (lambda x: x[1:] - x[:-1], {"x": "N"}, "(N - 1,)"),
        (lambda x: np.sum(x) / len(x), {"x": "N"}, "()"),
        (lambda x: x.mean() + 1 / x.size, {"x": "N"}, "()"),
        (lambda x: x / x.shape[0] ** 0.5 + (len(x) + 1) * 2.5, {"x": "N"}, "(N,)"),
        (lambda x: np.zeros(x.shape[0] + 1) + 1, {"x": "N"}, "(N + 1,)"),
        (lambda x: np.zeros((len(x), 2)) + x[:, None], {"x": "N"}, "(N, 2)"),
        (lambda x, A: np.eye(len(x)) * 2 + A, {"x": "N", "A": "N N"}, "(N, N)"),
        (lambda A: A.T @ A, {"A": "N D"}, "(D, D)"),
        (lambda A: A.reshape(-1), {"A": "N D"}, "(D*N,)"),
        (lambda A: A.reshape(A.shape[1] * A.shape[0]), {"A": "N D"}, "(D*N,)"),
        (lambda x: np.concatenate([x, [1.0]]), {"x": "N"}, "(N + 1,)"),
        (lambda x: np.exp(x) / np.exp(x).sum(), {"x": "N"}, "(N,)"),
        (lambda x: x if x.ndim == 1 and len(x) >= 1 else 2 * x, {"x": "N"}, "(N,)"),
        (lambda x: x[: int(x.shape[0]) - 1], {"x": "N"}, "(N - 1,)"),
        (lambda A: A[:, 0] + A[:, 1], {"A": "N 2"}, "(N,)"),
    ],
)
def test_shapes(function, shapes, shape):
    assert show(trace(function, **shapes).shape) == shape


def test_writes_into_symbolic_arrays():
    def f(x):
        y = np.zeros_like(x)
        y[1:] = x[1:] - x[:-1]
        y[0] = x[0]
        return y

    assert show(trace(f, x="N").shape) == "(N,)"


def test_the_graph_is_the_same_as_with_numbers():
    def f(x):
        return np.sum(x * np.sin(x))

    assert trace(f, x="4") is trace(f, x=(4,))
    assert trace(f, x="N") is trace(f, x="N")


@pytest.mark.parametrize("text", ["sum(x[i] for i in range(len(x)))", "[v for v in x]", "np.zeros(3)[: len(x)] if len(x) > 5 else x"])
def test_loops_over_symbols_are_refused(text):
    names = {"np": np}
    exec(f"def f(x):\n    return {text}", names)
    with pytest.raises(wrt.ShapeError, match=r"as a? ?number"):
        trace(names["f"], x="N")
