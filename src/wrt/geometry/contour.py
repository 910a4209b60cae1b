"""Level curves of a sampled function: which grid edges they cross, and how the crossings link to polylines (marching squares)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Crossings:
    """The edges of a grid between whose ends the sign changes, and what links them."""

    starts: np.ndarray
    """(k, 2) grid indices (i, j) of the lower end of each edge."""
    ends: np.ndarray
    """(k, 2) grid indices of the upper end."""
    links: tuple[tuple[int, int], ...]
    """Pairs of edges that one piece of curve joins within a cell."""


def crossings(positive: np.ndarray, finite: np.ndarray, middle: Callable[[np.ndarray], np.ndarray]) -> Crossings:
    """Where the sign (nx, ny) changes; `middle` gives the value in the middle of cells (k, 2), where a saddle asks for it."""
    across = (positive[1:] != positive[:-1]) & finite[1:] & finite[:-1]  # edges along the first axis
    along = (positive[:, 1:] != positive[:, :-1]) & finite[:, 1:] & finite[:, :-1]
    first, second = np.argwhere(across), np.argwhere(along)
    number = {("x", int(i), int(j)): k for k, (i, j) in enumerate(first)}
    number |= {("y", int(i), int(j)): k + len(first) for k, (i, j) in enumerate(second)}
    cells = defaultdict(list)
    for (kind, i, j), k in number.items():
        cells[i, j].append(k)
        cells[(i, j - 1) if kind == "x" else (i - 1, j)].append(k)
    links: list[tuple[int, int]] = []
    saddles = []
    for cell, edges in cells.items():
        if len(edges) == 2:
            links.append((edges[0], edges[1]))
        elif len(edges) == 4:
            saddles.append(cell)
    if saddles:
        centers = middle(np.array(saddles)) >= 0
        for (i, j), center in zip(saddles, centers, strict=True):
            bottom, top, left, right = number["x", i, j], number["x", i, j + 1], number["y", i, j], number["y", i + 1, j]
            # the middle is joined to the corners of its own sign, and the curve cuts the two others off
            links += [(bottom, right), (left, top)] if center == positive[i, j] else [(bottom, left), (right, top)]
    starts = np.concatenate([first, second])
    steps = np.concatenate([np.tile([1, 0], (len(first), 1)), np.tile([0, 1], (len(second), 1))])
    return Crossings(starts, starts + steps, tuple(links))


def chains(count: int, links: tuple[tuple[int, int], ...]) -> list[tuple[list[int], bool]]:
    """The links as polylines: (crossings in order, whether closed). A crossing has at most two links."""
    near: dict[int, list[int]] = {k: [] for k in range(count)}
    for a, b in links:
        near[a].append(b)
        near[b].append(a)
    found: list[tuple[list[int], bool]] = []
    seen: set[int] = set()
    for start in sorted(near, key=lambda k: len(near[k])):  # open ends first: what is left after them is closed
        if start in seen or not near[start]:
            continue
        chain, at = [start], start
        seen.add(start)
        while (following := next((k for k in near[at] if k not in seen), None)) is not None:
            chain.append(following)
            seen.add(following)
            at = following
        closed = len(chain) > 2 and start in near[at] and len(near[start]) == 2
        found.append((chain, closed))
    return found
