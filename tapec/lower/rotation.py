"""Buffer rotation: arrays that a loop carries and recomputes in every iteration, without copies.

`u = f(u)` that reads neighbours needs a second array, and `u, before = f(u, before), u` a third.
Copying them back may cost as much as computing them. Instead all are parts of one buffer, and the
loop carries the offset of each: an iteration permutes offsets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from tapec.ir.core import Value
from tapec.ir.types import Type
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.tuning import LINE


class Homes(Protocol):
    """The values of a block that have memory, and those that share the memory of another one."""

    @property
    def roots(self) -> AbstractSet[Value]: ...

    @property
    def shares(self) -> Mapping[Value, Value]: ...


def origins(
    results: Sequence[Value], places: Homes, params: Sequence[Value], large: Sequence[int]
) -> dict[int, int | None]:
    """The carried values to rotate, each with the one whose memory its result is in; None for new.

    Each memory is taken by one value only.
    """
    found: dict[int, int | None] = {}
    for k in large:
        home = results[k]
        while home in places.shares:
            home = places.shares[home]
        if home in params:
            if home is not params[k]:
                found[k] = params.index(home)
        elif home in places.roots:
            found[k] = None
    return _exchanged(found, params, results)


def _exchanged(
    found: dict[int, int | None], params: Sequence[Value], results: Sequence[Value]
) -> dict[int, int | None]:
    """Drop values whose memory another one takes as well, or that does not rotate."""
    while True:
        taken: set[object] = set()
        kept: dict[int, int | None] = {}
        for k, source in found.items():
            memory: object = results[k] if source is None else source
            rotates = source is None or source in found
            same = source is None or params[source].type == params[k].type
            if rotates and same and memory not in taken:
                taken.add(memory)
                kept[k] = source
        if len(kept) == len(found):
            return found
        found = kept


class Rotation:
    """Rotating arrays of one type: `places` are offsets of the carried ones, then of free ones."""

    def __init__(self, n: Frame, type: Type, sources: Mapping[int, int | None]) -> None:
        self.n, self.sources = n, sources
        self.members = list(sources)
        self.count = len(sources) + sum(s is None for s in sources.values())
        stride = -(-type.size // LINE) * LINE + LINE
        self.buffer = n.room(Type(type.dtype, (self.count * stride,))).buffer
        self.start = [n.build.const(k * stride, "index") for k in range(self.count)]
        self.places: list[Value] = self.start

    def at(self, place: Value) -> Memory:
        """The memory at an offset."""
        return Memory(self.buffer, self.n.build.affine(place))

    def memory(self, k: int) -> Memory:
        """The current memory of carried value k."""
        return self.at(self.places[self.members.index(k)])

    def enter(self, places: Sequence[Value]) -> None:
        """Take the offsets at the start of an iteration, or after the loop."""
        self.places = list(places)
        self.n.build.wrote(self.buffer)

    def targets(self) -> dict[int, Memory]:
        """The memory for the results of an iteration: free, or that of another value."""
        return {k: self.at(place) for k, place in zip(self.members, self.taken(), strict=True)}

    def taken(self) -> list[Value]:
        """The offsets of the results of an iteration."""
        free = iter(self.places[len(self.members) :])
        return [next(free) if s is None else self.places[self.members.index(s)]
                for s in self.sources.values()]  # fmt: skip

    def leave(self) -> list[Value]:
        """The offsets for the next iteration."""
        taken = self.taken()
        return [*taken, *(p for p in self.places if p not in taken)]


def rotations(
    n: Frame, sources: Mapping[int, int | None], params: Sequence[Value]
) -> list[Rotation]:
    """One rotation for each type."""
    types = dict.fromkeys(params[k].type for k in sources)
    return [
        Rotation(n, t, {k: s for k, s in sources.items() if params[k].type == t}) for t in types
    ]
