"""Shapes: which sizes agree, and what broadcasting makes of them.

Sizes that the user did not fix (`?1`, `?2`, … in expressions typed as text) may still be made equal to others: the first
clash is raised as `Unify`, the frontend substitutes and reads the expression again with what it has learned.
"""

from __future__ import annotations

from wrt.errors import ShapeError
from wrt.graph.node import Shape
from wrt.graph.size import Polynomial, Size


class Unify(Exception):  # not an error: a discovery
    """`name` must stand for `size`."""

    def __init__(self, name: str, size: Size) -> None:
        super().__init__(name, size)
        self.name, self.size = name, size


def free_symbol(size: Size) -> str | None:
    """The name of a size that may still be chosen."""
    if isinstance(size, Polynomial) and len(size.terms) == 1:
        (monomial, count) = size.terms[0]
        if count == 1 and len(monomial) == 1 and monomial[0].startswith("?"):
            return monomial[0]
    return None


def same(a: Size, b: Size) -> bool:
    """Whether two sizes agree; a size that is still free is chosen so that they do."""
    if a == b:
        return True
    for one, other in ((a, b), (b, a)):
        name = free_symbol(one)
        if name is not None and name not in str(other):
            raise Unify(name, other)
    return False


def broadcast(*shapes: Shape) -> Shape:
    """NumPy's rule: aligned from the right, equal or 1."""
    ndim = max(map(len, shapes), default=0)
    result: list[Size] = []
    for axis in range(-ndim, 0):
        size: Size = 1
        for shape in shapes:
            if len(shape) < -axis or shape[axis] == 1:
                continue
            if size == 1:
                size = shape[axis]
            elif not same(size, shape[axis]):
                raise ShapeError(f"Shapes {' and '.join(map(show, shapes))} do not fit together: {size} and {shape[axis]} differ.")
        result.append(size)
    return tuple(result)


def show(shape: Shape) -> str:
    """(), (N,) or (N, D): as NumPy prints shapes."""
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def times(shape: Shape) -> str:
    """N×D: as mathematicians say shapes; a scalar is 'a scalar'."""
    return "×".join(map(str, shape)) if shape else "a scalar"
