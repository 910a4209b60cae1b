"""Every function of the catalogue, called as users call it: by NumPy's own signature, with plain and with traced arguments."""

import importlib

import numpy as np
import pytest

import wrt.ops  # noqa: F401
from wrt.ops.catalog import CASES, CONSTANT, FUNCTIONS, NO_RULE
from wrt.trace.lookup import builder_of, public_name


def real(key):
    if not isinstance(key, str):
        return key
    module, _, name = key.rpartition(".")
    return getattr(importlib.import_module(module), name)


def name_of(key):
    return public_name(key)


def entry(given, case, rng):
    if isinstance(given, tuple) and all(isinstance(n, int) for n in given):
        return np.round(rng.uniform(case.low, case.high, given), 3)
    if isinstance(given, list) and any(isinstance(item, tuple | np.ndarray) for item in given):
        return [entry(item, case, rng) for item in given]
    return given


PROBLEMS = [(key, case) for key, cases in CASES.items() if key is not np.empty_like for case in cases[:4]]


@pytest.mark.parametrize("key, case", PROBLEMS, ids=[f"{name_of(key)}-{i}" for i, (key, _) in enumerate(PROBLEMS)])
@pytest.mark.filterwarnings("ignore")
def test_called_as_users_call_it(key, case, rng, run):
    function = real(key)
    args = [entry(shape, case, rng) for shape in case.shapes]
    options = {name: entry(value, case, rng) if isinstance(value, list) else value for name, value in case.options.items()}
    arrays = [value for value in args if isinstance(value, np.ndarray)]

    def f(*given):
        remaining = iter(given)
        filled = [next(remaining) if isinstance(value, np.ndarray) else value for value in args]
        result = function(*filled, **options)
        if not isinstance(result, tuple | list):
            return result
        return list(result) if all(np.shape(part) == np.shape(result[0]) for part in result) else result[0]

    wanted = np.asarray(f(*arrays))
    got = np.asarray(run(f, arrays).at(*arrays))
    assert got.shape == wanted.shape
    np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("key", [key for key in FUNCTIONS if isinstance(key, str)])
def test_scipy_is_found_by_name(key):
    assert builder_of(real(key)) is FUNCTIONS[key] or key == "scipy.special.digamma"  # which is scipy.special.psi


def test_every_declared_function_has_a_name_that_users_know():
    for key in (*FUNCTIONS, *CONSTANT, *NO_RULE):
        assert name_of(key).startswith(("np.", "scipy.")), key
