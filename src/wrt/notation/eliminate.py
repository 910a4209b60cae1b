"""Index elimination: a product of indexed vectors and matrices, summed over some labels, as one matrix expression.

The rules undo one label at a time: A_is B_sj summed over s is AB, A_ii is a trace, v_i A_ij is diag(v) A, a label that occurs once is a
sum with 𝟏. This is series-parallel reduction: it succeeds exactly when the graph of the labels has treewidth at most two. Where it
does not, the answer is None and never a formula that has lost the order of its indices.
Source: Duffin, Topology of series-parallel networks (1965), for the reduction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from wrt.graph.node import Scalar
from wrt.graph.size import Size
from wrt.notation.algebra import diag_part, trace
from wrt.notation.build import ONE, diag, fronted, hadamard, product, split, transpose
from wrt.notation.expression import Diag, Expr, Identity, Ones, Product, Quotient, Transpose, is_scalar, transposes, weight

Held = tuple[Expr, tuple[int, ...]]  # a scalar, column or matrix and its labels


def eliminate(factors: Sequence[Held], out: Sequence[int], sizes: Mapping[int, Size] | Sequence[Size], number: Scalar = 1) -> Expr | None:
    """A scalar for no out label, a column for one, a matrix for two; two equal out labels make a diagonal matrix."""
    if len(out) > 2 or any(len(labels) > 2 for _, labels in factors):
        return None
    if len(out) == 2 and out[0] == out[1]:
        diagonal = eliminate(factors, out[:1], sizes, number)
        return None if diagonal is None else diag(diagonal)
    return _Elimination(factors, tuple(out), sizes).run(number)


class _Elimination:
    def __init__(self, factors: Sequence[Held], out: tuple[int, ...], sizes: Mapping[int, Size] | Sequence[Size]) -> None:
        self.scalars = [e for e, labels in factors if not labels]
        self.held: list[Held] = [(self._fronted(e), labels) for e, labels in factors if labels]
        self.out, self.sizes = out, sizes
        self.rank: dict[Expr, int] = {}
        for position, (e, _) in enumerate(self.held):
            self.rank.setdefault(e, position)

    def run(self, number: Scalar) -> Expr | None:
        steps = (self._repeated, self._once, self._contract, self._together, self._scale)
        while any(step() for step in steps):
            pass
        e = self._result()
        return None if e is None else product((*self.scalars, e), number)

    def _result(self) -> Expr | None:
        by_labels = {labels: e for e, labels in self.held}
        if len(by_labels) < len(self.held):
            return None
        if not self.out:
            return None if self.held else ONE
        if len(self.out) == 1:
            return by_labels.get(self.out, Ones(self.sizes[self.out[0]])) if set(by_labels) <= {self.out} else None
        i, j = self.out
        for labels, turn in (((i, j), False), ((j, i), True)):
            if set(by_labels) == {labels}:
                return transpose(by_labels[labels]) if turn else by_labels[labels]
        if set(by_labels) <= {(i,), (j,)}:
            return product((by_labels.get((i,), Ones(self.sizes[i])), transpose(by_labels.get((j,), Ones(self.sizes[j])))))
        return None

    def _fronted(self, e: Expr) -> Expr:
        """The vector or matrix itself; what stands in front of it is kept with the scalars."""
        front, rest = fronted(e)
        self.scalars.append(front)
        return rest

    def _occurrences(self, label: int) -> int:
        return sum(labels.count(label) for _, labels in self.held)

    def _replace(self, old: Sequence[int], e: Expr, labels: tuple[int, ...]) -> bool:
        """Put a new factor where the first of the old ones stood; its numbers and scalars go in front."""
        if not labels:
            self.scalars.append(e)
        else:
            e = self._fronted(e)
        kept = [] if not labels else [(e, labels)]
        self.held = [f for k, factor in enumerate(self.held) for f in (kept if k == min(old) else [] if k in old else [factor])]
        return True

    def _repeated(self) -> bool:
        """A_ii: a trace if nothing else holds i, else the diagonal."""
        for k, (e, labels) in enumerate(self.held):
            if len(labels) == 2 and labels[0] == labels[1]:
                alone = labels[0] not in self.out and self._occurrences(labels[0]) == 2
                return self._replace((k,), self._trace(e), ()) if alone else self._replace((k,), diag_part(e), labels[:1])
        return False

    def _once(self) -> bool:
        """A summed label that occurs once: a sum with 𝟏."""
        for k, (e, labels) in enumerate(self.held):
            for axis, label in enumerate(labels):
                if label not in self.out and self._occurrences(label) == 1:
                    ones = Ones(self.sizes[label])
                    if len(labels) == 1:
                        sums = product((transpose(ones), e)), product((transpose(e), ones))
                        return self._replace((k,), min(sums, key=transposes), ())
                    return self._replace((k,), product((e if axis == 1 else transpose(e), ones)), (labels[1 - axis],))
        return False

    def _contract(self) -> bool:
        """A label summed over exactly two factors: their product; the smallest factors first."""
        best: tuple[int, int, list[int]] | None = None
        for label in {label for _, labels in self.held for label in labels if label not in self.out}:
            where = [k for k, (_, labels) in enumerate(self.held) if label in labels]
            if self._occurrences(label) != 2 or len(where) != 2:
                continue
            first, second = (self.held[k][1] for k in where)
            if len(first) == 2 and set(first) == set(second):
                continue
            if best is None or (len(first) + len(second), label) < best[:2]:
                best = (len(first) + len(second), label, where)
        if best is None:
            return False
        _, label, where = best
        (a, la), (b, lb) = (self.held[k] for k in where)
        if len(la) == len(lb) == 1:
            met = hadamard((a, b))
            if isinstance(a, Quotient) != isinstance(b, Quotient) and weight(met) < weight(a) + weight(b) - 1:  # it has met its divisor
                return self._replace(where, product((transpose(Ones(self.sizes[label])), met)), ())
            return self._replace(where, self._fewest(product((transpose(a), b)), product((transpose(b), a))), ())
        if len(la) == 1:
            (a, la), (b, lb) = (b, lb), (a, la)
        left = a if la[1] == label else transpose(a)
        right = b if lb[0] == label else transpose(b)
        rest = tuple(other for other in (*la, *lb) if other != label)
        one, other = product((left, right)), rest
        if len(rest) == 2 and rest == self.out[::-1]:
            one, other = transpose(one), rest[::-1]
        return self._replace(where, one, other)

    def _together(self) -> bool:
        """Two factors with the same labels: entry by entry; tr(AᵀB) where both labels end here, diag(AB) where one does."""
        for p, q in combinations(range(len(self.held)), 2):
            (a, la), (b, lb) = self.held[p], self.held[q]
            if set(la) != set(lb):
                continue
            if len(la) == 1:
                return self._replace((p, q), hadamard((a, b)), la)
            ending = [label for label in la if label not in self.out and self._occurrences(label) == 2]
            if len(ending) == 2:
                return self._replace((p, q), self._trace(product((transpose(a), b if la == lb else transpose(b)))), ())
            if len(ending) == 1:
                label, stays = ending[0], next(x for x in la if x not in ending)
                left = a if la[1] == label else transpose(a)
                right = b if lb[0] == label else transpose(b)
                path = diag_part(self._fewest(product((left, right)), transpose(product((left, right)))))
                lying = hadamard((left, transpose(right)))
                rows = product((lying, Ones(self.sizes[label])))
                return self._replace((p, q), path if transposes(path) < transposes(rows) else rows, (stays,))
            if isinstance(a, (Diag, Identity)) or isinstance(b, (Diag, Identity)):
                other, d = (a, b) if isinstance(b, (Diag, Identity)) else (b, a)
                return self._replace((p, q), diag(hadamard((diag_part(other), diag_part(d)))), la)
            turned = la == self.out[::-1] and la != lb
            e = hadamard((a, b if la == lb else transpose(b))) if not turned else hadamard((transpose(a), b))
            return self._replace((p, q), e, lb if turned else la)
        return False

    def _scale(self) -> bool:
        """A vector on a label of a matrix scales its rows or columns."""
        for k, (v, labels) in enumerate(self.held):
            if len(labels) != 1:
                continue
            for q, (a, la) in enumerate(self.held):
                if len(la) == 2 and labels[0] in la:
                    return self._replace((q, k), product((diag(v), a) if la[0] == labels[0] else (a, diag(v))), la)
        return False

    def _fewest(self, *candidates: Expr) -> Expr:
        """Fewest transposes, then the order in which the factors were given."""
        return min(candidates, key=lambda e: (transposes(e), self._order(e)))

    def _order(self, e: Expr) -> list[int]:
        parts = e.matrices if isinstance(e, Product) else (e,)
        return [self.rank.get(m.of if isinstance(m, Transpose) else m, len(self.rank)) for m in parts]

    def _trace(self, e: Expr) -> Expr:
        """tr of the best rotation of a cycle of factors."""
        number, core = split(e)
        if not isinstance(core, Product) or len(core.matrices) < 2:
            return trace(e)
        turns = [core.matrices[k:] + core.matrices[:k] for k in range(len(core.matrices))]
        cycles = [product(turn) for turn in turns]
        open_ended = next((c for c in cycles if is_scalar(c)), None)  # tr(u vᵀA) = vᵀA u
        if open_ended is not None:
            return product((*core.scalars, open_ended), number)
        best = self._fewest(*cycles, *map(transpose, cycles))
        pairs = [c for c in cycles if isinstance(c, Product) and len(c.matrices) == 2]
        square = next((c for c in pairs if transpose(c.matrices[0]) == c.matrices[1]), None)
        return product((*core.scalars, trace(square or best)), number)
