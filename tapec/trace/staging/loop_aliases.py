"""Aliases across the iterations of a loop.

A carried variable starts every iteration as memory of its own. That is what Python does unless the
variable is written into in place while another name means the same array; such loops are refused.
"""

from __future__ import annotations

import itertools
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.sharing import may_have_met
from tapec.trace.arrays.storage import (
    COUNTED,
    SHARED,
    SNAPSHOTS,
    VERSIONS,
    MaybeShared,
    Storage,
    holders,
)
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.heap import Slot
from tapec.trace.staging.merged_memory import is_read_only, is_several
from tapec.trace.staging.region import Region, set_result
from tapec.trace.staging.values import Kind, memory_of, traced

CURE = "copy it where it is given another name: b = a.copy()"


class NamesDiverge(ControlFlowError):
    """Names that share memory stop doing so in a loop: its first iteration may be peeled."""


@dataclass(frozen=True, slots=True, eq=False)
class CarriedLeaf:
    """One carried leaf: before the loop, at the start of an iteration, and at its end."""

    slot: Slot
    number: int  # of the leaf in its slot
    kind: Kind
    start: Any
    entry: Storage | None  # None where the body assigns it before reading it
    end: Any
    param: Value | None

    @property
    def written(self) -> bool:
        """Whether an iteration writes into the array it starts with."""
        return self.entry is not None and self.entry.version != 0


Swaps = dict[CarriedLeaf, CarriedLeaf]
# Arrays from before a loop, each by what stands for it inside: a carried name's memory, or its own.
Origins = dict[int, Storage]


def check_aliases(
    carried: Sequence[CarriedLeaf],
    region: Region,
    session: Session,
    certain: int,
    live: Callable[[CarriedLeaf], bool],
) -> Swaps:
    """Refuse loops in which one iteration writes memory that another name has in the next.

    `live` says whether an iteration reads what a name has at its start. For names that swap their
    arrays, returns the name whose initial memory each has in the end.
    """
    ends: dict[Storage, list[CarriedLeaf]] = {}
    for c in carried:
        storage = memory_of(c.end)
        if c.entry is not None and storage is not None:
            for one in (storage, *maybe_same(storage)):
                ends.setdefault(one, []).append(c)
    written = _ever_written(carried, ends)
    for storage, sharing in ends.items():
        entered = region.entered.get(storage)
        outer = entered is not None and (storage.version != entered.version)
        several = len(sharing) > 1 or entered is not None
        if outer or (several and not written.isdisjoint(sharing)):
            raise _refused()
    ends.clear()
    if _hides_names(carried, written):
        raise _refused()
    _check_starts(carried, written, region, live)
    # Ids, since references to the storages would be counted as aliases.
    starts = [id(memory_of(c.start)) for c in carried if c.entry is not None]
    swaps: Swaps = {}
    for c in carried:
        storage = memory_of(c.start)
        if c in written and storage is not None:
            if storage in region.entered or starts.count(id(storage)) > 1:
                raise _refused()
            if c in swaps:
                continue
            if _is_argument(session, storage) or holders(storage) > 1 or _has_other_names(c):
                swaps.update(_swapped(c, carried, certain))
    _tell_of_writes(written, session)
    return swaps


def _hides_names(carried: Sequence[CarriedLeaf], written: set[CarriedLeaf]) -> bool:
    """Whether names that a branch inside has merged are written, or views that are read-only."""
    twins = [c for c in carried if c.entry is not None and any(map(is_several, _ends(c)))]
    hidden = len(twins) > 1 and not written.isdisjoint(twins)
    return hidden or any(is_read_only(c.end) for c in written)


def _tell_of_writes(written: set[CarriedLeaf], session: Session) -> None:
    """Let others know that arrays which an iteration starts with were written.

    Nothing in the loop has them any more, but merged names may mean them, and those that a loop
    around starts with may have other names outside.
    """
    for c in written:
        storage = memory_of(c.start)
        if storage is None:
            continue
        if session.is_region and storage.session is session:
            storage.changed()
        else:
            storage.stamp = next(VERSIONS)


def _check_starts(
    carried: Sequence[CarriedLeaf],
    written: set[CarriedLeaf],
    region: Region,
    live: Callable[[CarriedLeaf], bool],
) -> None:
    """Refuse to read a name under which the loop does not see its own writes.

    Such a name starts as memory that the loop writes under another name, or may mean that memory.
    """
    starts = [s for c in written if (s := memory_of(c.start)) is not None]
    changed = dict.fromkeys([*region.written(), *starts])
    if not changed:
        return
    # What is overwritten as a whole, as by out=, is not read.
    read = [c for c in carried if c.entry is not None and (live(c) or c in written)]
    seen = [(c, s) for c in read if (s := memory_of(c.start)) is not None]
    suspects = [s for c, s in seen if c not in written or _refuses_writes(s)]
    others = [m for s in (*(s for _, s in seen), *region.entered) for m in maybe_same(s)]
    met = any(s in changed or any(may_have_met(s, w) for w in changed) for s in suspects)
    if met or any(s in changed for s in others):
        raise _refused()


