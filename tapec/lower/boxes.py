"""Boxes of array elements: what a part covers, and what lies around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

Box = Sequence[tuple[int, int]]  # first and end on every axis


def extents(at: Sequence[Any]) -> Box:
    """First and end of a dense part on every axis."""
    return [(e[0], e[0] + e[1]) if isinstance(e, tuple) else (e, e + 1) for e in at]


def dense(at: Sequence[Any]) -> bool:
    """Whether a part has no gaps."""
    return not any(isinstance(e, tuple) and e[2] != 1 and e[1] > 1 for e in at)


def around(part: Box, core: Box) -> Iterator[Box]:
    """A part without the core inside it, in slabs."""
    for k, ((first, end), (low, high)) in enumerate(zip(part, core, strict=True)):
        for a, b in ((first, low), (high, end)):
            if a < b:
                yield [*core[:k], (a, b), *part[k + 1 :]]


def size(box: Box) -> tuple[int, ...]:
    """Elements on every axis."""
    return tuple(b - a for a, b in box)
