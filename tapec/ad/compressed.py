"""Derivatives along sums of columns and rows: all of a sparse Jacobian from few directions."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.directions import across, along
from tapec.ir.build import Builder
from tapec.ir.core import Func, Value
from tapec.ir.rewrite import replay
from tapec.ir.verify import verified


@verified
def compressed(func: Func, wrt: Sequence[bool], tangents: int, cotangents: int) -> Func:
    """(inputs, seeds) -> derivatives along all seeds, which have a leading axis.

    Seeds are `tangents` for every independent input, then `cotangents` for every result, and
    derivatives those of the results along tangents, then of the inputs along cotangents. Where a
    count is 0 there are neither.
    """
    builder = Builder()
    builder.params = list(func.params)
    own, outs = len(func.params), list[Value]()
    for count, make in ((tangents, along), (cotangents, across)):
        if count:
            many = make(func, wrt, count)
            seeds = [builder.param(p.type, p.hint) for p in many.params[own:]]
            found = many.with_results(many.results[len(func.results) :])
            outs += replay(found, builder, [*func.params, *seeds])
    return builder.func(f"{func.name}.compressed", outs)
