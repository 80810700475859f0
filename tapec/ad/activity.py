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


def active_operands(op: Op, varied: set[Value]) -> list[int]:
    """Positions of the operands through which a derivative enters the op."""
    return [k for k, v in enumerate(op.operands) if v in varied and _has_rule(op, k)]


def varied_values(func: Func, sources: Iterable[Value]) -> set[Value]:
    """All float values that depend on `sources` differentiably (forward walk)."""
    varied = set(sources)
    if not varied:
        return varied
    for op in func.ops:
        if active_operands(op, varied):
            varied.update(v for v in op.results if v.type.is_float)
    return varied


def active_ops(func: Func, varied: set[Value], targets: Iterable[Value]) -> list[Op]:
    """The ops on a path from a varied value to a target, in execution order (backward walk)."""
    needed = {v for v in targets if v in varied}
    found: list[Op] = []
    for op in reversed(func.ops):
        if not needed.isdisjoint(op.results):
            check_differentiable(op)
            needed.update(op.operands[k] for k in active_operands(op, varied))
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
    if primitive.kind == "elementwise":
        return _entry(primitive.partials, k) is not None or op.name in ("select", "convert")
    if primitive.kind == "linear":
        return _entry(primitive.transpose, k) is not None
    return True


def _entry(rules: Sequence[object], k: int) -> object:
    if len(rules) == 1:
        return rules[0]
    return rules[k] if k < len(rules) else None
