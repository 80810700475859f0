"""Which values get memory or registers, and which loop nests compute them.

Every op is one of: small (a grid of scalars), a root (memory, with a nest of its own space), or
inline (recomputed by whoever asks). Roots of equal space whose operands are ready share a nest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod

from tapec.ir.core import Func, Op, Value

UNROLLED = 32  # elements of trailing axes that are written out inside a loop
SMALL = 16  # elements of a value that lives in registers
COSTLY = 12  # cost from which a value is stored rather than computed twice
LONGEST = 250  # ops of an inlined body from which it is cut
DEEPEST = 100  # operands of operands of ... from which it is cut
REDUCTIONS = frozenset(
    "reduce_sum reduce_prod reduce_max reduce_min reduce_any reduce_all dot".split()  # noqa: SIM905
)
ALONE = frozenset("argmax argmin cumsum recurrence scatter scatter_add".split())  # noqa: SIM905
PIECES = frozenset(("place", "update", "concatenate", "stack"))


@dataclass(eq=False)
class Nest:
    """Ops computed together: all small ones ("small"), or over one space."""

    key: tuple[object, ...]
    ops: list[Op] = field(default_factory=list)


class Plan:
    """The nests of a program, in order; `forced` are values that must have memory."""

    def __init__(self, func: Func, forced: set[Value]) -> None:
        self.func, self.forced = func, set(forced)
        self.nests: list[Nest] = []
        self.small: set[Value] = set()
        self.roots: set[Value] = set()
        self.ready: dict[Value, int] = {v: 0 for v in func.params}
        self.costs: dict[Value, int] = {}
        self.bodies: dict[Value, set[Value]] = {}
        self.depths: dict[Value, int] = {}
        self.inline: set[Value] = set()
        self.asked: dict[Value, set[int]] = {}
        self.source = {op.result: op for op in func.ops}
        self.needed = needed_by_others(func)
        for op in func.ops:
            self.add(op)

    def add(self, op: Op) -> None:
        """Classify one op and schedule it."""
        value = op.result
        level = max((self.ready[v] for v in op.operands), default=0)
        if op.name == "const":
            self.inline.add(value)
            self.ready[value] = 0
            return
        if value.type.size <= SMALL and value not in self.forced:
            self.small.add(value)
            self.schedule(op, small_key(op), level)
        elif self.is_root(op):
            self.roots.add(value)
            self.schedule(op, space_key(op), level)
        else:
            self.inline.add(value)
            self.ready[value] = level

    def is_root(self, op: Op) -> bool:
        """Whether a large value gets memory."""
        value = op.result
        body = {value}.union(*(self.bodies.get(v, ()) for v in op.operands))
        depth = 1 + max((self.depths.get(v, 0) for v in op.operands), default=0)
        cost = sum(self.source[v].primitive.cost for v in body)
        self.costs[value] = cost
        rooted = (
            value in self.forced
            or value in self.func.results
            or op.name in REDUCTIONS
            or op.name in ALONE
            or len(body) > LONGEST
            or depth > DEEPEST
            or (value in self.needed and cost > 2)
        )
        if rooted:
            self.costs[value] = 1
        else:
            self.bodies[value], self.depths[value] = body, depth
        return rooted

    def schedule(self, op: Op, key: tuple[object, ...], level: int) -> None:
        """Join the first nest of the same space that comes late enough."""
        for position in range(level, len(self.nests)):
            if self.nests[position].key == key:
                break
        else:
            position = len(self.nests)
            self.nests.append(Nest(key))
        self.nests[position].ops.append(op)
        self.ready[op.result] = position + (key != ("small",))
        for operand in op.operands:
            self.ask(operand, position)

    def ask(self, value: Value, position: int) -> None:
        """Note that a nest computes an inline value."""
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
        # What is needed only where a user of it is stored anyway is computed with that user.
        covered = {
            x
            for v in costly
            for x in self.source[v].operands
            if x in costly and self.asked[x] == self.asked[v]
        }
        return costly - covered


def plan(func: Func, forced: Iterable[Value] = ()) -> Plan:
    """Schedule; values that several nests would recompute at a cost get memory."""
    wanted = set(forced)
    result = Plan(func, wanted)
    for _ in range(4):
        more = result.repeated() - wanted
        if not more:
            break
        wanted |= more
        result = Plan(func, wanted)
    return result


def alike(func: Func, value: Value) -> set[Value]:
    """The value and all that the same op makes of the same types elsewhere.

    Unrolled loops repeat one op many times: what one of them needs, all of them do.
    """
    source = next(op for op in func.ops if op.result is value)
    return {
        op.result
        for op in func.ops
        if op.primitive is source.primitive
        and op.result.type == value.type
        and op.attrs == source.attrs
    }


def needed_by_others(func: Func) -> set[Value]:
    """Operands that a consumer reads many times: by products, scans, scatters, broadcasts."""
    found: set[Value] = set()
    for op in func.ops:
        for v in op.operands:
            if (op.name == "dot" or op.name in ALONE) or v.type.size * 2 < op.result.type.size:
                found.add(v)
    return found


def small_key(op: Op) -> tuple[object, ...]:
    """Small reductions of large values share the nest of their operand's space."""
    (*_, x) = op.operands or (op.result,)
    if op.name in REDUCTIONS and op.name != "dot" and x.type.size > SMALL:
        return ("reduce", x.type.shape, op.attrs["axes"])
    if op.name in REDUCTIONS and max(v.type.size for v in op.operands) > SMALL:
        return ("alone", op)
    if op.name in ALONE and max(v.type.size for v in op.operands) > SMALL:
        return ("alone", op)
    return ("small",)


def space_key(op: Op) -> tuple[object, ...]:
    """Roots that may share a nest have equal keys."""
    if op.name in REDUCTIONS or op.name in ALONE:
        return ("alone", op)
    if op.name in PIECES and not joins_unrolled(op):
        return ("alone", op)
    return ("map", op.result.type.shape)


def joins_unrolled(op: Op) -> bool:
    """Whether parts are told apart by unrolled axes only, so that no loop must be cut."""
    shape = op.result.type.shape
    cut = unrolled_from(shape)
    if "axis" in op.attrs:
        return bool(op.attrs["axis"] % len(shape) >= cut)
    specs = op.attrs["at"] if op.name == "place" else (op.attrs["at"],)
    return all(at[k] == (0, shape[k], 1) for at in specs for k in range(cut))


def unrolled_from(shape: tuple[int, ...]) -> int:
    """First of the trailing axes that are unrolled inside a loop over long leading axes."""
    k = len(shape)
    while k > 1 and prod(shape[k - 1 :]) <= UNROLLED:
        k -= 1
    return k if prod(shape[:k]) >= 4 * prod(shape[k:]) else len(shape)
