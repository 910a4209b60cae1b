"""What a formula is made of: a small tree for display, between the graph and the printers.

Vectors are columns; a row is a transposed column. Matrix products keep their order, scalars and numbers stand in front.
The tree says only what is printed: it is built by `wrt.notation.build` and never differentiated.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field, fields
from typing import Literal, TypeVar

from wrt.graph.node import Node, Scalar
from wrt.graph.size import Size

Form = Literal["scalar", "column", "row", "matrix", "tensor"]
"""scalar: a number; column, row: a vector standing or lying; matrix: two axes; tensor: more, seen only entry by entry."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name."""

    name: str
    form: Form = "scalar"
    symmetric: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A plain number."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Product:
    """number · scalars · (matrices in their order); a scalar if there are no matrices or they begin with a row and end in a column."""

    number: Scalar
    scalars: tuple[Expr, ...]
    matrices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """A scalar among vectors or matrices is added to every entry."""

    terms: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """top / bottom, entry by entry; a scalar divides every entry."""

    top: Expr
    bottom: Expr


@dataclass(frozen=True, slots=True)
class Power:
    """base^exponent, entry by entry."""

    base: Expr
    exponent: Expr


@dataclass(frozen=True, slots=True)
class Hadamard:
    """The product entry by entry."""

    factors: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Transpose:
    """A lying vector, a matrix mirrored."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Inverse:
    """A⁻¹, and A⁻ᵀ inside a transpose."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Diag:
    """The diagonal matrix of a vector."""

    of: Expr


@dataclass(frozen=True, slots=True)
class DiagPart:
    """The diagonal of a matrix, as a column."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Trace:
    """The sum of a square matrix's diagonal."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Norm:
    """The Euclidean norm of a vector, the Frobenius norm of a matrix."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Kronecker:
    """Only with its flattening order said beside it."""

    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Commutation:
    """The permutation K with vec(Xᵀ) = K vec(X) for X of rows × columns, in the flattening order of its formula."""

    rows: Size
    columns: Size
    order: Literal["C", "F"]


@dataclass(frozen=True, slots=True)
class Vec:
    """A matrix flattened to a column."""

    of: Expr
    order: Literal["C", "F"] = "C"


@dataclass(frozen=True, slots=True)
class Call:
    """An operation of the catalogue, printed by its template there; `node` is one that has its attributes."""

    op: str
    arguments: tuple[Expr, ...]
    form: Form
    node: Node | None = field(default=None, compare=False, repr=False)
    attrs: Hashable = field(default=None, init=False, repr=False)  # softmax along different axes is different

    def __post_init__(self) -> None:
        object.__setattr__(self, "attrs", None if self.node is None else self.node.attrs)


@dataclass(frozen=True, slots=True)
class Ones:
    """The column of ones."""

    size: Size


@dataclass(frozen=True, slots=True)
class Identity:
    """I, with its size where that is not plain."""

    size: Size


@dataclass(frozen=True, slots=True)
class Zero:
    """The structural zero of a shape of one or two axes."""

    shape: tuple[Size, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry, row or column of a symbol; positions from 0, None for a whole axis."""

    of: Expr
    position: tuple[Size | None, ...]


@dataclass(frozen=True, slots=True)
class Array:
    """A small array written out, by its rows."""

    rows: tuple[tuple[Expr, ...], ...]
    form: Literal["column", "row", "matrix"]


