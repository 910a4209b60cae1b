"""Random nests: every kind of index that a term can have, in shapes with sizes 1 to 4."""

from wrt.graph.index import Affine, Table, at
from wrt.graph.node import frozen, make, variable
from wrt.graph.term import Factor, Term


def random_index(rng, labels, sizes):
    """An index in some of the labels and the smallest axis that holds its values."""
    kind = rng.choice(["plain", "plain", "plain", "slice", "flip", "fixed", "roll", "turns", "table", "radix", "sum"])
    label = int(rng.choice(labels)) if labels else None
    if label is None or kind == "fixed":
        k = int(rng.integers(0, 3))
        return Affine((), k), k + 1
    n = sizes[label]
    if kind == "plain":
        return at(label), n
    if kind == "slice":
        step, start = int(rng.integers(1, 3)), int(rng.integers(0, 3))
        return Affine(((label, step),), start), start + step * (n - 1) + 1 + int(rng.integers(0, 2))
    if kind == "flip":
        return Affine(((label, -1),), n - 1), n
    if kind == "roll":
        return Affine(((label, 1),), int(rng.integers(0, n)), n), n
    if kind == "turns":  # a modulus that may be shorter than the label's range: np.resize, np.pad(mode="wrap")
        modulus = int(rng.integers(1, 5))
        return Affine(((label, int(rng.choice([1, 1, -1, 2, 3]))),), int(rng.integers(0, modulus)), modulus), modulus
    if kind == "table":
        size = int(rng.integers(1, 5))
        return Table(frozen(rng.integers(0, size, n)), (at(label),)), size
    other = int(rng.choice(labels))
    if other == label:
        return at(label), n
    if kind == "radix":
        return Affine(((other, n), (label, 1))), sizes[other] * n
    return Affine(((other, 1), (label, 1))), sizes[other] + n - 1

def random_nest(rng, *, terms=2, factors=3, labels=3):
    """(node, arrays by variable)."""
    arrays = {}
    ndim = int(rng.integers(0, 3))
    made, extents = [], []
    for _ in range(int(rng.integers(1, terms + 1))):
        sizes = tuple(int(n) for n in rng.integers(1, 5, int(rng.integers(0 if ndim == 0 else 1, labels + 1))))
        here = list(range(len(sizes)))
        out, extent = [], []
        for _ in range(ndim):
            index, size = random_index(rng, here, sizes)
            out.append(index)
            extent.append(size)
        chosen = []
        for _ in range(int(rng.integers(0, factors + 1))):
            index, shape = [], []
            for _ in range(int(rng.integers(0, 3))):
                i, size = random_index(rng, here, sizes)
                index.append(i)
                shape.append(size)
            node = next((v for v in arrays if v.shape == tuple(shape)), None) if rng.random() < 0.3 else None
            if node is None:
                node = variable(f"v{len(arrays)}", tuple(shape))
                arrays[node] = rng.integers(-8, 9, shape) / 4
            chosen.append(Factor(node, tuple(index)))
        made.append(Term(sizes, tuple(out), tuple(chosen), float(rng.choice([1, -1, 2, 0.5]))))
        extents.append(extent)
    shape = tuple(max(e[axis] for e in extents) for axis in range(ndim))
    return shape, made, arrays

def raw(shape, terms):
    """The nest without any simplification, so that simplification itself can be judged."""
    from wrt.graph.node import FLOAT
    from wrt.graph.term import nodes_in

    return make("nest", nodes_in(terms), tuple(terms), shape, FLOAT)

