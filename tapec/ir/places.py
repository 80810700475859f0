"""Places in arrays: one entry per axis, a number (which drops the axis) or `(start, count, step)`.

A start known at run time only is `RUN`. What two places have in common, and what a place in a
place is, is decided axis by axis: an entry selects an arithmetic progression.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import gcd
from typing import Any

import numpy as np

Entry = int | tuple[int, int, int]
Spec = tuple[Entry, ...]
Shape = tuple[int, ...]
Box = Sequence[tuple[int, int]]  # first and end on every axis

RUN = -1


# --- entries --------------------------------------------------------------------------------------


def triple(entry: Entry) -> tuple[int, int, int]:
    """Start, count and step; a number is one element."""
    return (entry, 1, 1) if isinstance(entry, int) else entry


def elements(entry: Entry) -> range:
    """What an entry selects, in order."""
    start, count, step = triple(entry)
    return range(start, start + count * step, step) if count else range(0)


def is_run(entry: Entry) -> bool:
    """Whether the start is known at run time only."""
    return triple(entry)[0] == RUN


def started(entry: Entry, start: int) -> Entry:
    """An entry whose start is known at run time only, with that."""
    return start if isinstance(entry, int) else (start, *triple(entry)[1:])


def fits(entry: Entry, n: int) -> bool:
    """Whether everything selected lies in an axis of this size."""
    if isinstance(entry, int):
        return 0 <= entry < n
    _, count, step = entry
    if count <= 0:
        return count == 0
    return step != 0 and all(0 <= k < n for k in (elements(entry)[0], elements(entry)[-1]))


def of_slice(key: slice, n: int) -> Entry:
    """A slice of an axis of this size; empty ones are all the same."""
    start, stop, step = key.indices(n)
    count = len(range(start, stop, step))
    return (start, count, step) if count else (0, 0, 1)


def to_slice(entry: Entry) -> int | slice:
    """An entry as NumPy's basic index."""
    if isinstance(entry, int):
        return entry
    start, count, step = entry
    stop = start + count * step
    return slice(start, stop if stop >= 0 else None, step) if count else slice(0, 0)


def progression(indices: np.ndarray[Any, Any], n: int) -> Entry | None:
    """The entry selecting what indices do, negative ones from the end; None where none does."""
    if indices.ndim == 0:
        return int(indices) % n if -n <= indices < n else None
    if indices.ndim > 1 or indices.size < 2:
        return None
    low, high = int(indices.min()), int(indices.max())
    steps = np.diff(indices.astype(np.int64))
    wraps = low < 0 <= high
    if wraps or not -n <= low <= high < n or not steps[0] or (steps != steps[0]).any():
        return None
    return (int(indices[0]) % n, indices.size, int(steps[0]))


def common(a: Entry, b: Entry) -> range:
    """The elements of an axis that both entries select, ascending."""
    p, q = _ascending(a), _ascending(b)
    if not p or not q or p[-1] < q[0] or q[-1] < p[0]:
        return range(0)
    apart, shared = q.start - p.start, gcd(p.step, q.step)
    if apart % shared:
        return range(0)
    turns = apart // shared * pow(p.step // shared, -1, q.step // shared)
    step = p.step // shared * q.step
    least = max(p[0], q[0])
    first = least + (p.start + turns * p.step - least) % step
    return range(first, min(p[-1], q[-1]) + 1, step)


def _ascending(entry: Entry) -> range:
    found = elements(entry)
    return found if found.step > 0 else found[::-1]


def part_of(entry: Entry, outer: Entry) -> Entry | None:
    """`entry` as one on what `outer` selects; None where not all of it is there."""
    start, count, step = triple(outer)
    if isinstance(entry, int):
        place, off = divmod(entry - start, step)
        return place if not off and 0 <= place < count else None
    found = elements(entry)
    ends = [part_of(k, outer) for k in (found[0], found[-1])] if found else [None]
    if not isinstance(ends[0], int) or ends[-1] is None:
        return None
    stride, off = (1, 0) if len(found) == 1 else divmod(entry[2], step)
    return None if off else (ends[0], len(found), stride)


