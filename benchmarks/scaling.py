"""Cost against size and its slope on logarithmic axes: the sparse refill and its preparation, and log |det J| by its structure.

    python benchmarks/scaling.py [--peer wrt] [--cases log] [--quick]

By hand is measured beside: where its data leave a cache, its slope is above 1 too.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from functools import partial
from importlib import import_module
from time import perf_counter, process_time
from typing import Any

from run import environment, time

if "BENCH_PINNED" not in os.environ:  # the settings must come before NumPy
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.execve(sys.executable, [sys.executable, *sys.argv], environment() | {"BENCH_PINNED": "1"})

import numpy as np  # after the settings
from cases import Case
from cases.mass import elementwise_problem, transform_problem, triangular_problem
from cases.stencil import brusselator_problem, burgers_problem
from measure import hands, turns

SIZES: dict[str, tuple[Any, Any, tuple[int, ...]]] = {
    "Burgers": ("sparse", burgers_problem, (10_000, 31_623, 100_000, 316_228, 1_000_000)),
    "Brusselator": ("sparse", brusselator_problem, (71, 126, 224, 398, 707)),
    "log det, elementwise": ("logabsdet", elementwise_problem, (10_000, 31_623, 100_000, 316_228, 1_000_000)),
    "log det, triangular": ("logabsdet", triangular_problem, (250, 500, 1000, 2000)),
    "log det, dense": ("logabsdet", transform_problem, (100, 200, 400, 800)),
}


def measure(name: str, kind: Any, make: Any, size: int, peer: Any, seconds: float) -> tuple[int, dict[str, float]]:
    """Unknowns; seconds of a call by hand and by the peer, and of the preparation."""
    case = Case(name, kind, make(size) if kind == "sparse" else partial(make, size))
    problem = case.make()
    run = _best(hands(case, problem), problem)
    start = perf_counter()
    ready = peer.prepare(case, problem)
    ready.run(*problem.calls[0])
    preparation = perf_counter() - start
    ready.warm(problem.calls)
    timed = turns({"by hand": run, "call": ready.run}, problem.calls, seconds, process_time)
    return int(np.size(problem.points[0])), timed | {"preparation": preparation}


def _best(runs: dict[str, Any], problem: Any) -> Any:
    """Of the derivatives by hand the fastest at this size, but for those that rewrite f."""
    runs = {name: run for name, run in runs.items() if name not in problem.rewritten}
    for run in runs.values():
        run(*problem.calls[0])  # compiles
    times = turns(runs, problem.calls, 0.1, process_time)
    return runs[min(times, key=times.__getitem__)]


def slope(sizes: list[int], times: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", default="wrt")
    parser.add_argument("--quick", action="store_true", help="without the largest size")
    parser.add_argument("--cases", default="", help="a regular expression of their names")
    args = parser.parse_args()
    peer = import_module(f"peers.{args.peer}")
    print(f"{args.peer} {peer.version()}\n\n| case | unknowns | by hand | call | ratio | preparation |\n| --- | --- | --- | --- | --- | --- |")
    for name, (kind, make, sizes) in SIZES.items():
        if not re.search(args.cases, name):
            continue
        found = []
        for size in sizes[: -1 if args.quick else None]:
            found.append(measure(name, kind, make, size, peer, 0.2 if args.quick else 0.5))
            n, t = found[-1]
            print(f"| {name} | {n} | {time(t['by hand'])} | {time(t['call'])} | {t['call'] / t['by hand']:.2f} | {time(t['preparation'])} |", flush=True)
        counts = [n for n, _ in found]
        slopes = {what: slope(counts, [t[what] for _, t in found]) for what in ("by hand", "call", "preparation")}
        print(f"| {name} | slope | {slopes['by hand']:.2f} | {slopes['call']:.2f} | | {slopes['preparation']:.2f} |", flush=True)


if __name__ == "__main__":
    main()
