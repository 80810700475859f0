"""Loops and branches over arrays as machine control flow.

A region is planned like a program and emitted into the block of its loop or side. Its small
parameters are registers (carried ones are carried scalars), its large carried arrays one buffer for
the loop, and invariant arrays are read in place: slices `xs[i]` are views, `ys[i]` are written in
place.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ir.core import Block, Op, Value
from tapec.ir.regions import region_op
from tapec.lower.binding import bind, child, same_tape
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.nests import control, emit
from tapec.lower.rotation import origins, rotations
from tapec.lower.scalars import grid


class Carried:
    """The carried values of a loop: registers, memory, and tapes, which are the same throughout.

    `inner` is the lowering of the body.
    """

    def __init__(
        self,
        n: Frame,
        block: Block,
        params: Sequence[Value],
        inits: Sequence[Value],
        results: Sequence[Value],
    ) -> None:
        self.n, self.params, self.inits, self.results = n, params, inits, results
        large = [k for k, result in enumerate(results) if result in n.names]
        self.inner = child(n, block)
        sources = origins(block.results, self.inner, params, large)
        # Rotating values have free memory; that of others may be read until the end of the body.
        self.aimed = [block.results[k] for k in large if k not in sources]
        self.rotations = rotations(n, sources, params)
        self.memory: dict[int, Memory] = {}
        for k in large:
            rotating = next((t for t in self.rotations if k in t.sources), None)
            name = n.names[results[k]]
            self.memory[k] = n.target(name) if rotating is None else rotating.memory(k)
            if rotating or n.shares.get(name) is not inits[k]:
                n.copy(inits[k], self.memory[k])
        self.small = [k for k, v in enumerate(inits) if k not in self.memory and not v.type.is_tape]
        for init in inits:
            n.in_registers(init)
        self.places = [p for t in self.rotations for p in t.start]
        numbers = [x for k in self.small for x in n.grids[inits[k]].ravel().tolist()]
        self.start = [*self.places, *numbers]

    def enter(
        self, inner: Frame, params: Sequence[Value], registers: Sequence[Value]
    ) -> None:  # fmt: skip
        """Bind the region's parameters at the start of its block."""
        left = self.take_offsets(registers)
        for k, param in enumerate(params):
            if k in self.memory:
                self.n.build.wrote(self.memory[k].buffer)
                inner.memory[param] = self.memory[k]
            elif k in self.small:
                inner.grids[param] = grid(left[: param.type.size], param.type.shape)
                del left[: param.type.size]
            else:
                inner.grids[param] = self.n.grids[self.inits[k]]

    def take_offsets(self, registers: Sequence[Value]) -> list[Value]:
        """Take the offsets of rotating values, which come first; returns the other registers."""
        left = list(registers)
        for rotation in self.rotations:
            rotation.enter(left[: rotation.count])
            del left[: rotation.count]
            self.memory.update((k, rotation.memory(k)) for k in rotation.members)
        return left

    def targets(self) -> list[Memory | None]:
        """The memory of results, None for registers."""
        found = dict(self.memory)
        for rotation in self.rotations:
            found |= rotation.targets()
        return [found.get(k) for k in range(len(self.inits))]

    def leave(self, inner: Frame) -> list[Value]:
        """The carried registers at the end of the body."""
        results = inner.block.results
        for k, init in enumerate(self.inits):
            if k not in self.memory and k not in self.small:
                same_tape(inner.grids[results[k]], self.n.grids[init])
        places = [p for rotation in self.rotations for p in rotation.leave()]
        return [*places, *(x for k in self.small for x in inner.registers(results[k]))]

    def finish(self, values: Sequence[Value]) -> None:
        """The loop's results."""
        left = self.take_offsets(values)
        for k, result in enumerate(self.results):
            if k in self.memory:
                self.n.build.wrote(self.memory[k].buffer)
                self.n.memory[result] = self.memory[k]
            elif k in self.small:
                self.n.grids[result] = grid(left[: result.type.size], result.type.shape)
                del left[: result.type.size]
            else:
                self.n.grids[result] = self.n.grids[self.inits[k]]


@control("scan")
def _scan(n: Frame, op: Op) -> None:
    form, length = region_op(op), op.attrs["length"]
    block, count = form.body, form.carry
    fixed, inits, arrays = form.groups(form.args)
    _, params, rows = form.groups(form.params(block))
    carried = Carried(n, block, params, inits, op.results[:count])
    inner, stacks = carried.inner, [n.target(n.names[y]) for y in op.results[count:]]
    for param, value in zip(block.params[1:], fixed, strict=False):
        bind(n, inner, param, value)
    with n.build.loop(length, carried.start) as loop:
        i = counter(n, loop.index, n.build.const(length, "i64"), op.attrs.get("reverse", False))
        inner.grids[block.params[0]] = grid([i], ())
        at = n.build.affine(i)
        carried.enter(inner, params, loop.carried)
        for param, x in zip(rows, arrays, strict=True):
            bind(n, inner, param, x, (at,))
        parts = [
            stack.part(at.times(y.type.size))
            for stack, y in zip(stacks, block.results[count:], strict=True)
        ]
        emit(inner, [*carried.targets(), *parts], carried.aimed)
        loop.yields = carried.leave(inner)
    carried.finish(loop.results)
    for y, stack in zip(op.results[count:], stacks, strict=True):
        n.build.wrote(stack.buffer)
        n.memory[y] = stack


def counter(n: Frame, index: Value, count: Value, reverse: bool) -> Value:
    """The iteration number for a machine loop's index."""
    i = n.build.op("convert", index, attrs={"dtype": "i64"}, dtype="i64")
    if not reverse:
        return i
    last = n.build.op("sub", count, n.build.const(1, "i64"))
    return n.build.op("sub", last, i)


@control("fori_loop")
def _fori(n: Frame, op: Op) -> None:
    form = region_op(op)
    block, params = form.body, form.state(form.body)
    count: Value = n.registers(op.operands[0])[0]
    fixed, inits, _ = form.groups(form.args)
    carried = Carried(n, block, params, inits, op.results)
    inner = carried.inner
    for param, value in zip(block.params[1:], fixed, strict=False):
        bind(n, inner, param, value)
    most = n.build.affine(count).range(n.build.ranges)[1]
    with n.build.repeat(n.build.index(count), carried.start, most) as loop:
        i = counter(n, loop.index, count, op.attrs.get("reverse", False))
        inner.grids[block.params[0]] = grid([i], ())
        carried.enter(inner, params, loop.carried)
        emit(inner, carried.targets(), carried.aimed)
        loop.yields = carried.leave(inner)
    carried.finish(loop.results)


@control("while_loop")
def _while(n: Frame, op: Op) -> None:
    (test, block), form = op.regions, region_op(op)
    fixed, inits, _ = form.groups(form.args)
    carried = Carried(n, block, form.state(block), inits, op.results)
    inner = carried.inner
    asking = child(n, test)
    for region, context in ((test, asking), (block, inner)):
        for param, value in zip(region.params, fixed, strict=False):
            bind(n, context, param, value)
    with n.build.test(carried.start) as loop:
        carried.enter(asking, form.state(test), loop.carried)
        emit(asking, [None])
        loop.yields = asking.registers(test.results[0])
    with n.build.body(carried.start) as loop:
        carried.enter(inner, form.state(block), loop.carried)
        emit(inner, carried.targets(), carried.aimed)
        loop.yields = carried.leave(inner)
    carried.finish(loop.results)
