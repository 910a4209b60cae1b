"""Whether the derivatives by hand are right: against differences of f itself, and against each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from cases.case import Case, Problem


def comparable(case: Case, problem: Problem, value: Any) -> Any:
    """What a derivative by hand or by wrt gave, as an array that can be compared: of sparse matrices the data in the order of the pattern."""
    if not case.sparse:
        return np.asarray(value, float)
    assert problem.pattern is not None
    if not hasattr(value, "tocsr"):
        return np.asarray(value)
    A, pattern = value.tocsr(), problem.pattern
    if A.shape != pattern.shape:
        raise AssertionError(f"shape {A.shape} instead of {pattern.shape}")
    if A.nnz == len(pattern.indices) and np.array_equal(A.indices, pattern.indices) and np.array_equal(A.indptr, pattern.indptr):
        return A.data
    A = A.copy()
    A.sum_duplicates()
    ours = pattern.matrix(np.ones(len(pattern.indices)))
    inside = A.multiply(ours).tocsr()
    if np.abs(A - inside).max() > 1e-9 * max(1.0, np.abs(A.data).max()):
        raise AssertionError("entries outside the pattern")
    padded = (inside + ours).tocsr()  # every place of the pattern is stored, unless the sum is zero
    padded.sort_indices()
    if padded.nnz != len(pattern.indices):
        raise AssertionError("another pattern than by hand")
    return padded.data - 1


def by_hand(case: Case, problem: Problem, name: str, call: tuple[Any, ...]) -> Any:
    """One derivative by hand, comparable."""
    if not case.sparse:
        return comparable(case, problem, problem.by_hand[name](*call))
    assert problem.pattern is not None
    data = np.full(len(problem.pattern.indices), np.nan)
    problem.by_hand[name](data, *call)
    return data


def agree(found: Any, expected: Any, tolerance: float = 1e-8) -> None:
    """Raise unless the arrays are equal to `tolerance` of the largest entry."""
    if np.shape(found) != np.shape(expected):
        raise AssertionError(f"shape {np.shape(found)} instead of {np.shape(expected)}")
    if np.size(expected) == 0:
        return
    found, expected = np.ravel(found), np.ravel(expected)
    scale, error, step = float(np.max(np.abs(expected))), 0.0, 1_000_000
    for k in range(0, len(expected), step):  # in parts, which do not move the peak of memory
        worst = float(np.max(np.abs(found[k : k + step] - expected[k : k + step])))
        error = max(error, np.inf if np.isnan(worst) else worst)  # NaN is never the larger
    if not error <= tolerance * max(scale, 1e-300):
        raise AssertionError(f"off by {error:.1e} where the largest entry is {scale:.1e}")


def check(case: Case) -> None:
    """Compare all derivatives by hand with central differences of f along random directions."""
    problem = case.make()
    r = np.random.default_rng(99)
    x, *args = problem.calls[0]
    if case.kind == "logabsdet":
        x, args = x[:60], [a[:60, :60] if a.ndim == 2 else a[:60] for a in args]
        J = np.stack([(problem.f(x + d, *args) - problem.f(x - d, *args)) / 2e-6 for d in 1e-6 * np.eye(len(x))], -1)
        for hand in problem.by_hand.values():
            np.testing.assert_allclose(hand(x, *args), np.linalg.slogdet(J)[1], rtol=1e-6, atol=1e-7)
        return
    for name in problem.by_hand:
        D = by_hand(case, problem, name, (x, *args))
        if case.kind == "batch":
            for k in range(0, len(x), len(x) // 7):
                J = np.stack([(problem.f(x[k] + d) - problem.f(x[k] - d)) / 2e-6 for d in 1e-6 * np.eye(3)], -1)
                np.testing.assert_allclose(D[k], J, atol=1e-8)
            continue
        if case.sparse:
            assert problem.pattern is not None
            D = problem.pattern.matrix(D)
        for _ in range(4):
            v = r.standard_normal(np.shape(x))
            if case.kind in ("hessian", "sparse hessian"):
                h, n = 1e-3, np.size(x)
                found = v.ravel() @ ((D if case.sparse else D.reshape(n, n)) @ v.ravel())
                wanted = (problem.f(x + h * v, *args) - 2 * problem.f(x, *args) + problem.f(x - h * v, *args)) / h**2
                rtol = 1e-4
            else:
                h = 1e-5
                found = D @ v.ravel() if case.kind != "jacobian" else D.reshape(-1, np.size(x)) @ v.ravel()
                wanted = np.ravel((problem.f(x + h * v, *args) - problem.f(x - h * v, *args)) / (2 * h))
                rtol = 1e-5
            np.testing.assert_allclose(found, wanted, rtol=rtol, atol=rtol * np.max(np.abs(wanted)), err_msg=f"{case.name}, {name}")
