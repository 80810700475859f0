"""Which arrays that a branch merges may be one another, or arrays from outside."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

from tapec.trace.arrays import views
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.sharing import may_be_one
from tapec.trace.arrays.storage import SHARED, MaybeShared, Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.values import memory_of


def is_read_only(leaf: Any) -> bool:
    """Whether a leaf is a view that NumPy does not let anybody write."""
    return type(leaf) is Tracer and views.is_read_only(leaf._steps)


def frozen_by(
    leaves: Sequence[Any], regions: Sequence[Session], shared: bool, peers: Any = None
) -> Any:
    """Why a merged array may not be written: it may alias an array from outside.

    `peers` are the others that the same branch has merged.
    """
    shared = shared or any(map(is_read_only, leaves))
    outer: list[Storage] = []
    within: list[MaybeShared] = []
    for storage, region in zip(map(memory_of, leaves), regions, strict=True):
        if storage is None:
            continue
        if storage.born is not region:
            outer.append(storage)
        elif isinstance(storage.frozen, MaybeShared):  # by a branch inside of this one
            within.append(storage.frozen)
            shared = shared or storage.frozen.several
        elif storage.frozen == SHARED:
            shared = True
    if outer or within:
        return MaybeShared(outer, shared, peers, within)
    return SHARED if shared else ""


def is_several(storage: Storage) -> bool:
    """Whether other arrays that a branch or loop inside has merged may be the same."""
    frozen = storage.frozen
    return frozen.several if isinstance(frozen, MaybeShared) else frozen == SHARED


def permuted_memory(session: Session, found: Sequence[Any]) -> list[Any]:
    """What guards arrays that are those found, in an order that only the run knows."""
    arrays = [x for x in found if memory_of(x) is not None]
    memory = [x._storage for x in arrays]
    several = any(map(is_several, memory)) or any(map(is_read_only, found))
    apart = not several and len({id(m.cell) for m in memory}) == len(memory)
    apart = apart and not any(may_be_one(session, *p) for p in itertools.combinations(arrays, 2))
    peers: WeakSet[MaybeShared] | None = WeakSet() if apart else None
    return [MaybeShared(memory, several, peers) if memory else "" for _ in found]


def shared_memory(groups: Sequence[Sequence[Any]]) -> set[int]:
    """The leaves, by number, that share memory with another leaf of their group, or may do so.

    Two that one branch or loop has merged are different arrays, unless they say otherwise.
    """
    found: set[int] = set()
    for leaves in groups:
        storages = [(k, s) for k, leaf in enumerate(leaves) if (s := memory_of(leaf)) is not None]
        first: dict[int, int] = {}
        for k, storage in storages:
            other = first.setdefault(id(storage.cell), k)
            if other != k:
                found |= {other, k}
        for k, storage in storages:
            if isinstance(storage.frozen, MaybeShared):
                same = {first[key] for key in storage.frozen.entries if key in first}
                found |= {k, *same} if same else set()
    return found
