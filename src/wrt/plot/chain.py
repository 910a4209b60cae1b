"""A chain of Jacobians: what is computed from what, and the local Jacobians whose product is the derivative."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from wrt.errors import Unsupported
from wrt.graph.node import Shape
from wrt.notation.layout import displayed_shape
from wrt.notation.symbol import unicode_name
from wrt.plot.source import derivative, quotient, shortened, sized, sizes, stated
from wrt.plot.style import BLUE, INK, MUTED, PALE_BLUE, QUIET, styled

if TYPE_CHECKING:
    from wrt.api.derive import Derivative
    from wrt.plot.picture import Picture

_LINK = re.compile(r"(?:^|,\s{2,})(\w+?)(?:_\w+)?\((\w+)\) = ")
_QUOTIENT = re.compile(r"∂(?P<of>\w+)/∂(?P<by>\w+)")


@styled
def chain(expression: str | Callable[..., Any] | Derivative, wrt: str | int | None = None, *, shapes: Mapping[str, Any] | None = None) -> Picture:
    """The chain rule as boxes: the local Jacobians with their shapes, side by side, and their product.

    Parameters
    ----------
    expression
        Text, a NumPy function, or a `Derivative`.
    wrt, shapes
        As for `wrt.derive`.

    Examples
    --------
    >>> import wrt.plot
    >>> picture = wrt.plot.chain("sum((y - Phi @ theta)**2)", wrt="theta", shapes={"Phi": "N D"})
    >>> print(picture.alt)
    θ → e → L, where L(e) = ‖e‖², e(θ) = y − Φθ. ∂L/∂θ (1×D) = ∂L/∂e (1×N) · ∂e/∂θ (N×D). ∂L/∂e = 2eᵀ; ∂e/∂θ = −Φ; ∂L/∂θ = −2 (y − Φθ)ᵀΦ.
    """
    return _drawn(derivative(expression, wrt, shapes))


class _Factor(NamedTuple):
    """One local Jacobian: ∂of/∂by, its axes, and its formula (in differentials, where they say it better)."""

    of: str
    by: str
    f: Shape
    x: Shape
    left: str
    claim: str

    def displayed(self, collated: bool) -> Shape:
        """As a matrix in numerator layout; collated, as an array with the output's axes first."""
        return (*self.f, *self.x) if collated or len(self.f) + len(self.x) > 2 else displayed_shape(self.f, self.x)


def _factors(d: Derivative) -> list[_Factor]:
    """The local Jacobians from the output inwards; one, if the function is not a chain."""
    made = d.steps.derivation
    nodes = {unicode_name(name): tuple(node.shape) for name, node in made.intermediates.items()}
    nodes |= {unicode_name(name): tuple(shape) for name, shape in d.variables.items()}
    factors = []
    for of, by in _LINK.findall(made.heading):
        if by not in nodes:
            return []
        f = nodes.get(of, tuple(d.shape[: len(d.shape) - len(nodes[unicode_name(d.wrt[-1])])]))
        left, claim = next(((step.left, step.claim) for step in made.steps if _is(step.left, of, by)), ("", ""))
        if not claim:  # said in differentials
            left, claim = next(((step.left, step.claim) for step in made.steps if step.left == f"d{of}"), ("", ""))
        factors.append(_Factor(of, by, f, nodes[by], left, claim))
    return factors


def _is(left: str, of: str, by: str) -> bool:
    """Whether ∂u_i/∂W₁_jk speaks of u and W₁."""
    found = _QUOTIENT.fullmatch(left)
    return found is not None and all(said == name or said.startswith(f"{name}_") for said, name in ((found["of"], of), (found["by"], by)))


