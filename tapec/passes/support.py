"""What the passes share: keys of attributes, values captured by regions, constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tapec.ir.core import Block, Dense, Func, Loc, Op, Value
from tapec.ir.primitive import lookup
from tapec.ir.types import Type

Number = bool | int | float


def attr_key(attrs: Mapping[str, Any]) -> tuple[Any, ...]:
    """Attributes as a key that tells 0.0 from -0.0 and 1 from 1.0 and True, and finds NaN equal."""
    return tuple(
        (k, type(v), repr(v)) if isinstance(v, float | int) else (k, v) for k, v in attrs.items()
    )


def captured(op: Op) -> set[Value]:
    """Every value that the op's regions read, their own included; nothing where they are closed."""
    found: set[Value] = set()
    pending = [] if op.closed else list(op.regions)
    while pending:
        block = pending.pop()
        found.update(block.results)
        for inner in block.ops:
            found.update(inner.operands)
            pending.extend(inner.regions)
    return found


Shared = dict[Block, Block]


def rewrite_regions(op: Op, step: Callable[[Block], Block], done: Shared) -> Op:
    """The op with its closed regions rewritten; `done` keeps shared ones shared.

    The same object where nothing changes.
    """
    if not op.closed:
        return op
    for region in op.regions:
        if region not in done:
            done[region] = step(region)
    regions = tuple(done[region] for region in op.regions)
    return op if regions == op.regions else with_regions(op, regions)


def with_regions(op: Op, regions: tuple[Block, ...]) -> Op:
    """The op with other regions of the same results."""
    return Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)


def rewrite_program(func: Func, step: Callable[[Block, Shared], Block]) -> Func:
    """A program with its block rewritten; the same object where nothing changes."""
    block = step(func.block, {})
    return func if block is func.block else Func(func.name, block)


def with_operands(op: Op, operands: tuple[Value, ...]) -> Op:
    """The op over other operands (`dataclasses.replace` costs several times as much)."""
    return Op(op.primitive, operands, op.attrs, op.results, op.regions, op.loc)


def const_op(
    value: Any,
    type: Type,
    *,
    result: Value | None = None,
    loc: Loc | None = None,
    attrs: Mapping[str, Any] = {},
) -> Op:
    """A constant; arrays of one repeated element become that number.

    `result` is the value it defines, where that exists already.
    """
    if isinstance(value, np.ndarray):
        value = _shrunk(np.ascontiguousarray(value, type.numpy).reshape(type.shape))
    else:
        value = type.numpy.type(value).item()
    results = (result or Value(type),)
    return Op(lookup("const"), (), {"value": value, "type": type, **attrs}, results, (), loc)


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
