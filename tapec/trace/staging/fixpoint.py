"""The body of a loop is traced until what it carries from one iteration to the next settles.

Everything starts as constant. What an iteration changes is carried, and the body is traced again
with that as traced values; so a constant stays one exactly if no iteration changes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.ir.types import Type
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.storage import REGIONS, Storage
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.staging.growing import Growing
from tapec.trace.staging.heap import VARIABLE, Slot, World, one_way, same
from tapec.trace.staging.lists import (
    Appended,
    Tails,
    appended,
    check_appended,
    growing_list,
    not_a_loop,
)
from tapec.trace.staging.mismatch import (
    around_loop,
    assigned_in,
    described,
    differing,
    listed,
    made_at,
)
from tapec.trace.staging.names import Start, note_uncertain
from tapec.trace.staging.objects import Taken, structure
from tapec.trace.staging.region import Region
from tapec.trace.staging.values import (
    Kind,
    Poison,
    as_hint,
    kind_of,
    memory_of,
    merged,
    traced,
    up_to_date,
)
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
    taken: dict[Slot, Taken] = field(default_factory=dict)  # what changed, as it is at the end
    stacked: list[Any] = field(default_factory=list)
    appended: list[Appended] = field(default_factory=list)
    start: Start = field(default_factory=Start)
    changed: frozenset[Slot] = frozenset()  # those whose objects were changed in place


@dataclass(slots=True, eq=False, weakref_slot=True)
class Settling:
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
                self.world.refuse_use()
                changes = {slot: up_to_date(v) for slot, v in self.world.read().items()}
                for slot in self.carries:
                    changes.setdefault(slot, self.world.old(slot))
                if (grown := growing_list(self.world, changes)) is not None:
                    self._with_list(*grown)
                    return None
                made.changed = made.start.changed()
                if self.tails is not None:
                    check_appended(self.tails, made.start, changes)
                    made.appended, more = appended(self.tails)
                    made.stacked = [*made.stacked, *more]
                    changes = self._without_lists(changes, self.tails)
                made.taken = {slot: Taken.of(v) for slot, v in changes.items()}
        finally:
            self.world.restore()
        settled = not region.promoted
        self.memory += region.promoted
        for slot, taken in made.taken.items():
            settled = self._settled(slot, taken, region) and settled
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
            name = as_hint(self.world.name(slot))
            for leaf in carry.leaves:
                numbers.append(len(region.own))
                if isinstance(leaf, Kind):
                    params.append(region.builder.param(leaf.type, name))
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
        # Not arrays: a reference to one would count as another name of it.
        start = Start({slot: v for slot, v in bound.items() if type(v) is not Tracer})
        return Iteration(region, index, params, slices, entry, start=start)

    @property
    def _certain(self) -> int:
        """Iterations that are sure to run."""
        return self.length if isinstance(self.length, int) else 0

    # -- settling --------------------------------------------------------------------------

    def _settled(self, slot: Slot, taken: Taken, region: Region) -> bool:
        """Whether a slot ends an iteration as it starts it; else it will be carried better."""
        world = self.world
        carry = self.carries.get(slot)
        leaves, tree = taken.leaves, taken.tree
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
            return self._replace(slot, taken.value)
        joined = [_joined(a, b) for a, b in zip(carry.leaves, leaves, strict=True)]
        if any(isinstance(x, Poison) for x in joined):
            return self._replace(slot, taken.value)
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
        if slot[0] != VARIABLE:
            self.world.refuse_missing(slot)
        if not self._certain:
            note_uncertain(self.session, self.world, slot)
        partial = self.session.partial
        if not any(type(x) is Tracer and x._storage.value in partial for x in leaves):
            return True
        kinds = [kind_of(x) or x for x in leaves]
        self.carries[slot] = Carry(tree, kinds, unset=True)
        return False

    def _replace(self, slot: Slot, value: Any) -> bool:
        """Where types change: fine if every iteration assigns before it reads; else an error."""
        old = self.world.old(slot)
        message = _changed(self.world.name(slot), old, value, self.work)
        hint = "give it its final type and shape before the loop, as np.zeros(shape)"
        error = ControlFlowError(message, where=where(), hint=hint)
        plain = all(kind_of(x) is not None for x in structure(old)[0]) and old is not None
        if slot[0] or not plain or self.strict:
            raise error
        self.carries[slot] = Carry(Tree(None), [Poison(message, hint, error.where)], dead=True)
        return False


def _changed(name: str, before: Any, after: Any, work: Work) -> str:
    """Which part of a carried value changes its type, from what to what, and where it was made."""
    here = where()
    path, (old, new) = differing(name, (before, after))
    message = (
        f"the loop carries {path}, which is {described(old)} before an iteration and "
        f"{described(new)} after it"
    )
    first, later = (None, None) if here is None else around_loop(path, here.line)
    places = [made_at(old) or first, made_at(new) or later or assigned_in(work, path)]
    return "\n".join([message, *listed(["before", "after"], places)])


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
