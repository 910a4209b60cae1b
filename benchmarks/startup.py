"""What starting costs: `import wrt` over `import numpy`, and the first 3→3 Jacobian, each in a fresh interpreter.

    taskset -c 0 python benchmarks/startup.py
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from pathlib import Path

RUNS = 15
NUMPY = "import numpy"
WRT = "import numpy, wrt"
FIRST = """
from time import perf_counter
import numpy as np, wrt
def f(x): return np.array([x[0] * np.sin(x[1]), x[1] * x[2], np.exp(x[0])])
x = np.array([0.5, 1.0, 2.0])
start = perf_counter()
wrt.jacobian(f)(x)
print(perf_counter() - start)
"""
TIMED = "from time import perf_counter; start = perf_counter(); {}; print(perf_counter() - start)"


def seconds(program: str) -> float:
    """What the program prints, run in an interpreter of its own."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH", "")])}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return float(run.stdout)


def main() -> None:
    seconds(FIRST)  # compiled files and the disk's cache are warm from here on
    found: dict[str, list[float]] = {"import numpy": [], "import numpy, wrt": [], "first 3→3 call": []}
    for _ in range(RUNS):
        for name, program in zip(found, (TIMED.format(NUMPY), TIMED.format(WRT), FIRST), strict=True):
            found[name].append(seconds(program))
    print("| step | least, ms | median, ms |\n| --- | --- | --- |")
    for name, times in found.items():
        print(f"| {name} | {min(times) * 1e3:.1f} | {statistics.median(times) * 1e3:.1f} |")
    print(f"\nwrt over numpy: {(min(found['import numpy, wrt']) - min(found['import numpy'])) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
