"""What is known of a value while a program's dependences are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.ir import Type
from tapec.sparse.rows import Rows, repeated, size_of, union

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
    numbered in `given`: places and conditions are decided by it. With `lanes`, rows and value are
    those of so many iterations of a loop, one after the other (see `tapec.sparse.lanes`).
    """

    rows: Rows | None = None
    known: Array | None = None
    given: frozenset[int] = frozenset()
    tape: Push | Pile | None = None
    lanes: int = 0


NOTHING = Fact()


def joined(a: Fact, b: Fact) -> Fact:
    """What holds of a value that is one or the other."""
    if a is b:
        return a
    if a.tape is not None and b.tape is not None:
        return Fact(tape=_piled(pile(a.tape), pile(b.tape)))
    lanes = max(a.lanes, b.lanes)
    rows = union(_in_lanes(a, lanes), _in_lanes(b, lanes))
    if _same(a, b):
        return Fact(rows, a.known, a.given | b.given, lanes=lanes)
    return Fact(rows, lanes=lanes)


def _in_lanes(fact: Fact, lanes: int) -> Rows | None:
    """The rows, those of a fact for all lanes once for each."""
    if fact.rows is None or fact.lanes == lanes:
        return fact.rows
    return repeated(fact.rows, lanes)


def _same(a: Fact, b: Fact) -> bool:
    if a.known is None or b.known is None or a.lanes != b.lanes:
        return False
    return np.array_equal(a.known, b.known)


def forgotten(fact: Fact) -> Fact:
    """A fact without the value."""
    tape = None if fact.tape is None else pile(fact.tape)
    return Fact(fact.rows, tape=tape, lanes=fact.lanes)


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
