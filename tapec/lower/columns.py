"""Short rows of long arrays, number by number.

What is computed from rows of few numbers each is one loop over the rows, with all numbers in
registers: every place of a row becomes an array over all rows, so that all arrays have one space.
Structural zeros and ones of rows vanish on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import numpy as np

from tapec.ir.build import Builder, Expr
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.gather import GATHER
from tapec.ir.ops.indexing import INDEX, PLACE
from tapec.ir.ops.shape import CONCATENATE, STACK, call, reshaped, transposed
from tapec.ir.places import Spec, full_range
from tapec.ir.rewrite import copy_op
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.choice import estimate_op
from tapec.lower.regions import each_block
from tapec.lower.row_block import RowBlock
from tapec.lower.row_chains import Rows, around, breaks, extents
from tapec.lower.row_rules import blocked
from tapec.lower.scalars import Grid, Grids, grid
from tapec.lower.tuning import BLOCKED_LANES, COLUMN_OPS, COSTLY, ROW_NUMBERS

_JOINS = frozenset((STACK, CONCATENATE, PLACE))


def split_rows(func: Func) -> Func:
    """The program with arrays of short rows as several arrays of one axis."""
    return each_block(func, lambda block, inside: _split(block))


def _split(block: Block) -> Block:
    for rows in extents(block):
        found = Rows(block, rows)
        ops = found.chosen(partial(_worth, found))
        made = Columns(found, ops).block() if ops else None
        block = made or block
    return block


def _worth(found: Rows, ops: Sequence[Op]) -> bool:
    """Whether arrays are read several times, numbers of a row are taken apart and joined, or sums
    of rows compute or look up what they add."""
    if found.largest(ops) < BLOCKED_LANES or not _short(found, ops):
        return False
    used = {op.primitive for op in ops}
    joined = INDEX in used and not used.isdisjoint(_JOINS)
    made = GATHER in used or any(p.cost >= COSTLY for p in used)
    return joined or (made and any(map(breaks, ops))) or found.worth(ops)


def _short(found: Rows, ops: Sequence[Op]) -> bool:
    """Whether rows are so short that all numbers of one are in registers, and none are added up."""
    if not found.sums.isdisjoint(ops) or found.largest(ops) > ROW_NUMBERS * found.rows:
        return False
    given = (
        v for op in ops if op.primitive is not GATHER for v in op.operands
        if v not in found.axis and found.rows not in v.type.shape
    )  # fmt: skip
    return all(v.type.size <= ROW_NUMBERS for v in given)


class _Vectors(ScalarBuilder):
    """Builds ops on arrays of one axis, of numbers where all operands are numbers."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.rows = rows

    def typed(self, dtype: str, operands: Sequence[Value]) -> Type:
        """The type of a result."""
        return Type(dtype, (self.rows,) if any(v.type.shape for v in operands) else ())

    def index(self, value: Value, at: Spec = ()) -> Value:
        """A place of each row, or of all rows."""
        if all(e == (0, self.rows, 1) for e in at):
            return value
        shape = (self.rows,) if any(not isinstance(e, int) for e in at) else ()
        return self.once(Op(INDEX, (value,), {"at": at}, (Value(value.type.with_shape(shape)),)))

    def once(self, op: Op) -> Value:
        """The result of an op, of the same one where there is one already."""
        key = (op.name, *op.operands, *sorted(op.attrs.items()))
        found = self.recall(key)
        if found is None:
            self.append(op)
            self.learn(key, op.result, 0)
            return op.result
        return found


class _OneRow(RowBlock):
    """One row under construction; what it reads of arrays outside are parameters."""

    def __init__(self, found: Rows) -> None:
        super().__init__(Builder(), found.rows, 1, False, found.source, closed=False)
        self.inputs: dict[Value, tuple[Value, int]] = {}

    def read(self, value: Value, axis: int) -> Expr:
        """A row of a value outside."""
        one = Value(value.type.with_shape(self.shape(value.type.shape, axis)), value.hint)
        self.inputs[one] = (value, axis)
        return Expr(self.build, one)


