"""SymPy: Matrix.jacobian, then lambdify(cse=True) on Python's own numbers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import sympy as sp
from cases import Case, Problem

from peers.peer import NotAble, Ready, read_in

KINDS = ("jacobian",)


def version() -> str:
    return str(sp.__version__)


_names = {name: getattr(np, name) for name in ("array", "eye", "concatenate", "stack")}
NUMPY = SimpleNamespace(**_names, **{name: np.frompyfunc(getattr(sp, name), 1, 1) for name in ("sin", "cos", "exp", "log", "tanh", "sqrt")})


def symbolic(case: Case, problem: Problem) -> tuple[Any, Any]:
    """The symbols and the matrix of expressions."""
    n = np.size(problem.points[0])
    if n > 20:
        raise NotAble("small Jacobians only: its expressions grow by the entry")
    x = np.array(sp.symbols(f"x:{n}"), dtype=object)
    y = read_in(problem.f, NUMPY)(x)
    return list(x), sp.Matrix(list(y)).jacobian(list(x))


def prepare(case: Case, problem: Problem) -> Ready:
    x, J = symbolic(case, problem)
    entries = sp.lambdify(x, J.tolist(), modules="math", cse=True)

    def run(x: Any) -> Any:
        return np.array(entries(*x.tolist()), float)

    return Ready(run)
