"""What a Jacobian is said to be must hold for its numbers: each kind beside its definition on the dense matrix."""

import numpy as np
import pytest

import wrt

A = np.arange(9.0).reshape(3, 3) + 5 * np.eye(3)
X = np.array([[0.4, -1.2, 0.8], [0.5, 0.7, -0.3], [1.1, 0.2, 0.6]])
x = np.array([0.3, -0.7, 1.1])


def is_diagonal(J):
    return np.allclose(J, np.diag(np.diag(J)))


def bandwidths(J):
    rows, columns = np.nonzero(J)
    return max(0, *(rows - columns)), max(0, *(columns - rows))


def is_lower(J):
    return not np.triu(J, 1).any()


def is_permutation(J):
    return np.all(np.count_nonzero(J, axis=0) == 1) and np.all(np.count_nonzero(J, axis=1) == 1)


def autoregressive(x):
    out = np.empty_like(x)
    out[0] = np.tanh(x[0])
    out[1:] = x[1:] * np.exp(x[:-1] / 9)
    return out


def rank(J):
    return np.linalg.matrix_rank(J)


@pytest.mark.parametrize(
    "function, at, kind, holds",
    [
        (lambda x: x, x, "identity", lambda J: np.array_equal(J, np.eye(3))),
        (lambda x: np.sin(x) * x, x, "diagonal", is_diagonal),
        (np.exp, X, "diagonal", is_diagonal),
        (lambda x: x[1:] * x[:-1], x, "banded", lambda J: bandwidths(J) == (0, 1)),
        (np.round, x, "zero", lambda J: not J.any()),
        (lambda x: x[[2, 0, 2]], x, "selection", lambda J: np.all(np.count_nonzero(J, axis=1) == 1)),
        (lambda x: np.roll(x, 1) - x, x, "gather", lambda J: np.all(np.count_nonzero(J, axis=1) <= 2)),
        (lambda X: A @ X, X, "Kronecker", lambda J: np.allclose(J, np.kron(A, np.eye(3)))),
        (lambda X: X @ A, X, "Kronecker", lambda J: np.allclose(J, np.kron(np.eye(3), A.T))),
        (lambda X: A @ X @ A, X, "Kronecker", lambda J: np.allclose(J, np.kron(A, A.T))),
        (lambda x: np.sum(x) * A[0], x, "low rank", lambda J: rank(J) == 1),
        (lambda x: x + A[0] * np.sum(x**2), x, "diagonal + low rank", lambda J: rank(J - np.eye(3)) == 1),
        (lambda x: A @ x, x, "dense", lambda J: np.array_equal(J, A)),
        (lambda X: np.cumsum(X, axis=0), X, "Kronecker", lambda J: np.array_equal(J, np.kron(np.tri(3), np.eye(3)))),
        (lambda X: X / np.sum(np.exp(X), axis=1, keepdims=True), X, "block-diagonal", lambda J: not J[:3, 3:].any()),
        (lambda X: np.stack([X[:, 0] * X[:, 1], X[:, 1] ** 2, X[:, 2] + X[:, 0]], axis=1), X, "block-diagonal", lambda J: not J[:3, 3:].any()),
        (lambda x: x[::-1], x, "permutation", lambda J: np.array_equal(J, np.eye(3)[::-1])),
        (lambda x: np.roll(x, 1), x, "permutation", lambda J: np.array_equal(J, np.roll(np.eye(3), 1, axis=0))),
        (lambda X: X.T, X, "permutation", is_permutation),
        (lambda x: np.exp(x)[[2, 0, 1]], x, "scaled permutation", is_permutation),
        (lambda x: np.concatenate([x[::2] ** 3, np.sin(x[1::2])]), x, "scaled permutation", is_permutation),
        (lambda X: np.exp(X).ravel(), X, "diagonal", is_diagonal),
        (lambda x: np.cumsum(np.exp(x)), x, "lower triangular", is_lower),
        (np.cumprod, x, "lower triangular", is_lower),
        (lambda x: np.tril(A) @ x, x, "lower triangular", is_lower),
        (lambda x: np.tanh(np.tril(A) @ np.tril(A) @ x), x, "lower triangular", is_lower),
        (lambda x: np.triu(A) @ x + x**2, x, "upper triangular", lambda J: is_lower(J.T)),
        (lambda x: np.cumsum(x[::-1])[::-1], x, "upper triangular", lambda J: is_lower(J.T)),
        (autoregressive, np.arange(1.0, 7.0), "banded", lambda J: bandwidths(J) == (1, 0)),
        (lambda x: np.array([x[0] * sum(x[: i + 1]) for i in range(1)] + [x[1] * x[0], x[2] * x[1] * x[0]]), x, "lower triangular", is_lower),
    ],
)
def test_the_claim_holds(function, at, kind, holds):
    J = wrt.jacobian(function, view="matrix")
    numbers = J(at)
    assert J.structure.kind == kind
    assert J.structure.reason
    assert holds(numbers)


def test_reasons_are_words():
    J = wrt.jacobian(lambda x: x[2:] - 2 * x[1:-1] + x[:-2])
    J(np.arange(5.0))
    assert str(J.structure) == "banded: row i depends on x[i..i+2]"
    assert (J.structure.lower, J.structure.upper) == (0, 2)


def test_a_structural_zero_says_why():
    J = wrt.jacobian(lambda x, y: y * 2, wrt="x")
    assert not J(x, x).any()
    assert "the output does not depend on this input" in repr(J)
