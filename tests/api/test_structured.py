"""log|det J|, solutions of J x = b and band storage, beside NumPy's and SciPy's of the dense Jacobian."""

import tracemalloc

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg

import wrt

rng = np.random.default_rng(7)
A, B = rng.normal(size=(4, 4)) + 3 * np.eye(4), rng.normal(size=(3, 3)) + 3 * np.eye(3)
BIG = rng.normal(size=(90, 90)) / 9 + 2 * np.eye(90)
STACK = rng.normal(size=(3, 4, 4)) + 3 * np.eye(4)
U, W = rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
x4, x90 = rng.uniform(0.5, 1.5, 4), rng.uniform(0.5, 1.5, 90)
X34, X35 = rng.uniform(0.5, 1.5, (3, 4)), rng.uniform(0.5, 1.5, (3, 5))
X234 = rng.uniform(0.5, 1.5, (2, 3, 4))


def autoregressive(x):
    out = np.empty_like(x)
    out[0] = np.tanh(x[0])
    out[1:] = x[1:] * np.exp(x[:-1])
    return out


def sequential(x):
    total, out = 0.0, []
    for each in x:
        out.append(each * np.exp(0.1 * total))
        total = total + each
    return np.array(out)


def coupling(x):
    half = x.size // 2
    a, b = x[:half], x[half:]
    return np.concatenate([a, b * np.exp(np.tanh(BIG[: b.size, :half] @ a)) + BIG[: b.size, :half] @ a])


def reaction(x):
    return np.concatenate([[x[0] ** 3 + x[1]], x[1:-1] ** 3 + x[:-2] - x[2:], [x[-1] ** 3]])


def pentadiagonal(x):
    y = np.pad(x, 2)
    return 9 * x + x**3 - y[:-4] * x - 2 * y[1:-3] + y[3:-1] + y[4:] * x


def laplacian(X):
    Y = np.pad(X, 1)
    return 5 * X + X**3 - Y[2:, 1:-1] - Y[:-2, 1:-1] - Y[1:-1, 2:] - Y[1:-1, :-2]


def rows_apart(X):
    return np.stack([X[:, 0] * X[:, 1], X[:, 1] + X[:, 2], np.sin(X[:, 2]) * X[:, 0], X[:, 3] ** 2 + X[:, 0]], axis=1)


CASES = {
    "identity": (lambda x: x, x4),
    "elementwise": (np.tanh, x4),
    "elementwise, 2-D": (lambda X: np.exp(X) * X, X34),
    "elementwise, raveled": (lambda X: np.exp(X).ravel(), X34),
    "where": (lambda x: np.where(x > 1, x**2, np.sin(x)), x4),
    "pieces": (lambda x: np.concatenate([x[:2] ** 2, np.exp(x[2:])]), x4),
    "number": (np.sin, np.array(0.4)),
    "flip": (lambda x: x[::-1] ** 2, x4),
    "roll": (lambda x: np.roll(np.sin(x), 1), x4),
    "fancy permutation": (lambda x: np.exp(x)[[2, 0, 3, 1]], x4),
    "transposed": (lambda X: (X**2).T, X34),
    "even and odd": (lambda x: np.concatenate([np.exp(x[::2]), x[1::2] ** 3]), x4),
    "cumsum": (lambda x: np.cumsum(np.exp(x)), x4),
    "cumprod": (np.cumprod, x4),
    "tril": (lambda x: np.tanh(np.tril(A) @ x / 9), x4),
    "triu": (lambda x: np.triu(A) @ x + x**2, x4),
    "lower in its values": (lambda x: np.tanh(np.linalg.cholesky(BIG @ BIG.T) @ x / 90), x90),
    "upper in its values": (lambda x: UPPER @ x, x90),
    "autoregressive": (autoregressive, x4),
    "sequential": (sequential, x4),
    "coupling": (coupling, x4),
    "coupling, long": (coupling, x90),
    "masked autoencoder": (lambda x: np.exp(x) + np.tril(A, -1) @ np.tanh(np.tril(A) @ x), x4),
    "tridiagonal": (reaction, x90),
    "tridiagonal, short": (reaction, x4),
    "pentadiagonal": (pentadiagonal, x90),
    "lower band": (autoregressive, x90),
    "grid": (laplacian, rng.uniform(0.5, 1.5, (12, 12))),
    "periodic": (lambda x: 3 * x - 0.1 * x * (np.roll(x, -1) - np.roll(x, 1)), x90),
    "rows": (lambda X: np.tanh(X @ A / 9) + X, X34),
    "rows, entry by entry": (rows_apart, rng.uniform(0.5, 1.5, (6, 4))),
    "rows, all alike": (lambda X: X @ A + 2 * X, X34),
    "columns": (lambda X: np.tanh(B @ X / 9) * X, X35),
    "columns, transposed": (lambda X: np.tanh(B @ X / 9).T, X35),
    "two shared axes": (lambda X: np.tanh(X @ A / 9) * X, X234),
    "stack of matrices": (lambda X: np.einsum("nij,nj->ni", STACK, X), X34),
    "running sums of rows": (lambda X: np.cumsum(np.exp(X), axis=1), X34),
    "Kronecker": (lambda X: B @ X @ A, X34),
    "Kronecker, one side": (lambda X: 2 * (B @ X), X34),
    "diagonal + low rank": (lambda x: x**2 + U[0] * np.sum(x**3) - U[1] * np.sin(W[1] @ x), x4),
    "singular diagonal + low rank": (lambda x: (x - x4[1]) ** 2 + U[0] * np.sum(np.exp(x)), x4),
    "dense": (lambda x: np.tanh(A @ np.sin(A @ x / 9)), x4),
    "dense, scaled": (lambda x: np.tanh(BIG @ x / 90), x90),
    "dense, 2-D": (lambda X: B @ np.tanh(X) @ A + X, X34),
    "one entry": (lambda x: A[:1, :1] @ x, x4[:1]),
    "nothing": (np.tanh, x4[:0]),
    "nothing, summed": (np.cumsum, x4[:0]),
}
UPPER = np.triu(BIG)


