"""asdex on JAX: sparsity found, coloured, jitted; a BCOO matrix."""

from __future__ import annotations

from importlib.metadata import version as installed
from typing import Any

import asdex
import jax
import jax.numpy as jnp
import numpy as np
from cases import Case, Problem

from peers.jax import function
from peers.peer import Ready

KINDS = ("sparse", "sparse hessian")


def version() -> str:
    return installed("asdex")


def flat(problem: Problem) -> Any:
    """f of a vector, its data captured, for tools that take nothing else."""
    f, shape = function(problem), np.shape(problem.points[0])
    data = [jnp.asarray(a) for a in problem.args]
    return lambda z: f(z.reshape(shape), *data).ravel()


def prepare(case: Case, problem: Problem) -> Ready:
    f, x = flat(problem), jnp.asarray(problem.points[0].ravel())
    derivative = asdex.jacobian(f, x) if case.kind == "sparse" else asdex.hessian(lambda z: f(z)[0], x)
    return bcoo(jax.jit(derivative), problem)


def bcoo(derivative: Any, problem: Problem) -> Ready:
    from scipy.sparse import coo_array

    def run(x: Any, *args: Any) -> Any:
        return jax.block_until_ready(derivative(x.ravel()))

    def value(J: Any) -> Any:
        i, j = np.asarray(J.indices).T
        return coo_array((np.asarray(J.data), (i, j)), shape=J.shape).tocsr()

    return Ready(run, value)
