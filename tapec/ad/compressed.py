"""Derivatives along sums of columns and rows: all of a sparse Jacobian from few directions."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.activity import active_params
from tapec.ad.adjoint import pull_back
from tapec.ad.batch import batch
from tapec.ad.drivers import continued, with_directions
from tapec.ad.tangent import push_forward
from tapec.ad.zeros import materialise
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
    independents = active_params(func, wrt)
    builder = Builder()
    builder.params = list(func.params)
    outs: list[Value] = []
    for count, make in ((tangents, _forward), (cotangents, _backward)):
        if count:
            inner = make(func, independents)
            own = len(func.params)
            flags = [k >= own for k in range(len(inner.params))]
            stacked = batch(inner, flags, count)
            seeds = [builder.param(p.type, p.hint) for p in stacked.params[own:]]
            outs += replay(stacked, builder, [*func.params, *seeds])
    return builder.func(f"{func.name}.compressed", outs)


def _forward(func: Func, independents: Sequence[Value]) -> Func:
    """(inputs, tangents) -> tangents of the results."""
    builder, tangents = with_directions(func, independents)
    found = push_forward(builder, func, tangents)
    pairs = zip(found, func.results, strict=True)
    return builder.func("forward", [materialise(builder, t, v.type) for t, v in pairs])


def _backward(func: Func, independents: Sequence[Value]) -> Func:
    """(inputs, cotangents) -> cotangents of the inputs."""
    builder = continued(func)
    seeds = [builder.param(v.type, f"{v.hint}.ct" if v.hint else "ct") for v in func.results]
    found = pull_back(builder, func, independents, list(seeds))
    pairs = zip(found, independents, strict=True)
    return builder.func("backward", [materialise(builder, g, p.type) for g, p in pairs])
