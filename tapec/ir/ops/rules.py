"""What the elementwise families share: quiet evaluation, type rules, masks."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.errors import DTypeError
from tapec.ir.primitive import PRIMITIVES, Infer, same_type
from tapec.ir.types import FLOATS, INTEGERS, Type

# Sampling intervals of operands.
ANY = (-3.0, 3.0)
POSITIVE = (0.1, 4.0)
UNIT = (-0.9, 0.9)


def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function without NumPy's floating-point warnings: NaN and inf are values like others."""

    @functools.wraps(function)
    def evaluate(*arrays: Any, **attrs: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(*arrays, **attrs)

    return evaluate


def restricted(dtypes: frozenset[str], what: str) -> Infer:
    """`same_type` for operands of these element types only; others raise DTypeError."""

    def infer(*types: Type, **attrs: Any) -> Type:
        result = same_type(*types)
        if result.dtype not in dtypes:
            raise DTypeError(f"the operand is {result}, but this operation needs {what}")
        return result

    return infer


floating = restricted(FLOATS, "floating-point numbers")
numeric = restricted(FLOATS | INTEGERS, "numbers")
integral = restricted(INTEGERS, "integers")
bitwise = restricted(INTEGERS | {"bool"}, "integers or booleans")
boolean = restricted(frozenset({"bool"}), "booleans")


def as_mask(condition: Any, like: Any) -> Any:
    """1 where the condition holds and 0 elsewhere, in the element type of `like`."""
    return PRIMITIVES["convert"](condition, dtype=like.dtype)


def number(like: Any, value: float) -> Any:
    """A constant beside an expression, which it takes the element type of."""
    return like.builder.expr(like.builder.const(value, Type(like.dtype)))


def share(wins: Any, a: Any, b: Any) -> Any:
    """The share of the derivative going to `a`: all where it wins, half where it ties with `b`."""
    return as_mask(wins, a) + 0.5 * as_mask(a.equals(b), a)


def zero(y: Any, *xs: Any, **attrs: Any) -> float:
    """Partial of what is piecewise constant."""
    return 0.0


def one(y: Any, *xs: Any, **attrs: Any) -> float:
    """Partial of what passes its operand on."""
    return 1.0


def minus_one(y: Any, *xs: Any, **attrs: Any) -> float:
    """Partial of what negates its operand."""
    return -1.0
