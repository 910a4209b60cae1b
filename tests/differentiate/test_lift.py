"""Every function of the catalogue, its value and its Jacobian, lifted to several points: the same numbers as point by point."""

import warnings
from contextlib import suppress

import numpy as np
import pytest

import wrt.ops  # noqa: F401  # fills the catalogue
from ops.judge import Problem, name_of, values
from wrt.differentiate.accumulate import jacobian
from wrt.differentiate.lift import NotLifted, lifted
from wrt.errors import Unsupported
from wrt.graph.node import variable
from wrt.graph.size import symbol
from wrt.lower.numpy_source import source
from wrt.ops.catalog import CASES, FUNCTIONS

N = symbol("N")
POINTS = 3
KNOTS = {np.searchsorted: 0, np.interp: 1}  # the input that must be the same at all points


def nodes_of(problem):
    """The outputs and their Jacobians by the floating inputs."""
    floating = [v for v in problem.variables if v.dtype.kind == "f"]
    nodes = list(problem.outputs)
    for output in problem.outputs:
        if output.dtype.kind == "f":
            with suppress(Unsupported):  # a value without a derivative
                nodes += [m.to_dense(output.dtype) for m in jacobian(output, floating).values()]
    return nodes, floating


def check(problem, nodes, batched):
    along = {v: variable(f"all {v.attrs[0]}", (N, *v.shape), v.dtype) for v in batched}
    together = lifted(nodes, along, N)
    many = {v: np.stack([a + 0.003 * j * (a != 0) for j in range(POINTS)]) if v in batched else a for v, a in problem.known.items()}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = source("f", {along.get(v, v): v.attrs[0] for v in many}, together).compile()(*many.values())
        single = source("f", {v: v.attrs[0] for v in many}, nodes).compile()
        for j in range(POINTS):
            wanted = single(*(a[j] if v in batched else a for v, a in many.items()))
            for node, other, mine, theirs in zip(nodes, together, found, wanted, strict=True):
                mine = mine if other is node else mine[j]
                assert np.shape(mine) == node.shape
                np.testing.assert_allclose(mine, theirs, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("key", FUNCTIONS, ids=name_of)
def test_a_lifted_function_is_the_function_at_each_point(key, rng):
    for case in CASES[key]:
        problem = Problem(key, case, rng)
        nodes, floating = nodes_of(problem)
        for batched in [floating, *([v] for v in floating if len(floating) > 1)]:
            if floating and not (key in KNOTS and problem.variables[KNOTS[key]] in batched):
                check(problem, [*nodes, nodes[0]], set(batched))


def test_knots_that_differ_by_point_are_not_lifted():
    x, knots, heights = variable("x", (4,)), variable("knots", (3,)), variable("heights", (3,))
    node = FUNCTIONS[np.interp](x, knots, heights)
    with pytest.raises(NotLifted, match="searchsorted"):  # np.searchsorted looks in one vector
        lifted([node], {knots: variable("all knots", (N, 3))}, N)


def test_what_does_not_depend_on_the_points_stays_as_it_is():
    x, y = variable("x", (3,)), variable("y", (3,))
    (same,) = lifted([y * 2], {x: variable("all x", (N, 3))}, N)
    assert same is y * 2


def test_an_operand_of_higher_rank_that_all_points_share_is_aligned_from_the_right(rng):
    x, A = variable("x", (3,)), variable("A", (2, 3))
    many = variable("all x", (N, 3))
    (node,) = lifted([x + A], {x: many}, N)
    X, numbers = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    found = source("f", {many: "x", A: "A"}, [node]).compile()(X, numbers)
    np.testing.assert_array_equal(found, [point + numbers for point in X])
    assert values([x + A], {x: X[0], A: numbers})[0].shape == (2, 3)
