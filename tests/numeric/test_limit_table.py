"""limit_table: the quotients are the definition's, the best h is where theory puts it, and what has no limit is said."""

import numpy as np
import pytest

import wrt
from wrt.errors import ArgumentError, ShapeError
from wrt.numeric import jacobian, limit_table
from wrt.numeric.limit_text import record, verdict

EPS = np.finfo(float).eps
SMOOTH = [
    (np.sin, np.cos, 1.0),
    (np.exp, np.exp, 1.0),
    (lambda x: x**3, lambda x: 3 * x**2, 2.0),
    (np.log, lambda x: 1 / x, 0.5),
    (np.arctan, lambda x: 1 / (1 + x**2), -3.0),
    (lambda x: 1 / x, lambda x: -1 / x**2, 0.01),
    (lambda x: np.exp(-(x**2)), lambda x: -2 * x * np.exp(-(x**2)), 0.7),
    (np.sqrt, lambda x: 0.5 / np.sqrt(x), 400.0),
]


@pytest.mark.parametrize("f, slope, x", SMOOTH)
def test_quotients_are_the_definition(f, slope, x):
    table = limit_table(f, x)
    for row in table.rows[:4]:
        up, down = (x + row.h) - x, x - (x - row.h)  # the steps that floating point really takes
        assert row.forward == pytest.approx((f(x + up) - f(x)) / up, rel=1e-14)
        assert row.backward == pytest.approx((f(x) - f(x - down)) / down, rel=1e-14)
        assert row.central == pytest.approx((f(x + up) - f(x - down)) / (up + down), rel=1e-14)


@pytest.mark.parametrize("f, slope, x", SMOOTH)
def test_the_limit_is_within_its_error(f, slope, x):
    table = limit_table(f, x)
    assert abs(table.limit - slope(x)) <= table.error < 1e-9 * abs(slope(x))
    assert float(table.limit) == float(jacobian(f, x).value)
    assert table.exact is None
    assert table.steady.all()


@pytest.mark.parametrize("f, slope, x", SMOOTH)
def test_errors_follow_truncation_and_round_off(f, slope, x):
    table = limit_table(f, x, exact=slope)
    assert table.exact == slope(x)
    for method, order in (("forward", 1), ("central", 2)):
        assert table.order(method) == order
        bound = 3 * (table.truncation(method) + table.round_off(method)) + 1e-13 * abs(slope(x))
        assert (table.errors(method) <= bound)[1:].sum() >= table.steps.size - 2  # the longest step is too long for a model of one term


@pytest.mark.parametrize("f, slope, x", SMOOTH)
def test_the_best_step_is_that_of_theory(f, slope, x):
    second = (slope(x * 1.001) - slope(x * 0.999)) / (0.002 * x)
    if abs(second * x / slope(x)) < 1e-3:
        return
    theory = np.sqrt(2 * EPS * abs(f(x)) / abs(second))  # the least of |f''| h/2 + ε |f|/h
    assert theory / 10 <= limit_table(f, x).best["forward"] <= theory * 10


def test_best_steps_of_the_textbook():
    best = limit_table(np.sin, 1.0).best  # sqrt(eps) and cbrt(eps), as powers of ten
    assert best == {"forward": 1e-8, "backward": 1e-8, "central": 1e-5}


def test_a_line_has_no_truncation():
    table = limit_table(lambda x: 3 * x, 1.0)
    assert (table.truncation("central") == 0).all()
    assert table.best["forward"] == table.steps[0]


def test_a_vanishing_second_derivative_is_seen():
    table = limit_table(np.sin, 0.0)
    assert table.order("forward") == 2


def test_columns_of_a_map():
    polar = lambda p: np.array([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])])
    x = np.array([2.0, 0.5])
    table = limit_table(polar, x, 1, exact=wrt.jacobian(polar))
    np.testing.assert_allclose(table.exact, [-2 * np.sin(0.5), 2 * np.cos(0.5)], rtol=1e-15)
    np.testing.assert_allclose(table.limit, table.exact, rtol=1e-12)
    assert table.input == "x[1]"
    assert table.forward.shape == (16, 2)
    assert [row.central.shape for row in table.rows] == [(2,)] * 16
    assert table.best["central"].shape == (2,)
    assert str(table).count("∂f[") == 2
    np.testing.assert_array_equal(limit_table(polar, x, -1).limit, table.limit)


