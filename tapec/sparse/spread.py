"""Sets of inputs through the ops of a program, one op after the other (see `dependence`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, zip_longest
from typing import Any

import numpy as np

from tapec.ad.activity import has_rule
from tapec.ir import Block, Op
from tapec.ir.core import Value
from tapec.ir.incidence import all_meet
from tapec.ir.ops.collect import COLLECT
from tapec.ir.primitive import PRIMITIVES
from tapec.sparse.facts import Array, Fact
from tapec.sparse.rows import Labels, Rows, as_matrix, identity, met, stacked, taken, union

Env = dict[Value, Fact]
# A rule for an op with regions, or a tape: rule(spread, op, facts of its operands)
Rule = Callable[["Spread", Op, Sequence[Fact]], Sequence[Fact]]


@dataclass(slots=True)
class Spread:
    """One walk over a program; `used` gathers the inputs whose values decided something."""

    columns: int
    rules: Mapping[str, Rule]  # of ops with regions, and of tapes
    laned: Rule  # where operands are laned
    used: set[int] = field(default_factory=set)
    # Unions and rows taken before: most values of an array program have one of few patterns.
    unions: dict[tuple[int, int], tuple[Rows, Rows, Rows]] = field(default_factory=dict)
    stretched: dict[tuple[int, Any, Any], tuple[Rows, Rows]] = field(default_factory=dict)

    def input(self, first: int, size: int) -> Fact:
        """An input whose elements are columns of their own."""
        return Fact(identity(first, size, self.columns))

    def block(self, block: Block, facts: Sequence[Fact]) -> list[Fact]:
        """The facts of a block's results, given those of its parameters."""
        env = self.run(block, facts)
        return [env[v] for v in block.results]

    def run(self, block: Block, facts: Sequence[Fact]) -> Env:
        """The facts of all values of a block, given those of its parameters."""
        env: Env = dict(zip(block.params, facts, strict=True))
        for op in block.ops:
            found = self.op(op, [env[v] for v in op.operands])
            env.update(zip(op.results, found, strict=True))
        return env

    def op(self, op: Op, facts: Sequence[Fact]) -> Sequence[Fact]:
        """The facts of an op's results."""
        rule = self.rules.get(op.name)
        if rule is None and any(f.lanes for f in facts):
            rule = self.laned
        if rule is not None:
            return rule(self, op, facts)
        known, given = self._known(op, facts)
        return [
            Fact(self._rows(op, v, facts), y, given) for v, y in zip(op.results, known, strict=True)
        ]

    def decided(self, fact: Fact) -> Array | None:
        """A known value, by which the pattern is going to differ."""
        if fact.known is not None:
            self.used |= fact.given
        return fact.known

    def _known(
        self, op: Op, facts: Sequence[Fact]
    ) -> tuple[Sequence[Array | None], frozenset[int]]:
        nothing: Sequence[Array | None] = (None,) * len(op.results)
        evaluate = op.primitive.evaluate
        if evaluate is None or any(f.known is None for f in facts):
            return nothing, frozenset()
        try:
            found = evaluate(*[f.known for f in facts], **op.attrs)
        except (IndexError, ArithmeticError, np.linalg.LinAlgError):
            return nothing, frozenset()  # raised by the kernel, where the op is executed
        values = found if isinstance(found, tuple) else (found,)
        return [np.asarray(y) for y in values], frozenset().union(*(f.given for f in facts))

    def _rows(self, op: Op, result: Value, facts: Sequence[Fact]) -> Rows | None:
        active = [k for k, f in enumerate(facts) if f.rows is not None and has_rule(op, k)]
        if not active or not result.type.is_float:
            return None
        if op.primitive.kind == "elementwise":
            return self._broadcast(op, result, facts, active)
        if op.primitive is COLLECT:
            return _collected(self, op, facts)
        adds = op.primitive.rounding and op.primitive.writes is not None
        moves = op.primitive.kind == "linear" and not op.primitive.rounding
        if (adds or moves) and (places := self._places(op, facts)) is not None:
            if adds:
                return _added(self, op, facts, places)
            return _moved(self, op, facts, active, places)
        return self._mixed(op, result, facts, active)

    def _broadcast(
        self, op: Op, result: Value, facts: Sequence[Fact], active: Sequence[int]
    ) -> Rows | None:
        """Elements that are side by side."""
        found: Rows | None = None
        for k in self._chosen(op, facts, active):
            rows = self.stretch(facts[k].rows, op.operands[k].type.shape, result.type.shape)
            found = self.union(found, rows)
        return found

    def _chosen(self, op: Op, facts: Sequence[Fact], active: Sequence[int]) -> Sequence[int]:
        """The operands that a choice with a known condition leaves."""
        if op.primitive is not PRIMITIVES["select"] or (c := facts[0].known) is None:
            return active
        if not (c.all() or not c.any()):
            return active
        self.decided(facts[0])
        return [k for k in active if k == (1 if c.all() else 2)]

    def stretch(self, rows: Rows | None, shape: Any, wanted: Any) -> Rows | None:
        """The sets of an array broadcast to a shape."""
        if rows is None or int(np.prod(wanted)) == int(np.prod(shape)):
            return rows
        key = (id(rows), shape, wanted)
        if key not in self.stretched:
            places = np.broadcast_to(np.arange(int(np.prod(shape))).reshape(shape), wanted)
            self.stretched[key] = (rows, taken(as_matrix(rows, self.columns), places))
        return self.stretched[key][1]

    def union(self, a: Rows | None, b: Rows | None) -> Rows | None:
        """The union, the same one for the same sets."""
        if a is None or b is None or a is b or isinstance(a, frozenset):
            return union(a, b)
        key = (id(a), id(b)) if id(a) < id(b) else (id(b), id(a))
        if key not in self.unions:
            found = union(a, b)
            assert found is not None
            self.unions[key] = (a, b, _simplest(a, b, found))
        return self.unions[key][2]

    def _places(self, op: Op, facts: Sequence[Fact]) -> list[Array | None] | None:
        """The integer operands of an op that moves numbers; None where one is not known."""
        types = [v.type for v in op.operands]
        places = [None if t.is_float else self.decided(f)
                  for t, f in zip(types, facts, strict=True)]  # fmt: skip
        missing = any(p is None and not t.is_float for p, t in zip(places, types, strict=True))
        return None if missing else places

    def _mixed(
        self, op: Op, result: Value, facts: Sequence[Fact], active: Sequence[int]
    ) -> Rows | None:
        """Elements that meet by the table."""
        meet = op.primitive.sparsity or all_meet
        types = [v.type for v in op.operands]
        found: Rows | None = None
        for k in active:
            rows = as_matrix(facts[k].rows, self.columns)
            labels = Labels(*meet(k, types, result.type, **op.attrs))
            found = self.union(found, met(rows, labels))
        return found


