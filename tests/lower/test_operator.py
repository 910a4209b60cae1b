"""Products, solves and determinants through a map's core are those of its dense matrix."""

import numpy as np
import pytest

import wrt
from wrt.api.derive import differentiated
from wrt.graph.node import variable
from wrt.linear.operator import core, logabsdet, matvec, rmatvec, solve
from wrt.lower.numpy_source import source

SIZES = {"N": 4, "M": 3, "K": 2}
CASES = [
    ("np.linalg.norm(T - U @ V.T)**2", ["U", "U"], {"T": "M N", "U": "M K", "V": "N K"}, "I ⊗ a K×K core"),
    ("np.linalg.norm(T - V @ U)**2", ["U", "U"], {"T": "N M", "U": "K M", "V": "N K"}, "a K×K core ⊗ I"),
    ("A @ X @ B", ["X"], {"A": "M M", "X": "M N", "B": "N N"}, "a M×M core ⊗ a N×N core"),
    ("c * A @ X.T", ["X"], {"A": "M M", "X": "M M", "c": ""}, None),
    ("x * y", ["x"], {"x": "N", "y": "N"}, "diagonal"),
    ("np.sin(X)", ["X"], {"X": "M N"}, "diagonal"),
    ("np.sum(np.exp(x)) + (a @ x)**2 + (b @ x)**2 / 2", ["x", "x"], {"x": "N", "a": "N", "b": "N"}, "woodbury"),
    ("x * (a @ x)", ["x"], {"x": "N", "a": "N"}, "woodbury"),
    ("np.log(1 + x @ x)", ["x", "x"], {"x": "N"}, "woodbury"),
    ("A @ x", ["x"], {"A": "N N", "x": "N"}, "dense"),
    ("A @ np.tanh(X) + X", ["X"], {"A": "M M", "X": "M N"}, "dense"),
]


@pytest.mark.parametrize("text, by, shapes, kind", CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("seed", range(3))
def test_core(text, by, shapes, kind, seed):
    d = wrt.derive(text, wrt=by, shapes=shapes)
    _, m = differentiated(d._symbolic(), d.wrt)
    if kind is not None:
        assert str(core(m)) == kind
    rng = np.random.default_rng(seed)
    values = {name: rng.uniform(0.5, 1.5, [SIZES[n] for n in shape.split()]) + 2 * (len(set(shape.split())) == 1) for name, shape in shapes.items()}
    for name, shape in shapes.items():
        if len(shape.split()) == 2 and len(set(shape.split())) == 1:
            values[name] = rng.standard_normal(values[name].shape) + 3 * np.eye(len(values[name]))
    v = variable("v", m.shape_in)
    values["v"] = rng.standard_normal([SIZES[str(n)] for n in m.shape_in])
    variables = {**d._symbolic().variables, "v": v}
    run = source("f", {node: name for name, node in variables.items()}, [m.to_dense(np.dtype(float)), matvec(m, v), rmatvec(m, v), solve(m, v), logabsdet(m)])
    dense, forward, back, solved, log = run.compile()(**{name: values[name] for name in variables})
    flat = dense.reshape(values["v"].size, -1)
    vector = values["v"].ravel()
    np.testing.assert_allclose(np.ravel(forward), flat @ vector, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.ravel(back), flat.T @ vector, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(np.ravel(solved), np.linalg.solve(flat, vector), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(log, np.linalg.slogdet(flat)[1], rtol=1e-8, atol=1e-9)
    assert np.shape(solved) == values["v"].shape
