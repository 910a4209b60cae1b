"""Generated code reads as if written by hand: what it says for forms that NumPy has words for, and what it never says."""

import numpy as np
import pytest

import wrt
from wrt.graph.node import variable
from wrt.lower.merge import merged
from wrt.lower.numpy_source import source
from wrt.ops.catalog import evaluate


def lines(text, by, **options):
    """The statements of the generated function, its docstring left out."""
    return [line.strip() for line in wrt.derive(text, wrt=by, **options).code.splitlines() if line.startswith("    ") and '"""' not in line]


SAID = [
    ("b @ np.linalg.inv(A) @ b", "A", "np.linalg.solve(A.T, b)"),
    ("X @ np.linalg.inv(X.T @ X + t*np.eye(D)) @ X.T", "t", "np.linalg.solve("),
    ("np.trace(A @ X)", "X", "np.trace(A @ X)"),
    ("np.sum(y * np.cumsum(x))", "x", "np.cumsum(y[::-1])[::-1]"),
    ("x / np.linalg.norm(x)", "x", "np.einsum('ii->i', "),
    ("np.kron(a, x)", "x", ".reshape("),
    ("np.einsum('bij,bjk->bik', A, X)", "t", "A @ X"),
    ("A @ (B + t**2 * C) @ D", "t", "A @ C @ D"),
]


@pytest.mark.parametrize("text, by, said", SAID)
def test_says(text, by, said):
    shapes = {"t": "", "A": "B M N", "X": "B N K"} if "bij" in text else {"t": ""} if "t**2" in text else None
    assert said in "\n".join(lines(text, by, shapes=shapes))


NEVER = ["np.linalg.inv(", "np.eye(", "np.arange(", ".T.T", "+ -", "- -", "1 / t1 *"]
FORMS = [
    ("b @ np.linalg.inv(A) @ c", "A"),
    ("np.linalg.slogdet(np.diag(x) + C)[1] * (a @ x)", "a"),
    ("X @ A", "X"),
    ("np.tanh(W @ x + b)", "W"),
    ("np.sum((T - U @ V.T)**2)", ["U", "U"]),
    ("np.linalg.norm(T - U @ V.T)**2", ["U", "U"]),
    ("x / np.sum(x)", "x"),
]


@pytest.mark.parametrize("text, by", FORMS)
def test_never_says(text, by):
    body = "\n".join(lines(text, by))
    assert not [word for word in NEVER if word in body], body


def test_sums_over_paths_are_one_product():
    """The Hessian of the logistic loss has one matrix product, not one for each path."""
    body = "\n".join(lines("sum(log(1 + exp(-y * (X @ w))))", ["w", "w"]))
    assert body.count(".T @ X") == 1


def test_comments_stand_at_the_end_of_their_line():
    x = variable("x", (3,))
    node = wrt.derive("np.exp(x) @ x", wrt="x", shapes={"x": "3"})._symbolic().node
    (exponential,) = [child for child in node.inputs if child.op == "exp"]
    made = source("f", {variable("x", (3,)): "x"}, [exponential, node], comment={exponential: "exp(x)"})
    assert "t1 = np.exp(x)  # exp(x)\n" in made.text
    assert x in exponential.inputs


@pytest.mark.parametrize("seed", range(200))
def test_merging_keeps_the_value(seed):
    """Σ_j c_j X_ji Y_jk over several coefficients, random signs and orders of factors."""
    from wrt.graph.arithmetic import add, subtract
    from wrt.graph.index import at
    from wrt.graph.nest import nest
    from wrt.graph.term import Factor, Term

    rng = np.random.default_rng(seed)
    n, m, k = (int(s) for s in rng.integers(1, 4, 3))
    X, Y, Z = variable("X", (n, m)), variable("Y", (n, k)), variable("Z", (n, n))
    c = [variable(f"c{i}", (n,)) for i in range(3)]

    def product():
        factors = [Factor(X, (at(2), at(0))), Factor(Y, (at(2), at(1)))]
        factors += [Factor(v, (at(2),)) for v in rng.choice(np.array(c, object), int(rng.integers(0, 3)))]
        sizes = (m, k, n)
        if rng.random() < 0.3:
            sizes = (m, k, n, n)
            factors[1] = Factor(Y, (at(3), at(1)))
            factors.append(Factor(Z, (at(2), at(3))))
        rng.shuffle(factors)
        return nest((m, k), [Term(sizes, (at(0), at(1)), tuple(map(tuple_to_factor, factors)), float(rng.choice([1, -1, 2])))])

    total = product()
    for _ in range(int(rng.integers(1, 4))):
        total = (add if rng.random() < 0.5 else subtract)(total, product())
    arrays = {v: rng.integers(-4, 5, v.shape) / 2 for v in (X, Y, Z, *c)}
    (want,) = evaluate([total], arrays)
    (new,), _ = merged([total], {}, set(arrays))
    (got,) = evaluate([new], arrays)
    np.testing.assert_allclose(got, want, atol=1e-12)
    run = source("f", {v: v.attrs[0] for v in arrays}, [total]).compile()
    np.testing.assert_allclose(run(*arrays.values()), want, atol=1e-12)


@pytest.mark.parametrize("seed", range(400))
def test_products_with_inverses_and_triangles(seed):
    """Random sums of products of matrices, inverses, triangles and stacks: solve, cumsum, tril and A @ B say the same."""
    from wrt.graph.arithmetic import add
    from wrt.graph.index import at
    from wrt.graph.nest import nest
    from wrt.graph.node import FLOAT, make
    from wrt.graph.term import Factor, Term
    from wrt.ops.accumulation import triangle

    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 4))
    A, B, v, T = variable("A", (n, n)), variable("B", (n, n)), variable("v", (n,)), variable("T", (n, n, n))
    inverses = [make("inv", (a,), None, (n, n), FLOAT) for a in (A, B)]
    pool = [*inverses, *inverses, triangle(n), triangle(n, 1), A, B, v, v, T]

    def product(out):
        factors = []
        for _ in range(int(rng.integers(1, 5))):
            node = pool[int(rng.integers(len(pool)))]
            factors.append(Factor(node, tuple(at(int(label)) for label in rng.integers(0, 4, node.ndim))))
        return nest((n,) * out, [Term((n,) * 4, tuple(at(label) for label in rng.permutation(4)[:out].tolist()), tuple(factors), float(rng.choice([1, -2])))])

    out = int(rng.integers(0, 4))
    total = product(out)
    for _ in range(int(rng.integers(0, 3))):
        total = add(total, product(out))
    arrays = {A: rng.standard_normal((n, n)) + 3 * np.eye(n), B: rng.standard_normal((n, n)) - 3 * np.eye(n)}
    arrays |= {v: rng.standard_normal(n), T: rng.standard_normal((n, n, n))}
    (want,) = evaluate([total], arrays)
    got = source("f", {a: a.attrs[0] for a in arrays}, [total]).compile()(*arrays.values())
    assert np.shape(got) == total.shape
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-10)


def tuple_to_factor(pair):
    from wrt.graph.term import Factor

    return Factor(*pair)
