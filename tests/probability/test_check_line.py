"""∫p of maps of numbers: right densities pass whatever f folds, flattens and jumps; wrong ones do not; and what is not known is said."""

import numpy as np
import pytest
from scipy import special, stats

from wrt.errors import Disagreement
from wrt.probability import Law, transform

NORMAL = stats.norm()
HISTOGRAM = stats.rv_histogram((np.array([3, 0, 5, 2]), np.array([-2.0, -1.0, 0.5, 1.0, 3.0])), density=True)
RIGHT = {
    "an inflection": lambda: transform(NORMAL, lambda x: x**3),
    "a strong one": lambda: transform(NORMAL, lambda x: x**5),
    "two folds": lambda: transform(NORMAL, lambda x: x**3 - 3 * x),
    "a staircase": lambda: transform(NORMAL, lambda x: x + np.sin(x)),
    "many folds": lambda: transform(NORMAL, lambda x: x + 2 * np.sin(3 * x)),
    "x log x": lambda: transform(stats.uniform(0, 2), lambda x: x * np.log(x)),
    "the gamma function": lambda: transform(stats.uniform(0.2, 4), special.gamma),
    "GELU": lambda: transform(NORMAL, lambda x: x * special.ndtr(x)),
    "composed at an infinity": lambda: transform(NORMAL, lambda x: x**3).compose(np.arctan),
    "a histogram": lambda: transform(HISTOGRAM, lambda x: x**2),
    "two narrow bells": lambda: transform(
        Law(
            lambda x: np.logaddexp(stats.norm.logpdf(x, -1e3, 0.01), stats.norm.logpdf(x, 1e3, 0.01)) - np.log(2),
            lambda size, rng: rng.normal(size=size) * 0.01 + rng.choice([-1e3, 1e3], size),
        ),
        lambda x: x**2 + x,
    ),
    "heavy tails": lambda: transform(stats.pareto(0.1), lambda x: x**3),
    "turns that go farther": lambda: transform(NORMAL, lambda x: x * np.sin(x)),
    "beyond squares": lambda: transform(NORMAL, lambda x: (x**2 - 1) / (x - 2.5)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_density_integrates_to_one(name):
    found = RIGHT[name]().check()
    assert abs(found.integral - 1) < 1e-5
    assert found.error < 1e-4
    assert abs(found.deviation) < 4
    assert "could not" not in str(found)


def test_where_rounding_hides_a_part_it_is_said():
    found = transform(NORMAL, lambda x: x**5 + 1).check()
    assert 1e-4 < found.error < 1e-2
    assert abs(found.integral - 1) < found.error
    assert "∫p could not be integrated to better than" in str(found)


def law(logpdf):
    return Law(logpdf, lambda size, rng: rng.normal(size=size))


WRONG = {
    "a factor": (law(lambda x: NORMAL.logpdf(x) + np.log(1.002)), 1.002),
    "far out": (law(lambda x: np.where(np.abs(x) > 40, -2 * np.log(np.abs(x)), NORMAL.logpdf(x))), 1.05),
    "a mode that is not sampled": (law(lambda x: np.logaddexp(NORMAL.logpdf(x), stats.norm.logpdf(x, 30, 0.1) + np.log(1e-3))), 1.001),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("f", [lambda x: 2 * x, np.arcsinh, lambda x: x**3])
def test_a_wrong_one_does_not(name, f):
    dist, total = WRONG[name]
    with pytest.raises(Disagreement, match=f"integrates to {total:.3f}"):
        transform(dist, f).check()


def test_a_missing_branch_is_seen():
    found = transform(NORMAL, lambda x: x**2)
    for name in ("pieces", "_given", "closed"):
        setattr(found.road, name, getattr(found.road, name)[1:])
    with pytest.raises(Disagreement, match=r"integrates to 0\.500000"):
        found.check()


def test_few_samples_and_a_region():
    assert transform(NORMAL, lambda x: x**3 + x).check(size=100).integral == pytest.approx(1, abs=1e-9)
    assert transform(NORMAL, lambda x: x**2).check(region=(-3, 200)).integral == pytest.approx(1, abs=1e-6)
    with pytest.raises(Disagreement, match=r"integrates to 0\.9167"):
        transform(NORMAL, lambda x: x**2).check(region=(0, 3))
