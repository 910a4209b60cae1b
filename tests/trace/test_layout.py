"""Views and copies of results: they lie in memory as NumPy lays them out, and NumPy is asked."""

import numpy as np
import pytest
import scipy.linalg

import wrt

x = np.array([0.3, 0.7, 1.1])
X = np.arange(1, 13.0).reshape(3, 4) * 0.1

SNIPPETS = """
Y = np.outer(x,x)[:, [2,0]]; v = Y.reshape(-1); v[0] = 99.
Y = np.zeros((2,2)); Y.T.flat[1] = x[0]
Y = np.exp(X.T); v = Y.ravel(); v[1] = 5*x[0]
Y = np.exp(X); v = Y.ravel(); v[1] = 5*x[0]
Y = X.T + 1; v = Y.reshape(2, 6); v[1] = 5*x[0]
Y = X.T + X.T; Y.flat[3] = x[1]; Y.flat[1:3] *= 2
Y = np.sort(X.T); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.sort(X.T, axis=0); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.cumsum(X.T, axis=0); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.roll(X.T, 1, axis=0); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.where(X.T > .5, X.T, 0); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.clip(X.T, .2, .9); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.array(X.T); v = Y.reshape(-1); v[1] = 5*x[0]
Y = X.T.copy(); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.copy(X.T); v = Y.reshape(-1); v[1] = 5*x[0]
Y = X.T.astype(float); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.zeros((3,4), order="F"); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.zeros_like(X.T); v = Y.reshape(-1); v[1] = 5*x[0]
Y = np.empty_like(X.T); Y[:] = 1; v = Y.ravel(); v[1] = 5*x[0]
Y = X @ X.T; v = Y.ravel(); v[1] = 5*x[0]
Y = X @ X.T + np.eye(3); v = Y.ravel(); v[::4] += x
Y = np.outer(x, x) + np.eye(3); Y.ravel()[::4] += x[0]
Y = scipy.linalg.cholesky(np.outer(x,x)+np.eye(3)); v = Y.ravel(); v[1] = 5*x[0]
Y = np.linalg.inv(np.outer(x,x)+np.eye(3)); v = Y.ravel(); v[1] = 5*x[0]
Y = np.linalg.solve(np.outer(x,x)+np.eye(3), np.eye(3)); v = Y.ravel(); v[1] = 5*x[0]
Y = np.linalg.eigh(np.outer(x,x)+np.eye(3))[1]; v = Y.ravel(); v[1] = 5*x[0]
Y = np.linalg.qr(X)[0]; v = Y.ravel(); v[1] = 5*x[0]
Y = np.concatenate([X.T, X.T]); v = Y.ravel(); v[1] = 5*x[0]
Y = np.stack([x, x], axis=1); v = Y.ravel(); v[1] = 5*x[0]
Y = np.column_stack([x, x]); v = Y.ravel(); v[1] = 5*x[0]
Y = np.vstack([x, x]).T; v = Y.ravel(); v[1] = 5*x[0]; Y[0, 1] = 3*x[1]
Y = X[:, [0, 2]]; v = Y.ravel(); v[1] = 5*x[0]
Y = X[[0, 2]]; v = Y.ravel(); v[1] = 5*x[0]
Y = X[[0, 2], 1:]; v = Y.ravel(); v[1] = 5*x[0]
Y = X[:, X[0] > .15]; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T[:, [0, 2]]; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T[[0, 2]]; v = Y.ravel(); v[1] = 5*x[0]
Y = -X.T; v = Y.ravel(); Y[0,1] = 5*x[0]; Y = Y + v.reshape(4,3)
Y = np.asfortranarray(X*2); Z = np.asfortranarray(Y); Z[0] = 1; W = np.ascontiguousarray(Z); W[1] = 5
Y = X.T*2; Z = np.ascontiguousarray(Y); Z[0] = x[0]
Y = X*2; v = Y.flat[1:3]; v[0] = 7*x[0]
Y = X*2; Y.shape = (4, 3); Y[0] = x
Y = np.broadcast_to(x, (2,3)) * 1; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T * X.T.mean(axis=0); v = Y.ravel(); v[1] = 5*x[0]
Y = X.T + X.reshape(4, 3); v = Y.ravel(); v[1] = 5*x[0]
Y = np.tile(x, (2,1)).T.copy(); v = Y.ravel(); v[1] = 5*x[0]
Y = np.concatenate([X, np.asfortranarray(np.ones((3,4)))]); v = Y.ravel(); v[1] = 5*x[0]
Y = np.concatenate([X, X*2], axis=1); v = Y.ravel(); v[1] = 5*x[0]
Y = np.maximum(X[:, ::-1], X.reshape(4,3).T); v = Y.ravel(); v[1] = 5*x[0]
Y = X[::-1].T * 2; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T[:, :2] + x[:1]; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T + np.asfortranarray(np.ones((4,3))); v = Y.ravel(); v[1] = 5*x[0]
Y = np.kron(X, X.T); v = Y.ravel(); v[1] = 5*x[0]
Y = np.tril(X.T); v = Y.ravel(); v[1] = 5*x[0]
Y = np.repeat(X.T, 2, axis=0); v = Y.ravel(); v[1] = 5*x[0]
Y = np.take(X.T, [0,1], axis=1); v = Y.ravel(); v[1] = 5*x[0]
Y = np.diff(X.T, axis=0); v = Y.ravel(); v[1] = 5*x[0]
Y = np.gradient(X.T, axis=0); v = Y.ravel(); v[1] = 5*x[0]
Y = X.T + 0; np.put(Y, [1], x[0])
Y = np.apply_along_axis(lambda r: r*2, 0, X.T); v = Y.ravel(); v[1] = 5*x[0]
Y = np.dot(X.T, X).T * 2; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T * 1; Y *= 2; v = Y.ravel(); v[1] = 5*x[0]
Y = np.array([x, x]).T + 0; v = Y.ravel(); v[1] = 5*x[0]
Y = np.max(np.stack([X.T, X.T]), axis=0); v = Y.ravel(); v[1] = 5*x[0]
Y = np.linalg.pinv(X); v = Y.ravel(); v[1] = 5*x[0]
Y = np.flip(X.T) * 1; v = Y.ravel(); v[1] = 5*x[0]
Y = X.T[::-1] * 1; v = Y.ravel(); v[1] = 5*x[0]
Y = np.meshgrid(x, x)[0]; v = Y.ravel(); v[1] = 5*x[0]
Y = np.add.outer(x, x).T; v = Y.ravel(); v[1] = 5*x[0]
""".strip()


