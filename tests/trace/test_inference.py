"""Text without declared shapes: sizes by unification, the rest by habit; what was assumed, and what is said when it cannot be."""

import pytest

import wrt
from wrt.notation.describe import shapes_said


@pytest.mark.parametrize("text, wrt_, shapes", [
    ("y - X @ w", "w", "y: N   X: N×M   w: M"),
    ("sum((y - X @ w)**2)", "w", "y: N   X: N×M   w: M"),
    ("x @ A @ x", "x", "x: N   A: N×N"),
    ("x @ A @ y", "A", "x: N   A: N×M   y: M"),
    ("x'*A*x", "x", "x: N   A: N×N"),
    ("norm2(y - X*w)^2", "w", "y: N   X: N×M   w: M"),
    ("np.trace(A @ X @ B)", "X", "A: N×M   X: M×D   B: D×N"),
    ("tr(A*X*B)", "X", "A: N×M   X: M×D   B: D×N"),
    ("inv(X)", "X", "X: N×N"),
    ("np.trace(X)", "X", "X: N×N"),
    ("np.diag(X)", "X", "X: N×N"),
    ("np.tril(X)", "X", "X: N×N"),
    ("np.triu(X) @ x", "X", "X: N×N   x: N"),
    ("np.linalg.slogdet(X.T @ X)[1]", "X", "X: N×M"),
    ("np.outer(x, y)", "x", "x: N   y: M"),
    ("np.outer(a, b)", "a", "a: N   b: M"),
    ("np.tanh(W @ x + b)", "W", "W: N×M   x: M   b: a scalar"),
    ("softmax(z)", "z", "z: N"),
    ("logsumexp(X @ w)", "w", "X: N×M   w: M"),
    ("a*x + b", "x", "a: a scalar   x: N   b: a scalar"),
    ("a @ x", "x", "a: N   x: N"),
    ("X.T @ X", "X", "X: N×M"),
    ("np.kron(A, X)", "X", "A: N×M   X: D×K"),
    ("np.linalg.solve(A, b)", "b", "A: N×N   b: N"),
    ("np.linalg.solve(A, B)", "A", "A: N×N   B: N×M"),
    ("inv(X.T @ X + lam*np.eye(D)) @ X.T @ y", "y", "X: N×D   λ: a scalar   y: N"),
    ("sigma**2*np.eye(N) + X @ X.T", "sigma", "σ: a scalar   X: N×M"),
    ("np.ones(N) @ x", "x", "x: N"),
    ("vector(1)'*x", "x", "x: N"),
    ("x'*eye*x", "x", "x: N"),
    ("np.einsum('ijk,k->ij', T, x)", "x", "T: N×M×D   x: D"),
    ("np.einsum('bij,bjk->bik', A, B)", "A", "A: N×M×D   B: N×D×K"),
    ("T[0, :, 1]", "T", "T: N×M×D"),
    ("X - np.mean(X, axis=0)", "X", "X: N×M"),
    ("x[:, None] - z[None, :]", "x", "x: N   z: M"),
    ("X * x", "X", "X: N×M   x: M"),
    ("x + Y", "x", "x: N   Y: M×N"),
    ("np.concatenate([x, y])", "x", "x: N   y: M"),
    ("np.vstack([x, y])", "x", "x: N   y: N"),
    ("Phi @ theta", "theta", "Φ: N×M   θ: M"),
    ("Σ @ μ", "mu", "Σ: N×M   μ: M"),
    ("alpha*x @ x", "alpha", "α: a scalar   x: N"),
    ("W2 @ relu(W1 @ x)", "W1", "W₂: N×M   W₁: M×D   x: D"),
    ("np.sum((Y - X @ W)**2)", "W", "Y: N×M   X: N×D   W: D×M"),
    ("np.trace(W.T @ S @ W)", "W", "W: N×M   S: N×N"),
    ("-0.5*(x - mu) @ solve(S, x - mu) - 0.5*logdet(S)", "mu", "x: N   μ: N   S: N×N"),
    ("np.linalg.matrix_power(X, 3)", "X", "X: N×N"),
    ("np.convolve(x, w)", "w", "x: N   w: M"),
    ("np.cross(x, y)", "x", "x: 3   y: 3"),
    ("np.vdot(X, Y)", "X", "X: N×M   Y: N×M"),
    ("X[0] @ y", "X", "X: N×M   y: M"),
    ("x[1:] - x[:-1]", "x", "x: N"),
    ("A @ B @ C", "B", "A: N×M   B: M×D   C: D×K"),
    ("T - U @ V.T", "U", "T: N×M   U: N×D   V: M×D"),
    ("x @ y + x @ z", "x", "x: N   y: N   z: N"),
    ("k @ inv(K) @ y", "K", "k: N   K: N×N   y: N"),
    ("x @ x + X @ x", "x", "x: N   X: M×N"),
    ("A @ x + x @ B", "x", "A: N×M   x: M   B: M×N"),
    ("len(x)*sum(x)", "x", "x: N"),
    ("np.sum(np.linalg.cholesky(S))", "S", "S: N×N"),
])  # fmt: skip
def test_assumed_shapes(text, wrt_, shapes):
    d = wrt.derive(text, wrt=wrt_)
    assert shapes_said(d.variables) == shapes
    assert set(d.assumed) == set(d.variables)


