"""Common subexpression elimination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.rewrite import substitute_op
from tapec.passes.regions.duplicates import without_duplicates
from tapec.passes.regions.key import Keys
from tapec.passes.regions.reuse import reuse_available
from tapec.passes.support import Shared, attr_key, rewrite_program, rewrite_regions, with_operands


def cse(func: Func) -> Func:
    """Keep one of several equal ops; operands of commutative ones may stand in either order.

    After the adjoint, since partials repeat primal subexpressions, and before code generation,
    which cannot see across arrays. Branches and loops are equal when their regions are, op by op;
    what they are given twice, or return twice, they keep once, and what was computed before them
    they do not compute again.
    """
    keys = Keys()
    return rewrite_program(func, lambda block, done: _block(block, keys, done))


def _block(block: Block, keys: Keys, done: Shared, known: Sequence[Op] = ()) -> Block:
    """`known` ops are not in the block: their results are among its parameters."""
    same: dict[Value, Value] = {}
    seen: dict[Any, Op] = {_key(op, keys): op for op in known}
    kept: list[Op] = []
    changed = False
    for op in block.ops:
        new = _renamed(op, same) if same else op
        twins: Mapping[Value, Value] = {}
        if new.regions and new.closed:
            new, twins = without_duplicates(new)
            new, lost = reuse_available(new, seen, lambda op: _key(op, keys))
            new = rewrite_regions(new, partial(_region, keys, done, lost), done)
        changed |= new is not op
        first = new if _unique(new) else seen.setdefault(_key(new, keys), new)
        if first is new:
            kept.append(new)
            same.update(twins)
        else:
            merged = dict(zip(new.results, first.results, strict=True))
            same.update(merged | {twin: merged.get(v, v) for twin, v in twins.items()})
            changed = True
    if not changed:
        return block
    return Block(block.params, tuple(kept), tuple(same.get(v, v) for v in block.results))


def _region(keys: Keys, done: Shared, lost: Mapping[Block, list[Op]], region: Block) -> Block:
    return _block(region, keys, done, lost.get(region, ()))


def _unique(op: Op) -> bool:
    """Whether it is never one with another: effects, and tapes, each of which has one use."""
    primitive = op.primitive
    if primitive.kind == "region":
        return any(v.type.is_tape for v in op.results)
    return primitive.effect or bool(op.regions)


def _key(op: Op, keys: Keys) -> Any:
    operands = op.operands
    if op.primitive.commutative and len(operands) == 2 and id(operands[0]) > id(operands[1]):
        operands = (operands[1], operands[0])
    if not op.attrs and not op.regions:
        return (op.primitive.name, operands)
    return (op.primitive.name, operands, attr_key(op.attrs), tuple(map(keys.of, op.regions)))


def _renamed(op: Op, same: dict[Value, Value]) -> Op:
    if op.regions and not op.closed:
        return substitute_op(op, lambda v: same.get(v, v))
    for v in op.operands:
        if v in same:
            return with_operands(op, tuple(same.get(v, v) for v in op.operands))
    return op
