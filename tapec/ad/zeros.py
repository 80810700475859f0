"""The structural zero: a derivative known to vanish, which never becomes arithmetic."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type


class Zero(Enum):
    """The type of `ZERO`."""

    ZERO = 0

    def __repr__(self) -> str:
        return "ZERO"


ZERO = Zero.ZERO

# A tangent or a cotangent as the passes carry it.
Derivative: TypeAlias = Value | Zero


def materialise(builder: Builder, derivative: Derivative, type: Type) -> Value:
    """The derivative as a value: a splat constant, an empty tape, where it is structurally zero."""
    if not isinstance(derivative, Zero):
        return derivative
    if type.is_tape:
        return builder.emit(PRIMITIVES["tape"], ()).result
    return builder.const(0.0, type)
