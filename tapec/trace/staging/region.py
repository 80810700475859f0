"""Regions: the traces of branches and loop bodies, with the memory live into and out of them.

The first time a region reads or writes a storage of an enclosing trace, its value becomes a
parameter of the region, and the storage holds values of the region while that is active. So all
views of a storage see each other's writes inside of regions too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tapec.ir.core import Block, Value
from tapec.ir.types import Type, dtype_name
from tapec.ir.weight import weight
from tapec.trace.arrays.layout import Array
from tapec.trace.arrays.session import Session, current_is
from tapec.trace.arrays.storage import REGIONS, VERSIONS, Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.object_aliases import check_noted_aliases, noted_aliases

Memory = tuple[Session | None, Value | None, Array | None, int, int]


@dataclass(slots=True)
class EnteredStorage:
    """A storage that a region uses: parameter, operand, and its state outside and inside."""

    param: Value
    operand: Value
    outside: Memory
    version: int  # when it entered
    crossed: bool  # read only, as it crosses a separately traced function
    inside: Memory | None = None


class Region(Session):
    """The trace of one region. A `probe` is discarded: constant arrays are not promoted."""

    is_region = True

    __slots__ = ("__weakref__", "backups", "entered", "own", "probe", "promoted", "span")

    def __init__(self, parent: Session, probe: bool = False) -> None:
        super().__init__(parent)
        REGIONS.add(self)
        self._inferred, self._types, self._locs = parent._inferred, parent._types, parent._locs
        self._wrapped, self.shadows, self.outside = parent._wrapped, parent.shadows, parent.outside
        self.stores, self.partial = parent.stores, parent.partial
        self.probe = probe
        self.entered: dict[Storage, EnteredStorage] = {}
        self.own: list[Storage] = []  # the loop-carried storages at the start of an iteration
        self.promoted: list[Storage] = []  # constant arrays that became values when written
        self.backups: dict[Storage, tuple[Memory, Array]] = {}
        self.span: Any = None  # the iteration space, where conditions on the counter are split

    # -- memory ----------------------------------------------------------------------------

    def enter(self, storage: Storage) -> None:
        """Make the value of a storage a parameter; the region owns the storage while active."""
        assert self.parent is not None
        operand, crossed = _value_in(self.parent, storage)
        param = self.builder.param(operand.type)
        version = next(VERSIONS)
        self.entered[storage] = EnteredStorage(param, operand, _memory(storage), version, crossed)
        _set_memory(storage, (self, param, None, version, storage.stamp))

    def claim(self, storage: Storage) -> None:
        """Before a write: enter the storage unless it was made in this region."""
        if storage.array is None:
            if storage.session is not self:
                self.enter(storage)
            entry = self.entered.get(storage)
            if entry is not None and entry.crossed:
                super().enter(storage)
            return
        if storage.born is self:
            return
        parent = self.parent
        if parent is not None and parent.is_region and storage not in self.backups:
            parent.claim(storage)
        if self.probe and storage.array is not None:
            if storage not in self.backups:
                self.backups[storage] = (_memory(storage), storage.array.copy())
            return
        self.enter(storage)
        self.promoted.append(storage)

    def written(self) -> list[Storage]:
        """The storages of enclosing traces whose values changed; called while active."""
        return [s for s, e in self.entered.items() if s.version != e.version]

    def final(self, storage: Storage) -> Value:
        """The value of a storage at the end; called while active."""
        if storage not in self.entered:
            self.enter(storage)
        assert storage.value is not None
        return storage.value

    def refers_to(self, storage: Storage) -> int:
        """The number of references to a storage that the region itself holds."""
        own = sum(s is storage for s in (*self.own, *self.promoted))
        return (storage in self.entered) + (storage in self.backups) + own

    def close(self) -> None:
        """Release all storages."""
        self.entered.clear()
        self.promoted.clear()
        self.own.clear()

    @contextmanager
    def active(self) -> Iterator[Region]:
        """Trace into this region; on exit all outer memory is restored (may be entered again)."""
        self.alive = True
        for storage, entry in self.entered.items():
            if entry.inside is not None:
                _set_memory(storage, entry.inside)
        noted = noted_aliases(self)
        before = len(noted)
        try:
            with current_is(self):
                yield self
            check_noted_aliases(self)
        finally:
            self.alive = False
            self.noted += noted[before:]
            del noted[before:]
            for storage, entry in reversed(self.entered.items()):
                entry.inside = _memory(storage)
                _set_memory(storage, entry.outside)
            for storage, (memory, content) in self.backups.items():
                _set_memory(storage, memory)
                assert storage.array is not None
                storage.array[...] = content
            if self.probe:
                self.close()

    # -- the finished region ---------------------------------------------------------------

    def block(
        self, before: Sequence[Value], order: Mapping[Storage, Type], results: Sequence[Value]
    ) -> Block:
        """The region as a block: given parameters, then one per storage in `order`."""
        given = [(self.entered.get(s), t) for s, t in order.items()]
        params = [Value(t) if e is None else e.param for e, t in given]
        return Block((*before, *params), tuple(self.builder.ops), tuple(results))

    def weight(self) -> int:
        """The weight of what was traced."""
        return weight(self.builder.ops)


def _memory(storage: Storage) -> Memory:
    return storage.session, storage.value, storage.array, storage.version, storage.stamp


def _set_memory(storage: Storage, memory: Memory) -> None:
    storage.session, storage.value, storage.array, storage.version, storage.stamp = memory


def _value_in(session: Session, storage: Storage) -> tuple[Value, bool]:
    """The value of a storage in a trace, and whether it crosses a separately traced function."""
    constant = storage.array is not None
    owner = storage.born if constant else storage.session
    if owner is not session and session.is_region:
        assert isinstance(session, Region)
        if not (session.probe and storage in session.backups):
            session.enter(storage)
        entry = session.entered.get(storage)
        crossed = entry is not None and entry.crossed
    else:
        entry = session.entered.get(storage) if isinstance(session, Region) else None
        crossed = owner is not session or (entry is not None and entry.crossed)
    if storage.array is not None:
        return session.array(storage.array, dtype_name(storage.array.dtype)), crossed
    assert storage.value is not None
    if storage.session is session:
        return storage.value, crossed
    captured = Tracer(storage, storage.value.type.dtype, storage.value.type.shape)
    return session.capture(captured, storage.value), True


def set_result(session: Session, storage: Storage, value: Value) -> None:
    """Let a storage hold a result of a region op."""
    if storage.session is not session and session.is_region:
        session.claim(storage)
    version = next(VERSIONS)
    _set_memory(storage, (session, value, None, version, version))
