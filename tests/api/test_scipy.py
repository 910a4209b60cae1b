"""wrt with SciPy's solvers as their users call them: each row of the table of what they accept converges."""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from scipy.sparse import csr_array

import wrt

START, ROOT = np.array([-1.2, 1.0]), np.array([1.0, 1.0])


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def cost(x):
    return np.sum(rosenbrock(x) ** 2)


J = wrt.jacobian(rosenbrock)
G, H = wrt.gradient(cost), wrt.hessian(cost)


# ----- least squares --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method, jac", [
    ("trf", J), ("dogbox", J), ("lm", J), ("trf", J.sparse), ("dogbox", J.sparse), ("trf", J.operator), ("dogbox", J.operator),
])  # fmt: skip
def test_least_squares(method, jac):
    found = scipy.optimize.least_squares(rosenbrock, START, jac=jac, method=method, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    np.testing.assert_allclose(found.x, ROOT, rtol=1e-7)


@pytest.mark.parametrize("method", ["trf", "dogbox", "lm"])
def test_least_squares_with_a_pair(method):
    fun, jac = J.pair()
    np.testing.assert_allclose(scipy.optimize.least_squares(fun, START, jac=jac, method=method).x, ROOT, rtol=1e-6)


@pytest.mark.parametrize("loss", ["soft_l1", "huber", "cauchy", "arctan"])
def test_robust_losses_scale_the_jacobian_in_place(loss, rng):
    """J of Phi @ theta − y is Phi itself: SciPy must neither write to it nor fail."""
    Phi, theta = rng.standard_normal((30, 3)), np.array([1.0, 2.0, 3.0])
    y = Phi @ theta
    y[0] += 100.0
    kept = Phi.copy()
    def f(theta): return Phi @ theta - y
    for fun, jac in ((f, wrt.jacobian(f)), wrt.jacobian(f).pair()):
        found = scipy.optimize.least_squares(fun, np.zeros(3), jac=jac, loss=loss, max_nfev=200)
        np.testing.assert_allclose(found.x, theta, atol=0.2)
        np.testing.assert_array_equal(Phi, kept)


def test_extra_arguments_of_a_fit(rng):
    t = np.linspace(0, 2, 20)
    y = 2.0 * np.exp(-1.5 * t)
    def f(p, t, y): return p[0] * np.exp(p[1] * t) - y
    found = scipy.optimize.least_squares(f, [1.0, 0.0], jac=wrt.jacobian(f), args=(t, y))
    np.testing.assert_allclose(found.x, [2.0, -1.5], rtol=1e-6)


def test_curve_fit():
    t = np.linspace(0, 2, 20)
    def model(t, a, b): return a * np.exp(b * t)
    by = wrt.jacobian(model, ("a", "b"))
    found, _ = scipy.optimize.curve_fit(model, t, model(t, 2.0, -1.5), [1.0, 0.0], jac=lambda *args: np.stack(by(*args), axis=-1))
    np.testing.assert_allclose(found, [2.0, -1.5], rtol=1e-6)


# ----- roots ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_root(method):
    np.testing.assert_allclose(scipy.optimize.root(rosenbrock, START, jac=J, method=method).x, ROOT, rtol=1e-7)
    found = scipy.optimize.root(J.value_and, START, jac=True, method=method)
    np.testing.assert_allclose(found.x, ROOT, rtol=1e-7)


def test_roots_from_integers_warn_once_and_work():
    with pytest.warns(wrt.Promotion):
        J([-1, 1])
    np.testing.assert_allclose(scipy.optimize.root(rosenbrock, [-1.0, 1.0], jac=J).x, ROOT, rtol=1e-7)


def test_fsolve_newton_and_root_scalar():
    np.testing.assert_allclose(scipy.optimize.fsolve(rosenbrock, START, fprime=J), ROOT, rtol=1e-7)
    def f(x): return x**3 - 2
    slope, bend = wrt.gradient(f), wrt.hessian(f)
    assert scipy.optimize.newton(f, 1.0, fprime=slope) == pytest.approx(2 ** (1 / 3))
    assert scipy.optimize.newton(f, 1.0, fprime=slope, fprime2=bend) == pytest.approx(2 ** (1 / 3))
    assert scipy.optimize.root_scalar(f, x0=1.0, fprime=slope, method="newton").root == pytest.approx(2 ** (1 / 3))


# ----- minimize -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", ["BFGS", "CG", "L-BFGS-B", "TNC", "SLSQP"])
def test_minimize_with_gradients(method):
    options = {"options": {"gtol": 1e-9}} if method in ("BFGS", "CG") else {"tol": 1e-12}
    for fun, jac in ((cost, G), (G.value_and, True), G.pair()):
        np.testing.assert_allclose(scipy.optimize.minimize(fun, START, jac=jac, method=method, **options).x, ROOT, atol=1e-4)


@pytest.mark.parametrize("method", ["Newton-CG", "trust-exact", "trust-ncg", "trust-krylov", "dogleg", "trust-constr"])
def test_minimize_with_hessians(method):
    start = [0.9, 0.8] if method == "dogleg" else START  # dogleg wants a positive definite Hessian
    np.testing.assert_allclose(scipy.optimize.minimize(cost, start, jac=G, hess=H, method=method).x, ROOT, atol=1e-3)


def test_minimize_with_hessian_products():
    def product(x, p): return H(x) @ p
    np.testing.assert_allclose(scipy.optimize.minimize(cost, START, jac=G, hessp=product, method="Newton-CG").x, ROOT, atol=1e-3)


@pytest.mark.parametrize("sparse", [False, True])
def test_constraints(sparse):
    def c(x): return np.array([x[0] + x[1] ** 2 - 1])
    C = wrt.jacobian(c)
    square = wrt.gradient(lambda x: x @ x)
    if not sparse:
        constraint = {"type": "eq", "fun": c, "jac": C}
        found = scipy.optimize.minimize(lambda x: x @ x, [1.0, 1.0], jac=square, constraints=[constraint], method="SLSQP")
        np.testing.assert_allclose(found.x, [0.5, np.sqrt(0.5)], atol=1e-3)
    constraint = scipy.optimize.NonlinearConstraint(c, 0, 0, jac=C.sparse if sparse else C)
    found = scipy.optimize.minimize(lambda x: x @ x, [1.0, 1.0], jac=square, hess=wrt.hessian(lambda x: x @ x), constraints=[constraint], method="trust-constr")
    np.testing.assert_allclose(found.x, [0.5, np.sqrt(0.5)], atol=1e-4)


# ----- differential equations -----------------------------------------------------------------------------------------
def robertson(t, y):
    return np.array([-0.04 * y[0] + 1e4 * y[1] * y[2], 0.04 * y[0] - 1e4 * y[1] * y[2] - 3e7 * y[1] ** 2, 3e7 * y[1] ** 2])


ROBERTSON = np.array([0.7158270, 9.1855e-6, 0.2841637])  # Hairer & Wanner, Solving ODEs II, at t = 40


@pytest.mark.parametrize("method, form", [("BDF", "dense"), ("BDF", "sparse"), ("Radau", "dense"), ("Radau", "sparse"), ("LSODA", "dense")])
def test_stiff_equations(method, form):
    K = wrt.jacobian(robertson, "y")
    jac = K if form == "dense" else K.sparse
    found = scipy.integrate.solve_ivp(robertson, (0, 40.0), [1.0, 0.0, 0.0], method=method, jac=jac, rtol=1e-6, atol=1e-10)
    assert found.success
    np.testing.assert_allclose(found.y[:, -1], ROBERTSON, rtol=1e-3)
    assert found.njev > 0


def test_reaction_and_diffusion_in_csr():
    n = 100
    def f(t, u): return n**2 * np.concatenate([[u[1] - u[0]], u[2:] - 2 * u[1:-1] + u[:-2], [u[-2] - u[-1]]]) / 100 + u * (1 - u)
    K = wrt.jacobian(f, "u")
    u = np.exp(-np.linspace(0, 3, n) ** 2)
    assert isinstance(K.sparse(0.0, u), csr_array)
    assert K.sparse(0.0, u).nnz == 3 * n - 2
    found = scipy.integrate.solve_ivp(f, (0, 2.0), u, method="BDF", jac=K.sparse, rtol=1e-5)
    other = scipy.integrate.solve_ivp(f, (0, 2.0), u, method="Radau", rtol=1e-6)
    np.testing.assert_allclose(found.y[:, -1], other.y[:, -1], rtol=1e-3)
