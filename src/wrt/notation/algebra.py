"""Display expressions of whole matrices: traces, diagonals, inverses, Kronecker products, and sizes as numbers."""

from __future__ import annotations

from wrt.notation.build import bare, doubles, of_size, product, split, transpose
from wrt.notation.expression import (
    Call,
    Diag,
    DiagPart,
    Expr,
    Identity,
    Inverse,
    Kronecker,
    Norm,
    Number,
    Ones,
    Power,
    Product,
    Sum,
    Trace,
    Transpose,
    Vec,
    transposes,
)


def diag_part(a: Expr) -> Expr:
    match a:
        case Number():
            return a
        case Diag(v):
            return v
        case Identity(size):
            return Ones(size)
        case Transpose(of):
            return diag_part(of)
        case Sum((Call(_, _, _, node), _)) if doubles(a) and node is not None:
            return Ones(node.shape[0])
        case Product(number, scalars, matrices) if matrices and (number != 1 or scalars):
            return product((*scalars, diag_part(bare(Product(1, (), matrices)))), number)
    return DiagPart(a)


def trace(a: Expr) -> Expr:
    """The trace; a square's is a norm."""
    match a:
        case Number():
            return a
        case Transpose(of):
            return trace(of)
        case Identity(size):
            return of_size(size)
        case Product(number, scalars, (m, w)) if transpose(m) == w:
            return product((*scalars, Power(Norm(min(m, w, key=transposes)), Number(2))), number)
        case Product(number, scalars, matrices) if matrices and (number != 1 or scalars):
            return product((*scalars, trace(bare(Product(1, (), matrices)))), number)
    return Trace(a)


def inverse(a: Expr) -> Expr:
    match a:
        case Inverse(of):
            return of
        case Identity():
            return a
        case Transpose(of):
            return Transpose(inverse(of))
        case Product(1, (), matrices) if sum(not _is_square(m) for m in matrices) < 2:  # then all of them are invertible
            return product([inverse(m) for m in reversed(matrices)])
    return Inverse(a)


def _is_square(e: Expr) -> bool:
    """Whether the expression alone tells that the matrix is square and invertible if the whole product is."""
    return isinstance(e.of if isinstance(e, Transpose) else e, (Inverse, Diag, Identity))


def kronecker(left: Expr, right: Expr) -> Expr:
    """left ⊗ right, numbers and scalars in front."""
    numbers: list[Expr] = []
    parts: list[Expr] = []
    for e in (left, right):
        number, core = split(e)
        numbers.append(Number(number))
        if isinstance(core, Product) and core.scalars and core.matrices:
            numbers += core.scalars
            core = bare(Product(1, (), core.matrices))
        parts.append(core)
    if isinstance(parts[0], Identity) and isinstance(parts[1], Identity):
        return product((*numbers, Identity(parts[0].size * parts[1].size)))
    return product((*numbers, Kronecker(parts[0], parts[1])))


def vec(a: Expr, order: str) -> Expr:
    number, core = split(a)
    return product((Vec(core, "F" if order == "F" else "C"),), number)


__all__ = ["diag_part", "inverse", "kronecker", "of_size", "trace", "vec"]
