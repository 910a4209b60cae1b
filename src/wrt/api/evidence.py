"""Proof by numbers: a derivative beside difference quotients of the function itself, at random points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt import numeric
from wrt.errors import ArgumentError, Disagreement
from wrt.graph.node import Shape
from wrt.graph.size import bind, symbols_in

if TYPE_CHECKING:
    from wrt.api.derive import Derivative

ILL = 1e8  # a derivative this steep is near a singularity: a point where nothing can be judged
SIZES = (5, 4, 3, 2, 6, 7, 8, 9)  # distinct sizes for distinct symbols: a transposed answer then has the wrong shape


@dataclass(frozen=True, slots=True)
class Evidence:
    """The largest difference that was seen, relative to the largest entry, and where it was looked for."""

    difference: float
    points: int
    domain: str

    def __str__(self) -> str:
        return f"checked at {self.points} random points ({self.domain}): largest difference {self.difference:.1e}"


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.standard_normal(shape)


def _positive(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.5, 2, shape)


def _definite(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    if len(shape) == 2 and shape[0] == shape[1]:
        root = rng.standard_normal(shape)
        return root @ root.T / shape[0] + 0.5 * np.eye(shape[0])
    return rng.uniform(0.5, 2, shape)


def _unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
    return rng.uniform(0.1, 0.8, shape)


DOMAINS: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Any]] = {
    "standard normal": _normal,
    "uniform on [0.5, 2]": _positive,
    "positive, square matrices positive definite": _definite,
    "uniform on [0.1, 0.8]": _unit,
}


def compare(d: Derivative, points: int, seed: int) -> Evidence:
    """The derivative against the limits of difference quotients; raises `Disagreement` where they differ beyond their error."""
    for domain, drawn in _settings(d, points, seed):
        found = [_difference(d, values, exact) for values, exact in drawn]
        differences = [difference for difference in found if difference is not None]
        if len(differences) == points:
            return Evidence(max(differences, default=0.0), points, domain)
    raise Disagreement(
        "No random point was found at which the expression has a finite value and derivative.",
        advice="Check it at a point of your own: d(**values).",
    )


def suitable(d: Derivative, points: int, seed: int) -> Iterator[dict[str, Any]]:
    """Random points at which the derivative is finite and well conditioned; fewer, or none, where there are no such points."""
    for _, drawn in _settings(d, points, seed):
        yield from (values for values, _ in drawn)
        return


def _settings(d: Derivative, points: int, seed: int) -> Iterator[tuple[str, list[tuple[dict[str, Any], Any]]]]:
    """Domains all of whose points suit: their names, and values with the derivative there."""
    for turned, (domain, draw) in product((False, True), DOMAINS.items()):
        shapes = _numbers(d.variables, turned=turned)
        rng = np.random.default_rng(seed)
        drawn = []
        for _ in range(points):
            values = {name: np.asarray(draw(rng, shape)) for name, shape in shapes.items()}
            values |= {name: (values[name] + values[name].T) / 2 for name in d.symmetric}
            exact = _exact(d, values)
            if exact is None:
                break
            drawn.append((values, exact))
        else:
            yield domain, drawn


def _numbers(shapes: Mapping[str, Shape], *, turned: bool) -> dict[str, tuple[int, ...]]:
    """Numbers for the symbols; `turned` makes the later symbols the larger ones, for expressions that need tall or wide matrices."""
    symbols = list(dict.fromkeys(s for shape in shapes.values() for size in shape for s in sorted(symbols_in(size))))
    sizes = SIZES[: len(symbols)][:: -1 if turned else 1]
    by = dict(zip(symbols, sizes, strict=False)) | dict.fromkeys(symbols[len(sizes) :], 3)
    return {name: tuple(int(str(bind(size, by))) for size in shape) for name, shape in shapes.items()}


def _exact(d: Derivative, values: dict[str, Any]) -> Any:
    """The derivative at one point; None where something is not finite there, or where rounding alone changes it much."""
    try:
        with np.errstate(all="ignore"):
            exact = d.collated(**values)
            size = float(np.max(np.abs(exact), initial=0.0))
            if not np.isfinite(size) or size > ILL or not np.all(np.isfinite(d.lower_order()(**values))):
                return None
            near = d.collated(**{name: value * (1 + 1e-9 * np.cos(np.arange(value.size)).reshape(value.shape)) for name, value in values.items()})
    except np.linalg.LinAlgError:
        return None
    return exact if np.max(np.abs(near - exact), initial=0.0) <= 1e-4 * max(1.0, size) else None  # else near a singular matrix, say


def _difference(d: Derivative, values: dict[str, Any], exact: Any) -> float | None:
    """The difference from the limit of difference quotients at one point; None where there is no such limit."""
    function, x = d.lower_order(), d.wrt[-1]
    try:
        with np.errstate(all="ignore"):
            limit = numeric.jacobian(lambda at: function(**{**values, x: at}), values[x])
    except (np.linalg.LinAlgError, ArgumentError):
        return None
    scale = max(1.0, float(np.max(np.abs(exact), initial=0.0)))
    known = (limit.value + np.swapaxes(limit.value, -1, -2)) / 2 if x in d.symmetric else limit.value
    difference = np.abs(exact - known)
    allowed = 10 * limit.error + 1e-6 * scale
    if np.any(difference > allowed):
        worst = np.unravel_index(np.argmax(difference - allowed), difference.shape)
        where = ", ".join(map(str, worst))
        raise Disagreement(
            f"The derivative by {x} disagrees with difference quotients: entry [{where}] is {exact[worst]:.6g}, the limit is {known[worst]:.6g}.",
            advice="This is a bug of wrt, please report it with the expression.",
        )
    return float(np.max(difference, initial=0.0)) / scale
