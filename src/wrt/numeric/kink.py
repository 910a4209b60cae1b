"""Points without a derivative: the limits from the two sides differ, or grow without bound.

f(x + h) + f(x − h) − 2 f(x) falls like h² where f is smooth. At a kink it falls like h, and its quotient by h is the
difference of the two limits; at a cusp or a jump it falls like a lower power, the same on every rung.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from wrt.numeric.blackbox import Array
from wrt.numeric.extrapolate import best_limit
from wrt.numeric.ladder import Ladder, Mask, Rung, length
from wrt.numeric.noise import granularity


@dataclass(frozen=True)
class Sides:
    """The limits from both sides of x, with `bent` where they differ and `sharp` where they do not exist; each (m,).

    `power` is the p of a difference that grows like h**-p; `step` is the shortest step that was looked at.
    """

    forward: Array
    backward: Array
    error: Array
    bent: Mask
    sharp: Mask
    power: Array
    step: float = 0.0

    @property
    def mask(self) -> Mask:
        """Outputs without a derivative."""
        return self.bent | self.sharp


def find_kinks(ladder: Ladder, among: Mask) -> Sides | None:
    """Kinks among the outputs of the mask, confirmed on steps a thousand and, where f is exact enough, ten million times shorter."""
    rungs = ladder.usable()
    floor = np.maximum(ladder.floor(), granularity(np.concatenate([rung.rises for rung in rungs])) / 2)
    # The shortest three neighbours are the least disturbed by curvature; those of a scan lie too far apart.
    runs = [rungs[i : i + 3] for i in range(len(rungs) - 2) if rungs[i].level - rungs[i + 2].level == 2]
    if not runs or not ladder.two_sided:
        return None
    run = runs[-1]
    sides = two_sides(run, floor)
    sides = replace(sides, bent=sides.bent & among, sharp=sides.sharp & among)
    for drop in (10, 24):
        level = run[-1].level - drop
        with np.errstate(invalid="ignore"):
            jump = np.abs(sides.forward - sides.backward)
        clear = floor < 1e-3 * jump * length(level)  # the last digit of f does not hide the jump
        if drop == 10:
            sides = replace(sides, bent=sides.bent & clear, sharp=sides.sharp & clear)
        elif not clear[sides.mask].all():
            return sides
        if not sides.mask.any():
            return None
        ladder.measure([level])
        rung = ladder.rungs.get(level)
        if rung is None:
            return sides if sides.step else None
        sides = confirm(sides, rung, run[-1])
    return sides if sides.mask.any() else None


def two_sides(rungs: Sequence[Rung], floor: Array) -> Sides:
    """What the rungs suggest; `confirm` has to see a much shorter step before anything is called a kink."""
    ahead, behind = (best_limit([rung.side(sign) for rung in rungs], floor, len(rungs)) for sign in (1, -1))
    error = ahead.error + behind.error
    jump = np.abs(ahead.value - behind.value)
    bent = jump > 5 * error + 1e-10 * (np.abs(ahead.value) + np.abs(behind.value))
    bends = np.abs([rung.bend for rung in rungs])
    sign = np.sign([rung.bend for rung in rungs])
    lengths = np.array([rung.length for rung in rungs])
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = -np.diff(np.log(bends), axis=0) / np.diff(np.log(lengths))[:, None]
        power = powers.mean(axis=0)
        even = np.ptp(powers, axis=0) < 0.1
    sharp = (sign == sign[0]).all(axis=0) & (powers.min(axis=0) > 0.1) & even & (powers.max(axis=0) < 1.1)
    forward = np.where(sharp, _steep(rungs, 1, ahead.value), ahead.value)
    backward = np.where(sharp, _steep(rungs, -1, behind.value), behind.value)
    return Sides(forward, backward, error, bent & ~sharp, sharp, power)


def confirm(sides: Sides, shortest: Rung, before: Rung) -> Sides:
    """The same, with only those entries kept that a much shorter step shows as well."""
    now, then = shortest.bend, before.bend
    with np.errstate(divide="ignore", invalid="ignore"):
        jump = sides.forward - sides.backward
        bent = sides.bent & (np.abs(now - jump) <= 0.25 * np.abs(jump) + sides.error)
        power = np.log(now / then) / np.log(before.length / shortest.length)
    # Noise grows like 1/h as well; that it does so evenly over a thousand lengths is left to jumps and cusps.
    return replace(sides, step=shortest.length, bent=bent, sharp=sides.sharp & (np.abs(power - sides.power) < 0.03))


def _steep(rungs: Sequence[Rung], sign: int, limit: Array) -> Array:
    """±inf where the one-sided quotients grow steadily, the limit elsewhere."""
    longest, shortest = rungs[0].side(sign).quotient, rungs[-1].side(sign).quotient
    grows = np.abs(shortest) > 1.1 * np.abs(longest)
    return np.where(grows, np.copysign(np.inf, shortest), limit)
