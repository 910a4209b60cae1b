"""Worked examples of Mathematics for Machine Learning (Deisenroth, Faisal, Ong), sections 5.2 to 5.4 and 6.7, by value and by formula."""

import numpy as np
import pytest

import wrt

RNG = np.random.default_rng(53)
N, D = 5, 3
PHI, Y, THETA = RNG.standard_normal((N, D)), RNG.standard_normal(N), RNG.standard_normal(D)
E = Y - PHI @ THETA


# ----- the linear model y = Φθ, e = y − Φθ, L = ‖e‖² (example 5.11) ----------------------------------------------------
def test_least_squares_each_factor_of_the_chain_rule():
    by_e = wrt.jacobian(lambda e: e @ e, view="matrix")(E)
    by_theta = wrt.jacobian(lambda theta: Y - PHI @ theta, view="matrix")(THETA)
    assert by_e.shape == (1, N)
    assert by_theta.shape == (N, D)
    np.testing.assert_allclose(by_e, 2 * E[None])
    np.testing.assert_array_equal(by_theta, -PHI)
    direct = wrt.jacobian(lambda theta: (Y - PHI @ theta) @ (Y - PHI @ theta), view="matrix")(THETA)
    np.testing.assert_allclose(direct, by_e @ by_theta, rtol=1e-12)
    np.testing.assert_allclose(direct, -2 * (Y - PHI @ THETA)[None] @ PHI, rtol=1e-12)
    np.testing.assert_allclose(direct[0], np.einsum("n,nd", by_e[0], by_theta), rtol=1e-12)


@pytest.mark.parametrize("layout, shape, formula", [("numerator", (1, D), "−2 (y − Φθ)ᵀΦ"), ("denominator", (D, 1), "−2Φᵀ(y − Φθ)")])
@pytest.mark.parametrize("text", ["sum((y - Phi @ theta)**2)", "(y - Phi @ theta).T @ (y - Phi @ theta)", "norm2(y - Phi*theta)^2"])
def test_least_squares_in_both_layouts(text, layout, shape, formula):
    d = wrt.derive(text, wrt="theta", shapes={"Phi": "N D"}, layout=layout, view="matrix")
    assert d.formula == formula
    found = d(Phi=PHI, y=Y, theta=THETA)
    assert found.shape == shape
    expected = -2 * E[None] @ PHI
    np.testing.assert_allclose(found, expected if layout == "numerator" else expected.T, rtol=1e-12)


