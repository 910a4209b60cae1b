"""All cases, all peers, one table: ratios to the derivative written by hand.

    python benchmarks/run.py [--cases PATTERN] [--peers wrt,jax] [--json FILE] [--quick] [--check] [--list]

Each peer runs in a process of its own, pinned to one core, with the derivative by hand in turns. Agreement comes before timing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PEERS = ("wrt", "wrt_numpy", "jax", "pytorch", "autograd", "casadi", "asdex", "sparsejac", "sympy", "sympy_numba", "scipy", "numdifftools", "jacobi")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def environment() -> dict[str, str]:
    """One thread everywhere, float64 in JAX, and no old BLAS kernel."""
    env = dict(os.environ)
    env.pop("OPENBLAS_CORETYPE", None)
    env |= dict.fromkeys(THREADS, "1")
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return env | {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags, "PYTHONWARNINGS": "ignore"}


def measure(peer: str, cases: list[str], args: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The peer's process, started again after a case that kills it or takes too long."""
    head: dict[str, Any] = {"peer": peer}
    results: list[dict[str, Any]] = []
    left = list(cases)
    while left:
        command = [sys.executable, str(HERE / "measure.py"), peer, str(args.seconds), args.clock, *left]
        pin = (lambda: os.sched_setaffinity(0, {args.core})) if hasattr(os, "sched_setaffinity") else None
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(), preexec_fn=pin)  # noqa: PLW1509
        started, killed = None, False

        def stop(process: Any = process) -> None:
            nonlocal killed
            killed = True
            process.kill()

        timer = threading.Timer(args.limit, stop)
        timer.start()
        assert process.stdout is not None
        for line in process.stdout:
            found = json.loads(line)
            if "starts" in found:
                timer.cancel()
                started = found["starts"]
                timer = threading.Timer(args.limit, stop)
                timer.start()
            elif "case" in found:
                results.append(found)
                left.remove(found["case"])
                started = None
                print(f"  {row(found)}", flush=True)
            else:
                head = found
                print(f"{peer} {found.get('version', 'is not installed: ' + found.get('missing', ''))}", flush=True)
        timer.cancel()
        process.wait()
        if "missing" in head:
            break
        if started is None:
            if left:
                print(f"  {peer} ended with {process.returncode} before it measured anything", flush=True)
            break
        why = f"more than {args.limit:g} s" if killed else f"the process ended with {process.returncode}"
        results.append({"peer": peer, "case": started, "fails": why})
        left.remove(started)
        print(f"  {row(results[-1])}", flush=True)
    return head, results


def row(found: dict[str, Any]) -> str:
    if "ratio" not in found:
        why = next((f"{k}: {found[k]}" for k in ("not able", "fails", "disagrees") if k in found), "")
        return f"{found['case']:28} {why}"
    best = found["by hand"][found["best by hand"]]
    more = f", {found['ratio to rewritten']:.2f} to rewritten" if "ratio to rewritten" in found else ""
    if found["peer"] == "wrt_numpy" and "ratio to NumPy" in found:
        more += f", {found['ratio to NumPy']:.2f} to NumPy by hand"
    return (
        f"{found['case']:28} {time(found['seconds']):>9}  by hand {time(best):>9} ({found['best by hand']})  ratio {found['ratio']:.3g}{more}"
        f"  preparation {found['preparation']:.3g} s, {found['MB']:.0f} MB" + (f" (the CSR: {found['MB of the CSR']:.1f})" if "MB of the CSR" in found else "")
    )


def time(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, scale in (("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds:.3g} s"


def table(cases: list[str], peers: list[str], results: list[dict[str, Any]]) -> str:
    """Markdown: a row for each case; ratio (preparation in seconds), × for wrong numbers, – for not able.

    wrt_numpy is compared with NumPy by hand.
    """
    found = {(r["case"], r["peer"]): r for r in results}
    lines = ["| case | by hand | " + " | ".join(peers) + " |", "| --- " * (len(peers) + 2) + "|"]
    for case in cases:
        mine = [found[case, p] for p in peers if (case, p) in found]
        timed = [r["by hand"][r["best by hand"]] for r in mine if "ratio" in r]
        cells = [time(sorted(timed)[len(timed) // 2]) if timed else ""]
        for peer in peers:
            r = found.get((case, peer), {"not able": ""})
            ratio = r.get("ratio to NumPy" if peer == "wrt_numpy" else "ratio")
            cells.append(f"{ratio:.3g} ({r['preparation']:.2g} s)" if ratio is not None else "×" if "disagrees" in r else "fails" if "fails" in r else "–")
        lines.append(f"| {case} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="", help="a regular expression that the names of the cases match somewhere")
    parser.add_argument("--peers", default=",".join(PEERS), help=f"names with commas: {', '.join(PEERS)}")
    parser.add_argument("--json", help="a file for all that was measured")
    parser.add_argument("--quick", action="store_true", help="without the million unknowns, and less time for each")
    parser.add_argument("--seconds", type=float, help="for the timing of each run (0.6; 0.2 with --quick)")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a case is given up")
    parser.add_argument("--clock", choices=("cpu", "wall"), default="cpu", help="the process's own time, which other programs disturb less, or wall time")
    parser.add_argument("--core", type=int, default=min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0)
    parser.add_argument("--check", action="store_true", help="only compare the derivatives by hand with differences")
    parser.add_argument("--list", action="store_true", help="only the names of the cases")
    args = parser.parse_args()
    args.seconds = args.seconds or (0.2 if args.quick else 0.6)

    from cases import CASES
    from cases.check import check

    chosen = [case for case in CASES if re.search(args.cases, case.name) and not (args.quick and case.big)]
    if args.list or args.check:
        for case in chosen:
            if args.check and not case.fresh:
                check(case)
            print(case.name, "" if args.list else "ok", flush=True)
        return
    heads, results = [], []
    for peer in args.peers.split(","):
        head, found = measure(peer, [case.name for case in chosen], args)
        heads.append(head)
        results += found
        if args.json:
            about = {"python": platform.python_version(), "machine": processor(), "clock": args.clock, "seconds": args.seconds}
            Path(args.json).write_text(json.dumps({"about": about, "peers": heads, "results": results}, indent=1))
    if not results:
        return
    print("\nRatios to the best derivative by hand in the same process (preparation with the first call).\n")
    print(table([case.name for case in chosen], [h["peer"] for h in heads if "missing" not in h], results))


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


if __name__ == "__main__":
    main()
