"""How derivatives flow through ops with regions: what varies with what, what needs what.

A loop's carried values feed the next iteration, so the flags of the carried values grow until
nothing changes. Custom rules replace the function's own flow: everything may depend on everything.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.activity import Activity, can_vary
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import CALL
from tapec.ir.regions import region_op

Flags = tuple[bool, ...]
_Of = Op | tuple[Block, ...]


class Flow:
    """The analysis, remembering what it found per op, or function that is called, and flags."""

    def __init__(self) -> None:
        self._inside: dict[tuple[_Of, Flags], tuple[Flags, list[Activity]]] = {}
        self._needed: dict[tuple[_Of, Flags, Flags], Flags] = {}

    def varied(self, op: Op, flags: Sequence[bool]) -> Flags:
        """Which results vary where the flagged operands do."""
        if op.primitive.form is None:
            return tuple(can_vary(v.type) for v in op.results)
        _, inside = self.inside(op, flags)
        blocks = region_op(op).bodies
        columns = [[v in a.varied for v in b.results] for a, b in zip(inside, blocks, strict=True)]
        found = [any(column) for column in zip(*columns, strict=True)]
        # Without an iteration, a carried result is its start.
        reached, form = self.fixpoint(op, flags), region_op(op)
        first = form.first
        return tuple(f or (k < form.carry and reached[first + k]) for k, f in enumerate(found))

    def fixpoint(self, op: Op, flags: Sequence[bool]) -> Flags:
        """The flags of the operands, grown by the carried values that come to vary."""
        return self.inside(op, flags)[0]

    def inside(self, op: Op, flags: Sequence[bool]) -> tuple[Flags, list[Activity]]:
        """The flags at the fixpoint, and the activity in every body."""
        key = _of(op), tuple(flags)
        if key not in self._inside:
            self._inside[key] = self._fixpoint(op, list(flags))
        return self._inside[key]

    def _fixpoint(self, op: Op, flags: list[bool]) -> tuple[Flags, list[Activity]]:
        form = region_op(op)
        first = form.first
        while True:
            inside = [Activity(b, _flagged(form.params(b), flags[form.lead :]), self)
                      for b in form.bodies]  # fmt: skip
            grown = list(flags)
            for k in range(form.carry):
                grown[first + k] |= form.body.results[k] in inside[0].varied
            if grown == flags:
                return tuple(flags), inside
            flags = grown

    def needed(self, op: Op, flags: Sequence[bool], wanted: Sequence[bool]) -> Flags:
        """Which operands the wanted results depend on, among the flagged ones.

        Of a loop, a carried value counts when it, or what comes of it, is wanted.
        """
        if op.primitive.form is None:
            return tuple(flags)
        key = _of(op), tuple(flags), tuple(wanted)
        if key not in self._needed:
            self._needed[key] = self._needed_inside(op, flags, wanted)
        return self._needed[key]

    def _needed_inside(self, op: Op, flags: Sequence[bool], wanted: Sequence[bool]) -> Flags:
        form = region_op(op)
        fixpoint, inside = self.inside(op, flags)
        found = self.closure(op, flags, wanted)
        needed = [False] * len(op.operands)
        for body, activity in zip(form.bodies, inside, strict=True):
            targets = _flagged(body.results, found)
            reached = activity.needed(body, targets)
            for j, p in enumerate(form.params(body)):
                needed[form.lead + j] |= p in reached
        for k in range(form.carry):
            needed[form.first + k] |= found[k]
        return tuple(n and s for n, s in zip(needed, fixpoint, strict=True))

    def closure(self, op: Op, flags: Sequence[bool], wanted: Sequence[bool]) -> Flags:
        """The wanted results, grown by the carried values that these depend on."""
        form = region_op(op)
        found = list(wanted)
        if not form.carry:
            return tuple(found)
        (activity,) = self.inside(op, flags)[1]
        carried = form.state(form.body)
        while True:
            reached = activity.needed(form.body, _flagged(form.body.results, found))
            grown = [f or p in reached for f, p in zip(found, carried, strict=False)]
            grown += found[form.carry :]
            if grown == found:
                return tuple(found)
            found = grown


def _of(op: Op) -> _Of:
    """What stands for the op: all calls of a function have the same flow."""
    return op.regions if op.primitive is CALL else op


def _flagged(values: Sequence[Value], flags: Sequence[bool]) -> list[Value]:
    return [v for v, flag in zip(values, flags, strict=True) if flag]
