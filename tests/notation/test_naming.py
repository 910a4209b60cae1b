"""Names for repeated parts: exact text, and the short form has the same number as the long one."""

import numpy as np

from notation.graphs import SIZES, Phi, apply, derivative, matvec, numbers, theta, w, x
from wrt.notation.expression import Inverse, Product, Sum, Symbol
from wrt.notation.formula import formula
from wrt.notation.idiom import prepared
from wrt.notation.naming import named
from wrt.notation.text import text
from wrt.notation.value import value


def test_standardize(rng):
    centred = x - apply(np.mean, x)
    f = centred / apply(np.sqrt, apply(np.mean, centred**2))
    made = formula(derivative(prepared(f), x))
    assert made.text() == "I / s − eeᵀ / (Ds³) − 𝟏𝟏ᵀ / (Ds), with s = sqrt(‖e‖² / D), e = x − 𝟏ᵀx / D"
    assert made.latex().endswith(r"e = x - \frac{1}{D}\, \mathbf{1}^\top x")
    known = numbers(f, rng)
    short, where = made.short
    for name, e in reversed(where):
        known[name.name] = value(e, known, SIZES)
    assert np.allclose(value(short, known, SIZES), value(made.expression, known, SIZES))


def test_names_never_clash():
    A, Q, s = Symbol("A", "matrix"), Symbol("Q", "matrix"), Symbol("s")
    inside = Inverse(Sum((A, Product(1, (s,), (Q,)), Product(1, (), (A, A, A)), Product(1, (), (A, Q, A)))))
    short, where = named(Product(1, (), (inside, Q, inside)))
    assert [name.name for name, _ in where] == ["G"]
    assert text(short) == "GQG"
    assert named(short, ())[1] == ()


def test_short_parts_keep_their_form():
    made = formula(derivative(apply(np.tanh, matvec(Phi, theta)), theta))
    assert made.text() == "diag(1 − tanh(Φθ)^⊙2) Φ"
    assert formula(derivative(x * w, x)).short[1] == ()
