"""JAX, jitted: jacfwd or jacrev by the shape, grad, hessian, vmap. NumPy in, NumPy out; the data are on the device before."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from cases import Case, Problem

from peers.peer import NotAble, Ready, read_in

KINDS = ("jacobian", "gradient", "hessian", "batch", "logabsdet")


def version() -> str:
    return str(jax.__version__)


def bincount(index: Any, weights: Any, minlength: int) -> Any:
    """jnp.bincount wants the length in words of its own under jit."""
    return jnp.zeros(minlength).at[index].add(weights)


NUMPY = SimpleNamespace(**{name: getattr(jnp, name) for name in dir(jnp) if not name.startswith("__")} | {"bincount": bincount})


def function(problem: Problem) -> Callable[..., Any]:
    return read_in(problem.f, NUMPY)


def prepare(case: Case, problem: Problem) -> Ready:
    f = function(problem)
    says = ""
    match case.kind:
        case "jacobian":
            x, *args = problem.calls[0]
            wide = np.size(problem.f(x, *args)) < np.size(x)
            says = "jacrev" if wide else "jacfwd"
            derivative = (jax.jacrev if wide else jax.jacfwd)(f)
        case "gradient":
            derivative = jax.grad(f)
        case "hessian":
            derivative = jax.hessian(f)
        case "batch":
            derivative = jax.vmap(jax.jacfwd(f))
        case "logabsdet":
            if case.name.startswith("logdet elementwise"):
                says = "jvp with ones: whoever writes it must know that J is diagonal"

                def derivative(x: Any) -> Any:
                    return jnp.sum(jnp.log(jnp.abs(jax.jvp(f, (x,), (jnp.ones_like(x),))[1])))
            else:

                def derivative(x: Any, *args: Any) -> Any:
                    return jnp.linalg.slogdet(jax.jacfwd(f)(x, *args))[1]
        case _:
            raise NotAble(case.kind)
    return jitted(derivative, problem, says)


def jitted(derivative: Callable[..., Any], problem: Problem, says: str = "") -> Ready:
    compiled = jax.jit(derivative)
    data = [jnp.asarray(a) for a in problem.args]

    def run(x: Any, *args: Any) -> Any:
        return np.asarray(compiled(x, *data))

    return Ready(run, says=lambda: says)
