"""Small graphs to print: einsum products, variables, NumPy functions by name."""

import numpy as np

import wrt.ops  # noqa: F401  # completes the catalogue
from wrt.differentiate.accumulate import jacobian
from wrt.graph.index import Affine, Table, ats, fixed
from wrt.graph.nest import nest, terms_of, view
from wrt.graph.node import constant, make, variable
from wrt.graph.size import as_int, bind, symbol
from wrt.graph.term import Factor, Term
from wrt.graph.walk import topological
from wrt.ops.catalog import FUNCTIONS, evaluate

N, D, M, K = map(symbol, "NDMK")
SIZES = {"N": 4, "D": 3, "M": 5, "K": 2}


def apply(function, *nodes, **options):
    """A NumPy function on nodes."""
    return FUNCTIONS[function](*nodes, **options)


def einsum(spec, *nodes, scale=1):
    """The nest that np.einsum would compute; the output may repeat a letter (a diagonal)."""
    inputs, out = spec.split("->")
    labels: dict[str, int] = {}
    sizes = []
    for letters, node in zip(inputs.split(","), nodes, strict=True):
        for letter, size in zip(letters, node.shape, strict=True):
            if letter not in labels:
                labels[letter] = len(labels)
                sizes.append(size)
    factors = tuple(Factor(node, ats([labels[c] for c in letters])) for letters, node in zip(inputs.split(","), nodes, strict=True))
    shape = tuple(sizes[labels[c]] for c in out)
    return nest(shape, [Term(tuple(sizes), ats([labels[c] for c in out]), factors, scale)])


def matvec(a, x):
    return einsum("ij,j->i", a, x)


def total(x):
    return einsum("ijk"[: x.ndim] + "->", x)


def stacked(*scalars):
    """np.array([…]) of scalars."""
    return nest((len(scalars),), [Term((), (fixed(i),), (Factor(s, ()),)) for i, s in enumerate(scalars)])


def entry(x, position):
    return view(x, (), [fixed(position)])


def shifted(x, shift, size=None):
    """x[shift : shift + size]; all of x, cyclic, without a size."""
    return view(x, (x.shape[0] if size is None else size,), [Affine(((0, 1),), shift, x.shape[0] if size is None else None)])


def derivative(f, x):
    return jacobian(f, [x])[x]


def numbers(node_or_nodes, rng, sizes=SIZES):
    """Random arrays for the variables below the nodes, by node and by name; symbols take the numbers of `sizes`."""
    nodes = node_or_nodes if isinstance(node_or_nodes, list) else [node_or_nodes]
    variables = sorted({v for node in nodes for v in node.variables}, key=lambda v: v.attrs[0])
    arrays = {v: rng.uniform(0.3, 1.7, [as_int(bind(s, sizes), "a test") for s in v.shape]) for v in variables}
    return {v.attrs[0]: np.asarray(array) for v, array in arrays.items()}


def concrete(node, known):
    """A node's value: symbolic sizes are bound by building the same graph with numbers."""
    def index(i):
        if isinstance(i, Table):
            return Table(done[i.node], tuple(map(index, i.index)))
        modulus = None if i.modulus is None else bind(i.modulus, SIZES)
        return Affine(tuple((label, bind(c, SIZES)) for label, c in i.parts), bind(i.offset, SIZES), modulus)

    done = {}
    for step in topological([node]):
        shape = tuple(bind(s, SIZES) for s in step.shape)
        attrs = step.attrs
        if step.op == "size":
            done[step] = constant(bind(step.attrs, SIZES))
            continue
        if step.op == "nest":
            attrs = tuple(
                t._replace(
                    sizes=tuple(bind(s, SIZES) for s in t.sizes),
                    out=tuple(map(index, t.out)),
                    factors=tuple(Factor(done[f.node], tuple(map(index, f.index))) for f in t.factors),
                )
                for t in terms_of(step)
            )
        inputs = [done[child] for child in step.inputs]
        inputs = list(dict.fromkeys(inputs)) if step.op == "nest" else inputs
        done[step] = make(step.op, tuple(inputs), attrs, shape, step.dtype, weak=step.weak)
    result = done[node]
    return evaluate([result], {v: known[v.attrs[0]] for v in result.variables})[0]


theta, w = variable("theta", (D,)), variable("w", (D,))
x, b, y = variable("x", (D,)), variable("b", (N,)), variable("y", (N,))
A, S = variable("A", (D, D)), variable("S", (D, D))
Phi, W = variable("Phi", (N, D)), variable("W", (N, D))
