"""Wavefronts as LLVM text: several rows of a double loop in one vector, each a column behind.

A band of rows starts with a scalar triangle that skews its rows, continues with vectors in which
lane l is at row i + l and column j - skew * l, and ends with another triangle. Values that a row
carries between triangle and lane are kept in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tapec.backends.llvm import emit_loops as loops
from tapec.backends.llvm.emit_control import trips
from tapec.backends.llvm.emit_function import FunctionEmitter
from tapec.backends.llvm.emit_loops import counted
from tapec.backends.llvm.emit_memory import lanes, write
from tapec.backends.llvm.emit_place import buffer_place, read
from tapec.backends.llvm.emit_scalar import MEMORY, REGISTER, vector
from tapec.backends.llvm.tuning import POLLED_WORK, WAVE_LANES, WAVE_PAIRS
from tapec.ir.core import Op, Value
from tapec.lower.work import work


def loop(e: FunctionEmitter, op: Op) -> None:
    """A `for`: a wavefront as bands of rows and remaining rows, any other by `emit_loops`."""
    lower, upper = op.attrs["lower"], op.attrs["upper"]
    if op.attrs["kind"] != "wave" or e.width > 1 or e.full_width < WAVE_LANES:
        loops.loop(e, op)
        return
    width = _width(e, op)
    stop = lower + (upper - lower) // width * width
    band = _Band(e, op, width)
    inside = 0 if e.depth else work(op.regions[0].ops)

    def body(first: str, _: list[str]) -> Sequence[str]:
        band.emit(first)
        if inside * (upper - lower) > POLLED_WORK:
            e.poll(first, inside * width)
        return ()

    counted(e, (lower, stop, width), [], body)
    loops.serial(e, op, (stop, upper, 1), [])


def _width(e: FunctionEmitter, op: Op) -> int:
    """Rows of a band: two vectors where cells are expensive, so that one computes while the
    other waits for its previous cell."""
    (columns,) = (inner for inner in op.regions[0].ops if inner.regions)
    long = any(inner.primitive.function for inner in columns.regions[0].ops)
    large = all(
        o.attrs["upper"] - o.attrs["lower"] >= WAVE_PAIRS * e.full_width for o in (op, columns)
    )
    return e.full_width * (2 if long and large else 1)


@dataclass(frozen=True)
class _Ahead:
    """A load that reads the value stored a number of rows and steps earlier."""

    load: Op
    store: Op
    rows: int
    steps: int


class _Band:
    """The rows of a band: their loops, and the memory of their carried values."""

    def __init__(self, e: FunctionEmitter, op: Op, width: int) -> None:
        self.e, self.width, (block,) = e, width, op.regions
        self.row, self.skew = block.params[0], op.attrs.get("skew", 1)
        self.rows = (op.attrs["lower"], op.attrs["upper"] - 1)
        at = next(k for k, inner in enumerate(block.ops) if inner.regions)
        self.before, self.columns, self.after = block.ops[:at], block.ops[at], block.ops[at + 1 :]
        self.column, *self.carried = self.columns.regions[0].params
        used = {v for o in (*self.columns.regions[0].ops, *self.after) for v in o.operands}
        used.update(self.columns.regions[0].results)
        self.shared = [v for o in self.before for v in o.results if v in used]
        ops = self.columns.regions[0].ops
        # In the order of their loads.
        known = sorted(op.attrs.get("ahead", ()))
        self.ahead = [
            _Ahead(ops[k], ops[n], rows, self.skew * rows + columns)
            for k, n, rows, columns in known
            if rows < width
        ]
        self.slots = {v: self.room(v) for v in (*self.shared, *self.carried)}

    def room(self, value: Value) -> str:
        """Memory for one number of each row."""
        name = f"%wave{self.e.fresh_label()}"
        self.e.head.append(f"{name} = alloca [{self.width} x {MEMORY[value.type.dtype]}], align 64")
        return name

    def emit(self, first: str) -> None:
        """All columns of the rows from `first` on."""
        attrs = self.columns.attrs
        self.each(first, lambda lane: self.start(lane, attrs["lower"]))
        self.together(first, attrs["lower"], attrs["upper"])
        self.each(first, lambda lane: self.finish(lane, attrs["upper"]))

    def each(self, first: str, body: Callable[[str], None]) -> None:
        """One row after the other."""
        e = self.e

        def one(lane: str, _: list[str]) -> Sequence[str]:
            e.names[self.row] = e.emit(f"add nuw nsw i64 {first}, {lane}")
            e.ranges[self.row] = self.rows
            e.depths[self.row] = e.depth
            body(lane)
            return ()

        counted(e, (0, self.width, 1), [], one)

    def start(self, lane: str, lower: int) -> None:
        """The first columns of a row: `skew` for each row below in the band."""
        e = self.e
        for op in self.before:
            e.op(op)
        below = e.emit(f"sub nuw nsw i64 {self.width - 1}, {lane}")
        count = e.emit(f"mul nuw nsw i64 {below}, {self.skew}")
        carried = self.cells(count, str(lower), [e.names[v] for v in self.columns.operands])
        names = [*(e.names[v] for v in self.shared), *carried]
        for value, name in zip((*self.shared, *self.carried), names, strict=True):
            write(e, self.slot(value, lane), name, value.type.dtype, 1)

    def finish(self, lane: str, upper: int) -> None:
        """The last columns of a row: `skew` for each row above in the band."""
        e = self.e
        for value in (*self.shared, *self.carried):
            e.names[value] = read(e, self.slot(value, lane), value.type.dtype, 1)
            e.depths[value] = e.depth
        count = e.emit(f"mul nuw nsw i64 {lane}, {self.skew}")
        begin = e.emit(f"sub nuw nsw i64 {upper}, {count}")
        e.bind(self.columns.results, self.cells(count, begin, [e.names[v] for v in self.carried]))
        e.depths.update(dict.fromkeys(self.columns.results, e.depth))
        for op in self.after:
            e.op(op)

    def slot(self, value: Value, lane: str) -> str:
        """The memory of one number of a row."""
        dtype = value.type.dtype
        return self.e.emit(f"getelementptr inbounds {MEMORY[dtype]}, ptr {self.slots[value]}, "
                           f"i64 {lane}")  # fmt: skip

    def cells(self, count: str, first: str, init: Sequence[str]) -> list[str]:
        """Some columns of one row; returns the carried values."""
        e, types = self.e, [REGISTER[v.type.dtype] for v in self.carried]

        def body(index: str, carried: list[str]) -> Sequence[str]:
            self.enter(e.emit(f"add nuw nsw i64 {index}, {first}"), carried)
            return e.block(self.columns.regions[0])

        return trips(e, count, list(zip(types, init, strict=True)), body)

    def enter(self, column: str, carried: Sequence[str]) -> None:
        """Bind the parameters of the loop over columns."""
        e, attrs = self.e, self.columns.attrs
        e.names[self.column] = column
        e.ranges[self.column] = (attrs["lower"], attrs["upper"] - 1)
        e.bind(self.carried, carried)
        e.depths.update(dict.fromkeys((self.column, *self.carried), e.depth))

    def together(self, first: str, lower: int, upper: int) -> None:
        """The columns where all rows are busy."""
        e, width = self.e, self.width
        values = (*self.shared, *self.carried)
        wide = {v: read(e, self.slots[v], v.type.dtype, width) for v in values}
        e.names[self.row] = first
        e.depths[self.row] = e.depth
        e.width, e.lanes = width, {self.row: 1, self.column: -self.skew}
        begin = lower + self.skew * (width - 1)
        e.wide = {v: wide[v] for v in self.shared}
        init = [(wide[v], v) for v in self.carried] + [
            (self.loaded(a.load, str(begin + k)), a.load.result) for a in self.ahead
            for k in range(a.steps)]  # fmt: skip

        def body(index: str, carried: list[str]) -> Sequence[str]:
            e.wide = {v: wide[v] for v in self.shared}
            self.enter(index, carried[: len(self.carried)])
            return self.step(index, carried[len(self.carried) :])

        typed = [(vector(REGISTER[v.type.dtype], width), name) for name, v in init]
        results = counted(e, (begin, upper, 1), typed, body)
        e.width, e.lanes, e.wide = 1, {}, {}
        for value, name in zip(self.carried, results, strict=False):
            write(e, self.slots[value], name, value.type.dtype, width)

    def loaded(self, load: Op, column: str) -> str:
        """The values of a load in the loop over columns, for all rows."""
        e = self.e
        e.names[self.column] = column
        e.depths[self.column] = e.depth
        e.op(load)
        return e.operand(load.result)

    def step(self, column: str, left: Sequence[str]) -> list[str]:
        """A cell of each row; `left` has the values of loads that read previously stored cells."""
        e, block = self.e, self.columns.regions[0]
        queues, known, following = list(left), {a.load: a for a in self.ahead}, []
        lines: dict[Op, list[str]] = {}
        for op in block.ops:
            ahead = known.get(op)
            if ahead is None:
                e.op(op)
            elif ahead.steps:
                lines[op] = [queues.pop(0) for _ in range(ahead.steps)]
                e.wide[op.result] = lines[op][0]
            else:
                e.wide[op.result] = self.next(ahead, column)
        results = [e.operand(v) for v in block.results]
        for ahead in self.ahead:
            if ahead.steps:
                following += [*lines[ahead.load][1:], self.next(ahead, column)]
        return [*results, *following]

    def next(self, ahead: _Ahead, column: str) -> str:
        """The values of a load some steps later: those stored now by the rows above, and from
        memory for the first rows."""
        e, (_, *indices), dtype = self.e, ahead.load.operands, ahead.load.result.type.dtype
        stored = e.operand(ahead.store.operands[0])
        if not ahead.rows:
            return stored
        if ahead.steps:
            e.names[self.column] = e.emit(f"add nuw nsw i64 {column}, {ahead.steps}")
        place = buffer_place(e, ahead.load.operands[0])
        found = zip(range(ahead.rows), lanes(e, ahead.load, place, indices), strict=False)
        above = [read(e, at, dtype, 1, place.scope) for _, at in found]
        e.names[self.column] = column
        return self.shifted(stored, above, REGISTER[dtype])

    def shifted(self, stored: str, above: Sequence[str], element: str) -> str:
        """Lanes shifted down, preceded by the last lanes of the vector of rows above, which is one
        shuffle."""
        e, width, count = self.e, self.width, len(above)
        type = vector(element, width)
        other = e.spread(above[0], element) if count == 1 else "poison"
        if count > 1:
            for k, one in enumerate(above, width - count):
                other = e.emit(f"insertelement {type} {other}, {element} {one}, i32 {k}")
        places = [*range(2 * width - count, 2 * width), *range(width - count)]
        mask = ", ".join(f"i32 {place}" for place in places)
        return e.emit(f"shufflevector {type} {stored}, {type} {other}, <{width} x i32> <{mask}>")
