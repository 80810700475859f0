"""Unrolling: a program of few elements as straight-line scalar ops, without loops.

Short programs are faster unrolled, and structural zeros may make them short: the Hessian of a
sum of squares has few ops without the zeros of its seeds, which loops would compute. So
straight-line code is built up to a limit, and its ops are counted.
"""

from __future__ import annotations

from math import inf

from tapec.ir.core import Block, Func, Value
from tapec.ir.types import Type
from tapec.lower.build import ScalarBuilder
from tapec.lower.choice import calls, estimate, few
from tapec.lower.regions import needs_loops
from tapec.lower.scalars import Grid, Grids, is_known
from tapec.lower.tuning import SCALAR_RATIO, TRIED_LINES


def unroll(func: Func) -> Func:
    """A program of few elements as scalar loads, scalar ops and stores over buffers.

    Others stay as they are, as do programs with control flow, or with ops that are only known as
    loops.
    """
    if needs_loops(func) or not all(map(is_known, func.ops)):
        return func
    work, slow = estimate(func), sum(map(calls, func.ops))
    if work + slow <= SCALAR_RATIO * len(func.ops):
        return lines(func) or func
    found = lines(func, TRIED_LINES) if work + slow <= TRIED_LINES else None
    return found if found is not None and few(func, len(found.ops) + slow, work) else func


def lines(func: Func, limit: float = inf) -> Func | None:
    """The program as straight lines, inputs first, then outputs; None of more than `limit`."""
    build = ScalarBuilder()
    tools = Grids(build)
    buffers, count = [buffer(v) for v in (*func.params, *func.results)], len(func.params)
    inputs = zip(func.params, buffers[:count], strict=True)
    grids: dict[Value, Grid] = {p: tools.read(b, p.type.shape) for p, b in inputs}
    for op in func.ops:
        grids[op.result] = tools.expand(op, [grids[v] for v in op.operands])
        if len(build.ops) > limit:
            return None
    for result, target in zip(func.results, buffers[count:], strict=True):
        tools.write(grids[result], target)
    return Func(func.name, Block(tuple(buffers), build.finish(), ()))


def buffer(value: Value) -> Value:
    """The parameter of a lowered program for an argument or a result."""
    return Value(Type(value.type.dtype, value.type.shape, buffer=True), value.hint)
