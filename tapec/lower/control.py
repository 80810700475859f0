"""Loops and branches over arrays as machine control flow.

A region is planned like a program and emitted into the block of its loop or side. Its small
parameters are registers (carried ones are carried scalars), its large carried arrays one buffer for
the whole loop, what it only reads is read where it is: slices `xs[i]` are views, `ys[i]` are
written in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tapec.errors import UnsupportedLowering
from tapec.ir.core import Block, Func, Op, Value
from tapec.lower.affine import Affine, Index, flat
from tapec.lower.inplace import SMALL
from tapec.lower.memory import Memory
from tapec.lower.plan import Roles
from tapec.lower.scalars import Grid, grid
from tapec.lower.tapes import fresh_tape, pop, push

if TYPE_CHECKING:
    from tapec.lower.nests import Nests

SELECTED = 16  # cost of both sides up to which they are computed and one is selected


def child(n: Nests, block: Block, roles: Roles) -> Nests:
    """The lowering of a region, in the same program."""
    return type(n)(Func(n.func.name, block), n.options, n.build, roles)


def bind(n: Nests, inner: Nests, param: Value, value: Value, at: Index = ()) -> None:
    """Let a parameter stand for a value outside, or for its slice `at`."""
    small = value.type.size <= SMALL and not at and value not in n.options.forced
    if small and n.in_registers(value):
        inner.grids[param] = n.grids[value]
    elif value in n.memory:
        shape = value.type.shape
        first = (*at, *(Affine() for _ in shape[len(at) :]))
        inner.memory[param] = n.memory[value].part(flat(first, shape))
    else:
        inner.outer[param] = lambda index: n.pull(value, (*at, *index))


class Carried:
    """The carried values of a loop: registers, memory, and tapes (which are what they are)."""

    def __init__(self, n: Nests, inits: Sequence[Value], results: Sequence[Value]) -> None:
        self.n, self.inits, self.results = n, inits, results
        self.memory: dict[int, Memory] = {}
        for k, (init, result) in enumerate(zip(inits, results, strict=True)):
            if result in n.plan.roots:
                self.memory[k] = n.target(result)
                if n.plan.shares.get(result) is not init:
                    n.copy(init, self.memory[k])
        self.small = [
            k for k, v in enumerate(inits) if k not in self.memory and v.type.dtype != "tape"
        ]
        for init in inits:
            n.in_registers(init)
        self.start = [x for k in self.small for x in n.grids[inits[k]].ravel().tolist()]

    def enter(self, inner: Nests, params: Sequence[Value], registers: Sequence[Value]) -> None:
        """Bind the region's parameters at the start of its block."""
        left = list(registers)
        for k, param in enumerate(params):
            if k in self.memory:
                self.n.build.wrote(self.memory[k].buffer)
                inner.memory[param] = self.memory[k]
            elif k in self.small:
                inner.grids[param] = grid(left[: param.type.size], param.type.shape)
                del left[: param.type.size]
            else:
                inner.grids[param] = self.n.grids[self.inits[k]]

    def roles(self, block: Block, params: Sequence[Value]) -> Roles:
        """What the loop wants of its body."""
        aims = tuple((block.results[k], params[k]) for k in self.memory)
        stacked = range(len(params), len(block.results))
        return Roles(frozenset(p for _, p in aims), aims, frozenset(stacked), 0)

    def targets(self) -> list[Memory | None]:
        """Where results go, None for registers."""
        return [self.memory.get(k) for k in range(len(self.inits))]

    def leave(self, inner: Nests) -> list[Value]:
        """The carried registers at the end of the body."""
        results = inner.func.results
        for k, init in enumerate(self.inits):
            if k not in self.memory and k not in self.small:
                same_tape(inner.grids[results[k]], self.n.grids[init])
        return [x for k in self.small for x in registers(inner, results[k])]

    def finish(self, values: Sequence[Value]) -> None:
        """The loop's results."""
        left = list(values)
        for k, result in enumerate(self.results):
            if k in self.memory:
                self.n.build.wrote(self.memory[k].buffer)
                self.n.memory[result] = self.memory[k]
            elif k in self.small:
                self.n.grids[result] = grid(left[: result.type.size], result.type.shape)
                del left[: result.type.size]
            else:
                self.n.grids[result] = self.n.grids[self.inits[k]]


