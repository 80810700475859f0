"""Functions for which NumPy computes with booleans in types that programs do not have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tapec.errors import DTypeError
from tapec.trace.arrays.operands import as_array, key_of
from tapec.trace.arrays.session import where


def refuse_halves(name: str, args: Sequence[Any]) -> None:
    """Raise where NumPy computes with booleans in float16."""
    if all(key_of(as_array(a))[0] == "bool" for a in args):
        raise DTypeError(
            f"np.{name} of booleans is float16, which is not supported",
            where=where(),
            hint="convert them: x.astype(float)",
        )


# Functions of which NumPy has a version for float16, which it takes for booleans.
HALVES = frozenset(
    ["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan",
     "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "hypot",
     "arctan2", "logaddexp", "logaddexp2", "copysign", "fabs", "rint", "deg2rad", "rad2deg", "modf",
     "heaviside", "frexp"]
)  # fmt: skip


def bytes_error(what: str = "powers") -> DTypeError:
    """The error for powers and conjugates of booleans, which are bytes."""
    return DTypeError(
        f"{what} of booleans are int8, which is not supported",
        where=where(),
        hint="convert them: x.astype(int)",
    )
