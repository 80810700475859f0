"""Ops with several results, and those without native code: copies of their operands in memory, and
one flat array of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapec.ir.affine import Affine
from tapec.ir.core import Op, Value
from tapec.ir.ops.library import NUMPY
from tapec.ir.ops.packed import parts
from tapec.lower.build import ScalarBuilder
from tapec.lower.factors import put, qr, slogdet
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.opaque import copied
from tapec.lower.scalars import Grid, Grids, rule

# rule(build, op, buffers of the operands, which it may change, memory of each wanted result)
Rule = Callable[[ScalarBuilder, Op, Sequence[Value], Sequence[Memory]], None]
RULES: dict[str, Rule] = {"slogdet": slogdet, "qr": qr}


def packed(n: Frame, op: Op, memory: Memory) -> None:
    """The op on copies of its operands, straight into the memory of its results."""
    _make(n.build, op, [copied(n, v).buffer for v in op.operands], memory)


@rule("packed")
def _grid(e: Grids, op: Op, *operands: Grid) -> Grid:
    given = [e.spill(g, v.type) for g, v in zip(operands, op.operands, strict=True)]
    out = e.build.alloc(op.result.type)
    _make(e.build, op, given, Memory(out))
    e.build.wrote(out)
    return e.read(out, op.result.type.shape, stable=False)


def _make(build: ScalarBuilder, op: Op, given: Sequence[Value], memory: Memory) -> None:
    made = RULES.get(op.attrs["of"], _call)
    types = parts(*(v.type for v in op.operands), **op.attrs)
    starts = [sum(t.size for t in types[:k]) for k in range(len(types))]
    made(build, op, given, [memory.part(Affine(start)) for start in starts])


def _call(
    build: ScalarBuilder, op: Op, given: Sequence[Value], results: Sequence[Memory]
) -> None:  # fmt: skip
    """Of NumPy, for this op alone."""
    out = build.alloc(op.result.type)
    build.append(Op(NUMPY, (out, *given), op.attrs, ()))
    build.wrote(out)
    with build.loop(op.result.type.size) as loop:
        value = build.load(out, 0, (loop.index,), (1,), stable=False)
        put(build, value, results[0], (loop.index,))
