"""The NIST problems: the files are read right, the models are NIST's, and exact Jacobians fit at least as many as differences."""

import math
import warnings

import numpy as np
import pytest

from wrt.errors import ArgumentError
from wrt.examples import nist

# (observations, parameters, level) of each problem, typed by hand.
SIZES = {
    "Misra1a": (14, 2, "lower"),
    "Chwirut2": (54, 3, "lower"),
    "Chwirut1": (214, 3, "lower"),
    "Lanczos3": (24, 6, "lower"),
    "Gauss1": (250, 8, "lower"),
    "Gauss2": (250, 8, "lower"),
    "DanWood": (6, 2, "lower"),
    "Misra1b": (14, 2, "lower"),
    "Kirby2": (151, 5, "average"),
    "Hahn1": (236, 7, "average"),
    "Nelson": (128, 3, "average"),
    "MGH17": (33, 5, "average"),
    "Lanczos1": (24, 6, "average"),
    "Lanczos2": (24, 6, "average"),
    "Gauss3": (250, 8, "average"),
    "Misra1c": (14, 2, "average"),
    "Misra1d": (14, 2, "average"),
    "Roszman1": (25, 4, "average"),
    "ENSO": (168, 9, "average"),
    "MGH09": (11, 4, "higher"),
    "Thurber": (37, 7, "higher"),
    "BoxBOD": (6, 2, "higher"),
    "Rat42": (9, 3, "higher"),
    "MGH10": (16, 3, "higher"),
    "Eckerle4": (35, 3, "higher"),
    "Rat43": (15, 4, "higher"),
    "Bennett5": (154, 3, "higher"),
}


def complex_step(f):
    """The Jacobian of f by imaginary steps: exact to rounding, and no line of it shared with wrt."""

    def J(b):
        return np.array([f(b + 1e-30j * row).imag / 1e-30 for row in np.eye(len(b))]).T

    return J


def test_the_problems_are_the_27_of_nist():
    assert set(nist.PROBLEMS) == set(SIZES)
    assert len(nist.PROBLEMS) == 27


@pytest.mark.parametrize("name", nist.PROBLEMS)
def test_sizes_are_those_nist_states(name):
    problem = nist.load(name)
    observations, parameters, level = SIZES[name]
    assert problem.y.shape == (observations,)
    assert problem.x.shape == ((2, observations) if name == "Nelson" else (observations,))
    assert [len(start) for start in problem.starts] == [parameters, parameters]
    assert len(problem.certified) == len(problem.deviations) == parameters
    assert (problem.name, problem.level) == (name, level)


@pytest.mark.parametrize("name", nist.PROBLEMS)
def test_the_model_has_the_certified_sum_of_squares(name):
    problem = nist.load(name)
    rss = float(np.sum(nist.residual(problem)(np.array(problem.certified)) ** 2))
    if name == "Lanczos1":
        # The residuals are of the size 1e-13, so the 11 certified digits of b do not determine the sum of squares, 1.4e-25.
        assert rss < 1e-20
    else:
        assert rss == pytest.approx(problem.rss, rel=2e-10)


@pytest.mark.parametrize("name", sorted(set(nist.PROBLEMS) - {"Lanczos1"}))
def test_the_model_has_the_certified_standard_deviations(name):
    problem = nist.load(name)
    J = complex_step(nist.residual(problem))(np.array(problem.certified))
    variance = problem.rss / (len(problem.y) - len(problem.certified))
    assert np.sqrt(variance * np.diag(np.linalg.inv(J.T @ J))) == pytest.approx(problem.deviations, rel=1e-6)


def test_one_file_number_by_number():
    problem = nist.load("Nelson")
    assert (math.exp(problem.y[0]), *problem.x[:, 0]) == pytest.approx((15.0, 1.0, 180.0))
    assert (math.exp(problem.y[-1]), *problem.x[:, -1]) == pytest.approx((1.2, 64.0, 275.0))
    assert problem.starts == ((2.0, 0.0001, -0.01), (2.5, 0.000000005, -0.05))
    assert problem.certified == (2.5906836021, 5.6177717026e-09, -5.7701013174e-02)
    assert problem.deviations == (1.9149996413e-02, 6.1124096540e-09, 3.9572366543e-03)
    assert problem.rss == 3.7976833176


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(ArgumentError, match="no NIST problem 'misra'") as caught:
        nist.load("misra")
    assert "Misra1a, Chwirut2" in str(caught.value)


@pytest.mark.parametrize(
    ("b", "certified", "digits"),
    [
        ([1.0], [1.0], 11.0),
        ([-1.001, 2.0], [-1.0, 2.0], 3.0),
        ([5.0, 2.0], [1.0, 2.0], 0.0),
        ([math.nan, 2.0], [1.0, 2.0], 0.0),
        ([math.inf, 2.0], [1.0, 2.0], 0.0),
    ],
)
def test_correct_digits_are_those_of_the_worst_parameter(b, certified, digits):
    assert nist.correct_digits(b, certified) == pytest.approx(digits)


def test_every_call_of_the_residual_is_counted():
    problem = nist.load("Misra1a")
    exact = nist.fit(problem, problem.starts[0], complex_step(nist.residual(problem)))
    differences = nist.fit(problem, problem.starts[0], "2-point")
    assert exact.evaluations == exact.nfev
    assert differences.evaluations >= differences.nfev + 2 * differences.njev
    assert exact.rss == pytest.approx(problem.rss, rel=1e-9)


def test_overflow_on_the_way_is_silent():
    problem = nist.load("MGH10")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nist.fit(problem, problem.starts[0], "2-point").digits >= 4


def test_the_table():
    rows = nist.compare(complex_step, ["Misra1a", "Hahn1"])
    lines = nist.table(rows).splitlines()
    assert lines[3].split()[:3] == ["Misra1a", "lower", "1"]
    assert len(lines) == 3 + 4 + 3
    assert lines[-2] == "fits with at least 4 correct digits: exact 4 of 4, 2-point 2 of 4"


@pytest.fixture(scope="module", params=["complex step", "wrt"])
def rows(request):
    """All 54 fits; those with complex steps show that the solver settings are good, whatever wrt does."""
    if request.param == "complex step":
        return nist.compare(complex_step)
    import wrt

    return nist.compare(wrt.jacobian)


def test_exact_jacobians_fit_all_54_and_at_least_as_many_as_differences(rows):
    assert len(rows) == 54
    exact, differences = nist.enough([row.exact for row in rows]), nist.enough([row.differences for row in rows])
    assert exact >= differences
    assert exact == 54


def test_exact_jacobians_lose_no_fit_that_differences_win(rows):
    assert not [row for row in rows if row.differences.digits >= 4 > row.exact.digits]


@pytest.mark.parametrize("name", nist.PROBLEMS)
def test_wrt_agrees_with_complex_steps_at_both_starts(name):
    import wrt

    problem = nist.load(name)
    r = nist.residual(problem)
    for start in problem.starts:
        expected = complex_step(r)(np.array(start))
        np.testing.assert_allclose(wrt.jacobian(r)(np.array(start)), expected, rtol=1e-9, atol=1e-12 * np.abs(expected).max())
