"""Programs of one formula: value and derivative, and products and solutions by the derivative, compiled when first asked for.

A symbolic formula has one program for all sizes. Where a formula needs sizes as numbers, each set of shapes has its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from wrt.api.formula_source import Built, FormulaSource, build, sizes_from
from wrt.differentiate.accumulate import jacobian
from wrt.errors import ShapeError
from wrt.graph.node import Node, Shape, promote, variable
from wrt.graph.size import NeedsSizes, as_int, bind
from wrt.linear.algebra import symmetrized
from wrt.linear.linear_map import LinearMap, zero
from wrt.linear.operator import matvec, rmatvec, solve
from wrt.lower.numpy_source import source as numpy_source

Job = Literal["derivative", "matvec", "rmatvec", "solve"]


@dataclass
class Programs:
    """The compiled programs of a formula; `built` is its symbolic graph, None where there is none."""

    source: FormulaSource
    wrt: tuple[str, ...]
    declared: Mapping[str, Shape]
    symmetric: frozenset[str]
    built: Built | None
    _made: dict[Any, Callable[..., Any]] = field(default_factory=dict)
    _at: dict[Any, Built] = field(default_factory=dict)

    def run(self, job: Job, values: Mapping[str, Any], given: Any = None) -> Any:
        """What the program returns at these arrays; `given` is the vector of a product or the right side of a system."""
        extra = () if given is None else (given,)
        if self.built is not None:
            sizes_from(self.built.variables, values)  # refuses arrays that do not fit
            try:
                return self._program(job, None, self.built)(*(values[name] for name in self.built.variables), *extra)
            except NeedsSizes:
                pass
        shapes = {name: np.shape(value) for name, value in values.items()}
        key = tuple(sorted(shapes.items()))
        built = self._at.get(key) or self._at.setdefault(key, self._with(shapes))
        return self._program(job, key, built)(*(values[name] for name in built.variables), *extra)

    def shapes(self, values: Mapping[str, Any]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The shapes of what the derivative as a map gives and takes, at these arrays."""
        built = self.built or self._with({name: np.shape(value) for name, value in values.items()})
        numbers = sizes_from(built.variables, values)
        m = differentiated(built, self.wrt, self.symmetric)[1]
        out, taken = (tuple(as_int(bind(size, numbers), "An operator") for size in shape) for shape in (m.shape_out, m.shape_in))
        return out, taken

    def names(self, values: Mapping[str, Any]) -> list[str]:
        """The variables, in the order of the program's arguments."""
        return list(self.built.variables) if self.built is not None else self.source.parameters({**self.declared, **dict.fromkeys(values, ())})

    def _with(self, shapes: Mapping[str, tuple[int, ...]]) -> Built:
        declared = dict(self.declared) if self.built is None else {name: node.shape for name, node in self.built.variables.items()}
        arrays = {name: np.broadcast_to(0.0, shape) for name, shape in shapes.items()}
        sizes = sizes_from({name: variable(name, shape) for name, shape in declared.items()}, arrays)
        return build(self.source, {**shapes, **declared}, self.wrt, sizes)

    def _program(self, job: Job, key: Any, built: Built) -> Callable[..., Any]:
        if (job, key) not in self._made:
            inputs = {node: name for name, node in built.variables.items()}
            node, m = differentiated(built, self.wrt, self.symmetric)
            dtype = promote(node, *built.variables.values())
            if job == "derivative":
                outputs = [node, m.to_dense(dtype)]
            else:
                if job == "solve" and m.shape_out != m.shape_in:
                    raise ShapeError("A system needs a square derivative: its output and its variable must have one shape.")
                given = variable("given", m.shape_in if job == "matvec" else m.shape_out, dtype)
                inputs |= {given: "given" + "_" * (1 + max(map(len, built.variables), default=0))}
                outputs = [{"matvec": matvec, "rmatvec": rmatvec, "solve": solve}[job](m, given)]
            self._made[job, key] = numpy_source(job, inputs, outputs).compile()
        return self._made[job, key]


def differentiated(
    built: Built, wrt: Sequence[str], symmetric: Collection[str] = (), first: Callable[[Node], Node] = lambda node: node
) -> tuple[Node, LinearMap]:
    """The value, and its derivative by the first name (and then by the second) as a map; `first` is done to what is differentiated."""
    output, m = built.node, zero(built.node.shape, ())
    for name in wrt:
        x = built.variables[name]
        m = jacobian(first(output), [x])[x]
        m = symmetrized(m) if name in symmetric else m
        output = m.to_dense()
    return built.node, m
