"""Sums for display: equal terms collected, common numbers in front, common outer factors put back: Xᵀ(Xw − y), (A + Aᵀ)x."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wrt.graph.node import Scalar
from wrt.notation.algebra import kronecker
from wrt.notation.build import diag, fronted, product, quotient, split, transpose
from wrt.notation.expression import Diag, Expr, Hadamard, Kronecker, Number, Product, Quotient, Sum, Transpose, Zero, form, is_scalar


def total(terms: Iterable[Expr], *, factor: bool = True) -> Expr:
    """The sum; with `factor`, common factors are put back outside (what a user wrote is better left as it is)."""
    every = [inner for e in terms for inner in (e.terms if isinstance(e, Sum) else (e,))]
    collected = _collected(_ones_as_numbers(every))
    if not collected:
        return next((e for e in every if isinstance(e, Zero)), Number(0))
    collected = _untransposed_first(collected)
    if factor:
        collected = _factored(collected)
    common, collected = _common_number(collected) if factor else (1, collected)
    parts = [product((core,), number) for core, number in collected]
    if len(parts) == 1:
        return product(parts, common)
    if collected[0][1] < 0:  # a − b reads better than −b + a
        first = next((i for i, (_, number) in enumerate(collected) if number > 0), 0)
        parts = [parts[first], *parts[:first], *parts[first + 1 :]]
    made: Expr = Sum(tuple(parts))
    if form(made) == "row" and factor:
        made = transpose(Sum(tuple(map(transpose, parts))))
    return product((made,), common)


Collected = list[tuple[Expr, Scalar]]  # core, its number


def _ones_as_numbers(terms: Sequence[Expr]) -> Sequence[Expr]:
    """x ⊘ x beside other arrays is 1."""
    unit = [isinstance(core := split(e)[1], Quotient) and core.top == core.bottom and not is_scalar(core) for e in terms]
    if not any(unit) or not any(not one and not is_scalar(e) for one, e in zip(unit, terms, strict=True)):
        return terms
    return [Number(split(e)[0]) if one else e for one, e in zip(unit, terms, strict=True)]


def _collected(terms: Sequence[Expr]) -> Collected:
    found: dict[Expr, tuple[Expr, Scalar]] = {}
    for e in terms:
        if isinstance(e, Zero):
            continue
        number, core = split(e)
        key = Hadamard(tuple(sorted(core.factors, key=repr))) if isinstance(core, Hadamard) else core
        first, held = found.get(key, (core, 0))
        found[key] = first, held + number
    return [(core, number) for core, number in found.values() if number != 0]


def _untransposed_first(terms: Collected) -> Collected:
    """A + Aᵀ and not Aᵀ + A."""
    cores = [core for core, _ in terms]
    done: Collected = []
    for core, number in terms:
        position = len(done)
        if isinstance(core, Transpose) is False and transpose(core) in cores and form(core) == "matrix":
            position = next((i for i, (other, _) in enumerate(done) if other == transpose(core)), position)
        done.insert(position, (core, number))
    return done


def _common_number(terms: Collected) -> tuple[Scalar, Collected]:
    first = terms[0][1]
    if len(terms) < 2 or any(abs(number) != abs(first) for _, number in terms):
        return 1, terms
    common = abs(first)
    if all(number < 0 for _, number in terms):
        common = -common
    return common, [(core, 1 if number * common > 0 else -1) for core, number in terms]


def _factored(terms: Collected) -> Collected:
    """Terms with the same scalars in front are joined: diag(u) + diag(v), P ⊗ R + Q ⊗ R, and common outer factors."""
    if len(terms) < 2 or any(is_scalar(core) for core, _ in terms):
        return terms
    groups: dict[Expr, Collected] = {}
    for core, number in terms:
        front, rest = fronted(core)
        groups.setdefault(front, []).append((rest, number))
    joined: list[tuple[Expr, Expr, Scalar]] = []  # scalars in front, matrices, number
    for front, members in groups.items():
        for rest, number in _ends_joined(_kroneckers(_diagonals(members))):
            joined.append((front, rest, number))
    common = _common_front([front for front, _, _ in joined])
    if len(joined) < 2 or common == Number(1):
        return [split(product((front, rest), number))[::-1] for front, rest, number in joined]
    inner = total(product((quotient(front, common), rest), number) for front, rest, number in joined)
    number, core = split(product((common, inner)))
    return [(core, number)]


def _common_front(fronts: Sequence[Expr]) -> Expr:
    """The scalars that stand in front of every term, and the denominator if it is the same for all."""

    def halves(front: Expr) -> tuple[list[Expr], Expr]:
        top, bottom = (front.top, front.bottom) if isinstance(front, Quotient) else (front, Number(1))
        return list(top.scalars) if isinstance(top, Product) and not top.matrices else [top], bottom

    tops, bottoms = zip(*map(halves, fronts), strict=True)
    shared = [e for e in tops[0] if e != Number(1) and all(e in top for top in tops[1:])]
    return quotient(product(shared), bottoms[0] if len(set(bottoms)) == 1 else Number(1))


def _ends_joined(terms: Collected) -> Collected:
    """The largest group with a common outer factor becomes one term, as long as there is one: XᵀA + XᵀB is Xᵀ(A + B)."""
    while len(terms) > 1:
        groups: dict[tuple[int, Expr], list[int]] = {}
        for i, (core, _) in enumerate(terms):
            if isinstance(core, Product) and len(core.matrices) > 1:
                for side in (0, -1):
                    groups.setdefault((side, core.matrices[side]), []).append(i)
        best = max(groups.items(), key=lambda group: len(group[1]), default=None)
        if best is None or len(best[1]) < 2:
            break
        (side, outer), members = best
        inner = total(product(_rest(terms[i][0], side), terms[i][1]) for i in members)
        number, core = split(product((outer, inner) if side == 0 else (inner, outer)))
        rest = [term for i, term in enumerate(terms) if i not in members]
        terms = [*rest[: members[0]], (core, number), *rest[members[0] :]]
    return terms


def _rest(core: Expr, side: int) -> tuple[Expr, ...]:
    assert isinstance(core, Product)
    return core.matrices[1:] if side == 0 else core.matrices[:-1]


def _diagonals(terms: Collected) -> Collected:
    """diag(u) + diag(v) is diag(u + v)."""
    members = [(core.of, number) for core, number in terms if isinstance(core, Diag)]
    if len(members) < 2:
        return terms
    number, core = split(diag(total(product((of,), count) for of, count in members)))
    first = next(i for i, (e, _) in enumerate(terms) if isinstance(e, Diag))
    return [(core, number) if i == first else term for i, term in enumerate(terms) if i == first or not isinstance(term[0], Diag)]


def _kroneckers(terms: Collected) -> Collected:
    """P ⊗ R + Q ⊗ R is (P + Q) ⊗ R, where all terms are such."""
    cores = [(core, number) for core, number in terms if isinstance(core, Kronecker)]
    if len(cores) < 2 or len(cores) < len(terms):
        return terms
    for shared in (-1, 0):
        sides = [(core.left, core.right) if shared == -1 else (core.right, core.left) for core, _ in cores]
        if len({fixed for _, fixed in sides}) == 1:
            inner = total(product((moving,), number) for (moving, _), (_, number) in zip(sides, cores, strict=True))
            number, core = split(kronecker(inner, sides[0][1]) if shared == -1 else kronecker(sides[0][1], inner))
            return [(core, number)]
    return terms
