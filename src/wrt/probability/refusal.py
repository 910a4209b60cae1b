"""What `wrt.probability` says when there is no density, no inverse, or no valid pathwise derivative."""

from __future__ import annotations

from wrt.errors import WrtError


class NoDensity(WrtError, ValueError):
    """The transformed variable has no density that the change of variables could give: the map folds, is flat, or leaves its domain."""


class NotInverted(WrtError, ArithmeticError):
    """The equation f(x) = y was not solved: the points are named, and nothing is returned in place of their densities."""


class PathwiseWarning(UserWarning):
    """A pathwise (infinitesimal perturbation) estimate that is not valid: the loss jumps."""


def number(value: object) -> str:
    """A number or point as messages show it."""
    import numpy as np

    return np.array2string(np.asarray(value), precision=6, separator=", ", threshold=8)


def not_a_number(name: str, y: object) -> NoDensity:
    """The density of x at an x with f(x) = y is nan."""
    return NoDensity(f"The density of the distribution of x is not a number, or not known, where {name}(x) = {number(y)}.")


for _public in (NoDensity, NotInverted, PathwiseWarning):
    _public.__module__ = "wrt.probability"