def test_an_entry_of_a_matrix():
    A = np.array([[1.0, 2.0], [3.0, 5.0]])
    table = limit_table(np.linalg.det, A, (0, 1), exact=lambda A: np.linalg.det(A) * np.linalg.inv(A).T)
    assert table.limit == pytest.approx(-3.0, abs=1e-11)
    assert table.exact == pytest.approx(-3.0, abs=1e-11)


@pytest.mark.parametrize(
    "f, x, forward, backward",
    [
        (abs, 0.0, 1, -1),
        (lambda x: np.maximum(x, 3 * x - 2), 1.0, 3, 1),
        (lambda x: np.maximum(x, 0.0), 0.0, 1, 0),
        (lambda x: np.clip(x, 0.0, 2.0), 2.0, 0, 1),
        (lambda x: np.sqrt((x - 1) ** 2) + np.sin(x), 1.0, 1 + np.cos(1), -1 + np.cos(1)),
    ],
)
def test_a_kink_has_two_limits(f, x, forward, backward):
    table = limit_table(f, x, exact=0.0)
    assert table.target("forward") == pytest.approx(forward, abs=1e-9)
    assert table.target("backward") == pytest.approx(backward, abs=1e-9)
    assert np.isnan(table.target("central"))  # the mean of both is not a derivative
    text = str(table)
    assert "they differ, so there is no derivative" in text
    assert "is given, but there is no derivative here" in text
    assert "limit   " not in text
    assert set(table.best) == {"forward", "backward", "central"}
    assert np.isnan(table.best["central"])


@pytest.mark.parametrize(
    "f, x, power, word",
    [
        (np.sign, 0.0, 1, "jump"),
        (lambda x: np.heaviside(x - 1, 1.0), 1.0, 1, "jump"),
        (np.cbrt, 0.0, 2 / 3, "grow"),
        (np.sqrt, 0.0, 1 / 2, "grow"),
        (lambda x: np.sqrt(abs(x)), 0.0, 1 / 2, "grow"),
    ],
)
def test_no_finite_limit_is_said(f, x, power, word):
    table = limit_table(f, x)
    assert max(table.growth("forward"), table.growth("backward")) == pytest.approx(power, abs=0.01)
    (line,) = [line for line in str(table).splitlines() if line.startswith("limit")]
    assert line.startswith("limit   none: ")
    assert word in line


def test_what_oscillates_has_no_steady_limit():
    table = limit_table(lambda x: x * np.sin(1 / x) if x else 0.0, 0.0)
    assert not table.steady
    assert "limit   none that is steady" in str(table)
    assert limit_table(lambda x: x * abs(x), 0.0).steady


def test_outside_the_domain_there_is_no_quotient():
    table = limit_table(np.log, 0.15, steps=[0.2, 0.1, 0.01])
    assert np.isnan(table.backward[0])
    assert np.isfinite(table.forward).all()
    assert "—" in str(table).splitlines()[2]


def test_float32_moves_the_best_step():
    table = limit_table(lambda x: np.float32(np.exp(x)), 1.0)
    assert table.best["forward"] >= 1e-4
    assert any("float32" in note for note in table.notes)


def test_the_printed_table():
    lines = str(limit_table(np.sin, 1.0, exact=np.cos)).splitlines()
    assert lines[0] == "∂f/∂x at x = 1, where f = 0.8414709848"
    assert lines[1].split() == ["h", "forward", "backward", "central", "forward", "error", "central", "error"]
    assert lines[2].split() == ["1e-01", "0.497363752535", "0.581440751804", "0.53940225217", "4.3e-02", "T", "9.0e-04", "T"]
    assert lines[-3] == "best h  forward 1e-08, backward 1e-08, central 1e-05"
    assert lines[-2].startswith("limit   0.54030230586")
    assert lines[-1].startswith("exact   0.5403023058681398   the limit differs by ")


