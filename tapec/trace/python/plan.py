"""Which captured values are inputs of a program."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapec.ir.types import Type
from tapec.trace.python.edges import Edge
from tapec.trace.tuning import SMALL_CAPTURED

# Containers that can be copied with stand-ins for their items.
COPIED: Collection[type] = frozenset([list, tuple, dict, deque, Counter, OrderedDict, defaultdict])


@dataclass(frozen=True)
class InputPlan:
    """Which captured values become inputs: `changed` ones, by title; `known` ones never.

    Where `fixed`, none is. `stored` are names of globals and attributes that are stored to on some
    paths only.
    """

    changed: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    fixed: bool = False
    stored: frozenset[str] = frozenset()


class CapturedInput:
    """A captured value that the program reads when it runs: a `number`, or an array.

    `edges` are the places it is read from.
    """

    def __init__(self, title: str, type: Type, number: bool, value: Any, edges: list[Edge]) -> None:
        self.title, self.type, self.number = title, type, number
        self.value, self.edges = value, edges


# Numbers that can be inputs: their element type, and whether it is weak.
NUMBERS: dict[type, tuple[str, bool]] = {
    float: ("f64", True),
    int: ("i64", True),
    np.float64: ("f64", False),
    np.float32: ("f32", False),
    np.int64: ("i64", False),
    np.int32: ("i32", False),
}


def eligible(
    edges: Sequence[Edge], plan: InputPlan
) -> tuple[dict[int, list[Edge]], dict[tuple[int, Any], Edge]]:
    """The reads that may become inputs: of arrays by identity, of numbers by place."""
    arrays: dict[int, list[Edge]] = {}
    numbers: dict[tuple[int, Any], Edge] = {}
    raw = _seen_raw(edges)
    for e in () if plan.fixed else edges:
        if e.title in plan.known or not e.hooked:
            continue
        if type(e.value) is np.ndarray and _is_input(e.value, e.title in plan.changed):
            if id(e.value) not in raw:
                arrays.setdefault(id(e.value), []).append(e)
        elif type(e.value) in NUMBERS and e.title in plan.changed and id(e.owner) not in raw:
            numbers[e.place] = e
    return arrays, numbers


def _seen_raw(edges: Sequence[Edge]) -> set[int]:
    """What traced code gets as it is by some way, and with it all that is inside.

    Another way may lead through a stand-in; what is read here must not become an input.
    """
    inside: dict[int, list[int]] = {}
    for e in edges:
        inside.setdefault(id(e.owner), []).append(id(e.value))
    found: set[int] = set()
    pending = [id(e.value) for e in edges if not e.hooked and e.holder not in _OF_STAND_INS]
    while pending:
        thing = pending.pop()
        if thing not in found:
            found.add(thing)
            pending += inside.get(thing, ())
    return found


# Reads whose values stand-ins have as well: dictionaries, classes, code, absent places.
_OF_STAND_INS = frozenset(["dict", "class", "part", "keys", "length"])


def _is_input(array: Any, changed: bool) -> bool:
    """Whether an array can be an input, and should be."""
    flags = array.flags
    if array.dtype.str[1:] not in ("f8", "f4", "i8", "i4", "b1") or not array.dtype.isnative:
        return False
    large = array.dtype.kind == "f" and array.size > SMALL_CAPTURED
    return bool(flags.c_contiguous and flags.aligned and array.size and (changed or large))
