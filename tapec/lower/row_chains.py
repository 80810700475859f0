"""Chains of ops on the rows of long arrays: where rows are, and which ops are worth a loop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence, Set

from tapec.ir.core import Block, Op, Value
from tapec.ir.ops.arith import FUSED, add, neg
from tapec.ir.ops.const import is_const
from tapec.ir.ops.gather import GATHER
from tapec.ir.ops.indexing import INDEX, PLACE
from tapec.ir.ops.linalg import DOT
from tapec.ir.ops.reduce import REDUCE_SUM
from tapec.ir.ops.shape import CONCATENATE, RESHAPE, STACK, TRANSPOSE
from tapec.lower.row_rules import SUMMED, Places, along
from tapec.lower.tuning import BLOCKED_LANES, BLOCKED_ROWS, FEWEST_ROWS, LONG_ROW

_ORDERED = frozenset((RESHAPE, TRANSPOSE, INDEX))


class Rows:
    """Which values of a block are made row by row, and where their rows are."""

    def __init__(self, block: Block, rows: int) -> None:
        self.given, self.rows = block, rows
        self.source = {r: op for op in block.ops for r in op.results}
        self.axis: dict[Value, int] = {}
        self.places: dict[Op, Places] = {}
        self.sums: set[Op] = set()
        self.group: dict[Op, Op] = {}  # ops that share rows, as a forest of sets
        later: set[Value] = set()
        for op in block.ops:
            if is_const(op):
                continue
            if not later.isdisjoint(op.operands) or not self.add(op):
                if not later.isdisjoint(op.operands) or any(v in self.axis for v in op.operands):
                    later.update(op.results)
            elif op in self.sums:
                later.update(op.results)

    def add(self, op: Op) -> bool:
        """Whether an op belongs to rows."""
        ordered = op.primitive.raises and op.primitive is not GATHER
        if op.regions or len(op.results) != 1 or ordered:
            return False
        places = self.where(op)
        found = along(op, places, self.rows) if any(p is not None for p in places) else None
        if found is None:
            return False
        self.places[op], self.group[op] = places, op
        for v in op.operands:
            if v in self.axis:
                self.group[self.root(self.source[v])] = self.root(op)
        if found == SUMMED:
            self.sums.add(op)
        else:
            self.axis[op.result] = found
        return True

    def doubled(self, op: Op) -> tuple[Value, bool] | None:
        """x, and whether it is negated, for a sum over rows of x + x or of -(x + x).

        Only where these two may be fused: what it rounds is not told apart from the sum's rounding.
        """
        inner = self.source.get(op.operands[0]) if op in self.sums else None
        negated = inner is not None and inner.primitive is neg
        if inner is not None and negated:
            inner = self.source.get(inner.operands[0])
        if inner is None or inner.primitive is not add or FUSED not in inner.attrs:
            return None
        x, again = inner.operands
        known = x is again and x in self.axis and op.primitive is REDUCE_SUM
        return (x, negated) if known else None

    def root(self, op: Op) -> Op:
        """The op that stands for all that share rows with this one."""
        while self.group[op] is not op:
            op = self.group[op]
        return op

    def where(self, op: Op) -> Places:
        """The axes that rows of the operands run along; outside, only where it matters."""
        own = [self.axis.get(v) for v in op.operands]
        if op.primitive is DOT:
            return self.paired(op, own)
        if op.primitive is GATHER:
            return [own[0], *self.indices(op, own[1:])]
        known = [p for p in own if p is not None]
        joined = op.primitive in (STACK, CONCATENATE, PLACE)
        if known and not joined:
            return own
        first = known[0] if known else 0
        ndim = op.result.type.ndim
        alone = joined or op.primitive in _ORDERED or op.primitive.reduces or "axis" in op.attrs
        return [
            p if p is not None or not self.has_rows(v, first) else
            first if ((alone or v.type.ndim == ndim) and not is_const(self.source.get(v))) or joined
            else None
            for p, v in zip(own, op.operands, strict=True)
        ]  # fmt: skip

    def indices(self, op: Op, own: Places) -> Places:
        """The indices of a gather: arrays of all axes that have rows in front are read by rows."""
        rank = max(v.type.ndim for v in op.operands[1:])
        return [
            0 if p is None and v.type.ndim == rank and self.has_rows(v, 0) else p
            for v, p in zip(op.operands[1:], own, strict=True)
        ]

    def has_rows(self, value: Value, axis: int) -> bool:
        """Whether an axis of a value is as long as there are rows."""
        return value.type.ndim > axis and value.type.shape[axis] == self.rows

    def paired(self, op: Op, own: Places) -> Places:
        """The operands of a product: an axis with rows is that of the other one's partner."""
        if own == [None, None] and (0, 0) in op.attrs["batch"]:
            own = [0, 0] if self.has_rows(op.operands[0], 0) else own
        for i, j in (*op.attrs["contract"], *op.attrs["batch"]):
            if (own[0] == i and own[1] is None) or (own[1] == j and own[0] is None):
                return (i, j)
        return tuple(own)

    # ---- worth ----

    def chosen(self, chooses: Callable[[Sequence[Op]], bool]) -> Sequence[Op]:
        """The ops of those groups that share rows which are chosen."""
        groups: dict[Op, list[Op]] = {}
        for op in self.places:
            groups.setdefault(self.root(op), []).append(op)
        found = {op for ops in groups.values() if chooses(ops) for op in ops}
        return [op for op in self.given.ops if op in found]

    def worth(self, ops: Sequence[Op]) -> bool:
        """Whether ops are worth a loop of their own over rows: several passes over large arrays,
        one of them along rows."""
        least = BLOCKED_LANES if self.short(ops) else BLOCKED_ROWS
        passes = [op for op in ops if breaks(op) and self.largest([op]) >= least]
        made = {op.result for op in ops if not breaks(op) and self.largest([op]) >= least}
        out = not made.isdisjoint(self.read_outside(set(ops)))
        return any(op not in self.sums for op in passes) and len(passes) + out > 1

    def read_outside(self, ops: Set[Op]) -> Iterator[Value]:
        """What others read, or the program returns."""
        yield from self.given.results
        yield from (v for op in self.given.ops if op not in ops for v in op.operands)

    def short(self, ops: Sequence[Op]) -> bool:
        """Whether lanes run over rows: along them they would be few."""
        big = max((v for op in ops for v in self.values(op)), key=lambda v: v.type.size)
        rest = [n for k, n in enumerate(big.type.shape) if k != self.axis.get(big, 0)]
        return not rest or rest[-1] < LONG_ROW

    def values(self, op: Op) -> Iterator[Value]:
        """The values of an op that have rows."""
        if op.result in self.axis:
            yield op.result
        yield from (v for v in op.operands if v in self.axis)
        yield from (
            v for v, p in zip(op.operands, self.places[op], strict=True)
            if p is not None and v not in self.axis
        )  # fmt: skip

    def largest(self, ops: Sequence[Op]) -> int:
        """The most elements of an array with rows."""
        return max((v.type.size for op in ops for v in self.values(op)), default=0)


def extents(block: Block) -> Sequence[int]:
    """The numbers of rows of arrays that are large, those of the most elements first."""
    counts: Counter[int] = Counter()
    for op in block.ops:
        for v in op.results:
            if v.type.ndim > 1 and v.type.shape[0] >= FEWEST_ROWS and not is_const(op):
                counts[v.type.shape[0]] += v.type.size
    return [n for n, size in counts.most_common() if size >= BLOCKED_LANES]


def around(block: Block, ops: Collection[Op]) -> tuple[Sequence[Op], Sequence[Op]]:
    """The other ops of a block: those that come before these, and those that wait for one."""
    inside, dependent = set(ops), {op.result for op in ops}
    before, after = list[Op](), list[Op]()
    for op in block.ops:
        if op not in inside:
            late = not dependent.isdisjoint(op.operands)
            (after if late else before).append(op)
            dependent.update(op.results if late else ())
    return before, after


def breaks(op: Op) -> bool:
    """Whether an op needs a pass over its operands."""
    return op.primitive.reduces or op.primitive.own_loops