def dense(function, x):
    return np.asarray(wrt.jacobian(function)(x)).reshape(np.size(x), np.size(x))


@pytest.mark.parametrize("function, x", CASES.values(), ids=CASES)
class TestCases:
    def test_logabsdet(self, function, x):
        found = wrt.jacobian(function).logabsdet(x)
        assert found.dtype == float
        np.testing.assert_allclose(found, np.linalg.slogdet(dense(function, x))[1], rtol=1e-9, atol=1e-11)

    def test_solve(self, function, x):
        J, b = wrt.jacobian(function), np.asarray(rng.normal(size=np.shape(function(x))))
        found = J.solve(x, rhs=b)
        assert found.shape == np.shape(x)
        np.testing.assert_allclose(found.ravel(), np.linalg.solve(dense(function, x), b.ravel()), rtol=1e-8, atol=1e-9)

    def test_several_right_hand_sides(self, function, x):
        J, b = wrt.jacobian(function), rng.normal(size=(*np.shape(function(x)), 3))
        found = J.solve(x, rhs=b)
        assert found.shape == (*np.shape(x), 3)
        for k in range(3):
            np.testing.assert_allclose(found[..., k], J.solve(x, rhs=b[..., k]), rtol=1e-10, atol=1e-12)

    def test_float32(self, function, x):
        single = np.asarray(x, np.float32)
        J = wrt.jacobian(function)
        kept = J(single).dtype
        assert J.logabsdet(single).dtype == kept
        b = np.asarray(rng.normal(size=np.shape(function(single))), np.float32)
        solved = J.solve(single, rhs=b)
        assert solved.dtype == kept
        np.testing.assert_allclose(J.logabsdet(single), J.logabsdet(single.astype(float)), rtol=1e-3, atol=1e-3)
        back = dense(function, single.astype(float)) @ solved.ravel()
        np.testing.assert_allclose(back, b.ravel(), rtol=2e-3, atol=2e-3)

    def test_agrees_with_differences(self, function, x):
        judged = np.asarray(wrt.numeric.jacobian(function, x)).reshape(np.size(x), np.size(x)) if np.size(x) else np.zeros((0, 0))
        np.testing.assert_allclose(wrt.jacobian(function).logabsdet(x), np.linalg.slogdet(judged)[1], rtol=1e-5, atol=1e-5)


