"""The parts of a term that its factors do not tie together: what a Kronecker product, or an entry, is a product of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from wrt.notation.eliminate import Held, eliminate
from wrt.notation.expression import Expr

if TYPE_CHECKING:
    from wrt.notation.matrix import Opened

Slots = tuple[int, ...]


def tied(factors: Sequence[Held], free: Collection[int]) -> list[list[Held]]:
    """The factors in groups that share summed labels; `free` are those that are not summed."""
    groups: list[list[Held]] = []
    for factor in factors:
        mine = {label for label in factor[1] if label not in free}
        meeting = [group for group in groups if any(mine.intersection(labels) for _, labels in group)]
        groups = [group for group in groups if group not in meeting]
        groups.append([f for group in meeting for f in group] + [factor])
    return groups


class Components:
    """Which out slots are tied together, and what any of them are as a vector or matrix."""

    def __init__(self, opened: Opened, rows: int) -> None:
        self.opened, self.rows = opened, rows
        self.out = [slot for slot in opened.out if slot is not None]
        self.scalars = [e for e, labels in opened.factors if not labels]
        self.home = {label: label for label in range(len(opened.sizes))}
        for _, labels in opened.factors:
            for label in labels[1:]:
                self._join(labels[0], label)
        tied = {self._root(label) for label in self.out}
        self.factors = [f for f in opened.factors if f[1] and self._root(f[1][0]) in tied]
        loose = [f for f in opened.factors if f[1] and self._root(f[1][0]) not in tied]
        if loose:
            e = eliminate(loose, (), opened.sizes)
            self.fits = e is not None
            self.scalars += [] if e is None else [e]
        else:
            self.fits = True

    def _root(self, label: int) -> int:
        while self.home[label] != label:
            label = self.home[label]
        return label

    def _join(self, a: int, b: int) -> None:
        self.home[self._root(a)] = self._root(b)

    def apart(self, *blocks: Slots) -> list[Expr] | None:
        """One expression a block of slots, if no component reaches over two blocks."""
        roots = [{self._root(self.out[slot]) for slot in block} for block in blocks]
        if not self.fits or sum(map(len, roots)) != len(set().union(*roots)):
            return None
        found: list[Expr] = []
        for block, mine in zip(blocks, roots, strict=True):
            factors = [f for f in self.factors if self._root(f[1][0]) in mine]
            e = eliminate(factors, [self.out[slot] for slot in block], self.opened.sizes)
            if e is None:
                return None
            found.append(e)
        return found

    def diagonal(self) -> Expr | None:
        """P where F_ij by X_kl is P_ij δ_ik δ_jl."""
        if not self.fits or self.out[:2] != self.out[2:] or self.out[0] == self.out[1]:
            return None
        return eliminate(self.factors, self.out[:2], self.opened.sizes)
