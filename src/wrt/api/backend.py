"""Compiled programs of a traced function: what they fill, what they are called with, what they rely on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.api.sparse import SPARSE, Part, parts
from wrt.graph.node import Node, array_of, constant
from wrt.lower.fold import folded
from wrt.lower.kernel.build import Built, NotCompiled, build, output
from wrt.lower.kernel.entry import Given, Kept, Made, Read, Relied, Same, Signature, entry
from wrt.lower.kernel.llvm_text import Unknown, module
from wrt.lower.kernel.program import code as code_of
from wrt.lower.kernel.program import ints, knows
from wrt.lower.kernel.python_text import text
from wrt.lower.kernel.reader import MakeFirst
from wrt.lower.kernel.schedule import Output, flat_place, streams_at
from wrt.lower.kernel.variants import variants
from wrt.lower.numpy_source import source
from wrt.trace.dependency import MISSING

if TYPE_CHECKING:
    from wrt.api.prepared import Kind, Prepared

FEW = 64  # matrices of so many entries are written out without loops
NOTHING = "define i32 @kernel(ptr %arrays) {\n  ret i32 0\n}\n"  # the program whose way in only checks
FREE = 20_000  # programs of more turns let other threads run meanwhile


class ThereAlready(NotCompiled):
    """There is nothing to compute."""


@dataclass(eq=False, slots=True)
class Kernel:
    """A compiled program. Call it with the leaves in order (arrays, floats), then the arrays to be filled; None: it does not apply.

    `arguments` say for each argument of the user's call which leaf it is, or which object; None: there is no such order, the entry
    takes leaves. `check` takes the user's arguments and says whether the program applies to them.
    """

    entry: Callable[..., Any]
    arguments: Sequence[int | Same | Kept] | None
    built: Built
    seconds: float
    known: bool
    before: Callable[..., Any] | None = None
    check: Callable[..., Any] | None = None

    @property
    def turns(self) -> int:
        """How often its loops turn, all together."""
        return _turns(self.built)

    @property
    def loops(self) -> str:
        """The program as Python loops."""
        return text(self.built.program)

    def __call__(self, leaves: Sequence[Any], *out: Any) -> Any:
        leaves = [leaf if type(leaf) is float else np.asarray(leaf, order="C") for leaf in leaves]
        given = [a for a in (leaves if self.arguments is None else map(partial(_argument, leaves), self.arguments)) if a is not Kept]
        return self._run(given, leaves, out)

    def directly(self) -> Callable[..., Any]:
        """The same as a function of the user's own arguments (and the arrays to be filled)."""
        if self.before is None:
            return self.entry
        assert self.arguments is not None
        assert self.check is not None
        entry, check, before, finish = self.entry, self.check, self.before, self._finish
        count = sum(not isinstance(a, Kept) for a in self.arguments)
        where = {a: k for k, a in enumerate(self.arguments) if isinstance(a, int)} | {a.leaf: a.array for a in self.arguments if isinstance(a, Kept)}
        leaves = [where[k] for k in range(len(where))]
        straight = all(isinstance(k, int) for k in leaves) and leaves == list(range(count))

        def run(*given: Any) -> Any:
            user = given[:count]
            if check(*user) is None:
                return None
            made = before(*(user if straight else [user[k] if isinstance(k, int) else k for k in leaves]))
            return None if made is None else entry(*user, *finish(made), *given[count:])

        return run

    def _run(self, given: Sequence[Any], leaves: Sequence[Any], out: Sequence[Any]) -> Any:
        if self.before is None:
            return self.entry(*given, *out)
        made = self.before(*leaves)
        return None if made is None else self.entry(*given, *self._finish(made), *out)

    def _finish(self, made: Any) -> list[Any]:
        """What NumPy made before, as arrays that the loops can read."""
        nodes = self.built.before
        if not nodes:
            return []
        return [np.asarray(a, n.dtype, order="C") for a, n in zip(made if len(nodes) > 1 else (made,), nodes.values(), strict=True)]


