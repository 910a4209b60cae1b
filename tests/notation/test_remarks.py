"""What is said under an answer."""

import numpy as np

from notation.graphs import N, Phi, S, apply, derivative, einsum, matvec, total, w, x, y
from wrt.graph.node import constant, variable
from wrt.notation.matrix import Matrices
from wrt.notation.remarks import remarks


def said(f, by, **options):
    return remarks(f, by, derivative(f, by), **options)


def test_kinks_and_steps():
    assert said(total(apply(np.abs, x)), x) == ("|x| is not differentiable at 0, where the slope is taken as 0.",)
    assert said(apply(np.round, x) * x, x) == ("rint(x) is piecewise constant: its derivative is zero where it exists.",)
    assert said(apply(np.abs, w) * x, x) == ()
    first, *_ = said(apply(np.maximum, x, constant(0)), x)
    assert first == "max(x, 0) is not differentiable at ties, where both inputs get half."


def test_invertible():
    assert "S is taken to be invertible." in said(einsum("i,ij,j->", x, apply(np.linalg.inv, S), x), S)
    assert said(apply(np.linalg.det, S), S)[0].startswith("det(S): the formula is for invertible S")


def test_symmetric():
    lines = said(apply(np.linalg.slogdet, S)[1], S, matrices=Matrices(symmetric={"S"}))
    assert "S = Sᵀ: the gradient G is that of the Frobenius inner product; the Matrix Cookbook's 2G − G∘I counts each off-diagonal pair once." in lines


def test_one_triangle_is_read():
    (chol, *_) = said(apply(np.linalg.cholesky, S), S)
    assert chol.startswith("chol(S): only one triangle of S is read, the lower one; an entry of it stands for its mirror image too")
    assert "derivative by entries above the diagonal is 0. Where S is symmetric" in chol
    coincide, upper, *_ = said(apply(np.linalg.eigvalsh, S, UPLO="U"), S)
    assert "eigenvalues coincide" in coincide
    assert "the upper one" in upper
    assert "below the diagonal" in upper
    product = einsum("ij,kj->ik", S, S)
    assert not any("triangle of" in line for f in (np.linalg.cholesky, np.linalg.eigvalsh) for line in said(apply(f, product), S))


def test_broadcast_and_layout():
    assert "Φ * x scales the columns of Φ; for the matrix product write Φ @ x." in said(Phi * x, x)
    X = variable("X", (N, x.shape[0]))
    lines = said(total((y - matvec(X, w)) ** 2), X)
    assert lines == ("Numerator layout is D×N; the array and the denominator layout are N×D, as X is.",)


def test_words():
    assert "σ(z) = 1 / (1 + exp(−z))." in said(total(apply(np.logaddexp, constant(0), x)), x)
    power = variable("p", ())
    assert said(x**power, x) == ()
