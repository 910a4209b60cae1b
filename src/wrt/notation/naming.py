"""Names for long parts that occur several times: I/s − eeᵀ/(Ns³), with e = x − 𝟏ᵀx/N, s = sqrt(‖e‖²/N).

The part whose name saves most is named first, as long as a name saves a reader something; then parts of what is left and of what was named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from typing import Any

from wrt.notation.build import split, transpose
from wrt.notation.expression import (
    Array,
    Call,
    Delta,
    Diag,
    DiagPart,
    Expr,
    Indexed,
    Inverse,
    Number,
    Ones,
    Power,
    Product,
    Quotient,
    Sum,
    Summation,
    Symbol,
    Transpose,
    form,
    parts,
)
from wrt.notation.text import text

Named = tuple[tuple[Symbol, Expr], ...]

SAVED, SHORT, MOST = 8, 6, 4  # characters that a name must save, that a part must have; so many names
_PLAIN = (Symbol, Number, Ones, Transpose, Diag, DiagPart, Indexed, Delta, Summation, Array)
_NOT_PARTS = ("node", "attrs", "index", "position", "ranges", "sizes", "letters")
_ALL = Expr.__args__


def named(e: Expr, taken: Iterable[str] = ()) -> tuple[Expr, Named]:
    """The expression with names for its long, repeated parts, and what these names stand for."""
    used = {*taken, *(part.name for part in parts(e) if isinstance(part, Symbol)), *_sizes(e)}
    found: list[tuple[Symbol, Expr]] = []
    while len(found) < MOST:
        best = _best([e, *(part for _, part in found)])
        if best is None:
            break
        symmetric = form(best) == "matrix" and transpose(best) == best
        symbol = Symbol(_name(best, used), form(best), symmetric)
        used.add(symbol.name)
        by: dict[Expr, Expr] = {best: symbol}
        if symbol.form == "matrix" and not symmetric:
            by[transpose(best)] = Transpose(symbol)
        e = exchanged(e, by)
        found = [(name, exchanged(part, by)) for name, part in found]
        found.append((symbol, best))
    return e, _ordered(found)


def _ordered(found: list[tuple[Symbol, Expr]]) -> Named:
    """Every definition before those of the names that it uses."""
    waiting = list(found)
    done: list[tuple[Symbol, Expr]] = []
    while waiting:
        used = {part for _, e in waiting for part in parts(e) if isinstance(part, Symbol)}
        first = next(one for one in waiting if one[0] not in used)
        waiting.remove(first)
        done.append(first)
    return tuple(done)


def _best(where: list[Expr]) -> Expr | None:
    counts: Counter[Expr] = Counter(part for e in where for part in parts(e) if not isinstance(part, _PLAIN))
    best, most = None, SAVED - 1
    for part, count in counts.items():
        if count < 2 or form(part) not in ("scalar", "column", "matrix") or not _is_named_well(part):
            continue
        if form(part) == "matrix" and transpose(part) != part:
            count += counts.get(transpose(part), 0)
        length = len(text(part))
        saved = count * (length - 1) - (length + 9)
        if length >= SHORT and saved > most:
            best, most = part, saved
    return best


def _is_named_well(part: Expr) -> bool:
    """A whole of which one can say what it is; not c·A, and nothing with letters as indices."""
    number, core = split(part)
    if number != 1 or core != part or any(isinstance(p, (Indexed, Delta, Summation)) for p in parts(part)):
        return False
    return not isinstance(part, Product) or not part.scalars


def _sizes(e: Expr) -> set[str]:
    names: set[str] = set()
    for part in parts(e):
        for value in (getattr(part, "size", None), *getattr(part, "shape", ()), *getattr(part, "sizes", ())):
            names |= {letter for letter in str(value or "") if letter.isalpha()}
    return names


def exchanged(e: Any, by: Mapping[Expr, Expr]) -> Any:
    """The expression with whole parts replaced and nothing else changed."""
    if isinstance(e, tuple):
        return tuple(exchanged(part, by) for part in e)
    if not isinstance(e, _ALL):
        return e
    if e in by:
        return by[e]
    changed = {f.name: exchanged(getattr(e, f.name), by) for f in fields(e) if f.name not in _NOT_PARTS}
    return replace(e, **changed)


def _name(e: Expr, used: set[str]) -> str:
    return next(name for name in (*_wishes(e), *(f"{c}{k}" for k in range(1, 9) for c in "uv")) if name not in used)


def _wishes(e: Expr) -> tuple[str, ...]:
    match e:
        case Quotient(Product(1, (), (Transpose(Ones()), _)), Symbol()):
            return ("mu", "m", "s", "r")
        case Inverse():
            return ("Q", "G", "P")
        case Call("softmax", _, _, _):
            return ("S", "P", "G") if form(e) == "matrix" else ("s", "p", "r")
        case Call("expit", _, _, _):
            return ("S", "G", "P") if form(e) == "matrix" else ("s", "p", "r")
        case Sum(terms) if any(split(t)[0] < 0 for t in terms):
            return {"scalar": ("r", "q", "c"), "matrix": ("E", "G", "R")}.get(form(e), ("e", "u", "v", "z"))
        case Power() | Quotient() | Call() if form(e) == "scalar":
            return ("s", "r", "q", "c")
    return {"scalar": ("s", "r", "q", "c"), "matrix": ("U", "G", "Z", "P", "Q", "R")}.get(form(e), ("u", "v", "z", "h", "s", "r"))
