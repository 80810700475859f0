"""Which values get memory or registers, and which loop nests compute them.

Every op is one of: small (a grid of scalars), a root (memory, with a nest of its own space), or
inline (recomputed by each reader). Roots of equal space whose operands are ready share a nest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from tapec.ir.core import Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.control import CALL
from tapec.ir.ops.indexing import UPDATE
from tapec.ir.ops.linalg import DOT
from tapec.ir.regions import region_op
from tapec.lower.access import reshaped
from tapec.lower.inplace import Takeovers
from tapec.lower.roles import NONE, Roles
from tapec.lower.spacekeys import (
    FEW,
    joins_even,
    joins_unrolled,
    made_as,
    made_key,
    reduces,
    small_key,
)
from tapec.lower.tuning import COSTLY, DEEPEST, LONGEST_COST, LONGEST_OPS, SMALL
from tapec.lower.views import VIEWS


@dataclass(eq=False)
class Nest:
    """Ops computed together: all small ones ("few"), or over one space."""

    key: tuple[object, ...]
    ops: list[Op] = field(default_factory=list)


class Plan:
    """The nests of a block, in order; `forced` are values that must have memory.

    `shares` says which results take over the memory of which other value; `saved` are values that
    must be saved before their memory is taken over. With `frozen`, no other value is given memory,
    and with `shares`, no other value takes over any.
    """

    def __init__(
        self,
        func: Func,
        forced: set[Value],
        roles: Roles = NONE,
        adopt: Mapping[Value, Value] | None = None,
        *,
        frozen: bool = False,
        shares: Mapping[Value, Value] | None = None,
    ) -> None:
        self.func, self.forced, self.roles, self.frozen = func, set(forced), roles, frozen
        self.nests: list[Nest] = []
        self.small: set[Value] = set()
        self.roots: set[Value] = set()
        self.ready: dict[Value, int] = {v: 0 for v in func.params}
        self.costs: dict[Value, int] = {}
        self.bodies: dict[Value, set[Value]] = {}
        self.depths: dict[Value, int] = {}
        self.inline: set[Value] = set()
        self.asked: dict[Value, set[int]] = {}
        self.source = {r: op for op in func.ops for r in op.results}
        self.results = set(func.results)
        self.passed = {v for op in func.ops if op.primitive is CALL for v in op.operands}
        self.needed = {} if frozen else needed_by_others(func, self.source, roles.cheap)
        self.shares: dict[Value, Value] = dict(shares or {})
        self.takeovers = Takeovers(self, adopt or {}, decided=shares is not None)
        self.early = {func.results[k] for k in roles.early}
        self.saved: set[Value] = set()
        for param in func.params:
            self.save(param)
        for number, op in enumerate(func.ops):
            self.add(op, number)

    def add(self, op: Op, number: int) -> None:
        """Classify one op and schedule it."""
        if op.primitive.kind == "region":
            self.region(op, number)
        else:
            self.classify(op, number)
        for value in op.results:
            self.save(value)

    def save(self, value: Value) -> None:
        """Record a value to be saved before its memory is taken over."""
        memory = value in self.roots or value in self.roles.owned
        if memory and value in self.early and value in self.takeovers.watched:
            self.saved.add(value)

    def classify(self, op: Op, number: int) -> None:
        """Memory, registers or inline; when it is computed."""
        value = op.result
        level = max((self.ready[v] for v in op.operands), default=0)
        if is_const(op):
            self.inline.add(value)
            self.ready[value] = 0
        elif value.type.size <= SMALL and value not in self.forced:
            self.small.add(value)
            self.takeovers.decide(op, number)
            self.schedule(op, small_key(op), level)
        elif self.is_root(op):
            self.roots.add(value)
            self.takeovers.decide(op, number)
            self.schedule(op, self.root_key(op), level)
        else:
            self.inline.add(value)
            self.takeovers.inline(op)
            self.ready[value] = level

    def root_key(self, op: Op) -> tuple[object, ...]:
        """The nest key of a root; ops that change memory in place have a nest of their own."""
        key = made_key(op, self.made_as(op))
        return (*key, op) if key[0] == "map" and op.result in self.shares else key

    def made_as(self, op: Op) -> Op:
        """The op whose elements a root stores in their order."""
        return made_as(op, self.source, lambda v: v not in self.inline)

    def region(self, op: Op, number: int) -> None:
        """Loops, branches, tapes: nests of their own. Large or live-out values have memory."""
        for k, value in enumerate(op.results):
            large = value in self.forced or (not self.frozen and self.is_large(op, k))
            (self.roots if large else self.small).add(value)
        level = max((self.ready[v] for v in op.operands), default=0)
        self.takeovers.decide(op, number)
        self.schedule(op, ("own", op), level)

    def is_large(self, op: Op, number: int) -> bool:
        """Whether a result of loops, branches or functions has memory."""
        value = op.results[number]
        stacked = op.primitive.loop and number >= region_op(op).carry
        handed_on = op.primitive is CALL and value in self.passed
        return value.type.size > SMALL or stacked or handed_on

    def is_root(self, op: Op) -> bool:
        """Whether a large value gets memory."""
        value = op.result
        if self.frozen:
            return value in self.forced
        body = {value}.union(*(self.bodies.get(v, ()) for v in op.operands))
        depth = 1 + max((self.depths.get(v, 0) for v in op.operands), default=0)
        cost = sum(self.source[v].primitive.cost for v in body)
        self.costs[value] = cost
        rooted = (
            value in self.forced
            or value in self.results
            or reduces(op)
            or op.primitive.own_loops
            or (
                op.primitive.writes is not None
                and not (op.primitive is UPDATE and joins_unrolled(op))
            )
            or len(body) > LONGEST_OPS
            or cost > LONGEST_COST
            or depth > DEEPEST
            or cost > self.needed.get(value, cost)
        )
        if rooted:
            self.costs[value] = 1
        else:
            self.bodies[value], self.depths[value] = body, depth
        return rooted

    def schedule(self, op: Op, key: tuple[object, ...], level: int) -> None:
        """Join the first nest of the same space that comes after all operands."""
        for position in range(level, len(self.nests)):
            if self.nests[position].key == key:
                break
        else:
            position = len(self.nests)
            self.nests.append(Nest(key))
        self.nests[position].ops.append(op)
        self.ready.update(dict.fromkeys(op.results, position + (key != FEW)))
        for operand in op.operands:
            self.ask(operand, position)

    def ask(self, value: Value, position: int) -> None:
        """Record that a nest computes an inline value."""
        stack = [value]
        while stack:
            v = stack.pop()
            if v not in self.inline or position in self.asked.setdefault(v, set()):
                continue
            self.asked[v].add(position)
            stack += self.source[v].operands

    def repeated(self) -> set[Value]:
        """Costly inline values that several nests would compute."""
        found = {v for v, at in self.asked.items() if len(at) > 1}
        costly = {v for v in found if self.costs.get(v, 0) >= COSTLY}
        # A value needed only by stored users is computed with them.
        covered = {
            x
            for v in costly
            for x in self.source[v].operands
            if x in costly and self.asked[x] == self.asked[v]
        }
        return costly - covered

    def lengthy(self) -> set[Value]:
        """Inline parts that are joined by one loop whose body would grow too long."""
        found: set[Value] = set()
        for op in self.func.ops:
            if joins_even(op) and op.result in self.roots:
                inline = [v for v in op.operands if v in self.bodies]
                if len(set().union(*(self.bodies[v] for v in inline))) > LONGEST_OPS:
                    found.update(inline)
        return found

    def parted(self) -> set[Value]:
        """Inline values of other nests than their twins: together both are little work."""
        found = {(op.name, op.operands): op for op in self.func.ops if op.primitive.twin}
        together = ((op.result, found.get((op.primitive.twin, x))) for (_, x), op in found.items())
        return {
            v
            for v, twin in together
            if twin is not None
            and v in self.inline
            and twin.result in self.roots
            and self.ready[twin.result] - 1 not in self.asked.get(v, ())
        }


def needed_by_others(func: Func, source: Mapping[Value, Op], cheap: int) -> dict[Value, int]:
    """Operands that a consumer reads many times, with the cost that may be spent each time.

    Consumers are products, scans, scatters, broadcasts and loops. Values that a region reshapes
    must have memory.
    """
    found: dict[Value, int] = {}
    for op in func.ops:
        if op.primitive.kind == "region":
            flat = _reshaped(op, source)
            found.update((v, -1 if v in flat else 0) for v in op.operands)
            continue
        for v in op.operands:
            reads = op.primitive.own_loops or (op.primitive is DOT and (cheap or reused(op, v)))
            once = op.primitive.writes is not None or joins_even(op)
            if reads or (not once and v.type.size * 2 < op.result.type.size):
                found.setdefault(v, cheap)
    return found


def _reshaped(op: Op, source: Mapping[Value, Op]) -> set[Value]:
    """Views that regions of an op reshape: its last operands are their last parameters."""
    if not any(v in source and source[v].name in VIEWS for v in op.operands):
        return set()
    return {
        op.operands[k - len(region.params)]
        for region in op.regions
        for k in reshaped(region)
        if len(region.params) - k <= len(op.operands)
    }


def reused(op: Op, value: Value) -> bool:
    """Whether a product reads elements of an operand more than once."""
    a = op.operands[0].type.shape
    inner = prod(a[pair[0]] for pair in op.attrs["contract"])
    return bool(op.result.type.size * inner > value.type.size)