@pytest.mark.parametrize("text", SNIPPETS.splitlines())
def test_writes_reach_what_they_reach_in_numpy(text, agree):
    names = {"np": np, "scipy": scipy}
    exec(f"def f(x, X):\n    {text}\n    return Y", names)
    agree(names["f"], x, X)
    if ".shape" not in text:
        agree(names["f"], x, np.asfortranarray(X))


@pytest.mark.parametrize(
    "text",
    [
        "Y = np.einsum('ij->ji', X); Y[0] = x",
        "d = np.einsum('ii->i', Y); d[0] = x[0]",
        "d = np.einsum('ii->i', Y); Y[0] = x[0]; Y = d * 2",
    ],
)
def test_what_is_not_known_is_not_written(text, run):
    names = {"np": np}
    exec(f"def f(x, X):\n    Y = X[:, :3] * 1\n    {text}\n    return Y", names)
    with pytest.raises(wrt.Unsupported, match=r"write to reshaped memory(.|\n)*copy"):
        run(names["f"], [x, X])


def test_a_doubtful_view_may_be_read(agree):
    agree(lambda x, X: np.einsum("ij->ji", X) * 2, x, X)


def test_a_new_shape_in_place_needs_memory_that_allows_it(run):
    def f(X):
        Y = X.T * 1
        Y.shape = (2, 6)
        return Y

    with pytest.raises(AttributeError, match="in-place"):
        run(f, [X])


@pytest.mark.parametrize(
    "text", ["np.zeros((x > 0.5).sum())", "np.full((x > 0.5).sum(), 2.0)", "np.ones(((x > 0.5).sum(), 2))", "np.arange((x > 0.5).sum())"]
)
def test_sizes_from_counts(text, run):
    names = {"np": np}
    exec(f"def f(x):\n    return {text} * x[0]", names)
    made = run(names["f"], [x])
    np.testing.assert_allclose(made.at(), names["f"](x))
    assert made.holds(x + 0.1)
    assert not made.holds(x - 0.5)
