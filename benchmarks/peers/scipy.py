"""SciPy's differences, as its solvers take them; of sparse matrices the columns in groups, the pattern given by hand."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import scipy
from cases import Case, Problem
from scipy.optimize._numdiff import approx_derivative, group_columns

from peers.peer import Ready

KINDS = ("jacobian", "gradient", "sparse")
FRESH = True


def version() -> str:
    return str(scipy.__version__)


def prepare(case: Case, problem: Problem) -> Ready:
    shape = np.shape(problem.points[0])

    def flat(z: Any, *args: Any) -> Any:
        return np.ravel(problem.f(z.reshape(shape), *args))

    differences = partial(approx_derivative, flat, method="2-point")
    if case.sparse:
        pattern = problem.pattern
        assert pattern is not None
        S = pattern.matrix(np.ones(len(pattern.indices)))
        differences = partial(differences, sparsity=(S, group_columns(S)))

    def run(x: Any, *args: Any) -> Any:
        return differences(x.ravel(), args=args)

    return Ready(run, (lambda J: J) if case.kind != "gradient" else np.ravel, tolerance=1e-4)
