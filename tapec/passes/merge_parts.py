"""Arrays put together piece by piece: sums of placements (adjoints of reads), chains of writes."""

from __future__ import annotations

from collections import Counter

from tapec.ir.core import Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.indexing import PLACE, UPDATE
from tapec.ir.places import Spec
from tapec.passes.rewriter import remade
from tapec.passes.rules.placement import joined
from tapec.passes.support import captured


def merge_places(func: Func) -> Func:
    """Turn trees of `add` over `place` into one `place` at their root.

    In one go rather than pairwise, which would copy the growing list at every addition.
    """
    trees = _trees(func)
    if not trees:
        return func
    inner = _inner(func, trees)
    roots = {op.result for op in trees.values() if op.primitive is arith.add} - inner
    ops = [
        _merged(op, trees, inner) if op.results and op.results[0] in roots else op
        for op in func.ops
    ]
    return _rebuilt(func, ops)


def _rebuilt(func: Func, ops: list[Op]) -> Func:
    """The program over these ops; the same object where they are its own."""
    return func if tuple(ops) == func.ops else func.with_ops(ops)


def _trees(func: Func) -> dict[Value, Op]:
    """Sums of placements by value, the placements themselves included; empty without a sum."""
    trees: dict[Value, Op] = {}
    sums = 0
    for op in func.ops:
        if op.primitive is PLACE:
            trees[op.result] = op
        elif op.primitive is arith.add and _sums_placements(op, trees):
            trees[op.result] = op
            sums += 1
    return trees if sums else {}


def _sums_placements(op: Op, trees: dict[Value, Op]) -> bool:
    a, b = op.operands
    return a in trees and b in trees and a.type == b.type


def _inner(func: Func, trees: dict[Value, Op]) -> set[Value]:
    """Sums whose only live reader is another sum: nobody reads them once that is merged."""
    uses = _uses(func)
    sums = [op for op in trees.values() if op.primitive is arith.add and uses[op.result]]
    within = {v for op in sums for v in op.operands}
    return {v for v in within if uses[v] == 1 and trees[v].primitive is arith.add}


def _merged(op: Op, trees: dict[Value, Op], inner: set[Value]) -> Op:
    parts: list[Value] = []
    specs: list[object] = []
    pending = list(reversed(op.operands))
    while pending:
        source = trees[pending.pop()]
        if source.primitive is PLACE:
            parts += source.operands
            specs += source.attrs["at"]
        elif source.result in inner:
            pending += reversed(source.operands)
        else:
            return op
    return remade(op, "place", parts, at=tuple(specs), shape=op.result.type.shape)


def merge_updates(func: Func) -> Func:
    """Turn chains of writes that together cover an array into one `stack` or `concatenate`.

    Only writes of which nothing reads the intermediate state: the rules have sent such reads to
    their sources before.
    """
    updates = {op.result: op for op in func.ops if op.primitive is UPDATE}
    if not updates:
        return func
    uses = _uses(func)
    live = [op for op in updates.values() if uses[op.result]]
    inner = {op.operands[0] for op in live if uses[op.operands[0]] == 1}
    ops = [
        (op.result not in inner and _joined_writes(op, updates, inner)) or op
        if op.primitive is UPDATE
        else op
        for op in func.ops
    ]
    return _rebuilt(func, ops)


def _uses(func: Func) -> Counter[Value]:
    """How often live ops read each value; what regions read counts as read often."""
    uses: Counter[Value] = Counter(func.results)
    for op in reversed(func.ops):
        if not (op.primitive.effect or any(v in uses for v in op.results)):
            continue
        uses.update(op.operands)
        if op.regions:
            uses.update(dict.fromkeys(captured(op), 2))
    return uses


def _joined_writes(op: Op, updates: dict[Value, Op], inner: set[Value]) -> Op | None:
    writes: dict[Spec, Value] = {op.attrs["at"]: op.operands[1]}
    base = op.operands[0]
    while base in inner and base in updates:
        before = updates[base]
        writes.setdefault(before.attrs["at"], before.operands[1])
        base = before.operands[0]
    return joined(op, list(writes.values()), list(writes))
