"""What counts as symmetric by the way it is made, and the derivative of functions that read one triangle."""

import numpy as np
import pytest
import scipy.linalg

import wrt
from wrt.api.formula_source import TextSource, build, declared_shapes
from wrt.ops.catalog import evaluate
from wrt.ops.symmetric import is_symmetric

SYMMETRIC = """
X + X.T; (X + X.T) / 2; 0.5*X + X.T*0.5; -(X + X.T); X.T @ X; X @ X.T; X @ np.diag(x) @ X.T; (X * x) @ X.T; np.diag(x); X*X.T
np.linalg.inv(X @ X.T + t*np.eye(3)); np.linalg.inv(np.linalg.inv(X + X.T)); np.linalg.matrix_power(X + X.T, 3); np.maximum(X, X.T)
np.exp(-(x[:,:1] - x[:,:1].T)**2); np.outer(x, x); np.outer(x, y) + np.outer(y, x); X @ (A + A.T) @ X.T; (X - X.T) @ (X - X.T)
np.exp(-np.subtract.outer(x, x)**2) ; np.cos(np.reshape(x, (3, 1)) - x); t**2 * np.exp(-0.5*(np.reshape(x, (3, 1)) - x)**2) + 1e-6*np.eye(3)
np.exp(-np.sum((np.reshape(X, (3, 1, 3)) - X)**2, axis=2)); X @ X.T - np.outer(x, x); X @ X.T / (1 + x @ y); np.cov(X); np.kron(A + A.T, B + B.T)
X.T @ np.linalg.inv(A @ A.T + np.eye(3)) @ X; np.where(np.equal(np.reshape(x, (3, 1)), x), 1.0, 0.0); np.minimum(np.reshape(x, (3, 1)), x)
"""
OTHERS = """
X; X - X.T; np.reshape(x, (3, 1)) - x; (np.reshape(x, (3, 1)) - x)**3; X @ A; X @ A.T; A @ X.T @ A; np.outer(x, y); np.tril(X); X * x; X @ np.diag(x)
np.exp(-(np.reshape(x, (3, 1)) - y)**2); np.reshape(x, (3, 1)) - x + X @ X.T; X + 2*X.T; X / X.T; X @ A @ X.T; np.maximum(X, A.T); X**X.T
np.linalg.inv(X); np.cumsum(X + X.T, axis=0); np.arctan2(X, X.T); np.kron(A, B); X @ A + X.T @ A.T; np.sort(X + X.T, axis=0); (X + X.T)[:, ::-1]
np.roll(X @ X.T, 1, axis=0); X @ np.triu(np.ones((3, 3))) @ X.T; (X - X.T) @ (X + X.T); np.where(np.greater(np.reshape(x, (3, 1)), x), 1.0, 2.0)
np.linalg.cholesky(X @ X.T); np.concatenate([X @ X.T, X + X.T], axis=1)[:, 1:4]; X[:, :2]; x + X @ X.T; np.hypot(X, A.T)
"""
SHAPES = {"A": "3 3", "B": "3 3", "X": "3 3", "x": "3", "y": "3", "t": ""}


def texts(block):
    return [text.strip() for text in block.replace("\n", ";").split(";") if text.strip()]


def node_of(text):
    text = text.replace("x[:,:1]", "X[:, :1]").replace("np.subtract.outer(x, x)", "(np.reshape(x, (3, 1)) - x)")
    return build(TextSource(text, None), declared_shapes({k: v for k, v in SHAPES.items() if k in text.replace("np.exp", "").replace("max", "")}), ())


def evaluated(made, rng):
    known = {v: rng.uniform(0.2, 2, tuple(v.shape)) for v in made.variables.values()}
    return np.asarray(evaluate([made.node], known)[0])


@pytest.mark.parametrize("text", texts(SYMMETRIC))
def test_symmetric(text, rng):
    made = node_of(text)
    value = evaluated(made, rng)
    np.testing.assert_allclose(value, value.T, atol=1e-12)
    assert is_symmetric(made.node)


@pytest.mark.parametrize("text", texts(OTHERS))
def test_not_symmetric(text):
    assert not is_symmetric(node_of(text).node)


def test_of_symbolic_size():
    made = build(TextSource("X @ X.T + t * np.eye(N)", None), declared_shapes({"X": "N D", "t": ""}), ())
    assert is_symmetric(made.node)