class Columns:
    """Some ops of a program, of rows, as ops on arrays of one axis."""

    def __init__(self, found: Rows, ops: Sequence[Op]) -> None:
        self.found, self.ops = found, ops
        self.build = _Vectors(found.rows)
        self.tools = Grids(self.build)
        self.row = _OneRow(found)
        self.grids: dict[Value, Grid] = {}

    def block(self) -> Block | None:
        """The program with these ops; None where they would be too many."""
        for op in self.ops:
            self.row.build.loc = op.loc
            axis = self.found.axis[op.result]
            self.row.known[op.result] = blocked(self.row, op, self.found.places[op], axis)
        if (
            sum(estimate_op(op) for op in self.row.build.ops if op.primitive is not GATHER)
            > COLUMN_OPS
        ):
            return None
        for op in self.row.build.ops:
            self.expand(op)
        given, read = self.found.given, set(self.found.read_outside(set(self.ops)))
        before, after = around(given, self.ops)
        joins = Builder()
        results = (op.result for op in self.ops if op.result in read)
        env = {v: self.joined(joins, v).value for v in results}
        wanted = {*env.values(), *(v for op in joins.ops for v in op.operands)}
        made = _used((*self.build.prelude, *self.build.ops), wanted)
        ops = (*before, *made, *joins.ops, *(copy_op(op, env) for op in after))
        return Block(given.params, ops, tuple(env.get(v, v) for v in given.results))

    def expand(self, op: Op) -> None:
        """An op on one row, for all rows."""
        if op.primitive is GATHER:
            self.grids[op.result] = self.gathered(op)
        else:
            self.grids[op.result] = self.tools.expand(op, [self.grid(v) for v in op.operands])

    def grid(self, value: Value) -> Grid:
        """The arrays of the places of a row; of a value that is the same for all rows, numbers."""
        if value not in self.grids:
            self.grids[value] = self.outside(value)
        return self.grids[value]

    def outside(self, value: Value) -> Grid:
        """A value that these ops do not make."""
        whole, axis = self.row.inputs.get(value, (value, -1))
        source = self.found.source.get(whole)
        if axis < 0 and source is not None and is_const(source):
            return self.tools.expand(source, ())
        every = full_range(whole.type.shape)
        places = np.ndindex(value.type.shape)
        at = (tuple(every[k] if k == axis else i for k, i in enumerate(p)) for p in places)
        return grid([self.build.index(whole, spec) for spec in at], value.type.shape)

    def gathered(self, op: Op) -> Grid:
        """Rows of an array outside, at indices of each row."""
        x, *indices = op.operands
        rest = x.type.shape[len(indices) :]
        out = list[Value]()
        places = np.broadcast_arrays(*map(self.grid, indices))
        for row in zip(*(g.ravel().tolist() for g in places), strict=True):
            lead = (self.found.rows,) if any(v.type.shape for v in row) else ()
            type = x.type.with_shape((*lead, *rest))
            made = self.build.once(Op(GATHER, (x, *row), {}, (Value(type),), (), op.loc))
            out += [self.build.index(made, (*full_range(lead), *at)) for at in np.ndindex(rest)]
        return grid(out, op.result.type.shape)

    def joined(self, build: Builder, value: Value) -> Expr:
        """A value of all rows, from the arrays of its places."""
        rows, shape, axis = self.found.rows, value.type.shape, self.found.axis[value]
        columns = [Expr(build, v) for v in self.grids[self.row.known[value].value].ravel().tolist()]
        columns = [c if c.shape else call("broadcast_to", c, shape=(rows,)) for c in columns]
        whole = columns[0] if len(columns) == 1 else call("stack", *columns, axis=1)
        rest = (*shape[:axis], *shape[axis + 1 :])
        order = list(range(1, len(shape)))
        order.insert(axis, 0)
        return transposed(reshaped(whole, (rows, *rest)), order)


def _used(ops: Sequence[Op], results: Iterable[Value]) -> list[Op]:
    """The ops that results depend on."""
    needed, kept = set(results), list[Op]()
    for op in reversed(ops):
        if not needed.isdisjoint(op.results):
            kept.append(op)
            needed.update(op.operands)
    return kept[::-1]
