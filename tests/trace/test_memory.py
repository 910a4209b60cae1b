"""Writing in place, views and copies: exactly as NumPy has it. Each snippet runs both ways."""

import copy

import numpy as np
import pytest

X = np.array([0.3, 0.7, 1.1, -0.4])
M = np.arange(12.0).reshape(3, 4) * 0.1 + 0.05

# x is a vector of 4, m a 3×4 matrix; `out` is what is compared.
SNIPPETS = """
y = np.zeros(4); y[0] = x[0]; out = y
y = np.zeros(4); y[-1] = x[0] * x[1]; y[1:3] = x[2:]; out = y
y = np.empty((2, 4)); y[0] = x; y[1] = 2 * x; out = y
y = np.empty((4, 2)); y[:, 0] = x; y[:, 1] = 2 * x; out = y
y = np.ones((3, 4)); y[1, 2] = x[0]; y[0] *= x; out = y
y = np.full(3, 7.0); y[...] = x[0]; out = y
y = np.zeros((2, 2)); y[0, 0], y[1, 1] = x[0], x[1]; out = y @ y
y = np.zeros(3); y[:] = 1; y[1] = x[1]; out = y
y = x.copy(); y[0] = 0; out = x + y
y = x; y[0] = 5 * x[1]; out = x
x[0] = 1.0; out = x * x
x += 1; out = x
x = x + 1; x -= x[0]; out = x
y = x[1:]; y[0] = 10; out = x
y = x[1:]; x[1] = 10; out = y * x[0]
y = x[::2]; y *= 3; out = x
y = x[::-1]; y[0] = 2.5; out = x
y = x[1:][1:]; y[0] = 2.5; out = x
y = x[[0, 1]]; y[0] = 9; out = x
y = x[x > 0]; y *= 2; out = np.concatenate([x, y])
x[x > 0] = 1; out = x
x[x > 0] *= x[0]; out = x
x[[0, 2]] = x[[2, 0]]; out = x
x[[0, 0]] += 1; out = x
x[1:] *= 2; out = x
x[1:] += x[:-1]; out = x
x[:-1] = x[1:]; out = x
x[0], x[1] = x[1], x[0]; out = x
a, b = x[0], x[1]; x[0] = b; x[1] = a; out = x
m.T[0] = x[:3]; out = m
t = m.T; m[0, 1] = 99; out = t
t = m.T; t[1] *= x[0]; out = m
r = m.ravel(); r[5] = x[0]; out = m
r = m.T.ravel(); r[5] = x[0]; out = m
r = m.reshape(2, 6); r[1] = x[0]; out = m
r = m.reshape(4, 3, order="F"); r[0] = x[0]; out = m
r = m[:, :2].reshape(-1); r[0] = 5; out = m
r = m[1:].reshape(-1); r[0] = 5; out = m
r = m.flatten(); r[0] = 5; out = m
for row in m: row[0] = x[1]
out = m
for row in m: row *= 2
out = m
for row in m: row = row * 2
out = m
m[0] += m[1]; out = m
m[:, 1] -= m[:, 0]; out = m
m[1:, 2:] = 0; out = m
m[1:, 2:][0] = x[0]; out = m
m[1][2] = x[0]; out = m
m[..., 0] = x[0]; out = m
m[None, 1, :] = x; out = m
m[np.arange(3), [0, 1, 2]] = x[:3]; out = m
m[[0, 2]] = x; out = m
m[[0, 2], 1:3] = x[0]; out = m
m[m > 0.5] = x[0]; out = m
m[:, x > 0] = 0; out = m
d = np.diagonal(m); m[0, 0] = 5; out = d
np.fill_diagonal(m, x[0]); out = m
np.copyto(m, x); out = m
np.put(x, [0, 2], 5.0); out = x
np.add.at(x, [0, 0, 1], x[2]); out = x
np.subtract.at(m, (np.array([0, 0]), slice(None)), x); out = m
y = np.zeros(4); np.add(x, 1, out=y); out = y
y = np.zeros(4); z = np.multiply(x, 2, y); z[0] = 7; out = y
y = np.zeros(4); np.sin(x, out=y[:]); out = y
y = np.ones(4); np.sqrt(x, out=y, where=x > 0); out = y
y = np.zeros((2, 4)); np.cos(x, out=y[1]); out = y
np.add(x, x, out=x); out = x
y = np.zeros(()); y[()] = x[0]; out = y
y = np.array(x[0]); y += 1; out = np.array([y, x[0]])
s = x[0]; s += 1; out = np.array([s, x[0]])
s = x.sum(); s *= 2; out = s
y = np.asarray(x); y[0] = 3; out = x
y = np.array(x); y[0] = 3; out = x
y = np.array(x, copy=False); y[0] = 3; out = x
y = np.atleast_2d(x); y[0, 0] = 3; out = x
y = np.squeeze(m[:1]); y[0] = 3; out = m
y = np.expand_dims(x, 0); y[0, 1] = 3; out = x
y = m.swapaxes(0, 1); y[0] = x[0]; out = m
y = np.moveaxis(m, 0, 1); y[2] = x[0]; out = m
y = np.flip(x); y[0] = 3; out = x
y = np.fliplr(m); y[:, 0] = x[0]; out = m
a, b = np.split(x, 2); a[0] = 5; out = np.concatenate([b, x])
a, b = np.hsplit(m, 2); b *= 2; out = m
y = np.broadcast_to(x, (2, 4)); out = y * 2
x.sort(); out = x
y = np.sort(x); out = y - x
x.fill(2.0); out = x
x.shape = (2, 2); x[0, 1] = 9; out = x
y = x.reshape(2, 2); x[3] = 8; out = y
y = x.view if False else x[:]; y[0] = 8; out = x
x.flat[2] = 9; out = x
m.flat = x[0]; out = m
y = np.zeros((2, 3)); y[0, :] = 1; y[:, 0] = x[0]; y[1, 1:] = x[1]; out = y
y = np.zeros(6)
for i in range(3): y[2 * i:2 * i + 2] = x[i:i + 2]
out = y
y = np.zeros(4); y[0] = x[0]
for i in range(1, 4): y[i] = y[i - 1] * x[i] + 1
out = y
y = np.zeros((4, 4))
for i in range(4):
    for j in range(4):
        y[i, j] = x[i] * x[j]
out = y
y = np.zeros((4, 4))
for i in range(4):
    for j in range(i): y[i, j] = x[i] - x[j]
    y[i, i] = y[i].sum()
out = y
y = [0.0] * 4
for i in range(4): y[i] = x[i] ** 2
out = np.array(y)
y = []
for v in x: y.append(v * 2)
out = np.array(y)
out = np.array([v**2 for v in x if v > 0])
out = np.asarray([[x[0], 0], [0, x[1]]])
out = np.array([x, 2 * x, [1, 2, 3, 4]])
out = np.array([[x[:2], x[2:]], [m[0, :2], np.zeros(2)]])
y = np.zeros(3); y[0] += x[0]; y[0] += x[1]; y[2] -= x[2]; out = y
y = np.zeros(4, dtype=int); y[1] = 3; out = x * y
y = np.zeros_like(m); y[1] = x; out = y + m
y = np.ones_like(x, shape=(2, 4)); y[0] *= x; out = y
""".strip()