def _simplest(a: Rows, b: Rows, found: Rows) -> Rows:
    """One of the operands where the union is nothing else: later unions are known then."""
    for x in (a, b):
        if not isinstance(x, frozenset) and not isinstance(found, frozenset) and x.nnz == found.nnz:
            return x
    return found


def _moved(
    spread: Spread,
    op: Op,
    facts: Sequence[Fact],
    active: Sequence[int],
    places: Sequence[Array | None],
) -> Rows | None:
    """An op that moves numbers, run on their numbers: all operands at once, where none are added
    up."""
    ones = moved_numbers(
        op, places, {k: np.ones(op.operands[k].type.shape, np.int64) for k in active}
    )
    groups = [active] if ones.max(initial=0) < 2 else [[k] for k in active]
    found: Rows | None = None
    for group in groups:
        sizes = [op.operands[k].type.size for k in group]
        rows = stacked([facts[k].rows for k in group], sizes, spread.columns)
        bounds = pairwise(accumulate(sizes, initial=1))
        numbers = {k: np.arange(*b).reshape(op.operands[k].type.shape)
                   for k, b in zip(group, bounds, strict=True)}  # fmt: skip
        found = spread.union(found, taken(rows, moved_numbers(op, places, numbers) - 1))
    return found


def moved_numbers(op: Op, places: Sequence[Array | None], given: Mapping[int, Array]) -> Array:
    """The op on integers in place of its floats; on zeros where none are given."""
    operands = [
        given.get(k, np.zeros(v.type.shape, np.int64)) if place is None else place
        for k, (v, place) in enumerate(zip(op.operands, places, strict=True))
    ]
    assert op.primitive.evaluate is not None
    return np.asarray(op.primitive.evaluate(*operands, **op.attrs))


def _added(
    spread: Spread, op: Op, facts: Sequence[Fact], places: Sequence[Array | None]
) -> Rows | None:
    """An op that adds to elements of its first operand: the op that reads them says which."""
    if facts[1].rows is None:
        return facts[0].rows
    target, given = op.operands[:2]
    every = np.arange(target.type.size).reshape(target.type.shape)
    rows = stacked([facts[1].rows], [given.type.size], spread.columns)
    read = read_numbers(op, places[2:])
    return spread.union(facts[0].rows, met(rows, Labels(read, every)))


def _collected(spread: Spread, op: Op, facts: Sequence[Fact]) -> Rows | None:
    """Sums of chosen elements: their first terms, their second ones, and so on."""
    shapes = [v.type.shape for v in op.operands]
    sizes = [v.type.size for v in op.operands]
    rows = stacked([f.rows for f in facts], sizes, spread.columns)
    bounds = pairwise(accumulate(sizes, initial=0))
    every = [np.arange(*b).reshape(shape) for b, shape in zip(bounds, shapes, strict=True)]
    numbers = np.concatenate(every, axis=-1)
    found: Rows | None = None
    for terms in zip_longest(*op.attrs["sources"], fillvalue=-1):
        at = np.array(terms)
        found = spread.union(found, taken(rows, np.where(at < 0, -1, numbers[..., at])))
    return found


def read_numbers(op: Op, places: Sequence[Array | None]) -> Array:
    """The numbers of the elements of its first operand that an op reads or writes, in order."""
    target = op.operands[0].type
    reader = PRIMITIVES[op.primitive.reader or op.name].evaluate
    assert reader is not None
    every = np.arange(target.size).reshape(target.shape)
    return np.asarray(reader(every, *places, **op.attrs))
