"""Dead code elimination."""

from __future__ import annotations

from tapec.ir.core import Func, Op
from tapec.passes.support import captured


def dce(func: Func) -> Func:
    """Drop ops whose results nobody reads, unless they have an effect.

    After the adjoint, since cotangents of inactive parameters and unused partials are built too.
    """
    live = set(func.results)
    kept: list[Op] = []
    for op in reversed(func.ops):
        if op.primitive.effect or not live.isdisjoint(op.results):
            kept.append(op)
            live.update(op.operands)
            if op.regions:
                live.update(captured(op))
    if len(kept) == len(func.ops):
        return func
    kept.reverse()
    return func.with_ops(kept)
