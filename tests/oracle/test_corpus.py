"""The corpus of known derivatives, by value: a wrong number fails, whatever else; a clear refusal is counted."""

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import wrt
from data.points import load, points

PROBLEMS = {problem["id"]: problem for problem in load(Path(__file__).parents[1] / "data" / "corpus_public.json")}
IN_MATRIXCALCULUS = [name for name, problem in PROBLEMS.items() if problem["text"] is not None]


@cache
def derived(name):
    """The derivative, or the refusal."""
    problem = PROBLEMS[name]
    try:
        return wrt.derive(problem["expr"], wrt=problem["wrt"], shapes=problem["vars"])
    except wrt.WrtError as why:
        return why


@cache
def refusal(name):
    """None if the values are right at every point; the refusal, if wrt gives one. A wrong value is an AssertionError."""
    d = derived(name)
    if isinstance(d, wrt.WrtError):
        return d
    for _, values, expected in points(PROBLEMS[name]):
        try:
            found = d(**values)
        except wrt.WrtError as why:
            return why
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, strict=True)
    return None


@pytest.mark.parametrize("name", PROBLEMS)
def test_never_wrong(name):
    why = refusal(name)
    assert why is None or len(str(why)) > 40  # a refusal says why


def test_at_least_97_percent_are_right():
    refused = {name: why.fact for name in PROBLEMS if (why := refusal(name)) is not None}
    assert len(refused) <= 0.03 * len(PROBLEMS), refused


@pytest.mark.parametrize("name", IN_MATRIXCALCULUS)
def test_in_the_grammar_of_matrixcalculus(name):
    """Where a row has a `text`, it means the same; `A*x` in it is a matrix product."""
    problem = PROBLEMS[name]
    d = wrt.derive(problem["text"], wrt=problem["wrt"], shapes=problem["vars"], dialect="matrixcalculus")
    for _, values, expected in points(problem, seeds=(0,), nsizes=1):
        np.testing.assert_allclose(d(**values), expected, rtol=1e-7, atol=1e-9, strict=True)


def test_layouts_of_a_row_are_views_of_the_stored_array():
    problem = next(p for p in PROBLEMS.values() if p["kind"] == "vector-by-matrix")
    _, values, expected = next(iter(points(problem)))
    f = len(problem["f_shape"])
    turned = np.moveaxis(expected, range(f), range(expected.ndim - f, expected.ndim))
    options = dict(wrt=problem["wrt"], shapes=problem["vars"])
    flat = expected.reshape(np.prod(expected.shape[:f]), -1)
    np.testing.assert_allclose(wrt.derive(problem["expr"], layout="denominator", **options)(**values), turned, rtol=1e-9)
    np.testing.assert_allclose(wrt.derive(problem["expr"], view="matrix", **options)(**values), flat, rtol=1e-9)
    np.testing.assert_allclose(wrt.derive(problem["expr"], view="matrix", layout="denominator", **options)(**values), flat.T, rtol=1e-9)


def test_the_code_runs_as_it_is_and_gives_the_same():
    """`d.code` at two sets of sizes; only what needs a size as a number (an SVD, a sort) may say so."""
    refused = {}
    for name, problem in PROBLEMS.items():
        space = {}
        try:
            exec(derived(name).code, space)
        except wrt.WrtError as why:
            refused[name] = why.fact
            continue
        run = space["value_and_derivative"]
        for _, values, expected in points(problem, seeds=(0,)):
            found = run(**{v: values[v] for v in inspect.signature(run).parameters})[1]
            np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9, err_msg=name)
    assert all("as a number" in fact for fact in refused.values()), refused
    assert len(refused) <= 0.03 * len(PROBLEMS), refused
