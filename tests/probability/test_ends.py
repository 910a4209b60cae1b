"""Far out in the tails, at the ends of pieces and supports, at kinks, folds and limits: the right density, or a refusal."""

import warnings

import numpy as np
import pytest
from scipy import special, stats

from wrt.cli.main import main
from wrt.errors import ArgumentError
from wrt.probability import Law, NoDensity, NotInverted, transform

POWERS = 10.0 ** np.arange(-300, 301, 10)


def logistic(x):
    return 1 / (1 + np.exp(-x))


TAILS = {  # name: (distribution of X, f, law of f(X), y where it must be known)
    "lognormal": (stats.norm(0.3, 0.7), np.exp, stats.lognorm(0.7, scale=np.exp(0.3)), POWERS),
    "wide lognormal": (stats.norm(0, 30), np.exp, stats.lognorm(30), POWERS),
    "uniform by the logistic function": (stats.logistic(), logistic, stats.uniform(), POWERS[:30]),
    "uniform by expit": (stats.logistic(), special.expit, stats.uniform(), POWERS[:30]),
    "logit-normal": (stats.norm(), logistic, stats.johnsonsb(0, 1), POWERS[:30]),
    "wide logit-normal": (stats.norm(0, 3), special.expit, lambda y: stats.norm.logpdf(np.log(y), 0, 3) - np.log(y), POWERS[:29]),
    "Weibull": (stats.expon(), lambda x: 2 * x ** (1 / 1.5), stats.weibull_min(1.5, scale=2), POWERS[9:]),
    "Weibull with a pole": (stats.expon(), lambda x: x**5, stats.weibull_min(0.2), POWERS),
    "Pareto": (stats.uniform(), lambda u: u**-2.0, lambda y: np.log(0.5) - 1.5 * np.log(y), POWERS[31:]),
    "half-normal": (stats.norm(), np.abs, stats.halfnorm(), POWERS),
    "half-Cauchy": (stats.cauchy(), np.abs, stats.halfcauchy(), POWERS),
    "chi-square": (stats.norm(), lambda x: x**2, stats.chi2(1), POWERS),
    "Johnson SU": (stats.norm(), lambda x: np.sinh((x - 0.5) / 1.3), stats.johnsonsu(0.5, 1.3), np.r_[-POWERS, POWERS]),
    "log-logistic": (stats.logistic(), lambda x: np.exp(x / 2), lambda y: np.log(2 * y) - 2 * np.log1p(y**2) if y < 1e100 else np.log(2) - 3 * np.log(y), POWERS),
    "inverse gamma": (stats.gamma(2.5), lambda x: 1 / x, stats.invgamma(2.5), POWERS),
    "Cauchy by 1/x": (stats.cauchy(), lambda x: 1 / x, stats.cauchy(), np.r_[-POWERS, POWERS]),
    "Lomax": (stats.expon(), lambda x: np.expm1(x / 2), stats.lomax(2), POWERS),
    "F": (stats.t(5), lambda x: x**2, stats.f(1, 5), POWERS),
    "F by 1/x": (stats.f(4, 6), lambda x: 1 / x, stats.f(6, 4), POWERS),
    "Gumbel, left": (stats.expon(), lambda x: -np.log(x), stats.gumbel_r(), -POWERS),
}


