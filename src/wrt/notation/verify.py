"""The lines of a derivation, evaluated: every expression that is claimed to be equal against the derivative as the graph computes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.graph.index import Affine, Index, Table
from wrt.graph.nest import terms_of
from wrt.graph.node import FLOAT, Node, Shape, constant, make, variable
from wrt.graph.size import Size, as_int, bind, symbols_in
from wrt.graph.term import Factor, Term
from wrt.graph.walk import topological
from wrt.notation.value import entries, value
from wrt.ops.catalog import evaluate

if TYPE_CHECKING:
    from wrt.notation.steps import Derivation, Step


def check_steps(derivation: Derivation, known: Mapping[str, Any], sizes: Mapping[str, Size]) -> float:
    """The largest difference, relative to the largest entry, over all lines that are equalities.

    Parameters
    ----------
    known
        Arrays of the variables by name, at a point that the caller has drawn.
    sizes
        The numbers that size symbols stand for; `sizes_of` finds them from the arrays.
    """
    arrays = {name: np.asarray(array, float) for name, array in known.items()}
    for name, node in derivation.intermediates.items():
        arrays[name] = number_of(node, arrays, sizes)
    rng = np.random.default_rng(0)
    for name, of, m in derivation.differentials:
        if f"d{of}" not in arrays:
            arrays[f"d{of}"] = rng.normal(size=arrays[of].shape)
        arrays[f"d{name}"] = np.tensordot(number_of(m.to_dense(FLOAT), arrays, sizes), arrays[f"d{of}"], len(m.shape_in))
    return max((_difference(step, arrays, sizes) for step in derivation.steps), default=0.0)


def sizes_of(shapes: Mapping[str, Shape], arrays: Mapping[str, Any]) -> dict[str, int]:
    """Numbers for the size symbols with which the variables have the shapes of their arrays: of all variables, also those that nothing reads.

    A symbol need not stand alone: n + 1 = 6 says n, too. Where several numbers fit (n·m = 20), any of them do.
    """
    equations = [(size, number) for name, shape in shapes.items() for size, number in zip(shape, np.shape(arrays[name]), strict=True)]

    def solved(known: dict[str, int]) -> dict[str, int] | None:
        left = [(bind(size, known), number) for size, number in equations]
        if any(isinstance(size, int) and size != number for size, number in left):
            return None
        unknown = [(size, number) for size, number in left if not isinstance(size, int)]
        if not unknown:
            return known
        size, number = min(unknown, key=lambda each: len(symbols_in(each[0])))
        name = min(symbols_in(size))
        largest = number + abs(as_int(bind(size, dict.fromkeys(symbols_in(size), 0)), "An axis")) + 9
        tries = (solved({**known, name: trial}) for trial in range(1, largest + 1))
        return next((found for found in tries if found is not None), None)

    return solved({}) or {}


def _difference(step: Step, arrays: Mapping[str, Any], sizes: Mapping[str, Size]) -> float:
    m = step.reference
    if m is None or not step.expressions:
        return 0.0
    wanted = np.asarray(number_of(m.to_dense(FLOAT), arrays, sizes), float)
    rows, columns = len(m.shape_out), len(m.shape_in)
    collated = wanted
    arrays = {**arrays, **{name: number_of(node, arrays, sizes) for name, node in step.tables.items() if name not in arrays}}
    if step.view.startswith("d"):
        wanted = np.tensordot(wanted, arrays[step.view], columns)
    elif step.view in ("C", "F"):
        sides = int(np.prod(wanted.shape[:rows])), int(np.prod(wanted.shape[rows:]))
        if step.view == "F":
            wanted = wanted.transpose(*reversed(range(rows)), *reversed(range(rows, rows + columns)))
        wanted = wanted.reshape(sides)
    elif step.view == "slice":
        wanted = wanted.reshape(*wanted.shape[:rows], -1)[..., 0]
    elif step.view == "plain" and rows == 0 and columns == 2:
        wanted = wanted.T
    worst = 0.0
    for e in step.expressions:
        got = entries(e, step.letters, collated.shape, arrays, sizes) if step.view == "index" else value(e, arrays, sizes)
        worst = max(worst, float(np.max(np.abs(np.reshape(got, wanted.shape) - wanted), initial=0.0) / max(1.0, np.max(np.abs(wanted), initial=0.0))))
    return worst


def number_of(node: Node, known: Mapping[str, Any], sizes: Mapping[str, Size]) -> Any:
    """The array of a node whose variables and sizes are known, by the definitions of its operations."""
    bound = with_sizes(node, sizes)
    return evaluate([bound], {v: np.asarray(known[v.attrs[0]]) for v in bound.variables})[0]  # type: ignore[index]


def with_sizes(node: Node, sizes: Mapping[str, Size]) -> Node:
    """The graph with numbers for its size symbols."""
    done: dict[Node, Node] = {}

    def index(i: Index) -> Index:
        if isinstance(i, Table):
            return Table(done[i.node], tuple(map(index, i.index)))
        return Affine(tuple((label, bind(c, sizes)) for label, c in i.parts), bind(i.offset, sizes), None if i.modulus is None else bind(i.modulus, sizes))

    def term(t: Term) -> Term:
        factors = tuple(Factor(done[f.node], tuple(map(index, f.index))) for f in t.factors)
        return Term(tuple(bind(s, sizes) for s in t.sizes), tuple(map(index, t.out)), factors, t.scale)

    for step in topological([node]):
        shape = tuple(bind(s, sizes) for s in step.shape)
        inputs = tuple(done[child] for child in step.inputs)
        if step.op == "size":
            done[step] = constant(as_int(bind(step.attrs, sizes), "A size in a formula"))  # type: ignore[arg-type]
        elif step.op == "variable":
            done[step] = variable(str(step.attrs[0]), shape, step.dtype)  # type: ignore[index]
        elif step.op == "nest":
            done[step] = make("nest", tuple(dict.fromkeys(inputs)), tuple(map(term, terms_of(step))), shape, step.dtype)
        else:
            done[step] = make(step.op, inputs, step.attrs, shape, step.dtype, weak=step.weak)
    return done[node]
