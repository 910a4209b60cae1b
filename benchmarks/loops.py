"""Loops of scalars: seconds of the processor that the first call takes, and a later call against the function itself.

    taskset -c 0 python benchmarks/loops.py [--quick]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import process_time
from typing import Any

import numpy as np

import wrt

Function = Callable[[Any], Any]


def rk4(steps: int) -> tuple[Function, Any]:
    """Lorenz's three equations by the classical Runge-Kutta method."""

    def slope(y: Any) -> Any:
        return np.array([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])

    def f(y: Any) -> Any:
        h = 0.01
        for _ in range(steps):
            a = slope(y)
            b = slope(y + h / 2 * a)
            c = slope(y + h / 2 * b)
            y = y + h / 6 * (a + 2 * b + 2 * c + slope(y + h * c))
        return y

    return f, np.ones(3)


def bodies(n: int) -> tuple[Function, Any]:
    """Accelerations of n bodies in three dimensions, pair by pair."""

    def f(x: Any) -> Any:
        p, a = x.reshape(n, 3), np.zeros((n, 3))
        for i in range(n):
            for j in range(n):
                if i != j:
                    d = p[j] - p[i]
                    a[i] += d / (d @ d + 0.01) ** 1.5
        return a.ravel()

    return f, np.random.default_rng(0).standard_normal(3 * n)


def stencil(n: int) -> tuple[Function, Any]:
    """A second difference, entry by entry."""

    def f(x: Any) -> Any:
        y = np.zeros(n)
        for i in range(1, n - 1):
            y[i] = x[i - 1] - 2 * x[i] + x[i + 1] + x[i] ** 2
        return y

    return f, np.linspace(0, 1, n)


def seconds(run: Callable[[], Any], repeat: int = 5) -> float:
    times = []
    for _ in range(repeat):
        start = process_time()
        run()
        times.append(process_time() - start)
    return min(times)


def main() -> None:
    quick = "--quick" in sys.argv
    cases: list[tuple[str, Callable[[int], tuple[Function, Any]], tuple[int, ...]]] = [
        ("RK4 steps", rk4, (50, 100) if quick else (50, 100, 200, 400)),
        ("bodies", bodies, (10,) if quick else (10, 20, 30)),
        ("stencil points", stencil, (200,) if quick else (200, 400)),
    ]
    print("| loop | n | first call, s | a later call / f | lines |\n| --- | --- | --- | --- | --- |")
    for name, make, counts in cases:
        for n in counts:
            f, x = make(n)
            J = wrt.jacobian(f)
            first = seconds(lambda: J(x), 1)  # noqa: B023  # called at once
            later = seconds(lambda: J(x)) / seconds(lambda: f(x))  # noqa: B023
            np.testing.assert_allclose(J(x), wrt.numeric.jacobian(f, x).value, rtol=1e-6, atol=1e-6)
            print(f"| {name} | {n} | {first:.2f} | {later:.1f} | {J.source.count(chr(10))} |")


if __name__ == "__main__":
    main()
