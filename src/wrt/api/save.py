"""A prepared program as a module that others can import without wrt."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from wrt.errors import Unsupported
from wrt.graph.shape import show
from wrt.lower.numpy_source import source as written

if TYPE_CHECKING:
    from wrt.api.prepared import Kind, Prepared


def save(prepared: Prepared, kind: Kind, name: str, path: str | os.PathLike[str]) -> None:
    """Write the program of a kind; the file is there whole or not at all."""
    outputs, extra = prepared._outputs(kind)  # noqa: SLF001
    choices = [guard for guard in prepared.guards if any(node.variables for node in guard.nodes)]  # arrays of f's own are constants now
    source = written(kind, prepared.inputs | extra, outputs, choices)
    if not all(isinstance(held, np.ndarray) for held in source.held.values()):
        raise Unsupported(f"{name} cannot be saved: a choice in it depends on more than truth values.")
    shapes = ", ".join(f"{given}{show(node.shape)}" for node, given in prepared.inputs.items())
    text = f'"""The {kind} of {name}, for {shapes}. Written by wrt."""\n\n{source.standalone()}'
    import tempfile

    handle, aside = tempfile.mkstemp(dir=os.path.dirname(os.fspath(path)) or ".", suffix=".py")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(aside, path)
