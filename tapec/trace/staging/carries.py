"""Loop-carried values: their kinds at both ends of an iteration, and how they join."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tapec.ir.core import Value
from tapec.ir.types import Type
from tapec.trace.arrays.session import where
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.heap import Slot, same
from tapec.trace.staging.lists import (
    Appended,
)
from tapec.trace.staging.mismatch import (
    around_loop,
    assigned_in,
    described,
    differing,
    listed,
    made_at,
)
from tapec.trace.staging.object_aliases import EntryObjects
from tapec.trace.staging.objects import Unpacked
from tapec.trace.staging.region import Region
from tapec.trace.staging.values import (
    Kind,
    Poison,
    kind_of,
    merged,
)
from tapec.tree import Tree

# The body of a loop: given the index and slices, it may return values to stack.
Work = Callable[[Any, list[Tracer]], list[Any] | None]


@dataclass(slots=True)
class Carry:
    """A slot at loop entry: kinds for carried leaves, the objects for invariant ones."""

    tree: Tree
    leaves: list[Any]
    dead: bool = False  # assigned before it is read, so unbound at the start of an iteration
    unset: bool = False  # not bound before the loop


@dataclass(slots=True)
class Iteration:
    """One trace of the body."""

    region: Region
    index: Tracer | None
    params: list[Value]
    slices: list[Value]
    entry: dict[Slot, list[int]]  # the carried leaves at the start: numbers in `region.own`
    unpacked: dict[Slot, Unpacked] = field(
        default_factory=dict
    )  # the changed slots at the end of the iteration
    stacked: list[Any] = field(default_factory=list)
    appended: list[Appended] = field(default_factory=list)
    start: EntryObjects = field(default_factory=EntryObjects)
    changed: frozenset[Slot] = frozenset()  # slots whose objects were mutated in place
    stable: bool = False  # whether what it carries has the same kinds at both ends


def type_change(name: str, before: Any, after: Any, work: Work) -> str:
    """Which part of a carried value changes its type, from what to what, and where it was made."""
    here = where()
    path, (old, new) = differing(name, (before, after))
    message = (
        f"the loop carries {path}, which is {described(old)} before an iteration and "
        f"{described(new)} after it"
    )
    first, later = (None, None) if here is None else around_loop(path, here.line)
    places = [made_at(old) or first, made_at(new) or later or assigned_in(work, path)]
    return "\n".join([message, *listed(["before", "after"], places)])


def row_type(x: Tracer) -> Type:
    return Type(x._dtype, x._shape[1:])


def joined_leaf(a: Any, b: Any) -> Any:
    """The kind of a carried leaf: the assumed one joined with that after an iteration."""
    if not isinstance(a, Kind) and same(a, b):
        return a
    first, second = a if isinstance(a, Kind) else kind_of(a), kind_of(b)
    both = merged(first, second) if first is not None and second is not None else None
    return Poison("", "", None) if both is None else both


def same_leaf(a: Any, b: Any) -> bool:
    return a == b if isinstance(a, Kind) and isinstance(b, Kind) else same(a, b)
