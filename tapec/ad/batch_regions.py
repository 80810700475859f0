"""Batching loops, branches and calls whose course is the same for all lanes, and tapes.

A carried value gains a batch axis if its start has one or an iteration gives it one. What is not
batched stays single inside too, and is computed once. Code that only some lanes run gets their
mask along (see `tapec.ad.batch_masked`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tapec.ad import batch_masked
from tapec.ad.batch_masked import hazardous
from tapec.ad.batch_scope import BatchScope, Body
from tapec.ad.batch_tape import PushesDiffer
from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.control import TAPE
from tapec.ir.primitive import PRIMITIVES
from tapec.ir.regions import region_op

Rule = Callable[[BatchScope, Op], None]


def loop_fixpoint(
    scope: BatchScope, block: Block, flags: Sequence[bool], carried: slice, masked: int | None
) -> tuple[Body, list[bool]]:
    """The body of a loop and its parameters' flags, where iterations add no more of them."""
    flags = list(flags)
    while True:
        body = scope.body(block, flags, masked)
        after = body.result_flags[: carried.stop - carried.start]
        both = [a or b for a, b in zip(flags[carried], after, strict=True)]
        if both == flags[carried]:
            return body, flags
        flags[carried] = both


def _swapped(scope: BatchScope, value: Value) -> Value:
    """The two leading axes exchanged: between [lanes, steps, ...] and [steps, lanes, ...]."""
    perm = (1, 0, *range(2, value.type.ndim))
    return scope.builder.emit(PRIMITIVES["transpose"], (value,), {"perm": perm}).result


def _inner_mask(scope: BatchScope, op: Op) -> Value | None:
    """The mask, where the op's regions must know it."""
    return scope.mask if scope.mask is not None and hazardous(op) else None


def _scan(scope: BatchScope, op: Op) -> None:
    form = region_op(op)
    consts, carry, carried = form.consts, form.carry, form.state_at
    mask = _inner_mask(scope, op)
    flags = [False, *scope.flags(op.operands)]
    masked = None if mask is None else 1
    body, flags = loop_fixpoint(scope, op.regions[0], flags, carried, masked)
    out = [*flags[carried], *body.result_flags[carry:]]
    block = body.finish(out)
    operands = [scope.wanted(v, f) for v, f in zip(op.operands, flags[1:], strict=True)]
    for k in range(consts + carry, len(operands)):
        if flags[1 + k]:
            operands[k] = _swapped(scope, operands[k])
    extra = [] if mask is None else [mask]
    count = consts + len(extra)
    found = scope.emit(op, [*extra, *operands], [block], out, consts=count)
    for old, y, flag in zip(op.results[carry:], found[carry:], out[carry:], strict=True):
        if flag:
            scope.lifted[old] = _swapped(scope, y)


def _fori(scope: BatchScope, op: Op) -> None:
    count, *rest = op.operands
    if count in scope.lifted:
        batch_masked.fori(scope, op)
        return
    form, mask = region_op(op), _inner_mask(scope, op)
    carried = form.state_at
    masked = None if mask is None else 1
    flags = [False, *scope.flags(rest)]
    body, flags = loop_fixpoint(scope, op.regions[0], flags, carried, masked)
    block = body.finish(flags[carried])
    operands = [scope.wanted(v, f) for v, f in zip(rest, flags[1:], strict=True)]
    if mask is not None:
        count = batch_masked.if_any(scope, mask, count)
    extra = [] if mask is None else [mask]
    attrs = {"consts": form.consts + len(extra)}
    scope.emit(op, [count, *extra, *operands], [block], flags[carried], **attrs)


def _while(scope: BatchScope, op: Op) -> None:
    (test, body), form = op.regions, region_op(op)
    carry, carried = form.carry, form.state_at
    masked = None if scope.mask is None else 0
    inner, flags = loop_fixpoint(scope, body, scope.flags(op.operands), carried, masked)
    condition = scope.body(test, flags, masked)
    if condition.result_flags[0]:
        batch_masked.while_loop(scope, op)
        return
    operands = [scope.wanted(v, f) for v, f in zip(op.operands, flags, strict=True)]
    block = condition.finish([False])
    if scope.mask is not None:
        operands.insert(0, scope.mask)
        block = batch_masked.only_if_any(condition)
    blocks = [block, inner.finish(flags[carried])]
    scope.emit(op, operands, blocks, flags[carried], consts=len(operands) - carry)


