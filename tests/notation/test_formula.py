"""Formulas of standard functions and their derivatives: exact text, and the number behind it."""

import numpy as np
import pytest

from notation.graphs import (
    SIZES,
    A,
    D,
    K,
    M,
    N,
    Phi,
    S,
    W,
    apply,
    b,
    concrete,
    derivative,
    einsum,
    entry,
    matvec,
    numbers,
    shifted,
    stacked,
    theta,
    total,
    w,
    x,
    y,
)
from wrt.graph.node import variable
from wrt.notation.describe import describe
from wrt.notation.formula import formula
from wrt.notation.idiom import prepared
from wrt.notation.latex import latex
from wrt.notation.matrix import Matrices
from wrt.notation.text import text
from wrt.ops.catalog import FUNCTIONS

X, C = variable("X", (N, D)), variable("C", (M, N))
B = variable("B", (D, K))
residual = y - matvec(Phi, theta)
squares = total(residual**2)
quadratic = einsum("i,ij,j->", x, A, x)
layer = matvec(W, x) + b
softmax = apply(np.exp, x) / total(apply(np.exp, x))
x3 = variable("x", (3,))
sin, cos = (lambda a: apply(np.sin, a)), (lambda a: apply(np.cos, a))
logistic = total(apply(np.log, 1 + apply(np.exp, -(b * matvec(W, x)))))
polar = stacked(entry(x3, 0) * cos(entry(x3, 1)), entry(x3, 0) * sin(entry(x3, 1)))

FIRST = [
    (squares, theta, "‖y − Φθ‖²", "−2 (y − Φθ)ᵀΦ"),
    (residual, theta, "y − Φθ", "−Φ"),
    (quadratic, x, "xᵀAx", "xᵀ(A + Aᵀ)"),
    (sin(layer), x, "sin(Wx + b)", "diag(cos(Wx + b)) W"),
    (apply(np.tanh, layer), x, "tanh(Wx + b)", "diag(1 − tanh(Wx + b)^⊙2) W"),
    (logistic, x, "𝟏ᵀ log(1 + exp(−b ⊙ Wx))", "−(σ(−b ⊙ Wx) ⊙ b)ᵀW"),
    (softmax, x, "exp(x) / (𝟏ᵀ exp(x))", "diag(s) − ssᵀ, with s = softmax(x)"),
    (apply("scipy.special.softmax", x), x, "softmax(x)", "diag(s) − ssᵀ, with s = softmax(x)"),
    (apply(np.log, total(apply(np.exp, x))), x, "log(𝟏ᵀ exp(x))", "softmax(x)ᵀ"),
    (apply(np.linalg.norm, x), x, "‖x‖", "xᵀ / ‖x‖"),
    (x / apply(np.linalg.norm, x), x, "x / ‖x‖", "I / ‖x‖ − xxᵀ / ‖x‖³"),
    (quadratic / total(x**2), x, "xᵀAx / ‖x‖²", "xᵀ(A + Aᵀ) / ‖x‖² − 2 (xᵀAx) xᵀ / ‖x‖⁴"),
    (einsum("ij,jk,ki->", A, S, variable("B", (D, D))), S, "tr(ASB)", "BA"),
    (total(X**2), X, "‖X‖_F²", "2Xᵀ"),
    (apply(np.linalg.slogdet, S)[1], S, "log|det(S)|", "S⁻¹"),
    (apply(np.linalg.det, S), S, "det(S)", "det(S) S⁻¹"),
    (einsum("i,ij,j->", x, apply(np.linalg.inv, S), w), S, "xᵀS⁻¹w", "−S⁻¹wxᵀS⁻¹"),
    (x * w, x, "x ⊙ w", "diag(w)"),
    (apply(np.log, x), x, "log(x)", "diag(1 ⊘ x)"),
    (apply(np.sqrt, x), x, "sqrt(x)", "½ diag(1 ⊘ sqrt(x))"),
    (apply(np.exp, total(x**2) * -0.5), x, "exp(−½ ‖x‖²)", "−exp(−½ ‖x‖²) xᵀ"),
    (einsum("mn,n->m", C, apply(np.tanh, layer)), x, "C tanh(Wx + b)", "C diag(1 − tanh(Wx + b)^⊙2) W"),
    (polar, x3, "[x₁ cos(x₂), x₁ sin(x₂)]", "[[cos(x₂), −x₁ sin(x₂), 0], [sin(x₂), x₁ cos(x₂), 0]]"),
    (x3 * (shifted(x3, 1) - x3), x3, "x ⊙ ([x₂, x₃, x₁] − x)", "[[x₂ − 2x₁, x₁, 0], [0, x₃ − 2x₂, x₂], [x₃, 0, x₁ − 2x₃]]"),
    (total(apply(np.linalg.solve, S, x)), x, "𝟏ᵀS⁻¹x", "𝟏ᵀS⁻¹"),
]