def programs():
    """Snippets, one a line; a line that starts a block or an indented line belongs to what follows until `out =`."""
    lines = []
    for line in SNIPPETS.splitlines():
        lines.append(line)
        if "out = " in line:
            yield "\n".join(lines)
            lines = []


def function(text):
    body = "\n".join("    " + line for line in text.splitlines())
    names = {"np": np}
    exec(f"def f(x, m):\n{body}\n    return out", names)
    return names["f"]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("text", list(programs()))
def test_snippet(text, agree):
    agree(function(text), X, M)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("text", list(programs())[::7])
def test_other_layouts(text, agree):
    agree(function(text), X[::-1], np.asfortranarray(M))


def test_the_inputs_themselves_may_be_written(run):
    def f(x):
        x *= 2
        x[0] = 7.0
        return x

    x = X.copy()
    made = run(f, [x])
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(made.at(), f(X.copy()))


def test_a_filled_array_is_one_node(run):
    def f(x):
        y = np.zeros(1000)
        for i in range(1000):
            y[i] = x[i % 4] * i
        return y

    node = run(f, [X]).result.node
    assert node.op == "nest"
    assert len(node.attrs) <= 1000
    assert all(child.op != "nest" or len(child.attrs) == 1 for child in node.inputs)


def test_a_recurrence_is_not_settled_at_each_step(run):
    def f(x):
        y = np.empty((50, 4))
        y[0] = x
        for i in range(1, 50):
            y[i] = np.tanh(y[i - 1])
        return y

    node = run(f, [X]).result.node
    assert node.op == "nest"
    assert len(node.attrs) == 50


def test_copies_are_copies(agree):
    def f(x):
        y, z = copy.copy(x), copy.deepcopy(x)
        y[0] = 0
        z[1] = 0
        return x + y + z

    agree(f, X)