def test_long_and_deep_comparisons_are_given_up():
    def deep(x):
        A = np.outer(x, x) + np.eye(2)
        for _ in range(300):
            A = np.sin(A) + A
        return np.linalg.eigvalsh(A)

    x = np.array([0.3, 0.5])
    assert np.isfinite(wrt.jacobian(deep)(x)).all()


# ----- the derivative is that of what NumPy computes -------------------------------------------------------------------
SPD = np.array([[2.0, 0.5, -0.25], [0.5, 1.25, 0.75], [-0.25, 0.75, 3.0]])
POINTS = {"symmetric": SPD, "unlike": SPD + np.array([[0, 0.2, -0.3], [0.1, 0, 0.25], [0, 0, 0]]), "lower": np.tril(SPD), "upper": np.triu(SPD)}
FUNCTIONS = {
    "cholesky": (np.linalg.cholesky, "L"),
    "cholesky upper": (lambda A: np.linalg.cholesky(A, upper=True), "U"),
    "eigvalsh": (np.linalg.eigvalsh, "L"),
    "eigvalsh U": (lambda A: np.linalg.eigvalsh(A, UPLO="U"), "U"),
    "eigenvectors": (lambda A: np.linalg.eigh(A)[1], "L"),
    "eigenvectors U": (lambda A: np.linalg.eigh(A, UPLO="U").eigenvectors, "U"),
    "scipy cholesky": (scipy.linalg.cholesky, "U"),
    "scipy cholesky lower": (lambda A: scipy.linalg.cholesky(A, lower=True), "L"),
    "scipy eigh": (lambda A: scipy.linalg.eigh(A, lower=False, eigvals_only=True), "U"),
    "scipy eigvalsh": (scipy.linalg.eigvalsh, "L"),
}
BOTH = [(f, p) for f in FUNCTIONS for p in POINTS if "vectors" not in f or p in ("symmetric", "unlike", {"L": "lower", "U": "upper"}[FUNCTIONS[f][1]])]


@pytest.mark.parametrize("name, point", BOTH)
def test_one_triangle_counts_twice_and_the_other_not_at_all(name, point):
    f, read = FUNCTIONS[name]
    A = POINTS[point]
    J = wrt.jacobian(f)(A)
    np.testing.assert_allclose(J, wrt.numeric.jacobian(f, A).value, rtol=1e-8, atol=1e-8)
    other = np.triu_indices(3, 1) if read == "L" else np.tril_indices(3, -1)
    assert not J[..., other[0], other[1]].any()
    total = lambda A: np.sum(np.sin(f(A)))
    exact = wrt.hessian(total)(A)
    np.testing.assert_allclose(exact, wrt.numeric.jacobian(wrt.gradient(total, backend="numpy"), A).value, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("made", [lambda A: (A + A.T) / 2, lambda A: A @ A.T, lambda A: np.exp(-((A[:, :1] - A[:, :1].T) ** 2)) + A.T @ A])
def test_of_what_is_symmetric_both_rules_agree(name, made):
    f, A = FUNCTIONS[name][0], POINTS["unlike"]
    J = wrt.jacobian(lambda A: f(made(A)))(A)
    np.testing.assert_allclose(J, wrt.numeric.jacobian(lambda A: f(made(A)), A).value, rtol=1e-7, atol=1e-7)
    symmetric = made(A)
    chained = np.tensordot(wrt.jacobian(f)((symmetric + symmetric.T) / 2), wrt.jacobian(made)(A), 2)
    np.testing.assert_allclose(J, chained, rtol=1e-9, atol=1e-9)


def test_formulas():
    shapes = {"A": "N N", "B": "N N", "t": "", "X": "N N"}
    derived = lambda text, by, **options: wrt.derive(text, wrt=by, shapes={k: v for k, v in shapes.items() if k in text}, **options).formula.replace("U", "L")
    assert derived("np.linalg.cholesky(A + t*B)", "t").startswith("L Φ(L⁻¹(Φ(B) + Φ(B)ᵀ)L⁻ᵀ)")
    assert derived("np.linalg.cholesky(A + t*B)", "t", assume={"A": "symmetric", "B": "symmetric"}).startswith("L Φ(L⁻¹BL⁻ᵀ)")
    assert derived("np.linalg.eigvalsh((X + X.T)/2)[-1]", "X").startswith("uuᵀ")
    assert derived("np.sum(np.linalg.eigvalsh(X))", "X") == "I"
