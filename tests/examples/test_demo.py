"""`make demo` prints what it promises: the derivation, the table of fits, the determinant."""

import re

from wrt.examples import demo


def test_the_least_squares_derivation():
    assert demo.least_squares().splitlines() == [
        "L(e) = ‖e‖²,   e(θ) = y − Φθ          y: N   Φ: N×D   θ: D",
        "∂L/∂e = 2eᵀ                      ∈ R^{1×N}          (derivative of a squared norm)",
        "∂e/∂θ = −Φ                       ∈ R^{N×D}          (linear map)",
        "∂L/∂θ = ∂L/∂e · ∂e/∂θ = −2eᵀΦ    (1×N)(N×D) = 1×D   (chain rule)",
        "      = −2 (y − Φθ)ᵀΦ                               (substitute e)",
        "dLdtheta = np.einsum('n,nd->d', dLde, dedtheta)",
        "denominator layout: −2Φᵀ(y − Φθ) ∈ R^{D×1}",
        *demo.least_squares().splitlines()[7:9],  # the checks: their numbers are measurements
        "",
        "numerator layout:    −2 (y − Φθ)ᵀΦ ∈ R^{1×D}",
        "denominator layout:  −2Φᵀ(y − Φθ) ∈ R^{D×1}",
        "as code:             dLdtheta = np.einsum('n,nd->d', dLde, dedtheta)",
    ]


def test_the_check_is_a_measurement_and_a_small_one():
    found = re.search(r"checked at 3 random points \(standard normal\): largest difference (\S+)", demo.least_squares())
    assert found
    assert 0 < float(found[1]) < 1e-9


def test_the_fits():
    lines = demo.fits().splitlines()
    assert "fits with at least 4 correct digits: exact 54 of 54, 2-point 52 of 54" in lines
    assert sum(line.split()[0] in demo.nist.PROBLEMS for line in lines if line) == 54


def test_the_linear_map():
    assert demo.linear_map().splitlines() == [
        "y1 = -2 x1 + x2,  y2 = x1 + x2",
        "J = [[-2.0, 1.0], [1.0, 1.0]]",
        "det J = -3: areas grow by the factor 3, and the orientation flips",
    ]
