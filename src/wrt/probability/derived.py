"""Inverses that are derived from f itself: closed forms, checked against f at every point at which they are used.

`wrt.probability.isolate` solves f(x) = y on wrt's graph of f. Here f is traced, the steps are tried on samples, and each x that
they give is put back into f: it counts where f(x) is y to what rounding explains and where rounding has not cost x its digits.
Everything else is left to Newton's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wrt.errors import WrtError
from wrt.graph.node import Node, captured, variable
from wrt.lower.evaluate import evaluate
from wrt.notation.expression import Array, Expr, Inverse, Product
from wrt.notation.matrix import Matrices
from wrt.notation.text import text
from wrt.probability import branches, isolate, newton, rounding
from wrt.probability.entries import Entries
from wrt.probability.law import Base
from wrt.probability.newton import Starts
from wrt.probability.stage import SMALL, Stage
from wrt.trace import Dependencies, Trace, trace_function

DIGITS = 1e-12  # an x that is known less exactly is found again by Newton's method
SLACK = 32  # how often the bound of first-order rounding errors may be exceeded
WIDE = 1000  # coordinates up to which a matrix is solved with
ERRORS = (WrtError, ArithmeticError, ValueError, TypeError, IndexError, KeyError, RecursionError)
FEW = 4  # lines from the nearest samples, and from all over the place, where the closed form has no x
LISTED = 6  # branches that a formula lists


@dataclass(frozen=True, eq=False)
class Traced:
    """f as a graph at one point, without branches on its values; entry by entry for short vectors."""

    node: Node
    x: Node
    name: str
    names: tuple[str, ...]
    dependencies: Dependencies
    said: dict[Node, str]  # what the user calls the arrays that f reads

    def errors(self, X: Any) -> Any:
        """What rounding may have done to f at each of the numbers: its last place, and what comes of the rounding of intermediate results."""
        value, bound = rounding.measure([self.node], {self.x: (X, np.zeros(len(X)))})[0]
        return np.fmax(np.spacing(np.abs(np.broadcast_to(value, X.shape))), bound)


def traced(stage: Stage, sample: Any) -> Traced | None:
    """The graph of f, None where f branches on values or cannot be traced."""
    trace = Trace(evaluate, name=stage.name)
    (name,) = stage.jacobian.wrt
    x = trace.variable(name, sample, differentiated=True)
    try:
        found = trace_function(stage.function, [x], {}, trace)
    except ERRORS:
        return None
    if found.guards or found.node.shape != stage.shape or found.dependencies.volatile:
        return None
    named = tuple(getattr(stage.function, "variables", ()))
    shown = str(named[0]) if len(named) == 1 else name
    names = (shown,) if not stage.shape else named if len(named) == stage.size > 1 else tuple(f"{shown}_{k + 1}" for k in range(stage.size))
    said = {captured(value): label for _, label, value in found.dependencies.read.values() if isinstance(value, np.ndarray) and value.dtype.kind in "fiub"}
    return Traced(found.node, x.node, shown, names, found.dependencies, said)


@dataclass(frozen=True, eq=False)
class Derived:
    """x = g(y) as steps, with the graph of f to check it by."""

    graph: Traced
    steps: tuple[rounding.Step, ...]
    x: tuple[Node, ...]
    y: tuple[Node, ...]
    f: tuple[Node, ...]  # of x, in the order of y; none: the stage evaluates it

    @property
    def valid(self) -> bool:
        """Whether f is still what was traced."""
        return self.graph.dependencies.still_valid()

    def __call__(self, Y: Any) -> tuple[Any, Any]:
        """(x, bounds of its rounding errors) at each of the points, in rows."""
        given = [Y] if len(self.y) == 1 else list(Y.T)
        known = {y: (value, np.zeros(np.shape(value))) for y, value in zip(self.y, given, strict=True)}
        with np.errstate(all="ignore"):
            try:
                found = rounding.follow(self.steps, known)
            except np.linalg.LinAlgError:
                return np.full(np.shape(Y), np.nan), np.full(np.shape(Y), np.inf)
        both = [np.stack([np.broadcast_to(np.asarray(found[x][k], float), np.shape(Y)[:1] + x.shape) for x in self.x], -1) for k in (0, 1)]
        return tuple(one[..., 0] if len(self.x) == 1 else one for one in both)  # type: ignore[return-value]

    def returns(self, stage: Stage, X: Any, errors: Any, Y: Any) -> Any:
        """Whether f takes each x to its y, as far as the rounding of x and in f explains the difference."""
        with np.errstate(all="ignore"):
            if not self.f:
                back = stage.values(X)
                off = 1e-11 * np.abs(Y) + stage.moved(X, 1e-13 * np.abs(X) + SLACK * errors)
            else:
                given = [(X, errors)] if len(self.x) == 1 else list(zip(X.T, errors.T, strict=True))
                measured = rounding.measure(self.f, dict(zip(self.x, given, strict=True)))
                back, bound = (np.stack([np.broadcast_to(np.asarray(each[k], float), np.shape(Y)[:1]) for each in measured], -1) for k in (0, 1))
                back, bound = (back[..., 0], bound[..., 0]) if len(self.f) == 1 and not stage.shape else (back, bound)
                off = SLACK * (bound + rounding.EPS * np.abs(Y))
            near = (np.abs(back - Y) <= off) & np.isfinite(back) & np.isfinite(X) & np.isfinite(off)
        return near.all(-1) if near.ndim > 1 else near

    def formulas(self) -> list[str] | None:
        """The steps as text, by wrt's notation: "x = log(y)"."""
        said = Matrices(names=dict(self.graph.said))
        found = []
        for step in self.steps:
            if isinstance(step, rounding.Solved):
                sides = [said.of(step.target), said.of(step.node)]
            else:
                right = [_column([said.of(each) for each in part]) for part in (step.targets, step.right)]
                rows = [[said.of(each) for each in row] for row in step.matrix]
                if any(each is None for row in rows for each in row) or right[1] is None:
                    return None
                matrix = Array(tuple(tuple(each for each in row if each is not None) for row in rows), "matrix")
                sides = [right[0], Product(1, (), (Inverse(matrix), right[1]))]
            if sides[0] is None or sides[1] is None:
                return None
            found.append(f"{text(sides[0])} = {text(sides[1])}")
        return found


