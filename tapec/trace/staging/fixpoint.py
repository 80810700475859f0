"""The body of a loop is traced until the kinds of the values that it carries are a fixpoint.

All leaves start as constants. A leaf that an iteration changes becomes a parameter of the body,
which is traced again; so a leaf stays a constant exactly if no iteration changes it. What a loop
probably carries is tried first (`prediction.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.ir.types import Type
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.storage import REGIONS, Storage
from tapec.trace.arrays.tracer import Tracer, wrap
from tapec.trace.source.unbound import FLAG
from tapec.trace.staging.attempts import failure_of
from tapec.trace.staging.carries import (
    Carry,
    Iteration,
    Work,
    joined_leaf,
    row_type,
    same_leaf,
    type_change,
)
from tapec.trace.staging.consumption import consumed_by
from tapec.trace.staging.growing import Growing
from tapec.trace.staging.heap import VARIABLE, Heap, Slot
from tapec.trace.staging.lists import (
    GrowingLists,
    appended,
    check_appended,
    growing_list,
    not_a_loop,
)
from tapec.trace.staging.object_aliases import EntryObjects, note_uncertain
from tapec.trace.staging.objects import Unpacked, structure
from tapec.trace.staging.prediction import Predictions, all_change, predictions_of
from tapec.trace.staging.region import Region
from tapec.trace.staging.values import (
    Kind,
    Poison,
    as_hint,
    kind_of,
    memory_of,
    traced,
    up_to_date,
)
from tapec.trace.tuning import FIXPOINT_ATTEMPTS
from tapec.tree import Tree

DRAW = "make what it gives an array before the loop, and pass that to the loop"
I64 = Type("i64")


def note_unbound(name: str) -> None:
    """A variable is read while it is not bound: a loop around has to carry it."""
    session = current()
    while session is not None:
        session.unbound |= {name, FLAG + name}
        session = session.parent


@dataclass(slots=True, eq=False, weakref_slot=True)
class LoopFixpoint:
    """A loop to be staged: `length` is a number, the traced trip count, or None with a `test`."""

    session: Session
    heap: Heap
    work: Work
    length: int | Tracer | None = None
    test: Callable[[], Any] | None = None
    slices: list[Tracer] = field(default_factory=list)
    reverse: bool = False
    checkpoint: int = 0
    strict: bool = False  # carried values may not change their types
    site: Any = None  # the code of the user's body, by which loops are known again
    carries: dict[Slot, Carry] = field(default_factory=dict)
    memory: list[Storage] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)  # of all attempts
    lists_grown: GrowingLists | None = None  # of lists to which the body appends

    def __post_init__(self) -> None:
        REGIONS.add(self)

    def refers_to(self, storage: Storage) -> int:
        """The number of references to a storage that the loop itself holds."""
        return sum(s is storage for s in self.memory)

    # -- tracing ---------------------------------------------------------------------------

    def trace_to_fixpoint(self) -> Iteration:
        """Trace the body until its carried values keep their kinds."""
        if name := consumed_by(self.heap.state):
            raise ControlFlowError(
                f"every iteration of a loop uses {name} up", where=where(), hint=DRAW
            )
        predictions = predictions_of(self.session) if self.site is not None else None
        found = None if predictions is None else self._predicted(predictions)
        for _ in range(FIXPOINT_ATTEMPTS):
            if found is not None and found.stable:
                break
            if found is not None:
                self.regions.pop().close()
            found = self._iteration()
        else:
            raise ControlFlowError(
                "the values that a loop carries do not reach fixed types", where=where()
            )
        if predictions is not None:
            predictions.note(self.heap, self.site, self.carries)
        return found

    def _predicted(self, predictions: Predictions) -> Iteration | None:
        """An iteration that starts from what the loop probably carries, None where it does not."""
        predicted = predictions.of(self.heap, self.site)
        if not predicted:
            return None
        heap, grown, count = self.heap, self.lists_grown, len(self.regions)
        self.carries = dict(predicted)
        made: list[Iteration] = []
        failed = failure_of(lambda: made.append(self._iteration())) is not None
        if not failed and all_change(predicted, made[0], heap):
            return made[0]
        for region in self.regions[count:]:
            region.close()
        del self.regions[count:]
        self.heap, self.lists_grown, self.carries, self.memory = heap, grown, {}, []
        return None

    def _region(self) -> Region:
        self.regions.append(Region(self.session))
        return self.regions[-1]

    def _iteration(self) -> Iteration:
        region = self._region()
        try:
            with region.active():
                made = self._started(region)
                stacked = self.work(made.index, [wrap(region, v) for v in made.slices])
                made.stacked = stacked or []
                self.heap.refuse_use()
                changes = {slot: self._now(slot, v) for slot, v in self.heap.changed().items()}
                for slot in self.carries:
                    changes.setdefault(slot, self.heap.old(slot))
                if (grown := growing_list(self.heap, changes)) is not None:
                    self._with_list(*grown)
                    return made
                made.changed = made.start.changed()
                if self.lists_grown is not None:
                    check_appended(self.lists_grown, made.start, changes)
                    made.appended, more = appended(self.lists_grown)
                    made.stacked = [*made.stacked, *more]
                    changes = self._without_lists(changes, self.lists_grown)
                made.unpacked = {slot: Unpacked.of(v) for slot, v in changes.items()}
        finally:
            self.heap.restore()
        made.stable = not region.promoted
        self.memory += region.promoted
        for slot, unpacked in made.unpacked.items():
            made.stable = self._is_stable(slot, unpacked, region) and made.stable
        return made

    def _now(self, slot: Slot, value: Any) -> Any:
        return up_to_date(value, lambda: self.heap.name(slot))

    def _with_list(self, target: list[Any], name: str) -> None:
        """A list to which the body appends gets a stand-in in the next attempt."""
        old = self.lists_grown
        known, titles = ([], []) if old is None else (old.lists, old.titles)
        if not self._certain or any(target is x for x in known):
            raise not_a_loop(name)
        self.heap.restore()
        state = self.heap.state if old is None else old.state
        self.lists_grown = GrowingLists(state, [*known, target], [*titles, name])
        self.heap = Heap(self.lists_grown)

    def _without_lists(
        self, changes: dict[Slot, Any], lists_grown: GrowingLists
    ) -> dict[Slot, Any]:
        """The changes without slots that only hold a list's stand-in."""
        kept: dict[Slot, Any] = {}
        for slot, value in changes.items():
            if not isinstance(value, Growing):
                kept[slot] = value
            elif not lists_grown.stands_for(value, self.heap.old(slot)):
                raise not_a_loop(self.heap.name(slot))
        return kept

    def _started(self, region: Region) -> Iteration:
        """Bind the slots as an iteration starts: carried leaves are parameters of the region."""
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
            name = as_hint(self.heap.name(slot))
            for leaf in carry.leaves:
                numbers.append(len(region.own))
                if isinstance(leaf, Kind):
                    params.append(region.builder.param(leaf.type, name))
                    leaf = traced(region, params[-1], leaf)
                    region.own.append(leaf._storage)
                leaves.append(leaf)
            bound[slot] = carry.tree.unflatten(leaves)
        self.heap.write(bound, start=True)
        if self.lists_grown is not None:
            self.lists_grown.stand_in(self.heap)
        starts = [x for slot in self.carries for x in structure(self.heap.old(slot))[0]]
        carried = {memory_of(x) for x in starts}
        self.memory = [s for s in self.memory if s not in carried]
        for storage in self.memory:
            region.claim(storage)
        region.promoted.clear()
        types = [row_type(x) for x in self.slices]
        slices = [region.builder.param(t) for t in types]
        # Without arrays: a reference to one would count as an alias of it.
        start = EntryObjects({slot: v for slot, v in bound.items() if type(v) is not Tracer})
        return Iteration(region, index, params, slices, entry, start=start)

    @property
    def _certain(self) -> int:
        """A lower bound of the trip count."""
        return self.length if isinstance(self.length, int) else 0

    # -- widening --------------------------------------------------------------------------

    def _is_stable(self, slot: Slot, unpacked: Unpacked, region: Region) -> bool:
        """Whether a slot has the same kinds at both ends; widens its carry otherwise."""
        heap = self.heap
        carry = self.carries.get(slot)
        leaves, tree = unpacked.leaves, unpacked.tree
        if carry is None:
            old_leaves, old_tree = structure(heap.old(slot))
            if old_tree is None:
                return self._fresh(slot, leaves, tree, region)
            carry = Carry(old_tree, old_leaves)
        elif carry.dead:
            if any(isinstance(x, Poison) for x in leaves):
                carry.leaves[0]._fail()
            return True
        if tree != carry.tree:
            return self._replace(slot, unpacked.value)
        joined = [joined_leaf(a, b) for a, b in zip(carry.leaves, leaves, strict=True)]
        if any(isinstance(x, Poison) for x in joined):
            return self._replace(slot, unpacked.value)
        known = self.carries.get(slot)
        self.carries[slot] = Carry(carry.tree, joined, unset=carry.unset)
        return known is not None and all(map(same_leaf, known.leaves, joined))

    def _fresh(self, slot: Slot, leaves: list[Any], tree: Any, region: Region) -> bool:
        """A slot unbound before the loop: local to the body, or carried where it may be unbound."""
        if self.heap.may_be_asked_for(slot):
            raise ControlFlowError(
                f"a loop adds {self.heap.name(slot)}, of which every iteration has its own",
                where=where(),
                hint="make it before the loop, or keep an array",
            )
        if slot[0] != VARIABLE:
            self.heap.refuse_missing(slot)
        if not self._certain:
            note_uncertain(self.session, self.heap, slot)
        partial = self.session.partial
        read = self.heap.name(slot) in region.unbound
        if not read and not any(type(x) is Tracer and x._storage.value in partial for x in leaves):
            return True
        kinds = [kind_of(x) or x for x in leaves]
        self.carries[slot] = Carry(tree, kinds, unset=True)
        return False

    def _replace(self, slot: Slot, value: Any) -> bool:
        """Handle a slot whose type changes: an error unless it is dead at loop entry."""
        old = self.heap.old(slot)
        message = type_change(self.heap.name(slot), old, value, self.work)
        hint = "give it its final type and shape before the loop, as np.zeros(shape)"
        error = ControlFlowError(message, where=where(), hint=hint)
        plain = all(kind_of(x) is not None for x in structure(old)[0]) and old is not None
        if slot[0] or not plain or self.strict:
            raise error
        self.carries[slot] = Carry(Tree(None), [Poison(message, hint, error.where)], dead=True)
        return False
