"""Equations solved in closed form: from f(x) = y to x = g(y) on wrt's own graph, operation by operation.

An equation whose unknown is reached by one path is taken apart from the outside: exp(2x + 1) = y, 2x + 1 = log y, 2x = log(y) − 1.
Linear occurrences are collected first, quotients of linear ones are turned round, quadratic ones completed. Equations of several
unknowns are taken in the order in which one of them has a single unknown left (forward substitution), and where none has, as a
linear system in whatever they share. Where an operation has several inverses, samples of x say which one is meant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import pi
from typing import Any

import numpy as np

from wrt.differentiate.accumulate import jacobian
from wrt.errors import WrtError
from wrt.graph.arithmetic import add, as_node, divide, elementwise, multiply, negative, power, subtract
from wrt.graph.nest import is_zero, nest, terms_of
from wrt.graph.node import FLOAT, Node, Operand, constant, make, number, variable
from wrt.graph.walk import topological
from wrt.lower.evaluate import evaluate
from wrt.ops.catalog import FUNCTIONS
from wrt.ops.elementwise import BUILD
from wrt.ops.special import of
from wrt.probability.rounding import Solved, Step, System, measure

ROWS = 32  # samples of vectors that say which branch is meant


def solve(equations: Sequence[tuple[Node, Node]], unknown: Sequence[Node], sample: Mapping[Node, Any]) -> list[Step] | None:
    """The steps that solve left = right for the unknowns, in order; None where there is no closed form among those known here.

    `sample` gives each unknown at a few points of the branch that is meant.
    """
    return _Solver(unknown, sample).run(list(equations))


def solve_array(e: Node, r: Node, x: Node, sample: Any) -> list[Step] | None:
    """The steps for e = r where x is a vector that is taken as a whole: by functions entry by entry, and by affine maps."""
    solver = _Solver([x], {x: sample})
    while True:
        e, r = solver.bare(e, r)
        if e is x:
            return [Solved(x, r)]
        found = _linear_in(e, x)
        if found is None:
            return None
        matrix, e = found
        r = FUNCTIONS[np.linalg.solve](matrix, r)


def _linear_in(e: Node, x: Node) -> tuple[Node, Node] | None:
    """(M, v) with e = M v for a vector v that all that e knows of x goes through; the one nearest to x."""
    for v in [node for node in topological([e]) if x in node.variables]:
        if v is e or v.shape != e.shape or any(node is x for node in topological([e], [v]) if node is not v):
            continue
        inner = e
        if v is not x:
            inner = replaced(e, v, variable(f"{v.op} of {x.attrs}", v.shape))
        (at,) = inner.variables
        try:
            J = jacobian(inner, [at])[at].to_dense(FLOAT)
        except WrtError:
            continue
        if not J.variables and not np.any(evaluate([inner], {at: np.zeros(e.shape)})[0]):
            return J, v
    return None


def replaced(e: Node, v: Node, by: Node) -> Node:
    """The node with another in the place of one below it."""
    made = {v: by}
    for node in topological([e], [v]):
        made[node] = _with_inputs(node, [made[child] for child in node.inputs])
    return made[e]


def _with_inputs(node: Node, inputs: Sequence[Node]) -> Node:
    if all(a is b for a, b in zip(node.inputs, inputs, strict=True)):
        return node
    by = dict(zip(node.inputs, inputs, strict=True))
    if node.op == "nest":
        terms = [t._replace(factors=tuple(f._replace(node=by[f.node]) for f in t.factors)) for t in terms_of(node)]
        return nest(node.shape, terms, node.dtype)
    return make(node.op, tuple(inputs), node.attrs, node.shape, node.dtype, weak=node.weak)


# ----- builders that keep digits --------------------------------------------------------------------------------------
def plus(a: Node, b: Node) -> Node:
    value = number(b)
    return minus(a, constant(-value)) if value is not None and value < 0 else add(a, b)


def minus(a: Node, b: Node) -> Node:
    if number(b) == 1 and a.op == "exp":
        return BUILD["expm1"](a.inputs[0])
    if number(a) == 1 and b.op == "exp":
        return negative(BUILD["expm1"](b.inputs[0]))
    if number(b) == 1 and a.op == "divide" and number(a.inputs[0]) == 1:
        return divide(subtract(1, a.inputs[1]), a.inputs[1])
    return a if number(b) == 0 else subtract(a, b)


def log(z: Node) -> Node:
    """log z without loss: log(1 + u) as log1p, log(eˢ − 1) as s + log(1 − e⁻ˢ)."""
    if z.op == "exp":
        return z.inputs[0]
    if z.op == "expm1":
        return add(z.inputs[0], log(negative(BUILD["expm1"](negative(z.inputs[0])))))
    if z.op == "subtract" and number(z.inputs[0]) == 1:
        return BUILD["log1p"](negative(z.inputs[1]))
    if z.op == "add" and 1 in (number(z.inputs[0]), number(z.inputs[1])):
        return BUILD["log1p"](z.inputs[1] if number(z.inputs[0]) == 1 else z.inputs[0])
    if z.op == "divide" and (number(z.inputs[0]) == 1 or "subtract" in (z.inputs[0].op, z.inputs[1].op)):
        bottom = log(z.inputs[1])
        return negative(bottom) if number(z.inputs[0]) == 1 else minus(log(z.inputs[0]), bottom)
    return BUILD["log"](z)


def exp(z: Node) -> Node:
    return z.inputs[0] if z.op == "log" else BUILD["exp"](z)


def _square(r: Node) -> Node:
    return power(r, 2)


_UNARY: dict[str, Callable[[Node], Node]] = {  # operations with one inverse
    "exp": log, "log": exp, "exp2": BUILD["log2"], "log2": BUILD["exp2"], "expm1": BUILD["log1p"], "log1p": BUILD["expm1"],
    "log10": lambda r: power(10.0, r), "sqrt": _square, "cbrt": lambda r: power(r, 3), "negative": negative,
    "arcsin": BUILD["sin"], "arccos": BUILD["cos"], "arctan": BUILD["tan"], "sinh": BUILD["arcsinh"], "arcsinh": BUILD["sinh"],
    "tanh": BUILD["arctanh"], "arctanh": BUILD["tanh"], "arccosh": BUILD["cosh"], "deg2rad": BUILD["rad2deg"], "rad2deg": BUILD["deg2rad"],
    "erf": lambda r: of("erfinv", r), "erfinv": lambda r: of("erf", r), "erfc": lambda r: of("erfcinv", r), "erfcinv": lambda r: of("erfc", r),
    "ndtr": lambda r: of("ndtri", r), "ndtri": lambda r: of("ndtr", r), "log_ndtr": lambda r: of("ndtri", exp(r)),
    "expit": lambda r: of("logit", r), "logit": lambda r: of("expit", r), "log_expit": lambda r: minus(r, log(negative(BUILD["expm1"](r)))),
}  # fmt: skip


# ----- one equation, several equations --------------------------------------------------------------------------------
class _Solver:
    def __init__(self, unknown: Sequence[Node], sample: Mapping[Node, Any]) -> None:
        self.unknown = frozenset(unknown)
        self.sample = {node: (np.asarray(value, float), np.zeros_like(value, float)) for node, value in sample.items()}
        self.steps: list[Step] = []
        self.count = 0

    def run(self, equations: list[tuple[Node, Node]]) -> list[Step] | None:
        while equations:
            left = []
            for e, r in equations:
                e, r = self.bare(e, r)
                if e in self.unknown:
                    self.settle(e, r)
                elif self.depends(e):
                    left.append((e, r))
                else:
                    return None  # an equation without unknowns: the map is singular
            if len(left) == len(equations):
                further = self.group(left) or self.inserted(left) or self.turned(left) or self.polar(left)
                if further is None:
                    return None
                left = further
            equations = left
        return None if self.unknown else self.steps

    def settle(self, x: Node, r: Node) -> None:
        self.steps.append(Solved(x, r))
        self.unknown -= {x}

    def depends(self, node: Node) -> bool:
        return not node.variables.isdisjoint(self.unknown)

    def bare(self, e: Node, r: Node) -> tuple[Node, Node]:
        """The equation with as many operations as possible brought to the other side."""
        while e not in self.unknown and self.depends(e):
            found = self.peel(e, r)
            if found is None:
                return e, r
            e, r = found
        return e, r

    def peel(self, e: Node, r: Node) -> tuple[Node, Node] | None:
        if e.op in _UNARY:
            return e.inputs[0], _UNARY[e.op](r)
        if e.op in _BRANCHED:
            back = _BRANCHED[e.op](self, e.inputs[0], r)
            return None if back is None else (e.inputs[0], back)
        if e.op == "where":
            return self.chosen(e, r)
        if len(e.inputs) == 2:
            a, b = e.inputs
            first, second = self.depends(a), self.depends(b)
            if first != second:
                back = self.without(e.op, a, b, r, first)
                return None if back is None else (a if first else b, back)
            if e.op == "multiply" and a is b:
                back = self.root(a, 2, r)
                return None if back is None else (a, back)
            return self.collected(e, r)
        return None

    def chosen(self, e: Node, r: Node) -> tuple[Node, Node] | None:
        """The one of two alternatives that all samples take."""
        found = self.at_samples(e.inputs[0])
        return (e.inputs[1], r) if found.all() else (e.inputs[2], r) if not found.any() else None

    def without(self, op: str, a: Node, b: Node, r: Node, first: bool) -> Node | None:
        """op(a, b) = r solved for the operand that depends on the unknown, the first or the second."""
        match op, first:
            case "add", _:
                return minus(r, b if first else a)
            case "subtract", True:
                return plus(r, b)
            case "subtract", False:
                return minus(a, r)
            case "multiply", _:
                return divide(r, b if first else a)
            case "divide", True:
                return multiply(r, b)
            case "divide", False:
                return divide(a, r)
            case "power", True:
                return self.root(a, b, r)
            case "power", False:
                base = number(a)
                return divide(log(r), constant(float(np.log(base)))) if base is not None and base > 0 else None
            case "logaddexp", _:
                c = b if first else a
                return add(r, log(negative(BUILD["expm1"](minus(c, r)))))
            case "hypot", _:
                c, side = (b, self.sign(a)) if first else (a, self.sign(b))
                found = BUILD["sqrt"](multiply(subtract(r, c), add(r, c)))
                return found if side > 0 else negative(found) if side < 0 else None
            case "boxcox", True:
                return of("inv_boxcox", r, b)
            case "inv_boxcox", True:
                return of("boxcox", r, b)
        return None

    def collected(self, e: Node, r: Node) -> tuple[Node, Node] | None:
        """The equation where the unknown occurs more than once: linear in one thing, a quotient of such, logarithms, a quadratic."""
        if e.op == "divide":
            top, bottom = (self.linear(each) for each in e.inputs)
            if len({**top[0], **bottom[0]}) == 1:
                (t,) = {**top[0], **bottom[0]}
                zero = constant(0)
                a, b, c, d = top[0].get(t, zero), top[1], bottom[0].get(t, zero), bottom[1]
                return t, divide(minus(multiply(r, d), b), minus(a, multiply(r, c)))
            return None
        atoms, rest = self.linear(e)
        if len(atoms) == 1 and e not in atoms:
            ((t, scale),) = atoms.items()
            return t, divide(minus(r, rest), scale)
        if len(atoms) == 2:
            return self.logarithms(atoms, minus(r, rest)) or self.quadratic(atoms, minus(r, rest))
        return None

    def linear(self, e: Node) -> tuple[dict[Node, Node], Node]:
        """e = Σ coefficient · atom + rest, the atoms being what depends on the unknown in another way."""
        zero = constant(0)
        if not self.depends(e):
            return {}, e
        if e.op in ("add", "subtract"):
            (left, a), (right, b) = (self.linear(each) for each in e.inputs)
            join = add if e.op == "add" else subtract
            both = {t: join(left.get(t, zero), right.get(t, zero)) for t in {**left, **right}}
            return {t: scale for t, scale in both.items() if not is_zero(scale)}, join(a, b)
        if e.op == "negative":
            atoms, rest = self.linear(e.inputs[0])
            return {t: negative(scale) for t, scale in atoms.items()}, negative(rest)
        if e.op in ("multiply", "divide"):
            a, b = e.inputs
            inner, by = (a, b) if self.depends(a) else (b, a)
            if not self.depends(by) and (e.op == "multiply" or inner is a):
                join = multiply if e.op == "multiply" else divide
                atoms, rest = self.linear(inner)
                return {t: join(scale, by) for t, scale in atoms.items()}, join(rest, by)
        return {e: constant(1)}, zero

    def logarithms(self, atoms: Mapping[Node, Node], r: Node) -> tuple[Node, Node] | None:
        """c (log u − log v) = r as u/v = exp(r/c), and c (log u + log v) = r as uv."""
        (p, c), (q, d) = atoms.items()
        if p.op == q.op == "log" and number(c) is not None and number(d) is not None and abs(number(c) or 0) == abs(number(d) or 0):
            join = multiply if number(c) == number(d) else divide
            return join(p.inputs[0], q.inputs[0]), exp(divide(r, c))
        return None

    def quadratic(self, atoms: Mapping[Node, Node], r: Node) -> tuple[Node, Node] | None:
        """a t² + b t = r and a t + b/t = r; which of the two roots is meant, the samples say."""
        for t, other in (tuple(atoms), tuple(atoms)[::-1]):
            b, a, b_squared = atoms[t], atoms[other], _square(atoms[t])
            squared = (other.op == "power" and other.inputs[0] is t and number(other.inputs[1]) == 2) or (other.op == "multiply" and other.inputs == (t, t))
            inverted = other.op == "divide" and other.inputs[1] is t and not self.depends(other.inputs[0])
            if inverted:
                a, b, b_squared, c = b, negative(r), _square(r), multiply(a, other.inputs[0])
                side = self.sign(subtract(multiply(a, t), divide(c, t)))  # that of 2at + b
            elif squared:
                c = negative(r)
                side = self.sign(add(multiply(multiply(2, a), t), b))
            else:
                continue
            if not side:
                return None
            root = BUILD["sqrt"](subtract(b_squared, multiply(multiply(4, a), c)))
            same = self.sign(b) if not b.variables else 0
            if same == side:  # −b and the root would cancel
                return t, divide(multiply(-2, c), add(b, root) if side > 0 else subtract(b, root))
            return t, divide(minus(root, b) if side > 0 else negative(add(root, b)), multiply(2, a))
        return None

    def root(self, base: Node, exponent: Operand, r: Node) -> Node | None:
        """baseᵖ = r solved for the base."""
        exponent = as_node(exponent)
        p, side = number(exponent), self.sign(base)
        if p == 0:
            return None
        if p is None or p != round(p):
            whole = None if p is None else round(1 / p)
            inverse = divide(1, exponent) if p is None else constant(whole if whole and 1 / whole == p else 1 / p)
            return power(r, inverse) if side > 0 else None
        size = abs(int(p))
        r = r if p > 0 else divide(1, r)
        if size == 1:
            return r
        if size % 2 and size != 3 and side <= 0:
            return elementwise("copysign", power(BUILD["absolute"](r), constant(1 / size)), r)
        found = BUILD["sqrt"](r) if size == 2 else BUILD["cbrt"](r) if size == 3 else power(r, constant(1 / size))
        if size % 2 or side > 0:
            return found
        return negative(found) if side < 0 else None

    # ----- branches ---------------------------------------------------------------------------------------------------
    def at_samples(self, node: Node) -> Any:
        """The node's finite values at the samples."""
        if any(x.ndim for x in self.sample):  # operations along axes take one point at a time
            count = min(len(value) for value, _ in self.sample.values())
            with np.errstate(all="ignore"):
                rows = [evaluate([node], {x: value[k] for x, (value, _) in self.sample.items()})[0] for k in range(min(count, ROWS))]
            value = np.asarray(rows, float)
        else:
            value = np.asarray(measure([node], self.sample)[0][0], float)
        return value[np.isfinite(value)]

    def sign(self, node: Node) -> int:
        """1 or −1 where the samples agree, else 0."""
        found = self.at_samples(node)
        return 0 if not len(found) or not found.any() else 1 if (found >= 0).all() else -1 if (found <= 0).all() else 0

    def either(self, a: Node, found: Node) -> Node | None:
        side = self.sign(a)
        return found if side > 0 else negative(found) if side < 0 else None

    def turns(self, a: Node, shift: float) -> int | None:
        """The k with a between (k − shift) π and (k + 1 − shift) π at all samples."""
        found = self.at_samples(a) / pi + shift
        k = int(np.floor(np.median(found))) if len(found) else 0
        return k if len(found) and (np.abs(found - k - 0.5) <= 0.5 + 1e-9).all() else None

    def sine(self, a: Node, r: Node) -> Node | None:
        k = self.turns(a, 0.5)
        return None if k is None else _shifted(BUILD["arcsin"](r), k, k % 2 == 1)

    def cosine(self, a: Node, r: Node) -> Node | None:
        k = self.turns(a, 0.0)
        return None if k is None else _shifted(BUILD["arccos"](r), k + k % 2, k % 2 == 1)

    def tangent(self, a: Node, r: Node) -> Node | None:
        k = self.turns(a, 0.5)
        return None if k is None else _shifted(BUILD["arctan"](r), k, False)

    # ----- several equations ------------------------------------------------------------------------------------------
    def group(self, equations: list[tuple[Node, Node]]) -> list[tuple[Node, Node]] | None:
        """Equations that are linear in as many things as there are of them, solved for these."""
        lines = [(*self.linear(e), r) for e, r in equations]
        for first in range(len(lines)):
            members, atoms = {first}, dict.fromkeys(lines[first][0])
            while True:
                more = {k for k, line in enumerate(lines) if any(t in atoms for t in line[0])} - members
                if not more:
                    break
                members |= more
                atoms |= {t: None for k in more for t in lines[k][0]}
            if len(atoms) != len(members) or len(atoms) < 2:
                continue
            order = sorted(members)
            zero = constant(0)
            targets = [t if t in self.unknown else self.fresh() for t in atoms]
            matrix = tuple(tuple(lines[k][0].get(t, zero) for t in atoms) for k in order)
            self.steps.append(System(tuple(targets), matrix, tuple(minus(lines[k][2], lines[k][1]) for k in order)))
            self.unknown -= set(targets)
            new = [(t, target) for t, target in zip(atoms, targets, strict=True) if t is not target]
            return [e for k, e in enumerate(equations) if k not in members] + new
        return None

    def inserted(self, equations: list[tuple[Node, Node]]) -> list[tuple[Node, Node]] | None:
        """Where the left side of an equation occurs in another one, its right side in its place."""
        for k, (e, r) in enumerate(equations):
            users = [i for i, (other, _) in enumerate(equations) if i != k and e in topological([other])]
            if users:
                t = r
                if r.op != "variable":
                    t = self.fresh()
                    self.steps.append(Solved(t, r))
                self.sample[t] = measure([e], self.sample)[0]
                return [(replaced(other, e, t), right) if i in users else (other, right) for i, (other, right) in enumerate(equations)]
        return None

    def turned(self, equations: list[tuple[Node, Node]]) -> list[tuple[Node, Node]] | None:
        """ρ cos θ = a and ρ sin θ = b as ρ = √(a² + b²) and θ = arctan2(b, a)."""
        products = [self.factors(e) for e, _ in equations]
        for i, first in enumerate(products):
            for j, second in enumerate(products):
                for cosine in (f for f in first if f.op == "cos"):
                    sine = next((f for f in second if f.op == "sin" and f.inputs == cosine.inputs), None)
                    if i == j or sine is None:
                        continue
                    rest, same = list(first), list(second)
                    rest.remove(cosine)
                    same.remove(sine)
                    found = self.circle(rest, same, cosine.inputs[0], equations[i][1], equations[j][1])
                    if found is not None:
                        return [e for k, e in enumerate(equations) if k not in (i, j)] + found
        return None

    def circle(self, rest: list[Node], same: list[Node], angle: Node, a: Node, b: Node) -> list[tuple[Node, Node]] | None:
        if sorted(map(id, rest)) != sorted(map(id, same)) or not any(map(self.depends, rest)):
            return None
        radius = rest[0]
        for factor in rest[1:]:
            radius = multiply(radius, factor)
        side, turn = self.sign(radius), self.at_samples(angle)
        if not side or not len(turn):
            return None
        back = elementwise("arctan2", *((b, a) if side > 0 else (negative(b), negative(a))), dtype=FLOAT)
        if np.abs(turn).max() > pi:
            if turn.min() < 0 or turn.max() > 2 * pi:
                return None
            back = elementwise("remainder", back, constant(2 * pi), dtype=FLOAT)
        size = elementwise("hypot", a, b, dtype=FLOAT)
        return [(radius, size if side > 0 else negative(size)), (angle, back)]

    def polar(self, equations: list[tuple[Node, Node]]) -> list[tuple[Node, Node]] | None:
        """√(a² + b²) = ρ, or its square, and arctan2(b, a) = θ as a = ρ cos θ and b = ρ sin θ."""
        for i, (angle, theta) in enumerate(equations):
            for j, (size, rho) in enumerate(equations):
                sides = self.legs(size)
                if angle.op == "arctan2" and sides is not None and set(sides) == set(angle.inputs):
                    b, a = angle.inputs
                    rooted = rho.op == "power" and number(rho.inputs[1]) == 2  # of a root that was peeled off
                    radius = rho if size.op == "hypot" else rho.inputs[0] if rooted else BUILD["sqrt"](rho)
                    found = [(a, multiply(radius, BUILD["cos"](theta))), (b, multiply(radius, BUILD["sin"](theta)))]
                    return [e for k, e in enumerate(equations) if k not in (i, j)] + found
        return None

    def legs(self, e: Node) -> tuple[Node, ...] | None:
        """(a, b) of hypot(a, b) and of a² + b²."""
        if e.op == "hypot":
            return e.inputs
        if e.op != "add":
            return None
        squares = [p for p in e.inputs if (p.op == "power" and number(p.inputs[1]) == 2) or (p.op == "multiply" and p.inputs[0] is p.inputs[1])]
        return tuple(p.inputs[0] for p in squares) if len(squares) == 2 else None

    def factors(self, e: Node) -> list[Node]:
        return [f for child in e.inputs for f in self.factors(child)] if e.op == "multiply" else [e]

    def fresh(self) -> Node:
        self.count += 1
        return variable(f"t_{self.count}", ())


def _shifted(angle: Node, half_turns: int, flipped: bool) -> Node:
    """half_turns · π ± angle."""
    if not half_turns:
        return negative(angle) if flipped else angle
    return (subtract if flipped else add)(constant(half_turns * pi), angle)


_BRANCHED: dict[str, Callable[[_Solver, Node, Node], Node | None]] = {
    "sin": _Solver.sine, "cos": _Solver.cosine, "tan": _Solver.tangent,
    "cosh": lambda solver, a, r: solver.either(a, BUILD["arccosh"](r)), "absolute": _Solver.either,
}  # fmt: skip
