"""The functions on which the promises of `wrt.numeric.jacobian` are measured, with their derivatives by hand.

Families: smooth, zero (at x = 0), scaled (x from 1e-12 to 1e8), polynomial, oscillating (up to 1e4 periods in x), offset (far
from the origin, or a large constant added), singular (near a pole, a branch point, a kink), cancelling, rounded (to 8 digits, in
float32) and noisy (relative noise 1e-12, 1e-8, 1e-4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    family: str
    name: str
    f: Callable[[Any], Any]
    x: float
    slope: float

    def __str__(self) -> str:
        return f"{self.family}: {self.name} at {self.x:g}"


class Noisy:
    """f with relative noise, another one at each call, the same in each run."""

    def __init__(self, f: Callable[[Any], Any], level: float, seed: int) -> None:
        self.f, self.level, self.random = f, level, np.random.default_rng(seed)

    def __call__(self, x: Any) -> Any:
        return self.f(x) * (1 + self.level * self.random.standard_normal())


def rounded(f: Callable[[Any], Any], digits: int) -> Callable[[Any], Any]:
    """f as a program prints it: so many significant digits."""
    return lambda x: float(f"{f(x):.{digits - 1}e}")


SMOOTH: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("exp", np.exp, np.exp),
    ("sin", np.sin, np.cos),
    ("cos", np.cos, lambda x: -np.sin(x)),
    ("tanh", np.tanh, lambda x: 1 / np.cosh(x) ** 2),
    ("arctan", np.arctan, lambda x: 1 / (1 + x * x)),
    ("log1p(x²)", lambda x: np.log1p(x * x), lambda x: 2 * x / (1 + x * x)),
    ("1/(1+x²)", lambda x: 1 / (1 + x * x), lambda x: -2 * x / (1 + x * x) ** 2),
    ("exp(sin x)", lambda x: np.exp(np.sin(x)), lambda x: np.cos(x) * np.exp(np.sin(x))),
    ("logistic", lambda x: 1 / (1 + np.exp(-x)), lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    ("sqrt(1+x²)", lambda x: np.sqrt(1 + x * x), lambda x: x / np.sqrt(1 + x * x)),
    ("gauss", lambda x: np.exp(-x * x), lambda x: -2 * x * np.exp(-x * x)),
    ("x sin x", lambda x: x * np.sin(x), lambda x: np.sin(x) + x * np.cos(x)),
]
POSITIVE: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("log", np.log, lambda x: 1 / x),
    ("sqrt", np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    ("1/x", lambda x: 1 / x, lambda x: -1 / x**2),
    ("x**2.5", lambda x: x**2.5, lambda x: 2.5 * x**1.5),
    ("x log x", lambda x: x * np.log(x), lambda x: np.log(x) + 1),
]
POLYNOMIAL: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any]]] = [
    ("constant", lambda x: 3.0 + 0 * x, lambda x: 0.0 * x),
    ("line", lambda x: 2 - 3 * x, lambda x: -3.0 + 0 * x),
    ("square", lambda x: x * x, lambda x: 2 * x),
    ("cubic", lambda x: x**3 - 2 * x + 1, lambda x: 3 * x**2 - 2),
    ("degree 8", lambda x: x**8 - x**5 + x, lambda x: 8 * x**7 - 5 * x**4 + 1),
    ("degree 20", lambda x: (1 + x) ** 20, lambda x: 20 * (1 + x) ** 19),
]


def cases() -> Iterator[Case]:
    """All of them, more than five hundred."""
    for name, f, g in SMOOTH:
        for x in (0.1, 0.37, 1.0, -1.3, 2.5, -4.2, 7.9):
            yield Case("smooth", name, f, x, float(g(x)))
        yield Case("zero", name, f, 0.0, float(g(0.0)))
        for x in (1e-3, -1e-6, 1e-12):
            yield Case("scaled", name, f, x, float(g(x)))
    for name, f, g in POSITIVE:
        for x in (0.2, 1.0, 3.3, 12.0):
            yield Case("smooth", name, f, x, float(g(x)))
        for x in (1e-9, 1e-6, 1e-3, 1e4, 1e8):
            yield Case("scaled", name, f, x, float(g(x)))
    for name, f, g in POLYNOMIAL:
        for x in (0.0, 0.3, -1.7, 5.0, 1e-5, 1e3):
            yield Case("polynomial", name, f, x, float(g(x)))
    for k in (5.0, 20.0, 60.0, 300.0, 1e4):
        for x in (0.0, 0.4, 1.0, 3.1):
            yield Case("oscillating", f"sin {k:g}x", lambda t, k=k: np.sin(k * t), x, float(k * np.cos(k * x)))
            if x:
                slope = float(-k * np.sin(k * x) * np.exp(-x) - np.cos(k * x) * np.exp(-x))
                yield Case("oscillating", f"exp(-x) cos {k:g}x", lambda t, k=k: np.exp(-t) * np.cos(k * t), x, slope)
    for c in (1e2, 1e4, 1e6, 1e8):
        for name, f, g in (("sin", np.sin, np.cos), ("gauss at c", lambda t, c=c: np.exp(-((t - c - 1) ** 2)), None)):
            slope = float(g(c)) if g else 2 * float(np.exp(-1.0))
            yield Case("offset", name, f, c, slope)
        yield Case("offset", "exp + c", lambda t, c=c: np.exp(t) + c, 1.0, float(np.e))
        yield Case("offset", "(x-c)²", lambda t, c=c: (t - c) ** 2, c + 2, 4.0)
    for d in (1e-1, 1e-2, 1e-4, 1e-6):
        yield Case("singular", f"1/(1+{d:g}-x)", lambda t, d=d: 1 / ((1 + d) - t), 1.0, float(1 / ((1 + d) - 1.0) ** 2))
        yield Case("singular", f"log(x-1+{d:g})", lambda t, d=d: np.log(t - (1 - d)), 1.0, float(1 / (1.0 - (1 - d))))
        yield Case("singular", f"sqrt(x-1+{d:g})", lambda t, d=d: np.sqrt(t - (1 - d)), 1.0, float(0.5 / np.sqrt(1.0 - (1 - d))))
        yield Case("singular", f"|x-1-{d:g}|", lambda t, d=d: abs(t - (1 + d)), 1.0, -1.0)
        yield Case("singular", f"tanh(x/{d:g})", lambda t, d=d: np.tanh(t / d), 0.0, 1 / d)
        x = np.pi / 2 - d
        yield Case("singular", f"tan at pi/2-{d:g}", np.tan, x, float(1 / np.cos(x) ** 2))
    for x in (1e-1, 1e-2, 1e-3, 1e-4):
        exact = 1 / 2 - 3 * x**2 / 24 + 5 * x**4 / 720 - 7 * x**6 / 40320
        yield Case("cancelling", "(1-cos x)/x", lambda t: (1 - np.cos(t)) / t, x, exact)
        yield Case("cancelling", "expm1 by hand", lambda t: np.exp(t) - 1, x, float(np.exp(x)))
        yield Case("cancelling", "log(1+x)", lambda t: np.log(1 + t), x, 1 / (1 + x))
        slope = float(0.5 / np.sqrt(1 + x) + 0.5 / np.sqrt(1 - x))
        yield Case("cancelling", "sqrt(1+x)-sqrt(1-x)", lambda t: np.sqrt(1 + t) - np.sqrt(1 - t), x, slope)
    for name, f, g in [*SMOOTH, *POSITIVE]:
        for x in (0.3, 1.1, 2.7):
            yield Case("rounded", f"{name} to 8 digits", rounded(f, 8), x, float(g(x)))
            yield Case("rounded", f"{name} in float32", lambda t, f=f: f(np.float32(t)), x, float(g(x)))
            for level in (1e-12, 1e-8, 1e-4):
                seed = int(1000 * x) + len(name)
                yield Case("noisy", f"{name}, noise {level:g}", Noisy(f, level, seed), x, float(g(x)))
