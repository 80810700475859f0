"""What the passes share: keys of attributes, values captured by regions, constants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tapec.ir.core import Dense, Loc, Op, Value
from tapec.ir.primitive import lookup
from tapec.ir.types import Type

Number = bool | int | float


def attr_key(attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Attributes as a key that tells 0.0 from -0.0 and 1 from 1.0 and True, and finds NaN equal."""
    return tuple(
        (k, type(v), repr(v)) if isinstance(v, float | int) else (k, v) for k, v in attrs.items()
    )


def captured(op: Op) -> set[Value]:
    """Every value that the op's regions read, their own included."""
    found: set[Value] = set()
    pending = list(op.regions)
    while pending:
        block = pending.pop()
        found.update(block.results)
        for inner in block.ops:
            found.update(inner.operands)
            pending.extend(inner.regions)
    return found


def over(op: Op, operands: tuple[Value, ...]) -> Op:
    """The op over other operands (`dataclasses.replace` costs several times as much)."""
    return Op(op.primitive, operands, op.attrs, op.results, op.regions, op.loc)


def const_op(value: Any, type: Type, *, result: Value | None = None, loc: Loc | None = None) -> Op:
    """A constant; arrays of one repeated element become that number.

    `result` is the value it defines, where that exists already.
    """
    if isinstance(value, np.ndarray):
        value = _shrunk(np.ascontiguousarray(value, type.numpy).reshape(type.shape))
    else:
        value = type.numpy.type(value).item()
    results = (result or Value(type),)
    return Op(lookup("const"), (), {"value": value, "type": type}, results, (), loc)


def _shrunk(array: np.ndarray[Any, Any]) -> Number | Dense:
    flat = array.reshape(-1)
    if not flat.size:
        number: Number = array.dtype.type(0).item()
        return number
    bits = flat.view(f"u{flat.itemsize}")
    if (bits == bits[0]).all():
        number = flat[0].item()
        return number
    return Dense(array)
