"""The way in: a C function, made by LLVM, that Python calls with the user's own arguments.

It checks that each argument is what the program was made for (an array of this shape and dtype, contiguous; a float; the very
object that was there), that nothing the traced function relied on has changed, makes the result arrays and runs the kernel.
Where anything differs it returns None, and the caller takes the long way. A call costs about 0.1 µs.

CPython's and NumPy's structures are read as their headers declare them: PyObject (type at 8), PyFloatObject (value at 16),
PyArrayObject_fields (data 16, nd 24, dimensions 32, descr 56, flags 64); the order of NumPy's function table is part of its ABI.

Lifetimes. The function's `self` is a tuple of all that its code refers to, and of an array at whose end the code is unloaded. Neither
is taken apart by the collector of cyclic garbage, which would empty lists and ctypes' structures and finalize LLVM's engine, while
other finalizers in the same garbage may still call the function, or bring it back. At the end of the interpreter the code stays.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import CellType, FunctionType
from typing import Any

import numpy as np

from wrt.lower.kernel import machine

FLAGS = 0x0101  # C-contiguous and aligned
WRITEABLE = 0x0400
ARRAY_NEW = 93  # PyArray_New in NumPy's table of functions
FASTCALL = 0x80


@dataclass(frozen=True, slots=True)
class Given:
    """An argument that varies. kind "array": an array of this shape and dtype; "float": a Python float; "number": a float or an array without axes.

    "out" is an array that is written to. `position` is its place among the arguments.
    """

    kind: str
    position: int
    shape: tuple[int, ...] = ()
    dtype: str = "f8"


@dataclass(frozen=True, slots=True)
class Same:
    """An argument that must be the very object it was."""

    position: int
    value: object


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A leaf that is no argument of the call, but a default of the function: its array, which is read at each call."""

    leaf: int
    array: np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """An array of the user's that is read at each call: it must still have this shape and dtype (it may have been changed in place).

    `in_order`: its numbers must follow each other from its address on.
    """

    array: np.ndarray[Any, Any]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    in_order: bool = True


@dataclass(frozen=True, slots=True)
class Made:
    """An array that the function returns."""

    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True)
class Signature:
    """What a compiled program is called with.

    `slots` say for each array of the program, in order, where its address comes from: a `Given`, a `Read`, a `Made`, or an array
    that nobody else has (tables, work space).
    """

    count: int
    slots: tuple[Given | Read | Made | np.ndarray[Any, Any], ...]
    same: tuple[Same, ...] = ()
    single: bool = True
    free: bool = False  # whether other threads may run meanwhile


@dataclass(slots=True)
class Relied:
    """What must not have changed: (dict, key, value), (cell, value), functions with their code and defaults, and empty dicts.

    A value goes with whether there is one.
    """

    names: list[tuple[dict[str, Any], str, object, bool]] = field(default_factory=list)
    cells: list[tuple[CellType, object, bool]] = field(default_factory=list)
    functions: list[FunctionType] = field(default_factory=list)
    empty: list[dict[Any, Any]] = field(default_factory=list)
    other: bool = False  # something that the way in cannot look after

    def add(self, names: Any, name: str, value: object, *, there: bool) -> None:
        """A name, which stood for this value (or for nothing), in a dict or a cell."""
        if isinstance(names, CellType):
            self.cells.append((names, value, there))
        elif type(names) is dict:
            self.names.append((names, name, value, there))
        else:
            self.other = True


def entry(kernel: str, signature: Signature, relied: Relied) -> tuple[Any, bool]:
    """The function for Python, and whether its object code was on disk already.

    `kernel` is the text that defines `@kernel(ptr)`.
    """
    table = _Table()
    text = _text(signature, relied, table)
    library, known = machine.load(f"{kernel}\n{text}")
    values = (ctypes.c_void_p * len(table.values))(*table.values)
    ctypes.memmove(library.address("table"), values, ctypes.sizeof(values))
    return _new_function(library.address("method"), (library.alive, *table.held), None), known