def registers(n: Nests, value: Value) -> list[Value]:
    """The elements of a small value."""
    assert n.in_registers(value)
    found: list[Value] = n.grids[value].ravel().tolist()
    return found


def same_tape(a: Grid, b: Grid) -> None:
    """Tapes are not chosen at run time."""
    if a.item() is not b.item():
        raise UnsupportedLowering("a tape that is made inside a loop or branch and leaves it")


def _scan(n: Nests, op: Op) -> None:
    (block,), length = op.regions, op.attrs["length"]
    consts, count = op.attrs["consts"], op.attrs["carry"]
    fixed, inits = op.operands[:consts], op.operands[consts : consts + count]
    carried = Carried(n, inits, op.results[:count])
    stacks = [n.target(y) for y in op.results[count:]]
    params = block.params[1 + consts : 1 + consts + count]
    inner = child(n, block, carried.roles(block, params))
    for param, value in zip(block.params[1:], fixed, strict=False):
        bind(n, inner, param, value)
    with n.build.loop(length, carried.start) as loop:
        i = counter(n, loop.index, n.build.const(length, "i64"), op.attrs.get("reverse", False))
        inner.grids[block.params[0]] = grid([i], ())
        at = n.build.affine(i)
        carried.enter(inner, params, loop.carried)
        for param, x in zip(block.params[1 + consts + count :], op.operands[consts + count :],
                            strict=True):  # fmt: skip
            bind(n, inner, param, x, (at,))
        parts = [
            stack.part(at.times(y.type.size))
            for stack, y in zip(stacks, block.results[count:], strict=True)
        ]
        inner.emit([*carried.targets(), *parts])
        loop.yields = carried.leave(inner)
    carried.finish(loop.results)
    for y, stack in zip(op.results[count:], stacks, strict=True):
        n.build.wrote(stack.buffer)
        n.memory[y] = stack


def counter(n: Nests, index: Value, count: Value, reverse: bool) -> Value:
    """The number of the iteration that a machine loop's index stands for."""
    i = n.build.op("convert", index, attrs={"dtype": "i64"}, dtype="i64")
    if not reverse:
        return i
    last = n.build.op("sub", count, n.build.const(1, "i64"))
    return n.build.op("sub", last, i)


def _fori(n: Nests, op: Op) -> None:
    (block,), consts = op.regions, op.attrs["consts"]
    count: Value = registers(n, op.operands[0])[0]
    fixed, inits = op.operands[1 : 1 + consts], op.operands[1 + consts :]
    carried = Carried(n, inits, op.results)
    params = block.params[1 + consts :]
    inner = child(n, block, carried.roles(block, params))
    for param, value in zip(block.params[1:], fixed, strict=False):
        bind(n, inner, param, value)
    most = n.build.affine(count).range(n.build.ranges)[1]
    with n.build.repeat(n.build.index(count), carried.start, most) as loop:
        i = counter(n, loop.index, count, op.attrs.get("reverse", False))
        inner.grids[block.params[0]] = grid([i], ())
        carried.enter(inner, params, loop.carried)
        inner.emit(carried.targets())
        loop.yields = carried.leave(inner)
    carried.finish(loop.results)


def _while(n: Nests, op: Op) -> None:
    test, block = op.regions
    consts = op.attrs["consts"]
    fixed, inits = op.operands[:consts], op.operands[consts:]
    carried = Carried(n, inits, op.results)
    inner = child(n, block, carried.roles(block, block.params[consts:]))
    asking = child(n, test, Roles(cheap=0))
    for region, context in ((test, asking), (block, inner)):
        for param, value in zip(region.params, fixed, strict=False):
            bind(n, context, param, value)
    with n.build.test(carried.start) as loop:
        carried.enter(asking, test.params[consts:], loop.carried)
        asking.emit([None])
        loop.yields = registers(asking, test.results[0])
    with n.build.body(carried.start) as loop:
        carried.enter(inner, block.params[consts:], loop.carried)
        inner.emit(carried.targets())
        loop.yields = carried.leave(inner)
    carried.finish(loop.results)


def _cond(n: Nests, op: Op) -> None:
    pred = registers(n, op.operands[0])[0]
    _branches(n, op, [pred])


