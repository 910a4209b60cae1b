"""Formulas for terminals that know no Unicode."""

import io

import pytest

from wrt.cli.stream import ascii_form, encodable, say


@pytest.mark.parametrize(
    "text, plain",
    [
        ("−2 (y − Φθ)ᵀΦ ∈ R^{1×D}", "-2 (y - Phi theta)' Phi in R^{1 x D}"),
        ("∂L/∂θ = ∂L/∂e · ∂e/∂θ", "dL/dtheta = dL/de * de/dtheta"),
        ("‖y − Φθ‖²", "||y - Phi theta||^2"),
        ("2ΦᵀΦ", "2 Phi' Phi"),
        ("aᵀX⁻¹b", "a' X^-1 b"),
        ("X⁻ᵀ", "X^-T"),
        ("Σ⁻¹(x − μ)", "Sigma^-1(x - mu)"),
        ("Φ(x − y)", "Phi (x - y)"),
        ("x₁² + x₁₂y", "x_1^2 + x_12 y"),
        ("Σ_k A_ik δ_jl", "sum_k A_ik delta_jl"),
        ("½xᵀA", "(1/2)x' A"),
        ("A ⊗ Bᵀ ⊙ C", "A (x) B' .* C"),
        ("nothing [to] do", "nothing [to] do"),
    ],
)
def test_ascii(text, plain):
    assert ascii_form(text) == plain
    assert plain.isascii()


def written(text: str, encoding: str) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    say(text, stream)
    stream.flush()
    return raw.getvalue().decode(encoding)


def test_each_stream_gets_what_it_can_take():
    assert written("θᵀx²", "utf-8") == "θᵀx²\n"
    assert written("θᵀx²", "ascii") == "theta' x^2\n"
    assert written("θᵀx²", "cp1252") == "theta' x^2\n"
    assert written("x²", "cp1252") == "x²\n"
    assert written("θᵀ", "cp1253") == "theta'\n"


def test_what_has_no_ascii_form_is_escaped():
    assert written("数 = θ", "ascii") == "\\u6570 = theta\n"
    assert not encodable("\udcff", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert written("\udcff", "utf-8") == "\\udcff\n"