def _column(parts: Sequence[Expr | None]) -> Expr | None:
    made = tuple((part,) for part in parts if part is not None)
    return Array(made, "column") if len(made) == len(parts) else None


def of_pieces(graph: Traced | None, stage: Stage, base: Base, pieces: Sequence[branches.Piece]) -> list[Derived | None]:
    """The closed form of the inverse on each monotone piece, None where there is none or where it is sure for less than half of the samples."""
    none: list[Derived | None] = [None] * len(pieces)
    if graph is None:
        return none
    y = variable("y" if graph.name != "y" else "z", ())
    x = variable(graph.name, ()) if graph.name != graph.x.attrs[0] else graph.x  # type: ignore[index]
    node = graph.node if x is graph.x else isolate.replaced(graph.node, graph.x, x)
    sample = np.sort(base.rvs(1024, np.random.default_rng(20_241)))
    found: list[Derived | None] = []
    made: dict[tuple[rounding.Step, ...], Derived] = {}
    for piece in pieces:
        inner = piece.xs[2:-2] if len(piece.xs) > 8 else piece.xs
        try:
            steps = isolate.solve([(node, y)], [x], {x: inner})
            if steps is None:
                found.append(None)
                continue
            derived = made.setdefault(tuple(steps), Derived(graph, tuple(steps), (x,), (y,), (node,)))
            here = sample[(sample > piece.xs[0]) & (sample < piece.xs[-1])]
            ok = roots(derived, stage, piece, stage.values(here) if len(here) > 8 else piece.fs)[2]
        except ERRORS:
            return none
        found.append(derived if ok.mean() > 0.5 else None)
    return found


def invert(derived: Derived | None, stage: Stage, piece: branches.Piece, y: Any) -> Any:
    """The x of a piece with f(x) = y: by the closed form where it is sure, else by Newton's method."""
    x, _, ok = roots(derived, stage, piece, y)
    if not ok.all():
        x[~ok] = branches.invert(stage, piece, y[~ok])
    return x


def roots(derived: Derived | None, stage: Stage, piece: branches.Piece, y: Any) -> tuple[Any, Any, Any]:
    """(x, bound of its error, whether it is sure) by the closed form, within the piece; at its ends, where pieces meet, exactly the end."""
    if derived is None or not len(y) or not derived.valid:
        return np.full(np.shape(y), np.nan), np.full(np.shape(y), np.inf), np.zeros(np.shape(y), bool)
    with np.errstate(all="ignore"):
        x, error = derived(y)
        least, most = float(piece.xs[0]), float(piece.xs[-1])
        near = (x >= least - error) & (x <= most + error)
        x = np.clip(x, least, most)
        for end in (0, -1):
            there = y == piece.fs[end]
            x, error, near = np.where(there, piece.xs[end], x), np.where(there, 0.0, error), near | there
        ok = near & (error <= DIGITS * np.abs(x))
    ok[ok] = derived.returns(stage, x[ok], error[ok], y[ok])
    return x, error, ok


def of_vector(stage: Stage, base: Base, starts: Starts) -> Derived | None:
    """The closed form of the inverse of a map of vectors, None where there is none."""
    graph = traced(stage, starts.x[0])
    if graph is None or stage.size > WIDE:
        return None
    unnamed = None
    for way in (_whole, _by_entries):
        try:
            found = way(stage, graph, starts.x)
            if found is not None and _proved(found, stage, base, starts):
                if found.formulas() is not None:
                    return found
                unnamed = unnamed or found
        except ERRORS:
            continue
    return unnamed


def _whole(stage: Stage, graph: Traced, X: Any) -> Derived | None:
    """By functions entry by entry and matrices, on the vector as a whole."""
    y = variable("y" if graph.name != "y" else "z", stage.shape)
    steps = isolate.solve_array(graph.node, y, graph.x, X[: isolate.ROWS])
    return None if steps is None else Derived(graph, tuple(steps), (graph.x,), (y,), ())


