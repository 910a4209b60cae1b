"""The judge of every rule: what wrt says against what the real NumPy and SciPy functions do.

A function of the catalogue is built as a graph of variables, its Jacobians are accumulated from the local ones in the plainest
way, and both are held against numbers: values against the function itself, Jacobians against the limits of its difference
quotients (`wrt.numeric`, which knows no rule), second derivatives against differences of the first.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from itertools import pairwise

import numpy as np

from wrt.graph.arithmetic import as_node
from wrt.graph.node import Node, frozen, variable
from wrt.graph.walk import topological
from wrt.linear.algebra import add, apply, apply_transposed, compose
from wrt.linear.linear_map import identity
from wrt.numeric import jacobian as limits
from wrt.ops.catalog import FUNCTIONS, OPERATIONS, evaluate, local_jacobians


def readable(rng, shape, low=-2.0, high=2.0, others=()):
    """Short decimals without ties: all differ from each other, from 0 and from the `others`, by more than the judge's steps."""
    count = int(np.prod(shape)) + len(others) + 1
    decimals = max(2, int(np.ceil(np.log10(4 * count / (high - low)))))
    grid = np.round(low + (high - low) * (np.arange(count) + 0.37) / count, decimals)
    free = [x for x in grid if min((abs(x - y) for y in (0.0, *others)), default=1.0) > 0.004]
    assert len(free) >= int(np.prod(shape)), "too many numbers for this interval"
    return rng.permutation(free)[: int(np.prod(shape))].reshape(shape)


def function(key):
    """The real function: SciPy's stand in the catalogue by name."""
    if not isinstance(key, str):
        return key
    module, _, name = key.rpartition(".")
    return getattr(importlib.import_module(module), name)


def name_of(key):
    module = getattr(key, "__module__", None) or "numpy"
    return key if isinstance(key, str) else f"{module}.{getattr(key, '__qualname__', None) or key.__name__}"


def is_input(entry):
    return isinstance(entry, tuple | np.ndarray) and not (isinstance(entry, tuple) and not all(isinstance(n, int) for n in entry))


class Problem:
    """One function at one case: its arguments as arrays and as variables, the graph of its outputs."""

    def __init__(self, key, case, rng, dtype=np.float64):
        self.key, self.case = key, case
        self.arrays, self.variables = [], []
        self.places = []  # per argument: a function from arrays (or variables) to the argument

        parameters = list(inspect.signature(FUNCTIONS[key]).parameters.values())
        annotated = {p.name: "Node" in str(p.annotation) for p in parameters}
        parameters = [p for p in parameters if p.kind is not p.KEYWORD_ONLY]

        limits_given = [value for value in case.options.values() if isinstance(value, int | float) and np.isfinite(value)]

        def enter(entry, is_node):
            if is_node and is_input(entry):
                others = [float(x) for array in (*self.arrays, *limits_given) for x in np.ravel(array)]
                array = readable(rng, entry, case.low, case.high, others) if isinstance(entry, tuple) else np.array(entry)
                array = array.astype(dtype) if array.dtype.kind == "f" else array
                here = len(self.arrays)
                self.arrays.append(array)
                self.variables.append(variable(f"x{here}", array.shape, array.dtype))
                return lambda given: given[here]
            if isinstance(entry, list):
                inner = [enter(e, is_node) for e in entry]
                return lambda given: [one(given) for one in inner]
            if is_node and isinstance(entry, int | float):
                return lambda given: as_node(entry) if given is self.variables else entry
            return lambda given: entry

        names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL][: len(case.shapes)]
        names += [parameters[-1].name] * (len(case.shapes) - len(names))
        self.places = [enter(entry, annotated[name]) for name, entry in zip(names, case.shapes, strict=True)]
        self.options = {name: enter(value, annotated[name] and not isinstance(value, tuple)) for name, value in case.options.items()}

    def arguments(self, given):
        return [place(given) for place in self.places], {name: place(given) for name, place in self.options.items()}

    @property
    def outputs(self):
        positional, named = self.arguments(self.variables)
        made = FUNCTIONS[self.key](*positional, **named)
        return [node for node in (made if isinstance(made, tuple | list) else [made]) if isinstance(node, Node)]

    def real(self, arrays):
        """The function itself; all outputs, as arrays."""
        positional, named = self.arguments(arrays)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            made = function(self.key)(*positional, **named)
        return [np.asarray(value) for value in (made if isinstance(made, tuple | list) else [made])]

    @property
    def known(self):
        return dict(zip(self.variables, self.arrays, strict=True))