def _refuses_writes(storage: Storage) -> bool:
    """Whether an array may not be written, as it may be one that has other names."""
    frozen = storage.frozen
    return bool(frozen) and (isinstance(frozen, str) or frozen.refuses_writes())


def _swapped(c: CarriedLeaf, carried: Sequence[CarriedLeaf], certain: int) -> Swaps:
    """For a cycle of names that exchange their arrays: whose array each has after the loop."""
    owners = {id(o.entry): o for o in carried if o.entry is not None}
    cycle = [c]
    while True:
        end = cycle[-1].end
        then = owners.get(id(end._storage)) if type(end) is Tracer and not end._steps else None
        start = cycle[-1].start
        if then is None or not certain or type(start) is not Tracer or start._steps:
            raise _refused()
        if then is c:
            break
        cycle.append(then)
    return {o: cycle[(k + certain) % len(cycle)] for k, o in enumerate(cycle)}


def _ever_written(
    carried: Sequence[CarriedLeaf], ends: dict[Storage, list[CarriedLeaf]]
) -> set[CarriedLeaf]:
    """The names whose memory some iteration writes, also under another name."""
    found = {c for c in carried if c.written}
    while True:
        more = {c for c in carried if c.entry is not None and c not in found
                and not found.isdisjoint(ends.get(c.entry, ()))}  # fmt: skip
        if not more:
            return found
        found |= more


def maybe_same(storage: Storage) -> list[Storage]:
    """The arrays that may be the same as this one."""
    return storage.frozen.alive() if isinstance(storage.frozen, MaybeShared) else []


def _refused() -> NamesDiverge:
    return NamesDiverge(
        "a loop writes in place into an array that is also known under another name, and the "
        "names change their meaning in the loop",
        where=where(),
        hint=CURE,
    )


def _has_other_names(c: CarriedLeaf) -> bool:
    """Whether something else than the carried variable refers to the tracer it starts with."""
    if not COUNTED:
        return True
    held = sum(value is c.start for snapshot in list(SNAPSHOTS) for value in snapshot.held())
    return sys.getrefcount(c.start) - _CALL > 1 + held


def _own_references() -> int:
    """What `_has_other_names` finds for a tracer that only the leaf knows."""
    return _count(SimpleNamespace(start=object()))


def _count(leaf: Any) -> int:
    return sys.getrefcount(leaf.start)


_CALL = _own_references() if COUNTED else 0


def _is_argument(session: Session, storage: Storage) -> bool:
    found: Session | None = session
    while found is not None:
        if any(storage is s for s in found.params):
            return True
        found = found.parent
    return False


def results_of(
    carried: Sequence[CarriedLeaf],
    results: Sequence[Value],
    region: Region,
    session: Session,
    certain: int,
    swaps: Swaps,
) -> dict[tuple[Slot, int], Tracer]:
    """The leaves after the loop; those that may alias another name are read only."""
    owners = {id(c.entry): c for c in carried if c.entry is not None}
    counts = Counter(id(s) for c in carried for s in dict.fromkeys(_ends(c)))
    made: dict[tuple[Slot, int], Tracer] = {}
    peers: WeakSet[MaybeShared] = WeakSet()
    origins = {c: _origins(c, owners, region, certain) if _ends(c) else {} for c in carried}
    for c, value in zip(carried, results, strict=False):
        if c in swaps:
            home = swaps[c].start
            set_result(session, home._storage, value)
            made[c.slot, c.number] = home
            continue
        maybe = [*origins[c].values()]
        several = any(counts[id(s)] > 1 or is_several(s) for s in _ends(c))
        several = several or is_read_only(c.end) or _meets_another(c, origins)
        frozen: Any = MaybeShared(maybe, several, peers) if maybe else SHARED if several else ""
        made[c.slot, c.number] = traced(session, value, c.kind, frozen)
    return made


def _meets_another(c: CarriedLeaf, origins: Mapping[CarriedLeaf, Origins]) -> bool:
    """Whether a name may mean the same array after the loop as another one.

    They may where two names do at the start of an iteration, or one inside and one outside.
    """
    others = [item for o in origins if o is not c for item in origins[o].items()]
    pairs = itertools.product(origins[c].items(), others)
    return any(a != b and (s is its or may_have_met(its, s)) for (a, s), (b, its) in pairs)


def _ends(c: CarriedLeaf) -> list[Storage]:
    """The arrays that a name may refer to after an iteration."""
    storage = memory_of(c.end)
    return [] if storage is None else [storage, *maybe_same(storage)]


def _origins(
    c: CarriedLeaf, owners: Mapping[int, CarriedLeaf], region: Region, certain: int
) -> Origins:
    """The arrays from before the loop that a name may refer to after it."""
    found = {} if certain else {_key(c): memory_of(c.start)}
    todo, seen = _ends(c), {c} if not certain else set()
    for storage in todo:
        owner = owners.get(id(storage))
        if owner is not None and owner not in seen:
            seen.add(owner)
            found[_key(owner)] = memory_of(owner.start)
            todo += _ends(owner)
        elif owner is None and storage.born is not region:
            found[id(storage)] = storage
    return {key: s for key, s in found.items() if s is not None}


def _key(c: CarriedLeaf) -> int:
    """A leaf at the start of an iteration."""
    return id(c if c.entry is None else c.entry)
