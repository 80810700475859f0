"""What a function changes outside itself while it is traced.

`Outside` holds the content of every place that existed before and that the function can reach.
Afterwards `changes` compares: some places were changed themselves, others have stand-ins in traced
code (globals, variables, classes, copies that hold inputs), where the changes are found.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tapec.trace.arrays.session import Session, current
from tapec.trace.python.classes import KEPT, class_dict
from tapec.trace.python.edges import same_content
from tapec.trace.python.generators import Generators
from tapec.trace.python.namespaces import Globals, ModuleProxy
from tapec.trace.python.owners import Owners
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.containers import contents, found_in, refill
from tapec.trace.staging.heap import same

_MISSING = object()


@dataclass
class Change:
    """What became of one place: items set, taken away, added at the end; or all of it new."""

    owner: Any
    title: str
    put: dict[Any, Any] = field(default_factory=dict)
    gone: list[Any] = field(default_factory=list)
    added: list[Any] = field(default_factory=list)
    whole: Any = None  # in place of the others
    stand_in: Any = None  # for the place in traced code; what makes one, once the trace is over

    def names(self) -> Iterator[str]:
        """The changed places as the user writes them."""
        if self.whole is not None or self.added:
            yield self.title.rstrip(".")
        for key in (*self.put, *self.gone):
            yield place_name(self.title, key)


def place_name(title: str, key: Any) -> str:
    """A place of a container or object as the user writes it."""
    if key is None:
        return title
    return f"{title}{key}" if title.endswith(".") or not title else f"{title}[{key!r}]"


class Outside:
    """The content of what a function can reach, before it is traced."""

    def __init__(self, owners: Owners, arrays: dict[int, tuple[str, Any]]) -> None:
        self.owners = owners
        self._captured: Any = None  # the inputs of an inner trace
        self.is_inner = False  # of a trace inside of a trace: what it draws is told outside
        self.silent = False  # whether changes are undone only
        self._places = dict(owners.found)
        self._arrays = arrays
        self.look()

    def look(self) -> None:
        """Take the content as it is now for what was there before."""
        self._before = {k: read(owner) for k, (owner, _) in self._places.items()}
        self._contents = {k: a.copy(order="A") for k, (_, a) in self._arrays.items()}
        self.generators = Generators(self.owners.used)
        self._copies: list[tuple[Any, Any, Any]] = []

    def again(self, session: Session) -> Outside:
        """The same places with their content now, for a trace inside of a trace."""
        made = object.__new__(Outside)
        made.__dict__.update(self.__dict__)
        made.look()
        made.generators = self.generators
        made.is_inner = True
        made._captured = session.captured
        if session.captured is not None:
            made._copies = [(a, b, read(b)) for a, b, _ in session.captured.copies()]
        return made

    def add(self, owner: Any, title: str) -> None:
        """Watch one more place."""
        self._places[id(owner)] = owner, title
        self._before[id(owner)] = read(owner)

    def forget(self, owner: Any) -> None:
        """Watch a place no longer."""
        for place in (owner, getattr(owner, "__dict__", owner)):
            self._places.pop(id(place), None)

    def has(self, thing: Any) -> bool:
        """Whether an object existed before, as far as is known."""
        known = self._places.keys() | self._arrays.keys()
        return id(thing) in known or id(getattr(thing, "__dict__", None)) in known

    def place(self, owner: int) -> Callable[[Any, Any], bool] | None:
        """What tells whether a place, by identity, holds under a key what it held before."""
        before = self._before.get(owner)
        return None if before is None else _holds(self._places[owner][0], before)

    def stand_ins(self, session: Session) -> dict[int, Callable[[Any, Any], bool]]:
        """The same for the places that have stand-ins in traced code, by these."""
        found: dict[int, Callable[[Any, Any], bool]] = {}
        known = {id(made): before for _, made, before in self._copies}
        for _, made, first in () if session.captured is None else session.captured.copies():
            found[id(made)] = _holds(made, known.get(id(made), first))
        for _, made, before, _ in session.shadows:
            own = isinstance(made, Globals | ModuleProxy)
            found[id(made)] = made.is_as_before if own else _holds(made, before)
        return found

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Put everything back at the end."""
        try:
            yield
        finally:
            self.restore()

    def restore(self) -> None:
        """Put everything back."""
        for k, (owner, _) in self._places.items():
            if not _equal(self._before[k], read(owner)):
                _write_back(owner, self._before[k])
        known = {id(made): before for _, made, before in self._copies}
        copies = self._captured.copies() if self.is_inner and self._captured is not None else ()
        for _, made, before in copies:  # some were made by the inner trace itself
            refill(made, known.get(id(made), before))
        if not self.is_inner:
            self.generators.restore()
        for k, (_, array) in self._arrays.items():
            if not same_content(array, self._contents[k]):
                array[...] = self._contents[k]

    # -- after tracing ---------------------------------------------------------------------

    def changes(self, session: Session) -> list[Change]:
        """What was changed by the trace of a session, in the places themselves or stand-ins."""
        if self.silent:
            return []
        found = [self._changed(owner, title) for owner, title in self._places.values()]
        found += [_shadowed(*shadow) for shadow in session.shadows]
        copies = [] if session.captured is None else session.captured.copies()
        known = {id(made): before for _, made, before in self._copies}
        for thing, made, before in copies:
            title = self._places[id(thing)][1] if id(thing) in self._places else ""
            found.append(_shadowed(thing, made, known.get(id(made), before), title))
        for k, (title, array) in self._arrays.items():
            if not same_content(array, self._contents[k]):
                found.append(Change(array, title, whole=array.copy()))
        return [c for c in found if c is not None]

    def _changed(self, owner: Any, title: str) -> Change | None:
        return compared(owner, title, self._before[id(owner)], read(owner))