def _switch(n: Nests, op: Op) -> None:
    """A chain of branches; numbers outside go to the first and the last."""
    number = registers(n, op.operands[0])[0]
    ends = [n.build.const(k, "i64") for k in range(len(op.regions) - 1)]
    _branches(n, op, [n.build.op("less_equal", number, end) for end in ends])


class _Sides:
    """The regions of one branch, each emitted with the same destinations."""

    def __init__(self, n: Nests, op: Op) -> None:
        self.n, self.op = n, op
        self.memory = {k: n.target(r) for k, r in enumerate(op.results) if r in n.plan.roots}
        self.tapes: dict[int, Grid] = {}
        for value in op.operands[1:]:
            if value.type.size <= SMALL and value not in n.options.forced:
                n.in_registers(value)  # loaded before the branch, for both sides

    def emit(self, region: Block) -> list[Value]:
        """One side into the open block; its results in registers."""
        n, op = self.n, self.op
        shared = {n.plan.shares[op.results[k]]: k for k in self.memory
                  if op.results[k] in n.plan.shares}  # fmt: skip
        owned = {p: shared[v] for p, v in zip(region.params, op.operands[1:], strict=True)
                 if v in shared}  # fmt: skip
        aims = tuple((region.results[k], p) for p, k in owned.items())
        roles = Roles(frozenset(owned), aims, cheap=n.plan.roles.cheap)
        inner = child(n, region, roles)
        for memory in self.memory.values():
            n.build.wrote(memory.buffer)
        for param, value in zip(region.params, op.operands[1:], strict=True):
            bind(n, inner, param, value)
        inner.emit([self.memory.get(k) for k in range(len(op.results))])
        return self.collect(inner)

    def collect(self, inner: Nests) -> list[Value]:
        found: list[Value] = []
        for k, value in enumerate(inner.func.results):
            if value.type.dtype == "tape":
                same_tape(self.tapes.setdefault(k, inner.grids[value]), inner.grids[value])
            elif k not in self.memory:
                found += registers(inner, value)
        return found

    def finish(self, values: Sequence[Value]) -> None:
        """The branch's results."""
        left, n = list(values), self.n
        for k, result in enumerate(self.op.results):
            if k in self.tapes:
                n.grids[result] = self.tapes[k]
            elif k in self.memory:
                n.build.wrote(self.memory[k].buffer)
                n.memory[result] = self.memory[k]
            else:
                n.grids[result] = grid(left[: result.type.size], result.type.shape)
                del left[: result.type.size]


def _branches(n: Nests, op: Op, tests: Sequence[Value]) -> None:
    sides = _Sides(n, op)
    if not sides.memory and selectable(op):
        values = [sides.emit(region) for region in op.regions]
        sides.finish(_selected(n, tests, values))
        return

    def choose(k: int) -> Sequence[Value]:
        if k == len(tests):
            return sides.emit(op.regions[k])
        with n.build.side() as then:
            first = sides.emit(op.regions[k])
        with n.build.side() as otherwise:
            second = choose(k + 1)
        return n.build.branch(tests[k], [(then, first), (otherwise, second)])

    sides.finish(choose(0))


def _selected(n: Nests, tests: Sequence[Value], values: Sequence[list[Value]]) -> list[Value]:
    result = values[-1]
    for test, found in reversed(list(zip(tests, values, strict=False))):
        result = [n.build.op("select", test, a, b) for a, b in zip(found, result, strict=True)]
    return result


def selectable(op: Op) -> bool:
    """Whether both sides are small, cheap, and cannot fail: pure arithmetic without regions."""
    cost = 0
    for region in op.regions:
        for inner in region.ops:
            pure = inner.primitive.kind == "elementwise" or inner.name in ("const", "index")
            if not pure or inner.result.type.size > SMALL:
                return False
            cost += inner.primitive.cost * inner.result.type.size
    small = all(v.type.size <= SMALL and v.type.dtype != "tape" for v in op.operands)
    return small and cost <= SELECTED


# rule(nests, op): emits the op and binds its results
CONTROL_RULES: Mapping[str, Callable[[Any, Op], None]] = {
    "scan": _scan,
    "fori_loop": _fori,
    "while_loop": _while,
    "cond": _cond,
    "switch": _switch,
    "tape": fresh_tape,
    "push": push,
    "pop": pop,
}
