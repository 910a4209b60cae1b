"""Where compiled programs lie in memory."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import wrt
from wrt.lower.kernel import machine

pytestmark = pytest.mark.skipif(bool(machine.available()), reason=machine.available() or "compiled programs can be had")

CROWDED = """
import ctypes
import llvmlite.binding
from wrt.lower.kernel import machine

TEXT = "define double @f(double %x) {\\n  %y = fadd double %x, 0x3FF0CCCCCCCCCCCC\\n  ret double %y\\n}\\n"
machine.load(TEXT.replace("@f", "@g"))  # whatever LLVM itself needs is there by now
libc = ctypes.CDLL(None)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
spare = [bytearray(64) for _ in range(10_000)]
PRIVATE_ANONYMOUS, NORESERVE, PAGE = 0x22, 0x4000, 4096


def take(size):
    return libc.mmap(None, size, 0, PRIVATE_ANONYMOUS | NORESERVE, -1, 0)


wall = take(6 << 30)
above = 0
for size in (1 << 26, 1 << 20, 1 << 16, PAGE):
    while (address := take(size)) > wall:
        above = address
libc.munmap(above, PAGE)  # the only free page on this side of six gigabytes
library, _ = machine.load(TEXT)
print(ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(library.address("f"))(1.0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="mmap as Linux has it")
def test_code_and_its_constants_stay_together_in_crowded_memory():
    """x86-64 reaches 2 GiB with a relative address; LLVM aborts the process where constants lie farther from the code."""
    environment = os.environ | {"WRT_CACHE": "", "PYTHONPATH": str(Path(wrt.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", CROWDED], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(1 + 1.05, abs=1e-9)
