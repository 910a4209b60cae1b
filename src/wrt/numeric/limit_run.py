"""The limits of a table, extrapolated from both sides or from one: again from shorter steps where the quotients settle only there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wrt.errors import ArgumentError
from wrt.numeric.blackbox import Array, BlackBox
from wrt.numeric.estimate import Kink
from wrt.numeric.limit_sides import settled
from wrt.numeric.limits import Answer

AGAIN = 3  # times that one output is looked at more nearly


class Run:
    """The limits of quotients of one side, or of both (`sign` 0).

    Attributes
    ----------
    value, error, noise, size
        As in `Answer`, for the coordinate that moves, shape (m,); nan and inf where f has no values on that side.
    near
        The h below which the quotients settle, shape (m,); zero where they did from the start.
    kinks, notes
        By the number of the output, and what the table does not say itself.
    """

    def __init__(self, box: BlackBox, point: Array, index: tuple[int, ...], sign: int, scale: float) -> None:
        self._place = (box, point, index, sign)
        m = box.center.size
        self.value, self.error, self.noise, self.size, self.near = np.full(m, np.nan), np.full(m, np.inf), np.zeros(m), np.zeros(m), np.zeros(m)
        self.kinks: dict[int, Kink] = {}
        self.notes: tuple[str, ...] = ()
        answer, x = Answer(box, point), float(point[index])
        try:
            if m:
                answer.add(index, x if sign > 0 else -np.inf, x if sign < 0 else np.inf, scale, 40)
        except ArgumentError:  # f is not finite on this side
            if not sign:
                raise
            return
        column = int(np.ravel_multi_index(index, point.shape)) if index else 0
        self.value, self.error, self.noise, self.size = (each[:, column] for each in (answer.value, answer.error, answer.noise, answer.size))
        self.kinks = {int(np.ravel_multi_index(kink.output, box.shape)) if box.shape else 0: kink for kink in answer.kinks}
        told = {*map(str, answer.kinks), *answer.unsteady}
        self.notes = tuple(note for note in answer.estimate(()).notes if note not in told)

    def steady(self, tiny: Array) -> NDArray[np.bool_]:
        """Where the first digit of the limit is known, or a kink; `tiny` is an error that is small beside the quotients, shape (m,)."""
        steady: NDArray[np.bool_] = (self.error <= np.maximum(0.1 * np.abs(self.value), tiny)) | (self.size == 0)
        return steady

    def come_nearer(self, steps: Array, ahead: Array, behind: Array, blur: Array) -> None:
        """Take limits that quotients of shorter steps deny from those steps instead; all but the steps have shape (k, m)."""
        box, point, index, sign = self._place
        runs: dict[int, Run] = {}
        for row in np.flatnonzero(np.isfinite(self.value) | np.isin(np.arange(self.value.size), list(self.kinks))):
            for _ in range(AGAIN):
                at = self._denied(int(row), ahead[:, row], behind[:, row], blur[:, row])
                if at is None:
                    break
                if at not in runs:
                    runs[at] = Run(box, point, index, sign, 8 * float(steps[at]))
                self._take(int(row), runs[at], float(steps[at]))

    def _denied(self, row: int, ahead: Array, behind: Array, blur: Array) -> int | None:
        """From which step on the quotients deny this limit."""
        kink, sign = self.kinks.get(row), self._place[3]
        ends = (kink.forward, kink.backward) if kink else (float(self.value[row]),) * 2
        doubt = 0.01 * abs(ends[0] - ends[1]) if kink else float(self.error[row])
        if not np.isfinite([*ends, doubt]).all():
            return None
        found = [settled(q, blur, end, doubt) for q, end, side in zip((ahead, behind), ends, (1, -1), strict=True) if sign in (0, side)]
        return min((at for at in found if at is not None), default=None)

    def _take(self, row: int, other: Run, near: float) -> None:
        for mine, its in ((self.value, other.value), (self.error, other.error), (self.noise, other.noise), (self.size, other.size)):
            mine[row] = its[row]
        self.near[row] = near
        self.kinks.pop(row, None)
        if row in other.kinks:
            self.kinks[row] = other.kinks[row]
