"""Conditions among factors: what [a > 0] times something is shorter as."""

from __future__ import annotations

from wrt.graph.node import Scalar
from wrt.notation.expression import Bracket, Call, Expr, Number, Product, Sum


def without_conditions(powers: dict[Expr, Scalar]) -> None:
    """[a > 0] ⊙ max(a, 0) is max(a, 0); beside a condition, sign(a)² is 1 (where it has a derivative)."""
    brackets = [e for e in powers if isinstance(e, Bracket)]
    for bracket in brackets:
        powers[bracket] = 1
        condition = bracket.of
        if isinstance(condition, Call) and condition.op == "greater":
            excess = _excesses(*condition.arguments)
            if any(isinstance(o, Call) and o.op == "maximum" and o.arguments in excess for o in powers):
                del powers[bracket]
    if brackets:
        for e in [e for e, k in powers.items() if isinstance(e, Call) and e.op == "sign" and k == 2]:
            del powers[e]


def _excesses(a: Expr, b: Expr) -> list[tuple[Expr, ...]]:
    """The arguments of max(a − b, 0), as they may be written."""
    negated: list[Expr] = [Number(-b.value)] if isinstance(b, Number) else [Product(-1, (), (b,)), Product(-1, (b,), ())]
    sums = [a] if b == Number(0) else [Sum((a, e)) for e in negated]
    return [order for e in sums for order in ((e, Number(0)), (Number(0), e))]
