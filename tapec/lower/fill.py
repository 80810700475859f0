"""Large constants as the initial value of a loop or write: filled with one number, then patched.

The copy that a loop changes is made by filling memory, which takes half the time of copying, and
keeps megabytes of data out of the compiled code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from tapec.ir.core import Dense, Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type
from tapec.lower.inplace import carries
from tapec.lower.tuning import FILLED_ELEMENTS, FILLED_OTHERS


def fill_constants(func: Func) -> Func:
    """The program with such constants of its outermost block as a fill and a few writes."""
    uses = Counter(v for op in func.ops for v in op.operands)
    uses.update(func.results)
    changed = {v for op in func.ops for v in _changed(op) if uses[v] == 1}
    if not any(_is_large(op) and op.result in changed for op in func.ops):
        return func
    ops: list[Op] = []
    for op in func.ops:
        ops += _steps(op) if _is_large(op) and op.result in changed else [op]
    return func.with_ops(ops)


def _changed(op: Op) -> tuple[Value, ...]:
    """The initial operands that an op changes."""
    if op.primitive.writes is not None:
        return op.operands[:1]
    return op.operands[carries(op)] if op.primitive.loop else ()


def _is_large(op: Op) -> bool:
    if not is_const(op) or not isinstance(op.attrs["value"], Dense):
        return False
    return op.result.type.size >= FILLED_ELEMENTS


def _steps(op: Op) -> list[Op]:
    array, type = op.attrs["value"].array, op.result.type
    bits = array.view(f"u{array.itemsize}")  # compared by bits: NaN, -0.0
    middle = tuple(n // 2 for n in array.shape)
    others = np.argwhere(bits != bits[middle])
    if len(others) > FILLED_OTHERS:
        return [op]
    return list(_made(op, array[middle], [tuple(map(int, at)) for at in others], type))


def _made(op: Op, number: object, others: list[tuple[int, ...]], type: Type) -> Iterator[Op]:
    array, value = op.attrs["value"].array, Value(type)
    yield _const(number, value)
    for k, at in enumerate(others):
        one = Value(Type(type.dtype))
        yield _const(array[at], one)
        result = op.result if k == len(others) - 1 else Value(type)
        yield Op(PRIMITIVES["update"], (value, one), {"at": at}, (result,), (), op.loc)
        value = result


def _const(number: object, result: Value) -> Op:
    attrs = {"value": result.type.numpy.type(number).item(), "type": result.type}
    return Op(PRIMITIVES["const"], (), attrs, (result,))
