"""numdifftools: extrapolated differences."""

from __future__ import annotations

import numdifftools
from cases import Case, Problem

from peers.peer import Ready

KINDS = ("jacobian",)  # the others would take minutes


def version() -> str:
    return str(numdifftools.__version__)


def prepare(case: Case, problem: Problem) -> Ready:
    return Ready(numdifftools.Jacobian(problem.f), tolerance=1e-6)