def in_a_row(entries: Sequence[Entry], n: int) -> list[int] | None:
    """The order in which entries cover an axis from end to end, each element once and in order.

    All of them numbers, or all of them ranges without gaps; None for others.
    """
    kinds = {isinstance(e, int) for e in entries}
    triples = [triple(e) for e in entries]
    order = sorted(range(len(entries)), key=lambda k: triples[k][:2])
    edges = [0, *(triples[k][0] + triples[k][1] for k in order)]
    adjacent = all(triples[k][0] == edge for k, edge in zip(order, edges, strict=False))
    plain = len(kinds) == 1 and all(step == 1 for _, _, step in triples)
    return order if plain and adjacent and edges[-1] == n else None


# --- places ---------------------------------------------------------------------------------------


def full_range(shape: Sequence[int]) -> Spec:
    """The place of all elements of an array."""
    return tuple((0, n, 1) for n in shape)


def selected(at: Spec) -> Shape:
    """The shape of what a place selects."""
    return tuple(e[1] for e in at if not isinstance(e, int))


def kept(at: Spec) -> tuple[int, ...]:
    """The axes that stay."""
    return tuple(k for k, e in enumerate(at) if not isinstance(e, int))


def runs(at: Spec) -> tuple[int, ...]:
    """The axes whose start is known at run time only, in order."""
    return tuple(k for k, e in enumerate(at) if is_run(e))


def slices(at: Spec) -> tuple[int | slice, ...]:
    """The place as NumPy's basic index."""
    return tuple(map(to_slice, at))


def compose(outer: Spec, inner: Spec) -> Spec | None:
    """The place reading `x[outer][inner]` from x; None where a start takes arithmetic at run time.

    Of the outer one, starts may be open; those of `inner` are known.
    """
    rest = iter(inner)
    found = [e if isinstance(e, int) else _composed(e, next(rest)) for e in outer]
    return None if None in found else tuple(e for e in found if e is not None)


def _composed(outer: tuple[int, int, int], inner: Entry) -> Entry | None:
    start, _, step = outer
    first, count, stride = triple(inner)
    if start == RUN:
        moves = first or isinstance(inner, int)
        return None if moves else (RUN, count, step * stride)
    place = start + first * step
    return place if isinstance(inner, int) else (place, count, step * stride)


def relative(part: Spec, container: Spec) -> Spec | None:
    """`part` as a place in what `container` selects; None where not all of it is there."""
    found: list[Entry] = []
    for entry, outer in zip(part, container, strict=True):
        inside = part_of(entry, outer)
        if inside is None or (isinstance(outer, int) and not isinstance(entry, int)):
            return None
        if not isinstance(outer, int):
            found.append(inside)
    return tuple(found)


def disjoint(a: Spec, b: Spec) -> bool:
    """Whether no element is in both."""
    return any(not common(e, f) for e, f in zip(a, b, strict=True))


# --- boxes: places without gaps -------------------------------------------------------------------


def dense(at: Spec) -> bool:
    """Whether a place has no gaps."""
    return all(count <= 1 or step == 1 for _, count, step in map(triple, at))


def extents(at: Spec) -> Box:
    """First and end of a dense place on every axis."""
    return [(start, start + count) for start, count, _ in map(triple, at)]


def around(part: Box, core: Box) -> Iterator[Box]:
    """A box without the core inside it, in slabs."""
    for k, ((first, end), (low, high)) in enumerate(zip(part, core, strict=True)):
        for a, b in ((first, low), (high, end)):
            if a < b:
                yield [*core[:k], (a, b), *part[k + 1 :]]


def overlap(boxes: Sequence[Box]) -> Box | None:
    """What all boxes cover; None where that is nothing."""
    sides = list(zip(*boxes, strict=True))
    found = [(max(a for a, _ in side), min(b for _, b in side)) for side in sides]
    return found if all(a < b for a, b in found) else None


def inside(part: Box, outer: Box) -> bool:
    """Whether a box lies in another one."""
    return all(low <= a and b <= high for (a, b), (low, high) in zip(part, outer, strict=True))


def size(box: Box) -> Shape:
    """Elements on every axis."""
    return tuple(b - a for a, b in box)


def cuts(boxes: Sequence[Box], shape: Shape) -> list[list[tuple[int, int]]]:
    """Per axis, the stretches between where boxes begin and end: each box is made of such."""
    found = [sorted({0, n, *(k for box in boxes for k in box[axis])})
             for axis, n in enumerate(shape)]  # fmt: skip
    return [list(pairwise(edges)) for edges in found]
