"""Operators, methods, functions and conversions: each line is run traced and untraced, and must give the same."""

import math
import operator
from functools import reduce
from itertools import accumulate

import numpy as np
import pytest
import scipy.linalg as la
import scipy.special as sp

X = np.array([0.3, 0.7, 1.1, -0.4])
M = np.arange(12.0).reshape(3, 4) * 0.1 + 0.05
NAMES = {"np": np, "math": math, "sp": sp, "la": la, "reduce": reduce, "accumulate": accumulate, "operator": operator}

EXPRESSIONS = """
x + 1, 1 + x, x - 2, 2 - x, x * 3, 3 * x, x / 2, 2 / x, x**2, 2**x, -x, +x, abs(x)
x // 0.3, 1 // x, x % 0.3, 1 % x, divmod(x, 0.3)[0], divmod(x, 0.3)[1]
m @ x, x @ m.T, x @ x, m[:, :3] @ m
np.float64(2) * x, x * np.float64(2), np.ones(4) * x, np.float64(2) ** x, np.int64(3) - x
[1, 2, 3, 4] * x, x + [1, 2, 3, 4], x * (1, 2, 3, 4)
(x > 0) * x, (x > 0) & (x < 1), (x > 0) | (x > 1), ~(x > 0), (x > 0) ^ (x < 1), (x == 0.3) * 1.0
x.sum(), x.mean(), x.prod(), x.max(), x.min(), x.std(), x.var(), x.ptp() if hasattr(x, "ptp") else x.max() - x.min()
m.sum(axis=0), m.sum(1), m.mean(axis=-1, keepdims=True), m.max(axis=1), m.min(0), m.prod(1), m.std(axis=0), m.var(0, ddof=1)
x.dot(x), m.dot(x), x.cumsum(), m.cumsum(axis=1), x.cumprod(), x.clip(0, 0.5), m.trace(), m.diagonal(), m.diagonal(1)
m.reshape(4, 3), m.reshape((2, 6)), m.reshape(-1), m.ravel(), m.flatten(), m.T, m.transpose(), m.transpose(1, 0), m.swapaxes(0, 1)
m[None].squeeze(), x.repeat(2), m.take([0, 2], axis=1), x.round(1), x.copy(), x.conj(), x.real, x.imag, m.mT
x.astype(float), x.astype(np.float64) * 2, (x > 0).astype(float), (x > 0).astype(int) * x, x.astype(int)
x.argmax(), x.argmin(), x.argsort(), x[x.argsort()], x[np.argmax(x)], m[m.argmax(axis=0), np.arange(4)]
x.any(), (x > 0).all(), (x > 5).any(), (x > 0).sum(), np.count_nonzero(x > 0)
x.size * x, x.shape[0] * x, x.ndim * x, len(x) * x, len(m) * x
x[0].item() * x, x.tolist()[1] * x, sum(x.tolist()), float(x[0]) * x, float(x.sum()) * 2, int(x[2]) * x, round(x[2]) * x
round(x[2], 1) * x
sum(x), sum(x, 10), sum(v**2 for v in x), sum([a * b for a, b in zip(x, x[1:])]), sum(m), sum(m[0]) / len(m[0])
max(x), min(x), max(x[0], x[1]), max(x[0], 0), min(1.0, x[0], x[1]), max(x, key=lambda v: -v), max([x[0], 2])
abs(x[3]), pow(x[0], 2), sorted(x)[0] * 2, list(reversed(x))[0] * 3, [a * i for i, a in enumerate(x)][2]
reduce(operator.mul, x), list(accumulate(x))[3], operator.itemgetter(1)(x) * 2, list(map(math.sin, x))[0]
any(v > 1 for v in x), all(v > -1 for v in x), (1 if x[0] > 0 else 2) * x, (x[0] and x[1]) * 2, (0.0 or x[0]) * 2
math.sin(x[0]), math.cos(x[0]), math.exp(x[0]), math.log(x[0]), math.log(x[0], 2), math.sqrt(x[0]), math.pi * x, math.atan2(x[0], x[1])
math.hypot(x[0], x[1]), math.hypot(x[0], x[1], x[2]), math.pow(x[0], 2), math.fabs(x[3]), math.floor(x[2]) * x, math.ceil(x[2]) * x
math.erf(x[0]), math.gamma(x[0]), math.lgamma(x[0]), math.tanh(x[0]), math.degrees(x[0]), math.radians(x[0]), math.fsum(x), math.prod(x)
math.dist(x[:2], x[2:]), math.isclose(x[0], 0.3) * x, math.isnan(x[0]) * x, math.asin(x[0]), math.copysign(x[0], x[3]), math.expm1(x[0])
np.sin(x), np.exp(x), np.sum(m, axis=0), np.sum(a=x), np.mean(m, axis=(0, 1)), np.dot(m, x), np.outer(x, x), np.where(x > 0, x, 0)
np.where(x > 0)[0] * 1.0, np.nonzero(x > 0)[0] * 1.0, np.flatnonzero(x > 0) * 1.0, np.argwhere(x > 0) * 1.0
np.searchsorted(np.sort(x), 0.5) * x
np.concatenate([x, x]), np.stack([x, 2 * x], axis=1), np.vstack((x, x)), np.hstack([x, [1.0]]), np.column_stack([x, x])
np.r_[x[:2], 5, x], np.c_[x, 2 * x]
np.block([[m, m], [2 * m, m]]), np.append(x, 3.0), np.tile(x, 2), np.repeat(m, 2, axis=0), np.roll(x, 1), np.diff(x), np.cumsum(x)
np.flip(m, 1)
np.linalg.norm(x), np.linalg.norm(m, axis=1), np.linalg.solve(m[:, :3] + np.eye(3) * 5, x[:3]), np.linalg.inv(np.eye(4) + np.outer(x, x))
np.linalg.det(np.eye(4) + np.outer(x, x)), np.linalg.slogdet(np.eye(4) + np.outer(x, x)).logabsdet
np.linalg.slogdet(np.eye(4) * 2 + np.diag(x))[1]
np.array([x[0], 1, 2.5]), np.array([1, x[0] > 0]), np.array([[1, 2], [x[0], x[1]]], dtype=float), np.asarray([x, x]).T
np.array(x, ndmin=2)
np.zeros(3) + x[0], np.ones((2, 2)) * x[0], np.eye(4) * x, np.eye(2, 3, 1) * x[0], np.identity(4) @ x, np.full(3, x[0])
np.full_like(x, x[1])
np.linspace(0, 1, 4) * x, np.linspace(0, x[0], 5), np.linspace(x[1], x[0], 5), np.arange(4) * x, np.arange(4)[2] * x, np.arange(1, 5) / x
np.add.reduce(x), np.add.reduce(m), np.add.reduce(m, axis=1), np.multiply.reduce(x), np.maximum.reduce(m), np.add.accumulate(x)
np.multiply.outer(x, x)
np.subtract.outer(x, m).sum(), np.logical_and.reduce(x > 0) * x, np.minimum(x, 0.5), np.clip(x, 0, 1), np.maximum(x, m), np.sign(x)
np.floor(x * 3)
np.power(x, 2), np.power(2.0, x), np.square(x), np.float_power(x[:3], 2) if False else x, np.hypot(x, 1), np.arctan2(x, 1)
np.abs(x), np.absolute(x)
np.shape(m)[0] * x, np.ndim(m) * x, np.size(m) * x, np.size(m, 1) * x, np.isscalar(x[0]) * x, np.allclose(x, x) * x
np.array_equal(x, x) * x
np.atleast_1d(x[0]), np.atleast_2d(x), np.squeeze(m[:1]), np.expand_dims(x, 1), np.moveaxis(m, 0, 1), np.transpose(m)
np.reshape(m, (2, -1)), np.ravel(m)
np.apply_along_axis(lambda r: r.sum() * r, 0, m), np.apply_along_axis(lambda r: (r**2).sum(), 1, m)
np.vectorize(lambda v: v**2 if v > 0 else -v)(x)
np.piecewise(x, [x < 0, x >= 0], [lambda v: -v, lambda v: v**2]), np.piecewise(x, [x > 0.5], [1.0, lambda v: 2 * v])
np.fromfunction(lambda i, j: i + j * x[0], (2, 3))
np.einsum("i,i->", x, x), np.einsum("ij,j->i", m, x), np.tensordot(m, x, 1), np.inner(x, x), np.vdot(x, x), np.kron(x, x[:2])
np.cross(x[:3], x[1:]), np.trace(m)
np.sort(x), np.sort(m, axis=0), np.median(x) if False else x, np.prod(x), np.max(m, axis=0), np.amin(x), np.triu(m), np.diag(x)
np.diag(m[:, :3])
np.meshgrid(x, x[:2])[0], np.ix_([0, 1], [1, 2]) and m[np.ix_([0, 1], [1, 2])], np.broadcast_to(x, (2, 4)) + 1, np.full(4, 2.0) @ x
np.copy(x)
sp.erf(x), sp.expit(x), sp.logsumexp(x), sp.softmax(x), sp.gammaln(x[:3]), la.solve(np.eye(4) * 2, x)
x.__len__() * x, x[..., 0], x[None, :] + x[:, None], x[np.newaxis].shape[0] * x, x[[True, False, True, True]], x[np.array([0, 2])]
x[-1], x[1:-1], x[::2]
m[1], m[1, 2], m[:, 1], m[1][2], m[-1, -1], m[0:2, 1:3], m[[0, 1], [1, 2]], m[[0, 1]], m[:, [0, 2]], m[m > 0.5], m[..., None]
m[:, None, 1]
f"{x[0]:.3f}" and x, str(x) and x, repr(x) and x, (x[0] == None) * x, (x[0] != None) * x, [1, 2].index(2) * x
isinstance(x, np.ndarray) * x, isinstance(x[0], float) * x, isinstance(x[0], np.floating) * x, isinstance(x[0], (int, float)) * x
isinstance(len(x), int) * x
np.issubdtype(x.dtype, np.floating) * x, (x.dtype == np.float64) * x, (x.dtype == float) * x, (x.dtype.kind == "f") * x
np.result_type(x, 1.0).itemsize * x
float("1.5") * x, int("3") * x, float(2) * x, int(2.7) * x, (type(x) is np.ndarray) * x, (type(2.0) is float) * x
isinstance(2.0, float) * x, np.float64(x[0]) * x, np.float64(3) * x
np.ndarray is type(x) and x, callable(np.sin) * x, np.pi * x, np.e * x, np.inf > x, np.newaxis is None and x, np.finfo(float).eps + x
(lambda t: t * 2)(x), [*x][1] * 2, (lambda *a: a[0] * a[1])(*x[:2]), dict(a=x)["a"] * 2, {"k": x[0]}["k"] * 3, (x if x[0] > 0.2 else -x)
""".strip()


