"""Idioms: every rewrite of a graph or of an expression prints what is meant and keeps the number."""

import numpy as np
import pytest

from notation.graphs import SIZES, A, D, N, Phi, S, apply, b, concrete, derivative, einsum, matvec, numbers, shifted, theta, total, w, x, y
from wrt.graph.node import constant, variable
from wrt.linear.linear_map import identity
from wrt.notation.describe import describe
from wrt.notation.formula import formula
from wrt.notation.idiom import idiom, prepared
from wrt.notation.matrix import Matrices
from wrt.notation.value import value
from wrt.ops.catalog import FUNCTIONS

zero = constant(0)
exp, log = (lambda a: apply(np.exp, a)), (lambda a: apply(np.log, a))
inv, det = (lambda a: apply(np.linalg.inv, a)), (lambda a: apply(np.linalg.det, a))
norm = lambda a: apply(np.linalg.norm, a)
z, t = matvec(Phi, theta), variable("t", ())
T = einsum("ij,kj->ik", S, S) + t * identity((D,)).to_dense()
centred = x - apply(np.mean, x)
quarter = apply(np.maximum, x - 0.9, zero)

PREPARED = [  # what is written, what is differentiated
    (1 / (1 + exp(-x)), "σ(x)"),
    (1 / (1 + exp(x)), "σ(−x)"),
    (exp(x) / (1 + exp(x)), "σ(x)"),
    (x / (1 + exp(-x)), "x ⊙ σ(x)"),
    (log(1 + exp(x)), "logaddexp(0, x)"),
    (apply(np.log1p, exp(x)), "logaddexp(0, x)"),
    (exp(x) / total(exp(x)), "softmax(x)"),
    (exp(x - apply(np.max, x)) / total(exp(x - apply(np.max, x))), "softmax(x)"),
    (log(total(exp(z))), "logsumexp(Φθ)"),
    (log(exp(x) / total(exp(x))), "x − logsumexp(x)"),
    (norm(y - z) ** 2, "‖y − Φθ‖²"),
    (log(apply(np.abs, det(S))), "log|det(S)|"),
]


@pytest.mark.parametrize("f, printed", PREPARED, ids=[p for _, p in PREPARED])
def test_prepared(f, printed, rng):
    better = prepared(f)
    assert describe(better) == printed
    known = numbers(f, rng)
    assert np.allclose(concrete(better, known), concrete(f, known))


def test_what_is_no_idiom_stays():
    for f in (exp(x) / total(exp(w)), 1 / (2 + exp(x)), log(2 + exp(x)), norm(x) ** 3, x / norm(x)):
        assert prepared(f) is f
        assert idiom(f) is f


PRINTED = [  # function, variable, its derivative
    (total(apply(np.logaddexp, zero, z)), theta, "σ(Φθ)ᵀ Φ"),
    (apply(np.maximum, x - w, zero), x, "diag([x > w])"),
    (apply(np.minimum, x, constant(1)), x, "diag([x < 1])"),
    (apply(np.max, x), x, "[x = max(x)]ᵀ"),
    (total(quarter**2), x, "2 max(x − 0.9, 0)ᵀ"),
    (apply(np.sign, x) * apply(np.maximum, apply(np.abs, x) - t, zero), x, "diag([|x| > t])"),
    (FUNCTIONS[np.where](apply(np.greater, x, w), x * x, w), x, "2 diag([x > w] ⊙ x)"),
    (x * apply("scipy.special.expit", x), x, "diag(σ(x) ⊙ (1 + x ⊙ (1 − σ(x))))"),
    (det(inv(S)), S, "−S⁻¹ / det(S)"),
    (inv(T), t, "−(SSᵀ + tI)⁻²"),
    (einsum("ij,jk->ik", A, inv(S)), A, "∂f_ij/∂A_kl = (S⁻¹)_lj δ_ik"),
    (apply(np.linalg.slogdet, einsum("ij,jk->ik", S, inv(A)))[1], S, "S⁻¹"),
    (apply(np.linalg.cholesky, T), t, "L Φ(L⁻¹L⁻ᵀ), with L = chol(SSᵀ + tI)"),
    (total(centred**2), x, "2 (x − 𝟏ᵀx / D)ᵀ"),
    (einsum("i,ij,j->", x + t * w, A, x + t * w), t, "wᵀ(A + Aᵀ)(x + tw)"),
    (apply(np.kron, b, x), x, "b ⊗ I_D"),
    (apply(np.concatenate, [x, 2 * w]), w, "2 [0; I]"),
    (apply(np.sum, apply(np.linalg.eigvalsh, S)), S, "I"),
    (x / norm(x) * t, x, "t (I / ‖x‖ − xxᵀ / ‖x‖³)"),
]


@pytest.mark.parametrize("f, by, printed", PRINTED, ids=[p for _, _, p in PRINTED])
def test_printed(f, by, printed, rng):
    m = derivative(prepared(f), by)
    made = formula(m, variable=by.attrs[0])
    assert made.text().replace("U", "L") == printed
    known = numbers([f, m.to_dense()], rng)
    wanted = np.asarray(concrete(derivative(f, by).to_dense(), known))
    got = made.value(known, SIZES) if made.plain is not None else made.index.value(known, wanted.shape, SIZES)
    assert np.allclose(np.reshape(got, wanted.shape), wanted)


def test_the_user_s_own_writing_is_kept():
    assert describe(1 / (1 + exp(-x))) == "1 ⊘ (1 + exp(−x))"
    assert describe(det(inv(S))) == "det(S⁻¹)"


def test_operations_along_different_axes_are_different(rng):
    X = variable("X", (N, D))
    f = apply("scipy.special.softmax", X, axis=0) + apply("scipy.special.softmax", X, axis=1)
    e = Matrices().of(f)
    known = numbers(f, rng)
    assert np.allclose(value(e, known, SIZES), concrete(f, known))


def test_overlapping_parts_are_added_not_put_side_by_side(rng):
    v = variable("v", (N,))
    f = total(apply(np.abs, shifted(v, 1, N - 1) - shifted(v, 0, N - 1)))
    m = derivative(f, v)
    known = numbers([f, m.to_dense()], rng)
    made = formula(m)
    assert made.text() == "([0; u] − [u; 0])ᵀ, with u = sign(v_{2:N} − v_{1:N−1})"
    assert np.allclose(made.value(known, SIZES), concrete(m.to_dense(), known))
