"""Classes beside `Tracer` that stand for traced arrays: what NumPy's functions do with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

# A function of NumPy by its name, its arguments and keywords.
Handler = Callable[[str, Sequence[Any], dict[str, Any]], Any]

# Their operators come before those of tracers; each class has the handler of NumPy's functions.
SPECIAL: dict[type, Handler] = {}
# Constants of these classes are no traced values, but calls with them are the handler's business.
CONSTANT: dict[type, Handler] = {}
# Whether an instance of a class is traced, where not all are.
IS_TRACED: dict[type, Callable[[Any], bool]] = {}


def is_special(a: Any) -> bool:
    """Whether a call with this argument goes to the handler of its class."""
    return _kind(a) is not None


def _kind(a: Any) -> type | None:
    """The class with a handler: of complex arrays that of complex numbers; None for the others."""
    kind: type = type(a)
    if kind is np.ndarray:
        return complex if a.dtype.kind == "c" else None
    return kind if kind in SPECIAL or kind in CONSTANT else None


def is_traced_special(a: Any) -> bool:
    """Whether this is a traced value of such a class."""
    kind = type(a)
    return kind in SPECIAL and (kind not in IS_TRACED or IS_TRACED[kind](a))


def complex_call(name: str, *args: Any, **kwargs: Any) -> Any:
    """A function of NumPy's by its rule for complex numbers, which its arguments need not be."""
    return CONSTANT[complex](name, args, kwargs)


def call_special(name: str, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """A function of NumPy with an instance of such a class among its (nested) arguments."""
    found = [*_special_kinds([*args, *kwargs.values()])]
    assert found, "no argument is of a special class"
    kind = next((k for k in found if k in SPECIAL), found[0])
    return (SPECIAL.get(kind) or CONSTANT[kind])(name, args, kwargs)


def _special_kinds(args: Iterable[Any]) -> Iterable[type]:
    for a in args:
        if type(a) in (list, tuple, dict):
            yield from _special_kinds(a.values() if type(a) is dict else a)
        elif (kind := _kind(a)) is not None:
            yield kind
