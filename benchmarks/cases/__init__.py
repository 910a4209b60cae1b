"""The list of benchmark cases: plain NumPy functions, each with its derivative written by hand."""

from cases import dense, graphs, mass, small, stencil
from cases.case import Case, Problem

CASES: list[Case] = [*small.CASES, *dense.CASES, *stencil.CASES, *graphs.CASES, *mass.CASES]

__all__ = ["CASES", "Case", "Problem"]
