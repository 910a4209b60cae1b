"""J.batch(X): one derivative for each of many points.

The function is traced at one point and the program lifted to all. Points at which the function makes other choices (`if x[0] > 0`)
have a variant of their own: points are grouped by the variant that fits. A function that cannot take a single point, because
it is written for the whole array (`X[:, 0]`), is traced on the whole; then its Jacobian must tie rows to rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from wrt.api.arguments import collect, real_array
from wrt.api.batch_guard import fitting
from wrt.api.batch_kernel import kernel
from wrt.api.batch_program import Dense, batch_program, dtypes_of, shapes_of
from wrt.api.prepared import Prepared
from wrt.differentiate.accumulate import accumulate
from wrt.differentiate.lift import NotLifted
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.node import Node
from wrt.graph.shape import show
from wrt.linear.linear_map import identity
from wrt.linear.row_wise import mixing, rows
from wrt.lower.numpy_source import source
from wrt.notation.layout import inputs_first

if TYPE_CHECKING:
    from wrt.api.jacobian import Differentiated, Jacobian

SHAPES = 8  # so many shapes of a function of whole arrays are kept prepared


def batch(
    verb: Differentiated,
    plain: Callable[[], Jacobian],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    batched: Sequence[str] = (),
    threads: Any = None,
    kind: Dense | None = None,
) -> Any:
    """The verb's derivative at each point: an array of shape (N, …) for each input or block. `plain` makes the Jacobian of its function.

    Of a Jacobian the other kinds are the function's values, and (values, derivatives).
    """
    if threads is not None and (isinstance(threads, bool) or not isinstance(threads, int) or threads < 1):
        raise ArgumentError(f"threads must be None (as many as help) or a number of at least 1, not {threads!r}.")
    kind = kind or ("hessian" if verb.kind == "hessian" else "jacobian")
    points = _Points(verb, args, kwargs, (batched,) if isinstance(batched, str) else tuple(batched))
    known = _whole.get(verb)
    if known is not None and points.key in known.keys:
        results, ndim = known.run(kind, args, kwargs)
    else:
        try:
            first = points.first()
        except Exception as refused:  # noqa: BLE001  # whatever it raises that was written for all rows at once
            whole = _Whole(verb, plain()) if known is None else known
            results, ndim = whole.instead(refused, points, kind, args, kwargs)
            _whole[verb] = whole
        else:
            results, ndim = points.run(kind, first, threads)
    value, results = (None, results) if kind in ("jacobian", "hessian") else (results[0], results[1:])
    if kind == "value":
        return value
    arranged = [_arranged(verb, kind, each, ndim, k) for k, each in enumerate(results)]
    if kind != "hessian":
        found = arranged[0] if verb.single else tuple(arranged)
        return found if kind == "jacobian" else (value, found)
    n = len(verb.wrt)
    return arranged[0] if verb.single else tuple(tuple(arranged[n * a : n * a + n]) for a in range(n))


def _arranged(verb: Differentiated, kind: Dense, array: Any, ndims: list[int], k: int) -> Any:
    """Layout and view at each point; `ndims` are those of the function's value and of the inputs."""
    f, *by = ndims
    ndim_f, layout = (f, verb.layout) if kind != "hessian" else (f + by[k // len(by)], "numerator")
    ndim_x = array.ndim - 1 - ndim_f
    turned = inputs_first(ndim_f, ndim_x, layout)
    if verb.view == "tensor":
        return np.moveaxis(array, range(1, 1 + ndim_f), range(1 + ndim_x, array.ndim)) if turned else array
    many, *shape = array.shape
    if verb.order == "F":
        array = array.transpose(0, *reversed(range(1, 1 + ndim_f)), *reversed(range(1 + ndim_f, array.ndim)))
    matrix = array.reshape(many, prod(shape[:ndim_f]), prod(shape[ndim_f:]))
    return matrix.swapaxes(1, 2) if turned else matrix


class _Points:
    """The points of one call: the arguments by name, of which some have a leading axis that counts the points."""

    def __init__(self, verb: Differentiated, args: tuple[Any, ...], kwargs: dict[str, Any], batched: tuple[str, ...]) -> None:
        self.verb = verb
        arguments, self.back = verb._bound(args, kwargs)  # noqa: SLF001  # this is a method of the verb, in a file of its own
        self.arguments = dict(arguments)
        self.names = tuple(dict.fromkeys((*verb.wrt, *batched)))
        for name in self.names:
            if name not in self.arguments:
                raise ArgumentError(f"{verb.name} gets no argument {name!r} in this call; it gets {', '.join(self.arguments)}.")
            array = real_array(self.arguments[name], name) if name in verb.wrt else np.asarray(self.arguments[name])
            if array.ndim == 0 or array.dtype.kind not in "fiub":
                what = f"a single number, {self.arguments[name]!r}" if array.dtype.kind in "fiub" else f"a {type(self.arguments[name]).__name__}"
                raise ArgumentError(f"{name} is {what}; batch takes an array with one point in each row, of shape (N, …).")
            self.arguments[name] = array
        counts = {name: len(self.arguments[name]) for name in self.names}
        self.count = counts[self.names[0]]
        if len(set(counts.values())) > 1:
            said = ", ".join(f"{name} {show(self.arguments[name].shape)}" for name in counts)
            raise ShapeError(f"The inputs that hold a point in each row must be equally long; got {said}.")
        self.leaves = collect(self.at(0), verb.wrt)
        self.key = tuple(self.leaves.key)
        self.arrays = [self.arguments[name] if name in self.names else a for name, a in zip(self.leaves.names, self.leaves.arrays, strict=True)]
        self.along = [name in self.names for name in self.leaves.names]

    def at(self, point: int) -> dict[str, Any]:
        """The arguments at one point; where there are none, at a point of ones, which shows the shapes."""
        if not self.count:
            return self.arguments | {name: np.ones_like(a, shape=a.shape[1:]) for name, a in ((n, self.arguments[n]) for n in self.names)}
        return self.arguments | {name: self.arguments[name][point] for name in self.names}

    def first(self) -> list[Prepared]:
        """The variants that are prepared already, or that of the first point."""
        known = [] if self.leaves.volatile else [v for v in self.verb._variants.get(self.key, ()) if not v.volatile and v.still_valid()]  # noqa: SLF001
        return known or [self.trace(0, [])]

    def trace(self, point: int, tried: Sequence[Prepared]) -> Prepared:
        """The variant of one point."""
        arguments = self.at(point)
        with self.verb._lock:  # noqa: SLF001
            return self.verb._prepare(arguments, self.back, collect(arguments, self.verb.wrt), self.key, tried)  # noqa: SLF001

    def run(self, kind: Dense, known: list[Prepared], threads: int | None) -> tuple[list[Any], list[int]]:
        """The results of all points, group by group, and the ndims of the function's value and inputs."""
        waiting, tried = list(known), list[Prepared]()
        results: list[Any] = []
        left = np.arange(self.count)
        while waiting or len(left):
            fresh = not waiting
            variant = self.trace(int(left[0]), tried) if fresh else waiting.pop(0)
            tried.append(variant)
            fits = self._fits(variant, left, sure=fresh)
            if len(left) and fits is not None and not fits.any():  # a variant of other points, perhaps of another shape
                continue
            results = self._prepared(results, variant, kind)
            left = self._filled(results, variant, kind, left, fits, threads)
            if not len(left):
                break
        self.verb._last = variant  # noqa: SLF001
        return results, [variant.node.ndim, *(v.ndim for v in variant.variables)]

    def _prepared(self, results: list[Any], variant: Prepared, kind: Dense) -> list[Any]:
        """Arrays of zeros for all points, or those that there are, if the variant's results fit into them."""
        shapes, dtypes = [(self.count, *shape) for shape in shapes_of(variant, kind)], dtypes_of(variant, kind)
        if not results:
            size = sum(prod(shape) * dtype.itemsize for shape, dtype in zip(shapes, dtypes, strict=True))
            limit = self.verb.max_bytes
            if limit is not None and size > limit:
                fact = f"{self.count} derivatives of {self.verb.name} would take {size} bytes, and max_bytes is {limit}."
                raise ArgumentError(fact, advice="Take fewer points at a time, or allow more.")
            return [np.zeros(shape, dtype) for shape, dtype in zip(shapes, dtypes, strict=True)]
        for result, shape in zip(results, shapes, strict=True):
            if result.shape != shape:
                raise ShapeError(f"{self.verb.name} has derivatives of shape {show(result.shape[1:])} at some points and of shape {show(shape[1:])} at others.")
        return [result.astype(np.result_type(result, dtype), copy=False) for result, dtype in zip(results, dtypes, strict=True)]

    def _names(self, variant: Prepared) -> list[str]:
        return [name for name, along in zip(variant.inputs.values(), self.along, strict=True) if along]

    def _fits(self, variant: Prepared, points: Any, *, sure: bool) -> Any:
        """At which points the variant fits (at the first for sure, if it was traced there); None where each must be tried by itself."""
        if not variant.guards:
            return np.ones(len(points), bool)
        try:
            fits = fitting(variant, self._names(variant), self.arrays, points)
        except NotLifted:
            return None
        fits[:1] |= sure
        return fits

    def _filled(self, results: list[Any], variant: Prepared, kind: Dense, points: Any, fits: Any, threads: int | None) -> Any:
        """Fill in where the variant fits; the points that are left."""
        names = self._names(variant)
        mine = points if fits is None or fits.all() else points[fits]
        rest = points[:0] if fits is None else points[~fits]
        try:
            program = batch_program(variant, kind, names)
            faster = kernel(self.verb.name, self.verb.backend, variant, kind, names, program, self.arrays)
            if fits is None:
                raise NotLifted(variant.node)
            program.run(self.arrays, results, self.count if len(mine) == self.count else mine, threads, faster)
        except NotLifted:
            return np.concatenate([self._one_by_one(results, variant, kind, mine), rest])
        return rest

    def _one_by_one(self, results: list[Any], variant: Prepared, kind: Dense, points: Any) -> Any:
        left = []
        for i in points:
            found = variant.run(kind, [a[i] if along else a for a, along in zip(self.arrays, self.along, strict=True)])
            if found is None:
                left.append(i)
                continue
            for result, each in zip(results, found if isinstance(found, tuple) else (found,), strict=True):
                result[i] = each
        return np.array(left, int)


# ----- functions of whole arrays --------------------------------------------------------------------------------------
class _Whole:
    """A function that takes all points at once, row by row: prepared for each shape of the whole."""

    def __init__(self, verb: Differentiated, jacobian: Jacobian) -> None:
        self.jacobian = jacobian
        self.scalar = verb.kind == "jacobian" and type(verb)._accept is not type(jacobian)._accept  # noqa: SLF001
        self.keys: set[Any] = set()  # signatures of a point at which the function refuses

    def instead(self, refused: Exception, points: _Points, kind: Dense, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[int]]:
        """The results of a function that refuses a single point."""
        try:
            found = self.run(kind, args, kwargs)
        except _Mix as mix:
            if self.scalar and isinstance(refused, ShapeError) and not isinstance(refused, IndexError):
                raise refused from None  # more than one number at a point
            raise ShapeError(
                f"{points.verb.name} does not take one point, and of all points together it is not row-wise: {mix}.",
                known=f"At one point: {type(refused).__name__}: {str(refused).splitlines()[0] if str(refused) else ''}",
                advice="Write the function of one point, or so that each row of its result depends on that row of the input only.",
            ) from refused
        except Exception:  # noqa: BLE001  # it is not about points and rows
            raise refused from None
        self.keys.add(points.key)
        return found

    def run(self, kind: Dense, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], list[int]]:
        prepared, _, leaves = self.jacobian._run("value", args, kwargs)  # noqa: SLF001
        while len(self.jacobian._variants) > SHAPES:  # noqa: SLF001
            self.jacobian._variants.pop(next(iter(self.jacobian._variants)))  # noqa: SLF001
        key = ("rows", kind)
        if key not in prepared.extra:
            nodes = self._rows(prepared, kind)
            prepared.extra[key] = nodes, source("rows", prepared.inputs, nodes).compile()
        nodes, function = prepared.extra[key]
        found = function(*leaves.arrays)
        dtypes = dtypes_of(prepared, kind)
        made = [np.array(each, dtype) for each, dtype in zip(found if isinstance(found, tuple) else (found,), dtypes, strict=True)]
        return made, [prepared.node.ndim - 1, *(v.ndim - 1 for v in prepared.variables)]

    def _rows(self, prepared: Prepared, kind: Dense) -> list[Node]:
        first = [_rows(m) for m in prepared.maps]
        if self.scalar and prepared.node.ndim != 1:
            raise _Mix(f"a gradient is of one number at each point, and the result has shape {show(prepared.node.shape)}")
        if kind != "hessian":
            return [*[prepared.node] * (kind != "jacobian"), *(first if kind != "value" else ())]
        seeds = {v: identity(v.shape) for v in prepared.variables}
        second = [accumulate(node, seeds, identity(node.shape), prepared.mode)[0] for node in first]
        return [_rows(maps[v]) for maps in second for v in prepared.variables]


_whole: WeakKeyDictionary[Differentiated, _Whole] = WeakKeyDictionary()


class _Mix(Exception):
    """Which axes mix, so that rows of the result depend on other rows of the input."""


def _rows(m: Any) -> Node:
    found = rows(m)
    if found is None:
        raise _Mix(mixing(m))
    return found
