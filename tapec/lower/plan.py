"""Which values get memory or registers, and which loop nests compute them.

Every op is one of: small (a grid of scalars), a root (memory, with a nest of its own space), or
inline (recomputed by whoever asks). Roots of equal space whose operands are ready share a nest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.regions import region_op
from tapec.lower.folds import RUNNING
from tapec.lower.inplace import SMALL, WRITES, Takeovers

UNROLLED = 32  # elements of trailing axes that are written out inside a loop
COSTLY = 12  # cost from which a value is stored rather than computed twice
LONGEST = 250  # ops of an inlined body from which it is cut
DEEPEST = 100  # operands of operands of ... from which it is cut
REDUCTIONS = frozenset(
    "reduce_sum reduce_prod reduce_max reduce_min reduce_any reduce_all dot".split()  # noqa: SIM905
)
ALONE = frozenset(
    [
        "argmax",
        "argmin",
        "argsort",
        "search",
        *RUNNING,
        "scatter",
        "scatter_add",
        "solve",
        "determinant",
        "cholesky",
        "opaque",
        "packed",
    ]
)
DYNAMIC = frozenset(("dynamic_update", "dynamic_add", "accumulate"))
PIECES = frozenset(("place", "update", "concatenate", "stack"))


@dataclass(frozen=True)
class Roles:
    """What a block's surroundings want of it.

    `owned` are parameters whose memory it may change; `aims` are (result, parameter) where the
    result must end up in that memory; `early` are numbers of results that are saved as soon as
    they are computed; `cheap` is the cost from which a value read many times is stored. With
    `renewing`, arrays made anew are as good as arrays changed in place.
    """

    owned: frozenset[Value] = frozenset()
    aims: tuple[tuple[Value, Value], ...] = ()
    early: frozenset[int] = frozenset()
    cheap: int = 2
    renewing: bool = False


@dataclass(eq=False)
class Nest:
    """Ops computed together: all small ones ("small"), or over one space."""

    key: tuple[object, ...]
    ops: list[Op] = field(default_factory=list)


class Plan:
    """The nests of a block, in order; `forced` are values that must have memory.

    `shares` says which results take over the memory of which other value.
    """

    def __init__(
        self,
        func: Func,
        forced: set[Value],
        roles: Roles = Roles(),
        adopt: Mapping[Value, Value] | None = None,
    ) -> None:
        self.func, self.forced, self.roles = func, set(forced), roles
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
        self.passed = {v for op in func.ops if op.name == "call" for v in op.operands}
        self.needed = needed_by_others(func, roles.cheap)
        self.shares: dict[Value, Value] = {}
        self.takeovers = Takeovers(self, adopt or {})
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
        """A nest that puts a value aside before its memory is taken over."""
        memory = value in self.roots or value in self.roles.owned
        if memory and value in self.early and value in self.takeovers.watched:
            self.nests.append(Nest(("save", value)))
            self.saved.add(value)

    def classify(self, op: Op, number: int) -> None:
        """Memory, registers or inline; when it is computed."""
        value = op.result
        level = max((self.ready[v] for v in op.operands), default=0)
        if op.name == "const":
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
        """What changes memory in place shares its nest with nothing."""
        key = space_key(op)
        return (*key, op) if key[0] == "map" and op.result in self.shares else key

    def region(self, op: Op, number: int) -> None:
        """Loops, branches, tapes: nests of their own. What is large or handed on has memory."""
        for k, value in enumerate(op.results):
            stacked = op.primitive.loop and k >= region_op(op).carry
            handed_on = op.name == "call" and value in self.passed
            large = value.type.size > SMALL or value in self.forced or stacked or handed_on
            (self.roots if large else self.small).add(value)
        level = max((self.ready[v] for v in op.operands), default=0)
        self.takeovers.decide(op, number)
        self.schedule(op, ("alone", op), level)

    def is_root(self, op: Op) -> bool:
        """Whether a large value gets memory."""
        value = op.result
        body = {value}.union(*(self.bodies.get(v, ()) for v in op.operands))
        depth = 1 + max((self.depths.get(v, 0) for v in op.operands), default=0)
        cost = sum(self.source[v].primitive.cost for v in body)
        self.costs[value] = cost
        rooted = (
            value in self.forced
            or value in self.results
            or reduces(op)
            or op.name in ALONE
            or (op.name in WRITES and not (op.name == "update" and joins_unrolled(op)))
            or len(body) > LONGEST
            or depth > DEEPEST
            or cost > self.needed.get(value, cost)
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
        self.ready.update(dict.fromkeys(op.results, position + (key != ("small",))))
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


def alike(block: Block | Func, value: Value) -> set[Value]:
    """The value and all that the same op makes of the same types elsewhere in the block.

    Unrolled loops repeat one op many times: what one of them needs, all of them do.
    """
    source = next((op for op in block.ops if value in op.results), None)
    if source is None or source.regions:
        return {value} if source else set()
    return {
        op.result
        for op in block.ops
        if op.primitive is source.primitive
        and op.result.type == value.type
        and op.attrs == source.attrs
    }


def needed_by_others(func: Func, cheap: int) -> dict[Value, int]:
    """Operands that a consumer reads many times, with the cost that may be spent each time.

    By products, scans, scatters, broadcasts, loops.
    """
    found: dict[Value, int] = {}
    for op in func.ops:
        for v in op.operands:
            reads = op.name in ALONE or (op.name == "dot" and (cheap or reused(op, v)))
            if op.primitive.kind == "region":
                found[v] = 0
            elif reads or (op.name not in WRITES and v.type.size * 2 < op.result.type.size):
                found.setdefault(v, cheap)
    return found


def reused(op: Op, value: Value) -> bool:
    """Whether a product reads elements of an operand more than once."""
    a = op.operands[0].type.shape
    inner = prod(a[pair[0]] for pair in op.attrs["contract"])
    return bool(op.result.type.size * inner > value.type.size)


def reduces(op: Op) -> bool:
    """Whether an op sums up: an outer product does not."""
    return op.name in REDUCTIONS and not (op.name == "dot" and not op.attrs["contract"])


def small_key(op: Op) -> tuple[object, ...]:
    """Small reductions of large values share the nest of their operand's space."""
    (*_, x) = op.operands or (op.result,)
    if op.name in REDUCTIONS and op.name != "dot" and x.type.size > SMALL:
        return ("reduce", x.type.shape, op.attrs["axes"])
    if reduces(op) and max(v.type.size for v in op.operands) > SMALL:
        return ("alone", op)
    if op.name in ALONE and max(v.type.size for v in op.operands) > SMALL:
        return ("alone", op)
    return ("small",)


def space_key(op: Op) -> tuple[object, ...]:
    """Roots that may share a nest have equal keys."""
    if reduces(op) or op.name in ALONE or op.name in DYNAMIC:
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
