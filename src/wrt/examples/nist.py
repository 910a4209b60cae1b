"""Fits the 27 NIST regression problems with exact and with difference Jacobians and counts the digits each gets right.

The problems (`nist_strd/`) come with parameters that NIST certified to 11 digits, so a fit can be scored without trusting any
other software: the score is the number of correct digits, -log10(|b - certified| / |certified|), of the worst parameter.
`print(table(compare(wrt.jacobian)))` shows all 54 fits, two starts of each problem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

from wrt.errors import ArgumentError
from wrt.examples.nist_models import MODELS, Array, Model

Residual: TypeAlias = Callable[[Array], Array]
Jacobian: TypeAlias = Callable[[Array], Array]
Differences: TypeAlias = Literal["2-point", "3-point"]
"""How SciPy is to difference the residual: forwards (one evaluation a parameter) or centrally (two)."""

PROBLEMS: tuple[str, ...] = tuple(MODELS)
ENOUGH_DIGITS = 4
CERTIFIED_DIGITS = 11

# The same for both Jacobians. Of SciPy's solvers "trf" is the one that solves all 54 with exact Jacobians: "lm" goes astray
# from one start of BoxBOD, "dogbox" from eight of the starts. Scaling by the Jacobian, because the parameters of one problem
# differ by up to nine orders of magnitude. Tolerances just above the rounding error, lest the stopping rule decide the digits.
# Bennett5 takes about 1400 evaluations, hence the limit.
SOLVER: Mapping[str, Any] = MappingProxyType(
    {"method": "trf", "x_scale": "jac", "ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 5000}
)


@dataclass(frozen=True, slots=True)
class Problem:
    """One data set: `model(b, x)` is to be fitted to `y` from each of two starts; `certified` is the answer.

    `x` has shape (observations,), or (2, observations) for Nelson, whose `y` is the logarithm of the measured response.
    """

    name: str
    level: str
    model: Model
    x: Array
    y: Array
    starts: tuple[tuple[float, ...], tuple[float, ...]]
    certified: tuple[float, ...]
    deviations: tuple[float, ...]
    rss: float


@dataclass(frozen=True, slots=True)
class Fit:
    """What the solver found, scored against the certified parameters.

    `nfev` and `njev` are the solver's own counts; `evaluations` counts every call of the residual, those for differences
    included.
    """

    b: tuple[float, ...]
    digits: float
    nfev: int
    njev: int
    evaluations: int
    status: int
    rss: float


@dataclass(frozen=True, slots=True)
class Row:
    """The two fits from one start of one problem."""

    name: str
    level: str
    start: int
    exact: Fit
    differences: Fit


def load(name: str) -> Problem:
    """The problem called `name`, read from its data file.

    Examples
    --------
    >>> problem = load("Misra1a")
    >>> problem.x.shape, problem.starts[0], problem.level
    ((14,), (500.0, 0.0001), 'lower')

    Raises
    ------
    ArgumentError
        If `name` is none of `PROBLEMS`.
    """
    if name not in MODELS:
        raise ArgumentError(f"there is no NIST problem {name!r}", advice=f"choose one of {', '.join(PROBLEMS)}")
    text = (files("wrt.examples") / "nist_strd" / f"{name}.dat").read_text(encoding="ascii")
    lines = text.splitlines()

    def stated(section: str) -> list[str]:
        """The lines that the header gives for a section; it counts them from 1 and includes the last."""
        first, last = _match(rf"{section}\s+\(lines\s+(\d+)\s+to\s+(\d+)\)", text).groups()
        return lines[int(first) - 1 : int(last)]

    parameters = [[float(word) for word in line.split("=")[1].split()] for line in stated("Starting Values")]
    start1, start2, certified, deviations = (tuple(column) for column in zip(*parameters, strict=True))
    y, *predictors = np.array([[float(word) for word in line.split()] for line in stated("Data")]).T
    return Problem(
        name=name,
        level=_match(r"(Lower|Average|Higher) Level of Difficulty", text)[1].lower(),
        model=MODELS[name],
        x=predictors[0] if len(predictors) == 1 else np.array(predictors),
        # Nelson's model is for the logarithm, and NIST certifies the residuals of the logarithm.
        y=np.log(y) if re.search(r"log\[y\]\s*=", text) else y,
        starts=(start1, start2),
        certified=certified,
        deviations=deviations,
        rss=float(_match(r"Residual Sum of Squares:\s+(\S+)", text)[1]),
    )


def _match(pattern: str, text: str) -> re.Match[str]:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"the data file has no line like {pattern!r}")
    return found


def residual(problem: Problem) -> Residual:
    """The function `b -> model(b, x) - y`, one number an observation, whose sum of squares is to be minimal.

    Examples
    --------
    >>> r = residual(load("Misra1a"))
    >>> r(np.array([500.0, 0.0001])).shape
    (14,)
    """
    model, x, y = problem.model, problem.x, problem.y

    def r(b: Array) -> Array:
        return model(b, x) - y

    return r


def fit(problem: Problem, start: Sequence[float], jac: Jacobian | Differences) -> Fit:
    """Fits `problem` from `start` by `scipy.optimize.least_squares`, with `jac` as that function takes it.

    A callable `jac` gets `b` of shape (parameters,) and returns shape (observations, parameters).

    Examples
    --------
    >>> problem = load("Misra1a")
    >>> fit(problem, problem.starts[1], "2-point").digits > 4
    True
    """
    # Here, not at the top: reading the problems must not need SciPy.
    from scipy.optimize import least_squares

    r = residual(problem)
    evaluations = 0

    def counted(b: Array) -> Array:
        nonlocal evaluations
        evaluations += 1
        return r(b)

    # Some starts are so far off that the models overflow on the way; the solver then shortens its step.
    with np.errstate(all="ignore"):
        found = least_squares(counted, start, jac=jac, **SOLVER)
    return Fit(
        b=tuple(found.x.tolist()),
        digits=correct_digits(found.x, problem.certified),
        nfev=int(found.nfev),
        njev=int(found.njev),
        evaluations=evaluations,
        status=int(found.status),
        rss=float(2 * found.cost),
    )


def correct_digits(b: Sequence[float] | Array, certified: Sequence[float]) -> float:
    """The number of correct digits of the worst parameter, at least 0 and at most the 11 that NIST certifies.

    Examples
    --------
    >>> round(correct_digits([1.001, 2.0], [1.0, 2.0]), 6)
    3.0
    """
    error = float(np.max(np.abs((np.asarray(b) - certified) / np.asarray(certified))))
    if math.isnan(error):
        return 0.0
    smallest = 10.0**-CERTIFIED_DIGITS
    return max(0.0, -math.log10(max(error, smallest)))


def compare(jac_for: Callable[[Residual], Jacobian], names: Sequence[str] = PROBLEMS) -> list[Row]:
    """Fits every problem from both starts, with the Jacobian that `jac_for(residual)` gives and with 2-point differences.

    Examples
    --------
    >>> import wrt
    >>> enough([row.exact for row in compare(wrt.jacobian, ["Misra1a"])])
    2
    """
    rows = []
    for problem in map(load, names):
        exact = jac_for(residual(problem))
        for number, start in enumerate(problem.starts, 1):
            one = Row(problem.name, problem.level, number, fit(problem, start, exact), fit(problem, start, "2-point"))
            rows.append(one)
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows as plain text: correct digits and evaluations of both methods, and the totals."""
    lines = [
        "problem   level    start |  correct digits | evaluations",
        "                         |  exact  2-point | exact: f     J  2-point: f",
        "-" * 72,
    ]
    for row in rows:
        digits = f"{row.exact.digits:7.1f}  {row.differences.digits:7.1f}"
        counts = f"{row.exact.evaluations:8}  {row.exact.njev:4}  {row.differences.evaluations:10}"
        lines.append(f"{row.name:<9} {row.level:<8} {row.start:>5} | {digits} | {counts}")
    exact, differences = [row.exact for row in rows], [row.differences for row in rows]
    of_f, of_J = sum(one.evaluations for one in exact), sum(one.njev for one in exact)
    all_of_f = sum(one.evaluations for one in differences)
    reached = f"exact {enough(exact)} of {len(rows)}, 2-point {enough(differences)} of {len(rows)}"
    lines.append("-" * 72)
    lines.append(f"fits with at least {ENOUGH_DIGITS} correct digits: {reached}")
    lines.append(f"evaluations in all: exact {of_f} of f and {of_J} of J, 2-point {all_of_f} of f")
    return "\n".join(lines)


def enough(fits: Sequence[Fit]) -> int:
    """How many of the fits have at least 4 correct digits."""
    return sum(one.digits >= ENOUGH_DIGITS for one in fits)
