"""Cotangents being collected: sums in order, and parts of arrays joined into one `place`.

A program of n ops reading single elements of one array sends n contributions to it; placing each
into its own zeros would cost n times the array. They are kept apart and placed together. Inside a
loop even that is too much: parts are added to what the iteration was given, in place, and so are
parts at places known at run time only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tapec.ad.rules import add, hint_of, select
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type

# Elements up to which an array is cheaper as a whole than part by part.
SMALL = 64


def place(builder: Builder, parts: list[tuple[Value, Any]], type: Type, hint: str = "") -> Value:
    """Zeros of a type with every (value, at) added."""
    attrs = {"at": tuple(at for _, at in parts), "shape": type.shape}
    return builder.emit(PRIMITIVES["place"], [v for v, _ in parts], attrs, hint=hint).result


@dataclass(slots=True)
class _Pending:
    whole: list[Value] = field(default_factory=list)
    guarded: dict[Value, list[Value]] = field(default_factory=dict)
    parts: list[tuple[Value, Any]] = field(default_factory=list)
    moving: list[tuple[Value, Any, tuple[Value, ...]]] = field(default_factory=list)
    tainted: bool = False


@dataclass(slots=True)
class Cotangent:
    """A finished cotangent; a tainted one is right only where its primal is demanded."""

    value: Value
    tainted: bool


class Cotangents:
    """What has arrived for each value so far; `in_place` in the body of a loop."""

    def __init__(self, builder: Builder, *, in_place: bool = False) -> None:
        self._builder, self._in_place = builder, in_place
        self._pending: dict[Value, _Pending] = {}

    def add(self, primal: Value, contribution: Value, tainted: bool = False) -> None:
        """One more contribution, of the primal's shape."""
        pending = self._of(primal)
        pending.whole.append(contribution)
        pending.tainted |= tainted

    def add_guarded(self, primal: Value, contribution: Value, demand: Value) -> None:
        """One more contribution, right only where demanded: masked together with its like."""
        self._of(primal).guarded.setdefault(demand, []).append(contribution)

    def add_part(
        self, primal: Value, contribution: Value, at: Any, starts: tuple[Value, ...] = ()
    ) -> None:
        """A contribution to the part of the primal that `at` specifies, from these starts."""
        pending = self._of(primal)
        if starts:
            pending.moving.append((contribution, at, starts))
        else:
            pending.parts.append((contribution, at))

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
            total = self._with_parts(total, pending.parts, primal.type, hint)
        for value, at, starts in pending.moving:
            base = total or self._builder.const(0.0, primal.type)
            total = self._added(base, value, at, starts, hint)
        return None if total is None else Cotangent(total, pending.tainted)

    def _with_parts(
        self, total: Value | None, parts: list[tuple[Value, Any]], type: Type, hint: str
    ) -> Value:
        few = 2 * sum(v.type.size for v, _ in parts) <= type.size
        if total is None or not (self._in_place and few and type.size > SMALL):
            return add(self._builder, total, place(self._builder, parts, type, hint), hint)
        for value, at in parts:
            total = self._added(total, value, at, (), hint)
        return total

    def _added(
        self, total: Value, value: Value, at: Any, starts: tuple[Value, ...], hint: str
    ) -> Value:
        operands = (total, value, *starts)
        primitive = PRIMITIVES["dynamic_add"]
        return self._builder.emit(primitive, operands, {"at": at}, hint=hint).result

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
