"""The Jacobian object: value_and, what results own, what is printed, how often the function runs."""

import numpy as np
import pytest

import wrt
from api.counting import runs

A = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])
X = np.array([0.3, 0.7, 1.1])


def residual(x, y):
    r = A @ np.sin(x)
    return r * r - y


Y = np.array([0.5, -1.0])
EXPECTED = 2 * (A @ np.sin(X))[:, None] * A * np.cos(X)


def test_value_and():
    value, J = wrt.jacobian(residual).value_and(X, Y)
    np.testing.assert_allclose(value, residual(X, Y), rtol=1e-15)
    np.testing.assert_allclose(J, EXPECTED, rtol=1e-13)
    value, (by_x, by_y) = wrt.jacobian(residual, ("x", "y")).value_and(X, Y)
    np.testing.assert_allclose(by_x, EXPECTED, rtol=1e-13)
    np.testing.assert_array_equal(by_y, -np.eye(2))


@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_modes_agree(mode):
    np.testing.assert_allclose(wrt.jacobian(residual, mode=mode)(X, Y), EXPECTED, rtol=1e-13)


# ----- preparation ----------------------------------------------------------------------------------------------------
def test_the_function_runs_once_for_each_set_of_shapes():
    def f(x): return np.sin(x) * x[0]

    J = wrt.jacobian(f)
    with runs(f) as seen:
        J(X)
        assert len(seen) == 1
        for x in (X + 1, 2 * X, list(X)):
            J(x)
            J.value_and(x)
            J.sparse(x)
            J.operator(x) @ x
        assert len(seen) == 1
        J(X[:2])
        assert len(seen) == 2
        J(X.astype(np.float32))
        assert len(seen) == 3
        J(X), J(X[:2])
        assert len(seen) == 3


def test_other_kinds_of_calls_share_the_trace():
    def f(x, k=2.0): return np.exp(x) * k

    for verb, more in ((wrt.hessian, {}), (wrt.jvp, {"tangent": X}), (wrt.vjp, {"cotangent": X})):
        D = verb(f)
        with runs(f) as seen:
            for x in (X, X + 1, X + 2):
                D(x, **more)
                D(x, 3.0, **more)
            assert len(seen) == 1


# ----- ownership ------------------------------------------------------------------------------------------------------
def test_the_jacobian_of_a_linear_map_is_the_matrix_itself_as_a_read_only_view():
    for J, args in ((wrt.jacobian(lambda x: A @ x), (X,)), (wrt.jacobian(lambda x, W: W @ x), (X, A))):
        for found in (J(*args), J.value_and(*args)[1]):
            assert np.shares_memory(found, A)
            assert not found.flags.writeable
            np.testing.assert_array_equal(found, A)
    assert A.flags.writeable
    found = wrt.jacobian(lambda x: A @ x, layout="denominator")(X)
    assert np.shares_memory(found, A)
    assert not found.flags.writeable


def test_all_other_results_are_new_and_writeable():
    J = wrt.jacobian(residual)
    first, again = J(X, Y), J(X, Y)
    first[:] = 0.0
    np.testing.assert_allclose(again, EXPECTED, rtol=1e-13)
    np.testing.assert_allclose(J(X, Y), EXPECTED, rtol=1e-13)


def test_results_do_not_share_memory_with_each_other():
    by_a, by_b = wrt.jacobian(lambda a, b: a + b, ("a", "b"))(X, X)
    by_a[:] = 7.0
    np.testing.assert_array_equal(by_b, np.eye(3))
    value, J = wrt.jacobian(lambda t, W: W * np.exp(t)).value_and(1.0, A)
    value[:] = 7.0
    np.testing.assert_allclose(J, A * np.e)
    (_, mixed), (other, _) = wrt.hessian(lambda a, b: np.sum(a * np.sin(b)), ("a", "b"))(X, X)
    mixed[:] = 7.0
    np.testing.assert_allclose(other, np.diag(np.cos(X)))


def test_the_users_arrays_are_never_written():
    def f(x, W):
        x *= 2.0
        x[0] = 1.0
        return W @ x

    x, W = X.copy(), A.copy()
    for array in (x, W):
        array.flags.writeable = False
    expected = A * [0.0, 2.0, 2.0]
    J = wrt.jacobian(f)
    np.testing.assert_array_equal(J(x, W), expected)
    np.testing.assert_array_equal(J.sparse(x, W).toarray(), expected)
    np.testing.assert_array_equal(J.operator(x, W) @ np.eye(3), expected)
    np.testing.assert_array_equal(wrt.vjp(f)(x, W, cotangent=np.ones(2)), expected.sum(0))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(W, A)


def test_side_effects_of_the_function_do_not_happen():
    seen = []

    def f(x):
        seen.append(x)
        return x

    wrt.jacobian(f)(X)
    assert seen == []


def test_strided_and_fortran_ordered_inputs():
    W = np.asfortranarray(np.arange(12.0).reshape(3, 4))
    for at in (W, W[::-1, ::2], W.T):
        found = wrt.jacobian(lambda W: np.sum(W**2, axis=0))(at)
        expected = 2 * np.einsum("jl,kl->jkl", np.eye(at.shape[1]), at)
        np.testing.assert_allclose(found, expected)


