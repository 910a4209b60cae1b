"""What to know about an answer: kinks and what is taken there, conventions, what the formula takes for granted. One sentence each."""

from __future__ import annotations

from collections.abc import Iterator

from wrt.graph.node import Node
from wrt.graph.walk import topological
from wrt.linear.linear_map import LinearMap
from wrt.notation.describe import describe, times
from wrt.notation.expression import Bracket, Call, LowerHalf, parts
from wrt.notation.formula import formula
from wrt.notation.matrix import Matrices
from wrt.notation.symbol import unicode_name
from wrt.ops.catalog import OPERATIONS
from wrt.ops.decomposition import Read

LONG = 40  # a sub-expression of more characters is called by its operation
STEPS = "at its steps"
ALIKE = ("inv", "solve", "detsign", "logabsdet")  # need an invertible matrix
TRIANGLE = "one triangle only is read"


def remarks(node: Node, variable: Node, m: LinearMap, matrices: Matrices | None = None) -> tuple[str, ...]:
    """Sentences to print under the derivative of `node` by `variable`.

    Parameters
    ----------
    node
        The function as the user wrote it.
    m
        Its derivative.
    matrices
        Knows names and symmetric variables.
    """
    matrices = matrices or Matrices()
    between = [n for n in topological([node]) if n is not variable and variable in n.variables]
    found = [*_kinks(between, variable), *_broadcasts(node), *_words(m, matrices), *_conventions(node, variable, matrices)]
    return tuple(dict.fromkeys(found))


def _shown(node: Node) -> str:
    said = describe(node)
    return said if len(said) <= LONG and " = " not in said else f"{node.op}(…)"


def _kinks(between: list[Node], variable: Node) -> Iterator[str]:
    for n in between:
        operation = OPERATIONS.get(n.op)
        if n.op == "det":
            yield f"{_shown(n)}: the formula is for invertible {_shown(n.inputs[0])}; at a singular one the numbers are the cofactors."
        if operation is None or not operation.kinks or not any(variable in i.variables for i in n.inputs):
            continue
        kinks = operation.kinks
        if kinks == STEPS:
            yield f"{_shown(n)} is piecewise constant: its derivative is zero where it exists."
        elif n.op in ALIKE:
            yield f"{_shown(n.inputs[0])} is taken to be invertible."
        elif kinks.startswith("in symbolic"):
            yield f"{_shown(n)}: {kinks}."
        elif TRIANGLE in kinks:
            before = kinks.removesuffix(TRIANGLE).rstrip("; ")
            if before:
                yield f"{_shown(n)} is not differentiable {before}."
            if isinstance(n.attrs, Read) and not n.attrs.symmetric:
                yield _triangle(n, n.attrs.triangle)
        else:
            yield f"{_shown(n)} is not differentiable {kinks}."


def _triangle(n: Node, triangle: str) -> str:
    """That one triangle is read, and what follows for the derivative."""
    a = _shown(n.inputs[0])
    this, other = ("lower", "above") if triangle == "L" else ("upper", "below")
    first = f"{_shown(n)}: only one triangle of {a} is read, the {this} one; an entry of it stands for its mirror image too, and the"
    return f"{first} derivative by entries {other} the diagonal is 0. Where {a} is symmetric, that of its symmetric part treats both alike."


def _broadcasts(node: Node) -> Iterator[str]:
    for n in topological([node]):
        if n.op != "multiply" or sorted(i.ndim for i in n.inputs) != [1, 2]:
            continue
        a, x = sorted(n.inputs, key=lambda i: -i.ndim)
        yield f"{_shown(a)} * {_shown(x)} scales the columns of {_shown(a)}; for the matrix product write {_shown(a)} @ {_shown(x)}."


def _words(m: LinearMap, matrices: Matrices) -> Iterator[str]:
    """What letters that nobody declared stand for."""
    made = formula(m, matrices)
    shown = made.expression if made.expression is not None else None if made.index is None else made.index.right
    inside = [] if shown is None else list(parts(shown))
    if any(isinstance(e, Call) and e.op in ("expit", "log_expit") for e in inside):
        yield "σ(z) = 1 / (1 + exp(−z))."
    if any(isinstance(e, LowerHalf) for e in inside):
        yield "Φ keeps the lower triangle and halves the diagonal."
    if any(isinstance(e, Bracket) for e in inside):
        yield "[condition] is 1 where it holds, else 0."


def _conventions(node: Node, variable: Node, matrices: Matrices) -> Iterator[str]:
    name = str(variable.attrs[0])  # type: ignore[index]
    if variable.ndim == 2 and name in matrices.symmetric:
        x = unicode_name(name)
        yield f"{x} = {x}ᵀ: the gradient G is that of the Frobenius inner product; the Matrix Cookbook's 2G − G∘I counts each off-diagonal pair once."
    if node.ndim == 0 and variable.ndim == 2 and variable.shape[0] != variable.shape[1]:
        rows, columns = variable.shape
        yield f"Numerator layout is {times((columns, rows))}; the array and the denominator layout are {times((rows, columns))}, as {unicode_name(name)} is."
    elif node.ndim == 0 and variable.ndim == 2:
        yield f"Numerator layout is the transpose of the array; denominator layout has the axes of {unicode_name(name)}."
