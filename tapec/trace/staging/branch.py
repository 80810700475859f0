"""Branches on traced conditions: both sides are traced, their changes are results of the op."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakSet

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.ir.types import Type
from tapec.trace.arrays.linear_errors import note_dropped
from tapec.trace.arrays.session import Session, current, where
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.failures import fail, is_raised_by_user
from tapec.trace.staging.heap import VARIABLE, Heap, Slot, container_id, same
from tapec.trace.staging.merged_memory import frozen_by, shared_memory
from tapec.trace.staging.mismatch import (
    assigned_in,
    described,
    differing,
    leaf_paths,
    listed,
    made_at,
)
from tapec.trace.staging.missing import guarded
from tapec.trace.staging.object_aliases import MergedVariable, note_aliases, note_uncertain
from tapec.trace.staging.objects import Unpacked, changeable, containers_of
from tapec.trace.staging.region import Region, set_result
from tapec.trace.staging.state import State
from tapec.trace.staging.values import (
    Kind,
    Poison,
    as_it_was,
    filler,
    kind_of,
    merged,
    traced,
    up_to_date,
    value_of,
)
from tapec.tree import Tree

Work = Callable[[], None]
CURE = "give both branches values of the same type and shape"


@dataclass(slots=True)
class Phi:
    """The merged content of a slot after a branch: a tree of results and of unchanged objects."""

    slot: Slot
    tree: Tree
    leaves: list[Any]  # Kind for a result, else the object itself (or a Poison)
    sides: list[list[Any]]  # the leaves at the end of every branch; [] where unbound there
    unpacked: list[Unpacked] = field(default_factory=list)  # the contents where it is bound


@dataclass(slots=True)
class Branches:
    """The traced sides of one branch."""

    session: Session
    heap: Heap
    regions: list[Region] = field(default_factory=list)
    changes: list[dict[Slot, Unpacked]] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)  # what each branch raises
    works: list[Work] = field(default_factory=list)  # the user's code

    def trace(self, work: Work) -> None:
        """Trace one side, starting from the state before the branch."""
        self.works.append(work)
        region = Region(self.session)
        self.regions.append(region)
        changes: dict[Slot, Unpacked] = {}
        raised = None
        try:
            with region.active():
                try:
                    work()
                    self.heap.refuse_use()
                    changes = {s: self._now(s, v) for s, v in self.heap.changed().items()}
                    changes |= self._reaching(changes)
                except Exception as error:
                    if not is_raised_by_user(error):
                        raise
                    raised = error
                    fail(self.session, error)
        finally:
            self.heap.restore()
        self.changes.append(changes)
        self.errors.append(raised)

    def _reaching(self, changes: Mapping[Slot, Any]) -> dict[Slot, Unpacked]:
        """Unchanged slots that lead to a changed container: another branch may rebind them."""
        touched = {container for container, _ in changes if container != VARIABLE}
        if not touched:
            return {}
        rest = ((s, v) for s, v in self.heap.links() if s not in changes)
        return {
            slot: Unpacked.of(value)
            for slot, value in rest
            if not touched.isdisjoint(map(container_id, containers_of(value)))
        }

    def join(self, what: str) -> list[Phi]:
        """A phi for every slot that some side changes."""
        ends = [(slot, unpacked) for c in self.changes for slot, unpacked in c.items()]
        old = self.heap.old
        slots = dict.fromkeys(slot for slot, unpacked in ends if unpacked.value is not old(slot))
        return [self._phi(slot, what) for slot in slots]

    def _phi(self, slot: Slot, what: str) -> Phi:
        unpacked = [
            Unpacked.of(UNDEFINED) if error is not None else c.get(slot) or self._old(slot)
            for c, error in zip(self.changes, self.errors, strict=True)
        ]
        values = [t.value for t in unpacked]
        trees = [t.tree for t in unpacked if t.tree is not None]
        name = self.heap.name(slot)
        if not trees:
            return Phi(slot, Tree(None), [UNDEFINED], [[UNDEFINED] for _ in values])
        if trees[0].kind is not None and all(v is values[0] for v in values):
            return Phi(slot, Tree(None), [values[0]], [[v] for v in values])
        if any(t != trees[0] for t in trees):
            poison = _poison(name, values, what, self.works)
            return Phi(slot, Tree(None), [poison], [[] for _ in values])
        sides = [t.leaves for t in unpacked]
        paths = leaf_paths(name, trees[0])
        bound = [t for t in unpacked if t.tree is not None]
        works = [w for w, t in zip(self.works, unpacked, strict=True) if t.tree is not None]
        everywhere = len(bound) == len(sides)
        if any(t.tree is None and e is None for t, e in zip(unpacked, self.errors, strict=True)):
            note_uncertain(self.session, self.heap, slot)
        leaves = [
            _phi_leaf(path, [b.leaves[k] for b in bound], everywhere, what, works)
            for k, path in enumerate(paths)
        ]
        return Phi(slot, trees[0], leaves, sides, bound)

    def end(self, number: int, slot: Slot) -> Any:
        """The content of a slot at the end of one side."""
        changes = self.changes[number]
        return changes[slot].value if slot in changes else self.heap.old(slot)

    def _old(self, slot: Slot) -> Unpacked:
        return Unpacked.of(as_it_was(self.heap.old(slot), lambda: self.heap.name(slot)))

    def _now(self, slot: Slot, value: Any) -> Unpacked:
        return Unpacked.of(up_to_date(value, lambda: self.heap.name(slot)))


def _phi_leaf(
    path: str, found: Sequence[Any], everywhere: bool, what: str, works: Sequence[Work]
) -> Any:
    """The kind of a result, or the object all branches agree on."""
    first = found[0]
    if all(same(first, leaf) for leaf in found[1:]) and (everywhere or kind_of(first) is None):
        return first
    kinds = [kind_of(leaf) for leaf in found]
    kind = kinds[0]
    for other in kinds[1:]:
        kind = merged(kind, other) if kind is not None and other is not None else None
    return kind if kind is not None else _poison(path, found, what, works)


def _poison(name: str, values: Sequence[Any], what: str, works: Sequence[Work]) -> Poison:
    path, parts = differing(name, values)
    titles = [described(v) for v in parts]
    places = [assigned_in(w, path) or made_at(v) for w, v in zip(works, parts, strict=True)]
    message = f"after {what} on a traced condition {path} is {' or '.join(titles)}"
    lines = dict.fromkeys([message, *listed(titles, places)])
    return Poison("\n".join(lines), CURE, where())


def emit(branches: Branches, phis: Sequence[Phi], test: Value, name: str) -> None:
    """Append the op with its regions, and bind slots and storages to its results."""
    session, regions = branches.session, branches.regions
    written: dict[Storage, None] = {}
    for region in regions:
        with region.active():
            written.update(dict.fromkeys(region.written()))
    results = [_results(r, k, phis, written) for k, r in enumerate(regions)]
    operands: dict[Storage, Value] = {}
    for region in regions:
        operands.update({s: e.operand for s, e in region.entered.items()})
    order: dict[Storage, Type] = {s: v.type for s, v in operands.items()}
    blocks = tuple(r.block((), order, v) for r, v in zip(regions, results, strict=True))
    values: list[Value] = []
    if results[0]:
        values += session.emit_regions(name, [test, *operands.values()], {}, blocks)
    elif session.raising:
        note_dropped(session, [op for block in blocks for op in block.ops])
    for region in regions:
        session.choices += region.choices
    for storage, value in zip(written, values[len(values) - len(written) :], strict=True):
        set_result(session, storage, value)
    returning = [n for n, error in enumerate(branches.errors) if error is None]
    contents = _contents(branches, test, phis, values, returning)
    branches.heap.write(contents)
    branches.heap.note_stores(contents, lambda slot: [branches.end(n, slot) for n in returning])
    branches.changes.clear()
    merged_variables = [MergedVariable(branches.heap.name(j.slot), j.unpacked, contents[j.slot])
                 for j in phis if j.tree.kind is not None]  # fmt: skip
    note_aliases(session, merged_variables, [x for r in regions for x in r.noted])


def _results(
    region: Region, number: int, phis: Sequence[Phi], written: dict[Storage, None]
) -> list[Value]:
    with region.active():
        values = [
            filler(region, kind) if not j.sides[number]
            else value_of(region, j.sides[number][k], kind)
            for j in phis for k, kind in enumerate(j.leaves) if isinstance(kind, Kind)
        ]  # fmt: skip
        return [*values, *(region.final(s) for s in written)]


def _contents(
    branches: Branches, test: Value, phis: Sequence[Phi], values: list[Value],
    returning: Sequence[int],
) -> dict[Slot, Any]:  # fmt: skip
    """The contents of the slots after the branch, built from the results of the op."""
    session, regions = branches.session, branches.regions
    positions = [(j, k) for j in phis for k, x in enumerate(j.leaves) if isinstance(x, Kind)]
    sides = [[j.sides[n][k] if j.sides[n] else None for j, k in positions] for n in returning]
    shared = shared_memory(sides)
    made: dict[Slot, Any] = {}
    known: dict[tuple[int, ...], Any] = {}
    peers: WeakSet[Any] = WeakSet()
    rest = iter(range(len(positions)))
    for j in phis:
        leaves: list[Any] = []
        for x in j.leaves:
            if not isinstance(x, Kind):
                leaves.append(x)
                continue
            n = next(rest)
            ends = [side[n] for side in sides]
            if any(leaf is None or _is_partial(session, leaf) for leaf in ends):
                session.partial.add(values[n])
            frozen = frozen_by(ends, [regions[k] for k in returning], n in shared, peers)
            leaves.append(traced(session, values[n], x, frozen))
        if j.slot[0] != VARIABLE and 0 < len(j.unpacked) < len(j.sides):
            has = [bool(j.sides[n]) for n in returning]
            leaves = guarded(session, test, branches.heap.name(j.slot), leaves, has)
        content = j.tree.unflatten(leaves)
        if j.unpacked and changeable(content) and all(j.sides):  # aliases stay aliases
            content = known.setdefault(tuple(id(t.value) for t in j.unpacked), content)
        made[j.slot] = content
    return made


def _is_partial(session: Session, leaf: Any) -> bool:
    return type(leaf) is Tracer and leaf._storage.value in session.partial


def branch(test: Value, works: Sequence[Work], state: State, what: str = "an if",
           name: str = "cond") -> None:  # fmt: skip
    """Run a statement with several branches, of which `test` chooses one at run time."""
    session = current()
    assert session is not None
    branches = Branches(session, Heap(state))
    try:
        for work in works:
            branches.trace(work)
        if None not in branches.errors:
            raise branches.errors[-1] or AssertionError
        phis = branches.join(what)
        _refuse_lists(branches)
        emit(branches, phis, test, name)
    finally:
        # Errors keep regions alive; closed regions no longer count as references to memory.
        for region in branches.regions:
            region.close()


def _refuse_lists(branches: Branches) -> None:
    """Lists must have the same length after every branch, dictionaries and sets the same keys."""
    heap = branches.heap
    for slot in {s for c in branches.changes for s in c}:
        values = [branches.end(n, slot) for n, error in enumerate(branches.errors) if error is None]
        unbound = sum(v is UNDEFINED for v in values)
        if heap.may_be_asked_for(slot) and 0 < unbound < len(values):
            what = "a list changes its length" if heap.is_list(slot) else "what it holds changes"
            raise ControlFlowError(
                f"{heap.name(slot)} exists on one path only: {what} in a "
                f"branch on a traced condition",
                where=where(),
                hint="append on both paths, or keep an array and a counter"
                if heap.is_list(slot)
                else "give it a value before the branch",
            )
