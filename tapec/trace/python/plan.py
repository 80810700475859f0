"""Which captured values are inputs of a program."""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tapec.ir.types import Type
from tapec.trace.python.edges import Edge

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


@dataclass
class CapturedInput:
    """A captured value that the program reads when it runs."""

    title: str
    type: Type
    number: bool  # a number, not an array
    value: Any
    edges: list[Edge]  # the places it is read from
