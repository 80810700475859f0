"""Cotangents being collected: sums in order, and parts of arrays joined into one `place`.

A program of n ops reading single elements of one array sends n contributions to it; placing each
into its own zeros would cost n times the array. They are kept apart and placed together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tapec.ad.rules import add, hint_of, select
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type


def place(builder: Builder, parts: list[tuple[Value, Any]], type: Type, hint: str = "") -> Value:
    """Zeros of a type with every (value, at) added."""
    attrs = {"at": tuple(at for _, at in parts), "shape": type.shape}
    return builder.emit(PRIMITIVES["place"], [v for v, _ in parts], attrs, hint=hint).result


@dataclass(slots=True)
class _Pending:
    whole: list[Value] = field(default_factory=list)
    guarded: dict[Value, list[Value]] = field(default_factory=dict)
    parts: list[tuple[Value, Any]] = field(default_factory=list)
    tainted: bool = False


@dataclass(slots=True)
class Cotangent:
    """A finished cotangent; a tainted one is right only where its primal is demanded."""

    value: Value
    tainted: bool


class Cotangents:
    """What has arrived for each value so far."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._pending: dict[Value, _Pending] = {}

    def add(self, primal: Value, contribution: Value, tainted: bool = False) -> None:
        """One more contribution, of the primal's shape."""
        pending = self._of(primal)
        pending.whole.append(contribution)
        pending.tainted |= tainted

    def add_guarded(self, primal: Value, contribution: Value, demand: Value) -> None:
        """One more contribution, right only where demanded: masked together with its like."""
        self._of(primal).guarded.setdefault(demand, []).append(contribution)

    def add_part(self, primal: Value, contribution: Value, at: Any) -> None:
        """A contribution to the part of the primal that `at` specifies."""
        self._of(primal).parts.append((contribution, at))

    def take(self, primal: Value) -> Cotangent | None:
        """The sum for a value all of whose readers are done; None where nothing arrived."""
        pending = self._pending.pop(primal, None)
        if pending is None:
            return None
        hint = hint_of(primal, "ct")
        total = self._sum(pending.whole, hint)
        for demand, terms in pending.guarded.items():
            zero = self._builder.const(0.0, Type(primal.type.dtype))
            inside = self._sum(terms, hint)
            if inside is not None:
                masked = select(self._builder, demand, inside, zero, hint)
                total = add(self._builder, total, masked, hint)
        if pending.parts:
            placed = place(self._builder, pending.parts, primal.type, hint)
            total = add(self._builder, total, placed, hint)
        return None if total is None else Cotangent(total, pending.tainted)

    def _sum(self, terms: list[Value], hint: str) -> Value | None:
        total: Value | None = None
        for term in terms:
            total = add(self._builder, total, term, hint)
        return total

    def _of(self, primal: Value) -> _Pending:
        pending = self._pending.get(primal)
        if pending is None:
            pending = self._pending[primal] = _Pending()
        return pending
