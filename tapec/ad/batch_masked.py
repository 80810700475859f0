"""Batching where lanes go different ways: a loop runs as long as any lane does, branches all run.

Lanes that are done keep their values, lanes elsewhere get those of their own branch, by `select`.
What they compute meanwhile is thrown away, but must not raise: their indices are set to 0 and
their matrices to the identity. Derivatives follow the selects, so nothing of it leaks there either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tapec.ad.batch_scope import BatchScope, Body
from tapec.ad.rules import broadcast, select
from tapec.ir.core import Block, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops.control import TAPE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.regions import region_op
from tapec.ir.types import Type


def hazardous(op: Op) -> bool:
    """Whether running this in vain may raise or never end."""
    return any(o.primitive.raises or _endless(o) for o in every([op]))


def _endless(op: Op) -> bool:
    """Whether an op is a loop of a length that only the run tells."""
    return op.primitive.loop and "length" not in op.attrs


# ---- what masks do to ops -----------------------------------------------------------------


def if_any(scope: BatchScope, mask: Value, number: Value) -> Value:
    """A single number where the mask is set in any lane, else 0."""
    zero = scope.builder.const(0, number.type)
    return select(scope.builder, scope.some(mask), number, zero)


def guarded(scope: BatchScope, op: Op) -> Op:
    """The op with operands that cannot raise in lanes where the mask is not set."""
    mask = scope.mask
    if mask is None:
        return op
    operands = list(op.operands)
    if op.primitive.places is not None:
        for k in range(op.primitive.places, len(operands)):
            operands[k] = _safe(scope, mask, operands[k], np.zeros((), operands[k].type.numpy))
    if op.primitive.harmless is not None:
        harmless = op.primitive.harmless(operands[0].type)
        operands[0] = _safe(scope, mask, operands[0], harmless)
    return replace(op, operands=tuple(operands))


def _safe(scope: BatchScope, mask: Value, value: Value, harmless: Any) -> Value:
    """A stand-in for a value that is harmless where the mask is not set."""
    constant = scope.builder.const(harmless)
    if value not in scope.lifted:
        return select(scope.builder, scope.some(mask), value, constant)
    stand_in = Value(value.type, value.hint)
    ndim = value.type.ndim
    scope.lifted[stand_in] = scope.choose(mask, scope.lifted[value], constant, ndim)
    return stand_in


def only_if_any(condition: Body) -> Block:
    """The condition of a single loop, false where the mask is set in no lane."""
    (result,) = condition.results
    assert condition.mask is not None
    both = (condition.some(condition.mask), result)
    return condition.close([condition.builder.emit(PRIMITIVES["logical_and"], both).result])


# ---- loops --------------------------------------------------------------------------------


def _changing(body: Block, params: Sequence[Value]) -> list[bool]:
    """Which carried values an iteration may change (a tape is never masked)."""
    pairs = zip(params, body.results, strict=True)
    return [p is not v and p.type != TAPE for p, v in pairs]


def _carry_flags(scope: BatchScope, init: Sequence[Value], changing: Sequence[bool]) -> list[bool]:
    return [v in scope.lifted or c for v, c in zip(init, changing, strict=True)]


def _kept(
    body: Body, mask: Value, before: Sequence[Value], changing: Sequence[bool]
) -> list[Value]:
    """The carried values after an iteration: changed in lanes of the mask only."""
    after = []
    for old, new, changes in zip(before, body.results, changing, strict=True):
        if not changes:
            after.append(body.wanted(new, old in body.lifted))
            continue
        value, ndim = body.value(new), old.type.ndim
        after.append(body.choose(mask, value, body.value(old), ndim, old.hint))
    return after


def while_loop(scope: BatchScope, op: Op) -> None:
    """A loop as long as the condition holds in any lane: carries who is still running."""
    test, block = op.regions
    form = region_op(op)
    consts, init, _ = form.groups(form.args)
    count = form.consts
    changing = _changing(block, form.state(block))
    flags = _carry_flags(scope, init, changing)
    fixed = scope.flags(consts)

    def opened() -> tuple[Body, list[Value], Value]:
        body = Body(scope)
        for v, flag in zip(consts, fixed, strict=True):
            body.take(v, flag)
        mask = body.take_mask()
        for v, flag in zip(init, flags, strict=True):
            body.take(v, flag)
        return body, body.params[count:], mask

    condition, _, running = opened()
    go_on = condition.close([condition.some(running)])
    body, before, running = opened()
    body.results = body.inline(block, body.params, running)
    after = _kept(body, running, before, changing)
    again = _stand_ins(body, before, after)
    still = _running(body, test, [*body.params[:count], *again], running)
    start = _running(scope, test, op.operands, scope.mask)
    operands = [scope.wanted(v, f) for v, f in zip(consts, fixed, strict=True)]
    operands += [start, *(scope.wanted(v, f) for v, f in zip(init, flags, strict=True))]
    emitted = scope.builder.emit(
        op.primitive,
        operands,
        form.attrs(count, form.carry + 1),
        (go_on, body.close([still, *after])),
    )
    _, *results = emitted.results
    for old, new, flag in zip(op.results, results, flags, strict=True):
        (scope.lifted if flag else scope.alias)[old] = new


def _stand_ins(body: Body, before: Sequence[Value], after: Sequence[Value]) -> list[Value]:
    """New carried values as values of the original program."""
    found = []
    for old, new in zip(before, after, strict=True):
        value = Value(old.type, old.hint) if old in body.lifted else new
        if old in body.lifted:
            body.lifted[value] = new
        found.append(value)
    return found


def _running(
    scope: BatchScope, test: Block, operands: Sequence[Value], mask: Value | None
) -> Value:
    """Lanes of the mask where the condition holds."""
    (found,) = scope.inline(test, operands, mask)
    truth = scope.full(found)
    if mask is None:
        return truth
    return scope.builder.emit(PRIMITIVES["logical_and"], (mask, truth)).result


def fori(scope: BatchScope, op: Op) -> None:
    """A loop to the largest number of iterations; lane k runs those below its own number."""
    form, count = region_op(op), op.operands[0]
    consts, init, _ = form.groups(form.args)
    block = form.body
    counts = scope.lifted[count]
    if scope.mask is not None:
        zero = scope.builder.const(0, count.type)
        counts = select(scope.builder, scope.mask, counts, zero)
    longest = _longest(scope, counts)
    changing = _changing(block, form.state(block))
    flags = _carry_flags(scope, init, changing)
    body = Body(scope)
    step = body.take(block.params[0], False)
    limits = body.builder.param(counts.type, "counts")
    for v, flag in zip(form.args, [*scope.flags(consts), *flags], strict=True):
        body.take(v, flag)
    body.mask = body.builder.emit(PRIMITIVES["less"], (step, limits)).result
    body.results = body.inline(block, body.params, body.mask)
    after = _kept(body, body.mask, body.params[form.state_at], changing)
    operands = [scope.value(v) for v in consts]
    operands += [scope.wanted(v, f) for v, f in zip(init, flags, strict=True)]
    blocks = [body.close(after)]
    scope.emit(op, [longest, counts, *operands], blocks, flags, consts=form.consts + 1)


def _longest(scope: BatchScope, counts: Value) -> Value:
    if not scope.size:
        return scope.builder.const(0, Type("i64"))
    return scope.builder.emit(PRIMITIVES["reduce_max"], (counts,), {"axes": (0,)}).result


# ---- branches -----------------------------------------------------------------------------


def branches(scope: BatchScope, op: Op) -> None:
    """All branches, each for its lanes; every lane takes its own results."""
    choice, *operands = op.operands
    masks = _lanes(scope, scope.lifted[choice], len(op.regions))
    columns: dict[int, list[Value]] = {}
    for k in scope.tapes.order(op):
        start = len(scope.builder.ops)
        columns[k] = scope.inline(op.regions[k], operands, scope.masked(masks[k]))
        if any(v.type == TAPE for v in operands):
            made = [*columns[k], *_tapes_made(scope, scope.builder.ops[start:])]
            operands = scope.tapes.advanced(operands, made)
    for j, result in enumerate(op.results):
        if result.type == TAPE:
            scope.alias[result] = scope.tapes.latest(operands, columns[0][j])
            continue
        value = scope.value(columns[len(masks) - 1][j])
        for k in range(len(masks) - 2, -1, -1):
            mine = scope.value(columns[k][j])
            value = scope.choose(masks[k], mine, value, result.type.ndim, result.hint)
        full = (scope.size, *result.type.shape)
        scope.lifted[result] = broadcast(scope.builder, value, full, result.hint)


def _tapes_made(scope: BatchScope, ops: Sequence[Op]) -> list[Value]:
    """The tapes that ops have left, the last first, as values of the original program."""
    tables = (scope.lifted, scope.alias)
    old = {new: v for table in tables for v, new in table.items() if v.type == TAPE}
    return [old.get(v, v) for op in reversed(ops) for v in op.results if v.type == TAPE]


def _lanes(scope: BatchScope, choice: Value, count: int) -> list[Value]:
    """Per branch, the lanes that take it."""
    emit = scope.builder.emit
    if choice.type.dtype == "bool":
        return [choice, emit(PRIMITIVES["logical_not"], (choice,)).result]
    first, last = (scope.builder.const(k, Type("i64")) for k in (0, count - 1))
    clamped = emit(PRIMITIVES["maximum"], (choice, first)).result
    clamped = emit(PRIMITIVES["minimum"], (clamped, last)).result
    numbers = (scope.builder.const(k, Type("i64")) for k in range(count))
    return [emit(PRIMITIVES["equal"], (clamped, n)).result for n in numbers]
