"""What a Derivative gives beside the formula: notes, levels of detail, HTML, code for other libraries, products and solutions."""

import copy
import pickle

import jax
import numpy as np
import pytest

import wrt

LEAST_SQUARES = {"shapes": {"y": "N", "Phi": "N D", "theta": "D"}}


@pytest.fixture
def least_squares():
    return wrt.derive("sum((y - Phi @ theta)**2)", "theta", **LEAST_SQUARES)


@pytest.mark.parametrize(
    "text, note",
    [
        ("sum(abs(x))", "|x| is not differentiable at 0, where the slope is taken as 0."),
        ("norm(x)", "‖x‖ is not differentiable at 0, where the derivative is taken as 0."),
        ("max(x)", "max(x) is not differentiable at ties, where the extreme entries share the derivative equally."),
        ("A*x", "A * x scales the columns of A; for the matrix product write A @ x."),
    ],
)
def test_notes(text, note):
    d = wrt.derive(text, "x")
    assert note in d.notes
    assert note in str(d)


def test_a_symmetric_matrix_has_the_frobenius_gradient(rng):
    d = wrt.derive("trace(A @ S @ S)", "S", shapes={"A": "N N", "S": "N N"}, assume={"S": "symmetric"})
    A, S = rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    S = S + S.T
    G = wrt.derive("trace(A @ S @ S)", "S", shapes={"A": "N N", "S": "N N"})(A=A, S=S)
    np.testing.assert_allclose(d(A=A, S=S), (G + G.T) / 2)
    assert d.check().difference < 1e-8
    assert any("Frobenius" in note for note in d.notes)
    assert wrt.derive("slogdet(S)[1]", "S", assume={"S": "symmetric"}).formula == "S⁻¹"


def test_only_square_variables_can_be_symmetric():
    with pytest.raises(wrt.ShapeError, match="A cannot be symmetric: it is M×N"):
        wrt.derive("A @ x", "x", shapes={"A": "M N"}, assume={"A": "symmetric"})
    with pytest.raises(wrt.ArgumentError, match="'positive'} is not known"):
        wrt.derive("A @ x", "x", assume={"A": "positive"})


@pytest.mark.parametrize("level", ["answer", "chain", "every"])
@pytest.mark.parametrize(
    "text, by, shapes",
    [
        ("sum((y - Phi @ theta)**2)", "theta", {"Phi": "N D"}),
        ("tanh(W @ x + b)", "x", None),
        ("trace(A @ X @ B @ X)", "X", {"A": "N M", "X": "M N", "B": "N M"}),
        ("A @ X @ B", "X", {"A": "K M", "X": "M N", "B": "N P"}),
    ],
)
def test_every_line_of_every_level_is_checked(level, text, by, shapes):
    steps = wrt.derive(text, by, shapes=shapes).explain(level)
    assert steps.lines < 1e-10
    assert steps.evidence.difference < 1e-8
    assert "each line evaluated at a random point: largest difference" in str(steps)


def test_levels_differ(least_squares):
    answer, chain, every = (str(least_squares.explain(level)) for level in ("answer", "chain", "every"))
    assert answer.count("\n") < chain.count("\n") < every.count("\n")


def test_html_is_mathml(least_squares):
    shown = least_squares._repr_html_()
    assert shown.startswith('<div class="wrt">')
    assert "<math" in shown
    assert "R^{1×D}" in shown


def test_code_runs_and_says_its_formula(least_squares, rng):
    for target in ("numpy", "jax"):
        space = {}
        exec(least_squares.source(target), space)
        y, Phi, theta = rng.standard_normal(5), rng.standard_normal((5, 3)), rng.standard_normal(3)
        value, derivative = space["value_and_derivative"](y, Phi, theta)
        np.testing.assert_allclose(value, np.sum((y - Phi @ theta) ** 2))
        np.testing.assert_allclose(derivative, -2 * (y - Phi @ theta) @ Phi)
    assert jax.config.jax_enable_x64
    assert least_squares.source("latex") == least_squares.latex
    assert "−2 (y − Φθ)ᵀΦ" in least_squares.code


def test_an_unknown_target_is_refused(least_squares):
    with pytest.raises(wrt.ArgumentError, match="no target 'fortran'"):
        least_squares.source("fortran")


FACTORIZATION = {"expression": "norm(T - U @ V.T)**2", "wrt": ("U", "U"), "shapes": {"T": "M N", "U": "M K", "V": "N K"}}


