"""Writes that all branches make to one place: the branch chooses what is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tapec.ir.core import Block, Op, Value
from tapec.passes.rewriter import Rewriter, region_rule

_WRITES = frozenset(("update", "dynamic_update"))


@dataclass(frozen=True)
class _Write:
    """A write of a region: to which operand, from which starts (operands too), and of what."""

    name: str
    at: object
    operands: tuple[int, ...]
    value: Value

    def place(self) -> tuple[object, ...]:
        """What two writes to one place have in common."""
        return self.name, self.at, self.operands, self.value.type


@region_rule("cond", "switch")
def branch_writes(op: Op, cx: Rewriter) -> Sequence[Value] | None:
    """Branches that all write to one place of one array: the write comes behind, of their choice.

    So the array need not go through the branch, and is written in place.
    """
    writes = [_writes(region) for region in op.regions]
    common = {k: column[0] for k, column in enumerate(zip(*writes, strict=True))
              if column[0] is not None and _same(column)}  # fmt: skip
    if not common:
        return None
    regions = tuple(_without(r, w, common) for r, w in zip(op.regions, writes, strict=True))
    results = tuple(Value(v.type, v.hint) for v in regions[0].results)
    values = cx.put(Op(op.primitive, op.operands, op.attrs, results, regions, op.loc))
    for k, write in common.items():
        base, *starts = (op.operands[1 + j] for j in write.operands)
        values[k] = cx.emit(write.name, (base, values[k], *starts), at=write.at)
    return values


def _writes(region: Block) -> list[_Write | None]:
    """Per result, the write to a parameter that it is."""
    places = {p: k for k, p in enumerate(region.params)}
    defs = {v: op for op in region.ops for v in op.results}
    return [_write(defs.get(v), places) for v in region.results]


def _write(op: Op | None, places: Mapping[Value, int]) -> _Write | None:
    if op is None or op.primitive.name not in _WRITES:
        return None
    base, value, *starts = op.operands
    if any(v not in places for v in (base, *starts)):
        return None
    operands = tuple(places[v] for v in (base, *starts))
    return _Write(op.primitive.name, op.attrs["at"], operands, value)


def _same(column: Sequence[_Write | None]) -> bool:
    return len({w and w.place() for w in column}) == 1


def _without(region: Block, writes: Sequence[_Write | None], common: Mapping[int, object]) -> Block:
    """The region returning what it would write."""
    pairs = zip(region.results, writes, strict=True)
    results = tuple(w.value if w and k in common else v for k, (v, w) in enumerate(pairs))
    return Block(region.params, region.ops, results)