@pytest.mark.parametrize(
    "arguments, kind, fact",
    [
        ((np.sum, np.ones(3)), ArgumentError, "x has 3 entries; which of them moves?"),
        ((np.sum, np.ones(3), 3), ArgumentError, "x has shape (3,); it has no entry 3."),
        ((np.sum, np.ones((2, 2)), 1), ArgumentError, "x has shape (2, 2); it has no entry 1."),
        ((np.sum, np.ones(3), "a"), ArgumentError, "i must be an integer or a tuple of integers, but it is 'a'."),
        ((np.log, 0.0), ArgumentError, "f(x) is -inf; there is no derivative to take there."),
        ((3.0, 0.0), ArgumentError, "f must be callable, but it is float."),
    ],
)
def test_bad_input(arguments, kind, fact):
    with pytest.raises(kind) as refused:
        limit_table(*arguments)
    assert refused.value.fact == fact


def test_bad_options():
    with pytest.raises(ArgumentError, match="steps must be positive finite numbers"):
        limit_table(np.sin, 1.0, steps=[0.1, -1])
    with pytest.raises(ShapeError, match=r"exact has shape \(2,\), which is neither that of f\(x\), \(\), nor that of its Jacobian, \(\)"):
        limit_table(np.sin, 1.0, exact=[1, 2])
    with pytest.raises(ArgumentError, match="exact= must be numbers"):
        limit_table(np.sin, 1.0, exact="cos")