def expressions():
    for line in EXPRESSIONS.splitlines():
        depth, start, quoted = 0, 0, False
        for i, character in enumerate(line):
            if character == '"':
                quoted = not quoted
            depth += (character in "([{") - (character in ")]}") if not quoted else 0
            after_lambda = "lambda" in line[start:i] and ":" not in line[start:i]
            if character == "," and not depth and not quoted and not after_lambda:
                yield line[start:i].strip()
                start = i + 1
        yield line[start:].strip()


@pytest.mark.parametrize("text", list(expressions()))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_expression(text, agree):
    names = dict(NAMES)
    exec(f"def f(x, m):\n    return {text}", names)
    agree(names["f"], X, M)


@pytest.mark.parametrize(
    "text", ["x * 2", "x + 1.5", "np.sin(x)", "x * np.float64(2)", "x @ x", "np.ones(4) * x", "x.sum()", "x / 3", "np.array([x[0], 1.0])"]
)
def test_float32_stays_what_numpy_makes_of_it(text, run):
    names = dict(NAMES)
    exec(f"def f(x):\n    return {text}", names)
    x = X.astype(np.float32)
    made = run(names["f"], [x])
    wanted = names["f"](x)
    assert made.result.node.dtype == wanted.dtype
    np.testing.assert_allclose(made.at(), wanted, rtol=1e-6)


@pytest.mark.parametrize(("value", "kind"), [(np.zeros(3), np.ndarray), (1.5, float), (2, int), (np.float64(1.5), np.float64)])
def test_traced_inputs_say_what_they_are(value, kind, run):
    def f(x):
        return x * (1.0 if isinstance(x, kind) and not isinstance(x, str | list) else 2.0)

    assert np.all(run(f, [value]).at() == value)
