"""`unify` against its definition: all assignments of the labels that solve the equations, each of them exactly once."""

from collections import Counter
from itertools import product

import numpy as np
import pytest

from wrt.graph.index import Affine, RuntimeIndex, Table, at, fixed, from_values, labels_in, substitute, tabulated, values
from wrt.graph.node import INT, frozen, variable
from wrt.graph.size import NeedsSizes, bind, symbol
from wrt.graph.unify import unify

N, M = symbol("N"), symbol("M")


def value(index, labels):
    """The index at one assignment {label: number}."""
    return int(values(index, {label: np.asarray(number) for label, number in labels.items()}))


def assignments(labels, sizes):
    labels = sorted(labels)
    for numbers in product(*(range(sizes[label]) for label in labels)):
        yield dict(zip(labels, numbers, strict=True))


def by_definition(equations, sizes):
    """Every assignment of all labels that solves all equations."""
    return Counter(
        tuple(point[label] for label in range(len(sizes)))
        for point in assignments(range(len(sizes)), sizes)
        if all(value(left, point) == value(right, point) for left, right, _ in equations)
    )


def by_substitution(by, sizes, count):
    """The assignments of the first `count` labels that the substitution produces when the labels that stay run freely."""
    if by is None:
        return Counter()
    free = [label for label in range(len(sizes)) if label not in by]
    assert not {label for index in by.values() for label in labels_in(index)} & set(by), "a bound label is still in use"
    return Counter(
        tuple(value(by[label], point) if label in by else point[label] for label in range(count)) for point in assignments(free, sizes)
    )


def check(equations, sizes):
    expected = by_definition(equations, sizes)
    grown = list(sizes)
    by = unify(equations, grown)
    assert by_substitution(by, grown, len(sizes)) == expected, (equations, sizes, by, grown)


def random_index(rng, labels, sizes, axis):
    """An index in range(axis), of any kind."""
    kind = rng.choice(["plain", "affine", "modulus", "table", "nested", "constant"])
    labels = [int(label) for label in rng.permutation(labels)]
    if kind == "plain":
        fitting = [label for label in labels if sizes[label] <= axis]
        if fitting:
            return at(fitting[0])
    if kind == "constant":
        return fixed(int(rng.integers(axis)))
    if kind == "modulus":
        modulus = axis if rng.random() < 0.7 else int(rng.integers(1, axis + 1))
        parts = tuple((label, int(rng.choice([-2, -1, 1, 1, 1, 2, 3]))) for label in labels[: rng.integers(0, 3)])
        return Affine(parts, int(rng.integers(-3, 4)), modulus)
    if kind in {"table", "nested"}:
        chosen = labels[: rng.integers(0, 3)]
        inner = tuple(at(label) for label in chosen)
        shape = [sizes[label] for label in chosen]
        if kind == "nested" and chosen and sizes[chosen[0]]:
            inner = (Affine(((chosen[0], -1),), sizes[chosen[0]] - 1), *inner[1:])
        return Table(frozen(np.asarray(rng.integers(0, axis, shape))), inner)
    for _ in range(20):
        parts = tuple((label, int(rng.choice([-2, -1, 1, 1, 2, 3]))) for label in labels[: rng.integers(1, 3)])
        reach = [c * (sizes[label] - 1) for label, c in parts if sizes[label]]
        low, high = sum(min(r, 0) for r in reach), sum(max(r, 0) for r in reach)
        if high - low < axis:
            return Affine(parts, int(rng.integers(-low, axis - high)))
    return fixed(0)


@pytest.mark.parametrize("seed", range(40))
def test_random_equations(seed):
    rng = np.random.default_rng(seed)
    for _ in range(50):
        sizes = [int(n) for n in rng.choice([0, 1, 2, 3, 3, 4], size=rng.integers(2, 5))]
        shared = rng.random() < 0.3
        half = int(rng.integers(1, len(sizes)))
        mine, theirs = (range(len(sizes)),) * 2 if shared else (range(half), range(half, len(sizes)))
        equations = []
        for _ in range(rng.integers(1, 4)):
            axis = int(rng.integers(1, 7)) if rng.random() < 0.5 else max(1, int(rng.choice(sizes)))
            equations.append((random_index(rng, mine, sizes, axis), random_index(rng, theirs, sizes, axis), axis))
        check(equations, sizes)


def test_two_affine_indices_exhaustively():
    """c·l + a = d·m + b, every sign, stride, offset and size that fits an axis of four."""
    axis = 4
    sides = [
        (size, c, a)
        for size in range(1, 5)
        for c in (-2, -1, 1, 2, 3)
        for a in range(axis)
        if a + min(0, c * (size - 1)) >= 0 and a + max(0, c * (size - 1)) < axis
    ]
    for (n, c, a), (m, d, b) in product(sides, sides):
        check([(Affine(((0, c),), a), Affine(((1, d),), b), axis)], [n, m])


def test_rolls_exhaustively():
    for axis, n, m, a, b in product((1, 2, 3), (1, 2, 3), (1, 2, 3), range(-3, 4), (-1, 0, 2)):
        check([(Affine(((0, 1),), a, axis), Affine(((1, 1),), b, axis), axis)], [n, m])


def test_mixed_radix_exhaustively():
    """3i + j against 3k + l, 2k + l, and with the digits written in the other order."""
    left = Affine(((0, 3), (1, 1)))
    for right, sizes in [
        (Affine(((2, 3), (3, 1))), [2, 3, 2, 3]),
        (Affine(((3, 1), (2, 3))), [2, 3, 2, 3]),
        (Affine(((2, 2), (3, 1))), [2, 3, 3, 2]),
        (Affine(((1, 3), (0, 1)), 0), [3, 3]),
        (at(2), [2, 3, 6]),
        (Affine(((2, -1),), 5), [2, 3, 6]),
    ]:
        check([(left, right, 6 if len(sizes) > 2 else 12)], sizes)


