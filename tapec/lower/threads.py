"""Large loops over independent iterations are cut into parts, which threads take one by one.

    %s = for %0 {upper=n} (%i, %t) {     parallel {parts=p} (%k, %thread) {
      %v = load %x, %i                     %base = mul %k, c
      yield %t + %v                  ->    %u = for 0 {upper=c} (%j, %t) { ... at %base + %j }
    }                                      store %u, %sums, %k
                                         }
                                         %s = for %0 {upper=p} (%k, %t) { yield %t + %sums[%k] }

How many parts there are depends on the work alone, so sums are the same for any number of threads.
The iterations that are left over come last.
"""

from __future__ import annotations

from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops import arith
from tapec.ir.ops.folds import FOLDS
from tapec.ir.ops.loop import FOR, IF, PARALLEL, REPEAT, WHILE
from tapec.ir.ops.memory import ALLOC, LOAD, STORE
from tapec.ir.types import Type
from tapec.lower.cut import Own, beyond
from tapec.lower.disjoint import meeting
from tapec.lower.halves import split
from tapec.lower.private import filled_first, touches, work_memory
from tapec.lower.tuning import MOST_PARTS, PART_ROWS, PART_WORK, SHARED_WORK
from tapec.lower.work import work

_INDEX = Type("index")
_SERIAL = frozenset((FOR, IF, REPEAT, WHILE))


def share_loops(func: Func, threads: int = 2) -> Func:
    """The program with such loops in parts for this many threads."""
    if work(func.ops) < SHARED_WORK:
        return func
    sharing = _Sharing(func, threads)
    block = sharing.block(func.block)
    if block is func.block:
        return func
    ops = (*sharing.memory, *block.ops)
    return Func(func.name, Block(block.params, ops, block.results))


class _Sharing:
    """One program being rewritten; `memory` is what parts keep their sums and own numbers in."""

    def __init__(self, func: Func, threads: int) -> None:
        self.threads = threads
        self.allocated = work_memory(func.ops)
        self.touches = touches(func.ops)
        self.memory: list[Op] = []

    def block(self, block: Block) -> Block:
        """A block with its loops in parts, those inside of other loops where these are not."""
        ops = [made for op in block.ops for made in self.op(op)]
        if len(ops) == len(block.ops) and all(map(_same, ops, block.ops)):
            return block
        return Block(block.params, tuple(ops), block.results)

    def op(self, op: Op) -> list[Op]:
        """What takes the place of an op."""
        if op.primitive not in _SERIAL or work([op]) < SHARED_WORK:
            return [op]
        if (own := self.own(op)) is not None:
            return self.shared(op, own)
        if (halves := split(op)) is not None and (own := self.own(halves.first)) is not None:
            self.memory += halves.memory
            return [*self.shared(halves.first, own), halves.second]
        if op.attrs.get("kind") in ("vector", "wave"):
            return [op]
        regions = tuple(map(self.block, op.regions))
        if all(map(_same, regions, op.regions)):
            return [op]
        return [Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)]

    def own(self, op: Op) -> set[Value] | None:
        """The buffers that threads must have their own of; None where a loop is not shared."""
        if not _may_be_shared(op) or (shared := meeting(op)) is None:
            return None
        known = touches([op])
        inside = {b for b in shared & self.allocated if known[b] == self.touches[b]}
        own = filled_first(op, inside)
        return own if own == shared else None

    def shared(self, op: Op, own: set[Value]) -> list[Op]:
        """A loop in parts, how their sums are combined, and the iterations left over."""
        lower, upper = op.attrs["lower"], op.attrs["upper"]
        parts, length = _parts(op)
        build = Builder()
        build.loc = op.loc
        sums = [self.row_for_each(v.type.dtype, (parts,)) for v in op.operands]
        rows = {
            b: self.row_for_each(b.type.dtype, (self.threads, _padded(b.type.size))) for b in own
        }
        attrs = {"parts": parts, "threads": self.threads}
        starts = [
            v if (zero := FOLDS[how].neutral) is None else build.const(zero, v.type)
            for how, v in zip(op.attrs["reduce"], op.operands, strict=True)
        ]
        build.emit(PARALLEL, (), attrs, (_part(op, length, starts, sums, rows),))
        totals: tuple[Value, ...] = op.operands
        if sums:
            combining = {"lower": 0, "upper": parts, "kind": "serial", "reduce": ("",) * len(sums)}
            totals = build.emit(FOR, totals, combining, (_combined(op, sums),)).results
        last = lower + parts * length
        if last < upper:
            build.ops.append(_rest(op, last, totals))
        elif sums:
            final = build.ops[-1]
            build.ops[-1] = Op(FOR, final.operands, final.attrs, op.results, final.regions, op.loc)
        return build.ops

    def row_for_each(self, dtype: str, shape: tuple[int, ...]) -> Value:
        """Memory with a row for each part or thread."""
        made = Value(Type(dtype, shape, buffer=True), "rows")
        self.memory.append(Op(ALLOC, (), {"type": Type(dtype, shape)}, (made,)))
        return made


