"""Lists that a loop appends to: the op stacks what its iterations append, and the list gets the
rows of the stack afterwards.

Inside the loop a `Growing` stands for the list: it accepts appends and gives the last
element. Any other use of the list would depend on the number of iterations.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tapec.errors import ControlFlowError
from tapec.ir.core import Value
from tapec.trace.arrays.rows import row_maker
from tapec.trace.arrays.session import Session, where
from tapec.trace.source.state import UNDEFINED
from tapec.trace.staging.containers import values_of
from tapec.trace.staging.growing import CURE, Growing
from tapec.trace.staging.heap import Heap, Slot, container_id
from tapec.trace.staging.object_aliases import EntryObjects
from tapec.trace.staging.objects import containers_of, structure
from tapec.trace.staging.state import State, places_of
from tapec.trace.staging.values import Kind, kind_of
from tapec.tree import Tree


class GrowingLists:
    """A state extended by the last elements of the lists that a loop appends to."""

    def __init__(self, state: State, lists: Sequence[list[Any]], names: Sequence[str]) -> None:
        self.state, self.lists, self.titles = state, lists, names
        self._last_items = [x[-1] if x else UNDEFINED for x in lists]
        self.growing: list[Growing] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The variables, then the last elements."""
        return (*self.state.names, *(f"{n}[-1]" for n in self.titles))

    def places(self) -> list[tuple[int, Any] | None]:
        """What holds the variables."""
        return [*places_of(self.state), *([None] * len(self.lists))]

    def get(self) -> tuple[Any, ...]:
        """All values."""
        lists_grown = [g.tail for g in self.growing] if self.growing else self._last_items
        return (*self.state.get(), *lists_grown)

    def set(self, values: tuple[Any, ...]) -> None:
        """Set all values; stand-ins are dropped."""
        count = len(values) - len(self.lists)
        self.state.set(values[:count])
        self._last_items = list(values[count:])
        self.growing = []

    def stand_in(self, heap: Heap) -> None:
        """Put stand-ins in the slots that hold the lists."""
        made = [Growing(n, t) for n, t in zip(self.titles, self._last_items, strict=True)]
        found: dict[Slot, Any] = {}
        for slot, value in heap.links():
            for known, growing in zip(self.lists, made, strict=True):
                if value is known:
                    found[slot] = growing
        lists_grown = self._last_items
        heap.write(found)
        self.growing, self._last_items = made, lists_grown

    def stands_for(self, growing: Growing, value: Any) -> bool:
        """Whether a stand-in is that of this list."""
        pairs = zip(self.growing, self.lists, strict=True)
        return any(g is growing and known is value for g, known in pairs)


@dataclass(frozen=True, slots=True)
class Appended:
    """The structure that each iteration appends; its leaves are results (a `Kind`) or constants."""

    target: list[Any]
    tree: Tree
    leaves: list[Any]


def growing_list(heap: Heap, changes: Mapping[Slot, Any]) -> tuple[list[Any], str] | None:
    """A list to which the body appends, and its name; raises where it changes it otherwise."""
    for slot in changes:
        if not heap.grows(slot):
            continue
        target, items = heap.containers[slot[0]]
        name = heap.name(slot).rpartition("[")[0]
        if len(target) < len(items) or not all(map(operator.is_, target, values_of(items))):
            raise not_a_loop(name)
        return target, name
    return None


def not_a_loop(name: str) -> ControlFlowError:
    """The error for a list whose length changes other than by appending."""
    return ControlFlowError(
        f"a list changes its length in a loop: {name}", where=where(), hint=CURE
    )


def appended(lists_grown: GrowingLists) -> tuple[list[Appended], list[Any]]:
    """The appended structures of an iteration, and the leaves to be stacked."""
    found: list[Appended] = []
    stacked: list[Any] = []
    for target, growing in zip(lists_grown.lists, lists_grown.growing, strict=True):
        for item in growing.added:
            leaves, tree = structure(item)
            assert tree is not None
            kinds = [kind_of(x) for x in leaves]
            stacked += [x for x, k in zip(leaves, kinds, strict=True) if k is not None]
            found.append(
                Appended(target, tree, [k or x for x, k in zip(leaves, kinds, strict=True)])
            )
    return found, stacked


def check_appended(
    lists_grown: GrowingLists, start: EntryObjects, changes: Mapping[Slot, Any]
) -> None:
    """Refuse appended objects that another iteration changes: rows would be copies of them."""
    carried = {slot[0] for slot in changes}
    moving = [p for v in changes.values() for p in containers_of(v)] + start.parts
    moving = moving if start.changed() else []
    for growing in lists_grown.growing:
        for part in (p for item in growing.added for p in containers_of(item)):
            if container_id(part) in carried or any(part is m for m in moving):
                raise ControlFlowError(
                    f"a loop changes an object that it has appended to {growing.name}",
                    where=where(),
                    hint="append a copy: xs.append(copy.copy(x))",
                )


def fill(session: Session, items: Sequence[Appended], stacks: Sequence[Value], length: int) -> None:
    """Append the rows that a loop has stacked to its lists."""
    memories = iter(stacks)
    parts: list[tuple[Appended, list[Callable[[int], Any]]]] = []
    for item in items:
        rows = [row_maker(session, next(memories), x.weak) if isinstance(x, Kind) else _same(x)
                for x in item.leaves]  # fmt: skip
        parts.append((item, rows))
    for t in range(length):
        for item, rows in parts:
            item.target.append(item.tree.unflatten([row(t) for row in rows]))


def _same(x: Any) -> Callable[[int], Any]:
    return lambda t: x
