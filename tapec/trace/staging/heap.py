"""The heap that a piece of the user's code can reach and change: its variables, and the lists,
dictionaries and objects behind them.

A `Slot` is one place in it: the number of a variable, or a container and a key.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.session import where
from tapec.trace.arrays.storage import SNAPSHOTS
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.consumption import position
from tapec.trace.staging.containers import (
    ATOMS,
    CONSTANTS,
    OWNER,
    Contents,
    all_keys,
    contents,
    equal,
    found_in,
    has_keys,
    inside,
    is_reordered,
    pairs_of,
    refill,
    set_item,
    values_of,
)
from tapec.trace.staging.randomness import is_consumable
from tapec.trace.staging.state import State, places_of
from tapec.trace.staging.stores import Place, stores

Slot = tuple[int, Any]  # (0, position of a variable), or (id of a container, key)
VARIABLE = 0


class Heap:
    """A snapshot of everything reachable from a state: finds changes, and undoes them."""

    def __init__(self, state: State) -> None:
        SNAPSHOTS.add(self)
        self.state = state
        self.values = state.get()
        self.containers: dict[int, tuple[Any, Contents]] = {}
        self._links: list[Slot] = []  # slots of containers that hold other containers
        self._paths: dict[int, str] = {}
        self._kinds: dict[int, type] = {}  # classes of objects: they supply attributes
        self.sources: list[
            tuple[str, Any, Any]
        ] = []  # iterators and generators of random numbers, with their states
        for name, value in zip(state.names, self.values, strict=True):
            self._walk(value, name)
        self.stores: Any = stores()  # None where nothing outside is watched
        if self.stores is not None:
            self._stores_before = self.stores.now.copy()
            self._places = [None if p is None else Place(*p) for p in places_of(state)]

    def _walk(self, value: Any, path: str) -> None:
        todo = [(value, path)]
        while todo:
            value, path = todo.pop()
            if is_consumable(value):
                self.sources.append((path, value, position(value)))
            inner = inside(value)
            if inner is None:
                continue
            container, items = inner
            if container is not None:
                if id(container) in self.containers:
                    continue
                self.containers[id(container)] = (container, items)
                is_object = container is not value or not has_keys(container)
                if is_object:
                    self._kinds[id(container)] = type(value)
                path = self._paths[id(container)] = f"{path}." if is_object else path
            if ATOMS.issuperset(map(type, values_of(items))):
                continue
            more = [(item, key) for key, item in pairs_of(items) if type(item) not in ATOMS]
            if container is not None:
                self._links += [(id(container), key) for _, key in more]
            todo += [(item, _below(path, key)) for item, key in more]

    def refuse_use(self) -> None:
        """Raise where an iterator advanced or a dictionary was reordered: neither is undone."""
        for path, source, before in self.sources:
            if position(source) != before:
                raise ControlFlowError(
                    f"a branch on a traced condition uses {path} up",
                    where=where(),
                    hint="take what it gives before the branch",
                )
        for ident, (container, items) in self.containers.items():
            if isinstance(container, dict) and is_reordered(container, items):
                raise ControlFlowError(
                    f"a branch or loop changes the order of {self._paths[ident].strip('.')}",
                    where=where(),
                    hint="take the keys in a fixed order",
                )

    def held(self) -> Iterator[Any]:
        """Every reference to a tracer in the snapshot."""
        inner = (x for _, items in self.containers.values() for x in values_of(items))
        return (x for x in (*self.values, *inner) if type(x) is Tracer)

    def objects(self) -> Iterator[Any]:
        """Every reference in the snapshot."""
        yield from self.values
        for container, items in self.containers.values():
            yield container
            yield from values_of(items)

    def restore(self) -> None:
        """Restore the contents at the snapshot."""
        if self.stores is not None:
            self.stores.reset(self._stores_before)
        self.state.set(self.values)
        for container, items in self.containers.values():
            if not equal(contents(container), items):
                refill(container, items)

    def links(self) -> Iterator[tuple[Slot, Any]]:
        """The slots that lead to more objects, with their contents at the snapshot."""
        for k, value in enumerate(self.values):
            yield (VARIABLE, k), value
        for slot in self._links:
            yield slot, self.old(slot)

    def read(self) -> dict[Slot, Any]:
        """The changed slots with their present contents."""
        found: dict[Slot, Any] = {}
        for k, (old, new) in enumerate(zip(self.values, self.state.get(), strict=True)):
            if not same(old, new):
                found[VARIABLE, k] = new
        for ident, (container, items) in self.containers.items():
            present = contents(container)
            if equal(items, present):
                continue
            for key in all_keys(items, present):
                new = self._seen(present, ident, key)
                if not same(self._seen(items, ident, key), new):
                    found[ident, key] = new
        return found

    def changed(self) -> dict[Slot, Any]:
        """`read`, and for changed places outside the slots that say whether they are stored to."""
        found = self.read()
        for slot in [*found] if self.stores is not None else ():
            place = self.place(slot)
            if place is not None:
                truth = self.stores.stored(place, self._raw(place))
                if truth is not self.old((VARIABLE, place)):
                    found[VARIABLE, place] = truth
        return found

    def place(self, slot: Slot) -> Place | None:
        """The place outside that a slot is, None where it is none."""
        if self.stores is None or type(slot[1]) is Place:
            return None
        place = self._places[slot[1]] if slot[0] == VARIABLE else Place(*slot)
        return None if place is None or not self.stores.is_outside(place.owner) else place

    def _slot(self, place: Place) -> Slot:
        known = place.owner in self.containers
        return (place.owner, place.key) if known else (VARIABLE, self._places.index(place))

    def note_stores(
        self, contents: Mapping[Slot, Any], ends: Callable[[Slot], Sequence[Any]]
    ) -> None:
        """Note what merged contents of places outside mean; `ends` are those of a slot merged."""
        for slot, content in contents.items():
            place = self.place(slot)
            if place is not None:
                sides = zip(ends((VARIABLE, place)), ends(slot), strict=True)
                self.stores.note_sides(place, content, [*sides])

    def _raw(self, place: Place) -> Any:
        """What a place holds now; UNDEFINED where only the class has such an attribute."""
        owner, key = self._slot(place)
        now = self.state.get() if owner == VARIABLE else contents(self.containers[owner][0])
        return found_in(now, key, UNDEFINED)

    def _merged(self, truths: Mapping[Place, Any], start: bool) -> None:
        """Note whether places are stored to, now that slots have their merged contents."""
        for place, truth in truths.items():
            content = self._raw(place)
            self.stores.merge(place, truth, content)
            if start:
                self.stores.start(place, content)

    def old(self, slot: Slot) -> Any:
        """The content of a slot at the snapshot."""
        place, key = slot
        if type(key) is Place:
            owner, name = self._slot(key)
            items = self.values if owner == VARIABLE else self.containers[owner][1]
            content = found_in(items, name, UNDEFINED)
            return self.stores.stored(key, content, self._stores_before)
        if place == VARIABLE:
            return self.values[key]
        return self._seen(self.containers[place][1], place, key)

    def _seen(self, items: Contents, ident: int, key: Any) -> Any:
        """The content under a key; for a missing attribute that of the class."""
        found = found_in(items, key, _MISSING)
        if found is not _MISSING:
            return found
        kinds = self._kinds[ident].__mro__ if ident in self._kinds else ()
        found = next((vars(c)[key] for c in kinds if key in vars(c)), UNDEFINED)
        return UNDEFINED if hasattr(type(found), "__get__") else found

    def refuse_missing(self, slot: Slot) -> None:
        """Raise where ``__getattr__`` would supply an attribute that exists on some paths only."""
        kind = self._kinds.get(slot[0])
        if kind is not None and hasattr(kind, "__getattr__"):
            raise ControlFlowError(
                f"{self.name(slot)} exists on some paths only, and __getattr__ gives it on others",
                where=where(),
                hint="give it a value before the branch or loop",
            )

    def write(self, values: Mapping[Slot, Any], start: bool = False) -> None:
        """Set slots in place: containers keep their identity. `start`: for a new iteration."""
        variables = list(self.state.get())
        changed: dict[int, Contents] = {}
        truths: dict[Place, Any] = {}
        for (place, key), value in values.items():
            if type(key) is Place:
                truths[key] = value
                continue
            if place == VARIABLE:
                variables[key] = value
                continue
            if place not in changed:
                changed[place] = contents(self.containers[place][0])
            set_item(changed[place], key, value)
        self.state.set(tuple(variables))
        for place, items in changed.items():
            if not isinstance(items, dict):
                items = [x for x in items if x is not UNDEFINED]
            refill(self.containers[place][0], items)
        self._merged(truths, start)

    def name(self, slot: Slot) -> str:
        """The slot as an expression of the user's code."""
        place, key = slot
        if type(key) is Place:
            return f"whether {self.name(self._slot(key))} is assigned"
        if place == VARIABLE:
            return self.state.names[key]
        return _below(self._paths[place], key)

    def may_be_asked_for(self, slot: Slot) -> bool:
        """Whether the slot is a key of a container, whose presence code may test."""
        return slot[0] != VARIABLE and not self._paths[slot[0]].endswith(".")

    def is_list(self, slot: Slot) -> bool:
        """Whether the slot is an element of a list."""
        return slot[0] != VARIABLE and type(self.containers[slot[0]][0]) is list

    def grows(self, slot: Slot) -> bool:
        """Whether the slot exists because a list changed its length."""
        place, key = slot
        if place == VARIABLE:
            return False
        container, items = self.containers[place]
        return type(container) is list and (key >= len(items) or len(container) != len(items))


_MISSING = object()


def container_id(value: Any) -> int:
    """The id of the container with a value's content."""
    inner = inside(value)
    return id(value if inner is None else inner[0])


def _below(path: str, key: Any) -> str:
    """The path of what a container at `path` holds under a key."""
    if type(key) is str and key == OWNER:
        return path
    return f"{path}{key}" if path.endswith(".") else f"{path}[{key!r}]"


def same(a: Any, b: Any) -> bool:
    """Whether a slot counts as unchanged: the same object, or an equal plain constant."""
    if a is b:
        return True
    if type(a) is not type(b) or type(a) not in CONSTANTS:
        return False
    if type(a) is float:
        return (a == b and math.copysign(1, a) == math.copysign(1, b)) or (a != a and b != b)
    return bool(a == b)
