"""Lists, dictionaries and objects that may alias after a branch or loop.

After a branch with ``a = b`` on one side, `a` may be either of two objects. Its parts are results
of the branch, in a new object: a copy, which is right as long as neither it nor the objects that it
may be are changed. So these objects and their contents are recorded, and compared at the end of the
region or trace. Objects without another reference are not recorded.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tapec.errors import ControlFlowError
from tapec.trace.arrays.session import Session, where
from tapec.trace.arrays.storage import COUNTED, SNAPSHOTS
from tapec.trace.staging.containers import Contents, contents, equal, values_of
from tapec.trace.staging.heap import VARIABLE, Heap, Slot, container_id
from tapec.trace.staging.objects import Unpacked, containers_of

CURE = "change a copy: b = copy.copy(a)"


@dataclass(slots=True)
class MayAlias:
    """Objects that may be one object, and their contents when that was found."""

    name: str
    members: list[Any]
    where: Any
    items: list[Contents] = field(init=False)

    def __post_init__(self) -> None:
        self.items = [contents(m) for m in self.members]

    def refuse(self) -> ControlFlowError:
        """The error where one of them is changed."""
        kind = type(self.members[0]).__name__
        return ControlFlowError(
            f"after a statement on traced values {self.name} may be the same {kind} as another "
            f"variable's, and one of them is changed later",
            where=self.where,
            hint=CURE,
        )

    @property
    def changed(self) -> bool:
        """Whether the content of a member has changed."""
        pairs = zip(self.members, self.items, strict=True)
        return any(not equal(contents(m), items) for m, items in pairs)


@dataclass(slots=True)
class MergedVariable:
    """A variable after a merge: its possible contents, and the one it has now."""

    name: str
    sides: list[Unpacked]
    result: Any


def noted_aliases(session: Session) -> list[MayAlias]:
    """The possible aliases recorded in the outermost trace."""
    return _outermost(session).noted


def _outermost(session: Session) -> Session:
    while session.parent is not None:
        session = session.parent
    return session


def note_uncertain(session: Session, heap: Heap, slot: Slot) -> None:
    """Note an attribute that exists on some paths only: testing for it is an error."""
    if slot[0] != VARIABLE and not heap.may_be_asked_for(slot):
        heap.refuse_missing(slot)
        _outermost(session).uncertain[slot] = heap.containers[slot[0]][0]


def refuse_uncertain(session: Session, thing: Any, name: str) -> None:
    """Raise where a traced condition decides whether an object has an attribute."""
    if (container_id(thing), name) in _outermost(session).uncertain:
        raise ControlFlowError(
            f"whether the object has the attribute {name} depends on traced values",
            where=where(),
            hint="give it a value before the branch or loop",
        )


def check_noted_aliases(session: Session) -> None:
    """Raise where an object that may have two names has changed."""
    for alias in noted_aliases(session):
        if alias.changed:
            raise alias.refuse()


def may_alias(session: Session, a: Any, b: Any) -> bool:
    """Whether a traced condition decides if two objects are one."""
    return any(
        any(a is m for m in j.members) and any(b is m for m in j.members)
        for j in noted_aliases(session)
    )


@dataclass(slots=True)
class EntryObjects:
    """The objects made for the start of an iteration, and their contents then."""

    values: dict[Any, Any] = field(default_factory=dict)  # by slot
    parts: list[Any] = field(init=False)
    slots: list[Any] = field(init=False)  # of the parts
    items: list[Contents] = field(init=False)

    def __post_init__(self) -> None:
        self.parts = [p for v in self.values.values() for p in containers_of(v)]
        self.slots = [slot for slot, v in self.values.items() for _ in containers_of(v)]
        self.items = [contents(p) for p in self.parts]

    def changed(self) -> frozenset[Any]:
        """The slots with objects that the iteration has changed."""
        parts = zip(self.slots, self.parts, self.items, strict=True)
        return frozenset(slot for slot, p, items in parts if not equal(contents(p), items))

    def same_as(self, before: Iterable[Any]) -> list[MayAlias]:
        """Pairs of each object with the one that its variable held before the loop."""
        old = [p for v in before for p in containers_of(v)]
        pairs = zip(self.parts, old, strict=False)
        return [MayAlias("", [p, o], None) for p, o in pairs]

    def references(self) -> list[Any]:
        """All references held here."""
        inside = [x for items in self.items for x in values_of(items)]
        return [*self.values.values(), *self.parts, *inside]


def note_aliases(
    session: Session,
    merged_variables: Sequence[MergedVariable],
    inner: Iterable[MayAlias],
    held: Sequence[Any] = (),
) -> list[MayAlias]:
    """Note which merged objects may be known under another name.

    `inner` are the merges in its regions: possible aliases there remain possible afterwards.
    `held` are references that tracing holds beside those in the arguments.
    """
    found = _Sources(merged_variables, [*inner, *noted_aliases(session)], held)
    if not found.results:
        return []
    place = where()
    made = [MayAlias(name, members, place) for name, members in found.groups()]
    noted_aliases(session).extend(made)
    return made


class _Sources:
    """The possible objects behind every merged object."""

    def __init__(
        self, merged_variables: Sequence[MergedVariable], inner: list[MayAlias], held: Sequence[Any]
    ) -> None:
        self.merged_variables, self.inner, self.held = merged_variables, inner, held
        self.names: list[str] = []
        self.results: list[Any] = []
        self.sources: list[list[Any]] = []
        self.seen: list[Counter[int]] = []  # how many references each branch has to an object
        for c in merged_variables:
            self._add(c)

    def _add(self, c: MergedVariable) -> None:
        """The changeable parts of a variable."""
        parts = [side.parts for side in c.sides]
        self.seen += [Counter() for _ in range(len(parts) - len(self.seen))]
        for seen, of_side in zip(self.seen, parts, strict=False):
            seen.update(id(p) for x in of_side for p in self._closed([x]))
        for k, result in enumerate(containers_of(c.result)):
            possible = [of_side[k] for of_side in parts if k < len(of_side)]
            if any(p is not result for p in possible):
                self.names.append(c.name)
                self.results.append(result)
                self.sources.append(self._closed(possible))

    def _closed(self, objects: list[Any]) -> list[Any]:
        """The objects, and all that they may alias."""
        found: dict[int, Any] = {id(x): x for x in objects}
        count = 0
        while count != len(found):
            count = len(found)
            for alias in self.inner:
                if any(id(m) in found for m in alias.members):
                    found.update({id(m): m for m in alias.members})
        return list(found.values())

    def groups(self) -> list[tuple[str, list[Any]]]:
        """The merged objects that may have another name, with the objects they may be."""
        held = self._held()
        twice = {i for seen in self.seen for i, n in seen.items() if n > 1}
        made = []
        for name, result, sources in zip(self.names, self.results, self.sources, strict=True):
            known = [s for s in sources if id(s) in held]
            ids = {id(s) for s in sources} & twice
            others = [r for r, s in zip(self.results, self.sources, strict=True)
                      if r is not result and not ids.isdisjoint(map(id, s))]  # fmt: skip
            if known or others:
                made.append((name, [result, *known, *others]))
        return made

    def _held(self) -> set[int]:
        """The objects with references other than those of tracing."""
        ours = self._references()
        held: set[int] = set()
        free: set[int] = set()
        for sources in self.sources:
            for k in range(len(sources)):
                here = id(sources[k])
                if not COUNTED or sys.getrefcount(sources[k]) - _CALL > ours[here]:
                    held.add(here)
                elif here not in free:
                    free.add(here)
                    ours.update(map(id, values_of(contents(sources[k]))))
        return held

    def _references(self) -> Counter[int]:
        """How often tracing itself refers to each object."""
        # Objects in `held` have the reference of that list as well.
        held = [*self.held, *self.held, *(s for sources in self.sources for s in sources)]
        unpacked = {id(side): side for c in self.merged_variables for side in c.sides}
        for side in unpacked.values():
            held += [side.value, *side.parts, *side.leaves]
        for alias in self.inner:
            held += alias.members
            for items in alias.items:
                held += values_of(items)
        for snapshot in list(SNAPSHOTS):
            held += snapshot.objects()
        return Counter(map(id, held))


_CALL = sys.getrefcount([object()][0]) if COUNTED else 0
