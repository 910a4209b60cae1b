"""Index elimination against np.einsum: thousands of random products, none wrong."""

import random

import numpy as np
import pytest

from wrt.notation.eliminate import eliminate
from wrt.notation.expression import Symbol
from wrt.notation.text import text
from wrt.notation.value import value

FORMS = ("scalar", "column", "matrix")
SIZE = dict(enumerate((2, 3, 4, 5, 6)))
LETTERS = "abcde"


def product(rng: random.Random, arrays: np.random.Generator, most: int, labels: int):
    """Factors with labels (names may repeat), an out index that may repeat or lack a label, and the arrays."""
    factors, known = [], {}
    for k in range(rng.randint(1, most)):
        index = tuple(rng.randrange(labels) for _ in range(rng.choice((0, 1, 1, 2, 2, 2, 2))))
        if len(index) == 2 and index[0] == index[1] and rng.random() < 0.7:
            index = (index[0], rng.choice([c for c in range(labels) if c != index[0]]))
        shape = tuple(SIZE[c] for c in index)
        again = [name for name, array in known.items() if array.shape == shape]
        name = again[0] if again and rng.random() < 0.5 else f"{FORMS[len(index)][0]}{k}"
        known.setdefault(name, arrays.standard_normal(shape))
        factors.append((Symbol(name, FORMS[len(index)]), index))
    used = sorted({c for _, index in factors for c in index}) or [0]
    out = rng.sample(range(labels) if rng.random() < 0.1 else used, min(len(used), rng.choice((0, 1, 2))))
    return factors, [out[0]] * 2 if out and rng.random() < 0.1 else out, known


def by_einsum(factors, out, known):
    once = list(dict.fromkeys(out))
    missing = [o for o in once if not any(o in index for _, index in factors)]
    reads = ["".join(LETTERS[c] for c in index) for _, index in factors] + [LETTERS[o] for o in missing]
    operands = [known[e.name] for e, _ in factors] + [np.ones(SIZE[o]) for o in missing]
    result = np.einsum(",".join(reads) + "->" + "".join(LETTERS[o] for o in once), *operands)
    return np.diag(result) if len(once) < len(out) else result


@pytest.mark.parametrize("most, labels, trials", [(5, 5, 4000), (7, 4, 1500)])
def test_random_products(most, labels, trials):
    rng, arrays, refused = random.Random(most), np.random.default_rng(most), 0
    for _ in range(trials):
        factors, out, known = product(rng, arrays, most, labels)
        e = eliminate(factors, out, SIZE, 3)
        if e is None:
            refused += 1
            continue
        wanted = 3 * by_einsum(factors, out, known)
        got = value(e, known)
        assert got.shape == wanted.shape, (factors, out, text(e))
        assert np.allclose(got, wanted), (factors, out, text(e))
    assert refused == 0 if most == 5 else refused < 0.05 * trials  # up to four matrices everything can be said


def test_four_labels_all_joined_are_refused():
    """K4 has no series-parallel reduction: six matrices between four labels, all summed."""
    factors = [(Symbol(f"M{i}{j}", "matrix"), (i, j)) for i in range(4) for j in range(i)]
    assert eliminate(factors, (), SIZE) is None


@pytest.mark.parametrize(
    "spec, names, printed",
    [
        ("ij,j,i->", "A x x", "xᵀAx"),
        ("ni,n,nj->ij", "X s X", "Xᵀ diag(s) X"),
        ("ij,jk,ki->", "A X B", "tr(AXB)"),
        ("i,j->ij", "s t", "stᵀ"),
        ("ij,jk,kl,l->i", "A B C x", "ABCx"),
        ("ji,j->i", "A x", "Aᵀx"),
        ("ij,ij->", "A B", "tr(AᵀB)"),
        ("ij,ij->", "A A", "‖A‖_F²"),
        ("ij,ij->ij", "A B", "A ⊙ B"),
        ("ni,ij,nj->n", "X A X", "(XA ⊙ X)𝟏"),
        ("i,ij,j->ij", "u A v", "diag(u) A diag(v)"),
        ("ij,j->", "A x", "𝟏ᵀAx"),
        ("ii,i->i", "A x", "diag(A) ⊙ x"),
        ("ij->i", "A", "A𝟏"),
        ("ij->", "A", "𝟏ᵀA𝟏"),
        ("i,i->", "e e", "‖e‖²"),
        ("i,i,i->", "u v w", "wᵀ(u ⊙ v)"),
        ("i->ii", "u", "diag(u)"),
        ("ji,jk->ik", "A A", "AᵀA"),
        ("ji,ki,j,k->", "A A u v", "uᵀAAᵀv"),
    ],
)
def test_standard_products(spec, names, printed):
    inputs, out = spec.split("->")
    place = {c: k for k, c in enumerate(dict.fromkeys(inputs.replace(",", "")))}
    factors = [(Symbol(n, FORMS[len(i)]), tuple(place[c] for c in i)) for n, i in zip(names.split(), inputs.split(","), strict=True)]
    assert text(eliminate(factors, [place[c] for c in out], [3] * len(place))) == printed
