"""Classes beside `Tracer` that stand for traced arrays: what NumPy's functions do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

# A function of NumPy by its name, its arguments and keywords.
Handler = Callable[[str, Sequence[Any], dict[str, Any]], Any]

# Their operators come before those of tracers; each class has the handler of NumPy's functions.
SPECIAL: dict[type, Handler] = {}


def call_special(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of NumPy with an instance of such a class among its (nested) arguments."""
    kind = _special_kind([*args, *kwargs.values()])
    assert kind is not None, "no argument is of a special class"
    return SPECIAL[kind](name, args, kwargs)


def _special_kind(args: Iterable[Any]) -> type | None:
    for a in args:
        kind = type(a)
        inner = a if kind in (list, tuple) else a.values() if kind is dict else ()
        found = kind if kind in SPECIAL else _special_kind(inner)
        if found is not None:
            return found
    return None
