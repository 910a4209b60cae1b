"""When compiled programs take over from NumPy's, and how sparse matrices are filled by either."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from wrt.api.sparse import SPARSE, Format, Part, check_format, parts, targets
from wrt.errors import ArgumentError, Unsupported

if TYPE_CHECKING:
    from wrt.api.arguments import Leaves
    from wrt.api.backend import Kernel
    from wrt.api.jacobian import Differentiated
    from wrt.api.prepared import Kind, Prepared
    from wrt.lower.kernel.entry import Kept, Same

Backend = Literal["auto", "numpy", "llvm", "numba"]
AFTER = 3  # calls of one program before it is compiled
TRIALS = 5  # runs of either program when they are compared
CLEARLY = 0.9  # LLVM takes over if it takes less than this part of the time
FEW = 1000  # turns of a program that need no comparison
KEPT = 4  # compiled programs of one kind that a call tries with the arguments as they are


def chosen(backend: Backend) -> Backend:
    """The backend of this name; refused if it is unknown, or if this machine does not have it. Numba's compiler is LLVM."""
    if backend not in get_args(Backend):
        raise ArgumentError(f"backend must be 'auto', 'numpy' or 'llvm', not {backend!r}.")
    if backend not in ("llvm", "numba"):
        return backend
    from wrt.lower.kernel.machine import available

    if available():
        raise ArgumentError(f"backend={backend!r} cannot be had: {available()}.")
    return "llvm"


def consider(verb: Differentiated, prepared: Prepared, kind: Kind, args: tuple[Any, ...], kwargs: dict[str, Any], leaves: Leaves, extra: Sequence[Any]) -> None:
    """Count a call; at the third of one program have it compiled in a thread. `backend="llvm"` compiles at once."""
    if verb.backend == "numpy" or prepared.volatile:
        return
    count = prepared.calls[kind] = prepared.calls.get(kind, 0) + 1
    if verb.backend == "auto" and count < AFTER:
        return
    from wrt.lower.kernel.machine import available  # the compiler is loaded when it is needed

    if available():
        prepared.backends[kind] = f"NumPy: {available()}"
        return
    prepared.backends[kind] = "NumPy, while LLVM compiles"
    job = partial(_compile, verb, prepared, kind, None if kwargs or extra else _direct(args, leaves), [*leaves.arrays, *extra])
    if verb.backend == "llvm":
        job()
    else:
        try:
            threading.Thread(target=_apart, args=(job, prepared, kind), name="wrt compiles").start()
        except RuntimeError as why:  # too many threads, or the interpreter is about to end
            prepared.backends[kind] = f"NumPy: {why}"


def _apart(job: Callable[[], None], prepared: Prepared, kind: Kind) -> None:
    """The job in a thread of its own: whatever goes wrong there, NumPy goes on, and `J.plan` says so."""
    try:
        job()
    except Exception as why:  # noqa: BLE001
        prepared.backends[kind] = f"NumPy: the compiler failed with {type(why).__name__}: {why}"


def _direct(args: tuple[Any, ...], leaves: Leaves) -> list[int | Same | Kept] | None:
    """For each argument of the call the leaf that it is, or that it must be this very object; then the leaves that are defaults.

    None where an argument is more than one leaf.
    """
    from wrt.lower.kernel.entry import Kept, Same

    found: list[int | Same | Kept] = []
    left = list(range(len(leaves.arrays)))
    for position, value in enumerate(args):
        k = next((k for k in left if leaves.arrays[k] is value), None)
        if k is None and type(value) in (float, np.float64) and left and np.shape(leaves.arrays[left[0]]) == ():
            k = left[0]  # a number to differentiate by, of which an array was made
        if k is not None:
            left.remove(k)
            found.append(k)
        elif isinstance(value, np.ndarray | np.generic | list | tuple | dict | float):
            return None
        else:
            found.append(Same(position, value))
    for k in left:
        array = leaves.arrays[k]
        if "[" in leaves.names[k] or not (type(array) is float or (type(array) is np.ndarray and array.flags.c_contiguous)):
            return None
        found.append(Kept(k, np.asarray(array)))
    return found


def _compile(verb: Differentiated, prepared: Prepared, kind: Kind, direct: Sequence[int | Same | Kept] | None, arrays: Sequence[Any]) -> None:
    from wrt.lower.kernel.machine import compiling

    with compiling:
        _take_over(verb, prepared, kind, direct, arrays)


