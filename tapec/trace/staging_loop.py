"""Loops as ops: the body is traced until what it carries from one iteration to the next settles.

Everything starts as constant. What an iteration changes is carried, and the body is traced again
with that as traced values; so a constant stays one exactly if no iteration changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Block, Value
from tapec.ir.types import Type
from tapec.trace.dispatch import tracer
from tapec.trace.growing import UNDEFINED, Growing
from tapec.trace.session import Session, where
from tapec.trace.staging_alias import Carried, Homes, check_aliases, results_of
from tapec.trace.staging_lists import (
    Appended,
    Tails,
    appended,
    fill,
    growing_list,
    not_a_loop,
)
from tapec.trace.staging_region import Region, give
from tapec.trace.staging_values import (
    Kind,
    Poison,
    difference,
    filler,
    kind_of,
    memory_of,
    merged,
    structure,
    traced,
    truth,
    up_to_date,
    value_of,
)
from tapec.trace.staging_world import Slot, World, one_way, same
from tapec.trace.storage import REGIONS, Storage
from tapec.trace.tracer import Tracer, is_symbolic, wrap
from tapec.tree import Tree

ATTEMPTS = 24
DRAW = "make what it gives an array before the loop, and pass that to the loop"
I64 = Type("i64")
# The body of a loop: given the index and slices, it may return values to stack.
Work = Callable[[Any, list[Tracer]], list[Any] | None]


@dataclass(slots=True)
class Carry:
    """What one slot holds in an iteration: kinds for carried leaves, objects for constant ones."""

    tree: Tree
    leaves: list[Any]
    dead: bool = False  # assigned before it is read: not bound to anything at the start
    unset: bool = False  # not bound before the loop


@dataclass(slots=True)
class Iteration:
    """The body, traced once."""

    region: Region
    index: Tracer | None
    params: list[Value]
    slices: list[Value]
    entry: dict[Slot, list[int]]  # the carried leaves at the start: numbers in `region.own`
    end: dict[Slot, list[Any]] = field(default_factory=dict)
    trees: dict[Slot, Tree | None] = field(default_factory=dict)
    stacked: list[Any] = field(default_factory=list)
    appended: list[Appended] = field(default_factory=list)


@dataclass(slots=True, eq=False, weakref_slot=True)
class Loop:
    """A loop to be staged: `length` is a number, the traced trip count, or None with a `test`."""

    session: Session
    world: World
    work: Work
    length: int | Tracer | None = None
    test: Callable[[], Any] | None = None
    slices: list[Tracer] = field(default_factory=list)
    reverse: bool = False
    checkpoint: int = 0
    strict: bool = False  # carried values may not change their types
    carries: dict[Slot, Carry] = field(default_factory=dict)
    memory: list[Storage] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)  # of all attempts
    tails: Tails | None = None  # of lists to which the body appends

    def __post_init__(self) -> None:
        REGIONS.add(self)

    def refers_to(self, storage: Storage) -> int:
        """How many references to a storage the loop holds for itself."""
        return sum(s is storage for s in self.memory)

    # -- tracing ---------------------------------------------------------------------------

    def settle(self) -> Iteration:
        """Trace the body until its carried values keep their types."""
        if name := one_way(self.world.state):
            raise ControlFlowError(
                f"every iteration of a loop uses {name} up", where=where(), hint=DRAW
            )
        for _ in range(ATTEMPTS):
            found = self._iteration()
            if found is not None:
                return found
            self.regions.pop().close()
        raise ControlFlowError(
            "the values that a loop carries do not settle to fixed types", where=where()
        )

    def _region(self) -> Region:
        self.regions.append(Region(self.session))
        return self.regions[-1]

    def _iteration(self) -> Iteration | None:
        region = self._region()
        try:
            with region.active():
                made = self._started(region)
                stacked = self.work(made.index, [wrap(region, v) for v in made.slices])
                made.stacked = stacked or []
                changes = {slot: up_to_date(v) for slot, v in self.world.read().items()}
                for slot in self.carries:
                    changes.setdefault(slot, self.world.old(slot))
                if (grown := growing_list(self.world, changes)) is not None:
                    self._with_list(*grown)
                    return None
                if self.tails is not None:
                    made.appended, more = appended(self.tails)
                    made.stacked = [*made.stacked, *more]
                    changes = self._without_lists(changes, self.tails)
        finally:
            self.world.restore()
        settled = not region.promoted
        self.memory += region.promoted
        for slot, value in changes.items():
            settled = self._settled(slot, value, region) and settled
            made.end[slot], made.trees[slot] = structure(value)
        return made if settled else None

    def _with_list(self, target: list[Any], name: str) -> None:
        """Trace again with a list represented to which the body appends."""
        old = self.tails
        known, titles = ([], []) if old is None else (old.lists, old.titles)
        if not self._certain or any(target is x for x in known):
            raise not_a_loop(name)
        self.world.restore()
        state = self.world.state if old is None else old.state
        self.tails = Tails(state, [*known, target], [*titles, name])
        self.world = World(self.tails)

    def _without_lists(self, changes: dict[Slot, Any], tails: Tails) -> dict[Slot, Any]:
        """The changes without slots that only have a representative in place of their list."""
        kept: dict[Slot, Any] = {}
        for slot, value in changes.items():
            if not isinstance(value, Growing):
                kept[slot] = value
            elif not tails.stands_for(value, self.world.old(slot)):
                raise not_a_loop(self.world.name(slot))
        return kept

    def _started(self, region: Region) -> Iteration:
        """The state at the start of an iteration: carried values are parameters."""
        index = None
        params: list[Value] = []
        if self.length is not None:
            params.append(region.builder.param(I64, "i"))
            index = wrap(region, params[0], True)
        entry: dict[Slot, list[int]] = {}
        bound: dict[Slot, Any] = {}
        for slot, carry in self.carries.items():
            if carry.dead:
                bound[slot] = carry.leaves[0]
                continue
            leaves = []
            entry[slot] = numbers = []
            for leaf in carry.leaves:
                numbers.append(len(region.own))
                if isinstance(leaf, Kind):
                    params.append(region.builder.param(leaf.type))
                    leaf = traced(region, params[-1], leaf)
                    region.own.append(leaf._storage)
                leaves.append(leaf)
            bound[slot] = carry.tree.unflatten(leaves)
        self.world.write(bound)
        if self.tails is not None:
            self.tails.stand_in(self.world)
        starts = [x for slot in self.carries for x in structure(self.world.old(slot))[0]]
        carried = {memory_of(x) for x in starts}
        self.memory = [s for s in self.memory if s not in carried]
        for storage in self.memory:
            region.claim(storage)
        region.promoted.clear()
        types = [_row(x) for x in self.slices]
        slices = [region.builder.param(t) for t in types]
        return Iteration(region, index, params, slices, entry)

    # -- settling --------------------------------------------------------------------------

    def _settled(self, slot: Slot, value: Any, region: Region) -> bool:
        """Whether a slot ends an iteration as it starts it; else it will be carried better."""
        world = self.world
        carry = self.carries.get(slot)
        leaves, tree = structure(value)
        if carry is None:
            old_leaves, old_tree = structure(world.old(slot))
            if old_tree is None:
                return self._fresh(slot, leaves, tree, region)
            carry = Carry(old_tree, old_leaves)
        elif carry.dead:
            if any(isinstance(x, Poison) for x in leaves):
                carry.leaves[0]._fail()
            return True
        if tree != carry.tree:
            return self._replace(slot, value)
        joined = [_joined(a, b) for a, b in zip(carry.leaves, leaves, strict=True)]
        if any(isinstance(x, Poison) for x in joined):
            return self._replace(slot, value)
        known = self.carries.get(slot)
        self.carries[slot] = Carry(carry.tree, joined, unset=carry.unset)
        return known is not None and all(map(_same_leaf, known.leaves, joined))

    def _fresh(self, slot: Slot, leaves: list[Any], tree: Any, region: Region) -> bool:
        """A slot that is not bound before the loop: the body's own, unless a path leaves it."""
        if self.world.may_be_asked_for(slot):
            raise ControlFlowError(
                f"a loop adds {self.world.name(slot)}, of which every iteration has its own",
                where=where(),
                hint="make it before the loop, or keep an array",
            )
        partial = self.session.partial
        if not any(type(x) is Tracer and x._storage.value in partial for x in leaves):
            return True
        kinds = [kind_of(x) or x for x in leaves]
        self.carries[slot] = Carry(tree, kinds, unset=True)
        return False

    def _replace(self, slot: Slot, value: Any) -> bool:
        """Where types change: fine if every iteration assigns before it reads; else an error."""
        old = self.world.old(slot)
        message = "the loop carries " + difference(self.world.name(slot), old, value)
        hint = "give it its final type and shape before the loop, as np.zeros(shape)"
        error = ControlFlowError(message, where=where(), hint=hint)
        plain = all(kind_of(x) is not None for x in structure(old)[0]) and old is not None
        if slot[0] or not plain or self.strict:
            raise error
        self.carries[slot] = Carry(Tree(None), [Poison(message, hint, error.where)], dead=True)
        return False

    # -- emission --------------------------------------------------------------------------

    def emit(self) -> list[Tracer]:
        """Append the loop and let slots and memory hold its results; returns what is stacked."""
        try:
            return self._emit()
        finally:
            # An error keeps the attempts alive, but they must not count as users of memory.
            for region in self.regions:
                region.close()

    def _emit(self) -> list[Tracer]:
        body = self.settle()
        region = body.region
        carried = self._carried(body)
        with region.active():
            ends = [value_of(region, c.end, c.kind) for c in carried]
            stacked = [self._stackable(x) for x in body.stacked]
            ys = [value_of(region, x, k) for x, k in stacked]
            written = region.written()
            homes = check_aliases(carried, region, self.session, self._certain)
            ends += [region.final(s) for s in written]
        look = self._condition(written) if self.test is not None else None
        operands = {s: e.operand for r in (region, look[0] if look else region)
                    for s, e in r.entered.items()}  # fmt: skip
        consts = {s: v for s, v in operands.items() if s not in set(written)}
        init = [self._initial(c) for c in carried] + [operands[s] for s in written]
        order = {s: v.type for s, v in consts.items()}
        late = {s: operands[s].type for s in written}
        block = self._block(region, body, carried, order, late, [*ends, *ys])
        blocks: tuple[Block, ...] = (block,)
        if look is not None:
            blocks = (self._block(look[0], look[1], carried, order, late, [look[2]]), block)
        results = self._op(blocks, list(consts.values()), init)
        self.session.choices += region.choices
        for storage, value in zip(written, results[len(carried) :], strict=False):
            give(self.session, storage, value)
        self._store(body, carried, results, homes)
        made = results[len(init) :]
        if body.appended:
            count = len(made) - self._in_lists(body)
            fill(self.session, body.appended, made[count:], self._certain)
            made = made[:count]
        return [wrap(self.session, v) for v in made]

    @staticmethod
    def _in_lists(body: Iteration) -> int:
        return sum(isinstance(x, Kind) for a in body.appended for x in a.leaves)

    @property
    def _certain(self) -> int:
        """Iterations that are sure to run."""
        return self.length if isinstance(self.length, int) else 0

    @staticmethod
    def _stackable(leaf: Any) -> tuple[Any, Kind]:
        kind = kind_of(leaf)
        if kind is None:
            raise ControlFlowError(f"a loop cannot stack {leaf!r}", where=where())
        return leaf, kind

    def _carried(self, body: Iteration) -> list[Carried]:
        """All leaves that the op carries, in order: parameters first, then the body's own."""
        found: list[Carried] = []
        params = iter(body.params[body.index is not None :])
        for slot, carry in self.carries.items():
            if carry.dead:
                continue
            starts = [UNDEFINED] * len(carry.leaves)
            starts = starts if carry.unset else structure(self.world.old(slot))[0]
            for k, leaf in enumerate(carry.leaves):
                if isinstance(leaf, Kind):
                    entry = body.region.own[body.entry[slot][k]]
                    end = body.end[slot][k]
                    found.append(Carried(slot, k, leaf, starts[k], entry, end, next(params)))
        for slot, leaves in body.end.items():
            known = self.carries.get(slot)
            if known is not None and not known.dead:
                continue
            old = structure(self.world.old(slot))[0]
            for k, leaf in enumerate(leaves):
                kind = kind_of(leaf)
                if kind is None or self._is_last(leaf, body):
                    continue
                same_kind = len(old) == len(leaves) and kind_of(old[k])
                start = old[k] if same_kind and merged(same_kind, kind) == kind else UNDEFINED
                found.append(Carried(slot, k, kind, start, None, leaf, None))
        return found

    def _initial(self, c: Carried) -> Value:
        if c.start is UNDEFINED:
            return filler(self.session, c.kind)
        return value_of(self.session, c.start, c.kind)

    def _block(self, region: Region, made: Iteration, carried: Sequence[Carried],
               consts: dict[Storage, Type], written: dict[Storage, Type],
               results: list[Value]) -> Block:  # fmt: skip
        index = made.params[: made.index is not None]
        given = iter(made.params[made.index is not None :])
        own = [next(given) if c.param is not None else Value(c.kind.type) for c in carried]
        block = region.block((), consts, results)
        last = region.block((), written, ())
        params = (*index, *block.params, *own, *last.params, *made.slices)
        return Block(params, block.ops, block.results)

    def _op(self, blocks: tuple[Block, ...], consts: list[Value], init: list[Value]) -> Any:
        attrs: dict[str, Any] = {"consts": len(consts), "carry": len(init)}
        session = self.session
        operands = [*consts, *init]
        if self.test is not None:
            return session.emit_regions("while_loop", operands, attrs, blocks)
        if self.reverse:
            attrs["reverse"] = True
        if isinstance(self.length, int):
            attrs["length"] = self.length
            if self.checkpoint:
                attrs["checkpoint"] = self.checkpoint
            operands += [x._value(session) for x in self.slices]
            return session.emit_regions("scan", operands, attrs, blocks)
        count = value_of(session, self.length, Kind("i64"))
        return session.emit_regions("fori_loop", [count, *operands], attrs, blocks)

    def _condition(self, written: list[Storage]) -> tuple[Region, Iteration, Value]:
        """The test as a region over the same carried values."""
        region = self._region()
        assert self.test is not None
        try:
            with region.active():
                made = self._started(region)
                test = self.test()
                if not is_symbolic(test) and test:
                    raise ControlFlowError(
                        "the condition of a loop does not depend on what the loop computes",
                        where=where(),
                        hint="end it with a condition on values that change in the loop",
                    )
                value = truth(region, tracer(test))
        finally:
            self.world.restore()
        self.session.choices += region.choices
        return region, made, value

    def _store(self, body: Iteration, carried: list[Carried], results: Sequence[Value],
               homes: Homes) -> None:  # fmt: skip
        """The slots after the loop."""
        made = results_of(carried, results, body.region, self.session, self._certain, homes)
        contents: dict[Slot, Any] = {}
        for slot, leaves in body.end.items():
            carry = self.carries.get(slot)
            if carry is not None and carry.dead and not self._certain:
                contents[slot] = carry.leaves[0]
                continue
            tree = body.trees[slot]
            new = [made.get((slot, k), self._last(x, body)) for k, x in enumerate(leaves)]
            contents[slot] = UNDEFINED if tree is None else tree.unflatten(new)
        self.world.write(contents)

    def _is_last(self, leaf: Any, body: Iteration) -> bool:
        """Whether the final value is the last index, known while tracing."""
        return leaf is not None and leaf is body.index and isinstance(self.length, int)

    def _last(self, leaf: Any, body: Iteration) -> Any:
        if self._is_last(leaf, body):
            assert isinstance(self.length, int)
            return 0 if self.reverse else self.length - 1
        return leaf


def _row(x: Tracer) -> Type:
    return Type(x._dtype, x._shape[1:])


def _joined(a: Any, b: Any) -> Any:
    """What a carried leaf is, from what it was taken for and what it is after an iteration."""
    if not isinstance(a, Kind) and same(a, b):
        return a
    first, second = a if isinstance(a, Kind) else kind_of(a), kind_of(b)
    both = merged(first, second) if first is not None and second is not None else None
    return Poison("", "", None) if both is None else both


def _same_leaf(a: Any, b: Any) -> bool:
    return a == b if isinstance(a, Kind) and isinstance(b, Kind) else same(a, b)
