"""Nests as loops: what a nest means, written out. For compilers, which make of loops what NumPy needs einsum for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from itertools import combinations

from wrt.graph.index import Affine, Index, ats, labels_in
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node, make
from wrt.graph.size import Size
from wrt.graph.term import Factor, Term, canonical, labels_of, nodes_in, summed
from wrt.lower.indexing import Ref
from wrt.lower.nest_source import zeros
from wrt.lower.text import PRODUCT, Code, binary, number, scaled, size
from wrt.lower.translate import dotted

UNKNOWN = 100.0
NAMES = "ijklmnpqrs"


def loops(node: Node, name: str, named: Ref, taken: set[str]) -> list[str]:
    """Lines that make the nest: an array of zeros, and one loop for each term. `named` gives a node as a name."""
    lines = [f"{name} = {zeros(node).text}"]
    for term in terms_of(node):
        term = paired(term)
        order = labels_of(term.out) + sorted(summed(term))
        letters = [f"{letter}{suffix}" for suffix in ("", "1", "2", "3") for letter in NAMES if f"{letter}{suffix}" not in taken]
        letter = dict(zip(order, letters, strict=False))
        factors = [_entry(named(f.node), f.index, letter, named) for f in term.factors]
        product = factors[0] if factors else number(1)
        for factor in factors[1:]:
            product = binary("*", product, factor)
        place = _entry(Code(name), term.out, letter, named).text
        heads = [f"{'    ' * depth}for {letter[label]} in range({size(term.sizes[label]).text}):" for depth, label in enumerate(order)]
        sign = "-" if term.scale < 0 else "+"
        lines += [*heads, f"{'    ' * len(order)}{place} {sign}= {scaled(abs(term.scale), product).text}"]
    return lines


def _entry(array: Code, index: Sequence[Index], letter: dict[int, str], named: Ref) -> Code:
    if not index:
        return array
    return Code(f"{array.text}[{', '.join(_position(i, letter, named) for i in index)}]")


def _position(index: Index, letter: dict[int, str], named: Ref) -> str:
    if not isinstance(index, Affine):
        return _entry(named(index.node), index.index, letter, named).text
    total: Code | None = Code(size(index.offset).text) if index.offset != 0 or not index.parts else None
    for label, coefficient in index.parts:
        one = Code(letter[label])
        part = one if coefficient == 1 else binary("*", Code(size(coefficient).inside(PRODUCT), PRODUCT), one)
        total = part if total is None else binary("+", part, total)
    assert total is not None
    return total.text if index.modulus is None else binary("%", total, size(index.modulus)).text


def paired(term: Term) -> Term:
    """The same term with at most two factors that have summed labels: the cheapest pair is made an array first, again and again."""
    while len(term.factors) > 2 and summed(term):
        pair = min(combinations(range(len(term.factors)), 2), key=lambda chosen: _cost(term, chosen))
        members = [term.factors[k] for k in pair]
        others = [f for k, f in enumerate(term.factors) if k not in pair]
        needed = set(labels_of([*term.out, *(i for f in others for i in f.index)]))
        mine = labels_of(i for f in members for i in f.index)
        kept = [label for label in mine if label in needed]
        inner = canonical(Term(tuple(n if label in mine else 1 for label, n in enumerate(term.sizes)), ats(kept), tuple(members)))
        array = make("nest", nodes_in([inner]), (inner,), tuple(term.sizes[label] for label in kept), FLOAT)
        left = tuple(n if label in needed else 1 for label, n in enumerate(term.sizes))
        term = canonical(Term(left, term.out, (*others, Factor(array, ats(kept))), term.scale))
    return term


def _cost(term: Term, pair: tuple[int, ...]) -> tuple[float, float]:
    mine = {label for k in pair for i in term.factors[k].index for label in labels_in(i)}
    rest = {label for k, f in enumerate(term.factors) if k not in pair for i in f.index for label in labels_in(i)}
    kept = mine & (rest | set(labels_of(term.out)))
    return _volume(kept, term.sizes), _volume(mine, term.sizes)


def _volume(labels: set[int], sizes: Sequence[Size]) -> float:
    total = 1.0
    for label in labels:
        n = sizes[label]
        total *= n if isinstance(n, int) else UNKNOWN
    return total


def uses_only(text: str, allowed: Callable[[str, ast.Call], bool]) -> bool:
    """Whether every call in the expression is allowed, by its dotted name, or `.name` for a method of an expression."""
    calls = [call for call in ast.walk(ast.parse(text)) if isinstance(call, ast.Call)]
    names = [dotted(call.func) or (f".{call.func.attr}" if isinstance(call.func, ast.Attribute) else "") for call in calls]
    names = [n if n.startswith(("np.", "scipy.")) else f".{n.rpartition('.')[2]}" for n in names]
    return all(allowed(n, call) for n, call in zip(names, calls, strict=True))
