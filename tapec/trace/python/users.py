"""What belongs to the user, and what an object of ours holds of the user's."""

from __future__ import annotations

import enum
import sys
import types
from typing import Any

from tapec.trace.arrays.frames import is_hidden, is_library
from tapec.trace.python.classes import STDLIB
from tapec.trace.staging.randomness import generators


def inside(thing: Any) -> list[Any] | None:
    """The functions in an object of ours (a kernel, a transform, a rule); None for others."""
    if isinstance(thing, type) or type(thing).__module__.partition(".")[0] != "tapec":
        return None
    held = getattr(thing, "__dict__", {})
    return [v for _, v in sorted(held.items()) if callable(v) and not isinstance(v, type)]


def is_users(thing: Any) -> bool:
    """Whether a module or class is the user's, not Python's nor an installed package's."""
    if isinstance(thing, type):
        thing = sys.modules.get(thing.__module__ or "")
        if thing is None:
            return True
    name = getattr(thing, "__name__", "")
    if name == "__main__":
        return True
    file = getattr(thing, "__file__", None)
    if file is None:
        return name not in sys.builtin_module_names and getattr(thing, "__spec__", None) is None
    return not (is_library(file) or file.startswith(STDLIB) or is_hidden(file))


def is_open(value: Any) -> bool:
    """Whether all that code reads of an object are attributes that it names."""
    if isinstance(value, type | types.ModuleType | types.SimpleNamespace):
        return True
    return is_users(type(value)) or inside(value) is not None


def _opaque() -> tuple[type, ...]:
    """Classes whose objects hold nothing that code reads."""
    draws = getattr(sys.modules.get("numpy.random"), "default_rng", None)
    return (*(() if draws is None else (type(draws),)), *generators()[:2], enum.Enum)


def is_looked_into(value: Any) -> bool:
    """Whether what an object holds can matter: of classes, those of the user's only."""
    if isinstance(value, type):
        return is_users(value) and not issubclass(value, enum.Enum)
    return not isinstance(value, _opaque())
