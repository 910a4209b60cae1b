"""From nodes to a program: what NumPy must make first, which arrays the loops keep, and the loops themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.nest import terms_of
from wrt.graph.node import Node, array_of
from wrt.graph.walk import topological
from wrt.lower.kernel.program import Array, Check, Equal, Loop, Program, code, ints, knows
from wrt.lower.kernel.reader import MakeFirst, Reader
from wrt.lower.kernel.scalar import COMPARE, truth
from wrt.lower.kernel.schedule import Output, Scheduler, streams_of
from wrt.lower.kernel.triangle import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

ATTEMPTS = 64  # arrays that are asked for one after the other
LONG = 6000  # a program of more operations is not compiled: it would take seconds
COMPARING = frozenset((*COMPARE, "maximum", "minimum", "sign", "direction"))  # what is compared must be computed in one way only
WRITTEN_OUT = 512  # programs whose ends take so few turns are written out without loops


class NotCompiled(Exception):
    """Why there is no compiled program; NumPy does it."""


@dataclass(eq=False, slots=True)
class Built:
    """A program, and which nodes its input arrays are.

    `inputs` are the function's own leaves by name, `captured` the user's arrays as they were traced, `before` what NumPy computes first, `guards` the
    choices of the traced function that the program does not check itself.
    """

    program: Program
    inputs: dict[str, Node]
    captured: dict[str, Node]
    before: dict[str, Node] = field(default_factory=dict)
    guards: list[Any] = field(default_factory=list)


def build(inputs: Mapping[Node, str], outputs: Callable[[bool], Sequence[Output]], reads: Sequence[Node], guards: Sequence[Any] = ()) -> Built:
    """A program that fills the outputs.

    Parameters
    ----------
    inputs
        The leaves of the function, by name.
    outputs
        What is to be filled; the argument asks for streams without loops.
    reads
        All nodes that the outputs depend on directly.
    guards
        Choices of the traced function, to be checked first.
    """
    small = sum(map(_turns, reads)) <= WRITTEN_OUT
    work: list[Node] = []
    before: list[Node] = []
    every = topological([*reads, *(node for guard in guards for node in guard.nodes)])
    if not all(isinstance(n, int) for node in every for n in node.shape):
        raise NotCompiled("sizes are symbols")
    compares = any(node.op in COMPARING for node in every)
    for _ in range(ATTEMPTS):
        made = Program()
        arrays: dict[Node, str] = {}
        built = Built(made, {}, {})
        try:
            for node, name in inputs.items():
                _enter(made, arrays, node, f"in_{name}")
                built.inputs[f"in_{name}"] = node
            for k, node in enumerate(n for n in every if n.op == "captured" and _in_order(array_of(n))):
                _enter(made, arrays, node, f"k{k}")
                built.captured[f"k{k}"] = node
            for k, node in enumerate(before):
                _enter(made, arrays, node, f"np{k}")
                built.before[f"np{k}"] = node
            scheduler = Scheduler(made, arrays, frozenset(topological(before)) if before else frozenset(), reassociates=not compares)
            for guard in guards:
                _check(built, arrays, guard)
            for k, node in enumerate(n for n in topological(work) if n in work):
                scheduler.array(node, f"w{k}")
            for output in outputs(small):
                made.arrays[output.name] = Array(code(output.dtype), output.size, "output")
                scheduler.fill(output)
            for step in made.steps:
                if isinstance(step, Loop):
                    step.prune()
            counted(made)
            if made.operations > LONG:
                raise NotCompiled(f"{made.operations} operations")
            return built
        except MakeFirst as first:
            node = first.node
            if node in work or node in before or node.op == "variable" or not knows(node.dtype):
                raise NotCompiled(_why(node)) from None
            (work if first.compiled else before).append(node)
        except RecursionError:
            raise NotCompiled("the graph is too deep") from None
    raise NotCompiled("too many arrays in between")


def output(node: Node, name: str, dtype: np.dtype[Any], unrolled: bool) -> Output:
    """The whole of a node as an output."""
    if not knows(dtype):
        raise NotCompiled(f"results of {dtype}")
    return Output(name, prod(ints(node.shape)), dtype, streams_of(node, unrolled=unrolled), node=node)


def _why(node: Node) -> str:
    if node.op == "nest" or node.dtype.kind == "i":
        return "entries are read or written at positions that are known only at run time (a sort, a search)"
    return f"{node.op} of {node.dtype}"


def _turns(node: Node) -> int:
    """How often loops that make the node turn."""
    if node.op != "nest":
        return prod(ints(node.shape))
    return sum(prod(ints(term.sizes)) for term in terms_of(node))


def _in_order(array: NDArray[Any]) -> bool:
    """Whether the array's numbers can be read from its address on; NumPy copies others before."""
    return bool(array.flags.c_contiguous and array.flags.aligned and array.dtype.isnative)


def _enter(made: Program, arrays: dict[Node, str], node: Node, name: str) -> None:
    if not knows(node.dtype):
        raise NotCompiled(f"arrays of {node.dtype}")
    made.arrays[name] = Array(code(node.dtype), prod(ints(node.shape)), "input")
    arrays[node] = name


def _check(built: Built, arrays: Mapping[Node, str], guard: Any) -> None:
    """A choice of the traced function: the program checks it if it can, else NumPy does before."""
    made = built.program
    (node, *others) = guard.nodes
    if not others and guard.read is None and node in arrays and isinstance(guard.value, np.ndarray) and guard.value.dtype == node.dtype:
        made.steps.append(Equal(arrays[node], made.table(guard.value)))
    elif not others and guard.read is None and node.shape == () and node.dtype.kind == "b":
        loop = Loop(())
        reader = Reader(loop, made, arrays, strict=False)
        made.steps.append(Check(loop, truth(reader, reader.value(node, ())), bool(guard.value)))
    else:
        built.guards.append(guard)
