"""Dead stores: elements that are read, set to zero, and given their value back."""

from __future__ import annotations

from collections import Counter

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.const import number_of
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_INDEX, DYNAMIC_UPDATE
from tapec.passes.rules.dynamic import same_place
from tapec.passes.support import with_operands
from tapec.passes.tuning import MAX_SUMS


def drop_restored_stores(block: Block) -> Block:
    """Leave an element where it is that is read, set to zero, and added again.

    So reads the adjoint of `a[i] -= ...`. What is added to the array in between may meet the same
    element: the order of the sum is another one then.
    """
    adds = [op for op in block.ops if op.primitive is DYNAMIC_ADD]
    if not adds:
        return block
    defs = {v: op for op in block.ops for v in op.results}
    uses = Counter(v for op in block.ops for v in op.operands)
    uses.update(block.results)
    same: dict[Value, Value] = {}
    for op in adds:
        zeroed = _store_of_zero(op, defs, uses)
        if zeroed is not None:
            same[zeroed.result] = zeroed.operands[0]
            same[op.result] = op.operands[0]
    return _replaced(block, same) if same else block


def _store_of_zero(op: Op, defs: dict[Value, Op], uses: Counter[Value]) -> Op | None:
    """The write of zero, below other sums, to the place that this sum gives its old value back."""
    read = defs.get(op.operands[1])
    if read is None or read.primitive is not DYNAMIC_INDEX or not same_place(op, read):
        return None
    array = op.operands[0]
    for _ in range(MAX_SUMS):
        below = defs.get(array)
        if below is None or uses[array] != 1:
            return None
        if below.primitive is DYNAMIC_UPDATE:
            taken = below.operands[0] is read.operands[0] and same_place(below, read)
            return below if taken and _is_zero(below.operands[1], defs) else None
        if below.primitive is not DYNAMIC_ADD:
            return None
        array = below.operands[0]
    return None


def _is_zero(value: Value, defs: dict[Value, Op]) -> bool:
    return bool(number_of(defs.get(value)) == 0)


def _replaced(block: Block, same: dict[Value, Value]) -> Block:
    """The block without the ops whose results others stand for."""

    def final(value: Value) -> Value:
        while value in same:
            value = same[value]
        return value

    ops = [
        with_operands(op, tuple(map(final, op.operands)))
        for op in block.ops
        if not (op.results and op.results[0] in same)
    ]
    return Block(block.params, tuple(ops), tuple(map(final, block.results)))
