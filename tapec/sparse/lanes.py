"""All iterations of a loop at once: a lane for each, in which the iteration number is known.

A laned fact has the rows of one lane after the other. What is carried from iteration to iteration
stays one fact for all lanes, what it may be in any of them: an element written in one lane is that
element in every other. So `y[i] = f(x[i - 1])` is found for a million iterations by a few array
operations, and nothing is lost but the order of the writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tapec.ad.activity import has_rule
from tapec.ir import Block, Op
from tapec.ir.core import Value
from tapec.ir.incidence import all_meet
from tapec.sparse.facts import Array, Fact, forgotten, grown, joined
from tapec.sparse.lane_places import target_places
from tapec.sparse.rows import Labels, Rows, as_matrix, met, repeated, taken
from tapec.sparse.spread import Spread, moved_numbers
from tapec.sparse.tuning import LANED_ROUNDS, LANED_ROWS

Facts = Sequence[Fact]


def laned(spread: Spread, op: Op, facts: Facts) -> Facts:
    """The facts of an op's results, some of its operands being laned."""
    lanes = max(f.lanes for f in facts)
    if lanes * sum(v.type.size for v in op.results) > LANED_ROWS and op.primitive.writes is None:
        return spread.op(op, [folded(f, spread.columns) for f in facts])
    if len(op.results) > 1:
        return [_mixed(spread, op, v, facts, lanes) for v in op.results]
    return (_family(op)(spread, op, op.result, facts, lanes),)


Rule = Callable[[Spread, Op, Value, Facts, int], Fact]


def _family(op: Op) -> Rule:
    primitive = op.primitive
    if primitive.kind == "elementwise":
        return _elementwise
    if primitive.writes is not None:
        return _written
    if primitive.places is not None:
        return _read
    return _moved if primitive.kind == "linear" and not primitive.rounding else _mixed


