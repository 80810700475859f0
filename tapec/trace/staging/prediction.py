"""What a loop probably carries, so that its body need not be traced once to find out.

A loop traced before, in an earlier attempt at a loop around it or in another derivative, begins
with what it carried then; a new one with the numbers and arrays that its body assigns. The body
traced with them is the fixpoint if each of them changes; otherwise all begins anew with constants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tapec.trace.arrays.session import Session
from tapec.trace.arrays.tracer import Tracer
from tapec.trace.staging.carries import Carry, Iteration, same_leaf
from tapec.trace.staging.heap import VARIABLE, Heap, Slot
from tapec.trace.staging.mismatch import assigned_lines
from tapec.trace.staging.objects import structure
from tapec.trace.staging.values import Kind, kind_of, merged
from tapec.tree import LEAF

Carries = Mapping[Slot, Carry]


class Predictions:
    """What the loops of one trace carried when they were last traced, by the code of the body."""

    def __init__(self) -> None:
        self._known: dict[tuple[Any, tuple[str, ...]], dict[Slot, Carry]] = {}
        self.probes: dict[Any, Any] = {}  # trial traces by the code of the body, and the length

    def of(self, heap: Heap, site: Any) -> dict[Slot, Carry]:
        """What a loop probably carries; nothing where there is no saying."""
        known = self._known.get((site, heap.state.names))
        if known is not None:
            return known if all(_fits(c, heap.old(s)) for s, c in known.items()) else {}
        names = assigned_lines(site)
        guesses = {
            (VARIABLE, k): _guess(heap.values[k])
            for k, name in enumerate(heap.state.names)
            if name in names
        }
        return {slot: carry for slot, carry in guesses.items() if carry is not None}

    def note(self, heap: Heap, site: Any, carries: Carries) -> None:
        """Remember what a loop carries."""
        simple = all(s[0] == VARIABLE and type(s[1]) is int and _is_simple(c)
                     for s, c in carries.items())  # fmt: skip
        self._known[site, heap.state.names] = (
            {s: replace(c, leaves=[*c.leaves]) for s, c in carries.items()} if simple else {}
        )


def predictions_of(session: Session) -> Predictions:
    """The ones of the outermost trace."""
    while session.parent is not None:
        session = session.parent
    if session.predictions is None:
        session.predictions = Predictions()
    found: Predictions = session.predictions
    return found


def _is_simple(carry: Carry) -> bool:
    return not carry.dead and all(isinstance(x, Kind) for x in carry.leaves)


def _guess(value: Any) -> Carry | None:
    """A number or array that an iteration replaces by one of its kind."""
    kind = kind_of(value)
    return None if kind is None else Carry(LEAF, [kind])


def _fits(carry: Carry, value: Any) -> bool:
    """Whether a loop can start with a value where it carried something of this kind before."""
    leaves, tree = structure(value)
    if carry.unset or tree is None:
        return carry.unset and tree is None
    if tree != carry.tree:
        return False
    kinds = map(kind_of, leaves)
    pairs = zip(kinds, carry.leaves, strict=True)
    return all(kind is not None and merged(kind, carried) == carried for kind, carried in pairs)


def all_change(predicted: Carries, made: Iteration, heap: Heap) -> bool:
    """Whether an iteration changes every leaf that it was predicted to change."""
    return all(_changes(slot, carry, made, heap) for slot, carry in predicted.items())


def _changes(slot: Slot, carry: Carry, made: Iteration, heap: Heap) -> bool:
    if slot not in made.unpacked:
        return False
    ends = made.unpacked[slot].leaves
    if carry.unset or len(ends) != len(carry.leaves):
        return carry.unset
    starts = structure(heap.old(slot))[0]
    entries = [made.region.own[n] for n in made.entry[slot]]
    return not any(
        (type(end) is Tracer and end._storage is entry) or same_leaf(start, end)
        for start, end, entry in zip(starts, ends, entries, strict=True)
    )
