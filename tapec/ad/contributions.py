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
from tapec.ad.tuning import WHOLE_ELEMENTS
from tapec.ir.build import Builder
from tapec.ir.core import Value
from tapec.ir.places import compose, disjoint
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.types import Type


def place(builder: Builder, parts: list[tuple[Value, Any]], type: Type, hint: str = "") -> Value:
    """Zeros of a type with every (value, at) added."""
    attrs = {"at": tuple(at for _, at in parts), "shape": type.shape}
    return builder.emit(PRIMITIVES["place"], [v for v, _ in parts], attrs, hint=hint).result


@dataclass(frozen=True, slots=True)
class Cleared:
    """A cotangent without the part that was overwritten: `base` but for zeros there."""

    base: Value
    part: Value
    at: Any
    starts: tuple[Value, ...]


@dataclass(slots=True)
class _Pending:
    full: list[Value] = field(default_factory=list)
    guarded: dict[Value, list[Value]] = field(default_factory=dict)
    parts: list[tuple[Value, Any]] = field(default_factory=list)
    moving: list[tuple[Value, Any, tuple[Value, ...]]] = field(default_factory=list)
    cleared: Cleared | None = None
    tainted: bool = False


@dataclass(slots=True)
class Cotangent:
    """A finished cotangent; a tainted one is right only where its primal is demanded."""

    value: Value
    tainted: bool


class Cotangents:
    """What has arrived for each value so far; `in_place` in the body of a loop."""

    def __init__(self, builder: Builder, *, in_place: bool = False) -> None:
        self._builder, self.in_place = builder, in_place
        self._pending: dict[Value, _Pending] = {}

    def accumulate(self, primal: Value, contribution: Value, tainted: bool = False) -> None:
        """One more contribution, of the primal's shape."""
        pending = self._of(primal)
        pending.full.append(contribution)
        pending.tainted |= tainted

    def accumulate_masked(self, primal: Value, contribution: Value, demand: Value) -> None:
        """One more contribution, right only where demanded: masked together with its like."""
        self._of(primal).guarded.setdefault(demand, []).append(contribution)

    def accumulate_part(
        self, primal: Value, contribution: Value, at: Any, starts: tuple[Value, ...] = ()
    ) -> None:
        """A contribution to the part of the primal that `at` specifies, from these starts.

        Without `at`, the starts are arrays of indices.
        """
        pending = self._of(primal)
        if starts:
            pending.moving.append((contribution, at, starts))
        else:
            pending.parts.append((contribution, at))

    def with_parts_of(
        self, written: Value, base: Value, at: Any, starts: tuple[Value, ...], hint: str
    ) -> Value:
        """The cotangent of an array `written` was put in, with what parts of `written` got.

        In a loop, they are better added where they are than to a copy of the part.
        """
        pending = self._pending.get(written)
        if pending is None or not self.in_place or base.type.size <= WHOLE_ELEMENTS:
            return base
        inner = [(v, compose(at, part)) for v, part in pending.parts]
        if any(spec is None for _, spec in inner):
            return base
        pending.parts = []
        for value, spec in inner:
            base = self._added(base, value, spec, starts, hint)
        return base

    def accumulate_cleared(
        self, primal: Value, base: Value, part: Value, at: Any, starts: tuple[Value, ...]
    ) -> None:
        """`base` with zeros in place of `part`: what an array gets that was partly overwritten.

        The zeros wait: what the same part is given by who read it goes there.
        """
        pending, cleared = self._of(primal), Cleared(base, part, at, starts)
        if pending.cleared is None:
            pending.cleared = cleared
        else:
            pending.full.append(self._accumulated(cleared, [], hint_of(primal, "ct")))

    def only_cleared(self, primal: Value, at: Any) -> Cleared | None:
        """All that arrived, taken, if it is a cotangent cleared in a place apart from `at`."""
        pending = self._pending.get(primal)
        if pending is None or pending != _Pending(cleared=pending.cleared):
            return None
        cleared = pending.cleared
        if cleared is None or cleared.starts or not disjoint(cleared.at, at):
            return None
        del self._pending[primal]
        return cleared

    def take(self, primal: Value) -> Cotangent | None:
        """The sum for a value all of whose readers are done; None where nothing arrived."""
        pending = self._pending.pop(primal, None)
        if pending is None:
            return None
        hint = hint_of(primal, "ct")
        start = self._restored(pending, hint)
        full = pending.full if start is None else [start, *pending.full]
        total = self._sum(full, hint)
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

    def _restored(self, pending: _Pending, hint: str) -> Value | None:
        """What was cleared, with the contributions to just that part in place of the zeros."""
        cleared = pending.cleared
        if cleared is None:
            return None
        key = cleared.at, cleared.starts
        own = [(v, at, starts) for v, at, starts in pending.moving if (at, starts) == key]
        own += [(v, at, ()) for v, at in pending.parts if (at, ()) == key]
        pending.moving = [m for m in pending.moving if (m[1], m[2]) != key]
        pending.parts = [p for p in pending.parts if (p[1], ()) != key]
        return self._accumulated(cleared, [v for v, _, _ in own], hint)

    def _accumulated(self, cleared: Cleared, values: list[Value], hint: str) -> Value:
        if cleared.part in values:
            # The cleared part is among the contributions: `base` has it, the others are added.
            more = list(values)
            more.remove(cleared.part)
            value = self._sum(more, hint)
            if value is None:
                return cleared.base
            if cleared.starts or cleared.base.type.size > WHOLE_ELEMENTS:
                return self._added(cleared.base, value, cleared.at, cleared.starts, hint)
        value = self._sum(values, hint) or self._builder.const(0.0, cleared.part.type)
        name = "dynamic_update" if cleared.starts else "update"
        operands = (cleared.base, value, *cleared.starts)
        attrs = {"at": cleared.at}
        return self._builder.emit(PRIMITIVES[name], operands, attrs, hint=hint).result

    def _with_parts(
        self, total: Value | None, parts: list[tuple[Value, Any]], type: Type, hint: str
    ) -> Value:
        if total is None or not self.in_place or type.size <= WHOLE_ELEMENTS:
            return add(self._builder, total, place(self._builder, parts, type, hint), hint)
        for value, at in parts:
            total = self._added(total, value, at, (), hint)
        return total

    def _added(
        self, total: Value, value: Value, at: Any, starts: tuple[Value, ...], hint: str
    ) -> Value:
        operands = (total, value, *starts)
        name, attrs = ("scatter_add", {}) if at is None else ("dynamic_add", {"at": at})
        return self._builder.emit(PRIMITIVES[name], operands, attrs, hint=hint).result

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