@dataclass(frozen=True, slots=True)
class Part:
    """Rows or columns in a row, x[1:]: for each axis None (all of it) or where the part starts and how many there are."""

    of: Expr
    ranges: tuple[tuple[Size, Size] | None, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Matrices and vectors put together, by rows: [A; B] one over the other, [A, B] side by side."""

    rows: tuple[tuple[Expr, ...], ...]


@dataclass(frozen=True, slots=True)
class Bracket:
    """Iverson's [condition]: 1 where it holds, else 0, entry by entry."""

    of: Expr


@dataclass(frozen=True, slots=True)
class LowerHalf:
    """Φ(A): the lower triangle of A with half its diagonal, in derivatives of Cholesky factors."""

    of: Expr


@dataclass(frozen=True, slots=True)
class Subscript:
    """Σ coefficient·letter + offset, modulo `modulus`, counted from 0; or the entry of a table at subscripts."""

    parts: tuple[tuple[str, Size], ...] = ()
    offset: Size = 0
    modulus: Size | None = None
    table: str | None = None
    inner: tuple[Subscript, ...] = ()


@dataclass(frozen=True, slots=True)
class Indexed:
    """An entry in index notation."""

    of: Expr
    index: tuple[Subscript, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """1 where two indices are equal, else 0."""

    left: Subscript
    right: Subscript


@dataclass(frozen=True, slots=True)
class Summation:
    """The body summed over letters (and the sizes that they run over)."""

    letters: tuple[str, ...]
    sizes: tuple[Size, ...]
    body: Expr


Expr = (
    Symbol | Number | Product | Sum | Quotient | Power | Hadamard | Transpose | Inverse | Diag | DiagPart | Trace | Norm | Kronecker
    | Commutation | Vec | Call | Ones | Identity | Zero | Entry | Array | Part | Blocks | Bracket | LowerHalf | Indexed | Delta | Summation
)  # fmt: skip

_FLIPPED: dict[Form, Form] = {"column": "row", "row": "column"}
_SCALARS = (Number, Trace, Norm, Indexed, Delta, Summation)
_COLUMNS = (DiagPart, Vec, Ones)


def form(e: Expr) -> Form:
    """How the expression lies on the page."""
    match e:
        case Symbol() | Call() | Array():
            return e.form
        case Product(_, _, matrices):
            return _chain(form(matrices[0]), form(matrices[-1])) if matrices else "scalar"
        case Sum(terms):
            return _widest(terms)
        case Quotient(a, b) | Power(a, b):
            return _widest((a, b))
        case Hadamard(factors):
            return _widest(factors)
        case Transpose(of):
            return _FLIPPED.get(form(of), form(of))
        case Zero(shape):
            return "matrix" if len(shape) > 1 else "column" if shape else "scalar"
        case Entry(_, position):
            return ("scalar", "column", "matrix")[min(2, position.count(None))]
        case Part(of, _) | Bracket(of):
            return form(of)
        case Kronecker(left, right):
            return form(left) if form(left) == form(right) else "matrix"
        case Blocks(rows):
            forms = {form(e) for row in rows for e in row}
            stands, lies = len(rows[0]) == 1 and forms <= {"scalar", "column"}, len(rows) == 1 and forms <= {"scalar", "row"}
            return "column" if stands else "row" if lies else "matrix"
    return "scalar" if isinstance(e, _SCALARS) else "column" if isinstance(e, _COLUMNS) else "matrix"


def is_scalar(e: Expr) -> bool:
    return form(e) == "scalar"


def _chain(first: Form, last: Form) -> Form:
    lies, stands = first == "row", last == "column"
    return "scalar" if lies and stands else "row" if lies else "column" if stands else "matrix"


def _widest(parts: tuple[Expr, ...]) -> Form:
    forms = [form(part) for part in parts]
    return next((f for f in forms if f not in ("scalar", "column", "row")), next((f for f in forms if f != "scalar"), "scalar"))


def children(e: Expr) -> Iterator[Expr]:
    """The expressions directly inside."""
    for value in _values(e):
        if isinstance(value, _CLASSES):
            yield value
        elif isinstance(value, tuple):
            for item in value:
                if isinstance(item, _CLASSES):
                    yield item
                elif isinstance(item, tuple):
                    yield from (inner for inner in item if isinstance(inner, _CLASSES))


def parts(e: Expr) -> Iterator[Expr]:
    """The expression and everything inside."""
    yield e
    for child in children(e):
        yield from parts(child)


def _values(e: Expr) -> list[object]:
    return [getattr(e, one.name) for one in fields(e)]


_CLASSES = Expr.__args__
_T = TypeVar("_T")


def fold(e: Expr, one: Callable[[Expr, list[_T]], _T]) -> _T:
    """A value computed from the leaves up."""
    return one(e, [fold(child, one) for child in children(e)])


def weight(e: Expr) -> int:
    """How many symbols a reader meets."""
    return fold(e, lambda _, inner: 1 + sum(inner))


def transposes(e: Expr) -> int:
    """How many ᵀ are printed."""
    return fold(e, lambda part, inner: isinstance(part, Transpose) + sum(inner))
