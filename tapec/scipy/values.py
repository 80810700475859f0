"""Traced values that depend on no argument: what they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.types import Type
from tapec.pipeline import interpreted
from tapec.trace.arrays.operands import any_symbolic, need_session

Array = np.ndarray[Any, Any]


def known_value(x: Any) -> Any:
    """The array that a value is, whatever the arguments are; None where they decide on it.

    What is not known runs through the program as NaN, and as 0.5: a result that is the same number
    both times depends on nothing.
    """
    if not any_symbolic(x):
        return np.asarray(x)
    session = need_session()
    value = x._value(session)
    needed = _needed(value, session.builder.ops)
    first = _evaluated(value, needed, lambda t: np.full(t.shape, np.nan, t.numpy))
    if first is None or np.isnan(first).any():
        return None
    second = _evaluated(value, needed, lambda t: np.full(t.shape, 0.5, t.numpy))
    return first if second is not None and np.array_equal(first, second) else None


def _needed(value: Value, ops: list[Op]) -> list[Op]:
    """The ops that a value is computed by, in order."""
    made = {r: op for op in ops for r in op.results}
    found: set[int] = set()
    todo = [value]
    while todo:
        op = made.get(todo.pop())
        if op is not None and id(op) not in found:
            found.add(id(op))
            todo.extend(op.operands)
    return [op for op in ops if id(op) in found]


def _evaluated(value: Value, ops: list[Op], unknown: Callable[[Type], Array]) -> Array | None:
    """The value, with `unknown` in place of floats that arguments decide on.

    None where it is no float, or decided by integers and truths that are not known.
    """
    known: dict[Value, Array] = {}
    for op in ops:
        given = [known[v] if v in known else unknown(v.type) for v in op.operands]
        if any(v not in known and not v.type.is_float for v in op.operands):
            continue
        step = Func("step", Block(op.operands, (op,), op.results))
        if op.regions or op.primitive.raises:
            made = [unknown(r.type) for r in op.results]
        else:
            made = interpreted(step)(given)
        guessed = any(np.isnan(a).any() for a in given if a.dtype.kind == "f")
        pairs = zip(op.results, made, strict=True)
        known.update((r, a) for r, a in pairs if r.type.is_float or not guessed)
    return known.get(value)
