"""A derivative as it becomes one: the difference quotients as h shrinks, and what is wrong with each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.api.limits import limits as table_of
from wrt.errors import ArgumentError
from wrt.numeric.blackbox import entry
from wrt.numeric.limit_text import beside, best, record, verdict, with_errors
from wrt.numeric.quotients import METHODS, LimitTable, Method
from wrt.plot.style import INK, MUTED, STROKES, Stroke, number, styled

if TYPE_CHECKING:
    from wrt.plot.picture import Picture

_DRAWN: dict[Method, Stroke] = dict(zip(("forward", "backward", "central"), (STROKES[0], STROKES[2], STROKES[1]), strict=True))


@styled
def limits(
    f: str | Callable[..., Any] | LimitTable,
    x: Any = None,
    by: int | str | tuple[int, ...] | None = None,
    *,
    variables: str | Sequence[str] | None = None,
    output: int | tuple[int, ...] | None = None,
) -> Picture:
    """The difference quotients of a partial derivative for shrinking h, and below them their errors: truncation, then round-off.

    Parameters
    ----------
    f
        A map in text, a NumPy function, or a table of `wrt.numeric.limit_table`.
    x, by, variables
        The point, the coordinate that moves (its name or number), and the order of the coordinates of text, as for `wrt.geometry.local_map`.
    output
        Which output of f is drawn, if it has several; by default the first.

    Examples
    --------
    >>> import wrt.plot
    >>> picture = wrt.plot.limits("sin(x)", 1.0)
    >>> print(picture.alt.splitlines()[0])
    ∂f/∂x at x = 1: difference quotients as h shrinks from 0.1 to 1e−16.
    """
    table = _table(f, x, by, variables)
    at = _output(output, table.value.shape)
    return _Drawing(table, at).finish()


class _Drawing:
    """One output of one table."""

    def __init__(self, table: LimitTable, output: tuple[int, ...]) -> None:
        from wrt.plot.picture import Picture

        self.table, self.output = table, output
        self.column: Any = (slice(None), *output)
        self.verdict, self.exists = verdict(table, output)
        self.name = f"∂{entry('f', output)}/∂{table.input}"
        self.errors = {m: table.errors(m)[self.column] for m in with_errors(table, output)}
        self.outcome = table.outcome(output)
        self.grows = self.outcome == "unbounded"
        self.power = self._power_of_ten()
        two_panels = self.exists and any((e > 0).any() for e in self.errors.values())
        self.picture = Picture(height=5.4 if two_panels else 3.2, layout="constrained")
        panels = self.picture.subplots(2 if two_panels else 1, 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": [1, 1.5]} if two_panels else None)
        self._quotients(panels[0, 0])
        if two_panels:
            self._errors(panels[1, 0])
        last = panels[-1, 0]
        last.set_xscale("log")
        longest, shortest = float(table.steps[0]), self._shortest()
        last.set_xlim(longest * 2.5, shortest / 2.5)
        last.set_xlabel("step $h$, shrinking to the right")
        self.picture.set_layout_engine("constrained", hspace=0.06)

    def finish(self) -> Picture:
        self.picture.title = f"Difference quotients of {self.name}"
        self.picture.alt = self._alt()
        self.picture.numbers = record(self.table, self.output)
        return self.picture

    def _power_of_ten(self) -> int:
        """The unit of the vertical axes, 10^power: 0, but where sums and products of the numbers would leave the range of floats."""
        quotients = np.concatenate([np.asarray(getattr(self.table, m))[self.column] for m in METHODS])
        largest = np.max(np.abs(quotients[np.isfinite(quotients)]), initial=0.0)
        return int(np.floor(np.log10(largest))) if largest > 1e290 or 0 < largest < 1e-290 else 0

    def _scaled(self, values: Any) -> Any:
        """Numbers in that unit."""
        return values / 10.0**self.power if self.power >= -300 else values * 1e300 / 10.0 ** (self.power + 300)

    def _unit(self) -> str:
        return f", in units of $10^{{{self.power}}}$" if self.power else ""

    # ----- panels -----------------------------------------------------------------------------------------------------
    def _quotients(self, axes: Any) -> None:
        table, h = self.table, self.table.steps
        curves: dict[Method, Any] = {m: self._scaled(np.asarray(getattr(table, m))[self.column]) for m in METHODS}
        if not self.exists:
            del curves["central"]
        for method, quotients in curves.items():
            if not np.isfinite(quotients).any():
                continue
            stroke = _DRAWN[method]
            shown = np.abs(quotients) if self.grows else quotients
            axes.plot(h, shown, color=stroke.color, linestyle=stroke.linestyle, marker=stroke.marker, markersize=3.5, linewidth=1.2, clip_on=True)
        axes.set_title(f"{self.name} at {table.input} = {number(table.at)}: the quotients{self._unit()}", loc="left")
        if self.grows:
            axes.set_yscale("log")
            axes.set_title(f"{self.name} at {table.input} = {number(table.at)}: the size of the quotients grows without bound", loc="left")
            self._label_growth(axes, curves)
        elif self.outcome == "kink":
            self._label_sides(axes, curves)
        elif self.exists:
            self._label_limit(axes, curves)
        else:
            axes.set_title(f"{self.name} at {table.input} = {number(table.at)}: the quotients have no steady limit{self._unit()}", loc="left")
            for method, quotients in curves.items():
                self._tag(axes, method, h[0], quotients[0], _DRAWN[method].color, right=True, above=method == "forward")

    def _label_limit(self, axes: Any, curves: dict[Method, Any]) -> None:
        limit, h = self._scaled(float(self.table.target("central")[self.output])), self.table.steps
        spread = max(np.nanmax(np.abs(q[:2] - limit), initial=0.0) for q in curves.values())
        if spread < 1e-9 * max(1.0, abs(limit)):  # a straight line: nothing but rounding
            spread = max(1.0, abs(limit)) * 0.1
        axes.set_ylim(limit - 1.5 * spread, limit + 1.5 * spread)
        axes.axhline(limit, color=MUTED, linewidth=0.7, zorder=0)
        middle = float(np.sqrt(h[0] * self._shortest()))
        word = "exact" if self._known() else "limit"
        axes.text(middle, limit + 0.12 * spread, f"{word} {number(limit, 8)}", ha="center", va="bottom")
        for method, quotients in curves.items():
            if method == "central" or not np.isfinite(quotients[0]) or abs(quotients[0] - limit) < 0.2 * spread:
                continue
            above = quotients[0] > limit
            self._tag(axes, method, h[0], quotients[0], _DRAWN[method].color, right=True, above=above)

    def _label_sides(self, axes: Any, curves: dict[Method, Any]) -> None:
        limits = {m: self._scaled(float(self.table.target(m)[self.output])) for m in curves}
        gap = abs(limits["forward"] - limits["backward"])
        middle = float(np.exp(np.log(self.table.steps[[0, -1]]).mean()))
        low, high = min(limits.values()), max(limits.values())
        axes.set_ylim(low - 0.35 * gap, high + 0.35 * gap)
        for method, limit in limits.items():
            top = limit == high
            axes.axhline(limit, color=MUTED, linewidth=0.7, zorder=0)
            place = {"x": middle, "y": limit + (0.06 if top else -0.06) * gap, "ha": "center", "va": "bottom" if top else "top"}
            axes.text(s=f"{method} limit {number(limit, 8)}", color=_DRAWN[method].color, **place)
        axes.text(middle, (low + high) / 2, "a kink: no derivative", ha="center", va="center")

    def _label_growth(self, axes: Any, curves: dict[Method, Any]) -> None:
        h = self.table.steps
        done: list[Any] = []
        for method, quotients in curves.items():
            power = float(self.table.growth(method)[self.output])
            if not power:
                continue
            if any(np.allclose(np.abs(quotients), np.abs(other), rtol=1e-3, equal_nan=True) for other in done):
                continue
            done.append(quotients)
            both = "both sides" if len(curves) == 2 and self._equal(curves) else method
            k = len(h) // 2
            self._tag(axes, f"{both}, like $h^{{{number(-power, 2)}}}$", h[k], abs(quotients[k]), _DRAWN[method].color, right=False, above=True)

    @staticmethod
    def _equal(curves: dict[Method, Any]) -> bool:
        forward, backward = (np.abs(q) for q in curves.values())
        return bool(np.allclose(forward, backward, rtol=1e-3))

    def _errors(self, axes: Any) -> None:
        h = self.table.steps
        drawn = {method: self._scaled(errors) for method, errors in self.errors.items()}
        axes.set_yscale("log")
        positive = np.concatenate([errors[errors > 0] for errors in drawn.values()])  # a quotient without error has no logarithm
        axes.set_ylim(max(positive.min() / 100, positive.max() * 1e-18), positive.max() * 8)
        labelled = []
        for method, errors in drawn.items():
            stroke = _DRAWN[method]
            shown = np.where(errors > 0, errors, np.nan)
            axes.plot(h, shown, color=stroke.color, linestyle=stroke.linestyle, marker=stroke.marker, linewidth=1.4)
            power, upper = self._order(method), method != "central"
            clear = np.flatnonzero(self._of(self.table.truncation, method) > 3 * self._of(self.table.round_off, method))
            if clear.size and power:
                k = int(clear[clear.size // 2 if upper else -1])
                free = upper or not k
                falls = "$h$" if power == 1 else f"$h^{{{number(power)}}}$"
                self._tag(axes, f"{method} ∝ {falls}", h[k], shown[k], stroke.color, right=free, above=free)
                labelled.append(k)
            elif np.isfinite(shown).any():
                k = np.flatnonzero(np.isfinite(shown))[-1 if upper else 0]
                self._tag(axes, method, h[k], shown[k], stroke.color, right=not k, above=upper)
        rounding = self._scaled(self._of(self.table.round_off, "central"))
        axes.plot(h, np.where(rounding > positive.min() / 2, rounding, np.nan), color=MUTED, linewidth=0.8, zorder=0)
        inside = np.flatnonzero((rounding > positive.min()) & (rounding < positive.max()) & (h >= self._shortest()))
        if inside.size:
            k = int(inside[(2 * inside.size) // 3])
            if any(abs(k - other) < 3 for other in labelled):
                k = int(max(inside, key=lambda place: min(abs(place - other) for other in labelled)))
            self._tag(axes, "round-off ∝ $1/h$", h[k], rounding[k], MUTED, right=False, above=True)
        self._best(axes)
        against = "exact derivative" if self._known() else "extrapolated limit"
        truncated = any(np.nan_to_num(self._of(self.table.truncation, m)).any() for m in self.errors)
        falls = "truncation falls, round-off grows" if truncated else "there is round-off only"
        axes.set_title(f"their errors, against the {against}: {falls}", loc="left")

    def _known(self) -> bool:
        """Whether the errors are against a derivative that was given."""
        return self.table.exact is not None and bool(np.isfinite(self.table.exact[self.output]))

    def _order(self, method: Method) -> float:
        """The p of h^p with which the truncation falls; 0 where the errors show no power."""
        return float(np.nan_to_num(self.table.order(method)[self.output]))

    @staticmethod
    def _tag(axes: Any, text: str, h: float, y: float, color: str, *, right: bool, above: bool) -> None:
        """A label beside a point."""
        axes.annotate(
            text,
            (h, y),
            xytext=(8 if right else -8, 4 if above else -4),
            textcoords="offset points",
            ha="left" if right else "right",
            va="bottom" if above else "top",
            color=color,
        )

    def _best(self, axes: Any) -> None:
        """The best steps, where truncation and round-off meet."""
        bottom = axes.get_ylim()[0]
        for method, errors in self.errors.items():
            chosen = best(self.table, method, self.output)
            if not (np.isfinite(chosen) and self._order(method)):
                continue
            error = self._scaled(float(errors[np.argmin(np.abs(self.table.steps - chosen))]))
            axes.plot([chosen, chosen], [bottom, max(error, bottom)], color=INK, linewidth=0.7, zorder=0)
            left = method == "central" or chosen < 10 * self._shortest()
            self._tag(axes, f"best {_power(chosen)}", chosen, bottom, INK, right=not left, above=True)

    def _of(self, numbers: Any, method: Method) -> Any:
        """The numbers of one method for the output that is drawn."""
        return numbers(method)[self.column]

    def _shortest(self) -> float:
        """The shortest step worth drawing: below it round-off has swallowed the quotient."""
        h = self.table.steps
        if not self.exists:
            return float(h[-1])
        size = abs(float(self.table.target("central")[self.output])) or np.inf
        alive = np.flatnonzero(np.any([errors < 0.9 * size for errors in self.errors.values()], axis=0))
        return float(h[min(alive[-1] + 1, h.size - 1)]) if alive.size else float(h[-1])

    # ----- words --------------------------------------------------------------------------------------------------------
    def _alt(self) -> str:
        table, h = self.table, self.table.steps
        said = [f"{self.name} at {table.input} = {number(table.at)}: difference quotients as h shrinks from {number(h[0])} to {number(h[-1])}."]
        for method in METHODS:
            quotients = np.asarray(getattr(table, method))[self.column]
            rows = np.flatnonzero(np.isfinite(quotients))
            if rows.size:
                picked = rows[[0, len(rows) // 4, len(rows) // 2]]
                said.append(f"{method.capitalize()}: " + ", ".join(f"{number(quotients[k], 10)} at h = {number(h[k])}" for k in picked) + ".")
        for method, errors in self.errors.items():
            chosen = best(table, method, self.output)
            if np.isfinite(chosen):
                error = errors[int(np.argmin(np.abs(h - chosen)))]
                power, seen = self._order(method), self._of(table.truncation, method).any()
                shape = f"truncation falls like h^{number(power)}" if power else "truncation is seen, but no power of h"
                truncated = f"{shape}, round-off grows like 1/h; " if seen else "no truncation is seen; "
                said.append(f"Errors of {method} quotients: {truncated}best at h = {number(chosen)}, error {number(error, 2)}.")
        word, verdict_said = self.verdict.split(maxsplit=1)
        said.append(f"{word.capitalize()}: {verdict_said}.".replace("-", "−").replace("none: ", "none, "))
        if table.exact is not None:
            exact = f"{float(table.exact[self.output]):.16g}".replace("-", "−")
            absent = self.outcome in ("kink", "unbounded")
            other = f"wrt returns {exact} there, which is no derivative." if absent else f"Exact: {exact} {beside(table, self.output)}."
            said.append(f"Exact: {exact}." if self.exists and self._known() else other)
        said.extend(table.notes)
        return "\n".join(said)


def _table(f: Any, x: Any, by: Any, variables: Any) -> LimitTable:
    if isinstance(f, LimitTable):
        if x is not None or by is not None or variables is not None:
            raise ArgumentError("A LimitTable has its point already.", advice="Leave x, by= and variables= out.")
        return f
    if x is None:
        raise ArgumentError("At which point is the derivative taken?", advice="Write wrt.plot.limits(f, x).")
    return table_of(f, x, by, variables=variables)


def _output(output: int | tuple[int, ...] | None, shape: tuple[int, ...]) -> tuple[int, ...]:
    if 0 in shape:
        raise ArgumentError(f"f(x) has shape {shape}: there is nothing to draw.")
    if output is None:
        return (0,) * len(shape)
    given: tuple[Any, ...] = output if isinstance(output, tuple) else (output,) if shape else ()
    if len(given) != len(shape) or not all(isinstance(k, (int, np.integer)) and -n <= k < n for k, n in zip(given, shape, strict=True)):
        raise ArgumentError(f"f(x) has shape {shape}; it has no output {output!r}.")
    return tuple(int(k) % n for k, n in zip(given, shape, strict=True))


def _power(h: float) -> str:
    exponent = int(np.floor(np.log10(h) + 1e-9))
    return f"$h = 10^{{{exponent}}}$" if abs(h / 10.0**exponent - 1) < 1e-6 else f"$h$ = {number(h, 2)}"
