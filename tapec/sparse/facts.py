"""What is known of a value while a program's dependences are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.ir import Type
from tapec.sparse.rows import Rows, size_of, union

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """A tape whose pushes are known one by one: the last one, on what was there before."""

    below: Push | None = None
    types: tuple[Type, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pile:
    """A tape of unknown length: for every kind of push, what any of them may hold."""

    pushed: dict[tuple[Type, ...], tuple[Fact, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """The inputs that each element of a value depends on differentiably.

    `known` is the value itself where it is the same at every call but for the integer inputs
    numbered in `given`: places and conditions are decided by it.
    """

    rows: Rows | None = None
    known: Array | None = None
    given: frozenset[int] = frozenset()
    tape: Push | Pile | None = None


NOTHING = Fact()


def joined(a: Fact, b: Fact) -> Fact:
    """What holds of a value that is one or the other."""
    if a is b:
        return a
    rows = union(a.rows, b.rows)
    if a.tape is not None and b.tape is not None:
        return Fact(tape=_piled(pile(a.tape), pile(b.tape)))
    return Fact(rows, a.known, a.given | b.given) if _same(a, b) else Fact(rows)


def _same(a: Fact, b: Fact) -> bool:
    return a.known is not None and b.known is not None and np.array_equal(a.known, b.known)


def forgotten(fact: Fact) -> Fact:
    """A fact without the value."""
    return Fact(fact.rows, tape=None if fact.tape is None else pile(fact.tape))


def grown(before: Iterable[Fact], after: Iterable[Fact]) -> bool:
    """Whether facts that only grow have done so."""
    return any(_size(a) != _size(b) for a, b in zip(before, after, strict=True))


def _size(fact: Fact) -> tuple[int, bool, int]:
    held = 0
    if isinstance(fact.tape, Pile):
        held = sum(1 + size_of(f.rows) for facts in fact.tape.pushed.values() for f in facts)
    return size_of(fact.rows), fact.known is None, held


# --- tapes ----------------------------------------------------------------------------------------


def pile(tape: Push | Pile) -> Pile:
    """A tape, whose length is not told from now on."""
    if isinstance(tape, Pile):
        return tape
    pushed: dict[tuple[Type, ...], tuple[Fact, ...]] = {}
    cell: Push | None = tape
    while cell is not None and cell.below is not None:
        pushed = _piled(Pile(pushed), Pile({cell.types: cell.facts})).pushed
        cell = cell.below
    return Pile(pushed)


def _piled(a: Pile, b: Pile) -> Pile:
    both = dict(a.pushed)
    for key, facts in b.pushed.items():
        known = both.get(key)
        both[key] = (
            tuple(map(forgotten, facts))
            if known is None
            else tuple(forgotten(joined(x, y)) for x, y in zip(known, facts, strict=True))
        )
    return Pile(both)


def push(tape: Push | Pile, types: tuple[Type, ...], facts: tuple[Fact, ...]) -> Push | Pile:
    """The tape with values on top."""
    if isinstance(tape, Push):
        return Push(tape, types, facts)
    return _piled(tape, Pile({types: facts}))


def pop(tape: Push | Pile, types: tuple[Type, ...]) -> tuple[Push | Pile, tuple[Fact, ...]]:
    """The tape without what was pushed last, and that."""
    if isinstance(tape, Pile):
        return tape, tape.pushed.get(types, (NOTHING,) * len(types))
    assert tape.below is not None
    return tape.below, tape.facts
