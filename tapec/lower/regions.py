"""Programs with regions before lowering: calls inlined, and which small arrays must be memory."""

from __future__ import annotations

from collections.abc import Iterator

from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.places import runs
from tapec.ir.regions import region_op
from tapec.ir.rewrite import copy_op
from tapec.lower.functions import staying
from tapec.lower.inplace import BRANCHES, LOOPS, WRITES

INLINED = frozenset(("call", "custom"))
_DYNAMIC = frozenset(("dynamic_index", "dynamic_update", "dynamic_add"))
_TABLES = frozenset(("gather", "scatter", "scatter_add"))


def all_blocks(block: Func | Block) -> Iterator[Func | Block]:
    """The block and every region inside it, each once."""
    pending: list[Func | Block] = [block]
    seen: set[int] = set()
    while pending:
        current = pending.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        pending += [r for op in current.ops for r in op.regions]


def needs_loops(func: Func) -> bool:
    """Whether there is control flow, or a place known at run time only, to lower."""
    return any(op.primitive.kind == "region" or op.name in _DYNAMIC for op in func.ops)


def inlined(func: Func) -> Func:
    """The program with the bodies of `custom`, and of calls that do not stay, for the ops."""
    blocks = list(all_blocks(func))
    if not any(op.name in INLINED for b in blocks for op in b.ops):
        return func
    return Func(func.name, _Inliner(staying(blocks)).block(func.block, {}))


class _Inliner:
    """Copies blocks; the functions that stay are copied once."""

    def __init__(self, staying: set[int]) -> None:
        self.staying = staying
        self.functions: dict[int, Block] = {}

    def block(self, block: Block, env: dict[Value, Value]) -> Block:
        """A copy of a block over `env`."""
        builder = Builder()
        self.append(block, builder, env)
        return Block(block.params, tuple(builder.ops), tuple(env.get(v, v) for v in block.results))

    def append(self, block: Block, builder: Builder, env: dict[Value, Value]) -> None:
        """Append the ops of a block over `env`."""
        for op in block.ops:
            stays = op.name == "call" and id(op.regions[0]) in self.staying
            if op.name in INLINED and not stays:
                body = op.regions[0]
                inner = {p: env.get(v, v) for p, v in zip(body.params, op.operands, strict=True)}
                self.append(body, builder, inner)
                found = [inner.get(v, v) for v in body.results]
                env.update(zip(op.results, found, strict=True))
                continue
            regions = tuple(map(self.function if stays else self.region, op.regions))
            whole = Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)
            builder.ops.append(copy_op(whole, env))

    def region(self, block: Block) -> Block:
        return self.block(block, {})

    def function(self, block: Block) -> Block:
        """The same function for all of its calls."""
        if id(block) not in self.functions:
            self.functions[id(block)] = self.block(block, {})
        return self.functions[id(block)]


def addressed(func: Func) -> set[Value]:
    """Small arrays read or written at run-time places, and all that share their memory.

    In registers each such access would go through memory anyway, all elements of it.
    """
    seeds: set[Value] = set()
    for block in all_blocks(func):
        tables = block is not func
        for op in block.ops:
            if (op.name in _DYNAMIC and runs(op.attrs["at"])) or (tables and op.name in _TABLES):
                seeds.add(op.operands[0])
    seeds = {v for v in seeds if v.type.size > 1}
    return _connected(func, seeds) if seeds else set()


def _connected(func: Func, seeds: set[Value]) -> set[Value]:
    links: dict[Value, list[Value]] = {}
    for block in all_blocks(func):
        for op in block.ops:
            for a, b in _links(op):
                links.setdefault(a, []).append(b)
                links.setdefault(b, []).append(a)
    found, pending = set(seeds), list(seeds)
    while pending:
        for v in links.get(pending.pop(), ()):
            if v not in found:
                found.add(v)
                pending.append(v)
    return found


def _links(op: Op) -> Iterator[tuple[Value, Value]]:
    """Values that are versions of one array."""
    if op.name in WRITES:
        yield op.result, op.operands[0]
    elif op.name in LOOPS:
        loop = region_op(op)
        known = loop.args[: loop.carried.stop]
        for region in op.regions:
            yield from zip(loop.params(region), known, strict=False)
        yield from zip(loop.state(loop.body), loop.body.results, strict=False)
        yield from zip(loop.state(loop.body), op.results, strict=False)
    elif op.name in BRANCHES:
        for region in op.regions:
            yield from zip(region.params, op.operands[1:], strict=True)
            yield from zip(region.results, op.results, strict=True)
