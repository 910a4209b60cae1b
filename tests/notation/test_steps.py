"""Derivations: exact text, and every line evaluated."""

import numpy as np
import pytest

from notation.graphs import SIZES, A, D, K, M, N, Phi, W, apply, b, concrete, derivative, einsum, matvec, numbers, theta, total, x, y
from wrt.graph.node import variable
from wrt.notation import einsum as einsum_lines
from wrt.notation.chain import chain, is_affine, places, replaced
from wrt.notation.steps import derivation
from wrt.notation.value import value

residual = y - matvec(Phi, theta)
squares = total(residual**2)
layer = matvec(W, x) + b
V, t, X = variable("V", (M, N)), variable("t", (M,)), variable("X", (N, D))
net = matvec(V, apply(np.tanh, layer)) - t


def steps(f, by, name="f", names=None, **options):
    links = chain(f, by, name, names)
    local = [derivative(link.node, link.argument) for link in links]
    return derivation(links, local, derivative(f, by), **options)


LEAST_SQUARES = """\
L(e) = ‖e‖²,   e(θ) = y − Φθ          y: N   Φ: N×D   θ: D
∂L/∂e = 2eᵀ                      ∈ R^{1×N}          (derivative of a squared norm)
∂e/∂θ = −Φ                       ∈ R^{N×D}          (linear map)
∂L/∂θ = ∂L/∂e · ∂e/∂θ = −2eᵀΦ    (1×N)(N×D) = 1×D   (chain rule)
      = −2 (y − Φθ)ᵀΦ                               (substitute e)
dLdtheta = np.einsum('n,nd->d', dLde, dedtheta)
denominator layout: −2Φᵀ(y − Φθ) ∈ R^{D×1}
checked at 3 random points: largest difference 2.2e-16"""

ELEMENTWISE = """\
f(u) = sin(u),   u(x) = Wx + b          W: N×D   b: N   x: D
∂f/∂u = diag(cos(u))                      ∈ R^{N×N}          (entry by entry, hence diagonal)
∂u/∂x = W                                 ∈ R^{N×D}          (linear map)
∂f/∂x = ∂f/∂u · ∂u/∂x = diag(cos(u)) W    (N×N)(N×D) = N×D   (chain rule)
      = diag(cos(Wx + b)) W                                  (substitute u)
dfdx = np.einsum('ni,id->nd', dfdu, dudx)
denominator layout: Wᵀ diag(cos(Wx + b)) ∈ R^{D×N}"""

QUADRATIC = """\
f(x) = xᵀAx          A: D×D   x: D
∂f/∂x = xᵀ(A + Aᵀ)    ∈ R^{1×D}   (quadratic form)
denominator layout: (A + Aᵀ)x ∈ R^{D×1}"""

MATRIX = """\
F(X) = VXB          V: M×N   B: D×K   X: N×D
∂F_ij/∂X_kl = V_ik B_lj        ∈ R^{M×K×N×D}   (linear map)
∂vec(F)/∂vec(X) = V ⊗ Bᵀ                       (flattened in C order (row-major, as NumPy's reshape))
∂F/∂X_11 = V_{:,1} B_{1,:}ᵀ                    (one slice)
flattened in F order (column-major, the textbooks' vec): Bᵀ ⊗ V ∈ R^{KM×DN}"""


def test_least_squares():
    assert steps(squares, theta, "L").text((2.2e-16, 3)) == LEAST_SQUARES


def test_other_kinds():
    assert steps(apply(np.sin, layer), x).text() == ELEMENTWISE
    assert steps(einsum("i,ij,j->", x, A, x), x).text() == QUADRATIC
    assert steps(einsum("mn,nd,dk->mk", V, X, variable("B", (D, K))), X, "F").text() == MATRIX


def test_ascii_and_latex():
    made = steps(squares, theta, "L", style="ascii")
    assert made.text().splitlines()[3].startswith("dL/dtheta = dL/de · de/dtheta = -2 e' Phi    (1 x N)(N x D) = 1 x D")
    assert r"\frac{\partial L}{\partial e} &= 2e^\top && \in \mathbb{R}^{1 \times N}" in steps(squares, theta, "L").latex()


