"""The Jacobian of a plain NumPy function: an object that is prepared at the first call of each kind and then only computes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from wrt.api.arguments import Leaves, collect, rebuild
from wrt.api.prepared import Kind, Prepared, apart, explain, own
from wrt.differentiate.accumulate import Order
from wrt.errors import ArgumentError
from wrt.graph.node import Node
from wrt.graph.shape import show
from wrt.linear.linear_map import LinearMap
from wrt.linear.structure import Structure
from wrt.lower.evaluate import evaluate
from wrt.notation.layout import Layout, View, arrange, check, convention
from wrt.notation.layout import Order as Flattening
from wrt.trace import Back, Binding, Trace, select, trace_function
from wrt.trace.guards import Guard, same
from wrt.trace.signature import name_of

VARIANTS = 8  # so many branches of a function are kept prepared for one signature; the oldest goes first


class Differentiated:
    """What all verbs share: the function, the inputs to differentiate by, the conventions, and the prepared variants."""

    kind: Kind = "jacobian"

    def __init__(
        self,
        function: Callable[..., Any],
        wrt: int | str | Sequence[int | str] = 0,
        *,
        layout: Layout = "numerator",
        view: View = "tensor",
        order: Flattening = "C",
        mode: Order = "auto",
    ) -> None:
        if not callable(function):
            raise ArgumentError(f"Expected a function, got {function!r}. For an expression in text write wrt.derive({function!r}, wrt=…).")
        check(layout, view, order)
        if mode not in ("auto", "forward", "reverse"):
            raise ArgumentError(f"mode must be 'auto', 'forward' or 'reverse', not {mode!r}.")
        if not isinstance(wrt, int | str | Sequence):
            raise ArgumentError(f"wrt takes names and positions, not {wrt!r}.")
        self.function = function
        selection = select(function, wrt)
        self.wrt, self.single = selection.names, selection.single
        self.name = name_of(function)
        self._bound = Binding(function)
        self.collated = (layout, view) == ("numerator", "tensor")  # as the arrays come out
        self.layout, self.view, self.order, self.mode = layout, view, order, mode
        self._variants: dict[Any, list[Prepared]] = {}
        self._last: Prepared | None = None
        self._lock = threading.RLock()

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: what was asked for; programs are prepared again where it arrives."""
        return {name: value for name, value in vars(self).items() if name not in ("_variants", "_last", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._variants, self._last, self._lock = {}, None, threading.RLock()

    # ----- preparation ----------------------------------------------------------------------------------------------
    def _run(self, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any], extra: Sequence[Any] = ()) -> tuple[Prepared, Any, Leaves]:
        """The prepared variant that fits the call, and what its program returned."""
        arguments, back = self._bound(args, kwargs)
        leaves = collect(arguments, self.wrt)
        given = [*leaves.arrays, *extra]
        key = tuple(leaves.key)
        tried: list[Prepared] = []
        if not leaves.volatile:
            for variant in self._variants.get(key, ()):
                if not variant.volatile and variant.still_valid():
                    result = variant.run(kind, given)
                    if result is not None:
                        self._last = variant
                        return variant, result, leaves
                    tried.append(variant)
        with self._lock:
            variant = self._prepare(arguments, back, leaves, key, tried)
            result = variant.run(kind, given)
        assert result is not None  # the values that were guarded are the values of this very call
        self._last = variant
        return variant, result, leaves

    def _prepare(self, arguments: dict[str, Any], back: Back, leaves: Leaves, key: Any, tried: Sequence[Prepared]) -> Prepared:
        for name in self.wrt:
            if name not in arguments:
                raise ArgumentError(f"wrt= asks for the derivative by {name}, and this call gives only {', '.join(arguments)}.")
        trace = Trace(evaluate, name=self.name)
        inputs: dict[Node, str] = {}
        arrays = iter(leaves.arrays)
        taken: set[str] = set()

        def stand_in(name: str) -> Any:
            traced = trace.variable(name, next(arrays), differentiated=name in self.wrt)
            inputs[traced.node] = _identifier(name, taken)
            return traced

        stand_ins = {name: rebuild(value, name, name in self.wrt, stand_in) for name, value in arguments.items()}
        result = trace_function(self.function, *back(stand_ins), trace)
        by_name = {name: node for node, name in zip(inputs, leaves.names, strict=True)}
        watched = result.dependencies
        fresh = Prepared(
            result.node,
            inputs,
            tuple(by_name[name] for name in self.wrt),
            tuple(result.guards),
            self.mode,
            watched.still_valid,
            watched.volatile or leaves.volatile,
        )
        self._accept(fresh)
        known = self._variants.setdefault(key, [])
        for old in known:  # the same graph again (after a change of something that could not be watched): keep its compiled code
            if old not in tried and old.node is fresh.node and old.inputs == fresh.inputs and _same_guards(old.guards, fresh.guards):
                old.still_valid, old.volatile = fresh.still_valid, fresh.volatile
                return old
        known.insert(0, fresh)
        del known[VARIANTS:]
        return fresh

    def _accept(self, prepared: Prepared) -> None:
        """Refuse a function that the verb does not take."""

    def _require(self) -> Prepared:
        if self._last is None:
            raise ArgumentError(f"Nothing is prepared yet: call it once, so that the shapes of {self.name}'s arguments are known.")
        return self._last

    # ----- what is printable ----------------------------------------------------------------------------------------
    @property
    def source(self) -> str:
        """The NumPy source of the program that the last call ran."""
        return str(self._require().source(self.kind))

    @property
    def structure(self) -> Structure | tuple[Structure, ...]:
        """What the Jacobian is (diagonal, banded, low rank, …), and why; one for each input."""
        prepared = self._require()
        found = tuple(explain(*each) for each in self._maps(prepared))
        return found[0] if self.single else found

    def _maps(self, prepared: Prepared) -> list[tuple[Node, LinearMap, Node]]:
        return prepared.maps_of

    @property
    def plan(self) -> str:
        """What is computed, in which order and why."""
        prepared = self._require()
        lines = []
        for k, (of, m, v) in enumerate(self._maps(prepared)):
            lines.append(f"{self._called(prepared, k)}: {prepared.inputs[v]}{show(m.shape_in)} -> {show(m.shape_out)}   {explain(of, m, v)}")
        lines.append(f"accumulated in {prepared.order}")
        lines += ["", str(prepared.source(self.kind)).rstrip()]
        return "\n".join(lines)

    def _called(self, prepared: Prepared, k: int) -> str:
        """What the k-th of the maps is the derivative of."""
        return self.name

    def __repr__(self) -> str:
        by = ", ".join(self.wrt)
        shape = ""
        if self._last is not None:
            maps = self._maps(self._last)
            shape = "; " + ", ".join(f"{show(m.shape_out + m.shape_in)}{'' if m.terms else f', {explain(of, m, v)}'}" for of, m, v in maps)
        kind = self.kind if self.kind in ("jvp", "vjp") else type(self).__name__.lower()
        return f"<{kind} of {self.name} by {by}{shape}; {convention(self.layout)}>"


def _same_guards(old: Sequence[Guard], new: Sequence[Guard]) -> bool:
    """Whether two traces made the same choices; guards that read differently are told apart by where they were made."""
    pairs = zip(old, new, strict=False)
    return len(old) == len(new) and all((a.nodes, a.where) == (b.nodes, b.where) and same(a.value, b.value) for a, b in pairs)


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b)


