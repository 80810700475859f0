"""Nested blocks under construction: placement of ops and reuse of their values.

An op is placed in the outermost open block in which all its operands are known, so that
loop-invariant ops are hoisted. Nothing moves out of a branch, and ops that may fail (index checks)
move only out of blocks that are certain to run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.loop import FOR, IF, INVOKE, REPEAT, WHILE
from tapec.ir.types import Type

INDEX = Type("index")
Interval = tuple[float, float]


class Loop:
    """A loop or branch under construction: its parameters, and after the block its results."""

    def __init__(self, index: Value | None, carried: tuple[Value, ...]) -> None:
        self.index_value, self.carried = index, carried
        self.yields: Sequence[Value] = ()
        self.results: tuple[Value, ...] = ()

    @property
    def index(self) -> Value:
        """The counter."""
        assert self.index_value is not None
        return self.index_value


@dataclass
class _Open:
    """An open block: its ops, the values computed in it, and limits to hoisting."""

    ops: list[Op]
    known: dict[Any, Value]
    floor: int  # the outermost block its ops may be placed in
    guard: int  # the same for ops that may fail


class Blocks:
    """The stack of open blocks; level 0 is the program itself."""

    def __init__(self) -> None:
        self._open: list[_Open] = [_Open([], {}, 0, 0)]
        self._level = 0  # the block that ops are appended to: the innermost, except within `at`
        self._depths: dict[int, int] = {}
        self._versions: dict[int, tuple[int, int]] = {}
        self.ranges: dict[Value, Interval] = {}

    # ---- places ----

    @property
    def ops(self) -> list[Op]:
        """The block under construction."""
        return self._open[self._level].ops

    def depth(self, operands: Sequence[Value]) -> int:
        """The outermost block in which all of these are defined."""
        found, depths = 0, self._depths
        for value in operands:
            depth = depths.get(id(value), 0)
            if depth > found:
                found = depth
        return found

    def place(self, op: Op, depth: int) -> None:
        """Append to the block of a depth."""
        self._open[depth].ops.append(op)
        if depth:
            for value in op.results:
                self._depths[id(value)] = depth

    def append(self, op: Op) -> None:
        """Append here, whatever the operands."""
        self.place(op, self._level)

    def seek(self, key: Any, depth: int, *, fails: bool = False) -> tuple[Value | None, int]:
        """The value computed under a key, and the depth to place it at if there is none."""
        here = self._open[self._level]
        place = max(depth, here.guard if fails else here.floor)
        for level in range(depth, place + 1):
            found = self._open[level].known.get(key)
            if found is not None:
                return found, level
        return None, place

    def learn(self, key: Any, value: Value, depth: int) -> None:
        """Remember a value until the block of this depth is closed."""
        self._open[depth].known[key] = value

    def recall(self, key: Any) -> Value | None:
        """The value that any open block remembers under a key."""
        for block in reversed(self._open):
            found = block.known.get(key)
            if found is not None:
                return found
        return None

    def remember(self, key: Any, value: Value) -> Value:
        """Remember as long as the value can be read."""
        self._open[self._depths.get(id(value), 0)].known[key] = value
        return value

    @contextmanager
    def at(self, depth: int) -> Iterator[None]:
        """Ops go to the end of an outer block."""
        before, self._level = self._level, depth
        try:
            yield
        finally:
            self._level = before

    # ---- memory ----

    def wrote(self, buffer: Value) -> None:
        """Invalidate earlier reads of the buffer, which now holds values of this block."""
        number, _ = self._versions.get(id(buffer), (0, 0))
        self._versions[id(buffer)] = (number + 1, self._level)

    def version(self, buffer: Value) -> tuple[int, int]:
        """A number for the buffer's present content, the depth of the block that wrote it."""
        return self._versions.get(id(buffer), (0, 0))

    # ---- control flow ----

    @contextmanager
    def _block(self, params: Sequence[Value], *, floor: bool, guard: bool) -> Iterator[list[Op]]:
        depth = len(self._open)
        outer = self._open[-1]
        place = depth if floor else outer.floor
        self._open.append(_Open([], {}, place, depth if guard else max(place, outer.guard)))
        before, self._level = self._level, depth
        for value in params:
            self._depths[id(value)] = depth
        try:
            yield self._open[-1].ops
        finally:
            self._open.pop()
            self._level = before

    @contextmanager
    def loop(
        self,
        upper: int,
        init: Sequence[Value] = (),
        *,
        lower: int = 0,
        kind: str = "serial",
        reduce: tuple[str, ...] = (),
    ) -> Iterator[Loop]:
        """A `for` op: inside the `with` block ops go to its region; set `loop.yields`."""
        kinds = reduce or ("",) * len(init)
        attrs = {"lower": lower, "upper": upper, "kind": kind, "reduce": kinds}
        with self._counted(tuple(init), (lower, upper - 1), guard=lower >= upper) as (loop, block):
            yield loop
        self._finish(Op(FOR, tuple(init), attrs, loop.results, (block(),)))

    @contextmanager
    def repeat(self, count: Value, init: Sequence[Value], most: float) -> Iterator[Loop]:
        """A `repeat` op with a count of at most `most`; as `loop` otherwise."""
        with self._counted(tuple(init), (0, most - 1), guard=True) as (loop, block):
            yield loop
        self._finish(Op(REPEAT, (count, *init), {}, loop.results, (block(),)))

    @contextmanager
    def _counted(
        self, init: tuple[Value, ...], range: Interval, *, guard: bool
    ) -> Iterator[tuple[Loop, Any]]:
        index = Value(INDEX, "i")
        self.ranges[index] = range
        loop = Loop(index, tuple(Value(v.type) for v in init))
        params = (index, *loop.carried)
        with self._block(params, floor=False, guard=guard) as ops:
            yield loop, lambda: Block(params, tuple(ops), tuple(loop.yields))
        loop.results = tuple(Value(v.type) for v in init)

    @contextmanager
    def test(self, init: Sequence[Value]) -> Iterator[Loop]:
        """The first region of a `while`: set `yields` to its truth."""
        loop = Loop(None, tuple(Value(v.type) for v in init))
        with self._block(loop.carried, floor=False, guard=True) as ops:
            yield loop
        loop.results = ()
        self._test = Block(loop.carried, tuple(ops), tuple(loop.yields))

    @contextmanager
    def body(self, init: Sequence[Value]) -> Iterator[Loop]:
        """The second region of the `while` whose test has just been built."""
        loop, test = Loop(None, tuple(Value(v.type) for v in init)), self._test
        with self._block(loop.carried, floor=False, guard=True) as ops:
            yield loop
        loop.results = tuple(Value(v.type) for v in init)
        block = Block(loop.carried, tuple(ops), tuple(loop.yields))
        self._finish(Op(WHILE, tuple(init), {}, loop.results, (test, block)))

    @contextmanager
    def side(self) -> Iterator[list[Op]]:
        """One side of a branch: nothing leaves it."""
        with self._block((), floor=True, guard=True) as ops:
            yield ops

    def branch(
        self, pred: Value, sides: Sequence[tuple[Sequence[Op], Sequence[Value]]]
    ) -> tuple[Value, ...]:
        """An `if` of two sides, each (ops, results)."""
        results = tuple(Value(v.type) for v in sides[0][1])
        regions = tuple(Block((), tuple(ops), tuple(values)) for ops, values in sides)
        self._finish(Op(IF, (pred,), {}, results, regions))
        return results

    def _finish(self, op: Op) -> None:
        self.append(op)


def live(ops: Sequence[Op]) -> tuple[Op, ...]:
    """The ops with an effect or a used result, in regions too."""
    return _live(ops, set())


def _live(ops: Sequence[Op], used: set[int]) -> tuple[Op, ...]:
    kept: list[Op] = []
    for op in reversed(ops):
        if not op.primitive.effect and used.isdisjoint(map(id, op.results)):
            continue
        # Called functions are shared, and already cleaned.
        if op.regions and op.primitive is not INVOKE:
            op = Op(op.primitive, op.operands, op.attrs, op.results, _regions(op, used), op.loc)
        kept.append(op)
        used.update(map(id, op.operands))
    return tuple(reversed(kept))


def _regions(op: Op, used: set[int]) -> tuple[Block, ...]:
    found = []
    for region in op.regions:
        used.update(map(id, region.results))
        found.append(Block(region.params, _live(region.ops, used), region.results))
    return tuple(found)
