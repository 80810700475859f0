"""Which values carry derivatives: they depend on an active input, and a result depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from tapec.errors import DTypeError, NonDifferentiableError, ShapeError
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import TAPE_NEW
from tapec.ir.ops.rules import zero
from tapec.ir.types import Type


class Through(Protocol):
    """What is asked about ops with regions (see `tapec.ad.flow`)."""

    def varied(self, op: Op, flags: Sequence[bool]) -> tuple[bool, ...]: ...

    def needed(self, op: Op, flags: Sequence[bool], wanted: Sequence[bool]) -> tuple[bool, ...]: ...


def active_params(func: Func, active: Sequence[bool]) -> list[Value]:
    """The parameters to differentiate by; raises DTypeError where one is not a float."""
    if len(active) != len(func.params):
        raise ShapeError(
            f"{func.name} has {len(func.params)} inputs, got {len(active)} activity flags"
        )
    independents = [p for p, flag in zip(func.params, active, strict=True) if flag]
    for p in independents:
        if not p.type.is_float:
            raise DTypeError(
                f"cannot differentiate {func.name} by an input of type {p.type}",
                hint="pass a float array (x.astype(float)), or leave this argument out",
            )
    return independents


def can_vary(type: Type) -> bool:
    """Whether values of this type may have a derivative: floats, and tapes of them."""
    return type.is_float or type.is_tape


class Activity:
    """All values of a body that depend on `sources` differentiably, found by one forward walk.

    `varied` holds the values, `entries` per op the operand positions where a derivative enters.
    A tape varies from its start: what will be put on it is not known there.
    """

    __slots__ = ("entries", "through", "varied")

    def __init__(self, body: Func | Block, sources: Iterable[Value], through: Through) -> None:
        self.varied: set[Value] = set(sources)
        self.entries: dict[Op, list[int]] = {}
        self.through = through
        if not self.varied:
            return
        for op in body.ops:
            self._visit(op)

    def _visit(self, op: Op) -> None:
        varied = self.varied
        positions = [k for k, v in enumerate(op.operands) if v in varied and has_rule(op, k)]
        if positions and not op.regions:
            self.entries[op] = positions
            varied.update([v for v in op.results if can_vary(v.type)])
        elif positions:
            self.entries[op] = positions
            flags = self.through.varied(op, self.flags(op))
            varied.update([v for v, flag in zip(op.results, flags, strict=True) if flag])
        elif op.primitive is TAPE_NEW:
            self.entries[op] = []
            varied.update(op.results)

    def flags(self, op: Op) -> tuple[bool, ...]:
        """Per operand, whether a derivative enters there."""
        positions = set(self.entries.get(op, ()))
        return tuple(k in positions for k in range(len(op.operands)))

    def active_ops(self, body: Func | Block, targets: Iterable[Value]) -> list[Op]:
        """The ops on a path from a source to a target, in execution order."""
        return self.walk(body, targets)[0]

    def needed(self, body: Func | Block, targets: Iterable[Value]) -> set[Value]:
        """The varied values that the targets depend on."""
        return self.walk(body, targets)[1]

    def walk(self, body: Func | Block, targets: Iterable[Value]) -> tuple[list[Op], set[Value]]:
        """Both: active ops and needed values, by one backward walk."""
        needed = {v for v in targets if v in self.varied}
        found: list[Op] = []
        for op in reversed(body.ops):
            positions = self.entries.get(op)
            if positions is not None and not needed.isdisjoint(op.results):
                check_differentiable(op)
                if op.regions:
                    wanted = [v in needed for v in op.results]
                    flags = self.through.needed(op, self.flags(op), wanted)
                    positions = [k for k in positions if flags[k]]
                needed.update([op.operands[k] for k in positions])
                found.append(op)
        found.reverse()
        return found, needed


def check_differentiable(op: Op) -> None:
    """Raise NonDifferentiableError for an op no derivative rule covers."""
    if op.primitive.kind == "loop":
        raise NonDifferentiableError(f"{op.name} has no derivative rule", where=op.loc)


def has_rule(op: Op, k: int) -> bool:
    """Whether a derivative can enter by operand k: not where it is absent, or zero everywhere."""
    primitive = op.primitive
    rules: Sequence[object] = primitive.partials
    if primitive.kind == "linear":
        rules = primitive.transpose
    elif primitive.kind != "elementwise":
        return True
    if len(rules) == 1:  # one rule serves all operands
        return rules[0] not in (None, zero)
    return k < len(rules) and rules[k] not in (None, zero)
