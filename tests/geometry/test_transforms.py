"""Transforms with a known |det J|, by `Jacobian.logabsdet` and by wrt.geometry, against the formulas of the literature."""

from math import lgamma

import numpy as np
import pytest
from scipy.special import expit

import wrt
from wrt.geometry import local_map


def polar(x):
    r, t = x
    return np.array([r * np.cos(t), r * np.sin(t)])


def cylindrical(x):
    r, t, z = x
    return np.array([r * np.cos(t), r * np.sin(t), z])


def spherical(x):
    r, theta, phi = x[0], x[1], x[2]
    return np.array([r * np.sin(theta) * np.cos(phi), r * np.sin(theta) * np.sin(phi), r * np.cos(theta)])


def hyperspherical(x):
    """R^n, n any: x = r cos φ₁, r sin φ₁ cos φ₂, …"""
    rest, out = x[0], []
    for angle in x[1:]:
        out.append(rest * np.cos(angle))
        rest = rest * np.sin(angle)
    return np.array([*out, rest])


def box_muller(u):
    radius = np.sqrt(-2 * np.log(u[0]))
    return np.array([radius * np.cos(2 * np.pi * u[1]), radius * np.sin(2 * np.pi * u[1])])


A = np.array([[2.0, 1.0, 0.0], [-1.0, 3.0, 0.5], [0.0, 0.25, 1.5]])


def affine(x):
    return A @ x + np.array([1.0, 2.0, 3.0])


def softplus(x):
    return np.log1p(np.exp(x))


def sinh_arcsinh(x, epsilon=0.3, delta=1.7):
    return np.sinh(delta * np.arcsinh(x) - epsilon)


def log_cholesky(v):
    """The entries of a lower triangle to those of Σ = L Lᵀ, n = 3."""
    L = np.zeros((3, 3))
    L[np.tril_indices(3)] = v
    return (L @ L.T)[np.tril_indices(3)]


def cholesky_factor(v):
    """R^6 to a factor with a positive diagonal."""
    L = np.zeros((3, 3))
    L[np.tril_indices(3)] = v
    return np.array([np.exp(L[0, 0]), L[1, 0], np.exp(L[1, 1]), L[2, 0], L[2, 1], np.exp(L[2, 2])])


def stick_breaking(y):
    """R^{K−1} into the simplex, as Stan does it."""
    left, out = 1.0, []
    K = len(y) + 1
    for k in range(K - 1):
        z = 1 / (1 + np.exp(-(y[k] - np.log(K - 1 - k))))
        out.append(left * z)
        left = left - out[-1]
    return np.array(out)


def stick_breaking_det(y):
    K, left, det = len(y) + 1, 1.0, 1.0
    for k, each in enumerate(y):
        z = expit(each - np.log(K - 1 - k))
        det *= left * z * (1 - z)
        left *= 1 - z
    return det


def softmax_free(y):
    """R^{K−1} onto the simplex with the last logit 0: |det J| = Π of all K probabilities."""
    e = np.exp(y)
    return e / (1 + np.sum(e))


def planar(x):
    """A planar flow: |det J| = |1 + uᵀw (1 − tanh²)|."""
    w, u = np.array([0.5, -1.0, 2.0, 0.25]), np.array([1.0, 0.3, 0.2, -0.5])
    return x + u * np.tanh(w @ x + 0.1)


def planar_det(x):
    w, u = np.array([0.5, -1.0, 2.0, 0.25]), np.array([1.0, 0.3, 0.2, -0.5])
    return abs(1 + u @ w * (1 - np.tanh(w @ x + 0.1) ** 2))


def coupling(x):
    """An affine coupling layer."""
    a, b = x[:2], x[2:]
    s = np.sin(a)
    return np.concatenate([a, b * np.exp(s) + a**2])


def inverse_matrix(v):
    """A ↦ A⁻¹: |det J| = |det A|^{−2n}."""
    return np.linalg.inv(v)


def inversion(x):
    """In the unit sphere: |det J| = ‖x‖^{−2n}."""
    return x / (x @ x)


def dirichlet_gammas(x):
    """Gamma variables to their total and shares: |det J| = total^{−(n−1)}."""
    total = np.sum(x)
    return np.concatenate([np.array([total]), x[:-1] / total])


def fisher_rosenblatt(x):
    """Means and sums of squares: Helmert's matrix is orthogonal."""
    n = 4
    rows = [np.full(n, 1 / np.sqrt(n))]
    for k in range(1, n):
        row = np.zeros(n)
        row[:k] = 1
        row[k] = -k
        rows.append(row / np.sqrt(k * (k + 1)))
    return np.array(rows) @ x


