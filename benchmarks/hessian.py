"""Hessians from wrt's generated NumPy code against jitted `jax.hessian`: one process, one core, float64.

    taskset -c 0 python benchmarks/hessian.py [--quick]

Times are the best of several interleaved repetitions, so that a busy machine disturbs both sides alike. OPENBLAS_CORETYPE is
unset first if it is set: it would hold NumPy's OpenBLAS to an old kernel while XLA uses the whole processor.
"""

from __future__ import annotations

import os
import sys

if os.environ.pop("OPENBLAS_CORETYPE", None) is not None:
    print("OPENBLAS_CORETYPE was set; running again without it.", flush=True)
    os.execv(sys.executable, [sys.executable, *sys.argv])
for threads in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[threads] = "1"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

# ruff: noqa: E402  # the settings above must come before NumPy and JAX
from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import wrt

Problem = tuple[str, str, Mapping[str, Any], Callable[..., Any], dict[str, Any]]


def quadratic(n: int, rng: np.random.Generator) -> Problem:
    values = {"x": rng.standard_normal(n), "A": rng.standard_normal((n, n))}
    return "x @ A @ x", "x", {"x": "N", "A": "N N"}, lambda x, A: x @ A @ x, values


def logistic(n: int, rng: np.random.Generator) -> Problem:
    values = {"w": rng.standard_normal(n) / n, "X": rng.standard_normal((2 * n, n)), "y": rng.choice([-1.0, 1.0], 2 * n)}
    text = "sum(log(1 + exp(-y * (X @ w))))"
    return text, "w", {"w": "N", "X": "M N", "y": "M"}, lambda w, X, y: jnp.sum(jnp.log(1 + jnp.exp(-y * (X @ w)))), values


def factorization(n: int, rng: np.random.Generator, k: int = 5) -> Problem:
    values = {"U": rng.standard_normal((n, k)), "V": rng.standard_normal((n, k)), "T": rng.standard_normal((n, n))}
    return "sum((T - U @ V.T)**2)", "U", {"U": "M K", "V": "N K", "T": "M N"}, lambda U, V, T: jnp.sum((T - U @ V.T) ** 2), values


CASES = {
    "x'Ax": (quadratic, (256, 512, 1024, 2048)),
    "logistic 2n x n": (logistic, (100, 300, 1000)),
    "matrix factorization, k = 5": (factorization, (50, 100, 200)),
}


def ours(text: str, by: str, shapes: Mapping[str, Any], values: Mapping[str, Any]) -> Callable[[], Any]:
    """The generated function, as `d.code` prints it."""
    d = wrt.derive(text, wrt=[by, by], shapes=shapes)
    space: dict[str, Any] = {}
    exec(compile(d.code, "<generated>", "exec"), space)  # noqa: S102  # our own text
    run = space["value_and_derivative"]
    return lambda: run(**values)[1]


def theirs(function: Callable[..., Any], by: str, values: Mapping[str, Any]) -> Callable[[], Any]:
    """jax.hessian, jitted and warm."""
    names = list(values)
    run = jax.jit(jax.hessian(function, argnums=names.index(by)))
    arrays = [jnp.asarray(values[name]) for name in names]
    return lambda: run(*arrays).block_until_ready()


def best(runs: list[Callable[[], Any]], seconds: float) -> list[float]:
    """The least time of each, taken in turn."""
    least = [float("inf")] * len(runs)
    for run in runs:
        run()
    until, rounds = perf_counter() + seconds, 0
    while rounds < 3 or perf_counter() < until:
        for k, run in enumerate(runs):
            start = perf_counter()
            run()
            least[k] = min(least[k], perf_counter() - start)
        rounds += 1
    return least


def main() -> None:
    quick = "--quick" in sys.argv
    print(f"numpy {np.__version__}, jax {jax.__version__}, float64, one core; milliseconds, best of interleaved runs\n")
    print("| Hessian | n | wrt code | jitted jax.hessian | JAX / wrt |\n| --- | --- | --- | --- | --- |")
    for name, (make, sizes) in CASES.items():
        for n in sizes[: 2 if quick else None]:
            text, by, shapes, function, values = make(n, np.random.default_rng(0))
            mine, other = ours(text, by, shapes, values), theirs(function, by, values)
            np.testing.assert_allclose(mine(), other(), rtol=1e-9, atol=1e-9)
            a, b = best([mine, other], 0.3 if quick else 1.5)
            print(f"| {name} | {n} | {a * 1e3:.3f} | {b * 1e3:.3f} | {b / a:.1f} |", flush=True)


if __name__ == "__main__":
    main()
