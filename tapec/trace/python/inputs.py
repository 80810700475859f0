"""Captured values that are inputs of the program, and their stand-ins in traced code.

Arrays are read when the kernel runs, and so are numbers that were seen to change. Where such a
value is in a container or an object, traced code sees a copy that holds a tracer instead.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tapec.ir.types import Type, dtype_name
from tapec.trace.arrays.concrete import concrete
from tapec.trace.arrays.session import Session
from tapec.trace.arrays.storage import Storage
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.python.classes import class_dict
from tapec.trace.python.edges import Edge
from tapec.trace.python.packages import has_stand_in
from tapec.trace.python.plan import NUMBERS, CapturedInput, InputPlan, eligible


class Captured:
    """The inputs among the captured values of one trace."""

    def __init__(self, edges: Sequence[Edge], plan: InputPlan) -> None:
        self.session: Session | None = None
        self.edges = edges
        self.inputs: list[CapturedInput] = []  # in the order of their parameters
        self._tracers: dict[Any, Tracer] = {}
        self._copies: dict[int, tuple[Any, Any, Any]] = {}
        self._objects: dict[int, tuple[Any, Any]] = {}
        self._arrays, self._numbers = eligible(edges, plan)
        self._holders = self._holding(edges)

    def _holding(self, edges: Sequence[Edge]) -> set[int]:
        """The objects with one of the inputs somewhere inside."""
        owners: dict[int, list[Edge]] = {}
        for e in edges:
            owners.setdefault(id(e.value), []).append(e)
        found: set[int] = set()
        pending = [id(e.owner) for e in self._numbers.values()]
        pending += [id(e.owner) for places in self._arrays.values() for e in places]
        pending += [id(e.value) for e in edges if has_stand_in(e.value)]
        while pending:
            holder = pending.pop()
            if holder not in found:
                found.add(holder)
                pending += [id(e.owner) for e in owners.get(holder, ())]
        return found

    # -- stand-ins -------------------------------------------------------------------------

    def number(self, owner: Any, key: Any) -> Tracer | None:
        """The input that stands for the number at a place."""
        edge = self._numbers.get((id(owner), key))
        if edge is None:
            return None
        found = self._tracers.get(edge.place)
        if found is None:
            dtype, weak = NUMBERS[type(edge.value)]
            made = CapturedInput(edge.title, Type(dtype), True, edge.value, [edge])
            found = self._tracer(edge.place, made, weak)
        return found

    def array(self, array: Any) -> Tracer | None:
        """The input that stands for an array."""
        edges = self._arrays.get(id(array))
        if edges is None:
            return None
        found = self._tracers.get(id(array))
        if found is None:
            kind = Type(dtype_name(array.dtype), array.shape)
            found = self._tracer(
                id(array), CapturedInput(edges[0].title, kind, False, array, edges)
            )
        return found

    def _tracer(self, key: Any, made: CapturedInput, weak: bool = False) -> Tracer:
        assert self.session is not None
        hint = "".join(c if c.isalnum() else "_" for c in made.title)
        value = self.session.builder.param(made.type, hint)
        storage = Storage(self.session, value, None)
        storage.frozen = "a global or closure array"
        storage.boxed = not made.number and not made.type.shape
        is_index = weak and made.type.dtype == "i64"
        deps = frozenset([-1 - len(self.inputs)]) if is_index else None
        self.inputs.append(made)
        found = self._tracers[key] = Tracer(
            storage, made.type.dtype, made.type.shape, (), weak, deps
        )
        return found

    def is_input(self, array: Any) -> bool:
        """Whether an array is read when the kernel runs."""
        return id(array) in self._arrays

    def holds(self, thing: Any) -> bool:
        """Whether one of the inputs is inside of an object."""
        return id(thing) in self._holders

    def copied(self, thing: Any, substitute: Callable[[Any], Any]) -> Any:
        """A copy of a container, with stand-ins for its items."""
        known = self._copies.get(id(thing))
        if known is None:
            made = list(thing) if type(thing) is tuple else copy.copy(thing)
            self._copies[id(thing)] = thing, made, None  # first: it may hold itself
            if isinstance(made, dict):
                for key, value in thing.items():
                    made[key] = self.stand_in(thing, key, value, substitute)
            else:
                for k, x in enumerate(thing):
                    made[k] = self.stand_in(thing, k, x, substitute)
            final = tuple(made) if type(thing) is tuple else made
            known = self._copies[id(thing)] = thing, final, copy.copy(final)
        return known[1]

    def stand_in(self, owner: Any, key: Any, value: Any, substitute: Callable[[Any], Any]) -> Any:
        """What stands for a value at a place."""
        if (found := self.number(owner, key)) is not None:
            return found
        if self.array(value) is not None or self.holds(value):
            return substitute(value)
        return value

    def object(self, thing: Any, substitute: Callable[[Any], Any]) -> Any:
        """A copy of an object without a stand-in, with stand-ins for its attributes."""
        known = self._objects.get(id(thing))
        if known is None:
            made = copy.copy(thing)
            made.__dict__.update(self.copied(thing.__dict__, substitute))
            known = self._objects[id(thing)] = thing, made
            copied = self._copies[id(thing.__dict__)]
            self._copies[id(thing.__dict__)] = copied[0], made.__dict__, copied[2]
        return known[1]

    def copies(self) -> Iterator[tuple[Any, Any, Any]]:
        """The containers that traced code sees copies of: container, copy, its first content."""
        return (known for known in [*self._copies.values()] if type(known[0]) is not tuple)

    @property
    def copy_count(self) -> int:
        """How many containers were copied so far."""
        return len(self._copies)

    def input_of(self, storage: Storage) -> CapturedInput | None:
        """The input whose memory this is, None where there is none."""
        pairs = zip(self._tracers.values(), self.inputs, strict=True)
        return next((i for t, i in pairs if t._storage is storage), None)


def input_member(cls: type, name: str, member: Any, session: Session) -> Any:
    """What stands for an attribute of a class: an input for a number or an array that is one."""
    found = session.captured.number(class_dict(cls), name)
    if found is None:
        found = session.captured.array(member)
    return member if found is None else found


def array_outside(array: Any, session: Session) -> Any:
    """The stand-in of a captured array: an input, or its content now, which is read only."""
    found = None if session.captured is None else session.captured.array(array)
    if found is not None:
        return found
    view = array.view()
    view.flags.writeable = False
    return concrete(view)


__all__ = ["Captured", "array_outside", "input_member"]
