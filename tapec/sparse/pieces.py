"""Sparse tangents: which elements of a value have a derivative by which columns, and the numbers.

The tangent of every value is a list of pieces. Where the derivatives are is known while the program
is made, their numbers are computed by it. Pieces of one layout are added up: the tangent of a
stencil of five points is five arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapec.ad.activity import has_rule
from tapec.ad.rules import add, reshape
from tapec.ir import Op
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.primitive import PRIMITIVES
from tapec.sparse.facts import Array, Fact


class NotDirect(Exception):
    """The program is left to compressed seeds: what it has that direct emission has no rule for."""


class MoreEntries(NotDirect):
    """It takes more entries on the way than is allowed."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Derivatives of elements of one value: `numbers[e]` is that of element `rows[e]` by
    `columns[e]`, none where that is -1. Without `rows`, e is the element, and `columns` and
    `numbers` have the value's shape."""

    columns: Array
    numbers: Value
    rows: Array | None = None


@dataclass(slots=True)
class Emission:
    """One program on its way."""

    facts: Mapping[Value, Fact]
    limit: float
    builder: Builder = field(default_factory=Builder)
    pieces: dict[Value, list[Piece]] = field(default_factory=dict)
    known: dict[tuple[Any, ...], Array] = field(default_factory=dict)
    work: int = 0

    def seed(self, sources: Sequence[Value]) -> None:
        """Every element of an independent input has the derivative 1 by its own column."""
        first = 0
        for p in sources:
            numbers = self.builder.const(1.0, p.type)
            columns = np.arange(first, first + p.type.size).reshape(p.type.shape)
            self.pieces[p] = [Piece(self.same(columns), numbers)]
            first += p.type.size

    def same(self, a: Array) -> Array:
        """An array equal to this one, the same for equal ones: layouts are told apart by it."""
        return self.known.setdefault((a.shape, a.tobytes()), a)

    def add(self, value: Value, found: Sequence[Piece]) -> None:
        """Let these be the pieces of a value; raises NotDirect where all are more than wanted."""
        own = _added_up(self.builder, [e for e in found if e.columns.size])
        self.pieces[value] = own
        self.work += sum(int(np.count_nonzero(e.columns >= 0)) for e in own)
        if self.work > self.limit:
            raise MoreEntries("it has more entries than directions")

    def of(self, op: Op) -> list[tuple[int, list[Piece]]]:
        """The operands that have pieces, and those."""
        return [(k, self.pieces[v]) for k, v in enumerate(op.operands)
                if v in self.pieces and has_rule(op, k)]  # fmt: skip

    def emit(self, name: str, operands: Sequence[Value], **attrs: Any) -> Value:
        """Append an op."""
        return self.builder.emit(PRIMITIVES[name], tuple(operands), attrs).result

    def flat(self, v: Value) -> Value:
        """The elements of a value in one row."""
        return reshape(self.builder, v, (v.type.size,))

    def picked(self, numbers: Value, places: Array) -> Value:
        """Elements of a flat value; the value itself where they are all, in order."""
        n = numbers.type.size
        if places.size == n and np.array_equal(places, np.arange(n)):
            return numbers
        return self.emit("gather", (numbers, self.builder.const(places)))


def _added_up(builder: Builder, found: Sequence[Piece]) -> list[Piece]:
    """The pieces, with the sum in place of those of one layout."""
    groups: dict[tuple[int, int], Piece] = {}
    for e in found:
        key = (id(e.rows), id(e.columns))
        known = groups.get(key)
        numbers = e.numbers if known is None else add(builder, known.numbers, e.numbers)
        groups[key] = Piece(e.columns, numbers, e.rows)
    return list(groups.values())