def test_the_factorization_hessian_keeps_its_core(rng):
    d = wrt.derive(**FACTORIZATION)
    values = {"T": rng.standard_normal((6, 5)), "U": rng.standard_normal((6, 2)), "V": rng.standard_normal((5, 2))}
    H = d(**values)
    assert d.structure.kind == "Kronecker"
    assert "core" in d.structure.reason
    operator, v = d.operator(**values), rng.standard_normal(12)
    np.testing.assert_allclose(operator @ v, H.reshape(12, 12) @ v)
    np.testing.assert_allclose(operator.T @ v, H.reshape(12, 12).T @ v)
    b = rng.standard_normal((6, 2))
    np.testing.assert_allclose(np.tensordot(H, d.solve(b, **values), 2), b, atol=1e-12)


def test_products_with_a_core_need_no_array_of_order_four(rng):
    d = wrt.derive(**FACTORIZATION)
    values = {"T": rng.standard_normal((20_000, 30)), "U": rng.standard_normal((20_000, 5)), "V": rng.standard_normal((30, 5))}
    b = rng.standard_normal((20_000, 5))  # the dense Hessian would take 80 GB
    x = d.solve(b, **values)
    np.testing.assert_allclose(d.operator(**values) @ x.ravel(), b.ravel(), atol=1e-9)


@pytest.mark.parametrize("text", ["log(1 + x @ x)", "sum(exp(x))", "x @ A @ x", "sum(sin(x)) + (a @ x)**2"])
def test_solve_for_each_structure(text, rng):
    shapes = {"x": "N", "A": "N N", "a": "N"}
    d = wrt.derive(text, ("x", "x"), shapes={k: v for k, v in shapes.items() if k in text})
    values = {"x": rng.uniform(0.2, 0.9, 4), "A": rng.standard_normal((4, 4)), "a": rng.standard_normal(4)}
    values = {k: v for k, v in values.items() if k in d.variables}
    b = rng.standard_normal(4)
    np.testing.assert_allclose(d(**values) @ d.solve(b, **values), b, atol=1e-9)


def test_a_rectangular_derivative_has_no_solutions(rng):
    d = wrt.derive("A @ x", "x", shapes={"A": "M N"})
    with pytest.raises(wrt.ShapeError, match="square"):
        d.solve(np.ones(3), A=np.ones((3, 4)), x=np.ones(4))


def test_a_zero_says_why_and_has_its_shape():
    d = wrt.derive("x @ x", "A", shapes={"x": "N", "A": "N N"})
    assert str(d).startswith("0 ∈ R^{N×N}   (zero: f does not depend on A)")
    assert not d(x=np.ones(2), A=np.ones((2, 2))).any()


def test_plain_ascii(least_squares):
    assert least_squares.ascii == "-2 (y - Phi theta)' Phi"


def test_greek_letters_name_variables():
    assert wrt.derive("y - Φ @ θ", "θ", shapes={"Φ": "N D"}).formula == "−Φ"


def test_einsum_is_one_line_that_runs(rng):
    d = wrt.derive("trace(A @ X @ B)", "X", shapes={"A": "K M", "X": "M N", "B": "N K"})
    space = {"np": np, "A": rng.standard_normal((2, 3)), "X": rng.standard_normal((3, 4)), "B": rng.standard_normal((4, 2))}
    exec(d.einsum, space)
    np.testing.assert_allclose(space["dfdX"], (space["B"] @ space["A"]).T)


def square(x):
    return x**2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda J: pickle.loads(pickle.dumps(J))])  # noqa: S301  # our own bytes
def test_a_jacobian_can_be_copied_and_sent(copied):
    J = wrt.jacobian(square)
    J(np.ones(2))
    np.testing.assert_array_equal(copied(J)(np.array([1.0, 3.0])), np.diag([2.0, 6.0]))


def test_both_views_of_a_tensor_are_explained():
    lines = wrt.derive("A @ X", "X", shapes={"A": "N M", "X": "M D"}).tensor.splitlines()
    assert lines[0].startswith("collate: the partial derivatives of f by the DM entries of X, each of shape (N, D)")
    assert lines[1].startswith("flatten: f as DN numbers and X as DM, the Jacobian of shape (D*N, D*M)")
    assert "∂f_ij/∂X_kl = A_ik δ_jl" in lines
    assert any("A ⊗ I_D   (vec in C order" in line for line in lines)
    assert any("I_D ⊗ A   (vec in F order" in line for line in lines)


def test_a_transpose_that_does_nothing_is_said():
    assert "x is 1-D: .T does nothing to it in NumPy. For a row write x[None, :]." in wrt.derive("x.T", "x").notes
