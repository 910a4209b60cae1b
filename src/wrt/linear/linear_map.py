"""LinearMap: a linear map between arrays, as a sum of terms in index notation.

    for every value of the labels:   J[row, col] += coefficient

A map from arrays of shape (S_in) to arrays of shape (S_out) is what `Term` writes into an array of shape S_out + S_in: the
first indices of `out` are the row, the others the column. A dense Jacobian is the same terms read as an array.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wrt.graph.index import Index, ats
from wrt.graph.nest import nest
from wrt.graph.node import DType, Node, Scalar, Shape, constant
from wrt.graph.shape import show
from wrt.graph.term import Factor, Term


@dataclass(frozen=True, slots=True)
class LinearMap:
    """Σ terms, with `shape_out` + `shape_in` the shape of the array that the terms write into."""

    shape_out: Shape
    shape_in: Shape
    terms: tuple[Term, ...]

    @property
    def shape(self) -> Shape:
        return self.shape_out + self.shape_in

    def row(self, term: Term) -> tuple[Index, ...]:
        return term.out[: len(self.shape_out)]

    def col(self, term: Term) -> tuple[Index, ...]:
        return term.out[len(self.shape_out) :]

    def to_dense(self, dtype: DType | None = None) -> Node:
        """The array J of shape S_out + S_in."""
        return nest(self.shape, self.terms, dtype)

    def __repr__(self) -> str:
        return f"LinearMap({show(self.shape_in)} -> {show(self.shape_out)}, {len(self.terms)} term{'s' * (len(self.terms) != 1)})"


def single(
    shape_out: Shape,
    shape_in: Shape,
    row: Sequence[Index],
    col: Sequence[Index],
    sizes: Sequence[int] | Shape,
    coefficient: Iterable[Factor] = (),
    scale: Scalar = 1,
) -> LinearMap:
    """The map of one term."""
    return LinearMap(shape_out, shape_in, (Term(tuple(sizes), (*row, *col), tuple(coefficient), scale),))


def identity(shape: Shape) -> LinearMap:
    """The map that changes nothing."""
    labels = ats(range(len(shape)))
    return single(shape, shape, labels, labels, shape)


def zero(shape_out: Shape, shape_in: Shape) -> LinearMap:
    """The structural zero: no terms at all."""
    return LinearMap(shape_out, shape_in, ())


def from_dense(node: Node, ndim_out: int) -> LinearMap:
    """The map whose entries are those of an array."""
    labels = ats(range(node.ndim))
    return LinearMap(node.shape[:ndim_out], node.shape[ndim_out:], (Term(node.shape, labels, (Factor(node, labels),)),))


def column(vector: Node) -> LinearMap:
    """A vector as a map from the scalars: composing with it is a Jacobian-vector product."""
    return from_dense(vector, vector.ndim)


def row(covector: Node) -> LinearMap:
    """A covector as a map to the scalars: composing it with a map is a vector-Jacobian product."""
    return from_dense(covector, 0)


def coefficient(term: Term) -> Node:
    """The term's coefficient as one array over the labels of its out index, the scale left out."""
    labels = ats(range(len(term.sizes)))
    if len(term.factors) == 1 and term.factors[0].index == labels and term.factors[0].node.shape == term.sizes:
        return term.factors[0].node
    if not term.factors and not term.sizes:
        return constant(1)
    return nest(term.sizes, [Term(term.sizes, labels, term.factors)])
