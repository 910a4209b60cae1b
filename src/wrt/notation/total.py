"""Sums for display: equal terms collected, common numbers in front, common outer factors put back: Xᵀ(Xw − y), (A + Aᵀ)x."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wrt.graph.node import Scalar
from wrt.notation.algebra import kronecker
from wrt.notation.build import diag, fronted, hadamard, product, quotient, split, transpose
from wrt.notation.expression import Diag, Expr, Hadamard, Kronecker, LowerHalf, Number, Product, Quotient, Sum, Transpose, Zero, form, is_scalar


def total(terms: Iterable[Expr], *, factor: bool = True) -> Expr:
    """The sum; with `factor`, common factors are put back outside (what a user wrote is better left as it is)."""
    given = list(terms)
    every = [inner for e in given for inner in _opened(e, factor and len({abs(split(e)[0]) for e in given}) == 1)]
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


def _opened(e: Expr, factor: bool) -> Sequence[Expr]:
    """a − (b − c) is a − b + c."""
    number, core = split(e)
    if factor and isinstance(core, Transpose) and isinstance(core.of, Sum) and form(core) == "row":
        return [product((transpose(term),), number) for term in core.of.terms]
    if isinstance(core, Sum) and (factor or number == 1):
        return [product((term,), number) for term in core.terms]
    return (e,)


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
    if len(terms) < 2:
        return terms
    if any(is_scalar(core) for core, _ in terms):
        if not all(is_scalar(core) for core, _ in terms):
            return terms
        terms = _turned(terms)
    groups: dict[Expr, Collected] = {}
    for core, number in terms:
        front, rest = fronted(core)
        groups.setdefault(front, []).append((rest, number))
    joined: list[tuple[Expr, Expr, Scalar]] = []  # scalars in front, matrices, number
    for front, members in groups.items():
        for rest, number in _hadamards(_ends_joined(_kroneckers(_diagonals(_scaled(members))))):
            joined.append((front, rest, number))
    joined = _fronts_joined(joined)
    common = common_front([front for front, _, _ in joined])
    if len(joined) < 2 or common == Number(1):
        return [split(product((front, rest), number))[::-1] for front, rest, number in joined]
    inner = total(product((quotient(front, common), rest), number) for front, rest, number in joined)
    number, core = split(product((common, inner)))
    return [(core, number)]


def _turned(terms: Collected) -> Collected:
    """Scalars like aᵀBc + cᵀDa with the second one read backwards, so that its ends meet those of the first."""
    first = next((core for core, _ in terms if isinstance(core, Product) and len(core.matrices) > 1), None)
    if first is None:
        return terms
    ends = first.matrices[0], first.matrices[-1]
    done: Collected = []
    for core, number in terms:
        if isinstance(core, Product) and len(core.matrices) > 1 and ends[0] != core.matrices[0] and ends[1] != core.matrices[-1]:
            turned = tuple(transpose(m) for m in reversed(core.matrices))
            if ends[0] == turned[0] or ends[1] == turned[-1]:
                core = Product(core.number, core.scalars, turned)
        done.append((core, number))
    return done


def _fronts_joined(terms: list[tuple[Expr, Expr, Scalar]]) -> list[tuple[Expr, Expr, Scalar]]:
    """aM + bM is (a + b)M."""
    groups: dict[Expr, list[tuple[Expr, Scalar]]] = {}
    for front, rest, number in terms:
        groups.setdefault(rest, []).append((front, number))
    done: list[tuple[Expr, Expr, Scalar]] = []
    for rest, fronts in groups.items():
        if len(fronts) > 1 and rest != Number(1):
            number, front = split(total(product((front,), number) for front, number in fronts))
            done.append((front, rest, number))
        else:
            done += [(front, rest, number) for front, number in fronts]
    return done


def _hadamards(terms: Collected) -> Collected:
    """v + v ⊙ w is v ⊙ (1 + w)."""
    counts: dict[Expr, list[int]] = {}
    for i, (core, _) in enumerate(terms):
        for factor in core.factors if isinstance(core, Hadamard) else (core,):
            counts.setdefault(factor, []).append(i)
    best = max(counts.items(), key=lambda held: len(held[1]), default=None)
    if best is None or len(best[1]) < 2 or is_scalar(best[0]):
        return terms
    factor, members = best
    inner = []
    for i in members:
        core, number = terms[i]
        rest = [f for f in core.factors if f != factor] if isinstance(core, Hadamard) else []
        inner.append(product((hadamard(rest) if rest else Number(1),), number))
    number, core = split(hadamard((factor, total(inner))))
    return [(core, number) if i == members[0] else term for i, term in enumerate(terms) if i == members[0] or i not in members]


def _scaled(terms: Collected) -> Collected:
    """X − diag(s) X is diag(1 − s) X, and so from the right."""
    for i, (core, number) in enumerate(terms):
        for k, (other, count) in enumerate(terms):
            if i == k or not isinstance(other, Product) or len(other.matrices) < 2 or other.scalars:
                continue
            for side, rest in ((0, other.matrices[1:]), (-1, other.matrices[:-1])):
                scale = other.matrices[side]
                if isinstance(scale, Diag) and product(rest) == core:
                    inside = diag(total((Number(number), product((scale.of,), count))))
                    front, made = split(product((inside, core) if side == 0 else (core, inside)))
                    left = [term for n, term in enumerate(terms) if n not in (i, k)]
                    return _scaled([*left[: min(i, k)], (made, front), *left[min(i, k) :]])
    return terms


def common_front(fronts: Sequence[Expr]) -> Expr:
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
    """diag(u) + diag(v) is diag(u + v), and so for Φ and Φᵀ; Φ(A) + Φ(A)ᵀ is A for a symmetric A."""
    for name in ("diag", "Φ", "Φᵀ"):
        members = [(i, inside, number) for i, (core, number) in enumerate(terms) if (inside := _inside(core, name)) is not None]
        if len(members) > 1:
            scale, inside = split(total(product((of,), count) for _, of, count in members))
            number, core = split(diag(inside) if name == "diag" else LowerHalf(inside) if name == "Φ" else transpose(LowerHalf(inside)))
            terms = _instead(terms, [i for i, *_ in members], (core, number * scale))
    for i, (core, number) in enumerate(terms):
        if isinstance(core, LowerHalf) and transpose(core.of) == core.of:
            other = next((j for j, term in enumerate(terms) if term == (transpose(core), number)), None)
            if other is not None:
                more, inside = split(core.of)
                return _instead(terms, sorted((i, other)), (inside, number * more))
    return terms


def _inside(core: Expr, name: str) -> Expr | None:
    match core:
        case Diag(of) if name == "diag":
            return of
        case LowerHalf(of) if name == "Φ":
            return of
        case Transpose(LowerHalf(of)) if name == "Φᵀ":
            return of
    return None


def _instead(terms: Collected, members: list[int], term: tuple[Expr, Scalar]) -> Collected:
    """The terms with one in place of some."""
    return [term if i == members[0] else other for i, other in enumerate(terms) if i == members[0] or i not in members]


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
