"""Display expressions of whole matrices: traces, diagonals, inverses, Kronecker products, and sizes as numbers."""

from __future__ import annotations

from wrt.graph.size import Polynomial, Size
from wrt.notation.build import bare, product, split, transpose
from wrt.notation.expression import (
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
    Symbol,
    Trace,
    Transpose,
    Vec,
    transposes,
)


def diag_part(a: Expr) -> Expr:
    match a:
        case Diag(v):
            return v
        case Identity(size):
            return Ones(size)
        case Transpose(of):
            return diag_part(of)
        case Product(number, scalars, matrices) if matrices and (number != 1 or scalars):
            return product((*scalars, diag_part(bare(Product(1, (), matrices)))), number)
    return DiagPart(a)


def trace(a: Expr) -> Expr:
    """The trace; a square's is a norm."""
    match a:
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
    return Inverse(a)


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


def of_size(size: Size) -> Expr:
    """A size as a number in a formula."""
    if not isinstance(size, Polynomial):
        return Number(size)
    terms = tuple(product([Symbol(name) for name in monomial], count) for monomial, count in size.terms)
    return terms[0] if len(terms) == 1 else Sum(terms)
