"""Ops with several results, and those without native code: copies of their operands in memory, and
one flat array of results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapec.ir.affine import Affine
from tapec.ir.core import Op, Value
from tapec.ir.ops.lapack import ROUTINES
from tapec.ir.ops.library import LAPACK, NUMPY
from tapec.ir.ops.packed import parts
from tapec.ir.primitive import lookup
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.factors import each, put, slogdet
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.opaque import copied
from tapec.lower.scalars import Grid, Grids, rule

# rule(build, op, buffers of the operands, which it may change, memory of each wanted result)
Rule = Callable[[ScalarBuilder, Op, Sequence[Value], Sequence[Memory]], None]
RULES: dict[str, Rule] = {"slogdet": slogdet}


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
    of = op.attrs["of"]
    made = _routine if lookup(of).lower == "lapack" else RULES.get(of, _call)
    types = parts(*(v.type for v in op.operands), **op.attrs)
    starts = [sum(t.size for t in types[:k]) for k in range(len(types))]
    made(build, op, given, [memory.part(Affine(start)) for start in starts])


def _routine(
    build: ScalarBuilder, op: Op, given: Sequence[Value], results: Sequence[Memory]
) -> None:  # fmt: skip
    """A routine of LAPACK on matrix after matrix, in buffers that it may overwrite."""
    attrs = {k: v for k, v in op.attrs.items() if k not in ("of", "wanted")}
    name, types = op.attrs["of"], [v.type for v in op.operands]
    routine = ROUTINES[name]
    call, buffers = routine.one(types, attrs)
    room = [build.alloc(t) for t in (*call.room, Type("i32", (1,)))]
    attrs = {"routine": name, "arguments": call.arguments, "status": routine.status}
    with each(build, given, routine.lead(types), buffers[: len(given)]) as (at, matrices):
        held = [*matrices, *room]
        if matrices[0].type.size:
            build.append(Op(LAPACK, tuple(held), attrs, ()))
            for buffer in held:
                build.wrote(buffer)
        for k, memory in zip(op.attrs["wanted"], results, strict=True):
            _give(build, held[call.results[k]], memory, at)


def _give(build: ScalarBuilder, buffer: Value, memory: Memory, at: Sequence[Value]) -> None:
    """Copy a buffer to its place in a stack of results."""
    size = buffer.type.size
    with build.loop(size) as loop:
        value = build.load(buffer, 0, (loop.index,), (1,), stable=False)
        put(build, value, memory, at, (loop.index,), (1,), size)


def _call(
    build: ScalarBuilder, op: Op, given: Sequence[Value], results: Sequence[Memory]
) -> None:  # fmt: skip
    """A call of NumPy for this op alone."""
    out = build.alloc(op.result.type)
    build.append(Op(NUMPY, (out, *given), op.attrs, ()))
    build.wrote(out)
    with build.loop(op.result.type.size) as loop:
        value = build.load(out, 0, (loop.index,), (1,), stable=False)
        put(build, value, results[0], (loop.index,))
