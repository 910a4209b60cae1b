"""Random programs of views, copies and writes: whatever aliases in NumPy aliases under the trace, and nothing else does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wrt.ops.catalog import evaluate
from wrt.trace import Trace, trace_function

# Each gives two numbers: a view of x (4) or m (3×4), or a copy.
PAIRS = """
x[1:3] | x[:2] | x[::2] | x[::-2] | x[-2:] | m[0, :2] | m[1:, 1] | m[:2, 3] | m.T[0, :2] | m.T[1:3, 2] | m.ravel()[3:5]
m.reshape(6, 2)[2] | m.T.ravel()[2:4] | m.reshape(2, 6).T[4] | x[[0, 1]] | x[:2].copy() | 2 * x[:2] | np.array([x[0], m[0, 0]])
np.zeros(2) | m[[0, 2], [1, 3]] | m[1][1:3] | x[None][0, 1:3] | np.flip(x)[:2] | m[::2, 0] | m[:, ::3][1] | np.split(x, 2)[1]
np.asarray(x[:2]) | m.swapaxes(0, 1)[3, 1:] | v | w | np.atleast_2d(x)[0, 2:] | np.expand_dims(x, 1)[1:3, 0] | x.reshape(2, 2)[1]
x.reshape(2, 2)[:, 1] | x.reshape(2, 2).T[0] | m[..., 1][:2] | v[::-1]
""".replace("\n", "|").split("|")

WRITES = """
v[0] = x[3] | v += w | v *= 2 | v[:] = w | w[::-1] = v | x[1] = v[0] | m[1] = x | m[:, 1] = x[:3] | x -= m[2] | x[x > 0.5] = v[1]
m[0, 0] += w[1] | m[1:, :2] = v | x[:] = m[0] | m.T[1] *= 2 | x[[0, 2]] = v | np.add(v, w, out=w) | v[...] = 0.25
m[1:3, 2:] = np.outer(v, w) | x[::2] += v | m *= 0.5 | x[0], x[1] = x[1], x[0] | np.copyto(v, w) | v.sort() | x = x * 2
m = m.copy() | v[1], w[0] = w[0], v[1] | v -= v | x[1:] = x[:-1] | m[m > 0.6] *= 0.5 | m[0] = m[1]; m[2, 1:3] = v | x += v[0]
w.fill(v[1]) | m[[0, 1]] = m[[1, 0]] | np.add.at(x, [0, 0], v) | m.T[0][1] = x[2] | m[2][::2] = w
""".replace("\n", "|").split("|")

X = np.array([0.3, 0.7, 1.1, -0.4])
M = np.arange(12.0).reshape(3, 4) * 0.1 + 0.05


def clean(texts):
    return [text.strip() for text in texts if text.strip()]


pair = st.sampled_from(clean(PAIRS))
line = st.one_of(st.sampled_from(clean(WRITES)), pair.map(lambda text: f"v = {text}"), pair.map(lambda text: f"w = {text}"))


@given(pair, pair, st.lists(line, min_size=1, max_size=7))
def test_random_programs(first, second, lines):
    start = ["v = w = x[:2]", f"v = {first}", f"w = {second}"]
    body = "\n".join("    " + text for text in [*start, *lines])
    names = {"np": np}
    exec(f"def f(x, m):\n{body}\n    return np.concatenate([x, m.ravel(), v, w])", names)
    wanted = names["f"](X.copy(), M.copy())
    trace = Trace(evaluate)
    x, m = trace.variable("x", X, differentiated=True), trace.variable("m", M, differentiated=True)
    inputs = {x.node: X, m.node: M}
    result = trace_function(names["f"], [x, m], {}, trace)
    np.testing.assert_allclose(evaluate([result.node], inputs)[0], wanted, rtol=1e-13, atol=1e-15)
    np.testing.assert_array_equal(X, [0.3, 0.7, 1.1, -0.4])
