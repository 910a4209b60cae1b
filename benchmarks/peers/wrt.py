"""wrt, by its public names only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

from cases import Case, Problem

import wrt
from peers.peer import NotAble, Ready

KINDS = ("jacobian", "gradient", "hessian", "sparse", "sparse hessian", "batch", "logabsdet")
FRESH = True
WARM = 2.0  # seconds of calls, so that compiled code takes over


def version() -> str:
    try:
        return str(wrt.__version__)
    except ImportError:  # on PYTHONPATH, not installed
        return "source tree"


def prepare(case: Case, problem: Problem, **options: Any) -> Ready:
    try:
        run, verb = _run(case, problem, options)
    except (AttributeError, TypeError, NotImplementedError) as error:
        raise NotAble(f"not there yet: {type(error).__name__}: {error}") from error

    def warm(calls: Sequence[tuple[Any, ...]]) -> None:
        start, k = perf_counter(), 0
        while k < 5 or perf_counter() - start < WARM or ("while LLVM compiles" in says() and perf_counter() - start < 5 * WARM):
            until = perf_counter() + WARM / 4
            while k < 5 or perf_counter() < until:
                run(*calls[k % len(calls)])
                k += 1

    def says() -> str:
        """The first lines of the plan, which say who computes."""
        try:
            return "\n".join(str(verb.plan).splitlines()[:6])
        except Exception as error:  # noqa: BLE001  # a plan that fails is reported, the time stands
            return f"no plan: {error}"

    return Ready(run, warm=warm, says=says)


def _run(case: Case, problem: Problem, options: dict[str, Any]) -> tuple[Callable[..., Any], Any]:
    f = problem.f
    if case.kind in ("gradient", "hessian", "sparse hessian"):
        verb: Any = wrt.gradient(f, **options) if case.kind == "gradient" else wrt.hessian(f, **options)
    else:
        verb = wrt.jacobian(f, **options)
    if case.kind in ("jacobian", "gradient", "hessian"):
        return verb, verb
    if case.kind == "batch":
        return verb.batch, verb
    if case.kind == "logabsdet":
        return verb.logabsdet, verb
    if case.fresh:
        return verb.sparse, verb
    return partial(verb.sparse, out=verb.sparse(*problem.calls[0])), verb
