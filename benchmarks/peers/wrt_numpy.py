"""wrt with its NumPy source alone: nothing compiled."""

from __future__ import annotations

from cases import Case, Problem

from peers import wrt
from peers.peer import Ready

version, KINDS, FRESH = wrt.version, wrt.KINDS, wrt.FRESH


def prepare(case: Case, problem: Problem) -> Ready:
    return wrt.prepare(case, problem, backend="numpy")