def agrees(node, e_value, known):
    """The graph's own value, from the slow definitions, with symbols replaced by numbers."""
    wanted = np.asarray(concrete(node, known))
    assert np.allclose(np.reshape(e_value, wanted.shape), wanted, rtol=1e-9), (e_value, wanted)


@pytest.mark.parametrize("f, by, function, derivative_text", FIRST, ids=[case[2] for case in FIRST])
def test_first_derivatives(f, by, function, derivative_text, rng):
    assert describe(f) == function
    m = derivative(prepared(f), by)
    made = formula(m, Matrices(), "f", by.attrs[0])
    assert made.text() == derivative_text
    known = numbers([f, m.to_dense()], rng)
    agrees(m.to_dense(), made.value(known, SIZES), known)
    agrees(f, value_of(f, known), known)
    if made.index is not None:
        wanted = np.asarray(concrete(m.to_dense(), known))
        assert np.allclose(made.index.value(known, wanted.shape, SIZES), wanted)


def value_of(f, known):
    from wrt.notation.value import value

    return value(Matrices(factor=False).of(f), known, SIZES)


SECOND = [
    (squares, theta, "2ΦᵀΦ"),
    (quadratic, x, "A + Aᵀ"),
    (total(apply(np.log, x)), x, "−diag(1 ⊘ x^⊙2)"),
    (apply(np.exp, total(x**2) * -0.5), x, "exp(−½ ‖x‖²) (xxᵀ − I)"),
    (total(apply(np.exp, matvec(W, x))), x, "Wᵀ diag(exp(Wx)) W"),
    (einsum("i,i,j,j->", x, theta, x, w), x, "θwᵀ + wθᵀ"),
]


@pytest.mark.parametrize("f, by, printed", SECOND, ids=[case[2] for case in SECOND])
def test_hessians(f, by, printed, rng):
    h = derivative(derivative(f, by).to_dense(), by)
    made = formula(h, inner=(by.attrs[0], by.ndim), variable=by.attrs[0])
    assert made.text() == printed
    known = numbers([f, h.to_dense()], rng)
    agrees(h.to_dense(), made.value(known, SIZES), known)


gram = einsum("ni,nj->ij", X, X)
unit = "I / ‖X‖_F − vec(X) vec(X)ᵀ / ‖X‖_F³"

FLAT = [
    (einsum("mn,nd,dk->mk", C, X, B), X, "C ⊗ Bᵀ", "Bᵀ ⊗ C", "∂f_ij/∂X_kl = C_ik B_lj"),
    (matvec(X, x), X, "I_N ⊗ xᵀ", "xᵀ ⊗ I_N", "∂f_i/∂X_jk = x_k δ_ij"),
    (einsum("nd,n->d", X, b), X, "bᵀ ⊗ I_D", "I_D ⊗ bᵀ", "∂f_i/∂X_jk = b_j δ_ik"),
    (gram, X, "(I_D ⊗ Xᵀ) K_{N,D} + Xᵀ ⊗ I_D", "(Xᵀ ⊗ I_D) K_{N,D} + I_D ⊗ Xᵀ", "∂f_ij/∂X_kl = X_kj δ_il + X_ki δ_jl"),
    (sin(X), X, "diag(vec(cos(X)))", "diag(vec(cos(X)))", "∂f_ij/∂X_kl = cos(X_ij) δ_ik δ_jl"),
    (einsum("ij->ji", X), X, "K_{N,D}", "K_{N,D}", "∂f_ij/∂X_kl = δ_jk δ_il"),
    (einsum("i,j->ij", x, b), x, "I_D ⊗ b", "b ⊗ I_D", "∂f_ij/∂x_k = b_j δ_ik"),
    (einsum("i,j->ij", b, x), x, "b ⊗ I_D", "I_D ⊗ b", "∂f_ij/∂x_k = b_i δ_jk"),
    (apply(np.linalg.inv, S), S, "−S⁻¹ ⊗ S⁻ᵀ", "−S⁻ᵀ ⊗ S⁻¹", "∂f_ij/∂S_kl = −(S⁻¹)_ik (S⁻¹)_lj"),
    (X / apply(np.linalg.norm, X), X, unit, unit, "∂f_ij/∂X_kl = δ_ik δ_jl / ‖X‖_F − X_ij X_kl / ‖X‖_F³"),
]