def _argument(leaves: Sequence[Any], argument: int | Same | Kept) -> Any:
    """What stands for an argument; the class Kept for what is none."""
    return leaves[argument] if isinstance(argument, int) else argument.value if isinstance(argument, Same) else Kept


# ----- what a program of each kind fills ------------------------------------------------------------------------------
def compiled(prepared: Prepared, kind: Kind, direct: Sequence[int | Same | Kept] | None = None, *, into: bool = False) -> Kernel:
    """The compiled program of a kind; raises NotCompiled with the reason why there is none.

    `direct` says for each argument of the user's call which leaf it is, or which object it must be, and then which leaves are
    defaults; None: it is called with leaves. `into`: the results are written into arrays that are given last, as those of sparse
    kinds are.
    """
    start = time.perf_counter()
    fresh = kind not in SPARSE and not into
    if kind not in SPARSE:
        nodes, extra = prepared._outputs(kind)  # noqa: SLF001
        nodes = folded(nodes, prepared.inputs | extra)
        dtypes = [_dtype(prepared, kind, k, node) for k, node in enumerate(nodes)]
        shapes = [ints(node.shape) for node in nodes]
        reads = nodes
        if all(node.op in ("variable", "captured") for node in nodes):
            raise ThereAlready("the result is an array that is there already")

        def outputs(small: bool) -> Sequence[Output]:
            return [output(node, f"out{k}", dtype, small) for k, (node, dtype) in enumerate(zip(nodes, dtypes, strict=True))]
    else:
        found, extra = parts(prepared, kind), {}
        dtypes = [part.dtype for part in found]
        shapes = [part.shape for part in found]
        reads = [factor.node for part in found for term in part.map.terms for factor in term.factors]

        def outputs(small: bool) -> Sequence[Output]:
            few = sum(part.pattern.nnz for part in found) <= FEW
            return [_sparse(part, f"out{k}", few) for k, part in enumerate(found)]

    inputs = prepared.inputs | extra
    try:
        built = build(inputs, outputs, reads, prepared.guards)
        assembly = module(built.program, variants())
    except Unknown as missing:
        raise NotCompiled(str(missing)) from None
    except MakeFirst as first:
        raise NotCompiled(f"{first.node.op} at run-time indices") from None
    direct = None if extra else direct
    positions = _positions(inputs, direct)
    count = len(positions.where) + len(positions.same) + len(built.before) + (0 if fresh else len(dtypes))
    signature = Signature(count, _slots(built, positions, shapes, dtypes, fresh), positions.same, len(shapes) == 1, _turns(built) > FREE and not _works(built))
    relied = relied_on(prepared) if direct is not None else Relied()
    made, known = entry(assembly, signature, relied)
    before, check = None, None
    if built.before or built.guards:
        before = source("before", inputs, list(built.before.values()) or [constant(0)], built.guards).compile()
        if direct is not None:
            given = tuple(_given(node, positions) for node in positions.where)
            read = (Read(array, shape, dtype, in_order=False) for array, shape, dtype in prepared.relied.arrays.values())
            check, _ = entry(NOTHING, Signature(len(positions.where) + len(positions.same), (*given, *read), positions.same), relied)
    return Kernel(made, direct, built, time.perf_counter() - start, known, before, check)


