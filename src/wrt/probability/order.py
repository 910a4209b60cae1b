"""Floating-point numbers in their order: their places, and the number halfway between two of them."""

from __future__ import annotations

from typing import Any

import numpy as np


def between(a: Any, b: Any) -> Any:
    """The number halfway between a and b in the order of floating-point numbers: 64 halvings go from any a to any b."""
    return number_at((place(a) >> 1) + (place(b) >> 1) + (place(a) & place(b) & 1))


def place(x: Any) -> Any:
    """The place of each number: the next number has the next place."""
    bits = np.ascontiguousarray(x + 0.0, np.float64).view(np.int64)  # + 0.0: −0 is 0
    return np.where(bits < 0, np.int64(-(2**63)) - bits, bits)


def number_at(i: Any) -> Any:
    """The number at each place."""
    return np.ascontiguousarray(np.where(i < 0, np.int64(-(2**63)) - i, i)).view(np.float64)
