"""Iterations of a loop that do nothing, outside of bounds that masks in its body compare with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import is_
from typing import Any

import numpy as np

from tapec.ir.core import Func, Op, Value
from tapec.ir.nested import every
from tapec.ir.ops import arith, logic
from tapec.ir.ops.const import is_const
from tapec.ir.ops.memory import ALLOC, CHECK, LOAD, STORE

# A sum of numbers outside of a loop with factors; None stands for 1.
Offset = tuple[tuple[Value | None, int], ...]
# What an iteration must fulfil to count: counter + offset is "from" the number, or below it ("to").
Bound = tuple[str, Value, Offset]
Bounds = frozenset[Bound]
NOTHING: Bounds = frozenset()
# Comparisons of the counter with a bound, and of a bound with the counter.
_LEFT = {logic.greater_equal: "from", logic.less: "to"}
_RIGHT = {logic.less_equal: "from", logic.greater: "to"}
_ZERO_IF_ALL = frozenset(
    {arith.add, arith.sub, arith.mul, arith.neg, logic.convert, logic.logical_or, CHECK}
)
# The operand that leaves the other one what it is.
_LEAVES = {arith.add: 0, arith.sub: 0, arith.maximum: -np.inf, arith.minimum: np.inf}


@dataclass(frozen=True)
class ProgramFacts:
    """What the whole program says: constants, arrays of counters, and who uses which memory."""

    numbers: Mapping[Value, object]
    counters: frozenset[Value]  # buffers with the numbers 0, 1, 2, ...
    users: Mapping[Value, Sequence[Op]]  # of work memory

    @staticmethod
    def of(func: Func) -> ProgramFacts:
        numbers: dict[Value, object] = {}
        counters: set[Value] = set()
        users: dict[Value, list[Op]] = {}
        for op in every(func.ops):
            if is_const(op):
                numbers[op.result] = op.attrs["value"]
            elif op.primitive is ALLOC and op.attrs.get("data") is None:
                users[op.result] = []
            elif op.primitive is ALLOC and _counts(op.attrs["data"].array):
                counters.add(op.result)
            for v in op.operands:
                if v in users:
                    users[v].append(op)
        return ProgramFacts(numbers, frozenset(counters), users)


def _counts(array: np.ndarray[Any, Any]) -> bool:
    integers = array.ndim == 1 and array.dtype.kind == "i"
    return integers and np.array_equal(array, np.arange(len(array)))


class MaskedLoop:
    """The body of one loop, and what happens in iterations that do not count."""

    def __init__(self, op: Op, known: ProgramFacts) -> None:
        self.op, self._known = op, known
        self.block = op.regions[0]
        self.counter = self.block.params[0]
        self._ops = frozenset(self.block.ops)
        self._made = {v: o for o in self.block.ops for v in o.results}
        self._needs: dict[Value, Bounds] = {}
        self._temporary: frozenset[Value] = frozenset()
        masks = [self.needs(o.operands[0]) for o in self.block.ops if o.primitive is logic.select]
        self.order = self._in_order(max(masks, key=len, default=NOTHING))

    @property
    def bounds(self) -> Bounds:
        """The bounds outside of which an iteration does not count."""
        return frozenset(self.order)

    def _in_order(self, bounds: Bounds) -> tuple[Bound, ...]:
        """Bounds in the order of their comparisons."""
        found = (need for v in self._made if len(self.needs(v)) == 1 for need in self.needs(v))
        return tuple(dict.fromkeys(need for need in found if need in bounds))

    def needs(self, truth: Value) -> Bounds:
        """What the counter fulfils where a truth holds."""
        if truth not in self._needs:
            self._needs[truth] = self._needed(self._made.get(truth))
        return self._needs[truth]

    def _needed(self, op: Op | None) -> Bounds:
        if op is None:
            return NOTHING
        if op.primitive is logic.logical_and:
            return self.needs(op.operands[0]) | self.needs(op.operands[1])
        names = _LEFT if op.primitive in _LEFT else _RIGHT
        if op.primitive not in names:
            return NOTHING
        counted, bound = op.operands if names is _LEFT else op.operands[::-1]
        offset = self._offset(counted) if self._is_outside(bound) else None
        return NOTHING if offset is None else frozenset([(names[op.primitive], bound, offset)])

    def _offset(self, value: Value) -> Offset | None:
        """How far a number is from the counter; None where it is something else."""
        op = self._made.get(value)
        if op is None:
            return () if value is self.counter else None
        if op.primitive is logic.convert:
            return self._offset(op.operands[0])
        if op.primitive is LOAD and op.operands[0] in self._known.counters:
            *others, last = zip(op.operands[1:], op.attrs["strides"], strict=True)
            if last != (self.counter, 1) or not all(self._is_outside(v) for v, _ in others):
                return None
            return tuple((v, n) for v, n in (*others, (None, op.attrs["offset"])) if n)
        if op.primitive not in (arith.add, arith.sub):
            return None
        a, b = op.operands
        if op.primitive is arith.add and self._is_outside(a):
            a, b = b, a
        known = self._offset(a) if self._is_outside(b) else None
        return None if known is None else (*known, (b, 1 if op.primitive is arith.add else -1))

    def _is_outside(self, value: Value) -> bool:
        return value not in self._made and value not in self.block.params

    def _plain(self, op: Op) -> bool:
        """Whether a load or store is of the element with the number of the iteration."""
        first = 1 + (op.primitive is STORE)
        here = op.operands[first:] == (self.counter,)
        return here and not op.attrs.get("offset") and tuple(op.attrs["strides"]) == (1,)

    def stored(self) -> Iterator[Value]:
        """The memory that it stores to element by element."""
        return (o.operands[1] for o in self.block.ops if o.primitive is STORE and self._plain(o))

    def has(self, op: Op) -> bool:
        """Whether a load or store is one of this loop's, element by element."""
        return op in self._ops and op.primitive in (LOAD, STORE) and self._plain(op)

    # -- iterations that do not count -------------------------------------------------------

    def is_idle(self, temporary: frozenset[Value]) -> bool:
        """Whether nothing happens outside of the bounds."""
        self._temporary = temporary
        carried = zip(self.block.params[1:], self.block.results, strict=True)
        return all(map(self._idle, self.block.ops)) and all(
            self._same(end, partial(is_, start)) for start, end in carried
        )

    def _idle(self, op: Op) -> bool:
        if op.primitive is STORE:
            value, memory, *_ = op.operands
            if memory in self._temporary and self._plain(op):
                return self._zero(value)
            return self._same(value, lambda v: self._is_there(v, op))
        if op.primitive is CHECK:
            return self._zero(op.operands[0])
        return op.primitive is LOAD or (not op.regions and not op.primitive.effect)

    def _is_there(self, value: Value, store: Op) -> bool:
        """Whether a value is what is in the place where it is stored."""
        op = self._made.get(value)
        return (
            op is not None
            and op.primitive is LOAD
            and op.operands == store.operands[1:]
            and op.attrs == store.attrs
        )

    def _same(self, value: Value, known: Callable[[Value], bool]) -> bool:
        """Whether a value is one that is known, outside of the bounds."""
        if known(value):
            return True
        op = self._made.get(value)
        if op is None:
            return False
        if op.primitive is logic.select:
            truth, then, otherwise = op.operands
            sides = (otherwise,) if self._false(truth) else (then, otherwise)
            return all(self._same(v, known) for v in sides)
        if op.primitive not in _LEAVES:
            return False
        a, b = op.operands
        kept, changed = self._same(a, known), self._same(b, known)
        leaves = (
            self._zero
            if _LEAVES[op.primitive] == 0
            else partial(self._masked, _LEAVES[op.primitive])
        )
        return (kept and leaves(b)) or (changed and op.primitive is not arith.sub and leaves(a))

    def _masked(self, number: float, value: Value) -> bool:
        """Whether a value is a number there."""
        op = self._made.get(value)
        if op is None:
            return self._known.numbers.get(value) == number
        masked = op.primitive is logic.select and self._false(op.operands[0])
        return masked and self._masked(number, op.operands[2])

    def _false(self, truth: Value) -> bool:
        """Whether a truth is false outside of the bounds."""
        return self.needs(truth) >= self.bounds

    def _zero(self, value: Value) -> bool:
        """Whether a value is zero there."""
        op = self._made.get(value)
        if op is None:
            number = self._known.numbers.get(value)
            return isinstance(number, (bool, int, float)) and number == 0
        if op.primitive is logic.select:
            truth, then, otherwise = op.operands
            return self._zero(otherwise) and (self._false(truth) or self._zero(then))
        if op.primitive is LOAD:
            return op.operands[0] in self._temporary and self._plain(op)
        if op.primitive is logic.logical_and:
            return self._false(value) or any(map(self._zero, op.operands))
        zeros = op.primitive in _ZERO_IF_ALL and all(map(self._zero, op.operands))
        return self._false(value) or zeros