def _branches(scope: BatchScope, op: Op) -> None:
    """`cond` and `switch`: a choice for all lanes stays one."""
    choice, *rest = op.operands
    if choice in scope.lifted:
        batch_masked.branches(scope, op)
        return
    mask = _inner_mask(scope, op)
    flags = scope.flags(rest)
    masked = None if mask is None else 0
    bodies = [scope.body(r, flags, masked) for r in op.regions]
    out = [any(column) for column in zip(*(b.result_flags for b in bodies), strict=True)]
    blocks = [b.finish(out) for b in bodies]
    extra = [] if mask is None else [mask]
    scope.emit(op, [choice, *extra, *map(scope.value, rest)], blocks, out)


def _call(scope: BatchScope, op: Op) -> None:
    mask = _inner_mask(scope, op)
    extra = [] if mask is None else [mask]
    block, flags = _function(scope, op, mask)
    operands = [*extra, *map(scope.value, op.operands)]
    name = f"{op.attrs['name']}.{scope.suffix}"
    scope.emit(op, operands, [block], flags, name=name)


def _function(scope: BatchScope, op: Op, mask: Value | None) -> tuple[Block, list[bool]]:
    """The body of a call; one for all calls that neither have a mask nor a tape."""
    flags, block = scope.flags(op.operands), op.regions[0]
    key = block, tuple(flags)
    alone = mask is not None or any(v.type == TAPE for v in (*op.operands, *op.results))
    if alone or key not in scope.calls:
        body = scope.body(block, flags, None if mask is None else 0)
        found = body.finish(body.result_flags), body.result_flags
        if alone:
            return found
        scope.calls[key] = found
    return scope.calls[key]


def _custom(scope: BatchScope, op: Op) -> None:
    """All float operands and results gain the axis: rules must return what they were given."""
    flags = [v in scope.lifted or v.type.is_float for v in op.operands]
    function, *rules = op.regions
    mask = _inner_mask(scope, op)
    masked = None if mask is None else 0
    body = scope.body(function, flags, masked)
    out = [f or v.type.is_float for f, v in zip(body.result_flags, op.results, strict=True)]
    blocks = [body.finish(out)]
    for rule in rules:
        known = [*flags, *out] if op.attrs.get("given_results") else flags
        given = [True] * (len(rule.params) - len(known))
        inner = scope.body(rule, [*known, *given], masked)
        blocks.append(inner.finish([True] * len(rule.results)))
    operands = [scope.wanted(v, f) for v, f in zip(op.operands, flags, strict=True)]
    extra = [] if mask is None else [mask]
    scope.emit(op, [*extra, *operands], blocks, out)


def _new(scope: BatchScope, op: Op) -> None:
    scope.builder.ops.append(op)
    if scope.tapes.batched(op.result):
        scope.lifted[op.result] = op.result


def _push(scope: BatchScope, op: Op) -> None:
    tape, *values = op.operands
    flag = tape in scope.lifted
    if not flag and any(scope.flags(values)):
        raise PushesDiffer(tape)
    pushed = [scope.wanted(v, flag) for v in values]
    scope.emit(op, [scope.value(tape), *pushed], (), [flag])


def _pop(scope: BatchScope, op: Op) -> None:
    (tape,) = op.operands
    flag = tape in scope.lifted
    types = tuple(scope.batched_type(t) if flag else t for t in op.attrs["types"])
    flags = [flag] * len(op.results)
    scope.emit(op, [scope.value(tape)], (), flags, types=types)


REGION_RULES: Mapping[str, Rule] = {
    "scan": _scan,
    "fori_loop": _fori,
    "while_loop": _while,
    "cond": _branches,
    "switch": _branches,
    "call": _call,
    "custom": _custom,
    "tape": _new,
    "push": _push,
    "pop": _pop,
}