def _identifier(name: str, taken: set[str]) -> str:
    """A Python name for a leaf: p['w'] becomes p_w."""
    plain = "".join(c if c.isalnum() or c == "_" else "_" for c in name.replace("'", "").replace("]", "")).strip("_")
    while not plain or not plain.isidentifier() or plain in taken or plain == "np":
        plain += "_"
    taken.add(plain)
    return plain


class Jacobian(Differentiated):
    """J[i, j] = ∂f_i/∂x_j of a plain NumPy function; made by `wrt.jacobian`."""

    kind: Kind = "jacobian"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian at these arguments: an array of shape f + shape x (numerator layout), one for each input in `wrt`."""
        prepared, result, leaves = self._run("jacobian", args, kwargs)
        return self._several("jacobian", [result] if len(self.wrt) == 1 else result, prepared, leaves)

    def value_and(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """(f, J) in one pass: what they share is computed once."""
        prepared, (value, *jacobians), leaves = self._run("value_and", args, kwargs)
        value = own(value, [*leaves.arrays, *prepared.arrays("value_and")])
        return value, self._several("value_and", jacobians, prepared, leaves, [value])

    def sparse(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian as `scipy.sparse.csr_array`, flattened in C order; its pattern is computed once and holds every possible nonzero.

        All calls share `indices` and `indptr`, which are therefore read-only; a `.copy()` has its own. `layout` and `view` do not
        apply: rows are outputs, columns inputs.
        """
        from scipy.sparse import csr_array

        prepared, result, _ = self._run("sparse", args, kwargs)
        parts = list(result) if isinstance(result, tuple) else [result]
        made = []
        for (m, where, shapes), dtype in zip(prepared.patterns, prepared.dtypes, strict=True):
            data = where.data([parts.pop(0) for _ in m.terms], shapes).astype(dtype, copy=False)
            made.append(csr_array((data, where.indices, where.indptr), shape=where.shape))
        return made[0] if self.single else tuple(made)

    def operator(self, *args: Any, **kwargs: Any) -> Any:
        """The Jacobian as `scipy.sparse.linalg.LinearOperator`: J v and Jᵀ w without the matrix."""
        from scipy.sparse.linalg import LinearOperator

        if not self.single:
            raise ArgumentError("operator() takes a Jacobian by one input; give wrt= one name.")
        prepared, value, leaves = self._run("value", args, kwargs)
        (x,) = prepared.variables
        at = [np.array(a) for a in leaves.arrays]  # the operator stays the Jacobian here, whatever happens to the arguments
        at_x = np.shape(leaves.arrays[leaves.names.index(self.wrt[0])])

        def matvec(v: Any) -> Any:
            shaped = np.asarray(v, x.dtype).reshape(at_x)
            return np.ravel(prepared.run("jvp", [*at, shaped])[1])

        def rmatvec(w: Any) -> Any:
            shaped = np.asarray(w, prepared.node.dtype).reshape(np.shape(value))
            return np.ravel(prepared.run("vjp", [*at, shaped])[1])

        return LinearOperator((np.size(value), prod(at_x)), matvec=matvec, rmatvec=rmatvec, dtype=prepared.dtypes[0])

    def pair(self) -> tuple[Callable[..., Any], Callable[..., Any]]:
        """(fun, jac) for solvers that ask for both at the same arguments: one evaluation serves both.

        Each result is given out once, in an array that the solver may write to. Who asks again has it computed again, so that
        arrays which changed in place meanwhile (new data, the same starting point) are seen.
        """
        lock = threading.Lock()
        waiting: dict[str, Any] = {}  # what was computed and not asked for yet
        at: list[Any] = [None, None, None]  # where: the variant, the key of the arguments, copies of their arrays

        def ask(what: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            with lock:
                if what in waiting:
                    leaves = collect(self._bound(args, kwargs)[0], self.wrt)
                    if leaves.key == at[1] and all(map(same, leaves.arrays, at[2])) and at[0].still_valid():
                        return waiting.pop(what)
                prepared, (value, *jacobians), leaves = self._run("value_and", args, kwargs)
                value = own(value, [*leaves.arrays, *prepared.arrays("value_and")])
                found = self._several("value_and", jacobians, prepared, leaves, [value])
                waiting.update(value=_writeable(value), jacobian=_writeable(found) if self.single else tuple(map(_writeable, found)))
                at[:] = prepared, leaves.key, [np.array(a) for a in leaves.arrays]
                result = waiting.pop(what)
                if leaves.volatile or prepared.volatile:
                    waiting.clear()
                return result

        return (lambda *args, **kwargs: ask("value", args, kwargs)), (lambda *args, **kwargs: ask("jacobian", args, kwargs))

    def _several(self, kind: Kind, results: Sequence[Any], prepared: Prepared, leaves: Leaves, others: Sequence[Any] = ()) -> Any:
        given = [*leaves.arrays, *prepared.arrays(kind)]
        made: tuple[Any, ...] = ()
        for result, dtype in zip(results, prepared.dtypes, strict=True):
            made += (apart(own(result, given, dtype), [*others, *made]),)
        if not self.collated:
            made = tuple(arrange(r, prepared.node.ndim, self.layout, self.view, self.order) for r in made)
        return made[0] if self.single else made


def _writeable(array: Any) -> Any:
    """An array of its own: value and Jacobian may be one array of the program, or the user's."""
    return array.copy() if array.base is not None or not array.flags.writeable else array