def _padded(size: int) -> int:
    """Whole lines of the cache, which no two parts share, and no power of two of them."""
    lines = -(-size // PART_ROWS)
    return (lines | 1) * PART_ROWS


def _same(a: object, b: object) -> bool:
    return a is b


def _may_be_shared(op: Op) -> bool:
    """Whether a loop can be cut into parts that are worth a thread, whatever it touches."""
    if op.primitive is not FOR or op.attrs["kind"] == "wave":
        return False
    known = op.attrs["kind"] == "vector" or not op.operands
    return known and all(how in FOLDS for how in op.attrs["reduce"]) and _parts(op)[0] > 1


def _parts(op: Op) -> tuple[int, int]:
    """How many parts, and the iterations of each."""
    trips = op.attrs["upper"] - op.attrs["lower"]
    wanted = min(MOST_PARTS, work([op]) // PART_WORK, trips)
    length = max(trips // max(wanted, 1), 1)
    if op.attrs["kind"] == "vector":
        length = -(-length // PART_ROWS) * PART_ROWS
    return trips // length, length


def _part(
    op: Op, length: int, starts: list[Value], sums: list[Value], rows: dict[Value, Value]
) -> Block:
    """The iterations of one part."""
    build = Builder()
    k, t = build.param(_INDEX, "k"), build.param(_INDEX, "t")
    base = build.emit(arith.mul, (k, build.const(length, _INDEX))).result
    if op.attrs["lower"]:
        base = build.emit(arith.add, (base, build.const(op.attrs["lower"], _INDEX))).result
    attrs = {**op.attrs, "lower": 0, "upper": length}
    made = build.emit(FOR, starts, attrs, (beyond(op.regions[0], base, Own(t, rows)),))
    for value, buffer in zip(made.results, sums, strict=True):
        build.emit(STORE, (value, buffer, k), {"offset": 0, "strides": (1,)})
    return Block(tuple(build.params), tuple(build.ops), ())


def _combined(op: Op, sums: list[Value]) -> Block:
    """A loop's body: the totals so far, and the numbers of one more part."""
    build = Builder()
    k = build.param(_INDEX, "k")
    totals = [build.param(v.type) for v in op.operands]
    out = []
    for how, total, buffer in zip(op.attrs["reduce"], totals, sums, strict=True):
        number = build.emit(LOAD, (buffer, k), {"offset": 0, "strides": (1,)}).result
        out.append(build.emit(FOLDS[how].combine, (total, number)).result)
    return Block(tuple(build.params), tuple(build.ops), tuple(out))


def _rest(op: Op, first: int, totals: tuple[Value, ...]) -> Op:
    """The iterations from `first` on."""
    return Op(FOR, totals, {**op.attrs, "lower": first}, op.results, op.regions, op.loc)
