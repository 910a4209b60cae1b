"""First-order identities of the Matrix Cookbook (Petersen & Pedersen, 2012), chapter 2, by value.

The Cookbook writes ∂f/∂X in the shape of X: denominator layout, the collated array. Structured matrices are not meant
(its section 2.8 counts twice what is symmetric): X is free.
"""

import numpy as np
import pytest

import wrt

RNG = np.random.default_rng(2012)
N, M, K = 4, 3, 2


def well(n):
    """A matrix far from singular, and from symmetric, with a positive determinant."""
    matrix = RNG.standard_normal((n, n)) / 4 + np.diag(RNG.uniform(1, 2, n))
    return matrix if np.linalg.det(matrix) > 0 else matrix[::-1]


VALUES = dict(
    X=well(N), A=RNG.standard_normal((N, N)), B=RNG.standard_normal((N, N)), C=RNG.standard_normal((N, N)), D=RNG.standard_normal((N, N)),
    a=RNG.standard_normal(N), b=RNG.standard_normal(N), c=RNG.standard_normal(N), d=RNG.standard_normal(N),
    x=RNG.standard_normal(N), s=RNG.standard_normal(N), T=RNG.standard_normal((N, M)), R=RNG.standard_normal((K, N)), Q=RNG.standard_normal((M, K)),
)  # fmt: skip
W = VALUES["A"] @ VALUES["A"].T
VALUES["W"] = W
SHAPES = {name: np.shape(value) for name, value in VALUES.items()}

inv, det, outer, trace = np.linalg.inv, np.linalg.det, np.outer, np.trace
power = np.linalg.matrix_power

# section | f | by | what the Cookbook says, in its letters
TABLE = """
2.1 determinants      | det(X)                            | X | det(X) * inv(X).T
2.1 determinants      | det(A @ X @ B)                    | X | det(A @ X @ B) * inv(X).T
2.1 determinants      | det(T.T @ X @ T)                  | X | det(T.T @ X @ T) * T @ inv(T.T @ X.T @ T) @ T.T
2.1 determinants      | det(T.T @ A @ T)                  | T | det(T.T @ A @ T) * (A @ T @ inv(T.T @ A @ T) + A.T @ T @ inv(T.T @ A.T @ T))
2.1 determinants      | log(det(T.T @ T))                 | T | 2 * np.linalg.pinv(T).T
2.1 determinants      | np.linalg.slogdet(X)[1]           | X | inv(X).T
2.1 determinants      | det(matrix_power(X, 3))           | X | 3 * det(power(X, 3)) * inv(X).T
2.2 inverse           | a @ inv(X) @ b                    | X | -inv(X).T @ outer(a, b) @ inv(X).T
2.2 inverse           | det(inv(X))                       | X | -det(inv(X)) * inv(X).T
2.2 inverse           | trace(A @ inv(X) @ B)             | X | -(inv(X) @ B @ A @ inv(X)).T
2.2 inverse           | trace(inv(X + W))                 | X | -(inv(X + W) @ inv(X + W)).T
2.4.1 first order     | x @ a                             | x | a
2.4.1 first order     | a @ X @ b                         | X | outer(a, b)
2.4.1 first order     | a @ X.T @ b                       | X | outer(b, a)
2.4.1 first order     | a @ X @ a                         | X | outer(a, a)
2.4.2 second order    | sum(outer(X, X))                  | X | 2 * np.sum(X) * np.ones((4, 4))
2.4.2 second order    | b @ X.T @ X @ c                   | X | X @ (outer(b, c) + outer(c, b))
2.4.2 second order    | (B @ x + b) @ C @ (D @ x + d)     | x | B.T @ C @ (D @ x + d) + D.T @ C.T @ (B @ x + b)
2.4.2 second order    | b @ X.T @ D @ X @ c               | X | D.T @ X @ outer(b, c) + D @ X @ outer(c, b)
2.4.2 second order    | x @ B @ x                         | x | (B + B.T) @ x
2.4.2 second order    | (X @ b + c) @ D @ (X @ b + c)     | X | (D + D.T) @ outer(X @ b + c, b)
2.4.2 W symmetric     | (x - A @ s) @ W @ (x - A @ s)     | s | -2 * A.T @ W @ (x - A @ s)
2.4.2 W symmetric     | (x - s) @ W @ (x - s)             | x | 2 * W @ (x - s)
2.4.2 W symmetric     | (x - A @ s) @ W @ (x - A @ s)     | x | 2 * W @ (x - A @ s)
2.4.2 W symmetric     | (x - A @ s) @ W @ (x - A @ s)     | A | -2 * W @ outer(x - A @ s, s)
2.5.1 traces          | trace(X)                          | X | np.eye(4)
2.5.1 traces          | trace(X @ A)                      | X | A.T
2.5.1 traces          | trace(A @ X @ B)                  | X | A.T @ B.T
2.5.1 traces          | trace(A @ X.T @ B)                | X | B @ A
2.5.1 traces          | trace(X.T @ A)                    | X | A
2.5.1 traces          | trace(A @ X.T)                    | X | A
2.5.2 traces          | trace(X @ X)                      | X | 2 * X.T
2.5.2 traces          | trace(X @ X @ B)                  | X | (X @ B + B @ X).T
2.5.2 traces          | trace(X.T @ B @ X)                | X | B @ X + B.T @ X
2.5.2 traces          | trace(A @ X @ B @ X)              | X | A.T @ X.T @ B.T + B.T @ X.T @ A.T
2.5.2 traces          | trace(X.T @ X)                    | X | 2 * X
2.5.2 traces          | trace(A @ X @ B @ X.T @ C)        | X | A.T @ C.T @ X @ B.T + C @ A @ X @ B
2.5.2 traces          | trace((A @ X @ B + C) @ (A @ X @ B + C).T) | X | 2 * A.T @ (A @ X @ B + C) @ B.T
2.5.3 higher order    | trace(matrix_power(X, 4))         | X | 4 * power(X, 3).T
2.5.3 higher order    | trace(A @ matrix_power(X, 3))     | X | sum((power(X, r) @ A @ power(X, 2 - r)).T for r in range(3))
2.5.4 other           | trace(inv(T.T @ W @ T) @ (T.T @ B @ T)) | T | -2 * W @ T @ S @ (T.T @ (B + B.T) / 2 @ T) @ S + (B + B.T) @ T @ S
2.6 norms             | norm(x - a)                       | x | (x - a) / np.linalg.norm(x - a)
2.6 norms             | (x - a) / norm(x - a)             | x | np.eye(4) / n - outer(x - a, x - a) / n**3
2.6 norms             | norm(x)**2                        | x | 2 * x
2.6 norms             | norm(X)**2                        | X | 2 * X
""".strip().splitlines()
ROWS = [tuple(part.strip() for part in row.split("|")) for row in TABLE]