def _dtype(prepared: Prepared, kind: Kind, k: int, node: Node) -> np.dtype[Any]:
    """What the k-th result of a program is to be of: derivatives are floating."""
    if kind == "jacobian":
        return prepared.dtypes[k]
    if kind == "value_and" and k:
        return prepared.dtypes[k - 1]
    if kind == "hessian":
        n = len(prepared.variables)
        return np.result_type(prepared.dtypes[k // n], prepared.variables[k % n].dtype)
    return node.dtype


def _sparse(part: Part, name: str, unrolled: bool) -> Output:
    terms = zip(part.map.terms, part.places, strict=True)
    streams = [s for term, place in terms for s in streams_at(term, place, flat_place(part.map.row(term), part.map.shape_out), unrolled=unrolled)]
    if not knows(part.dtype):
        raise NotCompiled(f"results of {part.dtype}")
    return Output(name, part.model.data.size, part.dtype, streams, disjoint=not part.padded)


# ----- how it is called -----------------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Positions:
    where: dict[Node, int]
    same: tuple[Same, ...]
    kept: dict[Node, Any]
    direct: bool  # whether these are the user's arguments, which may be numbers where leaves are arrays


def _positions(inputs: dict[Node, str], direct: Sequence[int | Same | Kept] | None) -> _Positions:
    """Where each leaf is among the arguments."""
    leaves = list(inputs)
    if direct is None:
        return _Positions({node: k for k, node in enumerate(leaves)}, (), {}, False)
    where = {leaves[d]: k for k, d in enumerate(direct) if isinstance(d, int)}
    kept = {leaves[d.leaf]: d.array for d in direct if isinstance(d, Kept)}
    return _Positions(where, tuple(d for d in direct if isinstance(d, Same)), kept, True)


def _slots(built: Built, positions: _Positions, shapes: Sequence[tuple[int, ...]], dtypes: Sequence[Any], fresh: bool) -> tuple[Given | Read | Made | Any, ...]:
    """Where the address of each of the program's arrays comes from, in their order."""
    start = len(positions.where) + len(positions.same)
    before = {name: k + start for k, name in enumerate(built.before)}
    found: list[Any] = []
    for name, array in built.program.arrays.items():
        if name in built.inputs:
            node = built.inputs[name]
            found.append(_read(node, positions.kept[node]) if node in positions.kept else _given(node, positions))
        elif name in built.captured:
            found.append(_read(built.captured[name], array_of(built.captured[name])))
        elif name in before:
            node = built.before[name]
            found.append(Given("array", before[name], ints(node.shape), node.dtype.str[1:]))
        elif array.role == "table":
            found.append(built.program.tables[name])
        elif array.role == "work":
            found.append(np.empty(max(1, array.size), _numpy(array.dtype)))
        else:
            k = int(name.removeprefix("out"))
            place = start + len(before) + k
            found.append(Made(shapes[k], code_of(dtypes[k])) if fresh else Given("out", place, shapes[k], code_of(dtypes[k])))
    return tuple(found)


def _read(node: Node, array: Any) -> Read:
    return Read(array, ints(node.shape), np.dtype(node.dtype.str[1:]))


def _given(node: Node, positions: _Positions) -> Given:
    shape = ints(node.shape)
    kind = "float" if node.weak else "array"
    if shape == () and not node.weak and node.dtype == np.float64 and positions.direct:
        kind = "number"  # a Python float, np.float64 or an array without axes
    return Given(kind, positions.where[node], shape, node.dtype.str[1:])


def _numpy(code: str) -> np.dtype[Any]:
    return np.dtype("?" if code == "b1" else code)


def _turns(built: Built) -> int:
    return sum(getattr(step, "volume", 0) for step in built.program.steps)


def _works(built: Built) -> bool:
    """Whether the program has work space, which two threads must not share."""
    return any(array.role == "work" for array in built.program.arrays.values())


def relied_on(prepared: Prepared) -> Relied:
    """What the traced function relied on, where the way in can look after it; raises NotCompiled where it cannot."""
    relied = Relied()
    watched = prepared.relied
    for names, name, value in watched.read.values():
        relied.add(names, name, value, there=value is not MISSING)
    functions: dict[int, Any] = {}
    for owner, name, value in watched.attributes:
        if name not in ("__code__", "__defaults__", "__kwdefaults__") or getattr(owner, name) is not value:
            raise NotCompiled(f"it relies on the attribute {name}")
        functions[id(owner)] = owner
    relied.functions = list(functions.values())
    for container, items in watched.contents:
        if type(container) is not dict or items:
            raise NotCompiled("it relies on what a list or dict holds")
        relied.empty.append(container)
    if relied.other:
        raise NotCompiled("it relies on names that are not in a dict")
    return relied
