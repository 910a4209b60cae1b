"""Points without a derivative are named, and smooth points beside them are not."""

import numpy as np
import pytest

from numeric.published import Noisy
from wrt.numeric import jacobian


@pytest.mark.parametrize(
    ("f", "x", "forward", "backward"),
    [
        (abs, 0.0, 1, -1),
        (lambda x: np.maximum(x, 0), 0.0, 1, 0),
        (lambda x: np.maximum(x * x, 2 - x), 1.0, 2, -1),
        (lambda x: np.exp(x) + 1e-3 * abs(x - 1), 1.0, np.e + 1e-3, np.e - 1e-3),
        (lambda x: np.clip(x, -1, 1) ** 3, 1.0, 0, 3),
        (lambda x: np.where(x > 1e6, 2 * x, x + 1e6), 1e6, 2, 1),
        (lambda x: np.sqrt(abs(x)), 0.0, np.inf, -np.inf),
        (lambda x: x + float(x >= 2), 2.0, 1, np.inf),
    ],
)
def test_both_limits_are_given(f, x, forward, backward):
    estimate = jacobian(f, x)
    (kink,) = estimate.kinks
    assert kink.forward == pytest.approx(forward, rel=1e-3, abs=1e-6)
    assert kink.backward == pytest.approx(backward, rel=1e-3, abs=1e-6)
    assert not estimate.error < abs(kink.forward - kink.backward) / 2
    assert any("has a kink" in note for note in estimate.notes)


def test_only_the_entry_with_the_kink_is_named():
    estimate = jacobian(lambda x: np.stack([np.sin(x), abs(x), x * abs(x)]), np.array([1.0, 0.0]))
    (kink,) = estimate.kinks
    assert (kink.output, kink.input) == ((1, 1), (1,))
    assert estimate.error[1, 1, 1] >= 1
    rest = estimate.error.copy()
    rest[1, 1, 1] = 0
    assert rest.max() < 1e-6


def test_many_kinks_make_a_short_note_and_a_full_list():
    estimate = jacobian(np.abs, np.zeros(9))
    assert len(estimate.kinks) == 9
    assert sum("has a kink" in note for note in estimate.notes) == 5
    assert "4 more kinks are listed in `kinks`." in estimate.notes


@pytest.mark.parametrize("distance", [1e-1, 1e-3, 1e-5])
def test_a_kink_nearby_is_stepped_around(distance):
    estimate = jacobian(lambda x: abs(x - 1 - distance), 1.0)
    assert estimate.value == pytest.approx(-1, abs=1e-10)
    assert estimate.error < 1e-6
    assert estimate.kinks == ()


@pytest.mark.parametrize("f", [lambda x: x * abs(x), lambda x: abs(x) ** 1.5, lambda x: x**2, np.cos, np.arctan, lambda x: 0.0 * x])
def test_smooth_enough_at_zero_is_no_kink(f):
    estimate = jacobian(f, 0.0)
    assert estimate.kinks == ()
    assert abs(estimate.value - (f is np.arctan)) <= 3 * estimate.error + 1e-15


def test_noise_is_not_taken_for_kinks():
    flagged = sum(
        len(jacobian(Noisy(np.exp, level, seed), x).kinks) for seed in range(30) for level in (1e-10, 1e-6, 1e-2) for x in (0.7, 1.9)
    )
    assert flagged <= 2
