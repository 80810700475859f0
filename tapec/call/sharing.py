"""Arguments that share memory: refused where the function writes one of them.

A program takes its arguments as separate memory, so that a write into one would not be seen in
another. Only programs that write are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tapec.call.tuning import PAIRS_CHECKED
from tapec.errors import MutationError, ReadOnlyError
from tapec.trace.arrays.overlap import CURE, Exclusive, overlap


def check_separate(
    groups: Sequence[Exclusive],
    inputs: Sequence[Any],
    names: Sequence[str],
    captured: Sequence[Any],
) -> None:
    """Raise where a written array shares memory with another argument or a captured array."""
    for written, members in groups:
        for w in written:
            if isinstance(inputs[w], np.ndarray):
                _check(w, members, inputs, names, captured)


def check_writeable(arrays: Iterable[Any]) -> None:
    """Raise where an array that is written may not be."""
    for array in arrays:
        if isinstance(array, np.ndarray) and not array.flags.writeable:
            raise ReadOnlyError(
                "the function writes into a read-only argument", hint="pass a copy of it"
            )


def _check(
    w: int, members: Sequence[int], inputs: Sequence[Any], names: Sequence[str],
    captured: Sequence[Any],
) -> None:  # fmt: skip
    array = inputs[w]
    for k in members:
        if k != w and isinstance(inputs[k], np.ndarray) and overlap(array, inputs[k]):
            raise _refused(names[w], names[k])
    if not array.flags.c_contiguous and _overlaps_itself(array):
        raise _refused(names[w], "itself: two of its elements are one")
    if any(overlap(array, other) for other in captured):
        raise _refused(names[w], "an array that the function captures")


def _overlaps_itself(array: Any) -> bool:
    """Whether elements may share memory, as in arrays made by `as_strided`."""
    extent = array.itemsize
    for stride, size in sorted(zip(map(abs, array.strides), array.shape, strict=True)):
        if size > 1:
            if stride < extent:
                return True
            extent += stride * (size - 1)
    return False


def _refused(written: str, other: str) -> MutationError:
    return MutationError(
        f"the function writes into the argument {written}, which shares memory with {other}",
        hint=CURE,
    )


def pairs_apart(groups: Sequence[Exclusive], args: Sequence[Any]) -> tuple[Any, ...] | None:
    """The pairs of arrays among the arguments that must lie apart; None where they are many."""
    pairs = {
        (min(w, m), max(w, m))
        for written, members in groups
        for w in written
        for m in members
        if m != w and args[w].shape and args[m].shape
    }
    return tuple(sorted(pairs)) if len(pairs) <= PAIRS_CHECKED else None


def lie_apart(outs: Sequence[Any], buffers: Sequence[Any]) -> bool:
    """Whether no array that is written shares memory with any other."""
    arrays = [b for b in buffers if isinstance(b, np.ndarray)]
    return not any(
        overlap(out, other) for k, out in enumerate(outs) for other in (*arrays, *outs[:k])
    )
