"""Constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapec.errors import DTypeError, ShapeError
from tapec.ir.core import Dense, Op
from tapec.ir.primitive import Primitive, elementwise
from tapec.ir.types import Type


def _infer_const(*, value: Any, type: Type, seed: bool = False) -> Type:
    if isinstance(value, Dense) and value.array.shape != type.shape:
        raise ShapeError(f"a constant of shape {list(value.array.shape)} is declared as {type}")
    if isinstance(value, Dense) and value.array.dtype != type.numpy:
        raise DTypeError(f"a constant of dtype {value.array.dtype} is declared as {type}")
    return type


def _const(*, value: Any, type: Type, seed: bool = False) -> Any:
    if isinstance(value, Dense):
        return value.array
    return np.full(type.shape, value, type.numpy)


const: Primitive = elementwise(
    "const",
    _const,
    infer=_infer_const,
    rounds=False,
    cost=0,
    lower="rule",
    doc="A constant: a number filling `type`, or an array. The zeros of a `seed`, which is a known "
    "derivative, are structural: straight lines drop products with them.",
)


SEED = "seed"


def is_const(op: Op | None) -> bool:
    """Whether an op, if there is one, is a constant."""
    return op is not None and op.primitive is const


def number_of(op: Op | None) -> Any:
    """The number filling a constant; None for arrays, and what is no constant."""
    if op is None or op.primitive is not const or isinstance(op.attrs["value"], Dense):
        return None
    return op.attrs["value"]
