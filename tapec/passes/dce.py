"""Dead code elimination."""

from __future__ import annotations

from tapec.ir.core import Block, Func, Op, Value
from tapec.ir.dependence import Dependence
from tapec.passes.regions.dead_arguments import without_dead_arguments
from tapec.passes.support import Shared, captured, rewrite_program, rewrite_regions


def dce(func: Func) -> Func:
    """Drop ops whose results nobody reads, unless they have an effect.

    After the adjoint, since cotangents of inactive parameters and unused partials are built too.
    Branches and loops lose the results and carried values that nothing depends on, from the
    outside in, and the arguments no longer read.
    """
    depends = Dependence()
    return rewrite_program(func, lambda block, done: _block(block, depends, done))


def _block(block: Block, depends: Dependence, done: Shared) -> Block:
    live = set(block.results)
    kept: list[Op] = []
    changed = False
    for op in reversed(block.ops):
        if not (op.primitive.effect or not live.isdisjoint(op.results)):
            changed = True
            continue
        new = _inner(op, live, depends, done) if op.regions else op
        changed |= new is not op
        kept.append(new)
        live.update(new.operands)
    if not changed:
        return block
    kept.reverse()
    return Block(block.params, tuple(kept), block.results)


def _inner(op: Op, live: set[Value], depends: Dependence, done: Shared) -> Op:
    if not op.closed:
        live.update(captured(op))
        return op
    new = without_dead_arguments(op, live, depends)
    return rewrite_regions(new, lambda region: _block(region, depends, done), done)
