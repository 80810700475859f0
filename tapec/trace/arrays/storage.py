"""The memory behind tracers, and what is known of arrays that may have several names."""

from __future__ import annotations

import itertools
import sys
import sysconfig
import weakref
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from tapec.errors import MutationError
from tapec.ir.core import Value
from tapec.ir.types import dtype_name
from tapec.trace.arrays import views
from tapec.trace.arrays.layout import Array, Strides, strides_of
from tapec.trace.arrays.session import Session, current, where

# A storage's states have different versions, also where regions enter it and leave it again.
VERSIONS = itertools.count(1)


SHARED = "an array that may be another variable's too"
STALE = "a variable that may mean the same array as another one is read after the other was written"
COPY = "copy the array where it is given the second name: b = a.copy()"
# `boxed` of what is an array without axes on one path and a number on another.
UNSURE = "unsure"
ROW = "an element of a list that a loop has filled"


class Possible(NamedTuple):
    """An array that a merged one may be: weakly, as an unreferenced array is no other name."""

    storage: weakref.ref[Storage]
    cell: list[int]
    stamp: int  # of the cell when the arrays were last known to agree

    @property
    def is_changed(self) -> bool:
        """Whether the array was written since."""
        return self.cell[0] != self.stamp


class MaybeShared:
    """Why a merged array is read only: it may be one of these, which others see.

    Where `several`, it may be another merged array as well. Otherwise the `peers`, which the same
    branch or loop has merged, are different arrays of these in every case. `within` are those of
    arrays that a branch inside has merged, and that were not stale at its end.
    """

    __slots__ = ("__weakref__", "direct", "entries", "peers", "several")

    def __init__(
        self,
        storages: Iterable[Storage],
        several: bool = False,
        peers: weakref.WeakSet[MaybeShared] | None = None,
        within: Iterable[MaybeShared] = (),
    ) -> None:
        self.several = several
        self.peers = weakref.WeakSet() if peers is None else peers
        self.peers.add(self)
        found = {id(s.cell): (s, Possible(weakref.ref(s), s.cell, s.stamp)) for s in storages}
        self.direct = frozenset(found)
        self.entries = {key: entry for key, (_, entry) in found.items()}
        for other in within:
            for key, entry in other.entries.items():
                self.entries.setdefault(key, entry._replace(stamp=entry.cell[0]))
        for other in [s.frozen for s, _ in found.values() if isinstance(s.frozen, MaybeShared)]:
            for key, entry in other.entries.items():
                self.entries.setdefault(key, entry)

    def alive(self) -> list[Storage]:
        """Those of the arrays that something still refers to."""
        return [s for e in self.entries.values() if (s := e.storage()) is not None]

    @property
    def stale(self) -> bool:
        """Whether one of the arrays was written into since, also under a name that may be it."""
        return any(e.is_changed for e in self.entries.values())

    def check(self) -> None:
        """Raise where reading the array would not give what Python gives."""
        if self.stale:
            raise MutationError(STALE, where=where(), hint=COPY)

    def refuses_writes(self) -> bool:
        """Whether any of the arrays has another holder; otherwise all of them count as written.

        Names merged elsewhere may mean them too, and those that a loop starts its iterations with
        may have other names before it. Raises MutationError where one was written already.
        """
        if self.several:
            return True
        self.check()
        for storage in self.alive():
            if holders(storage) - 1:  # one is the list
                return True
            storage.version = next(VERSIONS)
        for key, entry in self.entries.items():
            entry.cell[0] = next(VERSIONS)
            for other in list(self.peers):
                if other is self or key in self.direct & other.direct:
                    other.agree(key)
        return False

    def agree(self, key: int) -> None:
        """The last write of an array was none of this one's."""
        self.entries[key] = self.entries[key]._replace(stamp=self.entries[key].cell[0])

    def __str__(self) -> str:
        return SHARED


def holders(storage: Storage) -> int:
    """How many tracers refer to a storage that the caller has in one variable.

    Where Python does not count references: so many that the storage counts as shared.
    """
    if not COUNTED:
        return MANY
    known: int = _CALL + sum(region.refers_to(storage) for region in list(REGIONS))
    return sys.getrefcount(storage) - known - _in_snapshots(storage)


# Regions, also those waiting for the other branch, refer to the storages they have entered, and
# loops to constant arrays that they have made traced ones.
REGIONS: weakref.WeakSet[Any] = weakref.WeakSet()
# Holders of values for comparison or restoration: their references are no aliases.
SNAPSHOTS: weakref.WeakSet[Any] = weakref.WeakSet()


def _in_snapshots(storage: Storage) -> int:
    """How many tracers that refer to a storage are referred to by snapshots only."""
    found: dict[int, tuple[Any, list[int]]] = {}
    for snapshot in list(SNAPSHOTS):
        for value in snapshot.held():
            if value._storage is storage:
                found.setdefault(id(value), (value, [0]))[1][0] += 1
    value = None
    # The pair itself refers to a tracer, and so may the call.
    return sum(sys.getrefcount(pair[0]) - _ITEM == pair[1][0] for pair in found.values())


