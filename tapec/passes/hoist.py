"""Loop-invariant code motion."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.nested import every
from tapec.ir.regions import RegionOp, branch_or_loop, with_consts
from tapec.ir.rewrite import copy_op
from tapec.passes.regions.cost import worth_passing
from tapec.passes.support import Shared, rewrite_program, rewrite_regions


def hoist(func: Func) -> Func:
    """Compute before a loop what is the same in all of its iterations; inner loops first.

    After common subexpressions, so that each invariant is carried in once. Constants stay inside,
    and so do views of large arrays and cheap ops that make large arrays of small ones. What can
    fail (an index out of bounds) leaves only a loop that certainly runs. Nothing leaves a branch.
    """
    return rewrite_program(func, _block)


def _block(block: Block, done: Shared) -> Block:
    ops: list[Op] = []
    for op in block.ops:
        new = rewrite_regions(op, lambda region: _block(region, done), done) if op.regions else op
        ops += _hoisted(new) if new.primitive.loop else [new]
    found = tuple(ops)
    return block if found == block.ops else Block(block.params, found, block.results)


def _hoisted(op: Op) -> list[Op]:
    """The loop, with its invariants in front."""
    form = branch_or_loop(op)
    assert form is not None
    moves = [_moves(form, region) for region in op.regions]
    if not any(move.crossing for move in moves):
        return [op]
    front: list[Op] = []
    given: list[Value] = []
    inner: list[dict[int, Value]] = []
    for region, move in zip(op.regions, moves, strict=True):
        env = dict(zip(form.params(region), form.args, strict=True))
        front += [copy_op(inner_op, env) for inner_op in move.outside]
        inner.append({len(given) + k: v for k, v in enumerate(move.crossing)})
        given += [env[v] for v in move.crossing]
    return [*front, with_consts(form, given, inner, {o for move in moves for o in move.gone})]


@dataclass(frozen=True, slots=True)
class _Moves:
    """What to compute outside, which of it leaves the region, and the values it needs of that."""

    outside: Sequence[Op]
    gone: Set[Op]
    crossing: Sequence[Value]


def _moves(form: RegionOp, region: Block) -> _Moves:
    """One walk forward to find what is invariant, one back to see where each is needed."""
    found = _invariant(form, region)
    variant = [op for op in region.ops if op not in found]
    inside_: set[Value] = {v for op in variant for v in op.operands} | set(region.results)
    outside_: set[Value] = set()
    outside: list[Op] = []
    gone: set[Op] = set()
    crossing: list[Value] = []
    for op in reversed(found):
        needed = [v for v in op.results if v in inside_]
        moves = bool(needed) and worth_passing(op)
        if moves:
            crossing += needed
        shared = not outside_.isdisjoint(op.results)
        if moves or shared:
            outside.append(op)
            outside_.update(op.operands)
        if moves or (shared and not needed):
            gone.add(op)
        else:
            inside_.update(op.operands)
    return _Moves(outside[::-1], gone, crossing)


def _invariant(form: RegionOp, region: Block) -> dict[Op, None]:
    """The ops that depend on nothing but the loop's constants, in order."""
    certain = form.op.attrs.get("length", 0) > 0 or region not in form.bodies
    known = set(form.params(region)[: form.consts])
    found: dict[Op, None] = {}
    for op in region.ops:
        if known.issuperset(op.operands) and _movable(op, certain):
            found[op] = None
            known.update(op.results)
    return found


def _movable(op: Op, certain: bool) -> bool:
    if op.primitive.effect or any(v.type.is_tape for v in op.results):
        return False
    return certain or not can_fail(op)


def can_fail(op: Op) -> bool:
    """Whether an op, or one in its regions, may raise an error or not end."""
    return any(o.primitive.raises or o.primitive.conditional for o in every([op]))