def _python(name: str, result: Any, *arguments: Any) -> Any:
    """A function of Python's C API, of our own: those of ctypes.pythonapi are everybody's, with whatever types were set last."""
    return ctypes.PYFUNCTYPE(result, *arguments)((name, ctypes.pythonapi))


_new_function = _python("PyCFunction_NewEx", ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p)
_pointer_in = _python("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)


class _Table:
    """Addresses that the text refers to by position, and the objects whose addresses they are."""

    def __init__(self) -> None:
        self.held: list[object] = []
        self.values: list[int] = []

    def object(self, value: object) -> int:
        self.held.append(value)
        return self.number(id(value))

    def number(self, value: int) -> int:
        self.values.append(value)
        return len(self.values) - 1


def _api() -> int:
    """The address of NumPy's table of C functions."""
    from importlib import import_module

    return int(_pointer_in(vars(import_module("numpy._core._multiarray_umath"))["_ARRAY_API"], None))


def _text(signature: Signature, relied: Relied, table: _Table) -> str:
    lines = _Lines(table)
    array_new = ctypes.c_void_p.from_address(_api() + ctypes.sizeof(ctypes.c_void_p) * ARRAY_NEW).value
    assert array_new is not None
    array_type = table.object(np.ndarray)
    new = table.number(array_new)
    lines.add(f"%few = icmp eq i64 %count, {signature.count}")
    lines.require("%few")
    lines.relied(relied)
    for same in signature.same:
        lines.require(lines.equal(lines.argument(same.position), lines.context(table.object(same.value))))
    addresses: dict[int, str] = {}
    for k, slot in enumerate(signature.slots):
        if isinstance(slot, Given):
            addresses[k] = lines.given(slot, array_type)
        elif isinstance(slot, Read):
            addresses[k] = lines.read(slot)
    results: list[str] = []
    for k, slot in enumerate(signature.slots):
        if isinstance(slot, Made):
            results.append(lines.made(slot, array_type, new, len(results)))
            addresses[k] = lines.load("ptr", lines.offset(results[-1], 16))
        elif isinstance(slot, np.ndarray):
            held = lines.context(table.object(slot))
            addresses[k] = lines.load("ptr", lines.offset(held, 16))
    lines.run(signature, addresses, results)
    return lines.text()


class _Lines:
    """The body of the entry. `require` leaves by the way of None."""

    def __init__(self, table: _Table) -> None:
        self.table, self.body, self.count = table, [], 0  # type: ignore[var-annotated]
        self.shapes: list[tuple[int, ...]] = []

    def add(self, line: str) -> None:
        self.body.append(f"  {line}")

    def value(self, text: str) -> str:
        self.count += 1
        self.add(f"%v{self.count} = {text}")
        return f"%v{self.count}"

    def require(self, condition: str, *, otherwise: str = "miss") -> None:
        self.count += 1
        self.add(f"br i1 {condition}, label %b{self.count}, label %{otherwise}, !prof !0")
        self.body.append(f"b{self.count}:")

    def load(self, kind: str, address: str) -> str:
        return self.value(f"load {kind}, ptr {address}")

    def offset(self, address: str, by: int) -> str:
        return self.value(f"getelementptr i8, ptr {address}, i64 {by}")

    def context(self, position: int) -> str:
        return self.load("ptr", self.value(f"getelementptr ptr, ptr @table, i64 {position}"))

    def argument(self, position: int) -> str:
        return self.load("ptr", self.value(f"getelementptr ptr, ptr %arguments, i64 {position}"))

    def equal(self, left: str, right: str, kind: str = "ptr") -> str:
        return self.value(f"icmp eq {kind} {left}, {right}")

    def relied(self, relied: Relied) -> None:
        for names, key, expected, there in relied.names:
            found = self.value(f"call ptr @PyDict_GetItem(ptr {self.context(self.table.object(names))}, ptr {self.context(self.table.object(key))})")
            self.require(self.equal(found, self.context(self.table.object(expected)) if there else "null"))
        for cell, expected, there in relied.cells:
            found = self.load("ptr", self.offset(self.context(self.table.object(cell)), 16))
            self.require(self.equal(found, self.context(self.table.object(expected)) if there else "null"))
        for function in relied.functions:
            own = self.context(self.table.object(function))
            for getter, expected in (("Code", function.__code__), ("Defaults", function.__defaults__), ("KwDefaults", function.__kwdefaults__)):
                found = self.value(f"call ptr @PyFunction_Get{getter}(ptr {own})")
                if expected is None:
                    none = self.equal(found, "null")
                    also = self.equal(found, self.context(self.table.object(None)))
                    self.require(self.value(f"or i1 {none}, {also}"))
                else:
                    self.require(self.equal(found, self.context(self.table.object(expected))))
        for empty in relied.empty:
            size = self.value(f"call i64 @PyDict_Size(ptr {self.context(self.table.object(empty))})")
            self.require(self.equal(size, "0", "i64"))

    def given(self, given: Given, array_type: int) -> str:
        """Checks one argument; the address of its numbers."""
        argument = self.argument(given.position)
        kind = self.load("ptr", self.offset(argument, 8))
        if given.kind == "float":
            self.require(self.equal(kind, self.context(self.table.object(float))))
            return self.offset(argument, 16)
        if given.kind == "number":
            return self.number(argument, kind, given, array_type)
        return self.array(argument, kind, given, array_type)

    def number(self, argument: str, kind: str, given: Given, array_type: int) -> str:
        """A Python float or np.float64, whose value follows the head of the object; or an array without axes."""
        plain = self.equal(kind, self.context(self.table.object(float)))
        numpy = self.equal(kind, self.context(self.table.object(np.float64)))
        either = self.value(f"or i1 {plain}, {numpy}")
        self.count += 1
        k = self.count
        inside = self.offset(argument, 16)
        self.add(f"br label %from{k}")
        self.body.append(f"from{k}:")
        self.add(f"br i1 {either}, label %met{k}, label %array{k}")
        self.body.append(f"array{k}:")
        data = self.array(argument, kind, given, array_type)
        self.add(f"br label %also{k}")
        self.body.append(f"also{k}:")
        self.add(f"br label %met{k}")
        self.body.append(f"met{k}:")
        return self.value(f"phi ptr [ {inside}, %from{k} ], [ {data}, %also{k} ]")

    def array(self, argument: str, kind: str, given: Given, array_type: int) -> str:
        """An array of this shape and dtype, contiguous; one that is filled must be writeable."""
        self.require(self.equal(kind, self.context(array_type)))
        return self.laid_out(argument, given.shape, np.dtype(given.dtype), FLAGS | (WRITEABLE if given.kind == "out" else 0))

    def read(self, read: Read) -> str:
        """An array that is no argument, as it was."""
        return self.laid_out(self.context(self.table.object(read.array)), read.shape, read.dtype, FLAGS if read.in_order else 0)

    def laid_out(self, array: str, shape: tuple[int, ...], dtype: np.dtype[Any], wanted: int) -> str:
        """Checks shape, dtype and flags of an array; the address of its numbers."""
        self.require(self.equal(self.load("i32", self.offset(array, 24)), str(len(shape)), "i32"))
        self.require(self.equal(self.load("ptr", self.offset(array, 56)), self.context(self.table.object(dtype))))
        flags = self.value(f"and i32 {self.load('i32', self.offset(array, 64))}, {wanted}")
        self.require(self.equal(flags, str(wanted), "i32"))
        if shape:
            dimensions = self.load("ptr", self.offset(array, 32))
            for axis, n in enumerate(shape):
                self.require(self.equal(self.load("i64", self.offset(dimensions, 8 * axis)), str(n), "i64"))
        return self.load("ptr", self.offset(array, 16))

    def made(self, made: Made, array_type: int, new: int, before: int) -> str:
        """A new array, through PyArray_New(subtype, nd, dims, type, strides, data, itemsize, flags, obj); so many have been made before."""
        if made.shape not in self.shapes:
            self.shapes.append(made.shape)
        dims = f"@shape{self.shapes.index(made.shape)}" if made.shape else "null"
        number = np.dtype(made.dtype).num  # it depends on the machine: NumPy goes by C's int and long
        call = f"ptr {self.context(array_type)}, i32 {len(made.shape)}, ptr {dims}, i32 {number}, ptr null, ptr null, i32 0, i32 0, ptr null"
        found = self.value(f"call ptr {self.context(new)}({call})")
        self.require(self.value(f"icmp ne ptr {found}, null"), otherwise=f"failed{before}")
        return found

    def run(self, signature: Signature, addresses: dict[int, str], results: Sequence[str]) -> None:
        for k, address in addresses.items():
            self.add(f"store ptr {address}, ptr {self.value(f'getelementptr ptr, ptr %addresses, i64 {k}')}")
        thread = self.value("call ptr @PyEval_SaveThread()") if signature.free else ""
        code = self.value("call i32 @kernel(ptr %addresses)")
        if thread:
            self.add(f"call void @PyEval_RestoreThread(ptr {thread})")
        self.count += 1
        self.add(f"%good = icmp eq i32 {code}, 0")
        self.add("br i1 %good, label %well, label %stopped, !prof !0")
        self.body.append("stopped:")
        for result in results:
            self.add(f"call void @Py_DecRef(ptr {result})")
        self.add("br label %miss")
        self.body.append("well:")
        if not results:
            true = self.context(self.table.object(True))
            self.add(f"call void @Py_IncRef(ptr {true})")
            self.add(f"ret ptr {true}")
        elif signature.single:
            self.add(f"ret ptr {results[0]}")
        else:
            made = self.value(f"call ptr @PyTuple_New(i64 {len(results)})")
            self.require(self.value(f"icmp ne ptr {made}, null"), otherwise=f"failed{len(results)}")
            for k, result in enumerate(results):
                self.add(f"call i32 @PyTuple_SetItem(ptr {made}, i64 {k}, ptr {result})")
            self.add(f"ret ptr {made}")
        self.body.append("miss:")
        none = self.context(self.table.object(None))
        self.add(f"call void @Py_IncRef(ptr {none})")
        self.add(f"ret ptr {none}")
        for k in range(len(results), 0, -1):  # no room for the next: those that there are go
            if k < len(results) or not signature.single:
                self.body.append(f"failed{k}:")
                self.add(f"call void @Py_DecRef(ptr {results[k - 1]})")
                self.add(f"br label %failed{k - 1}")
        if results:
            self.body.append("failed0:")
            self.add("ret ptr null")
        self.addresses = max(1, len(signature.slots))

    def text(self) -> str:
        shapes = "".join(f"@shape{k} = internal constant [{len(s)} x i64] [{', '.join(f'i64 {n}' for n in s)}]\n" for k, s in enumerate(self.shapes) if s)
        body = "\n".join(self.body)
        name = "kernel"
        return f"""@table = dso_local global [{len(self.table.values)} x ptr] zeroinitializer
@name = internal constant [{len(name) + 1} x i8] c"{name}\\00"
@method = dso_local global {{ ptr, ptr, i32, ptr }} {{ ptr @name, ptr @entry, i32 {FASTCALL}, ptr null }}
{shapes}declare ptr @PyDict_GetItem(ptr, ptr)
declare i64 @PyDict_Size(ptr)
declare ptr @PyFunction_GetCode(ptr)
declare ptr @PyFunction_GetDefaults(ptr)
declare ptr @PyFunction_GetKwDefaults(ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)

define ptr @entry(ptr %self, ptr %arguments, i64 %count) {{
entry:
  %addresses = alloca [{self.addresses} x ptr]
{body}
}}

!0 = !{{!"branch_weights", i32 1000, i32 1}}
"""
