"""Rows of long arrays, block by block: whatever is computed from a row alone, in one loop.

Reductions along rows, what is computed from them and sums over all rows share a loop over blocks of
rows, whose intermediate arrays stay in the nearest cache. Blocks of short rows are turned, so that
lanes run over rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import SCAN
from tapec.ir.ops.shape import call, reshaped, transposed
from tapec.ir.rewrite import copy_op
from tapec.ir.types import Type
from tapec.lower.regions import each_block
from tapec.lower.row_block import RowBlock
from tapec.lower.row_chains import Rows, around, extents
from tapec.lower.row_rules import SUMMED, blocked
from tapec.lower.row_totals import added, block_size, corrected, zeros

_I64 = Type("i64")


def block_rows(func: Func) -> Func:
    """The program with such loops, as `scan`s."""
    return each_block(func, lambda block, inside: block if inside else _in_blocks(block))


def _in_blocks(block: Block) -> Block:
    for rows in extents(block):
        found = Rows(block, rows)
        chain = found.chosen(found.worth)
        if chain:
            return _in_blocks(BlockLoop(found, chain).block())
    return block


@dataclass
class BlockLoop:
    """The loop over blocks for some ops of a program."""

    found: Rows
    ops: Sequence[Op]
    last: bool = field(init=False)
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.found.short(self.ops)
        self.size = block_size(
            self.found.rows, self.found.largest(self.ops) // self.found.rows, self.last
        )

    def block(self) -> Block:
        """The program with the loop in it."""
        given = self.found.given
        before, after = around(given, self.ops)
        read = set(self.found.read_outside(set(self.ops)))
        build = Builder()
        build.ops += before
        env = self.results(build, [op.result for op in self.ops if op.result in read])
        ops = (*build.ops, *(copy_op(op, env) for op in after))
        return Block(given.params, ops, tuple(env.get(v, v) for v in given.results))

    def results(self, build: Builder, read: Sequence[Value]) -> dict[Value, Value]:
        """Emit the loop, and what is left of rows that fill no block."""
        rows, size = self.found.rows, self.size
        sums = [op.result for op in self.ops if op in self.found.sums]
        arrays = [v for v in read if v in self.found.axis]
        starts = [t for v in sums for t in zeros(build, v)]
        carried, stacked = self.scan(build, sums, starts, arrays)
        parts = [[reshaped(y, (rows - rows % size, *y.shape[2:]))] for y in stacked]
        if rows % size:
            rest = self.start(build, rows % size, closed=False)
            rest.start = build.const(rows - rows % size)
            self.fill(rest)
            carried = added(carried, [rest.known[v] for v in sums])
            for part, v in zip(parts, arrays, strict=True):
                part.append(self.first(rest, v))
        totals = zip(sums, corrected(carried, sums), strict=True)
        double = {op.result for op in self.ops if self.found.doubled(op)}
        env = {v: (x + x if v in double else x).value for v, x in totals}
        for v, part in zip(arrays, parts, strict=True):
            whole = part[0] if len(part) == 1 else call("concatenate", *part, axis=0)
            order = list(range(1, v.type.ndim))
            order.insert(self.found.axis[v], 0)
            env[v] = transposed(whole, order).value
        return env

    def start(self, build: Builder, size: int, *, closed: bool) -> RowBlock:
        """An empty block."""
        return RowBlock(build, self.found.rows, size, self.last, self.found.source, closed=closed)

    def scan(
        self, build: Builder, sums: Sequence[Value], starts: Sequence[Expr], arrays: Sequence[Value]
    ) -> tuple[list[Expr], list[Expr]]:
        """The loop over whole blocks: carried totals, and arrays with one more axis in front."""
        body = Builder()
        number = body.param(_I64, "i")
        b = self.start(body, self.size, closed=True)
        b.start = (Expr(body, number) * self.size).value
        carried = [Expr(body, Value(x.type, "sum")) for x in starts]
        self.fill(b)
        totals = added(carried, [b.known[v] for v in sums])
        results = [x.value for x in (*totals, *(self.first(b, v) for v in arrays))]
        params = (number, *b.outer.values(), *(x.value for x in carried))
        attrs = {"consts": len(b.outer), "carry": len(carried),
                 "length": self.found.rows // self.size}  # fmt: skip
        operands = (*b.outer, *(x.value for x in starts))
        region = Block(params, tuple(body.ops), tuple(results))
        op = build.emit(SCAN, operands, attrs, (region,))
        found = [Expr(build, v) for v in op.results]
        return found[: len(carried)], found[len(carried) :]

    def fill(self, b: RowBlock) -> None:
        """All ops on one block."""
        for op in self.ops:
            b.build.loc = op.loc
            axis = SUMMED if op in self.found.sums else self.found.axis[op.result]
            b.known[op.result] = blocked(b, self.halved(b, op), self.found.places[op], axis)

    def halved(self, b: RowBlock, op: Op) -> Op:
        """The sum of x, for one of x + x: twice its total is the same."""
        found = self.found.doubled(op)
        if found is None:
            return op
        (x, negated), term = found, Value(op.operands[0].type)
        b.known[term] = -b.known[x] if negated else b.known[x]
        return Op(op.primitive, (term,), op.attrs, op.results, (), op.loc)

    def first(self, b: RowBlock, value: Value) -> Expr:
        """An array of a block with its rows first."""
        x = b.known[value]
        at = len(x.shape) - 1 if self.last else self.found.axis[value]
        return transposed(x, [at, *(k for k in range(len(x.shape)) if k != at)])