def values(outputs, known):
    """The arrays of the nodes by the definitions; deep graphs are slow, which is all right here."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return [np.asarray(value) for value in evaluate(outputs, known)]


def forward(output, x):
    """The Jacobian of one node by one variable: local Jacobians composed from the input on, added where paths meet."""
    maps = {x: identity(x.shape)}
    for node in topological([output]):
        if node is x or x not in node.variables:
            continue
        pairs = zip(local_jacobians(node), node.inputs, strict=True)
        parts = [compose(local, maps[child]) for local, child in pairs if local is not None and child in maps]
        if parts:
            maps[node] = add(parts)
    return maps.get(output)


def dense(output, x):
    """The same as an array node; None for a structural zero."""
    found = forward(output, x)
    return None if found is None or not found.terms else found.to_dense()


def numbers(node, known, shape):
    return np.zeros(shape) if node is None else values([node], known)[0]


def check_value(problem, rtol=1e-12):
    seen = values(problem.outputs, problem.known)
    real = problem.real(problem.arrays)
    assert len(seen) == len(real), f"{len(seen)} outputs, NumPy has {len(real)}"
    for node, mine, theirs in zip(problem.outputs, seen, real, strict=True):
        assert mine.shape == theirs.shape == tuple(node.shape), f"shapes: node {node.shape}, value {mine.shape}, NumPy {theirs.shape}"
        np.testing.assert_allclose(mine, theirs, rtol=rtol, atol=rtol)
    return seen


def check_jacobians(problem, rtol=1e-7):
    """Every output by every input, against limits of difference quotients."""
    for position, x in enumerate(problem.variables):
        if x.dtype.kind != "f":
            continue
        for number, output in enumerate(problem.outputs):
            if output.dtype.kind != "f":
                continue

            point = problem.arrays[position]
            finite = np.isfinite(point)

            def moved(part, position=position, number=number, point=point, finite=finite):
                array = point.astype(np.float64)
                array[finite] = part
                arrays = [array if i == position else a for i, a in enumerate(problem.arrays)]
                return problem.real(arrays)[number].astype(np.float64)

            exact = numbers(dense(output, x), problem.known, output.shape + x.shape)
            assert exact.shape == tuple(output.shape) + tuple(x.shape)
            if not exact.size:
                continue
            assert not exact[..., ~finite].any(), "an input that is NaN has a derivative"
            exact = exact[..., finite]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = limits(moved, point[finite])
            judged, error = found.value, found.error
            scale = max(1.0, float(np.nanmax(np.abs(judged))))
            sure = error < 1e-4 * scale
            if not sure.all():  # noise or a step nearby made the limits unsure: short plain differences there
                judged, error = np.where(sure, judged, plain_differences(moved, point[finite])), np.where(sure, error, 0)
            wrong = ~(np.abs(exact - judged) <= rtol * scale + 10 * error)
            told = f"output {number} by input {position}\nwrt\n{exact}\njudge\n{judged}\n± {error.max():.1e}; inputs\n{problem.arrays}"
            assert not wrong.any(), told


def plain_differences(f, point):
    """One central difference a column, extrapolated twice."""
    columns = []
    for i in range(point.size):
        step = np.zeros(point.size)
        step[i] = 1.0
        columns.append(slope(lambda t, step=step: f(point + t * step)))
    return np.stack(columns, axis=-1)


def slope(f, h=2e-3):
    """df/dt at 0 from six values: central differences at h, h/2, h/4, extrapolated to 0."""
    differences = [(f(step) - f(-step)) / (2 * step) for step in (h, h / 2, h / 4)]
    once = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(differences)]
    return (16 * once[1] - once[0]) / 15


def check_adjoint(problem, rng):
    """⟨w, J v⟩ = ⟨Jᵀ w, v⟩ for every local Jacobian on the way, and both are what the dense array says."""
    nodes = [node for node in topological(problem.outputs) if node.variables and node.inputs]
    known = problem.known
    for node in nodes:
        for local, child in zip(local_jacobians(node), node.inputs, strict=True):
            if local is None or not child.variables or node.dtype.kind != "f":
                continue
            v, w = readable(rng, child.shape), readable(rng, node.shape)
            made = [apply(local, frozen(v)), apply_transposed(local, frozen(w)), local.to_dense()]
            moved, pulled, array = values(made, known)
            np.testing.assert_allclose(np.sum(w * moved), np.sum(pulled * v), rtol=1e-9, atol=1e-9, equal_nan=False, err_msg=node.op)
            np.testing.assert_allclose(np.tensordot(array, v, v.ndim), moved, rtol=1e-9, atol=1e-9, equal_nan=False, err_msg=node.op)


def check_second(problem, rng, rtol=2e-6):
    """The Jacobian of each materialized Jacobian, along one direction, against extrapolated differences of the first."""
    for output in problem.outputs:
        if output.dtype.kind != "f":
            continue
        for x in problem.variables:
            first = dense(output, x) if x.dtype.kind == "f" else None
            if first is None:
                continue
            for y in problem.variables:
                if y.dtype.kind != "f":
                    continue
                direction = readable(rng, y.shape, -1.0, 1.0) if y.shape else np.array(1.0)
                second = forward(first, y)
                exact = np.zeros(first.shape)
                if second is not None and second.terms:
                    (exact,) = values([apply(second, frozen(direction))], problem.known)

                def along(t, y=y, first=first, direction=direction):
                    return values([first], {**problem.known, y: problem.known[y] + t * direction})[0]

                judged = slope(along)
                scale = max(1.0, float(np.abs(judged).max(initial=0)))
                np.testing.assert_allclose(exact, judged, rtol=0, atol=rtol * scale, err_msg=f"second order by {x} and {y}")


def check_code(problem):
    """The NumPy text of every operation on the way gives the operation's value."""
    import scipy
    import scipy.special

    known = dict(problem.known)
    for node in topological(problem.outputs):
        if node.op not in OPERATIONS or node.op == "nest":
            continue
        arrays = values(list(node.inputs), known)
        texts = [f"a{i}" for i in range(len(arrays))]
        with np.errstate(all="ignore"):
            made = eval(source(node, texts), {"np": np, "scipy": scipy, **dict(zip(texts, arrays, strict=True))})
        np.testing.assert_allclose(made, values([node], known)[0], rtol=1e-10, atol=1e-10, err_msg=source(node, texts))


def source(node, texts):
    code = OPERATIONS[node.op].code
    if callable(code):
        return code(node, texts)
    if code[0].isalpha():
        return f"{code}({', '.join(texts)})"
    return f"{code}{texts[0]}" if len(texts) == 1 else f"{texts[0]} {code} {texts[1]}"


def differentiable(key):
    return any(parameter.annotation in ("Node", "Nodes") for parameter in inspect.signature(FUNCTIONS[key]).parameters.values())