SINGULAR = {
    "zero": (np.round, x4),
    "a row that reads nothing": (lambda x: np.append(x[1:], 1.0), x4),
    "zero on the diagonal": (lambda x: np.maximum(x - 1, 0), np.array([0.5, 1.5, 2.0, 0.25])),
    "outer product": (lambda x: U[0] * np.sum(x**2), x4),
    "triangular": (lambda x: np.tril(A, -1) @ x, x4),
    "blocks": (lambda X: X @ np.ones((4, 4)), X34),
    "band": (lambda x: reaction(x) * np.concatenate([[0.0], np.ones(89)]), x90),
    "periodic": (lambda x: (np.roll(x, 1) - x) * np.concatenate([[0.0], np.ones(89)]), x90),
    "dense": (lambda x: np.ones((4, 4)) @ x, x4),
}


@pytest.mark.parametrize("function, x", SINGULAR.values(), ids=SINGULAR)
def test_a_singular_jacobian(function, x):
    J = wrt.jacobian(function)
    assert J.logabsdet(x) == -np.inf
    with pytest.raises(np.linalg.LinAlgError, match=r"singular at these arguments .*: no single x solves"):
        J.solve(x, rhs=np.ones(np.shape(function(x))))


def test_no_matrix_for_elementwise_and_triangular_maps():
    for function in (np.tanh, lambda x: np.cumsum(np.exp(x)), autoregressive, lambda x: x[::-1] ** 3):
        J, x = wrt.jacobian(function), np.linspace(0.1, 1.0, 20_000)
        tracemalloc.start()
        J.logabsdet(x)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 5e6  # the matrix would take 3.2e9 bytes


def test_exponentials_do_not_overflow():
    x = np.array([800.0, -900.0])
    assert wrt.jacobian(lambda x: np.cumsum(2 * np.exp(x))).logabsdet(x) == pytest.approx(2 * np.log(2) - 100)


def test_branches_are_told_apart():
    J = wrt.jacobian(lambda x: x**2 if x[0] > 0 else np.cumsum(3 * x))
    for first in (1.0, -1.0, 2.0):
        x = np.array([first, 5.0])
        np.testing.assert_allclose(J.logabsdet(x), np.linalg.slogdet(J(x))[1])


def test_data_that_change_in_place_are_read_again():
    M = np.eye(9)
    J = wrt.jacobian(lambda x: M @ x)
    assert J.logabsdet(np.ones(9)) == 0
    M[0, 8], M[8, 0], M[8, 8] = 1.0, 3.0, 5.0
    assert J.logabsdet(np.ones(9)) == pytest.approx(np.log(2))


class TestHessian:
    def test_newton_step(self):
        def rosenbrock(x):
            return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

        H, x = wrt.hessian(rosenbrock), rng.uniform(0.5, 1.5, 90)
        g = wrt.gradient(rosenbrock)(x)
        np.testing.assert_allclose(H.solve(x, rhs=g), np.linalg.solve(H(x), g), rtol=1e-8)
        np.testing.assert_allclose(H.logabsdet(x), np.linalg.slogdet(H(x))[1])
        lower, upper, ab = H.banded(x)
        assert (lower, upper) == (1, 1)
        np.testing.assert_allclose(scipy.linalg.solve_banded((lower, upper), ab, g), np.linalg.solve(H(x), g), rtol=1e-8)

    def test_core_of_a_factorization(self):
        T, V = rng.normal(size=(6, 5)), rng.normal(size=(5, 2))
        H, U = wrt.hessian(lambda U: np.sum((T - U @ V.T) ** 2)), rng.normal(size=(6, 2))
        flat = H(U).reshape(12, 12)
        np.testing.assert_allclose(H.solve(U, rhs=U).ravel(), np.linalg.solve(flat, U.ravel()))
        np.testing.assert_allclose(H.logabsdet(U), np.linalg.slogdet(flat)[1])

    def test_of_more_outputs_is_not_square(self):
        with pytest.raises(wrt.ShapeError, match="The matrix is 9×3"):
            wrt.hessian(np.exp).logabsdet(np.ones(3))


def unpacked(lower, upper, ab, shape):
    J = np.zeros(shape)
    for i in range(shape[0]):
        for j in range(max(0, i - lower), min(shape[1], i + upper + 1)):
            J[i, j] = ab[upper + i - j, j]
    return J


