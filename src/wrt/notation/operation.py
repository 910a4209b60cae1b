"""What an operation of the catalogue is on the page: sums, quotients, powers and inverses as such, the rest by its template."""

from __future__ import annotations

from collections.abc import Sequence

from wrt.graph.node import Node, make
from wrt.graph.term import Term, nodes_in
from wrt.graph.walk import topological
from wrt.notation.algebra import inverse
from wrt.notation.build import hadamard, product, quotient, transpose
from wrt.notation.entrywise import call, power
from wrt.notation.expression import Bracket, Call, Expr, Form, Inverse, Norm, Number, Transpose, Zero, is_scalar
from wrt.notation.total import total
from wrt.ops.catalog import OPERATIONS

MANY = 200  # operations
DIVISIONS = ("divide", "direction")  # the direction a/‖a‖ is 0 where the norm is
FORMS: tuple[Form, ...] = ("scalar", "column", "matrix", "tensor")


def applied(node: Node, arguments: Sequence[Expr], *, factor: bool = True, scalar: bool = False) -> Expr | None:
    """The node's operation applied to expressions of its inputs; `scalar` says that they are single entries."""
    elementwise = is_elementwise(node)
    match node.op:
        case "add":
            return total(arguments, factor=factor)
        case "subtract":
            return total((arguments[0], product((arguments[1],), -1)), factor=factor)
        case "divide" | "direction":
            return quotient(*arguments)
        case "power":
            return power(*arguments)
        case "inv":
            return inverse(arguments[0])
        case "solve":
            return product((inverse(arguments[0]), arguments[1]))
        case "norm" if node.ndim == 0 and len(arguments) == 1:
            return Norm(arguments[0])
        case "det" if factor:
            return determinant(arguments[0], node)
        case "cofactors" if node.attrs == 1:  # where A is invertible
            return product((determinant(arguments[0], make("det", node.inputs, None, (), node.dtype)), transpose(inverse(arguments[0]))))
        case "where" if (factor or scalar) and arguments[2] in (Number(0), Zero(node.shape)):
            return hadamard((Bracket(arguments[0]), arguments[1]))
    if elementwise:
        made = call(node.op, arguments, node)
        return made if is_scalar(made) == (scalar or node.ndim == 0) else None
    return Call(node.op, tuple(arguments), FORMS[node.ndim], node) if node.op in OPERATIONS else None


def determinant(a: Expr, node: Node) -> Expr:
    match a:
        case Inverse(of):
            return quotient(Number(1), determinant(of, node))
        case Transpose(of):
            return determinant(of, node)
    return Call("det", (a,), "scalar", node)


def is_long(terms: Sequence[Term]) -> bool:
    """Whether the terms are made of more operations than anybody reads: their formula is not even tried."""
    return len(topological(nodes_in(terms))) > MANY


def is_elementwise(node: Node) -> bool:
    """Whether entry i of the node depends on entry i of its inputs alone."""
    operation = OPERATIONS.get(node.op)
    if operation is None:
        return False
    return operation.local.__qualname__.startswith("local_elementwise") or operation.local.__module__ == "wrt.ops.special"

