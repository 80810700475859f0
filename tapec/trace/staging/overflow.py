"""Python's integers in loops of known length, which have 64 bits in the program.

Integers that depend on the counter and constants alone are computed while tracing; where one
leaves 64 bits, the loop is refused.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Op, Value
from tapec.ir.ops.arith import add, integer_pow, mul, power
from tapec.ir.ops.const import is_const
from tapec.ir.ops.logic import left_shift
from tapec.trace.arrays.session import where
from tapec.trace.tuning import OVERFLOW_WORK

_LARGEST, _SMALLEST = 2**63 - 1, -(2**63)
_DTYPES = ("i64", "bool")
_FAST = frozenset([mul, integer_pow, power, left_shift])
_RULES: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "neg": operator.neg,
    "abs": abs,
    "power": lambda a, b: 2**64 if abs(a) > 1 and b > 64 else a**b if b >= 0 else 0,
    "left_shift": lambda a, b: a << b if 0 <= b < 64 else 2**64 if a else 0,
    "right_shift": lambda a, b: a >> b if b >= 0 else 0,
    "floor_divide": lambda a, b: a // b if b else 0,
    "remainder": lambda a, b: a % b if b else 0,
    "bitwise_and": operator.and_,
    "bitwise_or": operator.or_,
    "bitwise_xor": operator.xor,
    "invert": operator.invert,
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "not_equal": operator.ne,
    "select": lambda test, a, b: a if test else b,
}


def refuse_overflow(
    ops: Sequence[Op], index: Value, carried: Mapping[Value, tuple[int, Value]],
    length: int, reverse: bool,
) -> None:  # fmt: skip
    """Raise where integers that a loop computes from its counter leave 64 bits.

    `carried` has the start of every carried integer, and its value after an iteration.
    """
    while True:
        pure = _pure(ops, index, carried)
        known = {param: ends for param, ends in carried.items() if ends[1] in pure}
        if len(known) == len(carried):
            break
        carried = known
    work = [op for op in ops if len(op.results) == 1 and op.results[0] in pure]
    slow = {index, *(op.result for op in work if is_const(op))}
    if not any(_grows(op, slow) for op in work):
        return
    state = {param: start for param, (start, _) in carried.items()}
    steps = range(length - 1, -1, -1) if reverse else range(length)
    for i in steps[: max(1, OVERFLOW_WORK // len(work))]:
        found = _step(work, {index: i, **state})
        state = {param: found[end] for param, (_, end) in carried.items()}
    if not carried:
        _step(work, {index: steps[-1]})


def _pure(
    ops: Sequence[Op], index: Value, carried: Mapping[Value, tuple[int, Value]]
) -> set[Value]:
    """The carried integers that depend on the counter and constants only."""
    pure = {index, *carried}
    for op in ops:
        if len(op.results) != 1 or op.result.type.shape or op.result.type.dtype not in _DTYPES:
            continue
        if is_const(op) or (
            (op.name in _RULES or op.primitive is integer_pow) and pure.issuperset(op.operands)
        ):
            pure.add(op.result)
    return pure


def _grows(op: Op, slow: set[Value]) -> bool:
    """Whether an op may grow numbers faster than a counter does."""
    return op.primitive in _FAST or (op.primitive is add and slow.isdisjoint(op.operands))


def _step(ops: Sequence[Op], values: dict[Value, Any]) -> dict[Value, Any]:
    """One iteration in Python's integers."""
    for op in ops:
        if is_const(op):
            values[op.result] = op.attrs["value"]
            continue
        args = [values[v] for v in op.operands]
        made = args[0] ** op.attrs["n"] if op.primitive is integer_pow else _RULES[op.name](*args)
        if not _SMALLEST <= made <= _LARGEST:
            raise ControlFlowError(
                "an integer in a loop grows beyond 64 bits",
                where=op.loc or where(),
                hint="compute with floats: start from 1.0 instead of 1",
            )
        values[op.result] = made
    return values
