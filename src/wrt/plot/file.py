"""The files of pictures: what can be written is told before anything is drawn, and a file is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import get_ident

from wrt.errors import ArgumentError

SUFFIXES = (".svg", ".png", ".pdf")


def checked(name: str | os.PathLike[str]) -> Path:
    """The path of a picture; refused where it could not be written."""
    said = os.fspath(name)
    path = Path(said)
    if path.suffix.lower() not in SUFFIXES:
        raise ArgumentError(f"A picture cannot be saved as {said!r}.", advice="End the name with .svg, .png or .pdf.")
    if not path.parent.is_dir():
        raise ArgumentError(f"{said!r} cannot be written: there is no folder {str(path.parent)!r}.", advice="Make it first, or name another.")
    if path.is_dir():
        raise ArgumentError(f"{said!r} cannot be written: it is a folder.", advice="Name a file.")
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside the path to write to, which takes its place at the end; where writing fails, what was at the path stays."""
    path = Path(os.path.realpath(path))  # a link goes on pointing where it did
    if (path.exists() and not path.is_file()) or not os.access(path.parent, os.W_OK):  # a pipe, or a folder that takes no new files: in place
        yield path
        return
    aside = path.with_name(f".{path.stem}-{os.getpid()}-{get_ident()}{path.suffix}")
    try:
        yield aside
        if path.exists():
            aside.chmod(path.stat().st_mode)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
