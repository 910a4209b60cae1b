"""Problems that nobody tuned for, against JAX: a wrong value fails, whatever else; 98 % must be right and the rest refused clearly."""

import json
from functools import cache

import numpy as np
import pytest

import wrt
from oracle.unseen import ANSWERS, PROBLEMS, answer, fingerprint, values

EXPECTED = json.loads(ANSWERS.read_text())
BY_ID = {problem.id: problem for problem in PROBLEMS}


@cache
def refusal(name):
    """None if the value is right, the refusal if there is one. A wrong value is an AssertionError."""
    problem, expected = BY_ID[name], EXPECTED[name]
    try:
        found = wrt.derive(problem.expr, wrt=problem.wrt, shapes=problem.shapes)(**values(problem))
    except wrt.WrtError as why:
        return why
    assert list(found.shape) == expected["shape"]
    tolerance = 1e-9 if expected["by"] == "jax" else 1e-5
    np.testing.assert_allclose(fingerprint(found)[0], expected["numbers"], rtol=0, atol=tolerance * expected["scale"])
    return None


@pytest.mark.parametrize("name", BY_ID)
def test_never_wrong(name):
    why = refusal(name)
    assert why is None or len(str(why)) > 40


def test_at_least_98_percent_are_right():
    refused = {name: why.fact for name in BY_ID if (why := refusal(name)) is not None}
    assert len(PROBLEMS) >= 700
    assert len(refused) <= 0.02 * len(PROBLEMS), refused


@pytest.mark.thorough
@pytest.mark.parametrize("name", BY_ID)
def test_the_answers_are_those_of_jax(name):
    found, kept = answer(BY_ID[name]), EXPECTED[name]
    assert found["shape"] == kept["shape"]
    np.testing.assert_allclose(found["numbers"], kept["numbers"], rtol=0, atol=1e-7 * kept["scale"])
