"""Inverses that a user gave: whether they invert f is tried wherever they are used."""

from __future__ import annotations

from typing import Any

import numpy as np

from wrt.probability.refusal import NotInverted, number
from wrt.probability.stage import Inverse, Stage


def returns(stage: Stage, X: Any, Y: Any, scale: Any) -> Any:
    """Whether f takes each x to its y, to what rounding allows for y of this scale."""
    if not len(X):
        return np.zeros(0, bool)
    back = stage.values(X)
    rounding = 1e-12 * np.abs(X).max(-1, keepdims=True) if stage.shape else 0.0  # terms that cancel
    with np.errstate(all="ignore"):
        near = np.abs(back - Y) <= 1e-6 * (np.abs(Y) + scale) + rounding
    return near if near.ndim == 1 else near.all(1)


def require_root(stage: Stage, inverse: Inverse, X: Any, Y: Any, scale: Any) -> None:
    """Refuse an inverse whose x does not go to its y."""
    bad = ~returns(stage, X, Y, scale)
    if bad.any():
        x, y = X[bad][0], Y[bad][0]
        raise NotInverted(
            f"The inverse {inverse.name} does not invert {stage.name}: at y = {number(y)} it gives x = {number(x)}, "
            f"which goes to {number(stage.values(X[bad][:1])[0])}."
        )
