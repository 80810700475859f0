"""Arguments of NumPy's functions as rules for complex numbers take them."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

from tapec.errors import UnsupportedOperation
from tapec.trace.arrays.arguments import admitted, without_out
from tapec.trace.arrays.session import where
from tapec.trace.arrays.table import TABLE

F = TypeVar("F", bound=Callable[..., Any])

CURE = "compute with the real and the imaginary part: z.real, z.imag"


def like(name: str, function: F) -> F:
    """A rule with the parameters of the function for real arrays, for which it stands."""
    function.__signature__ = inspect.signature(TABLE[name])  # type: ignore[attr-defined]
    return function


def as_given(name: str, known: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """The arguments as the rule takes them, and `out`; others are refused."""
    function = _of_numpy(name)
    if function is None or isinstance(function, np.ufunc):
        rest = {k: v for k, v in kwargs.items() if k != "out"}
        out = kwargs.get("out")
        return args, rest, out[0] if isinstance(out, tuple) else out
    args, kwargs, out = without_out(function, args, kwargs)

    def refused(argument: str) -> UnsupportedOperation:
        return UnsupportedOperation(
            f"np.{name} of complex numbers with {argument}=", where=where(), hint=CURE
        )

    return *admitted(function, known, args, kwargs, refused), out


@functools.cache
def _of_numpy(name: str) -> Any:
    """NumPy's function of this name; None where it is none."""
    found: Any = np
    for part in name.split("."):
        found = getattr(found, part, None)
    plain = callable(found) and not isinstance(found, type | types.BuiltinFunctionType)
    return found if plain else None
