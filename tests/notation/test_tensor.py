"""Derivatives with three and more axes: entries, both Kronecker forms, one slice."""

import numpy as np

from notation.graphs import SIZES, D, K, M, N, concrete, derivative, einsum, matvec, numbers, x
from wrt.graph.node import variable
from wrt.notation.expression import Indexed, Subscript, Sum, Symbol
from wrt.notation.matrix import Matrices
from wrt.notation.subscripted import gathered
from wrt.notation.tensor import slice_of, tensor_lines
from wrt.notation.text import text
from wrt.notation.value import value

X, B, C = variable("X", (N, D)), variable("B", (D, K)), variable("C", (M, N))


def test_three_ways():
    m = derivative(einsum("mn,nd,dk->mk", C, X, B), X)
    assert tensor_lines(m, Matrices(), "F", "X") == (
        "∂F_ij/∂X_kl = C_ik B_lj",
        "∂vec(F)/∂vec(X)ᵀ = C ⊗ Bᵀ   (vec in C order (row-major, as NumPy's reshape))",
        "∂vec(F)/∂vec(X)ᵀ = Bᵀ ⊗ C   (vec in F order (column-major, the textbooks' vec))",
        "∂F/∂X₁₁ = C_{:,1} B_{1,:}ᵀ   (one slice)",
    )


def test_gradients_have_nothing_to_flatten():
    assert tensor_lines(derivative(x, x), Matrices(), "f", "x") == ("∂f_i/∂x_j = δ_ij",)


def test_a_slice_is_the_array_at_that_position(rng):
    for f in (matvec(X, x), einsum("nd,ne->de", X, X), einsum("mn,nd->md", C, X)):
        m = derivative(f, X)
        known = numbers([f, m.to_dense()], rng)
        whole = np.asarray(concrete(m.to_dense(), known))
        for position in ((0, 0), (2, 1)):
            e = slice_of(m, Matrices(), position)
            assert np.allclose(value(e, known, SIZES), whole[(..., *position)])


def test_equal_entries_are_counted_once_each(rng):
    """(A + A)_ij from two equal terms is 2A_ij and not 4A_ij."""
    i = Subscript((("i", 1),))
    e = Indexed(Sum((Symbol("x", "column"), Symbol("w", "column"))), (i,))
    assert text(gathered([e, e])) == "2 (x + w)_i"
