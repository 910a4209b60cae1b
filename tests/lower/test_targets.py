"""Code for JAX, Numba and PyTorch gives what NumPy's gives, on the corpus; what a library lacks is refused by name."""

import inspect
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import wrt
from conftest import PROFILE
from data.points import load, points
from lower import fake_torch
from wrt.api.code import code
from wrt.api.derive import differentiated

PROBLEMS = {problem["id"]: problem for problem in load(Path(__file__).parents[1] / "data" / "corpus_public.json")}
EVERY = {"jax": 8, "numba": 20, "torch": 1}  # in the fast profile every so many rows: JAX and Numba compile each


def rows(target):
    return [name for k, name in enumerate(PROBLEMS) if PROFILE == "thorough" or k % EVERY[target] == 0]


@cache
def derivative(name):
    """(value node, derivative node, variables), or None where wrt wants sizes as numbers."""
    problem = PROBLEMS[name]
    try:
        d = wrt.derive(problem["expr"], wrt=problem["wrt"], shapes=problem["vars"])
        built = d._symbolic()
        node, m = differentiated(built, d.wrt)
        return node, m.to_dense(np.dtype(float)), built.variables
    except wrt.WrtError:  # sizes are wanted as numbers
        return None


def text_for(name, target):
    found = derivative(name)
    if found is None:
        pytest.skip("needs sizes as numbers")
    node, dense, variables = found
    try:
        return code((node, dense), variables, target=target)
    except wrt.WrtError as why:
        pytest.skip(why.fact)


def agree(name, run, convert, nsizes=1):
    for _, values, expected in points(PROBLEMS[name], seeds=(0,), nsizes=nsizes):
        arguments = {v: convert(values[v]) for v in inspect.signature(run).parameters}
        np.testing.assert_allclose(np.asarray(run(**arguments)[1]), expected, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("name", rows("jax"))
def test_jax(name):
    space = {}
    exec(text_for(name, "jax"), space)
    agree(name, space["value_and_derivative"], np.asarray)


@pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaPerformanceWarning")
@pytest.mark.parametrize("name", rows("numba"))
def test_numba(name):
    space = {}
    exec(text_for(name, "numba"), space)
    run = space["value_and_derivative"]
    for _, values, expected in points(PROBLEMS[name], seeds=(0,), nsizes=1):
        given = [values[v] for v in inspect.signature(run.py_func).parameters]
        arguments = [np.ascontiguousarray(a, float) if np.ndim(a) else float(a) for a in given]
        np.testing.assert_allclose(run(*arguments)[1], expected, rtol=1e-6, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("name", rows("torch"))
def test_torch(name):
    """Torch is not a dependency: the text runs against a stand-in that has torch's names over NumPy."""
    text = text_for(name, "torch")
    space = {"torch": fake_torch}
    exec(text.replace("import torch\n", ""), space)
    agree(name, space["value_and_derivative"], fake_torch.as_tensor)