@pytest.mark.parametrize("name", TAILS)
def test_the_density_far_out(name):
    dist, f, law, y = TAILS[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = transform(dist, f).logpdf(y)
    with np.errstate(all="ignore"):
        want = law.logpdf(y) if hasattr(law, "logpdf") else np.array([law(each) for each in y])
    lost = np.isinf(want)  # SciPy takes the logarithm of a density that underflows
    np.testing.assert_allclose(found[~lost], want[~lost], rtol=1e-9, atol=1e-11)
    assert (found[lost] < -300).all()


UNKNOWN = {  # name: (distribution of X, f, y whose x lies between two numbers, or where f is constant to rounding)
    "a pole at an end that is not 0": (stats.uniform(), lambda u: np.log(u / (1 - u)), 36.4),
    "beyond the pole": (stats.uniform(), lambda u: np.log(u / (1 - u)), 100.0),
    "a limit that is not 0": (stats.norm(), logistic, 1 - 1e-14),
    "a turning value": (stats.uniform(-1, 2), special.j0, 1 - 1e-15),
    "lost in a sum": (stats.norm(0, 1e-12), lambda x: x + np.sin(x) + 1e3, 1e3 + 1e-12),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_rounding_hides_is_refused(name):
    dist, f, y = UNKNOWN[name]
    with pytest.raises(NotInverted, match="is not known at y = "):
        transform(dist, f).logpdf(y)


def test_a_density_that_is_surely_0_is_0_though_its_logarithm_is_not_known():
    law = transform(stats.uniform(), lambda u: -np.log(u) - np.cos(u) + 1)
    assert law.pdf(900.0) == 0
    with pytest.raises(NotInverted):
        law.logpdf(900.0)


ENDS = {  # name: (distribution of X, f, y, density)
    "|x|": (stats.norm(), np.abs, 0.0, stats.halfnorm.pdf(0)),
    "|x| of a folded normal": (stats.norm(1.2), np.abs, 0.0, stats.foldnorm.pdf(0, 1.2)),
    "|x| of a Laplace": (stats.laplace(), np.abs, 0.0, 1.0),
    "max, other slopes": (stats.norm(), lambda x: np.maximum(x, -2 * x), 0.0, 1.5 * stats.norm.pdf(0)),
    "max, away from 0": (stats.norm(), lambda x: np.maximum(x - 1, 2 - 2 * x), 0.0, 1.5 * stats.norm.pdf(1)),
    "x²": (stats.norm(), lambda x: x**2, 0.0, np.inf),
    "x³": (stats.norm(), lambda x: x**3, 0.0, np.inf),
    "√|x|": (stats.norm(), lambda x: np.sqrt(np.abs(x)), 0.0, 0.0),
    "a cosine": (stats.uniform(0, 2 * np.pi), np.cos, 1.0, np.inf),
    "u² at 0": (stats.uniform(), lambda u: u**2, 0.0, np.inf),
    "u² at 1": (stats.uniform(), lambda u: u**2, 1.0, 0.5),
    "u (1 − u) at 0": (stats.uniform(), lambda u: u * (1 - u), 0.0, 2.0),
    "√u at 0": (stats.uniform(), np.sqrt, 0.0, 0.0),
    "a Pareto at 1": (stats.expon(), np.exp, 1.0, 1.0),
    "a lognormal at 0": (stats.norm(), np.exp, 0.0, 0.0),
    "e⁻ˣ at 0": (stats.expon(), lambda x: np.exp(-x), 0.0, 1.0),
    "1/x of a Cauchy at 0": (stats.cauchy(), lambda x: 1 / x, 0.0, 1 / np.pi),
    "1/x of a normal at 0": (stats.norm(), lambda x: 1 / x, 0.0, 0.0),
    "a limit at 1": (stats.logistic(), logistic, 1.0, 1.0),
    "a limit at 0": (stats.logistic(), logistic, 0.0, 1.0),
    "0 by 0": (stats.gamma(2), lambda x: x**2, 0.0, 0.5),
    "∞ by ∞": (stats.chi2(1), np.sqrt, 0.0, stats.halfnorm.pdf(0)),
    "arcsine": (stats.arcsine(), lambda x: 2 * x, 2.0, np.inf),
    "a jump, above": (stats.norm(), lambda x: np.where(x > 0, x + 1, x - 1), 1.0, stats.norm.pdf(0)),
    "a jump, below": (stats.norm(), lambda x: np.where(x > 0, x + 1, x - 1), -1.0, stats.norm.pdf(0)),
    "in the gap": (stats.norm(), lambda x: np.where(x > 0, x + 1, x - 1), 0.0, 0.0),
    "a kink on the way": (stats.norm(), lambda x: np.where(x > 0, 2 * x, x), 0.0, stats.norm.pdf(0)),
}


@pytest.mark.parametrize("name", ENDS)
def test_at_an_end_the_density_is_the_limit_from_within(name):
    dist, f, y, want = ENDS[name]
    assert transform(dist, f).pdf(y) == pytest.approx(want, rel=1e-10)


BAD = {
    "scale": (stats.norm(0, -1), "no distribution norm with the parameters 0, -1"),
    "shape": (stats.gamma(-1), "no distribution gamma"),
    "nan": (stats.norm(np.nan, 1), "no distribution norm"),
    "infinite": (stats.norm(0, np.inf), "no distribution norm"),
    "of no width": (stats.uniform(0, 0), "no distribution uniform"),
    "one of several": (stats.norm([0, 1], [1, -1]), "no distribution norm"),
    "in a list": ([stats.norm(), stats.norm(scale=-1)], "scale=-1"),
    "support": (Law(lambda x: 0 * x, lambda size, rng: rng.random(size), (1, 0)), "support must be"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_law_is_refused_with_one_message(name):
    dist, said = BAD[name]
    with pytest.raises(ArgumentError, match=said):
        transform(dist, lambda x: 2 * x)


def test_samples_in_any_shape():
    law = transform(stats.norm(), np.exp)
    assert law.rvs((2, 3), 1).shape == (2, 3)
    assert law.rvs((), 1).shape == ()
    assert transform([stats.norm(), stats.norm()], lambda x: 2 * x).rvs((4, 3), 1).shape == (4, 3, 2)
    for size in (-3, 2.5, "a", (2, -1)):
        with pytest.raises(ArgumentError, match="size must be"):
            law.rvs(size)


@pytest.mark.parametrize("law, said", [("norm(0,-1)", "no distribution norm"), ("nrom(0,1)", "Did you mean norm?"), ("norm(b=3)", "loc and scale")])
def test_the_command_refuses_a_bad_law_in_a_line(law, said, capsys):
    assert main(["plot", "density", "x**2", "--law", law]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


SUPPORTS = {  # name: (distribution of X, f, support, number of pieces)
    "a quotient": (stats.expon(), lambda x: x**2 / (1 + x), (0, np.inf), 1),
    "an odd quotient": (stats.norm(), lambda x: x**3 / (1 + x**2), (-np.inf, np.inf), 1),
    "with a pole": (stats.norm(), lambda x: (x**2 + 1) / x, (-np.inf, np.inf), 4),
    "bounded": (stats.norm(), lambda x: x**2 / (1 + x**2), (0, 1), 2),
    "a square of cosines": (stats.uniform(0, 8 * np.pi), lambda t: np.cos(t) ** 2, (0, 1), 16),
    "Rayleigh": (stats.uniform(), lambda u: np.sqrt(-2 * np.log(u)), (0, np.inf), 1),
    "exponential": (stats.uniform(), lambda u: -np.log(u), (0, np.inf), 1),
    "growing turns": (stats.norm(), lambda x: x * np.sin(x), (-np.inf, np.inf), 10),
}


@pytest.mark.parametrize("name", SUPPORTS)
def test_the_support_is_what_f_takes_beyond_what_floats_square(name):
    dist, f, want, pieces = SUPPORTS[name]
    found = transform(dist, f)
    assert found.support() == want
    assert "-0.0" not in str(found.support())
    assert len(found.pieces) == pieces


def test_the_support_of_a_composed_one_follows():
    assert transform(stats.expon(), lambda x: x**2 / (1 + x)).compose(np.log).support() == (-np.inf, np.inf)


def test_a_piece_that_folds_on_says_so():
    assert "as far as was looked" in repr(transform(stats.norm(), np.sin).pieces[-1])
    assert "as far" not in repr(transform(stats.norm(), lambda x: x**2).pieces)


def test_a_missing_inverse_is_shown_at_a_typical_value():
    with pytest.raises(NotInverted) as told:
        transform(stats.norm(), lambda x: x**2, [np.sqrt])
    y = float(str(told.value).split("y = ")[1].split(" ")[0])
    assert 0.1 < y < 2


def test_a_slope_that_is_lost_to_rounding_is_no_fold():
    with pytest.raises(NoDensity, match="slope of f is lost to rounding around x = "):
        transform(stats.cauchy(), lambda x: x**2 / (1 + x**2))
    with pytest.raises(NoDensity, match="folds more often than can be followed"):
        transform(stats.norm(), lambda x: np.sin(1e5 * x))