def test_a_size_may_bear_the_name_of_a_variable():
    d = wrt.derive("N @ x", wrt="x", shapes={"N": "N K", "x": "K"})
    assert len(set(map(str, d.shape))) == 2
    assert d(N=[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], x=[1.0, 1.0]).tolist() == [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]


@pytest.mark.parametrize("text, shapes, message", [
    ("A @ x", {"A": "M N", "x": "M"}, """\
A is M×N and x is M; the inner sizes N and M differ.
      A @ x
      ^   ^
  Sizes known so far: A: M×N, x: M."""),
    ("X @ w + inv(X) @ w", {"X": "N D"}, """\
X is N×D; an inverse needs a square matrix.
      X @ w + inv(X) @ w
              ^^^^^^
  Sizes known so far: X: N×D, w: D."""),
    ("A @ x + A.T @ b", {"x": "N", "b": "M"}, """\
Shapes (M,) and (N,) do not fit together: M and N differ.
      A @ x + A.T @ b
      ^^^^^   ^^^^^^^
  Sizes known so far: A: M×N, x: N, b: M."""),
    ("x @ x", {"x": "N M"}, """\
x is N×M and x is N×M; the inner sizes M and N differ.
      x @ x
      ^   ^
  Sizes known so far: x: N×M."""),
    ("x @ y @ z", {}, """\
the left operand is a scalar and z is N; a matrix product needs axes.
      x @ y @ z
      ^^^^^   ^
  Sizes known so far: x: M, y: M, z: N.
  Write * for the product with a scalar."""),
    ("matrix(1)*x", {}, """\
The size of matrix(…) does not follow from the rest of the expression.
      matrix(1)*x
      ^^^^^^^^^
  Write np.ones(N) or np.eye(N) with a size that a variable has."""),
])  # fmt: skip
def test_conflicts_name_both_sides(text, shapes, message):
    with pytest.raises(wrt.ShapeError) as caught:
        wrt.derive(text, wrt="w" if "w" in text else "x", shapes=shapes)
    assert str(caught.value) == message


@pytest.mark.parametrize("text, by, words", [
    ("X @ w", "v", ["v is not a variable of the expression; it has X, w."]),
    ("Phi @ theta", "thet", ["it has Phi, theta.", "Did you mean theta?"]),
    ("np.foo(x)", "x", ["np.foo is not a function that wrt knows.", "Did you mean"]),
    ("np.sine(x)", "x", ["Did you mean"]),
    ("np.kron(np.eye(D), X)", "X", ["D is used as a size, but no variable has a size D."]),
    ("max(x, 0)", "x", ["max of two arguments has two meanings", "maximum(a, b)"]),
    ("np.arange(3)[x]", "x", []),
])  # fmt: skip
def test_unknown_words(text, by, words):
    with pytest.raises(wrt.WrtError) as caught:
        wrt.derive(text, wrt=by)
    assert [word for word in words if word not in str(caught.value)] == []


def test_a_declared_variable_that_does_not_occur_is_zero():
    assert wrt.derive("x @ x", wrt="A", shapes={"A": "N M"}).formula.startswith("0")


@pytest.mark.parametrize("parameter, text", [("a", "gammainc(a, x)"), ("a", "betainc(a, b, x)"), ("n", "jv(n, x)"), ("n", "iv(n, x)")])
def test_a_parameter_without_a_slope_may_be_a_variable(parameter, text):
    text = f"np.sum(scipy.special.{text})"
    shapes = {"a": "", "b": "", "n": "", "x": "N"}
    used = {name: shape for name, shape in shapes.items() if name in text.partition("special.")[2].partition("(")[2]}
    assert wrt.derive(text, wrt="x", shapes=used).formula
    with pytest.raises(wrt.Unsupported, match="no derivative rule in wrt by its argument 1"):
        _ = wrt.derive(text, wrt=parameter, shapes=used).formula