def _drawn(d: Derivative) -> Picture:
    from wrt.plot.diagram import Diagram, derivative_axes

    factors = _factors(d)
    if not factors:
        raise Unsupported(f"{quotient(d)} has no chain to draw: {d.formula}.", advice="wrt.plot.shapes draws its shape.")
    output, x = factors[0].of, unicode_name(d.wrt[-1])
    functions = d.steps.derivation.heading.split(" " * 6)[0].strip()
    total = _Factor(output, x, factors[0].f, factors[-1].x, "", d.formula)
    collated = any(len(each.f) + len(each.x) > 2 for each in factors)  # arrays of more axes: products are sums over the axes between
    if collated and not total.f and len(total.x) == 2:
        total = total._replace(claim=d.in_layout("denominator").split(" ∈ ")[0])
    drawn = Diagram()

    # what is computed from what, from the variable to the output
    values = [(factors[-1].by, factors[-1].x), *((each.of, each.f) for each in reversed(factors))]
    tallest = max(drawn.size_of(shape)[1] for _, shape in values)
    at = 0.0  # the left edge of the next box
    for k, (name, shape) in enumerate(values):
        width, height = drawn.size_of(shape)
        first = k == 0
        own = range(len(shape) * first)
        room, beside = drawn.room(shape, own), (drawn.width_of(name, 13) - width) / 2  # how far names and sizes reach beyond the box
        if k:
            start = at
            at += max(1.1, 0.8 + max(-room.left, beside))
            drawn.arrow((start + 0.35, 0), (min(at - 0.3, at + room.left - 0.1), 0))
        drawn.array(at, -height / 2, shape, face=PALE_BLUE if first else QUIET, edge=BLUE if first else MUTED, strong=first, blue=own)
        drawn.formula(at + width / 2, height / 2 + 0.1, name, size=13, color=BLUE if first else INK, va="bottom")
        at += max(width + 0.15 * (len(shape) > 2), room.right, width + beside - 0.2)
    drawn.formula(at + 0.55, 0, shortened(functions.replace("   ", "  "), 90), ha="left")

    # the product
    shown = [total, *factors] if len(factors) > 1 else [total]
    placed = [derivative_axes(each.f, each.x) if len(each.f) + len(each.x) > 2 else (each.displayed(collated), _columns(each)) for each in shown]
    boxes = [drawn.size_of(order) for order, _ in placed]
    middle = -tallest / 2 - 0.85 - max(height for _, height in boxes) / 2
    low = middle - max(height for _, height in boxes) / 2 - 0.36
    across = 0.1
    for k, (each, (order, blue), (width, height)) in enumerate(zip(shown, placed, boxes, strict=True)):
        name = f"∂{each.of}/∂{each.by}"
        claim = shortened(each.claim, 44)
        claim = f"{each.left} = {claim}" if k and each.left != name else claim
        ink = blue if k in (0, len(shown) - 1) else ()
        room, texts = drawn.room(order, ink), max(width, drawn.width_of(name, 13), drawn.width_of(claim)) / 2 + 0.05
        before, after = max(texts, width / 2 - room.left - 0.15), max(texts, room.right - width / 2 - 0.15)
        center = across + before
        drawn.array(center - width / 2, middle - height / 2, order, face=PALE_BLUE if not k else QUIET, blue=ink)
        top = middle + height / 2 + 0.1 + 0.25 * (len(order) > 3)
        drawn.formula(center, top, name, size=13, va="bottom")
        drawn.formula(center, low, claim, va="top", color=INK)
        across = center + after + 0.3
        if k < len(shown) - 1:
            drawn.text(across, middle, "·" if k else "=", size=16)
            across += 0.42

    product = f"∂{output}/∂{x} ({_said(total, collated)})"
    if len(factors) > 1:
        product += " = " + " · ".join(f"∂{e.of}/∂{e.by} ({_said(e, collated)})" for e in factors)
    lines = "; ".join(f"{e.left} = {e.claim}" for e in factors if len(factors) > 1)
    whole = stated(f"∂{output}/∂{x}", total.claim)
    alt = f"{' → '.join(name for name, _ in values)}, where {_one_line(functions)}. {product}. {lines}{'; ' * bool(lines)}{whole}."
    picture = drawn.finish(f"The chain of ∂{output}/∂{x}", alt)
    picture.numbers = {"derivative": sizes(total.displayed(collated)), "factors": [sizes(each.displayed(collated)) for each in factors]}
    return picture


def _columns(each: _Factor) -> tuple[int, ...]:
    """Which axes of a displayed matrix are the variable's."""
    if len(each.x) == 2:
        return (0, 1)
    return (1,) if each.x else ()


def _said(each: _Factor, collated: bool) -> str:
    return sized(each.displayed(collated)) if each.f or each.x else "1×1"


def _one_line(text: str) -> str:
    return re.sub(r"\s{2,}", " ", text)