KNOWN = {
    "polar": (polar, [2.5, 0.7], lambda x: x[0]),
    "cylindrical": (cylindrical, [1.5, 4.0, -2.0], lambda x: x[0]),
    "spherical": (spherical, [2.0, 0.6, 1.1], lambda x: x[0] ** 2 * np.sin(x[1])),
    "hyperspherical": (hyperspherical, [2.0, 0.6, 1.1, 0.3, 2.0], lambda x: x[0] ** 4 * np.sin(x[1]) ** 3 * np.sin(x[2]) ** 2 * np.sin(x[3])),
    "box_muller": (box_muller, [0.3, 0.6], lambda u: 2 * np.pi / u[0]),
    "affine": (affine, [1.0, -2.0, 0.5], lambda x: abs(np.linalg.det(A))),
    "softplus": (softplus, [-1.0, 0.0, 3.0, 0.2], lambda x: np.prod(expit(x))),
    "sinh_arcsinh": (
        sinh_arcsinh,
        [-1.0, 0.4, 2.0],
        lambda x: np.prod(1.7 * np.cosh(1.7 * np.arcsinh(x) - 0.3) / np.sqrt(1 + x**2)),
    ),
    "log_cholesky": (log_cholesky, [1.2, -0.4, 0.9, 0.3, 0.7, 1.6], lambda v: 2**3 * v[0] ** 3 * v[2] ** 2 * v[5]),
    "cholesky_factor": (cholesky_factor, [0.2, -0.4, 0.9, 0.3, 0.7, -0.6], lambda v: np.exp(v[0] + v[2] + v[5])),
    "stick_breaking": (stick_breaking, [0.3, -0.8, 1.2, 0.1], stick_breaking_det),
    "softmax_free": (softmax_free, [0.3, -0.8, 1.2], lambda y: np.prod(np.append(np.exp(y), 1) / (1 + np.exp(y).sum()))),
    "planar": (planar, [0.3, -0.8, 0.1, 1.0], planar_det),
    "coupling": (coupling, [0.3, -0.8, 0.1, 1.0], lambda x: np.exp(np.sin(x[:2]).sum())),
    "inverse_matrix": (inverse_matrix, A.tolist(), lambda v: abs(np.linalg.det(v)) ** -6),
    "inversion": (inversion, [0.5, 1.0, -0.25], lambda x: (x @ x) ** -3),
    "dirichlet_gammas": (dirichlet_gammas, [0.5, 1.0, 0.25, 2.0], lambda x: x.sum() ** -3),
    "helmert": (fisher_rosenblatt, [0.5, 1.0, -0.25, 2.0], lambda x: 1.0),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_determinants(name):
    f, x, known = KNOWN[name]
    x = np.array(x)
    expected = known(x)
    assert np.isclose(wrt.jacobian(f).logabsdet(x), np.log(expected), rtol=1e-12, atol=1e-12)
    here = local_map(f, x)
    assert np.isclose(here.scaling, expected, rtol=1e-12)
    assert np.isclose(abs(here.det), expected, rtol=1e-12)
    assert np.isclose(here.log_scaling, np.log(expected), rtol=1e-12, atol=1e-12)
    assert np.isclose(here.singular_values.prod(), expected, rtol=1e-11)


TEXTS = {
    "r*cos(t), r*sin(t)": ([2.5, 0.7], 2.5),
    "[r*sin(a)*cos(b), r*sin(a)*sin(b), r*cos(a)]": ([2.0, 0.6, 1.1], 4 * np.sin(0.6)),
    "sqrt(-2*log(u))*cos(2*pi*v), sqrt(-2*log(u))*sin(2*pi*v)": ([0.3, 0.6], 2 * np.pi / 0.3),
    "log(1 + exp(x))": ([0.3, -2.0, 1.0], np.prod(expit(np.array([0.3, -2.0, 1.0])))),
    "x / (x @ x)": ([0.5, 1.0, -0.25], 1.3125**-3),
    "x**2 - y**2, 2*x*y": ([1.0, 2.0], 20.0),
}


@pytest.mark.parametrize("text", TEXTS)
def test_known_determinants_of_text(text):
    x, expected = TEXTS[text]
    assert np.isclose(local_map(text, x).scaling, expected, rtol=1e-12)


def test_the_cost_follows_the_structure():
    """A million coordinates: no matrix is made."""
    x = np.linspace(-1, 1, 10**6)
    assert np.isclose(wrt.jacobian(softplus).logabsdet(x), np.log(expit(x)).sum(), rtol=1e-12)


def test_the_sphere_has_its_volume():
    """∫ |det J| over the box of angles is the volume of the ball in R^5, π^{5/2} / Γ(7/2)."""
    from wrt.geometry import scaling_field

    nodes, weights = np.polynomial.legendre.leggauss(12)
    axes = [(nodes + 1) / 2, *[(nodes + 1) * np.pi / 2] * 3, [3.0]]  # the last angle does not matter: its integral is 2π
    w = [weights / 2, *[weights * np.pi / 2] * 3, [2 * np.pi]]
    field = scaling_field(hyperspherical, axes)
    total = np.einsum("abcde,a,b,c,d,e", field.values, *w)
    assert np.isclose(total, np.pi**2.5 / np.exp(lgamma(3.5)), rtol=1e-10)
