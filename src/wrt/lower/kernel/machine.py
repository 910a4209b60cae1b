"""LLVM for this machine: text to object code, kept on disk, loaded into the process.

llvmlite is Numba's binding to LLVM; nothing of Numba itself is needed, so that a kernel is compiled in a tenth of a second.
Object code is kept in a folder of the user's own, under a hash of the text and of everything that it was compiled for.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import sysconfig
import tempfile
import threading
from functools import cache
from importlib.util import find_spec
from typing import Any

KEPT = 256 << 20  # bytes of object code on disk; what was used least recently goes first
_lock = threading.RLock()


class Library:
    """Object code in memory: its functions live as long as this object."""

    def __init__(self, engine: Any, *held: object) -> None:
        self._engine, self._held = engine, held

    def address(self, name: str) -> int:
        found = self._engine.get_function_address(name) or self._engine.get_global_value_address(name)
        assert found, name
        return int(found)

    def variable(self, name: str) -> int:
        """The address of a global variable."""
        return int(self._engine.get_global_value_address(name))


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


def load(text: str) -> tuple[Library, bool]:
    """The text as functions in memory, and whether its object code was on disk already."""
    with _lock:
        import llvmlite.binding as llvm

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
        return Library(engine, object_file, code), known


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
    path = os.path.join(folder(), name)
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
        handle, aside = tempfile.mkstemp(dir=place)
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(name.encode() + code).digest() + code)
        os.replace(aside, os.path.join(place, name))
        _prune(place)
    except OSError:
        return  # a full or read-only disk is no reason to fail: it is compiled again next time


def _prune(place: str) -> None:
    files = []
    for entry in os.scandir(place):
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