# ----- what .limit says is what the text says -----------------------------------------------------------------------
INF, NAN = np.inf, np.nan
CASES = {  # f, x, the limits from above and from below, and whether there is a derivative
    "sin": (np.sin, 1.0, np.cos(1.0), np.cos(1.0), True),
    "cube at 0": (lambda x: x**3, 0.0, 0, 0, True),
    "constant": (lambda x: 3.0, 1.0, 0, 0, True),
    "abs": (abs, 0.0, 1, -1, False),
    "relu": (lambda x: np.maximum(x, 0.0), 0.0, 1, 0, False),
    **{f"x + {k}|x|": (lambda x, k=k: x + k * abs(x), 0.0, 1 + k, 1 - k, False) for k in (1, 1e-2, 1e-4, 1e-6, 1e-7, 1e-8)},
    **{f"sin + {k}|x-1|": (lambda x, k=k: np.sin(x) + k * abs(x - 1), 1.0, np.cos(1) + k, np.cos(1) - k, False) for k in (1, 1e-4, 1e-6, 1e-8)},
    "sqrt": (np.sqrt, 0.0, INF, NAN, False),
    "sqrt|x|": (lambda x: np.sqrt(abs(x)), 0.0, INF, -INF, False),
    "cbrt": (np.cbrt, 0.0, INF, INF, False),
    "x log x": (lambda x: x * np.log(x) if x > 0 else 0.0 if x == 0 else NAN, 0.0, -INF, NAN, False),
    "arcsin at 1": (np.arcsin, 1.0, NAN, INF, False),
    "one side steep": (lambda x: np.sqrt(x) if x > 0 else -x, 0.0, INF, -1, False),
    "x^1.5": (lambda x: x**1.5, 0.0, 0, NAN, True),
    "|x|^1.1": (lambda x: abs(x) ** 1.1, 0.0, 0, 0, True),
    "x|x|": (lambda x: x * abs(x), 0.0, 0, 0, True),
    "sign": (np.sign, 0.0, INF, INF, False),
    "heaviside": (lambda x: np.heaviside(x - 1, 1.0), 1.0, 0, INF, False),
    "small jump": (lambda x: x + 1e-6 * (x > 0), 0.0, INF, 1, False),
    "tiny jump": (lambda x: np.sin(x) + 1e-12 * (x > 1), 1.0, INF, np.cos(1), False),
    "x sin(1/x)": (lambda x: x * np.sin(1 / x) if x else 0.0, 0.0, NAN, NAN, False),
    "x² sin(1/x)": (lambda x: x * x * np.sin(1 / x) if x else 0.0, 0.0, 0, 0, True),
    "where, smooth": (lambda x: np.where(x > 1, x * x, 2 * x - 1), 1.0, 2, 2, True),
    "where, kink": (lambda x: np.where(x > 1, x * x, x), 1.0, 2, 1, False),
    "where, jump": (lambda x: np.where(x > 1, x * x + 1e-3, x), 1.0, INF, 1, False),
    "exp(-1/x²)": (lambda x: np.exp(-1 / x**2) if x else 0.0, 0.0, 0, 0, True),
    "large x": (lambda x: 3 * x, 1e200, 3, 3, True),
    "small x": (lambda x: np.sin(x * 1e180), 1e-180, 1e180 * np.cos(1), 1e180 * np.cos(1), True),
    "large f": (lambda x: 1e200 * np.sin(x), 1.0, 1e200 * np.cos(1), 1e200 * np.cos(1), True),
    "small f": (lambda x: 1e-200 * np.sin(x), 1.0, 1e-200 * np.cos(1), 1e-200 * np.cos(1), True),
    "large kink": (lambda x: 1e200 * abs(x), 0.0, 1e200, -1e200, False),
    "small kink": (lambda x: 1e-200 * abs(x), 0.0, 1e-200, -1e-200, False),
    "small sqrt": (lambda x: 1e-200 * np.sqrt(x), 0.0, INF, NAN, False),
    "noisy": (lambda x: np.sin(x) + 1e-8 * np.sin(1e13 * x), 1.0, np.cos(1), np.cos(1), True),
    "float32": (lambda x: np.float32(np.sin(x)), 1.0, np.cos(1), np.cos(1), True),
    **{f"kink {k} away": (lambda x, k=k: abs(x - k), 0.0, -1, -1, True) for k in (1e-2, 1e-5, 1e-6, 1e-7, 1e-9, 1e-12)},
    **{f"kink {k} from 1": (lambda x, k=k: abs(x - 1 - k), 1.0, -1, -1, True) for k in (1e-5, 1e-7, 1e-9)},
    **{f"hinge {k} away": (lambda x, k=k: np.maximum(x - k, 0) + np.sin(x), 0.0, 1, 1, True) for k in (1e-5, 1e-6, 1e-9)},
    "kink beside a kink": (lambda x: abs(x - 1e-6) + abs(x), 0.0, 0, -2, False),
    "flat within a kink": (lambda x: np.maximum(abs(x) - 1e-6, 0.0), 0.0, 0, 0, True),
    "jump nearby": (lambda x: np.sin(x) + (x > 1e-5), 0.0, 1, 1, True),
    "exp, nearly too large": (np.exp, 709.78, np.exp(709.78), np.exp(709.78), True),
    "sin, far out": (np.sin, 1e15, NAN, NAN, False),
    "float32 kink": (lambda x: np.float32(abs(x - 1) + x), 1.0, 2, 0, False),
}


def check(table, output, forward, backward, exists):
    limit, error = table.limit[output], table.error[output]
    for found, true in ((table.forward_limit[output], forward), (table.backward_limit[output], backward)):
        slack = 3 * error if exists else 1e-3 * abs(forward - backward) if np.isfinite(forward - backward) else 1e-6
        assert np.isnan(found) if np.isnan(true) else found == true if np.isinf(true) else abs(found - true) <= slack
    said, is_derivative = verdict(table, output)
    recorded = record(table, output)
    assert is_derivative == exists == np.isfinite(limit) == np.isfinite(error)
    assert (recorded["limit"] is None) == (not exists)
    assert exists == said.startswith("limit   ") or "none" in said
    assert exists != ("none" in said or "kink" in said)
    kinked = not exists and not np.isnan(forward - backward)
    assert kinked == any(kink.output == output for kink in table.kinks)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", CASES)
def test_limit_and_text_agree(name):
    f, x, *expected = CASES[name]
    check(limit_table(f, x), (), *expected)


def test_one_bad_component_spoils_no_other():
    names = ["sqrt|x|", "sign", "abs", "x + 1e-06|x|", "cube at 0", "x sin(1/x)"]
    table = limit_table(lambda x: np.array([np.sin(x), *(CASES[name][0](x) for name in names)]), 0.0)
    for k, expected in enumerate([(1, 1, True), *(CASES[name][2:] for name in names)]):
        check(table, (k,), *expected)
    assert np.isfinite(table.best["forward"][0])


