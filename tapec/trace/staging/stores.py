"""Stores outside the traced function that happen on some paths only.

After `if c: thing.x = v` traced code sees one value, merged from both sides. Outside, nothing
happens where `c` is false: `thing.x` stays the object that it is. So branches and loops merge a
truth for every place outside that they store to, beside its content: whether it was stored to.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tapec.trace.arrays.session import Session, current
from tapec.trace.arrays.storage import MaybeShared, Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.containers import PLAIN
from tapec.trace.staging.objects import structure
from tapec.trace.staging.values import memory_of

_MISSING = object()
NOTHING = object()  # what a place means at the start of an iteration, as nothing is stored by it


class Place(NamedTuple):
    """A place by the identity of its owner in traced code (a container, scope or cell), and key."""

    owner: int
    key: Any


class StoreTruths(NamedTuple):
    """Whether places were stored to where paths differ, and the contents for which that holds."""

    truths: dict[Place, Any]
    contents: dict[Place, Any]

    def copy(self) -> StoreTruths:
        """The same, kept apart."""
        return StoreTruths(dict(self.truths), dict(self.contents))


class Stores:
    """What one trace knows of its stores outside."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.now = StoreTruths({}, {})
        self._meanings: dict[tuple[Place, int], Meaning] = {}  # by place and content
        self._stand_ins: dict[int, Callable[[Any, Any], bool]] = {}
        self._looked_at = -1  # how many stand-ins there were

    def is_outside(self, owner: int) -> bool:
        """Whether this is the identity of something that existed before, or of its stand-in."""
        return self._is_unchanged(owner) is not None

    def _is_unchanged(self, owner: int) -> Callable[[Any, Any], bool] | None:
        """What tells whether an owner holds under a key what it did before the trace."""
        session = self._session
        copies = 0 if session.captured is None else session.captured.copy_count
        if self._looked_at != (count := len(session.shadows) + copies):
            self._stand_ins = session.outside.stand_ins(session)
            self._looked_at = count
        return self._stand_ins.get(owner) or session.outside.place(owner)

    def stored(self, place: Place, content: Any, known: StoreTruths | None = None) -> Any:
        """Whether what a place holds was stored there by the trace: a bool, or traced."""
        known = self.now if known is None else known
        if known.contents.get(place, _MISSING) is content:
            return known.truths[place]
        is_unchanged = self._is_unchanged(place.owner)
        assert is_unchanged is not None
        return not is_unchanged(place.key, content)

    def merge(self, place: Place, truth: Any, content: Any) -> None:
        """After a merge a place has this content, and was stored to where `truth` holds."""
        self.now.truths[place], self.now.contents[place] = truth, content

    def start(self, place: Place, content: Any) -> None:
        """At the start of an iteration a place has this content, whatever was stored there."""
        self._meanings[place, id(content)] = Meaning(content, NOTHING)

    def reset(self, to: StoreTruths) -> None:
        """Go back to what was known before."""
        self.now = to.copy()

    # -- what is stored --------------------------------------------------------------------

    def note_sides(self, place: Place, content: Any, sides: Sequence[tuple[Any, Any]]) -> None:
        """Note what a merged content means: `sides` are pairs of whether it is stored, and what."""
        found = [self.meaning(place, x) for truth, x in sides if truth is not False]
        found = [m for m in found if m.original is not NOTHING]
        if not found:
            return
        first = found[0].original
        one = all(_is_one(first, m.original) for m in found) and self._outlives(first)
        shared = [] if one else [ref for m in found for ref in self._shared(m)]
        exists = one or all(m.exists and m.original is not UNDEFINED for m in found)
        meaning = Meaning(content, first if one else content, shared, exists)
        self._meanings[place, id(content)] = meaning

    def meaning(self, place: Place, content: Any) -> Meaning:
        """What is stored where a place has this content."""
        return self._meanings.get((place, id(content))) or Meaning(content, content)

    def _outlives(self, value: Any) -> bool:
        """Whether a value is known outside of all branches and loops."""
        if type(value) is Tracer:
            born = value._storage.born
            return born is None or not born.is_region
        return type(value) in PLAIN or self._session.outside.has(value)

    def _shared(self, meaning: Meaning) -> list[weakref.ref[Storage]]:
        """The memory that a stored value shares with what was there before the branch or loop."""
        if meaning.shared is not None:
            return meaning.shared
        found: list[weakref.ref[Storage]] = []
        for x in structure(meaning.original)[0]:
            storage = memory_of(x)
            if storage is not None and self._outlives(x):
                found.append(weakref.ref(storage))
            if storage is not None and isinstance(storage.frozen, MaybeShared):
                found += map(weakref.ref, storage.frozen.alive())
        return found


@dataclass(slots=True)
class Meaning:
    """What is stored where a place has a content: the same, or the object itself where it is one.

    `shared` is memory that the stored arrays lie in on some of the paths, where that is known.
    """

    content: Any
    original: Any
    shared: list[weakref.ref[Storage]] | None = None
    exists: bool = True  # whether none of the paths that change the place deletes it

    @property
    def is_shared(self) -> bool:
        """Whether other names are left that see the memory."""
        return any(ref() is not None for ref in self.shared or ())


def _is_one(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and type(a) in PLAIN and repr(a) == repr(b))


def stores() -> Stores | None:
    """The stores of the running trace, None where nothing outside is watched."""
    session = current()
    return None if session is None else session.stores
