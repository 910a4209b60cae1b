"""A table of limits as text: one block of lines for each output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.numeric.blackbox import entry
from wrt.numeric.estimate import Kink, with_error

if TYPE_CHECKING:
    from wrt.numeric.quotients import LimitTable, Method

BLOCKS = 3  # outputs that are printed; the others are counted


def written(table: LimitTable) -> str:
    """The whole table."""
    outputs = list(np.ndindex(table.value.shape))
    lines = [line for output in outputs[:BLOCKS] for line in (*_block(table, output), "")]
    if len(outputs) > BLOCKS:
        lines += [f"… and {len(outputs) - BLOCKS} more outputs: they are in .forward, .backward, .central, .limit and .error", ""]
    return "\n".join([*lines[:-1], *table.notes])


def _block(table: LimitTable, output: tuple[int, ...]) -> list[str]:
    of = entry("f", output)
    lines = [f"∂{of}/∂{table.input} at {table.input} = {table.at:.10g}, where {of} = {table.value[output]:.10g}"]
    measured = with_errors(table, output)
    lines.append(f"{'h':>7}  {'forward':>17}  {'backward':>17}  {'central':>17}   " + "   ".join(f"{f'{each} error':>13}" for each in measured))
    column: Any = (slice(None), *output)
    shown = []
    for method in measured:
        found = (table.errors(method), table.truncation(method), table.round_off(method))
        shown.append((*(each[column] for each in found), best(table, method, output)))
    for k, h in enumerate(table.steps):
        quotients = (quotient[(k, *output)] for quotient in (table.forward, table.backward, table.central))
        errors = (_error(errors[k], truncation[k], round_off[k], h == at) for errors, truncation, round_off, at in shown)
        lines.append(f"{h:7.0e}  " + "  ".join(map(_number, quotients)) + "   " + "   ".join(errors))
    lines = [line.rstrip() for line in lines]
    if any(np.isfinite(errors).any() for errors, *_ in shown):
        lines.append("        T: truncation is the larger part, R: round-off; * the best h")
    chosen = [f"{m} {best(table, m, output):.0e}" for m in ("forward", "backward", "central") if np.isfinite(best(table, m, output))]
    lines.append("best h  " + (", ".join(chosen) or "none: there is no finite limit to approach"))
    lines.append(verdict(table, output)[0])
    if table.exact is not None:
        lines.append(f"exact   {float(table.exact[output]):.16g}   {beside(table, output)}")
    return lines


def with_errors(table: LimitTable, output: tuple[int, ...]) -> tuple[Method, Method]:
    """The methods whose errors are shown: central ones, and those of a side on which f has values."""
    column: Any = (slice(None), *output)
    forward = np.isfinite(table.forward[column]).any() or not np.isfinite(table.backward[column]).any()
    return "forward" if forward else "backward", "central"


def beside(table: LimitTable, output: tuple[int, ...]) -> str:
    """What the derivative that was given has to do with the quotients."""
    exact, outcome = float(table.exact[output]), table.outcome(output)  # type: ignore[index]
    if outcome == "unseen":
        return "is given; the quotients show no limit that could confirm or deny it"
    if outcome != "derivative":
        return "is given, but there is no derivative here"
    if not np.isfinite(exact):
        return f"is given: the derivative is {'undefined' if np.isnan(exact) else 'infinite'} there, and the limit of the quotients stands alone"
    return f"the limit differs by {abs(exact - table.limit[output]):.1e}"


def verdict(table: LimitTable, output: tuple[int, ...]) -> tuple[str, bool]:
    """What the quotients tend to, in one line, and whether that is a derivative."""
    ends = {"forward": float(table.forward_limit[output]), "backward": float(table.backward_limit[output])}
    outcome = table.outcome(output)
    if outcome == "derivative":
        return f"limit   {with_error(float(table.limit[output]), float(table.error[output]))}", True
    if outcome == "unseen":
        return f"limit   none that is steady{_range(table, output)}", False
    if outcome == "kink":
        return _kink(next(kink for kink in table.kinks if kink.output == output)), False
    growths = {method: float(table.growth(method)[output]) for method in ("forward", "backward")}
    growing = [f"the {method} quotients grow {_rate(growths[method])}" for method, end in ends.items() if np.isinf(end)]
    sort = " (a jump)" if max(growths.values()) > 0.98 else ""
    rest = [f"the {method} limit is {end:.10g}" for method, end in ends.items() if np.isfinite(end)]
    return f"limit   none: {' and '.join(growing)}{sort}{''.join(f'; {each}' for each in rest)}", False


def _rate(power: float) -> str:
    return f"like h^-{power:.2g}" if power else "without bound, slower than any power of 1/h"


def _range(table: LimitTable, output: tuple[int, ...]) -> str:
    """Between which numbers the quotients of the shortest clear steps lie."""
    column: Any = (slice(None), *output)
    quotients, round_off = np.stack([table.forward[column], table.backward[column]]), table.round_off("forward")[column]
    largest = np.max(np.abs(quotients[np.isfinite(quotients)]), initial=0.0)
    seen = quotients[:, round_off <= 0.1 * largest][:, -6:]
    seen = seen[np.isfinite(seen)]
    return f": the quotients of the shortest steps lie between {seen.min():.3g} and {seen.max():.3g}" if seen.size else ""


def best(table: LimitTable, method: str, output: tuple[int, ...]) -> float:
    """The best h of one output; nan if there is none."""
    return float(np.asarray(dict(table.best)[method])[output])  # type: ignore[index]


def _kink(kink: Kink) -> str:
    seen = f" (seen down to h = {kink.step:.0e})" if kink.step else ""
    return f"kink    forward limit {kink.forward:.10g}, backward limit {kink.backward:.10g}: they differ, so there is no derivative{seen}"


def _number(quotient: float) -> str:
    return f"{quotient + 0.0:17.12g}" if np.isfinite(quotient) else f"{'—':>17}"


def _error(error: float, truncation: float, round_off: float, is_best: bool) -> str:
    if not np.isfinite(error):
        return f"{'—':>9}    "
    part = " " if not error or not np.isfinite(truncation) else "T" if truncation > round_off else "R"
    return f"{error:9.1e} {part}{'*' if is_best else ' '} "


def record(table: LimitTable, output: tuple[int, ...]) -> dict[str, Any]:
    """One output for programs: numbers and lists, None for what is not known; one-sided limits may be ±inf, or nan."""
    said, exists = verdict(table, output)
    column: Any = (slice(None), *output)
    kink = next((kink for kink in table.kinks if kink.output == output), None)
    methods = ("forward", "backward", "central")
    return {
        "output": list(output),
        "input": table.input,
        "at": table.at,
        "value": _plain(table.value[output]),
        "h": [float(h) for h in table.steps],
        **{method: _plains(getattr(table, method)[column]) for method in methods},
        "errors": {method: _plains(table.errors(method)[column]) for method in methods},  # type: ignore[arg-type]
        "truncation": {method: _plains(table.truncation(method)[column]) for method in methods},  # type: ignore[arg-type]
        "round_off": {method: _plains(table.round_off(method)[column]) for method in methods},  # type: ignore[arg-type]
        "best": {method: _plain(best(table, method, output)) for method in methods},
        "limit": _plain(table.limit[output]) if exists else None,
        "error": _plain(table.error[output]) if exists else None,
        "forward_limit": float(table.forward_limit[output]),
        "backward_limit": float(table.backward_limit[output]),
        "exact": None if table.exact is None else _plain(table.exact[output]),
        "kink": None if kink is None else {"forward": kink.forward, "backward": kink.backward},
        "outcome": table.outcome(output),
        "verdict": " ".join(said.split()),
    }


def _plain(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


def _plains(values: Any) -> list[float | None]:
    return [_plain(value) for value in values]