def _take_over(verb: Differentiated, prepared: Prepared, kind: Kind, direct: Sequence[int | Same | Kept] | None, arrays: Sequence[Any]) -> None:
    """Compile the program, and let it take over if it pays."""
    from wrt.api.backend import ThereAlready, compiled
    from wrt.lower.kernel.build import NotCompiled
    from wrt.lower.kernel.entry import Kept

    try:
        if not _plain(verb, prepared, kind):
            direct = None
        try:
            kernel = compiled(prepared, kind, direct)
        except NotCompiled:
            if direct is None:
                raise
            kernel = compiled(prepared, kind, None)
        ways = kernel
        if any(isinstance(argument, Kept) for argument in kernel.arguments or ()):  # calls that give these arguments take leaves
            kernel = compiled(prepared, kind, None)
        if verb.backend == "auto" and not _pays(prepared, kind, kernel, arrays):
            return
    except NotCompiled as why:
        prepared.backends[kind] = f"NumPy: {why}"
        if verb.backend == "llvm" and not isinstance(why, ThereAlready):
            del prepared.backends[kind]
            raise Unsupported(f"{verb.name} cannot be compiled: {why}.", advice="Write backend='auto', which leaves it to NumPy.") from None
        return
    prepared.kernels[kind] = kernel
    how = "from the cache" if kernel.known else "compiled"
    prepared.backends[kind] = f"LLVM, {kernel.built.program.operations} operations, {how} in {1000 * kernel.seconds:.0f} ms" + (
        "" if kernel.before is None else f"; NumPy makes {len(kernel.built.before)} arrays before"
    )
    if ways.arguments is not None:
        way: Any = ways.directly()
        if kind in SPARSE:
            kept = [argument.array for argument in ways.arguments if isinstance(argument, Kept)]
            way = _Fill(way, parts(prepared, kind)[0], [*kept, *prepared.relied.captured])
        verb._ready[kind] = [way, *verb._ready.get(kind, ())][:KEPT]  # noqa: SLF001
        if kind == verb.kind:
            verb._first = way  # noqa: SLF001


def _plain(verb: Differentiated, prepared: Prepared, kind: Kind) -> bool:
    """Whether what the program makes is given out as it is."""
    if kind == "jacobian":
        return verb.collated
    if kind in ("logabsdet", "hessian_logabsdet"):
        return kind in prepared.extra  # else it is a core that must be factorized
    return verb.single and (verb.collated or kind in SPARSE)


def _pays(prepared: Prepared, kind: Kind, kernel: Kernel, arrays: Sequence[Any]) -> bool:
    """Whether the compiled program is the faster one on these arguments.

    Sparse ones are, and so are small ones: the way in alone is faster than what NumPy's program takes to be called.
    """
    if kind in SPARSE or (kernel.arguments is not None and kernel.before is None and kernel.turns <= FEW):
        return True
    runs: list[Callable[[Sequence[Any]], Any]] = [kernel, partial(prepared.run_numpy, kind)]
    best = [float("inf"), float("inf")]
    for _ in range(TRIALS):
        for k, run in enumerate(runs):
            start = time.thread_time()  # the processor's time: the user's own thread goes on meanwhile
            run(arrays)
            best[k] = min(best[k], time.thread_time() - start)
    llvm, numpy = best
    if llvm > CLEARLY * numpy:
        prepared.backends[kind] = f"NumPy, {_time(numpy)} against {_time(llvm)} of LLVM"
    return llvm <= CLEARLY * numpy


def overlap(arrays: Sequence[Any], targets: Sequence[Any]) -> bool:
    """Whether something that is read may share memory with what is written: loops must not, NumPy's programs may."""
    for array in arrays:
        if type(array) is np.ndarray:
            for target in targets:
                if array is target or ((array.base is not None or target.base is not None) and np.may_share_memory(array, target)):
                    return True
    return False


class _Fill:
    """A sparse program that is called with the user's own arguments; `reads` are the arrays that it reads besides."""

    __slots__ = ("dtype", "entry", "indices", "part", "reads", "shape")

    def __init__(self, entry: Callable[..., Any], part: Part, reads: Sequence[Any]) -> None:
        self.entry, self.part, self.reads = entry, part, reads
        self.shape, self.dtype, self.indices = part.shape, part.dtype, getattr(part.model, "indices", None)

    def __call__(self, args: tuple[Any, ...], out: Any) -> Any:
        """The matrix, or None where the long way must be taken."""
        if out is None:
            data = np.empty(self.shape, self.dtype)
            return self.part.matrix(data) if self.entry(*args, data) else None
        if getattr(out, "indices", self) is self.indices and out.data.dtype is self.dtype and not overlap((*args, *self.reads), (out.data,)):
            return out if self.entry(*args, out.data) else None
        return None


def _time(seconds: float) -> str:
    return f"{1e6 * seconds:.3g} µs" if seconds < 1e-3 else f"{1e3 * seconds:.3g} ms"


def sparse(verb: Differentiated, order: str, form: Format | None, out: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A sparse derivative; `order` is "hessian_" for the second."""
    chosen_form = str(form or getattr(out[0] if isinstance(out, tuple) else out, "format", "csr"))
    check_format(chosen_form)
    kind: Any = order + chosen_form
    if not kwargs and verb.single:
        for run in verb._ready.get(kind, ()):  # noqa: SLF001
            found = run(args, out)
            if found is not None:
                return found
    made: list[Any] = []
    given_out = out if not order or verb.single or out is None else [matrix for row in out for matrix in row]

    def fill(prepared: Prepared, given: list[Any]) -> bool | None:
        made[:] = targets(parts(prepared, kind), given_out, verb.name)
        return prepared.fill(kind, given, made)

    verb._run(kind, args, kwargs, run=fill)  # noqa: SLF001
    if len(verb.wrt) == 1:
        return made[0] if verb.single else tuple(made)
    n = len(verb.wrt)
    return tuple(made) if not order else tuple(tuple(made[n * a : n * a + n]) for a in range(n))
