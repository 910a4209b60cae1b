"""SymPy's Jacobian with shared sub-expressions, written as a loop-free Numba function: what one does by hand today."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import sympy as sp
from cases import Case, Problem

from peers import sympy
from peers.peer import Ready

KINDS = sympy.KINDS


def version() -> str:
    return f"{sp.__version__} with numba {numba.__version__}"


def prepare(case: Case, problem: Problem) -> Ready:
    x, J = sympy.symbolic(case, problem)
    m, n = J.shape
    shared, (J,) = sp.cse([J])
    code = sp.pycode
    lines = [f"    {s} = x[{k}]" for k, s in enumerate(x)] + [f"    {s} = {code(e)}" for s, e in shared] + [f"    J = np.empty(({m}, {n}))"]
    lines += [f"    J[{i}, {j}] = {code(J[i, j])}" for i in range(m) for j in range(n)]
    space: dict[str, Any] = {"np": np, "math": math}
    exec("\n".join(["def jacobian(x):", *lines, "    return J"]), space)  # noqa: S102  # our own text
    return Ready(numba.njit(space["jacobian"]))
