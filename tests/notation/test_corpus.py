"""Every problem of the public corpus: a formula, its number, and steps of which every line is right."""

import json
import os
import sys

import numpy as np
import pytest

from wrt.api.formula_source import TextSource, build, declared_shapes
from wrt.differentiate.accumulate import jacobian
from wrt.graph.size import NeedsSizes
from wrt.notation.chain import chain
from wrt.notation.formula import formula
from wrt.notation.idiom import prepared
from wrt.notation.index_form import IndexForm
from wrt.notation.matrix import Matrices
from wrt.notation.steps import derivation
from wrt.notation.value import value
from wrt.notation.verify import check_steps

DATA = os.path.join(os.path.dirname(__file__), os.pardir, "data")
sys.path.insert(0, DATA)
import points  # noqa: E402

with open(os.path.join(DATA, "corpus_public.json")) as file:
    PROBLEMS = json.load(file)["problems"]


def local(f, by):
    return jacobian(prepared(f), [by])[by]


def built(problem, sizes=None):
    names = (problem["wrt"],) if isinstance(problem["wrt"], str) else tuple(problem["wrt"])
    shapes = {name: " ".join(str((sizes or {}).get(s, s)) for s in shape) for name, shape in problem["vars"].items()}
    made = build(TextSource(problem["expr"], None), declared_shapes(shapes), names)
    return made.node, [made.variables[name] for name in names]


@pytest.mark.parametrize("problem", PROBLEMS, ids=[p["id"] for p in PROBLEMS])
def test_formula_and_steps(problem):
    sizes, known, wanted = next(iter(points.points(problem)))
    try:
        node, by = built(problem)
    except NeedsSizes:
        node, by = built(problem, sizes)
    m = local(node, by[0])
    if len(by) == 2:
        m = local(m.to_dense(), by[1])
    made = formula(m, Matrices(symmetric=problem["assumes_symmetric"]), variable=by[-1].attrs[0])
    assert made.text() != "no formula"
    if made.plain is not None:
        assert np.allclose(np.reshape(made.value(known, sizes), wanted.shape), wanted, rtol=1e-6, atol=1e-8)
    if made.index is not None and wanted.size <= 400:
        assert np.allclose(made.index.value(known, wanted.shape, sizes), wanted, rtol=1e-6, atol=1e-8)
    short, where = made.short
    if not isinstance(short, IndexForm):
        named = dict(known)
        for name, e in reversed(where):
            named[name.name] = value(e, named, sizes)
        assert np.allclose(value(short, named, sizes), value(made.expression, known, sizes))
    if len(by) == 1:
        links = chain(node, by[0])
        locals_ = [local(link.node, link.argument) for link in links]
        for level in ("answer", "chain", "every"):
            assert check_steps(derivation(links, locals_, m, level=level, jacobian=local), known, sizes) < 1e-8
