"""Long reductions: block totals added so that rounding errors do not grow with the length.

A long float sum is cut into blocks of some 512 elements. Within a block every lane of the vector
accumulators adds its elements in order; accumulators, then lanes, are combined pairwise. The totals
of the blocks (and of the rows, where more than one axis is reduced) are added in order with a
compensated accumulator: the error of each addition is found exactly by Knuth's TwoSum (Handbook of
Floating-Point Arithmetic, alg. 4.4), collected, and added at the end (Ogita, Rump & Oishi 2005,
Sum2). TwoSum has additions only, of totals that are sums themselves, so contraction to fma cannot
touch it. Other reductions, and sums of integers, are combined as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tapec.ir.core import Value
from tapec.lower.build import ScalarBuilder

Hows = Sequence[tuple[str, object]]
FLOATS = ("f32", "f64")


def chained(
    build: ScalarBuilder,
    hows: Hows,
    init: Sequence[Value],
    extent: int,
    part: Callable[[Value], Sequence[Value]],
    rest: Sequence[Value] = (),
) -> list[Value]:
    """Combine `part(k)` for k < extent, then `rest`, into `init`; float sums compensated."""
    count, sums = len(hows), _float_sums(hows, init)
    zeros = [build.const(0, init[k].type.dtype) for k in sums]
    with build.loop(extent, [*init, *zeros]) as loop:
        state = list(loop.carried)
        loop.yields = _step(build, hows, state[:count], state[count:], part(loop.index))
    state = list(loop.results)
    if rest:
        state = _step(build, hows, state[:count], state[count:], rest)
    totals = state[:count]
    for k, error in zip(sums, state[count:], strict=True):
        totals[k] = _corrected(build, totals[k], error)
    return totals


def _float_sums(hows: Hows, values: Sequence[Value]) -> list[int]:
    pairs = enumerate(zip(hows, values, strict=True))
    return [k for k, (how, v) in pairs if how[0] == "add" and v.type.dtype in FLOATS]


def _step(
    build: ScalarBuilder,
    hows: Hows,
    totals: Sequence[Value],
    errors: Sequence[Value],
    parts: Sequence[Value],
) -> list[Value]:
    """The totals and errors after one more part."""
    new = [build.op(h[0], a, b) for h, a, b in zip(hows, totals, parts, strict=True)]
    for k, error in zip(_float_sums(hows, totals), errors, strict=True):
        new.append(build.op("add", error, _lost(build, totals[k], parts[k], new[k])))
    return new


def _lost(build: ScalarBuilder, a: Value, b: Value, total: Value) -> Value:
    """a + b - total, exactly, for the rounded total of a and b (TwoSum)."""
    there = build.op("sub", total, a)
    back = build.op("sub", total, there)
    return build.op("add", build.op("sub", a, back), build.op("sub", b, there))


def _corrected(build: ScalarBuilder, total: Value, error: Value) -> Value:
    """The total with its error; as it is where an infinity or a NaN made the error a NaN."""
    corrected = build.op("add", total, error)
    return build.op("select", build.op("isfinite", error), corrected, total)
