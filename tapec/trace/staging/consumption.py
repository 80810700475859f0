"""What a statement uses up: iterators and random generators, and where they stand."""

from __future__ import annotations

import itertools
import pickle
import types
from typing import Any

from tapec.trace.staging.randomness import generators, is_consumable
from tapec.trace.staging.state import State


def consumed_by(state: State, body: Any = None) -> str:
    """The name of an iterator or random generator that every iteration advances, or ""."""
    for name, value in zip(state.names, state.get(), strict=True):
        if is_consumable(value):
            return name
    return ""


def position(source: Any) -> Any:
    """The state of an iterator or generator; a fresh object where it cannot be observed."""
    if isinstance(source, generators()):
        numpys = getattr(source, "bit_generator", None)
        return pickle.dumps(source.__getstate__() if numpys is None else numpys.state)
    if isinstance(getattr(type(source), "__next__", None), types.FunctionType):
        return None  # of the user's class: its attributes are its state
    if hasattr(type(source), "__length_hint__"):
        return source.__length_hint__()
    return repr(source) if type(source) is itertools.count else object()
