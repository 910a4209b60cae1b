"""The code of a derivative: one function that returns (value, derivative), for NumPy, JAX, Numba or PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import numpy as np

from wrt.errors import ArgumentError
from wrt.graph.node import Node
from wrt.lower.numpy_source import Source, source
from wrt.lower.statement import printed

Library = Literal["numpy", "jax", "numba", "torch"]


def code(
    outputs: tuple[Node, ...],
    variables: Mapping[str, Node],
    *,
    target: Library = "numpy",
    name: str = "value_and_derivative",
    names: Mapping[Node, str] | None = None,
    comment: Callable[[Node], str | None] | None = None,
    document: str = "",
) -> str:
    """A module as text: imports, constants, and one function of the variables that returns the outputs.

    Parameters
    ----------
    outputs
        What is returned, usually the value and the dense derivative.
    names
        What to call some of the nodes.
    comment
        The formula that stands at the end of a node's line.
    document
        The function's docstring, one line.

    Raises
    ------
    Unsupported
        Where the library lacks a function that the derivative needs.
    """
    if target not in get_args(Library):
        raise ArgumentError(f"There is no target {target!r}.", advice=f"Write target= one of {', '.join(map(repr, get_args(Library)))}.")
    inputs = {node: given for given, node in variables.items()}
    if target == "numpy":
        made = source(name, inputs, outputs, names=names, comment=comment)
        return _module(made.imports + made.constants(longest=None) + made.helpers, _documented(made.text, document))
    from wrt.lower.numba_target import NumbaWriter
    from wrt.lower.translate import translated

    library = _library(target)
    made = source(name, inputs, outputs, names=names, views=False, writer=NumbaWriter if target == "numba" else None)
    body, results = translated(made, library)
    text = printed(name, made.arguments, body, results, comment)
    head = "\n".join(library.imports) + "\n" + _constants(made, target)
    return _module(head, "\n".join(filter(None, [library.decorator, _documented(text, document)])))


def _library(target: Library) -> Any:
    if target == "jax":
        from wrt.lower.jax_target import JAX

        return JAX
    if target == "numba":
        from wrt.lower.numba_target import NUMBA

        return NUMBA
    from wrt.lower.torch_target import TORCH

    return TORCH


def _constants(made: Source, target: Library) -> str:
    """The arrays that the program refers to, made by the library itself."""
    make = {"jax": "jnp.array", "numba": "np.array", "torch": "torch.tensor"}[target]
    return "".join(f"{name} = {make}({held.tolist()!r})\n" for name, held in made.held.items() if isinstance(held, np.ndarray))


def _documented(text: str, document: str) -> str:
    head, _, body = text.partition("\n")
    return f'{head}\n    """{document}"""\n{body}' if document else text


def _module(head: str, function: str) -> str:
    return f"{head}\n\n{function}"
