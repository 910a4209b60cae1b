"""The catalogue: every operation that wrt knows, declared once, and every NumPy function that it stands for.

An *operation* is what a node can be: its value, its local Jacobian, its notation and its sample cases stand together. A
*function* is what users call (`np.sum`, `scipy.special.softmax`): a builder that makes nodes. A function without a
derivative is declared too: `constant` where the derivative is zero wherever it exists, `no_rule` where wrt refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from wrt.graph.node import Node, array_of, number
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap

Local = Callable[[Node], Sequence[LinearMap | None]]
Builder = Callable[..., Any]
_B = TypeVar("_B", bound=Builder)


@dataclass(frozen=True, slots=True)
class Case:
    """Sample inputs for one operation or function: shapes (or arrays), keyword arguments, and the interval to draw from."""

    shapes: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    low: float = -2.0
    high: float = 2.0


@dataclass(frozen=True, slots=True)
class Operation:
    """What a node can be.

    value
        The NumPy definition: the node (for its shape and attributes) and the arrays of its inputs, to an array.
    local
        The local Jacobian: a node to one LinearMap per input, None where the derivative by that input is zero.
    code
        How NumPy source writes it: an operator (`"+"`), the name of a function (`"np.sin"`), or a function of the node
        and the texts of its inputs.
    text, latex
        How formulas write it; `{0}`, `{1}` are the inputs. Empty for what only the nest printer writes.
    kinks
        In words: where the derivative does not exist and which value is returned there.
    """

    name: str
    value: Callable[..., Any]
    local: Local
    code: str | Callable[[Node, Sequence[str]], str]
    text: str = ""
    latex: str = ""
    kinks: str = ""
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A function whose derivative wrt does not know or that has none: why, and what to write instead."""

    name: str
    why: str
    advice: str = ""


OPERATIONS: dict[str, Operation] = {}
FUNCTIONS: dict[Any, Builder] = {}
CASES: dict[Any, tuple[Case, ...]] = {}
CONSTANT: dict[Any, str] = {}
NO_RULE: dict[Any, Refused] = {}


def operation(op: Operation) -> Operation:
    """Add an operation; a name is taken once."""
    if op.name in OPERATIONS:
        raise ValueError(f"The operation {op.name} is declared twice.")
    OPERATIONS[op.name] = op
    return op


def implements(*functions: Any, cases: Sequence[Case] = ()) -> Callable[[_B], _B]:
    """Declare that the builder below stands for these NumPy or SciPy functions.

    The builder's parameters are the function's own. Those annotated `Node` receive nodes, those annotated `Nodes` a list
    of nodes; all others receive what the user wrote. What the builder has no parameter for is refused.
    """

    def declared(builder: _B) -> _B:
        for function in functions:
            _once(function)
            FUNCTIONS[function] = builder
            CASES[function] = tuple(cases)
        return builder

    return declared


def constant(*functions: Any, why: str = "piecewise constant: its derivative is zero wherever it exists") -> None:
    """Declare functions whose result does not change with small changes of the input."""
    for function in functions:
        _once(function)
        CONSTANT[function] = why


def no_rule(function: Any, name: str, *, why: str, advice: str = "") -> None:
    """Declare a refusal, with its reason and a way out."""
    _once(function)
    NO_RULE[function] = Refused(name, why, advice)


def _once(function: Any) -> None:
    if function in FUNCTIONS or function in CONSTANT or function in NO_RULE:
        raise ValueError(f"{function!r} is declared twice.")


def local_jacobians(node: Node) -> Sequence[LinearMap | None]:
    """One LinearMap per input of the node; None where the derivative is zero."""
    if not node.inputs:
        return ()
    return OPERATIONS[node.op].local(node)


Nodes = Sequence[Node]


def evaluate(outputs: Sequence[Node], known: Mapping[Node, Any]) -> list[Any]:
    """The outputs' arrays by the definitions alone: slow and obvious, the judge of generated code.

    `known` gives arrays for variables (and for any other nodes that need not be computed again).
    """
    arrays = dict(known)
    for node in topological(outputs, known):
        arrays[node] = _one(node, arrays)
    return [arrays[node] for node in outputs]


def _one(node: Node, arrays: Mapping[Node, Any]) -> Any:
    value = number(node)
    if value is not None:
        return value
    if node.op in ("frozen", "captured"):
        return array_of(node)
    return OPERATIONS[node.op].value(node, *(arrays[child] for child in node.inputs))
