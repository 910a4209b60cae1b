"""Prepared programs: a function traced once for one signature, its Jacobian composed, its source compiled when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from wrt.api import second as beyond
from wrt.api import structured
from wrt.api.sparse import SPARSE, parts
from wrt.differentiate.accumulate import Order, accumulate
from wrt.graph.node import Node, promote, variable
from wrt.linear.linear_map import LinearMap, identity, row
from wrt.linear.pattern import coefficients
from wrt.lower.fold import folded
from wrt.lower.numpy_source import Source, source
from wrt.trace.dependency import Dependencies
from wrt.trace.guards import Guard

if TYPE_CHECKING:
    from wrt.api.backend import Kernel
    from wrt.linear.structure import Structure

Kind = Literal[
    "value", "jacobian", "value_and", "hessian", "jvp", "vjp", "hvp", "gauss_newton", "normal", "normal_sparse",
    "logabsdet", "core", "banded", "hessian_logabsdet", "hessian_core", "hessian_banded",
    "csr", "csc", "coo", "bsr", "hessian_csr", "hessian_csc", "hessian_coo", "hessian_bsr",
]


@dataclass(eq=False)
class Prepared:
    """One traced variant: the value's node, the inputs it reads, what was guarded on the way, and its Jacobians."""

    node: Node
    inputs: dict[Node, str]
    variables: tuple[Node, ...]
    guards: tuple[Guard, ...]
    mode: Order
    relied: Dependencies
    volatile: bool
    sources: dict[str, Source] = field(default_factory=dict)
    compiled: dict[str, Callable[..., Any]] = field(default_factory=dict)
    kernels: dict[str, Kernel] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)  # of kinds that may still be compiled
    backends: dict[str, str] = field(default_factory=dict)  # who computes each kind, and why
    extra: dict[Any, Any] = field(default_factory=dict)  # what `wrt.api.second` and `wrt.api.sparse` have prepared
    _arrays: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def still_valid(self) -> Callable[[], bool]:
        """Whether nothing has changed that the trace relied on."""
        return self.relied.still_valid

    @cached_property
    def _accumulated(self) -> tuple[dict[Node, LinearMap], str]:
        return accumulate(self.node, {v: identity(v.shape) for v in self.variables}, identity(self.node.shape), self.mode)

    @property
    def maps(self) -> list[LinearMap]:
        """The Jacobian by each variable, as structure."""
        return [self._accumulated[0][v] for v in self.variables]

    @property
    def order(self) -> str:
        """The accumulation order that was taken, and at what cost."""
        return self._accumulated[1]

    @cached_property
    def dtypes(self) -> list[np.dtype[Any]]:
        """The dtype of the Jacobian by each variable: floating, whatever the coefficients are."""
        return [promote(self.node, v) if self.node.dtype.kind == "f" else v.dtype for v in self.variables]

    @cached_property
    def dense(self) -> list[Node]:
        """The Jacobian by each variable as an array, shape f + shape x."""
        return [m.to_dense(dtype) for m, dtype in zip(self.maps, self.dtypes, strict=True)]

    @cached_property
    def second(self) -> list[list[LinearMap]]:
        """The Jacobians of the Jacobians: [a][b] by variable a, then by variable b."""
        found = []
        for jacobian in self.dense:
            maps, _ = accumulate(jacobian, {v: identity(v.shape) for v in self.variables}, identity(jacobian.shape), self.mode)
            found.append([maps[v] for v in self.variables])
        return found

    @property
    def maps_of(self) -> list[tuple[Node, LinearMap, Node]]:
        """(what is differentiated, its derivative, the input by which), one for each input."""
        return [(self.node, m, v) for m, v in zip(self.maps, self.variables, strict=True)]

    @property
    def second_of(self) -> list[tuple[Node, LinearMap, Node]]:
        """The same for the second derivatives, row by row."""
        rows = zip(self.dense, self.second, strict=True)
        return [(jacobian, m, v) for jacobian, row in rows for m, v in zip(row, self.variables, strict=True)]

    def run(self, kind: Kind, arrays: Sequence[Any]) -> Any:
        """What the program returns; None if a guard found other values than those traced."""
        kernel = self.kernels.get(kind)
        if kernel is not None:
            result = kernel(arrays)
            if result is not None:
                return result
        return self.run_numpy(kind, arrays)

    def fill(self, kind: Kind, arrays: Sequence[Any], targets: Sequence[Any]) -> bool | None:
        """The entries of a sparse kind stored in the data of matrices; None if a guard found other values than those traced."""
        kernel = self.kernels.get(kind)
        data = [target.data for target in targets]
        if kernel is not None and not any(np.may_share_memory(a, d) for a in (*arrays, *self.relied.captured) for d in data) and kernel(arrays, *data):
            return True
        result = self.run_numpy(kind, arrays)
        if result is None:
            return None
        values = list(result) if isinstance(result, tuple) else [result]
        for part, target in zip(parts(self, kind), targets, strict=True):
            part.fill([values.pop(0) for _ in part.map.terms], target.data)
        return True

    def run_numpy(self, kind: Kind, arrays: Sequence[Any]) -> Any:
        """What the NumPy source returns."""
        function = self.compiled.get(kind)
        if function is None:
            function = self._compile(kind)
        return function(*arrays)

    def arrays(self, kind: Kind) -> list[Any]:
        """The arrays that the program of this kind refers to: the user's own may be among its results."""
        if kind not in self._arrays:
            self._arrays[kind] = [a for a in self.source(kind).held.values() if isinstance(a, np.ndarray)]
        return self._arrays[kind]

    def source(self, kind: Kind) -> Source:
        """The NumPy source of one kind of program."""
        if kind not in self.sources:
            outputs, extra = self._outputs(kind)
            inputs, watched = self.inputs | extra, [node for guard in self.guards for node in guard.nodes]
            self.sources[kind] = source(kind, inputs, folded(outputs, inputs, watched), self.guards)
        return self.sources[kind]

    def _compile(self, kind: Kind) -> Callable[..., Any]:
        function: Callable[..., Any] = self.source(kind).compile()
        self.compiled[kind] = function
        return function

    def _outputs(self, kind: Kind) -> tuple[list[Node], dict[Node, str]]:
        if kind == "value":
            return [self.node], {}
        if kind == "jacobian":
            return self.dense, {}
        if kind in structured.KINDS:
            return structured.outputs(self, kind), {}
        if kind == "value_and":
            return [self.node, *self.dense], {}
        if kind in SPARSE:
            return [c for part in parts(self, kind) for c in coefficients(part.map)], {}
        if kind == "hessian":
            rows = zip(self.second, self.dtypes, strict=True)
            return [m.to_dense(np.result_type(dtype, v.dtype)) for row, dtype in rows for m, v in zip(row, self.variables, strict=True)], {}
        if kind == "jvp":
            seeds = beyond.tangents(self)
            return [self.node, beyond.along(self, self.node, seeds)], {t: f"d{self.inputs[v]}" for v, t in seeds.items()}
        if kind == "hvp":
            return beyond.hessian_product(self)
        if kind == "gauss_newton":
            return beyond.gauss_newton(self)
        if kind in ("normal", "normal_sparse"):
            return (beyond.normal if kind == "normal" else beyond.normal_sparse)(self), {}
        weight = variable("cotangent", self.node.shape, self.node.dtype)
        maps, _ = accumulate(self.node, {v: identity(v.shape) for v in self.variables}, row(weight), "reverse")
        return [self.node, *(maps[v].to_dense(v.dtype) for v in self.variables)], {weight: "cotangent"}


def own(result: Any, given: Sequence[Any], dtype: Any = None) -> Any:
    """The result as an array; one that shares memory with what the user gave (J of `A @ x` is A itself) is a read-only view."""
    array = np.asarray(result, dtype)  # coefficients may be integers or booleans, a derivative is not
    if any(isinstance(a, np.ndarray) and np.may_share_memory(array, a) for a in given):
        array = array.view()
        array.flags.writeable = False
    return array


def explain(of: Node, m: LinearMap, by: Node) -> Structure:
    """What a map is, and why: zero because of steps (floor, argmax) is told from zero because the input is not read."""
    from wrt.linear.structure import Structure, structure  # not every call asks for it

    if not m.terms and by in of.variables:
        return Structure("zero", "the output is piecewise constant in this input")
    return structure(m)


def apart(array: Any, others: Sequence[Any]) -> Any:
    """A copy where the array shares memory with one that is also given out: to the program of f = A t value and Jacobian are one."""
    return array.copy() if array.flags.writeable and any(np.may_share_memory(array, other) for other in others) else array
