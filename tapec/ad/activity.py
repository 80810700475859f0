"""Which values carry derivatives: they depend on an active input, and a result depends on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapec.errors import DTypeError, NonDifferentiableError, ShapeError
from tapec.ir.core import Func, Op, Value


def active_params(func: Func, active: Sequence[bool]) -> list[Value]:
    """The parameters to differentiate by; raises DTypeError where one is not a float."""
    if len(active) != len(func.params):
        raise ShapeError(
            f"{func.name} has {len(func.params)} inputs, got {len(active)} activity flags"
        )
    chosen = [p for p, flag in zip(func.params, active, strict=True) if flag]
    for p in chosen:
        if not p.type.is_float:
            raise DTypeError(
                f"cannot differentiate {func.name} by an input of type {p.type}",
                hint="pass a float array (x.astype(float)), or leave this argument out",
            )
    return chosen


class Activity:
    """All float values that depend on `sources` differentiably, found by one forward walk.

    `varied` holds the values, `entries` per op the operand positions where a derivative enters.
    """

    __slots__ = ("entries", "varied")

    def __init__(self, func: Func, sources: Iterable[Value]) -> None:
        self.varied: set[Value] = set(sources)
        self.entries: dict[Op, list[int]] = {}
        if not self.varied:
            return
        for op in func.ops:
            self._visit(op)

    def _visit(self, op: Op) -> None:
        varied = self.varied
        positions = [k for k, v in enumerate(op.operands) if v in varied and _has_rule(op, k)]
        if positions:
            self.entries[op] = positions
            varied.update([v for v in op.results if v.type.is_float])

    def active_ops(self, func: Func, targets: Iterable[Value]) -> list[Op]:
        """The ops on a path from a source to a target, in execution order (backward walk)."""
        needed = {v for v in targets if v in self.varied}
        found: list[Op] = []
        for op in reversed(func.ops):
            positions = self.entries.get(op)
            if positions and not needed.isdisjoint(op.results):
                check_differentiable(op)
                needed.update([op.operands[k] for k in positions])
                found.append(op)
        found.reverse()
        return found


def check_differentiable(op: Op) -> None:
    """Raise NonDifferentiableError for an op no derivative rule covers."""
    known = op.primitive.kind in ("elementwise", "linear", "structured")
    if not known or len(op.results) != 1:
        raise NonDifferentiableError(f"{op.name} has no derivative rule", where=op.loc)


def _has_rule(op: Op, k: int) -> bool:
    primitive = op.primitive
    rules: Sequence[object] = primitive.partials
    if primitive.kind == "linear":
        rules = primitive.transpose
    elif primitive.kind != "elementwise":
        return True
    if len(rules) == 1:  # one rule serves all operands
        return rules[0] is not None
    return k < len(rules) and rules[k] is not None