def test_smooth_functions_have_no_kinks(rng):
    functions = [np.exp, np.tanh, lambda x: x**5 - x, lambda x: np.sin(30 * x), lambda x: np.exp(-20 * x * x), lambda x: 1e8 + x, lambda x: abs(x) ** 3]
    for f in functions:
        for x in rng.standard_normal(4):
            table = limit_table(f, float(x))
            assert not table.kinks
            assert np.isfinite(table.limit)
            kinked = limit_table(lambda y, f=f, x=x: f(y) + 1e-2 * abs(y - x), float(x))
            last_digit = np.spacing(abs(f(x)))  # it hides the gap from short steps
            assert kinked.kinks[0].forward - kinked.kinks[0].backward == pytest.approx(2e-2, rel=1e-3, abs=1e4 * last_digit)
            assert np.isnan(kinked.limit)


def test_a_kink_near_x_is_a_note():
    table = limit_table(lambda x: abs(x - 1e-5), 0.0, exact=-1.0)
    assert "f has a kink, a jump or a sharp bend within 1e-05 of x; its limits are taken from shorter steps." in table.notes
    assert table.best["forward"] == table.best["central"] == 1e-5
    assert np.isnan(table.order("forward"))  # 1.8 at h = 1e-4 and 0 at 1e-5 is no power of h
    assert not limit_table(np.sin, 1.0).notes


def test_a_power_below_that_of_the_method_is_said():
    assert limit_table(lambda x: x**1.5, 0.0).order("forward") == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    "f, x, outcome, said",
    [
        (np.sin, 1.0, "derivative", "the limit differs by"),
        (abs, 0.0, "kink", "is given, but there is no derivative here"),
        (np.cbrt, 0.0, "unbounded", "is given, but there is no derivative here"),
        (np.sin, 1e15, "unseen", "is given; the quotients show no limit that could confirm or deny it"),
        (lambda x: x * np.sin(1 / x) if x else 0.0, 0.0, "unseen", "is given; the quotients show no limit that could confirm or deny it"),
    ],
)
def test_not_seen_is_told_from_not_there(f, x, outcome, said):
    table = limit_table(f, x, exact=0.5)
    assert table.outcome() == record(table, ())["outcome"] == outcome
    assert said in str(table)


@pytest.mark.parametrize("exact, word", [(np.nan, "undefined"), (np.inf, "infinite")])
def test_a_limit_stands_without_a_finite_exact_number(exact, word):
    table = limit_table(np.sin, 1.0, exact=exact)
    assert table.target("central") == table.limit
    assert table.best["central"] == 1e-5
    assert f"the derivative is {word} there, and the limit of the quotients stands alone" in str(table)
    assert "differs" not in str(table)


def test_an_error_of_zero_has_no_mark():
    text = str(limit_table(abs, 0.0))
    assert "0.0e+00  *" in text
    assert "0.0e+00 R" not in text


def test_errors_are_of_the_side_that_has_values():
    assert "backward error" in str(limit_table(lambda x: np.arccos(x) ** 2, 1.0))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("steps", [[], [0.0, 0.1], [-1.0], [np.nan], [np.inf], "abc", ["a"], [[0.1], [0.2]], [None], [[0.1], [0.1, 0.2]], 0.1, [True]])
def test_bad_steps(steps):
    with pytest.raises(ArgumentError, match=r"^steps must be positive finite numbers, at least one, but they are "):
        limit_table(np.sin, 1.0, steps=steps)


@pytest.mark.filterwarnings("error")
def test_steps_differ_and_one_is_enough():
    with pytest.raises(ArgumentError, match=r"steps must differ, but 0\.001 is given twice"):
        limit_table(np.sin, 1.0, steps=[1e-3, 1e-2, 1e-3])
    assert limit_table(np.sin, 1.0, steps=[1e-3]).best == {"forward": 1e-3, "backward": 1e-3, "central": 1e-3}
