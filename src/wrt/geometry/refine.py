"""Sign changes that a grid does not show: cells in which a function comes near to 0 are divided until it is clear of it, or changes sign."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

DEPTH = 16  # halvings of a cell
MOST = 60_000  # parts of cells that are looked at
BETWEEN = 7  # points looked at within an edge that is crossed

Slopes = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def hidden_cells(grid: np.ndarray, values: np.ndarray, slopes: np.ndarray, positive: np.ndarray, of: Slopes) -> np.ndarray:
    """The cells (k, 2) with one sign at their corners and another within; `of` gives values and gradients at points (n, 2).

    A cell is divided where the smallest corner is within reach of 0 by the slopes of its corners. `positive` is the sign at the points
    of the grid, also where the value is 0.
    """
    signs, size = _corners(positive), grid[1, 1] - grid[0, 0]
    one = np.isfinite(_corners(values)).all(2) & (signs == signs[..., :1]).all(2)
    cells = np.argwhere(one & _near(_corners(values), _corners(slopes), size))
    lowest = grid[tuple(cells.T)]
    owner, sign = np.arange(len(cells)), np.where(positive[tuple(cells.T)], 1, -1)
    found, left = np.zeros(len(cells), bool), MOST
    square = np.array([[0, 0], [1, 0], [0, 1], [1, 1]])
    looked = np.concatenate([square, [[0.382, 0.618]]])  # one point off the lattice: a wave that fits the grid fits its halves
    for _ in range(DEPTH):
        open_ = ~found[owner]
        lowest, owner = lowest[open_], owner[open_]
        if not len(lowest) or not left:
            break
        every = -(-4 * len(lowest) // left)  # where too many are open, some stand for all
        lowest, owner = lowest[::every], owner[::every]
        left = max(left - 4 * len(lowest), 0)
        size = size / 2
        lowest = (lowest[:, None] + square * size).reshape(-1, 2)
        owner = np.repeat(owner, 4)
        value, slope = of((lowest[:, None] + looked * size).reshape(-1, 2))
        value, slope = value.reshape(-1, 5), slope.reshape(-1, 5, 2)
        turned = (np.sign(value) == -sign[owner, None]).any(1)
        found[owner[turned]] = True
        near = _near(value, slope, size)
        lowest, owner = lowest[near], owner[near]
    return cells[found]


def crossed_again(low: np.ndarray, high: np.ndarray, of: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether one of the edges, which change sign from end to end, does so more than once."""
    if not len(low):
        return False
    t = np.linspace(0, 1, BETWEEN + 2)[:, None, None]
    signs = np.sign(of((low + t * (high - low)).reshape(-1, 2))).reshape(BETWEEN + 2, -1)
    return bool((np.count_nonzero(signs[1:] * signs[:-1] < 0, axis=0) > 1).any())


def boxes(cells: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Groups of cells that touch, each as its first and last cell."""
    left, found = {tuple(cell) for cell in cells.tolist()}, []
    while left:
        group, waiting = [], [left.pop()]
        while waiting:
            i, j = waiting.pop()
            group.append((i, j))
            for near in ((i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)):
                if near in left:
                    left.remove(near)
                    waiting.append(near)
        found.append((np.min(group, axis=0), np.max(group, axis=0)))
    return found


def _corners(values: np.ndarray) -> np.ndarray:
    """The four corners of each cell along a new axis after the cells'."""
    return np.stack([values[:-1, :-1], values[1:, :-1], values[:-1, 1:], values[1:, 1:]], axis=2)


def _near(values: np.ndarray, slopes: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Whether the steepest corner would bring the smallest one to 0 over the cell."""
    with np.errstate(all="ignore"):
        near: np.ndarray = np.abs(values).min(-1) <= (np.abs(slopes) * size).sum(-1).max(-1)
    return near
