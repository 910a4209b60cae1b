"""LLVM for this machine: text to object code, kept on disk, loaded into the process.

llvmlite is Numba's binding to LLVM; nothing of Numba itself is needed, so that a kernel is compiled in a tenth of a second.
Object code is kept in a folder of the user's own, under a hash of the text and of everything that it was compiled for.
"""

from __future__ import annotations

import atexit
import ctypes
import hashlib
import os
import sys
import sysconfig
import tempfile
import threading
import weakref
from collections.abc import Callable
from functools import cache, partial
from importlib.util import find_spec
from typing import Any, TypeVar

import numpy as np

PREFIX = "wrt-"  # of all files here: whatever else lies in the folder is not ours
KEPT = 256 << 20  # bytes of object code on disk; what was used least recently goes first
compiling = threading.RLock()  # held while programs are made, from the first import on
atexit.register(compiling.acquire)  # the process ends by taking LLVM apart, which a daemon thread must not be in the midst of
if hasattr(os, "register_at_fork"):  # a process that is forked in the midst of it would find LLVM half-way, and wait for ever
    os.register_at_fork(before=compiling.acquire, after_in_parent=compiling.release, after_in_child=compiling.release)


_loaded_code: dict[int, tuple[Any, ...]] = {}  # all engines by number, so that no other reference to one is the last
_ended: dict[int, object] = {}  # numbers of those to be closed by the next `load`: where garbage is collected, a signal may cut llvmlite short


class Library:
    """Object code in memory: its functions live as long as the array `alive`, which is no container that the collector takes apart."""

    def __init__(self, engine: Any, *held: object) -> None:
        self._engine, self.alive = engine, np.empty(0)
        _loaded_code[id(engine)] = engine, weakref.ref(self.alive, partial(_ended.__setitem__, id(engine))), *held

    def address(self, name: str) -> int:
        found = self._engine.get_function_address(name) or self._engine.get_global_value_address(name)
        assert found, name
        return int(found)


@cache
def available() -> str:
    """Empty if kernels can be compiled here, else why not."""
    if sys.implementation.name != "cpython" or ctypes.sizeof(ctypes.c_void_p) != 8 or sys.byteorder != "little":
        return "compiled programs need CPython on a 64-bit, little-endian machine"
    if sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_TRACE_REFS"):
        return "this Python lays its objects out in another way"
    return "" if find_spec("llvmlite") else 'llvmlite is not installed: pip install "wrt[fast]"'


def _machine() -> Any:
    """A target machine: each engine takes one for itself."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=3, reloc="pic", codemodel="default", jit=True)


Loaded = tuple[Library, bool]
T = TypeVar("T")


def load(text: str) -> Loaded:
    """The text as functions in memory, and whether its object code was on disk already."""
    with compiling:
        return undisturbed(lambda: _loaded(text))


def undisturbed(job: Callable[[], T]) -> T:
    """What the job returns. Whatever a signal raises meanwhile (Ctrl-C) is raised after it.

    Signals reach the main thread alone. Between a call of LLVM and the line that notes who owns what it gave, an exception would
    have llvmlite free things twice.
    """
    if threading.current_thread() is not threading.main_thread():
        return job()
    results: list[T] = []
    errors: list[BaseException] = []
    done = threading.Event()

    def run() -> None:
        try:
            results.append(job())
        except BaseException as why:  # noqa: BLE001  # it is raised below
            errors.append(why)
        finally:
            done.set()

    try:
        threading.Thread(target=run, args=(), name="wrt loads").start()
    except RuntimeError:  # no thread is to be had, at the end of the interpreter for example
        return job()
    while not done.is_set():
        try:
            done.wait()
        except BaseException as why:  # noqa: BLE001
            errors.append(why)
    if errors:
        raise errors[0]
    return results[0]


def _loaded(text: str) -> Loaded:
    import llvmlite.binding as llvm

    while _ended:
        _loaded_code.pop(_ended.popitem()[0])[0].close()
    machine = _machine()
    stamp = f"{llvm.llvm_version_info}{machine.triple}{llvm.get_host_cpu_name()}{llvm.get_host_cpu_features().flatten()}"
    name = hashlib.sha256((stamp + text).encode()).hexdigest()
    code = _read(name)
    known = code is not None
    if code is None:
        code = _compiled(text, machine)
        _write(name, code)
    empty = llvm.parse_assembly("")
    empty.triple = machine.triple
    # Code and constants in one reservation: apart, they may land over 2 GiB from each other, which x86-64's relative addresses
    # cannot span, and LLVM then aborts the process.
    engine = llvm.create_mcjit_compiler(empty, machine, use_lmm=True)
    object_file = llvm.ObjectFileRef.from_data(code)
    engine.add_object_file(object_file)
    engine.finalize_object()
    object_file.close()  # the engine has taken what is in it
    return Library(engine, code), known


def _compiled(text: str, machine: Any) -> bytes:
    import llvmlite.binding as llvm

    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    module.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = options.loop_unrolling = True
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


# ----- the folder -----------------------------------------------------------------------------------------------------
def folder() -> str:
    """Where object code is kept: $WRT_CACHE, or the user's folder for caches. Empty if it must not be."""
    chosen = os.environ.get("WRT_CACHE")
    if chosen is not None:
        return chosen
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "wrt")


def _read(name: str) -> bytes | None:
    """The object code of this name, if it is there, whole, and the user's own."""
    path = os.path.join(folder(), PREFIX + name)
    if not folder():
        return None
    try:
        with open(path, "rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_uid != os.getuid():
                return None
            digest, code = file.read(32), file.read()
        os.utime(path)
    except OSError:
        return None
    return code if hashlib.sha256(name.encode() + code).digest() == digest else None


def _write(name: str, code: bytes) -> None:
    """Keep it for other processes: written aside and moved into place, so that nobody reads half of it."""
    place = folder()
    if not place:
        return
    try:
        os.makedirs(place, mode=0o700, exist_ok=True)
        handle, aside = tempfile.mkstemp(prefix=PREFIX, dir=place)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(name.encode() + code).digest() + code)
            os.replace(aside, os.path.join(place, PREFIX + name))
        except OSError:
            os.unlink(aside)
            raise
        _prune(place)
    except OSError:
        return  # a full or read-only disk is no reason to fail: it is compiled again next time


def _prune(place: str) -> None:
    files = []
    for entry in os.scandir(place):
        if not entry.name.startswith(PREFIX):
            continue
        try:
            found = entry.stat()
            files.append((found.st_mtime, found.st_size, entry.path))
        except OSError:
            continue
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= KEPT:
            return
        try:
            os.unlink(path)
        except OSError:
            continue
        total -= size