def _by_entries(stage: Stage, graph: Traced, X: Any) -> Derived | None:
    """One unknown after the other."""
    if stage.size > SMALL:
        return None
    x = [variable(name, ()) for name in graph.names]
    label = "y" if graph.name != "y" and "y" not in graph.names else "z" if "z" not in graph.names else "out"
    y = [variable(f"{label}_{k + 1}", ()) for k in range(stage.size)]
    entries = Entries(graph.x, x)
    f = [entries.of(graph.node, (k,)) for k in range(stage.size)]
    made = [each for each in f if each is not None]
    if len(made) < len(f):
        return None
    steps = isolate.solve(list(zip(made, y, strict=True)), x, dict(zip(x, X.T, strict=True)))
    return None if steps is None else Derived(graph, tuple(steps), tuple(x), tuple(y), tuple(made))


def _proved(derived: Derived, stage: Stage, base: Base, starts: Starts) -> bool:
    """Whether samples come back, and points twice as far out; one that comes back to another place is enough to say no."""
    X = starts.x[: 256 if stage.size <= SMALL else 16]
    middle, spread = np.median(starts.x, axis=0), starts.spread
    wide = middle + 2 * (X - middle)
    wide = wide[base.inside(wide)]
    for points, needed in ((X, 0.9), (wide, 0.0)):
        if not len(points):
            continue
        Y = stage.values(points)
        finite = np.isfinite(Y).all(1)
        points, Y = points[finite], Y[finite]
        found, ok = sure(derived, stage, base, starts, Y)
        with np.errstate(all="ignore"):
            apart = (np.abs(found - points) > 1e-4 * (spread + np.abs(points))).any(1)
        if (ok & apart).any() or ok.mean() < needed:
            return False
    return True


def sure(derived: Derived | None, stage: Stage, base: Base, starts: Starts, Y: Any) -> tuple[Any, Any]:
    """(X by the closed form, whether each is in the support, exact, and taken to its y)."""
    if derived is None or not len(Y) or not derived.valid:
        return np.full(Y.shape, np.nan), np.zeros(len(Y), bool)
    X, error = derived(Y)
    with np.errstate(all="ignore"):
        ok = np.isfinite(X).all(1) & (error <= DIGITS * (100 * np.abs(X) + starts.spread)).all(1)
    ok[ok] = derived.returns(stage, X[ok], error[ok], Y[ok])
    ok[ok] = base.inside(X[ok])
    return X, ok


def solve(derived: Derived | None, stage: Stage, base: Base, starts: Starts, Y: Any, *, thorough: bool = True) -> tuple[Any, Any]:
    """(X, state) as of `newton.solve`: by the closed form where it is sure, else by Newton's flow, from what the closed form says if it says anything.

    A y that has no x by the closed form needs fewer lines that say the same. If not `thorough`, the closed form has the last word where
    it is exact: it leads to no x, or to one that is not in the support or is not taken to y. Without a closed form what two times
    two lines do not decide is left UNKNOWN, and what they call OUTSIDE is looked at again.
    """
    X, ok = sure(derived, stage, base, starts, Y)
    state = np.where(ok, newton.ROOT, newton.UNKNOWN)
    if not thorough and derived is not None and derived.valid:
        error = derived(Y)[1]
        with np.errstate(all="ignore"):
            exact = (error <= DIGITS * (100 * np.abs(X) + starts.spread)).all(1)
        left = np.flatnonzero(~ok & ~exact & np.isfinite(X).all(1))
        state[~ok] = newton.OUTSIDE
        X[left], state[left] = newton.follow(stage, base, starts, X[left], Y[left])
        state[left[state[left] == newton.MISSED]] = newton.UNKNOWN
        X[state != newton.ROOT] = np.nan
        return X, state
    near = np.flatnonzero(~ok & np.isfinite(X).all(1))
    X[near], state[near] = newton.follow(stage, base, starts, X[near], Y[near])
    left = np.flatnonzero((state != newton.ROOT) & (state != newton.OUTSIDE))
    if not thorough:
        X[left], state[left] = newton.solve(stage, base, starts, Y[left], lines=2, spread=2)
        left = left[state[left] == newton.OUTSIDE]
    few = {"lines": FEW, "spread": FEW} if derived is not None or not thorough else {}
    X[left], state[left] = newton.solve(stage, base, starts, Y[left], **few)
    X[state != newton.ROOT] = np.nan
    return X, state


def shown(pieces: Sequence[Derived | None]) -> str | None:
    """The formulas of all branches; None where one of them has none."""
    found: list[str] = []
    for each in dict.fromkeys(pieces):
        said = None if each is None else each.formulas()
        if said is None:
            return None
        found += said
    more = len(found) - LISTED if len(pieces) > 1 else 0
    return ", ".join([*found[:LISTED], f"… ({more} more)"] if more > 0 else found)
