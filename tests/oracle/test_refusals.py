"""Inputs that must give an error, a warning or a qualification: never a number that means something else."""

import json
from pathlib import Path

import numpy as np
import pytest

import wrt

CASES = {case["id"]: case for case in json.loads((Path(__file__).parents[1] / "data" / "refusals.json").read_text())["cases"]}
X = np.array([1.0, -2.0, 3.0])


def derived(name, **options):
    case = CASES[name]
    return wrt.derive(case["expr"], wrt=case["wrt"], shapes=case["vars"], **options)


def said(d):
    """Everything that is printed with the answer."""
    if not hasattr(d, "notes"):  # until derive carries them
        from wrt.notation.remarks import remarks

        built = d._symbolic()
        return "\n".join([str(d), *remarks(built.node, built.variables[d.wrt[-1]], d._map)])
    return "\n".join([str(d), *d.notes])


def function(name):
    space = {"np": np}
    exec(CASES[name]["source"], space)
    return space["f"]


# ----- errors ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name, kind, words, carets", [
    ("rf-shape-matvec", wrt.ShapeError, ["A is M×N", "x is M", "sizes N and M differ", "Sizes known so far"], "^   ^"),
    ("rf-shape-add", wrt.ShapeError, ["M and N differ", "Sizes known so far"], "^^^^^   ^"),
    ("rf-det-rect", wrt.ShapeError, ["X is M×N", "square"], "^^^^^^^^^^^^^^^^"),
    ("rf-unknown-wrt", wrt.ArgumentError, ["z is not a variable", "x, A"], ""),
    ("rf-argmax", wrt.Unsupported, ["piecewise constant", "zero wherever it exists", "np.max"], "^^^^^^^^^^^^"),
])  # fmt: skip
def test_errors(name, kind, words, carets):
    with pytest.raises(kind) as caught:
        derived(name)
    message = str(caught.value)
    assert [word for word in words if word not in message] == []
    assert carets in [line.strip() for line in message.splitlines()] or not carets


def test_a_branch_is_guarded_in_numbers_and_refused_in_formulas():
    f = function("rf-branch")
    G = wrt.gradient(f)
    np.testing.assert_array_equal(G(X), 2 * X)
    np.testing.assert_array_equal(G(-X), np.ones(3))
    with pytest.raises(wrt.Unsupported, match="needs the value") as caught:
        wrt.derive(f, wrt="x", shapes={"x": "N"})
    assert "line 2" in str(caught.value) or "x[0] > 0" in str(caught.value)


# ----- values ---------------------------------------------------------------------------------------------------------
def test_an_absent_variable_is_zero_and_said_to_be():
    d = derived("rf-absent-wrt")
    np.testing.assert_array_equal(d(x=X, A=np.eye(3)), np.zeros((3, 3)))
    assert "f does not depend on A" in d.formula


def test_inplace_assignment():
    np.testing.assert_array_equal(wrt.gradient(function("rf-inplace"))(X + 1), [4.0, 1.0, 1.0])


# ----- warnings: what is returned at the point, and that it is said ---------------------------------------------------
@pytest.mark.parametrize("name, point, expected, words", [
    ("rf-round", {"x": X}, np.zeros(3), ["piecewise constant"]),
    ("rf-abs-zero", {"x": [0.0, -2.0, 3.0]}, [0.0, -1.0, 1.0], ["not differentiable at 0", "taken as 0"]),
    ("rf-norm-zero", {"x": np.zeros(3)}, np.zeros(3), ["not differentiable at 0", "taken as 0"]),
    ("rf-max-tie", {"x": [3.0, 1.0, 3.0]}, [0.5, 0.0, 0.5], ["at ties", "share"]),
    ("rf-eig-repeated", {"X": np.eye(2)}, [[[1, 0], [0, 0]], [[0, 0], [0, 1]]], ["coincide", "sums over all of them have"]),
])  # fmt: skip
def test_at_kinks_the_convention_holds_and_is_said(name, point, expected, words):
    d = derived(name)
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(d(**point), expected)
    assert [word for word in words if word not in said(d)] == []


@pytest.mark.parametrize("text, expected", [
    ("np.linalg.eigvalsh((X + X.T)/2)[-1]", [[0, 0], [0, 1]]),
    ("np.sum(np.linalg.eigvalsh((X + X.T)/2))", np.eye(2)),
    ("np.linalg.norm(X, 'nuc')", np.eye(2)),
    ("np.linalg.norm(X, 2)", np.eye(2) / 2),
    ("np.linalg.norm(X)", np.eye(2) / np.sqrt(2)),
    ("np.max(X)", [[0.5, 0], [0, 0.5]]),
    ("np.sum(np.sort(np.diag(X)))", np.eye(2)),
])  # fmt: skip
def test_at_the_identity_there_is_no_nan_where_a_convention_exists(text, expected):
    np.testing.assert_allclose(wrt.derive(text, wrt="X", shapes={"X": "N N"})(X=np.eye(2)), expected, atol=1e-15)


# ----- qualifications -------------------------------------------------------------------------------------------------
def test_layouts_are_said():
    d = derived("rf-layout-scalar-matrix")
    assert d.views["numerator layout"].startswith("A ∈ R^{N×M}")
    assert d.views["denominator layout"].startswith("Aᵀ ∈ R^{M×N}")
    assert "N×M" in said(d)
    assert "M×N" in said(d)


def test_the_symmetric_convention_is_said():
    S = np.array([[2.0, 0.5], [0.5, 1.0]])
    np.testing.assert_allclose(derived("rf-sym-convention")(S=S), np.linalg.inv(S))
    assert derived("rf-sym-convention").in_layout("denominator").startswith("S⁻ᵀ")
    assert "invertible" in said(derived("rf-sym-convention"))


def test_a_vector_has_no_transpose():
    assert derived("rf-row-col").formula == "I"


def test_a_star_broadcasts():
    d = derived("rf-star-matrix")
    assert d.shape == (d.shape[0],) * 3
    assert "A @ x" in said(d)


def test_cholesky_reads_one_triangle():
    d = derived("rf-chol-sym")
    S = np.array([[2.0, 0.5], [0.5, 1.0]])
    assert not d(S=S)[:, :, 0, 1].any()  # not read
    np.testing.assert_allclose(d(S=S), wrt.numeric.jacobian(np.linalg.cholesky, S).value, rtol=1e-9, atol=1e-9)
    both = wrt.derive("np.linalg.cholesky((S + S.T) / 2)", wrt="S", shapes={"S": "D D"})
    np.testing.assert_allclose(both(S=S), (d(S=S) + np.swapaxes(d(S=S), 2, 3)) / 2, rtol=1e-12)
    assert "one triangle" not in said(both)
    assert "symmetric" in said(d)
    assert "one triangle" in said(d)


def test_every_case_is_tested():
    source = Path(__file__).read_text()
    assert [name for name in CASES if f'"{name}"' not in source] == []