CHAINS = [
    (squares, theta, ["L", "e"]),
    (total(net**2), x, ["L", "e", "v", "u"]),
    (total(net**2), W, ["L", "e", "v", "u"]),
    (apply(np.sin, layer), x, ["L", "u"]),
    (total(apply(np.log, 1 + apply(np.exp, -(b * matvec(W, x))))), x, ["L", "u"]),
    (einsum("i,ij,j->", x, A, x), x, ["L"]),
    (layer, x, ["L"]),
]


@pytest.mark.parametrize("f, by, names", CHAINS, ids=lambda v: "".join(v) if isinstance(v, list) else "")
def test_chains_multiply_to_the_derivative(f, by, names, rng):
    """Each link's function at the intermediates' values is the intermediate; the product of the local Jacobians is the whole's."""
    links = chain(f, by, "L")
    assert [link.name for link in links] == names
    known = numbers(f, rng)
    known |= {link.name: np.asarray(concrete(link.original, known)) for link in links}
    product = None
    for link in links:
        assert np.allclose(concrete(link.node, known), known[link.name])
        local = np.asarray(concrete(derivative(link.node, link.argument).to_dense(), known))
        product = local if product is None else np.tensordot(product, local, axes=link.node.ndim)
    assert np.allclose(product, concrete(derivative(f, by).to_dense(), known))


@pytest.mark.parametrize("f, by", [case[:2] for case in CHAINS])
def test_every_line_is_equal_to_what_it_follows_from(f, by, rng):
    made = steps(f, by, "L")
    known = numbers(f, rng)
    known |= {name: np.asarray(concrete(node, known)) for name, node in made.intermediates.items()}
    whole = value(made.formula.expression, known, SIZES)
    last = made.steps[-1].left or next(s.left for s in reversed(made.steps) if s.left)
    about = ""
    for step in made.steps:
        about = step.left or about
        for e in step.expressions:
            if about == last:
                assert np.allclose(value(e, known, SIZES), whole), step


def test_names_never_clash():
    u, e = variable("u", (D,)), variable("e", (N,))
    assert [link.name for link in chain(total((e - matvec(Phi, u)) ** 2), u)] == ["f", "v"]
    assert [link.name for link in chain(total((y - matvec(Phi, u)) ** 2), u)] == ["f", "e"]


def test_names_that_the_user_gave_are_kept():
    assert [link.name for link in chain(squares, theta, "L", {residual: "r"})] == ["L", "r"]


def test_two_paths_cannot_be_cut():
    assert places(apply(np.sin, x) * x, x) == []
    assert is_affine(layer, x)
    assert not is_affine(apply(np.sin, layer), x)
    v = variable("v", (D,))
    assert replaced(layer, {x: v}) is matvec(W, v) + b


def test_einsum_lines():
    assert einsum_lines.letters([N, D, D, 3]) == ["n", "d", "i", "j"]
    names = {Phi: "Phi", W: "W", x: "x"}
    code = lambda node: names.get(node, "e")
    assert einsum_lines.lines(derivative(squares, theta), "J", code) == "J = -2 * np.einsum('d->d', e)"
    line = einsum_lines.lines(derivative(matvec(W, x), W), "J", code)
    assert line == "J = np.einsum('d,ni->nid', x, np.eye(N))"
    N_, D_ = 4, 3
    got = eval(line.removeprefix("J = "), {"np": np, "x": np.arange(3.0), "N": N_})
    assert np.allclose(got, np.einsum("d,ni->nid", np.arange(D_), np.eye(N_)))


def test_the_chain_rule_line_runs(rng):
    links = chain(total(net**2), x, "L")
    known = numbers(total(net**2), rng)
    known |= {link.name: np.asarray(concrete(link.original, known)) for link in links}
    local = {f"d{link.name}d{link.of}": np.asarray(concrete(derivative(link.node, link.argument).to_dense(), known)) for link in links}
    name, _, line = steps(total(net**2), x, "L").code.partition(" = ")
    assert name == "dLdx"
    assert np.allclose(eval(line, {"np": np, **local}), concrete(derivative(total(net**2), x).to_dense(), known))
