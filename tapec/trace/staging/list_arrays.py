"""Lists of numbers written at traced indices: an array while such a loop is traced.

``values[j] = 0.5 * (values[j] + values[j + 1])`` carries one array through the loop, not every
element. Meanwhile the list holds poison, so that no code can bypass the array; after the loop it
holds the elements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.operands import need_session
from tapec.trace.arrays.rows import row_maker
from tapec.trace.arrays.session import Restart, Session, where
from tapec.trace.arrays.table import TABLE
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.values import Kind, Poison, kind_of, merged, traced

CURE = "use an array in its place: a = np.array(xs)"
# For each loop being staged, innermost last: ids of the containers that existed before it.
_OPEN: ContextVar[tuple[Collection[int], ...]] = ContextVar("open loops", default=())


class NeedListArray(Restart):
    """A list of numbers of one kind is written at a traced index inside a loop."""

    def __init__(self, items: list[Any], kind: Kind) -> None:
        super().__init__("a list is written at a traced place in a loop", where=where(), hint=CURE)
        self.items, self.kind = items, kind


class ListArrayEscaped(ControlFlowError):
    """A list was used other than by index after its loop had been emitted as one on an array."""


class ListArray:
    """The array that stands for a list, indexed like the list."""

    __slots__ = ("array", "items", "kind")

    def __init__(self, items: list[Any], array: Tracer, kind: Kind) -> None:
        self.items, self.array, self.kind = items, array, kind

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return self.items[key]
        session = need_session()
        return traced(session, self.array[key]._value(session), self.kind)

    def __setitem__(self, key: Any, value: Any) -> None:
        kind = kind_of(value)
        both = None if kind is None else merged(self.kind, kind)
        if both is None or both.boxed or isinstance(key, slice):
            raise ControlFlowError(
                "a list of numbers gets something else in a loop", where=where(), hint=CURE
            )
        if both != self.kind:
            raise NeedListArray(self.items, both)
        self.array[key] = value


@contextmanager
def staging_loop(lists: Collection[int]) -> Iterator[None]:
    """Register the containers that exist before a loop while it is staged."""
    token = _OPEN.set((*_OPEN.get(), lists))
    try:
        yield
    finally:
        _OPEN.reset(token)


def known_outside(items: list[Any]) -> bool:
    """Whether a list exists outside of a loop that is being staged."""
    return any(id(items) in lists for lists in _OPEN.get())


def with_list_arrays(session: Session, attempt: Callable[[], None]) -> None:
    """Stage a loop, again with a list as an array for each `NeedListArray` it raises."""
    try:
        attempt()
    except NeedListArray as need:
        if known_outside(need.items):
            raise
        with _as_array(session, need):
            with_list_arrays(session, attempt)


@contextmanager
def _as_array(session: Session, need: NeedListArray) -> Iterator[None]:
    """Replace the list by an array; afterwards the list holds its elements."""
    list_arrays, items, kind = session.list_arrays, need.items, need.kind
    known = list_arrays.get(id(items))
    if known is not None:  # it was an array of another kind
        array = TABLE["astype"](known.array, kind.type.numpy)
        list_arrays[id(items)] = ListArray(items, array, kind)
        try:
            yield
        except BaseException:
            list_arrays[id(items)] = known
            raise
        return
    old = list(items)
    list_arrays[id(items)] = ListArray(items, TABLE["array"](old, dtype=kind.type.numpy), kind)
    empty = Poison("a list that a loop writes at traced places is used as a whole", CURE, where())
    items[:] = [empty] * len(old)
    try:
        yield
    except BaseException:
        del list_arrays[id(items)]
        items[:] = old
        raise
    table = list_arrays.pop(id(items))
    if len(items) != len(old) or any(x is not empty for x in items):
        raise ListArrayEscaped(
            "a list that a loop writes at traced places is changed as a whole",
            where=where(),
            hint=CURE,
        )
    row = row_maker(session, table.array._value(session), table.kind.weak)
    items[:] = [row(j) for j in range(len(old))]
