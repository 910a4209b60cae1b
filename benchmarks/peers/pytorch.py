"""PyTorch: torch.func, eager. Tensors share NumPy's memory."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from cases import Case, Problem

from peers.peer import NotAble, Ready, read_in

KINDS = ("jacobian", "gradient", "hessian", "batch", "logabsdet")
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)


def version() -> str:
    return str(torch.__version__)


def array(values: Any) -> Any:
    """np.array of nested lists with numbers and tensors."""
    if isinstance(values, list | tuple):
        return torch.stack([array(v) for v in values])
    return torch.as_tensor(values, dtype=torch.float64)


def total(x: Any, axis: int | None = None) -> Any:
    return torch.sum(x) if axis is None else torch.sum(x, dim=axis)


NUMPY = SimpleNamespace(
    **{name: getattr(torch, name) for name in ("sin", "cos", "exp", "log", "tanh", "sqrt", "stack", "tril", "eye")},
    array=array,
    sum=total,
    concatenate=lambda parts, axis=0: torch.cat(list(parts), dim=axis),
    roll=torch.roll,
    cross=torch.linalg.cross,
    logaddexp=lambda a, b: torch.logaddexp(torch.as_tensor(a, dtype=b.dtype), b),
    bincount=lambda index, weights, minlength: torch.zeros(minlength).index_add(0, torch.as_tensor(index), weights),
)


def captured(value: Any) -> Any:
    """Data as tensors; tables of places stay as they are."""
    return torch.as_tensor(value) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def prepare(case: Case, problem: Problem) -> Ready:
    f = read_in(problem.f, NUMPY, captured)
    match case.kind:
        case "jacobian":
            x, *args = problem.calls[0]
            derivative: Any = (torch.func.jacrev if np.size(problem.f(x, *args)) < np.size(x) else torch.func.jacfwd)(f)
        case "gradient":
            derivative = torch.func.grad(f)
        case "hessian":
            derivative = torch.func.hessian(f)
        case "batch":
            derivative = torch.func.vmap(torch.func.jacfwd(f))
        case "logabsdet":
            if case.name.startswith("logdet elementwise"):

                def derivative(x: Any) -> Any:
                    return torch.func.jvp(f, (x,), (torch.ones_like(x),))[1].abs().log().sum()
            else:

                def derivative(x: Any, *args: Any) -> Any:
                    return torch.linalg.slogdet(torch.func.jacfwd(f)(x, *args))[1]
        case _:
            raise NotAble(case.kind)
    data = [torch.as_tensor(a) for a in problem.args]

    def run(x: Any, *args: Any) -> Any:
        return derivative(torch.from_numpy(x), *data).numpy()

    return Ready(run)
