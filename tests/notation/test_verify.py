"""Steps in three levels: exact text of the differential style, and every line checked against the derivative."""

import dataclasses

import numpy as np
import pytest

from notation.graphs import SIZES, D, K, N, Phi, S, W, apply, b, derivative, einsum, matvec, numbers, theta, total, x, y
from wrt.graph.node import variable
from wrt.notation.build import product
from wrt.notation.chain import chain
from wrt.notation.idiom import prepared
from wrt.notation.steps import derivation
from wrt.notation.verify import check_steps

X, B = variable("X", (N, D)), variable("B", (D, K))
jacobian = lambda f, by: derivative(prepared(f), by)
layer = apply(np.tanh, matvec(W, x) + b)


def steps(f, by, level):
    links = chain(f, by, "L" if f.ndim == 0 else "f")
    return derivation(links, [jacobian(link.node, link.argument) for link in links], jacobian(f, by), level=level, jacobian=jacobian)


DIFFERENTIAL = """\
L(e) = ‖e‖²,   e(X) = y − Xθ          y: N   θ: D   X: N×D
dL = 2eᵀ de             (take d: derivative of a squared norm)
de = −dX θ              (take d: linear map)
dL = −2eᵀ dX θ          (substitute de)
dL = −2 tr(θeᵀ dX)      (the variable's change last: tr(AB) = tr(BA), tr(A) = tr(Aᵀ))
∂L/∂X = −2θeᵀ           ∈ R^{D×N}   (read off: df = tr(G dX) gives G, numerator layout)
      = −2θ (y − Xθ)ᵀ               (substitute e)"""

FUNCTIONS = [
    (total((y - matvec(Phi, theta)) ** 2), theta),
    (total((y - matvec(X, theta)) ** 2), X),
    (apply(np.linalg.slogdet, S)[1], S),
    (einsum("i,ij,j->", x, apply(np.linalg.inv, S), x), S),
    (einsum("ij,jk->ik", X, B), X),
    (apply(np.linalg.inv, S), S),
    (layer, x),
    (apply("scipy.special.softmax", matvec(Phi, x)) * y, x),
    (total(apply(np.log, 1 + apply(np.exp, matvec(X, theta)))), X),
]


def test_differential_style():
    got = steps(*FUNCTIONS[1], "chain").text().splitlines()
    assert [" ".join(line.split()) for line in got[:7]] == [" ".join(line.split()) for line in DIFFERENTIAL.splitlines()]


@pytest.mark.parametrize("level", ["answer", "chain", "every"])
@pytest.mark.parametrize("f, by", FUNCTIONS)
def test_every_line_is_right(f, by, level, rng):
    made = steps(f, by, level)
    assert made.steps
    assert check_steps(made, numbers(f, rng), SIZES) < 1e-9


def test_levels_differ():
    f, by = FUNCTIONS[0]
    answer, short, long = (steps(f, by, level) for level in ("answer", "chain", "every"))
    assert len(answer.steps) == 1
    assert len(short.steps) == 4
    assert len(long.steps) > len(short.steps)
    assert long.steps[0].left == "u₁"
    assert "einsum" not in answer.text()


def test_a_wrong_line_is_found(rng):
    made = steps(*FUNCTIONS[0], "chain")
    known = numbers(FUNCTIONS[0][0], rng)
    last = made.steps[-1]
    (right,) = last.expressions
    halved = dataclasses.replace(last, expressions=(product((right,), 0.5),))
    assert check_steps(dataclasses.replace(made, steps=(last,)), known, SIZES) < 1e-9
    assert check_steps(dataclasses.replace(made, steps=(halved,)), known, SIZES) > 0.1
