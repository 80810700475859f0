"""Reverse mode: the program of vector-Jacobian products.

The op list is the tape: the sweep reads it backwards (see `tapec.ad.sweep`). Ops with regions are
first replaced by forms that also return what their reverse needs (see `tapec.ad.adjoint_regions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tapec.ad.activity import active_params
from tapec.ad.reverse import Reverse
from tapec.ad.rules import hint_of
from tapec.ad.sweep import RegionPullback
from tapec.ad.zeros import Derivative, materialise
from tapec.ir.build import Builder
from tapec.ir.core import Func, Value
from tapec.ir.pauses import gc_paused
from tapec.ir.verify import verified
from tapec.lazy import deferred

if TYPE_CHECKING:
    from tapec.ad import adjoint_regions
    from tapec.ad.tape import TapeEntry
else:
    adjoint_regions = deferred("tapec.ad.adjoint_regions")


@verified
def adjoint(func: Func, active: Sequence[bool]) -> Func:
    """The program (primals, cotangents of float results) -> (results, active inputs' cotangents).

    Inputs no result depends on get zeros. Raises DTypeError where an active input is not a float.
    """
    independents = active_params(func, active)
    builder = Builder()
    builder.params = list(func.params)
    builder.ops = list(func.ops)
    seeds = [builder.param(v.type, hint_of(v, "ct")) for v in func.results if v.type.is_float]
    found = pull_back(builder, func, independents, seeds)
    outs = [materialise(builder, ct, p.type) for p, ct in zip(independents, found, strict=True)]
    return builder.func(f"{func.name}.adjoint", (*func.results, *outs))


def tape_entries(func: Func, active: Sequence[bool]) -> list[TapeEntry]:
    """What the loops and branches of `func` keep for, or compute again in, its reverse sweep."""
    reverse = Reverse(_augment)
    builder = Builder()
    builder.ops = list(func.ops)
    seeds = [builder.param(v.type) for v in func.results if v.type.is_float]
    reverse.pull_back(builder, func, active_params(func, active), seeds)
    return reverse.entries


@gc_paused()
def pull_back(
    builder: Builder, func: Func, sources: Sequence[Value], seeds: Sequence[Derivative]
) -> list[Derivative]:
    """Append the reverse sweep of `func`, whose ops the builder already holds.

    `seeds` are the cotangents of the float results in order; returns those of `sources`. Ops with
    regions are replaced, in the builder, by forms that make the same values and more.
    """
    return Reverse(_augment).pull_back(builder, func, sources, seeds)


def _augment(*args: Any) -> RegionPullback:
    return adjoint_regions.augment(*args)
