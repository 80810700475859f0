"""Memory that several arguments share, where a function writes one of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from tapec.errors import MutationError
from tapec.trace.arrays.memory import pattern
from tapec.trace.arrays.overlap import CURE, Exclusive, overlap
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.storage import SHARED, MaybeShared, Storage
from tapec.trace.arrays.tracer import Tracer


def same_memory(a: Tracer, b: Tracer) -> bool:
    """Whether two traced arrays share an element."""
    if a._storage is not b._storage:
        return False
    return overlap(*_shadows(a, b))


def may_be_one(session: Session, a: Tracer, b: Tracer) -> bool:
    """Whether only a run knows if two traced arrays lie in one memory: merged ones, or inputs."""
    x, y = a._storage, b._storage
    if x is y:
        return False
    if SHARED in (x.frozen, y.frozen) or may_have_met(x, y) or _starts_iterations(session, x, y):
        return True
    pairs = itertools.product(_choices(x), _choices(y))
    return any(_may_be_given_twice(session, *pair) for pair in pairs)


def _starts_iterations(session: Session | None, x: Storage, y: Storage) -> bool:
    """Whether one is what a loop carries into its iterations, and the other not made in them."""
    while session is not None and session.is_region:
        own = [any(s is o for o in session.own) for s in (x, y)]  # type: ignore[attr-defined]
        old = [held or s.born is not session for s, held in zip((x, y), own, strict=True)]
        if any(own) and all(old):
            return True
        session = session.parent
    return False


def may_have_met(x: Storage, y: Storage) -> bool:
    """Whether two arrays may be one because a branch or loop has merged them."""
    cells = [{id(s.cell), *(s.frozen.entries if isinstance(s.frozen, MaybeShared) else ())}
             for s in (x, y)]  # fmt: skip
    return not cells[0].isdisjoint(cells[1]) and not _are_apart(x.frozen, y.frozen)


def _are_apart(x: Any, y: Any) -> bool:
    merged = isinstance(x, MaybeShared) and isinstance(y, MaybeShared)
    return merged and x.peers is y.peers and not (x.several or y.several)


def _choices(x: Storage) -> list[Storage]:
    """The arrays that a merged one may be."""
    return [x, *(x.frozen.alive() if isinstance(x.frozen, MaybeShared) else ())]


def _may_be_given_twice(session: Session, x: Storage, y: Storage) -> bool:
    """Whether a caller may give one array for both."""
    inputs = is_input(session, x) and is_input(session, y)
    return inputs and x is not y and not (_is_captured(x) and _is_captured(y))


def is_input(session: Session | None, storage: Storage) -> bool:
    """Whether an array comes from outside: as an argument, or captured, which is read only."""
    if _is_captured(storage):
        return True
    while session is not None:
        if any(storage is s for s in session.params):
            return True
        session = session.parent
    return False


def _is_captured(storage: Storage) -> bool:
    return isinstance(storage.frozen, str) and storage.frozen not in ("", SHARED)


def _shadows(*tracers: Tracer) -> list[Any]:
    """Arrays that lie in one memory as the traced ones do."""
    found = []
    for t in tracers:
        kinds = [kind for kind, _ in t._steps]
        # A part at a traced place may lie anywhere in what was seen so far.
        known = t._steps[: kinds.index("dynamic")] if "dynamic" in kinds else t._steps
        found.append(pattern(Tracer(t._storage, t._dtype, (), known)))
    return found


def adopt_exclusive(session: Session, inner: Sequence[Exclusive], inputs: Sequence[Tracer]) -> None:
    """Require of the parameters of the running trace what a function called on them requires."""
    while session.is_region and session.parent is not None:
        session = session.parent
    numbers = {id(storage): k for k, storage in enumerate(session.params)}
    for written, members in inner:
        for w in written:
            if any(m != w and same_memory(inputs[w], inputs[m]) for m in members):
                raise MutationError(
                    "a function that writes into an argument is given the same memory twice",
                    where=where(),
                    hint=CURE,
                )
        own = {k: numbers.get(id(inputs[k]._storage)) for k in members}
        outer = frozenset(n for k in written if (n := own[k]) is not None)
        if outer:
            session.exclusive.append((outer, tuple(n for n in own.values() if n is not None)))
