"""Putting an expression in the place of a symbol, with everything around it simplified again."""

from __future__ import annotations

from collections.abc import Mapping

from wrt.notation.algebra import diag_part, inverse, kronecker, trace, vec
from wrt.notation.build import diag, hadamard, product, quotient, transpose
from wrt.notation.entrywise import call, power
from wrt.notation.expression import (
    Array,
    Call,
    Diag,
    DiagPart,
    Entry,
    Expr,
    Hadamard,
    Indexed,
    Inverse,
    Kronecker,
    Norm,
    Power,
    Product,
    Quotient,
    Sum,
    Summation,
    Symbol,
    Trace,
    Transpose,
    Vec,
)
from wrt.notation.operation import is_elementwise
from wrt.notation.total import total


def substituted(e: Expr, by: Mapping[str, Expr]) -> Expr:
    """The expression with symbols replaced by name.

    >>> substituted(transpose(Symbol("e", "column")), {"e": Symbol("y", "column")})
    Transpose(of=Symbol(name='y', form='column', symmetric=False))
    """

    def each(parts: tuple[Expr, ...]) -> tuple[Expr, ...]:
        return tuple(substituted(part, by) for part in parts)

    match e:
        case Symbol(name):
            return by.get(name, e)
        case Product(number, scalars, matrices):
            return product((*each(scalars), *each(matrices)), number)
        case Sum(terms):
            return total(each(terms), factor=False)
        case Quotient(top, bottom):
            return quotient(*each((top, bottom)))
        case Power(base, exponent):
            return power(*each((base, exponent)))
        case Hadamard(factors):
            return hadamard(each(factors))
        case Kronecker(left, right):
            return kronecker(*each((left, right)))
        case Call(op, arguments, form, node):
            if node is None or is_elementwise(node):
                return call(op, each(arguments), node)
            return Call(op, each(arguments), form, node)
        case Array(rows, form):
            return Array(tuple(map(each, rows)), form)
        case Entry(of, position):
            return Entry(substituted(of, by), position)
        case Indexed(of, index):
            return Indexed(substituted(of, by), index)
        case Summation(letters, sizes, body):
            return Summation(letters, sizes, substituted(body, by))
        case Vec(of, order):
            return vec(substituted(of, by), order)
    return _inside(e, by)


def _inside(e: Expr, by: Mapping[str, Expr]) -> Expr:
    match e:
        case Transpose(of):
            return transpose(substituted(of, by))
        case Inverse(of):
            return inverse(substituted(of, by))
        case Diag(of):
            return diag(substituted(of, by))
        case DiagPart(of):
            return diag_part(substituted(of, by))
        case Trace(of):
            return trace(substituted(of, by))
        case Norm(of):
            return Norm(substituted(of, by))
    return e
