"""Which axis of a reduction's or product's result the lanes of vectors run along.

Sums of few terms are no vectors themselves: they are written out, and neighbours along an axis of
the result are computed together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import prod

from tapec.ir.affine import Affine, Index, contiguous, flat
from tapec.ir.core import Op, Value
from tapec.ir.ops.linalg import free_axes
from tapec.lower.frame import Frame
from tapec.lower.memory import Memory
from tapec.lower.products import Source, layout
from tapec.lower.spaces import How, neutral
from tapec.lower.tuning import (
    FEW_TERMS,
    FEWEST_LANES,
    ROW_STEP,
    WRITTEN_TERMS,
)

Element = Callable[[Index, Index], Value]  # element(place in the result, reduced indices)


def lane_axis(op: Op, reduced: Sequence[int], source: Source) -> int | None:
    """The axis of the result along which neighbours are closest in memory, the longest of these.

    None where sums are long, or all axes short, or neighbours far apart.
    """
    shape = op.result.type.shape
    if not 0 < prod(reduced) <= FEW_TERMS:
        return None
    steps, own = _steps(op, source), contiguous(shape)
    far = {
        k: (max((own[k], *steps[k])), -extent)
        for k, extent in enumerate(shape)
        if extent >= FEWEST_LANES
    }
    near = [k for k, (step, _) in far.items() if step <= ROW_STEP]
    return min(near, key=far.__getitem__, default=None)


def _steps(op: Op, source: Source) -> Mapping[int, Sequence[int]]:
    """For each axis of the result, how far apart neighbours are in the operands that have it."""
    found: dict[int, list[int]] = {k: [] for k in range(op.result.type.ndim)}
    for axes, value in zip(_axes(op), op.operands, strict=True):
        _, strides = layout(value, source)
        for k, axis in axes.items():
            found[k].append(strides[axis])
    return found


def _axes(op: Op) -> Sequence[Mapping[int, int]]:
    """For each operand, which axis of the result is which of its own."""
    if "contract" not in op.attrs:
        (x,) = op.operands
        return [dict(enumerate(k for k in range(x.type.ndim) if k not in op.attrs["axes"]))]
    pairs, batch, first = op.attrs["contract"], op.attrs["batch"], len(op.attrs["batch"])
    found = []
    for side, value in enumerate(op.operands):
        free = free_axes(value.type.ndim, pairs, batch, side)
        own = {k: pair[side] for k, pair in enumerate(batch)}
        found.append(own | {first + k: axis for k, axis in enumerate(free)})
        first += len(free)
    return found


def written_out(
    n: Frame, op: Op, buffer: Memory, how: How, reduced: Sequence[int], element: Element, lane: int
) -> None:
    """All elements of the result, with lanes along an axis and short axes written out."""
    shape, terms = op.result.type.shape, prod(reduced)
    inside: list[int] = []
    for axis in reversed(range(len(shape))):
        if axis != lane and terms * shape[axis] <= WRITTEN_TERMS:
            inside, terms = [axis, *inside], terms * shape[axis]
    outside = [axis for axis in range(len(shape)) if axis not in inside and axis != lane]

    def body(at: Index) -> None:
        known = dict(zip((*outside, lane), at, strict=True))
        for short in product(*(range(shape[axis]) for axis in inside)):
            known |= dict(zip(inside, map(Affine, short), strict=True))
            place = tuple(known[axis] for axis in range(len(shape)))
            total = neutral(n.build, how, op.result.type.dtype)
            for term in product(*map(range, reduced)):
                one = element(place, tuple(map(Affine, term)))
                total = n.build.accumulate(how[0], total, one)
            n.save(total, buffer, flat(place, shape))

    n.loops([shape[axis] for axis in (*outside, lane)], "vector", body)
