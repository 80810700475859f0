"""A program in two: what can run before its last inputs are known, and the rest.

`vjp` runs the first part at once and the second once the cotangent is there. What the first part
hands over is a minimum cut between storing a value and computing it again (the formulation is that
of Jain et al., Checkmate, MLSys 2020, without its schedule: cheap ops are free to recompute).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tapec.ad.cut import minimum_cut
from tapec.ad.decisions import feeding_decisions
from tapec.ad.tape import not_recomputed
from tapec.ad.tuning import MOST_RESIDUALS, RESIDUAL_BYTES
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.verify import checked

Defs = dict[Value, Op]


def partition(func: Func, late: Sequence[Value]) -> tuple[Func, Func]:
    """The parts (other inputs) -> (early results, residuals) and (residuals, late) -> rest.

    Results that do not depend on the parameters in `late` are early; both parts keep the order.
    """
    waiting = _dependent(func, late)
    defs = {v: op for op in func.ops for v in op.results}
    early = [v for v in func.results if v not in waiting]
    rest = [v for v in func.results if v in waiting]
    crossing = _crossing(func, waiting, defs)
    inputs = [p for p in func.params if p not in late]
    fixed = feeding_decisions(
        crossing, defs, (op for op in func.ops if not waiting.isdisjoint(op.results))
    )
    residuals = _cut(crossing, defs, fixed)
    if len(residuals) > MOST_RESIDUALS:
        residuals = [p for p in inputs if p in _sources(crossing, defs)]
    first = _part(func, inputs, [*early, *residuals], defs)
    second = _part(func, [*residuals, *late], rest, defs)
    return checked(first, after="partition"), checked(second, after="partition")


def _dependent(func: Func, late: Iterable[Value]) -> set[Value]:
    found = set(late)
    for op in func.ops:
        if not found.isdisjoint(op.operands):
            found.update(op.results)
    return found


def _crossing(func: Func, waiting: set[Value], defs: Defs) -> list[Value]:
    """Early values, constants apart, that late ops read."""
    read = [v for op in func.ops if op.results and op.results[0] in waiting for v in op.operands]
    return [v for v in dict.fromkeys(read) if v not in waiting and not is_const(defs.get(v))]


def _sources(values: Iterable[Value], defs: Defs) -> set[Value]:
    """Everything the values are computed from, themselves included."""
    found: set[Value] = set()
    pending = list(values)
    while pending:
        value = pending.pop()
        if value not in found:
            found.add(value)
            pending += defs[value].operands if value in defs else ()
    return found


def _cut(crossing: Sequence[Value], defs: Defs, fixed: set[Op]) -> list[Value]:
    """What to hand over, in the order of the program."""

    def price(value: Value) -> int | None:
        # Tapes stay inside one program; so does all that is made with one.
        size = value.type.size * value.type.numpy.itemsize
        return None if _makes_tape(defs.get(value)) else size + RESIDUAL_BYTES

    def begins(op: Op | None) -> bool:
        return not _makes_tape(op) and (op in fixed or not_recomputed(op))

    kept = minimum_cut(crossing, defs, (), price, begins)
    order = {v: n for n, v in enumerate(defs)}
    return sorted(kept, key=lambda v: order.get(v, -1))


def _makes_tape(op: Op | None) -> bool:
    return op is not None and any(v.type.is_tape for v in op.results)


def _part(func: Func, params: Sequence[Value], results: Sequence[Value], defs: Defs) -> Func:
    """The ops between these parameters and results."""
    wanted: set[Value] = set()
    pending = list(results)
    given = set(params)
    while pending:
        value = pending.pop()
        if value in wanted or value in given:
            continue
        wanted.add(value)
        pending += defs[value].operands
    ops = tuple(op for op in func.ops if not wanted.isdisjoint(op.results))
    return Func(func.name, Block(tuple(params), ops, tuple(results)))