def closed(text):
    """The right side, with two abbreviations: S = (TᵀWT)⁻¹, n = ‖x − a‖."""
    T, x, a = (VALUES[name] for name in "Txa")
    space = dict(np=np, inv=inv, det=det, outer=outer, trace=trace, power=power, S=inv(T.T @ W @ T), n=np.linalg.norm(x - a))
    return eval(text, {**space, **VALUES})


@pytest.mark.parametrize("section, f, by, right", ROWS, ids=[f"{f} by {by}" for _, f, by, _ in ROWS])
def test_identity(section, f, by, right):
    d = wrt.derive(f, wrt=by, shapes=SHAPES)
    np.testing.assert_allclose(d.collated(**VALUES), closed(right), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("section, f, by, right", ROWS[::5], ids=[f"{f} by {by}" for _, f, by, _ in ROWS[::5]])
def test_the_same_from_a_function(section, f, by, right):
    """The text and the Python function with the same words are one graph."""
    space = dict(np=np, inv=inv, det=det, outer=outer, trace=trace, log=np.log, norm=np.linalg.norm, matrix_power=power, sum=np.sum)
    exec(f"def f({', '.join(VALUES)}): return {f}", space)
    np.testing.assert_allclose(wrt.jacobian(space["f"], by)(**VALUES), closed(right), rtol=1e-9, atol=1e-11)


def test_the_inverse_entry_by_entry():
    """(60): ∂(X⁻¹)_kl/∂X_ij = −(X⁻¹)_ki (X⁻¹)_jl."""
    X = VALUES["X"]
    expected = -np.einsum("ki,jl->klij", inv(X), inv(X))
    np.testing.assert_allclose(wrt.jacobian(inv)(X), expected, rtol=1e-9)
    np.testing.assert_allclose(wrt.derive("inv(X)", wrt="X", shapes={"X": "N N"})(X=X), expected, rtol=1e-9)


def test_eigenvalues_of_a_symmetric_matrix():
    """(67): ∂λ_i/∂X = v_i v_iᵀ."""
    values, V = np.linalg.eigh(W)
    J = wrt.jacobian(lambda X: np.linalg.eigvalsh((X + X.T) / 2))(W)
    for i in range(N):
        expected = outer(V[:, i], V[:, i])
        np.testing.assert_allclose(J[i], expected, rtol=1e-8, atol=1e-10)
    assert values[0] > 0


def test_layouts_of_a_trace():
    """Tr(A X) by X: Aᵀ in the Cookbook's denominator layout, A in numerator layout."""
    d = wrt.derive("trace(A @ X)", wrt="X", shapes={"A": "N M", "X": "M N"}, layout="denominator")
    assert d.formula == "Aᵀ"
    assert d.in_layout("numerator").startswith("A ∈")
