"""Writes that all branches make to one place, sunk below the branch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_UPDATE
from tapec.ir.ops.indexing import UPDATE
from tapec.ir.regions import RegionOp, region_op
from tapec.passes.rewriter import Rewriter, region_rule
from tapec.passes.tuning import MAX_WRITTEN

_WRITES = frozenset({DYNAMIC_UPDATE, UPDATE})


@region_rule("cond", "switch")
def sink_common_write(op: Op, cx: Rewriter) -> Sequence[Value] | None:
    """cond(p) {a[i] = x} {a[i] = y} -> a[i] = cond(p) {x} {y}."""
    form = region_op(op)
    defs = [{v: inner for inner in r.ops for v in inner.results} for r in op.regions]
    for k in range(len(op.results)):
        writes = [d.get(r.results[k]) for d, r in zip(defs, op.regions, strict=True)]
        found = [w for w in writes if w is not None and w.primitive in _WRITES]
        if len(found) < len(writes):
            continue
        pairs = list(zip(op.regions, found, strict=True))
        places = {_place(form, r, w) for r, w in pairs}
        alone = all(_uses(r, w.result) == 1 for r, w in pairs)
        if len(places) == 1 and None not in places and alone:
            return _written(form, k, found, places.pop(), cx)
    return None


def _place(form: RegionOp, region: Block, write: Op) -> Any:
    """What is written where, by the positions of the arguments; None where computed or large."""
    positions = {p: j for j, p in enumerate(form.params(region))}
    array, value, *starts = write.operands
    where = tuple(positions.get(v) for v in (array, *starts))
    if None in where or value.type.size > MAX_WRITTEN:
        return None
    return (write.primitive.name, write.attrs["at"], where)


def _uses(region: Block, value: Value) -> int:
    count = Counter(region.results)[value]
    return count + sum(op.operands.count(value) for op in region.ops)


def _written(
    form: RegionOp, k: int, writes: Sequence[Op], place: Any, cx: Rewriter
) -> Sequence[Value]:
    """The branch returning what to write, and the write."""
    name, at, (array, *starts) = place
    selected = Value(writes[0].operands[1].type)
    regions = tuple(
        Block(
            r.params,
            tuple(op for op in r.ops if op is not w),
            (*r.results[:k], w.operands[1], *r.results[k + 1 :]),
        )
        for r, w in zip(form.op.regions, writes, strict=True)
    )
    results = (*form.op.results[:k], selected, *form.op.results[k + 1 :])
    op = form.op
    values = cx.put(Op(op.primitive, op.operands, op.attrs, results, regions, op.loc))
    cx.current = op
    operands = (form.args[array], values[k], *(form.args[j] for j in starts))
    values[k] = cx.emit(name, operands, at=at)
    return values