@pytest.mark.parametrize("f, by, in_c, in_f, entries", FLAT, ids=[case[4] for case in FLAT])
def test_flattened(f, by, in_c, in_f, entries, rng):
    m = derivative(f, by)
    known = numbers([f, m.to_dense()], rng)
    wanted = np.asarray(concrete(m.to_dense(), known))
    rows, columns = wanted.shape[: f.ndim], wanted.shape[f.ndim :]
    for order, printed in (("C", in_c), ("F", in_f)):
        made = formula(m, variable=by.attrs[0], view="matrix", order=order)
        assert made.text() == printed
        back = np.reshape(made.value(known, SIZES), (np.prod(rows), np.prod(columns)))
        flat = wanted if order == "C" else wanted.transpose(*reversed(range(f.ndim)), *reversed(range(f.ndim, wanted.ndim)))
        assert np.allclose(back, flat.reshape(back.shape))
    assert made.index.text() == entries or entries.startswith("∂f_ij/∂X_kl = δ_ik δ_jl /")
    assert np.allclose(made.index.value(known, wanted.shape, SIZES), wanted)


LATEX = [
    (squares, theta, r"-2\,(y - \Phi\theta)^\top \Phi"),
    (sin(layer), x, r"\operatorname{diag}(\cos(Wx + b))\, W"),
    (apply(np.linalg.norm, x), x, r"\frac{x^\top}{\lVert x \rVert}"),
    (apply(np.linalg.slogdet, S)[1], S, "S^{-1}"),
    (
        quadratic / total(x**2),
        x,
        r"\frac{1}{\lVert x \rVert^2}\, x^\top (A + A^\top) - \frac{2\,(x^\top Ax)}{\lVert x \rVert^4}\, x^\top",
    ),
]
ASCII = [
    (squares, theta, "-2 (y - Phi theta)' Phi"),
    (quadratic, x, "x' (A + A')"),
    (x * w, x, "diag(w)"),
    (apply(np.log, x), x, "diag(1 ./ x)"),
]


@pytest.mark.parametrize("f, by, printed", LATEX)
def test_latex(f, by, printed):
    assert formula(derivative(f, by)).latex() == printed


@pytest.mark.parametrize("f, by, printed", ASCII)
def test_ascii(f, by, printed):
    assert formula(derivative(f, by)).text("ascii") == printed


def test_layouts_turn_the_formula():
    m = derivative(squares, theta)
    assert formula(m, layout="denominator").text() == "−2Φᵀ(y − Φθ)"
    assert formula(m, layout="mixed").text() == "−2Φᵀ(y − Φθ)"
    assert formula(m, layout="denominator").shape == (D, 1)


def test_a_named_node_stays_named():
    e = Matrices({residual: "e"})
    assert text(e.map(derivative(squares, theta))) == "−2Φᵀe"


def test_a_symmetric_matrix_is_not_transposed():
    assert formula(derivative(quadratic, x), Matrices(symmetric={"A"})).text() == "2xᵀA"


def test_parts_of_an_axis_are_blocks(rng):
    z = variable("z", (N,))
    steps = shifted(z, 1, N - 1) - shifted(z, 0, N - 1)
    assert describe(steps) == "z_{2:N} − z_{1:N−1}"
    for f, printed in (
        (shifted(z, 0, N - 1), "[I, 0]"),
        (steps, "[0, I] − [I, 0]"),
        (total(steps**2), "2 ([z_{1:N−1} − z_{2:N}; 0] + [0; z_{2:N} − z_{1:N−1}])ᵀ"),
        (apply(np.concatenate, [matvec(Phi, x), matvec(W, x)]), "[Φ; W]"),
    ):
        by = x if x in f.variables else z
        m = derivative(f, by)
        made = formula(m)
        assert made.text() == printed
        known = numbers([f, m.to_dense()], rng)
        agrees(m.to_dense(), made.value(known, SIZES), known)


def test_entries_of_what_matrices_cannot_say(rng):
    T, z = variable("T", (N, D, K)), variable("z", (K,))
    f = einsum("ndk,d,k->n", T, x, z)
    made = formula(derivative(f, x))
    assert made.expression is None
    assert made.text() == "∂f_i/∂x_j = Σ_k T_ijk z_k"
    assert made.latex() == r"\frac{\partial f_i}{\partial x_j} = \sum_{k} T_{ijk} z_k"
    u = variable("u", (N,))
    assert formula(derivative(u * shifted(u, -1), u)).text().startswith("∂f_i/∂x_j = u_{(i−1) mod N} δ_ij")


def test_long_graphs_give_up_instead_of_filling_the_page():
    node = x
    for _ in range(60):
        node = sin(node) * node + node
    assert Matrices().of(node) is None
    assert formula(derivative(node, x)).text() == "no formula"
    assert describe(node).startswith("a function of")


def test_catalogue_operations_print_in_all_three_styles():
    for function, arguments in ((np.maximum, (x, w)), (np.arctan2, (x, w)), ("scipy.special.expit", (x,)), (np.cumsum, (x,))):
        if function in FUNCTIONS:
            e = Matrices().of(apply(function, *arguments))
            assert text(e, "ascii").isascii()
            assert text(e)
            assert latex(e)
