"""Random small programs: every formula of the value and of its derivative, in every form, has the right number."""

import random

import numpy as np
import pytest

from notation.graphs import SIZES, D, N, apply, concrete, derivative, einsum, numbers, shifted, total
from wrt.graph.node import constant, variable
from wrt.notation.formula import formula
from wrt.notation.idiom import prepared
from wrt.notation.index_form import IndexForm
from wrt.notation.matrix import Matrices
from wrt.notation.tensor import slice_of
from wrt.notation.text import text
from wrt.notation.value import value

LEAVES = [variable(name, shape) for name, shape in (("x", (D,)), ("w", (D,)), ("y", (N,)), ("A", (N, D)), ("S", (D, D)), ("T", (D, D)))]
PRODUCTS = [
    *("ij,j->i", "ij,i->j", "ij,jk->ik", "ij,kj->ik", "ji,jk->ik", "i,j->ij", "i,i->", "ij,ij->"),
    *("i,ij->ij", "ij,j->ij", "ii->i", "ij->j", "i->ii", "ij->ji", "i,i->i"),
]


def program(rng: random.Random, steps: int):
    """A node built by random operations on what there is so far."""
    known = list(LEAVES)
    for _ in range(steps):
        a, c = rng.choice(known[-8:]), rng.choice(known[-8:])
        kind = rng.choice(("smooth", "product", "product", "product", "arithmetic", "scale"))
        if kind == "smooth":
            made = apply(rng.choice((np.sin, np.tanh)), a)
        elif kind == "scale":
            made = a * rng.choice((2, -1, 0.5)) if rng.random() < 0.7 else a * total(c * 0.25)
        elif kind == "arithmetic":
            made = arithmetic(rng.randrange(4), a, c)
        else:
            made = contraction(rng.choice(PRODUCTS), a, c)
        if made is not None and made.ndim <= 2:
            known.append(made)
    return known[-1]


def arithmetic(kind, a, c):
    if not (a.shape == c.shape or () in (a.shape, c.shape) or (a.ndim == 2 and a.shape[1:] == c.shape)):
        return None
    return (a + c, a - c, a * c, a / (1 + apply(np.exp, c)))[kind]


def contraction(spec, a, c):
    operands = [a, c][: spec.count(",") + 1]
    sizes: dict[str, object] = {}
    for letters, node in zip(spec.split("->")[0].split(","), operands, strict=True):
        if len(letters) != node.ndim or any(sizes.setdefault(k, s) != s for k, s in zip(letters, node.shape, strict=True)):
            return None
    return einsum(spec, *operands)


def close(got, wanted):
    assert np.allclose(np.reshape(got, wanted.shape), wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("seed", range(150))
def test_value_and_derivatives(seed):
    rng = random.Random(seed)
    f = program(rng, 8)
    if not f.variables:
        return
    known = numbers(f, np.random.default_rng(seed))
    for factor in (True, False):
        e = Matrices(factor=factor).of(f)
        if e is not None:
            close(value(e, known, SIZES), np.asarray(concrete(f, known)))
    by = rng.choice(sorted(f.variables, key=lambda v: v.attrs[0]))
    m = derivative(f, by)
    wanted = np.asarray(concrete(m.to_dense(), known))
    for view, order in (("tensor", "C"), ("matrix", "C"), ("matrix", "F")):
        made = formula(m, view=view, order=order)
        if made.plain is not None:
            flat = wanted
            if made.flat == "F":
                flat = wanted.transpose(*reversed(range(f.ndim)), *reversed(range(f.ndim, wanted.ndim))).reshape(-1)
            close(made.value(known, SIZES), flat)
            assert text(made.expression)
            assert made.latex().count("{") == made.latex().count("}")
        if made.index is not None and wanted.size <= 30:
            close(made.index.value(known, wanted.shape, SIZES), wanted)


PIECES = [variable(name, shape) for name, shape in (("v", (N,)), ("x", (D,)), ("A", (N, D)), ("S", (D, D)))]


def pieced(rng: random.Random, steps: int):
    """A program of slices, concatenations, Kronecker products, idioms and conditions, smooth at random points."""
    known = list(PIECES)
    for _ in range(steps):
        a, c = rng.choice(known[-6:]), rng.choice(known[-6:])
        kind = rng.randrange(8)
        made = None
        if kind == 0 and a.ndim == 1 and a.shape[0] == N:
            made = shifted(a, 1, N - 1) - shifted(a, 0, N - 1) if rng.random() < 0.5 else shifted(a, rng.randrange(2), N - 1)
        elif kind == 1 and a.ndim == c.ndim == 1:
            made = apply(np.concatenate, [a, c])
        elif kind == 2 and a.ndim == c.ndim == 1 and len(str(a.shape[0])) == len(str(c.shape[0])) == 1:
            made = apply(np.kron, a, c)
        elif kind == 3:
            made = 1 / (1 + apply(np.exp, -a))
        elif kind == 4 and a.ndim:
            made = apply(np.exp, a) / total(apply(np.exp, a))
        elif kind == 5:
            made = apply(np.maximum, a - 0.9, constant(0)) if rng.random() < 0.5 else apply(np.log1p, apply(np.exp, a))
        elif kind == 6 and a.ndim == 1:
            made = a - apply(np.mean, a)
        else:
            made = contraction(rng.choice(PRODUCTS), a, c) or arithmetic(rng.randrange(3), a, c)
        if made is not None and made.ndim <= 2:
            known.append(made)
    return known[-1]


@pytest.mark.parametrize("seed", range(200))
def test_blocks_idioms_and_names(seed):
    rng = random.Random(1000 + seed)
    f = pieced(rng, 6)
    if not f.variables:
        return
    by = rng.choice(sorted(f.variables, key=lambda v: v.attrs[0]))
    known = numbers(f, np.random.default_rng(seed))
    better = prepared(f)
    close(np.asarray(concrete(better, known)), np.asarray(concrete(f, known)))
    m = derivative(better, by)
    wanted = np.asarray(concrete(derivative(f, by).to_dense(), known))
    made = formula(m)
    if made.plain is not None:
        close(made.value(known, SIZES), wanted)
    if made.index is not None and wanted.size <= 60:
        close(made.index.value(known, wanted.shape, SIZES), wanted)
    short, where = made.short
    for name, e in reversed(where):
        if name.name not in known and not isinstance(short, IndexForm):
            known[name.name] = value(e, known, SIZES)
    if made.expression is not None:
        close(value(short, known, SIZES), value(made.expression, known, SIZES))
    part = slice_of(m, Matrices(), (0,) * by.ndim)
    if part is not None:
        close(value(part, known, SIZES), wanted.reshape(*wanted.shape[: f.ndim], -1)[..., 0])
