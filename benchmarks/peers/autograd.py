"""autograd (HIPS), with its own NumPy."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
from cases import Case, Problem

from peers.peer import NotAble, Ready, read_in

KINDS = ("jacobian", "gradient", "hessian", "logabsdet")


def version() -> str:
    return installed("autograd")


def prepare(case: Case, problem: Problem) -> Ready:
    f = read_in(problem.f, anp)
    match case.kind:
        case "jacobian":
            return Ready(autograd.jacobian(f))
        case "gradient":
            return Ready(autograd.grad(f))
        case "hessian":
            return Ready(autograd.hessian(f))
        case "logabsdet":
            jacobian = autograd.jacobian(f)
            if np.size(problem.points[0]) > 5000:
                raise NotAble("the dense Jacobian does not fit")

            def run(x: Any, *args: Any) -> Any:
                return np.linalg.slogdet(jacobian(x, *args))[1]

            return Ready(run)
    raise NotAble(case.kind)
