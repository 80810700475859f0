"""Branches on traced conditions: both sides are traced, what they change are the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.ir.types import Type
from tapec.trace.failures import fail, is_raised_by_user
from tapec.trace.growing import UNDEFINED
from tapec.trace.session import Session, current, where
from tapec.trace.staging_names import Crossing, join_names
from tapec.trace.staging_objects import changeable, structure
from tapec.trace.staging_region import Region, give
from tapec.trace.staging_values import (
    Kind,
    Poison,
    described_all,
    filler,
    frozen_by,
    kind_of,
    leaf_paths,
    merged,
    shared_memory,
    traced,
    up_to_date,
    value_of,
)
from tapec.trace.staging_world import Slot, State, World, same
from tapec.trace.storage import Storage
from tapec.trace.tracer import Tracer
from tapec.tree import Tree

CURE = "give both branches values of the same type and shape"


@dataclass(slots=True)
class Joined:
    """What a slot holds after a branch: a tree whose leaves are results or stay as they are."""

    slot: Slot
    tree: Tree
    leaves: list[Any]  # Kind for a result, else the object itself (or a Poison)
    sides: list[list[Any]]  # the leaves at the end of every branch; [] where unbound there
    values: list[Any] = field(default_factory=list)  # what the branches leave in it


@dataclass(slots=True)
class Branches:
    """The branches of one statement, traced."""

    session: Session
    world: World
    regions: list[Region] = field(default_factory=list)
    changes: list[dict[Slot, Any]] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)  # what each branch raises

    def trace(self, work: Callable[[], None]) -> None:
        """Trace one branch from the state before."""
        region = Region(self.session)
        self.regions.append(region)
        changes: dict[Slot, Any] = {}
        raised = None
        try:
            with region.active():
                try:
                    work()
                    changes = {s: up_to_date(v) for s, v in self.world.read().items()}
                except Exception as error:
                    if not is_raised_by_user(error):
                        raise
                    raised = error
                    fail(self.session, error)
        finally:
            self.world.restore()
        self.changes.append(changes)
        self.errors.append(raised)

    def join(self, what: str) -> list[Joined]:
        """What the slots that some branch changes hold afterwards."""
        slots = dict.fromkeys(s for c in self.changes for s in c)
        return [self._joined(slot, what) for slot in slots]

    def _joined(self, slot: Slot, what: str) -> Joined:
        values = [
            c.get(slot, self.world.old(slot)) if error is None else UNDEFINED
            for c, error in zip(self.changes, self.errors, strict=True)
        ]
        parts = [structure(v) for v in values]
        trees = [t for _, t in parts if t is not None]
        name = self.world.name(slot)
        if not trees:
            return Joined(slot, Tree(None), [UNDEFINED], [[UNDEFINED] for _ in values])
        if trees[0].kind is not None and all(v is values[0] for v in values):
            return Joined(slot, Tree(None), [values[0]], [[v] for v in values])
        if any(t != trees[0] for t in trees):
            poison = _poison(name, values, what)
            return Joined(slot, Tree(None), [poison], [[] for _ in values])
        sides = [leaves for leaves, _ in parts]
        paths = leaf_paths(name, trees[0])
        bound = [leaves for leaves, tree in parts if tree is not None]
        everywhere = len(bound) == len(sides)
        leaves = [
            _join_leaf(path, [b[k] for b in bound], everywhere, what)
            for k, path in enumerate(paths)
        ]
        bound_values = [v for v in values if v is not UNDEFINED]
        return Joined(slot, trees[0], leaves, sides, bound_values)


def _join_leaf(path: str, found: Sequence[Any], everywhere: bool, what: str) -> Any:
    """The kind of a result, or the object all branches agree on."""
    first = found[0]
    if all(same(first, leaf) for leaf in found[1:]) and (everywhere or kind_of(first) is None):
        return first
    kinds = [kind_of(leaf) for leaf in found]
    kind = kinds[0]
    for other in kinds[1:]:
        kind = merged(kind, other) if kind is not None and other is not None else None
    return kind if kind is not None else _poison(path, found, what)


def _poison(name: str, values: Sequence[Any], what: str) -> Poison:
    listed = " or ".join(described_all(v) for v in values)
    return Poison(f"after {what} on a traced condition {name} is {listed}", CURE, where())


def emit(branches: Branches, joined: Sequence[Joined], test: Value, name: str) -> None:
    """Append the region op, and let slots and memory hold its results."""
    session, regions = branches.session, branches.regions
    written: dict[Storage, None] = {}
    for region in regions:
        with region.active():
            written.update(dict.fromkeys(region.written()))
    results = [_results(r, k, joined, written) for k, r in enumerate(regions)]
    operands: dict[Storage, Value] = {}
    for region in regions:
        operands.update({s: e.operand for s, e in region.entered.items()})
    order: dict[Storage, Type] = {s: v.type for s, v in operands.items()}
    blocks = tuple(r.block((), order, v) for r, v in zip(regions, results, strict=True))
    values: list[Value] = []
    if results[0]:
        values += session.emit_regions(name, [test, *operands.values()], {}, blocks)
    for region in regions:
        session.choices += region.choices
    for storage, value in zip(written, values[len(values) - len(written) :], strict=True):
        give(session, storage, value)
    returning = [n for n, error in enumerate(branches.errors) if error is None]
    contents = _contents(session, joined, values, regions, returning)
    branches.world.write(contents)
    branches.changes.clear()
    crossings = [Crossing(branches.world.name(j.slot), j.values, contents[j.slot])
                 for j in joined if j.tree.kind is not None]  # fmt: skip
    join_names(session, crossings, [x for r in regions for x in r.joints])


def _results(
    region: Region, number: int, joined: Sequence[Joined], written: dict[Storage, None]
) -> list[Value]:
    with region.active():
        values = [
            filler(region, kind) if not j.sides[number]
            else value_of(region, j.sides[number][k], kind)
            for j in joined for k, kind in enumerate(j.leaves) if isinstance(kind, Kind)
        ]  # fmt: skip
        return [*values, *(region.final(s) for s in written)]


def _contents(
    session: Session, joined: Sequence[Joined], values: list[Value], regions: list[Region],
    returning: Sequence[int],
) -> dict[Slot, Any]:  # fmt: skip
    """The slots' new contents around the results; branches that raise have none."""
    positions = [(j, k) for j in joined for k, x in enumerate(j.leaves) if isinstance(x, Kind)]
    sides = [[j.sides[n][k] if j.sides[n] else None for j, k in positions] for n in returning]
    shared = shared_memory(sides)
    made: dict[Slot, Any] = {}
    known: dict[tuple[int, ...], Any] = {}
    rest = iter(range(len(positions)))
    for j in joined:
        leaves = []
        for x in j.leaves:
            if not isinstance(x, Kind):
                leaves.append(x)
                continue
            n = next(rest)
            ends = [side[n] for side in sides]
            if any(leaf is None or _is_partial(session, leaf) for leaf in ends):
                session.partial.add(values[n])
            frozen = frozen_by(ends, [regions[k] for k in returning], n in shared)
            leaves.append(traced(session, values[n], x, frozen))
        content = j.tree.unflatten(leaves)
        if changeable(content) and all(j.sides):  # two names of one object stay that
            content = known.setdefault(tuple(map(id, j.values)), content)
        made[j.slot] = content
    return made


