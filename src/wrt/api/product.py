"""Products with derivatives, without the matrices: J v, wᵀ J, H v and Jᵀ J v. What goes into their programs and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from wrt.api.arguments import real_array
from wrt.api.prepared import apart, own
from wrt.errors import ArgumentError, ShapeError
from wrt.graph.shape import show

if TYPE_CHECKING:
    from wrt.api.prepared import Kind, Prepared


def seed_of(kind: Kind, kwargs: dict[str, Any]) -> Any:
    """The tangent or the cotangent, taken out of the keyword arguments."""
    word = "cotangent" if kind == "vjp" else "tangent"
    if word not in kwargs:
        raise ArgumentError(f"{kind} needs {word}=, an array of the shape of {'the input' if word == 'tangent' else 'the output'}.")
    return kwargs.pop(word)


def tangents(kind: Kind, seed: Any, arguments: dict[str, Any], names: Sequence[str], single: bool) -> list[Any]:
    """One tangent for each of the inputs, of its shape and precision."""
    seeds = [seed] if single else list(seed)
    like = [real_array(arguments[name], name) if name in arguments else np.zeros(()) for name in names]
    if len(seeds) != len(like):
        raise ArgumentError(f"{kind} by {', '.join(names)} needs {len(like)} tangents, got {len(seeds)}.")
    return [fitted(given, "tangent", x) for given, x in zip(seeds, like, strict=True)]


def fitted(given: Any, word: str, like: Any) -> Any:
    """A tangent or cotangent as an array of the shape and precision of what it belongs to."""
    seed, like = np.asarray(given), np.asarray(like)
    if seed.dtype.kind not in "fiub":
        raise ArgumentError(f"The {word} is of dtype {seed.dtype}; expected real numbers.")
    if seed.shape != like.shape:
        raise ShapeError(f"The {word} must have shape {show(like.shape)}, got {show(seed.shape)}.")
    return seed.astype(like.dtype if like.dtype.kind == "f" else float, copy=False)


def results(prepared: Prepared, kind: Kind, found: Sequence[Any], given: Sequence[Any], single: bool) -> tuple[Any, Any]:
    """(f, product), the product a tuple for several inputs; none of them shares memory with what was given."""
    given = [*given, *prepared.arrays(kind)]
    value, *products = found
    made = [own(value, given)]
    for r, dtype in zip(products, [np.result_type(*prepared.dtypes)] if kind == "jvp" else prepared.dtypes, strict=True):
        made.append(apart(own(r, given, dtype), made))
    value, *products = made
    return value, products[0] if single or kind == "jvp" else tuple(products)