class TestBanded:
    @pytest.mark.parametrize(
        "function, x, width",
        [
            (np.tanh, x90, (0, 0)),
            (reaction, x90, (1, 1)),
            (autoregressive, x90, (1, 0)),
            (pentadiagonal, x90, (2, 2)),
            (lambda x: x[1:] * x[:-1], x90, (0, 1)),
            (laplacian, rng.uniform(0.5, 1.5, (5, 6)), (6, 6)),
            (lambda X: np.tanh(X @ A / 9), rng.uniform(0.5, 1.5, (8, 4)), (3, 3)),
            (lambda x: x[np.minimum(np.arange(90) + 1, 89)] ** 2, x90, (0, 1)),
            (lambda x: np.tril(np.triu(BIG, -1), 2) @ x, x90, (1, 2)),
            (lambda x: A @ x, x4, (3, 3)),
            (np.cumsum, x4, (3, 0)),
            (lambda x: np.tril(A) @ np.tanh(np.tril(A) @ x / 9), x4, (3, 0)),
            (lambda x: np.where(np.tri(4) > 0, A, 0.0) @ np.cumsum(x[::-1])[::-1] + np.cumsum(x), x4, (3, 3)),
            (np.round, x4, (0, 0)),
            (np.tanh, x4[:1], (0, 0)),
        ],
    )
    def test_storage(self, function, x, width):
        J = wrt.jacobian(function, view="matrix")
        lower, upper, ab = J.banded(x)
        assert (lower, upper) == width
        assert ab.shape == (lower + upper + 1, x.size)
        np.testing.assert_allclose(unpacked(lower, upper, ab, J(x).shape), J(x), rtol=1e-12)
        assert np.count_nonzero(ab) == np.count_nonzero(J(x))  # zeros outside the matrix

    def test_a_stiff_problem(self):
        def heat(t, u):
            y = np.pad(u, 1)
            return 5000 * (y[2:] - 2 * u + y[:-2]) - u**3

        J, u = wrt.jacobian(heat, wrt="u"), rng.uniform(size=30)
        lower, upper, _ = J.banded(0.0, u)
        jac = {"jac": lambda t, u: J.banded(t, u)[2], "lband": lower, "uband": upper}
        found = scipy.integrate.solve_ivp(heat, (0, 1), u, method="LSODA", rtol=1e-8, atol=1e-10, **jac)
        judged = scipy.integrate.solve_ivp(heat, (0, 1), u, method="Radau", rtol=1e-9, atol=1e-11)
        assert found.njev > 0
        np.testing.assert_allclose(found.y[:, -1], judged.y[:, -1], rtol=1e-5, atol=1e-7)

    def test_the_result_is_the_callers_own(self):
        M = np.eye(4)
        _, _, ab = wrt.jacobian(lambda x: M.diagonal() * x).banded(x4)
        ab[...] = 7
        assert np.array_equal(M, np.eye(4))

    def test_what_is_not_banded(self):
        with pytest.raises(wrt.ArgumentError, match=r"(?s)not banded.*gather.*x\[i-1\.\.i\+89\] of 90.*\.sparse"):
            wrt.jacobian(lambda x: x * np.roll(x, 1)).banded(x90)
        with pytest.raises(wrt.ArgumentError, match=r"(?s)not banded.*dense"):
            wrt.jacobian(lambda x: BIG @ x).banded(x90)


class TestRefusals:
    def test_not_square(self):
        J = wrt.jacobian(lambda x: x[1:])
        for call in (lambda: J.logabsdet(x4), lambda: J.solve(x4, rhs=np.ones(3))):
            with pytest.raises(wrt.ShapeError, match=r"(?s)The matrix is 3×4; a determinant and a solution need a square one\..*\(3,\).*\(4,\)"):
                call()

    def test_right_hand_side(self):
        J = wrt.jacobian(np.tanh)
        with pytest.raises(wrt.ShapeError, match=r"rhs must have shape \(4,\), or one more axis for several right-hand sides; got \(3,\)"):
            J.solve(x4, rhs=np.ones(3))
        with pytest.raises(wrt.ArgumentError, match="rhs is of dtype complex128; expected real numbers"):
            J.solve(x4, rhs=1j * np.ones(4))

    def test_several_inputs(self):
        J = wrt.jacobian(lambda x, y: x * y, wrt=("x", "y"))
        with pytest.raises(wrt.ArgumentError, match=r"logabsdet\(\) takes a jacobian by one input"):
            J.logabsdet(x4, x4)
        with pytest.raises(wrt.ArgumentError, match=r"solve\(\) takes a jacobian by one input"):
            J.solve(x4, x4, rhs=x4)
        with pytest.raises(wrt.ArgumentError, match=r"banded\(\) takes a jacobian by one input"):
            J.banded(x4, x4)
