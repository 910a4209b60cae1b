"""The answer of `jacobian`: every entry with the error that it may have, and what was noticed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wrt.numeric.blackbox import Array, entry

SHOWN = 40  # entries printed one by one; larger answers are summarized


@dataclass(frozen=True, slots=True)
class Kink:
    """An entry of f whose limits from the two sides differ: there is no derivative, only `forward` and `backward`.

    `output` and `input` are the indices into f(x) and x; `step` is the shortest step at which the difference was still seen.
    A side whose quotients grow without bound has the limit inf or -inf.
    """

    output: tuple[int, ...]
    input: tuple[int, ...]
    forward: float
    backward: float
    step: float

    def __str__(self) -> str:
        where = f"{entry('f', self.output)} by {entry('x', self.input)}"
        given = "the value given is their mean" if np.isfinite(self.forward + self.backward) else "no value is given"
        return (
            f"{where} has a kink: the forward limit is {self.forward:.6g} and the backward limit {self.backward:.6g} "
            f"(steps down to {self.step:.1g}); {given}."
        )


@dataclass(frozen=True, slots=True)
class Estimate:
    """A Jacobian found by limits.

    Attributes
    ----------
    value
        The partial derivatives, shape f(x).shape + x.shape.
    error
        Estimated absolute error of each entry, same shape.
    evaluations
        How often f was called, f(x) included.
    notes
        What a reader should know, in sentences.
    kinks
        Entries without a derivative.

    Examples
    --------
    >>> import numpy as np
    >>> from wrt.numeric import jacobian
    >>> J = jacobian(np.sin, 0.0)
    >>> bool(abs(J.value - 1) <= J.error)
    True
    >>> np.asarray(J).shape
    ()
    """

    value: Array
    error: Array
    evaluations: int
    notes: tuple[str, ...] = ()
    kinks: tuple[Kink, ...] = ()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """The values alone, so that np.asarray(estimate) and np.allclose(estimate, …) work."""
        if copy is False and dtype not in (None, self.value.dtype):
            raise ValueError(f"a float64 array cannot become {dtype} without a copy")
        return np.array(self.value, dtype=dtype) if copy is not False else self.value

    def __repr__(self) -> str:
        kinks = f", {len(self.kinks)} kink{'s' * (len(self.kinks) > 1)}" if self.kinks else ""
        return f"<Estimate {self.value.shape}: error up to {_largest(self.error):.1e}, {self.evaluations} evaluations{kinks}>"

    def __str__(self) -> str:
        if self.value.size <= SHOWN:
            pairs = [with_error(v, e) for v, e in zip(self.value.flat, self.error.flat, strict=True)]
            width = max(map(len, pairs), default=0)
            table = np.array([text.ljust(width) for text in pairs], dtype=object).reshape(self.value.shape)
            body = np.array2string(table, formatter={"all": str}, max_line_width=140, separator="  ") if table.ndim else pairs[0]
        else:
            body = np.array2string(self.value, max_line_width=140, threshold=SHOWN)
        return "\n".join([repr(self), body, *(f"  {note}" for note in self.notes)])


def with_error(value: float, error: float) -> str:
    """`0.54030230587 ± 2e-12`: as many decimals as the error leaves."""
    if not np.isfinite(error):
        return f"{value:.3g} ± {error}"
    if error == 0:
        return f"{value:.16g} ± 0"
    size = max(abs(value), error)
    significant = int(np.clip(np.floor(np.log10(size)) - np.floor(np.log10(error)) + 1, 1, 17))
    return f"{value:.{significant}g} ± {error:.0e}"


def _largest(error: Array) -> float:
    return float(error.max()) if error.size else 0.0
