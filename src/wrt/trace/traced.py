"""The array that records: to the user's function an ndarray (or a NumPy or Python number), to us a node and its memory.

Operators and methods are given to the class in `wrt.trace.methods`. Here is what it is, and what happens where Python or C
code wants to see its numbers: choices are recorded as guards, and where a number would lose the derivative wrt refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, floor, trunc
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.node import DType, Node, Shape
from wrt.trace.extent import Extent, extents
from wrt.trace.place import Root, View
from wrt.trace.refusal import blame, numbers_instead, refuse
from wrt.trace.source import library_reader

if TYPE_CHECKING:
    from wrt.trace.guards import Trace

_PYTHON: dict[str, type] = {"f": float, "i": int, "b": bool}


class Digits(str):
    """The text of a number that is differentiated: read back as a number it would lose the derivative."""

    __slots__ = ()


class Traced:
    """A handle on recorded memory, as an ndarray is a handle on memory."""

    __slots__ = ("__weakref__", "is_scalar", "place", "python", "tracer")
    __array_priority__ = 1e6  # for the old protocol: scipy.sparse and np.matrix ask for it

    def __init__(self, tracer: Trace, place: Root | View, *, is_scalar: bool = False) -> None:
        self.tracer, self.place, self.is_scalar = tracer, place, is_scalar
        self.python = False  # whether this is a Python float, though its node is none of Python's weak numbers

    @staticmethod
    def of(tracer: Trace, node: Node, *, scalar: bool = False, memory: Any = None, captured: bool = False) -> Traced:
        """New memory that holds a node."""
        return Traced(tracer, Root(node, memory, captured=captured), is_scalar=scalar)

    @property
    def node(self) -> Node:
        """What is in the memory now."""
        return self.place.node

    @property  # type: ignore[misc]  # isinstance(x, np.ndarray) and isinstance(n, int) must hold in the user's function
    def __class__(self) -> type:
        if not self.is_scalar:
            return np.ndarray
        return _PYTHON.get(self.dtype.kind, float) if self.node.weak else self.dtype.type

    # ----- what is known without numbers ------------------------------------------------------------------------------
    @property
    def sizes(self) -> Shape:
        """The shape in the graph's terms."""
        return self.place.shape

    @property
    def shape(self) -> tuple[int | Extent, ...]:
        return extents(self.place.shape, self.tracer)

    @property
    def ndim(self) -> int:
        return len(self.place.shape)

    @property
    def size(self) -> int | Extent:
        total: int | Extent = 1
        for size in self.shape:
            total = total * size
        return total

    @property
    def dtype(self) -> DType:
        return self.place.dtype

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int | Extent:
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        if not self.place.shape:
            raise TypeError("len() of unsized object")
        return int(self.shape[0])

    def __iter__(self) -> Iterator[Any]:
        if not self.place.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))  # type: ignore[index]

    # ----- where numbers are wanted -----------------------------------------------------------------------------------
    def number(self, read: Callable[[Any], Any]) -> Any:
        """`read` of the one number in here, guarded."""
        if self.size != 1:
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        return self.tracer.concrete(self.node, lambda array: read(array.item()))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError("The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()")
        return bool(self.number(bool))

    def __int__(self) -> int:
        return int(self.number(int))

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return int(self.number(int))

    def __float__(self) -> float:
        if self.tracer.dependent(self.node):
            raise self._lost("becomes a Python float")
        return float(self.number(float))

    def __complex__(self) -> complex:
        advice = "wrt differentiates real functions of real inputs."
        raise refuse("A traced number becomes complex here.", known=self._known(), advice=advice)

    def __round__(self, ndigits: int | None = None) -> Any:
        return self.number(round) if ndigits is None else self.round(ndigits)

    def __floor__(self) -> int:
        return int(self.number(floor))

    def __ceil__(self) -> int:
        return int(self.number(ceil))

    def __trunc__(self) -> int:
        return int(self.number(trunc))

    def __hash__(self) -> int:
        if not self.is_scalar:
            raise TypeError("unhashable type: 'numpy.ndarray'")
        return hash(self.number(lambda number: number))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.tracer.dependent(self.node):
            raise self._lost("needs plain numbers")
        return np.array(self.tracer.concrete(self.node), dtype=dtype)

    def _lost(self, what: str) -> Exception:
        reader = library_reader()
        fact = f"{reader} needs plain numbers, and they" if reader else f"A traced array {what}, and that"
        fact += " would lose the derivative."
        return refuse(fact, known=self._known(), advice=numbers_instead(self.tracer.name))

    def _known(self) -> str:
        return blame(self.node, self.tracer.differentiated)

    # ----- text, copies -----------------------------------------------------------------------------------------------
    def __repr__(self) -> str:
        return f"<traced {self.node!r}>"

    def __str__(self) -> str:
        return self._text(str)

    def __format__(self, spec: str) -> str:
        return self._text(lambda array: format(array.item(), spec)) if spec else str(self)

    def _text(self, read: Callable[[Any], str]) -> str:
        if not self.tracer.numbers and self.node.variables:
            return repr(self)
        if not self.tracer.fixed(self.node):  # a guard would ask for a new trace at every new number
            self.tracer.dependencies.unwatchable("the text of a number")
        text = read(self.tracer.value(self.node))
        return Digits(text) if self.tracer.dependent(self.node) else text

    def __copy__(self) -> Traced:
        return self.copy()  # type: ignore[no-any-return]

    def __deepcopy__(self, memo: Any) -> Traced:
        return self.copy()  # type: ignore[no-any-return]

    def __reduce__(self) -> Any:
        advice = "Compute in the same process while wrt looks on."
        raise refuse("A traced array cannot be pickled or sent to another process.", advice=advice)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'numpy.ndarray' object has no attribute '{name}'")
        raise refuse(f"ndarray.{name} is not supported by wrt.", known=self._known(), advice=numbers_instead(self.tracer.name))
