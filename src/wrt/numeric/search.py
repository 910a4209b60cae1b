"""The steps for one column: three lengths first, then wherever the largest error says.

An error made by curvature asks for shorter steps, an error made by noise for longer ones. Where it is not clear which of the
two is seen (noise, and structure far finer than the steps, look alike), a few steps over nine orders of magnitude tell.
"""

from __future__ import annotations

import numpy as np

from wrt.numeric.blackbox import Array
from wrt.numeric.extrapolate import Cache, Limit, best_limit
from wrt.numeric.kink import Sides, find_kinks
from wrt.numeric.ladder import Ladder, Rung, level_of

CALM = 10  # evaluations after which only a poor error is worth more of them


class Search:
    """The search along one coordinate, over the rungs of a ladder.

    Attributes
    ----------
    kinks
        Outputs without a derivative, if there are any.
    """

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.kinks: Sides | None = None
        self._windows: Cache = {}
        self._scanned = self._leapt = False

    def run(self) -> Limit:
        """Limits of all outputs; those with a kink are left in `kinks`."""
        ladder = self.ladder
        settled = np.zeros(ladder.center.size, dtype=bool)  # nothing more can be done for these
        looked = False
        while True:
            limit = self.limit()
            wanting = limit.error / self._goal(limit)
            if ladder.spent + len(ladder.sides) > ladder.budget or not ((wanting > 1) & ~settled).any():
                break
            if not looked:
                looked = True
                self.kinks = find_kinks(ladder, ~settled)
                settled |= self.kinks.mask if self.kinks else False
                continue
            worst = int(np.argmax(np.where(settled, 0, wanting)))
            levels = self._propose(limit, worst)
            if ladder.spent < CALM:
                levels = levels[: max(1, (CALM - ladder.spent) // len(ladder.sides))]
            if not (ladder.measure(levels) or self._wander(limit, worst)):
                settled |= (limit.top == limit.top[worst]) & (limit.bottom == limit.bottom[worst])
        if self.kinks is None and (wanting > 1).any():
            self.kinks = find_kinks(ladder, wanting > 1)
            limit = self.limit()
        return limit

    def limit(self) -> Limit:
        """The best limit from the rungs so far."""
        return best_limit(self.ladder.usable(), self.ladder.floor(), 6 if self.ladder.two_sided else 9, self._windows)

    def _goal(self, limit: Limit) -> Array:
        """Error at which an entry is left alone: strict while evaluations are cheap, looser after."""
        relative, absolute = (1e-12, 8) if self.ladder.spent < CALM else (1e-9, 1000)
        rounding = np.maximum(self.ladder.floor(), 1e-290) / max(self.ladder.scale, 1.0)
        goal: Array = relative * np.abs(limit.value) + 8 * absolute * rounding
        # What no step moves at all is constant, as far as anybody can see.
        still = np.all([~rung.rises.any(axis=0) for rung in self.ladder.usable()], axis=0)
        return np.where(still, np.maximum(goal, 8000 * rounding), goal)

    def _propose(self, limit: Limit, entry: int) -> list[int]:
        """Levels that would help this entry most; none where neither direction helps."""
        noisy = limit.truncation[entry] <= 1.5 * limit.rounding[entry]
        strange = noisy and limit.noise[entry] > 100 * self.ladder.floor()[entry]
        bottom = int(limit.bottom[entry])
        if strange or not noisy:
            # Curvature and noise look alike on few rungs, so a window is first made as wide as it pays.
            while bottom - 1 in self.ladder.rungs:
                bottom -= 1
            run = next(n for n in range(1000) if bottom + n not in self.ladder.rungs)
            enough = 5 if limit.error[entry] < 1e-8 * abs(limit.value[entry]) else 6
            if run < (enough if self.ladder.two_sided else 8):
                return [bottom - 1] if self.ladder.two_sided else [bottom - 1, bottom - 2]
        if strange and not self._scanned:
            return []
        if not noisy:
            lower = max((level for level in self.ladder.rungs if level < bottom), default=bottom - 2)
            return [(bottom + lower) // 2] if bottom - lower > 1 else []
        return self._above(int(limit.top[entry]))

    def _above(self, top: int) -> list[int]:
        higher = min((level for level in self.ladder.rungs if level > top), default=None)
        if higher is not None:
            return [(top + higher + 1) // 2] if higher - top > 1 else []
        # Within half of |x| f is taken as it is; `_leap` goes farther, with more care.
        cap = level_of(self.ladder.scale) - 2
        return [level for level in (top + 2, top + 1) if level <= cap and self.ladder.roomy(level)]

    def _wander(self, limit: Limit, entry: int) -> bool:
        """Far shorter or far longer steps, when those beside the present ones do not help; whether there are any."""
        if limit.noise[entry] > 100 * self.ladder.floor()[entry]:
            return self._scan(limit, entry) or self._leap(limit, entry)
        return self._leap(limit, entry) or self._scan(limit, entry)

    def _leap(self, limit: Limit, entry: int) -> bool:
        """For x far smaller than the scale of f: the longest steps, up to 1/16, on which f still is the line that it seems.

        Done once; whether any step was added.
        """
        if self._leapt or limit.error[entry] <= 1e-7 * abs(limit.value[entry]):
            return False
        self._leapt = True
        top = max(level for level, rung in self.ladder.rungs.items() if rung is not None)
        goal = -4
        while goal > top + 2 and self.ladder.spent < self.ladder.budget // 2:
            self.ladder.measure([goal, goal - 1])
            rung, next_rung = self.ladder.rungs.get(goal), self.ladder.rungs.get(goal - 1)
            if rung and next_rung and self._line(rung, next_rung, limit, entry):
                self.ladder.measure([goal - 2])
                return True
            self.ladder.forget(only=(goal, goal - 1))
            goal = (top + goal) // 2
        return False

    def _line(self, rung: Rung, shorter: Rung, limit: Limit, entry: int) -> bool:
        """Whether both rungs show one slope, up to a tenth, and the slope that was known before."""
        slope = rung.quotient[entry]
        apart = [*(rung.rises[:, entry] / rung.offsets - slope), shorter.quotient[entry] - slope]
        known = abs(slope - limit.value[entry]) <= 0.1 * abs(slope) + 3 * limit.error[entry]
        curved = max(map(abs, apart)) > 0.1 * abs(slope) + 4 * self.ladder.floor()[entry] / shorter.length
        return bool(known and not curved)

    def _scan(self, limit: Limit, entry: int) -> bool:
        """Steps over many orders of magnitude, and three more at the length where neighbouring quotients agree.

        Done once, and only for an entry of which less than six digits are known.
        """
        if self._scanned or limit.error[entry] <= 1e-6 * abs(limit.value[entry]):
            return False
        self._scanned = True
        self.ladder.measure([self.ladder.start - drop for drop in (9, 17, 25, 33)])
        ladder = self.ladder.usable()
        moving = [rung for rung in ladder if rung.rises[:, entry].any()] or ladder
        quotients = np.array([rung.quotient[entry] for rung in moving])
        if quotients.size < 2:
            return True
        # The longest steps on which three quotients agree; the shortest may see no more than the rounding inside f.
        change = np.abs(np.diff(quotients)) / (np.maximum(np.abs(quotients[:-1]), np.abs(quotients[1:])) + 1e-300)
        steady = np.maximum(change, np.append(change[1:], change[-1])) < 0.02
        bends = np.array([abs(rung.bend[entry]) for rung in moving])
        steady &= (bends[:-1] <= 0.1 * np.abs(quotients[:-1])) | (bends[1:] < 0.75 * bends[:-1])
        heights = np.array([np.abs(rung.rises[:, entry]).max() for rung in moving])
        if steady.any():
            chosen = moving[int(np.argmax(steady))].level
        elif heights[-1] < 0.3 * np.median(heights):
            chosen = moving[-1].level  # noise would be as high there as anywhere
        else:
            chosen = moving[int(np.argmin(change))].level
        self.ladder.measure([chosen - 1, chosen - 2, chosen - 3])
        cluster = [rung.quotient[entry] for rung in self.ladder.usable() if chosen - 2 <= rung.level <= chosen]
        if chosen < self.ladder.start - 4 and np.ptp(cluster) < 0.1 * np.abs(cluster).max():
            # Longer steps jump over the structure of f: an accidental agreement among them must not win.
            self.ladder.forget(above=chosen)
        return True