def test_the_steps_of_least_squares():
    d = wrt.derive("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"Phi": "N D"})
    steps = str(d.steps)
    for part in ("∂L/∂e = 2eᵀ", "∈ R^{1×N}", "∂e/∂θ = −Φ", "∈ R^{N×D}", "= ∂L/∂e · ∂e/∂θ = −2eᵀΦ", "(1×N)(N×D) = 1×D"):
        assert part in steps
    assert "denominator layout: −2Φᵀ(y − Φθ) ∈ R^{D×1}" in steps
    assert d.einsum == "dLdtheta = np.einsum('n,nd->d', dLde, dedtheta)"


# ----- dA/dx: two views of one tensor (section 5.4) --------------------------------------------------------------------
def matrix_of(x):
    return np.stack([np.stack([x[0] * x[1], np.sin(x[2])]), np.stack([x[1] ** 2, x[0]]), np.stack([x[2], x[0] * x[1] * x[2]])])


def test_collating_and_flattening_give_the_same_tensor():
    x = np.array([0.3, 0.7, 1.1])
    J = wrt.jacobian(matrix_of)(x)
    assert J.shape == (3, 2, 3)
    collated = np.stack([wrt.jvp(matrix_of)(x, tangent=e) for e in np.eye(3)], axis=-1)
    np.testing.assert_allclose(J, collated, rtol=1e-14)
    for order in "CF":
        flat = wrt.jacobian(lambda x, order=order: np.reshape(matrix_of(x), -1, order=order))(x)
        assert flat.shape == (6, 3)
        np.testing.assert_allclose(wrt.jacobian(matrix_of, view="matrix", order=order)(x), flat, rtol=1e-14)
        np.testing.assert_allclose(np.reshape(flat, (3, 2, 3), order=order), J, rtol=1e-14)


def test_a_matrix_times_a_vector_by_the_matrix():
    """Example 5.12: f = A x, df/dA ∈ R^{M×(M×N)}, ∂f_i/∂A_kl = δ_ik x_l."""
    A, x = RNG.standard_normal((4, 3)), RNG.standard_normal(3)
    J = wrt.jacobian(lambda A: A @ x)(A)
    assert J.shape == (4, 4, 3)
    for i in range(4):
        expected = np.zeros((4, 3))
        expected[i] = x
        np.testing.assert_array_equal(J[i], expected)


def test_the_gram_matrix_by_the_matrix():
    """Example 5.13: K = RᵀR, ∂K_pq/∂R_ij = R_iq if j = p ≠ q, R_ip if j = q ≠ p, 2 R_iq if j = p = q, else 0."""
    R = RNG.standard_normal((3, 4))
    J = wrt.jacobian(lambda R: R.T @ R)(R)
    for p, q, i, j in np.ndindex(4, 4, 3, 4):
        assert J[p, q, i, j] == pytest.approx((j == p) * R[i, q] + (j == q) * R[i, p])


# ----- partial derivatives and the chain rule (5.2) ---------------------------------------------------------------------
def test_partial_derivatives():
    """Examples 5.6 and 5.7."""
    a, b = 0.7, -1.3
    by = wrt.gradient(lambda x, y: (x + 2 * y**3) ** 2, ("x", "y"))(a, b)
    np.testing.assert_allclose(by, [2 * (a + 2 * b**3), 12 * (a + 2 * b**3) * b**2])
    J = wrt.jacobian(lambda x: x[0] ** 2 * x[1] + x[0] * x[1] ** 3, view="matrix")(np.array([a, b]))
    np.testing.assert_allclose(J, [[2 * a * b + b**3, a**2 + 3 * a * b**2]])


def test_the_chain_rule_multiplies_jacobians_in_the_order_of_the_maps():
    def g(x): return np.array([np.sin(x[0]) * x[1], x[1] ** 2, np.exp(x[0])])
    def f(y): return np.array([y[0] * y[1], y[2] - y[0], y[1] ** 2, y[2] * y[0]])
    x = np.array([0.4, 1.2])
    np.testing.assert_allclose(wrt.jacobian(lambda x: f(g(x)))(x), wrt.jacobian(f)(g(x)) @ wrt.jacobian(g)(x), rtol=1e-13)


def test_chain_rule_along_a_curve():
    """Example 5.8: f = x1² + 2 x2 with x1 = sin t, x2 = cos t; df/dt = 2 sin t (cos t − 1)."""
    t = 0.8
    assert wrt.gradient(lambda t: np.sin(t) ** 2 + 2 * np.cos(t))(t) == pytest.approx(2 * np.sin(t) * (np.cos(t) - 1))


# ----- the determinant of the Jacobian (5.3) ----------------------------------------------------------------------------
def test_the_parallelogram():
    """y1 = −2 x1 + x2, y2 = x1 + x2: the unit square becomes a parallelogram of three times the area, turned over."""
    def f(x): return np.array([-2 * x[0] + x[1], x[0] + x[1]])
    J = wrt.jacobian(f)(np.array([0.2, 0.9]))
    np.testing.assert_array_equal(J, [[-2.0, 1.0], [1.0, 1.0]])
    assert np.linalg.det(J) == pytest.approx(-3.0)
    b1, b2 = np.eye(2)
    c1, c2 = f(b1), f(b2)
    np.testing.assert_array_equal(np.column_stack([c1, c2]), J)  # the linear-algebra way
    assert abs(c1[0] * c2[1] - c1[1] * c2[0]) == pytest.approx(3.0)
    d = wrt.derive("array([-2*x[0] + x[1], x[0] + x[1]])", wrt="x", shapes={"x": 2})
    np.testing.assert_array_equal(d(x=[0.2, 0.9]), J)


def test_the_nonlinear_factor_varies():
    """Polar coordinates: |det J| = r."""
    J = wrt.jacobian(lambda p: np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])]))
    for r, angle in ((2.0, 0.3), (0.5, 2.0)):
        assert np.linalg.det(J(np.array([r, angle]))) == pytest.approx(r)


def test_change_of_variables():
    """p_Y(y) = p_X(f⁻¹(y)) |det ∂f⁻¹/∂y| = p_X(x) / |det J_f(x)| (6.7); f and its inverse cancel."""
    A = np.array([[2.0, 0.5], [-0.3, 1.5]])
    def f(x): return A @ np.sinh(x)
    def inverse(y): return np.arcsinh(np.linalg.solve(A, y))
    x = np.array([0.4, -0.7])
    forward = np.linalg.slogdet(wrt.jacobian(f)(x))[1]
    back = np.linalg.slogdet(wrt.jacobian(inverse)(f(x)))[1]
    assert forward + back == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(wrt.jacobian(f)(x) @ wrt.jacobian(inverse)(f(x)), np.eye(2), atol=1e-12)


def test_a_shape_for_each_kind():
    """The table of section 5.4: shape(df/dx) = shape(f) + shape(x)."""
    for f in ((), (4,), (2, 3)):
        for x in ((), (5,), (3, 2)):
            W = RNG.standard_normal(f + x)
            axes = tuple(range(len(f), len(f) + len(x)))
            assert wrt.jacobian(lambda x, W=W, axes=axes: np.sum(W * x, axis=axes))(np.ones(x)).shape == f + x
