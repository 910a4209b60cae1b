"""Every function of the catalogue at each of its cases: value, code, Jacobians, adjoint, second order, dtype, refusal to be fooled."""

import numpy as np
import pytest

import wrt.ops  # noqa: F401  # completes the catalogue
from ops.judge import Problem, check_adjoint, check_code, check_jacobians, check_second, check_value, dense, forward, name_of, values
from wrt.errors import WrtError
from wrt.graph.nest import transpose
from wrt.graph.node import frozen, variable
from wrt.graph.size import symbol
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap
from wrt.ops import catalog
from wrt.ops.catalog import CASES, FUNCTIONS, OPERATIONS

NO_VALUE = {np.empty_like}  # its entries are whatever memory held
SLOW = {"scipy.linalg.expm"}  # second order: exponentials of 4n×4n matrices for each of n⁴ entries

# NumPy and SciPy give float64 for float32 here; in wrt float32 stays.
WIDENED = {np.interp, np.vander, np.polyint, np.cov, np.corrcoef, "scipy.linalg.det", "scipy.linalg.norm"}
WIDENED |= {f"scipy.special.{name}" for name in ("polygamma", "gammainc", "gammaincc")}

JUDGED = [key for key in FUNCTIONS if key not in NO_VALUE]
PAIRS = [pytest.param(key, case, id=f"{name_of(key)}-{number}") for key in JUDGED for number, case in enumerate(CASES[key])]
FIRST = [pytest.param(key, CASES[key][0], id=name_of(key)) for key in FUNCTIONS if CASES[key]]


@pytest.mark.parametrize("key, case", PAIRS)
def test_function(key, case, rng):
    problem = Problem(key, case, rng)
    check_value(problem)
    check_code(problem)
    check_adjoint(problem, rng)
    check_jacobians(problem)
    if key not in SLOW or max(array.size for array in problem.arrays) <= 4:
        check_second(problem, rng)


@pytest.mark.parametrize("key, case", FIRST)
def test_float32_stays_float32(key, case, rng):
    problem = Problem(key, case, rng, np.float32)
    made, real = values(problem.outputs, problem.known), problem.real(problem.arrays)
    for output, mine, theirs in zip(problem.outputs, made, real, strict=True):
        if theirs.dtype.kind != "f":
            continue
        assert output.dtype == mine.dtype, f"the node is {output.dtype}, its value {mine.dtype}"
        assert output.dtype == theirs.dtype or key in WIDENED, f"the value is {output.dtype}, NumPy's {theirs.dtype}"
        for x in problem.variables:
            found = forward(output, x)
            if found is not None and output.dtype.kind == "f":
                J = values([found.to_dense(output.dtype)], problem.known)[0]
                assert J.dtype == output.dtype, f"the value is {output.dtype}, its Jacobian {J.dtype}"


def test_every_operation_is_visited(rng):
    """The cases together reach every operation, so none is declared without being judged."""
    seen = set()
    for key in FUNCTIONS:
        for case in CASES[key]:
            problem = Problem(key, case, rng)
            jacobians = [dense(output, x) for output in problem.outputs for x in problem.variables]
            seen |= {node.op for node in topological([*problem.outputs, *filter(None, jacobians)])}
    silent = {"less", "greater", "not_equal", "logical_or", "logical_xor", "floor", "ceil", "isinf", "isfinite", "signbit", "logical_and"}
    assert set(OPERATIONS) - seen - silent == set()


# ----- where there is no derivative -----------------------------------------------------------------------------------
HALF, THIRD = 1 / 2, 1 / 3
KINKS = [
    pytest.param(np.max, [1.0, 3.0, 3.0], {}, [0, HALF, HALF], id="max: ties share"),
    pytest.param(np.min, [2.0, 2.0, 2.0], {}, [THIRD, THIRD, THIRD], id="min: ties share"),
    pytest.param(np.linalg.norm, [0.0, 0.0], {}, [0, 0], id="norm at 0"),
    pytest.param(np.linalg.norm, [0.0, 0.0], {"ord": 3}, [0, 0], id="3-norm at 0"),
    pytest.param(np.linalg.norm, [0.0, 2.0], {"ord": 1}, [0, 1], id="1-norm beside 0"),
    pytest.param(np.linalg.norm, [[0.0, 0.0], [3.0, 4.0]], {"axis": 1}, [[[0, 0], [0, 0]], [[0, 0], [0.6, 0.8]]], id="a row of zeros"),
    pytest.param(np.std, [1.5, 1.5], {}, [0, 0], id="std of equal entries"),
    pytest.param(np.prod, [0.0, 0.0, 2.0], {}, [0, 0, 0], id="prod of zeros"),
    pytest.param(np.prod, [0.0, 3.0, 2.0], {}, [6, 0, 0], id="prod of one zero"),
    pytest.param(np.nanmax, [np.nan, 1.0], {}, [0, 1], id="nanmax"),
    pytest.param(np.linalg.det, [[1.0, 2.0], [2.0, 4.0]], {}, [[4, -2], [-2, 1]], id="det of a singular matrix"),
]


@pytest.mark.parametrize("key, point, options, expected", KINKS)
def test_convention_at_kinks(key, point, options, expected):
    """The stated value, and finite numbers in the second order."""
    x = variable("x", np.shape(point))
    output = FUNCTIONS[key](x, **options)
    known = {x: np.array(point)}
    J = dense(output, x)
    np.testing.assert_allclose(values([J], known)[0], expected, atol=1e-15)
    second = dense(J, x)
    assert second is None or np.isfinite(values([second], known)[0]).all()


