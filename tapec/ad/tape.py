"""What a body stores for its reverse sweep, and what that rematerialises: a minimum cut.

Between what the reverse sweep knows anyway (constants, the number of the iteration) and what the
reverse ops read, the set of values that costs fewest bytes is stored. Cheap ops are rematerialised,
costly ones never (the formulation of Jain et al., Checkmate, MLSys 2020, without its schedule): an
op is cheap up to `CHEAP_COST` additions per element of its result, about a store and a load.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from tapec.ad.cut import minimum_cut
from tapec.ad.decisions import feeding_decisions
from tapec.ad.joint import JointBody, between
from tapec.ad.tuning import CHEAP_COST, WRITTEN_ELEMENTS
from tapec.ir.core import Loc, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.indexing import PLACE
from tapec.ir.types import Type


@dataclass(frozen=True, slots=True)
class TapeEntry:
    """One value that the reverse sweep of a region reads.

    `bytes` are per run of the region, `count` the number of runs (None where only the run tells).
    """

    name: str
    loc: Loc | None
    type: Type
    bytes: int
    count: int | None
    kind: Literal["stored", "recomputed", "invariant"]


@dataclass(frozen=True, slots=True)
class Kept:
    """What to keep, what is computed again from it, and which parameters are read as they are."""

    stored: list[Value]
    recomputed: list[Value]
    invariant: list[Value]


def slot_bytes(type: Type) -> int:
    """Bytes of a value where it is kept: numbers take eight each."""
    return type.size * (8 if not type.shape else type.numpy.itemsize)


def keep(
    joint: JointBody, known: Collection[Value], free: Collection[Value] = (),
    costly: Collection[Value] = (), runs: int = 1,
) -> Kept:  # fmt: skip
    """The cut of a body whose reverse ops know the values in `known`.

    Values in `free` are kept anyway. Parameters in `costly` are the same in some `runs` of the
    body, and must be kept once for these.
    """
    reverse_only = joint.reverse_only()
    defs = {v: op for op in joint.ops for v in op.results if v not in reverse_only}
    read = _read(joint, reverse_only)
    needed = [v for v in read if v not in known and not is_const(defs.get(v))]
    order = {v: n for n, v in enumerate((*joint.body.params, *defs))}
    fixed = feeding_decisions(
        needed, defs, (op for op in joint.ops if not reverse_only.isdisjoint(op.results))
    )
    kept = minimum_cut(
        needed,
        defs,
        known,
        lambda v: 1 if v in free else (8 * slot_bytes(v.type) + 1) * (1 if v in costly else runs),
        lambda op: op in fixed or not_recomputed(op),
    )
    stored = sorted((v for v in kept if v not in costly), key=order.__getitem__)
    _, given = between(joint.ops, joint.reverse_inputs().union(stored), joint.results())
    again = [v for v in needed if v not in stored and v not in costly]
    return Kept(stored, again, sorted(given, key=order.__getitem__))


def _read(joint: JointBody, reverse_only: Collection[Value]) -> list[Value]:
    """What the ops read that depend on cotangents and reach a result."""
    live = dict.fromkeys(joint.results())
    for op in reversed(joint.reverse):
        if op.results[0] in reverse_only and not live.keys().isdisjoint(op.results):
            live.update(dict.fromkeys(op.operands))
    return [v for v in live if v not in reverse_only]


def not_recomputed(op: Op | None) -> bool:
    """Whether a value is never rematerialised: it cannot be, or costs too much."""
    if op is None or op.regions or op.primitive.kind == "region" or len(op.results) != 1:
        return True
    size = op.result.type.size
    if op.primitive.kind == "structured" or (_writes_part(op) and size > WRITTEN_ELEMENTS):
        return True
    return op.work * op.primitive.cost > CHEAP_COST * size


def _writes_part(op: Op) -> bool:
    """Whether an op makes an array by writing to one."""
    return op.primitive.writes is not None or op.primitive is PLACE
