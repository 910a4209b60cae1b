"""sparsejac on JAX: the pattern must be given, and is (by hand)."""

from __future__ import annotations

from importlib.metadata import version as installed

import jax
import jax.numpy as jnp
import numpy as np
import sparsejac
from cases import Case, Problem
from jax.experimental.sparse import BCOO

from peers.asdex import bcoo, flat
from peers.peer import Ready

KINDS = ("sparse", "sparse hessian")


def version() -> str:
    return installed("sparsejac")


def prepare(case: Case, problem: Problem) -> Ready:
    pattern = problem.pattern
    assert pattern is not None
    f = flat(problem)
    rows = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr))
    given = BCOO((jnp.ones(len(rows)), jnp.asarray(np.stack([rows, pattern.indices], 1))), shape=pattern.shape)
    inner = f if case.kind == "sparse" else jax.grad(lambda z: f(z)[0])
    return bcoo(jax.jit(sparsejac.jacfwd(inner, given)), problem)
