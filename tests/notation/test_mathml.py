"""MathML: well-formed for every formula, with the elements that are meant; HTML around it."""

from xml.dom.minidom import parseString

import numpy as np
import pytest

from notation.graphs import A, D, Phi, S, apply, derivative, einsum, matvec, shifted, theta, total, w, x, y
from wrt.graph.node import variable
from wrt.notation.formula import formula
from wrt.notation.html import html
from wrt.notation.mathml import mathml
from wrt.notation.matrix import Matrices

X = variable("X", (D, D))
CASES = [
    (total((y - matvec(Phi, theta)) ** 2), theta),
    (x / apply(np.linalg.norm, x), x),
    (apply(np.linalg.inv, S), S),
    (einsum("ij,jk->ik", X, A), X),
    (apply(np.maximum, x, w), x),
    (apply("scipy.special.softmax", X, axis=1), X),
    (shifted(y, 1, y.shape[0] - 1), y),
    (x * shifted(x, -1), x),
    (apply(np.linalg.norm, X), X),
    (apply(np.sqrt, x), x),
]


@pytest.mark.parametrize("f, by", CASES)
def test_well_formed(f, by):
    made = formula(derivative(f, by))
    page = parseString(html(made, ["a < b"], "f(x) = …"))  # noqa: S318  # our own output
    assert page.getElementsByTagName("math")
    assert "a &lt; b" in html(made, ["a < b"])


def test_elements():
    assert mathml(Matrices().of(matvec(Phi, theta))) == "<mi>Φ</mi><mi>θ</mi>"
    assert formula(derivative(CASES[0][0], theta)).mathml() == (
        '<math display="block"><mrow><mo>−</mo><mn>2</mn><msup><mrow><mrow><mo>(</mo><mi>y</mi> <mo>−</mo> '
        "<mi>Φ</mi><mi>θ</mi><mo>)</mo></mrow></mrow><mo>⊤</mo></msup><mi>Φ</mi></mrow></math>"
    )
    assert "<mfrac>" in formula(derivative(CASES[1][0], x)).mathml()
    assert "<msub>" in formula(derivative(CASES[2][0], S)).mathml()
