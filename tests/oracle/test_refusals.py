"""Inputs that must give an error or a qualification: never a number that means something else."""

import json
from pathlib import Path

import numpy as np
import pytest

import wrt

CASES = {case["id"]: case for case in json.loads((Path(__file__).parents[1] / "data" / "refusals.json").read_text())["cases"]}
X = np.array([1.0, -2.0, 3.0])


def derived(case, **options):
    return wrt.derive(case["expr"], wrt=case["wrt"], shapes=case["vars"], **options)


def function(case):
    space = {"np": np}
    exec(case["source"], space)
    return space["f"]


@pytest.mark.parametrize("name, words", [
    ("rf-shape-matvec", ["A is M×N", "x is M", "sizes N and M differ"]),
    ("rf-shape-add", ["M and N differ"]),
    ("rf-det-rect", ["X is M×N", "square"]),
    ("rf-unknown-wrt", ["z is not a variable", "x, A"]),
    ("rf-argmax", ["needs the value"]),
])  # fmt: skip
def test_errors(name, words):
    with pytest.raises(wrt.WrtError) as caught:
        derived(CASES[name])
    for word in words:
        assert word in str(caught.value)


def test_an_absent_variable_is_zero_and_said_to_be():
    d = derived(CASES["rf-absent-wrt"])
    np.testing.assert_array_equal(d(x=X, A=np.eye(3)), np.zeros((3, 3)))
    assert "f does not depend on A" in d.formula


def test_steps_are_zero_and_said_to_be_piecewise_constant():
    d = derived(CASES["rf-round"])
    np.testing.assert_array_equal(d(x=X), np.zeros(3))
    assert "piecewise constant" in d.formula


@pytest.mark.parametrize("name, values, expected", [
    ("rf-abs-zero", {"x": [0.0, -2.0, 3.0]}, [0.0, -1.0, 1.0]),
    ("rf-norm-zero", {"x": [0.0, 0.0, 0.0]}, [0.0, 0.0, 0.0]),
    ("rf-max-tie", {"x": [3.0, 1.0, 3.0]}, [0.5, 0.0, 0.5]),
])  # fmt: skip
def test_at_kinks_the_convention_holds(name, values, expected):
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(derived(CASES[name])(**values), expected)


def test_conventions_are_said():
    case = CASES["rf-layout-scalar-matrix"]
    views = derived(case).views
    assert views["numerator layout"].startswith("A ∈ R^{N×M}")
    assert views["denominator layout"].startswith("Aᵀ ∈ R^{M×N}")
    assert derived(CASES["rf-sym-convention"]).formula == "S⁻¹" or "S⁻ᵀ" in derived(CASES["rf-sym-convention"]).formula
    assert derived(CASES["rf-row-col"]).formula == "I"
    assert "δ" in derived(CASES["rf-star-matrix"]).formula  # three axes: A * x broadcasts


def test_inplace_assignment():
    np.testing.assert_array_equal(wrt.gradient(function(CASES["rf-inplace"]))(X + 1), [4.0, 1.0, 1.0])


def test_a_branch_is_guarded_in_numbers_and_refused_in_formulas():
    f = function(CASES["rf-branch"])
    G = wrt.gradient(f)
    np.testing.assert_array_equal(G(X), 2 * X)
    np.testing.assert_array_equal(G(-X), np.ones(3))
    with pytest.raises(wrt.Unsupported, match="needs the value"):
        wrt.derive(f, wrt="x", shapes={"x": "N"})