def _is_partial(session: Session, leaf: Any) -> bool:
    return type(leaf) is Tracer and leaf._storage.value in session.partial


def branch(test: Value, works: Sequence[Callable[[], None]], state: State, what: str = "an if",
           name: str = "cond") -> None:  # fmt: skip
    """Run a statement with several branches, of which `test` chooses one at run time."""
    session = current()
    assert session is not None
    branches = Branches(session, World(state))
    try:
        for work in works:
            branches.trace(work)
        if None not in branches.errors:
            raise branches.errors[-1] or AssertionError
        joined = branches.join(what)
        _refuse_lists(branches)
        emit(branches, joined, test, name)
    finally:
        # Errors keep regions alive, but they must not count as users of memory.
        for region in branches.regions:
            region.close()


def _refuse_lists(branches: Branches) -> None:
    """Lists must have the same length after every branch, dictionaries and sets the same keys."""
    world = branches.world
    for slot in {s for c in branches.changes for s in c}:
        values = [
            c.get(slot, world.old(slot))
            for c, error in zip(branches.changes, branches.errors, strict=True)
            if error is None
        ]
        unbound = sum(v is UNDEFINED for v in values)
        if world.may_be_asked_for(slot) and 0 < unbound < len(values):
            what = "a list changes its length" if world.is_list(slot) else "what it holds changes"
            raise ControlFlowError(
                f"{world.name(slot)} exists on one path only: {what} in a "
                f"branch on a traced condition",
                where=where(),
                hint="append on both paths, or keep an array and a counter"
                if world.is_list(slot)
                else "give it a value before the branch",
            )
