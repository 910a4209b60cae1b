"""The answer of `limit_table`: difference quotients for shrinking h, and what can be read from them.

A quotient is wrong by truncation, which falls with h, and by round-off, which grows like 1/h; where they meet is the best h.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from wrt.numeric.blackbox import Array
from wrt.numeric.estimate import Kink
from wrt.numeric.limit_sides import tendency
from wrt.numeric.limit_text import written
from wrt.numeric.truncation import fitted

Method = Literal["forward", "backward", "central"]
METHODS: tuple[Method, ...] = get_args(Method)
Outcome = Literal["derivative", "kink", "unbounded", "unseen"]


@dataclass(frozen=True, slots=True)
class LimitRow:
    """The quotients for one h, each of the shape of f(x); nan where f has no finite value there, or where x + h is x."""

    h: float
    forward: Array
    backward: Array
    central: Array


@dataclass(frozen=True)
class LimitTable:
    """Difference quotients of ∂f/∂x_i for shrinking h; print it.

    Attributes
    ----------
    input, at, value
        The name of the input ("x[0]"), where it stands, and f(x).
    steps
        The h, from long to short, shape (k,).
    forward, backward, central
        The quotients (f(x+h) − f(x))/h, (f(x) − f(x−h))/h and (f(x+h) − f(x−h))/2h, shape (k,) + f(x).shape. They are taken with
        the step that x + h has after rounding.
    noise
        The error that the values of f for each h may have, shape (k,) + f(x).shape: their rounding, or more where f shows more.
    limit, error
        The extrapolated limit and its estimated error, shape f(x).shape; nan and inf where there is no derivative. At an edge of the
        domain of f it is the limit from inside.
    forward_limit, backward_limit
        The limits of one side, shape f(x).shape: equal to `limit` where that exists, different at a kink, ±inf where the quotients
        grow without bound, and nan where f has no values on that side or no limit is seen.
    steady
        Where each side has a limit of which the first digit is known, shape f(x).shape: there is a derivative, or a kink.
    exact
        The derivative as it was given to `limit_table`, or None.
    kinks, notes, evaluations
        Outputs whose one-sided limits differ, sentences, and how often f was called.
    """

    input: str
    at: float
    value: Array
    steps: Array
    forward: Array
    backward: Array
    central: Array
    noise: Array
    limit: Array
    error: Array
    forward_limit: Array
    backward_limit: Array
    steady: NDArray[np.bool_]
    exact: Array | None
    kinks: tuple[Kink, ...]
    notes: tuple[str, ...]
    evaluations: int

    @property
    def rows(self) -> tuple[LimitRow, ...]:
        """The table line by line."""
        return tuple(map(LimitRow, self.steps.tolist(), self.forward, self.backward, self.central))

    def target(self, method: Method) -> Array:
        """What the quotients tend to, shape f(x).shape: `limit` for central ones, else that of their side.

        Where there is a derivative and it was given as `exact`, a finite number, it is that.
        """
        limits = {"forward": self.forward_limit, "backward": self.backward_limit, "central": self.limit}[method]
        if self.exact is None:
            return np.array(limits)
        return np.where(np.isfinite(self.limit) & np.isfinite(limits) & np.isfinite(self.exact), self.exact, limits)

    def outcome(self, output: tuple[int, ...] = ()) -> Outcome:
        """What is seen of one output: a derivative, two different limits, quotients that grow without bound, or none of these."""
        if np.isfinite(self.limit[output]):
            return "derivative"
        if np.isinf([self.forward_limit[output], self.backward_limit[output]]).any():
            return "unbounded"
        return "kink" if any(kink.output == output for kink in self.kinks) else "unseen"

    def growth(self, method: Method) -> Array:
        """The p of quotients that grow like h^-p: 1 at a jump, 1/2 for a square root at 0; zero where they do not, shape f(x).shape."""
        return self._growths[method]

    @cached_property
    def _growths(self) -> dict[Method, Array]:
        found: dict[Method, Array] = {}
        for method in METHODS:
            found[method] = np.zeros(self.value.shape)
            for output, quotients in self._by_output(self._quotients(method)):
                found[method][output] = tendency(self.steps, quotients, self._column(self.round_off(method), output), self.at).power
        return found

    def errors(self, method: Method) -> Array:
        """|quotient − target|, shape (k,) + f(x).shape; nan where there is no target to be near to."""
        found = np.abs(self._quotients(method) - self.target(method))
        return np.where(np.isfinite(found) & self.steady, found, np.nan)

    def round_off(self, method: Method) -> Array:
        """The error that the noise in f may make, shape (k,) + f(x).shape: 2·noise/h, and half of it for central quotients."""
        return (1 if method == "central" else 2) * self.noise / self._columns()

    def order(self, method: Method) -> Array:
        """The p of a truncation error c·h^p, as the quotients show it, shape f(x).shape: 1, and 2 for central ones, or more.

        It is less where f is not smooth, and nan where the errors show no power of h.
        """
        return self._model(method)[1]

    def truncation(self, method: Method) -> Array:
        """The error c·h^p that finite h makes, with c from the quotients; shape (k,) + f(x).shape.

        Where they show no power of h it is the errors that round-off does not explain, and zero where there are none.
        """
        return self._model(method)[0]

    @property
    def best(self) -> dict[Method, Any]:
        """For each method the h of the table at which truncation and round-off together are least; floats, arrays if f has many outputs."""
        found: dict[Method, Any] = {}
        for method in METHODS:
            whole = self.truncation(method) + self.round_off(method)
            usable = np.where(np.isfinite(self._quotients(method)) & np.isfinite(whole), whole, np.inf)
            at = np.where(np.isfinite(usable).any(axis=0), self.steps[np.argmin(usable, axis=0)], np.nan)
            found[method] = at if at.ndim else float(at)
        return found

    def __str__(self) -> str:
        return written(self)

    def __repr__(self) -> str:
        return f"<LimitTable of ∂f/∂{self.input} at {self.at:.6g}: {self.steps.size} steps, {self.evaluations} evaluations>"

    def _quotients(self, method: Method) -> Array:
        quotients: Array = {"forward": self.forward, "backward": self.backward, "central": self.central}[method]
        return quotients

    def _columns(self) -> Array:
        return self.steps.reshape(-1, *[1] * self.value.ndim)

    def _model(self, method: Method) -> tuple[Array, Array]:
        """The truncation error and its p."""
        unclear = self.round_off(method) + np.where(np.isfinite(self.limit), self.error, 0)
        whole, order = np.zeros(self.forward.shape), np.zeros(self.value.shape)
        for output, errors in self._by_output(self.errors(method)):
            column: Any = (slice(None), *output)
            whole[column], order[output] = fitted(self.steps, errors, self._column(unclear, output), 2 if method == "central" else 1)
        return whole, order

    def _by_output(self, quotients: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
        for output in np.ndindex(self.value.shape):
            yield output, self._column(quotients, output)

    @staticmethod
    def _column(table: Array, output: tuple[int, ...]) -> Array:
        at: Any = (slice(None), *output)
        return np.asarray(table[at])
