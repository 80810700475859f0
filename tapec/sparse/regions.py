"""Dependences through branches, loops, calls and tapes.

A loop whose trip count is known is followed iteration by iteration, or in all iterations at once,
so that `x[i]` is one element. Others are followed until the sets no longer grow; nothing is known
of their iterations.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tapec.ir import Block, Op
from tapec.ir.nested import count, every
from tapec.ir.regions import region_op, split
from tapec.sparse.facts import NOTHING, Fact, Push, forgotten, grown, joined, pop, push
from tapec.sparse.lanes import all_at_once, folded
from tapec.sparse.rows import Labels, Rows, as_matrix, met, stacked, taken
from tapec.sparse.spread import Rule, Spread
from tapec.sparse.tuning import FOLLOWED_FIRST, FOLLOWED_STEPS, ROWS_PER_STEP

Facts = Sequence[Fact]


# --- branches and calls ---------------------------------------------------------------------------


def _branch(spread: Spread, op: Op, facts: Facts) -> Facts:
    """The region taken, where that is known; what any of them gives, otherwise."""
    chosen, args = None if facts[0].lanes else spread.decided(facts[0]), facts[1:]
    if chosen is not None:
        return spread.block(_taken(op, chosen), args)
    first, *others = (spread.block(region, args) for region in op.regions)
    for facts_ in others:
        first = [joined(a, b) for a, b in zip(first, facts_, strict=True)]
    return [forgotten(f) for f in first]


def _taken(op: Op, chosen: Any) -> Block:
    if chosen.dtype == bool:
        return op.regions[0 if chosen else 1]
    return op.regions[min(max(int(chosen), 0), len(op.regions) - 1)]


def _call(spread: Spread, op: Op, facts: Facts) -> Facts:
    return spread.block(op.regions[0], facts)


def _custom(spread: Spread, op: Op, facts: Facts) -> Facts:
    """What the user's rule reaches, which may be less or more than the function does."""
    facts = [folded(f, spread.columns) for f in facts]
    rules = dict(zip(op.attrs["rules"], op.regions[1:], strict=True))
    values = [Fact(known=f.known, given=f.given) for f in facts]
    found = spread.block(op.regions[0], values)
    if "jvp" not in rules:
        reached = _together(spread, op, facts)
        return [_with_rows(f, _repeated(spread, reached, v.type.size) if v.type.is_float else None)
                for f, v in zip(found, op.results, strict=True)]  # fmt: skip
    given = [*values, *found] if op.attrs.get("given_results") else values
    moving = [Fact(f.rows) for f, v in zip(facts, op.operands, strict=True) if v.type.is_float]
    tangents = iter(spread.block(rules["jvp"], [*given, *moving]))
    return [_with_rows(f, next(tangents).rows if v.type.is_float else None)
            for f, v in zip(found, op.results, strict=True)]  # fmt: skip


def _with_rows(fact: Fact, rows: Rows | None) -> Fact:
    return Fact(rows, fact.known, fact.given)


def _together(spread: Spread, op: Op, facts: Facts) -> Rows | None:
    """All that any element of any operand depends on, as the set of one number."""
    found: Rows | None = None
    for fact in facts:
        if fact.rows is not None:
            rows = as_matrix(fact.rows, spread.columns)
            labels = Labels(np.zeros(rows.shape[0], np.int64), np.zeros(1, np.int64))
            found = spread.union(found, met(rows, labels))
    return found


def _repeated(spread: Spread, rows: Rows | None, size: int) -> Rows | None:
    return spread.stretch(rows, (), (size,))


# --- loops ----------------------------------------------------------------------------------------


def _scan(spread: Spread, op: Op, facts: Facts) -> Facts:
    loop = region_op(op)
    fixed, carry, xs = loop.groups(facts)
    return _counted(spread, op, op.attrs["length"], fixed, carry, xs)


def _fori(spread: Spread, op: Op, facts: Facts) -> Facts:
    fixed, carry, _ = region_op(op).groups(facts[1:])
    turns = None if facts[0].lanes else spread.decided(facts[0])
    if turns is None:
        return _fixpoint(spread, region_op(op).body, [NOTHING, *fixed], carry, [])[0]
    return _counted(spread, op, max(int(turns), 0), fixed, carry, [])


def _counted(spread: Spread, op: Op, turns: int, fixed: Facts, carry: Facts, xs: Facts) -> Facts:
    """One by one where they are few; all at once where carried sets soon stop growing; one by one
    where they are not too many; any iteration otherwise."""
    every, work = [*fixed, *carry, *xs], turns * _steps(region_op(op).body)
    laned = any(f.lanes for f in every)
    if not laned and work <= FOLLOWED_FIRST:
        return _followed(spread, op, turns, fixed, carry, xs)
    if turns > 0 and all(f.tape is None for f in every):
        found = all_at_once(spread, region_op(op).body, turns, fixed, carry, xs)
        if found is not None:
            return [*found[0], *found[1]]
    if not laned and work <= FOLLOWED_STEPS:
        return _followed(spread, op, turns, fixed, carry, xs)
    groups = split([folded(f, spread.columns) for f in every], len(fixed), len(carry))
    return _scan_summary(spread, op, *groups)


