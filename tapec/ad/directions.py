"""Derivatives of a program along given directions, one or many at once, beside its results."""

from __future__ import annotations

from collections.abc import Sequence

from tapec.ad.activity import active_params
from tapec.ad.adjoint import pull_back
from tapec.ad.batching import batch
from tapec.ad.drivers import continued, with_directions
from tapec.ad.forward import push_forward
from tapec.ad.rules import hint_of
from tapec.ad.zeros import Derivative, materialise
from tapec.ir.build import Builder
from tapec.ir.core import Func, Value
from tapec.ir.verify import verified


@verified
def along(func: Func, wrt: Sequence[bool], count: int | None = None) -> Func:
    """(inputs, tangents) -> (results, tangents of the float results).

    Tangents are those of the independent inputs. With a `count`, all tangents have a leading axis
    of that length; the results have none, and are computed once.
    """
    builder, tangents = with_directions(func, active_params(func, wrt))
    found = push_forward(builder, func, tangents)
    floats = [v for v in func.results if v.type.is_float]
    outs = _values(builder, found, floats)
    return _many(func, builder.func(f"{func.name}.along", (*func.results, *outs)), count)


@verified
def across(func: Func, wrt: Sequence[bool], count: int | None = None) -> Func:
    """(inputs, cotangents) -> (results, cotangents of the independent inputs).

    Cotangents are those of the float results. A `count` means what it does in `along`.
    """
    independents = active_params(func, wrt)
    builder = continued(func)
    floats = [v for v in func.results if v.type.is_float]
    seeds: list[Derivative] = [builder.param(v.type, hint_of(v, "ct")) for v in floats]
    found = pull_back(builder, func, independents, seeds)
    outs = _values(builder, found, independents)
    return _many(func, builder.func(f"{func.name}.across", (*func.results, *outs)), count)


def _values(builder: Builder, found: Sequence[Derivative], like: Sequence[Value]) -> list[Value]:
    return [materialise(builder, d, v.type) for d, v in zip(found, like, strict=True)]


def _many(primal: Func, func: Func, count: int | None) -> Func:
    """The program over `count` directions, the parameters behind those of the primal."""
    if count is None:
        return func
    own, first = len(primal.params), len(primal.results)
    batched = [k >= own for k in range(len(func.params))]
    return batch(func, batched, count, [k >= first for k in range(len(func.results))])