# ----- structural zeros -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("f, why", [
    (lambda x: np.ones(2), "the output does not depend on this input"),
    (lambda x: np.zeros(2) * len(x), "the output does not depend on this input"),
    (lambda x: np.floor(x[:2]), "the output is piecewise constant in this input"),
    (lambda x: np.array([np.argmax(x), np.sign(x[0])]), "the output is piecewise constant in this input"),
])  # fmt: skip
def test_a_zero_is_said_to_be_one_and_why(f, why):
    J = wrt.jacobian(f)
    np.testing.assert_array_equal(J(X), np.zeros((2, 3)))
    assert J(X).dtype == np.float64
    assert J.sparse(X).nnz == 0
    assert str(J.structure) == f"zero: {why}"
    assert f"zero: {why}" in repr(J)
    assert f"zero: {why}" in J.plan
    np.testing.assert_array_equal(wrt.vjp(f)(X, cotangent=np.ones(2)), np.zeros(3))
    np.testing.assert_array_equal(wrt.jvp(f)(X, tangent=np.ones(3)), np.zeros(2))


# ----- what is printed ------------------------------------------------------------------------------------------------
def test_before_the_first_call():
    J = wrt.jacobian(residual)
    assert repr(J) == "<jacobian of residual by x; numerator layout: outputs along rows, inputs along columns>"
    for name in ("source", "plan", "structure"):
        with pytest.raises(wrt.ArgumentError, match="call it once"):
            getattr(J, name)


def test_repr_names_the_verb_the_shapes_and_the_convention():
    said = {}
    for verb, more in (("jacobian", {}), ("hessian", {}), ("jvp", {"tangent": X}), ("vjp", {"cotangent": Y})):
        D = getattr(wrt, verb)(residual)
        D(X, Y, **more)
        said[verb] = repr(D)
    assert said["jacobian"].startswith("<jacobian of residual by x; (2, 3); numerator layout")
    assert said["hessian"].startswith("<hessian of residual by x; (2, 3, 3); ")
    assert said["jvp"].startswith("<jvp of residual by x; (2, 3)")
    assert said["vjp"].startswith("<vjp of residual by x; (2, 3)")
    J = wrt.jacobian(residual, ("x", "y"), layout="denominator")
    J(X, Y)
    assert repr(J) == "<jacobian of residual by x, y; (2, 3), (2, 2); denominator layout: inputs along rows, outputs along columns>"


@pytest.mark.parametrize("f, kind", [
    (lambda x: x, "identity"), (np.sin, "diagonal"), (lambda x: x[1:] - x[:-1] ** 2, "banded"), (lambda x: A @ np.sin(x), "dense"),
    (lambda x: x[[2, 0]], "selection"), (lambda x: np.sum(x) * np.arange(4.0), "low rank"), (lambda x: x * np.sum(x), "diagonal + low rank"),
])  # fmt: skip
def test_structure_has_a_kind_and_a_reason(f, kind):
    J = wrt.jacobian(f)
    J(X)
    assert J.structure.kind == kind
    assert str(J.structure).startswith(f"{kind}: ")
    assert str(J.structure) in J.plan


def test_structure_of_second_derivatives_is_theirs():
    H = wrt.hessian(lambda x: np.sum(x**3))
    H(X)
    assert H.structure.kind == "diagonal"
    assert H.plan.startswith("∂f/∂x: x(3,) -> (3,)   diagonal")
    H = wrt.hessian(lambda a, b: a @ np.sin(b), ("a", "b"))
    H(X, X)
    assert [s.kind for s in H.structure] == ["zero", "diagonal", "diagonal", "diagonal"]
    assert [line.split("   ")[0] for line in H.plan.splitlines()[:4]] == [f"∂f/∂{a}: {b}(3,) -> (3,)" for a in "ab" for b in "ab"]


def test_plan_says_what_is_computed_in_which_order():
    J = wrt.jacobian(residual)
    J(X, Y)
    lines = J.plan.splitlines()
    assert lines[0].startswith("residual: x(3,) -> (2,)   dense: ")
    assert lines[1].startswith("accumulated in ")
    assert "def jacobian(x, y):" in J.plan


@pytest.mark.parametrize("f, args", [
    (residual, (X, Y)), (lambda x: A @ x, (X,)), (lambda x: np.linalg.solve(np.diag(x) + 1.0, x), (X,)), (lambda x: np.cumsum(x)[::2], (X,)),
])  # fmt: skip
def test_source_runs_as_it_is(f, args):
    J = wrt.jacobian(f)
    expected = J(*args)
    space = {}
    exec(J.source, space)
    np.testing.assert_allclose(space["jacobian"](*args), expected, rtol=1e-13)
    J.value_and(*args)
    assert "def jacobian(" in J.source


def test_source_of_the_other_verbs_runs():
    H, P, V = wrt.hessian(residual), wrt.jvp(residual), wrt.vjp(residual)
    H(X, Y), P(X, Y, tangent=X), V(X, Y, cotangent=Y)
    space = {}
    for D in (H, P, V):
        exec(D.source, space)
    np.testing.assert_allclose(space["hessian"](X, Y), H(X, Y), rtol=1e-13)
    np.testing.assert_allclose(space["jvp"](X, Y, X)[1], EXPECTED @ X, rtol=1e-13)
    np.testing.assert_allclose(space["vjp"](X, Y, Y)[1], Y @ EXPECTED, rtol=1e-13)


def test_source_shows_the_branch_that_was_taken():
    J = wrt.jacobian(lambda x: x**2 if x[0] > 0 else x)
    J(X)
    assert "if not x[0] > 0:\n        return None" in J.source
