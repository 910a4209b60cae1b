"""What an operation of the catalogue is on the page: sums, quotients, powers and inverses as such, the rest by its template."""

from __future__ import annotations

from collections.abc import Sequence

from wrt.graph.arithmetic import multiply, subtract
from wrt.graph.arithmetic import power as raised
from wrt.graph.node import Node, make, number
from wrt.notation.algebra import inverse
from wrt.notation.build import call, power, product, quotient, transpose
from wrt.notation.expression import Call, Expr, Form, Norm, is_scalar
from wrt.notation.total import total
from wrt.ops.catalog import OPERATIONS

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
        case "cofactors":  # where A is invertible
            det = Call("det", tuple(arguments), "scalar", make("det", node.inputs, None, (), node.dtype))
            return product((det, transpose(inverse(arguments[0]))))
    if elementwise:
        made = call(node.op, arguments, node)
        return made if is_scalar(made) == (scalar or node.ndim == 0) else None
    return Call(node.op, tuple(arguments), FORMS[node.ndim], node) if node.op in OPERATIONS else None


def is_elementwise(node: Node) -> bool:
    """Whether entry i of the node depends on entry i of its inputs alone."""
    operation = OPERATIONS.get(node.op)
    if operation is None:
        return False
    return operation.local.__qualname__.startswith("local_elementwise") or operation.local.__module__ == "wrt.ops.special"


def unguarded(node: Node) -> Node:
    """b·a^(b−1) in place of the derivative of a^b as it is computed, with its guard for b = 0; any other node is itself."""
    if node.op != "where" or number(node.inputs[1]) != 0:
        return node
    zero, _, chosen = node.inputs
    if zero.op != "equal" or number(zero.inputs[1]) != 0 or chosen.op != "multiply":
        return node
    b, powered = chosen.inputs
    guard = powered.inputs[1] if powered.op == "power" else None
    if b is not zero.inputs[0] or guard is None or guard.op != "where" or guard.inputs[0] is not zero:
        return node
    return multiply(b, raised(powered.inputs[0], subtract(b, 1))) if guard.inputs[2] is subtract(b, 1) else node
