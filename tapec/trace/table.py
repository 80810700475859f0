"""The table from NumPy names to translations, filled by the modules of each family."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

# "sum", "linalg.norm", "add", ...: translations, called with tracers among the arguments.
TABLE: dict[str, Callable[..., Any]] = {}


def implements(*names: str) -> Callable[[F], F]:
    """Register the decorated function as the translation of these NumPy functions."""

    def register(function: F) -> F:
        TABLE.update(dict.fromkeys(names, function))
        return function

    return register


def name_of(function: Any) -> str:
    """The key in the table of a NumPy function or ufunc."""
    name = str(getattr(function, "__name__", function))
    module = getattr(function, "__module__", "") or ""
    if "linalg" in module and getattr(np, name, None) is not function:
        return f"linalg.{name}"
    return name
