"""Which elements of an array are read or written in every iteration of a loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tapec.ir import Op
from tapec.ir.places import runs
from tapec.sparse.facts import Array, Fact
from tapec.sparse.spread import Spread, read_numbers

Facts = Sequence[Fact]


def target_places(spread: Spread, op: Op, facts: Facts, first: int) -> Array | None:
    """The numbers of the elements that an op reads or writes, a line for each lane or one for all;
    -1 for those outside. None where they are not known."""
    given = facts[first:]
    if any(f.known is None for f in given):
        return None
    for f in given:
        spread.decided(f)
    lanes = max((f.lanes for f in given), default=0)
    if not lanes:
        return read_numbers(op, [f.known for f in given]).reshape(1, -1)
    if "at" in op.attrs:
        return _of_windows(op, given, lanes)
    return _of_arrays(op, given, lanes)


def _of_windows(op: Op, starts: Facts, lanes: int) -> Array:
    """Of windows: those from 0, shifted by the starts."""
    shape, at = op.operands[0].type.shape, op.attrs["at"]
    base = read_numbers(op, [np.zeros((), np.int64) for _ in starts]).reshape(1, -1)
    shift, inside = np.zeros((lanes, 1), np.int64), np.ones((lanes, 1), bool)
    for axis, f in zip(runs(at), starts, strict=True):
        assert f.known is not None
        start = np.broadcast_to(f.known.reshape(-1, 1), (lanes, 1))
        entry, n = at[axis], shape[axis]
        reach = 0 if isinstance(entry, int) else (entry[1] - 1) * entry[2]
        start = np.where(start < 0, start + n, start) if isinstance(entry, int) else start
        last = start + reach
        inside &= (start >= 0) & (start < n) & (last >= 0) & (last < n)
        shift = shift + start * int(np.prod(shape[axis + 1 :], dtype=int))
    return np.where(inside, base + shift, -1)


def _of_arrays(op: Op, indices: Facts, lanes: int) -> Array:
    """Of index arrays: they broadcast, and the axes behind those they index are whole."""
    shape = op.operands[0].type.shape
    rank = max(v.type.ndim for v in op.operands[len(op.operands) - len(indices) :])
    number, inside = np.zeros(1, np.int64), np.ones(1, bool)
    for axis, (f, v) in enumerate(
        zip(indices, op.operands[len(op.operands) - len(indices) :], strict=True)
    ):
        assert f.known is not None
        pad = (1,) * (rank - v.type.ndim)
        i = f.known.reshape((max(f.lanes, 1), *pad, *v.type.shape))
        i = np.where(i < 0, i + shape[axis], i)
        number = number * shape[axis] + i
        inside = inside & (i >= 0) & (i < shape[axis])
    behind = int(np.prod(shape[len(indices) :], dtype=int))
    places = number[..., None] * behind + np.arange(behind)
    return np.where(inside[..., None], places, -1).reshape(lanes, -1)
