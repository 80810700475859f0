"""Inlining of calls, except of large functions that are called several times."""

from __future__ import annotations

from collections.abc import Iterable

from tapec.ir.build import Builder
from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.ops.const import is_const
from tapec.ir.ops.control import CALL, CUSTOM
from tapec.ir.rewrite import copy_op
from tapec.lower.regions import all_blocks
from tapec.lower.tuning import CALL_WEIGHT, NEST_WEIGHT, SMALL

INLINED = frozenset((CALL, CUSTOM))


def outlined(blocks: Iterable[Func | Block]) -> set[int]:
    """The functions (by identity) that are called rather than inlined."""
    calls: dict[int, list[Op]] = {}
    for block in blocks:
        for op in block.ops:
            if op.primitive is CALL:
                calls.setdefault(id(op.regions[0]), []).append(op)
    return {
        key
        for key, ops in calls.items()
        if len(ops) > 1 and not _tapes(ops[0]) and weight(ops[0].regions[0]) >= CALL_WEIGHT
    }


def _tapes(op: Op) -> bool:
    return any(v.type.is_tape for v in (*op.operands, *op.results))


def weight(block: Block) -> int:
    """An estimate of the code size of a block, cut off above `CALL_WEIGHT`."""
    total = 0
    for op in block.ops:
        if is_const(op):
            continue
        sizes = (NEST_WEIGHT if r.type.size > SMALL else r.type.size for r in op.results)
        total += max(sizes, default=1)
        total += sum(map(weight, op.regions))
        if total >= CALL_WEIGHT:
            break
    return total


def inline_calls(func: Func) -> Func:
    """The program with the bodies of `custom`, and of calls that are not outlined, for the ops."""
    blocks = list(all_blocks(func))
    if not any(op.primitive in INLINED for b in blocks for op in b.ops):
        return func
    return Func(func.name, _Inliner(outlined(blocks)).block(func.block, {}))


class _Inliner:
    """Copies blocks; outlined functions are copied once."""

    def __init__(self, outlined: set[int]) -> None:
        self.outlined = outlined
        self.functions: dict[int, Block] = {}

    def block(self, block: Block, env: dict[Value, Value]) -> Block:
        """A copy of a block over `env`."""
        builder = Builder()
        self.append(block, builder, env)
        return Block(block.params, tuple(builder.ops), tuple(env.get(v, v) for v in block.results))

    def append(self, block: Block, builder: Builder, env: dict[Value, Value]) -> None:
        """Append the ops of a block over `env`."""
        for op in block.ops:
            outlined = op.primitive is CALL and id(op.regions[0]) in self.outlined
            if op.primitive in INLINED and not outlined:
                body = op.regions[0]
                inner = {p: env.get(v, v) for p, v in zip(body.params, op.operands, strict=True)}
                self.append(body, builder, inner)
                found = [inner.get(v, v) for v in body.results]
                env.update(zip(op.results, found, strict=True))
                continue
            regions = tuple(map(self.function if outlined else self.region, op.regions))
            rebuilt = Op(op.primitive, op.operands, op.attrs, op.results, regions, op.loc)
            builder.ops.append(copy_op(rebuilt, env))

    def region(self, block: Block) -> Block:
        return self.block(block, {})

    def function(self, block: Block) -> Block:
        """The same function for all of its calls."""
        if id(block) not in self.functions:
            self.functions[id(block)] = self.block(block, {})
        return self.functions[id(block)]