def folded(fact: Fact, columns: int, lanes: int = 0) -> Fact:
    """What holds in every lane, as a fact for all of them; with `lanes`, in every group of lanes
    that becomes one."""
    if not fact.lanes or fact.rows is None:
        return Fact(fact.rows, None if fact.lanes else fact.known, fact.given, fact.tape)
    rows = as_matrix(fact.rows, columns)
    groups = max(lanes, 1)
    size = rows.shape[0] // fact.lanes
    targets = np.arange(groups * size)
    sources = np.broadcast_to(
        targets.reshape(groups, 1, size), (groups, fact.lanes // groups, size)
    )
    return Fact(met(rows, Labels(sources.reshape(-1), targets)), lanes=lanes)


def widened(fact: Fact, lanes: int, columns: int) -> Fact:
    """A laned fact with every lane as often as needed; facts for all lanes as they are."""
    if not fact.lanes:
        return fact
    times = lanes // fact.lanes
    known = None if fact.known is None else np.repeat(fact.known, times, axis=0)
    if fact.rows is None:
        return Fact(None, known, fact.given, lanes=lanes)
    rows = as_matrix(fact.rows, columns)
    places = np.arange(rows.shape[0]).reshape(fact.lanes, -1).repeat(times, axis=0)
    return Fact(taken(rows, places.reshape(-1)), known, fact.given, lanes=lanes)


def _places(fact: Fact, places: Array, lanes: int, size: int) -> Array:
    """Places in an array of `size` elements, as places in its rows: lane by lane."""
    own = np.broadcast_to(places.reshape(-1, places.shape[-1]), (lanes, places.shape[-1]))
    if not fact.lanes:
        return own.reshape(-1)
    shift = np.arange(lanes)[:, None] * size
    return np.where(own < 0, -1, own + shift).reshape(-1)


def _taken(spread: Spread, fact: Fact, places: Array, lanes: int, size: int) -> Rows | None:
    if fact.rows is None:
        return None
    return taken(as_matrix(fact.rows, spread.columns), _places(fact, places, lanes, size))


def _active(op: Op, result: Value, facts: Facts) -> list[int]:
    if not result.type.is_float:
        return []
    return [k for k, f in enumerate(facts) if f.rows is not None and has_rule(op, k)]


# --- families -------------------------------------------------------------------------------------


def _elementwise(spread: Spread, op: Op, result: Value, facts: Facts, lanes: int) -> Fact:
    shape, rows = result.type.shape, None
    for k in _active(op, result, facts):
        t = op.operands[k].type
        beside = np.broadcast_to(np.arange(t.size).reshape(t.shape), shape).reshape(1, -1)
        rows = spread.union(rows, _taken(spread, facts[k], beside, lanes, t.size))
    known, given = _computed(op, facts, len(shape))
    return Fact(rows, known, given, lanes=lanes)


def _computed(op: Op, facts: Facts, rank: int) -> tuple[Array | None, frozenset[int]]:
    """The value in every lane, where the operands' are known."""
    values = [_aligned(f, v, rank) for f, v in zip(facts, op.operands, strict=True)]
    if any(x is None for x in values) or op.primitive.evaluate is None or op.result.type.is_float:
        return None, frozenset()
    return (np.asarray(op.primitive.evaluate(*values, **op.attrs)),
            frozenset[int]().union(*(f.given for f in facts)))  # fmt: skip


def _aligned(fact: Fact, v: Value, rank: int) -> Array | None:
    """A known value that broadcasts with the lanes in front."""
    if fact.known is None or not fact.lanes:
        return fact.known
    return fact.known.reshape((fact.lanes, *(1,) * (rank - v.type.ndim), *v.type.shape))


def _read(spread: Spread, op: Op, result: Value, facts: Facts, lanes: int) -> Fact:
    places = target_places(spread, op, facts, 1)
    if places is None:
        return _mixed(spread, op, result, facts, lanes)
    source, size = facts[0], op.operands[0].type.size
    rows = _taken(spread, source, places, lanes, size) if result.type.is_float else None
    known = None
    if source.known is not None and not source.lanes and places.min(initial=0) >= 0:
        found = source.known.reshape(-1)[np.broadcast_to(places, (lanes, places.shape[1]))]
        known = found.reshape((lanes, *result.type.shape))
    return Fact(rows, known, frozenset[int]().union(*(f.given for f in facts)), lanes=lanes)


def _written(spread: Spread, op: Op, result: Value, facts: Facts, lanes: int) -> Fact:
    """Elements that any lane writes may be what it writes; an array for all lanes stays one."""
    places = target_places(spread, op, facts, 2)
    target, given = facts[:2]
    size, count = result.type.size, op.operands[1].type.size
    if target.lanes and lanes * size > LANED_ROWS:
        target = folded(target, spread.columns)
    if places is None:
        single = [folded(f, spread.columns) for f in (target, *facts[1:])]
        return spread.op(op, single)[0]
    if given.rows is None or not result.type.is_float:
        return Fact(target.rows, lanes=target.lanes)
    every = _taken(spread, given, np.arange(count).reshape(1, -1), lanes, count)
    assert every is not None
    labels = Labels(_places(target, places, lanes, size), np.arange(size * max(target.lanes, 1)))
    written = met(as_matrix(every, spread.columns), labels)
    return Fact(spread.union(target.rows, written), lanes=target.lanes)


def _moved(spread: Spread, op: Op, result: Value, facts: Facts, lanes: int) -> Fact:
    """An op that moves numbers, in every lane the same."""
    integers = [None if v.type.is_float else spread.decided(f)
                for v, f in zip(op.operands, facts, strict=True)]  # fmt: skip
    fixed = all(v.type.is_float or (i is not None and not f.lanes)
                for v, i, f in zip(op.operands, integers, facts, strict=True))  # fmt: skip
    if not fixed or not result.type.is_float:
        return _mixed(spread, op, result, facts, lanes)
    rows: Rows | None = None
    for k in _active(op, result, facts):
        t = op.operands[k].type
        numbers = {k: np.arange(1, t.size + 1).reshape(t.shape)}
        source = moved_numbers(op, integers, numbers).reshape(1, -1) - 1
        rows = spread.union(rows, _taken(spread, facts[k], source, lanes, t.size))
    return Fact(rows, lanes=lanes)


def _mixed(spread: Spread, op: Op, result: Value, facts: Facts, lanes: int) -> Fact:
    """Elements that meet by the table, in every lane by themselves."""
    meet = op.primitive.sparsity or all_meet
    types = [v.type for v in op.operands]
    rows: Rows | None = None
    for k in _active(op, result, facts):
        sources, targets = meet(k, types, result.type, **op.attrs)
        count = int(max(sources.max(initial=-1), targets.max(initial=-1))) + 1
        every = np.arange(types[k].size).reshape(1, -1)
        own = _taken(spread, facts[k], every, lanes, types[k].size)
        assert own is not None
        labels = Labels(_in_lanes(sources, count, lanes), _in_lanes(targets, count, lanes))
        rows = spread.union(rows, met(as_matrix(own, spread.columns), labels))
    return Fact(rows, lanes=lanes)


def _in_lanes(labels: Array, count: int, lanes: int) -> Array:
    own = labels.reshape(1, -1)
    shift = np.arange(lanes)[:, None] * count
    return np.where(own < 0, -1, own + shift).reshape(-1)


# --- loops ----------------------------------------------------------------------------------------


def all_at_once(
    spread: Spread, body: Block, turns: int, before: Facts, carry: Facts, xs: Facts
) -> tuple[list[Fact], list[Fact]] | None:
    """Carried values after a loop, and what iterations give, stacked; None where carried values
    still grow after some rounds.

    `before` are the constants, `xs` what is read slice by slice.
    """
    outer = max((f.lanes for f in (*before, *carry, *xs)), default=0)
    lanes = max(outer, 1) * turns
    columns = spread.columns
    number = Fact(known=np.tile(np.arange(turns), max(outer, 1)), lanes=lanes)
    fixed = [widened(f, lanes, columns) for f in before]
    slices = [_sliced(f, outer, turns) for f in xs]
    state = [forgotten(f) for f in carry]
    for _ in range(LANED_ROUNDS):
        now = [widened(f, lanes, columns) for f in state]
        found = spread.block(body, [number, *fixed, *now, *slices])
        ended = [folded(f, columns, outer) for f in found[: len(carry)]]
        after = [forgotten(joined(a, b)) for a, b in zip(state, ended, strict=True)]
        if not grown(state, after):
            return after, [_stacked(f, outer, turns) for f in found[len(carry) :]]
        state = after
    return None


def _sliced(fact: Fact, outer: int, turns: int) -> Fact:
    """The slices of an array, one for each lane."""
    lanes, known, rows = max(outer, 1) * turns, fact.known, fact.rows
    if fact.lanes or not outer:
        known = None if known is None else known.reshape((lanes, *known.shape[bool(outer) + 1 :]))
        return Fact(rows, known, fact.given, lanes=lanes)
    known = None if known is None else np.tile(known, (outer, *(1,) * (known.ndim - 1)))
    rows = None if rows is None else repeated(rows, outer)
    return Fact(rows, known, fact.given, lanes=lanes)


def _stacked(fact: Fact, outer: int, turns: int) -> Fact:
    """What iterations give, as one array."""
    known, rows = fact.known, fact.rows
    if fact.lanes and outer:
        known = None if known is None else known.reshape((outer, turns, *known.shape[1:]))
        return Fact(rows, known, fact.given, lanes=outer)
    if fact.lanes:
        return Fact(rows, known, fact.given)
    known = None if known is None else np.broadcast_to(known, (turns, *known.shape))
    return Fact(None if rows is None else repeated(rows, turns), known, fact.given)
