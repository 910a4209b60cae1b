"""Answers as JSON, whatever their numbers are, and the files of pictures: looked at before anything is computed."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

from wrt.cli.stream import encodable


def check_file(save: str | None) -> None:
    """Refuse a picture that could not be written."""
    if save is not None:
        from wrt.plot.file import checked

        checked(save)


def print_json(record: Any) -> None:
    """Print the record. JSON has no NaN, which becomes null, and no infinity, which becomes "Infinity" or "-Infinity"."""
    plain = plainly(record)
    text = json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)
    print(text if encodable(text, sys.stdout) else json.dumps(plain, indent=2, allow_nan=False))


def plainly(value: Any) -> Any:
    """The same in what JSON has; arrays as lists.

    >>> plainly({"det": float("inf"), "limits": (1.5, float("nan"))})
    {'det': 'Infinity', 'limits': [1.5, None]}
    """
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy
        value = value.tolist()
    if isinstance(value, dict):
        return {key: plainly(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plainly(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