def test_extract_takes_rows_of_the_identity():
    x = variable("x", (3,))
    J = dense(FUNCTIONS[np.extract](frozen(np.array([True, False, True])), x), x)
    np.testing.assert_array_equal(values([J], {x: np.zeros(3)})[0], [[1, 0, 0], [0, 0, 1]])


def einsum_by_k(a, b):
    return FUNCTIONS[np.einsum]("ij,j->k", a, b)


REFUSED = {
    "matmul": (np.matmul, ((2, 3), (2,)), "a is 2×3 and b is 2; the inner sizes 3 and 2 differ."),
    "a scalar": (np.matmul, ((), (2,)), "a is a scalar and b is 2; a matrix product needs axes."),
    "batches": (np.matmul, ((2, 2, 3), (3, 3, 2)), "a is 2×2×3 and b is 3×3×2; the sizes 2 and 3 differ."),
    "einsum": (einsum_by_k, ((2, 3), (3,)), "The result of the subscripts 'ij,j->k' cannot be read: 'k' is in no operand."),
    "solve": (np.linalg.solve, ((2, 2), (3,)), "a is 2×2 and b is 3; the sizes of the system and of its right-hand side differ."),
    "inv": (np.linalg.inv, ((2, 3),), "a is 2×3; an inverse needs a square matrix."),
    "axis": (lambda a: FUNCTIONS[np.sum](a, 2), ((2, 3),), "a is 2×3: axis 2 does not exist in 2 dimensions."),
}


@pytest.mark.parametrize("key, shapes, message", REFUSED.values(), ids=REFUSED)
def test_shapes_that_do_not_fit_are_named(key, shapes, message):
    nodes = [variable(name, shape) for name, shape in zip("ab", shapes, strict=False)]
    with pytest.raises(WrtError) as raised:
        FUNCTIONS.get(key, key)(*nodes)
    assert raised.value.fact == message


def test_symbolic_sizes():
    """Φᵀ(y − Φθ) in symbols is what it is in numbers."""
    N, D = symbol("N"), symbol("D")
    for n, d in ((N, D), (3, 2)):
        Phi, theta, y = variable("Phi", (n, d)), variable("theta", (d,)), variable("y", (n,))
        residual = y - FUNCTIONS[np.matmul](Phi, theta)
        gradient = dense(FUNCTIONS[np.sum](residual * residual), theta)
        assert gradient.shape == (d,)
        assert dense(FUNCTIONS[np.mean](y), y).shape == (n,)
        assert dense(FUNCTIONS[np.cumsum](y), y).shape == (n, n)
        assert dense(FUNCTIONS[np.linalg.inv](FUNCTIONS[np.matmul](transpose(Phi), Phi)), Phi).shape == (d, d, n, d)
        assert dense(FUNCTIONS["scipy.special.softmax"](theta), theta).shape == (d, d)
        assert dense(FUNCTIONS[np.prod](theta), theta).shape == (d,)


# ----- the judge itself -----------------------------------------------------------------------------------------------
def planted(monkeypatch, name, change):
    """The operation with its local Jacobians changed."""
    right = OPERATIONS[name]
    wrong = catalog.Operation(name, right.value, lambda node: [m and change(m) for m in right.local(node)], right.code)
    monkeypatch.setitem(OPERATIONS, name, wrong)


def scaled(m, factor):
    return LinearMap(m.shape_out, m.shape_in, tuple(term._replace(scale=term.scale * factor) for term in m.terms))


RULES = {"sin": np.sin, "norm": np.linalg.norm, "nest": np.matmul, "inv": np.linalg.inv}
WRONG = {
    "a factor of 1.00001": lambda m: scaled(m, 1.00001),
    "the sign": lambda m: scaled(m, -1),
    "zero": lambda m: LinearMap(m.shape_out, m.shape_in, ()),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("name", RULES)
def test_a_wrong_rule_is_found(name, wrong, rng, monkeypatch):
    problem = Problem(RULES[name], CASES[RULES[name]][0], rng)
    planted(monkeypatch, name, wrong)
    with pytest.raises(AssertionError, match="output 0 by input 0"):
        check_jacobians(problem)


def test_a_transposed_rule_is_found(rng, monkeypatch):
    def transposed(m):
        return LinearMap(m.shape_out, m.shape_in, tuple(t._replace(out=t.out[2:] + t.out[:2]) for t in m.terms))

    planted(monkeypatch, "inv", transposed)
    with pytest.raises(AssertionError, match="output 0 by input 0"):
        check_jacobians(Problem(np.linalg.inv, CASES[np.linalg.inv][0], rng))


def test_a_rule_that_is_wrong_in_second_order_only_is_found(rng, monkeypatch):
    """cos without its slope: sin's first derivative is right, its second zero."""
    problem = Problem(np.sin, CASES[np.sin][0], rng)
    planted(monkeypatch, "cos", lambda m: scaled(m, 0))
    check_jacobians(problem)
    with pytest.raises(AssertionError, match="second order"):
        check_second(problem, rng)


def test_a_wrong_value_and_wrong_code_are_found(rng, monkeypatch):
    problem = Problem(np.sin, CASES[np.sin][0], rng)
    right = OPERATIONS["sin"]
    monkeypatch.setitem(OPERATIONS, "sin", catalog.Operation("sin", lambda _, a: np.sin(a) + 1e-9, right.local, "np.tan"))
    with pytest.raises(AssertionError):
        check_value(problem)
    with pytest.raises(AssertionError):
        check_code(problem)
