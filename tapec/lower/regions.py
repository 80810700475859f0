"""Programs with regions before lowering: calls inlined, and which small arrays must be memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import is_

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.control import CALL
from tapec.ir.ops.dynamic import DYNAMIC_ADD, DYNAMIC_INDEX, DYNAMIC_UPDATE
from tapec.ir.ops.gather import GATHER, SCATTER, SCATTER_ADD
from tapec.ir.places import runs
from tapec.ir.regions import region_op

_DYNAMIC = frozenset((DYNAMIC_INDEX, DYNAMIC_UPDATE, DYNAMIC_ADD))
_TABLES = frozenset((GATHER, SCATTER, SCATTER_ADD))


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


def each_block(func: Func, change: Callable[[Block, bool], Block]) -> Func:
    """The program with every block changed, those inside first; functions called, once each.

    The second argument of `change` says that a block is inside a loop or branch.
    """
    known: dict[Block, Block] = {}

    def changed(block: Block, inside: bool) -> Block:
        if any(op.regions for op in block.ops):
            block = changed_ops(block, lambda op: with_regions(op, regions(op)))
        return change(block, inside)

    def regions(op: Op) -> tuple[Block, ...]:
        for region in op.regions:
            if region not in known:
                known[region] = changed(region, op.primitive is not CALL)
        return tuple(known[r] for r in op.regions)

    block = changed(func.block, False)
    return func if block is func.block else Func(func.name, block)


def changed_ops(block: Block, change: Callable[[Op], Op]) -> Block:
    """The block with every op changed; the same one where none is."""
    ops = tuple(map(change, block.ops))
    if all(map(is_, ops, block.ops)):
        return block
    return Block(block.params, ops, block.results)


def with_regions(op: Op, regions: tuple[Block, ...]) -> Op:
    """The op with other regions; the same one where they are."""
    if all(map(is_, regions, op.regions)):
        return op
    return Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)


def needs_loops(func: Func) -> bool:
    """Whether there is control flow, or a place known at run time only, to lower."""
    return any(op.primitive.kind == "region" or op.primitive in _DYNAMIC for op in func.ops)


def addressed(func: Func) -> set[Value]:
    """Small arrays read or written at run-time places, and all that share their memory.

    In registers each such access would go through memory anyway, all elements of it.
    """
    seeds: set[Value] = set()
    for block in all_blocks(func):
        tables = block is not func
        for op in block.ops:
            if (op.primitive in _DYNAMIC and runs(op.attrs["at"])) or (
                tables and op.primitive in _TABLES
            ):
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
    if op.primitive.writes is not None:
        yield op.result, op.operands[0]
    elif op.primitive.loop:
        loop = region_op(op)
        known = loop.args[: loop.carried.stop]
        for region in op.regions:
            yield from zip(loop.params(region), known, strict=False)
        yield from zip(loop.state(loop.body), loop.body.results, strict=False)
        yield from zip(loop.state(loop.body), op.results, strict=False)
    elif op.primitive.branch:
        for region in op.regions:
            yield from zip(region.params, op.operands[1:], strict=True)
            yield from zip(region.results, op.results, strict=True)
