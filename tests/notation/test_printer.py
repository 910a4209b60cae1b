"""Names, numbers, precedence and spaces: how small expressions look in each notation."""

import numpy as np
import pytest

from wrt.graph.size import symbol
from wrt.notation.build import diag, hadamard, product, quotient, transpose
from wrt.notation.entrywise import power
from wrt.notation.expression import Array, Entry, Inverse, Norm, Number, Subscript, Sum, Symbol
from wrt.notation.latex import latex
from wrt.notation.printer import affine_text, one_based
from wrt.notation.substitute import substituted
from wrt.notation.symbol import latex_name, unicode_name
from wrt.notation.text import text
from wrt.notation.total import total
from wrt.notation.value import value

s, t = Symbol("s"), Symbol("t")
x, y, loss = Symbol("x", "column"), Symbol("y", "column"), Symbol("loss", "column")
A, B = Symbol("A", "matrix"), Symbol("B", "matrix")


@pytest.mark.parametrize(
    "name, shown, typeset",
    [
        ("theta", "θ", r"\theta"), ("Phi", "Φ", r"\Phi"), ("x1", "x₁", "x_1"), ("x_12", "x₁₂", "x_{12}"), ("lam", "λ", r"\lambda"),
        ("lambda_", "λ", r"\lambda"), ("theta0", "θ₀", r"\theta_0"), ("loss", "loss", r"\mathrm{loss}"), ("y_i", "y_i", "y_i"),
        ("A_hat", "A_hat", r"\mathrm{A\_hat}"), ("X", "X", "X"),
    ],
)  # fmt: skip
def test_names(name, shown, typeset):
    assert unicode_name(name) == shown
    assert latex_name(name) == typeset


@pytest.mark.parametrize(
    "e, shown, plain, typeset",
    [
        (product((A, x), -2), "−2Ax", "-2 A x", "-2Ax"),
        (transpose(product((A, B, x))), "xᵀBᵀAᵀ", "x' B' A'", r"x^\top B^\top A^\top"),
        (product((A, total((x, product((y,), -1))))), "A (x − y)", "A (x - y)", "A (x - y)"),
        (product((transpose(A), total((x, y)))), "Aᵀ(x + y)", "A' (x + y)", r"A^\top (x + y)"),
        (product((A, loss)), "A loss", "A loss", r"A\, \mathrm{loss}"),
        (product((s, t, x)), "stx", "s t x", "stx"),
        (product((x,), 0.5), "½x", "0.5 x", r"\tfrac{1}{2}x"),
        (product((x,), 1 / 6), "(1/6)x", "0.16666666666666666 x", r"\tfrac{1}{6}x"),
        (product((x,), 2.0), "2x", "2 x", "2x"),
        (hadamard((x, y, x)), "x^⊙2 ⊙ y", "x.^2 .* y", r"x^{\odot 2} \odot y"),
        (hadamard((x, product((A, y), -1))), "−x ⊙ Ay", "-x .* (A y)", r"-x \odot Ay"),
        (quotient(Number(1), x), "1 ⊘ x", "1 ./ x", r"1 \oslash x"),
        (quotient(x, s), "x / s", "x / s", r"\frac{x}{s}"),
        (quotient(product((A, x), -2), product((s, s))), "−2Ax / s²", "-2 A x / s^2", r"-\frac{2}{s^2}\, Ax"),
        (diag(product((s, x), 3)), "3s diag(x)", "3 s diag(x)", r"3s\, \operatorname{diag}(x)"),
        (transpose(Inverse(A)), "A⁻ᵀ", "inv(A)'", r"A^{-\top}"),
        (Inverse(total((A, B))), "(A + B)⁻¹", "inv(A + B)", "(A + B)^{-1}"),
        (power(Norm(x), Number(2)), "‖x‖²", "norm(x)^2", r"\lVert x \rVert^2"),
        (power(total((s, Number(1))), Number(0.3)), "(s + 1)^0.3", "(s + 1)^0.3", "(s + 1)^{0.3}"),
        (product((A, A, A)), "A³", "A^3", "A^3"),
        (Entry(x, (2,)), "x₃", "x[2]", "x_3"),
        (Entry(A, (None, 0)), "A_{:,1}", "A[:, 0]", "A_{:,1}"),
        (Entry(x, (symbol("N") - 1,)), "x_{N}", "x[N - 1]", "x_N"),
        (Array(((s,), (t,)), "column"), "[s, t]", "[s, t]", r"\begin{bmatrix} s \\ t \end{bmatrix}"),
    ],
)  # fmt: skip
def test_expressions(e, shown, plain, typeset):
    assert text(e) == shown
    assert text(e, "ascii") == plain
    assert latex(e) == typeset


@pytest.mark.parametrize(
    "terms, shown",
    [
        ((transpose(A), A), "A + Aᵀ"),
        ((product((transpose(A), A, x)), product((transpose(A), y), -1)), "Aᵀ(Ax − y)"),
        ((product((A, x)), product((transpose(A), x))), "(A + Aᵀ)x"),
        ((diag(x), product((diag(y),), 2)), "diag(x + 2y)"),
        ((product((A,), 2), product((B,), -2)), "2 (A − B)"),
        ((product((x,), -1), y), "y − x"),
        ((x, x, x), "3x"),
        ((product((s, x)), product((s, y))), "s (x + y)"),
        ((x, product((x,), -1)), "0"),
    ],
)
def test_sums(terms, shown):
    assert text(total(terms)) == shown


def test_what_the_user_wrote_is_not_factored():
    assert text(total((product((A, x)), product((A, y))), factor=False)) == "Ax + Ay"


def test_subscripts_count_from_one():
    n = symbol("N")
    assert affine_text(*one_based(Subscript((("i", 1),), 1))) == "i+1"
    assert affine_text(*one_based(Subscript((("i", -1),), n - 1))) == "N+1-i"
    assert affine_text(*one_based(Subscript((("i", 2),)))) == "2i-1"
    assert affine_text(*one_based(Subscript((), 0))) == "1"
    assert affine_text(*one_based(Subscript((("i", 1),), n - 1, n))) == "i-1"


def test_substitution_simplifies():
    e = transpose(x)
    assert text(substituted(product((e,), 2), {"x": total((y, product((A, y), -1)))})) == "2 (y − Ay)ᵀ"


def test_a_column_and_a_row_never_meet_entry_by_entry():
    with pytest.raises(ValueError, match="no formula"):
        value(Sum((x, transpose(y))), {"x": np.ones(3), "y": np.ones(3)})
