"""One peer, one process: each case checked, prepared and timed, in turns with the derivative by hand. A line of JSON for each case."""

from __future__ import annotations

import copy
import gc
import json
import os
import resource
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
from cases import CASES, Case, Problem
from cases.check import agree, by_hand, comparable
from peers.peer import NotAble

SAMPLE = 1e-3  # seconds that a sample takes at least: many calls, where they are short


def peak(reset: bool = False) -> float:
    """MB of memory held at most since the last reset (Linux; elsewhere since the start of the process)."""
    try:
        if reset:
            with open("/proc/self/clear_refs", "w") as f:
                f.write("5")
        with open("/proc/self/status") as f:
            fields = dict(line.split(":", 1) for line in f)
        return int(fields["VmRSS" if reset else "VmHWM"].split()[0]) / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sample(run: Callable[..., Any], calls: Sequence[tuple[Any, ...]], clock: Callable[[], float]) -> float:
    """Seconds of one call, the mean of a round of calls with a new x each."""
    start = clock()
    for call in calls:
        run(*call)
    return (clock() - start) / len(calls)


def turns(runs: dict[str, Callable[..., Any]], calls: list[tuple[Any, ...]], seconds: float, clock: Callable[[], float]) -> dict[str, float]:
    """The median seconds of a call of each, all taken in turn, so that a busy machine disturbs them alike."""
    rounds: dict[str, Any] = {}
    for name, run in runs.items():
        run(*calls[0])
        once = min(sample(run, calls[:2], clock) for _ in range(2))
        repeated = calls * max(1, round(SAMPLE / max(once, 1e-9) / len(calls)))
        rounds[name] = repeated if once * len(calls) < 0.2 else calls[:1]
    times: dict[str, list[float]] = {name: [] for name in runs}
    until = perf_counter() + seconds * len(runs)
    k = 0
    gc.collect()
    while k < 5 or (perf_counter() < until and k < 2000):
        for name, run in runs.items():
            these = rounds[name] if len(rounds[name]) > 1 else [calls[k % len(calls)]]
            times[name].append(sample(run, these, clock))
        k += 1
        if k >= 3 and perf_counter() > until + 30:
            break
    return {name: median(each) for name, each in times.items()}


def hands(case: Case, problem: Problem) -> dict[str, Callable[..., Any]]:
    """The derivatives by hand as they are called: a refill has data of its own, a fresh CSR makes new ones."""
    if not case.sparse:
        return dict(problem.by_hand)
    pattern = problem.pattern
    assert pattern is not None
    many = len(pattern.indices)
    if not case.fresh:
        return {name: partial(hand, np.zeros(many)) for name, hand in problem.by_hand.items()}
    model = pattern.matrix(np.zeros(many))

    def made(hand: Callable[..., Any]) -> Callable[..., Any]:
        def fresh(*call: Any) -> Any:
            A = copy.copy(model)
            A.data = np.empty(many)
            hand(A.data, *call)
            return A

        return fresh

    return {name: made(hand) for name, hand in problem.by_hand.items()}


def one(case: Case, peer: Any, seconds: float, clock: Callable[[], float]) -> dict[str, Any]:
    """What one case gives: times, ratios, preparation and memory, or the reason why not."""
    if case.kind not in peer.KINDS or (case.fresh and not getattr(peer, "FRESH", False)):
        return {"case": case.name, "not able": "fresh matrices" if case.kind in peer.KINDS else case.kind}
    problem = case.make()
    runs = hands(case, problem)
    call = problem.calls[-1]
    names = list(problem.by_hand)
    expected = by_hand(case, problem, names[-1], call)
    for name in names[:-1]:
        agree(by_hand(case, problem, name, call), expected)
    result: dict[str, Any] = {"case": case.name, "kind": case.kind}
    for run in runs.values():
        run(*call)
    gc.collect()
    before = peak(reset=True)
    start = perf_counter()
    try:
        ready = peer.prepare(case, problem)
        traced = perf_counter()
        value = ready.run(*problem.calls[0])
    except NotAble as reason:
        return result | {"not able": str(reason)}
    result["preparation"] = perf_counter() - start
    result["of which the first call"] = perf_counter() - traced
    result["MB"] = peak() - before
    del value
    if case.sparse:
        result["MB of the CSR"] = _megabytes(problem)
    ready.warm(problem.calls)
    agree(comparable(case, problem, ready.value(ready.run(*call))), expected, ready.tolerance)
    timed = turns(runs | {"": ready.run}, problem.calls, seconds, clock)
    mine = timed.pop("")
    result |= {"seconds": mine, "by hand": timed, "says": ready.says()}
    honest = {name: t for name, t in timed.items() if name not in problem.rewritten}
    result["best by hand"] = min(honest, key=honest.__getitem__)
    result["ratio"] = mine / min(honest.values())
    if problem.rewritten:
        result["ratio to rewritten"] = mine / min(timed.values())
    numpy = {name: t for name, t in timed.items() if name.startswith("NumPy")}
    if numpy:
        result["ratio to NumPy"] = mine / min(numpy.values())
    return result


def _megabytes(problem: Problem) -> float:
    assert problem.pattern is not None
    return (12 * len(problem.pattern.indices) + 4 * len(problem.pattern.indptr)) / 2**20


def main() -> None:
    """Arguments: peer, seconds for each run, clock, names of cases."""
    name, seconds, clock, *wanted = sys.argv[1:]
    sys.stdout, out = sys.stderr, sys.stdout  # only results go to the pipe
    try:
        peer = import_module(f"peers.{name}")
        version = peer.version()
    except ImportError as missing:
        print(json.dumps({"peer": name, "missing": str(missing)}), file=out, flush=True)
        return
    print(json.dumps({"peer": name, "version": version, "numpy": np.__version__, "pid": os.getpid()}), file=out, flush=True)
    by_name = {case.name: case for case in CASES}
    for each in wanted:
        print(json.dumps({"starts": each}), file=out, flush=True)
        try:
            found = one(by_name[each], peer, float(seconds), process_time if clock == "cpu" else perf_counter)
        except Exception as error:  # noqa: BLE001  # whatever a peer does, the next case is measured
            if os.environ.get("BENCH_TRACEBACK"):
                traceback.print_exc()
            kind = "disagrees" if isinstance(error, AssertionError) else "fails"
            found = {"case": each, kind: f"{type(error).__name__}: {error}".split("\n\n")[0][:300]}
        print(json.dumps({"peer": name} | found), file=out, flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
