"""Weighted Gram matrices: Xᵀ diag(w) X is symmetric, so that BLAS makes half of it (syrk) where it is written S.T @ S.

Weights that are squares go into S as they are. For others the program calls `gram(X, w)`, which looks at their signs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from wrt.graph.arithmetic import multiply
from wrt.graph.index import at, ats, plain
from wrt.graph.nest import nest
from wrt.graph.node import FLOAT, Node, make, number
from wrt.graph.term import Factor, Term, summed

OP = "gram"  # a node that only programs have: its inputs are X and w
HELPER = '''\
def gram(X, w):
    """X.T @ diag(w) @ X: as S.T @ S, which takes half the work, if the weights have one sign."""
    sign = 1.0 if (w >= 0).all() else -1.0 if (w <= 0).all() else 0.0
    if not sign:
        return (w[:, None] * X).T @ X
    root = np.sqrt(sign * w)[:, None]
    total = np.zeros((X.shape[1], X.shape[1]))
    rows = max(X.shape[1], 131072 // X.shape[1])  # S stays in the cache
    for start in range(0, len(X), rows):
        S = root[start : start + rows] * X[start : start + rows]
        total += S.T @ S
    return total if sign > 0 else -total
'''
_CALLED = re.compile(rf"\b{OP}\(")
LEAST = 32  # rows and columns from which on it pays


def is_called(text: str) -> bool:
    """Whether a program needs the helper."""
    return _CALLED.search(text) is not None


def symmetric(term: Term) -> Term | None:
    """The term with its weighted Gram matrix as one factor, if it has one."""
    inside = sorted(summed(term))
    if len(inside) != 1 or len(term.out) != 2 or len(term.sizes) != 3:
        return None
    a, b = (plain(index) for index in term.out)
    (label,) = inside
    n, m = term.sizes[label], term.sizes[0 if a is None else a]
    if a is None or b is None or a == b or not (isinstance(n, int) and isinstance(m, int)) or term.sizes[a] != term.sizes[b] or min(n, m) < LEAST:
        return None
    weights = [f for f in term.factors if [plain(i) for i in f.index] == [label] and f.node.shape == (n,)]
    scalars = [f for f in term.factors if not f.index]
    sides = [f for f in term.factors if f not in weights and f not in scalars]
    if not weights or len(sides) != 2 or sides[0].node is not sides[1].node or any(f.node.dtype != FLOAT for f in term.factors):
        return None
    matrix, places = sides[0].node, [[plain(i) for i in f.index] for f in sides]
    if places in ([[label, a], [label, b]], [[label, b], [label, a]]) and matrix.shape == (n, m):
        rows = 0
    elif places in ([[a, label], [b, label]], [[b, label], [a, label]]) and matrix.shape == (m, n):
        rows = 1
    else:
        return None
    made = _gram(matrix, [f.node for f in weights], rows, n, m)
    return Term((m, m), ats(range(2)), (*scalars, Factor(made, ats(range(2)))), term.scale)


def _gram(matrix: Node, weights: Sequence[Node], rows: int, n: int, m: int) -> Node:
    square, rest = _root(weights)
    if rest is None and square is not None:
        scaled = Term(matrix.shape, ats(range(2)), (Factor(square, (at(rows),)), Factor(matrix, ats(range(2)))))
        root = make("nest", (square, matrix), (scaled,), matrix.shape, FLOAT)
        indices = [(at(2), at(0)), (at(2), at(1))] if not rows else [(at(0), at(2)), (at(1), at(2))]
        term = Term((m, m, n), ats(range(2)), tuple(Factor(root, index) for index in indices))
        return make("nest", (root,), (term,), (m, m), FLOAT)
    total = weights[0]
    for weight in weights[1:]:
        total = multiply(total, weight)
    upright = matrix if not rows else nest((n, m), [Term((n, m), ats(range(2)), (Factor(matrix, (at(1), at(0))),))])
    return make(OP, (upright, total), None, (m, m), FLOAT)


def _root(weights: Sequence[Node]) -> tuple[Node | None, Node | None]:
    """(r, s) with r² s the product of the weights; s is None where it is a square."""
    parts: Counter[Node] = Counter()
    sign = 1
    stack = list(weights)
    while stack:
        node = stack.pop()
        value = number(node.inputs[1]) if node.op == "power" else None
        if node.op == "multiply" and all(child.shape == node.shape for child in node.inputs):
            stack += node.inputs
        elif node.op == "negative":
            sign = -sign
            stack.append(node.inputs[0])
        elif value in (2, 2.0) and node.inputs[0].shape == node.shape:
            parts[node.inputs[0]] += 2
        else:
            parts[node] += 1
    if sign < 0 or any(count % 2 for count in parts.values()):
        return None, weights[0]
    return _product([node for node, count in parts.items() for _ in range(count // 2)]), None


def _product(nodes: Sequence[Node]) -> Node:
    total = nodes[0]
    for node in nodes[1:]:
        total = multiply(total, node)
    return total