BIND = {"N": 5, "M": 4}


def bound_index(index):
    if isinstance(index, Table):
        return Table(index.node, tuple(map(bound_index, index.index)))
    modulus = None if index.modulus is None else bind(index.modulus, BIND)
    return Affine(tuple((label, bind(c, BIND)) for label, c in index.parts), bind(index.offset, BIND), modulus)


SYMBOLIC = {
    "plain": ([(at(0), at(1), N)], [N, N]),
    "slice against plain": ([(Affine(((0, 1),), 1), at(1), N)], [N - 1, N]),
    "slice against slice": ([(Affine(((0, 1),), 1), Affine(((1, 1),), 0), N)], [N - 1, N - 1]),
    "slices that miss": ([(fixed(0), Affine(((1, 1),), 1), N)], [1, N - 1]),
    "flip against plain": ([(Affine(((0, -1),), N - 1), at(1), N)], [N, N]),
    "flip against flip": ([(Affine(((0, -1),), N - 1), Affine(((1, -1),), N - 1), N)], [N, N]),
    "flip against its first": ([(Affine(((0, -1),), N - 1), fixed(0), N)], [N, N]),
    "flip against its last": ([(Affine(((0, -1),), N - 1), fixed(N - 1), N)], [N, N]),
    "last": ([(at(0), fixed(N - 1), N)], [N, N]),
    "last of a slice": ([(Affine(((0, 1),), 1), fixed(N - 1), N)], [N - 1, N]),
    "last before a slice": ([(Affine(((0, 1),), 0), fixed(N - 1), N)], [N - 1, N]),
    "first and last": ([(fixed(0), fixed(N - 1), N)], [N, N]),
    "roll against plain": ([(Affine(((0, 1),), 1, N), at(1), N)], [N, N]),
    "roll against roll": ([(Affine(((0, 1),), 1, N), Affine(((1, 1),), -1, N), N)], [N, N]),
    "roll at its first": ([(Affine((), -1, N), fixed(N - 1), N)], [N, N]),
    "roll at its second": ([(Affine((), 1, N), fixed(1), N)], [N, N]),
    "roll at its end": ([(Affine((), N, N), fixed(0), N)], [N, N]),
    "digits": ([(Affine(((0, M), (1, 1))), Affine(((2, M), (3, 1))), N * M)], [N, M, N, M]),
    "digits against flat": ([(Affine(((0, M), (1, 1))), at(2), N * M)], [N, M, N * M]),
    "two axes": ([(at(0), Affine(((2, 1),), 1), N), (at(1), Affine(((2, 1),), 0), M)], [N, M, 3]),
    "an end against a slice": ([(Affine(((0, 1),), N - 3), Affine(((1, 1),), 0), N)], [3, N - 1]),
}


REFUSED = {"first and last", "roll at its second", "an end against a slice"}  # another answer for N = 1


@pytest.mark.parametrize("case", SYMBOLIC)
def test_symbolic_sizes(case):
    """The same solutions as for numbers; where symbols do not decide it, a refusal and not a guess."""
    equations, sizes = SYMBOLIC[case]
    numbers = [bind(size, BIND) for size in sizes]
    expected = by_definition([(bound_index(a), bound_index(b), bind(axis, BIND)) for a, b, axis in equations], numbers)
    grown = list(sizes)
    if case in REFUSED:
        with pytest.raises(NeedsSizes):
            unify(equations, grown)
        return
    by = unify(equations, grown)
    by = None if by is None else {label: bound_index(index) for label, index in by.items()}
    assert by_substitution(by, [bind(size, BIND) for size in grown], len(sizes)) == expected


def test_an_index_of_the_run():
    """A table that is known only at run time is substituted where it can be, and refused where it would have to be solved."""
    table = Table(variable("k", (3,), INT), (at(0),))
    assert unify([(table, at(1), 5)], [3, 5]) == {1: table}
    with pytest.raises(RuntimeIndex):
        unify([(table, Table(frozen(np.array([0, 0, 1])), (at(1),)), 5)], [3, 3])
    with pytest.raises(RuntimeIndex):
        unify([(table, fixed(2), 5)], [3])


@pytest.mark.parametrize("seed", range(10))
def test_substitution_keeps_values(seed):
    rng = np.random.default_rng(seed)
    for _ in range(60):
        sizes = [int(n) for n in rng.integers(1, 5, size=4)]
        index = random_index(rng, [0, 1], sizes, 7)
        by = {0: random_index(rng, [2, 3], sizes, sizes[0])}
        if rng.random() < 0.5:
            by[1] = random_index(rng, [3], sizes, sizes[1])
        moved = substitute(index, by, sizes)
        simple = tabulated(index, sizes)
        for point in assignments(range(4), sizes):
            old = point | {label: value(new, point) for label, new in by.items()}
            assert value(moved, point) == value(index, old)
            assert value(simple, point) == value(index, point)


def test_tables_become_affine_where_they_are():
    assert from_values(np.arange(4)[::-1] * 2 + 1, (3,)) == Affine(((3, -2),), 7)
    assert from_values(np.arange(6).reshape(2, 3), (0, 1)) == Affine(((0, 3), (1, 1)))
    assert from_values(np.array(4), ()) == fixed(4)
    assert from_values(np.array([2, 2]), (0,)) == fixed(2)
    assert isinstance(from_values(np.array([0, 1, 0]), (0,)), Table)
