"""jacobi: extrapolated differences with an error estimate."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

import jacobi
from cases import Case, Problem

from peers.peer import Ready

KINDS = ("jacobian",)  # the others would take minutes


def version() -> str:
    return installed("jacobi")


def prepare(case: Case, problem: Problem) -> Ready:

    def run(x: Any, *args: Any) -> Any:
        return jacobi.jacobi(problem.f, x, *args)[0]

    return Ready(run, tolerance=1e-6)
