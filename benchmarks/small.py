"""A 3→3 Jacobian: the call through wrt, the function that wrt generates, and the same written by hand.

    taskset -c 0 python benchmarks/small.py
"""

from __future__ import annotations

from collections.abc import Callable
from timeit import repeat
from typing import Any

import numpy as np

import wrt


def f(x: Any) -> Any:
    return np.array([x[0] * np.sin(x[1]), x[1] * x[2], np.exp(x[0])])


def by_hand(x: Any) -> Any:
    return np.array([[np.sin(x[1]), x[0] * np.cos(x[1]), 0.0], [0.0, x[2], x[1]], [np.exp(x[0]), 0.0, 0.0]])


def microseconds(run: Callable[[], Any]) -> float:
    number = 2000
    return min(repeat(run, number=number, repeat=7)) / number * 1e6


def main() -> None:
    x = np.array([0.5, 1.0, 2.0])
    J = wrt.jacobian(f)
    np.testing.assert_allclose(J(x), by_hand(x))
    space: dict[str, Any] = {}
    exec(compile(J.source, "<generated>", "exec"), space)  # noqa: S102  # our own text
    generated = space["jacobian"]
    print("| 3→3 | µs |\n| --- | --- |")
    for name, run in {"by hand": lambda: by_hand(x), "generated": lambda: generated(x), "wrt.jacobian(f)(x)": lambda: J(x), "f itself": lambda: f(x)}.items():
        print(f"| {name} | {microseconds(run):.2f} |")


if __name__ == "__main__":
    main()