class Elements:
    """Elements whose values are known: those written one by one, the others as in a constant."""

    __slots__ = ("session", "start", "values", "version")

    def __init__(self, session: Session, start: Array | None = None, version: int = 0) -> None:
        self.session, self.start, self.version = session, start, version
        self.values: dict[tuple[int, ...], Value] = {}


def element_at(steps: tuple[views.Step, ...]) -> tuple[int, ...] | None:
    """The index of the element that view steps lead to; None where they lead to anything else."""
    if len(steps) != 1 or steps[0][0] != "index":
        return None
    at: tuple[Any, ...] = steps[0][1]
    return at if all(type(e) is int for e in at) else None


class Storage:
    """The memory behind a tracer and its views."""

    __slots__ = (
        "__weakref__", "array", "asked", "born", "boxed", "cell", "elements", "frozen", "mixed",
        "narrow", "part", "session", "strides", "value", "version",
    )  # fmt: skip

    def __init__(self, session: Session | None, value: Value | None, array: Array | None) -> None:
        self.session, self.value, self.array = session, value, array
        self.born = current() if session is None else session
        self.version = 0
        self.cell = [0]  # the stamp, which changes with the content only; it outlives the storage
        self.frozen: Any = ""  # why it is read only: a text, or what checks reads and writes
        self.narrow = ""  # NumPy's name of an integer type that is only read as int64
        self.boxed: bool | str = False  # a 0-d array rather than a NumPy scalar
        # A number's element type and weakness on each path, where they differ.
        self.mixed: frozenset[tuple[str, bool]] = frozenset()
        self.elements: Elements | None = None  # what is known of single elements
        # How the array lies in memory: None in C order, () where that is not known.
        self.strides: Strides | None = None if array is None else strides_of(array)
        self.part = False  # of complex elements: the other part lies between these
        self.asked = False  # whether the trace depends on gaps and signs of the strides

    def write(self, session: Session, steps: tuple[views.Step, ...], new: Value) -> None:
        """Replace the part seen through `steps`."""
        session.writes[0] += 1
        if self.array is not None:
            self.become_traced(session)
        assert self.value is not None
        if self.session is not session:
            session.enter(self)
        known = self._elements_in(session)
        self.value = views.put(session, self.value, steps, new)
        self.changed()
        at = element_at(steps)
        if at is None or new.type.shape or new in session.partial:
            return
        written = known or Elements(session)
        written.version = self.version
        written.values[at] = new
        self.elements = written

    def element(self, session: Session, at: tuple[int, ...]) -> Value | None:
        """The value of an element where the trace knows it without reading the array."""
        known = None if self.frozen else self._elements_in(session)
        if known is None:
            return None
        found = known.values.get(at)
        if found is None and known.start is not None:
            return session.const(known.start[at].item(), dtype_name(known.start.dtype))
        return found

    def _elements_in(self, session: Session) -> Elements | None:
        """What is known of the elements, where the content is still that one."""
        known = self.elements
        current = known is not None and known.version == self.version
        return known if current and known.session is session is self.session else None  # type: ignore[union-attr]

    def become_traced(self, session: Session) -> None:
        """A constant array becomes a value of the program."""
        assert self.array is not None
        self.value = session.array(self.array, dtype_name(self.array.dtype))
        self.elements = Elements(session, self.array, self.version)
        self.array, self.session = None, session

    def trace_into(self, session: Session) -> None:
        """A constant array becomes a value of the trace it belongs to, and is read here."""
        session.claim(self)
        if self.array is not None:
            self.become_traced(session)
            assert self.elements is not None
            self.version = self.elements.version = next(VERSIONS)

    @property
    def stamp(self) -> int:
        """Changes whenever the content does, and only then."""
        return self.cell[0]

    @stamp.setter
    def stamp(self, stamp: int) -> None:
        self.cell[0] = stamp

    def changed(self) -> None:
        """The content is another one."""
        self.version = self.cell[0] = next(VERSIONS)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array behind all views."""
        if self.array is not None:
            return np.shape(self.array)
        assert self.value is not None
        return self.value.type.shape


def _references() -> int:
    """What `holders` finds for an object that only its caller knows."""
    alone = object()
    return _count(alone)


def _count(thing: object) -> int:
    return sys.getrefcount(thing)


def _item_references() -> int:
    """What `_in_snapshots` finds for an object that only its pair knows."""
    pair = (object(), [0])
    return sys.getrefcount(pair[0])


def _counts() -> bool:
    """Whether this Python's counts tell how many names an object has: a look at a known case."""
    threaded = sys.version_info >= (3, 13) and sysconfig.get_config_var("Py_GIL_DISABLED")
    if sys.implementation.name != "cpython" or threaded:
        return False
    storage = Storage(None, None, np.zeros(1))
    found = [holders(storage)]
    names = [storage]
    found.append(holders(storage))
    names.append(storage)
    found.append(holders(storage))
    del names
    return [*found, holders(storage)] == [0, 1, 2, 0]


MANY = 1 << 20
COUNTED = hasattr(sys, "getrefcount")
_CALL = _references() if COUNTED else 0
_ITEM = _item_references() if COUNTED else 0
COUNTED = COUNTED and _counts()
