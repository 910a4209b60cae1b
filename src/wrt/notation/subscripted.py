"""One entry of an expression, as a product of entries: (diag(v) A)_ij = v_i A_ij, (uvᵀ)_ij = u_i v_j, tanh(Wx)_i = tanh((Wx)_i).

Sums of such entries are gathered: common factors outside, sums over the same letters joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from wrt.notation.build import bare, product, quotient, split, transpose
from wrt.notation.entrywise import call, power
from wrt.notation.expression import (
    Bracket,
    Call,
    Delta,
    Diag,
    Expr,
    Hadamard,
    Identity,
    Indexed,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Subscript,
    Sum,
    Summation,
    Symbol,
    Transpose,
    Zero,
    children,
    form,
    is_scalar,
)
from wrt.notation.operation import is_elementwise
from wrt.notation.total import common_front, total

Slots = tuple[Subscript, ...]


def entry(e: Expr, at: Slots) -> Expr:
    """The scalar that stands at these subscripts."""
    if is_scalar(e):
        return e
    match e:
        case Zero():
            return Number(0)
        case Ones():
            return Number(1)
        case Identity():
            return Delta(*at)
        case Diag(v):
            return product((entry(v, at[:1]), Delta(*at)))
        case Transpose(of) if len(at) == 2 and form(of) == "matrix":
            return entry(of, at[::-1])
        case Transpose(of) if len(at) == 1:
            return entry(of, at)
        case Hadamard(factors):
            return product([entry(f, at) for f in factors])
        case Quotient(top, bottom):
            return quotient(entry(top, at), entry(bottom, at))
        case Power(base, exponent):
            return power(entry(base, at), entry(exponent, at))
        case Bracket(of):
            return Bracket(entry(of, at))
        case Call(op, arguments, _, node) if node is None or is_elementwise(node):
            return call(op, [entry(a, at) for a in arguments], node)
        case Sum(terms) if len(at) == 1 or any(map(_spreads, terms)):
            if any(map(_spreads, terms)):
                return total((entry(t, at) for t in terms), factor=False)
        case Product(number, scalars, matrices) if matrices and (number != 1 or scalars):
            return product((*scalars, entry(bare(Product(1, (), matrices)), at)), number)
        case Product(_, _, matrices) if len(at) == 2:
            return _of_product(matrices, at)
    return Indexed(e, at)


def _spreads(e: Expr) -> bool:
    """Whether something is repeated along an axis."""
    return is_scalar(e) or any(isinstance(c, Ones) or (isinstance(c, Transpose) and isinstance(c.of, Ones)) for c in children(split(e)[1]))


def _of_product(matrices: tuple[Expr, ...], at: Slots) -> Expr:
    """Outer products fall apart, diagonal matrices scale."""
    first, last = matrices[0], matrices[-1]
    for cut in range(1, len(matrices)):
        left, right = product(matrices[:cut]), product(matrices[cut:])
        if form(left) == "column" and form(right) == "row":
            return product((entry(left, at[:1]), entry(transpose(right), at[1:])))
    if isinstance(first, Diag):
        return product((entry(first.of, at[:1]), entry(product(matrices[1:]), at)))
    if isinstance(last, Diag):
        return product((entry(product(matrices[:-1]), at), entry(last.of, at[1:])))
    flipped = transpose(Product(1, (), matrices))
    turned = isinstance(flipped, Product) and sum(isinstance(m, Transpose) for m in flipped.matrices) < sum(isinstance(m, Transpose) for m in matrices)
    return Indexed(flipped, at[::-1]) if turned else Indexed(Product(1, (), matrices), at)


def gathered(terms: Iterable[Expr]) -> Expr:
    """The sum of scalars: sums over the same letters are one, factors of all terms stand outside."""
    parts: list[Expr] = []
    for e in terms:
        number, core = split(e)
        parts += [product((t,), number) for t in core.terms] if isinstance(core, Sum) and abs(number) == 1 else [e]
    made = total(_same_places(_joined(parts)), factor=False)
    if not isinstance(made, Sum):
        return made
    made = _shared(made)
    if not isinstance(made, Sum):
        return made
    numbers, cores = zip(*map(split, made.terms), strict=True)
    common = common_front(cores)
    scale = numbers[0] if all(n == numbers[0] for n in numbers) else 1
    if not all(n == numbers[0] for n in numbers) and all(abs(n) == abs(numbers[0]) for n in numbers):
        scale = abs(numbers[0])
    if common == Number(1) and scale == 1:
        return made
    inner = total((product((quotient(core, common),), _over(n, scale)) for core, n in zip(cores, numbers, strict=True)), factor=False)
    return product((common, inner), scale)


def _same_places(terms: Sequence[Expr]) -> list[Expr]:
    """y_j − (Xw)_j is (y − Xw)_j."""
    groups: dict[Any, list[tuple[Any, Indexed]]] = {}
    for e in terms:
        number, core = split(e)
        if isinstance(core, Indexed):
            groups.setdefault((core.index, form(core.of)), []).append((number, core))
    done: list[Expr] = []
    joined: set[Any] = set()
    for e in terms:
        number, core = split(e)
        key = (core.index, form(core.of)) if isinstance(core, Indexed) else None
        members = groups.get(key, [])
        if len(members) < 2 or all(isinstance(m.of, Symbol) for _, m in members):
            done.append(e)
        elif key not in joined:
            joined.add(key)
            whole, inside = split(total(product((m.of,), n) for n, m in members))
            done.append(product((Indexed(inside, members[0][1].index),), whole))
    return done


def _shared(made: Sum) -> Expr:
    """a b + a c + d is a (b + c) + d for the factor that most terms have."""
    split_terms = [split(t) for t in made.terms]
    lists = [list(core.scalars) if isinstance(core, Product) and not core.matrices else [core] for _, core in split_terms]
    counts: dict[Expr, list[int]] = {}
    for i, factors in enumerate(lists):
        for factor in factors:
            if not isinstance(factor, (Delta, Number)):
                counts.setdefault(factor, []).append(i)
    best = max(counts.items(), key=lambda held: len(held[1]), default=None)
    if best is None or not 1 < len(best[1]) < len(lists):
        return made
    factor, members = best
    inner = gathered([product((quotient(split_terms[i][1], factor),), split_terms[i][0]) for i in members])
    rest = [t for i, t in enumerate(made.terms) if i not in members]
    return total([product((factor, inner)), *rest], factor=False)


def _over(number: Any, scale: Any) -> Any:
    return 1 if number == scale else -1 if number == -scale else number / scale


def _joined(terms: Sequence[Expr]) -> list[Expr]:
    groups: dict[tuple[Any, ...], list[tuple[Summation, Any, Expr]]] = {}
    rest: list[Expr] = []
    for e in terms:
        number, core = split(e)
        front, body = _fronted(core)
        if isinstance(body, Summation):
            groups.setdefault((body.sizes, front), []).append((body, number, front))
        else:
            rest.append(e)
    done: list[Expr] = []
    for members in groups.values():
        first, number, front = members[0]
        if len(members) == 1:
            done.append(product((front, first), number))
            continue
        bodies = [product((renamed(s.body, dict(zip(s.letters, first.letters, strict=True))),), n) for s, n, _ in members]
        number, body = split(gathered(bodies))
        done.append(product((front, Summation(first.letters, first.sizes, body)), number))
    return [*done, *rest] if terms and not rest else [*rest, *done]


def _fronted(core: Expr) -> tuple[Expr, Expr]:
    if isinstance(core, Product) and core.scalars and isinstance(core.scalars[-1], Summation) and not core.matrices:
        return product(core.scalars[:-1]), core.scalars[-1]
    return Number(1), core


def renamed(e: Any, by: Mapping[str, str]) -> Any:
    """The expression with other letters as indices."""
    if isinstance(e, Subscript):
        parts = tuple((by.get(letter, letter), c) for letter, c in e.parts)
        return replace(e, parts=parts, inner=tuple(renamed(i, by) for i in e.inner))
    if isinstance(e, tuple):
        return tuple(renamed(part, by) for part in e)
    if isinstance(e, Expr.__args__):
        return replace(e, **{f.name: renamed(getattr(e, f.name), by) for f in fields(e) if f.name not in ("node", "attrs", "sizes", "letters")})
    return e
