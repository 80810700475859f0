"""Calls of Python functions: their operands and results are in memory."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.affine import Index, flat
from tapec.ir.core import Op, Value
from tapec.ir.ops.library import HOST
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.scalars import Grid, Grids, rule


def opaque(n: Frame, op: Op, memory: Memory) -> None:
    """Copies of the operands, the call, and its results."""
    shape = op.result.type.shape
    given = [copied(n, v) for v in op.operands]
    made = Memory(_called(n.build, op, [m.buffer for m in given]))

    def back(at: Index) -> None:
        n.save(n.load(made, flat(at, shape), stable=False), memory, flat(at, shape))

    n.over(shape, back)


def copied(n: Frame, value: Value) -> Memory:
    """A copy of a value in work memory."""
    room = Memory(n.build.alloc(value.type))

    def take(at: Index) -> None:
        n.save(n.pull(value, at), room, flat(at, value.type.shape))

    n.over(value.type.shape, take)
    return room


def _called(build: ScalarBuilder, op: Op, given: Sequence[Value]) -> Value:
    """The buffer of the result."""
    out = build.alloc(Type("f64", op.result.type.shape))
    attrs = {"function": op.attrs["function"], "lead": op.attrs.get("lead", 0)}
    build.append(Op(HOST, (out, *given), attrs, ()))
    build.wrote(out)
    return out


@rule("opaque")
def _opaque(e: Grids, op: Op, *operands: Grid) -> Grid:
    pairs = zip(operands, op.operands, strict=True)
    given = [e.spill(grid, v.type) for grid, v in pairs]
    return e.read(_called(e.build, op, given), op.result.type.shape, stable=False)