def _holds(owner: Any, before: Any) -> Callable[[Any, Any], bool]:
    """What tells whether an owner holds under a key what it held before."""
    bases = owner.__mro__[1:] if isinstance(owner, type) else ()

    def is_as_before(key: Any, content: Any) -> bool:
        inherited = next((vars(c)[key] for c in bases if key in vars(c)), UNDEFINED)
        return found_in(before, key, inherited) is content

    return is_as_before


def read(owner: Any) -> Any:
    """The content of a place: by key, or in order."""
    return _READ.get(type(owner), _read_other)(owner)


def _read_other(owner: Any) -> Any:
    return dict(vars(owner)) if isinstance(owner, type) else contents(owner)


def _read_cell(cell: types.CellType) -> Any:
    try:
        return {None: cell.cell_contents}
    except ValueError:
        return {}


def _read_dict(items: dict[Any, Any]) -> Any:
    """The items, without the kernels that are kept in the dictionary of a function."""
    return {k: v for k, v in items.items() if k != KEPT} if KEPT in items else dict(items)


_READ: dict[type, Callable[[Any], Any]] = {
    dict: _read_dict,
    types.CellType: _read_cell,
    Globals: lambda scope: scope.stored(),
    ModuleProxy: lambda proxy: dict(proxy._stored),
}


def _write_back(owner: Any, before: Any) -> None:
    if isinstance(owner, type):
        members = class_dict(owner)
        for name in members.keys() - before.keys():
            delattr(owner, name)
        for name, value in before.items():
            if members.get(name, _MISSING) is not value:
                setattr(owner, name, value)
    elif type(owner) is types.CellType:
        if before:
            owner.cell_contents = before[None]
        else:
            del owner.cell_contents
    else:
        kept = {KEPT: owner[KEPT]} if type(owner) is dict and KEPT in owner else {}
        refill(owner, before)
        if kept:
            owner.update(kept)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return [*a] == [*b] and all(x is y for x, y in zip(a.values(), b.values(), strict=True))
    return len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))


def compared(owner: Any, title: str, before: Any, now: Any) -> Change | None:
    """The change between two contents of a place, None where there is none."""
    if _equal(before, now):
        return None
    return (_of_keys if isinstance(before, dict) else _of_items)(owner, title, before, now)


def _of_keys(owner: Any, title: str, before: Any, now: Any) -> Change | None:
    put = {k: v for k, v in now.items() if k not in before or not same(before[k], v)}
    gone = [k for k in before if k not in now]
    kept = [k for k in before if k in now]
    if [*now][: len(kept)] != kept:
        return Change(owner, title, whole=now)
    return Change(owner, title, put, gone) if put or gone else None


def _of_items(owner: Any, title: str, before: Any, now: Any) -> Change | None:
    same_start = all(map(same, before, now))
    if len(now) > len(before) and same_start and not getattr(owner, "maxlen", None):
        return Change(owner, title, added=[*now[len(before) :]])
    if len(now) == len(before):
        put = {k: v for k, v in enumerate(now) if not same(before[k], v)}
        return Change(owner, title, put) if put else None
    return Change(owner, title, whole=now)


def _shadowed(owner: Any, made: Any, before: Any, title: str) -> Change | None:
    now = read(made)
    if isinstance(made, type):  # what is bound again to the value that is inherited is no change
        now = {k: v for k, v in now.items() if k in before or not same(v, vars(owner).get(k, now))}
    found = compared(owner, title, before, now)
    if found is not None:
        found.stand_in = made
    return found


@contextmanager
def without_changes() -> Iterator[None]:
    """Traces inside of the running one change nothing outside: their function ran before."""
    session = current()
    assert session is not None
    outside = session.outside
    if outside is not None:
        session.outside = outside.again(session)
        session.outside.silent = True
    try:
        yield
    finally:
        session.outside = outside
