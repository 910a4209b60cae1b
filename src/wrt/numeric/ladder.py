"""The steps taken along one coordinate: which there are, which there may be, and what f did on each.

A step is known by its level, h ≈ 2**level. `Rung` holds the values of one level, `Ladder` all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wrt.errors import ArgumentError
from wrt.numeric.blackbox import Array
from wrt.numeric.stencil import slope_weights

Mask = NDArray[np.bool_]
# Steps in the exact ratio 2 could all be whole numbers of periods of f, or of the last digits that f keeps; these cannot. They use all
# bits of a float: whole numbers of a coarse last digit rise by that digit exactly, and f would seem to have no rounding at all.
MANTISSAS = tuple(whole + math.pi * whole % 1 for whole in (4096, 4459, 3769, 4583, 4021, 3671, 4327, 3907))


def length(level: int) -> float:
    """The step for a level, near 2**level."""
    return math.ldexp(MANTISSAS[level % 8], level - 12)


def level_of(size: float) -> int:
    """The largest k with 2**k <= size."""
    return math.frexp(size)[1] - 1 if math.isfinite(size) else 1023


@dataclass(frozen=True)
class Rung:
    """The steps of one level, on one side of x or on both.

    `offsets` (s,) are the steps really taken, after rounding; `rises` (s, m) are f(x + offset) − f(x).
    """

    level: int
    offsets: Array
    rises: Array

    def side(self, sign: int) -> Rung:
        """The same rung with the steps of one sign."""
        kept = np.sign(self.offsets) == sign
        return Rung(self.level, self.offsets[kept], self.rises[kept])

    @cached_property
    def length(self) -> float:
        """The longest step that was really taken."""
        return float(np.abs(self.offsets).max())

    @cached_property
    def quotient(self) -> Array:
        """The difference quotient of this rung alone, shape (m,)."""
        return slope_weights(self.offsets) @ self.rises

    @cached_property
    def bend(self) -> Array:
        """Difference of the forward and the backward quotient, shape (m,); zero on a one-sided rung."""
        quotients = self.rises / self.offsets[:, None]
        bend: Array = quotients[0] - quotients[-1]
        return bend


@dataclass
class Ladder:
    """All rungs along one coordinate.

    Attributes
    ----------
    evaluate
        f at a moved coordinate, flat, or None outside the domain.
    name, x, center
        The coordinate as messages call it, its value, and f there, shape (m,).
    scale
        Size of changes of x that matter: |x|, or 1 at zero.
    low, high
        No step leaves this interval.
    precision
        Relative spacing of the numbers that f returns.
    budget, spent
        Evaluations allowed and used.
    sides
        The signs of the steps; one where a bound or the edge of the domain of f leaves no other, and then `edge` says which.
    start
        The level to begin with.
    rungs
        By level; None where f is not finite, or where the rung is not to be used.
    """

    evaluate: Callable[[float], Array | None]
    name: str
    x: float
    center: Array
    scale: float
    low: float
    high: float
    precision: float
    budget: int
    spent: int = 0
    sides: tuple[int, ...] = (1, -1)
    edge: str = ""
    start: int = field(init=False)
    rungs: dict[int, Rung | None] = field(default_factory=dict)
    _seen: dict[tuple[int, int], tuple[float, Array] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        room = {1: self.high - self.x, -1: self.x - self.low}
        wide = level_of(self.scale) - 4
        # A bound nearer than this would cost two digits; the limit from the free side is then the better one.
        if min(room.values()) < length(wide) / 64:
            self.sides = (max(room, key=lambda sign: room[sign]),)
            self.edge = "a bound"
        self.start = min(wide, level_of(min(room[sign] for sign in self.sides)) - 1)
        self._enter()

    @property
    def two_sided(self) -> bool:
        return len(self.sides) == 2

    def usable(self) -> list[Rung]:
        """The rungs with values, from long to short steps."""
        return [rung for _, rung in sorted(self.rungs.items(), reverse=True) if rung is not None]

    def measure(self, levels: list[int]) -> bool:
        """Evaluate the rungs of these levels; whether any of them is new."""
        least = max(-1000, level_of(math.ulp(self.x)) + 6)
        new = False
        for level in levels:
            if level in self.rungs or self.spent + len(self.sides) > self.budget or not least <= level <= 1000:
                continue
            new = True
            steps = [self._step(level, sign) for sign in self.sides]
            whole = [step for step in steps if step is not None]
            self.rungs[level] = None
            if len(whole) == len(steps):
                self.rungs[level] = Rung(level, np.array([t for t, _ in whole]), np.array([rise for _, rise in whole]))
        return new

    def forget(self, above: float = math.inf, only: tuple[int, ...] | None = None) -> None:
        """Use no rung above this level any more, or none of these levels."""
        gone = [level for level in self.rungs if (level > above if only is None else level in only)]
        self.rungs.update(dict.fromkeys(gone))

    def roomy(self, level: int) -> bool:
        """Whether the bounds allow steps of this level."""
        return all(self.low <= self.x + sign * length(level) <= self.high for sign in self.sides)

    def reach(self) -> Array:
        """Largest size of the outputs on all rungs, shape (m,)."""
        sizes = [np.abs(self.center), *(np.abs(self.center + rung.rises).max(axis=0) for rung in self.usable())]
        largest: Array = np.max(sizes, axis=0)
        return largest

    def floor(self) -> Array:
        """The least noise that f can have: the rounding of its values, shape (m,)."""
        return self.precision / 2 * self.reach()

    def flat(self, rung: Rung) -> Mask:
        """Outputs that do not move beyond their rounding on this rung, shape (m,)."""
        flat: Mask = np.abs(rung.rises).max(axis=0) <= 4 * self.floor()
        return flat

    def _enter(self) -> None:
        """The first rungs: near `start`, or shorter where f is not finite there."""
        for drop in (0, 8, 16, 24, 32):
            self.measure([self.start - drop])
            if self.usable():
                break
        else:
            drop = self._one_side()
        self.start -= drop
        self.measure([self.start - 1])
        if self.start < -4 and self.roomy(-4) and self.flat(self.usable()[0]).all():
            # x is far smaller than anything that f notices.
            self.forget(above=-math.inf)
            self.start = -4
            self.measure([-4, -5])
        if not self.usable() or not all(self.flat(rung).all() for rung in self.usable()):
            self.measure([self.start - 2 - i for i in range(1 if self.two_sided else 4)])

    def _one_side(self) -> int:
        """Go on with the side on which f is finite; how far below `start` it is so."""
        there = {key: self.start - key[0] for key, got in self._seen.items() if got is not None}
        if not there:
            raise ArgumentError(
                f"f has no finite value beside {self.name} = {self.x!r}, so there is no limit to take.",
                known=f"Steps from {length(self.start):.1g} to {length(self.start - 32):.1g} were tried"
                + (f" within the bounds {self.low!r} … {self.high!r}." if math.isfinite(self.low) or math.isfinite(self.high) else "."),
                advice="Move x into the domain of f, or widen the bounds.",
            )
        (_, side), drop = min(there.items(), key=lambda item: item[1])
        self.sides, self.edge = (side,), "the edge of the domain of f"
        self.rungs.clear()
        self.measure([self.start - drop])
        return drop

    def _step(self, level: int, sign: int) -> tuple[float, Array] | None:
        if (level, sign) not in self._seen:
            moved = self.x + sign * length(level)
            value = None
            if self.low <= moved <= self.high:
                self.spent += 1
                value = self.evaluate(moved)
            self._seen[level, sign] = None if value is None else (moved - self.x, value - self.center)
        return self._seen[level, sign]
