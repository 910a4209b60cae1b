"""Products of indexed factors in a loop: the one form in which sums, slices, contractions and Jacobians are written.

    for every value of the labels:   out[out index] += scale · Π factor[factor index]

A label that is not in the out index is summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from wrt.graph.index import Affine, Index, Table, at, labels_in, plain, substitute
from wrt.graph.node import INT, Node, Scalar, Shape, constant, make
from wrt.graph.size import Size


class Factor(NamedTuple):
    """A node read at an index: node[index]."""

    node: Node
    index: tuple[Index, ...]  # type: ignore[assignment]  # hides tuple.index, which nobody calls


class Term(NamedTuple):
    """One loop nest. `sizes[l]` is the size of label l."""

    sizes: tuple[Size, ...]
    out: tuple[Index, ...]
    factors: tuple[Factor, ...] = ()
    scale: Scalar = 1


def labels_of(indices: Iterable[Index]) -> list[int]:
    """Labels in order of first appearance."""
    found: dict[int, None] = {}
    for index in indices:
        for label in labels_in(index):
            found[label] = None
    return list(found)


def summed(term: Term) -> set[int]:
    """The labels that are not in the out index."""
    return set(range(len(term.sizes))).difference(*map(labels_in, term.out)) if term.sizes else set()


def tables_in(indices: Iterable[Index]) -> list[Node]:
    """The integer arrays that the indices are read from."""
    found: list[Node] = []
    for index in indices:
        if isinstance(index, Table):
            found += [index.node, *tables_in(index.index)]
    return found


def nodes_in(terms: Sequence[Term]) -> tuple[Node, ...]:
    """All nodes that a sum of terms reads, once each."""
    found: dict[Node, None] = {}
    for term in terms:
        for node in tables_in(term.out):
            found[node] = None
        for factor in term.factors:
            found[factor.node] = None
            for node in tables_in(factor.index):
                found[node] = None
    return tuple(found)


def moved(term: Term, by: Mapping[int, Index], sizes: Sequence[Size]) -> Term:
    """The term with labels replaced by expressions in other labels of `sizes`; a replaced label runs no more."""

    def each(indices: tuple[Index, ...]) -> tuple[Index, ...]:
        return tuple(substitute(index, by, sizes) for index in indices)

    if not by and len(sizes) == len(term.sizes):
        return term
    left = tuple(1 if label in by else size for label, size in enumerate(sizes))
    return Term(left, each(term.out), tuple(Factor(node, each(index)) for node, index in term.factors), term.scale)


def shifted(term: Term, start: int) -> Term:
    """The term with labels counted from `start`, to stand beside another's."""
    if not start or not term.sizes:
        return term
    by = {label: start + label for label in range(len(term.sizes))}
    return Term(term.sizes, _renamed(term.out, by), tuple(Factor(n, _renamed(i, by)) for n, i in term.factors), term.scale)


def canonical(term: Term) -> Term:
    """Labels numbered by first appearance; labels that nothing uses become a factor, the number of times round the loop."""
    if not term.sizes or (len(term.sizes) == 1 and any(map(labels_in, term.out))):
        return term
    term = _digits_joined(term)
    used = labels_of([*term.out, *(index for factor in term.factors for index in factor.index)])
    scale, factors = term.scale, term.factors
    if len(used) < len(term.sizes):
        for label in set(range(len(term.sizes))) - set(used):
            size = term.sizes[label]
            if isinstance(size, int):
                scale = scale * size
            else:
                factors = (*factors, Factor(size_node(size), ()))
    elif used == list(range(len(used))):
        return term
    by = {label: position for position, label in enumerate(used)}
    sizes = tuple(term.sizes[label] for label in used)
    return Term(sizes, _renamed(term.out, by), tuple(Factor(n, _renamed(i, by)) for n, i in factors), scale)


def _digits_joined(term: Term) -> Term:
    """Two labels that occur only together, as i·N + j with j below N, are the digits of one label."""
    if len(term.sizes) < 2:
        return term
    every = list(_parts([*term.out, *(index for factor in term.factors for index in factor.index)]))
    if all(len(parts) < 2 for parts in every):
        return term
    for parts in every:
        for (high, c), (low, d) in pairwise(parts):
            size = term.sizes[low]
            if c == d * size and all(each.get(high, 0) == each.get(low, 0) * size for each in map(dict, every)):
                sizes = list(term.sizes)
                sizes[low], sizes[high] = size * sizes[high], 1
                factors = tuple(Factor(n, _dropped(i, high)) for n, i in term.factors)
                return _digits_joined(Term(tuple(sizes), _dropped(term.out, high), factors, term.scale))
    return term


def _parts(indices: Iterable[Index]) -> Iterable[tuple[tuple[int, Size], ...]]:
    for index in indices:
        if isinstance(index, Affine):
            yield index.parts
        else:
            yield from _parts(index.index)


def _dropped(indices: tuple[Index, ...], label: int) -> tuple[Index, ...]:
    """The indices without a label."""
    return tuple(
        Affine(tuple(part for part in index.parts if part[0] != label), index.offset, index.modulus)
        if isinstance(index, Affine)
        else Table(index.node, _dropped(index.index, label))
        for index in indices
    )


def size_node(size: Size) -> Node:
    """A size as a number in formulas."""
    return constant(size) if isinstance(size, int) else make("size", (), size, (), INT, weak=True)


def broadcast_index(shape: Shape, index: Sequence[Index], at_shape: Shape) -> tuple[Index, ...]:
    """Where an array of `shape`, broadcast to `at_shape`, is read at `index`."""
    skipped = len(at_shape) - len(shape)
    return tuple(Affine(()) if size == 1 and at_shape[skipped + axis] != 1 else index[skipped + axis] for axis, size in enumerate(shape))


def _renamed(indices: tuple[Index, ...], by: Mapping[int, int]) -> tuple[Index, ...]:
    return tuple(_rename(index, by) for index in indices)


def _rename(index: Index, by: Mapping[int, int]) -> Index:
    label = plain(index)
    if label is not None:
        return at(by[label])
    if isinstance(index, Affine):
        return Affine(tuple((by[label], c) for label, c in index.parts), index.offset, index.modulus)
    return Table(index.node, _renamed(index.index, by))

