"""Which results take over the memory of an operand that dies: writes without copies.

A write (`update`, `dynamic_add`, ...), a loop or a branch reuses the memory of the array it changes
when nothing reads that array afterwards. Inline values that are computed from the old array but
read after the write get memory of their own before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_INDEX, DYNAMIC_UPDATE
from tapec.ir.ops.indexing import INDEX, UPDATE
from tapec.ir.ops.nest import MATERIALIZE, SHARE
from tapec.ir.regions import region_op
from tapec.lower.roles import Decided


def carries(op: Op) -> slice:
    """The operands of a loop that are its initial carried values."""
    loop = region_op(op)
    return slice(loop.first, loop.first + loop.carry)


def origins(block: Block) -> list[int | None]:
    """Per result of a region, the parameter it is a changed version of, if any."""
    source = {r: op for op in block.ops for r in op.results}
    params = {p: k for k, p in enumerate(block.params)}
    found = []
    for value in block.results:
        base: Value | None = value
        while base is not None and base not in params:
            base = changed(source.get(base), base)
        found.append(None if base is None else params[base])
    return found


def changed(op: Op | None, result: Value) -> Value | None:
    """The operand that a result of an op is a changed version of, if any."""
    if op is None:
        return None
    if op.primitive in (MATERIALIZE, SHARE):
        return op.operands[0]
    return dict(pairs(op)).get(result)


def pairs(op: Op) -> list[tuple[Value, Value]]:
    """(result, operand it is a changed version of) for all results that are one."""
    if op.primitive.writes is not None:
        return [(op.result, op.operands[0])]
    if op.primitive.loop:
        init = op.operands[carries(op)]
        return list(zip(op.results, init, strict=False))
    return branch_pairs(op) if op.primitive.branch else []


@lru_cache(maxsize=512)  # nested branches query the inner ones repeatedly
def branch_pairs(op: Op) -> list[tuple[Value, Value]]:
    """The same for a branch: where any side changes an operand in that way."""
    sides = [origins(r) for r in op.regions]
    found: list[tuple[Value, Value]] = []
    taken: set[int] = set()
    for k, result in enumerate(op.results):
        for side in sides:
            j = side[k]
            if j is not None and j not in taken and op.operands[1 + j].type == result.type:
                taken.add(j)
                found.append((result, op.operands[1 + j]))
                break
    return found


def fixed(op: Op, base: Value) -> Iterator[Value]:
    """Operands that are read while the memory of `base` is being changed."""
    if op.primitive.loop:
        # Initial values are all in place before the first iteration.
        inside = carries(op)
        yield from (*op.operands[: inside.start], *op.operands[inside.stop :])
        return
    skipped = False
    for value in op.operands:
        if value is base and not skipped:
            skipped = True
            continue
        yield value


class Takeovers:
    """The decisions for one plan, op by op in program order."""

    def __init__(
        self, plan: Decided, adopt: Mapping[Value, Value], *, decided: bool = False
    ) -> None:
        self.plan, self.adopt = plan, adopt
        block = plan.func
        self.watched = set(adopt.values())
        for op in () if decided else block.ops:
            self.watched.update(base for _, base in pairs(op))
        self.last: dict[Value, int] = {}
        for number, op in enumerate(block.ops):
            self.last.update(dict.fromkeys(op.operands, number))
        kept = (v for k, v in enumerate(block.results) if k not in plan.roles.early)
        self.last.update(dict.fromkeys(kept, len(block.ops)))
        self.reads: dict[Value, frozenset[Value]] = {}
        self.overwritten: set[Value] = set()
        self.conflicts: set[Value] = set()

    def inline(self, op: Op) -> None:
        """Record the memory that an inline value reads."""
        if not self.watched:
            return
        found: set[Value] = set()
        for v in op.operands:
            if v in self.watched:
                found.add(v)
            found |= self.reads.get(v, frozenset())
        if found:
            self.reads.update(dict.fromkeys(op.results, frozenset(found)))

    def decide(self, op: Op, number: int) -> None:
        """Let results of an op take over memory."""
        if not self.watched:
            return
        for v in op.operands:
            if not self.reads.get(v, frozenset()).isdisjoint(self.overwritten):
                self.conflicts.add(v)
        for result, base in pairs(op):
            if result in self.plan.roots and self.dies(base, number):
                self.take(op, result, base)
        for result in op.results:
            base = self.adopt.get(result, result)
            if base is not result and result not in self.plan.shares and self.dies(base, number):
                self.reuse(op, result, base)

    def dies(self, base: Value, number: int) -> bool:
        """Whether the value has memory that may be written, and this op is its last reader."""
        plan = self.plan
        writable = base in plan.roots or base in plan.roles.owned
        return writable and base not in self.overwritten and self.last.get(base, -1) <= number

    def take(self, op: Op, result: Value, base: Value) -> None:
        """A write, a loop or a branch reuses the memory of the array it changes."""
        others = list(fixed(op, base))
        if any(v is base for v in others):
            return
        reading = {
            v for v in others if base in self.reads.get(v, ()) and not self.same_part(op, v, base)
        }
        if reading and self.renewed(op, base):
            return
        self.conflicts |= reading
        self.share(result, base)

    def renewed(self, op: Op, base: Value) -> bool:
        """Whether a new array costs less than saving the values to be written to the old one.

        The old one is carried by a loop, and most of it is overwritten.
        """
        roles = self.plan.roles
        if not roles.renewing or base not in roles.owned or op.primitive is not UPDATE:
            return False
        return bool(2 * op.operands[1].type.size > op.result.type.size)

    def reuse(self, op: Op, result: Value, base: Value) -> None:
        """Place a new array over the old one, if it reads the old one elementwise."""
        reading = [v for v in op.operands if v is base or base in self.reads.get(v, ())]
        if not reading or (pointwise(op) and self.same_place(op, base)):
            self.share(result, base)

    def share(self, result: Value, base: Value) -> None:
        self.plan.shares[result] = base
        self.overwritten.add(base)

    def same_part(self, op: Op, value: Value, base: Value) -> bool:
        """Whether a written part reads the old array at the places of the part only."""
        if op.primitive not in (UPDATE, DYNAMIC_UPDATE, DYNAMIC_ADD) or value is not op.operands[1]:
            return False
        view = INDEX if op.primitive is UPDATE else DYNAMIC_INDEX
        starts = op.operands[2:]
        stack = [value]
        while stack:
            v = stack.pop()
            source = self.plan.source.get(v)
            if base not in self.reads.get(v, ()) or source is None:
                continue
            if source.primitive is view and source.operands[0] is base:
                if source.attrs["at"] != op.attrs["at"] or source.operands[1:] != starts:
                    return False
                continue
            if not pointwise(source) or any(w.type.shape != value.type.shape
                                             for w in source.operands
                                             if base in self.reads.get(w, ())):  # fmt: skip
                return False
            if base in source.operands:
                return False
            stack += source.operands
        return True

    def same_place(self, op: Op, base: Value) -> bool:
        """Whether an elementwise op reads the old array at the element that it computes only."""
        stack: list[Op] = [op]
        shape = op.result.type.shape
        while stack:
            source = stack.pop()
            if not pointwise(source):
                return False
            for v in source.operands:
                if v is not base and base not in self.reads.get(v, ()):
                    continue
                if v.type.shape != shape:
                    return False
                if v is not base:
                    stack.append(self.plan.source[v])
        return True


def pointwise(op: Op) -> bool:
    """Whether an op computes each element from the elements at the same place."""
    return op.primitive.kind == "elementwise"


def adoptions(takeovers: Takeovers, aims: Sequence[tuple[Value, Value]]) -> dict[Value, Value]:
    """New arrays that could reuse the memory of a parameter: (result, parameter) wanted."""
    plan = takeovers.plan
    number = {r: k for k, op in enumerate(plan.func.ops) for r in op.results}
    taker = {base: result for result, base in plan.shares.items()}
    found: dict[Value, Value] = {}
    for result, param in aims:
        first = result
        while first in plan.shares:
            first = plan.shares[first]
        tip = param
        while tip in taker:
            tip = taker[tip]
        new = first in plan.roots and first not in found
        if new and number.get(tip, -1) < number[first] and takeovers.dies(tip, number[first]):
            found[first] = tip
    return found
