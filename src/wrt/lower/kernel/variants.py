"""Vector versions of the C library's functions, where this machine has them.

glibc's libmvec computes 2, 4 or 8 at a time, to within 4 units in the last place (GNU C Library manual, "Errors in Math
Functions"); LLVM takes them for loops when a call says so (its "vector function ABI"). Without libmvec loops call the plain
functions.
"""

from __future__ import annotations

import ctypes
import platform
import sys
from functools import cache

from wrt.lower.kernel.machine import undisturbed

LANES = {"c": 4, "d": 4, "e": 8}  # AVX, AVX2, AVX-512: the letter in the names of libmvec
NAMES = "exp log sin cos pow tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh exp2 expm1 log2 log10 log1p cbrt hypot erf erfc"
TWO = ("pow", "atan2", "hypot")


@cache
def variants() -> dict[str, str]:
    """By function the versions in LLVM's notation, such as _ZGV_LLVM_N4v_exp(_ZGVdN4v_exp); those that can be loaded."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return {}
    return undisturbed(_found)


def _found() -> dict[str, str]:
    try:
        library = ctypes.CDLL("libmvec.so.1", mode=ctypes.RTLD_GLOBAL)
        import llvmlite.binding as llvm
    except (OSError, ImportError):
        return {}
    features = llvm.get_host_cpu_features()
    letters = [letter for letter, feature in (("d", "avx2"), ("e", "avx512f")) if features.get(feature)]
    found = {}
    for name in NAMES.split():
        arguments = "v" * (2 if name in TWO else 1)
        versions = []
        for letter in letters:
            symbol = f"_ZGV{letter}N{LANES[letter]}{arguments}_{name}"
            if hasattr(library, symbol):
                llvm.add_symbol(symbol, ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value)
                versions.append(f"_ZGV_LLVM_N{LANES[letter]}{arguments}_{name}({symbol})")
        if versions:
            found[name] = ",".join(versions)
    return found