def _followed(spread: Spread, op: Op, turns: int, fixed: Facts, carry: Facts, xs: Facts) -> Facts:
    loop = region_op(op)
    shapes = [v.type.shape for v in loop.args[len(loop.args) - len(xs) :]]
    made: list[Facts] = []
    for i in _numbers(op, turns):
        sliced = [_slice(spread, x, t, i) for x, t in zip(xs, shapes, strict=True)]
        found = spread.block(loop.body, [_number(i), *fixed, *carry, *sliced])
        carry = tuple(found[: len(carry)])
        made.append(found[len(carry) :])
    made = made[::-1] if op.attrs.get("reverse", False) else made
    rest = op.results[len(carry) :]
    return [*carry, *(_stack(spread, [m[k] for m in made], y.type.size)
                      for k, y in enumerate(rest))]  # fmt: skip


def _while(spread: Spread, op: Op, facts: Facts) -> Facts:
    """Followed as long as the condition is known."""
    loop = region_op(op)
    fixed, carry, _ = loop.groups(facts)
    for _ in range(FOLLOWED_STEPS // max(1, _steps(loop.body))):
        (test,) = spread.block(op.regions[0], [*fixed, *carry])
        going = None if test.lanes else spread.decided(test)
        if going is None:
            break
        if not going:
            return carry
        carry = tuple(spread.block(loop.body, [*fixed, *carry]))
    return _fixpoint(spread, loop.body, fixed, carry, [])[0]


def _steps(body: Block) -> int:
    """What following one iteration costs: ops, and the rows that they make anew."""
    sizes = (v.type.size for op in every(body.ops) for v in op.results)
    return count(body.ops) + sum(sizes) // ROWS_PER_STEP


def _numbers(op: Op, turns: int) -> range:
    forward = range(turns)
    return forward[::-1] if op.attrs.get("reverse", False) else forward


def _number(i: int) -> Fact:
    return Fact(known=np.array(i))


def _scan_summary(spread: Spread, op: Op, fixed: Facts, carry: Facts, xs: Facts) -> Facts:
    """Every slice may be any slice."""
    loop = region_op(op)
    args = loop.args[len(loop.args) - len(xs) :]
    slices = [_any_slice(spread, x, v.type.shape) for x, v in zip(xs, args, strict=True)]
    after, found = _fixpoint(spread, loop.body, [NOTHING, *fixed], carry, slices)
    rest = op.results[len(carry) :]
    rows = [spread.stretch(f.rows, y.type.shape[1:], y.type.shape)
            for f, y in zip(found, rest, strict=True)]  # fmt: skip
    return [*after, *map(Fact, rows)]


def _fixpoint(
    spread: Spread, body: Block, before: Facts, carry: Facts, slices: Facts
) -> tuple[list[Fact], list[Fact]]:
    """Carried values in front of any iteration and after the last, and what iterations give."""
    state = [forgotten(f) for f in carry]
    while True:
        found = spread.block(body, [*before, *state, *slices])
        after = [forgotten(joined(a, b)) for a, b in zip(state, found, strict=False)]
        if not grown(state, after):
            return after, found[len(carry) :]
        state = after


def _slice(spread: Spread, fact: Fact, shape: tuple[int, ...], i: int) -> Fact:
    known = None if fact.known is None else fact.known[i]
    if fact.rows is None:
        return Fact(None, known, fact.given)
    size = int(np.prod(shape[1:], dtype=int))
    rows = as_matrix(fact.rows, spread.columns)
    return Fact(taken(rows, np.arange(i * size, (i + 1) * size)), known, fact.given)


def _any_slice(spread: Spread, fact: Fact, shape: tuple[int, ...]) -> Fact:
    if fact.rows is None:
        return NOTHING
    size = int(np.prod(shape[1:], dtype=int))
    places = np.arange(size)
    rows = as_matrix(fact.rows, spread.columns)
    return Fact(met(rows, Labels(np.tile(places, shape[0]), places)))


def _stack(spread: Spread, facts: Iterable[Fact], size: int) -> Fact:
    facts = list(facts)
    known = [f.known for f in facts]
    given = frozenset[int]().union(*(f.given for f in facts))
    value = np.stack(known) if known and all(k is not None for k in known) else None  # type: ignore[arg-type]
    if all(f.rows is None for f in facts):
        return Fact(None, value, given)
    sizes = [size // len(facts)] * len(facts)
    rows = stacked([f.rows for f in facts], sizes, spread.columns)
    return Fact(taken(rows, np.arange(size)), value, given)


# --- tapes ----------------------------------------------------------------------------------------


def _push(spread: Spread, op: Op, facts: Facts) -> Facts:
    tape, *values = facts
    assert tape.tape is not None
    types = tuple(v.type for v in op.operands[1:])
    held = tuple(folded(f, spread.columns) for f in values)
    return (Fact(tape=push(tape.tape, types, held)),)


def _pop(spread: Spread, op: Op, facts: Facts) -> Facts:
    assert facts[0].tape is not None
    rest, values = pop(facts[0].tape, op.attrs["types"])
    return (Fact(tape=rest), *values)


RULES: Mapping[str, Rule] = dict(
    cond=_branch,
    switch=_branch,
    scan=_scan,
    fori_loop=_fori,
    while_loop=_while,
    call=_call,
    custom=_custom,
    tape=lambda spread, op, facts: (Fact(tape=Push()),),
    push=_push,
    pop=_pop,
)
